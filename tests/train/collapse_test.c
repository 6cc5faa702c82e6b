/* tests/train/collapse_test.c - collapse indicators against numpy's SVD, the alarm's rule, and rewinding a log. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"
#include "reference/train/collapse.inc"
#include "train/collapse.h"
#include "train/log.h"

/* The formula of tests/reference/collapse.py. */
static float *make_features(int batch, int tokens, int width) {
    size_t n = (size_t)batch * (size_t)tokens * (size_t)width;
    float *x = lac_alloc(n * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++) {
        uint32_t h = (uint32_t)i * 2654435761u;
        h ^= h >> 15;
        h *= 2246822519u;
        h ^= h >> 13;
        x[i] = (float)(h >> 8) / 8388608.0f - 1.0f + (float)(i % (size_t)width % 3) * 0.25f;
    }
    return x;
}

static void assert_close(double a, double b, const char *what) {
    if (!(fabs(a - b) <= 1e-9 * fmax(1, fabs(b)))) {
        print_error("%s: %.15g, numpy has %.15g\n", what, a, b);
        fail();
    }
}

static void test_indicators_equal_numpy(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof collapse_cases / sizeof *collapse_cases; i++) {
        int batch = collapse_cases[i].batch, tokens = collapse_cases[i].tokens, width = collapse_cases[i].width;
        lac_collapse *c;
        lac_error err;
        assert_int_equal(lac_collapse_new(batch, width, &c, &err), LAC_OK);
        float *x = make_features(batch, tokens, width);
        int first = batch / 2; /* in two portions, as micro-batches come */
        lac_collapse_add(c, x, first, tokens, collapse_cases[i].prefix);
        lac_collapse_add(c, x + first * tokens * width, batch - first, tokens, collapse_cases[i].prefix);
        lac_indicators got = lac_collapse_measure(c);
        assert_close(got.feature_std, collapse_cases[i].feature_std, "feature_std");
        assert_close(got.effective_rank, collapse_cases[i].effective_rank, "effective_rank");
        assert_close(got.mean_cosine, collapse_cases[i].mean_cosine, "mean_cosine");
        lac_free(x);
        lac_collapse_free(c);
    }
}

static void test_constant_features_have_rank_one(void **state) {
    (void)state;
    lac_collapse *c;
    lac_error err;
    float x[6 * 4];
    for (int i = 0; i < 24; i++)
        x[i] = (float)(i % 4) + 1;
    assert_int_equal(lac_collapse_new(6, 4, &c, &err), LAC_OK);
    lac_collapse_add(c, x, 6, 1, 0);
    lac_indicators got = lac_collapse_measure(c);
    assert_true(got.feature_std < 1e-12);
    assert_true(fabs(got.effective_rank - 1) < 1e-5);
    assert_true(fabs(got.mean_cosine - 1) < 1e-12);
    lac_collapse_clear(c);
    lac_collapse_add(c, x, 1, 1, 0);
    assert_true(isnan(lac_collapse_measure(c).effective_rank)); /* one sample says nothing */
    lac_collapse_free(c);
}

static void test_eigenvalues_of_known_matrices(void **state) {
    (void)state;
    enum { N = 200 };
    static double a[N * N], values[N], extra[N];
    /* second differences: 2 - 2 cos(k pi / (N + 1)) */
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            a[i * N + j] = i == j ? 2 : abs(i - j) == 1 ? -1 : 0;
    lac_symmetric_eigenvalues(N, a, values, extra);
    for (int k = 1; k <= N; k++) {
        double wanted = 2 - 2 * cos(acos(-1.0) * k / (N + 1)), nearest = 1e9;
        for (int i = 0; i < N; i++)
            nearest = fmin(nearest, fabs(values[i] - wanted));
        assert_true(nearest < 1e-12);
    }
    double one[1] = {5}, diagonal[9] = {3, 0, 0, 0, 3, 0, 0, 0, -1};
    lac_symmetric_eigenvalues(1, one, values, extra);
    assert_true(values[0] == 5);
    lac_symmetric_eigenvalues(3, diagonal, values, extra);
    assert_true(fabs(values[0] + values[1] + values[2] - 5) < 1e-12);
}

static void test_alarm_needs_fifty_low_logs_in_a_row(void **state) {
    (void)state;
    lac_alarm alarm = {0};
    double healthy = 0.1, low = 0.004; /* width 64: .1 / sqrt(D) = .0125 */
    assert_false(lac_alarm_see(&alarm, healthy, 1.5, 64));
    for (int i = 0; i < 49; i++)
        assert_false(lac_alarm_see(&alarm, low, 1.5, 64));
    assert_false(lac_alarm_see(&alarm, healthy, 1.5, 64));
    for (int i = 0; i < 49; i++)
        assert_false(lac_alarm_see(&alarm, low, 1.5, 64));
    assert_true(lac_alarm_see(&alarm, low, 1.5, 64));
    assert_false(lac_alarm_see(&alarm, low, 1.5, 64)); /* once */
    lac_alarm in_common = {0};                         /* close together, but in many ways */
    assert_false(lac_alarm_see(&in_common, healthy, 4, 64));
    for (int i = 0; i < 100; i++)
        assert_false(lac_alarm_see(&in_common, low, 2.5, 64));
    lac_alarm born_low = {0};
    for (int i = 0; i < 100; i++)
        assert_false(lac_alarm_see(&born_low, low, 1.5, 64)); /* never fell from anywhere */
}

static void test_log_is_rewound_to_a_step_and_to_whole_lines(void **state) {
    (void)state;
    char path[] = P_tmpdir "/lacuna-log-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    lac_error err;
    char *kept, *again;
    size_t n_kept, n_again;
    lac_log_entry e = {.loss = 1, .features = {0.1, NAN, 1}};
    for (e.step = 1; e.step <= 20; e.step++) {
        assert_int_equal(lac_log_add(path, &e, &err), LAC_OK);
        if (e.step == 12) assert_int_equal(lac_file_read(path, 1 << 20, &kept, &n_kept, &err), LAC_OK);
    }
    FILE *file = fopen(path, "a");
    fputs("{\"step\": 3, \"epo", file); /* cut off by a kill */
    fclose(file);
    lac_alarm alarm = {0};
    assert_int_equal(lac_log_rewind(path, 12, &alarm, 64, &err), LAC_OK);
    assert_int_equal(lac_file_read(path, 1 << 20, &again, &n_again, &err), LAC_OK);
    assert_int_equal(n_kept, n_again);
    assert_memory_equal(kept, again, n_kept);
    assert_true(alarm.first > 0.09);
    assert_non_null(strstr(again, "\"effective_rank\": null"));
    lac_free(kept);
    lac_free(again);
    unlink(path);
    assert_int_equal(lac_log_rewind(path, 12, &alarm, 64, &err), LAC_OK); /* no log: nothing to do */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_indicators_equal_numpy),
        cmocka_unit_test(test_constant_features_have_rank_one),
        cmocka_unit_test(test_eigenvalues_of_known_matrices),
        cmocka_unit_test(test_alarm_needs_fifty_low_logs_in_a_row),
        cmocka_unit_test(test_log_is_rewound_to_a_step_and_to_whole_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
