/* tests/mask/multiblock_test.c - a context block and the blocks to predict from it: counts, shapes and rates over 10^4
 * draws, the same bits for the same counters, what the paper's code adds to it, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mask/mask.h"

enum { N_DRAWS = 10000, MOST = 16 * 16, M = 4 };

typedef struct drawing {
    const lac_mask_slot *mask;
    lac_grid grid;
    lac_setting room[16];
    lac_settings settings;
    lac_mask_bounds bounds;
    void *scratch;
    unsigned char is_hidden[MOST];
    int32_t blocks[16 * MOST];
    lac_random shared;
} drawing;

/* Every setting at its declared default: a number, [number, number], or a word. */
static void begin(drawing *d, int64_t patches) {
    *d = (drawing){.mask = lac_mask_find("multiblock")};
    assert_non_null(d->mask);
    assert_int_equal(lac_grid_make(2, (int64_t[]){4 * patches, 4 * patches}, (int64_t[]){4, 4}, 3, &d->grid, NULL),
                     LAC_OK);
    for (int i = 0; i < d->mask->slot.n_specs; i++) {
        const char *at = d->mask->slot.specs[i].standard;
        d->room[i].spec = &d->mask->slot.specs[i];
        if (d->mask->slot.specs[i].type == LAC_SETTING_TEXT) d->room[i].text = at;
        while (*at) {
            char *end;
            double number = strtod(at, &end);
            if (end != at) d->room[i].number[d->room[i].count++] = number;
            at = end == at ? at + 1 : end;
        }
    }
    d->settings = (lac_settings){.slot = "multiblock", .n = d->mask->slot.n_specs, .at = d->room};
}

static lac_setting *setting(drawing *d, const char *key) {
    return (lac_setting *)lac_settings_get(&d->settings, key);
}

static void set(drawing *d, const char *key, double value) {
    setting(d, key)->count = 1;
    setting(d, key)->number[0] = value;
}

static void ready(drawing *d) {
    int64_t n = -1;
    lac_error err;
    if (d->mask->visible(&d->settings, &d->grid, &n, &err) != LAC_OK) fail_msg("%s", err.text);
    assert_int_equal(n, -1);
    d->bounds = lac_mask_lists(d->mask, &d->settings, &d->grid, 0);
    d->scratch = malloc(d->mask->scratch_bytes(&d->settings, &d->grid));
    assert_non_null(d->scratch);
}

/* Draw; the patches that are seen. */
static int64_t draw(drawing *d, uint64_t sample) {
    lac_random random = lac_random_at(1, LAC_RANDOM_MASK, 2, sample, 0), shared = d->shared;
    memset(d->is_hidden, 7, sizeof d->is_hidden);
    memset(d->blocks, 0x55, sizeof d->blocks);
    lac_mask_draw_lists(d->mask, &d->settings, &d->grid, &shared, &random, d->scratch, &d->bounds, d->is_hidden,
                        d->blocks);
    int64_t n = 0;
    for (int64_t i = 0; i < d->grid.n; i++) {
        assert_in_range(d->is_hidden[i], 0, 1);
        n += !d->is_hidden[i];
    }
    return n;
}

typedef struct box {
    int64_t top, left, h, w, n;
} box;

/* Block k, which must be an ascending rectangle followed by -1. */
static box box_of(const drawing *d, int64_t k) {
    const int32_t *block = d->blocks + k * d->bounds.n_in_block;
    int64_t side = d->grid.size[1], n = 0;
    while (n < d->bounds.n_in_block && block[n] >= 0)
        n++;
    assert_in_range(n, 1, d->bounds.n_in_block);
    for (int64_t i = n; i < d->bounds.n_in_block; i++)
        assert_int_equal(block[i], -1);
    box b = {.top = block[0] / side, .left = block[0] % side, .n = n};
    b.h = block[n - 1] / side - b.top + 1;
    b.w = block[n - 1] % side - b.left + 1;
    assert_int_equal(b.h * b.w, n);
    for (int64_t i = 0; i < n; i++)
        assert_int_equal(block[i], (b.top + i / b.w) * side + b.left + i % b.w);
    return b;
}

static void expect_mean(const char *what, double sum, double n, double expected, double deviation) {
    double mean = sum / n, sigma = deviation / sqrt(n);
    if (!(fabs(mean - expected) <= 4 * sigma)) fail_msg("%s: %g, expected %g +- %g", what, mean, expected, 4 * sigma);
}

/* Expected numbers: the same rules in Python with its own random numbers, 20,000 draws. */
static void test_blocks_have_the_papers_shapes_and_counts(void **state) {
    (void)state;
    static const int shapes[][2] = {{5, 6}, {6, 5}, {6, 6}, {7, 5}, {8, 5}};
    drawing d;
    begin(&d, 14);
    ready(&d);
    assert_int_equal(d.bounds.n_visible, 169);
    assert_int_equal(d.bounds.n_blocks, M);
    assert_int_equal(d.bounds.n_in_block, 40);
    double seen = 0, predicted = 0, rate[196] = {0}, tops = 0;
    int n_shapes[5] = {0};
    for (uint64_t sample = 0; sample < N_DRAWS; sample++) {
        int64_t n = draw(&d, sample);
        assert_in_range(n, 11, 169);
        seen += (double)n;
        box first = {0};
        for (int k = 0; k < M; k++) {
            box b = box_of(&d, k);
            if (k == 0) first = b;
            assert_true(b.h == first.h && b.w == first.w);
            assert_true(b.top + b.h <= 14 && b.left + b.w <= 14);
            tops += (double)b.top / (double)(14 - b.h);
            for (int64_t i = 0; i < b.n; i++) /* what is predicted is not seen */
                assert_int_equal(d.is_hidden[d.blocks[k * d.bounds.n_in_block + i]], 1);
        }
        predicted += (double)first.n;
        int which = 0;
        while (which < 5 && !(shapes[which][0] == first.h && shapes[which][1] == first.w))
            which++;
        assert_in_range(which, 0, 4);
        n_shapes[which]++;
        for (int i = 0; i < 196; i++)
            rate[i] += !d.is_hidden[i];
    }
    for (int i = 0; i < 5; i++)
        assert_true(n_shapes[i] > 100);
    expect_mean("patches seen", seen, N_DRAWS, 81.06, 13.61 * sqrt(1.5));
    expect_mean("patches in a block", predicted, N_DRAWS, 33.41, 2.83 * sqrt(1.5));
    expect_mean("places of blocks", tops, N_DRAWS * M, 0.5, 0.33); /* uniform over 0..14-h */
    expect_mean("a corner's rate", rate[0], N_DRAWS, 0.239, 0.426 * sqrt(1.5));
    expect_mean("the centre's rate", rate[7 * 14 + 7], N_DRAWS, 0.138, 0.345 * sqrt(1.5));
    free(d.scratch);
}

/* As the paper's code: no block reaches the last row or column, and at 14 x 14 the context's own block always lies at
 * (0, 0) with 13 x 13 patches. */
static void test_an_exclusive_bound_leaves_the_last_row_and_column_alone(void **state) {
    (void)state;
    drawing d;
    begin(&d, 14);
    setting(&d, "upper")->text = "exclusive";
    ready(&d);
    double corner = 0, seen = 0;
    for (uint64_t sample = 0; sample < N_DRAWS; sample++) {
        seen += (double)draw(&d, sample);
        unsigned char is_predicted[196] = {0};
        for (int k = 0; k < M; k++) {
            box b = box_of(&d, k);
            assert_true(b.top + b.h <= 13 && b.left + b.w <= 13);
            for (int64_t i = 0; i < b.n; i++)
                is_predicted[d.blocks[k * d.bounds.n_in_block + i]] = 1;
        }
        for (int i = 0; i < 196; i++) {
            bool is_outside = i / 14 == 13 || i % 14 == 13;
            assert_int_equal(d.is_hidden[i], is_outside || is_predicted[i]);
        }
        corner += !d.is_hidden[0];
    }
    expect_mean("patches seen", seen, N_DRAWS, 81.61, 13.68 * sqrt(1.5));
    expect_mean("a corner's rate", corner, N_DRAWS, 0.941, 0.236 * sqrt(1.5));
    free(d.scratch);
}

/* Sizes of the batch: the same in all its pictures, and another batch has others. */
static void test_truncated_lists_share_their_sizes(void **state) {
    (void)state;
    drawing d;
    begin(&d, 14);
    set(&d, "truncate", 1);
    ready(&d);
    assert_true(d.mask->is_cut(&d.settings));
    bool differs = false;
    int64_t before = 0;
    for (uint64_t batch = 0; batch < 20; batch++) {
        d.shared = lac_random_at(1, LAC_RANDOM_MASK, 2, batch, 1);
        box first = {0};
        for (uint64_t sample = 0; sample < 30; sample++) {
            draw(&d, sample);
            box b = box_of(&d, 0);
            if (sample == 0) first = b;
            assert_true(b.h == first.h && b.w == first.w);
        }
        differs = differs || (batch > 0 && first.h * 100 + first.w != before);
        before = first.h * 100 + first.w;
    }
    assert_true(differs);
    free(d.scratch);
    begin(&d, 14);
    assert_false(d.mask->is_cut(&d.settings));
}

static void test_the_same_counters_give_the_same_blocks(void **state) {
    (void)state;
    drawing a, b;
    begin(&a, 14);
    begin(&b, 14);
    ready(&a);
    ready(&b);
    bool differs = false;
    for (uint64_t sample = 0; sample < 100; sample++) {
        draw(&a, sample);
        draw(&b, 99 - sample); /* whatever was drawn before */
        draw(&b, sample);
        assert_memory_equal(a.is_hidden, b.is_hidden, MOST);
        assert_memory_equal(a.blocks, b.blocks, sizeof a.blocks);
        lac_random random = lac_random_at(1, LAC_RANDOM_MASK, 2, sample, 0);
        a.mask->draw(&a.settings, &a.grid, &random, a.scratch, a.is_hidden); /* without lists: the same context */
        assert_memory_equal(a.is_hidden, b.is_hidden, (size_t)a.grid.n);
        draw(&b, sample + 1);
        differs = differs || memcmp(a.is_hidden, b.is_hidden, MOST) != 0;
    }
    assert_true(differs);
    free(a.scratch);
    free(b.scratch);
}

/* Contexts longer than `most` lose patches anywhere; shorter ones stay as they are. */
static void test_long_contexts_lose_patches_at_random(void **state) {
    (void)state;
    enum { AT_MOST = 60 };
    drawing whole, cut;
    begin(&whole, 14);
    begin(&cut, 14);
    set(&cut, "most", AT_MOST);
    ready(&whole);
    ready(&cut);
    assert_int_equal(cut.bounds.n_visible, AT_MOST);
    double early = 0, late = 0;
    for (uint64_t sample = 0; sample < N_DRAWS; sample++) {
        int64_t n = draw(&whole, sample), left = draw(&cut, sample), passed = 0;
        assert_int_equal(left, n < AT_MOST ? n : AT_MOST);
        for (int64_t i = 0; i < 196; i++) {
            if (whole.is_hidden[i]) assert_int_equal(cut.is_hidden[i], 1);
            if (whole.is_hidden[i]) continue;
            double share = (double)(cut.is_hidden[i] != 0);
            if (passed < n / 2) early += share / (double)n;
            if (passed >= n - n / 2) late += share / (double)n;
            passed++;
        }
    }
    assert_true(fabs(early / late - 1) < 0.02);
    assert_true(early > 0);
    free(whole.scratch);
    free(cut.scratch);
}

static bool is_seen(const drawing *d, int64_t k) { /* any patch of block k */
    const int32_t *block = d->blocks + k * d->bounds.n_in_block;
    for (int64_t i = 0; i < d->bounds.n_in_block; i++)
        if (block[i] >= 0 && !d->is_hidden[block[i]]) return true;
    return false;
}

/* All blocks are 7 x 7 of 8 x 8, in one of four corners; only the opposite corner leaves more than 9 patches. So nearly
 * all contexts must give up the later blocks, and hardly one the first. */
static void test_a_context_that_little_is_left_of_takes_less_out(void **state) {
    (void)state;
    drawing d;
    begin(&d, 8);
    setting(&d, "target")->number[0] = setting(&d, "target")->number[1] = 0.8;
    setting(&d, "aspect")->number[0] = setting(&d, "aspect")->number[1] = 1;
    set(&d, "min_keep", 9);
    ready(&d);
    int n_first = 0, n_last = 0;
    for (uint64_t sample = 0; sample < 300; sample++) {
        int64_t n = draw(&d, sample);
        assert_int_equal(n, is_seen(&d, 0) ? 49 : 13);
        n_first += is_seen(&d, 0);
        n_last += is_seen(&d, M - 1);
    }
    assert_true(n_first < 8);
    assert_true(n_last > 150);
    free(d.scratch);
}

static void refuse(drawing *d, const char *text) {
    int64_t n;
    lac_error err;
    assert_int_equal(d->mask->visible(&d->settings, &d->grid, &n, &err), LAC_USAGE);
    assert_string_equal(err.text, text);
}

static void test_blocks_that_do_not_fit_are_refused(void **state) {
    (void)state;
    drawing d;
    begin(&d, 14);
    set(&d, "most", 10);
    refuse(&d, "mask.most: expected more than min_keep (10), found 10");
    begin(&d, 4);
    refuse(&d, "mask.min_keep: expected less than the 9 patches of the smallest context, found 10");
    begin(&d, 14);
    setting(&d, "context")->number[0] = 1;
    setting(&d, "context")->number[1] = 0.5;
    refuse(&d, "mask.context: expected the smaller number first, found [1, 0.5]");
    begin(&d, 14);
    setting(&d, "target")->number[0] = 0.001;
    refuse(&d, "mask.target: leaves a block without patches on a grid of 14 x 14");
}

/* Masks without lists of their own hide one. */
static void test_other_masks_list_what_they_hide(void **state) {
    (void)state;
    drawing d;
    begin(&d, 4);
    d.mask = lac_mask_find("random");
    d.room[0] = (lac_setting){.spec = &d.mask->slot.specs[0], .count = 1, .number = {0.75}};
    d.settings = (lac_settings){.slot = "random", .n = 1, .at = d.room};
    d.bounds = lac_mask_lists(d.mask, &d.settings, &d.grid, 4);
    assert_int_equal(d.bounds.n_visible, 4);
    assert_int_equal(d.bounds.n_blocks, 1);
    assert_int_equal(d.bounds.n_in_block, 12);
    d.scratch = malloc(d.mask->scratch_bytes(&d.settings, &d.grid));
    assert_int_equal(draw(&d, 3), 4);
    for (int i = 0, k = 0; i < 16; i++)
        if (d.is_hidden[i]) assert_int_equal(d.blocks[k++], i);
    free(d.scratch);
    assert_int_equal(lac_mask_lists(lac_mask_find("blockwise"), &d.settings, &d.grid, 0).n_visible, 16);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_have_the_papers_shapes_and_counts),
        cmocka_unit_test(test_an_exclusive_bound_leaves_the_last_row_and_column_alone),
        cmocka_unit_test(test_truncated_lists_share_their_sizes),
        cmocka_unit_test(test_the_same_counters_give_the_same_blocks),
        cmocka_unit_test(test_long_contexts_lose_patches_at_random),
        cmocka_unit_test(test_a_context_that_little_is_left_of_takes_less_out),
        cmocka_unit_test(test_blocks_that_do_not_fit_are_refused),
        cmocka_unit_test(test_other_masks_list_what_they_hide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
