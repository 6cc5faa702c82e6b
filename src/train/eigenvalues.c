/* train/eigenvalues.c - all eigenvalues of a small symmetric matrix in double: Householder reduction to tridiagonal
 * form, then implicit QR steps with Wilkinson's shift (Golub & Van Loan, Matrix Computations, 8.3.1 to 8.3.3). No
 * vectors. */
#include <float.h>
#include <math.h>

#include "train/collapse.h"

/* a -> diagonal d[n], off-diagonal e[n-1]. Row k of `a` below the diagonal serves as the reflector's vector v. */
static void tridiagonal(int64_t n, double *a, double *d, double *e) {
    for (int64_t k = 0; k + 2 < n; k++) {
        double *v = a + k * n; /* by symmetry the column below the diagonal */
        double squares = 0;
        for (int64_t i = k + 1; i < n; i++)
            squares += v[i] * v[i];
        double alpha = v[k + 1] > 0 ? -sqrt(squares) : sqrt(squares);
        d[k] = a[k * n + k];
        double half = squares - alpha * v[k + 1]; /* v.v / 2 once v[k+1] -= alpha */
        if (!(half > 0)) {
            e[k] = v[k + 1];
            continue;
        }
        v[k + 1] -= alpha;
        double beta = 1 / half, pv = 0;
        double *p = e; /* e[k+1..] is not set yet */
        for (int64_t i = k + 1; i < n; i++) {
            double dot = 0;
            for (int64_t j = k + 1; j < n; j++)
                dot += a[i * n + j] * v[j];
            p[i] = beta * dot;
            pv += p[i] * v[i];
        }
        for (int64_t i = k + 1; i < n; i++)
            p[i] -= 0.5 * beta * pv * v[i];
        for (int64_t i = k + 1; i < n; i++)
            for (int64_t j = k + 1; j < n; j++)
                a[i * n + j] -= v[i] * p[j] + p[i] * v[j];
        e[k] = alpha;
    }
    if (n >= 2) {
        d[n - 2] = a[(n - 2) * n + n - 2];
        e[n - 2] = a[(n - 2) * n + n - 1];
    }
    if (n >= 1) d[n - 1] = a[n * n - 1];
}

/* One QR step on the unreduced block first..last, chasing the bulge z down with rotations. */
static void qr_step(int64_t first, int64_t last, double *d, double *e) {
    double half = 0.5 * (d[last - 1] - d[last]), square = e[last - 1] * e[last - 1];
    double root = hypot(half, e[last - 1]);
    double shift = d[last] - square / (half + (half >= 0 ? root : -root));
    double x = d[first] - shift, z = e[first];
    for (int64_t k = first; k < last; k++) {
        double r = hypot(x, z), c = r > 0 ? x / r : 1, s = r > 0 ? z / r : 0;
        if (k > first) e[k - 1] = r;
        double p = d[k], q = e[k], w = d[k + 1];
        d[k] = c * c * p + 2 * c * s * q + s * s * w;
        d[k + 1] = s * s * p - 2 * c * s * q + c * c * w;
        e[k] = c * s * (w - p) + (c * c - s * s) * q;
        if (k + 1 < last) {
            x = e[k];
            z = s * e[k + 1];
            e[k + 1] *= c;
        }
    }
}

void lac_symmetric_eigenvalues(int64_t n, double *a, double *values, double *e) {
    tridiagonal(n, a, values, e);
    double largest = 0;
    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(values[i]));
    for (int64_t i = 0; i + 1 < n; i++)
        largest = fmax(largest, fabs(e[i]));
    int64_t last = n - 1, budget = 60 * n; /* about two steps a value suffice */
    while (last > 0 && budget-- > 0) {
        for (int64_t i = 0; i < last; i++)
            if (fabs(e[i]) <= DBL_EPSILON * (fabs(values[i]) + fabs(values[i + 1])) || fabs(e[i]) <= 1e-30 * largest)
                e[i] = 0;
        while (last > 0 && e[last - 1] == 0)
            last--;
        if (last == 0) break;
        int64_t first = last - 1;
        while (first > 0 && e[first - 1] != 0)
            first--;
        qr_step(first, last, values, e);
    }
}
