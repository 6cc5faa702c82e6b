/* Mixtures against timm's (tests/reference/tune.py), and what is drawn against what it should be drawn from. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "eval/mix.h"
#include "io/safetensors.h"

enum { N = 4, C = 2, H = 6, W = 7, K = 3, VALUES = C * H * W, DRAWS = 20000 };

static lac_error err;
static lac_safetensors *file;

static void read_into(const char *what, int index, float *out, int64_t n) {
    char name[32];
    snprintf(name, sizeof name, index < 0 ? "%s" : "%s/%d", what, index);
    const lac_safetensor *t = lac_safetensors_find(file, name);
    if (!t) fail_msg("no tensor %s", name);
    if (lac_safetensor_f32(file, t, out, n, &err) != LAC_OK) fail_msg("%s", err.text);
}

static void test_mixtures_are_timm_s(void **state) {
    (void)state;
    static const int label[N] = {0, 2, 1, 2};
    float in[N * VALUES], out[N * VALUES], wanted[N * VALUES], targets[N * K], wanted_targets[N * K], mix[6];
    char path[1024];
    snprintf(path, sizeof path, "%s/reference/tune/mix.safetensors", LACUNA_TESTS);
    if (lac_safetensors_open(path, &file, &err) != LAC_OK) fail_msg("%s", err.text);
    read_into("pictures", -1, in, N * VALUES);
    for (int k = 0; k < 3; k++) {
        read_into("mixed", k, wanted, N * VALUES);
        read_into("targets", k, wanted_targets, N * K);
        read_into("mix", k, mix, 6);
        lac_mix m = {.lambda = (double)mix[0], .is_cut = mix[1] > 0};
        m.top = (int64_t)mix[2], m.bottom = (int64_t)mix[3], m.left = (int64_t)mix[4], m.right = (int64_t)mix[5];
        for (int64_t i = 0; i < N; i++)
            lac_mix_picture(&m, N, i, C, H, W, in, out);
        lac_mix_targets(&m, N, K, 0.1, label, targets);
        for (int i = 0; i < N * VALUES; i++)
            if (fabsf(out[i] - wanted[i]) > 1e-6f)
                fail_msg("mixture %d, value %d: %.8g, expected %.8g", k, i, (double)out[i], (double)wanted[i]);
        for (int i = 0; i < N * K; i++)
            if (fabsf(targets[i] - wanted_targets[i]) > 1e-6f)
                fail_msg("mixture %d, target %d: %.8g, expected %.8g", k, i, (double)targets[i],
                         (double)wanted_targets[i]);
    }
    lac_safetensors_close(file);
}

/* Beta(a, a): mean 1/2, variance 1 / (4 (2a + 1)). */
static void test_lambda_is_beta(void **state) {
    (void)state;
    static const double shapes[] = {0.1, 0.8, 1, 2.5, 20};
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        double sum = 0, squares = 0, a = shapes[k], variance = 1 / (4 * (2 * a + 1));
        for (uint64_t i = 0; i < DRAWS; i++) {
            lac_random r = lac_random_at(3, LAC_RANDOM_TEST, k, i, 0);
            double x = lac_mix_beta(a, &r);
            if (!(x >= 0 && x <= 1)) fail_msg("Beta(%g): %g", a, x);
            sum += x - 0.5;
            squares += (x - 0.5) * (x - 0.5);
        }
        if (fabs(sum / DRAWS) > 4 * sqrt(variance / DRAWS)) fail_msg("Beta(%g): mean %g", a, 0.5 + sum / DRAWS);
        if (fabs(squares / DRAWS - variance) > 0.03 * variance)
            fail_msg("Beta(%g): variance %g, expected %g", a, squares / DRAWS, variance);
    }
}

static void test_a_cut_is_as_large_as_it_says(void **state) {
    (void)state;
    const lac_mix_options both = {.mixup = 0.8, .cutmix = 1}, cut = {.cutmix = 1}, none = {.smoothing = 0.1};
    int n_cut = 0;
    for (uint64_t i = 0; i < DRAWS; i++) {
        lac_random r = lac_random_at(4, LAC_RANDOM_TEST, 0, i, 0);
        lac_mix m = lac_mix_draw(&both, 32, 24, &r);
        n_cut += m.is_cut;
        r = lac_random_at(4, LAC_RANDOM_TEST, 1, i, 0);
        m = lac_mix_draw(&cut, 32, 24, &r);
        assert_true(m.is_cut && 0 <= m.top && m.top <= m.bottom && m.bottom <= 32 && m.left <= m.right &&
                    m.right <= 24);
        double area = (double)((m.bottom - m.top) * (m.right - m.left)) / (32 * 24);
        assert_true(fabs(m.lambda - (1 - area)) < 1e-12);
        r = lac_random_at(4, LAC_RANDOM_TEST, 2, i, 0);
        m = lac_mix_draw(&none, 32, 24, &r);
        assert_true(m.lambda == 1 && !m.is_cut);
    }
    assert_true(abs(n_cut - DRAWS / 2) < 4 * sqrt(DRAWS) / 2);
}

/* How many are erased, how much of each, and that the rest is as it was. */
static void test_erasing_keeps_its_measure(void **state) {
    (void)state;
    enum { SIDE = 20, MANY = 4000 };
    float picture[2 * SIDE * SIDE];
    int n_erased = 0;
    double area = 0, sum = 0, squares = 0, n_values = 0;
    for (uint64_t i = 0; i < MANY; i++) {
        lac_random r = lac_random_at(5, LAC_RANDOM_TEST, 0, i, 0);
        for (int k = 0; k < 2 * SIDE * SIDE; k++)
            picture[k] = 1000;
        lac_mix_erase(0.25, 2, SIDE, SIDE, &r, picture);
        int changed[2] = {0, 0}, top = SIDE, bottom = -1, left = SIDE, right = -1;
        for (int k = 0; k < 2 * SIDE * SIDE; k++) {
            if (picture[k] == 1000) continue;
            int y = k % (SIDE * SIDE) / SIDE, x = k % SIDE;
            changed[k / (SIDE * SIDE)]++;
            top = y < top ? y : top, bottom = y > bottom ? y : bottom;
            left = x < left ? x : left, right = x > right ? x : right;
            sum += (double)picture[k], squares += (double)picture[k] * (double)picture[k], n_values++;
        }
        assert_int_equal(changed[0], changed[1]);
        if (changed[0] == 0) continue;
        n_erased++;
        assert_int_equal(changed[0], (bottom - top + 1) * (right - left + 1)); /* one whole rectangle */
        double share = (double)changed[0] / (SIDE * SIDE);
        assert_true(share > 0.008 && share < 0.38);
        area += share;
    }
    assert_true(fabs(n_erased - 0.25 * MANY) < 4 * sqrt(MANY * 0.25 * 0.75));
    assert_true(fabs(area / n_erased - (0.02 + 1 / 3.0) / 2) < 0.015);
    assert_true(fabs(sum / n_values) < 0.02 && fabs(squares / n_values - 1) < 0.02);
    lac_random r = lac_random_at(5, LAC_RANDOM_TEST, 1, 0, 0);
    picture[0] = 7;
    lac_mix_erase(0, 2, SIDE, SIDE, &r, picture);
    lac_mix_erase(1, 1, 1, 1, &r, picture); /* nothing fits */
    assert_true(picture[0] == 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mixtures_are_timm_s),
        cmocka_unit_test(test_lambda_is_beta),
        cmocka_unit_test(test_a_cut_is_as_large_as_it_says),
        cmocka_unit_test(test_erasing_keeps_its_measure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
