/* Sources: folders, IDX, CIFAR, Fashion-MNIST; and their refusals, one clear line each. */
#include "fixtures.h"

#include <math.h>
#include <zlib.h>

#include "data/loader.h"
#include "data/source.h"
#include "data/survey.h"

static char *folder;
static char text[2048];

static int setup(void **state) {
    (void)state;
    folder = make_folder();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    drop_folder(folder);
    return 0;
}

static const char *in_folder(const char *format, const char *name) {
    snprintf(text, sizeof text, format, folder, name, folder, name);
    return text;
}

static lac_source *open_source(const char *spec) {
    lac_source *s = NULL;
    lac_error err;
    if (lac_source_open(spec, &s, &err) != LAC_OK) fail_msg("%s", err.text);
    return s;
}

static void refused(const char *spec, lac_status status, const char *why) {
    lac_source *s = NULL;
    lac_error err = {0};
    const lac_status got = lac_source_open(spec, &s, &err);
    if (got != status || !strstr(err.text, why))
        fail_msg("%s: expected status %d, \"%s\", found %d, \"%s\"", spec, (int)status, why, (int)got, err.text);
    assert_null(s);
}

static void test_a_folder_is_sorted_and_labelled_by_its_first_level(void **state) {
    (void)state;
    put_picture(folder, "dog/b.PNG", "rgb.png", 0);
    put_picture(folder, "dog/deep/a.jpg", "rgb.jpg", 0);
    put_picture(folder, "cat/z.jpeg", "grey.jpg", 0);
    put_picture(folder, "cat-big/y.bmp", "rgb24.bmp", 0);
    put_picture(folder, "cat/.hidden.png", "rgb.png", 0);
    put_picture(folder, ".trash/a.png", "rgb.png", 0);
    put_file(folder, "notes.txt", "x", 1);
    lac_source *s = open_source(folder);
    const char *names[] = {"cat-big/y.bmp", "cat/z.jpeg", "dog/b.PNG", "dog/deep/a.jpg"};
    const int labels[] = {1, 0, 2, 2};
    assert_int_equal(lac_source_count(s), 4);
    for (int i = 0; i < 4; i++) {
        char room[512];
        assert_string_equal(lac_source_name(s, i, room, sizeof room), in_folder("%s/%s", names[i]));
        assert_int_equal(lac_source_label(s, i), labels[i]);
    }
    assert_int_equal(lac_source_classes(s), 3);
    assert_string_equal(lac_source_class_name(s, 0), "cat");
    assert_string_equal(lac_source_class_name(s, 1), "cat-big");
    assert_null(lac_source_test_spec(s));
    lac_picture p = {0};
    for (int i = 0; i < 4; i++)
        assert_int_equal(lac_source_read(s, i, 0, &p, NULL), LAC_OK);
    lac_picture_free(&p);
    lac_source_free(s);

    put_picture(folder, "loose.png", "rgb.png", 0); /* not every picture lies in a folder any more */
    s = open_source(folder);
    assert_int_equal(lac_source_classes(s), 0);
    assert_int_equal(lac_source_label(s, 0), -1);
    lac_source_free(s);
}

static void test_one_class_folder_is_no_label(void **state) {
    (void)state;
    put_picture(folder, "only/a.png", "rgb.png", 0);
    lac_source *s = open_source(folder);
    assert_int_equal(lac_source_classes(s), 0);
    lac_source_free(s);
}

static void test_links_are_followed_and_loops_are_not(void **state) {
    (void)state;
    put_picture(folder, "a/1.png", "rgb.png", 0);
    put_picture(folder, "a/b/2.png", "rgb.png", 0);
    assert_int_equal(symlink("..", in_folder("%s/a/%s", "up")), 0);
    assert_int_equal(symlink("1.png", in_folder("%s/a/%s", "link.png")), 0);
    assert_int_equal(symlink("nowhere", in_folder("%s/a/%s", "gone.png")), 0);
    lac_source *s = open_source(folder);
    assert_int_equal(lac_source_count(s), 4); /* a/1, a/b/2, a/gone, a/link */
    lac_error err;
    lac_picture p = {0};
    assert_int_equal(lac_source_read(s, 2, 0, &p, &err), LAC_FAILURE);
    assert_non_null(strstr(err.text, "a/gone.png: No such file"));
    assert_int_equal(lac_source_read(s, 3, 0, &p, &err), LAC_OK);
    lac_picture_free(&p);
    lac_source_free(s);
}

static void test_train_and_test_folders_are_splits(void **state) {
    (void)state;
    put_picture(folder, "train/a/1.png", "rgb.png", 0);
    put_picture(folder, "train/b/2.png", "rgb.png", 0);
    put_picture(folder, "val/a/3.png", "rgb.png", 0);
    char want[256];
    snprintf(want, sizeof want, "%s/val", folder);
    const char *specs[] = {"%s", "%s/", "%s/train", "%s/train/"};
    uint64_t print = 0;
    for (int i = 0; i < 4; i++) {
        char spec[256];
        snprintf(spec, sizeof spec, specs[i], folder);
        lac_source *s = open_source(spec);
        assert_int_equal(lac_source_count(s), 2);
        assert_int_equal(lac_source_classes(s), 2);
        char *test = lac_source_test_spec(s);
        assert_string_equal(test, want);
        lac_free(test);
        if (i) assert_true(print == lac_source_fingerprint(s));
        print = lac_source_fingerprint(s);
        lac_source_free(s);
    }
}

static void test_a_fingerprint_tells_contents_and_not_places(void **state) {
    (void)state;
    put_picture(folder, "x/a/1.png", "rgb.png", 0);
    put_picture(folder, "y/a/1.png", "rgb.png", 0);
    put_picture(folder, "z/a/2.png", "rgb.png", 0);
    put_picture(folder, "w/a/1.png", "grey.png", 0);
    uint64_t print[4];
    const char *names[] = {"x", "y", "z", "w"};
    for (int i = 0; i < 4; i++) {
        lac_source *s = open_source(in_folder("%s/%s", names[i]));
        print[i] = lac_source_fingerprint(s);
        lac_source_free(s);
    }
    assert_true(print[0] == print[1]);
    assert_true(print[0] != print[2]);
    assert_true(print[0] != print[3]);
}

static void test_bad_folders_are_refused(void **state) {
    (void)state;
    refused("", LAC_USAGE, "empty name");
    refused("/nowhere/at/all", LAC_FAILURE, "/nowhere/at/all: No such file or directory");
    refused(folder, LAC_FAILURE, "no pictures found");
    put_file(folder, "a.txt", "x", 1);
    refused(folder, LAC_FAILURE, "no pictures found");
    refused("fashion-mnist:tset", LAC_USAGE, "expected fashion-mnist");
    refused("idx:", LAC_USAGE, "expected idx:IMAGES");
}

static void test_one_picture_file_is_a_source(void **state) {
    (void)state;
    lac_source *s = open_source(PICTURES "rgb.png");
    char room[512];
    assert_int_equal(lac_source_count(s), 1);
    assert_string_equal(lac_source_name(s, 0, room, sizeof room), PICTURES "rgb.png");
    lac_source_free(s);
}

/* IDX of n pictures of 3 x 2 pixels, or n labels */
static size_t idx(uint8_t *out, int rank, int n) {
    const uint8_t head[] = {0, 0, 8, (uint8_t)rank, 0, 0, 0, (uint8_t)n, 0, 0, 0, 2, 0, 0, 0, 3};
    const size_t bytes = rank == 1 ? 8 : 16, values = (size_t)n * (rank == 1 ? 1 : 6);
    memcpy(out, head, bytes);
    for (size_t i = 0; i < values; i++)
        out[bytes + i] = (uint8_t)(rank == 1 ? i % 3 : 3 * i);
    return bytes + values;
}

static void put_gz(const char *name, const uint8_t *data, size_t bytes) {
    gzFile f = gzopen(in_folder("%s/%s", name), "wb");
    assert_int_equal(gzwrite(f, data, (unsigned)bytes), bytes);
    gzclose(f);
}

static void test_idx_reads_plain_and_gzipped_alike(void **state) {
    (void)state;
    uint8_t data[256];
    size_t bytes = idx(data, 3, 5);
    put_file(folder, "train-images", data, bytes);
    put_gz("train-images.gz", data, bytes);
    put_file(folder, "t10k-images", data, idx(data, 3, 2));
    bytes = idx(data, 1, 5);
    put_file(folder, "train-labels", data, bytes);
    put_file(folder, "t10k-labels", data, idx(data, 1, 2));
    uint64_t print[2];
    const char *specs[] = {"idx:%s/train-images%s,%s/train-labels", "idx:%s/train-images.gz%s,%s/train-labels"};
    for (int i = 0; i < 2; i++) {
        lac_source *s = open_source(in_folder(specs[i], ""));
        assert_int_equal(lac_source_count(s), 5);
        assert_int_equal(lac_source_classes(s), 3);
        assert_int_equal(lac_source_label(s, 4), 1);
        assert_string_equal(lac_source_class_name(s, 2), "2");
        lac_picture p = {0};
        assert_int_equal(lac_source_read(s, 4, 0, &p, NULL), LAC_OK);
        assert_int_equal(p.width, 3);
        assert_int_equal(p.height, 2);
        for (int k = 0; k < 6; k++)
            assert_int_equal(p.pixels[k], 3 * (24 + k));
        print[i] = lac_source_fingerprint(s);
        lac_picture_free(&p);
        char *test = lac_source_test_spec(s);
        if (i == 0) {
            char want[256];
            snprintf(want, sizeof want, "idx:%s/t10k-images,%s/t10k-labels", folder, folder);
            assert_string_equal(test, want);
        } else {
            assert_null(test); /* there is no t10k-images.gz */
        }
        lac_free(test);
        lac_source_free(s);
    }
    assert_true(print[0] == print[1]);
    lac_source *s = open_source(in_folder("idx:%s/train-images%s,%s/train-labels:test", ""));
    assert_int_equal(lac_source_count(s), 2);
    lac_source_free(s);
}

static void test_bad_idx_files_are_refused(void **state) {
    (void)state;
    uint8_t data[256];
    const size_t bytes = idx(data, 3, 5);
    put_file(folder, "short", data, bytes - 1);
    put_file(folder, "long", data, bytes + 1);
    put_file(folder, "head", data, 9);
    put_file(folder, "empty", data, 0);
    put_file(folder, "good", data, bytes);
    put_gz("whole.gz", data, bytes);
    size_t n;
    uint8_t *gz = get_file(in_folder("%s/%s", "whole.gz"), &n);
    put_file(folder, "cut.gz", gz, n - 12);
    lac_free(gz);
    data[4] = 0xff;
    put_file(folder, "huge", data, bytes);
    data[4] = 0;
    data[7] = 0;
    put_file(folder, "none", data, bytes);
    data[2] = 13;
    put_file(folder, "floats", data, bytes);
    put_file(folder, "labels", data, idx(data, 1, 4));
    refused(in_folder("idx:%s/%s", "short"), LAC_FAILURE, "short: truncated IDX: expected 30 bytes of data, found 29");
    refused(in_folder("idx:%s/%s", "long"), LAC_FAILURE, "more data than the 30 bytes");
    refused(in_folder("idx:%s/%s", "head"), LAC_FAILURE, "truncated IDX header");
    refused(in_folder("idx:%s/%s", "empty"), LAC_FAILURE, "not an IDX file");
    refused(in_folder("idx:%s/%s", "cut.gz"), LAC_FAILURE, "cut.gz: ");
    refused(in_folder("idx:%s/%s", "huge"), LAC_FAILURE, "truncated IDX: expected 25669140510 bytes");
    refused(in_folder("idx:%s/%s", "none"), LAC_FAILURE, "IDX size 0 is 0");
    refused(in_folder("idx:%s/%s", "floats"), LAC_FAILURE, "expected IDX pictures");
    refused(in_folder("idx:%s/%s", "missing"), LAC_FAILURE, "missing: No such file");
    refused(in_folder("idx:%s/%s", "labels"), LAC_FAILURE, "expected IDX pictures");
    refused(in_folder("idx:%s/good,%2$s%1$s/labels", ""), LAC_FAILURE, "4 labels for 5 pictures");
    refused(in_folder("idx:%s/%s:test", "good"), LAC_USAGE, "no test split");
}

static void test_fashion_mnist_is_looked_for_in_its_places(void **state) {
    (void)state;
    uint8_t data[256];
    setenv("LACUNA_DATA_DIR", folder, 1);
    put_file(folder, "fashion-mnist/train-images-idx3-ubyte", data, idx(data, 3, 5));
    put_file(folder, "fashion-mnist/train-labels-idx1-ubyte", data, idx(data, 1, 5));
    lac_source *s = open_source("fashion-mnist");
    assert_int_equal(lac_source_count(s), 5);
    char *test = lac_source_test_spec(s);
    assert_string_equal(test, "fashion-mnist:test");
    lac_free(test);
    lac_source_free(s);
    unsetenv("LACUNA_DATA_DIR");
    if (!lac_folder_exists("/usr/share/datasets/fashion-mnist")) {
        refused("fashion-mnist", LAC_FAILURE, "apt-get install dataset-fashion-mnist");
        return;
    }
    s = open_source("fashion-mnist:train");
    assert_int_equal(lac_source_count(s), 60000);
    assert_int_equal(lac_source_classes(s), 10);
    assert_string_equal(lac_source_class_name(s, 9), "Ankle boot");
    float mean[3], std[3];
    assert_int_equal(lac_source_statistics(s, 1, 0, mean, std, NULL), LAC_OK);
    assert_true(fabs(mean[0] - .2860) < 1e-4 && fabs(std[0] - .3530) < 1e-4); /* as known from torchvision's users */
    lac_source_free(s);
}

static void test_cifar_planes_become_pixels(void **state) {
    (void)state;
    static uint8_t records[2][2 + 3072];
    for (int i = 0; i < 2; i++) {
        records[i][0] = 5;
        records[i][1] = (uint8_t)(40 + i);
        for (int k = 0; k < 3072; k++)
            records[i][2 + k] = (uint8_t)(k / 1024 * 80 + k % 1024 % 71);
    }
    put_file(folder, "train.bin", records, sizeof records);
    put_file(folder, "test.bin", records, sizeof records / 2);
    put_file(folder, "fine_label_names.txt", "apple\r\nbee\n", 11);
    lac_source *s = open_source(in_folder("cifar100:%s%s", ""));
    assert_int_equal(lac_source_count(s), 2);
    assert_int_equal(lac_source_classes(s), 100);
    assert_string_equal(lac_source_class_name(s, 1), "bee");
    assert_string_equal(lac_source_class_name(s, 99), "99");
    assert_int_equal(lac_source_label(s, 1), 41);
    lac_picture p = {0};
    assert_int_equal(lac_source_read(s, 1, 0, &p, NULL), LAC_OK);
    for (int k = 0; k < 1024; k++)
        for (int c = 0; c < 3; c++)
            assert_int_equal(p.pixels[3 * k + c], c * 80 + k % 71);
    lac_picture_free(&p);
    char *test = lac_source_test_spec(s);
    lac_source_free(s);
    s = open_source(test);
    assert_int_equal(lac_source_count(s), 1);
    lac_free(test);
    lac_source_free(s);
    refused(in_folder("cifar10:%s%s", ""), LAC_FAILURE, "data_batch_1.bin");
    for (char i = '1'; i <= '5'; i++) {
        char name[] = "data_batch_1.bin";
        name[11] = i;
        put_file(folder, name, (uint8_t *)records + 1, 3073);
    }
    refused(in_folder("cifar10:%s%s", ""), LAC_FAILURE, "label 40 of 10 classes");
    put_file(folder, "data_batch_3.bin", records, 3000);
    refused(in_folder("cifar10:%s%s", ""), LAC_FAILURE, "3000 bytes are not a whole number of pictures");
}

static void test_statistics_count_every_picture_alike(void **state) {
    (void)state;
    put_picture(folder, "a.png", "rgb.png", 0);
    put_picture(folder, "b.png", "rgb.png", 500); /* broken: left out */
    put_picture(folder, "c.bmp", "top-down.bmp", 0);
    lac_source *s = open_source(folder);
    float mean[3], std[3], one_mean[3], one_std[3];
    assert_int_equal(lac_source_statistics(s, 3, 0, mean, std, NULL), LAC_OK);
    lac_source_free(s);
    lac_picture p = {0};
    s = open_source(PICTURES "rgb.png");
    assert_int_equal(lac_source_statistics(s, 3, 0, one_mean, one_std, NULL), LAC_OK);
    assert_int_equal(lac_source_read(s, 0, 0, &p, NULL), LAC_OK);
    const int n = p.width * p.height;
    for (int c = 0; c < 3; c++) {
        double m = 0, v = 0;
        for (int i = 0; i < n; i++)
            m += p.pixels[3 * i + c] / 255. / n;
        for (int i = 0; i < n; i++)
            v += (p.pixels[3 * i + c] / 255. - m) * (p.pixels[3 * i + c] / 255. - m) / n;
        assert_true(fabs(one_mean[c] - m) < 1e-6 && fabs(one_std[c] - sqrt(v)) < 1e-6);
        assert_true(fabsf(mean[c] - one_mean[c]) < 1e-6f && fabsf(std[c] - one_std[c]) < 1e-6f);
    }
    lac_picture_free(&p);
    lac_source_free(s);
}

static void test_a_survey_counts_and_names_what_is_there(void **state) {
    (void)state;
    put_picture(folder, "a.png", "rgb.png", 0);
    put_picture(folder, "b.png", "grey.png", 0);
    put_picture(folder, "c.jpg", "large.jpg", 0);
    put_picture(folder, "d.jpg", "large.jpg", 3000);
    lac_source *s = open_source(folder);
    lac_survey v;
    assert_int_equal(lac_survey_take(s, 0, &v, NULL), LAC_OK);
    assert_int_equal(v.n_looked, 4);
    assert_int_equal(v.n_rgb, 2);
    assert_int_equal(v.n_grey, 1);
    assert_int_equal(v.n_broken, 1);
    assert_non_null(strstr(v.broken[0], "d.jpg: truncated JPEG"));
    assert_int_equal(v.min_width, 37);
    assert_int_equal(v.max_width, 240); /* of the file, not of the decoding at reduced scale */
    assert_int_equal(v.median_height, 29);
    assert_int_equal(v.n_of_size, 2);
    lac_survey_free(&v);
    assert_int_equal(lac_sheet_draw(s, in_folder("%s/%s", "sheet.png"), NULL), LAC_OK);
    lac_source_free(s);
    s = open_source(in_folder("%s/%s", "sheet.png"));
    lac_picture p = {0};
    assert_int_equal(lac_source_read(s, 0, 0, &p, NULL), LAC_OK);
    assert_int_equal(p.width, 4 + 2 * 100);
    assert_int_equal(p.height, 4 + 2 * 100);
    const uint8_t *d = p.pixels + 3 * (150 * p.width + 150); /* the broken one's cell is red */
    assert_true(d[0] > 150 && d[1] < 100);
    lac_picture_free(&p);
    lac_source_free(s);
}

/* Each of the first allocations of opening a source fails once: a clean error, or nothing to notice. */
static void test_every_failed_allocation_while_opening_is_a_clean_error(void **state) {
    (void)state;
    uint8_t data[256];
    put_picture(folder, "p/train/a/1.png", "rgb.png", 0);
    put_picture(folder, "p/train/b/2.png", "rgb.png", 0);
    put_picture(folder, "p/test/b/2.png", "rgb.png", 0);
    put_file(folder, "train-images", data, idx(data, 3, 5));
    put_file(folder, "train-labels", data, idx(data, 1, 5));
    char specs[2][512];
    snprintf(specs[0], sizeof specs[0], "%s/p", folder);
    snprintf(specs[1], sizeof specs[1], "idx:%s/train-images,%s/train-labels", folder, folder);
    for (int k = 0; k < 2; k++) {
        int n_failed = 0;
        bool is_open = false;
        for (uint64_t n = 1; !is_open && n < 500; n++) {
            lac_source *s = NULL;
            lac_error err = {0};
            lac_memory_fail_at(n);
            is_open = lac_source_open(specs[k], &s, &err) == LAC_OK;
            lac_memory_fail_at(0);
            if (!is_open && !strstr(err.text, "memory")) fail_msg("allocation %d: %s", (int)n, err.text);
            n_failed += !is_open;
            lac_source_free(s);
        }
        assert_true(is_open);
        assert_true(n_failed > 8);
    }
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_a_folder_is_sorted_and_labelled_by_its_first_level),
        T(test_one_class_folder_is_no_label),
        T(test_links_are_followed_and_loops_are_not),
        T(test_train_and_test_folders_are_splits),
        T(test_a_fingerprint_tells_contents_and_not_places),
        T(test_bad_folders_are_refused),
        T(test_one_picture_file_is_a_source),
        T(test_idx_reads_plain_and_gzipped_alike),
        T(test_bad_idx_files_are_refused),
        T(test_fashion_mnist_is_looked_for_in_its_places),
        T(test_cifar_planes_become_pixels),
        T(test_statistics_count_every_picture_alike),
        T(test_a_survey_counts_and_names_what_is_there),
        T(test_every_failed_allocation_while_opening_is_a_clean_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
