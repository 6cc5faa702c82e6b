/* graph/ops/gemm.c - the matrix product and the linear layer made of it.
 *
 * Builders and backward rules make plain products; epilogues (GELU, residual, accumulation, sums) are put on by
 * fuse.c. */
#include "graph/node.h"

/* in A, B, bias?, residual?, aux? */
static bool gemm_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *a = &g->tensors[node->in[0]].shape, *b = &g->tensors[node->in[1]].shape;
    bool trans_a = node->attr.i[0] != 0, trans_b = node->attr.i[1] != 0;
    int64_t depth = trans_a ? lac_shape_rows(a) : lac_shape_last(a);
    int64_t n = trans_b ? lac_shape_rows(b) : lac_shape_last(b);
    int64_t depth_b = trans_b ? lac_shape_last(b) : lac_shape_rows(b);
    if (depth != depth_b) {
        lac_graph_refuse(g, "gemm: %s (%s) and %s (%s) do not multiply: %lld and %lld terms", lac_shape_print(a).text,
                         trans_a ? "transposed" : "plain", lac_shape_print(b).text, trans_b ? "transposed" : "plain",
                         (long long)depth, (long long)depth_b);
        return false;
    }
    if (node->in[2] != LAC_NONE && lac_shape_size(&g->tensors[node->in[2]].shape) != n) {
        lac_graph_refuse(g, "gemm: a bias of %lld expected, found %s", (long long)n, lac_print(g, node->in[2]).text);
        return false;
    }
    if (trans_a) {
        out[0] = lac_shape_of(2, (int64_t[]){lac_shape_last(a), n});
    } else {
        out[0] = *a;
        out[0].dim[a->rank - 1] = n;
    }
    return true;
}

/* y = x W^T + bias, x: R x K, W: N x K */
static void gemm_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    lac_id x = node->in[0], w = node->in[1], bias = node->in[2];
    if (node->attr.i[0]) {
        lac_graph_refuse(g, "gemm: products with a transposed first argument have no derivative");
        return;
    }
    bool is_plain = !node->attr.i[1]; /* y = x W, W: K x N */
    /* Weight first: x can die before d_x is born. */
    if (lac_needs(g, w))
        d_in[1] = lac_emit(g, LAC_OP_GEMM, (lac_attr){.i = {1, 0}},
                           (lac_id[]){is_plain ? x : d_y, is_plain ? d_y : x, LAC_NONE, LAC_NONE, LAC_NONE}, NULL);
    if (lac_needs(g, bias))
        d_in[2] = lac_emit(g, LAC_OP_SUM_LEADING, (lac_attr){0}, (lac_id[]){d_y}, &g->tensors[bias].shape);
    if (lac_needs(g, x))
        d_in[0] = lac_emit(g, LAC_OP_GEMM, (lac_attr){.i = {0, is_plain}},
                           (lac_id[]){d_y, w, LAC_NONE, LAC_NONE, LAC_NONE}, NULL);
}

static double gemm_flops(const lac_call *call) {
    const lac_view *a = &call->in[0], *b = &call->in[1];
    double n = (double)(call->attr.i[1] ? lac_view_rows(b) : lac_view_last(b));
    return 2 * (double)lac_view_size(a) * n;
}

const lac_op lac_op_GEMM = {
    .n_in = 5, .n_out = 2, .optional = 0x1c, .shape = gemm_shape, .backward = gemm_backward, .flops = gemm_flops};

lac_id lac_linear(lac_graph *g, lac_id x, lac_id weight, lac_id bias) {
    if (!lac_tensor_at(g, x) || !lac_tensor_at(g, weight)) return lac_graph_refuse(g, "linear: an argument is missing");
    int64_t n = lac_dim(g, weight, 0), size = lac_shape_size(&g->tensors[weight].shape);
    if (lac_rank(g, weight) < 2 || lac_rank(g, x) < 1 || size / n != lac_dim(g, x, -1))
        return lac_graph_refuse(g, "linear: x is %s, so a weight [N x %lld] is expected, found %s",
                                lac_print(g, x).text, (long long)lac_dim(g, x, -1), lac_print(g, weight).text);
    if (lac_rank(g, weight) > 2) weight = lac_reshape(g, weight, 2, (int64_t[]){n, size / n});
    return lac_emit(g, LAC_OP_GEMM, (lac_attr){.i = {0, 1}}, (lac_id[]){x, weight, bias, LAC_NONE, LAC_NONE}, NULL);
}

lac_id lac_matmul(lac_graph *g, lac_id x, lac_id w) {
    return lac_emit(g, LAC_OP_GEMM, (lac_attr){0}, (lac_id[]){x, w, LAC_NONE, LAC_NONE, LAC_NONE}, NULL);
}
