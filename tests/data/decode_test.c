/* Decoding: every committed file against Pillow's pixels; bad files against one clear line each. */
#include "fixtures.h"

#include "data/decode.h"

static lac_picture picture;

static int decode_committed(const char *name, int min_side) {
    char path[512];
    lac_error err;
    snprintf(path, sizeof path, PICTURES "%s", name);
    if (lac_decode_file(&picture, path, min_side, &err) != LAC_OK) fail_msg("%s", err.text);
    strcat(path, ".npy");
    return difference(&picture, path);
}

static void test_files_decode_to_pillows_pixels(void **state) {
    (void)state;
    char **names;
    size_t n, n_checked = 0;
    assert_int_equal(lac_folder_list(PICTURES, &names, &n, NULL), LAC_OK);
    for (size_t i = 0; i < n; i++) {
        if (!lac_is_picture_name(names[i]) || strcmp(names[i], "large.jpg") == 0) continue;
        const int d = decode_committed(names[i], 0);
        /* lossy codecs of other versions may round differently (and CMYK rounds twice); all else is exact */
        const int allowed = strstr(names[i], ".jpg") ? 2 : strcmp(names[i], "lossy.webp") == 0 ? 1 : 0;
        if (d > allowed) fail_msg("%s differs from Pillow by %d levels, more than %d", names[i], d, allowed);
        n_checked++;
    }
    lac_names_free(names, n);
    assert_true(n_checked > 45);
}

static void test_reduced_scale_keeps_both_sides_large_enough(void **state) {
    (void)state;
    lac_error err;
    const struct {
        int min_side, width, height;
    } cases[] = {{0, 240, 160}, {160, 240, 160}, {81, 240, 160}, {80, 120, 80},
                 {40, 60, 40},  {20, 30, 20},    {1, 30, 20}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(lac_decode_file(&picture, PICTURES "large.jpg", cases[i].min_side, &err), LAC_OK);
        assert_int_equal(picture.width, cases[i].width);
        assert_int_equal(picture.height, cases[i].height);
        assert_int_equal(picture.full_width, 240);
        assert_int_equal(picture.full_height, 160);
    }
    assert_int_equal(lac_decode_file(&picture, PICTURES "large.jpg", 80, &err), LAC_OK);
    assert_true(difference(&picture, PICTURES "large-half.npy") <= 2);
}

static void test_grey_and_rgb_convert_as_in_pillow(void **state) {
    (void)state;
    decode_committed("rgb.png", 0);
    assert_int_equal(lac_picture_convert(&picture, 1, NULL), LAC_OK);
    assert_int_equal(difference(&picture, PICTURES "grey.png.npy"), 0);
    assert_int_equal(lac_picture_convert(&picture, 3, NULL), LAC_OK);
    for (int i = 0; i < picture.width * picture.height; i++) {
        assert_int_equal(picture.pixels[3 * i], picture.pixels[3 * i + 1]);
        assert_int_equal(picture.pixels[3 * i], picture.pixels[3 * i + 2]);
    }
    assert_int_equal(lac_picture_convert(&picture, 1, NULL), LAC_OK);
    assert_int_equal(difference(&picture, PICTURES "grey.png.npy"), 0);
}

static void expect(const uint8_t *data, size_t bytes, const char *text) {
    lac_error err = {0};
    const lac_status status = lac_decode(&picture, data, bytes, 0, &err);
    if (status != LAC_FAILURE) fail_msg("decoded, where \"%s\" was expected", text);
    if (!strstr(err.text, text)) fail_msg("expected \"%s\", found \"%s\"", text, err.text);
}

static void test_a_cut_file_is_an_error_wherever_it_is_cut(void **state) {
    (void)state;
    static const char *const names[] = {"rgb.jpg",       "cmyk.jpg",   "rgb-444-progressive.jpg",
                                        "rgb.png",       "rgba16.png", "lossy.webp",
                                        "lossless.webp", "rgb24.bmp",  "palette4.bmp"};
    static const char *const texts[] = {"JPEG", "JPEG", "JPEG", "PNG", "PNG", "WebP", "WebP", "BMP", "BMP"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[512];
        size_t bytes;
        snprintf(path, sizeof path, PICTURES "%s", names[i]);
        uint8_t *data = get_file(path, &bytes);
        for (size_t cut = 16; cut < bytes - 20; cut += 1 + bytes / 50) {
            lac_error err = {0};
            uint8_t *part = malloc(cut); /* of exactly that size, so that ASan sees a byte too far */
            memcpy(part, data, cut);
            if (lac_decode(&picture, part, cut, 0, &err) == LAC_OK) fail_msg("%s cut at %zu decodes", names[i], cut);
            if (!strstr(err.text, texts[i])) fail_msg("%s cut at %zu: %s", names[i], cut, err.text);
            free(part);
        }
        lac_free(data);
    }
    size_t bytes;
    uint8_t *jpeg = get_file(PICTURES "rgb.jpg", &bytes);
    expect(jpeg, bytes - 30, "truncated JPEG");
    lac_free(jpeg);
}

static void test_a_huge_claim_is_refused_before_memory_is_taken(void **state) {
    (void)state;
    size_t bytes;
    uint8_t *png = get_file(PICTURES "rgb.png", &bytes);
    static const uint8_t side[] = {0, 0, 0xea, 0x60}; /* 60000 */
    memcpy(png + 16, side, 4);
    memcpy(png + 20, side, 4);
    /* a right checksum, so that the size is what is wrong */
    uint32_t crc = 0xffffffff;
    for (int i = 12; i < 29; i++) {
        crc ^= png[i];
        for (int k = 0; k < 8; k++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    crc = ~crc;
    for (int i = 0; i < 4; i++)
        png[29 + i] = (uint8_t)(crc >> (24 - 8 * i));
    const uint64_t before = lac_memory_count();
    expect(png, bytes, "60000 x 60000 pixels, more than the 300 megapixels allowed");
    assert_int_equal(lac_memory_count(), before);
    lac_free(png);

    uint8_t *jpeg = get_file(PICTURES "rgb.jpg", &bytes);
    for (size_t i = 2; i + 9 < bytes; i++)
        if (jpeg[i] == 0xff && jpeg[i + 1] == 0xc0) { /* SOF0: length, precision, height, width */
            jpeg[i + 5] = jpeg[i + 7] = 0xea;
            jpeg[i + 6] = jpeg[i + 8] = 0x60;
            break;
        }
    expect(jpeg, bytes, "60000 x 60000 pixels, more than the 300 megapixels allowed");
    lac_free(jpeg);

    uint8_t *bmp = get_file(PICTURES "rgb24.bmp", &bytes);
    for (int i = 0; i < 2; i++) {
        bmp[18 + 4 * i] = 0x60;
        bmp[19 + 4 * i] = 0xea;
    }
    expect(bmp, bytes, "60000 x 60000 pixels, more than the 300 megapixels allowed");
    bmp[20] = 0x10;
    memset(bmp + 22, 0, 4);
    bmp[22] = 1;
    expect(bmp, bytes, "a side of more than the 1000000 pixels allowed");
    bmp[18] = bmp[19] = bmp[20] = 0;
    expect(bmp, bytes, "0 x 1 pixels");
    lac_free(bmp);

    uint8_t *tiff = get_file(PICTURES "turn-1.tif", &bytes);
    size_t at = (size_t)(tiff[4] | tiff[5] << 8) + 2;
    for (int i = 0; i < 2; i++, at += 12) { /* the first two tags: width, height */
        tiff[at + 8] = 0x60;
        tiff[at + 9] = 0xea;
    }
    expect(tiff, bytes, "60000 x 60000 pixels, more than the 300 megapixels allowed");
    lac_free(tiff);
}

static void test_bad_files_are_named_with_one_clear_line(void **state) {
    (void)state;
    lac_error err;
    char *folder = make_folder(), path[512];
    put_file(folder, "empty.jpg", "", 0);
    snprintf(path, sizeof path, "%s/empty.jpg", folder);
    assert_int_equal(lac_decode_file(&picture, path, 0, &err), LAC_FAILURE);
    assert_non_null(strstr(err.text, "empty.jpg: empty file"));
    put_picture(folder, "cut.jpg", "rgb.jpg", 900);
    snprintf(path, sizeof path, "%s/cut.jpg", folder);
    assert_int_equal(lac_decode_file(&picture, path, 0, &err), LAC_FAILURE);
    assert_non_null(strstr(err.text, "cut.jpg: truncated JPEG"));
    snprintf(path, sizeof path, "%s/none.jpg", folder);
    assert_int_equal(lac_decode_file(&picture, path, 0, &err), LAC_FAILURE);
    assert_non_null(strstr(err.text, "none.jpg: No such file"));
    drop_folder(folder);
    expect((const uint8_t *)"hello", 5, "not a JPEG, PNG, WebP, TIFF or BMP file");
    expect((const uint8_t *)"\xff\xd8\xff\xe0", 4, "JPEG");
    size_t bytes;
    uint8_t *bmp = get_file(PICTURES "palette8.bmp", &bytes);
    bmp[30] = 1;
    expect(bmp, bytes, "run-length coded BMP is not supported");
    lac_free(bmp);
}

static void test_an_extension_does_not_decide_the_format(void **state) {
    (void)state;
    char *folder = make_folder(), path[512];
    put_picture(folder, "really-a.png", "rgb.jpg", 0);
    snprintf(path, sizeof path, "%s/really-a.png", folder);
    assert_int_equal(lac_decode_file(&picture, path, 0, NULL), LAC_OK);
    assert_int_equal(picture.width, 37);
    drop_folder(folder);
    assert_true(lac_is_picture_name("A.JPEG"));
    assert_true(lac_is_picture_name("a.b.TiF"));
    assert_false(lac_is_picture_name(".png"));
    assert_false(lac_is_picture_name("a.gif"));
    assert_false(lac_is_picture_name("png"));
}

/* Change bytes of every committed file: any outcome but a crash, a leak or a read too far. */
static void test_damaged_files_do_no_harm(void **state) {
    (void)state;
    char **names;
    size_t n;
    uint64_t seed = 1;
    assert_int_equal(lac_folder_list(PICTURES, &names, &n, NULL), LAC_OK);
    for (size_t i = 0; i < n; i++) {
        char path[512];
        size_t bytes;
        if (!lac_is_picture_name(names[i]) || strcmp(names[i], "large.jpg") == 0) continue;
        snprintf(path, sizeof path, PICTURES "%s", names[i]);
        uint8_t *data = get_file(path, &bytes);
        for (int round = 0; round < 1000; round++) {
            uint8_t *copy = malloc(bytes);
            memcpy(copy, data, bytes);
            size_t length = bytes;
            for (int k = 0; k <= round % 4; k++) {
                seed = seed * 6364136223846793005u + 1442695040888963407u;
                const uint32_t r = (uint32_t)(seed >> 32);
                /* headers lie at the front, TIFF's at the end: half of the damage goes there */
                size_t at = r % bytes;
                if (r & 1 << 30)
                    at = strstr(names[i], ".tif") ? bytes - 1 - r % (bytes < 200 ? bytes : 200)
                                                  : r % (bytes < 64 ? bytes : 64);
                seed = seed * 6364136223846793005u + 1442695040888963407u;
                copy[at] = (uint8_t)(r & 1u << 31 ? seed >> 40 : copy[at] ^ 1u << (seed >> 61));
                if (round % 16 == 5) length = at + 1;
            }
            uint8_t *exact = malloc(length);
            memcpy(exact, copy, length);
            lac_error err;
            if (lac_decode(&picture, exact, length, round % 3 ? 0 : 8, &err) == LAC_OK) {
                unsigned sum = 0; /* every pixel is there */
                for (size_t k = 0;
                     k < (size_t)picture.width * (size_t)picture.height * (size_t)picture.channels && k < 1 << 16; k++)
                    sum += picture.pixels[k];
                assert_true(sum < 1u << 30);
            }
            if (picture.room > 1 << 24) lac_picture_free(&picture);
            free(exact);
            free(copy);
        }
        lac_free(data);
    }
    lac_names_free(names, n);
}

static int end(void **state) {
    (void)state;
    lac_picture_free(&picture);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_decode_to_pillows_pixels),
        cmocka_unit_test(test_reduced_scale_keeps_both_sides_large_enough),
        cmocka_unit_test(test_grey_and_rgb_convert_as_in_pillow),
        cmocka_unit_test(test_a_cut_file_is_an_error_wherever_it_is_cut),
        cmocka_unit_test(test_a_huge_claim_is_refused_before_memory_is_taken),
        cmocka_unit_test(test_bad_files_are_named_with_one_clear_line),
        cmocka_unit_test(test_an_extension_does_not_decide_the_format),
        cmocka_unit_test(test_damaged_files_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
