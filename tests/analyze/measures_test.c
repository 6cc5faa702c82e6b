/* Every measure of an analysis against numbers of numpy and PyTorch (tests/reference/analyze.py). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analyze/analyze.h"
#include "base/memory.h"

#include "reference/analyze/measures.inc"

static const lac_backend *backend;
static lac_pool *pool;

static float hashed(uint32_t i) {
    uint32_t h = i * 2654435761u;
    h ^= h >> 15;
    h *= 2246822519u;
    h ^= h >> 13;
    return (float)(h >> 8) / 8388608.0f - 1.0f;
}

static float *rows(int n, int d, uint32_t salt) {
    float *x = lac_array((size_t)(n * d), sizeof *x);
    assert_non_null(x);
    for (int i = 0; i < n * d; i++)
        x[i] = hashed((uint32_t)i + salt) / (1.0f + (float)(i % d)) + 0.5f;
    return x;
}

static void assert_near(double found, double expected, double tolerance) {
    if (!(fabs(found - expected) <= tolerance * (1 + fabs(expected))))
        fail_msg("%.12g found, %.12g expected", found, expected);
}

static int open_machine(void **state) {
    (void)state;
    return lac_backend_cpu(NULL, &backend, NULL) || lac_pool_new(2, &pool, NULL);
}

static int close_machine(void **state) {
    (void)state;
    lac_pool_free(pool);
    return 0;
}

/* dot products are float32: 1e-6 */
static void test_attention_is_pytorchs(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof attention_cases / sizeof *attention_cases; i++) {
        const int n = attention_cases[i].rows * attention_cases[i].columns, prefix = attention_cases[i].prefix;
        const int t = n + prefix, c = attention_cases[i].width;
        float *qkv = lac_array((size_t)(t * 3 * c), sizeof *qkv), *bias = lac_array((size_t)(t * t), sizeof *bias);
        double *place = lac_array((size_t)(2 * n), sizeof *place), *row = lac_array((size_t)t, sizeof *row);
        assert_true(qkv && bias && place && row);
        for (int k = 0; k < t * 3 * c; k++)
            qkv[k] = 3 * hashed((uint32_t)k + 7);
        for (int k = 0; k < t * t; k++)
            bias[k] = hashed((uint32_t)k + 99);
        for (int k = 0; k < n; k++) {
            place[2 * k] = 4.0 * (k / attention_cases[i].columns);
            place[2 * k + 1] = 4.0 * (k % attention_cases[i].columns);
        }
        lac_attention_sum sum = lac_attention_measure(qkv, qkv + c, 3 * c, t, prefix, c,
                                                      attention_cases[i].has_bias ? bias : NULL, place, row);
        assert_near(sum.distance, attention_cases[i].distance, 1e-6);
        assert_near(sum.entropy, attention_cases[i].entropy, 1e-6);
        lac_free(qkv);
        lac_free(bias);
        lac_free(place);
        lac_free(row);
    }
}

static void test_rank_and_spectrum_are_numpys(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rank_cases / sizeof *rank_cases; i++) {
        const int n = rank_cases[i].n, d = rank_cases[i].d;
        float *x = rows(n, d, 1);
        lac_layer_look look = {.spectrum = lac_array((size_t)d, sizeof(double))};
        assert_int_equal(lac_rank_measure(pool, n, d, x, &look, NULL), LAC_OK);
        /* roots of eigenvalues that are 0 but for rounding still count a little: 1e-5 */
        assert_near(look.effective_rank, rank_cases[i].effective_rank, 1e-5);
        assert_near(look.centred_rank, rank_cases[i].centred_rank, 1e-5);
        assert_near(look.spectrum[0], rank_cases[i].first, 1e-9);
        assert_near(look.spectrum[d - 1], rank_cases[i].last, 1e-9);
        lac_free(look.spectrum);
        lac_free(x);
    }
}

static void test_similarity_alignment_and_uniformity_are_pytorchs(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof pair_cases / sizeof *pair_cases; i++) {
        const int n = pair_cases[i].n, d = pair_cases[i].d;
        float *x = rows(n, d, 1), *y = rows(n, d, 5000);
        double sum[64], alignment, uniformity;
        assert_near(lac_token_similarity(n, d, x, sum), pair_cases[i].similarity, 1e-9);
        assert_int_equal(lac_alignment_measure(pool, n, d, x, y, &alignment, &uniformity, NULL), LAC_OK);
        assert_near(alignment, pair_cases[i].alignment, 1e-9);
        assert_near(uniformity, pair_cases[i].uniformity, 1e-9);
        lac_free(x);
        lac_free(y);
    }
}

static float *second(int n, int d, const float *x, int d_x) {
    float *y = rows(n, d, 5000);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < 2; j++)
            y[i * d + j] += x[i * d_x + j];
    return y;
}

/* products of features in float32: 1e-5 */
static void test_cka_is_its_definition_by_gram_matrices(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cka_cases / sizeof *cka_cases; i++) {
        const int n = cka_cases[i].n, d_x = cka_cases[i].d_x, d_y = cka_cases[i].d_y;
        float *x = rows(n, d_x, 1), *y = second(n, d_y, x, d_x);
        double cka, again;
        assert_int_equal(lac_cka_linear(backend, pool, n, x, d_x, y, d_y, &cka, NULL), LAC_OK);
        assert_near(cka, cka_cases[i].cka, 1e-5);
        for (int k = 0; k < n * d_x; k++)
            x[k] = -3 * x[k] + 2; /* neither scale nor shift matters */
        assert_int_equal(lac_cka_linear(backend, pool, n, x, d_x, y, d_y, &again, NULL), LAC_OK);
        assert_near(again, cka, 1e-5);
        lac_free(x);
        lac_free(y);
    }
}

static void test_a_constant_has_no_cka(void **state) {
    (void)state;
    float x[40], *y = rows(10, 3, 1);
    double cka = 0;
    for (int i = 0; i < 40; i++)
        x[i] = 0.1f;
    assert_int_equal(lac_cka_linear(backend, pool, 10, x, 4, y, 3, &cka, NULL), LAC_OK);
    assert_true(isnan(cka));
    lac_free(y);
}

static void test_cka_of_runs_agrees_with_cka_of_pairs(void **state) {
    (void)state;
    enum { N = 30, D = 5, E = 8 };
    int64_t sample[N];
    float *a = rows(2 * N, D, 1), *b = rows(2 * N, E, 900);
    for (int i = 0; i < N; i++)
        sample[i] = i;
    lac_analysis runs[2] = {
        {.name = "a", .n = N, .width = D, .depth = 1, .n_layers = 2, .features = a, .sample = sample},
        {.name = "b", .n = N, .width = E, .depth = 1, .n_layers = 2, .features = b, .sample = sample}};
    lac_cka all;
    double pair;
    assert_int_equal(lac_cka_all(backend, pool, runs, 2, &all, NULL), LAC_OK);
    assert_int_equal(all.n_rows, 4);
    assert_int_equal(lac_cka_linear(backend, pool, N, a + N * D, D, b, E, &pair, NULL), LAC_OK);
    assert_near(all.value[1 * 4 + 2], pair, 1e-6);
    assert_near(all.value[2 * 4 + 1], pair, 1e-6);
    assert_true(all.value[3 * 4 + 3] == 1);
    lac_cka_free(&all);
    int64_t other[N] = {1};
    runs[1].sample = other;
    lac_error err = {0};
    assert_int_equal(lac_cka_all(backend, pool, runs, 2, &all, &err), LAC_USAGE);
    lac_free(a);
    lac_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attention_is_pytorchs),
        cmocka_unit_test(test_rank_and_spectrum_are_numpys),
        cmocka_unit_test(test_similarity_alignment_and_uniformity_are_pytorchs),
        cmocka_unit_test(test_cka_is_its_definition_by_gram_matrices),
        cmocka_unit_test(test_a_constant_has_no_cka),
        cmocka_unit_test(test_cka_of_runs_agrees_with_cka_of_pairs),
    };
    return cmocka_run_group_tests(tests, open_machine, close_machine);
}
