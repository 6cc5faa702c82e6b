/* atlas/ridge.c - Cholesky's factor, its inverse, and two matrix products. */
#include "atlas/ridge.h"

#include <math.h>

#include "base/memory.h"

/* Lower factor in place; the upper half is not touched. False where the matrix is not positive definite. */
static int factorise(double *a, size_t n) {
    for (size_t j = 0; j < n; j++) {
        double pivot = a[j * n + j];
        for (size_t k = 0; k < j; k++)
            pivot -= a[j * n + k] * a[j * n + k];
        if (!(pivot > 0)) return 0;
        a[j * n + j] = sqrt(pivot);
        for (size_t i = j + 1; i < n; i++) {
            double sum = a[i * n + j];
            for (size_t k = 0; k < j; k++)
                sum -= a[i * n + k] * a[j * n + k];
            a[i * n + j] = sum / a[j * n + j];
        }
    }
    return 1;
}

/* The inverse of the lower factor, as rows of its transpose: m[j * n + i] = (L^-1)_ij, i >= j. */
static void invert_factor(const double *l, size_t n, double *m) {
    for (size_t j = 0; j < n; j++)
        for (size_t i = j; i < n; i++) {
            double sum = i == j;
            for (size_t k = j; k < i; k++)
                sum -= l[i * n + k] * m[j * n + k];
            m[j * n + i] = sum / l[i * n + i];
        }
}

lac_status lac_ridge_inverse(const double *kernel, size_t n, double lambda, double *inverse, lac_error *err) {
    double *factor = lac_array(n * n, sizeof *factor), *rows = lac_array(n * n, sizeof *rows);
    lac_status status = factor && rows ? LAC_OK : lac_no_memory(err, "a classifier");
    if (status == LAC_OK) {
        for (size_t i = 0; i < n * n; i++)
            factor[i] = kernel[i] + 1 + (i % (n + 1) == 0 ? lambda : 0);
        if (!factorise(factor, n)) status = lac_fail(err, "the kernel of a classifier is not positive definite");
    }
    if (status == LAC_OK) {
        invert_factor(factor, n, rows);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j <= i; j++) { /* L^-T L^-1: rows of L^-1 from i on touch both */
                double sum = 0;
                for (size_t k = i; k < n; k++)
                    sum += rows[i * n + k] * rows[j * n + k];
                inverse[i * n + j] = inverse[j * n + i] = sum;
            }
    }
    lac_free(factor);
    lac_free(rows);
    return status;
}

void lac_ridge_fit(const double *inverse, size_t n, const double *targets, size_t m, double *weights,
                   double *left_out) {
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < m; c++) {
            double sum = 0;
            for (size_t k = 0; k < n; k++)
                sum += inverse[i * n + k] * targets[k * m + c];
            weights[i * m + c] = sum;
            left_out[i * m + c] = targets[i * m + c] - sum / inverse[i * n + i];
        }
}
