/* tests/io/png_test.c - written pictures decode to the same pixels, with libspng's decoder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <spng.h>

#include "io/damage.h"
#include "io/png.h"

static lac_error err;

static void decode(const char *path, int width, int height, int channels, const uint8_t *expected) {
    char *data;
    size_t bytes, size;
    struct spng_ihdr header;
    assert_int_equal(lac_file_read(path, 1 << 24, &data, &bytes, &err), LAC_OK);
    spng_ctx *png = spng_ctx_new(0);
    assert_int_equal(spng_set_png_buffer(png, data, bytes), 0);
    assert_int_equal(spng_get_ihdr(png, &header), 0);
    assert_int_equal(header.width, width);
    assert_int_equal(header.height, height);
    assert_int_equal(header.bit_depth, 8);
    assert_int_equal(header.color_type, channels == 1 ? 0 : 2);
    assert_int_equal(spng_decoded_image_size(png, SPNG_FMT_PNG, &size), 0);
    assert_int_equal(size, width * height * channels);
    uint8_t *pixels = lac_alloc(size);
    assert_int_equal(spng_decode_image(png, pixels, size, SPNG_FMT_PNG, 0), 0);
    assert_memory_equal(pixels, expected, size);
    lac_free(pixels);
    spng_ctx_free(png);
    lac_free(data);
}

static void test_pixels_survive(void **state) {
    (void)state;
    static const int sizes[][3] = {{1, 1, 1}, {1, 1, 3}, {17, 5, 3}, {224, 224, 3}, {301, 2, 1}, {1, 999, 3}};
    static uint8_t pixels[224 * 224 * 3];
    lac_random r = lac_random_at(1, LAC_RANDOM_TEST, 0, 0, 0);
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(lac_random_u32(&r) >> (i % 5 ? 24 : 29));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const char *path = scratch("picture.png");
        if (lac_png_write(path, sizes[i][0], sizes[i][1], sizes[i][2], pixels, &err) != LAC_OK)
            fail_msg("%s", err.text);
        decode(path, sizes[i][0], sizes[i][1], sizes[i][2], pixels);
    }
}

static void test_impossible_pictures_are_refused(void **state) {
    (void)state;
    const uint8_t pixel[4] = {0};
    const char *path = scratch("no.png");
    assert_int_equal(lac_png_write(path, 0, 1, 1, pixel, &err), LAC_USAGE);
    assert_int_equal(lac_png_write(path, 1, -1, 1, pixel, &err), LAC_USAGE);
    assert_int_equal(lac_png_write(path, 1, 1, 4, pixel, &err), LAC_USAGE);
    assert_says(err, "no.png: expected 1 or 3 channels, found 4");
    assert_int_equal(lac_png_write(scratch("none/no.png"), 1, 1, 1, pixel, &err), LAC_FAILURE);
    assert_says(err, "none/no.png: cannot write: no such file");
    assert_false(lac_file_exists(path));
}

static lac_status write_one(lac_error *error) {
    static const uint8_t pixels[64 * 64 * 3];
    return lac_png_write(scratch("some.png"), 64, 64, 3, pixels, error);
}

static void test_every_failed_allocation_is_reported(void **state) {
    (void)state;
    fail_every_allocation(write_one);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pixels_survive),
        cmocka_unit_test(test_impossible_pictures_are_refused),
        cmocka_unit_test(test_every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
