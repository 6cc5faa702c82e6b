/* analyze/pairs.c - alignment and uniformity on the unit sphere (Wang & Isola, arXiv 2005.10242; alpha 2, t 2). */
#include <math.h>
#include <string.h>

#include "analyze/analyze.h"
#include "base/memory.h"

typedef struct pairs {
    int64_t n, d;
    double *x, *y; /* n x D, rows of length 1 */
    double *sum;   /* n: over j < i of exp(-2 |x_i - x_j|^2) */
} pairs;

static void unit_rows(int64_t n, int64_t d, const float *from, double *to) {
    for (int64_t i = 0; i < n; i++) {
        double squares = 0;
        for (int64_t j = 0; j < d; j++)
            squares += (double)from[i * d + j] * (double)from[i * d + j];
        double scale = squares > 0 ? 1 / sqrt(squares) : 0;
        for (int64_t j = 0; j < d; j++)
            to[i * d + j] = scale * (double)from[i * d + j];
    }
}

static double distance2(const double *a, const double *b, int64_t d) {
    double sum = 0;
    for (int64_t j = 0; j < d; j++)
        sum += (a[j] - b[j]) * (a[j] - b[j]);
    return sum;
}

static void sum_row(void *context, size_t task, int worker) {
    (void)worker;
    const pairs *p = context;
    const int64_t i = (int64_t)task;
    double sum = 0;
    for (int64_t j = 0; j < i; j++)
        sum += exp(-2 * distance2(p->x + i * p->d, p->x + j * p->d, p->d));
    p->sum[i] = sum;
}

lac_status lac_alignment_measure(lac_pool *pool, int64_t n, int64_t d, const float *x, const float *y,
                                 double *alignment, double *uniformity, lac_error *err) {
    pairs p = {.n = n, .d = d};
    p.x = lac_array((size_t)(n * d), sizeof *p.x);
    p.y = lac_array((size_t)(n * d), sizeof *p.y);
    p.sum = lac_array((size_t)n, sizeof *p.sum);
    bool has_room = p.x && p.y && p.sum;
    *alignment = *uniformity = NAN;
    if (has_room && n >= 2) {
        unit_rows(n, d, x, p.x);
        unit_rows(n, d, y, p.y);
        lac_parallel(pool, (size_t)n, sum_row, &p);
        double near = 0, sum = 0;
        for (int64_t i = 0; i < n; i++) {
            near += distance2(p.x + i * d, p.y + i * d, d);
            sum += p.sum[i];
        }
        *alignment = near / (double)n;
        *uniformity = log(sum / (0.5 * (double)n * (double)(n - 1)));
    }
    lac_free(p.x);
    lac_free(p.y);
    lac_free(p.sum);
    return has_room ? LAC_OK : lac_no_memory(err, "alignment");
}
