/* graph/ops/nearest.c - which code of a table a row is nearest to, and sums of rows by code (vector quantisation, arXiv
 * 1711.00937). What is chosen has no derivative: models pass gradients straight through. */
#include "graph/node.h"

/* in s[R x K], codes?[K x D]; out i32 [leading axes of s] */
static bool nearest_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *scores = &g->tensors[node->in[0]].shape;
    const lac_tensor *codes = lac_tensor_at(g, node->in[1]);
    if (scores->rank != 3 || (codes && (codes->shape.rank != 2 || codes->shape.dim[0] != lac_shape_last(scores)))) {
        lac_graph_refuse(g, "nearest: [B x N x K] and perhaps [K x D] expected, found %s and %s",
                         lac_shape_print(scores).text, lac_print(g, node->in[1]).text);
        return false;
    }
    out[0] = lac_shape_of(2, scores->dim);
    return true;
}

const lac_op lac_op_NEAREST = {.n_in = 2, .n_out = 1, .optional = 2, .chosen = 1, .shape = nearest_shape};

lac_id lac_nearest(lac_graph *g, lac_id x, lac_id codes) {
    lac_id scores = lac_linear(g, x, codes, LAC_NONE);
    return lac_emit(g, LAC_OP_NEAREST, (lac_attr){0}, (lac_id[]){scores, codes}, NULL);
}

lac_id lac_highest(lac_graph *g, lac_id x) {
    return lac_emit(g, LAC_OP_NEAREST, (lac_attr){0}, (lac_id[]){x, LAC_NONE}, NULL);
}

lac_id lac_sum_rows(lac_graph *g, lac_id x, lac_id ids, int64_t n) {
    lac_attr attr = {.i = {2, n}}; /* as the gradient of a table that was gathered from */
    return lac_emit(g, LAC_OP_GATHER_ROWS_GRAD, attr, (lac_id[]){x, ids}, NULL);
}
