/* dendrogram.js - the tree of papers by the words of their titles and summaries, drawn with its root at the left.
 *
 * Zooming is semantic: it spreads the leaves and leaves text at its size, so names of papers come in when there is room for
 * them and names of clusters stand in their place before. Keys: arrows walk, Enter selects, + - 0 zoom. */

const LEAF_TEXT = 11; /* px of height a paper's name needs */
let zoomKept = null, dendrogramFocus = null;

views.dendrogram = (st) => {
  if (!tree) return [h("h1", {}, "Dendrogram"), h("p", { class: "standfirst" }, "This page was made without a dendrogram.")];
  const count = Math.min(48, Math.max(2, Number(st.cut) || Number(tree.info.cut) || 16), tree.n);
  const found = new Set(selectPapers({ ...st, tree: "" }));
  if (focusAfter.startsWith("dn-")) dendrogramFocus = Number(focusAfter.slice(3));
  const holder = h("div", { class: "dendrogram-box" });
  const card = h("div", { class: "branch", id: "branch" });
  queueMicrotask(() => drawDendrogram(holder, card, st, count, found));
  return [
    h("h1", {}, "Dendrogram"),
    h("p", { class: "standfirst wide" }, "Papers whose titles and summaries use the same words grow on the same branch: " + (tree.info.options ? "TF-IDF (" + tree.info.options.replace(/, cut (into|at) .*$/, "") + ") and " : "") + "Ward linkage, as the survey clusters them. The further right two papers meet, the nearer they are."),
    h("div", { class: "dendrogram-tools" },
      h("label", { for: "cut" }, "Cut into ", h("output", { id: "cut-out", for: "cut" }, count), " clusters"),
      h("input", { type: "range", id: "cut", min: 2, max: Math.min(48, tree.n), value: count, oninput: (event) => (document.getElementById("cut-out").textContent = event.target.value), onchange: (event) => go({ cut: event.target.value }, true) }),
      h("span", { class: "zooms" },
        ["Zoom out", "Zoom in", "Whole tree"].map((name, i) => h("button", { type: "button", id: "zoom-" + i, "aria-label": name, title: name, onclick: () => zoomBy([1 / 1.6, 1.6, 0][i]) }, ["−", "+", "Whole tree"][i]))),
      familyLegend()),
    h("div", { class: "columns dendrogram" }, holder, card),
    h("p", { class: "note hint" }, "Click a branch to select its papers; double-click to zoom to it. Ctrl and the wheel, or two fingers, zoom. Arrow keys walk the tree from the branch in focus."),
    agreementText(), namedTable(st),
  ];
};

let zoomBy = () => {};

function drawDendrogram(holder, card, st, count, found) {
  const width = Math.max(300, holder.clientWidth), isNarrow = width < 600;
  const height = Math.max(440, Math.min(820, innerHeight - 280));
  const right = isNarrow ? 150 : 250, left = 14, top = 12, inner = height - 2 * top;
  const { n } = tree, pitch = inner / n, tips = width - right;
  let low = Infinity;
  for (let k = n; k <= tree.root; k++) low = Math.min(low, tree.height[k]);
  const high = tree.height[tree.root] || 1;
  low = Math.min(low, high) * 0.94;
  const span = Math.max(1e-9, high - low);
  const x = (k) => (k < n ? tips : left + ((high - tree.height[k]) / span) * (tips - left - 8));
  const place = new Float64Array(2 * n - 1);
  tree.order.forEach((leaf, i) => (place[leaf] = top + (i + 0.5) * pitch));
  for (let k = n; k <= tree.root; k++) place[k] = (place[tree.a[k]] + place[tree.b[k]]) / 2;

  const clusters = cutTree(count);
  const clusterOf = new Int32Array(n);
  for (const c of clusters) for (let i = tree.first[c]; i < tree.first[c] + tree.size[c]; i++) clusterOf[tree.order[i]] = c;
  const chosen = st.tree === "" ? -1 : Number(st.tree);
  const isBelow = (k, top) => top >= 0 && tree.first[k] >= tree.first[top] && tree.first[k] + tree.size[k] <= tree.first[top] + tree.size[top];
  const isFiltered = found.size < papers.length;
  const shade = (k) => (isFiltered && !tree.order.slice(tree.first[k], tree.first[k] + tree.size[k]).some((i) => found.has(papers[i])) ? " is-faint" : "") + (isBelow(k, chosen) ? " is-chosen" : "");

  const svg = s("svg", { class: "dendrogram-svg", width, height, viewBox: "0 0 " + width + " " + height, role: "tree", "aria-label": "Dendrogram of " + plural(n, "paper") });
  const clip = s("clipPath", { id: "dendrogram-clip" }, s("rect", { width, height }));
  const bands = s("g", { class: "bands", "aria-hidden": "true" }), lines = s("g", { role: "none" }), labels = s("g", { class: "cluster-names", "aria-hidden": "true" });
  const cutX = cutLine(count, x, left);
  svg.append(s("defs", {}, clip), s("g", { "clip-path": "url(#dendrogram-clip)", role: "none" }, bands, s("line", { class: "cut-line", x1: cutX, x2: cutX, y1: 0, y2: height, "aria-hidden": "true" }), lines, labels));

  const shown = new Array(2 * n - 1);
  for (let k = tree.root; k >= 0; k--) shown[k] = k < n ? leafShape(k) : branchShape(k);
  const drawn = clusters.map((c, i) => {
    const band = s("rect", { class: "band" + (i % 2 ? " odd" : ""), x: cutX, width: width - cutX });
    const name = s("text", { x: tips + 12, class: "cluster-name" + shade(c) }, "");
    bands.append(band);
    labels.append(name);
    return { c, band, name };
  });

  function branchShape(k) {
    const hit = s("path", { class: "hit" }), line = s("path", { class: "line" });
    const g = s("g", { class: "branch-node" + shade(k), role: "treeitem", id: "dn-" + k, "data-k": k, tabindex: "-1", "aria-level": depthOf(k), "aria-selected": String(chosen === k), "aria-label": "Branch of " + tree.size[k] + " papers: " + treeName(k) },
      hit, line, s("circle", { r: 3.2, class: "joint" }));
    lines.append(g);
    return { g, hit, line, joint: g.lastChild };
  }

  function leafShape(k) {
    const p = papers[k];
    const g = s("g", { class: "leaf" + (isFiltered && !found.has(p) ? " is-faint" : "") + (isBelow(k, chosen) ? " is-chosen" : "") + (st.paper === p.id ? " is-open" : ""), role: "treeitem", id: "dn-" + k, "data-k": k, "data-paper": p.id, tabindex: "-1", "aria-level": depthOf(k), "aria-selected": String(st.paper === p.id), "aria-label": p.short + (p.year ? ", " + p.year : "") },
      s("rect", { class: "hit", x: tips - 6, width: right }), s("rect", { class: "dot-svg f-" + familyKey(p.family) }), s("text", { x: tips + 10, dy: "0.32em" }, clipText(p.short, isNarrow ? 20 : 34) + (p.isOwn ? " · yours" : "")));
    lines.append(g);
    return { g, hit: g.children[0], dot: g.children[1], text: g.children[2] };
  }

  const update = (t) => {
    zoomKept = { k: t.k, y: t.y / height };
    const y = (k) => t.k * place[k] + t.y, step = pitch * t.k, named = step >= LEAF_TEXT;
    svg.classList.toggle("shows-names", named);
    for (let k = 0; k < n; k++) {
      const at = y(k), { g, hit, dot, text } = shown[k];
      const off = at < -20 || at > height + 20;
      g.style.display = off ? "none" : "";
      if (off) continue;
      hit.setAttribute("y", at - step / 2);
      hit.setAttribute("height", step);
      const side = Math.min(9, Math.max(1.6, step - 0.7));
      dot.setAttribute("x", tips - (named ? side / 2 : 1));
      dot.setAttribute("y", at - side / 2);
      dot.setAttribute("width", named ? side : 8);
      dot.setAttribute("height", side);
      dot.setAttribute("rx", named ? side / 2 : 0.5);
      text.setAttribute("y", at);
    }
    for (let k = n; k <= tree.root; k++) {
      const { hit, line, joint } = shown[k], ya = y(tree.a[k]), yb = y(tree.b[k]), xk = x(k);
      const d = "M" + x(tree.a[k]) + "," + ya + "H" + xk + "V" + yb + "H" + x(tree.b[k]);
      line.setAttribute("d", d);
      hit.setAttribute("d", d);
      joint.setAttribute("cx", xk);
      joint.setAttribute("cy", (ya + yb) / 2);
    }
    for (const { c, band, name } of drawn) {
      const from = t.k * (top + tree.first[c] * pitch) + t.y, tall = tree.size[c] * step;
      band.setAttribute("y", from);
      band.setAttribute("height", Math.max(0, tall - 1));
      const a = Math.max(from, 0), b = Math.min(from + tall, height);
      name.textContent = "";
      if (b - a < (named ? 40 : 11)) continue;
      if (named) { /* beside the papers' names: along the left of the band */
        name.setAttribute("x", cutX + 6);
        name.setAttribute("y", a + 14);
        name.textContent = clipText(treeName(c), Math.floor((tips - cutX) / 7));
      } else {
        name.setAttribute("x", tips + 12);
        name.setAttribute("y", (a + b) / 2 + 4);
        name.textContent = clipText(treeName(c), isNarrow ? 16 : 33);
        name.append(s("tspan", { class: "cluster-size", dx: 7 }, tree.size[c]));
      }
    }
  };

  const most = Math.max(1.01, 24 / pitch);
  const zoom = d3.zoom().scaleExtent([1, most]).translateExtent([[0, 0], [width, height]]).extent([[0, 0], [width, height]])
    .filter(() => {
      const e = d3.event;
      if (e.type === "wheel") return e.ctrlKey || e.metaKey;
      if (e.touches) return e.touches.length > 1;
      return e.type !== "dblclick" && !e.button;
    })
    .on("zoom", () => {
      if (d3.event.sourceEvent) aim = 0;
      update(d3.event.transform);
    });
  const selection = d3.select(svg).call(zoom);
  svg.style.setProperty("touch-action", "pan-y");
  const moving = matchMedia("(prefers-reduced-motion: reduce)").matches ? selection : null;
  let aim = 0; /* where a zoom under way will end: keys pressed meanwhile count from there */
  const move = (t) => {
    aim = 0;
    (moving ? selection : selection.transition().duration(350)).call(zoom.transform, t);
  };
  const zoomTo = (k) => {
    const wanted = Math.min(most, Math.max(1, (height - 40) / (tree.size[k] * pitch)));
    const middle = top + (tree.first[k] + tree.size[k] / 2) * pitch;
    move(d3.zoomIdentity.translate(0, Math.min(0, Math.max(height * (1 - wanted), height / 2 - wanted * middle))).scale(wanted));
  };
  zoomBy = (factor) => {
    if (!factor) return move(d3.zoomIdentity);
    if (moving) return selection.call(zoom.scaleBy, factor);
    aim = Math.min(most, Math.max(1, (aim || d3.zoomTransform(svg).k) * factor));
    selection.transition().duration(250).on("end", () => { aim = 0; }).call(zoom.scaleTo, aim);
  };
  svg.addEventListener("wheel", (event) => { /* without Ctrl the wheel moves a zoomed tree until its end, then the page */
    const t = d3.zoomTransform(svg);
    if (event.ctrlKey || event.metaKey || t.k <= 1.001) return;
    const before = t.y;
    selection.call(zoom.translateBy, 0, -event.deltaY / t.k);
    if (Math.abs(d3.zoomTransform(svg).y - before) > 0.5) event.preventDefault();
  }, { passive: false });

  const start = zoomKept && zoomKept.k > 1 ? d3.zoomIdentity.translate(0, Math.min(0, Math.max(height * (1 - zoomKept.k), zoomKept.y * height))).scale(Math.min(most, zoomKept.k)) : d3.zoomIdentity;
  holder.replaceChildren(svg);
  selection.call(zoom.transform, start);

  let current = dendrogramFocus !== null && dendrogramFocus <= tree.root ? dendrogramFocus : chosen >= 0 ? chosen : st.paper ? paperById.get(st.paper).index : tree.root;
  const focusOn = (k, really) => {
    shown[current].g.setAttribute("tabindex", "-1");
    current = k;
    shown[k].g.setAttribute("tabindex", "0");
    if (!really) return;
    dendrogramFocus = k;
    const t = d3.zoomTransform(svg), at = t.k * place[k] + t.y;
    if (at < 10 || at > height - 10) selection.call(zoom.transform, d3.zoomIdentity.translate(0, Math.min(0, Math.max(height * (1 - t.k), height / 2 - t.k * place[k]))).scale(t.k));
    shown[k].g.focus({ preventScroll: true });
    drawBranch(card, k, st, zoomTo);
  };
  focusOn(current, false);
  const choose = (k) => {
    focusAfter = "dn-" + k;
    dendrogramFocus = k;
    if (k < n) go({ paper: state.paper === papers[k].id ? "" : papers[k].id });
    else go({ tree: chosen === k ? "" : String(k) });
  };
  let clickTimer = 0;
  svg.addEventListener("click", (event) => { /* a second click soon after is a zoom, not two choices */
    const g = event.target.closest("[data-k]");
    if (!g || event.defaultPrevented) return;
    clearTimeout(clickTimer);
    if (event.detail > 1) return;
    clickTimer = setTimeout(() => choose(Number(g.dataset.k)), Number(g.dataset.k) < n ? 0 : 220);
  });
  svg.addEventListener("dblclick", (event) => {
    const g = event.target.closest("[data-k]");
    if (g) zoomTo(Math.max(n, Number(g.dataset.k) < n ? tree.parent[g.dataset.k] : Number(g.dataset.k)));
  });
  svg.addEventListener("mouseover", (event) => {
    const g = event.target.closest("[data-k]");
    if (g) drawBranch(card, Number(g.dataset.k), st, zoomTo);
  });
  svg.addEventListener("mouseleave", () => drawBranch(card, current, st, zoomTo));
  svg.addEventListener("focusin", (event) => {
    const g = event.target.closest("[data-k]");
    if (g && Number(g.dataset.k) !== current) focusOn(Number(g.dataset.k), true);
  });
  svg.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const k = current, up = tree.parent[k];
    const keys = {
      ArrowLeft: () => up >= 0 && focusOn(up, true),
      ArrowRight: () => k >= n && focusOn(tree.a[k], true),
      ArrowUp: () => focusOn(neighbour(k, -1), true),
      ArrowDown: () => focusOn(neighbour(k, 1), true),
      Home: () => focusOn(tree.root, true),
      Enter: () => choose(k), " ": () => choose(k),
      "+": () => zoomBy(1.6), "=": () => zoomBy(1.6), "-": () => zoomBy(1 / 1.6), 0: () => zoomBy(0), z: () => zoomTo(Math.max(k, n)),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  drawBranch(card, current, st, zoomTo);
}

/* The next branch up or down that is as large: across from a leaf to a leaf, from a branch to its cousin. */
function neighbour(k, step) {
  if (k < tree.n) {
    const at = tree.first[k] + step;
    return at >= 0 && at < tree.n ? tree.order[at] : k;
  }
  let up = k, depth = 0;
  while (tree.parent[up] >= 0 && (step > 0 ? tree.a : tree.b)[tree.parent[up]] !== up) (up = tree.parent[up]), depth++;
  if (tree.parent[up] < 0) return k;
  let down = (step > 0 ? tree.b : tree.a)[tree.parent[up]];
  while (depth-- > 0 && down >= tree.n) down = step > 0 ? tree.a[down] : tree.b[down];
  return down;
}

function depthOf(k) {
  let depth = 1;
  while ((k = tree.parent[k]) >= 0) depth++;
  return depth;
}

/* Half way between the merge that the cut undoes last and the first it keeps. */
function cutLine(count, x, left) {
  const undone = 2 * tree.n - count, kept = undone - 1;
  return Math.max(left, kept < tree.n ? x(tree.n) : (x(undone) + x(kept)) / 2);
}

function clipText(text, length) {
  const letters = [...text];
  return letters.length > length ? letters.slice(0, Math.max(1, length - 1)).join("") + "…" : text;
}

/* What hangs below a node, beside the drawing. */
function drawBranch(card, k, st, zoomTo) {
  if (card.dataset.k === String(k)) return;
  card.dataset.k = k;
  if (k < tree.n) {
    const p = papers[k];
    return void put(card, h("p", { class: "meta" }, familyTag(p.family), " · ", [p.venue, p.year].filter(Boolean).join(" ")), h("h2", {}, p.short), h("p", {}, p.title), h("p", {}, h("a", { href: to({ paper: p.id }), "data-paper": p.id }, "Read about it")));
  }
  const all = leavesOf(k);
  const match = (tree.info.named || []).filter((c) => c.node === k);
  put(card,
    h("p", { class: "meta" }, k === tree.root ? "The whole tree" : "Branch, joined at height " + tree.height[k].toFixed(3)),
    h("h2", {}, k === tree.root ? plural(all.length, "paper") : treeName(k)),
    tree.terms[k].length > 3 && k !== tree.root && h("p", { class: "terms" }, tree.terms[k].slice(3).join(" · ")),
    h("p", { class: "branch-bar" }, familyBar(all, 100)),
    h("p", {}, k === tree.root ? FAMILIES.map((f) => [f, all.filter((p) => familyKey(p.family) === f).length]).filter(([, c]) => c).map(([f, c]) => c + " " + f).join(", ") : plural(all.length, "paper"), ". ", commonFacets(all)),
    match.map((m) => h("p", { class: "named-match" }, "The survey's cluster ", h("strong", {}, (namedClusters.find((c) => c.id === m.id) || {}).name || m.id), " fits best here: F1 ", Number(m.f1).toFixed(2), ".")),
    h("p", { class: "branch-do" }, h("a", { class: "button", href: afresh({ view: "papers", tree: String(k) }) }, "List its papers"), " ", h("button", { type: "button", class: "quiet", onclick: () => zoomTo(k) }, "Zoom to it")),
    k !== tree.root && h("ul", { class: "branch-papers" }, all.slice(0, 14).map((p) => h("li", {}, familyDot(p.family), h("a", { href: to({ paper: p.id }), "data-paper": p.id }, p.short), " ", h("span", { class: "meta" }, p.year)))),
    k !== tree.root && all.length > 14 && h("p", { class: "meta" }, "and " + (all.length - 14) + " more"));
}

function commonFacets(all) {
  const parts = [];
  for (const facet of ["modality", "masking", "target"]) {
    const counts = new Map();
    for (const p of all) for (const v of p.facet[facet]) counts.set(v, (counts.get(v) || 0) + 1);
    const best = [...counts].sort((a, b) => b[1] - a[1])[0];
    if (best && best[1] * 2 >= all.length) parts.push(best[0] + " " + best[1]);
  }
  return parts.length ? "Mostly " + parts.join(", ") + "." : "";
}

function agreementText() {
  const a = tree.info.agreement;
  if (!a) return null;
  const parts = [["category", "the manual taxonomy's categories"], ["family", "the families"]].filter(([key]) => typeof a[key + "_ari"] === "number")
    .map(([key, name]) => "with " + name + ", adjusted Rand index " + a[key + "_ari"].toFixed(2) + " and normalised mutual information " + a[key + "_nmi"].toFixed(2));
  return h("p", { class: "note" },
    parts.length > 0 && "Agreement at the cut of " + tree.info.cut + " clusters: " + parts.join("; ") + ". ",
    typeof a.cophenetic === "number" && "Cophenetic correlation with the distances between papers: " + a.cophenetic.toFixed(2) + ".");
}

function namedTable(st) {
  const found = new Map((tree.info.named || []).map((m) => [m.id, m]));
  if (!found.size) return null;
  return h("section", { "aria-labelledby": "named-title" }, h("h2", { id: "named-title" }, "The survey's clusters in this tree"),
    h("p", { class: "note" }, "For each cluster that the survey names in its own dendrogram: the branch that fits it best by the papers' facets, and how well (F1)."),
    h("div", { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": "named-title" }, h("table", { class: "plain named" }, h("thead", {}, h("tr", {}, ["Cluster", "Kind", "Best branch", "Papers", "F1"].map((t) => h("th", { scope: "col", class: t === "Papers" ? "number" : null }, t)))),
      h("tbody", {}, namedClusters.map((c) => {
        const m = found.get(c.id), has = m && typeof m.node === "number" && m.node >= 0 && m.node <= tree.root;
        return h("tr", { class: has && st.tree === String(m.node) ? "is-chosen" : null }, h("th", { scope: "row", title: c.note }, c.name, m && m.predicate && h("span", { class: "predicate" }, m.predicate)), h("td", {}, c.kind),
          h("td", {}, has ? h("a", { href: to({ tree: String(m.node) }), id: "named-" + c.id, onclick: () => (focusAfter = "dn-" + m.node) }, treeName(m.node)) : h("span", { class: "meta" }, "no facet tells")),
          h("td", { class: "number" }, has ? tree.size[m.node] : ""), h("td", { class: "f1" }, has && [h("span", { class: "f1-bar", "aria-hidden": "true" }, h("span", { style: { width: 100 * m.f1 + "%" } })), Number(m.f1).toFixed(2)]));
      })))));
}
