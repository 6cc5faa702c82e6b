/* graph/ops/attention_biased.c - attention with an addition to its scores (relative positions as in BEiT, arXiv
 * 2106.08254) and among some of the tokens (padded lists of patches). Plain attention is attention.c.
 *
 * The addition is shared by the samples of a batch; which of its rows and columns a sample's tokens are at may differ,
 * so a part of the patches keeps its places. */
#include "graph/node.h"

static bool refuse(lac_graph *g, const lac_node *node) {
    lac_graph_refuse(g,
                     "attention_biased: [B x T x 3D] with D a multiple of %lld heads, [h x R x R] with R >= T (T "
                     "without places) and [B x T-%lld] expected, found %s, %s and %s",
                     (long long)node->attr.i[0], (long long)node->attr.i[1], lac_print(g, node->in[0]).text,
                     lac_print(g, node->in[1]).text, lac_print(g, node->in[2]).text);
    return false;
}

/* in qkv[B x T x 3D], bias?[h x R x R], places?[B x T-p] */
static bool biased_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *qkv = &g->tensors[node->in[0]].shape;
    const lac_tensor *bias = lac_tensor_at(g, node->in[1]), *places = lac_tensor_at(g, node->in[2]);
    int64_t heads = node->attr.i[0], n_prefix = node->attr.i[1], t = qkv->dim[1];
    if (qkv->rank != 3 || heads < 1 || qkv->dim[2] % (3 * heads) != 0 || n_prefix < 0 || n_prefix >= t)
        return refuse(g, node);
    if (bias) {
        const lac_shape *b = &bias->shape;
        bool is_square = b->rank == 3 && b->dim[0] == heads && b->dim[1] == b->dim[2];
        if (!is_square || (places ? b->dim[1] <= n_prefix : b->dim[1] != t)) return refuse(g, node);
    }
    if (places) {
        const lac_shape *at = &places->shape;
        if (at->rank != 2 || at->dim[0] != qkv->dim[0] || at->dim[1] != t - n_prefix) return refuse(g, node);
    }
    out[0] = *qkv;
    out[0].dim[2] /= 3;
    out[1] = lac_shape_of(3, (int64_t[]){qkv->dim[0], heads, t});
    return true;
}

static void biased_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    lac_attr attr = node->attr;
    attr.i[2] = lac_needs(g, node->in[1]);
    lac_id in[] = {d_y, node->in[0], node->out[0], node->out[1], node->in[1], node->in[2]};
    d_in[0] = lac_emit(g, LAC_OP_ATTENTION_BIASED_GRAD, attr, in, NULL);
    d_in[1] = lac_sibling(g, d_in[0], 1);
}

/* As plain attention: two products of T x T x c a head, and four. */
static double biased_flops(const lac_call *call) {
    const lac_view *qkv = &call->in[0];
    return 4 * (double)lac_view_size(qkv) / 3 * (double)qkv->dim[1];
}

const lac_op lac_op_ATTENTION_BIASED = {.n_in = 3,
                                        .n_out = 2,
                                        .optional = 6,
                                        .indices = 4,
                                        .shape = biased_shape,
                                        .backward = biased_backward,
                                        .flops = biased_flops};

/* in dy, qkv, y, lse, bias?, places?; out dqkv, dbias? */
static bool biased_grad_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    out[0] = g->tensors[node->in[1]].shape;
    if (node->attr.i[2]) out[1] = g->tensors[node->in[4]].shape;
    return true;
}

static double biased_grad_flops(const lac_call *call) {
    const lac_view *qkv = &call->in[1];
    return 8 * (double)lac_view_size(qkv) / 3 * (double)qkv->dim[1];
}

const lac_op lac_op_ATTENTION_BIASED_GRAD = {
    .n_in = 6, .n_out = 2, .optional = 48, .indices = 32, .shape = biased_grad_shape, .flops = biased_grad_flops};

lac_id lac_attention_biased(lac_graph *g, lac_id qkv, int heads, lac_id bias, lac_id places, int64_t n_prefix) {
    return lac_emit(g, LAC_OP_ATTENTION_BIASED, (lac_attr){.i = {heads, n_prefix}}, (lac_id[]){qkv, bias, places},
                    NULL);
}
