/* eval/lbfgs.h - L-BFGS (Liu and Nocedal 1989) for smooth functions of many variables, in double. */
#ifndef LAC_EVAL_LBFGS_H
#define LAC_EVAL_LBFGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* The function and its gradient at x[n]; may fail, which ends the search with that status. */
typedef lac_status (*lac_objective_at)(void *context, const double *x, double *value, double *gradient, lac_error *err);

typedef struct lac_lbfgs_options {
    int memory;                /* pairs kept; 0: 10 */
    int max_iterations;        /* 0: 1000 */
    double gradient_tolerance; /* of the largest |gradient|; 0: 1e-5 */
    double noise;              /* relative error of the function's values: smaller rises count as none */
    /* out = an approximate inverse Hessian (symmetric, positive definite) times in; NULL: the identity. */
    void (*precondition)(void *context, const double *in, double *out);
} lac_lbfgs_options;

typedef struct lac_lbfgs_report {
    bool is_converged; /* the tolerance was reached */
    int iterations, evaluations;
    double value, gradient; /* at the end; gradient: largest |component| */
} lac_lbfgs_report;

/* Minimise from x[n], in place. Not converging is reported, not an error. */
lac_status lac_lbfgs(const lac_lbfgs_options *options, int64_t n, double *x, lac_objective_at function, void *context,
                     lac_lbfgs_report *report, lac_error *err);

#endif
