/* graph/ops/normalize_rows.c - rows to mean 0 and deviation 1, for targets (normalised pixels, arXiv 2111.06377,
 * section 4.1). It has no derivative. */
#include "graph/node.h"

static bool normalize_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    out[0] = g->tensors[node->in[0]].shape;
    if (!node->attr.i[0] || lac_shape_last(&out[0]) > 1) return true;
    lac_graph_refuse(g, "normalize_rows: rows of one value have no unbiased variance: %s",
                     lac_shape_print(&out[0]).text);
    return false;
}

const lac_op lac_op_NORMALIZE_ROWS = {.n_in = 1, .n_out = 1, .shape = normalize_shape};

lac_id lac_normalize_rows(lac_graph *g, lac_id x, double eps, bool unbiased) {
    return lac_emit(g, LAC_OP_NORMALIZE_ROWS, (lac_attr){.i = {unbiased}, .f = {eps}}, (lac_id[]){x}, NULL);
}
