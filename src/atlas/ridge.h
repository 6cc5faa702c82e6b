/* atlas/ridge.h - kernel ridge regression with its leave-one-out predictions in closed form.
 *
 * The kernel gets a constant added, so that there is a (regularised) bias. With G = K + 1 + lambda I the weights are
 * A = G^-1 Y, and what a fit without row i would predict for it is y_i - a_i / (G^-1)_ii (Cook 1977; Rifkin and Lippert
 * 2007). For hundreds of rows: everything is dense. */
#ifndef LAC_ATLAS_RIDGE_H
#define LAC_ATLAS_RIDGE_H

#include <stddef.h>

#include "base/error.h"

/* inverse (n x n) of kernel (n x n, symmetric) + 1 + lambda on the diagonal. LAC_FAILURE where that is not positive
 * definite. */
lac_status lac_ridge_inverse(const double *kernel, size_t n, double lambda, double *inverse, lac_error *err);
/* targets: n x m -> weights: n x m, left_out: n x m */
void lac_ridge_fit(const double *inverse, size_t n, const double *targets, size_t m, double *weights, double *left_out);

#endif
