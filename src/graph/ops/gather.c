/* graph/ops/gather.c - choosing tokens by index, and putting chosen ones back among copies of one token.
 *
 * This is how masks enter a graph: as i32 indices whose number is fixed. */
#include "graph/node.h"

/* in x[B x N x D] or table [N x D], idx[B x V] */
static bool gather_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *x = &g->tensors[node->in[0]].shape, *idx = &g->tensors[node->in[1]].shape;
    if (idx->rank != 2 || x->rank < 2 || x->rank > 3 || (x->rank == 3 && x->dim[0] != idx->dim[0])) {
        lac_graph_refuse(g, "gather_rows: [B x N x D] or [N x D], and [B x V] expected, found %s and %s",
                         lac_shape_print(x).text, lac_shape_print(idx).text);
        return false;
    }
    out[0] = lac_shape_of(3, (int64_t[]){idx->dim[0], idx->dim[1], lac_shape_last(x)});
    return true;
}

static void gather_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    lac_attr attr = {.i = {lac_rank(g, node->in[0]), lac_dim(g, node->in[0], -2)}};
    d_in[0] = lac_emit(g, LAC_OP_GATHER_ROWS_GRAD, attr, (lac_id[]){d_y, node->in[1]}, NULL);
}

const lac_op lac_op_GATHER_ROWS = {
    .n_in = 2, .n_out = 1, .indices = 2, .shape = gather_shape, .backward = gather_backward};

/* in dy[B x V x D], idx; i0 rank of out, i1 N */
static bool gather_grad_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *d_y = &g->tensors[node->in[0]].shape;
    int64_t n = node->attr.i[1];
    out[0] = node->attr.i[0] == 3 ? lac_shape_of(3, (int64_t[]){d_y->dim[0], n, d_y->dim[2]})
                                  : lac_shape_of(2, (int64_t[]){n, d_y->dim[2]});
    return true;
}

const lac_op lac_op_GATHER_ROWS_GRAD = {.n_in = 2, .n_out = 1, .indices = 2, .shape = gather_grad_shape};

lac_id lac_gather_rows(lac_graph *g, lac_id x, lac_id indices) {
    return lac_emit(g, LAC_OP_GATHER_ROWS, (lac_attr){0}, (lac_id[]){x, indices}, NULL);
}

/* in x[B x V x D], token[D], ids[B x N] */
static bool restore_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *x = &g->tensors[node->in[0]].shape, *token = &g->tensors[node->in[1]].shape,
                    *ids = &g->tensors[node->in[2]].shape;
    if (x->rank != 3 || token->rank != 1 || token->dim[0] != x->dim[2] || ids->rank != 2 || ids->dim[0] != x->dim[0] ||
        ids->dim[1] < x->dim[1]) {
        lac_graph_refuse(g, "restore: [B x V x D], [D] and [B x N] expected, found %s, %s and %s",
                         lac_shape_print(x).text, lac_shape_print(token).text, lac_shape_print(ids).text);
        return false;
    }
    out[0] = lac_shape_of(3, (int64_t[]){x->dim[0], ids->dim[1], x->dim[2]});
    return true;
}

static void restore_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    lac_attr attr = {.i = {lac_dim(g, node->in[0], 1)}};
    d_in[0] = lac_emit(g, LAC_OP_RESTORE_GRAD, attr, (lac_id[]){d_y, node->in[2]}, NULL);
    d_in[1] = lac_sibling(g, d_in[0], 1);
}

const lac_op lac_op_RESTORE = {
    .n_in = 3, .n_out = 1, .indices = 4, .shape = restore_shape, .backward = restore_backward};

/* in dy, ids; out dx[B x V x D], dtoken[D]; i0 V */
static bool restore_grad_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *d_y = &g->tensors[node->in[0]].shape;
    out[0] = lac_shape_of(3, (int64_t[]){d_y->dim[0], node->attr.i[0], d_y->dim[2]});
    out[1] = lac_shape_of(1, &d_y->dim[2]);
    return true;
}

const lac_op lac_op_RESTORE_GRAD = {.n_in = 2, .n_out = 2, .indices = 2, .shape = restore_grad_shape};

lac_id lac_restore(lac_graph *g, lac_id x, lac_id token, lac_id ids) {
    const lac_tensor *tensor = lac_tensor_at(g, token);
    if (tensor && tensor->shape.rank > 1 && lac_shape_size(&tensor->shape) == lac_dim(g, token, -1))
        token = lac_reshape(g, token, 1, (int64_t[]){lac_dim(g, token, -1)}); /* stored as [1 x 1 x D] */
    return lac_emit(g, LAC_OP_RESTORE, (lac_attr){0}, (lac_id[]){x, token, ids}, NULL);
}
