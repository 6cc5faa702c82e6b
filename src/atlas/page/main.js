/* main.js - draws the state: header, selection, one view, the panel; keys; theme. */

let focusAfter = ""; /* id to focus when the next drawing is done */
let drawnView = "";

/* The state of the URL, drawn. Focus stays on the element with the same id, so a filter can be switched by keyboard. */
function arrive(focusId) {
  const before = document.activeElement && document.activeElement !== document.body ? document.activeElement.id : "";
  const paperBefore = state.paper;
  state = parseHash(location.hash);
  const main = document.getElementById("main"), viewChanged = drawnView !== state.view;
  const found = selectPapers(state);
  drawTabs();
  drawSelection(state, found);
  const scrolls = [...main.querySelectorAll(".filters, .branch-papers")].map((x) => x.scrollTop);
  main.replaceChildren(h("div", { class: "view view-" + state.view }, views[state.view](state)));
  drawPanel(state);
  [...main.querySelectorAll(".filters, .branch-papers")].forEach((x, i) => scrolls[i] && (x.scrollTop = scrolls[i]));
  document.title = (state.paper ? paperById.get(state.paper).short + " · " : "") + VIEWS.find(([v]) => v === state.view)[1] + " · Atlas of masked image modeling";
  const search = document.getElementById("search");
  if (document.activeElement !== search) search.value = state.q;
  if (isSelecting(state)) say(plural(found.length, "paper") + " selected");
  const wanted = focusAfter || (typeof focusId === "string" ? focusId : "");
  focusAfter = "";
  if (viewChanged && drawnView && before !== "search") scrollTo(0, 0);
  const first = drawnView === "";
  drawnView = state.view;
  const opened = state.paper && state.paper !== paperBefore && !first;
  const covered = Boolean(state.paper) && matchMedia("(max-width: 719px)").matches; /* there the panel is all one sees */
  for (const id of ["main", "foot", "top", "selection"]) document.getElementById(id).inert = covered;
  queueMicrotask(() => {
    const target = (covered && opened && document.getElementById("panel-title")) || (wanted && document.getElementById(wanted)) || (opened && document.getElementById("panel-title")) || (viewChanged && !first && before !== "search" && main) || (before && document.getElementById(before));
    if (target && target !== document.activeElement) target.focus({ preventScroll: !wanted.startsWith("t-") });
    if (target && wanted.startsWith("dn-")) target.closest(".dendrogram-box").scrollIntoView({ block: "nearest" });
  });
}

function drawTabs() {
  const tabs = document.getElementById("tabs");
  tabs.replaceChildren(...VIEWS.map(([view, name]) => h("li", {}, h("a", { id: "tab-" + view, href: to({ view }), "aria-current": state.view === view ? "page" : null }, name))));
  document.getElementById("brand").setAttribute("href", "#overview");
  requestAnimationFrame(() => {
    const nav = tabs.parentElement, current = document.getElementById("tab-" + state.view);
    if (nav.scrollWidth > nav.clientWidth) nav.scrollLeft = current.offsetLeft - (nav.clientWidth - current.offsetWidth) / 2;
  });
}

/* ---- theme: the system's, or the reader's choice, kept where the browser allows ---- */

const THEMES = ["auto", "light", "dark"];
let theme = "auto";
try {
  theme = THEMES.includes(localStorage.getItem("atlas-theme")) ? localStorage.getItem("atlas-theme") : "auto";
} catch (e) { /* storage may be forbidden to files: then the choice lasts as long as the page */ }

function setTheme(name) {
  theme = name;
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  const button = document.getElementById("theme"), sign = { auto: "◐", light: "○", dark: "●" }[name];
  button.replaceChildren(h("span", { "aria-hidden": "true" }, sign), h("span", { class: "vh" }, "Theme: " + name + ". Switch"));
  button.title = "Theme: " + name;
  try {
    localStorage.setItem("atlas-theme", name);
  } catch (e) { /* as above */ }
}

/* ---- keys and forms ---- */

document.addEventListener("keydown", (event) => {
  const search = document.getElementById("search");
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox" && event.target.type !== "range";
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    search.focus();
    search.select();
  } else if (event.key === "Escape") {
    if (document.activeElement === search) {
      if (search.value) {
        search.value = "";
        go({ q: "" }, true);
      } else search.blur();
    } else if (state.paper) closePanel();
    else if (isSelecting(state)) go(noSelection());
    else return;
    event.preventDefault();
  }
});

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("main").focus();
});
document.getElementById("theme").addEventListener("click", () => setTheme(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]));
document.getElementById("search-form").addEventListener("submit", (event) => {
  event.preventDefault();
  go({ view: "papers" });
});
document.getElementById("search").addEventListener("input", (event) => {
  const fromElsewhere = state.view !== "papers" && event.target.value;
  go({ q: event.target.value, view: event.target.value ? "papers" : state.view, paper: fromElsewhere ? "" : state.paper }, !fromElsewhere);
});

let lastWidth = innerWidth;
addEventListener("hashchange", arrive);
addEventListener("resize", () => {
  if (innerWidth === lastWidth) return; /* a phone's address bar changes the height all the time */
  lastWidth = innerWidth;
  arrive();
});

document.getElementById("search").placeholder = "Search " + papers.length + " papers";
document.getElementById("foot-text").replaceChildren(
  "Tables of the literature after Hondru, Croitoru, Minaee, Ionescu and Sebe, ", outward("https://arxiv.org/abs/2408.06687", "Masked Image Modeling: A Survey"), " (IJCV 2025). Figures carry their own sources. Written by ", DATA.generator || "lacuna atlas page", ".");
setTheme(theme);
arrive();
/* When the first picture was there and the page answered, in ms since navigation began. */
requestAnimationFrame(() => setTimeout(() => (document.documentElement.dataset.ready = String(Math.round(performance.now())))));
