/* tests/method/crops_test.c - views of two sizes: micro-batches that add up although every view hides another number of
 * patches, centres that follow the whole step's mean, gradients of positions resized for the smaller ones, what may be
 * combined, and that a step allocates nothing. Numbers of other implementations: tests/cli/step_ibot.sh. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tried.h"

static const char tiny[] =
    "picture: {size: [16, 12], channels: 1, mean: 0.5, std: 0.5}\n"
    "augment: {crop: random}\n"
    "views: {name: crops, large: 2, small: 2, size: 8}\n"
    "mask: {name: ibot-block, ratio: [0.2, 0.5, 0.8], spread: [0, 0.1, 0.1]}\n"
    "model:\n"
    "  encoder: {name: vit, patch: 4, width: 8, depth: 2, heads: 2, mlp_ratio: 2, positions: learned, drop_path: 0.3}\n"
    "  projector: {name: prototypes, layers: 2, hidden: 8, out: 4, prototypes: 6, pool: tokens, held: 0.1}\n"
    "  decoder: {name: linear}\n"
    "teacher: {name: ema, decay: 0.5}\n"
    "target: {name: pixels}\n"
    "objective:\n"
    "  - {name: dino, of: projector, teacher_temperature: {from: 0.1, to: 0.2, over: 0.5}}\n"
    "  - {name: ibot, of: projector, teacher_temperature: 0.1, momentum: 0.75}\n"
    "  - {name: l2, weight: 0.5}\n"
    "optim: {lr: 1e-3}\n";
enum { N = 12, BATCH = 4, VIEWS = 4, K = 6 };

static const char *const names[VIEWS] = {"view/0", "view/1", "view/2", "view/3"};

static void fill(lac_step *step, int64_t first) {
    for (int v = 0; v < VIEWS; v++) {
        lac_view view;
        MUST(lac_program_input(lac_step_program(step), names[v], &view, &must_err));
        int64_t n = lac_view_size(&view) / lac_step_batch(step);
        assert_int_equal(n, v < 2 ? 16 * 12 : 8 * 8);
        for (int64_t i = 0; i < lac_view_size(&view); i++) {
            double value = sin((double)(first + i / n) * 1.7 + (double)(i % n) * (0.9 + 0.3 * v));
            if (view.dtype == LAC_F64)
                ((double *)view.data)[i] = value;
            else
                ((float *)view.data)[i] = (float)value;
        }
    }
}

static double loss_of(const lac_step *step) {
    lac_view view;
    MUST(lac_program_output(lac_step_program(step), "loss", &view, &must_err));
    return view.dtype == LAC_F64 ? *(double *)view.data : (double)*(float *)view.data;
}

static const int64_t epochs[BATCH] = {3, 3, 3, 3}, samples[BATCH] = {0, 1, 2, 3};

/* One step of micro-batches of `part` pictures: loss; gradients in the store; masks [2 x BATCH x N], view after view.
 */
static double run_parts(tried *f, int64_t part, float *masks) {
    lac_step *step;
    MUST(lac_step_new(f->method, f->backend, NULL, part, LAC_STEP_TRAIN | LAC_STEP_DROP_PATH, &step, &must_err));
    assert_int_equal(lac_step_rows(step), 2 * part);
    lac_store_zero_gradients(f->store);
    lac_step_clear(step);
    lac_step_plan(step, 3, epochs, samples, BATCH);
    double sum = 0;
    for (int64_t at = 0; at < BATCH; at += part) {
        fill(step, at);
        MUST(lac_step_draw(step, 3, epochs + at, samples + at, BATCH, &must_err));
        lac_program_draw(lac_step_program(step), 3, 17, (uint64_t)at);
        for (int v = 0; v < 2; v++)
            memcpy(masks + (v * BATCH + at) * N, lac_step_mask(step) + v * part * N,
                   (size_t)(part * N) * sizeof *masks);
        lac_program_run(lac_step_program(step));
        lac_step_gather(step);
        sum += loss_of(step);
    }
    const char *figure[LAC_MOST_FIGURES];
    double value[LAC_MOST_FIGURES];
    assert_int_equal(lac_step_figures(step, figure, value), 2);
    assert_string_equal(figure[0], "dino_entropy");
    assert_string_equal(figure[1], "ibot_entropy");
    for (int i = 0; i < 2; i++)
        assert_true(value[i] > 0 && value[i] < log(K));
    lac_step_learn(step, 3, 17);
    lac_step_free(step);
    return sum;
}

static float *copy(const void *from, int64_t n) {
    float *out = malloc((size_t)n * sizeof *out);
    memcpy(out, from, (size_t)n * sizeof *out);
    return out;
}

static void test_parts_add_up_over_crops(void **state) {
    (void)state;
    tried f;
    float masks[2][2 * BATCH * N], *gradients[200], *centres[2];
    try_recipe(&f, tiny, LAC_F32);
    int n = lac_store_count(f.store);
    assert_true(n <= 200);
    double whole = run_parts(&f, BATCH, masks[0]);
    for (int i = 0; i < n; i++) {
        const lac_entry *e = lac_store_at(f.store, i);
        gradients[i] = e->grad ? copy(e->grad, e->n) : NULL;
    }
    const lac_entry *centre[2] = {tried_entry(&f, "dino.centre"), tried_entry(&f, "ibot.centre")};
    for (int i = 0; i < 2; i++) {
        centres[i] = copy(centre[i]->value, K);
        memset(centre[i]->value, 0, K * sizeof(float));
    }
    double parts = run_parts(&f, 1, masks[1]);
    assert_true(fabs(parts - whole) < 1e-5 * fabs(whole));
    assert_memory_equal(masks[0], masks[1], sizeof masks[0]);
    assert_memory_not_equal(masks[0], masks[0] + BATCH * N, BATCH * N * sizeof(float)); /* each view has its own */
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
    for (int i = 0; i < 2; i++) {
        double size = 0;
        for (int k = 0; k < K; k++) {
            size = fmax(size, fabs((double)centres[i][k]));
            assert_true(fabsf(centres[i][k] - ((float *)centre[i]->value)[k]) < 1e-6f);
        }
        assert_true(size > 1e-3); /* it moved */
        free(centres[i]);
    }
    tried_free(&f);
}

/* Central differences of the loss in float64, over everything that a smaller view reads. */
static void test_gradients_are_those_of_the_loss(void **state) {
    (void)state;
    static const char *const checked[] = {"pos_embed", "cls_token", "projector.prototypes.weight",
                                          "patch_embed.proj.bias"};
    tried f;
    try_recipe(&f, tiny, LAC_F64);
    lac_step *step;
    MUST(lac_step_new(f.method, f.backend, NULL, 2, LAC_STEP_TRAIN, &step, &must_err));
    fill(step, 0);
    MUST(lac_step_draw(step, 3, epochs, samples, 2, &must_err));
    for (size_t c = 0; c < sizeof checked / sizeof *checked; c++) {
        const lac_entry *e = tried_entry(&f, checked[c]);
        double *gradient = malloc((size_t)e->n * sizeof *gradient), *value = e->value, largest = 0;
        lac_store_zero_gradients(f.store);
        lac_program_run(lac_step_program(step));
        memcpy(gradient, e->grad, (size_t)e->n * sizeof *gradient);
        for (int64_t k = 0; k < e->n; k++) {
            double kept = value[k], h = 1e-6, loss[2];
            for (int side = 0; side < 2; side++) {
                value[k] = kept + (side ? h : -h);
                lac_program_run(lac_step_program(step));
                loss[side] = loss_of(step);
            }
            value[k] = kept;
            double slope = (loss[1] - loss[0]) / (2 * h);
            largest = fmax(largest, fabs(slope));
            if (!(fabs(slope - gradient[k]) < 1e-6 * fmax(1, fabs(slope))))
                fail_msg("%s[%d]: gradient %.9g, difference quotient %.9g", checked[c], (int)k, gradient[k], slope);
        }
        assert_true(largest > 1e-4);
        free(gradient);
    }
    lac_step_free(step);
    tried_free(&f);
}

static void test_prototypes_are_held_for_a_share_of_the_run(void **state) {
    (void)state;
    tried f;
    try_recipe(&f, tiny, LAC_F32);
    for (int i = 0; i < lac_store_count(f.store); i++) {
        bool is_it = strcmp(lac_store_at(f.store, i)->name, "projector.prototypes.weight") == 0;
        assert_true(lac_method_holds(f.method, i, 0.05) == is_it);
        assert_false(lac_method_holds(f.method, i, 0.1));
    }
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
    expect_refusal(2, (const char *[]){"views.size", "10"}, "views.size");
    expect_refusal(2, (const char *[]){"augment.crop", "squash"}, "augment.crop: expected random: views 'crops'");
    expect_refusal(4, (const char *[]){"views.large", "1", "views.small", "0"}, "compares a view with others");
    expect_refusal(2, (const char *[]){"model.encoder.relative", "block"}, "model.encoder.relative");
    expect_refusal(2, (const char *[]){"objective.1.on", "all"}, "objective.1.on: expected hidden");
    expect_refusal(2, (const char *[]){"objective.0.of", "decoder"}, "objective.0.of: 'dino' compares projections");
    expect_refusal(2, (const char *[]){"model.projector.pool", "none"}, "objective.0: 'dino' compares whole pictures");
    expect_refusal(2, (const char *[]){"model.projector.pool", "class"}, "objective.1: 'ibot' compares hidden patches");
    expect_refusal(2, (const char *[]){"model.encoder.class_token", "false"},
                   "model.projector.pool: tokens: the encoder has no class token");
    expect_refusal(2, (const char *[]){"teacher", "{name: none}"}, "projections need a teacher's to be compared with");
    expect_refusal(4, (const char *[]){"mask", "{name: random}", "model.decoder", "{name: narrow, width: 8, depth: 1}"},
                   "do not fit: lists of patches are of one view");
    expect_refusal(2,
                   (const char *[]){"objective", "[{name: l2}, {name: ibot, of: projector, teacher_temperature: 0.1}]"},
                   "views.small: 2, and no term compares projections of whole pictures");
}

static void test_a_step_allocates_nothing(void **state) {
    (void)state;
    tried f;
    try_recipe(&f, tiny, LAC_F32);
    lac_step *step;
    MUST(lac_step_new(f.method, f.backend, NULL, 2, LAC_STEP_TRAIN, &step, &must_err));
    fill(step, 0);
    lac_memory_fail_at(1);
    lac_error err = {0};
    lac_method_at(f.method, 0.25);
    lac_step_clear(step);
    lac_step_plan(step, 3, epochs, samples, 2);
    lac_status status = lac_step_draw(step, 3, epochs, samples, 2, &err);
    lac_program_run(lac_step_program(step));
    lac_step_gather(step);
    lac_method_step_teacher(f.method, f.backend, NULL);
    lac_step_learn(step, 3, 0);
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
        cmocka_unit_test(test_parts_add_up_over_crops),
        cmocka_unit_test(test_gradients_are_those_of_the_loss),
        cmocka_unit_test(test_prototypes_are_held_for_a_share_of_the_run),
        cmocka_unit_test(test_what_does_not_fit_is_refused_with_the_reason),
        cmocka_unit_test(test_a_step_allocates_nothing),
        cmocka_unit_test(test_every_failed_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
