/* Resampling against Pillow's own results (tests/reference/resample.py). */
#include "fixtures.h"

#include "data/resample.h"
#include "data/resample_view.h"

#define RESAMPLE LACUNA_TESTS "/data/resample/"

static void load(const char *name, lac_picture *p) {
    char path[512];
    lac_npy a;
    snprintf(path, sizeof path, RESAMPLE "%s.npy", name);
    assert_int_equal(lac_npy_read(path, &a, NULL), LAC_OK);
    assert_int_equal(lac_picture_reserve(p, (int)a.dim[1], (int)a.dim[0], a.rank == 3 ? 3 : 1, NULL), LAC_OK);
    memcpy(p->pixels, a.data, (size_t)p->width * (size_t)p->height * (size_t)p->channels);
    lac_free(a.data);
}

static void test_resampling_equals_pillow(void **state) {
    (void)state;
    FILE *f = fopen(RESAMPLE "cases.txt", "r");
    assert_non_null(f);
    char name[64], input[64], filter[64];
    int width, height, n = 0;
    double box[4];
    lac_resampler *r;
    lac_picture in = {0}, out = {0};
    assert_int_equal(lac_resampler_new(&r, NULL), LAC_OK);
    while (fscanf(f, "%63s %63s %63s %d %d %lf %lf %lf %lf", name, input, filter, &width, &height, box, box + 1,
                  box + 2, box + 3) == 9) {
        char path[512];
        load(input, &in);
        const lac_filter which = strcmp(filter, "bicubic") == 0 ? LAC_FILTER_BICUBIC : LAC_FILTER_BILINEAR;
        assert_int_equal(lac_resample(r, &in, box, which, width, height, &out, NULL), LAC_OK);
        snprintf(path, sizeof path, RESAMPLE "%s.npy", name);
        const int d = difference(&out, path);
        if (d > 0) fail_msg("%s differs from Pillow by %d levels", name, d); /* 1 is allowed; equal is what it is */
        n++;
    }
    fclose(f);
    assert_int_equal(n, 44);
    lac_picture_free(&in);
    lac_picture_free(&out);
    lac_resampler_free(r);
}

static void test_a_view_reads_nothing_outside_itself(void **state) {
    (void)state;
    lac_picture in = {0}, cut = {0}, a = {0}, b = {0};
    lac_resampler *r;
    assert_int_equal(lac_resampler_new(&r, NULL), LAC_OK);
    load("in-rgb", &in);
    const int x = 13, y = 9, w = 31, h = 27;
    assert_int_equal(lac_picture_reserve(&cut, w, h, 3, NULL), LAC_OK);
    for (int i = 0; i < h; i++)
        memcpy(cut.pixels + 3 * w * i, in.pixels + 3 * ((y + i) * in.width + x), (size_t)(3 * w));
    const double box[] = {0, 0, w, h};
    const lac_view view = {in.pixels + 3 * (y * in.width + x), (size_t)in.width * 3, w, h, 3};
    for (int size = 7; size < 60; size += 13) {
        assert_int_equal(lac_resample_view(r, &view, box, LAC_FILTER_BICUBIC, size, size + 3, &a, NULL), LAC_OK);
        assert_int_equal(lac_resample(r, &cut, box, LAC_FILTER_BICUBIC, size, size + 3, &b, NULL), LAC_OK);
        assert_memory_equal(a.pixels, b.pixels, (size_t)(3 * size * (size + 3)));
    }
    lac_picture_free(&in);
    lac_picture_free(&cut);
    lac_picture_free(&a);
    lac_picture_free(&b);
    lac_resampler_free(r);
}

static void test_a_box_outside_the_picture_is_refused(void **state) {
    (void)state;
    lac_picture in = {0}, out = {0};
    lac_resampler *r;
    lac_error err;
    assert_int_equal(lac_resampler_new(&r, NULL), LAC_OK);
    assert_int_equal(lac_picture_reserve(&in, 4, 4, 1, NULL), LAC_OK);
    memset(in.pixels, 9, 16);
    const double boxes[][4] = {{-1, 0, 4, 4}, {0, 0, 5, 4}, {2, 0, 2, 4}, {0, 3, 4, 1}};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(lac_resample(r, &in, boxes[i], LAC_FILTER_BILINEAR, 2, 2, &out, &err), LAC_USAGE);
    const double box[] = {0, 0, 4, 4};
    assert_int_equal(lac_resample(r, &in, box, LAC_FILTER_BILINEAR, 0, 2, &out, &err), LAC_USAGE);
    assert_int_equal(lac_resample(r, &in, box, LAC_FILTER_BILINEAR, 300, 2, &out, &err), LAC_OK);
    for (int i = 0; i < 600; i++)
        assert_int_equal(out.pixels[i], 9);
    lac_picture_free(&in);
    lac_picture_free(&out);
    lac_resampler_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resampling_equals_pillow),
        cmocka_unit_test(test_a_view_reads_nothing_outside_itself),
        cmocka_unit_test(test_a_box_outside_the_picture_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
