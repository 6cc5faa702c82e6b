/* tests/backend/passes_test.c - the choice of an instruction set, the passes over whole arrays, and plain products. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/backend.h"
#include "base/memory.h"
#include "base/random.h"

enum { N = 100003, N_POOLS = 3 };

static const lac_backend *sets[3];
static int n_sets;
static lac_pool *pools[N_POOLS];

static float *numbers(uint64_t seed, size_t n, double low, double high) {
    lac_random r = lac_random_at(seed, LAC_RANDOM_TEST, 0, 0, 0);
    float *x = lac_alloc(n * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(low + (high - low) * lac_random_uniform(&r));
    return x;
}

static void test_an_unknown_or_missing_instruction_set_is_refused(void **state) {
    (void)state;
    const lac_backend *backend;
    lac_error err;
    assert_int_equal(lac_backend_cpu("sse9", &backend, &err), LAC_USAGE);
    assert_non_null(strstr(err.text, "expected portable, avx2 or avx512, found \"sse9\""));
    assert_int_equal(lac_backend_cpu("portable", &backend, &err), LAC_OK);
    assert_string_equal(backend->isa, "portable");
    setenv("LACUNA_ISA", "portable", 1);
    assert_int_equal(lac_backend_cpu(NULL, &backend, &err), LAC_OK);
    assert_string_equal(backend->isa, "portable");
    setenv("LACUNA_ISA", "mmx", 1);
    assert_int_equal(lac_backend_cpu(NULL, &backend, &err), LAC_USAGE);
    assert_non_null(strstr(err.text, "LACUNA_ISA"));
    unsetenv("LACUNA_ISA");
    assert_int_equal(lac_backend_cpu(NULL, &backend, &err), LAC_OK);
}

static void test_adamw_follows_its_formula(void **state) {
    (void)state;
    lac_adamw step = {.lr = 1e-2, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .decay = 0.05, .grad_scale = 0.5};
    for (int s = 0; s < n_sets; s++) {
        float *w = numbers(1, N, -1, 1), *m = lac_zalloc(N * sizeof *m), *v = lac_zalloc(N * sizeof *v);
        double *exact = lac_zalloc(3 * N * sizeof *exact);
        assert_true(m && v && exact);
        for (int i = 0; i < N; i++)
            exact[i] = w[i];
        for (step.t = 1; step.t <= 3; step.t++) {
            float *g = numbers((uint64_t)step.t + 10, N, -3, 3);
            sets[s]->adamw(pools[1], &step, N, w, g, m, v);
            for (int i = 0; i < N; i++) {
                double *ew = exact + i, *em = exact + N + i, *ev = exact + 2 * N + i, gradient = 0.5 * g[i];
                *ew *= 1 - step.lr * step.decay;
                *em = 0.9 * *em + 0.1 * gradient;
                *ev = 0.95 * *ev + 0.05 * gradient * gradient;
                *ew -= step.lr / (1 - pow(0.9, (double)step.t)) * *em /
                       (sqrt(*ev / (1 - pow(0.95, (double)step.t))) + step.eps);
            }
            lac_free(g);
        }
        for (int i = 0; i < N; i++)
            if (!(fabs((double)w[i] - exact[i]) < 1e-6 && fabs((double)m[i] - exact[N + i]) < 1e-6 &&
                  fabs((double)v[i] - exact[2 * N + i]) < 1e-6))
                fail_msg("%s: weight %d: %.9g, exactly %.9g", sets[s]->isa, i, (double)w[i], exact[i]);
        lac_free(w);
        lac_free(m);
        lac_free(v);
        lac_free(exact);
    }
}

static void test_sum_of_squares_has_the_same_bits_for_any_pool_and_set(void **state) {
    (void)state;
    float *x = numbers(2, N, -2, 2);
    static const size_t sizes[] = {0, 1, 15, 4096, 4099, N};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        double exact = 0, first = sets[0]->sum_squares(pools[0], sizes[i], x);
        for (size_t j = 0; j < sizes[i]; j++)
            exact += (double)x[j] * x[j];
        assert_true(fabs(first - exact) <= 1e-12 * exact);
        for (int s = 0; s < n_sets; s++)
            for (int p = 0; p < N_POOLS; p++) {
                double again = sets[s]->sum_squares(pools[p], sizes[i], x);
                assert_memory_equal(&again, &first, sizeof first);
            }
    }
    lac_free(x);
}

static void test_moving_average_moves(void **state) {
    (void)state;
    for (int s = 0; s < n_sets; s++) {
        float *a = numbers(3, N, -1, 1), *x = numbers(4, N, -1, 1), *start = numbers(3, N, -1, 1);
        sets[s]->ema(pools[1], 0.99, N, a, x);
        for (int i = 0; i < N; i++)
            assert_true(fabs((double)a[i] - (0.99 * start[i] + 0.01 * x[i])) < 2e-7);
        lac_free(a);
        lac_free(x);
        lac_free(start);
    }
}

static void test_peak_is_measured(void **state) {
    (void)state;
    for (int s = 0; s < n_sets; s++)
        assert_true(sets[s]->peak_flops(pools[0], 0.02) > 1e8);
}

static void test_plain_products_are_right(void **state) {
    (void)state;
    enum { M = 37, COLUMNS = 53, K = 29 };
    lac_error err;
    float *a = numbers(5, M * K, -1, 1), *b = numbers(6, K * COLUMNS, -1, 1), *c = numbers(7, M * COLUMNS, 0, 1);
    for (int s = 0; s < n_sets; s++)
        for (int kind = 0; kind < 3; kind++) {
            if (kind == 0) assert_int_equal(lac_matmul_nt(sets[s], pools[1], M, COLUMNS, K, a, b, c, &err), LAC_OK);
            if (kind == 1) assert_int_equal(lac_matmul_nn(sets[s], pools[1], M, COLUMNS, K, a, b, c, &err), LAC_OK);
            if (kind == 2) assert_int_equal(lac_matmul_tn(sets[s], NULL, M, COLUMNS, K, a, b, c, &err), LAC_OK);
            for (int i = 0; i < M; i++)
                for (int j = 0; j < COLUMNS; j++) {
                    double exact = 0;
                    for (int k = 0; k < K; k++)
                        exact +=
                            (double)a[kind == 2 ? k * M + i : i * K + k] * b[kind == 0 ? j * K + k : k * COLUMNS + j];
                    assert_true(fabs((double)c[i * COLUMNS + j] - exact) < 1e-5);
                }
        }
    lac_free(a);
    lac_free(b);
    lac_free(c);
}

static void test_a_product_without_memory_fails_cleanly(void **state) {
    (void)state;
    lac_error err;
    float a[4] = {1, 2, 3, 4}, c[4] = {0};
    lac_memory_fail_at(1);
    assert_int_equal(lac_matmul_nt(sets[0], NULL, 2, 2, 2, a, a, c, &err), LAC_FAILURE);
    lac_memory_fail_at(0);
    assert_non_null(strstr(err.text, "memory"));
    assert_true(c[0] == 0 && c[3] == 0);
}

int main(void) {
    static const char *const names[] = {"portable", "avx2", "avx512"};
    lac_error err;
    for (size_t i = 0; i < 3; i++)
        if (lac_backend_cpu(names[i], &sets[n_sets], &err) == LAC_OK) n_sets++;
    for (int i = 0; i < N_POOLS; i++)
        if (lac_pool_new(i + 1, &pools[i], &err) != LAC_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_unknown_or_missing_instruction_set_is_refused),
        cmocka_unit_test(test_adamw_follows_its_formula),
        cmocka_unit_test(test_sum_of_squares_has_the_same_bits_for_any_pool_and_set),
        cmocka_unit_test(test_moving_average_moves),
        cmocka_unit_test(test_peak_is_measured),
        cmocka_unit_test(test_plain_products_are_right),
        cmocka_unit_test(test_a_product_without_memory_fails_cleanly),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (int i = 0; i < N_POOLS; i++)
        lac_pool_free(pools[i]);
    return failed;
}
