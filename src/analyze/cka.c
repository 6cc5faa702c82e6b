/* analyze/cka.c - linear CKA in its form by features, |Y'X|^2 / (|X'X| |Y'Y|) of centred X and Y: the products are
 * D x D, so pictures cost only time. Each matrix is scaled to length 1 first, which cancels and keeps float32 in range.
 */
#include <math.h>
#include <string.h>

#include "analyze/analyze.h"
#include "base/memory.h"

/* out: n x d, centred by column, Frobenius norm 1; all 0 where nothing varies */
static void centre(int64_t n, int64_t d, const float *x, float *out) {
    double squares = 0, size = 0;
    for (int64_t j = 0; j < d; j++) {
        double mean = 0;
        for (int64_t i = 0; i < n; i++)
            mean += (double)x[i * d + j];
        mean /= (double)n;
        for (int64_t i = 0; i < n; i++) {
            double v = (double)x[i * d + j] - mean;
            out[i * d + j] = (float)v;
            squares += v * v;
            size += (double)x[i * d + j] * (double)x[i * d + j];
        }
    }
    /* what is left of a constant by rounding is not variation */
    float scale = squares > 1e-12 * size ? (float)(1 / sqrt(squares)) : 0;
    for (int64_t i = 0; i < n * d; i++)
        out[i] *= scale;
}

/* |X'Y|^2; product: d_x x d_y floats */
static lac_status cross(const lac_backend *backend, lac_pool *pool, int64_t n, const float *x, int64_t d_x,
                        const float *y, int64_t d_y, float *product, double *value, lac_error *err) {
    LAC_TRY(lac_matmul_tn(backend, pool, d_x, d_y, n, x, y, product, err));
    *value = 0;
    for (int64_t i = 0; i < d_x * d_y; i++)
        *value += (double)product[i] * (double)product[i];
    return LAC_OK;
}

lac_status lac_cka_linear(const lac_backend *backend, lac_pool *pool, int64_t n, const float *x, int64_t d_x,
                          const float *y, int64_t d_y, double *value, lac_error *err) {
    int64_t most = d_x > d_y ? d_x : d_y;
    float *a = lac_array((size_t)n, (size_t)d_x * sizeof *a), *b = lac_array((size_t)n, (size_t)d_y * sizeof *b);
    float *product = lac_array((size_t)most, (size_t)most * sizeof *product);
    lac_status status = a && b && product ? LAC_OK : lac_no_memory(err, "CKA");
    double xy, xx, yy;
    if (status == LAC_OK) {
        centre(n, d_x, x, a);
        centre(n, d_y, y, b);
        status = cross(backend, pool, n, a, d_x, b, d_y, product, &xy, err);
    }
    if (status == LAC_OK) status = cross(backend, pool, n, a, d_x, a, d_x, product, &xx, err);
    if (status == LAC_OK) status = cross(backend, pool, n, b, d_y, b, d_y, product, &yy, err);
    if (status == LAC_OK) *value = xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : NAN;
    lac_free(a);
    lac_free(b);
    lac_free(product);
    return status;
}

static lac_status check(const lac_analysis *runs, int n_runs, lac_error *err) {
    for (int r = 1; r < n_runs; r++)
        if (runs[r].n != runs[0].n || memcmp(runs[r].sample, runs[0].sample, (size_t)runs[0].n * sizeof(int64_t)) != 0)
            return lac_usage(err, "%s and %s were not measured on the same pictures", runs[0].name, runs[r].name);
    return LAC_OK;
}

typedef struct rows { /* every layer of every run, centred */
    int64_t n;
    float **x;
    int64_t *d;
} rows;

static lac_status fill(const lac_analysis *runs, lac_cka *c, rows *all, lac_error *err) {
    int64_t at = 0;
    for (int r = 0; r < c->n_runs; r++) {
        const lac_analysis *a = &runs[r];
        c->first[r] = at;
        for (int64_t l = 0; l < a->n_layers; l++, at++) {
            all->d[at] = a->width;
            all->x[at] = lac_array((size_t)a->n, (size_t)a->width * sizeof(float));
            if (!all->x[at]) return lac_no_memory(err, "CKA");
            centre(a->n, a->width, a->features + l * a->n * a->width, all->x[at]);
        }
    }
    return LAC_OK;
}

static lac_status multiply(const lac_backend *backend, lac_pool *pool, const rows *all, int64_t most, lac_cka *c,
                           lac_error *err) {
    float *product = lac_array((size_t)most, (size_t)most * sizeof *product);
    lac_status status = product ? LAC_OK : lac_no_memory(err, "CKA");
    const int64_t k = c->n_rows;
    for (int64_t i = 0; i < k && status == LAC_OK; i++)
        for (int64_t j = 0; j <= i && status == LAC_OK; j++)
            status = cross(backend, pool, all->n, all->x[i], all->d[i], all->x[j], all->d[j], product,
                           &c->value[i * k + j], err);
    lac_free(product);
    for (int64_t i = 0; i < k && status == LAC_OK; i++)
        for (int64_t j = 0; j < i; j++) {
            double size = sqrt(c->value[i * k + i] * c->value[j * k + j]);
            c->value[j * k + i] = c->value[i * k + j] = size > 0 ? c->value[i * k + j] / size : NAN;
        }
    for (int64_t i = 0; i < k && status == LAC_OK; i++)
        c->value[i * k + i] = c->value[i * k + i] > 0 ? 1 : NAN;
    return status;
}

lac_status lac_cka_all(const lac_backend *backend, lac_pool *pool, const lac_analysis *runs, int n_runs, lac_cka *cka,
                       lac_error *err) {
    *cka = (lac_cka){.n_runs = n_runs};
    LAC_TRY(check(runs, n_runs, err));
    rows all = {.n = n_runs > 0 ? runs[0].n : 0};
    int64_t most = 1;
    for (int r = 0; r < n_runs; r++) {
        cka->n_rows += runs[r].n_layers;
        if (runs[r].width > most) most = runs[r].width;
    }
    const size_t k = (size_t)cka->n_rows;
    cka->first = lac_array((size_t)n_runs, sizeof *cka->first);
    cka->value = lac_array(k * k, sizeof *cka->value);
    all.x = lac_array(k, sizeof *all.x);
    all.d = lac_array(k, sizeof *all.d);
    lac_status status = cka->first && cka->value && all.x && all.d ? LAC_OK : lac_no_memory(err, "CKA");
    if (status == LAC_OK) status = fill(runs, cka, &all, err);
    if (status == LAC_OK) status = multiply(backend, pool, &all, most, cka, err);
    for (size_t i = 0; all.x && i < k; i++)
        lac_free(all.x[i]);
    lac_free(all.x);
    lac_free(all.d);
    if (status != LAC_OK) lac_cka_free(cka);
    return status;
}

void lac_cka_free(lac_cka *cka) {
    lac_free(cka->first);
    lac_free(cka->value);
    *cka = (lac_cka){0};
}
