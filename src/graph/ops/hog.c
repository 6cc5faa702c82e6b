/* graph/ops/hog.c - histograms of oriented gradients, patch by patch (Dalal and Triggs 2005; as a target: MaskFeat,
 * arXiv 2112.09133). They have no derivative. */
#include "graph/node.h"

/* in x[B x C x H x W]; i0, i1 patch, i2 cell, i3 bins, i4 window */
static bool hog_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *x = &g->tensors[node->in[0]].shape;
    const int64_t *i = node->attr.i;
    if (x->rank != 4 || i[0] < 1 || i[1] < 1 || i[2] < 1 || i[3] < 1 || i[0] % i[2] || i[1] % i[2] ||
        x->dim[2] % i[0] || x->dim[3] % i[1] || x->dim[2] < 2 || x->dim[3] < 2) {
        lac_graph_refuse(g, "hog: pictures of patches %lld x %lld with cells of %lld expected, found %s",
                         (long long)i[0], (long long)i[1], (long long)i[2], lac_shape_print(x).text);
        return false;
    }
    int64_t n = x->dim[2] / i[0] * (x->dim[3] / i[1]);
    out[0] = lac_shape_of(3, (int64_t[]){x->dim[0], n, x->dim[1] * i[3] * (i[0] / i[2]) * (i[1] / i[2])});
    return true;
}

const lac_op lac_op_HOG = {.n_in = 1, .n_out = 1, .shape = hog_shape};

lac_id lac_hog(lac_graph *g, lac_id x, const int64_t patch[2], int64_t cell, int64_t bins, int64_t window) {
    lac_attr attr = {.i = {patch[0], patch[1], cell, bins, window}};
    return lac_emit(g, LAC_OP_HOG, attr, (lac_id[]){x}, NULL);
}
