/* graph/ops/gelu.c - GELU in its exact form, with erf (arXiv 1606.08415). */
#include "graph/node.h"

static bool gelu_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    out[0] = g->tensors[node->in[0]].shape;
    return true;
}

static void gelu_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    d_in[0] = lac_emit(g, LAC_OP_GELU_GRAD, (lac_attr){0}, (lac_id[]){d_y, node->in[0]}, NULL);
}

const lac_op lac_op_GELU = {
    .n_in = 1, .n_out = 1, .is_in_place = true, .is_cheap = true, .shape = gelu_shape, .backward = gelu_backward};
const lac_op lac_op_GELU_GRAD = {.n_in = 2, .n_out = 1, .is_in_place = true, .shape = gelu_shape};

lac_id lac_gelu(lac_graph *g, lac_id x) {
    return lac_emit(g, LAC_OP_GELU, (lac_attr){0}, (lac_id[]){x}, NULL);
}
