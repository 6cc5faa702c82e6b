/* graph/ops/losses.c - weighted squared, absolute, smooth absolute and complex distance of rows, as one number.
 *
 * norm is an input, not a constant: it is one over the sum of the weights, which a mask decides. */
#include "graph/node.h"

/* in prediction[B x N x P], target, weight[B x N], norm[1]; out loss[1] */
static bool distance_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *prediction = &g->tensors[node->in[0]].shape, *target = &g->tensors[node->in[1]].shape,
                    *weight = &g->tensors[node->in[2]].shape, *norm = &g->tensors[node->in[3]].shape;
    if (!lac_shape_equal(prediction, target)) {
        lac_graph_refuse(g, "%s: prediction %s and target %s differ in shape", lac_op_name(node->op),
                         lac_shape_print(prediction).text, lac_shape_print(target).text);
        return false;
    }
    if (lac_shape_size(weight) != lac_shape_rows(prediction) || lac_shape_size(norm) != 1) {
        lac_graph_refuse(g, "%s: a weight for each row of %s and one norm expected, found %s and %s",
                         lac_op_name(node->op), lac_shape_print(prediction).text, lac_shape_print(weight).text,
                         lac_shape_print(norm).text);
        return false;
    }
    out[0] = lac_shape_of(1, (int64_t[]){1});
    return true;
}

static void distance_backward(lac_graph *g, const lac_node *node, lac_op_id grad, lac_id d_y, lac_id *d_in) {
    if (lac_needs(g, node->in[2]) || lac_needs(g, node->in[3])) {
        lac_graph_refuse(g, "backward: a gradient reaches the weight or norm of %s, which have none",
                         lac_op_name(node->op));
        return;
    }
    lac_id in[] = {d_y, node->in[0], node->in[1], node->in[2], node->in[3]};
    d_in[0] = lac_emit(g, grad, node->attr, in, NULL);
    if (lac_needs(g, node->in[1])) d_in[1] = lac_scale(g, d_in[0], -1);
}

static void l2_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    distance_backward(g, node, LAC_OP_L2_GRAD, d_y, d_in);
}

static void l1_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    distance_backward(g, node, LAC_OP_L1_GRAD, d_y, d_in);
}

static void smooth_l1_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    distance_backward(g, node, LAC_OP_SMOOTH_L1_GRAD, d_y, d_in);
}

/* in prediction[B x F x 2C], target, weight, norm */
static bool modulus_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *prediction = &g->tensors[node->in[0]].shape;
    if (lac_shape_last(prediction) % 2 == 0) return distance_shape(g, node, out);
    lac_graph_refuse(g, "modulus: pairs of real and imaginary parts expected, found %s",
                     lac_shape_print(prediction).text);
    return false;
}

static void modulus_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    distance_backward(g, node, LAC_OP_MODULUS_GRAD, d_y, d_in);
}

static bool distance_grad_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    out[0] = g->tensors[node->in[1]].shape;
    return true;
}

const lac_op lac_op_L2 = {.n_in = 4, .n_out = 1, .shape = distance_shape, .backward = l2_backward};
const lac_op lac_op_L1 = {.n_in = 4, .n_out = 1, .shape = distance_shape, .backward = l1_backward};
const lac_op lac_op_L2_GRAD = {.n_in = 5, .n_out = 1, .shape = distance_grad_shape};
const lac_op lac_op_L1_GRAD = {.n_in = 5, .n_out = 1, .shape = distance_grad_shape};
const lac_op lac_op_SMOOTH_L1 = {.n_in = 4, .n_out = 1, .shape = distance_shape, .backward = smooth_l1_backward};
const lac_op lac_op_MODULUS = {.n_in = 4, .n_out = 1, .shape = modulus_shape, .backward = modulus_backward};
const lac_op lac_op_MODULUS_GRAD = {.n_in = 5, .n_out = 1, .shape = distance_grad_shape};
const lac_op lac_op_SMOOTH_L1_GRAD = {.n_in = 5, .n_out = 1, .shape = distance_grad_shape};

lac_id lac_l2(lac_graph *g, lac_id prediction, lac_id target, lac_id weight, lac_id norm) {
    return lac_emit(g, LAC_OP_L2, (lac_attr){0}, (lac_id[]){prediction, target, weight, norm}, NULL);
}

lac_id lac_l1(lac_graph *g, lac_id prediction, lac_id target, lac_id weight, lac_id norm) {
    return lac_emit(g, LAC_OP_L1, (lac_attr){0}, (lac_id[]){prediction, target, weight, norm}, NULL);
}

lac_id lac_smooth_l1(lac_graph *g, lac_id prediction, lac_id target, lac_id weight, lac_id norm, double beta) {
    if (!(beta > 0)) return lac_graph_refuse(g, "smooth_l1: a beta above 0 expected, found %g", beta);
    lac_id in[] = {prediction, target, weight, norm};
    return lac_emit(g, LAC_OP_SMOOTH_L1, (lac_attr){.f = {beta}}, in, NULL);
}

lac_id lac_modulus(lac_graph *g, lac_id prediction, lac_id target, lac_id weight, lac_id norm, double gamma) {
    if (!(gamma > 0)) return lac_graph_refuse(g, "modulus: a gamma above 0 expected, found %g", gamma);
    lac_id in[] = {prediction, target, weight, norm};
    return lac_emit(g, LAC_OP_MODULUS, (lac_attr){.f = {gamma}}, in, NULL);
}
