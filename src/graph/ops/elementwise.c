/* graph/ops/elementwise.c - sums, products and scalings of whole tensors, and the sums over rows their gradients need.
 */
#include "graph/node.h"

static bool same_as_first(lac_graph *g, const lac_node *node, lac_shape *out) {
    out[0] = g->tensors[node->in[0]].shape;
    return true;
}

/* Ops of two tensors of one shape. */
static bool check_same(lac_graph *g, const lac_node *node) {
    if (lac_shape_equal(&g->tensors[node->in[0]].shape, &g->tensors[node->in[1]].shape)) return true;
    lac_graph_refuse(g, "%s: one shape expected, found %s and %s", lac_op_name(node->op),
                     lac_print(g, node->in[0]).text, lac_print(g, node->in[1]).text);
    return false;
}

static bool add_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    return check_same(g, node) && same_as_first(g, node, out);
}

static void add_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    (void)g;
    (void)node;
    d_in[0] = d_in[1] = d_y;
}

const lac_op lac_op_ADD = {.n_in = 2, .n_out = 1, .is_in_place = true, .shape = add_shape, .backward = add_backward};

lac_id lac_add(lac_graph *g, lac_id a, lac_id b) {
    return lac_emit(g, LAC_OP_ADD, (lac_attr){0}, (lac_id[]){a, b}, NULL);
}

/* The second argument's axes are the last of the first's. */
static bool broadcast_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *a = &g->tensors[node->in[0]].shape, *b = &g->tensors[node->in[1]].shape;
    bool fits = b->rank <= a->rank;
    for (int i = 1; fits && i <= b->rank; i++)
        fits = b->dim[b->rank - i] == a->dim[a->rank - i];
    if (!fits) {
        lac_graph_refuse(g, "%s: the last axes of %s expected, found %s", lac_op_name(node->op),
                         lac_shape_print(a).text, lac_shape_print(b).text);
        return false;
    }
    return same_as_first(g, node, out);
}

static void add_broadcast_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    d_in[0] = d_y;
    if (lac_needs(g, node->in[1]))
        d_in[1] = lac_emit(g, LAC_OP_SUM_LEADING, (lac_attr){0}, (lac_id[]){d_y}, &g->tensors[node->in[1]].shape);
}

const lac_op lac_op_ADD_BROADCAST = {
    .n_in = 2, .n_out = 1, .is_in_place = true, .shape = broadcast_shape, .backward = add_broadcast_backward};

static void mul_broadcast_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    lac_id a = node->in[0], scale = node->in[1];
    if (lac_needs(g, scale))
        d_in[1] = lac_emit(g, LAC_OP_MUL_SUM_LEADING, (lac_attr){0}, (lac_id[]){d_y, a}, &g->tensors[scale].shape);
    if (lac_needs(g, a)) d_in[0] = lac_emit(g, LAC_OP_MUL_BROADCAST, (lac_attr){0}, (lac_id[]){d_y, scale}, NULL);
}

const lac_op lac_op_MUL_BROADCAST = {
    .n_in = 2, .n_out = 1, .is_in_place = true, .shape = broadcast_shape, .backward = mul_broadcast_backward};

/* b without leading axes of size 1: positions are stored as [1 x N x D]. */
static lac_id without_leading_ones(lac_graph *g, lac_id b) {
    const lac_tensor *tensor = lac_tensor_at(g, b);
    if (!tensor) return LAC_NONE;
    lac_shape shape = tensor->shape;
    int ones = 0;
    while (ones + 1 < shape.rank && shape.dim[ones] == 1)
        ones++;
    return ones ? lac_reshape(g, b, shape.rank - ones, shape.dim + ones) : b;
}

lac_id lac_add_broadcast(lac_graph *g, lac_id a, lac_id b) {
    return lac_emit(g, LAC_OP_ADD_BROADCAST, (lac_attr){0}, (lac_id[]){a, without_leading_ones(g, b)}, NULL);
}

lac_id lac_mul_broadcast(lac_graph *g, lac_id a, lac_id scale) {
    return lac_emit(g, LAC_OP_MUL_BROADCAST, (lac_attr){0}, (lac_id[]){a, without_leading_ones(g, scale)}, NULL);
}

/* The output's shape is given by the builder: it is the broadcast argument's. */
static bool sum_leading_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *x = &g->tensors[node->in[0]].shape;
    if (out[0].rank < 0 || lac_shape_size(x) % lac_shape_size(&out[0]) != 0) {
        lac_graph_refuse(g, "%s: %s has no rows of the size wanted", lac_op_name(node->op), lac_shape_print(x).text);
        return false;
    }
    return true;
}

static bool mul_sum_leading_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    return check_same(g, node) && sum_leading_shape(g, node, out);
}

const lac_op lac_op_SUM_LEADING = {.n_in = 1, .n_out = 1, .shape = sum_leading_shape};
const lac_op lac_op_MUL_SUM_LEADING = {.n_in = 2, .n_out = 1, .shape = mul_sum_leading_shape};

static bool scale_samples_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    lac_id x = node->in[0], s = node->in[1];
    if (lac_rank(g, x) < 1 || lac_rank(g, s) != 1 || lac_dim(g, s, 0) != lac_dim(g, x, 0)) {
        lac_graph_refuse(g, "scale_samples: [%lld] factors expected, found %s", (long long)lac_dim(g, x, 0),
                         lac_print(g, s).text);
        return false;
    }
    return same_as_first(g, node, out);
}

static void scale_samples_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    if (lac_needs(g, node->in[1])) {
        lac_graph_refuse(g, "backward: a gradient reaches the factors of scale_samples, which have none");
        return;
    }
    d_in[0] = lac_emit(g, LAC_OP_SCALE_SAMPLES, (lac_attr){0}, (lac_id[]){d_y, node->in[1]}, NULL);
}

const lac_op lac_op_SCALE_SAMPLES = {
    .n_in = 2, .n_out = 1, .is_in_place = true, .shape = scale_samples_shape, .backward = scale_samples_backward};

lac_id lac_scale_samples(lac_graph *g, lac_id x, lac_id s) {
    return lac_emit(g, LAC_OP_SCALE_SAMPLES, (lac_attr){0}, (lac_id[]){x, s}, NULL);
}

static void scale_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    d_in[0] = lac_scale(g, d_y, node->attr.f[0]);
}

const lac_op lac_op_SCALE = {
    .n_in = 1, .n_out = 1, .is_in_place = true, .shape = same_as_first, .backward = scale_backward};

lac_id lac_scale(lac_graph *g, lac_id x, double factor) {
    return lac_emit(g, LAC_OP_SCALE, (lac_attr){.f = {factor}}, (lac_id[]){x}, NULL);
}

static bool given_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    if (out[0].rank >= 0) return true;
    lac_graph_refuse(g, "%s: no shape given", lac_op_name(node->op));
    return false;
}

const lac_op lac_op_FILL = {.n_in = 0, .n_out = 1, .shape = given_shape};
const lac_op lac_op_ACCUMULATE = {.n_in = 1, .n_out = 1, .shape = given_shape};

lac_id lac_fill(lac_graph *g, int rank, const int64_t *dim, double value) {
    lac_shape shape = lac_shape_of(rank, dim);
    return lac_emit(g, LAC_OP_FILL, (lac_attr){.f = {value}}, NULL, &shape);
}
