/* results.js - published figures as dots on a scale, a row for each method, and every figure with its source below.
 *
 * A full dot is the authors' figure, a ring a rerun, a hollow dashed one is unchecked (from memory, no source), a diamond was
 * measured here. The colour is the method's family. */

views.results = (st) => {
  const bench = benchmarks.includes(st.bench) ? st.bench : st.r ? resultById.get(st.r).benchmark : benchmarks[0];
  if (!bench) return [h("h1", {}, "Results"), h("p", { class: "standfirst" }, "The tables hold no results.")];
  const every = [...results, ...measured].filter((r) => r.benchmark === bench);
  const found = isSelecting(st) ? new Set(selectPapers(st)) : null;
  const kept = every.filter((r) => (!found || (r.of && found.has(r.of))) && (!st.kind || (r.isMeasured ? "measured" : r.kind) === st.kind) && (!st.checked || r.isChecked));
  const rows = kept.filter((r) => !st.size.length || st.size.includes(sizeOf(r.backbone)));
  const metric = every[0].metric, lower = isLowerBetter(metric);
  const unchecked = rows.filter((r) => !r.isChecked).length;
  return [
    h("h1", {}, "Results"),
    h("p", { class: "standfirst" }, "Published figures with where each was read. Protocols differ in recipe, data and resolution: read the note before comparing two."),
    h("div", { class: "results-tools" },
      h("label", { for: "bench" }, "Benchmark ", h("select", { id: "bench", onchange: (event) => go({ bench: event.target.value, r: "", size: [] }) },
        benchmarks.map((b) => h("option", { value: b, selected: b === bench }, benchmarkName(b) + " (" + benchmarkCounts.get(b) + ")")))),
      h("div", { class: "sizes", role: "group", "aria-label": "Backbone" }, SIZES.map(([key, name]) => {
        const count = kept.filter((r) => sizeOf(r.backbone) === key).length, on = st.size.includes(key);
        return (count > 0 || on) && h("button", { type: "button", class: "toggle", id: "size-" + key, "aria-pressed": String(on), onclick: () => go({ size: on ? st.size.filter((x) => x !== key) : [...st.size, key] }) }, name, " ", h("span", { class: "meta" }, count));
      })),
      h("label", { for: "kind" }, "From ", h("select", { id: "kind", onchange: (event) => go({ kind: event.target.value }) },
        [["", "authors and reruns"], ["paper", "authors"], ["rerun", "reruns"], ...(measured.length ? [["measured", "measured here"]] : [])].map(([v, t]) => h("option", { value: v, selected: st.kind === v }, t)))),
      h("label", { class: "check", for: "checked" }, h("input", { type: "checkbox", id: "checked", checked: st.checked === "1", onchange: (event) => go({ checked: event.target.checked ? "1" : "" }) }), "only checked")),
    h("p", { class: "meta results-count" }, plural(rows.length, "figure"), rows.length < every.length ? " of " + every.length : "", " from ", plural(new Set(rows.map((r) => r.paper)).size, "method"), ", ", metric, lower ? ", lower is better" : "",
      unchecked ? [". ", h("span", { class: "unchecked" }, unchecked + " unchecked"), ": remembered, without a source"] : "", "."),
    rows.length ? drawChart(rows, st, metric, lower) : h("p", { class: "empty" }, "No figure fits. ", h("a", { href: to({ ...noSelection(), size: [], kind: "", checked: "" }) }, "Show all of this benchmark"), "."),
    rows.length > 0 && figureTable(rows, st, lower),
  ];
};

function markLegend() {
  const sample = (kind) => s("svg", { viewBox: "-8 -8 16 16", width: 16, height: 16, "aria-hidden": "true" }, markShape(kind, 0, 0, "f-none"));
  return h("ul", { class: "legend marks" }, [["paper", "authors' figure"], ["rerun", "rerun by others"], ["memory", "unchecked"], ...(measured.length ? [["measured", "measured here"]] : [])].map(([k, t]) => h("li", {}, sample(k), t)));
}

function markOf(r) {
  return r.isMeasured ? "measured" : !r.isChecked ? "memory" : r.kind;
}

function markShape(kind, x, y, family) {
  if (kind === "measured") return s("path", { class: "mark-measured " + family, d: "M" + x + "," + (y - 6) + "l6,6l-6,6l-6,-6z" });
  return s("circle", { class: "mark-" + kind + " " + family, cx: x, cy: y, r: kind === "paper" ? 5 : 4.4 });
}

function niceTicks(low, high, count) {
  const rough = (high - low) / Math.max(1, count), power = 10 ** Math.floor(Math.log10(rough || 1));
  const step = [1, 2, 5, 10].map((m) => m * power).find((v) => v >= rough) || power;
  const out = [];
  for (let v = Math.ceil(low / step - 1e-9); v * step <= high + step * 1e-9; v++) out.push(Number((v * step).toPrecision(12)));
  return out;
}

function drawChart(rows, st, metric, lower) {
  const better = (a, b) => (lower ? a.value - b.value : b.value - a.value);
  const methods = new Map();
  for (const r of rows) {
    if (!methods.has(r.paper)) methods.set(r.paper, []);
    methods.get(r.paper).push(r);
  }
  for (const list of methods.values()) list.sort(better);
  const order = [...methods.keys()].sort((x, y) => better(methods.get(x)[0], methods.get(y)[0]));
  const isNarrow = document.getElementById("main").clientWidth < 620;
  const width = isNarrow ? 360 : 1000, left = isNarrow ? 104 : 190, right = isNarrow ? 50 : 58, line = 22, top = 30;
  const values = rows.map((r) => Number(r.value));
  let low = Math.min(...values), high = Math.max(...values);
  const pad = Math.max((high - low) * 0.04, 0.2);
  low -= pad;
  high += pad;
  const x = (v) => left + ((v - low) / (high - low)) * (width - left - right);
  const height = top + order.length * line + 8;
  const marks = [];
  const card = h("div", { class: "figure-card", id: "figure-card" });
  const show = (r) => card.replaceChildren(...figureCard(r));
  const svg = s("svg", { viewBox: "0 0 " + width + " " + height, class: "chart", role: "group", "aria-label": benchmarkName(rows[0].benchmark) + ", " + metric + ": a row for each method; arrow keys go from figure to figure, Enter holds one" },
    niceTicks(low, high, isNarrow ? 4 : 8).map((v) => s("g", { class: "tick", "aria-hidden": "true" }, s("line", { x1: x(v), x2: x(v), y1: top - 8, y2: height }), s("text", { x: x(v), y: top - 14 }, v))),
    order.map((name, i) => {
      const list = methods.get(name), y = top + i * line + line / 2, paper = list[0].of;
      const best = list[0], span = list.map((r) => x(Number(r.value)));
      return s("g", { class: "method" + (paper && st.paper === paper.id ? " is-chosen" : "") },
        s("rect", { class: "method-row", x: 0, y: y - line / 2, width, height: line }),
        paper ? s("a", { href: to({ paper: paper.id }), "data-paper": paper.id, id: "method-" + i }, s("text", { x: left - 14, y, dy: "0.34em", class: "method-name" }, clipText(name, isNarrow ? 15 : 27)))
          : s("text", { x: left - 14, y, dy: "0.34em", class: "method-name outside" }, clipText(name, isNarrow ? 15 : 27)),
        s("line", { class: "method-span", x1: Math.min(...span), x2: Math.max(...span), y1: y, y2: y, "aria-hidden": "true" }),
        [...list].reverse().map((r) => {
          const g = s("g", { class: "figure" + (st.r === r.id ? " is-open" : ""), role: "button", tabindex: "-1", id: "fig-" + r.id, "data-r": r.id, "aria-pressed": String(st.r === r.id), "aria-label": r.paper + ", " + r.backbone + ": " + figureText(r.value) + (r.isChecked ? "" : ", unchecked") + (r.kind === "rerun" ? ", rerun" : "") },
            s("circle", { class: "hit", cx: x(Number(r.value)), cy: y, r: 9 }), markShape(markOf(r), x(Number(r.value)), y, "f-" + familyKey(r.family)));
          g.figure = r;
          marks.push(g);
          return g;
        }),
        s("text", { x: width - right + 12, y, dy: "0.34em", class: "best" + (best.isChecked ? "" : " is-unchecked"), "aria-hidden": "true" }, figureText(best.value) + (best.isChecked ? "" : "?")));
    }));
  const chosen = marks.find((g) => g.figure.id === st.r) || marks.find((g) => g.figure === methods.get(order[0])[0]);
  chosen.setAttribute("tabindex", "0");
  show(chosen.figure);
  const figureOf = (event) => {
    const g = event.target.closest("[data-r]");
    return g && g.figure;
  };
  svg.addEventListener("mouseover", (event) => figureOf(event) && show(figureOf(event)));
  svg.addEventListener("mouseleave", () => show(chosen.figure));
  svg.addEventListener("focusin", (event) => figureOf(event) && show(figureOf(event)));
  const hold = (r) => {
    if (r.isMeasured) return;
    focusAfter = "fig-" + r.id;
    go({ r: st.r === r.id ? "" : r.id, bench: r.benchmark });
  };
  svg.addEventListener("click", (event) => figureOf(event) && hold(figureOf(event)));
  svg.addEventListener("keydown", (event) => {
    const g = event.target.closest("[data-r]");
    if (!g) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      return hold(g.figure);
    }
    const mine = marks.filter((m) => m.parentNode === g.parentNode), at = mine.indexOf(g);
    let next = null;
    if (event.key === "ArrowRight") next = mine[at + 1];
    else if (event.key === "ArrowLeft") next = mine[at - 1];
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const step = event.key === "ArrowDown" ? "nextElementSibling" : "previousElementSibling";
      const row = g.parentNode[step];
      next = row && row.classList.contains("method") ? row.querySelectorAll("[data-r]") : null;
      next = next && next[next.length - 1];
    } else return;
    event.preventDefault();
    if (!next) return;
    for (const m of marks) m.setAttribute("tabindex", m === next ? "0" : "-1");
    next.focus();
  });
  return h("div", { class: "chart-box" }, h("div", { class: "chart-legends" }, familyLegend(), markLegend()), card, svg);
}

/* One figure in words, with its source. */
function figureCard(r) {
  return [
    h("p", { class: "figure-value" }, h("strong", {}, figureText(r.value)), " ", h("span", { class: "meta" }, r.metric), !r.isChecked && [" ", uncheckedMark()]),
    h("p", { class: "figure-what" }, familyDot(r.family), r.of ? h("a", { href: to({ paper: r.of.id }), "data-paper": r.of.id }, r.paper) : r.paper, ", ", r.backbone || "backbone not known", ", ", benchmarkName(r.benchmark)),
    h("p", { class: "meta" }, [r.pretrain_data && "pre-trained on " + r.pretrain_data, r.epochs !== "" && r.epochs !== undefined && r.epochs + " epochs", r.resolution && r.resolution + " px", r.kind === "rerun" ? "rerun by others" : r.isMeasured ? "measured with Lacuna" : "the authors' figure"].filter(Boolean).join(" · ")),
    h("p", { class: "meta" }, "Source: ", r.isChecked ? sourceOf(r) : "none, the figure is from memory", r.note ? [". ", r.note] : "", "."),
  ];
}

function figureTable(rows, st, lower) {
  const sorted = [...rows].sort((a, b) => (lower ? a.value - b.value : b.value - a.value));
  return h("details", { class: "figure-list", open: true }, h("summary", {}, "All ", plural(rows.length, "figure"), " with sources"),
    h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Figures with sources" }, h("table", { class: "plain" }, h("thead", {}, h("tr", {}, ["Method", "Backbone", "Value", "Pre-training", "Source", "Note"].map((t) => h("th", { scope: "col", class: t === "Value" ? "number" : null }, t)))),
      h("tbody", {}, sorted.map((r) => h("tr", { class: st.r === r.id ? "is-chosen" : null },
        h("th", { scope: "row" }, familyDot(r.family), r.of ? h("a", { href: to({ paper: r.of.id }), "data-paper": r.of.id }, r.paper) : r.paper),
        h("td", {}, r.backbone, r.resolution && h("span", { class: "meta" }, " " + r.resolution)),
        h("td", { class: "number" }, h("strong", {}, figureText(r.value)), !r.isChecked && [" ", uncheckedMark()]),
        h("td", {}, [r.pretrain_data, r.epochs !== "" && r.epochs !== undefined && r.epochs + " ep."].filter(Boolean).join(", ")),
        h("td", {}, sourceOf(r)), h("td", { class: "note-cell" }, r.note)))))));
}
