/* eval/knn.h - the weighted k-nearest-neighbour classifier of the self-supervised literature (arXiv 1805.01978; iBOT's
 * eval_knn): features of length 1, cosine similarity, every one of the k nearest votes exp(similarity / temperature).
 */
#ifndef LAC_EVAL_KNN_H
#define LAC_EVAL_KNN_H

#include "backend/backend.h"

typedef struct lac_knn_options {
    int64_t k;          /* capped at the number of training rows; 0: 20 */
    double temperature; /* 0: 0.07 */
} lac_knn_options;

/* train: n_train x D with label[n_train] in 0..classes-1; rows (may be NULL: all of them, in order) chooses n_train of
 * its rows; test: n_test x D. predicted[n_test]. Neither matrix is changed; work space is constant but for 4 bytes a
 * training row. Equal similarities: the smaller position first; equal votes: the smaller class. A row of zeros has
 * similarity 0 to all. */
lac_status lac_knn_predict(const lac_backend *backend, lac_pool *pool, const lac_knn_options *options, int64_t d,
                           const float *train, const int *label, const int64_t *rows, int64_t n_train, int classes,
                           const float *test, int64_t n_test, int *predicted, lac_error *err);

#endif
