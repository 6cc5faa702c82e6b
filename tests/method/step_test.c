/* tests/method/step_test.c - step graphs: micro-batches add up, masks from counters and from outside, whole-model
 * finite differences in double precision, refusals, and no allocation in a step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "method/method.h"

#define MUST(expr)                                                                                                     \
    do {                                                                                                               \
        lac_error must_err = {0};                                                                                      \
        if ((expr) != LAC_OK) fail_msg("%s: %s", #expr, must_err.text);                                                \
    } while (0)

static const char tiny[] = "picture: {size: [8, 12], channels: 3}\n"
                           "mask: {name: random, ratio: 0.5}\n"
                           "model:\n"
                           "  encoder: {name: vit, patch: 4, width: 8, depth: 2, heads: 2, mlp_ratio: 2}\n"
                           "  decoder: {name: mae, width: 8, depth: 1, heads: 2, mlp_ratio: 2}\n"
                           "target: {name: pixels, norm: true}\n"
                           "objective: [{name: l2}]\n"
                           "optim: {lr: 1e-3}\n"; /* N = 6, V = 3 */
enum { N = 6, V = 3, PICTURE = 3 * 8 * 12 };

typedef struct fixture {
    lac_recipe *recipe;
    lac_method *method;
    const lac_backend *backend;
} fixture;

static void begin(fixture *f, lac_dtype real, int n_sets, const char *const *sets) {
    MUST(lac_recipe_read_text("tiny.yaml", tiny, &f->recipe, &must_err));
    for (int i = 0; i < n_sets; i += 2)
        MUST(lac_recipe_set(f->recipe, sets[i], sets[i + 1], &must_err));
    MUST(lac_method_new(f->recipe, real, &f->method, &must_err));
    MUST(lac_backend_cpu(real == LAC_F64 ? "portable" : NULL, &f->backend, &must_err));
    lac_store_initialize(lac_method_store(f->method), 7);
    MUST(lac_store_need_gradients(lac_method_store(f->method), &must_err));
    lac_store_zero_gradients(lac_method_store(f->method));
}

static void end(fixture *f) {
    lac_method_free(f->method);
    lac_recipe_free(f->recipe);
}

static lac_step *step_of(fixture *f, int64_t batch, unsigned flags) {
    lac_step *step;
    MUST(lac_step_new(f->method, f->backend, NULL, batch, flags, &step, &must_err));
    return step;
}

static lac_view input(lac_step *step, const char *name) {
    lac_view view;
    MUST(lac_program_input(lac_step_program(step), name, &view, &must_err));
    return view;
}

static lac_view output(lac_step *step, const char *name) {
    lac_view view;
    MUST(lac_program_output(lac_step_program(step), name, &view, &must_err));
    return view;
}

static double loss_of(lac_step *step) {
    lac_view view = output(step, "loss");
    return view.dtype == LAC_F64 ? *(double *)view.data : (double)*(float *)view.data;
}

/* Pictures first .. first + batch of an endless row of them. */
static void put_pictures(lac_step *step, int64_t first) {
    lac_view view = input(step, "view/0");
    for (int64_t i = 0; i < lac_view_size(&view); i++) {
        double value = sin((double)(first * PICTURE + i) * 1.618);
        if (view.dtype == LAC_F64)
            ((double *)view.data)[i] = value;
        else
            ((float *)view.data)[i] = (float)value;
    }
}

static const int64_t epochs[8] = {0, 0, 0, 0, 1, 1, 1, 1}, samples[8] = {4, 5, 6, 7, 0, 1, 2, 3};

static void test_micro_batches_add_up_to_the_batch(void **state) {
    (void)state;
    fixture f;
    begin(&f, LAC_F32, 0, NULL);
    lac_store *store = lac_method_store(f.method);
    lac_step *whole = step_of(&f, 8, LAC_STEP_TRAIN), *part = step_of(&f, 2, LAC_STEP_TRAIN);
    put_pictures(whole, 0);
    MUST(lac_step_draw(whole, 3, epochs, samples, 8, &must_err));
    lac_program_run(lac_step_program(whole));
    double expected = loss_of(whole), total = 0;
    float **gradients = calloc((size_t)lac_store_count(store), sizeof *gradients);
    for (int i = 0; i < lac_store_count(store); i++) {
        lac_entry *e = lac_store_at(store, i);
        if (!e->grad) continue;
        gradients[i] = malloc((size_t)e->n * sizeof(float));
        memcpy(gradients[i], e->grad, (size_t)e->n * sizeof(float));
    }
    lac_store_zero_gradients(store);
    for (int k = 0; k < 4; k++) {
        put_pictures(part, 2 * k);
        MUST(lac_step_draw(part, 3, epochs + 2 * k, samples + 2 * k, 8, &must_err));
        assert_memory_equal(lac_step_mask(part), lac_step_mask(whole) + 2 * k * N, 2 * N * sizeof(float));
        lac_program_run(lac_step_program(part));
        total += loss_of(part);
    }
    assert_true(fabs(total - expected) < 1e-5 * expected);
    for (int i = 0; i < lac_store_count(store); i++) {
        lac_entry *e = lac_store_at(store, i);
        for (int64_t j = 0; gradients[i] && j < e->n; j++)
            assert_true(fabsf(gradients[i][j] - ((float *)e->grad)[j]) < 1e-5f);
        free(gradients[i]);
    }
    free(gradients);
    lac_step_free(whole);
    lac_step_free(part);
    end(&f);
}

static void test_drawn_masks_have_exact_counts_and_depend_on_counters_alone(void **state) {
    (void)state;
    fixture f;
    begin(&f, LAC_F32, 0, NULL);
    lac_step *step = step_of(&f, 8, 0);
    float first[8 * N];
    MUST(lac_step_draw(step, 3, epochs, samples, 64, &must_err));
    memcpy(first, lac_step_mask(step), sizeof first);
    for (int b = 0; b < 8; b++) {
        float n_hidden = 0;
        for (int i = 0; i < N; i++)
            n_hidden += first[b * N + i];
        assert_true(n_hidden == N - V);
    }
    MUST(lac_step_draw(step, 4, epochs, samples, 64, &must_err));
    assert_memory_not_equal(first, lac_step_mask(step), sizeof first);
    MUST(lac_step_draw(step, 3, epochs, samples, 8, &must_err));
    assert_memory_equal(first, lac_step_mask(step), sizeof first);
    lac_error err;
    assert_int_equal(lac_step_draw(step, 3, epochs, samples, 4, &err), LAC_USAGE);
    lac_step_free(step);
    end(&f);
}

/* The same mask as noise, as indices in another order, and as weights: the same loss. */
static void test_masks_from_outside_agree(void **state) {
    (void)state;
    fixture f;
    begin(&f, LAC_F32, 0, NULL);
    lac_step *step = step_of(&f, 2, 0);
    put_pictures(step, 0);
    const float noise[2 * N] = {.9f, .1f, .5f, .2f, .7f, .8f, .3f, .3f, .3f, .3f, .1f, .3f};
    const float hidden[2 * N] = {1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 1}; /* equal noise: the first stay */
    const int32_t keep[2 * V] = {2, 3, 1, 1, 4, 0};
    MUST(lac_step_set_mask(step, noise, NULL, NULL, 0, &must_err));
    assert_memory_equal(lac_step_mask(step), hidden, sizeof hidden);
    const int32_t shuffled[2 * V] = {1, 3, 2, 4, 0, 1}; /* in order of noise, as MAE keeps them */
    assert_memory_equal(input(step, "keep/0").data, shuffled, sizeof shuffled);
    lac_program_run(lac_step_program(step));
    double expected = loss_of(step);
    assert_true(expected > 0.1);
    MUST(lac_step_set_mask(step, NULL, keep, NULL, 0, &must_err));
    assert_memory_equal(lac_step_mask(step), hidden, sizeof hidden);
    lac_program_run(lac_step_program(step));
    assert_true(fabs(loss_of(step) - expected) < 1e-5);
    MUST(lac_step_set_mask(step, NULL, NULL, hidden, 0, &must_err));
    lac_program_run(lac_step_program(step));
    assert_true(fabs(loss_of(step) - expected) < 1e-5);
    MUST(lac_step_set_mask(step, noise, NULL, NULL, 12, &must_err)); /* a half of a batch with 12 hidden patches */
    lac_program_run(lac_step_program(step));
    assert_true(fabs(loss_of(step) - expected / 2) < 1e-5);
    float none[2 * N] = {0};
    MUST(lac_step_set_mask(step, noise, NULL, none, 0, &must_err)); /* weights replace the mask's, and weigh nothing */
    lac_program_run(lac_step_program(step));
    assert_true(loss_of(step) == 0);
    lac_step_free(step);
    end(&f);
}

static void expect_refusal(lac_step *step, const float *noise, const int32_t *keep, const float *weight,
                           const char *expected) {
    lac_error err = {0};
    assert_int_equal(lac_step_set_mask(step, noise, keep, weight, 0, &err), LAC_USAGE);
    assert_string_equal(err.text, expected);
}

static void test_wrong_masks_are_refused(void **state) {
    (void)state;
    fixture f;
    begin(&f, LAC_F32, 0, NULL);
    lac_step *step = step_of(&f, 1, 0);
    const float noise[N] = {0, 1, NAN, 2, 3, 4}, good[N] = {0, 1, 2, 3, 4, 5};
    const int32_t twice[V] = {1, 2, 1}, outside[V] = {0, 6, 1}, negative[V] = {0, -1, 1};
    const float two_visible[N] = {1, 0, 0, 1, 1, 1}, negative_weight[N] = {-1, 0, 0, 0, 1, 1};
    expect_refusal(step, noise, NULL, NULL, "noise: sample 0, patch 2 is not a number");
    expect_refusal(step, NULL, twice, NULL, "keep/0: sample 0 names patch 1 twice");
    expect_refusal(step, NULL, outside, NULL, "keep/0: sample 0, place 1: expected a patch from 0 to 5, found 6");
    expect_refusal(step, NULL, negative, NULL, "keep/0: sample 0, place 1: expected a patch from 0 to 5, found -1");
    expect_refusal(step, NULL, NULL, two_visible,
                   "mask/0: sample 0 leaves 2 of 6 patches visible, the recipe's mask leaves 3");
    expect_refusal(step, good, NULL, negative_weight,
                   "mask/0: sample 0, patch 0: expected a finite weight of at least 0, found -1");
    expect_refusal(step, good, twice, NULL, "mask: noise and keep/0 exclude each other");
    expect_refusal(step, NULL, NULL, NULL, "mask: expected noise, keep/0 or mask/0");
    lac_step_free(step);
    end(&f);
}

/* What is hidden cannot be seen: other pixels there leave the prediction bit for bit. */
static void test_hidden_pixels_do_not_reach_the_prediction(void **state) {
    (void)state;
    fixture f;
    begin(&f, LAC_F32, 0, NULL);
    lac_step *step = step_of(&f, 1, 0);
    const int32_t keep[V] = {0, 1, 5}; /* patches 2, 3, 4 hidden: row 0 column 2; row 1 columns 0 and 1 */
    put_pictures(step, 0);
    MUST(lac_step_set_mask(step, NULL, keep, NULL, 0, &must_err));
    lac_program_run(lac_step_program(step));
    lac_view view = output(step, "prediction");
    size_t bytes = (size_t)lac_view_size(&view) * sizeof(float);
    float *before = malloc(bytes);
    memcpy(before, view.data, bytes);
    double loss = loss_of(step);
    float *picture = input(step, "view/0").data;
    for (int c = 0; c < 3; c++)
        for (int x = 0; x < 8; x++)
            picture[c * 96 + 5 * 12 + x] += (float)(x + 1);
    lac_program_run(lac_step_program(step));
    assert_memory_equal(before, output(step, "prediction").data, bytes);
    assert_true(loss_of(step) != loss);
    picture[0] += 1; /* a visible one does */
    lac_program_run(lac_step_program(step));
    assert_memory_not_equal(before, output(step, "prediction").data, bytes);
    free(before);
    lac_step_free(step);
    end(&f);
}

/* all = (V visible + M hidden) / N, and terms add up with their weights. */
static void test_terms_judge_what_they_say(void **state) {
    (void)state;
    fixture f;
    const char *sets[] = {"objective", "[{name: l2, on: hidden, weight: 2}, {name: l2, on: visible, weight: 0.5}, "
                                       "{name: l2, on: all}, {name: l1, weight: 3}]"};
    begin(&f, LAC_F64, 2, sets);
    lac_step *step = step_of(&f, 4, LAC_STEP_TRAIN);
    put_pictures(step, 0);
    MUST(lac_step_draw(step, 3, epochs, samples, 4, &must_err));
    lac_program_run(lac_step_program(step));
    assert_int_equal(lac_method_terms(f.method), 4);
    static const char *const names[] = {"l2", "l2.1", "l2.2", "l1"};
    double term[4];
    for (int i = 0; i < 4; i++) {
        char name[32];
        assert_string_equal(lac_method_term(f.method, i), names[i]);
        snprintf(name, sizeof name, "term/%s", names[i]);
        term[i] = *(double *)output(step, name).data;
    }
    assert_true(fabs(term[2] - (V * term[1] + (N - V) * term[0]) / N) < 1e-12);
    assert_true(fabs(loss_of(step) - (2 * term[0] + 0.5 * term[1] + term[2] + 3 * term[3])) < 1e-12);
    lac_step_free(step);
    end(&f);
}

/* Central differences in double over the whole model: every parameter, a few elements of each. */
static void test_gradients_agree_with_finite_differences(void **state) {
    (void)state;
    fixture f;
    const char *sets[] = {"model.encoder.positions",
                          "learned",
                          "model.encoder.layer_scale",
                          "0.5",
                          "objective",
                          "[{name: l2}, {name: l2, on: all, weight: 0.3}]"};
    begin(&f, LAC_F64, 6, sets);
    lac_store *store = lac_method_store(f.method);
    lac_random random = lac_random_at(2, LAC_RANDOM_TEST, 0, 0, 0);
    for (int i = 0; i < lac_store_count(store); i++) { /* away from zeros and ones */
        lac_entry *e = lac_store_at(store, i);
        for (int64_t j = 0; j < e->n && !(e->flags & LAC_PARAM_BUFFER); j++)
            ((double *)e->value)[j] += 0.1 * lac_random_normal(&random);
    }
    lac_step *step = step_of(&f, 2, LAC_STEP_TRAIN);
    put_pictures(step, 0);
    MUST(lac_step_draw(step, 3, epochs, samples, 2, &must_err));
    lac_program_run(lac_step_program(step));
    double largest = 0;
    int n_checked = 0;
    double *gradients = malloc(sizeof *gradients * 4 * (size_t)lac_store_count(store));
    for (int i = 0; i < lac_store_count(store); i++) {
        lac_entry *e = lac_store_at(store, i);
        for (int k = 0; k < 4 && e->grad; k++) {
            gradients[4 * i + k] = ((double *)e->grad)[k * (e->n - 1) / 3];
            largest = fmax(largest, fabs(gradients[4 * i + k]));
        }
    }
    for (int i = 0; i < lac_store_count(store); i++) {
        lac_entry *e = lac_store_at(store, i);
        for (int k = 0; k < 4 && e->grad; k++, n_checked++) {
            double *value = (double *)e->value + k * (e->n - 1) / 3, saved = *value, loss[2];
            for (int side = 0; side < 2; side++) {
                *value = saved + (side ? 1e-5 : -1e-5);
                lac_program_run(lac_step_program(step));
                loss[side] = loss_of(step);
            }
            *value = saved;
            double numeric = (loss[1] - loss[0]) / 2e-5;
            if (fabs(numeric - gradients[4 * i + k]) > 1e-6 * largest + 1e-9)
                fail_msg("%s: gradient %g, difference %g", e->name, gradients[4 * i + k], numeric);
        }
    }
    assert_true(n_checked > 150 && largest > 0.01);
    free(gradients);
    lac_step_free(step);
    end(&f);
}

static void test_a_step_allocates_nothing(void **state) {
    (void)state;
    fixture f;
    begin(&f, LAC_F32, 0, NULL);
    lac_step *step = step_of(&f, 4, LAC_STEP_TRAIN);
    put_pictures(step, 0);
    uint64_t before = lac_memory_count();
    for (int i = 0; i < 3; i++) {
        MUST(lac_step_draw(step, 3, epochs, samples, 4, &must_err));
        lac_program_draw(lac_step_program(step), 3, (uint64_t)i, 0);
        lac_program_run(lac_step_program(step));
    }
    assert_int_equal(lac_memory_count(), before);
    lac_step_free(step);
    end(&f);
}

/* Drop path leaves branches out in training and only there. */
static void test_drop_path_acts_only_when_asked(void **state) {
    (void)state;
    fixture f;
    const char *sets[] = {"model.encoder.drop_path", "0.5"};
    begin(&f, LAC_F32, 2, sets);
    lac_step *plain = step_of(&f, 4, 0), *dropping = step_of(&f, 4, LAC_STEP_DROP_PATH);
    double loss[3];
    lac_step *const steps[3] = {plain, dropping, dropping};
    for (int i = 0; i < 3; i++) {
        put_pictures(steps[i], 0);
        MUST(lac_step_draw(steps[i], 3, epochs, samples, 4, &must_err));
        lac_program_draw(lac_step_program(steps[i]), 3, (uint64_t)i, 0);
        lac_program_run(lac_step_program(steps[i]));
        loss[i] = loss_of(steps[i]);
    }
    assert_true(loss[0] != loss[1] && loss[1] != loss[2]);
    lac_step_free(plain);
    lac_step_free(dropping);
    end(&f);
}

static void test_recipes_whose_slots_do_not_fit_are_refused(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {"picture.size", "[8, 13]", "recipe tiny: picture.size: picture width 13 is not divisible by the patch size 4"},
        {"picture.size", "[2, 12]", "recipe tiny: picture.size: picture height 2 is smaller than a patch (4)"},
        {"mask.ratio", "0.9", "recipe tiny: mask.ratio: 0.9 leaves no visible patch of 6"},
        {"model.encoder.heads", "3", "recipe tiny: model.encoder.heads: 3 does not divide the width 8"},
        {"model.decoder.width", "6",
         "recipe tiny: model.decoder.width: sincos positions on 2 axes need a multiple of 4, found 6"},
        {"model.encoder.patch", "[4, 4, 2]", "recipe tiny: model.encoder.patch: expected 1 or 2 numbers, found 3"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lac_recipe *recipe;
        lac_method *method;
        lac_error err = {0};
        MUST(lac_recipe_read_text("tiny.yaml", tiny, &recipe, &must_err));
        MUST(lac_recipe_set(recipe, cases[i][0], cases[i][1], &must_err));
        assert_int_equal(lac_method_new(recipe, LAC_F32, &method, &err), LAC_USAGE);
        assert_null(method);
        assert_string_equal(err.text, cases[i][2]);
        lac_recipe_free(recipe);
    }
}

/* Parameters without the two fixed tables: docs/interop.md, from the published models. */
static void test_published_parameter_counts(void **state) {
    (void)state;
    lac_recipe *recipe;
    lac_method *method;
    MUST(lac_recipe_open("mae-vit-b16", NULL, 0, &recipe, &must_err));
    MUST(lac_method_new(recipe, LAC_F32, &method, &must_err));
    lac_store *store = lac_method_store(method);
    int64_t all = 0, fixed = 0;
    for (int i = 0; i < lac_store_count(store); i++) {
        all += lac_store_at(store, i)->n;
        if (lac_store_at(store, i)->flags & LAC_PARAM_BUFFER) fixed += lac_store_at(store, i)->n;
    }
    assert_int_equal(all, 111907840);
    assert_int_equal(all - fixed, 111655680);
    lac_method_sizes sizes = lac_method_describe(method);
    assert_int_equal(sizes.n_visible, 49);
    assert_int_equal(sizes.n_patches, 196);
    assert_int_equal(lac_method_micro_batch(method, 8), 8);
    lac_method_free(method);
    lac_recipe_free(recipe);
}

static void test_micro_batch_follows_the_rule_and_the_recipe(void **state) {
    (void)state;
    lac_recipe *recipe;
    lac_method *method;
    MUST(lac_recipe_open("mae-tiny-32", NULL, 0, &recipe, &must_err));
    MUST(lac_method_new(recipe, LAC_F32, &method, &must_err));
    assert_int_equal(lac_method_micro_batch(method, 128), 32);
    assert_int_equal(lac_method_micro_batch(method, 7), 7);
    assert_int_equal(lac_method_micro_batch(method, 1), 1);
    MUST(lac_recipe_set(recipe, "train.micro_batch", "16", &must_err));
    assert_int_equal(lac_method_micro_batch(method, 128), 16);
    assert_int_equal(lac_method_micro_batch(method, 48), 16);
    lac_method_free(method);
    lac_recipe_free(recipe);
}

/* Every allocation in turn fails, from the recipe to a step: a clean error each time. */
static void test_every_failed_allocation_is_an_error(void **state) {
    (void)state;
    const lac_backend *backend;
    MUST(lac_backend_cpu("portable", &backend, &must_err));
    bool is_done = false;
    for (uint64_t n = 1; !is_done; n++) {
        assert_true(n < 20000);
        lac_recipe *recipe = NULL;
        lac_method *method = NULL;
        lac_step *step = NULL;
        lac_program *program = NULL;
        lac_error err = {0};
        lac_memory_fail_at(n);
        lac_status status = lac_recipe_read_text("tiny.yaml", tiny, &recipe, &err);
        if (status == LAC_OK) status = lac_method_new(recipe, LAC_F32, &method, &err);
        if (status == LAC_OK) status = lac_step_new(method, backend, NULL, 2, LAC_STEP_TRAIN, &step, &err);
        if (status == LAC_OK) status = lac_encoder_program(method, backend, NULL, 2, 0, &program, &err);
        lac_memory_fail_at(0);
        is_done = status == LAC_OK;
        if (!is_done) assert_int_equal(status, LAC_FAILURE);
        if (!is_done) assert_true(strlen(err.text) > 0);
        lac_program_free(program);
        lac_step_free(step);
        lac_method_free(method);
        lac_recipe_free(recipe);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_micro_batches_add_up_to_the_batch),
        cmocka_unit_test(test_drawn_masks_have_exact_counts_and_depend_on_counters_alone),
        cmocka_unit_test(test_masks_from_outside_agree),
        cmocka_unit_test(test_wrong_masks_are_refused),
        cmocka_unit_test(test_hidden_pixels_do_not_reach_the_prediction),
        cmocka_unit_test(test_terms_judge_what_they_say),
        cmocka_unit_test(test_gradients_agree_with_finite_differences),
        cmocka_unit_test(test_a_step_allocates_nothing),
        cmocka_unit_test(test_drop_path_acts_only_when_asked),
        cmocka_unit_test(test_recipes_whose_slots_do_not_fit_are_refused),
        cmocka_unit_test(test_published_parameter_counts),
        cmocka_unit_test(test_micro_batch_follows_the_rule_and_the_recipe),
        cmocka_unit_test(test_every_failed_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
