/* tests/eval/lbfgs_test.c - L-BFGS finds minima that are known without it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "eval/lbfgs.h"

/* Rosenbrock's valley in pairs: minimum 0 at (1, ..., 1). */
static lac_status rosenbrock(void *context, const double *x, double *value, double *gradient, lac_error *err) {
    (void)err;
    int64_t n = *(const int64_t *)context;
    *value = 0;
    for (int64_t i = 0; i < n; i += 2) {
        double a = x[i + 1] - x[i] * x[i], b = 1 - x[i];
        *value += 100 * a * a + b * b;
        gradient[i] = -400 * a * x[i] - 2 * b;
        gradient[i + 1] = 200 * a;
    }
    return LAC_OK;
}

static void test_the_bottom_of_rosenbrocks_valley_is_found(void **state) {
    (void)state;
    enum { N = 20 };
    int64_t n = N;
    double x[N];
    for (int i = 0; i < N; i++)
        x[i] = i % 2 ? 1.0 : -1.2;
    lac_lbfgs_options o = {.gradient_tolerance = 1e-9};
    lac_lbfgs_report report;
    assert_int_equal(lac_lbfgs(&o, n, x, rosenbrock, &n, &report, NULL), LAC_OK);
    assert_true(report.is_converged);
    assert_in_range(report.iterations, 5, 100); /* SciPy's L-BFGS-B takes 40 or so */
    for (int i = 0; i < N; i++)
        assert_true(fabs(x[i] - 1) < 1e-8);
}

/* sum of c_i (x_i - i)^2 / 2 with c from 1 to 1e3 */
static double curvature_of(int64_t i, int64_t n) {
    return pow(10, 3.0 * (double)i / (double)(n - 1));
}
static lac_status bowl(void *context, const double *x, double *value, double *gradient, lac_error *err) {
    (void)err;
    int64_t n = *(const int64_t *)context;
    *value = 0;
    for (int64_t i = 0; i < n; i++) {
        double away = x[i] - (double)i, c = curvature_of(i, n);
        *value += 0.5 * c * away * away;
        gradient[i] = c * away;
    }
    return LAC_OK;
}
static void bowl_inverse(void *context, const double *in, double *out) {
    int64_t n = *(const int64_t *)context;
    for (int64_t i = 0; i < n; i++)
        out[i] = in[i] / curvature_of(i, n);
}

static void test_a_narrow_bowl_converges_and_its_inverse_hessian_makes_it_two_steps(void **state) {
    (void)state;
    enum { N = 40 };
    int64_t n = N;
    for (int with = 0; with < 2; with++) {
        double x[N] = {0};
        lac_lbfgs_options o = {.gradient_tolerance = 1e-6, .precondition = with ? bowl_inverse : NULL};
        lac_lbfgs_report report;
        assert_int_equal(lac_lbfgs(&o, n, x, bowl, &n, &report, NULL), LAC_OK);
        assert_true(report.is_converged);
        for (int i = 0; i < N; i++)
            assert_true(fabs(x[i] - i) < 1e-5);
        assert_in_range(report.iterations, 1, with ? 2 : 300); /* SciPy: 247 */
    }
}

/* A bowl read through float32: values are rough at 1e-7, which must not stop the search short of the tolerance. */
static lac_status rough_bowl(void *context, const double *x, double *value, double *gradient, lac_error *err) {
    lac_status status = bowl(context, x, value, gradient, err);
    *value = (double)(float)(*value * 1e-6 + 1);
    for (int64_t i = 0; i < *(const int64_t *)context; i++)
        gradient[i] *= 1e-6;
    return status;
}

static void test_rough_values_do_not_stop_the_search(void **state) {
    (void)state;
    enum { N = 10 };
    int64_t n = N;
    double x[N] = {0};
    lac_lbfgs_options o = {.gradient_tolerance = 1e-9, .noise = 1e-7};
    lac_lbfgs_report report;
    assert_int_equal(lac_lbfgs(&o, n, x, rough_bowl, &n, &report, NULL), LAC_OK);
    assert_true(report.is_converged);
}

static void test_too_few_iterations_are_reported(void **state) {
    (void)state;
    int64_t n = 2;
    double x[2] = {-1.2, 1};
    lac_lbfgs_options o = {.max_iterations = 3};
    lac_lbfgs_report report;
    assert_int_equal(lac_lbfgs(&o, n, x, rosenbrock, &n, &report, NULL), LAC_OK);
    assert_false(report.is_converged);
    assert_int_equal(report.iterations, 3);
    assert_true(report.gradient > 1e-5);
}

static lac_status failing(void *context, const double *x, double *value, double *gradient, lac_error *err) {
    int64_t n = 2;
    if (++*(int *)context == 4) return lac_fail(err, "the fourth call");
    return rosenbrock(&n, x, value, gradient, err);
}

static void test_a_failing_function_ends_the_search(void **state) {
    (void)state;
    int calls = 0;
    double x[2] = {-1.2, 1};
    lac_lbfgs_options o = {0};
    lac_lbfgs_report report;
    lac_error err = {0};
    assert_int_equal(lac_lbfgs(&o, 2, x, failing, &calls, &report, &err), LAC_FAILURE);
    assert_string_equal(err.text, "the fourth call");
    for (uint64_t n = 1; n <= 9; n++) {
        lac_memory_fail_at(n);
        int64_t two = 2;
        assert_int_equal(lac_lbfgs(&o, 2, x, rosenbrock, &two, &report, &err), LAC_FAILURE);
    }
    lac_memory_fail_at(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_bottom_of_rosenbrocks_valley_is_found),
        cmocka_unit_test(test_a_narrow_bowl_converges_and_its_inverse_hessian_makes_it_two_steps),
        cmocka_unit_test(test_rough_values_do_not_stop_the_search),
        cmocka_unit_test(test_too_few_iterations_are_reported),
        cmocka_unit_test(test_a_failing_function_ends_the_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
