/* tests/objective/objective_test.c - l2 and l1: value and gradient against sums written out here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "graph/program.h"
#include "objective/objective.h"

#define MUST(expr)                                                                                                     \
    do {                                                                                                               \
        lac_error must_err = {0};                                                                                      \
        if ((expr) != LAC_OK) fail_msg("%s: %s", #expr, must_err.text);                                                \
    } while (0)

enum { B = 2, N = 5, P = 7, SIZE = B * N * P };

static lac_program *program;

static double *input(const char *name) {
    lac_view view;
    MUST(lac_program_input(program, name, &view, &must_err));
    return view.data;
}

static const double *output(const char *name) {
    lac_view view;
    MUST(lac_program_output(program, name, &view, &must_err));
    return view.data;
}

static void check(const char *name, double (*error)(double difference), double (*slope)(double difference)) {
    const lac_objective_slot *slot = lac_objective_find(name);
    const lac_backend *backend;
    lac_store *store;
    lac_graph *g;
    MUST(lac_backend_cpu("portable", &backend, &must_err));
    MUST(lac_store_new(LAC_F64, &store, &must_err));
    MUST(lac_graph_new(LAC_F64, store, &g, &must_err));
    lac_id prediction = lac_input(g, "prediction", LAC_F64, 3, (int64_t[]){B, N, P});
    lac_id target = lac_input(g, "target", LAC_F64, 3, (int64_t[]){B, N, P});
    lac_id weight = lac_input(g, "weight", LAC_F64, 2, (int64_t[]){B, N});
    lac_id norm = lac_input(g, "norm", LAC_F64, 1, (int64_t[]){1});
    lac_id loss = slot->build(NULL, g, prediction, target, weight, norm);
    lac_output(g, "loss", loss);
    lac_want_gradient(g, prediction);
    lac_graph_backward(g, loss);
    lac_output(g, "gradient", lac_gradient(g, prediction));
    MUST(lac_program_new(g, backend, NULL, 0, &program, &must_err));
    double *p = input("prediction"), *t = input("target"), *w = input("weight");
    for (int i = 0; i < SIZE; i++) {
        p[i] = sin(i * 1.1);
        t[i] = cos(i * 0.7);
    }
    for (int i = 0; i < B * N; i++)
        w[i] = i % 3 == 0 ? 0 : i % 3 == 1 ? 1 : 0.5;
    input("norm")[0] = 0.25;
    double expected = 0;
    for (int i = 0; i < SIZE; i++)
        expected += 0.25 * w[i / P] * error(p[i] - t[i]) / P;
    lac_program_run(program);
    assert_true(fabs(output("loss")[0] - expected) < 1e-12);
    for (int i = 0; i < SIZE; i++)
        assert_true(fabs(output("gradient")[i] - 0.25 * w[i / P] * slope(p[i] - t[i]) / P) < 1e-12);
    lac_program_free(program);
    lac_graph_free(g);
    lac_store_free(store);
}

static double square(double d) {
    return d * d;
}

static double twice(double d) {
    return 2 * d;
}

static double sign(double d) {
    return d > 0 ? 1 : d < 0 ? -1 : 0;
}

static void test_l2_is_the_weighted_mean_square(void **state) {
    (void)state;
    check("l2", square, twice);
}

static void test_l1_is_the_weighted_mean_distance(void **state) {
    (void)state;
    check("l1", fabs, sign);
}

static void test_every_objective_declares_on_and_weight(void **state) {
    (void)state;
    for (int i = 0; i < lac_objective_count(); i++) {
        assert_string_equal(lac_objective_at(i)->slot.specs[0].key, "on");
        assert_string_equal(lac_objective_at(i)->slot.specs[1].key, "weight");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_l2_is_the_weighted_mean_square),
        cmocka_unit_test(test_l1_is_the_weighted_mean_distance),
        cmocka_unit_test(test_every_objective_declares_on_and_weight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
