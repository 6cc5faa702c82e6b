/* state.js - what the reader asked for: kept in the hash of the URL, so that a link, the back button and a reload give it again.
 *
 * #VIEW?key=value&...; keys that repeat are alternatives. `q`, `node`, `tree` and the facets select papers, in every view. */

const VIEWS = [
  ["overview", "Overview"], ["taxonomy", "Taxonomy"], ["dendrogram", "Dendrogram"], ["papers", "Papers"], ["timeline", "Timeline"],
  ["results", "Results"], ["datasets", "Data sets"], ["forms", "Forms"], ["gaps", "Gaps"],
];
const FACET_NAMES = FACETS.map(([f]) => f);
const SELECTING = ["q", "node", "tree", ...FACET_NAMES];
const SINGLE = ["q", "paper", "node", "tree", "sort", "bench", "kind", "checked", "r", "cut"];
const MULTIPLE = [...FACET_NAMES, "size"];

const views = {}; /* name -> function of the state that returns elements; one file each */
let state = parseHash("");

function parseHash(hash) {
  const text = hash.replace(/^#/, "");
  const cut = text.indexOf("?");
  const view = cut < 0 ? text : text.slice(0, cut);
  const given = new URLSearchParams(cut < 0 ? "" : text.slice(cut + 1));
  const out = { view: VIEWS.some(([v]) => v === view) ? view : "overview" };
  for (const key of SINGLE) out[key] = given.get(key) || "";
  for (const key of MULTIPLE) out[key] = [...new Set(given.getAll(key).filter(Boolean))];
  if (out.tree !== "" && !(tree && /^\d+$/.test(out.tree) && Number(out.tree) < 2 * tree.n - 1)) out.tree = "";
  if (out.node && !papersOfNode(out.node) && !nodeById.has(out.node)) out.node = "";
  if (out.paper && !paperById.has(out.paper)) out.paper = "";
  if (out.r && !resultById.has(out.r)) out.r = "";
  return out;
}

function hashOf(st) {
  const params = new URLSearchParams();
  for (const key of SINGLE) if (st[key] !== "") params.set(key, st[key]);
  for (const key of MULTIPLE) for (const value of st[key]) params.append(key, value);
  const text = params.toString();
  return "#" + st.view + (text ? "?" + text : "");
}

/* The address of the present state with some of it changed; every link inside the page is one of these. */
function to(changes) {
  return hashOf({ ...state, ...changes });
}

/* As `to`, but nothing else stays selected: for a link that says how many papers it leads to. */
function afresh(changes) {
  return to({ ...noSelection(), paper: "", r: "", ...changes });
}

function noSelection() {
  const none = {};
  for (const key of SELECTING) none[key] = FACET_NAMES.includes(key) ? [] : "";
  return none;
}

function isSelecting(st) {
  return SELECTING.some((key) => (Array.isArray(st[key]) ? st[key].length : st[key] !== ""));
}

function go(changes, replace) {
  const hash = to(changes);
  if (replace) {
    history.replaceState(null, "", hash);
    arrive();
  } else if (hash !== location.hash) location.hash = hash; /* hashchange calls arrive */
  else arrive();
}

/* ---- which papers ---- */

function wordsOf(query) {
  return fold(query).split(/[^\p{L}\p{N}]+/u).filter(Boolean);
}

/* "2023", "2022..2023", "2023..", "..2021" */
function isYear(value, year) {
  const m = /^(\d*)\.\.(\d*)$/.exec(value);
  if (!m) return String(year) === value;
  return (!m[1] || Number(year) >= Number(m[1])) && (!m[2] || Number(year) <= Number(m[2]));
}

function hasFacet(p, facet, wanted) {
  if (facet === "year") return wanted.some((value) => isYear(value, p.year));
  return wanted.some((value) => p.facet[facet].includes(value));
}

/* Every word must begin a word of the paper; a higher number is a better match. 0: none. */
function matchWords(p, words) {
  let score = 1;
  for (const word of words) {
    if (beginsWord(p.name, word)) score += fold(p.short) === word ? 8 : 3;
    else if (!beginsWord(p.words, word)) return 0;
  }
  return score;
}

function beginsWord(text, word) {
  let i = -1;
  while ((i = text.indexOf(word, i + 1)) >= 0) if (i === 0 || !/[\p{L}\p{N}]/u.test(text[i - 1])) return true;
  return false;
}

/* The selected papers, best match first when there are words, else in the tables' order. `except`: a facet not to apply. */
function selectPapers(st, except) {
  const words = wordsOf(st.q);
  const inNode = st.node ? papersOfNode(st.node) : null;
  const inTree = st.tree !== "" && tree ? new Set(leavesOf(Number(st.tree))) : null;
  let found = papers.filter((p) =>
    (!inNode || inNode.includes(p)) && (!inTree || inTree.has(p)) &&
    FACET_NAMES.every((f) => f === except || st[f].length === 0 || hasFacet(p, f, st[f])));
  if (words.length) {
    const scores = new Map(found.map((p) => [p, matchWords(p, words)]));
    found = found.filter((p) => scores.get(p) > 0).sort((x, y) => scores.get(y) - scores.get(x));
  }
  return found;
}

/* ---- the bar that says what is selected ---- */

function chip(what, value, href) {
  return h("li", {}, h("a", { class: "chip", href, "aria-label": "Remove " + what + ": " + value }, h("span", { class: "chip-what" }, what), h("span", { class: "chip-value" }, value), h("span", { class: "chip-x", "aria-hidden": "true" }, "×")));
}

function facetValueName(facet, value) {
  return facet === "dim" && DIMENSIONS[value] ? DIMENSIONS[value][1] : value;
}

function drawSelection(st, found) {
  const bar = document.getElementById("selection");
  const active = isSelecting(st);
  bar.hidden = !active;
  if (!active) return bar.replaceChildren();
  const chips = [];
  if (st.q) chips.push(chip("words", st.q, to({ q: "" })));
  if (st.node) chips.push(chip("taxonomy", nodeName(st.node), to({ node: "" })));
  if (st.tree !== "") chips.push(chip("branch", treeName(Number(st.tree)), to({ tree: "" })));
  for (const [facet, name] of FACETS)
    for (const value of st[facet]) chips.push(chip(name.toLowerCase(), facetValueName(facet, value), to({ [facet]: st[facet].filter((v) => v !== value) })));
  bar.replaceChildren(h("div", { class: "selection-in" },
    h("p", { class: "selection-count" }, h("strong", {}, found.length), " of ", plural(papers.length, "paper")),
    h("ul", { class: "chips", "aria-label": "What is selected" }, chips),
    h("p", { class: "selection-do" },
      st.view !== "papers" && h("a", { class: "button", href: to({ view: "papers" }) }, "List them"),
      h("a", { class: "quiet", id: "clear", href: to(noSelection()) }, "Clear"))));
}
