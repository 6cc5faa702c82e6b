/* tests/mask/mask_test.c - masks: exact counts, indices that agree with the flags, the same bits for the same counters,
 * and the rate at which each patch is hidden. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mask/mask.h"

static lac_settings settings_of(const lac_mask_slot *mask, lac_setting *room, double ratio) {
    room[0] = (lac_setting){.spec = &mask->slot.specs[0], .count = 1, .number = {ratio}};
    return (lac_settings){.slot = mask->slot.name, .n = 1, .at = room};
}

static lac_grid grid_of(int64_t rows, int64_t columns) {
    lac_grid grid;
    assert_int_equal(lac_grid_make(2, (int64_t[]){rows, columns}, (int64_t[]){1, 1}, 3, &grid, NULL), LAC_OK);
    return grid;
}

typedef struct drawing {
    lac_grid grid;
    lac_setting room[8];
    lac_settings settings;
    int64_t n_visible;
    void *scratch;
    unsigned char *is_hidden;
} drawing;

static void begin(drawing *d, int64_t rows, int64_t columns, double ratio) {
    const lac_mask_slot *mask = lac_mask_find("random");
    d->grid = grid_of(rows, columns);
    d->settings = settings_of(mask, d->room, ratio);
    lac_error err;
    assert_int_equal(mask->visible(&d->settings, &d->grid, &d->n_visible, &err), LAC_OK);
    d->scratch = malloc(mask->scratch_bytes(&d->settings, &d->grid));
    d->is_hidden = malloc((size_t)d->grid.n);
}

static void draw(drawing *d, uint64_t seed, uint64_t epoch, uint64_t sample) {
    lac_random random = lac_random_at(seed, LAC_RANDOM_MASK, epoch, sample, 0);
    lac_mask_find("random")->draw(&d->settings, &d->grid, &random, d->scratch, d->is_hidden);
}

static void end(drawing *d) {
    free(d->scratch);
    free(d->is_hidden);
}

/* int(N * (1 - ratio)) in double, MAE's rule, with the cases in which another rounding shows. */
static void test_random_counts_are_exact(void **state) {
    (void)state;
    static const struct {
        int64_t rows, columns;
        double ratio;
        int64_t n_visible;
    } cases[] = {{14, 14, .75, 49}, {16, 16, .75, 64}, {8, 8, .75, 16}, {7, 7, .75, 12},
                 {10, 10, .9, 9},   {1, 7, .5, 3},     {3, 5, .33, 10}, {1, 2, .5, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        drawing d;
        begin(&d, cases[i].rows, cases[i].columns, cases[i].ratio);
        assert_int_equal(d.n_visible, cases[i].n_visible);
        for (uint64_t sample = 0; sample < 20; sample++) {
            draw(&d, 1, 2, sample);
            int64_t n_visible = 0;
            for (int64_t k = 0; k < d.grid.n; k++) {
                assert_in_range(d.is_hidden[k], 0, 1);
                n_visible += !d.is_hidden[k];
            }
            assert_int_equal(n_visible, d.n_visible);
        }
        end(&d);
    }
}

static void test_a_ratio_that_leaves_nothing_visible_is_refused(void **state) {
    (void)state;
    const lac_mask_slot *mask = lac_mask_find("random");
    lac_setting room[8];
    lac_error err;
    int64_t n_visible;
    lac_grid grid = grid_of(2, 5);
    lac_settings settings = settings_of(mask, room, .9); /* int(10 * (1 - .9)) is 0 in double */
    assert_int_equal(mask->visible(&settings, &grid, &n_visible, &err), LAC_USAGE);
    assert_string_equal(err.text, "mask.ratio: 0.9 leaves no visible patch of 10");
    settings = settings_of(mask, room, 0);
    assert_int_equal(mask->visible(&settings, &grid, &n_visible, &err), LAC_USAGE);
    assert_string_equal(err.text, "mask.ratio: 0 leaves no hidden patch of 10");
}

static void test_indices_are_a_permutation_that_agrees_with_the_flags(void **state) {
    (void)state;
    drawing d;
    begin(&d, 7, 9, .6);
    int32_t keep[64], restore[64];
    for (uint64_t sample = 0; sample < 200; sample++) {
        draw(&d, 3, 0, sample);
        lac_mask_indices(d.is_hidden, d.grid.n, keep, restore);
        bool is_seen[64] = {false};
        for (int64_t i = 0; i < d.grid.n; i++) {
            assert_in_range(restore[i], 0, d.grid.n - 1);
            assert_false(is_seen[restore[i]]);
            is_seen[restore[i]] = true;
            assert_int_equal(restore[i] >= d.n_visible, d.is_hidden[i]);
            if (!d.is_hidden[i]) assert_int_equal(keep[restore[i]], i);
        }
        for (int64_t v = 1; v < d.n_visible; v++)
            assert_true(keep[v - 1] < keep[v]);
    }
    end(&d);
}

static void test_a_mask_is_a_function_of_its_counters(void **state) {
    (void)state;
    drawing d;
    begin(&d, 14, 14, .75);
    unsigned char first[196];
    draw(&d, 5, 7, 11);
    memcpy(first, d.is_hidden, sizeof first);
    draw(&d, 5, 7, 12);
    assert_memory_not_equal(first, d.is_hidden, sizeof first);
    draw(&d, 5, 8, 11);
    assert_memory_not_equal(first, d.is_hidden, sizeof first);
    draw(&d, 6, 7, 11);
    assert_memory_not_equal(first, d.is_hidden, sizeof first);
    draw(&d, 5, 7, 11);
    assert_memory_equal(first, d.is_hidden, sizeof first);
    end(&d);
}

/* Each patch is hidden with probability M / N: the count over n draws is binomial. */
static void test_random_hides_every_patch_at_the_same_rate(void **state) {
    (void)state;
    enum { N_DRAWS = 10000 };
    drawing d;
    begin(&d, 7, 7, .75);
    int counts[49] = {0};
    for (uint64_t sample = 0; sample < N_DRAWS; sample++) {
        draw(&d, 42, 0, sample);
        for (int i = 0; i < 49; i++)
            counts[i] += d.is_hidden[i];
    }
    double p = (double)(49 - d.n_visible) / 49, sigma = sqrt(N_DRAWS * p * (1 - p));
    for (int i = 0; i < 49; i++)
        if (fabs(counts[i] - N_DRAWS * p) > 4 * sigma)
            fail_msg("patch %d hidden %d times, expected %.0f +- %.0f", i, counts[i], N_DRAWS * p, 4 * sigma);
    end(&d);
}

static void test_argsort_is_stable_and_orders_signed_numbers(void **state) {
    (void)state;
    const float noise[] = {0.5f, -1, 0.5f, 0, -0.0f, -2.5f, INFINITY, 0.25f, -INFINITY, 0.5f};
    const int32_t expected[] = {8, 5, 1, 3, 4, 7, 0, 2, 9, 6};
    uint64_t scratch[10];
    int32_t order[10];
    lac_mask_argsort(noise, 10, scratch, order);
    assert_memory_equal(order, expected, sizeof expected);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_counts_are_exact),
        cmocka_unit_test(test_a_ratio_that_leaves_nothing_visible_is_refused),
        cmocka_unit_test(test_indices_are_a_permutation_that_agrees_with_the_flags),
        cmocka_unit_test(test_a_mask_is_a_function_of_its_counters),
        cmocka_unit_test(test_random_hides_every_patch_at_the_same_rate),
        cmocka_unit_test(test_argsort_is_stable_and_orders_signed_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
