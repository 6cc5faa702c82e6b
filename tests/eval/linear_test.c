/* tests/eval/linear_test.c - both linear probes against scikit-learn and PyTorch (tests/reference/eval.py). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "eval/digits.h"
#include "eval/linear.h"
#include "eval/probe_sgd.h"
#include "eval/split.h"

static void assert_near(const char *what, const float *found, const float *expected, int64_t n, double tolerance) {
    double worst = 0, largest = 0;
    for (int64_t i = 0; i < n; i++) {
        worst = fmax(worst, fabs((double)found[i] - (double)expected[i]));
        largest = fmax(largest, fabs((double)expected[i]));
    }
    print_message("%s: largest difference %.3g where the largest value is %.3g\n", what, worst, largest);
    assert_true(worst <= tolerance * largest);
}

/* Gradient norm 1e-5 leaves weights within about 1e-5 / smallest curvature: a weak bound for the
 * unpenalised biases of nearly separable classes, so 2 % and 5 % of the largest; a hundredth of the gradient must be
 * that much closer. */
static void test_the_probe_is_scikit_learns_logistic_regression(void **state) {
    (void)state;
    float *weight = reference("linear_weight", CLASSES * D), *bias = reference("linear_bias", CLASSES);
    float *expected = reference("linear_predicted", N_TEST);
    lac_logistic m = {0};
    assert_int_equal(lac_logistic_fit(backend, pool, &(lac_logistic_options){0}, D, digits, digit_label, NULL, N_TRAIN,
                                      CLASSES, &m, NULL),
                     LAC_OK);
    print_message("%d iterations, gradient %.2g\n", m.iterations, m.gradient);
    assert_true(m.is_converged);
    assert_near("weights", m.weight, weight, CLASSES * D, 0.02);
    assert_near("biases", m.bias, bias, CLASSES, 0.05);
    int found[N_TEST], n_equal = 0;
    assert_int_equal(lac_logistic_predict(backend, pool, &m, digits + N_TRAIN * D, N_TEST, found, NULL), LAC_OK);
    for (int i = 0; i < N_TEST; i++)
        n_equal += found[i] == (int)expected[i];
    assert_in_range(n_equal, N_TEST - 1, N_TEST); /* .3 points of 400 */
    lac_logistic_free(&m);
    lac_logistic_options tight = {.gradient_tolerance = 1e-7};
    assert_int_equal(lac_logistic_fit(backend, NULL, &tight, D, digits, digit_label, NULL, N_TRAIN, CLASSES, &m, NULL),
                     LAC_OK);
    assert_true(m.is_converged);
    assert_near("weights at 1e-7", m.weight, weight, CLASSES * D, 0.001);
    assert_near("biases at 1e-7", m.bias, bias, CLASSES, 0.002);
    lac_logistic_free(&m);
    lac_free(weight);
    lac_free(bias);
    lac_free(expected);
}

static void test_two_classes_have_one_weight_vector(void **state) {
    (void)state;
    float *weight = reference("pair_weight", D), *bias = reference("pair_bias", 1);
    int64_t rows[N_TRAIN], n = 0;
    for (int i = 0; i < N_TRAIN; i++)
        if (digit_label[i] < 2) rows[n++] = i;
    lac_logistic m = {0};
    lac_logistic_options tight = {.gradient_tolerance = 1e-8};
    assert_int_equal(lac_logistic_fit(backend, pool, &tight, D, digits, digit_label, rows, n, CLASSES, &m, NULL),
                     LAC_OK);
    assert_true(m.is_converged);
    assert_int_equal(m.n_classes, 2);
    assert_near("weights", m.weight + D, weight, D, 0.001);
    assert_near("bias", m.bias + 1, bias, 1, 0.001);
    lac_logistic_free(&m);
    lac_free(weight);
    lac_free(bias);
}

static void test_classes_that_are_absent_are_never_predicted(void **state) {
    (void)state;
    int64_t rows[N_TRAIN], n = 0;
    for (int i = 0; i < N_TRAIN; i++)
        if (digit_label[i] % 3 == 1) rows[n++] = i;
    lac_logistic m = {0};
    int found[N_TEST], n_right = 0, n_of = 0;
    assert_int_equal(
        lac_logistic_fit(backend, pool, &(lac_logistic_options){0}, D, digits, digit_label, rows, n, CLASSES, &m, NULL),
        LAC_OK);
    assert_int_equal(m.n_classes, 3);
    assert_int_equal(lac_logistic_predict(backend, pool, &m, digits + N_TRAIN * D, N_TEST, found, NULL), LAC_OK);
    for (int i = 0; i < N_TEST; i++) {
        assert_int_equal(found[i] % 3, 1);
        if (digit_label[N_TRAIN + i] % 3 != 1) continue;
        n_of++;
        n_right += found[i] == digit_label[N_TRAIN + i];
    }
    assert_true(n_right > 0.9 * n_of);
    lac_logistic_free(&m);
    rows[0] = rows[n - 1] = 5;
    lac_error err = {0};
    assert_int_equal(
        lac_logistic_fit(backend, pool, &(lac_logistic_options){0}, D, digits, digit_label, rows, 1, CLASSES, &m, &err),
        LAC_USAGE);
    assert_non_null(strstr(err.text, "two classes"));
}

/* A nearly collapsed encoder: one direction a thousand times as strong as the rest. Logits cancel in float32 and values
 * of the objective are rough, which must not end the search early. */
static void test_few_labels_of_collapsed_features_converge(void **state) {
    (void)state;
    float *x = lac_array(N_ALL * D, sizeof *x);
    for (int i = 0; i < N_ALL; i++)
        for (int j = 0; j < D; j++)
            x[i * D + j] = digits[i * D + j] * 0.01f + (float)(i * 37 % 101) * (1 + 0.1f * (float)(j % 7));
    for (int64_t per_class = 1; per_class <= 5; per_class += 2)
        for (uint64_t seed = 0; seed < 10; seed++) {
            int64_t rows[5 * CLASSES], n;
            lac_logistic m = {0};
            assert_int_equal(lac_split_per_class(digit_label, N_TRAIN, CLASSES, per_class, seed, rows, &n, NULL),
                             LAC_OK);
            assert_int_equal(lac_logistic_fit(backend, pool, &(lac_logistic_options){0}, D, x, digit_label, rows, n,
                                              CLASSES, &m, NULL),
                             LAC_OK);
            if (!m.is_converged) fail_msg("%d a class, seed %d: gradient %g", (int)per_class, (int)seed, m.gradient);
            lac_logistic_free(&m);
        }
    lac_free(x);
}

static lac_status same_view(void *context, int64_t epoch, const float **x, lac_error *err) {
    (void)epoch;
    (void)err;
    *x = context;
    return LAC_OK;
}

static void compare_probe(const char *name, const lac_probe_options *o) {
    static const char *const parts[] = {"weight", "bias", "mean", "variance"};
    lac_probe p = {0};
    assert_int_equal(
        lac_probe_fit(backend, pool, o, D, same_view, digits, digit_label, NULL, N_TRAIN, CLASSES, &p, NULL), LAC_OK);
    const float *found[] = {p.weight, p.bias, p.mean, p.variance};
    const int64_t n[] = {CLASSES * D, CLASSES, D, D};
    for (int i = 0; i < 4; i++) {
        char file[64];
        snprintf(file, sizeof file, "probe_%s_%s", name, parts[i]);
        float *expected = reference(file, n[i]);
        assert_near(file, found[i], expected, n[i], 1e-4);
        lac_free(expected);
    }
    lac_probe_free(&p);
}

/* One batch an epoch, so that PyTorch needs no copy of the order; zero weights to begin with. */
static void test_bn_sgd_steps_are_pytorchs(void **state) {
    (void)state;
    lac_probe_options o = {.epochs = 12, .warmup = 2, .batch = N_TRAIN, .lr = 0.5 * 256 / N_TRAIN};
    compare_probe("sgd", &o);
    o.is_lars = true;
    o.lr = 5.0 * 256 / N_TRAIN;
    compare_probe("lars", &o);
}

static void test_bn_sgd_learns_in_batches_and_repeats_itself(void **state) {
    (void)state;
    lac_probe_options o = {.epochs = 20, .warmup = -1, .batch = 64, .deviation = -1, .seed = 5};
    int found[2][N_TEST];
    for (int i = 0; i < 2; i++) {
        lac_probe p = {0};
        assert_int_equal(lac_probe_fit(backend, i ? pool : NULL, &o, D, same_view, digits, digit_label, NULL, N_TRAIN,
                                       CLASSES, &p, NULL),
                         LAC_OK);
        assert_int_equal(lac_probe_predict(backend, pool, &p, digits + N_TRAIN * D, N_TEST, found[i], NULL), LAC_OK);
        lac_probe_free(&p);
    }
    assert_memory_equal(found[0], found[1], sizeof found[0]);
    int n_right = 0;
    for (int i = 0; i < N_TEST; i++)
        n_right += found[0][i] == digit_label[N_TRAIN + i];
    print_message("%d of %d right\n", n_right, N_TEST);
    assert_true(n_right > 0.85 * N_TEST); /* logistic regression: 92 % */
}

static void test_every_failing_allocation_is_an_error(void **state) {
    (void)state;
    int64_t rows[60];
    int found[N_TEST], n = 1;
    for (int i = 0; i < 60; i++)
        rows[i] = i;
    lac_probe_options o = {.epochs = 2, .batch = 16};
    lac_logistic_options few = {.max_iterations = 3};
    for (;; n++) {
        lac_error err = {0};
        lac_logistic m = {0};
        lac_probe p = {0};
        lac_memory_fail_at((uint64_t)n);
        lac_status status = lac_logistic_fit(backend, pool, &few, D, digits, digit_label, n % 2 ? rows : NULL,
                                             n % 2 ? 60 : 2 * D, CLASSES, &m, &err);
        if (status == LAC_OK) status = lac_logistic_predict(backend, pool, &m, digits, N_TEST, found, &err);
        if (status == LAC_OK)
            status = lac_probe_fit(backend, pool, &o, D, same_view, digits, digit_label, rows, 60, CLASSES, &p, &err);
        if (status == LAC_OK) status = lac_probe_predict(backend, pool, &p, digits, N_TEST, found, &err);
        lac_memory_fail_at(0);
        lac_logistic_free(&m);
        lac_probe_free(&p);
        if (status == LAC_OK) break;
        assert_int_equal(status, LAC_FAILURE);
        assert_true(err.text[0]);
    }
    assert_in_range(n, 40, 400);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_probe_is_scikit_learns_logistic_regression),
        cmocka_unit_test(test_two_classes_have_one_weight_vector),
        cmocka_unit_test(test_classes_that_are_absent_are_never_predicted),
        cmocka_unit_test(test_few_labels_of_collapsed_features_converge),
        cmocka_unit_test(test_bn_sgd_steps_are_pytorchs),
        cmocka_unit_test(test_bn_sgd_learns_in_batches_and_repeats_itself),
        cmocka_unit_test(test_every_failing_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, load_digits, free_machine);
}
