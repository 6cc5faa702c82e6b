/* report.js - a switch for light and dark, values under the pointer, and folded runs that open when linked to. The page
   is whole without it. */
"use strict";
(() => {
  const root = document.documentElement, button = document.querySelector(".theme"), tip = document.querySelector(".tip");
  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  button.hidden = false;
  button.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; });

  const open = () => {
    const run = location.hash.startsWith("#run-") && document.getElementById(location.hash.slice(1));
    if (run) run.open = true;
  };
  addEventListener("hashchange", open);
  open();

  const short = v => Math.abs(v) >= 1000 ? Math.round(v).toLocaleString("en") : String(Number(v.toPrecision(4)));
  const numbers = text => text ? text.split(" ").map(v => v === "-" ? NaN : Number(v)) : [];
  for (const svg of document.querySelectorAll("svg[data-plot]")) {
    const [x0, x1, y0, , low, high, isLog] = svg.dataset.plot.split(" ").map(Number);
    const series = [...svg.querySelectorAll(".series")].map(g => ({ name: g.dataset.name, x: numbers(g.dataset.x), y: numbers(g.dataset.y) }));
    const cursor = document.createElementNS("http://www.w3.org/2000/svg", "path");
    cursor.setAttribute("class", "cursor");
    svg.append(cursor);
    const place = v => x0 + (x1 - x0) * (isLog ? Math.log(v / low) / Math.log(high / low) : (v - low) / (high - low));
    svg.addEventListener("pointermove", event => {
      const box = svg.getBoundingClientRect(), at = (event.clientX - box.left) * svg.viewBox.baseVal.width / box.width;
      let best = NaN;
      for (const s of series) s.x.forEach((x, i) => {
        if (!Number.isNaN(s.y[i]) && !(Math.abs(place(x) - at) >= Math.abs(place(best) - at))) best = x;
      });
      if (Number.isNaN(best) || at < x0 - 20 || at > x1 + 20) return leave();
      const lines = [`${(svg.dataset.xLabel || "x").split(";")[0]} ${short(best)}`];
      for (const s of series) {
        const values = s.y.filter((y, i) => s.x[i] === best && !Number.isNaN(y));
        if (values.length) lines.push((s.name ? s.name + ": " : "") + values.map(short).join(", "));
      }
      cursor.setAttribute("d", `M${place(best).toFixed(1)} ${svg.dataset.plot.split(" ")[3]}V${y0}`);
      tip.replaceChildren(...lines.flatMap((line, i) => i ? [document.createElement("br"), line] : [line]));
      tip.hidden = false;
      const wide = tip.offsetWidth, left = event.clientX + 14;
      tip.style.left = `${left + wide > innerWidth - 8 ? event.clientX - wide - 14 : left}px`;
      tip.style.top = `${Math.max(8, event.clientY - 10)}px`;
    });
    const leave = () => { tip.hidden = true; cursor.removeAttribute("d"); };
    svg.addEventListener("pointerleave", leave);
  }
})();
