/* cluster/draw.h - a tree for others: Newick, JSON, an SVG dendrogram. Text is appended; names are escaped.
 *
 * `out->failed` (no memory) is reported as a failure. */
#ifndef LAC_CLUSTER_DRAW_H
#define LAC_CLUSTER_DRAW_H

#include "base/text.h"
#include "cluster/tree.h"

typedef struct lac_tree_view {
    const lac_merge *merges;  /* n - 1 */
    size_t n;                 /* at least 1 */
    const char *const *names; /* n */
    const char *const *hints; /* n: shown by a viewer on pointing at a leaf; NULL: the names */
    /* Flat clusters as lac_tree_cut_* gives them; NULL: none, and the rest is not read. */
    const int32_t *labels;
    int32_t n_clusters;
    const char *const *cluster_names; /* n_clusters; NULL: numbers only */
    double cut_height;                /* a line is drawn here */
    const char *title, *subtitle;     /* NULL: none */
    const char *axis;                 /* what heights are: "Ward distance" */
} lac_tree_view;

/* Branch lengths are differences of heights, leaves at 0. */
lac_status lac_tree_newick(const lac_tree_view *view, lac_text *out, lac_error *err);
/* {"n", "names", "merges": [[a, b, height, size], ...], "leaves", and with clusters "labels"} */
lac_status lac_tree_json(const lac_tree_view *view, lac_text *out, lac_error *err);
/* Only the list of rows, for a larger JSON document. */
void lac_put_merges(lac_text *out, const lac_merge *merges, size_t n);
/* Root at the left, one line a leaf; light and dark by prefers-color-scheme; no script, nothing fetched. */
lac_status lac_tree_svg(const lac_tree_view *view, lac_text *out, lac_error *err);

#endif
