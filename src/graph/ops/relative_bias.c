/* graph/ops/relative_bias.c - what attention's scores gain from how far apart two patches lie: a table of one row per
 * distance along each axis, written out for every pair of tokens (BEiT, arXiv 2106.08254; after arXiv 1910.10683). */
#include "graph/node.h"

/* in table[R x h] */
static bool relative_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *table = &g->tensors[node->in[0]].shape;
    int64_t n_prefix = node->attr.i[0], n = 1, rows = 1;
    for (int a = 0; a < node->attr.i[1]; a++) {
        n *= node->attr.i[2 + a];
        rows *= 2 * node->attr.i[2 + a] - 1;
    }
    if (n_prefix > 0) rows += 3;
    if (table->rank != 2 || table->dim[0] != rows) {
        lac_graph_refuse(g, "relative_bias: [%lld x h] expected, found %s", (long long)rows,
                         lac_shape_print(table).text);
        return false;
    }
    out[0] = lac_shape_of(3, (int64_t[]){table->dim[1], n_prefix + n, n_prefix + n});
    return true;
}

static void relative_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    d_in[0] = lac_emit(g, LAC_OP_RELATIVE_BIAS_GRAD, node->attr, (lac_id[]){d_y}, &g->tensors[node->in[0]].shape);
}

const lac_op lac_op_RELATIVE_BIAS = {.n_in = 1, .n_out = 1, .shape = relative_shape, .backward = relative_backward};

/* in d[h x T x T]; the shape is given */
static bool relative_grad_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    (void)g, (void)node, (void)out;
    return true;
}

const lac_op lac_op_RELATIVE_BIAS_GRAD = {.n_in = 1, .n_out = 1, .shape = relative_grad_shape};

int64_t lac_relative_rows(int n_axes, const int64_t *grid, int64_t n_prefix) {
    int64_t rows = n_prefix > 0 ? 3 : 0, product = 1;
    for (int a = 0; a < n_axes; a++)
        product *= 2 * grid[a] - 1;
    return rows + product;
}

lac_id lac_relative_bias(lac_graph *g, lac_id table, int n_axes, const int64_t *grid, int64_t n_prefix) {
    if (n_axes < 1 || n_axes > 3 || n_prefix < 0)
        return lac_graph_refuse(g, "relative_bias: 1 to 3 axes expected, found %d", n_axes);
    lac_attr attr = {.i = {n_prefix, n_axes}};
    for (int a = 0; a < n_axes; a++)
        attr.i[2 + a] = grid[a];
    return lac_emit(g, LAC_OP_RELATIVE_BIAS, attr, (lac_id[]){table}, NULL);
}
