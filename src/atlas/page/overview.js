/* overview.js - the first thing a reader sees: what there is, every paper as a dot, and questions to begin with. */

views.overview = (st) => {
  const found = new Set(selectPapers({ ...st, year: [] }));
  const own = papers.filter((p) => p.isOwn).length;
  return [
    h("div", { class: "hero" }, h("div", { class: "hero-text" },
      h("h1", {}, "What is hidden, and what is asked back"),
      h("p", { class: "standfirst" }, "Masked image modeling teaches a network by hiding parts of its input and asking for them. This is its literature as data: every paper of the survey by ", outward("https://arxiv.org/abs/2408.06687", "Hondru et al."), ", placed, linked and open to correction."),
      h("ul", { class: "numbers" }, [
        [papers.length, "papers", "papers"], [results.length, "published figures", "results"], [taxonomy.length, "taxonomy nodes", "taxonomy"], [datasets.length, "data sets", "datasets"], [gaps.length, "open directions", "gaps"]]
        .filter(([n]) => n > 0).map(([n, what, view]) => h("li", {}, h("a", { href: to({ view }) }, h("strong", {}, grouped(n)), h("span", {}, what))))),
      own > 0 && h("p", { class: "note" }, h("a", { href: afresh({ view: "papers", node: OWN }) }, plural(own, "paper"), " of your own"), " among them, marked ", h("span", { class: "own" }, "yours"), ".")),
      h("section", { class: "every", "aria-labelledby": "every-title" },
        h("h2", { id: "every-title" }, "Every paper, by year and family"), familyLegend(), drawYears(st, found, true))),
    h("section", { "aria-labelledby": "ask-title" }, h("h2", { id: "ask-title" }, "Begin with a question"), h("ul", { class: "questions" }, questions().map(([question, answer, href, more]) =>
      h("li", {}, h("h3", {}, question), h("p", {}, answer), h("p", { class: "go" }, h("a", { href }, more, h("span", { "aria-hidden": "true" }, " →"))))))),
  ];
};

/* The survey's readers' questions, answered from the tables; one whose rows are missing is left out. */
function questions() {
  const out = [];
  const attention = papers.filter((p) => p.facet.masking.includes("attention-guided"));
  if (attention.length) out.push(["Which papers mask by attention?", plural(attention.length, "paper") + ", among them " + names(attention) + ".", afresh({ view: "papers", masking: ["attention-guided"] }), "See them"]);
  const video = papers.filter((p) => p.facet.modality.includes("video"));
  if (video.length) {
    const counts = new Map();
    for (const p of video) for (const t of p.facet.target) if (t !== "other") counts.set(t, (counts.get(t) || 0) + 1);
    const top = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 4).map(([t, c]) => t + " (" + c + ")");
    out.push(["What do video methods predict?", "Of " + plural(video.length, "paper") + ": " + top.join(", ") + ".", afresh({ view: "papers", modality: ["video"] }), "See them"]);
  }
  const vitb = results.filter((r) => r.benchmark === "imagenet1k-finetune" && sizeOf(r.backbone) === "vit-b" && r.isChecked).sort((a, b) => b.value - a.value)[0];
  if (vitb) out.push(["What is the best ViT\u2011B figure on ImageNet\u20111K?", [h("strong", {}, figureText(vitb.value) + " %"), " by ", vitb.paper, vitb.pretrain_data ? ", pre-trained on " + vitb.pretrain_data : "", vitb.resolution ? ", at " + vitb.resolution + " px" : "", "; read in ", ...source(vitb.source), "."], afresh({ view: "results", bench: vitb.benchmark, size: ["vit-b"], r: vitb.id, kind: "", checked: "" }), "Compare"]);
  const mae = paperByShort.get("MAE"), near = mae ? nearestTo(mae, 4) : [];
  if (near.length) out.push(["What is near MAE?", "By the words of titles and summaries: " + names(near) + ".", tree ? afresh({ view: "dendrogram", paper: mae.id }) : afresh({ view: "papers", paper: mae.id }), "Find it in the tree"]);
  const families = FAMILIES.slice(0, 3).map((f) => [f, papers.filter((p) => p.family === f).length]);
  if (forms.length) out.push(["How do they work?", families.map(([f, n]) => n + " " + f).join(", ") + ": two generic forms and their sum, step by step.", afresh({ view: "forms" }), "See the forms"]);
  if (gaps.length) out.push(["What is still open?", gaps.slice(0, 2).map((g) => g.title).join("; ") + "; and " + (gaps.length - 2) + " more.", afresh({ view: "gaps" }), "See the gaps"]);
  return out;
}

function names(list) {
  const some = list.slice(0, 4).map((p) => p.short);
  return some.length > 1 ? some.slice(0, -1).join(", ") + " and " + some[some.length - 1] : some.join("");
}
