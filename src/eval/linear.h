/* eval/linear.h - the linear probe: multinomial logistic regression on frozen, standardised features.
 *
 * The objective is scikit-learn's LogisticRegression: sum over rows of the log-loss + 1/(2 C) |W|^2, the intercept not
 * penalised; one weight vector when there are two classes. Minimised by L-BFGS until the largest component of the
 * gradient of objective / n (scikit-learn's own scaling) is at most 1e-5.
 * Not here: the stochastic protocol of the literature (probe_sgd.h). */
#ifndef LAC_EVAL_LINEAR_H
#define LAC_EVAL_LINEAR_H

#include <stdbool.h>

#include "backend/backend.h"

typedef struct lac_logistic_options {
    double c;                  /* C; 0: 1 */
    double gradient_tolerance; /* 0: 1e-5 */
    int max_iterations;        /* 0: 1000 */
} lac_logistic_options;

typedef struct lac_logistic { /* zero-initialise */
    int64_t d;
    int n_classes;         /* that occurred in training */
    int *class_of;         /* label of each of them, ascending */
    float *mean, *inverse; /* D: standardised feature = (x - mean) * inverse */
    float *weight, *bias;  /* n_classes x D, n_classes; the first of two classes is all zero */
    bool is_converged;
    int iterations;
    double gradient, loss; /* of objective / n */
} lac_logistic;

/* Mean and 1 / (population standard deviation) of each column of the chosen rows; 1 for a column that is constant
 * within rounding, as scikit-learn's StandardScaler. rows NULL: 0..n-1. */
lac_status lac_standardize(int64_t d, const float *x, const int64_t *rows, int64_t n, float *mean, float *inverse,
                           lac_error *err);

/* x: rows of D features, label per row of x; rows (NULL: 0..n-1) chooses n of them. Works on a standardised copy of the
 * chosen rows (n x D floats). LAC_USAGE with fewer than two classes. `model` owns its arrays: lac_logistic_free. */
lac_status lac_logistic_fit(const lac_backend *backend, lac_pool *pool, const lac_logistic_options *options, int64_t d,
                            const float *x, const int *label, const int64_t *rows, int64_t n, int classes,
                            lac_logistic *model, lac_error *err);
/* predicted[n]; ties go to the smaller class. */
lac_status lac_logistic_predict(const lac_backend *backend, lac_pool *pool, const lac_logistic *model, const float *x,
                                int64_t n, int *predicted, lac_error *err);
void lac_logistic_free(lac_logistic *model);

#endif
