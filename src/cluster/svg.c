/* cluster/svg.c - a dendrogram as a self-contained SVG: the root at the left, one line of text a leaf, clusters as
 * coloured subtrees with their names at the right. Styles are CSS in the file, so that a page can restyle it. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "cluster/draw.h"
#include "cluster/escape.h"

enum {
    WIDTH = 1180,
    LEFT = 24,
    TREE = 440, /* from root to leaves */
    ROW = 15,
    GAP = 9, /* between clusters */
    NAME = LEFT + TREE + 8,
    BRACKET = 790,
    LONGEST_NAME = 44,
    LONGEST_CLUSTER = 56,
    N_COLOURS = 8
};

static const char style[] =
    "<style>\n"
    "svg { color-scheme: light dark; --paper: #ffffff; --ink: #1c2128; --soft: #656d76; --line: #8c959f; --grid: "
    "#e4e8ec;\n"
    "  --c0: #0969da; --c1: #bc4c00; --c2: #1a7f37; --c3: #8250df; --c4: #bf3989; --c5: #0e7490; --c6: #9a6700; --c7: "
    "#cf222e;\n"
    "  font: 11px/1.2 system-ui, 'Helvetica Neue', Arial, sans-serif; }\n"
    "@media (prefers-color-scheme: dark) { svg { --paper: #0d1117; --ink: #e6edf3; --soft: #9198a1; --line: #6e7681; "
    "--grid: "
    "#21262d;\n"
    "  --c0: #58a6ff; --c1: #f0883e; --c2: #3fb950; --c3: #bc8cff; --c4: #f778ba; --c5: #39c5cf; --c6: #e3b341; --c7: "
    "#ff7b72; "
    "} }\n"
    ".paper { fill: var(--paper); }\n"
    "text { fill: var(--ink); }\n"
    ".title { font-size: 18px; font-weight: 600; }\n"
    ".soft { fill: var(--soft); }\n"
    ".grid { stroke: var(--grid); }\n"
    ".cut { stroke: var(--ink); stroke-dasharray: 3 3; }\n"
    ".join { fill: none; stroke: var(--line); stroke-width: 1.2; }\n"
    ".bracket { stroke-width: 3; }\n"
    ".name { font-weight: 600; }\n"
    "@media print { svg { --paper: #ffffff; --ink: #000000; --soft: #444444; } }\n";

static void put_styles(lac_text *out) {
    lac_text_put(out, style, sizeof style - 1);
    for (int c = 0; c < N_COLOURS; c++)
        lac_text_add(out, ".c%d { stroke: var(--c%d); } text.c%d { stroke: none; fill: var(--c%d); }\n", c, c, c, c);
    lac_text_add(out, "</style>\n");
}

typedef struct layout {
    const lac_tree_view *view;
    int64_t *leaves;  /* top to bottom */
    int32_t *cluster; /* of each node, from 1; 0: of no single cluster */
    double *y;        /* of each node */
    double top, bottom, highest;
} layout;

static double x_of(const layout *l, double height) {
    return LEFT + TREE * (1 - (l->highest > 0 ? height / l->highest : 0));
}

static void place(layout *l) {
    const lac_tree_view *view = l->view;
    size_t n = view->n;
    l->top = (view->title ? 40 : 12) + (view->subtitle ? 22 : 0) + 38.0;
    double y = l->top;
    for (size_t k = 0; k < n; k++) {
        int64_t leaf = l->leaves[k];
        l->cluster[leaf] = view->labels ? view->labels[leaf] : 0;
        if (k > 0 && l->cluster[leaf] != l->cluster[l->leaves[k - 1]]) y += GAP;
        l->y[leaf] = y + ROW / 2.0;
        y += ROW;
    }
    l->bottom = y;
    for (size_t k = 0; k + 1 < n; k++) {
        const lac_merge *m = &view->merges[k];
        l->y[n + k] = (l->y[m->a] + l->y[m->b]) / 2;
        l->cluster[n + k] = l->cluster[m->a] == l->cluster[m->b] ? l->cluster[m->a] : 0;
        if (m->height > l->highest) l->highest = m->height;
    }
}

/* A step of 1, 2 or 5 times a power of ten that gives four to ten ticks. */
static double tick_step(double range) {
    double power = pow(10, floor(log10(range / 4)));
    double steps = range / 4 / power;
    return power * (steps >= 5 ? 5 : steps >= 2 ? 2 : 1);
}

static void put_axis(const layout *l, lac_text *out) {
    double y = l->top - 8;
    if (l->view->axis) {
        lac_text_add(out, "<text class=\"soft\" x=\"%d\" y=\"%.1f\">", LEFT, y - 16);
        lac_put_xml(out, l->view->axis, 80);
        lac_text_add(out, "</text>\n");
    }
    if (!(l->highest > 0)) return;
    double step = tick_step(l->highest);
    for (int k = 0; k * step <= l->highest * (1 + 1e-9); k++) {
        double x = x_of(l, k * step);
        lac_text_add(out, "<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/>", x, y, l->bottom);
        lac_text_add(out, "<text class=\"soft\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%g</text>\n", x, y - 3,
                     k * step);
    }
}

static void put_cut(const layout *l, lac_text *out) {
    const lac_tree_view *view = l->view;
    if (!view->labels || !(view->cut_height >= 0) || view->cut_height > l->highest) return;
    lac_text_add(out, "<path class=\"cut\" d=\"M%.1f %.1fV%.1f\"/>\n", x_of(l, view->cut_height), l->top - 8,
                 l->bottom + 4);
}

static void put_class(lac_text *out, const char *what, int32_t cluster) {
    lac_text_add(out, "class=\"%s", what);
    if (cluster > 0) lac_text_add(out, " c%d", (int)((cluster - 1) % N_COLOURS));
    lac_text_put(out, "\"", 1);
}

static void put_joins(const layout *l, lac_text *out) {
    const lac_tree_view *view = l->view;
    for (size_t k = 0; k + 1 < view->n; k++) {
        const lac_merge *m = &view->merges[k];
        double low_a = m->a < (int64_t)view->n ? 0 : view->merges[m->a - (int64_t)view->n].height;
        double low_b = m->b < (int64_t)view->n ? 0 : view->merges[m->b - (int64_t)view->n].height;
        lac_text_add(out, "<path ");
        put_class(out, "join", l->cluster[view->n + k]);
        lac_text_add(out, " data-node=\"%zu\" d=\"M%.1f %.1fH%.1fV%.1fH%.1f\"/>\n", view->n + k, x_of(l, low_a),
                     l->y[m->a], x_of(l, m->height), l->y[m->b], x_of(l, low_b));
    }
}

static void put_leaves(const layout *l, lac_text *out) {
    const lac_tree_view *view = l->view;
    for (size_t k = 0; k < view->n; k++) {
        int64_t leaf = l->leaves[k];
        lac_text_add(out, "<text x=\"%d\" y=\"%.1f\" data-node=\"%lld\"><title>", NAME, l->y[leaf] + 4,
                     (long long)leaf);
        lac_put_xml(out, view->hints ? view->hints[leaf] : view->names[leaf], 0);
        lac_text_add(out, "</title>");
        lac_put_xml(out, view->names[leaf], LONGEST_NAME);
        lac_text_add(out, "</text>\n");
    }
}

static void put_cluster(const layout *l, size_t first, size_t last, lac_text *out) {
    const lac_tree_view *view = l->view;
    int32_t cluster = l->cluster[l->leaves[first]];
    double from = l->y[l->leaves[first]] - ROW / 2.0 + 1, to = l->y[l->leaves[last]] + ROW / 2.0 - 1;
    lac_text_add(out, "<path ");
    put_class(out, "bracket", cluster);
    lac_text_add(out, " d=\"M%d %.1fV%.1f\"/><text x=\"%d\" y=\"%.1f\" ", BRACKET, from, to, BRACKET + 10,
                 (from + to) / 2 + 4);
    put_class(out, "name", cluster);
    lac_text_add(out, ">%d", (int)cluster);
    if (view->cluster_names) {
        lac_text_add(out, "  <tspan font-weight=\"400\">");
        lac_put_xml(out, view->cluster_names[cluster - 1], LONGEST_CLUSTER);
        lac_text_add(out, "</tspan>");
    }
    lac_text_add(out, "</text>\n");
}

static void put_clusters(const layout *l, lac_text *out) {
    size_t n = l->view->n;
    for (size_t k = 0, first = 0; l->view->labels && k < n; k++) {
        if (k + 1 < n && l->cluster[l->leaves[k + 1]] == l->cluster[l->leaves[k]]) continue;
        put_cluster(l, first, k, out);
        first = k + 1;
    }
}

static void put_heading(const layout *l, lac_text *out) {
    const lac_tree_view *view = l->view;
    double height = l->bottom + 20;
    lac_text_add(out,
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\" width=\"%d\" height=\"%.0f\" "
                 "role=\"img\">\n<title>",
                 WIDTH, height, WIDTH, height);
    lac_put_xml(out, view->title ? view->title : "Dendrogram", 0);
    lac_text_add(out, "</title>\n");
    put_styles(out);
    lac_text_add(out, "<rect class=\"paper\" width=\"100%%\" height=\"100%%\"/>\n");
    if (view->title) {
        lac_text_add(out, "<text class=\"title\" x=\"%d\" y=\"32\">", LEFT);
        lac_put_xml(out, view->title, 100);
        lac_text_add(out, "</text>\n");
    }
    if (view->subtitle) {
        lac_text_add(out, "<text class=\"soft\" x=\"%d\" y=\"%d\">", LEFT, view->title ? 52 : 24);
        lac_put_xml(out, view->subtitle, 180);
        lac_text_add(out, "</text>\n");
    }
}

lac_status lac_tree_svg(const lac_tree_view *view, lac_text *out, lac_error *err) {
    layout l = {.view = view};
    l.leaves = lac_array(view->n, sizeof *l.leaves);
    l.cluster = lac_array(2 * view->n, sizeof *l.cluster);
    l.y = lac_array(2 * view->n, sizeof *l.y);
    lac_status status = l.leaves && l.cluster && l.y ? lac_tree_leaves(view->merges, view->n, l.leaves, NULL, err)
                                                     : lac_no_memory(err, "a drawing");
    if (status == LAC_OK) {
        place(&l);
        put_heading(&l, out);
        put_axis(&l, out);
        put_joins(&l, out);
        put_cut(&l, out);
        put_leaves(&l, out);
        put_clusters(&l, out);
        lac_text_add(out, "</svg>\n");
        if (out->failed) status = lac_no_memory(err, "a drawing");
    }
    lac_free(l.leaves);
    lac_free(l.cluster);
    lac_free(l.y);
    return status;
}
