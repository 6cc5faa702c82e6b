/* Augmentation: torchvision's crop rule, the centre crop, flips and normalisation. */
#include "fixtures.h"

#include <math.h>

#include "data/augment.h"
#include "data/decode.h"

static lac_augment standard(void) {
    return (lac_augment){.width = 16,
                         .height = 12,
                         .channels = 3,
                         .crop = LAC_CROP_RANDOM,
                         .scale = {.2, 1},
                         .ratio = {.75, 4. / 3},
                         .crop_share = .875,
                         .filter = LAC_FILTER_BICUBIC,
                         .mean = {.5f, .4f, .3f},
                         .std = {.2f, .25f, .3f}};
}

static void fill(lac_picture *p, int width, int height, int channels) {
    assert_int_equal(lac_picture_reserve(p, width, height, channels, NULL), LAC_OK);
    for (int i = 0; i < width * height * channels; i++)
        p->pixels[i] = (uint8_t)(i * 7 + i / 11);
}

static void test_crops_have_the_area_and_aspect_that_were_asked_for(void **state) {
    (void)state;
    lac_augment a = standard();
    double area = 0, log_ratio = 0, left = 0;
    const int n = 20000, w = 400, h = 300;
    for (int i = 0; i < n; i++) {
        int at[4];
        lac_augment_random_crop(&a, w, h, 1, 0, (uint64_t)i, 0, at);
        const double share = (double)at[2] * at[3] / (w * h), ratio = (double)at[2] / at[3];
        assert_true(at[0] >= 0 && at[1] >= 0 && at[2] >= 1 && at[3] >= 1 && at[0] + at[2] <= w && at[1] + at[3] <= h);
        assert_true(share > .2 - .01 && share <= 1);
        assert_true(ratio > .75 - .02 && ratio < 4. / 3 + .02);
        area += share;
        log_ratio += log(ratio);
        left += (double)at[0] / (w - at[2] + 1e-9 > 1 ? w - at[2] : 1);
    }
    /* a draw that does not fit is drawn again, so the mean area is below .6; torchvision 0.29 gives these
     * over 200,000 draws (tests/reference/random_resized_crop.py); ours have standard errors of .0014 and .0012 */
    assert_true(fabs(area / n - .4966) < .007);
    assert_true(fabs(log_ratio / n - .0372) < .006);
    assert_true(fabs(left / n - .5) < .02);
}

static void test_a_picture_too_long_for_the_ratio_gets_the_central_crop(void **state) {
    (void)state;
    lac_augment a = standard();
    a.scale[0] = a.scale[1] = 1;
    int at[4];
    lac_augment_random_crop(&a, 1000, 10, 1, 0, 0, 0, at); /* max ratio: 13 x 10, in the middle */
    assert_int_equal(at[2], 13);
    assert_int_equal(at[3], 10);
    assert_int_equal(at[0], 493);
    assert_int_equal(at[1], 0);
    lac_augment_random_crop(&a, 6, 900, 1, 0, 0, 0, at); /* min ratio: 6 x 8 */
    assert_int_equal(at[2], 6);
    assert_int_equal(at[3], 8);
    assert_int_equal(at[1], 446);
    lac_augment_random_crop(&a, 1, 1, 1, 0, 0, 0, at);
    assert_int_equal(at[2] * at[3], 1);
}

static void test_draws_depend_on_seed_epoch_sample_and_view(void **state) {
    (void)state;
    lac_augment a = standard();
    int base[4], at[4];
    lac_augment_random_crop(&a, 400, 300, 1, 2, 3, 0, base);
    lac_augment_random_crop(&a, 400, 300, 1, 2, 3, 0, at);
    assert_memory_equal(base, at, sizeof at);
    const uint64_t keys[][4] = {{9, 2, 3, 0}, {1, 9, 3, 0}, {1, 2, 9, 0}, {1, 2, 3, 1}};
    for (size_t i = 0; i < 4; i++) {
        lac_augment_random_crop(&a, 400, 300, keys[i][0], keys[i][1], keys[i][2], (uint32_t)keys[i][3], at);
        assert_memory_not_equal(base, at, sizeof at);
    }
}

static void test_a_crop_is_cut_out_before_it_is_resampled(void **state) {
    (void)state;
    lac_augment a = standard();
    lac_picture p = {0}, cut = {0}, out = {0};
    lac_augment_scratch scratch = {0};
    lac_resampler *r;
    float got[3 * 12 * 16];
    assert_int_equal(lac_resampler_new(&r, NULL), LAC_OK);
    for (uint64_t sample = 0; sample < 50; sample++) {
        int at[4];
        fill(&p, 50, 40, 3);
        lac_augment_random_crop(&a, 50, 40, 5, 1, sample, 0, at);
        assert_int_equal(lac_picture_reserve(&cut, at[2], at[3], 3, NULL), LAC_OK);
        for (int y = 0; y < at[3]; y++)
            memcpy(cut.pixels + 3 * y * at[2], p.pixels + 3 * ((at[1] + y) * 50 + at[0]), (size_t)(3 * at[2]));
        const double box[] = {0, 0, at[2], at[3]};
        assert_int_equal(lac_resample(r, &cut, box, LAC_FILTER_BICUBIC, 16, 12, &out, NULL), LAC_OK);
        assert_int_equal(lac_augment_apply(&a, &p, 5, 1, sample, 0, &scratch, got, NULL), LAC_OK);
        for (int c = 0; c < 3; c++)
            for (int i = 0; i < 12 * 16; i++) {
                const float want = ((float)out.pixels[3 * i + c] / 255.0f - a.mean[c]) / a.std[c];
                assert_true(got[c * 12 * 16 + i] == want);
            }
    }
    lac_picture_free(&p);
    lac_picture_free(&cut);
    lac_picture_free(&out);
    lac_resampler_free(r);
    lac_augment_scratch_free(&scratch);
}

static void test_flip_mirrors_each_row_half_of_the_time(void **state) {
    (void)state;
    lac_augment a = standard();
    a.crop = LAC_CROP_SQUASH;
    lac_picture p = {0};
    lac_augment_scratch scratch = {0};
    float plain[3 * 12 * 16], got[3 * 12 * 16];
    fill(&p, 16, 12, 3);
    assert_int_equal(lac_augment_apply(&a, &p, 0, 0, 0, 0, &scratch, plain, NULL), LAC_OK);
    a.flip = .5;
    int n = 0;
    for (uint64_t i = 0; i < 2000; i++) {
        assert_int_equal(lac_augment_apply(&a, &p, 0, 0, i, 0, &scratch, got, NULL), LAC_OK);
        const bool is_flipped = got[0] != plain[0];
        n += is_flipped;
        for (int y = 0; y < 3 * 12; y++)
            for (int x = 0; x < 16; x++)
                assert_true(got[16 * y + x] == plain[16 * y + (is_flipped ? 15 - x : x)]);
    }
    assert_in_range(n, 900, 1100); /* 4.5 standard deviations */
    lac_picture_free(&p);
    lac_augment_scratch_free(&scratch);
}

static void test_evaluation_leaves_a_picture_of_the_right_size_alone(void **state) {
    (void)state;
    lac_augment train = standard();
    train.flip = 1;
    const lac_augment a = lac_augment_for_eval(&train);
    lac_picture p = {0};
    lac_augment_scratch scratch = {0};
    float got[3 * 12 * 16];
    fill(&p, 16, 12, 3);
    assert_int_equal(lac_augment_apply(&a, &p, 0, 0, 0, 0, &scratch, got, NULL), LAC_OK);
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < 12 * 16; i++)
            assert_true(got[c * 12 * 16 + i] == ((float)p.pixels[3 * i + c] / 255.0f - a.mean[c]) / a.std[c]);
    assert_null(scratch.resampler ? scratch.resized.pixels : NULL);
    lac_picture_free(&p);
    lac_augment_scratch_free(&scratch);
}

static void test_evaluation_squashes_where_training_does(void **state) {
    (void)state;
    lac_augment train = standard();
    train.flip = 1;
    train.crop = LAC_CROP_RANDOM;
    assert_int_equal(lac_augment_for_eval(&train).crop, LAC_CROP_CENTRE);
    train.crop = LAC_CROP_SQUASH;
    const lac_augment a = lac_augment_for_eval(&train);
    train.flip = 0;
    lac_picture p = {0};
    lac_augment_scratch scratch = {0};
    float seen[3 * 12 * 16], squashed[3 * 12 * 16];
    fill(&p, 50, 12, 3);
    assert_int_equal(lac_augment_apply(&a, &p, 0, 0, 0, 0, &scratch, seen, NULL), LAC_OK);
    assert_int_equal(lac_augment_apply(&train, &p, 0, 0, 0, 0, &scratch, squashed, NULL), LAC_OK);
    assert_memory_equal(seen, squashed, sizeof seen);
    lac_picture_free(&p);
    lac_augment_scratch_free(&scratch);
}

/* Resize the short side to size / share, then cut the centre out, in two steps. */
static void test_centre_crop_equals_resize_then_cut(void **state) {
    (void)state;
    lac_augment a = standard();
    a.crop = LAC_CROP_CENTRE;
    a.width = a.height = 14; /* 14 / .875 = 16 */
    lac_picture p = {0}, whole = {0};
    lac_augment_scratch scratch = {0};
    lac_resampler *r;
    float got[3 * 14 * 14];
    assert_int_equal(lac_resampler_new(&r, NULL), LAC_OK);
    const int sizes[][4] = {{50, 40, 20, 16}, {31, 64, 16, 33}, {10, 9, 17, 16}, {16, 16, 16, 16}};
    for (size_t k = 0; k < 4; k++) {
        const int w = sizes[k][2], h = sizes[k][3];
        fill(&p, sizes[k][0], sizes[k][1], 3);
        const double box[] = {0, 0, p.width, p.height};
        assert_int_equal(lac_resample(r, &p, box, LAC_FILTER_BICUBIC, w, h, &whole, NULL), LAC_OK);
        assert_int_equal(lac_augment_apply(&a, &p, 0, 0, 0, 0, &scratch, got, NULL), LAC_OK);
        const int left = (int)rint((w - 14) / 2.), top = (int)rint((h - 14) / 2.);
        for (int c = 0; c < 3; c++)
            for (int i = 0; i < 14 * 14; i++) {
                const int at = 3 * ((top + i / 14) * w + left + i % 14) + c;
                const float level = got[c * 14 * 14 + i] * a.std[c] * 255 + a.mean[c] * 255;
                assert_true(fabs((double)level - whole.pixels[at]) < 1.01); /* the box may round one ulp apart */
            }
    }
    lac_picture_free(&p);
    lac_picture_free(&whole);
    lac_resampler_free(r);
    lac_augment_scratch_free(&scratch);
}

static void test_grey_and_colour_meet_the_channels_asked_for(void **state) {
    (void)state;
    lac_augment a = standard();
    a.crop = LAC_CROP_SQUASH;
    lac_picture p = {0};
    lac_augment_scratch scratch = {0};
    float got[3 * 12 * 16];
    fill(&p, 16, 12, 1);
    assert_int_equal(lac_augment_apply(&a, &p, 0, 0, 0, 0, &scratch, got, NULL), LAC_OK);
    for (int i = 0; i < 12 * 16; i++)
        for (int c = 0; c < 3; c++)
            assert_true(got[c * 12 * 16 + i] == ((float)p.pixels[i] / 255.0f - a.mean[c]) / a.std[c]);
    a.channels = 1;
    fill(&p, 16, 12, 3);
    const int grey = (p.pixels[0] * 19595 + p.pixels[1] * 38470 + p.pixels[2] * 7471 + 32768) >> 16;
    assert_int_equal(lac_augment_apply(&a, &p, 0, 0, 0, 0, &scratch, got, NULL), LAC_OK);
    assert_true(got[0] == ((float)grey / 255.0f - a.mean[0]) / a.std[0]);
    lac_picture_free(&p);
    lac_augment_scratch_free(&scratch);
}

/* No crop that reduced-scale decoding leaves may have to be enlarged where the full picture's would not. */
static void test_reduced_decoding_costs_no_resolution(void **state) {
    (void)state;
    lac_augment a = standard();
    a.width = a.height = 16;
    const int side = lac_augment_min_side(&a);
    for (uint64_t i = 0; i < 2000; i++) {
        int at[4];
        lac_augment_random_crop(&a, side, side, 3, 0, i, 0, at);
        assert_true(at[2] >= 16 && at[3] >= 16);
    }
    a.crop = LAC_CROP_CENTRE;
    assert_int_equal(lac_augment_min_side(&a), 19);
    a.crop = LAC_CROP_SQUASH;
    assert_int_equal(lac_augment_min_side(&a), 16);

    /* the same crop of the same file, decoded in full and at half the scale, looks the same */
    a = standard();
    lac_picture p = {0};
    lac_augment_scratch scratch = {0};
    float full[3 * 12 * 16], half[3 * 12 * 16];
    for (uint64_t sample = 0; sample < 20; sample++) {
        double sum = 0;
        assert_int_equal(lac_decode_file(&p, PICTURES "large.jpg", 0, NULL), LAC_OK);
        assert_int_equal(lac_augment_apply(&a, &p, 1, 0, sample, 0, &scratch, full, NULL), LAC_OK);
        assert_int_equal(lac_decode_file(&p, PICTURES "large.jpg", 80, NULL), LAC_OK);
        assert_int_equal(p.width, 120);
        assert_int_equal(lac_augment_apply(&a, &p, 1, 0, sample, 0, &scratch, half, NULL), LAC_OK);
        for (int i = 0; i < 3 * 12 * 16; i++)
            sum += fabs((double)full[i] - (double)half[i]);
        /* .2 is 13 levels, for crops that are rounded to even pixels; the wrong crop differs by about 1 */
        assert_true(sum / (3 * 12 * 16) < .2);
    }
    lac_picture_free(&p);
    lac_augment_scratch_free(&scratch);
}

/* Each view is a piece of one crop, cut out where its own draws say: any of the 4 x 4 places, all about as often. */
static void test_shifted_views_are_windows_of_one_crop(void **state) {
    (void)state;
    enum { SIDE = 8, SHIFT = 3, TRIES = 3200 };
    lac_augment a = {.width = SIDE, .height = SIDE, .channels = 1, .crop = LAC_CROP_SQUASH, .shift = SHIFT};
    a.is_shared = true;
    a.n_views = 2;
    for (int c = 0; c < 3; c++)
        a.std[c] = 1;
    lac_picture p = {0};
    lac_augment_scratch scratch = {0};
    float out[SIDE * SIDE];
    int seen[2][(SHIFT + 1) * (SHIFT + 1)] = {{0}}, n_apart = 0, last = 0;
    for (uint64_t sample = 0; sample < TRIES; sample++)
        for (uint32_t view = 0; view < 2; view++) {
            assert_int_equal(lac_picture_reserve(&p, SIDE + SHIFT, SIDE + SHIFT, 1, NULL), LAC_OK);
            p.full_width = p.full_height = SIDE + SHIFT;
            for (int i = 0; i < (SIDE + SHIFT) * (SIDE + SHIFT); i++)
                p.pixels[i] = (uint8_t)i;
            assert_int_equal(lac_augment_apply(&a, &p, 1, 0, sample, view, &scratch, out, NULL), LAC_OK);
            int first = (int)lrint((double)out[0] * 255), x = first % (SIDE + SHIFT), y = first / (SIDE + SHIFT);
            assert_in_range(x, 0, SHIFT);
            assert_in_range(y, 0, SHIFT);
            for (int i = 0; i < SIDE * SIDE; i++)
                assert_int_equal((int)lrint((double)out[i] * 255), (y + i / SIDE) * (SIDE + SHIFT) + x + i % SIDE);
            seen[view][y * (SHIFT + 1) + x]++;
            if (view == 1) n_apart += last != first;
            last = first;
        }
    for (int i = 0; i < 2 * (SHIFT + 1) * (SHIFT + 1); i++) /* 200 each, deviation 13.7 */
        assert_in_range(seen[i / 16][i % 16], 145, 255);
    assert_in_range(n_apart, TRIES * 9 / 10, TRIES * 97 / 100);
    lac_picture_free(&p);
    lac_augment_scratch_free(&scratch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crops_have_the_area_and_aspect_that_were_asked_for),
        cmocka_unit_test(test_a_picture_too_long_for_the_ratio_gets_the_central_crop),
        cmocka_unit_test(test_draws_depend_on_seed_epoch_sample_and_view),
        cmocka_unit_test(test_a_crop_is_cut_out_before_it_is_resampled),
        cmocka_unit_test(test_flip_mirrors_each_row_half_of_the_time),
        cmocka_unit_test(test_evaluation_leaves_a_picture_of_the_right_size_alone),
        cmocka_unit_test(test_evaluation_squashes_where_training_does),
        cmocka_unit_test(test_centre_crop_equals_resize_then_cut),
        cmocka_unit_test(test_grey_and_colour_meet_the_channels_asked_for),
        cmocka_unit_test(test_reduced_decoding_costs_no_resolution),
        cmocka_unit_test(test_shifted_views_are_windows_of_one_crop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
