/* dom.js - elements from descriptions. Text goes in as text nodes and never as HTML, so no title can become markup. */

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, v] of Object.entries(value)) element.style.setProperty(key, v);
    else if (name === "checked" || name === "value" || name === "open") element[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    element.append(child.nodeType ? child : String(child));
  }
  return element;
}

function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function s(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/* New contents for an element; false and null are nothing, as in h(). */
function put(element, ...children) {
  element.replaceChildren();
  return fill(element, {}, children);
}

/* A link out: only http and https, whatever a table says; anything else stays text. */
function outward(url, ...text) {
  if (!/^https?:\/\/[^\s"'<>\\]+$/i.test(url || "")) return h("span", {}, ...(text.length ? text : [url]));
  return h("a", { href: url, rel: "noopener noreferrer external", target: "_blank", class: "out" }, ...(text.length ? text : [url]));
}

/* A source may be prose with an address in it: the address becomes a link, named by its host and last part. */
function source(text) {
  const out = [];
  let rest = text || "";
  for (;;) {
    const at = rest.search(/https?:\/\//i);
    if (at < 0) break;
    const url = rest.slice(at).match(/^[^\s;,<>"'()]+/)[0];
    if (at > 0) out.push(rest.slice(0, at));
    out.push(outward(url, shortUrl(url)));
    rest = rest.slice(at + url.length);
  }
  if (rest) out.push(rest);
  return out;
}

function shortUrl(url) {
  const m = url.match(/^https?:\/\/(?:www\.)?([^/]+)(\/.*)?$/i);
  if (!m) return url;
  const parts = (m[2] || "").split("/").filter(Boolean);
  if (/github(usercontent)?\.com$/.test(m[1]) && parts.length > 1) {
    const file = parts.length > 2 ? " " + parts[parts.length - 1] : "";
    return parts[0] + "/" + parts[1] + file;
  }
  return parts.length ? m[1] + " " + parts[parts.length - 1].slice(0, 40) : m[1];
}

/* "1,281,167"; toLocaleString takes a twentieth of a second to wake up */
function grouped(n) {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
}

function plural(n, one, many) {
  return grouped(n) + " " + (n === 1 ? one : many || one + "s");
}

function say(text) {
  const said = document.getElementById("said");
  if (said.textContent !== text) said.textContent = text;
}

/* The small signs used everywhere: a family is a dot of its colour, a dimension a lettered square. */
function familyDot(family) {
  return h("span", { class: "dot f-" + familyKey(family), "aria-hidden": "true" });
}

function familyTag(family) {
  return h("span", { class: "family" }, familyDot(family), family || "not known");
}

const FAMILIES = ["reconstruction", "contrastive", "hybrid", "other"];

function familyKey(family) {
  return FAMILIES.includes(family) ? family : "other";
}

const DIMENSIONS = {
  masking: ["M", "Masking strategy", "masking"],
  target: ["F", "Target features", "target features"],
  objective: ["O", "Objective function", "objective"],
  architecture: ["A", "Model architecture", "architecture"],
  task: ["D", "Downstream task", "task"],
  theory: ["T", "Theoretical analysis", "theory"],
};

function dimensionSign(dim) {
  const [letter, name] = DIMENSIONS[dim] || ["?", dim];
  return h("span", { class: "dim d-" + (DIMENSIONS[dim] ? dim : "none"), title: name }, h("span", { "aria-hidden": "true" }, letter), h("span", { class: "vh" }, name));
}

function dimensionSigns(dims) {
  return h("span", { class: "dims" }, dims.map(dimensionSign));
}

/* A bar of the four families' shares, `width` in per cent of its box. */
function familyBar(papers, width) {
  const counts = FAMILIES.map((f) => papers.filter((p) => familyKey(p.family) === f).length);
  return h("span", { class: "stack", "aria-hidden": "true", style: { width: width + "%" } },
    FAMILIES.map((f, i) => counts[i] > 0 && h("span", { class: "f-" + f, style: { flex: String(counts[i]) } })));
}

function familyLegend() {
  return h("ul", { class: "legend" }, FAMILIES.map((f) => h("li", {}, familyTag(f))));
}

/* The text with the found words marked; `words` are folded as in data.js. */
function marked(text, words) {
  if (!words.length) return [text];
  const { folded, at } = foldWithPlaces(text);
  const hits = [];
  for (const word of words) {
    let i = -1;
    while ((i = folded.indexOf(word, i + 1)) >= 0) if (i === 0 || !/[\p{L}\p{N}]/u.test(folded[i - 1])) hits.push([at[i], at[i + word.length]]);
  }
  hits.sort((a, b) => a[0] - b[0]);
  const out = [];
  let done = 0;
  for (const [from, to] of hits) {
    if (from < done) continue;
    out.push(text.slice(done, from), h("mark", {}, text.slice(from, to)));
    done = to;
  }
  out.push(text.slice(done));
  return out;
}
