/* analyze/layers.c - how many directions a representation uses, and how alike a picture's tokens are.
 *
 * Eigenvalues of D x D moment matrices in double; singular values are their roots. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/analyze.h"
#include "base/memory.h"
#include "train/collapse.h"

typedef struct moments {
    int64_t n, d;
    const float *x;
    const double *mean, *scale; /* by column; by row */
    double *gram;               /* D x D, row i written by task i */
} moments;

/* gram[i][j] = sum over rows of scale^2 (x_i - mean_i) (x_j - mean_j), j <= i */
static void gram_row(void *context, size_t task, int worker) {
    (void)worker;
    const moments *m = context;
    const int64_t i = (int64_t)task, d = m->d;
    double *out = m->gram + i * d;
    memset(out, 0, (size_t)d * sizeof *out);
    for (int64_t r = 0; r < m->n; r++) {
        const float *x = m->x + r * d;
        double s = m->scale ? m->scale[r] * m->scale[r] : 1, v = s * ((double)x[i] - (m->mean ? m->mean[i] : 0));
        if (m->mean)
            for (int64_t j = 0; j <= i; j++)
                out[j] += v * ((double)x[j] - m->mean[j]);
        else
            for (int64_t j = 0; j <= i; j++)
                out[j] += v * (double)x[j];
    }
}

static int descending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* Eigenvalues, descending, those below 0 by rounding as 0. */
static void eigenvalues(lac_pool *pool, moments *m, double *values, double *extra) {
    const int64_t d = m->d;
    lac_parallel(pool, (size_t)d, gram_row, m);
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = 0; j < i; j++)
            m->gram[j * d + i] = m->gram[i * d + j];
    lac_symmetric_eigenvalues(d, m->gram, values, extra);
    for (int64_t i = 0; i < d; i++)
        values[i] = fmax(values[i], 0);
    qsort(values, (size_t)d, sizeof *values, descending);
}

static double rank_of(const double *values, int64_t d) {
    double sum = 0, entropy = 0;
    for (int64_t i = 0; i < d; i++)
        sum += sqrt(values[i]);
    if (!(sum > 0)) return NAN;
    for (int64_t i = 0; i < d; i++) {
        double p = sqrt(values[i]) / sum;
        if (p > 0) entropy -= p * log(p);
    }
    return exp(entropy);
}

static void measure(lac_pool *pool, moments *m, double *mean, double *scale, double *values, double *extra,
                    lac_layer_look *look) {
    const int64_t n = m->n, d = m->d;
    for (int64_t r = 0; r < n; r++) {
        double squares = 0;
        for (int64_t j = 0; j < d; j++) {
            double v = (double)m->x[r * d + j];
            squares += v * v;
            mean[j] += v / (double)n;
        }
        scale[r] = squares > 0 ? 1 / sqrt(squares) : 0;
    }
    m->scale = scale;
    eigenvalues(pool, m, values, extra);
    look->effective_rank = rank_of(values, d);
    m->scale = NULL;
    m->mean = mean;
    eigenvalues(pool, m, values, extra);
    look->centred_rank = rank_of(values, d);
    double sum = 0;
    for (int64_t i = 0; i < d; i++)
        sum += values[i];
    for (int64_t i = 0; look->spectrum && i < d; i++)
        look->spectrum[i] = sum > 0 ? values[i] / sum : NAN;
}

lac_status lac_rank_measure(lac_pool *pool, int64_t n, int64_t d, const float *x, lac_layer_look *look,
                            lac_error *err) {
    moments m = {.n = n, .d = d, .x = x};
    double *mean = lac_array((size_t)d, sizeof *mean), *scale = lac_array((size_t)n, sizeof *scale);
    double *values = lac_array((size_t)d, sizeof *values), *extra = lac_array((size_t)d, sizeof *extra);
    m.gram = lac_array((size_t)(d * d), sizeof *m.gram);
    bool has_room = mean && scale && values && extra && m.gram;
    if (has_room) measure(pool, &m, mean, scale, values, extra, look);
    lac_free(mean);
    lac_free(scale);
    lac_free(values);
    lac_free(extra);
    lac_free(m.gram);
    return has_room ? LAC_OK : lac_no_memory(err, "a spectrum");
}

/* (|sum of unit tokens|^2 - N) / (N (N - 1)): the mean over pairs without going through them */
double lac_token_similarity(int64_t n, int64_t d, const float *tokens, double *sum) {
    if (n < 2) return NAN;
    memset(sum, 0, (size_t)d * sizeof *sum);
    double total = 0, own = 0;
    for (int64_t t = 0; t < n; t++) {
        const float *x = tokens + t * d;
        double squares = 0;
        for (int64_t j = 0; j < d; j++)
            squares += (double)x[j] * (double)x[j];
        if (!(squares > 0)) continue;
        double scale = 1 / sqrt(squares);
        for (int64_t j = 0; j < d; j++)
            sum[j] += scale * (double)x[j];
        own += 1;
    }
    for (int64_t j = 0; j < d; j++)
        total += sum[j] * sum[j];
    return (total - own) / ((double)n * (double)(n - 1));
}
