/* graph/ops/unit_rows.c - rows divided by their length, as every cosine needs; a length below eps counts as eps. */
#include "graph/node.h"

static bool unit_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    out[0] = g->tensors[node->in[0]].shape;
    out[1] = lac_shape_of(1, (int64_t[]){lac_shape_rows(&out[0])});
    return true;
}

static void unit_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    d_in[0] = lac_emit(g, LAC_OP_UNIT_ROWS_GRAD, (lac_attr){0}, (lac_id[]){d_y, node->out[0], node->out[1]}, NULL);
}

const lac_op lac_op_UNIT_ROWS = {.n_in = 1, .n_out = 2, .shape = unit_shape, .backward = unit_backward};

static bool unit_grad_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    out[0] = g->tensors[node->in[1]].shape;
    return true;
}

const lac_op lac_op_UNIT_ROWS_GRAD = {.n_in = 3, .n_out = 1, .shape = unit_grad_shape};

lac_id lac_unit_rows(lac_graph *g, lac_id x, double eps) {
    if (!(eps > 0)) return lac_graph_refuse(g, "unit_rows: an eps above 0 expected, found %g", eps);
    return lac_emit(g, LAC_OP_UNIT_ROWS, (lac_attr){.f = {eps}}, (lac_id[]){x}, NULL);
}
