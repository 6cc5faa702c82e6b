/* tests/method/lists_test.c - decoders that predict lists of patches: micro-batches add up although lists differ in
 * length, padding changes nothing, lists cut as a batch, what may be combined, and lists from outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "method/method.h"

#define MUST(expr)                                                                                                     \
    do {                                                                                                               \
        lac_error must_err = {0};                                                                                      \
        if ((expr) != LAC_OK) fail_msg("%s: %s", #expr, must_err.text);                                                \
    } while (0)

enum { SIDE = 6, N = SIDE * SIDE, PIXELS = 4 * SIDE * 4 * SIDE, BATCH = 8, M = 3 };

/* MASK, encoder settings, decoder, target */
#define RECIPE(mask, encoder, decoder, target)                                                                         \
    "picture: {size: 24, channels: 1, mean: 0.5, std: 0.5}\n"                                                          \
    "mask: {" mask "}\n"                                                                                               \
    "model:\n"                                                                                                         \
    "  encoder: {name: vit, patch: 4, width: 8, depth: 2, heads: 2, mlp_ratio: 2" encoder "}\n"                        \
    "  decoder: {" decoder "}\n"                                                                                       \
    "teacher: {name: ema, decay: 0.9}\n"                                                                               \
    "target: {" target "}\n"                                                                                           \
    "objective: [{name: smooth-l1}]\n"                                                                                 \
    "optim: {lr: 1e-3}\n"
#define MULTIBLOCK "name: multiblock, targets: 3, min_keep: 2"
#define NARROW "name: narrow, width: 8, depth: 2, heads: 2, mlp_ratio: 2"
#define TOKENS "name: teacher-tokens"

typedef struct fixture {
    lac_recipe *recipe;
    lac_method *method;
    const lac_backend *backend;
    lac_store *store;
    int64_t epochs[BATCH], samples[BATCH];
} fixture;

static void begin(fixture *f, const char *recipe) {
    *f = (fixture){0};
    MUST(lac_recipe_read_text("lists.yaml", recipe, &f->recipe, &must_err));
    MUST(lac_method_new(f->recipe, LAC_F32, &f->method, &must_err));
    MUST(lac_backend_cpu(NULL, &f->backend, &must_err));
    f->store = lac_method_store(f->method);
    lac_store_initialize(f->store, 7);
    MUST(lac_store_need_gradients(f->store, &must_err));
    lac_store_zero_gradients(f->store);
    for (int i = 0; i < BATCH; i++)
        f->samples[i] = 5 + i;
}

static void end(fixture *f) {
    lac_method_free(f->method);
    lac_recipe_free(f->recipe);
}

static lac_step *step_of(const fixture *f, int64_t batch) {
    lac_step *step;
    MUST(lac_step_new(f->method, f->backend, NULL, batch, LAC_STEP_TRAIN, &step, &must_err));
    return step;
}

static lac_view input(const lac_step *step, const char *name) {
    lac_view view;
    MUST(lac_program_input(lac_step_program(step), name, &view, &must_err));
    return view;
}

static lac_view output(const lac_step *step, const char *name) {
    lac_view view;
    MUST(lac_program_output(lac_step_program(step), name, &view, &must_err));
    return view;
}

static void fill(lac_step *step, int64_t first) {
    float *pixels = input(step, "view/0").data;
    for (int64_t b = 0; b < lac_step_batch(step); b++)
        for (int i = 0; i < PIXELS; i++)
            pixels[b * PIXELS + i] = (float)sin((double)(first + b) * 1.7 + i * 0.9 + i / 24 * 0.31);
}

/* Draw all of `step`'s pictures from place `first` on, run; the loss. */
static double run(const fixture *f, lac_step *step, int64_t first) {
    fill(step, first);
    lac_step_plan(step, 3, f->epochs, f->samples, BATCH);
    MUST(lac_step_draw(step, 3, f->epochs + first, f->samples + first, BATCH, &must_err));
    lac_program_run(lac_step_program(step));
    return (double)*(float *)output(step, "loss").data;
}

typedef struct gradients {
    int n;
    float *of[200];
} gradients;

static gradients take(const fixture *f) {
    gradients g = {.n = lac_store_count(f->store)};
    assert_true(g.n <= 200);
    for (int i = 0; i < g.n; i++) {
        const lac_entry *e = lac_store_at(f->store, i);
        if (!e->grad) continue;
        g.of[i] = malloc((size_t)e->n * sizeof(float));
        memcpy(g.of[i], e->grad, (size_t)e->n * sizeof(float));
    }
    lac_store_zero_gradients(f->store);
    return g;
}

/* The store's gradients are g's, which is freed. */
static void expect_gradients(const fixture *f, gradients *g) {
    double worst = 0, largest = 0;
    for (int i = 0; i < g->n; i++) {
        const lac_entry *e = lac_store_at(f->store, i);
        for (int64_t k = 0; g->of[i] && k < e->n; k++) {
            worst = fmax(worst, fabs((double)((float *)e->grad)[k] - (double)g->of[i][k]));
            largest = fmax(largest, fabs((double)g->of[i][k]));
        }
        free(g->of[i]);
    }
    assert_true(largest > 1e-3);
    if (!(worst < 1e-5 * largest)) fail_msg("gradients differ by %g of %g", worst, largest);
}

static int64_t length(const int32_t *list, int64_t room) {
    int64_t n = 0;
    while (n < room && list[n] >= 0)
        n++;
    return n;
}

/* Eight pictures at once, and four times two; with a class token and without, with lists cut as a batch and not. */
static void test_parts_add_up_whatever_the_lengths_of_lists(void **state) {
    (void)state;
    static const char *const recipes[] = {RECIPE(MULTIBLOCK, ", class_token: false", NARROW, TOKENS),
                                          RECIPE(MULTIBLOCK ", most: 9", ", relative: shared", NARROW, TOKENS),
                                          RECIPE(MULTIBLOCK ", truncate: true", "", NARROW, "name: pixels")};
    for (size_t r = 0; r < sizeof recipes / sizeof *recipes; r++) {
        fixture f;
        begin(&f, recipes[r]);
        lac_step *whole = step_of(&f, BATCH), *part = step_of(&f, 2);
        double loss = run(&f, whole, 0), sum = 0;
        lac_view places = input(whole, "keep/0/places");
        int64_t v = places.dim[1], least = v, most = 0;
        for (int64_t b = 0; b < BATCH; b++) {
            int64_t n = length((int32_t *)places.data + b * v, v);
            least = n < least ? n : least;
            most = n > most ? n : most;
        }
        if (r == 0) assert_true(least < most && most < v);
        if (r == 2) assert_true(least == most);
        gradients g = take(&f);
        for (int64_t k = 0; k < 4; k++)
            sum += run(&f, part, 2 * k);
        assert_true(fabs(sum - loss) < 1e-5 * fabs(loss));
        expect_gradients(&f, &g);
        lac_step_free(whole);
        lac_step_free(part);
        end(&f);
    }
}

/* The inputs say what the mask drew: rows, places, weights; features of padding are 0. */
static void test_inputs_say_what_was_drawn(void **state) {
    (void)state;
    fixture f;
    begin(&f, RECIPE(MULTIBLOCK, "", NARROW, TOKENS));
    lac_method_sizes sizes = lac_method_describe(f.method);
    lac_step *step = step_of(&f, BATCH);
    run(&f, step, 0);
    int64_t v = sizes.n_visible, k = sizes.n_in_block;
    assert_int_equal(sizes.n_blocks, M);
    assert_int_equal(v, 25);
    const int32_t *keep = input(step, "keep/0").data, *places = input(step, "keep/0/places").data;
    const int32_t *sequence = input(step, "sequence/0").data, *in_sequence = input(step, "sequence/0/places").data;
    const int32_t *blocks = input(step, "blocks/0").data;
    const float *weight = input(step, "weight/0/lists").data, *features = output(step, "features").data;
    double rows = 0;
    for (int64_t b = 0; b < BATCH; b++) {
        int64_t n = length(places + b * v, v), n_visible = 0;
        for (int i = 0; i < N; i++)
            n_visible += lac_step_mask(step)[b * N + i] == 0;
        assert_int_equal(n, n_visible);
        for (int64_t i = 0; i < v; i++) {
            assert_int_equal(keep[b * v + i], i < n ? places[b * v + i] : 0);
            if (i < n) assert_true(lac_step_mask(step)[b * N + keep[b * v + i]] == 0);
            double size = 0;
            for (int d = 0; d < 8; d++)
                size += fabs((double)features[(b * (1 + v) + 1 + i) * 8 + d]);
            assert_true(i < n ? size > 0 : size == 0);
        }
        for (int64_t m = b * M; m < (b + 1) * M; m++) {
            assert_memory_equal(in_sequence + m * (v + k), places + b * v, (size_t)v * sizeof *places);
            const int32_t *drawn = in_sequence + m * (v + k) + v, *row = sequence + m * (1 + v + k);
            int64_t n_drawn = length(drawn, k);
            assert_in_range(n_drawn, 1, k);
            for (int64_t t = 0; t < 1 + v; t++)
                assert_int_equal(row[t], N + t);
            for (int64_t i = 0; i < k; i++) {
                assert_int_equal(row[1 + v + i], i < n_drawn ? drawn[i] : 0);
                assert_int_equal(blocks[m * k + i], i < n_drawn ? drawn[i] : 0);
                assert_true(weight[m * k + i] == (i < n_drawn ? 1 : 0));
                if (i < n_drawn) assert_true(lac_step_mask(step)[b * N + drawn[i]] == 1);
            }
            rows += (double)n_drawn;
        }
    }
    assert_true(fabs((double)*(float *)input(step, "norm/lists").data * rows - 1) < 1e-6);
    lac_step_free(step);
    end(&f);
}

/* Three pictures' lists in room for more: the same loss and gradients, with garbage where padding is. */
static void test_padding_changes_nothing(void **state) {
    (void)state;
    static const int32_t keep[3][5] = {{0, 1, 6, 7, -1}, {20, 21, 26, 27, 28}, {3, -1, -1, -1, -1}};
    static const int32_t blocks[3][M][4] = {{{2, 3, 8, 9}, {14, 15, -1, -1}, {35, -1, -1, -1}},
                                            {{0, 1, 2, -1}, {0, 1, 2, -1}, {8, -1, -1, -1}},
                                            {{4, 5, 10, 11}, {5, 11, -1, -1}, {10, 11, 16, 17}}};
    static const char *const recipes[] = {
        RECIPE(MULTIBLOCK ", most: 5, target: [0.1, 0.12]", ", relative: block", NARROW, TOKENS),
        RECIPE(MULTIBLOCK, ", relative: block", NARROW, TOKENS)};
    double loss[2];
    gradients g;
    fixture f[2];
    for (int r = 0; r < 2; r++) {
        begin(&f[r], recipes[r]);
        lac_step *step = step_of(&f[r], 3);
        fill(step, 0);
        MUST(lac_step_set_lists(step, 5, keep[0], 4, blocks[0][0], &must_err));
        int32_t *padded = input(step, "keep/0").data;
        int64_t v = lac_method_describe(f[r].method).n_visible;
        for (int64_t i = 1; i < v; i++) /* of the last picture, which sees one patch */
            padded[2 * v + i] = (int32_t)(i * 7 % N);
        lac_program_run(lac_step_program(step));
        loss[r] = (double)*(float *)output(step, "loss").data;
        if (r == 0) g = take(&f[0]);
        lac_step_free(step);
    }
    assert_true(lac_method_describe(f[0].method).n_visible < lac_method_describe(f[1].method).n_visible);
    assert_true(fabs(loss[0] - loss[1]) < 1e-6 * loss[0]);
    expect_gradients(&f[1], &g);
    end(&f[0]);
    end(&f[1]);
}

/* What a picture hides reaches the targets, through the teacher, and no prediction. */
static void test_hidden_pixels_reach_targets_alone(void **state) {
    (void)state;
    fixture f;
    begin(&f, RECIPE(MULTIBLOCK, "", NARROW, TOKENS));
    lac_step *step = step_of(&f, 1);
    run(&f, step, 0);
    lac_view prediction = output(step, "prediction"), target = output(step, "target");
    int64_t n = lac_view_size(&prediction);
    assert_int_equal(n, lac_view_size(&target));
    float *before = malloc((size_t)n * sizeof *before), *wanted = malloc((size_t)n * sizeof *wanted);
    memcpy(before, prediction.data, (size_t)n * sizeof *before);
    memcpy(wanted, target.data, (size_t)n * sizeof *wanted);
    float *pixels = input(step, "view/0").data;
    for (int i = 0; i < PIXELS; i++)
        if (lac_step_mask(step)[i / 24 / 4 * SIDE + i % 24 / 4] == 1) pixels[i] += 1;
    lac_program_run(lac_step_program(step));
    assert_memory_equal(before, prediction.data, (size_t)n * sizeof *before);
    assert_memory_not_equal(wanted, target.data, (size_t)n * sizeof *wanted);
    free(before);
    free(wanted);
    lac_step_free(step);
    end(&f);
}

/* Masks without lists of their own hide one, of which all is predicted; those of one length have no padding. */
static void test_other_masks_have_their_hidden_patches_predicted(void **state) {
    (void)state;
    fixture f;
    lac_view view;
    begin(&f, RECIPE("name: random, ratio: 0.75", "", NARROW, "name: pixels"));
    lac_step *step = step_of(&f, BATCH);
    assert_true(isfinite(run(&f, step, 0)));
    assert_int_equal(lac_program_input(lac_step_program(step), "sequence/0/places", &view, NULL), LAC_FAILURE);
    assert_int_equal(output(step, "prediction").dim[1], 27);
    const int32_t *blocks = input(step, "blocks/0").data;
    for (int b = 0; b < BATCH; b++)
        for (int i = 0, k = 0; i < N; i++)
            if (lac_step_mask(step)[b * N + i] == 1) assert_int_equal(blocks[b * 27 + k++], i);
    lac_step_free(step);
    end(&f);
    begin(&f, RECIPE("name: blockwise, ratio: 0.5, min: 4", "", NARROW, TOKENS));
    step = step_of(&f, BATCH);
    assert_true(isfinite(run(&f, step, 0)));
    assert_int_equal(output(step, "prediction").dim[1], N);
    lac_step_free(step);
    end(&f);
}

/* With a decoder of all patches the context is what is visible, and the blocks are nobody's. */
static void test_blocks_serve_other_decoders_as_a_mask(void **state) {
    (void)state;
    fixture f;
    begin(&f, RECIPE(MULTIBLOCK, "", "name: linear", TOKENS));
    lac_step *step = step_of(&f, BATCH);
    assert_true(isfinite(run(&f, step, 0)));
    assert_int_equal(output(step, "prediction").dim[1], N);
    assert_int_equal(lac_method_describe(f.method).n_blocks, 0);
    lac_step_free(step);
    end(&f);
}

static void refuse(const char *recipe, const char *text) {
    lac_recipe *r;
    lac_method *m;
    lac_error err = {0};
    MUST(lac_recipe_read_text("lists.yaml", recipe, &r, &must_err));
    assert_int_equal(lac_method_new(r, LAC_F32, &m, &err), LAC_USAGE);
    if (!strstr(err.text, text)) fail_msg("expected \"%s\", found \"%s\"", text, err.text);
    lac_recipe_free(r);
}

static void test_what_does_not_fit_is_refused(void **state) {
    (void)state;
    refuse(RECIPE("name: frequency, radius: 4", "", NARROW, TOKENS),
           "mask 'frequency' and decoder 'narrow' do not fit: the decoder predicts patches, and none is hidden");
    refuse(RECIPE(MULTIBLOCK, "", "name: mae, width: 8, heads: 2", TOKENS), "mask 'multiblock' and decoder 'mae'");
    refuse("picture: {size: 24, channels: 1, mean: 0.5, std: 0.5}\nmask: {" MULTIBLOCK "}\nmodel:\n"
           "  encoder: {name: vit, patch: 4, width: 8, depth: 1, heads: 2}\n  decoder: {" NARROW "}\n"
           "target: {name: pixels}\nobjective: [{name: l2, on: all}]\noptim: {lr: 1e-3}\n",
           "objective.0.on: expected hidden: decoder 'narrow' predicts lists of hidden patches alone");
    refuse("picture: {size: 24, channels: 1, mean: 0.5, std: 0.5}\nmask: {" MULTIBLOCK "}\nmodel:\n"
           "  encoder: {name: vit, patch: 4, width: 8, depth: 1, heads: 2}\n  projector: {name: mlp, pool: mean}\n"
           "  decoder: {" NARROW "}\nteacher: {name: self}\ntarget: {name: pixels}\n"
           "objective: [{name: l2}, {name: cosine, of: projector}]\noptim: {lr: 1e-3}\n",
           "model.projector.pool: mean: mask 'multiblock' shows another number of patches in every picture");
    refuse("picture: {size: 24, channels: 1, mean: 0.5, std: 0.5}\nmask: {" MULTIBLOCK "}\nmodel:\n"
           "  encoder: {name: vit, patch: 4, width: 8, depth: 1, heads: 2}\n  projector: {name: mlp}\n"
           "  decoder: {" NARROW "}\nteacher: {name: self}\ntarget: {name: pixels}\n"
           "objective: [{name: l2}, {name: infonce, of: projector}]\noptim: {lr: 1e-3}\n",
           "model.decoder 'narrow' leaves the encoder the visible patches alone");
    refuse("picture: {size: 24, channels: 1, mean: 0.5, std: 0.5}\nmask: {" MULTIBLOCK "}\nmodel:\n"
           "  encoder: {name: vit, patch: 4, width: 8, depth: 1, heads: 2}\n  projector: {name: mlp, pool: mean}\n"
           "  feature_decoder: {name: mae, width: 8, heads: 2}\n  decoder: {" NARROW "}\nteacher: {name: self}\n"
           "target: {name: pixels}\nobjective: [{name: l2}, {name: cosine, of: projector}]\noptim: {lr: 1e-3}\n",
           "decoder 'narrow' and feature decoder 'mae' do not fit");
}

static void test_lists_from_outside_are_checked(void **state) {
    (void)state;
    fixture f;
    lac_error err = {0};
    begin(&f, RECIPE(MULTIBLOCK, "", NARROW, TOKENS));
    lac_step *step = step_of(&f, 1);
    int32_t keep[3] = {0, 1, -1}, blocks[M][2] = {{2, 3}, {4, -1}, {5, 6}};
    MUST(lac_step_set_lists(step, 3, keep, 2, blocks[0], &must_err));
    blocks[1][0] = 36;
    assert_int_equal(lac_step_set_lists(step, 3, keep, 2, blocks[0], &err), LAC_USAGE);
    assert_string_equal(
        err.text, "blocks/0: sample 0, place 0: expected a patch from 0 to 35, or -1 from there to the end, found 36");
    blocks[1][0] = -1;
    assert_int_equal(lac_step_set_lists(step, 3, keep, 2, blocks[0], &err), LAC_USAGE);
    assert_string_equal(err.text, "blocks/0: sample 0: expected a patch, found none");
    blocks[1][0] = blocks[1][1] = 4;
    assert_int_equal(lac_step_set_lists(step, 3, keep, 2, blocks[0], &err), LAC_USAGE);
    assert_string_equal(err.text, "blocks/0: sample 0 names patch 4 twice");
    blocks[1][1] = -1;
    keep[1] = -1;
    keep[2] = 7;
    assert_int_equal(lac_step_set_lists(step, 3, keep, 2, blocks[0], &err), LAC_USAGE);
    assert_string_equal(err.text, "keep/0: sample 0, place 2: expected a patch from 0 to 35, or -1 from there to the "
                                  "end, found 7");
    float weight[N] = {1};
    assert_int_equal(lac_step_set_mask(step, NULL, NULL, weight, 0, &err), LAC_USAGE);
    assert_string_equal(err.text, "mask 'multiblock' has lists of patches to predict: expected keep/0 and blocks/0");
    lac_step_free(step);
    end(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_add_up_whatever_the_lengths_of_lists),
        cmocka_unit_test(test_inputs_say_what_was_drawn),
        cmocka_unit_test(test_padding_changes_nothing),
        cmocka_unit_test(test_hidden_pixels_reach_targets_alone),
        cmocka_unit_test(test_other_masks_have_their_hidden_patches_predicted),
        cmocka_unit_test(test_blocks_serve_other_decoders_as_a_mask),
        cmocka_unit_test(test_what_does_not_fit_is_refused),
        cmocka_unit_test(test_lists_from_outside_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
