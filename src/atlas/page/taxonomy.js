/* taxonomy.js - the tree of the survey's dimensions with counts, and its twenty categories as a matrix of combinations. */

const openNodes = new Set(["masking", "target", "objective", "architecture", "task", "theory"]);

views.taxonomy = (st) => {
  const found = new Set(selectPapers({ ...st, node: "" }));
  for (const id of ancestorsOfNode(st.node)) openNodes.add(id);
  return [
    h("h1", {}, "Taxonomy"),
    h("p", { class: "standfirst" }, "The survey sorts work by what it contributes to: six dimensions, alone or together, in twenty categories. Choose a node to select its papers everywhere on this page."),
    h("div", { class: "columns taxonomy" },
      h("section", { "aria-labelledby": "tree-title" },
        h("h2", { id: "tree-title" }, "The tree"),
        h("p", { class: "note" }, "Counts of dimensions and categories are the survey repository's. A finer node holds no list of its own: its count, marked ≈, is of the papers whose facets say so. Arrow keys walk the tree, Enter selects."),
        drawTree(st, found)),
      h("section", { "aria-labelledby": "matrix-title" }, nodeCard(st),
        h("h2", { id: "matrix-title" }, "Twenty categories"),
        h("p", { class: "note" }, "Each row is one category of the repository; a filled square says that the dimension belongs to it. Bars count papers, coloured by family."),
        familyLegend(), drawMatrix(st, found))),
  ];
};

function childrenShown(id) {
  const ids = [...(childrenOfNode.get(id) || [])];
  const rank = { category: 0, group: 1, type: 2 };
  if (id === SEVERAL) return ids.sort((x, y) => papersOfNode(y).length - papersOfNode(x).length);
  return ids.sort((x, y) => rank[nodeById.get(x).level] - rank[nodeById.get(y).level]);
}

function rootNodes() {
  const roots = taxonomy.filter((n) => n.level === "dimension").map((n) => n.node);
  if ((childrenOfNode.get(SEVERAL) || []).length) roots.push(SEVERAL);
  for (const id of [TEXT_ONLY, OWN]) if (papersOfNode(id).length) roots.push(id);
  return roots;
}

function drawTree(st, found) {
  const largest = Math.max(1, ...[...rootNodes(), ...nodeById.keys()].map((id) => (papersOfNode(id) || []).length));
  const seen = new Set();
  let current = st.node;
  const item = (id, level, index, count) => {
    if (seen.has(id)) return null;
    seen.add(id);
    const node = nodeById.get(id);
    const kids = childrenShown(id);
    const all = papersOfNode(id);
    const here = all && all.filter((p) => found.has(p));
    const exact = !node || node.level === "dimension" || node.level === "category";
    const isOpen = openNodes.has(id);
    const dims = node && node.level === "category" && !node.parent ? list(node.dims) : !node || level > 1 ? [] : list(node.dims);
    if (!current) current = id;
    const shownCount = all ? (isSelecting({ ...st, node: "" }) ? here.length + " of " + all.length : (exact ? "" : "≈ ") + all.length) : "";
    return h("li", {
      role: "treeitem", id: "t-" + id, "aria-level": level, "aria-posinset": index + 1, "aria-setsize": count, "aria-expanded": kids.length ? String(isOpen) : null,
      "aria-selected": String(st.node === id), tabindex: current === id ? "0" : "-1", "data-node": id, class: "level-" + level, "aria-label": nodeName(id) + (all ? ", " + plural(all.length, "paper") : ""),
    },
      h("span", { class: "tree-row", onclick: (event) => { event.stopPropagation(); pick(id, event.target.closest(".twist")); } },
        h("span", { class: "twist" + (kids.length ? "" : " none"), "aria-hidden": "true" }, kids.length ? (isOpen ? "▾" : "▸") : ""),
        dims.length > 0 && dimensionSigns(dims),
        h("span", { class: "tree-name" }, nodeName(id)),
        h("span", { class: "tree-bar" }, here && here.length > 0 && familyBar(here, Math.max(1, (100 * here.length) / largest))),
        h("span", { class: "tree-count" }, shownCount)),
      kids.length > 0 && isOpen && h("ul", { role: "group" }, kids.map((kid, i) => item(kid, level + 1, i, kids.length))));
  };
  const roots = rootNodes();
  const pick = (id, twist) => {
    if (twist && childrenShown(id).length) {
      openNodes.has(id) ? openNodes.delete(id) : openNodes.add(id);
      current = id;
      arrive("t-" + id);
    } else {
      focusAfter = "t-" + id;
      go({ node: st.node === id ? "" : id });
    }
  };
  return h("ul", { class: "tree", role: "tree", "aria-labelledby": "tree-title", onkeydown: (event) => treeKeys(event, pick) }, roots.map((id, i) => item(id, 1, i, roots.length)));
}

/* The keys of the ARIA tree pattern; a letter goes to the next item that begins with it. */
function treeKeys(event, pick) {
  const item = event.target.closest("[role=treeitem]");
  if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
  const id = item.dataset.node;
  const all = [...event.currentTarget.querySelectorAll("[role=treeitem]")];
  const at = all.indexOf(item);
  const isOpen = item.getAttribute("aria-expanded") === "true", canOpen = item.hasAttribute("aria-expanded");
  let next = null;
  if (event.key === "ArrowDown") next = all[at + 1];
  else if (event.key === "ArrowUp") next = all[at - 1];
  else if (event.key === "Home") next = all[0];
  else if (event.key === "End") next = all[all.length - 1];
  else if (event.key === "ArrowRight" && canOpen) isOpen ? (next = all[at + 1]) : pick(id, true);
  else if (event.key === "ArrowLeft") canOpen && isOpen ? pick(id, true) : (next = item.parentElement.closest("[role=treeitem]"));
  else if (event.key === "Enter" || event.key === " ") pick(id, false);
  else if (/^\p{L}$/u.test(event.key)) next = [...all.slice(at + 1), ...all.slice(0, at + 1)].find((x) => fold(x.getAttribute("aria-label")).startsWith(fold(event.key)));
  else return;
  event.preventDefault();
  if (!next) return;
  for (const x of all) x.tabIndex = x === next ? 0 : -1;
  next.focus();
}

function nodeCard(st) {
  const node = nodeById.get(st.node);
  if (!node) return null;
  const all = papersOfNode(node.node);
  return h("div", { class: "card node-card" },
    h("h3", {}, dimensionSigns(list(node.dims)), " ", node.name),
    h("p", {}, node.description),
    h("p", { class: "meta" }, "Survey section ", node.survey_section || "not known", ". ", all ? [h("a", { href: afresh({ view: "papers", node: node.node }) }, "See its ", plural(all.length, "paper"))] : "The tables do not say which papers belong here."));
}

/* Rows of categories by count, columns of dimensions. */
function drawMatrix(st, found) {
  const rows = taxonomy.filter((n) => n.level === "category").sort((x, y) => y.count - x.count);
  const dims = Object.keys(DIMENSIONS);
  const largest = Math.max(1, ...rows.map((n) => papersOfNode(n.node).length));
  const filtered = isSelecting({ ...st, node: "" });
  return h("table", { class: "matrix" },
    h("thead", {}, h("tr", {}, dims.map((d) => h("th", { scope: "col" }, dimensionSign(d))), h("th", { scope: "col" }, "Papers"))),
    h("tbody", {}, rows.map((n) => {
      const has = list(n.dims), all = papersOfNode(n.node), here = all.filter((p) => found.has(p));
      return h("tr", { class: st.node === n.node ? "is-chosen" : null },
        dims.map((d) => h("td", {}, h("span", { class: "cell d-" + d + (has.includes(d) ? " on" : ""), title: DIMENSIONS[d][1] }), has.includes(d) && h("span", { class: "vh" }, DIMENSIONS[d][1]))),
        h("td", { class: "matrix-count" },
          h("a", { href: to({ node: st.node === n.node ? "" : n.node }), id: "m-" + n.node, title: n.name, "aria-label": n.name + ": " + plural(all.length, "paper") + (filtered ? ", " + here.length + " of them selected" : ""), "aria-current": st.node === n.node ? "true" : null },
            h("span", { class: "matrix-bar" }, here.length > 0 && familyBar(here, (100 * here.length) / largest)),
            h("span", { class: "matrix-number" }, filtered ? here.length + " / " + all.length : all.length))));
    })));
}
