/* graph/ops/cross_entropy.c - cross entropy of logits against probabilities or against one right answer a row,
 * weighted, as one number. No gradient flows into a target. */
#include "graph/node.h"

/* in logits[R x K], target?[R x K], ids?[R], weight[R], norm[1]; out loss[1] */
static bool entropy_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *logits = &g->tensors[node->in[0]].shape, *weight = &g->tensors[node->in[3]].shape;
    const lac_tensor *target = lac_tensor_at(g, node->in[1]), *ids = lac_tensor_at(g, node->in[2]);
    if (!target == !ids) {
        lac_graph_refuse(g, "cross_entropy: a target or ids expected, found %s", target ? "both" : "neither");
        return false;
    }
    int64_t rows = lac_shape_rows(logits);
    if ((target && !lac_shape_equal(logits, &target->shape)) || (ids && lac_shape_size(&ids->shape) != rows)) {
        lac_graph_refuse(g, "cross_entropy: logits %s and %s %s do not fit", lac_shape_print(logits).text,
                         target ? "target" : "ids", lac_shape_print(target ? &target->shape : &ids->shape).text);
        return false;
    }
    if (lac_shape_size(weight) != rows || lac_shape_size(&g->tensors[node->in[4]].shape) != 1) {
        lac_graph_refuse(g, "cross_entropy: a weight for each row of %s and one norm expected, found %s and %s",
                         lac_shape_print(logits).text, lac_shape_print(weight).text, lac_print(g, node->in[4]).text);
        return false;
    }
    out[0] = lac_shape_of(1, (int64_t[]){1});
    return true;
}

static void entropy_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    if (lac_needs(g, node->in[1]) || lac_needs(g, node->in[3]) || lac_needs(g, node->in[4])) {
        lac_graph_refuse(g, "backward: a gradient reaches the target, weight or norm of cross_entropy");
        return;
    }
    lac_id in[] = {d_y, node->in[0], node->in[1], node->in[2], node->in[3], node->in[4]};
    d_in[0] = lac_emit(g, LAC_OP_CROSS_ENTROPY_GRAD, node->attr, in, NULL);
}

const lac_op lac_op_CROSS_ENTROPY = {
    .n_in = 5, .n_out = 1, .optional = 6, .indices = 4, .shape = entropy_shape, .backward = entropy_backward};

static bool entropy_grad_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    out[0] = g->tensors[node->in[1]].shape;
    return true;
}

const lac_op lac_op_CROSS_ENTROPY_GRAD = {
    .n_in = 6, .n_out = 1, .optional = 12, .indices = 8, .shape = entropy_grad_shape};

lac_id lac_cross_entropy(lac_graph *g, lac_id logits, lac_id target, lac_id ids, lac_id weight, lac_id norm,
                         double temperature) {
    if (!(temperature > 0))
        return lac_graph_refuse(g, "cross_entropy: a temperature above 0 expected, found %g", temperature);
    lac_id in[] = {logits, target, ids, weight, norm};
    return lac_emit(g, LAC_OP_CROSS_ENTROPY, (lac_attr){.f = {temperature}}, in, NULL);
}
