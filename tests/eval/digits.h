/* tests/eval/digits.h - what tests/reference/eval.py left behind, and a machine to compute on. */
#ifndef LAC_TESTS_EVAL_DIGITS_H
#define LAC_TESTS_EVAL_DIGITS_H

#include <stdio.h>

#include "backend/backend.h"
#include "base/memory.h"
#include "io/npy.h"

enum { N_TRAIN = 600, N_TEST = 400, N_ALL = 1000, D = 64, CLASSES = 10 };

static float digits[N_ALL * D]; /* 600 to train, then 400 to test */
static int digit_label[N_ALL];
static const lac_backend *backend;
static lac_pool *pool;

/* An array of tests/reference/eval/ as f32, whatever its type. */
static float *reference(const char *name, int64_t n) {
    char path[512];
    snprintf(path, sizeof path, "%s/reference/eval/%s.npy", LACUNA_TESTS, name);
    lac_npy a;
    lac_error why = {0};
    if (lac_npy_read(path, &a, &why) != LAC_OK) {
        fprintf(stderr, "%s\n", why.text);
        return NULL;
    }
    float *out = lac_array((size_t)n, sizeof *out);
    for (int64_t i = 0; i < n; i++)
        out[i] = a.dtype[1] == 'u' ? ((uint8_t *)a.data)[i] : ((float *)a.data)[i];
    lac_free(a.data);
    return out;
}

static int load_digits(void **state) {
    (void)state;
    float *x = reference("digits", N_ALL * D), *y = reference("labels", N_ALL);
    if (!x || !y) return -1;
    for (int i = 0; i < N_ALL * D; i++)
        digits[i] = x[i];
    for (int i = 0; i < N_ALL; i++)
        digit_label[i] = (int)y[i];
    lac_free(x);
    lac_free(y);
    return lac_backend_cpu(NULL, &backend, NULL) == LAC_OK && lac_pool_new(2, &pool, NULL) == LAC_OK ? 0 : -1;
}

static int free_machine(void **state) {
    (void)state;
    lac_pool_free(pool);
    return 0;
}

#endif
