/* graph/ops/mask_tokens.c - one token in place of those that a mask of weights hides (SimMIM, arXiv 2111.09886; BEiT,
 * arXiv 2106.08254). The number of hidden tokens may differ from sample to sample: shapes do not depend on it. */
#include "graph/node.h"

/* in x[B x N x D], token?[D], mask[B x N] */
static bool mask_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *x = &g->tensors[node->in[0]].shape, *mask = &g->tensors[node->in[2]].shape;
    const lac_tensor *token = lac_tensor_at(g, node->in[1]);
    if (x->rank != 3 || mask->rank != 2 || mask->dim[0] != x->dim[0] || mask->dim[1] != x->dim[1] ||
        (token && lac_shape_size(&token->shape) != x->dim[2])) {
        lac_graph_refuse(g, "mask_tokens: [B x N x D], [D] and [B x N] expected, found %s, %s and %s",
                         lac_shape_print(x).text, token ? lac_shape_print(&token->shape).text : "nothing",
                         lac_shape_print(mask).text);
        return false;
    }
    out[0] = *x;
    return true;
}

static void mask_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    if (lac_needs(g, node->in[2])) {
        lac_graph_refuse(g, "backward: a gradient reaches the mask of mask_tokens, which has none");
        return;
    }
    lac_attr attr = {.i = {lac_needs(g, node->in[1])}};
    d_in[0] = lac_emit(g, LAC_OP_MASK_TOKENS_GRAD, attr, (lac_id[]){d_y, node->in[2]}, NULL);
    d_in[1] = lac_sibling(g, d_in[0], 1);
}

const lac_op lac_op_MASK_TOKENS = {
    .n_in = 3, .n_out = 1, .optional = 2, .shape = mask_shape, .backward = mask_backward};

/* in dy, mask; out dx, dtoken? */
static bool mask_grad_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    out[0] = g->tensors[node->in[0]].shape;
    if (node->attr.i[0]) out[1] = lac_shape_of(1, &out[0].dim[2]);
    return true;
}

const lac_op lac_op_MASK_TOKENS_GRAD = {.n_in = 2, .n_out = 2, .shape = mask_grad_shape};

lac_id lac_mask_tokens(lac_graph *g, lac_id x, lac_id token, lac_id mask) {
    const lac_tensor *tensor = lac_tensor_at(g, token);
    if (tensor && tensor->shape.rank > 1 && lac_shape_size(&tensor->shape) == lac_dim(g, token, -1))
        token = lac_reshape(g, token, 1, (int64_t[]){lac_dim(g, token, -1)}); /* stored as [1 x 1 x D] */
    return lac_emit(g, LAC_OP_MASK_TOKENS, (lac_attr){0}, (lac_id[]){x, token, mask}, NULL);
}
