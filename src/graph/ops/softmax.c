/* graph/ops/softmax.c - distributions from rows of logits, and how far they are from uniform. */
#include "graph/node.h"

static bool softmax_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    out[0] = g->tensors[node->in[0]].shape;
    return true;
}

static void softmax_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    d_in[0] = lac_emit(g, LAC_OP_SOFTMAX_GRAD, node->attr, (lac_id[]){d_y, node->out[0]}, NULL);
}

const lac_op lac_op_SOFTMAX = {.n_in = 1, .n_out = 1, .shape = softmax_shape, .backward = softmax_backward};

static bool softmax_grad_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    out[0] = g->tensors[node->in[1]].shape;
    return true;
}

const lac_op lac_op_SOFTMAX_GRAD = {.n_in = 2, .n_out = 1, .shape = softmax_grad_shape};

lac_id lac_softmax(lac_graph *g, lac_id logits, double temperature) {
    if (!(temperature > 0))
        return lac_graph_refuse(g, "softmax: a temperature above 0 expected, found %g", temperature);
    return lac_emit(g, LAC_OP_SOFTMAX, (lac_attr){.f = {temperature}}, (lac_id[]){logits}, NULL);
}

/* in logits[R x K], weight[R], norm[1]; out loss[1] */
static bool uniform_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *logits = &g->tensors[node->in[0]].shape, *weight = &g->tensors[node->in[1]].shape;
    if (lac_shape_size(weight) != lac_shape_rows(logits) || lac_shape_size(&g->tensors[node->in[2]].shape) != 1) {
        lac_graph_refuse(g, "kl_uniform: a weight for each row of %s and one norm expected, found %s and %s",
                         lac_shape_print(logits).text, lac_shape_print(weight).text, lac_print(g, node->in[2]).text);
        return false;
    }
    out[0] = lac_shape_of(1, (int64_t[]){1});
    return true;
}

static void uniform_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    if (lac_needs(g, node->in[1]) || lac_needs(g, node->in[2])) {
        lac_graph_refuse(g, "backward: a gradient reaches the weight or norm of kl_uniform");
        return;
    }
    lac_id in[] = {d_y, node->in[0], node->in[1], node->in[2]};
    d_in[0] = lac_emit(g, LAC_OP_KL_UNIFORM_GRAD, node->attr, in, NULL);
}

const lac_op lac_op_KL_UNIFORM = {.n_in = 3, .n_out = 1, .shape = uniform_shape, .backward = uniform_backward};

static bool uniform_grad_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    out[0] = g->tensors[node->in[1]].shape;
    return true;
}

const lac_op lac_op_KL_UNIFORM_GRAD = {.n_in = 4, .n_out = 1, .shape = uniform_grad_shape};

lac_id lac_kl_uniform(lac_graph *g, lac_id logits, lac_id weight, lac_id norm) {
    return lac_emit(g, LAC_OP_KL_UNIFORM, (lac_attr){0}, (lac_id[]){logits, weight, norm}, NULL);
}
