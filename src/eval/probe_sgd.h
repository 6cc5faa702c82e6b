/* eval/probe_sgd.h - the linear probe of the literature (arXiv 2111.06377, appendix A.1): batch normalisation without
 * affine (eps 1e-6), a linear layer, momentum .9, LARS or SGD, linear warm-up and half a cosine, no weight decay.
 *
 * Which pictures or crops an epoch sees is the caller's: it hands over that epoch's features. */
#ifndef LAC_EVAL_PROBE_SGD_H
#define LAC_EVAL_PROBE_SGD_H

#include <stdbool.h>

#include "backend/backend.h"

typedef struct lac_probe_options {
    int64_t epochs; /* 0: 90 */
    int64_t warmup; /* epochs of linear warm-up; negative: epochs / 9 (10 of 90) */
    /* 0: 256, or an eighth of the rows (at least 16) if that is fewer. Capped at n; what is left of an epoch after
     * whole batches is dropped, as in the code of arXiv 2111.06377. */
    int64_t batch;
    double lr;    /* per 256 rows of a batch; 0: .1 */
    bool is_lars; /* layer-wise rates (arXiv 1708.03888, trust .001) for the weights, not for the biases */
    uint64_t seed;
    double deviation; /* of the initial weights, a normal cut at two deviations; negative: .01 */
} lac_probe_options;

typedef struct lac_probe { /* zero-initialise */
    int64_t d;
    int classes;
    float *weight, *bias;   /* classes x D, classes */
    float *mean, *variance; /* D: running statistics, momentum .1, unbiased variance, as torch.nn.BatchNorm1d */
    double loss;            /* mean over the last epoch */
} lac_probe;

/* *x = the features (rows of D) that epoch `epoch` trains on, valid until the next call. */
typedef lac_status (*lac_probe_view)(void *context, int64_t epoch, const float **x, lac_error *err);

/* label per row of the views; rows (NULL: 0..n-1) chooses n of them. */
lac_status lac_probe_fit(const lac_backend *backend, lac_pool *pool, const lac_probe_options *options, int64_t d,
                         lac_probe_view view, void *context, const int *label, const int64_t *rows, int64_t n,
                         int classes, lac_probe *probe, lac_error *err);
lac_status lac_probe_predict(const lac_backend *backend, lac_pool *pool, const lac_probe *probe, const float *x,
                             int64_t n, int *predicted, lac_error *err);
void lac_probe_free(lac_probe *probe);

#endif
