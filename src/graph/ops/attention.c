/* graph/ops/attention.c - multi-head self-attention of packed q, k, v (arXiv 1706.03762).
 *
 * The forward keeps the log of each row's sum, from which the backward recomputes the weights (as in
 * arXiv 2205.14135), so no T x T matrix lives in the graph. */
#include "graph/node.h"

/* in qkv[B x T x 3D]; out y[B x T x D], lse[B x h x T] */
static bool attention_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *qkv = &g->tensors[node->in[0]].shape;
    int64_t heads = node->attr.i[0];
    if (qkv->rank != 3 || heads < 1 || qkv->dim[2] % (3 * heads) != 0) {
        lac_graph_refuse(g, "attention: [B x T x 3D] with D a multiple of %lld heads expected, found %s",
                         (long long)heads, lac_shape_print(qkv).text);
        return false;
    }
    out[0] = *qkv;
    out[0].dim[2] /= 3;
    out[1] = lac_shape_of(3, (int64_t[]){qkv->dim[0], heads, qkv->dim[1]});
    return true;
}

static void attention_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    lac_id in[] = {d_y, node->in[0], node->out[0], node->out[1]};
    d_in[0] = lac_emit(g, LAC_OP_ATTENTION_GRAD, node->attr, in, NULL);
}

/* Two products of T x T x c a head. */
static double attention_flops(const lac_call *call) {
    const lac_view *qkv = &call->in[0];
    return 4 * (double)lac_view_size(qkv) / 3 * (double)qkv->dim[1];
}

const lac_op lac_op_ATTENTION = {
    .n_in = 1, .n_out = 2, .shape = attention_shape, .backward = attention_backward, .flops = attention_flops};

static bool attention_grad_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    out[0] = g->tensors[node->in[1]].shape;
    return true;
}

/* Four products: d_v, d_p, d_q, d_k. The fifth, q k^T, is recomputation. */
static double attention_grad_flops(const lac_call *call) {
    const lac_view *qkv = &call->in[1];
    return 8 * (double)lac_view_size(qkv) / 3 * (double)qkv->dim[1];
}

const lac_op lac_op_ATTENTION_GRAD = {
    .n_in = 4, .n_out = 1, .shape = attention_grad_shape, .flops = attention_grad_flops};

lac_id lac_attention(lac_graph *g, lac_id qkv, int heads) {
    return lac_emit(g, LAC_OP_ATTENTION, (lac_attr){.i = {heads}}, (lac_id[]){qkv}, NULL);
}
