/* tests/model/model_test.c - position tables on one to three axes, the parameters that an encoder and a decoder
 * declare, and what an encoder computes: seeing all patches through indices is seeing the whole picture. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "graph/program.h"
#include "model/decoder.h"
#include "model/encoder.h"
#include "model/positions.h"

#define MUST(expr)                                                                                                     \
    do {                                                                                                               \
        lac_error must_err = {0};                                                                                      \
        if ((expr) != LAC_OK) fail_msg("%s: %s", #expr, must_err.text);                                                \
    } while (0)

static lac_grid grid_of(int n_axes, const int64_t *picture, const int64_t *patch) {
    lac_grid grid;
    MUST(lac_grid_make(n_axes, picture, patch, 3, &grid, &must_err));
    return grid;
}

/* Width 4 per axis: sin p, sin p/100, cos p, cos p/100 (w_k = 10000^(-k/2)), last axis first. */
static void expect_axis(const double *row, double place) {
    const double expected[4] = {sin(place), sin(place / 100), cos(place), cos(place / 100)};
    for (int i = 0; i < 4; i++)
        assert_true(fabs(row[i] - expected[i]) < 1e-12);
}

static void test_positions_on_one_two_and_three_axes(void **state) {
    (void)state;
    double table[65 * 12];
    lac_grid line = grid_of(1, (int64_t[]){6}, (int64_t[]){1});
    lac_positions_fill(&line, 4, 1, LAC_F64, table);
    for (int i = 0; i < 4; i++)
        assert_true(table[i] == 0); /* the class token's row */
    for (int i = 0; i < 6; i++)
        expect_axis(table + (i + 1) * 4, i);

    lac_grid plane = grid_of(2, (int64_t[]){6, 20}, (int64_t[]){2, 4});
    assert_int_equal(plane.n, 15);
    lac_positions_fill(&plane, 8, 0, LAC_F64, table);
    for (int row = 0; row < 3; row++)
        for (int column = 0; column < 5; column++) {
            const double *at = table + (row * 5 + column) * 8;
            expect_axis(at, column);
            expect_axis(at + 4, row);
        }

    lac_grid volume = grid_of(3, (int64_t[]){2, 3, 4}, (int64_t[]){1, 1, 1});
    lac_positions_fill(&volume, 12, 1, LAC_F64, table);
    const double *at = table + (1 + (1 * 3 + 2) * 4 + 3) * 12; /* depth 1, row 2, column 3 */
    expect_axis(at, 3);
    expect_axis(at + 4, 2);
    expect_axis(at + 8, 1);
}

static void test_a_grid_that_does_not_divide_is_refused(void **state) {
    (void)state;
    lac_grid grid;
    lac_error err;
    assert_int_equal(lac_grid_make(2, (int64_t[]){32, 30}, (int64_t[]){4, 4}, 3, &grid, &err), LAC_USAGE);
    assert_string_equal(err.text, "picture width 30 is not divisible by the patch size 4");
    assert_int_equal(lac_grid_make(2, (int64_t[]){3, 32}, (int64_t[]){4, 4}, 3, &grid, &err), LAC_USAGE);
    assert_string_equal(err.text, "picture height 3 is smaller than a patch (4)");
}

/* Settings by hand: the table's defaults are YAML text, which only method/ reads. */
typedef struct table {
    lac_setting at[16];
    lac_settings settings;
} table;

static void fill(table *t, const lac_slot *slot, const char *positions) {
    t->settings = (lac_settings){.slot = slot->name, .n = slot->n_specs, .at = t->at};
    for (int i = 0; i < slot->n_specs; i++)
        t->at[i] = (lac_setting){.spec = &slot->specs[i], .count = 1, .text = positions};
}

static void set(table *t, const char *key, double value) {
    ((lac_setting *)lac_settings_get(&t->settings, key))->number[0] = value;
}

static void set_text(table *t, const char *key, const char *text) {
    ((lac_setting *)lac_settings_get(&t->settings, key))->text = text;
}

static void fill_vit(table *t, const char *positions, double class_token, double layer_scale) {
    fill(t, &lac_encoder_find("vit")->slot, positions);
    set(t, "patch", 4);
    set(t, "width", 24);
    set(t, "depth", 2);
    set(t, "heads", 3);
    set(t, "mlp_ratio", 2);
    set(t, "class_token", class_token);
    set(t, "qkv_bias", 1);
    set(t, "key_bias", 1);
    set_text(t, "relative", "none");
    set(t, "layer_scale", layer_scale);
    set(t, "norm_eps", 1e-6);
}

static void expect_entry(const lac_store *store, const char *name, int rank, const int64_t *dim, unsigned flags) {
    int index = lac_store_find(store, name);
    if (index < 0) fail_msg("no parameter %s", name);
    const lac_entry *e = lac_store_at((lac_store *)store, index);
    assert_int_equal(e->rank, rank);
    for (int i = 0; i < rank; i++)
        assert_int_equal(e->dim[i], dim[i]);
    assert_int_equal(e->flags, flags);
}

static void test_vit_declares_the_literatures_names_and_shapes(void **state) {
    (void)state;
    table t;
    fill_vit(&t, "sincos", 1, .1);
    lac_grid grid = grid_of(2, (int64_t[]){8, 12}, (int64_t[]){4, 4});
    lac_store *store;
    MUST(lac_store_new(LAC_F32, &store, &must_err));
    MUST(lac_encoder_find("vit")->declare(&t.settings, &grid, store, &must_err));
    expect_entry(store, "cls_token", 3, (int64_t[]){1, 1, 24}, LAC_PARAM_NO_DECAY);
    expect_entry(store, "pos_embed", 3, (int64_t[]){1, 7, 24}, LAC_PARAM_BUFFER);
    expect_entry(store, "patch_embed.proj.weight", 4, (int64_t[]){24, 3, 4, 4}, 0);
    expect_entry(store, "patch_embed.proj.bias", 1, (int64_t[]){24}, LAC_PARAM_NO_DECAY);
    expect_entry(store, "blocks.1.attn.qkv.weight", 2, (int64_t[]){72, 24}, 0);
    expect_entry(store, "blocks.1.attn.qkv.bias", 1, (int64_t[]){72}, LAC_PARAM_NO_DECAY);
    expect_entry(store, "blocks.1.mlp.fc1.weight", 2, (int64_t[]){48, 24}, 0);
    expect_entry(store, "blocks.1.mlp.fc2.weight", 2, (int64_t[]){24, 48}, 0);
    expect_entry(store, "blocks.0.ls2.gamma", 1, (int64_t[]){24}, LAC_PARAM_NO_DECAY);
    expect_entry(store, "norm.weight", 1, (int64_t[]){24}, LAC_PARAM_NO_DECAY);
    lac_store_free(store);

    fill_vit(&t, "learned", 0, 0);
    set(&t, "qkv_bias", 0);
    MUST(lac_store_new(LAC_F32, &store, &must_err));
    MUST(lac_encoder_find("vit")->declare(&t.settings, &grid, store, &must_err));
    expect_entry(store, "pos_embed", 3, (int64_t[]){1, 6, 24}, LAC_PARAM_NO_DECAY);
    assert_true(lac_store_find(store, "cls_token") < 0);
    assert_true(lac_store_find(store, "blocks.0.ls1.gamma") < 0);
    assert_true(lac_store_find(store, "blocks.0.attn.qkv.bias") < 0);
    lac_store_free(store);
}

/* Relative positions: 3 x 5 distances on a grid of 2 x 3, and 3 rows for the class token. */
static void test_vit_declares_relative_positions(void **state) {
    (void)state;
    table t;
    lac_store *store;
    lac_grid grid = grid_of(2, (int64_t[]){8, 12}, (int64_t[]){4, 4});
    fill_vit(&t, "none", 1, 0);
    set(&t, "key_bias", 0);
    set_text(&t, "relative", "shared");
    MUST(lac_store_new(LAC_F32, &store, &must_err));
    MUST(lac_encoder_find("vit")->declare(&t.settings, &grid, store, &must_err));
    expect_entry(store, "rel_pos_bias.relative_position_bias_table", 2, (int64_t[]){18, 3}, LAC_PARAM_NO_DECAY);
    expect_entry(store, "blocks.0.attn.q_bias", 1, (int64_t[]){24}, LAC_PARAM_NO_DECAY);
    expect_entry(store, "blocks.1.attn.v_bias", 1, (int64_t[]){24}, LAC_PARAM_NO_DECAY);
    assert_true(lac_store_find(store, "blocks.0.attn.qkv.bias") < 0);
    assert_true(lac_store_find(store, "pos_embed") < 0);
    lac_store_free(store);
    set(&t, "class_token", 0);
    set_text(&t, "relative", "block");
    MUST(lac_store_new(LAC_F32, &store, &must_err));
    MUST(lac_encoder_find("vit")->declare(&t.settings, &grid, store, &must_err));
    expect_entry(store, "blocks.1.attn.relative_position_bias_table", 2, (int64_t[]){15, 3}, LAC_PARAM_NO_DECAY);
    assert_true(lac_store_find(store, "rel_pos_bias.relative_position_bias_table") < 0);
    lac_store_free(store);
}

static void fill_biases(lac_store *store) {
    lac_random random = lac_random_at(2, LAC_RANDOM_TEST, 0, 0, 0);
    for (int i = 0; i < lac_store_count(store); i++) {
        lac_entry *e = lac_store_at(store, i);
        if (!strstr(e->name, "bias_table") && !strstr(e->name, "_bias")) continue;
        for (int64_t k = 0; k < e->n; k++)
            ((float *)e->value)[k] = (float)lac_random_normal(&random);
    }
}

/* features of B = 2 random pictures; keep NULL: the whole-picture program */
static float *encode(const table *t, const lac_grid *grid, lac_store *store, const int32_t *keep, int layer,
                     int64_t *count) {
    const lac_backend *backend;
    lac_graph *g;
    lac_program *program;
    MUST(lac_backend_cpu("portable", &backend, &must_err));
    MUST(lac_graph_new(LAC_F32, store, &g, &must_err));
    lac_encoder_input input = {.keep = LAC_NONE, .mask = LAC_NONE, .places = LAC_NONE, .layer = layer};
    input.picture = lac_input(g, "view/0", LAC_F32, 4, (int64_t[]){2, 3, grid->picture[0], grid->picture[1]});
    if (keep) input.keep = lac_input(g, "keep/0", LAC_I32, 2, (int64_t[]){2, grid->n});
    lac_output(g, "features", lac_encoder_find("vit")->build(&t->settings, grid, g, &input));
    MUST(lac_program_new(g, backend, NULL, 0, &program, &must_err));
    lac_graph_free(g);
    lac_view view;
    MUST(lac_program_input(program, "view/0", &view, &must_err));
    lac_random random = lac_random_at(1, LAC_RANDOM_TEST, 0, 0, 0);
    for (int64_t i = 0; i < lac_view_size(&view); i++)
        ((float *)view.data)[i] = (float)lac_random_normal(&random);
    if (keep) {
        MUST(lac_program_input(program, "keep/0", &view, &must_err));
        memcpy(view.data, keep, (size_t)lac_view_size(&view) * sizeof *keep);
    }
    lac_program_run(program);
    MUST(lac_program_output(program, "features", &view, &must_err));
    *count = lac_view_size(&view);
    float *features = malloc((size_t)*count * sizeof *features);
    memcpy(features, view.data, (size_t)*count * sizeof *features);
    lac_program_free(program);
    return features;
}

/* Tokens know their place by position alone, so a permutation of all patches permutes the features. */
static void test_indexed_encoding_equals_whole_picture(void **state) {
    (void)state;
    static const char *const positions[] = {"sincos", "learned", "none", "none"};
    static const char *const relative[] = {"none", "none", "shared", "block"};
    const int32_t keep[12] = {5, 0, 3, 1, 4, 2, 0, 1, 2, 3, 4, 5};
    lac_grid grid = grid_of(2, (int64_t[]){8, 12}, (int64_t[]){4, 4});
    for (int k = 0; k < 8; k++) {
        table t;
        int n_prefix = k % 2;
        fill_vit(&t, positions[k / 2], n_prefix, .5);
        set_text(&t, "relative", relative[k / 2]);
        set(&t, "key_bias", k / 2 != 3);
        lac_store *store;
        MUST(lac_store_new(LAC_F32, &store, &must_err));
        MUST(lac_encoder_find("vit")->declare(&t.settings, &grid, store, &must_err));
        lac_store_initialize(store, 9);
        fill_biases(store);
        int64_t n;
        float *whole = encode(&t, &grid, store, NULL, 0, &n), *indexed = encode(&t, &grid, store, keep, 0, &n);
        assert_int_equal(n, 2 * (6 + n_prefix) * 24);
        for (int b = 0; b < 2; b++)
            for (int i = 0; i < 6; i++)
                for (int d = 0; d < 24; d++) {
                    float x = indexed[(b * (6 + n_prefix) + n_prefix + i) * 24 + d];
                    float y = whole[(b * (6 + n_prefix) + n_prefix + keep[b * 6 + i]) * 24 + d];
                    assert_true(fabsf(x - y) < 1e-5f);
                }
        free(whole);
        free(indexed);
        lac_store_free(store);
    }
}

/* Block 1's tokens are those of a network of depth 1 without its final norm: normalised rows differ from them. */
static void test_layer_gives_the_tokens_after_that_block(void **state) {
    (void)state;
    lac_grid grid = grid_of(2, (int64_t[]){8, 12}, (int64_t[]){4, 4});
    table t;
    fill_vit(&t, "sincos", 1, 0);
    lac_store *store;
    MUST(lac_store_new(LAC_F32, &store, &must_err));
    MUST(lac_encoder_find("vit")->declare(&t.settings, &grid, store, &must_err));
    lac_store_initialize(store, 9);
    int64_t n;
    float *first = encode(&t, &grid, store, NULL, 1, &n), *second = encode(&t, &grid, store, NULL, 2, &n);
    float *last = encode(&t, &grid, store, NULL, 0, &n);
    set(&t, "depth", 1);
    float *shallow = encode(&t, &grid, store, NULL, 1, &n);
    assert_memory_equal(first, shallow, (size_t)n * sizeof *first);
    assert_memory_not_equal(first, second, (size_t)n * sizeof *first);
    double mean = 0, variance = 0; /* last = norm(second), with gain 1 and bias 0 at the start */
    for (int d = 0; d < 24; d++)
        mean += (double)second[d] / 24;
    for (int d = 0; d < 24; d++)
        variance += ((double)second[d] - mean) * ((double)second[d] - mean) / 24;
    for (int d = 0; d < 24; d++)
        assert_true(fabs((double)last[d] - ((double)second[d] - mean) / sqrt(variance + 1e-6)) < 1e-5);
    free(first);
    free(second);
    free(last);
    free(shallow);
    lac_store_free(store);
}

static void test_heads_and_widths_that_do_not_fit_are_refused(void **state) {
    (void)state;
    lac_grid grid = grid_of(2, (int64_t[]){8, 12}, (int64_t[]){4, 4});
    table t;
    lac_encoder_shape shape;
    lac_error err;
    fill_vit(&t, "sincos", 1, 0);
    set(&t, "heads", 5);
    assert_int_equal(lac_encoder_find("vit")->shape(&t.settings, &grid, &shape, &err), LAC_USAGE);
    assert_string_equal(err.text, "model.encoder.heads: 5 does not divide the width 24");
    set(&t, "heads", 1);
    set(&t, "width", 30);
    assert_int_equal(lac_encoder_find("vit")->shape(&t.settings, &grid, &shape, &err), LAC_USAGE);
    assert_string_equal(err.text, "model.encoder.width: sincos positions on 2 axes need a multiple of 4, found 30");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_positions_on_one_two_and_three_axes),
        cmocka_unit_test(test_a_grid_that_does_not_divide_is_refused),
        cmocka_unit_test(test_vit_declares_the_literatures_names_and_shapes),
        cmocka_unit_test(test_vit_declares_relative_positions),
        cmocka_unit_test(test_indexed_encoding_equals_whole_picture),
        cmocka_unit_test(test_layer_gives_the_tokens_after_that_block),
        cmocka_unit_test(test_heads_and_widths_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
