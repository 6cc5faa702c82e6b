/* graph/ops/infonce.c - each row of z against all rows of t in its sample, the row of the same place being the positive
 * (InfoNCE, arXiv 1807.03748). The forward keeps the log of each row's sum, so no N x N matrix lives in the graph. */
#include "graph/node.h"

/* in z[B x N x D], t, weight[B x N], norm[1]; out loss[1], lse[B x N] */
static bool infonce_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *z = &g->tensors[node->in[0]].shape, *t = &g->tensors[node->in[1]].shape,
                    *weight = &g->tensors[node->in[2]].shape, *norm = &g->tensors[node->in[3]].shape;
    if (z->rank != 3 || !lac_shape_equal(z, t) || lac_shape_size(weight) != lac_shape_rows(z) ||
        lac_shape_size(norm) != 1) {
        lac_graph_refuse(g, "infonce: [B x N x D] twice, [B x N] and one norm expected, found %s, %s, %s and %s",
                         lac_shape_print(z).text, lac_shape_print(t).text, lac_shape_print(weight).text,
                         lac_shape_print(norm).text);
        return false;
    }
    out[0] = lac_shape_of(1, (int64_t[]){1});
    out[1] = lac_shape_of(2, z->dim);
    return true;
}

static void infonce_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    if (lac_needs(g, node->in[2]) || lac_needs(g, node->in[3])) {
        lac_graph_refuse(g, "backward: a gradient reaches the weight or norm of infonce, which have none");
        return;
    }
    lac_id in[] = {d_y, node->in[0], node->in[1], node->in[2], node->in[3], node->out[1]};
    lac_attr attr = {.i = {lac_needs(g, node->in[1])}, .f = {node->attr.f[0]}};
    d_in[0] = lac_emit(g, LAC_OP_INFONCE_GRAD, attr, in, NULL);
    d_in[1] = lac_sibling(g, d_in[0], 1);
}

/* One product of N x N x D a sample; the gradient's are two or four, recomputation not counted. */
static double infonce_flops(const lac_call *call) {
    return 2 * (double)lac_view_size(&call->in[0]) * (double)call->in[0].dim[1];
}

const lac_op lac_op_INFONCE = {
    .n_in = 4, .n_out = 2, .shape = infonce_shape, .backward = infonce_backward, .flops = infonce_flops};

/* in dloss, z, t, weight, norm, lse; out dz, dt? */
static bool infonce_grad_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    out[0] = g->tensors[node->in[1]].shape;
    if (node->attr.i[0]) out[1] = out[0];
    return true;
}

static double infonce_grad_flops(const lac_call *call) {
    return (call->attr.i[0] ? 4 : 2) * (double)lac_view_size(&call->in[1]) * (double)call->in[1].dim[1];
}

const lac_op lac_op_INFONCE_GRAD = {.n_in = 6, .n_out = 2, .shape = infonce_grad_shape, .flops = infonce_grad_flops};

lac_id lac_infonce(lac_graph *g, lac_id z, lac_id t, lac_id weight, lac_id norm, double temperature) {
    if (!(temperature > 0))
        return lac_graph_refuse(g, "infonce: a temperature above 0 expected, found %g", temperature);
    return lac_emit(g, LAC_OP_INFONCE, (lac_attr){.f = {temperature}}, (lac_id[]){z, t, weight, norm}, NULL);
}
