/* graph/ops/layernorm.c - layer norm over the last axis (arXiv 1607.06450), with or without gamma and beta. */
#include "graph/node.h"

static bool check_vector(lac_graph *g, const char *name, lac_id v, int64_t d) {
    if (v == LAC_NONE || (lac_rank(g, v) == 1 && lac_dim(g, v, 0) == d)) return true;
    lac_graph_refuse(g, "layernorm: %s of [%lld] expected, found %s", name, (long long)d, lac_print(g, v).text);
    return false;
}

/* in x, gamma?, beta?; out y, mean[R], rstd[R] */
static bool layernorm_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *x = &g->tensors[node->in[0]].shape;
    int64_t d = lac_shape_last(x), rows = lac_shape_rows(x);
    if (!check_vector(g, "gamma", node->in[1], d) || !check_vector(g, "beta", node->in[2], d)) return false;
    out[0] = *x;
    out[1] = out[2] = lac_shape_of(1, &rows);
    return true;
}

static void layernorm_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    lac_id x = node->in[0], gamma = node->in[1], beta = node->in[2];
    lac_shape given[3] = {{.rank = -1}, {.rank = -1}, {.rank = -1}};
    if (lac_needs(g, gamma)) given[1] = g->tensors[gamma].shape;
    if (lac_needs(g, beta)) given[2] = g->tensors[beta].shape;
    lac_id in[] = {d_y, x, gamma, node->out[1], node->out[2], LAC_NONE};
    d_in[0] = lac_emit(g, LAC_OP_LAYERNORM_GRAD, (lac_attr){0}, in, given);
    d_in[1] = lac_sibling(g, d_in[0], 1);
    d_in[2] = lac_sibling(g, d_in[0], 2);
}

const lac_op lac_op_LAYERNORM = {
    .n_in = 3, .n_out = 3, .optional = 6, .is_cheap = true, .shape = layernorm_shape, .backward = layernorm_backward};

/* in dy, x, gamma?, mean, rstd, residual?; out dx, and those of dgamma and dbeta whose shapes are given */
static bool layernorm_grad_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    out[0] = g->tensors[node->in[1]].shape;
    return true;
}

const lac_op lac_op_LAYERNORM_GRAD = {.n_in = 6, .n_out = 3, .optional = 0x24, .shape = layernorm_grad_shape};

lac_id lac_layernorm(lac_graph *g, lac_id x, lac_id gamma, lac_id beta, double eps) {
    if ((gamma == LAC_NONE) != (beta == LAC_NONE)) return lac_graph_refuse(g, "layernorm: gamma and beta go together");
    return lac_emit(g, LAC_OP_LAYERNORM, (lac_attr){.f = {eps}}, (lac_id[]){x, gamma, beta}, NULL);
}
