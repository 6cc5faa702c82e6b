/* eval/knn.c - k-NN by blocked matrix products: a block of test rows against a block of training rows at a time, with
 * the k best so far kept per test row, so that the n_test x n_train similarities never exist at once.
 *
 * Test rows are scaled to length 1 in the block's copy; a training row's length divides its similarities instead. */
#include "eval/knn.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

enum { TEST_BLOCK = 1024, TRAIN_BLOCK = 2048, CHUNK = 32 };

typedef struct job {
    int64_t d, k, n_train, n_test, first_test, first_train, m, n;
    const float *train, *test;
    const int64_t *rows;
    const int *label;
    int classes;
    double temperature;
    float *test_block, *train_block, *similarity; /* m x D, n x D (only with rows), m x n */
    float *inverse;                               /* 1 / length of each training row */
    float *best;                                  /* m x k, descending */
    int64_t *who;                                 /* m x k */
    int64_t filled;                               /* candidates kept so far by every row of the block */
    double *votes;                                /* workers x classes */
    int *predicted;
} job;

static float inverse_length(const float *x, int64_t d) {
    double sum = 0;
    for (int64_t i = 0; i < d; i++)
        sum += (double)x[i] * x[i];
    return sum > 0 ? (float)(1 / sqrt(sum)) : 0;
}

static const float *train_row(const job *j, int64_t i) {
    return j->train + (j->rows ? j->rows[i] : i) * j->d;
}

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static void measure_train(void *context, size_t task, int worker) {
    (void)worker;
    job *j = context;
    int64_t first = (int64_t)task * CHUNK, end = smaller(first + CHUNK, j->n_train);
    for (int64_t i = first; i < end; i++)
        j->inverse[i] = inverse_length(train_row(j, i), j->d);
}

static void copy_test(void *context, size_t task, int worker) {
    (void)worker;
    job *j = context;
    int64_t first = (int64_t)task * CHUNK, end = smaller(first + CHUNK, j->m);
    for (int64_t i = first; i < end; i++) {
        const float *x = j->test + (j->first_test + i) * j->d;
        float scale = inverse_length(x, j->d);
        for (int64_t c = 0; c < j->d; c++)
            j->test_block[i * j->d + c] = x[c] * scale;
    }
}

static void copy_train(void *context, size_t task, int worker) {
    (void)worker;
    job *j = context;
    int64_t first = (int64_t)task * CHUNK, end = smaller(first + CHUNK, j->n);
    for (int64_t i = first; i < end; i++)
        memcpy(j->train_block + i * j->d, train_row(j, j->first_train + i), (size_t)j->d * sizeof(float));
}

/* Merge a block of similarities into the lists. Training rows come in ascending order and a newcomer goes behind its
 * equals, which is what "the smaller position first" asks for. */
static void keep_best(void *context, size_t task, int worker) {
    (void)worker;
    job *j = context;
    int64_t first = (int64_t)task * CHUNK, end = smaller(first + CHUNK, j->m);
    const float *inverse = j->inverse + j->first_train;
    for (int64_t i = first; i < end; i++) {
        const float *row = j->similarity + i * j->n;
        float *best = j->best + i * j->k;
        int64_t *who = j->who + i * j->k, filled = j->filled;
        float worst = filled == j->k ? best[j->k - 1] : -INFINITY;
        for (int64_t t = 0; t < j->n; t++) {
            float s = row[t] * inverse[t];
            if (!(s > worst)) continue;
            int64_t at = filled < j->k ? filled++ : j->k - 1;
            for (; at > 0 && best[at - 1] < s; at--) {
                best[at] = best[at - 1];
                who[at] = who[at - 1];
            }
            best[at] = s;
            who[at] = j->first_train + t;
            if (filled == j->k) worst = best[j->k - 1];
        }
        for (; filled < smaller(j->k, j->first_train + j->n); filled++) { /* only NaNs were left */
            best[filled] = -INFINITY;
            who[filled] = j->first_train;
        }
    }
}

static void vote(void *context, size_t task, int worker) {
    job *j = context;
    double *votes = j->votes + (int64_t)worker * j->classes;
    int64_t first = (int64_t)task * CHUNK, end = smaller(first + CHUNK, j->m);
    for (int64_t i = first; i < end; i++) {
        for (int c = 0; c < j->classes; c++)
            votes[c] = 0;
        for (int64_t n = 0; n < j->k; n++) {
            int64_t t = j->who[i * j->k + n];
            votes[j->label[j->rows ? j->rows[t] : t]] += exp((double)j->best[i * j->k + n] / j->temperature);
        }
        int most = 0;
        for (int c = 1; c < j->classes; c++)
            if (votes[c] > votes[most]) most = c;
        j->predicted[j->first_test + i] = most;
    }
}

static size_t chunks(int64_t n) {
    return (size_t)((n + CHUNK - 1) / CHUNK);
}

static lac_status predict(job *j, const lac_backend *backend, lac_pool *pool, lac_error *err) {
    lac_parallel(pool, chunks(j->n_train), measure_train, j);
    for (j->first_test = 0; j->first_test < j->n_test; j->first_test += TEST_BLOCK) {
        j->m = smaller(TEST_BLOCK, j->n_test - j->first_test);
        j->filled = 0;
        lac_parallel(pool, chunks(j->m), copy_test, j);
        for (j->first_train = 0; j->first_train < j->n_train; j->first_train += TRAIN_BLOCK) {
            j->n = smaller(TRAIN_BLOCK, j->n_train - j->first_train);
            const float *block = j->train + j->first_train * j->d;
            if (j->rows) {
                lac_parallel(pool, chunks(j->n), copy_train, j);
                block = j->train_block;
            }
            LAC_TRY(lac_matmul_nt(backend, pool, j->m, j->n, j->d, j->test_block, block, j->similarity, err));
            lac_parallel(pool, chunks(j->m), keep_best, j);
            j->filled = smaller(j->k, j->first_train + j->n);
        }
        lac_parallel(pool, chunks(j->m), vote, j);
    }
    return LAC_OK;
}

lac_status lac_knn_predict(const lac_backend *backend, lac_pool *pool, const lac_knn_options *options, int64_t d,
                           const float *train, const int *label, const int64_t *rows, int64_t n_train, int classes,
                           const float *test, int64_t n_test, int *predicted, lac_error *err) {
    if (n_train < 1) return lac_usage(err, "k-NN needs at least one labelled picture to compare with");
    job j = {.d = d, .n_train = n_train, .n_test = n_test, .train = train, .test = test, .rows = rows, .label = label};
    j.classes = classes;
    j.predicted = predicted;
    j.k = smaller(options->k > 0 ? options->k : 20, n_train);
    j.temperature = options->temperature > 0 ? options->temperature : 0.07;
    size_t m = (size_t)smaller(TEST_BLOCK, n_test), n = (size_t)smaller(TRAIN_BLOCK, n_train), k = (size_t)j.k;
    j.test_block = lac_array(m * (size_t)d, sizeof(float));
    j.train_block = rows ? lac_array(n * (size_t)d, sizeof(float)) : NULL;
    j.similarity = lac_array(m * n, sizeof(float));
    j.inverse = lac_array((size_t)n_train, sizeof(float));
    j.best = lac_array(m * k, sizeof(float));
    j.who = lac_array(m * k, sizeof(int64_t));
    j.votes = lac_array((size_t)lac_pool_size(pool) * (size_t)classes, sizeof(double));
    lac_status status;
    if (!j.test_block || (rows && !j.train_block) || !j.similarity || !j.inverse || !j.best || !j.who || !j.votes)
        status = lac_no_memory(err, "k-NN");
    else
        status = predict(&j, backend, pool, err);
    lac_free(j.test_block);
    lac_free(j.train_block);
    lac_free(j.similarity);
    lac_free(j.inverse);
    lac_free(j.best);
    lac_free(j.who);
    lac_free(j.votes);
    return status;
}
