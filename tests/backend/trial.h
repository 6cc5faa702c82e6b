/* tests/backend/trial.h - one call of an op with random arguments, run by every kernel set in float32 and by the
 * reference in float64, on 1, 2 and 3 threads, between guards. Included by each test of kernels. */
#ifndef LAC_TESTS_BACKEND_TRIAL_H
#define LAC_TESTS_BACKEND_TRIAL_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/backend.h"
#include "backend/cpu/ref/ref.h"
#include "base/memory.h"
#include "base/random.h"

#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wunused-function" /* a test uses what it needs */
#endif

enum { GUARD = 64, N_POOLS = 3 };

static const lac_backend *sets_tested[8];
static int n_sets;
static lac_pool *pools[N_POOLS]; /* 1, 2, 3 threads */

typedef struct trial {
    lac_call fast, exact;      /* float32, float64 */
    float *start[LAC_MAX_OUT]; /* outputs before the call */
    double tolerance;
    double floor; /* errors are relative to this where all reference values are smaller: they cancel */
    char name[160];
    bool in_place; /* also with out[0] on in[0]'s memory */
} trial;

static double range(lac_random *r, double low, double high) {
    return low + (high - low) * lac_random_uniform(r);
}

static int64_t pick(lac_random *r, const int *from, size_t n) {
    return from[lac_random_below(r, n)];
}
#define PICK(r, ...) pick(r, (const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

static trial begin(lac_op_id op, double tolerance) {
    trial t = {.tolerance = tolerance};
    t.fast.op = t.exact.op = op;
    return t;
}

static lac_view shape(int rank, const int64_t *dim) {
    lac_view v = {.rank = rank};
    for (int i = 0; i < rank; i++)
        v.dim[i] = dim[i];
    return v;
}
#define DIM(...)                                                                                                       \
    (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]) {                                           \
        __VA_ARGS__                                                                                                    \
    }

/* An input of random values in low..high */
static void give(trial *t, lac_random *r, double low, double high, int rank, const int64_t *dim) {
    lac_view v = shape(rank, dim);
    int64_t n = lac_view_size(&v);
    float *x = lac_alloc((size_t)(n + GUARD) * sizeof *x);
    double *y = lac_alloc((size_t)(n + 1) * sizeof *y);
    assert_non_null(x);
    assert_non_null(y);
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] = (float)range(r, low, high);
    for (int64_t i = n; i < n + GUARD; i++)
        x[i] = NAN;
    v.dtype = LAC_F32;
    v.data = x;
    t->fast.in[t->fast.n_in++] = v;
    v.dtype = LAC_F64;
    v.data = y;
    t->exact.in[t->exact.n_in++] = v;
}

static void give_nothing(trial *t) {
    t->fast.n_in++;
    t->exact.n_in++;
}

/* Another call's output as input: a mean, a log-sum */
static void give_output(trial *t, const trial *from, int i) {
    lac_view f = from->fast.out[i], e = from->exact.out[i];
    int64_t n = lac_view_size(&f);
    float *x = lac_alloc((size_t)(n + GUARD) * sizeof *x);
    double *y = lac_alloc((size_t)(n + 1) * sizeof *y);
    assert_non_null(x);
    assert_non_null(y);
    for (int64_t j = 0; j < n + GUARD; j++)
        x[j] = j < n ? (float)((double *)e.data)[j] : NAN;
    for (int64_t j = 0; j < n; j++)
        y[j] = ((double *)e.data)[j];
    f.data = x;
    e.data = y;
    t->fast.in[t->fast.n_in++] = f;
    t->exact.in[t->exact.n_in++] = e;
}

/* Indices: a permutation of 0..below-1 per row, or any values below it */
static void give_indices(trial *t, lac_random *r, bool permutation, uint32_t below, int64_t rows, int64_t columns) {
    int32_t *x = lac_alloc((size_t)(rows * columns + 1) * sizeof *x), *y = lac_alloc((size_t)(rows * columns + 1) * 4);
    uint32_t *order = lac_alloc((below + 1) * sizeof *order);
    assert_non_null(x);
    assert_non_null(y);
    assert_non_null(order);
    for (int64_t i = 0; i < rows; i++) {
        for (uint32_t j = 0; j < below; j++)
            order[j] = j;
        lac_random_shuffle(r, order, below);
        for (int64_t j = 0; j < columns; j++)
            x[i * columns + j] = y[i * columns + j] = (int32_t)(permutation ? order[j] : lac_random_below(r, below));
    }
    lac_free(order);
    lac_view v = {.dtype = LAC_I32, .rank = 2, .dim = {rows, columns}, .data = x};
    t->fast.in[t->fast.n_in++] = v;
    v.data = y;
    t->exact.in[t->exact.n_in++] = v;
}

static void want(trial *t, lac_random *r, int rank, const int64_t *dim) {
    lac_view v = shape(rank, dim);
    int64_t n = lac_view_size(&v);
    float *x = lac_alloc((size_t)(n + GUARD) * sizeof *x), *start = lac_alloc((size_t)(n + GUARD) * sizeof *start);
    double *y = lac_alloc((size_t)(n + 1) * sizeof *y);
    assert_non_null(x);
    assert_non_null(start);
    assert_non_null(y);
    for (int64_t i = 0; i < n + GUARD; i++) {
        start[i] = (float)range(r, -1, 1);
        if (i < n) y[i] = start[i];
    }
    v.dtype = LAC_F32;
    v.data = x;
    t->start[t->fast.n_out] = start;
    t->fast.out[t->fast.n_out++] = v;
    v.dtype = LAC_F64;
    v.data = y;
    t->exact.out[t->exact.n_out++] = v;
}

static void want_nothing(trial *t) {
    t->fast.n_out++;
    t->exact.n_out++;
}

static void set_int(trial *t, int i, int64_t value) {
    t->fast.attr.i[i] = t->exact.attr.i[i] = value;
}

static void set_real(trial *t, double value) {
    t->fast.attr.f[0] = t->exact.attr.f[0] = value;
}

static void run_on(const lac_kernel *kernel, lac_call *call, lac_pool *pool) {
    call->pool = pool;
    size_t bytes = kernel->scratch ? kernel->scratch(call, lac_pool_size(pool)) : 0;
    unsigned char *scratch = lac_alloc(bytes + GUARD);
    assert_non_null(scratch);
    memset(scratch, 0xff, bytes + GUARD); /* NaNs: contents are undefined */
    call->scratch = scratch;
    kernel->run(call);
    for (size_t i = bytes; i < bytes + GUARD; i++)
        assert_int_equal(scratch[i], 0xff);
    lac_free(scratch);
}

static void compare(const trial *t, const char *isa) {
    for (int o = 0; o < t->fast.n_out; o++) {
        if (!t->fast.out[o].data) continue;
        const float *x = t->fast.out[o].data;
        const double *y = t->exact.out[o].data;
        int64_t n = lac_view_size(&t->fast.out[o]), worst = 0;
        double most = fmax(1e-30, t->floor), error = 0;
        for (int64_t i = 0; i < n; i++) {
            if (fabs(y[i]) > most) most = fabs(y[i]);
            if (!(fabs((double)x[i] - y[i]) <= error)) {
                error = fabs((double)x[i] - y[i]);
                worst = i;
            }
        }
        if (!(error <= t->tolerance * most))
            fail_msg("%s on %s: output %d, value %lld of %lld: %.9g, reference %.9g (largest %.3g)", t->name, isa, o,
                     (long long)worst, (long long)n, (double)x[worst], y[worst], most);
        for (int64_t i = n; i < n + GUARD; i++)
            if (x[i] != t->start[o][i]) fail_msg("%s on %s: wrote behind output %d", t->name, isa, o);
    }
}

static size_t out_bytes(const trial *t, int o) {
    return ((size_t)lac_view_size(&t->fast.out[o]) + GUARD) * sizeof(float);
}

static void reset(trial *t) {
    for (int o = 0; o < t->fast.n_out; o++)
        if (t->start[o]) memcpy(t->fast.out[o].data, t->start[o], out_bytes(t, o));
}

static void check(trial *t) {
    run_on(lac_ref_find(t->exact.op, LAC_F64), &t->exact, NULL);
    for (int s = 0; s < n_sets; s++) {
        const lac_kernel *kernel = sets_tested[s]->find(t->fast.op, LAC_F32);
        float *first[LAC_MAX_OUT] = {0};
        for (int p = 0; p < N_POOLS; p++) {
            reset(t);
            run_on(kernel, &t->fast, pools[p]);
            if (p == 0) compare(t, sets_tested[s]->isa);
            for (int o = 0; o < t->fast.n_out; o++) {
                if (!t->start[o]) continue;
                if (p == 0) {
                    first[o] = lac_alloc(out_bytes(t, o));
                    assert_non_null(first[o]);
                    memcpy(first[o], t->fast.out[o].data, out_bytes(t, o));
                } else if (memcmp(first[o], t->fast.out[o].data, out_bytes(t, o)) != 0)
                    fail_msg("%s on %s: bits of output %d differ between 1 and %d threads", t->name,
                             sets_tested[s]->isa, o, p + 1);
            }
        }
        if (t->in_place) {
            size_t bytes = (size_t)lac_view_size(&t->fast.out[0]) * sizeof(float);
            void *in = t->fast.in[0].data, *out = t->fast.out[0].data;
            memcpy(out, in, bytes);
            t->fast.in[0].data = out;
            run_on(kernel, &t->fast, pools[1]);
            t->fast.in[0].data = in;
            if (memcmp(first[0], out, bytes) != 0) fail_msg("%s on %s: wrong in place", t->name, sets_tested[s]->isa);
        }
        for (int o = 0; o < LAC_MAX_OUT; o++)
            lac_free(first[o]);
    }
}

static void end(trial *t) {
    for (int i = 0; i < t->fast.n_in; i++) {
        lac_free(t->fast.in[i].data);
        lac_free(t->exact.in[i].data);
    }
    for (int o = 0; o < t->fast.n_out; o++) {
        lac_free(t->fast.out[o].data);
        lac_free(t->exact.out[o].data);
        lac_free(t->start[o]);
    }
}

static void check_and_end(trial *t) {
    check(t);
    end(t);
}

/* Every set this processor has, and the pools; false if there is no memory. */
static bool trial_begin(void) {
    static const char *const names[] = {"portable", "avx2", "avx512"};
    lac_error err;
    for (size_t i = 0; i < 3; i++)
        if (lac_backend_cpu(names[i], &sets_tested[n_sets], &err) == LAC_OK)
            n_sets++;
        else
            print_message("%s: not tested here\n", err.text);
    for (int i = 0; i < N_POOLS; i++)
        if (lac_pool_new(i + 1, &pools[i], &err) != LAC_OK) return false;
    return true;
}

static void trial_end(void) {
    for (int i = 0; i < N_POOLS; i++)
        lac_pool_free(pools[i]);
}

#endif
