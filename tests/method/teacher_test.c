/* tests/method/teacher_test.c - teachers and masks of any number: copies and how they follow, micro-batches that add up
 * although every picture hides another number, what may be combined, and that a step allocates nothing. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tried.h"

static const char tiny[] =
    "picture: {size: 16, channels: 1, mean: 0.5, std: 0.5}\n"
    "views: {name: pair}\n"
    "mask: {name: ibot-block, ratio: [0.2, 0.5, 0.8], spread: [0, 0.1, 0.1]}\n"
    "model:\n"
    "  encoder: {name: vit, patch: 4, width: 8, depth: 2, heads: 2, mlp_ratio: 2}\n"
    "  projector: {name: mlp, hidden: 8, out: 4}\n"
    "  decoder: {name: linear}\n"
    "teacher: {name: ema, decay: {from: 0.5, to: 1}}\n"
    "target: {name: pixels}\n"
    "objective: [{name: infonce, of: projector, on: hidden}, {name: l2, weight: 0.5}, {name: l2, on: visible}]\n"
    "optim: {lr: 1e-3}\n";
enum { N = 16, BATCH = 8 };

static float pixel(int view, int64_t sample, int i) {
    return (float)sin((double)sample * 1.7 + i * (0.9 + 0.3 * view));
}

static void fill(lac_step *step, int64_t first) {
    for (int v = 0; v < 2; v++) {
        lac_view view;
        MUST(lac_program_input(lac_step_program(step), v ? "view/1" : "view/0", &view, &must_err));
        for (int64_t b = 0; b < lac_step_batch(step); b++)
            for (int i = 0; i < 256; i++)
                ((float *)view.data)[b * 256 + i] = pixel(v, first + b, i);
    }
}

static double loss_of(const lac_step *step) {
    lac_view view;
    MUST(lac_program_output(lac_step_program(step), "loss", &view, &must_err));
    return (double)*(float *)view.data;
}

static void test_a_teacher_starts_as_a_copy_and_follows(void **state) {
    (void)state;
    tried f;
    try_recipe(&f, tiny, LAC_F32);
    int n_copies = 0;
    for (int i = 0; i < lac_store_count(f.store); i++) {
        const lac_entry *e = lac_store_at(f.store, i);
        if (strncmp(e->name, "teacher/", 8) != 0) continue;
        n_copies++;
        const lac_entry *student = tried_entry(&f, e->name + 8);
        assert_true(e->flags & LAC_PARAM_BUFFER && !e->grad);
        assert_memory_equal(e->value, student->value, (size_t)e->n * sizeof(float));
    }
    assert_int_equal(n_copies,
                     3 + 2 * 12 + 2 + 4); /* cls, patches; two blocks; norm; projector: no position, no token */
    assert_int_equal(lac_store_find(f.store, "teacher/decoder_pred.weight"), -1);
    assert_int_equal(lac_store_find(f.store, "teacher/mask_token"), -1);
    assert_int_equal(lac_store_find(f.store, "teacher/pos_embed"), -1);

    float *student = tried_entry(&f, "norm.bias")->value, *teacher = tried_entry(&f, "teacher/norm.bias")->value;
    student[0] = 8;
    lac_method_step_teacher(f.method, f.backend, NULL);
    assert_true(teacher[0] == 4); /* .5 x 0 + .5 x 8 */
    lac_method_at(f.method, 0.5);
    lac_method_step_teacher(f.method, f.backend, NULL);
    assert_true(fabsf(teacher[0] - 5) < 1e-6f); /* .75 x 4 + .25 x 8 */
    lac_method_at(f.method, 1);
    lac_method_step_teacher(f.method, f.backend, NULL);
    assert_true(fabsf(teacher[0] - 5) < 1e-6f);
    tried_free(&f);
}

/* Loss and gradients of 8 pictures at once, and of 4 times 2, whose masks hide other numbers of patches. */
static void test_parts_add_up_whatever_pictures_hide(void **state) {
    (void)state;
    tried f;
    try_recipe(&f, tiny, LAC_F32);
    int64_t epochs[BATCH] = {0}, samples[BATCH];
    for (int i = 0; i < BATCH; i++)
        samples[i] = i;
    lac_step *whole, *part;
    MUST(lac_step_new(f.method, f.backend, NULL, BATCH, LAC_STEP_TRAIN, &whole, &must_err));
    fill(whole, 0);
    lac_step_plan(whole, 3, epochs, samples, BATCH);
    MUST(lac_step_draw(whole, 3, epochs, samples, BATCH, &must_err));
    int least = N, most = 0;
    for (int b = 0; b < BATCH; b++) {
        int n = 0;
        for (int i = 0; i < N; i++)
            n += lac_step_mask(whole)[b * N + i] != 0;
        least = n < least ? n : least;
        most = n > most ? n : most;
    }
    assert_true(least < most);
    lac_program_run(lac_step_program(whole));
    double loss = loss_of(whole), sum = 0;
    float *gradients[200];
    int n = lac_store_count(f.store);
    assert_true(n <= 200);
    for (int i = 0; i < n; i++) {
        const lac_entry *e = lac_store_at(f.store, i);
        gradients[i] = e->grad ? malloc((size_t)e->n * sizeof(float)) : NULL;
        if (e->grad) memcpy(gradients[i], e->grad, (size_t)e->n * sizeof(float));
    }
    lac_store_zero_gradients(f.store);
    MUST(lac_step_new(f.method, f.backend, NULL, 2, LAC_STEP_TRAIN, &part, &must_err));
    lac_step_plan(part, 3, epochs, samples, BATCH);
    for (int k = 0; k < 4; k++) {
        fill(part, 2 * k);
        MUST(lac_step_draw(part, 3, epochs + 2 * k, samples + 2 * k, BATCH, &must_err));
        lac_program_run(lac_step_program(part));
        sum += loss_of(part);
    }
    assert_true(fabs(sum - loss) < 1e-5 * fabs(loss));
    double worst = 0, largest = 0;
    for (int i = 0; i < n; i++) {
        const lac_entry *e = lac_store_at(f.store, i);
        for (int64_t k = 0; gradients[i] && k < e->n; k++) {
            worst = fmax(worst, fabs((double)((float *)e->grad)[k] - (double)gradients[i][k]));
            largest = fmax(largest, fabs((double)gradients[i][k]));
        }
        free(gradients[i]);
    }
    assert_true(largest > 1e-3);
    if (!(worst < 1e-5 * largest)) fail_msg("gradients differ by %g of %g", worst, largest);
    lac_step_free(whole);
    lac_step_free(part);
    tried_free(&f);
}

static void test_hidden_pixels_do_not_reach_a_prediction(void **state) {
    (void)state;
    tried f;
    try_recipe(&f, tiny, LAC_F32);
    lac_step *step;
    MUST(lac_step_new(f.method, f.backend, NULL, 1, 0, &step, &must_err));
    fill(step, 0);
    float mask[N] = {1, 0, 0, 1, 1};
    MUST(lac_step_set_mask(step, NULL, NULL, mask, 0, &must_err));
    lac_view view, prediction;
    MUST(lac_program_input(lac_step_program(step), "view/0", &view, &must_err));
    MUST(lac_program_output(lac_step_program(step), "prediction", &prediction, &must_err));
    lac_program_run(lac_step_program(step));
    float before[N * 16];
    memcpy(before, prediction.data, sizeof before);
    ((float *)view.data)[0] += 5; /* patch 0 */
    lac_program_run(lac_step_program(step));
    assert_memory_equal(before, prediction.data, sizeof before);
    ((float *)view.data)[4] += 5; /* patch 1, which is seen */
    lac_program_run(lac_step_program(step));
    assert_memory_not_equal(before, prediction.data, sizeof before);
    lac_step_free(step);
    tried_free(&f);
}

static void expect_refusal(int n, const char *const *sets, const char *expected) {
    lac_recipe *r;
    lac_method *m;
    lac_error err = {0};
    MUST(lac_recipe_read_text("tiny.yaml", tiny, &r, &must_err));
    for (int i = 0; i < n; i += 2)
        MUST(lac_recipe_set(r, sets[i], sets[i + 1], &must_err));
    assert_int_equal(lac_method_new(r, LAC_F32, &m, &err), LAC_USAGE);
    if (!strstr(err.text, expected)) fail_msg("expected '%s', found '%s'", expected, err.text);
    lac_recipe_free(r);
}

static void test_what_does_not_fit_is_refused_with_the_reason(void **state) {
    (void)state;
    expect_refusal(2, (const char *[]){"teacher", "{name: none}"}, "projections need a teacher's to be compared with");
    expect_refusal(2, (const char *[]){"model.projector", "{name: none}"},
                   "objective.0.of: projector: model.projector is 'none'");
    expect_refusal(2, (const char *[]){"model.decoder", "{name: none}"},
                   "objective.1.of: decoder: model.decoder is 'none'");
    expect_refusal(2, (const char *[]){"target", "{name: none}"}, "objective.1.of: decoder: target is 'none'");
    expect_refusal(2, (const char *[]){"views.geometry", "own"}, "patches are compared place by place");
    expect_refusal(4, (const char *[]){"target", "{name: teacher-layers}", "teacher", "{name: none}"},
                   "projections need a teacher's");
    expect_refusal(2, (const char *[]){"target", "{name: teacher-layers, layers: 3}"},
                   "target.layers: 3 of an encoder");
    expect_refusal(2, (const char *[]){"model.decoder", "{name: mae, width: 8, depth: 1, heads: 2}"}, "do not fit");
    expect_refusal(4, (const char *[]){"model.encoder.class_token", "false", "model.projector.pool", "class"},
                   "the encoder has no class token");
    expect_refusal(2, (const char *[]){"model.predictor", "{name: mlp, out: 5}"}, "model.predictor.out: expected");
    expect_refusal(4,
                   (const char *[]){"teacher", "{name: self, stop_gradient: false}", "objective.0",
                                    "{name: cross-entropy, of: projector}"},
                   "gives what it compares with no gradient");
}

static void test_a_step_allocates_nothing(void **state) {
    (void)state;
    tried f;
    try_recipe(&f, tiny, LAC_F32);
    int64_t epochs[2] = {0}, samples[2] = {0, 1};
    lac_step *step;
    MUST(lac_step_new(f.method, f.backend, NULL, 2, LAC_STEP_TRAIN, &step, &must_err));
    fill(step, 0);
    lac_memory_fail_at(1);
    lac_error err = {0};
    lac_method_at(f.method, 0.25);
    lac_step_plan(step, 3, epochs, samples, 2);
    lac_status status = lac_step_draw(step, 3, epochs, samples, 2, &err);
    lac_program_run(lac_step_program(step));
    lac_method_step_teacher(f.method, f.backend, NULL);
    lac_memory_fail_at(0);
    assert_int_equal(status, LAC_OK);
    lac_step_free(step);
    tried_free(&f);
}

static void test_every_failed_allocation_is_an_error(void **state) {
    (void)state;
    fail_every_allocation_of(tiny, LAC_STEP_TRAIN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_teacher_starts_as_a_copy_and_follows),
        cmocka_unit_test(test_parts_add_up_whatever_pictures_hide),
        cmocka_unit_test(test_hidden_pixels_do_not_reach_a_prediction),
        cmocka_unit_test(test_what_does_not_fit_is_refused_with_the_reason),
        cmocka_unit_test(test_a_step_allocates_nothing),
        cmocka_unit_test(test_every_failed_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
