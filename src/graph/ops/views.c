/* graph/ops/views.c - the aliases: another shape for the same memory, and the end of gradients. */
#include "graph/node.h"

static bool view_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *x = &g->tensors[node->in[0]].shape;
    if (lac_shape_size(x) == lac_shape_size(&out[0])) return true;
    lac_graph_refuse(g, "reshape: %s does not fit %s", lac_shape_print(x).text, lac_shape_print(&out[0]).text);
    return false;
}

static void view_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    d_in[0] = lac_emit(g, LAC_OP_VIEW, (lac_attr){0}, (lac_id[]){d_y}, &g->tensors[node->in[0]].shape);
}

const lac_op lac_op_VIEW = {.n_in = 1, .n_out = 1, .is_alias = true, .shape = view_shape, .backward = view_backward};

lac_id lac_reshape(lac_graph *g, lac_id x, int rank, const int64_t *dim) {
    if (rank < 0 || rank > LAC_MAX_RANK)
        return lac_graph_refuse(g, "reshape: at most %d axes expected, found %d", LAC_MAX_RANK, rank);
    lac_shape shape = lac_shape_of(rank, dim);
    return lac_emit(g, LAC_OP_VIEW, (lac_attr){0}, (lac_id[]){x}, &shape);
}

static bool stop_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    out[0] = g->tensors[node->in[0]].shape;
    return true;
}

const lac_op lac_op_STOP_GRADIENT = {.n_in = 1, .n_out = 1, .is_alias = true, .is_stop = true, .shape = stop_shape};

lac_id lac_stop_gradient(lac_graph *g, lac_id x) {
    return lac_emit(g, LAC_OP_STOP_GRADIENT, (lac_attr){0}, (lac_id[]){x}, NULL);
}
