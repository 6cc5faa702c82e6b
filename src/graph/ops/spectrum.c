/* graph/ops/spectrum.c - the discrete Fourier transform of pictures, and which of its frequencies a picture loses (MFM,
 * arXiv 2206.07706).
 *
 * Frequencies stand like tokens: B x F x 2C, F = H W in row-major order with frequency 0 first, a channel's real and
 * imaginary part beside each other. Both directions are scaled by 1 / sqrt(H W), so each is the other's adjoint, and
 * the backward of one is the other. */
#include "graph/node.h"

/* in x[B x C x H x W] */
static bool dft_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *x = &g->tensors[node->in[0]].shape;
    if (x->rank != 4) {
        lac_graph_refuse(g, "dft: pictures [B x C x H x W] expected, found %s", lac_shape_print(x).text);
        return false;
    }
    out[0] = lac_shape_of(3, (int64_t[]){x->dim[0], x->dim[2] * x->dim[3], 2 * x->dim[1]});
    return true;
}

static void dft_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    d_in[0] = lac_idft(g, d_y, lac_dim(g, node->in[0], 2), lac_dim(g, node->in[0], 3));
}

const lac_op lac_op_DFT = {.n_in = 1, .n_out = 1, .shape = dft_shape, .backward = dft_backward};

lac_id lac_dft(lac_graph *g, lac_id x) {
    return lac_emit(g, LAC_OP_DFT, (lac_attr){0}, (lac_id[]){x}, NULL);
}

/* in x[B x F x 2C]; i0 H, i1 W */
static bool idft_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *x = &g->tensors[node->in[0]].shape;
    int64_t h = node->attr.i[0], w = node->attr.i[1];
    if (x->rank != 3 || h < 1 || w < 1 || x->dim[1] != h * w || x->dim[2] % 2 != 0) {
        lac_graph_refuse(g, "idft: [B x %lld x 2C] expected, found %s", (long long)(h * w), lac_shape_print(x).text);
        return false;
    }
    out[0] = lac_shape_of(4, (int64_t[]){x->dim[0], x->dim[2] / 2, h, w});
    return true;
}

static void idft_backward(lac_graph *g, const lac_node *node, lac_id d_y, lac_id *d_in) {
    (void)node;
    d_in[0] = lac_dft(g, d_y);
}

const lac_op lac_op_IDFT = {.n_in = 1, .n_out = 1, .shape = idft_shape, .backward = idft_backward};

lac_id lac_idft(lac_graph *g, lac_id x, int64_t height, int64_t width) {
    return lac_emit(g, LAC_OP_IDFT, (lac_attr){.i = {height, width}}, (lac_id[]){x}, NULL);
}

/* in drawn[B x N]; i0 H, i1 W, f0 radius, f1 factor; out [B x F]. It has no derivative. */
static bool band_shape(lac_graph *g, const lac_node *node, lac_shape *out) {
    const lac_shape *drawn = &g->tensors[node->in[0]].shape;
    if (drawn->rank != 2) {
        lac_graph_refuse(g, "band: [B x N] expected, found %s", lac_shape_print(drawn).text);
        return false;
    }
    out[0] = lac_shape_of(2, (int64_t[]){drawn->dim[0], node->attr.i[0] * node->attr.i[1]});
    return true;
}

const lac_op lac_op_BAND = {.n_in = 1, .n_out = 1, .shape = band_shape};

lac_id lac_band(lac_graph *g, lac_id drawn, int64_t height, int64_t width, double radius, double factor) {
    return lac_emit(g, LAC_OP_BAND, (lac_attr){.i = {height, width}, .f = {radius, factor}}, (lac_id[]){drawn}, NULL);
}
