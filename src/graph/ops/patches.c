/* graph/ops/patches.c - cutting pictures (1 to 3 spatial axes) into patches and putting them together again. */
#include "graph/node.h"

/* Patch sizes fit the picture x[B x C x S...]: N patches of P values. */
static bool cut(lac_graph *g, const lac_node *node, const lac_shape *x, int64_t *n, int64_t *p) {
    *n = 1;
    *p = x->rank >= 3 ? x->dim[1] : 1;
    bool fits = x->rank >= 3 && x->rank <= 5;
    for (int i = 0; fits && i + 2 < x->rank; i++) {
        int64_t size = node->attr.i[i];
        fits = size >= 1 && x->dim[i + 2] % size == 0;
        if (!fits) break;
        *n *= x->dim[i + 2] / size;
        *p *= size;
    }
    if (!fits)
        lac_graph_refuse(g, "%s: sizes of %s are no multiples of the patch's %lld x %lld x %lld", lac_op_name(node->op),
                         lac_shape_print(x).text, (long long)node->attr.i[0], (long long)node->attr.i[1],
                         (long long)node->attr.i[2]);
    return fits;
}

static bool patchify_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *x = &g->tensors[node->in[0]].shape;
    int64_t n, p;
    if (!cut(g, node, x, &n, &p)) return false;
    out[0] = lac_shape_of(3, (int64_t[]){x->dim[0], n, p});
    return true;
}

static void patchify_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    lac_attr attr = node->attr;
    attr.i[4] = lac_dim(g, node->in[0], 1);
    d_in[0] = lac_emit(g, LAC_OP_UNPATCHIFY, attr, (lac_id[]){d_y}, &g->tensors[node->in[0]].shape);
}

const lac_op lac_op_PATCHIFY = {.n_in = 1, .n_out = 1, .shape = patchify_shape, .backward = patchify_backward};

/* The picture's shape is given. */
static bool unpatchify_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *x = &g->tensors[node->in[0]].shape;
    int64_t n, p;
    if (!cut(g, node, &out[0], &n, &p)) return false;
    if (x->rank == 3 && x->dim[0] == out[0].dim[0] && x->dim[1] == n && x->dim[2] == p) return true;
    lac_graph_refuse(g, "unpatchify: [%lld x %lld x %lld] expected for %s, found %s", (long long)out[0].dim[0],
                     (long long)n, (long long)p, lac_shape_print(&out[0]).text, lac_shape_print(x).text);
    return false;
}

static void unpatchify_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    lac_attr attr = node->attr;
    attr.i[4] = 0;
    d_in[0] = lac_emit(g, LAC_OP_PATCHIFY, attr, (lac_id[]){d_y}, NULL);
}

const lac_op lac_op_UNPATCHIFY = {.n_in = 1, .n_out = 1, .shape = unpatchify_shape, .backward = unpatchify_backward};

static lac_attr attributes(int n_axes, const int64_t *patch, bool channel_fastest) {
    lac_attr attr = {.i = {1, 1, 1, channel_fastest}};
    for (int i = 0; i < n_axes; i++)
        attr.i[i] = patch[i];
    return attr;
}

lac_id lac_patchify(lac_graph *g, lac_id x, int n_axes, const int64_t *patch, bool channel_fastest) {
    if (n_axes < 1 || n_axes > 3 || (x != LAC_NONE && lac_rank(g, x) != n_axes + 2))
        return lac_graph_refuse(g, "patchify: [B x C x %d sizes] expected, found %d axes", n_axes, lac_rank(g, x));
    return lac_emit(g, LAC_OP_PATCHIFY, attributes(n_axes, patch, channel_fastest), (lac_id[]){x}, NULL);
}

lac_id lac_unpatchify(lac_graph *g, lac_id x, int n_axes, const int64_t *patch, bool channel_fastest, int64_t channels,
                      const int64_t *size) {
    if (n_axes < 1 || n_axes > 3) return lac_graph_refuse(g, "unpatchify: 1 to 3 axes expected, found %d", n_axes);
    lac_attr attr = attributes(n_axes, patch, channel_fastest);
    attr.i[4] = channels;
    lac_shape shape = {.rank = n_axes + 2, .dim = {lac_dim(g, x, 0), channels}};
    for (int i = 0; i < n_axes; i++)
        shape.dim[i + 2] = size[i];
    return lac_emit(g, LAC_OP_UNPATCHIFY, attr, (lac_id[]){x}, &shape);
}
