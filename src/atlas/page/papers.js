/* papers.js - the table of papers with its filters, and the panel that shows one paper. */

const COLUMNS = [
  ["short", "Paper"], ["year", "Year"], ["venue", "Venue"], ["family", "Family"], ["dim", "Contribution"], ["modality", "Modality"], ["masking", "Masking"], ["target", "Target"],
];
const openFacets = new Set(["dim", "family", "modality", "masking"]);
let filtersAreOpen = false;

views.papers = (st) => {
  const words = wordsOf(st.q);
  const found = sortPapers(selectPapers(st), st.sort);
  return [
    h("h1", {}, "Papers"),
    h("div", { class: "with-filters" },
      h("details", { class: "filters", open: filtersAreOpen || matchMedia("(min-width: 900px)").matches, ontoggle: (event) => (filtersAreOpen = event.target.open) },
        h("summary", { id: "filters-summary" }, "Filters"), drawFilters(st)),
      h("section", { class: "found", "aria-label": "Papers found" },
        h("p", { class: "found-line" }, h("strong", {}, plural(found.length, "paper")), st.q ? [" for “", st.q, "”"] : found.length === papers.length ? " in all" : " selected",
          h("span", { class: "sorts" }, h("label", { for: "sort" }, "Order "), sortBox(st))),
        found.length ? drawPapers(found, st, words) : h("p", { class: "empty" }, "No paper fits all of this. ", h("a", { href: to(noSelection()) }, "Clear the selection"), " or take one filter away."))),
  ];
};

const SORTS = [["", "as in the tables"], ["-year", "newest first"], ["year", "oldest first"], ["short", "by name"], ["venue", "by venue"], ["family", "by family"], ["-results", "most results"]];

function sortBox(st) {
  return h("select", { id: "sort", onchange: (event) => go({ sort: event.target.value }) },
    (SORTS.some(([v]) => v === st.sort) ? SORTS : [...SORTS, [st.sort, st.sort.replace(/^-(.*)/, "$1, reversed")]]).map(([value, name]) => h("option", { value, selected: st.sort === value }, value === "" && st.q ? "best match" : name)));
}

function sortPapers(found, sort) {
  if (!sort) return found;
  const down = sort.startsWith("-"), key = sort.replace(/^-/, "");
  const value = (p) => (key === "results" ? p.results.length : key === "year" ? Number(p.year) : key in p.facet ? p.facet[key].join(" ") : fold(p[key] || ""));
  return found.map((p, i) => [p, i]).sort(([x, i], [y, j]) => {
    const a = value(x), b = value(y);
    const order = a < b ? -1 : a > b ? 1 : 0;
    return (down ? -order : order) || i - j;
  }).map(([p]) => p);
}

function drawFilters(st) {
  return FACETS.map(([facet, name]) => {
    const counts = new Map();
    for (const p of papers) for (const v of p.facet[facet]) if (!counts.has(v)) counts.set(v, 0);
    for (const p of selectPapers(st, facet)) for (const v of p.facet[facet]) counts.set(v, counts.get(v) + 1);
    let values = [...counts.keys()];
    if (facet === "year") values.sort().reverse();
    else if (facet === "dim") values = Object.keys(DIMENSIONS).filter((d) => counts.has(d));
    else if (facet === "family") values.sort((a, b) => FAMILIES.indexOf(a) - FAMILIES.indexOf(b));
    else values.sort((a, b) => counts.get(b) - counts.get(a) || (a < b ? -1 : 1));
    const isChosen = (v) => (facet === "year" ? st.year.some((y) => isYear(y, v)) : st[facet].includes(v));
    values = values.filter((v) => counts.get(v) > 0 || isChosen(v));
    const largest = Math.max(1, ...values.map((v) => counts.get(v)));
    return h("details", { class: "facet", open: openFacets.has(facet) || st[facet].length > 0, ontoggle: (event) => (event.target.open ? openFacets.add(facet) : openFacets.delete(facet)) },
      h("summary", {}, name, st[facet].length > 0 && h("span", { class: "facet-on" }, st[facet].length)),
      h("ul", {}, values.map((value) => {
        const id = "facet-" + facet + "-" + value.replace(/[^a-zA-Z0-9-]/g, (c) => "_" + c.charCodeAt(0).toString(16));
        return h("li", {}, h("label", { class: "facet-row", for: id },
          h("input", { type: "checkbox", id, checked: isChosen(value), onchange: (event) => go({ [facet]: toggled(st, facet, value, event.target.checked) }) }),
          facet === "family" && familyDot(value), facet === "dim" && dimensionSign(value),
          h("span", { class: "facet-name" }, facet === "dim" ? DIMENSIONS[value][2] : value),
          h("span", { class: "facet-bar", "aria-hidden": "true" }, h("span", { style: { width: (100 * counts.get(value)) / largest + "%" } })),
          h("span", { class: "facet-count" }, counts.get(value))));
      })));
  });
}

/* A range of years from the URL becomes the years it covers before one of them is switched. */
function toggled(st, facet, value, on) {
  let values = st[facet];
  if (facet === "year") values = [...new Set(papers.map((p) => String(p.year)))].filter((y) => values.some((v) => isYear(v, y)));
  values = values.filter((v) => v !== value);
  return on ? [...values, value] : values;
}

function ownMark(p) {
  return p.isOwn && h("span", { class: "own" }, "yours");
}

/* The first rows at once, the others when those are on the screen: laying out all of them takes longest of everything. */
const ROWS_AT_ONCE = 40;

function drawPapers(found, st, words) {
  const body = h("tbody", {}, found.slice(0, ROWS_AT_ONCE).map((p) => paperRow(p, st, words)));
  requestAnimationFrame(() => setTimeout(() => body.isConnected && body.append(...found.slice(ROWS_AT_ONCE).map((p) => paperRow(p, st, words)))));
  return h("table", { class: "papers" },
    h("thead", {}, h("tr", {}, COLUMNS.map(([key, name]) => {
      const up = st.sort === key, down = st.sort === "-" + key;
      return h("th", { scope: "col", class: "c-" + key, "aria-sort": up ? "ascending" : down ? "descending" : null },
        h("a", { id: "sort-" + key, class: "sort", href: to({ sort: up ? "-" + key : down ? "" : key }) }, name, h("span", { "aria-hidden": "true" }, up ? " ↑" : down ? " ↓" : "")));
    }))),
    body);
}

function paperRow(p, st, words) {
  return h("tr", { class: st.paper === p.id ? "is-chosen" : null },
    h("th", { scope: "row", class: "c-short" },
      h("a", { id: "p-" + p.index, href: hashOf({ ...st, paper: p.id }), class: "paper-link", "data-paper": p.id }, marked(p.short, words)), ownMark(p),
      h("span", { class: "paper-title" }, marked(p.title, words)), snippet(p, words)),
    h("td", { class: "c-year" }, p.year),
    h("td", { class: "c-venue" }, p.venue),
    h("td", { class: "c-family" }, familyTag(p.family)),
    h("td", { class: "c-dim" }, dimensionSigns(p.facet.dim)),
    ["modality", "masking", "target"].map((f) => h("td", { class: "c-" + f }, p.facet[f].join(", "))));
}

/* The piece of the summary around the first found word, when neither name nor title shows it. */
function snippet(p, words) {
  const missing = words.filter((w) => !beginsWord(p.name, w));
  if (!missing.length) return null;
  const { folded, at } = foldWithPlaces(p.summary);
  let place = -1;
  for (const w of missing) {
    let i = -1;
    while ((i = folded.indexOf(w, i + 1)) >= 0 && place < 0) if (i === 0 || !/[\p{L}\p{N}]/u.test(folded[i - 1])) place = at[i];
  }
  if (place < 0) return null;
  const from = Math.max(0, p.summary.lastIndexOf(" ", Math.max(0, place - 60)));
  const end = place + 110 < p.summary.length ? p.summary.lastIndexOf(" ", place + 110) : p.summary.length;
  const text = (from > 0 ? "… " : "") + p.summary.slice(from, end).trim() + (end < p.summary.length ? " …" : "");
  return h("span", { class: "snippet" }, marked(text, words));
}

/* ---- one paper ---- */

function drawPanel(st) {
  const panel = document.getElementById("panel");
  const p = paperById.get(st.paper);
  const wasHidden = panel.hidden;
  panel.hidden = !p;
  document.body.classList.toggle("has-panel", Boolean(p));
  if (!p) {
    panel.replaceChildren();
    return;
  }
  const same = panel.dataset.paper === p.id && !wasHidden;
  panel.dataset.paper = p.id;
  put(panel,
    h("div", { class: "panel-top" },
      h("p", { class: "meta" }, familyTag(p.family), " · ", [p.venue, p.year].filter(Boolean).join(" "), ownMark(p)),
      h("button", { type: "button", id: "panel-close", class: "close", "aria-label": "Close", "aria-keyshortcuts": "Escape", onclick: closePanel }, "×")),
    h("h2", { id: "panel-title", tabindex: "-1" }, p.short),
    h("p", { class: "panel-paper" }, p.title),
    h("p", { class: "panel-links" }, p.url && outward(p.url, "Paper"), p.arxiv && /^[\w.\/-]+$/.test(p.arxiv) && outward("https://arxiv.org/abs/" + p.arxiv, "arXiv ", p.arxiv), p.code && outward(p.code, "Code")),
    p.summary ? h("p", { class: "summary" }, p.summary) : h("p", { class: "note" }, "No summary."),
    p.basis === "memory" && h("p", { class: "note" }, "This row was written from memory and is ", h("span", { class: "unchecked" }, "unchecked"), "."),
    p.isOwn && h("p", { class: "note" }, "You added this paper.", /suggested/.test(p.basis) && [" Its facets are ", h("span", { class: "unchecked" }, "guesses"), " from its words."]),
    recipesOf(p),
    panelSection("Its place", [
      h("p", {}, "Category: ", p.node ? h("a", { href: afresh({ view: "taxonomy", node: p.node.node, paper: p.id }) }, p.node.name)
        : p.inTextOnly ? ["named in the survey's text only, at ", h("a", { href: afresh({ view: "taxonomy", node: TEXT_ONLY, paper: p.id }) }, p.category.replace(/^\(body only\) /, ""))] : p.category || "not known"),
      tree && h("p", {}, "Dendrogram: ", h("a", { href: afresh({ view: "dendrogram", tree: String(branchOf(p)), paper: p.id }) }, treeName(branchOf(p))), ", a branch of " + plural(tree.size[branchOf(p)], "paper"))]),
    h("dl", { class: "facets" }, FACETS.filter(([f]) => !["year", "venue", "family"].includes(f) && p.facet[f].length).map(([f, name]) => [
      h("dt", {}, name), h("dd", {}, p.facet[f].map((v) => [h("a", { class: "tag", href: afresh({ view: "papers", [f]: [v] }) }, f === "dim" && dimensionSign(v), h("span", {}, facetValueName(f, v))), " "]))])),
    nearBlock(p),
    p.events.length > 0 && panelSection("In the timeline", p.events.map((e) => h("p", {}, h("a", { href: afresh({ view: "timeline", paper: p.id }) }, e.event), ". ", e.why))),
    resultsBlock(p));
  if (!same) panel.scrollTop = 0;
}

function panelSection(title, children) {
  return h("section", {}, h("h3", {}, title), children);
}

/* The largest branch of at most a dozen papers around one. */
function branchOf(p) {
  let k = p.index;
  while (tree.parent[k] >= 0 && (k < tree.n || tree.size[tree.parent[k]] <= 12)) k = tree.parent[k];
  return k;
}

function nearBlock(p) {
  const near = nearestTo(p, 6);
  if (!near.length) return null;
  return panelSection("Near it", h("ul", { class: "near" }, near.map((q) => h("li", {}, familyDot(q.family), h("a", { href: to({ paper: q.id }) }, q.short), h("span", { class: "near-title" }, q.title)))));
}

function recipesOf(p) {
  if (!p.recipes.length) return null;
  return h("p", { class: "recipe" }, "Lacuna runs it: ", h("code", {}, "lacuna pretrain NAME"), p.recipes.length > 1 ? " with a recipe of " : " with the recipe ", p.recipes.map((name, i) => [i > 0 && ", ", h("code", {}, name)]), ".");
}

function resultsBlock(p) {
  const rows = [...p.results, ...measured.filter((r) => r.of === p)];
  if (!rows.length) return null;
  const title = plural(p.results.length, "published figure") + (rows.length > p.results.length ? ", " + (rows.length - p.results.length) + " measured" : "");
  return panelSection(title,
    h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Figures of " + p.short }, h("table", { class: "figures" }, h("thead", {}, h("tr", {}, ["Benchmark", "Backbone", "Value", "Source"].map((t) => h("th", { scope: "col" }, t)))),
      h("tbody", {}, rows.map((r) => h("tr", {}, h("td", {}, h("a", { href: afresh({ view: "results", bench: r.benchmark, r: r.isMeasured ? "" : r.id, paper: p.id, size: [], kind: "", checked: "" }) }, benchmarkName(r.benchmark))), h("td", {}, r.backbone), h("td", { class: "number" }, figureText(r.value), !r.isChecked && [" ", uncheckedMark()]), h("td", {}, sourceOf(r))))))));
}

function uncheckedMark() {
  return h("span", { class: "unchecked", title: "From memory, without a source" }, "unchecked");
}

function sourceOf(r) {
  if (r.isMeasured) return [h("span", { class: "measured" }, "measured"), r.run ? " " + r.run : ""];
  if (!r.isChecked) return uncheckedMark();
  return [r.kind === "rerun" && "rerun: ", ...source(r.source)];
}

function closePanel() {
  const id = state.paper;
  const back = [...document.querySelectorAll("main [data-paper][id]")].find((x) => x.dataset.paper === id);
  focusAfter = back ? back.id : "main";
  go({ paper: "" });
}
