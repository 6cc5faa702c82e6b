/* tests/data/views_test.c - two views of a picture, and more of another size: one geometry or two, colours that change
 * in one of them alone, and the same values whatever the threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/loader.h"

#define MUST(expr)                                                                                                     \
    do {                                                                                                               \
        lac_error must_err = {0};                                                                                      \
        if ((expr) != LAC_OK) fail_msg("%s: %s", #expr, must_err.text);                                                \
    } while (0)

enum { COUNT = 12, SIDE = 24, OUT = 16, BATCH = 4, VALUES = 3 * OUT * OUT };

static lac_source *pictures(void) {
    static uint8_t pixels[COUNT * SIDE * SIDE * 3];
    for (int i = 0; i < COUNT * SIDE * SIDE * 3; i++)
        pixels[i] = (uint8_t)(127.5 + 127 * sin(i * 0.37 + (double)(i / (SIDE * SIDE * 3)) * 2.1));
    lac_source *s;
    MUST(lac_source_from_pixels(pixels, COUNT, SIDE, SIDE, 3, &s, &must_err));
    return s;
}

static lac_augment pair(bool is_shared, unsigned jittered) {
    return (lac_augment){.width = OUT,
                         .height = OUT,
                         .channels = 3,
                         .crop = LAC_CROP_RANDOM,
                         .scale = {.2, 1},
                         .ratio = {.75, 4. / 3},
                         .crop_share = .875,
                         .filter = LAC_FILTER_BICUBIC,
                         .flip = .5,
                         .mean = {.5f, .4f, .3f},
                         .std = {.25f, .2f, .3f},
                         .n_views = 2,
                         .is_shared = is_shared,
                         .jittered = jittered,
                         .jitter = {.4, .4, .2, .2}};
}

/* Both views of the first three batches: views x 12 x VALUES. */
static float *load(const lac_augment *a, int n_threads) {
    lac_source *s = pictures();
    lac_loader *l;
    lac_loader_options o = {.batch = BATCH, .seed = 5, .n_threads = n_threads};
    MUST(lac_loader_new(s, a, &o, &l, &must_err));
    int n_views = a->n_views > 1 ? a->n_views : 1;
    float *out = malloc((size_t)(n_views * 3 * BATCH * VALUES) * sizeof *out);
    for (int k = 0; k < 3; k++) {
        const lac_batch *b;
        MUST(lac_loader_next(l, &b, &must_err));
        assert_ptr_equal(b->views[0], b->pictures);
        assert_null(b->views[n_views]);
        for (int v = 0; v < n_views; v++)
            memcpy(out + (v * 3 + k) * BATCH * VALUES, b->views[v], BATCH * VALUES * sizeof *out);
    }
    lac_loader_free(l);
    lac_source_free(s);
    return out;
}

enum { VIEW = 3 * BATCH * VALUES };

static int n_equal(const float *a, const float *b) { /* pictures */
    int n = 0;
    for (int i = 0; i < 3 * BATCH; i++)
        n += memcmp(a + i * VALUES, b + i * VALUES, VALUES * sizeof *a) == 0;
    return n;
}

static void test_shared_geometry_shows_the_same_pixels(void **state) {
    (void)state;
    lac_augment a = pair(true, 0), single = pair(true, 0);
    single.n_views = 1;
    float *both = load(&a, 1), *one = load(&single, 1);
    assert_int_equal(n_equal(both, both + VIEW), 3 * BATCH);
    assert_int_equal(n_equal(both, one), 3 * BATCH); /* and view 0 is what a single view is */
    free(one);
    free(both);
}

static void test_own_geometry_shows_others(void **state) {
    (void)state;
    lac_augment a = pair(false, 0), single = pair(true, 0);
    single.n_views = 1;
    float *both = load(&a, 1), *one = load(&single, 1);
    assert_int_equal(n_equal(both, both + VIEW), 0);
    assert_int_equal(n_equal(both, one), 3 * BATCH);
    free(one);
    free(both);
}

static void test_only_the_jittered_view_changes_its_colours(void **state) {
    (void)state;
    lac_augment plain = pair(true, 0), student = pair(true, 1), both = pair(true, 3);
    float *a = load(&plain, 1), *b = load(&student, 1), *c = load(&both, 1);
    assert_int_equal(n_equal(a, b), 0);
    assert_int_equal(n_equal(a + VIEW, b + VIEW), 3 * BATCH);
    assert_int_equal(n_equal(b, c), 3 * BATCH);
    assert_int_equal(n_equal(b + VIEW, c + VIEW), 0);
    assert_int_equal(n_equal(c, c + VIEW), 0); /* each view draws for itself */
    float low[3] = {(0 - .5f) / .25f, (0 - .4f) / .2f, (0 - .3f) / .3f};
    float high[3] = {(1 - .5f) / .25f, (1 - .4f) / .2f, (1 - .3f) / .3f};
    int n_grey = 0;
    for (int i = 0; i < 3 * BATCH; i++) {
        bool is_grey = true;
        for (int k = 0; k < OUT * OUT; k++) {
            float x[3];
            for (int ch = 0; ch < 3; ch++) {
                float v = b[i * VALUES + ch * OUT * OUT + k];
                assert_true(v >= low[ch] - 1e-5f && v <= high[ch] + 1e-5f);
                x[ch] = v * student.std[ch] + student.mean[ch];
            }
            is_grey = is_grey && fabsf(x[0] - x[1]) < 1e-5f && fabsf(x[1] - x[2]) < 1e-5f;
        }
        n_grey += is_grey;
    }
    assert_true(n_grey > 0 && n_grey < 3 * BATCH); /* a fifth, of 12 with this seed: some and not all */
    free(a);
    free(b);
    free(c);
}

/* Worked out by hand: factors 1 leave a picture as it is; brightness 0 blackens it. */
static void test_jitter_of_nothing_is_nothing(void **state) {
    (void)state;
    float x[12] = {-.5f, 0, .25f, 1, .1f, .2f, .3f, .4f, -1, .9f, 0, .5f}, before[12];
    float mean[3] = {.5f, .5f, .5f}, std[3] = {.25f, .25f, .25f};
    memcpy(before, x, sizeof x);
    lac_jitter none = {0};
    lac_jitter_apply(&none, 3, 4, mean, std, 1, 0, 0, 0, x);
    for (int i = 0; i < 12; i++)
        assert_true(fabsf(x[i] - before[i]) < 1e-6f);
    lac_jitter grey = {.grey = 1};
    lac_jitter_apply(&grey, 3, 4, mean, std, 1, 0, 0, 0, x);
    for (int i = 0; i < 4; i++) {
        float r = before[i] * .25f + .5f, g = before[4 + i] * .25f + .5f, b = before[8 + i] * .25f + .5f;
        float luma = .2989f * r + .587f * g + .114f * b;
        for (int c = 0; c < 3; c++)
            assert_true(fabsf(x[4 * c + i] * .25f + .5f - luma) < 1e-6f);
    }
}

static void test_views_do_not_depend_on_threads(void **state) {
    (void)state;
    lac_augment a = pair(false, 3);
    float *one = load(&a, 1), *three = load(&a, 3);
    assert_memory_equal(one, three, 2 * VIEW * sizeof *one);
    free(one);
    free(three);
}

enum { SMALL_W = 8, SMALL_H = 6, SMALL_VALUES = 3 * SMALL_W * SMALL_H, N_SMALL = 9, N_CROPS = 2 + N_SMALL };

static lac_augment crops(void) {
    lac_augment a = pair(false, (1u << N_CROPS) - 1);
    a.n_views = N_CROPS;
    a.n_small = N_SMALL;
    a.small_width = SMALL_W;
    a.small_height = SMALL_H;
    a.small_scale[0] = .05;
    a.small_scale[1] = .2;
    return a;
}

/* Every view of every picture of a batch is what its own augmentation makes of that picture, whatever the threads. */
static void test_crops_of_two_sizes(void **state) {
    (void)state;
    lac_augment a = crops();
    assert_int_equal(lac_augment_of_view(&a, 1).width, OUT);
    assert_int_equal(lac_augment_of_view(&a, 2).width, SMALL_W);
    for (int n_threads = 1; n_threads <= 3; n_threads += 2) {
        lac_source *s = pictures();
        lac_loader *l;
        lac_loader_options o = {.batch = BATCH, .seed = 5, .n_threads = n_threads, .first_sample = 4};
        lac_augment_scratch scratch = {0};
        lac_picture picture = {0};
        MUST(lac_loader_new(s, &a, &o, &l, &must_err));
        for (int k = 0; k < 4; k++) { /* past the first epoch, where workers meet */
            const lac_batch *b;
            MUST(lac_loader_next(l, &b, &must_err));
            assert_null(b->views[N_CROPS]);
            for (int v = 0; v < N_CROPS; v++)
                for (int i = 0; i < BATCH; i++) {
                    float expected[VALUES];
                    size_t n = v < 2 ? VALUES : SMALL_VALUES;
                    MUST(lac_source_read(s, b->sample[i], lac_augment_min_side(&a), &picture, &must_err));
                    MUST(lac_augment_apply(&a, &picture, 5, (uint64_t)b->epoch[i], (uint64_t)b->sample[i], (uint32_t)v,
                                           &scratch, expected, &must_err));
                    assert_memory_equal(b->views[v] + (size_t)i * n, expected, n * sizeof(float));
                }
            assert_memory_not_equal(b->views[2], b->views[3], SMALL_VALUES * sizeof(float));
        }
        lac_picture_free(&picture);
        lac_augment_scratch_free(&scratch);
        lac_loader_free(l);
        lac_source_free(s);
    }
}

/* A photo is decoded as large as its smallest crop needs. */
static void test_decoding_is_as_fine_as_the_smallest_crop_needs(void **state) {
    (void)state;
    lac_augment a = crops(), large = crops();
    large.n_views = 2;
    large.n_small = 0;
    assert_int_equal(lac_augment_min_side(&large), (int)ceil(16 / sqrt(.2 * .75)));
    assert_int_equal(lac_augment_min_side(&a), (int)ceil(16 / sqrt(.2 * .75)));
    a.small_scale[0] = .01;
    assert_int_equal(lac_augment_min_side(&a), (int)ceil(8 / sqrt(.01 * .75)));
    assert_int_equal(lac_augment_for_eval(&a).n_small, 0);
}

static void expect_refusal(const lac_augment *a, const char *text) {
    lac_source *s = pictures();
    lac_loader *l;
    lac_error err = {0};
    lac_loader_options o = {.batch = BATCH, .n_threads = 1};
    assert_int_equal(lac_loader_new(s, a, &o, &l, &err), LAC_USAGE);
    assert_string_equal(err.text, text);
    lac_source_free(s);
}

static void test_crops_that_cannot_be_are_refused(void **state) {
    (void)state;
    lac_augment a = crops();
    a.n_small = N_CROPS;
    expect_refusal(&a, "augmentation: 11 of 11 views small");
    a = crops();
    a.is_shared = true;
    expect_refusal(&a, "augmentation: small views of 8 x 6 need random crops of their own");
    a = crops();
    a.small_scale[1] = 0;
    expect_refusal(&a, "augmentation: small_scale 0.05 to 0");
    a = crops();
    a.n_views = LAC_MOST_VIEWS + 1;
    expect_refusal(&a, "augmentation: 17 views");
}

static void test_an_ordered_pass_has_one_view(void **state) {
    (void)state;
    lac_augment a = pair(true, 1), eval = lac_augment_for_eval(&a);
    assert_int_equal(eval.n_views, 1);
    assert_int_equal(eval.jittered, 0);
    lac_source *s = pictures();
    lac_loader *l;
    lac_error err = {0};
    lac_loader_options o = {.batch = BATCH, .seed = 5, .n_threads = 1, .is_ordered = true};
    assert_int_equal(lac_loader_new(s, &a, &o, &l, &err), LAC_USAGE);
    assert_string_equal(err.text, "augmentation: 2 views");
    lac_source_free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared_geometry_shows_the_same_pixels),
        cmocka_unit_test(test_own_geometry_shows_others),
        cmocka_unit_test(test_only_the_jittered_view_changes_its_colours),
        cmocka_unit_test(test_jitter_of_nothing_is_nothing),
        cmocka_unit_test(test_views_do_not_depend_on_threads),
        cmocka_unit_test(test_crops_of_two_sizes),
        cmocka_unit_test(test_decoding_is_as_fine_as_the_smallest_crop_needs),
        cmocka_unit_test(test_crops_that_cannot_be_are_refused),
        cmocka_unit_test(test_an_ordered_pass_has_one_view),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
