/* The rule by which a recipe is chosen, on a machine made of a formula: more time never gives a smaller network, every
 * choice is a recipe that holds together, and the texts say what was done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "method/method.h"
#include "train/choose.h"

static lac_error err;

/* Seconds in proportion to the encoder's products, as on one processor of 40 GFLOP/s. No network is made: the largest
 * have gigabytes. */
static lac_status fake_speed(void *context, const char *yaml, double *seconds, lac_error *why) {
    lac_recipe *recipe = NULL;
    double size[2];
    LAC_TRY(lac_recipe_read_text("trial", yaml, &recipe, why));
    lac_recipe_list(recipe, "picture.size", size, 2);
    double side = size[0] / (double)lac_recipe_int(recipe, "model.encoder.patch");
    double visible = side * side * (1 - lac_recipe_real(recipe, "mask.ratio"));
    double width = (double)lac_recipe_int(recipe, "model.encoder.width");
    *seconds = 72.0 * visible * (double)lac_recipe_int(recipe, "model.encoder.depth") * width * width / 40e9 + 1e-5;
    ++*(int *)context;
    lac_recipe_free(recipe);
    return LAC_OK;
}

typedef struct chosen {
    int64_t size, patch, width, depth, batch, channels, every;
    double lr, ratio;
    int n_tried;
    char why[4000];
} chosen;

static chosen choose(int side, bool is_grey, int64_t n, double budget_s) {
    chosen c = {0};
    lac_text yaml = {0}, why = {0};
    lac_recipe *recipe = NULL;
    lac_method *method = NULL;
    const lac_choose_facts facts = {.side = side, .is_grey = is_grey, .n_pictures = n};
    lac_status status = lac_choose(&facts, budget_s, fake_speed, &c.n_tried, &yaml, &why, &err);
    if (status == LAC_OK) status = lac_recipe_read_text("chosen", yaml.data, &recipe, &err);
    if (status != LAC_OK) fail_msg("side %d, %.3g s: %s", side, budget_s, err.text);
    c.width = lac_recipe_int(recipe, "model.encoder.width");
    if (status == LAC_OK && c.width <= 384) status = lac_method_new(recipe, LAC_F32, &method, &err);
    if (status != LAC_OK) fail_msg("side %d, %.3g s: %s", side, budget_s, err.text);
    double size[2];
    lac_recipe_list(recipe, "picture.size", size, 2);
    c.size = (int64_t)size[0];
    c.patch = lac_recipe_int(recipe, "model.encoder.patch");
    c.depth = lac_recipe_int(recipe, "model.encoder.depth");
    c.channels = lac_recipe_int(recipe, "picture.channels");
    c.batch = lac_recipe_int(recipe, "train.batch");
    c.every = lac_recipe_int(recipe, "checkpoint.every");
    c.lr = lac_recipe_real(recipe, "optim.lr");
    c.ratio = lac_recipe_real(recipe, "mask.ratio");
    snprintf(c.why, sizeof c.why, "%s", why.data);
    assert_string_equal(lac_recipe_name(recipe), "chosen");
    lac_method_free(method);
    lac_recipe_free(recipe);
    lac_text_free(&yaml);
    lac_text_free(&why);
    return c;
}

static void test_little_time_gives_the_demo_s_network(void **state) {
    (void)state;
    chosen c = choose(28, true, 60000, 400);
    assert_int_equal(c.size, 28);
    assert_int_equal(c.patch, 7);
    assert_int_equal(c.width, 96);
    assert_int_equal(c.depth, 4);
    assert_int_equal(c.channels, 1);
    assert_true(c.ratio == 0.5);
    assert_non_null(strstr(c.why, "96 wide, 4 deep, 16 patches of 7 x 7"));
    assert_non_null(strstr(c.why, "chosen: 96 wide, 4 deep, 3 heads, patches of 7 x 7"));
    assert_non_null(strstr(c.why, ": fewer than 20\n"));
    c = choose(28, true, 60000, 1);
    assert_int_equal(c.width, 96);
    assert_int_equal(c.batch, 16);
    assert_int_equal(c.n_tried, 1);
    assert_non_null(strstr(c.why, "but nothing is smaller"));
}

static void test_more_time_never_gives_a_smaller_network(void **state) {
    (void)state;
    static const int sides[] = {1, 3, 8, 17, 28, 32, 64, 65, 100, 224, 333, 1000, 6000};
    for (size_t k = 0; k < sizeof sides / sizeof *sides; k++) {
        double before = 0;
        int n_sizes = 0;
        for (double budget = 1; budget < 1e9; budget *= 2.7) {
            chosen c = choose(sides[k], k % 2, 1000000, budget);
            double now = (double)(c.width * c.width * c.depth);
            if (now < before) fail_msg("side %d: %.3g s give a smaller network", sides[k], budget);
            n_sizes += now > before;
            before = now;
            assert_true(c.size % c.patch == 0 && c.patch <= 16 && c.every >= 10);
            assert_true(c.batch >= 16 && c.batch <= 256);
            assert_true(c.lr > 0 && c.lr < 3e-3);
            /* never much larger than the pictures are, never more than 16 pixels a patch */
            if (sides[k] >= 8) assert_true(c.size <= sides[k] + 4);
        }
        assert_int_equal(n_sizes, 7); /* from the first rung to a ViT-L */
    }
}

static void test_the_literature_s_sizes_are_reached(void **state) {
    (void)state;
    chosen c = choose(500, false, 1281167, 30 * 24 * 3600.0);
    assert_int_equal(c.size, 224);
    assert_int_equal(c.patch, 16);
    assert_true(c.width >= 384);
    assert_int_equal(c.channels, 3);
    assert_true(c.ratio == 0.75);
    assert_int_equal(c.batch, 256);
    c = choose(32, false, 50000, 4 * 3600.0);
    assert_int_equal(c.size, 32);
    assert_int_equal(c.patch, 4);
}

static void test_few_pictures_are_said_to_be_few(void **state) {
    (void)state;
    chosen c = choose(32, false, 12, 3600);
    assert_true(c.batch <= 12);
    assert_non_null(strstr(c.why, "few pictures: each is seen"));
    c = choose(32, false, 1, 10);
    assert_int_equal(c.batch, 1);
}

static lac_status no_speed(void *context, const char *yaml, double *seconds, lac_error *why) {
    (void)context, (void)yaml, (void)seconds;
    return lac_fail(why, "no speed");
}

static void test_a_failed_measurement_is_a_failure(void **state) {
    (void)state;
    lac_text yaml = {0}, why = {0};
    const lac_choose_facts facts = {.side = 28, .n_pictures = 10};
    assert_int_equal(lac_choose(&facts, 60, no_speed, NULL, &yaml, &why, &err), LAC_FAILURE);
    assert_string_equal(err.text, "no speed");
    lac_text_free(&yaml);
    lac_text_free(&why);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_little_time_gives_the_demo_s_network),
        cmocka_unit_test(test_more_time_never_gives_a_smaller_network),
        cmocka_unit_test(test_the_literature_s_sizes_are_reached),
        cmocka_unit_test(test_few_pictures_are_said_to_be_few),
        cmocka_unit_test(test_a_failed_measurement_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
