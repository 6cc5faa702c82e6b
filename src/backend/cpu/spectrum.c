/* backend/cpu/spectrum.c - the Fourier transform of small pictures as two matrix products with tables of cosines, plane
 * by plane: a few hundred points a side, where a fast transform would save little. The same for every set.
 *
 * A task is one channel of one picture; its room is a slice of scratch per thread. Rows first: H x W times W x 2W (real
 * and imaginary part); then columns: 2H x H times that. */
#include <math.h>
#include <string.h>

#include "backend/cpu/call.h"
#include "backend/cpu/move.h"

typedef struct spectrum {
    float *picture, *values;
    float *across, *down; /* cos and sin: W x W each, H x H each, scaled by 1 / sqrt */
    float *room;
    idx channels, h, w, room_size;
} spectrum;

/* table[2][n][n]: cos, sin of 2 pi j k / n, over sqrt n */
static void fill_table(float *table, idx n) {
    double scale = 1 / sqrt((double)n), step = 6.283185307179586477 / (double)n;
    for (idx j = 0; j < n; j++)
        for (idx k = j; k < n; k++) {
            double angle = step * (double)(j * k % n);
            table[j * n + k] = table[k * n + j] = (float)(scale * cos(angle));
            table[(n + j) * n + k] = table[(n + k) * n + j] = (float)(scale * sin(angle));
        }
}

/* c[m x n] += f a[m x k] b[k x n] */
static void product(float *c, const float *a, const float *b, idx m, idx k, idx n, float f) {
    for (idx i = 0; i < m; i++)
        for (idx l = 0; l < k; l++) {
            float v = f * a[i * k + l];
            for (idx j = 0; j < n; j++)
                c[i * n + j] += v * b[l * n + j];
        }
}

/* Forward: F = C - i S. X (C - i S) = R - i Q; (C - i S)(R - i Q) = (C R - S Q) - i (S R + C Q) */
static void forward_task(void *context, size_t task, int worker) {
    const spectrum *g = context;
    idx size = g->h * g->w, b = (idx)task / g->channels, c = (idx)task % g->channels;
    float *r = g->room + worker * g->room_size, *q = r + size, *re = q + size, *im = re + size;
    const float *x = g->picture + (idx)task * size;
    memset(r, 0, (size_t)(4 * size) * sizeof *r);
    product(r, x, g->across, g->h, g->w, g->w, 1.0f);
    product(q, x, g->across + g->w * g->w, g->h, g->w, g->w, 1.0f);
    product(re, g->down, r, g->h, g->h, g->w, 1.0f);
    product(re, g->down + g->h * g->h, q, g->h, g->h, g->w, -1.0f);
    product(im, g->down + g->h * g->h, r, g->h, g->h, g->w, -1.0f);
    product(im, g->down, q, g->h, g->h, g->w, -1.0f);
    float *y = g->values + (b * size * g->channels + c) * 2;
    for (idx i = 0; i < size; i++) {
        y[i * g->channels * 2] = re[i];
        y[i * g->channels * 2 + 1] = im[i];
    }
}

/* Back, the real part alone: with Z = A + i B and D = C + i S, down first: D Z = (C A - S B) + i (S A + C B) = R + i Q;
 * Re((R + i Q) D) = R C - Q S */
static void back_task(void *context, size_t task, int worker) {
    const spectrum *g = context;
    idx size = g->h * g->w, b = (idx)task / g->channels, c = (idx)task % g->channels;
    float *r = g->room + worker * g->room_size, *q = r + size, *re = q + size, *im = re + size;
    float *x = g->picture + (idx)task * size;
    const float *y = g->values + (b * size * g->channels + c) * 2;
    for (idx i = 0; i < size; i++) {
        re[i] = y[i * g->channels * 2];
        im[i] = y[i * g->channels * 2 + 1];
    }
    memset(r, 0, (size_t)(2 * size) * sizeof *r);
    memset(x, 0, (size_t)size * sizeof *x);
    product(r, g->down, re, g->h, g->h, g->w, 1.0f);
    product(r, g->down + g->h * g->h, im, g->h, g->h, g->w, -1.0f);
    product(q, g->down + g->h * g->h, re, g->h, g->h, g->w, 1.0f);
    product(q, g->down, im, g->h, g->h, g->w, 1.0f);
    product(x, r, g->across, g->h, g->w, g->w, 1.0f);
    product(x, q, g->across + g->w * g->w, g->h, g->w, g->w, -1.0f);
}

static size_t table_size(idx h, idx w) {
    return (size_t)(2 * (h * h + w * w));
}

size_t lac_spectrum_scratch(const lac_call *call, int n_threads) {
    const lac_view *x = call->op == LAC_OP_DFT ? &call->in[0] : &call->out[0];
    idx h = (idx)x->dim[2], w = (idx)x->dim[3];
    return (table_size(h, w) + (size_t)n_threads * (size_t)(4 * h * w)) * sizeof(float);
}

void lac_spectrum_run(const lac_call *call) {
    bool is_back = call->op == LAC_OP_IDFT;
    const lac_view *x = is_back ? &call->out[0] : &call->in[0];
    spectrum g = {.picture = x->data, .values = is_back ? call->in[0].data : call->out[0].data};
    g.channels = (idx)x->dim[1];
    g.h = (idx)x->dim[2];
    g.w = (idx)x->dim[3];
    g.room_size = 4 * g.h * g.w;
    g.down = call->scratch;
    g.across = g.down + 2 * g.h * g.h;
    g.room = g.down + table_size(g.h, g.w);
    fill_table(g.down, g.h);
    fill_table(g.across, g.w);
    lac_parallel(call->pool, (size_t)(x->dim[0] * g.channels), is_back ? back_task : forward_task, &g);
}
