/* graph/ops/tokens.c - sequences of tokens as wholes: concatenate, slice, mean. */
#include "graph/node.h"

/* in a[B or 1 x Ta x D], b[B x Tb x D] */
static bool concat_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *a = &g->tensors[node->in[0]].shape, *b = &g->tensors[node->in[1]].shape;
    if (a->rank != 3 || b->rank != 3 || a->dim[2] != b->dim[2] || (a->dim[0] != 1 && a->dim[0] != b->dim[0])) {
        lac_graph_refuse(g, "concat_tokens: [B or 1 x T x D] and [B x T x D] expected, found %s and %s",
                         lac_shape_print(a).text, lac_shape_print(b).text);
        return false;
    }
    out[0] = lac_shape_of(3, (int64_t[]){b->dim[0], a->dim[1] + b->dim[1], b->dim[2]});
    return true;
}

static void concat_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    lac_id a = node->in[0], b = node->in[1];
    int64_t n_a = lac_dim(g, a, 1), n_b = lac_dim(g, b, 1);
    if (lac_needs(g, a)) {
        d_in[0] = lac_slice_tokens(g, d_y, 0, n_a);
        if (lac_dim(g, a, 0) != lac_dim(g, b, 0))
            d_in[0] = lac_emit(g, LAC_OP_SUM_LEADING, (lac_attr){0}, (lac_id[]){d_in[0]}, &g->tensors[a].shape);
    }
    if (lac_needs(g, b)) d_in[1] = lac_slice_tokens(g, d_y, n_a, n_b);
}

const lac_op lac_op_CONCAT_TOKENS = {.n_in = 2, .n_out = 1, .shape = concat_shape, .backward = concat_backward};

lac_id lac_concat_tokens(lac_graph *g, lac_id a, lac_id b) {
    return lac_emit(g, LAC_OP_CONCAT_TOKENS, (lac_attr){0}, (lac_id[]){a, b}, NULL);
}

/* in x[B x T x D]; i0 start, i1 count */
static bool slice_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *x = &g->tensors[node->in[0]].shape;
    int64_t start = node->attr.i[0], count = node->attr.i[1];
    if (x->rank != 3 || start < 0 || count < 1 || start > x->dim[1] - count) {
        lac_graph_refuse(g, "slice_tokens: tokens %lld to %lld of %s", (long long)start, (long long)(start + count - 1),
                         lac_shape_print(x).text);
        return false;
    }
    out[0] = lac_shape_of(3, (int64_t[]){x->dim[0], count, x->dim[2]});
    return true;
}

static void slice_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    lac_attr attr = node->attr;
    attr.i[2] = lac_dim(g, node->in[0], 1);
    d_in[0] = lac_emit(g, LAC_OP_SLICE_TOKENS_GRAD, attr, (lac_id[]){d_y}, NULL);
}

const lac_op lac_op_SLICE_TOKENS = {.n_in = 1, .n_out = 1, .shape = slice_shape, .backward = slice_backward};

static bool slice_grad_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    out[0] = g->tensors[node->in[0]].shape;
    out[0].dim[1] = node->attr.i[2];
    return true;
}

const lac_op lac_op_SLICE_TOKENS_GRAD = {.n_in = 1, .n_out = 1, .shape = slice_grad_shape};

lac_id lac_slice_tokens(lac_graph *g, lac_id x, int64_t start, int64_t count) {
    return lac_emit(g, LAC_OP_SLICE_TOKENS, (lac_attr){.i = {start, count}}, (lac_id[]){x}, NULL);
}

static bool mean_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *x = &g->tensors[node->in[0]].shape;
    if (x->rank != 3) {
        lac_graph_refuse(g, "mean_tokens: [B x T x D] expected, found %s", lac_shape_print(x).text);
        return false;
    }
    out[0] = lac_shape_of(2, (int64_t[]){x->dim[0], x->dim[2]});
    return true;
}

static void mean_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    lac_attr attr = {.i = {lac_dim(g, node->in[0], 1)}};
    d_in[0] = lac_emit(g, LAC_OP_MEAN_TOKENS_GRAD, attr, (lac_id[]){d_y}, NULL);
}

const lac_op lac_op_MEAN_TOKENS = {.n_in = 1, .n_out = 1, .shape = mean_shape, .backward = mean_backward};

static bool mean_grad_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *d_y = &g->tensors[node->in[0]].shape;
    out[0] = lac_shape_of(3, (int64_t[]){d_y->dim[0], node->attr.i[0], d_y->dim[1]});
    return true;
}

const lac_op lac_op_MEAN_TOKENS_GRAD = {.n_in = 1, .n_out = 1, .shape = mean_grad_shape};

lac_id lac_mean_tokens(lac_graph *g, lac_id x) {
    return lac_emit(g, LAC_OP_MEAN_TOKENS, (lac_attr){0}, (lac_id[]){x}, NULL);
}
