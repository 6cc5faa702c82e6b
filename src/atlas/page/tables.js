/* tables.js - data sets, the generic forms and the gaps: the smaller tables, each row leading to papers or results. */

views.datasets = (st) => {
  return [
    h("h1", {}, "Data sets"),
    h("p", { class: "standfirst" }, "What methods are pre-trained on and measured with. Sizes are counts of samples; empty means not known."),
    h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Data sets" }, h("table", { class: "plain datasets" },
      h("thead", {}, h("tr", {}, ["Data set", "Year", "Modality", "Train", "Test", "Classes", "Used for", "Figures"].map((t) => h("th", { scope: "col", class: /^(Year|Train|Test|Classes)$/.test(t) ? "number" : null }, t)))),
      h("tbody", {}, datasets.map((d) => {
        const scored = benchmarksOfDataset(d.id);
        return h("tr", { id: "d-" + d.index }, h("th", { scope: "row" }, d.url ? outward(d.url, d.name) : d.name, d.in_survey === "described" && h("span", { class: "tag plain-tag" }, "described in the survey"), d.note && h("span", { class: "snippet" }, d.note),
            h("span", { class: "snippet" }, d.status === "memory" ? uncheckedMark() : ["Source: ", ...source(d.source)])),
          [["Year", d.year], ["Modality", list(d.modality).join(", ")], ["Train", count(d.train)], ["Test", count(d.test)], ["Classes", count(d.classes)]].map(([label, value]) => h("td", { class: label === "Modality" ? null : "number", "data-label": label }, value)),
          h("td", { "data-label": "Used for" }, [list(d.role).join(", "), list(d.tasks).join(", ")].filter(Boolean).join(": ")),
          h("td", { "data-label": "Figures" }, scored.map((b) => [h("a", { href: afresh({ view: "results", bench: b, size: [], kind: "", checked: "" }) }, benchmarkName(b).replace(/^(ImageNet-1K|COCO|ADE20K|Kinetics-\d+|Something-Something v2|AVA|ScanObjectNN|ScanNet), /, "")), " ", h("span", { class: "meta" }, benchmarkCounts.get(b)), h("br")])));
      })))),
  ];
};

function count(value) {
  return typeof value === "number" ? grouped(value) : value;
}

const FORM_TEXT = {
  reconstruction: "Rebuild what was hidden.",
  contrastive: "Tell apart what belongs together.",
  hybrid: "Do both, in one weighted sum.",
};

views.forms = () => {
  const names = [...new Set(forms.map((f) => f.form))];
  return [
    h("h1", {}, "Generic forms"),
    h("p", { class: "standfirst" }, "The survey finds two wirings of the same parts, and methods that add them up. The numbers beside a step are those of the survey's algorithms."),
    h("div", { class: "forms" }, names.map((name) => {
      const of = papers.filter((p) => p.family === name);
      return h("section", { class: "form", "aria-labelledby": "form-" + familyKey(name) },
        h("h2", { id: "form-" + familyKey(name) }, familyDot(name), name),
        h("p", { class: "form-text" }, FORM_TEXT[name] || ""),
        formPicture(name),
        h("p", {}, h("a", { href: afresh({ view: "papers", family: [name] }) }, plural(of.length, "paper")), " of ", papers.length),
        h("ol", { class: "steps" }, forms.filter((f) => f.form === name).map((f) => h("li", {}, h("p", {}, f.step), h("p", { class: "symbols" }, f.symbols && h("code", {}, f.symbols), f.survey_steps && f.survey_steps !== "-" ? h("span", { class: "meta" }, "step " + f.survey_steps) : "")))));
    })),
  ];
};

/* The wiring of a form in boxes: what flows from patches to loss. */
function formPicture(name) {
  const grid = (x, y, hidden) => s("g", { transform: "translate(" + x + "," + y + ")" }, [...Array(9).keys()].map((i) => s("rect", { x: (i % 3) * 9, y: Math.floor(i / 3) * 9, width: 8, height: 8, rx: 1, class: hidden.includes(i) ? "patch-hidden" : "patch f-" + name })));
  const box = (x, y, w, text, soft) => s("g", {}, s("rect", { x, y, width: w, height: 24, rx: 4, class: "box" + (soft ? " soft" : "") }), s("text", { x: x + w / 2, y: y + 16 }, text));
  const arrow = (d) => s("path", { d, class: "flow", "marker-end": "url(#tip-" + name + ")" });
  const tip = s("defs", {}, s("marker", { id: "tip-" + name, viewBox: "0 0 6 6", refX: 5, refY: 3, markerWidth: 6, markerHeight: 6, orient: "auto" }, s("path", { d: "M0,0L6,3L0,6z", class: "flow-tip" })));
  const hidden = [1, 3, 4, 5, 8];
  const label = { reconstruction: "Masked patches pass an encoder and a decoder; the loss compares the result with the hidden patches.", contrastive: "A masked view passes the student, a full view the teacher; the loss pulls their features together.", hybrid: "A masked view is rebuilt by a decoder and its features are compared with a teacher's; both losses are added." }[name];
  if (!label) return null;
  const parts = {
    reconstruction: [grid(2, 30, hidden), arrow("M32,43H44"), box(46, 31, 66, "encoder"), arrow("M112,43H124"), box(126, 31, 66, "decoder"), arrow("M192,43H204"), grid(208, 30, []), arrow("M221,60V78"), box(196, 80, 50, "loss"), s("path", { d: "M15,60V92H194", class: "flow", "marker-end": "url(#tip-" + name + ")" }), s("text", { x: 104, y: 86, class: "small" }, "hidden patches")],
    contrastive: [grid(2, 8, hidden), arrow("M32,21H54"), box(56, 9, 66, "student"), arrow("M122,21H204V38"), grid(2, 72, []), arrow("M32,85H54"), box(56, 73, 66, "teacher", true), arrow("M122,85H204V68"), box(176, 41, 56, "contrast"), s("path", { d: "M89,33V71", class: "flow dashed", "marker-end": "url(#tip-" + name + ")" }), s("text", { x: 118, y: 56, class: "small" }, "average")],
    hybrid: [grid(2, 14, hidden), arrow("M32,27H46"), box(48, 15, 60, "encoder"), arrow("M108,27H122"), box(124, 15, 60, "decoder"), arrow("M184,27H198"), box(200, 15, 46, "loss"), arrow("M78,39V58H184"), box(186, 46, 60, "contrast"), grid(2, 78, []), arrow("M32,91H46"), box(48, 79, 60, "teacher", true), arrow("M108,91H216V72")],
  }[name];
  return s("svg", { viewBox: name === "reconstruction" ? "0 12 250 108" : "0 0 250 108", class: "form-picture", role: "img", "aria-label": label }, tip, parts);
}

views.gaps = () => [
  h("h1", {}, "Gaps"),
  h("p", { class: "standfirst" }, "Directions that the survey leaves open, with the work that comes nearest: papers that contribute to the same dimensions."),
  h("ol", { class: "gaps" }, gaps.map((g) => h("li", { class: "gap" },
    h("p", { class: "gap-dims" }, dimensionSigns(list(g.dims)), h("span", { class: "meta" }, "section " + g.survey_section)),
    h("h2", {}, g.title), h("p", {}, g.description),
    h("p", { class: "gap-links" }, list(g.dims).map((d) => [h("a", { href: afresh({ view: "papers", dim: [d] }) }, papers.filter((p) => p.facet.dim.includes(d)).length + " on " + (DIMENSIONS[d] ? DIMENSIONS[d][1].toLowerCase() : d)), " "]))))),
];
