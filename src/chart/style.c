/* chart/style.c - the look of charts: custom properties for colours, so that a page can bring its own. */
#include "chart/chart.h"

const char lac_chart_colours[] =
    ":root { --paper: #ffffff; --ink: #1d1c1a; --soft: #56524c; --rule: #c9c3b8; --grid: #ebe7df;\n"
    "  --s0: #2b6cb0; --s1: #bf5414; --s2: #0c7569; --s3: #8c3fa3; --s4: #8a6400; --s5: #b03061; --s6: #48732a; --s7: "
    "#67625a; }\n"
    "@media (prefers-color-scheme: dark) { :root { --paper: #16171a; --ink: #eceae5; --soft: #b9b5ad; --rule: #4a4d54; "
    "--grid: #2a2c31;\n"
    "  --s0: #6cacee; --s1: #f09a5e; --s2: #4fbfae; --s3: #cd97e2; --s4: #d9ad4c; --s5: #ec86ab; --s6: #93c26c; --s7: "
    "#b0aaa0; } }\n";

const char lac_chart_style[] =
    ".chart { font: 11px/1.2 Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', "
    "Arial, sans-serif; }\n"
    ".chart text { fill: var(--soft); font-variant-numeric: tabular-nums; }\n"
    ".chart .title { fill: var(--ink); font-size: 13px; font-weight: 600; }\n"
    ".chart .key, .chart .cell-name { fill: var(--ink); }\n"
    ".chart .paper { fill: var(--paper); }\n"
    ".chart .grid { stroke: var(--grid); }\n"
    ".chart .axis { stroke: var(--rule); }\n"
    ".chart .rule { stroke: var(--soft); stroke-dasharray: 4 3; fill: none; }\n"
    ".chart .line { fill: none; stroke-width: 1.75; stroke-linejoin: round; stroke-linecap: round; }\n"
    ".chart .dashed { stroke-dasharray: 5 4; stroke-width: 1.4; }\n"
    ".chart .halo { paint-order: stroke; stroke: var(--paper); stroke-width: 3px; stroke-linejoin: round; }\n"
    ".chart .heat { fill: var(--s0); }\n"
    ".chart .empty { fill: none; stroke: var(--grid); }\n"
    ".chart .on-dark { fill: var(--paper); }\n"
    ".chart .on-light { fill: var(--ink); }\n"
    ".s0 { stroke: var(--s0); } .s1 { stroke: var(--s1); } .s2 { stroke: var(--s2); } .s3 { stroke: var(--s3); }\n"
    ".s4 { stroke: var(--s4); } .s5 { stroke: var(--s5); } .s6 { stroke: var(--s6); } .s7 { stroke: var(--s7); }\n"
    ".dot.s0 { fill: var(--s0); } .dot.s1 { fill: var(--s1); } .dot.s2 { fill: var(--s2); } .dot.s3 { fill: var(--s3); "
    "}\n"
    ".dot.s4 { fill: var(--s4); } .dot.s5 { fill: var(--s5); } .dot.s6 { fill: var(--s6); } .dot.s7 { fill: var(--s7); "
    "}\n"
    ".chart .dot { stroke: var(--paper); stroke-width: .8; }\n";
