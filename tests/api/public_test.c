/* tests/api/public_test.c - the public interface does what lacuna.h says, and refuses what it cannot do in one line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lacuna.h"
#include "scratch.h"

enum { N = 12, SIDE = 20 };

static char recipe[1024], data[1040], run[1024];
static uint8_t pixels[N * SIDE * SIDE];

static void write_file(const char *path, const void *bytes, size_t n, const void *more, size_t n_more) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    if (n_more) assert_int_equal(fwrite(more, 1, n_more, file), n_more);
    assert_int_equal(fclose(file), 0);
}

static const char recipe_text[] = "name: public\n"
                                  "picture: {size: 16, channels: 1, mean: 0.5, std: 0.25}\n"
                                  "mask: {name: random, ratio: 0.75}\n"
                                  "model:\n"
                                  "  encoder: {name: vit, patch: 4, width: 24, depth: 2, heads: 2}\n"
                                  "  decoder: {name: mae, width: 16, depth: 1, heads: 2}\n"
                                  "target: {name: pixels}\n"
                                  "objective: [{name: l2, on: hidden}]\n"
                                  "optim: {lr: 1e-2}\n"
                                  "train: {batch: 6, epochs: 4}\n";

static int make(void **state) {
    (void)state;
    snprintf(recipe, sizeof recipe, "%s", scratch("recipe.yaml"));
    snprintf(run, sizeof run, "%s", scratch("run"));
    for (int i = 0; i < N * SIDE * SIDE; i++)
        pixels[i] = (uint8_t)((i * 7 + i / SIDE * 13 + i / (SIDE * SIDE) * 41) % 256);
    write_file(recipe, recipe_text, sizeof recipe_text - 1, NULL, 0);
    static const unsigned char header[16] = {0, 0, 8, 3, 0, 0, 0, N, 0, 0, 0, SIDE, 0, 0, 0, SIDE};
    const char *path = scratch("images-idx3-ubyte");
    write_file(path, header, sizeof header, pixels, sizeof pixels);
    snprintf(data, sizeof data, "idx:%s", path);
    return 0;
}

static lac_train_options options_of(int64_t steps) {
    lac_train_options o = LAC_TRAIN_OPTIONS;
    o.recipe = recipe;
    o.data = data;
    o.out = run;
    o.steps = steps;
    o.threads = 1;
    return o;
}

static int stop_at_three(void *context, const lac_train_progress *p) {
    ++*(int *)context;
    assert_int_equal(p->total, 8);
    assert_true(p->loss > 0 && p->lr >= 0);
    return p->step >= 3;
}

static void test_a_run_that_was_ended_by_its_observer_goes_on_where_it_was(void **state) {
    (void)state;
    lac_message message;
    int calls = 0;
    lac_train_options o = options_of(8);
    o.progress = stop_at_three;
    o.context = &calls;
    assert_int_equal(lac_train(&o, &message), 0);
    assert_int_equal(o.done, 3);
    assert_int_equal(calls, 3);
    o.progress = NULL;
    if (lac_train(&o, &message) != 0) fail_msg("%s", message.text);
    assert_int_equal(o.done, 8);
    assert_string_equal(message.text, "");
}

/* A source and the same pictures in memory have the same features, and other pictures have others. */
static void test_pictures_in_memory_have_the_features_of_the_source(void **state) {
    (void)state;
    lac_message message;
    lac_network *network;
    lac_matrix a, b, c;
    if (lac_network_open(run, 2, &network, &message) != 0) fail_msg("%s", message.text);
    lac_network_sizes s = lac_network_describe(network);
    assert_int_equal(s.width, 24);
    assert_int_equal(s.depth, 2);
    assert_int_equal(s.channels, 1);
    assert_int_equal(s.rows, 16);
    assert_int_equal(s.columns, 16);
    assert_int_equal(s.patch_rows, 4);
    assert_int_equal(s.step, 8);
    assert_int_equal(lac_network_embed(network, data, LAC_FEATURE_MEAN, &a, &message), 0);
    assert_int_equal(lac_network_embed_pixels(network, pixels, N, SIDE, SIDE, 1, LAC_FEATURE_MEAN, &b, &message), 0);
    assert_int_equal(lac_network_embed(network, data, LAC_FEATURE_CLASS, &c, &message), 0);
    assert_int_equal(a.rows, N);
    assert_int_equal(a.columns, 24);
    assert_int_equal(b.rows, N);
    assert_memory_equal(a.values, b.values, N * 24 * sizeof(float));
    assert_memory_not_equal(a.values, c.values, N * 24 * sizeof(float));
    assert_memory_not_equal(a.values, a.values + 24, 24 * sizeof(float));
    lac_matrix_free(&a);
    assert_null(a.values);
    lac_matrix_free(&b);
    lac_matrix_free(&c);
    lac_network_close(network);
}

static void test_what_cannot_be_is_refused_with_its_name(void **state) {
    (void)state;
    lac_message message;
    lac_network *network;
    lac_matrix m;
    lac_train_options o = options_of(8);
    o.bytes = 8;
    assert_int_equal(lac_train(&o, &message), 2);
    assert_non_null(strstr(message.text, "bytes"));
    assert_int_equal(lac_train(NULL, NULL), 2);
    o = options_of(8);
    o.data = NULL;
    assert_int_equal(lac_train(&o, &message), 2);
    o = options_of(-1);
    assert_int_equal(lac_train(&o, &message), 2);
    o = options_of(8);
    const char *const sets[] = {"optim.lrr=1"};
    o.sets = sets;
    o.n_sets = 1;
    assert_int_equal(lac_train(&o, &message), 2);
    assert_non_null(strstr(message.text, "lrr"));
    assert_int_equal(lac_network_open("/nowhere", 0, &network, &message), 1);
    assert_non_null(strstr(message.text, "/nowhere"));
    assert_null(network);
    lac_network_close(network);
    if (lac_network_open(run, 1, &network, &message) != 0) fail_msg("%s", message.text);
    assert_int_equal(lac_network_embed(network, "/nowhere", LAC_FEATURE_MEAN, &m, &message), 1);
    assert_null(m.values);
    assert_int_equal(lac_network_embed(network, data, (lac_feature_kind)7, &m, &message), 2);
    assert_int_equal(lac_network_embed_pixels(network, pixels, 0, SIDE, SIDE, 1, LAC_FEATURE_MEAN, &m, &message), 2);
    assert_int_equal(lac_network_embed_pixels(network, pixels, 1, SIDE, SIDE, 2, LAC_FEATURE_MEAN, &m, &message), 2);
    assert_int_equal(lac_network_embed_pixels(network, pixels, 1, -4, SIDE, 1, LAC_FEATURE_MEAN, &m, &message), 2);
    lac_network_close(network);
    lac_matrix_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_run_that_was_ended_by_its_observer_goes_on_where_it_was),
        cmocka_unit_test(test_pictures_in_memory_have_the_features_of_the_source),
        cmocka_unit_test(test_what_cannot_be_is_refused_with_its_name),
    };
    return cmocka_run_group_tests(tests, make, NULL);
}
