/* tests/mask/blocks_test.c - masks made of squares and rectangles: counts, shapes and rates over 10^4 draws, the same
 * bits for the same counters, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mask/mask.h"

enum { N_DRAWS = 10000, MOST = 16 * 16 };

typedef struct drawing {
    const lac_mask_slot *mask;
    lac_grid grid;
    lac_setting room[16];
    lac_settings settings;
    void *scratch;
    unsigned char is_hidden[MOST];
} drawing;

/* Every setting at its declared default: a number, or [number, number]. */
static void begin(drawing *d, const char *name, int64_t size, int64_t patch) {
    *d = (drawing){.mask = lac_mask_find(name)};
    assert_non_null(d->mask);
    assert_int_equal(lac_grid_make(2, (int64_t[]){size, size}, (int64_t[]){patch, patch}, 3, &d->grid, NULL), LAC_OK);
    for (int i = 0; i < d->mask->slot.n_specs; i++) {
        const char *at = d->mask->slot.specs[i].standard;
        d->room[i].spec = &d->mask->slot.specs[i];
        while (*at) {
            char *end;
            double number = strtod(at, &end);
            if (end != at) d->room[i].number[d->room[i].count++] = number;
            at = end == at ? at + 1 : end;
        }
    }
    d->settings = (lac_settings){.slot = name, .n = d->mask->slot.n_specs, .at = d->room};
    d->scratch = malloc(d->mask->scratch_bytes(&d->settings, &d->grid));
}

static void set(drawing *d, const char *key, double value) {
    for (int i = 0; i < d->settings.n; i++)
        if (strcmp(d->room[i].spec->key, key) == 0) {
            d->room[i].count = 1;
            d->room[i].number[0] = value;
            return;
        }
    fail_msg("no setting %s", key);
}

static int64_t draw(drawing *d, uint64_t sample) {
    lac_random random = lac_random_at(1, LAC_RANDOM_MASK, 2, sample, 0);
    memset(d->is_hidden, 7, sizeof d->is_hidden);
    d->mask->draw(&d->settings, &d->grid, &random, d->scratch, d->is_hidden);
    int64_t n = 0;
    for (int64_t i = 0; i < d->grid.n; i++) {
        assert_in_range(d->is_hidden[i], 0, 1);
        n += d->is_hidden[i];
    }
    return n;
}

static int64_t visible(drawing *d) {
    int64_t n = -1;
    lac_error err;
    if (d->mask->visible(&d->settings, &d->grid, &n, &err) != LAC_OK) fail_msg("%s", err.text);
    return n;
}

static void refuse(drawing *d, const char *text) {
    int64_t n;
    lac_error err;
    assert_int_equal(d->mask->visible(&d->settings, &d->grid, &n, &err), LAC_USAGE);
    assert_string_equal(err.text, text);
}

static void expect_mean(const char *what, double sum, double expected, double deviation) {
    double mean = sum / N_DRAWS, sigma = deviation / sqrt(N_DRAWS);
    if (!(fabs(mean - expected) <= 4 * sigma)) fail_msg("%s: %g, expected %g +- %g", what, mean, expected, 4 * sigma);
}

/* 22 of 36 squares at 192 pixels, 30 of 49 at 224: SimMIM's ceil. */
static void test_block_units_hide_whole_squares_and_exactly_so_many(void **state) {
    (void)state;
    static const struct {
        int64_t size, patch, n_squares, n_hidden;
    } cases[] = {{192, 16, 36, 22}, {224, 16, 49, 30}, {224, 32, 49, 30}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        drawing d;
        begin(&d, "block-units", cases[k].size, cases[k].patch);
        int64_t side = 32 / cases[k].patch, squares = d.grid.size[0] / side, per = side * side;
        assert_int_equal(visible(&d), d.grid.n - cases[k].n_hidden * per);
        int counts[64] = {0};
        for (uint64_t sample = 0; sample < N_DRAWS; sample++) {
            assert_int_equal(draw(&d, sample), cases[k].n_hidden * per);
            for (int64_t i = 0; i < d.grid.n; i++) {
                int64_t y = i / d.grid.size[1], x = i % d.grid.size[1];
                int64_t corner = y / side * side * d.grid.size[1] + x / side * side;
                assert_int_equal(d.is_hidden[i], d.is_hidden[corner]);
                if (corner == i) counts[y / side * squares + x / side] += d.is_hidden[i];
            }
        }
        double p = (double)cases[k].n_hidden / (double)cases[k].n_squares, sigma = sqrt(N_DRAWS * p * (1 - p));
        for (int u = 0; u < cases[k].n_squares; u++)
            if (fabs(counts[u] - N_DRAWS * p) > 4 * sigma) fail_msg("square %d hidden %d times", u, counts[u]);
        free(d.scratch);
    }
}

static void test_block_units_that_do_not_fit_are_refused(void **state) {
    (void)state;
    drawing d;
    begin(&d, "block-units", 192, 16);
    set(&d, "unit", 24);
    refuse(&d, "mask.unit: expected a multiple of the patch that divides the picture, found 24");
    set(&d, "unit", 128);
    refuse(&d, "mask.unit: expected a multiple of the patch that divides the picture, found 128");
    set(&d, "unit", 192);
    refuse(&d, "mask.ratio: 0.6 leaves no visible unit of 1");
    set(&d, "ratio", 0);
    refuse(&d, "mask.ratio: 0 leaves no hidden unit of 1");
    free(d.scratch);
}

/* BEiT's 75 of 14 x 14, at most; the centre is hidden more often than a corner. */
static void test_blockwise_stays_below_its_count_and_prefers_the_centre(void **state) {
    (void)state;
    drawing d;
    begin(&d, "blockwise", 224, 16);
    set(&d, "count", 75);
    double sum = 0, centre = 0, corner = 0;
    int least = 196;
    for (uint64_t sample = 0; sample < N_DRAWS; sample++) {
        int64_t n = draw(&d, sample);
        assert_in_range(n, 16, 75);
        if (n < least) least = (int)n;
        sum += (double)n;
        centre += d.is_hidden[7 * 14 + 7];
        corner += d.is_hidden[0] + d.is_hidden[13] + d.is_hidden[182] + d.is_hidden[195];
    }
    /* the same rules in Python, 20,000 masks of its own random numbers: mean 74.485, deviation 0.960 */
    expect_mean("hidden patches", sum, 74.485, 0.96 * sqrt(1.5));
    assert_true(least < 75);
    assert_true(centre > 1.5 * corner / 4);
    free(d.scratch);
}

/* One rectangle: its area lies between min and the count, its aspect within the range as far as rounding lets it. */
static void test_a_first_rectangle_has_the_shape_asked_for(void **state) {
    (void)state;
    drawing d;
    begin(&d, "blockwise", 224, 16);
    set(&d, "count", 16);
    set(&d, "min", 16);
    double wide = 0;
    for (uint64_t sample = 0; sample < N_DRAWS; sample++) {
        int64_t n = draw(&d, sample), rows = 0, columns = 0;
        if (n == 0) continue;
        for (int64_t y = 0; y < 14; y++) {
            bool row = false, column = false;
            for (int64_t x = 0; x < 14; x++) {
                row = row || d.is_hidden[y * 14 + x];
                column = column || d.is_hidden[x * 14 + y];
            }
            rows += row;
            columns += column;
        }
        if (rows * columns == n) { /* one rectangle, nothing else */
            double h = (double)rows, w = (double)columns;
            assert_true((h + .5) / (w - .5) >= .3 && (h - .5) / (w + .5) <= 1 / .3);
            wide += w > h ? 1 : h > w ? -1 : 0;
        }
    }
    expect_mean("wide minus tall", wide, 0, 1);
    free(d.scratch);
}

static void test_exact_blockwise_is_exact(void **state) {
    (void)state;
    drawing d;
    begin(&d, "blockwise-exact", 224, 16);
    set(&d, "count", 98);
    assert_int_equal(visible(&d), 98);
    for (uint64_t sample = 0; sample < N_DRAWS; sample++)
        assert_int_equal(draw(&d, sample), 98);
    set(&d, "count", 0);
    assert_int_equal(visible(&d), 196 - 78); /* int(196 x 0.4) */
    assert_int_equal(draw(&d, 3), 78);
    set(&d, "count", 196);
    refuse(&d, "mask.count: hides 196 of 196 patches; expected 1 to 195");
    free(d.scratch);
}

/* Half of the pictures stay whole; the others hide at most 10 to 50 %. */
static void test_ibot_blocks_leave_half_of_the_pictures_whole(void **state) {
    (void)state;
    drawing d;
    begin(&d, "ibot-block", 224, 16);
    visible(&d);
    double whole = 0, hidden = 0;
    for (uint64_t sample = 0; sample < N_DRAWS; sample++) {
        int64_t n = draw(&d, sample);
        assert_in_range(n, 0, 98);
        whole += n == 0;
        hidden += (double)n;
    }
    expect_mean("whole pictures", whole, .5, .5);
    /* as above, in Python: mean 28.66, deviation 32.94 */
    expect_mean("hidden patches", hidden, 28.66, 32.94 * sqrt(1.5));
    free(d.scratch);
}

static void test_blocks_are_a_function_of_their_counters(void **state) {
    (void)state;
    static const char *const names[] = {"block-units", "blockwise", "blockwise-exact", "ibot-block"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        drawing d;
        unsigned char first[196];
        bool differs = false;
        begin(&d, names[k], 224, 16);
        draw(&d, 11);
        memcpy(first, d.is_hidden, sizeof first);
        for (uint64_t sample = 12; sample < 20; sample++) {
            draw(&d, sample);
            differs = differs || memcmp(first, d.is_hidden, sizeof first) != 0;
        }
        assert_true(differs);
        draw(&d, 11);
        assert_memory_equal(first, d.is_hidden, sizeof first);
        free(d.scratch);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_block_units_hide_whole_squares_and_exactly_so_many),
        cmocka_unit_test(test_block_units_that_do_not_fit_are_refused),
        cmocka_unit_test(test_blockwise_stays_below_its_count_and_prefers_the_centre),
        cmocka_unit_test(test_a_first_rectangle_has_the_shape_asked_for),
        cmocka_unit_test(test_exact_blockwise_is_exact),
        cmocka_unit_test(test_ibot_blocks_leave_half_of_the_pictures_whole),
        cmocka_unit_test(test_blocks_are_a_function_of_their_counters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
