/* timeline.js - every paper as one dot in its year, and the survey's events in order. */

views.timeline = (st) => {
  const found = new Set(selectPapers({ ...st, year: [] }));
  return [
    h("h1", {}, "Timeline"),
    h("p", { class: "standfirst" }, "One dot is one paper, in the year of its venue, coloured by family. With them, the events by which the survey tells the history."),
    h("div", { class: "columns timeline" }, h("div", { class: "timeline-years" }, familyLegend(), drawYears(st, found)),
    h("section", { "aria-labelledby": "events-title" }, h("h2", { id: "events-title", class: "vh" }, "Events"), h("ol", { class: "events" }, timeline.map((e, i) => h("li", { class: e.of && st.paper === e.of.id ? "is-chosen" : null },
      h("span", { class: "event-date" }, dateText(e.date || String(e.year))),
      h("div", { class: "event-body" },
        h("p", { class: "event-name" }, e.of && familyDot(e.of.family), e.of ? h("a", { id: "event-" + i, href: to({ paper: e.of.id }), "data-paper": e.of.id }, e.paper) : e.paper === "-" ? "The survey" : e.paper, " ", h("span", { class: "meta" }, e.event)),
        h("p", {}, e.why))))))),
  ];
};

function dateText(date) {
  const months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
  const m = /^(\d{4})-(\d\d)(?:-(\d\d))?$/.exec(date);
  return m ? (m[3] ? Number(m[3]) + " " : "") + (months[Number(m[2]) - 1] || "") + " " + m[1] : date;
}

/* Columns of dots, years with none between two with some shown as a gap. Roving focus: one dot takes Tab, arrows go on. */
function drawYears(st, found, compact) {
  const years = new Map();
  for (const p of papers) if (p.year) {
    if (!years.has(String(p.year))) years.set(String(p.year), []);
    years.get(String(p.year)).push(p);
  }
  const names = [...years.keys()].sort();
  for (const y of names) years.get(y).sort((a, b) => FAMILIES.indexOf(familyKey(a.family)) - FAMILIES.indexOf(familyKey(b.family)) || a.index - b.index);
  const most = Math.max(...names.map((y) => years.get(y).length));
  const isNarrow = innerWidth < 720; /* fewer dots abreast, so that they and the years stay legible on a phone */
  const rows = isNarrow ? 20 : compact ? 12 : 14, size = 13, gap = isNarrow ? 6 : 22, skip = isNarrow ? 14 : 34, least = isNarrow ? 31 : 34;
  const wide = (y) => Math.ceil(years.get(y).length / rows);
  let x = 0;
  const columns = names.map((y, i) => {
    const skipped = i > 0 && Number(y) - Number(names[i - 1]) > 1;
    x += i === 0 ? 0 : skipped ? skip : gap;
    const column = { y, x, width: Math.max(wide(y) * size, least), skipped };
    x += column.width;
    return column;
  });
  const width = x, tall = Math.min(rows, most) * size, height = tall + 40;
  const isAll = found.size === papers.length;
  const tip = h("p", { class: "dot-tip", "aria-hidden": "true" }, "Point at a dot for its paper; a click opens it.");
  let first = true;
  const dots = [];
  const svg = s("svg", { viewBox: "-8 -6 " + (width + 16) + " " + (height + 6), class: "years", role: "group", "aria-label": "Papers by year, one dot each; arrow keys go from dot to dot, Enter opens a paper" },
    columns.map((c) => {
      const list = years.get(c.y), across = wide(c.y), offset = (c.width - across * size) / 2;
      return [
        c.skipped && s("text", { x: c.x - skip / 2, y: tall + 14, class: "year-gap", "aria-hidden": "true" }, "…"),
        list.map((p, i) => {
          const down = Math.floor(i / across), along = i % across;
          const dot = s("circle", { cx: c.x + offset + along * size + size / 2, cy: tall - down * size - size / 2, r: 5, class: "dot-svg f-" + familyKey(p.family) + (!isAll && !found.has(p) ? " is-faint" : "") + (p.isOwn ? " is-own" : "") + (st.paper === p.id ? " is-open" : ""), tabindex: first ? "0" : "-1", role: "link", "aria-label": p.short + ", " + p.year + ", " + p.family, "data-paper": p.id, id: "dot-" + p.index });
          first = false;
          dots.push(dot);
          return dot;
        }),
        s("a", { href: to({ view: compact ? "papers" : state.view, year: !compact && st.year.length === 1 && st.year[0] === c.y ? [] : [c.y] }), class: "year" + (st.year.some((v) => isYear(v, c.y)) ? " is-chosen" : ""), "aria-label": c.y + ": " + plural(list.length, "paper") },
          s("rect", { class: "hit", x: c.x + c.width / 2 - 20, y: tall + 3, width: 40, height: 32 }), s("text", { x: c.x + c.width / 2, y: tall + 16 }, c.y), s("text", { x: c.x + c.width / 2, y: tall + 31, class: "year-count" }, isAll ? list.length : list.filter((p) => found.has(p)).length + (isNarrow ? "/" : " of ") + list.length)),
      ];
    }));
  const paperAt = (event) => event.target.dataset && event.target.dataset.paper && paperById.get(event.target.dataset.paper);
  const show = (event) => {
    const p = paperAt(event);
    if (p) tip.replaceChildren(familyDot(p.family), h("strong", {}, p.short), " ", p.title, " ", h("span", { class: "meta" }, [p.venue, p.year].filter(Boolean).join(" ")));
  };
  const open = (event) => {
    const p = paperAt(event);
    if (!p) return;
    event.preventDefault();
    focusAfter = event.target.id;
    go({ paper: p.id });
  };
  svg.addEventListener("mouseover", show);
  svg.addEventListener("focusin", show);
  svg.addEventListener("click", open);
  svg.addEventListener("keydown", (event) => {
    const at = dots.indexOf(event.target);
    if (at < 0) return;
    if (event.key === "Enter" || event.key === " ") return open(event);
    const next = dots[at + ({ ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key] || 0)];
    if (!next || next === event.target) return;
    event.preventDefault();
    event.target.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  });
  return h("div", { class: "years-box" }, h("div", { class: "years-scroll" }, svg), tip);
}
