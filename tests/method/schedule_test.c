/* tests/method/schedule_test.c - numbers that follow a schedule, and recipes that extend others: what is read, what is
 * refused and where the text says it stands, and that a step computes with the value of its moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "method/method.h"

#define MUST(expr)                                                                                                     \
    do {                                                                                                               \
        lac_error must_err = {0};                                                                                      \
        if ((expr) != LAC_OK) fail_msg("%s: %s", #expr, must_err.text);                                                \
    } while (0)

static const char tiny[] = "picture: {size: 8, channels: 1, mean: 0.5, std: 0.5}\n"
                           "mask: {name: random, ratio: 0.5}\n"
                           "model:\n"
                           "  encoder: {name: vit, patch: 4, width: 8, depth: 1, heads: 2, mlp_ratio: 2}\n"
                           "  decoder: {name: mae, width: 8, depth: 1, heads: 2, mlp_ratio: 2}\n"
                           "target: {name: pixels}\n"
                           "objective: [{name: l2}, {name: l1}]\n"
                           "optim: {lr: 1e-3}\n";

static lac_recipe *read_with(const char *key, const char *value) {
    lac_recipe *r;
    MUST(lac_recipe_read_text("tiny.yaml", tiny, &r, &must_err));
    MUST(lac_recipe_set(r, key, value, &must_err));
    return r;
}

static void expect_refusal(const char *key, const char *value, const char *expected) {
    lac_recipe *r;
    lac_error err = {0};
    MUST(lac_recipe_read_text("tiny.yaml", tiny, &r, &must_err));
    assert_int_equal(lac_recipe_set(r, key, value, &err), LAC_USAGE);
    assert_string_equal(err.text, expected);
    lac_recipe_free(r);
}

static void test_a_schedule_is_read_written_and_read_again(void **state) {
    (void)state;
    lac_recipe *r = read_with("objective.1.weight", "{to: 0.5, from: 1e-1, shape: cosine}"), *again;
    lac_text text = {0};
    MUST(lac_recipe_write(r, &text, &must_err));
    assert_non_null(strstr(text.data, "    weight: {from: 0.1, to: 0.5, shape: cosine}\n"));
    MUST(lac_recipe_read_text("tiny.yaml", text.data, &again, &must_err));
    lac_text difference = {0};
    lac_recipe_difference(r, again, &difference);
    assert_int_equal(difference.bytes, 0);
    const lac_setting *weight = lac_settings_get(lac_recipe_section(again, "objective.1"), "weight");
    assert_true(lac_setting_at(weight, 0) == 0.1 && lac_setting_at(weight, 1) == 0.5);
    assert_true(fabs(lac_setting_at(weight, 0.5) - 0.3) < 1e-15); /* half a cosine is half way */
    assert_true(fabs(lac_setting_at(weight, 0.25) - (0.5 - 0.4 * (1 + sqrt(0.5)) / 2)) < 1e-15);
    lac_text_free(&text);
    lac_recipe_free(again);
    lac_recipe_free(r);
    r = read_with("optim.weight_decay", "{from: 0.04, to: 0.4}"); /* linear unless said */
    assert_true(fabs(lac_setting_at(lac_settings_get(lac_recipe_section(r, "optim"), "weight_decay"), 0.75) - 0.31) <
                1e-15);
    lac_recipe_free(r);
}

/* A warm-up: the whole way in the first quarter of the run, and then as it is. */
static void test_a_schedule_may_end_before_the_run(void **state) {
    (void)state;
    lac_recipe *r = read_with("optim.weight_decay", "{from: 0.04, to: 0.08, over: 0.25}");
    const lac_setting *decay = lac_settings_get(lac_recipe_section(r, "optim"), "weight_decay");
    assert_true(lac_setting_at(decay, 0) == 0.04);
    assert_true(fabs(lac_setting_at(decay, 0.125) - 0.06) < 1e-15);
    assert_true(lac_setting_at(decay, 0.25) == 0.08 && lac_setting_at(decay, 0.9) == 0.08);
    lac_text text = {0};
    MUST(lac_recipe_write(r, &text, &must_err));
    assert_non_null(strstr(text.data, "  weight_decay: {from: 0.04, to: 0.08, shape: linear, over: 0.25}\n"));
    lac_text_free(&text);
    lac_recipe_free(r);
    expect_refusal("optim.weight_decay", "{from: 0, to: 1, over: 0}",
                   "optim.weight_decay: schedule's 'over': expected a number in (0, 1], found '0'");
}

static void test_a_wrong_schedule_is_refused(void **state) {
    (void)state;
    expect_refusal("objective.0.weight", "{from: 0.1, to: -1}",
                   "objective.0.weight: schedule's 'to': expected a number in [0, 1000000] or a schedule, found '-1'");
    expect_refusal("objective.0.weight", "{from: 0.1}", "objective.0.weight: a schedule needs 'to'");
    expect_refusal("objective.0.weight", "{from: 0, to: 1, form: linear}",
                   "objective.0.weight: unknown key 'form' in a schedule; allowed: from, to, shape, over");
    expect_refusal("objective.0.weight", "{from: 0, to: 1, shape: step}",
                   "objective.0.weight: schedule's 'shape': expected one of linear, cosine, found 'step'");
    expect_refusal("optim.eps", "{from: 1e-8, to: 1e-7}",
                   "optim.eps: expected one number: this one is settled before the first step and follows no schedule");
}

static void test_a_schedule_of_a_dimension_is_refused(void **state) {
    (void)state;
    lac_recipe *r = read_with("mask.ratio", "{from: 0.5, to: 0.75}");
    lac_method *m;
    lac_error err = {0};
    assert_int_equal(lac_method_new(r, LAC_F32, &m, &err), LAC_USAGE);
    assert_non_null(strstr(err.text, "mask.ratio: expected one number, found a schedule: the encoder sees the visible "
                                     "patches alone"));
    lac_recipe_free(r);
}

/* loss(share) = l2 + weight(share) x l1, and the gradient follows. */
static void test_a_step_computes_with_the_weight_of_its_moment(void **state) {
    (void)state;
    lac_recipe *r = read_with("objective.1.weight", "{from: 0, to: 2}");
    lac_method *m;
    MUST(lac_method_new(r, LAC_F32, &m, &must_err));
    const lac_backend *backend;
    MUST(lac_backend_cpu(NULL, &backend, &must_err));
    lac_store *store = lac_method_store(m);
    lac_store_initialize(store, 3);
    lac_step *step;
    MUST(lac_step_new(m, backend, NULL, 2, LAC_STEP_TRAIN, &step, &must_err));
    lac_view view, loss, l1, l2;
    MUST(lac_program_input(lac_step_program(step), "view/0", &view, &must_err));
    MUST(lac_program_output(lac_step_program(step), "loss", &loss, &must_err));
    MUST(lac_program_output(lac_step_program(step), "term/l1", &l1, &must_err));
    MUST(lac_program_output(lac_step_program(step), "term/l2", &l2, &must_err));
    for (int i = 0; i < 2 * 64; i++)
        ((float *)view.data)[i] = (float)sin(i * 1.3);
    const float *bias = lac_store_at(store, lac_store_find(store, "decoder_pred.bias"))->grad;
    float gradient[3];
    for (int k = 0; k < 3; k++) {
        lac_method_at(m, k * 0.5);
        MUST(lac_step_draw(step, 1, (int64_t[]){0, 0}, (int64_t[]){0, 1}, 2, &must_err));
        lac_store_zero_gradients(store);
        lac_program_run(lac_step_program(step));
        float expected = *(float *)l2.data + (float)k * *(float *)l1.data;
        assert_true(fabsf(*(float *)loss.data - expected) < 1e-6f);
        gradient[k] = bias[0];
    }
    assert_true(gradient[0] != gradient[1]);
    assert_true(fabsf((gradient[2] - gradient[1]) - (gradient[1] - gradient[0])) < 1e-6f); /* linear in the weight */
    lac_step_free(step);
    lac_method_free(m);
    lac_recipe_free(r);
}

/* ---- extends ---- */

static void write_file(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void test_a_recipe_says_only_what_differs(void **state) {
    (void)state;
    lac_recipe *r, *demo;
    MUST(lac_recipe_read_text("mine.yaml",
                              "extends: demo\nmodel: {encoder: {depth: 2}}\nobjective: [{name: l1, weight: 2}]\n", &r,
                              &must_err));
    MUST(lac_recipe_open("demo", NULL, 0, &demo, &must_err));
    lac_text text = {0};
    lac_recipe_difference(demo, r, &text);
    assert_string_equal(text.data, "name: demo against mine; model.encoder.depth: 4 against 2; "
                                   "objective.0.name: l2 against l1");
    lac_text_free(&text);
    text = (lac_text){0};
    MUST(lac_recipe_write(r, &text, &must_err));
    assert_null(strstr(text.data, "extends")); /* what is saved stands alone */
    lac_text_free(&text);
    lac_recipe_free(demo);
    lac_recipe_free(r);
}

static void test_an_error_names_the_file_that_a_value_stands_in(void **state) {
    (void)state;
    char folder[] = "/tmp/lacuna-extends-XXXXXX", path[64], base[64], expected[200];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.yaml", folder);
    snprintf(base, sizeof base, "%s/b.yaml", folder);
    write_file(path, "extends: b.yaml\ntrain: {batch: 8}\n");
    write_file(base, "\nextends: demo\n\noptim: {lr: -1}\n");
    lac_recipe *r = NULL;
    lac_error err = {0};
    assert_int_equal(lac_recipe_open(path, NULL, 0, &r, &err), LAC_USAGE);
    snprintf(expected, sizeof expected, "%s:4: optim.lr: expected a number in [0, 1000], found '-1'", base);
    assert_string_equal(err.text, expected);
    const char *set = "optim.lr=1e-3";
    MUST(lac_recipe_open(path, &set, 1, &r, &must_err));
    assert_int_equal(lac_recipe_int(r, "train.batch"), 8);
    assert_string_equal(lac_recipe_name(r), "a");
    lac_recipe_free(r);

    write_file(base, "extends: a.yaml\n");
    assert_int_equal(lac_recipe_open(path, NULL, 0, &r, &err), LAC_USAGE);
    assert_non_null(strstr(err.text, ":1: extends: recipes extend one another more than 8 deep, or in a circle"));
    write_file(base, "extends: dmo\n");
    assert_int_equal(lac_recipe_open(path, NULL, 0, &r, &err), LAC_USAGE);
    assert_non_null(strstr(err.text, "b.yaml:1: extends: "));
    assert_non_null(strstr(err.text, "no shipped recipe of that name"));
    unlink(path);
    unlink(base);
    rmdir(folder);
}

static void test_every_failed_allocation_is_an_error(void **state) {
    (void)state;
    bool is_done = false;
    for (uint64_t n = 1; !is_done; n++) {
        assert_true(n < 5000);
        lac_recipe *r = NULL;
        lac_method *m = NULL;
        lac_error err = {0};
        lac_memory_fail_at(n);
        lac_status status = lac_recipe_read_text(
            "a.yaml", "extends: demo\nobjective: [{name: l2, weight: {from: 0, to: 1}}]\n", &r, &err);
        if (status == LAC_OK) status = lac_method_new(r, LAC_F32, &m, &err);
        lac_memory_fail_at(0);
        is_done = status == LAC_OK;
        if (!is_done) assert_int_equal(status, LAC_FAILURE);
        lac_method_free(m);
        lac_recipe_free(r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_schedule_is_read_written_and_read_again),
        cmocka_unit_test(test_a_schedule_may_end_before_the_run),
        cmocka_unit_test(test_a_wrong_schedule_is_refused),
        cmocka_unit_test(test_a_schedule_of_a_dimension_is_refused),
        cmocka_unit_test(test_a_step_computes_with_the_weight_of_its_moment),
        cmocka_unit_test(test_a_recipe_says_only_what_differs),
        cmocka_unit_test(test_an_error_names_the_file_that_a_value_stands_in),
        cmocka_unit_test(test_every_failed_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
