/* The loader: the same pictures whatever the threads, the place of resumption and the broken files. */
#include "fixtures.h"

#include <math.h>

#include "data/loader.h"

static char *folder;

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

static lac_augment standard(int size) {
    return (lac_augment){.width = size,
                         .height = size,
                         .channels = 3,
                         .crop = LAC_CROP_RANDOM,
                         .scale = {.2, 1},
                         .ratio = {.75, 4. / 3},
                         .crop_share = .875,
                         .filter = LAC_FILTER_BICUBIC,
                         .flip = .5,
                         .mean = {.5f, .5f, .5f},
                         .std = {.25f, .25f, .25f}};
}

/* n pictures named by number; some are of other sizes and formats, and turned */
static void put_pictures(int n) {
    static const char *const kinds[] = {"rgb.jpg",  "grey.png",  "large.jpg",  "exif-6.jpg",
                                        "cmyk.jpg", "rgb16.tif", "lossy.webp", "palette8.bmp"};
    for (int i = 0; i < n; i++) {
        char name[64];
        snprintf(name, sizeof name, "%02d%s", i, strrchr(kinds[i % 8], '.'));
        put_picture(folder, name, kinds[i % 8], 0);
    }
}

static lac_source *open_source(const char *spec) {
    lac_source *s = NULL;
    lac_error err;
    if (lac_source_open(spec, &s, &err) != LAC_OK) fail_msg("%s", err.text);
    return s;
}

/* IDX of n pictures of side x side, each filled with its number */
static void put_idx(int n, int side) {
    const size_t bytes = 16 + (size_t)(n * side * side);
    uint8_t *d = calloc(bytes, 1);
    const uint8_t head[] = {
        0, 0, 8, 3, 0, 0, (uint8_t)(n >> 8), (uint8_t)n, 0, 0, 0, (uint8_t)side, 0, 0, 0, (uint8_t)side};
    memcpy(d, head, sizeof head);
    for (int i = 0; i < n * side * side; i++)
        d[16 + i] = (uint8_t)(i / (side * side));
    put_file(folder, "images", d, bytes);
    free(d);
}

static lac_source *open_idx(void) {
    char spec[256];
    snprintf(spec, sizeof spec, "idx:%s/images", folder);
    return open_source(spec);
}

static lac_loader *open_loader(const lac_source *s, const lac_augment *a, const lac_loader_options *o) {
    lac_loader *l = NULL;
    lac_error err;
    if (lac_loader_new(s, a, o, &l, &err) != LAC_OK) fail_msg("%s", err.text);
    return l;
}

static const lac_batch *next(lac_loader *l) {
    const lac_batch *b = NULL;
    lac_error err;
    if (lac_loader_next(l, &b, &err) != LAC_OK) fail_msg("%s", err.text);
    return b;
}

typedef struct record {
    int64_t sample, epoch, serial;
    float *picture;
} record;

/* The pictures from serial `first` on, n of them, in batches of `batch` */
static record *collect(const lac_source *s, const lac_augment *a, lac_loader_options o, int n) {
    record *all = calloc((size_t)n, sizeof *all);
    const size_t values = (size_t)(a->channels * a->width * a->height);
    lac_loader *l = open_loader(s, a, &o);
    for (int i = 0; i < n;) {
        const lac_batch *b = next(l);
        assert_int_equal(b->n, o.batch);
        assert_true((uintptr_t)b->pictures % 64 == 0);
        for (int64_t k = 0; k < b->n && i < n; k++, i++) {
            all[i] = (record){b->sample[k], b->epoch[k], b->serial[k], malloc(values * sizeof(float))};
            memcpy(all[i].picture, b->pictures + (size_t)k * values, values * sizeof(float));
        }
    }
    lac_loader_free(l);
    return all;
}

static void drop(record *all, int n) {
    for (int i = 0; i < n; i++)
        free(all[i].picture);
    free(all);
}

static void same(const record *a, const record *b, int n, const lac_augment *how) {
    for (int i = 0; i < n; i++) {
        if (a[i].sample != b[i].sample || a[i].epoch != b[i].epoch || a[i].serial != b[i].serial)
            fail_msg("place %d: sample %d of epoch %d, and sample %d of epoch %d", i, (int)a[i].sample, (int)a[i].epoch,
                     (int)b[i].sample, (int)b[i].epoch);
        assert_memory_equal(a[i].picture, b[i].picture,
                            sizeof(float) * (size_t)(how->channels * how->width * how->height));
    }
}

static void test_each_epoch_shows_every_picture_once_in_another_order(void **state) {
    (void)state;
    put_idx(37, 8);
    lac_source *s = open_idx();
    const lac_augment a = standard(8);
    record *all = collect(s, &a, (lac_loader_options){.batch = 10, .seed = 3, .n_threads = 3}, 111);
    int n_same = 0;
    for (int e = 0; e < 3; e++) {
        int seen[37] = {0};
        for (int i = 0; i < 37; i++) {
            const record *r = &all[37 * e + i];
            assert_int_equal(r->serial, 37 * e + i);
            assert_int_equal(r->epoch, e);
            seen[r->sample]++;
            n_same += e > 0 && r->sample == all[i].sample;
            /* a picture of one value stays that value under any crop */
            assert_true(fabs(r->picture[0] - ((double)r->sample / 255 - .5) / .25) < 1e-5);
        }
        for (int i = 0; i < 37; i++)
            assert_int_equal(seen[i], 1);
    }
    assert_true(n_same < 12);
    drop(all, 111);
    lac_source_free(s);
}

static void test_pictures_do_not_depend_on_threads_or_batches_ahead(void **state) {
    (void)state;
    put_pictures(19);
    put_picture(folder, "05.tif", "rgb16.tif", 60); /* broken */
    put_picture(folder, "11.jpg", "rgb.jpg", 700);
    lac_source *s = open_source(folder);
    const lac_augment a = standard(16);
    const int n = 19 * 5;
    record *want = collect(s, &a, (lac_loader_options){.batch = 6, .seed = 8, .n_threads = 1, .n_ahead = 1}, n);
    for (int threads = 2; threads <= 8; threads += 3)
        for (int ahead = 0; ahead <= 9; ahead += 3) {
            record *got =
                collect(s, &a, (lac_loader_options){.batch = 6, .seed = 8, .n_threads = threads, .n_ahead = ahead}, n);
            same(want, got, n, &a);
            drop(got, n);
        }
    drop(want, n);
    lac_source_free(s);
}

static void test_resuming_anywhere_goes_on_with_the_same_pictures(void **state) {
    (void)state;
    put_pictures(7);
    put_picture(folder, "02.jpg", "large.jpg", 500); /* broken */
    lac_source *s = open_source(folder);
    const lac_augment a = standard(12);
    const int n = 60;
    record *want = collect(s, &a, (lac_loader_options){.batch = 4, .seed = 1, .n_threads = 2}, n);
    for (int first = 0; first < 30; first += 3) {
        record *got = collect(s, &a, (lac_loader_options){.batch = 5, .seed = 1, .n_threads = 3, .first_sample = first},
                              n - first);
        same(want + first, got, n - first, &a);
        drop(got, n - first);
    }
    drop(want, n);
    lac_source_free(s);
}

static void test_a_batch_may_hold_many_epochs_of_a_tiny_source(void **state) {
    (void)state;
    put_idx(3, 4);
    lac_source *s = open_idx();
    const lac_augment a = standard(4);
    record *all = collect(s, &a, (lac_loader_options){.batch = 50, .seed = 3, .n_threads = 4}, 600);
    for (int i = 0; i < 600; i += 3) {
        assert_int_equal(all[i].epoch, i / 3);
        assert_int_equal((1 << all[i].sample) | (1 << all[i + 1].sample) | (1 << all[i + 2].sample), 7);
    }
    drop(all, 600);
    lac_source_free(s);
}

static int n_told;
static char told[64][LAC_ERROR_TEXT];

static void on_broken(void *context, const char *text) {
    (void)context;
    snprintf(told[n_told++ % 64], LAC_ERROR_TEXT, "%s", text);
}

static void test_a_broken_picture_gives_its_place_to_the_next_in_order(void **state) {
    (void)state;
    put_pictures(12);
    lac_source *s = open_source(folder);
    const lac_augment a = standard(8);
    lac_loader_options o = {.batch = 12, .seed = 4, .n_threads = 3, .on_broken = on_broken};
    record *whole = collect(s, &a, o, 36);
    put_picture(folder, "03.jpg", "rgb.jpg", 30);
    put_picture(folder, "04.jpg", "rgb.jpg", 30);
    put_file(folder, "09.png", "", 0);
    n_told = 0;
    record *got = collect(s, &a, o, 36);
    for (int i = 0; i < 36; i++) {
        int at = i % 12;
        const record *epoch = whole + i / 12 * 12;
        while (epoch[at].sample == 3 || epoch[at].sample == 4 || epoch[at].sample == 9)
            at = (at + 1) % 12;
        assert_int_equal(got[i].sample, epoch[at].sample);
        assert_memory_equal(got[i].picture, epoch[at].picture, sizeof(float) * 3 * 8 * 8);
    }
    assert_int_equal(n_told, 3); /* once each, though three epochs went by */
    int n_named = 0;
    for (int i = 0; i < 3; i++)
        n_named += strstr(told[i], "03.jpg: ") || strstr(told[i], "04.jpg: ") || strstr(told[i], "09.png: empty file");
    assert_int_equal(n_named, 3);
    drop(whole, 36);
    drop(got, 36);
    lac_source_free(s);
}

static void test_a_source_without_a_readable_picture_is_refused(void **state) {
    (void)state;
    for (int i = 0; i < 40; i++) { /* more than the queue of texts holds */
        char name[64];
        snprintf(name, sizeof name, "%02d.jpg", i);
        put_file(folder, name, "", 0);
    }
    lac_source *s = open_source(folder);
    const lac_augment a = standard(8);
    for (int ordered = 0; ordered < 2; ordered++) {
        const lac_batch *b;
        lac_error err = {0};
        n_told = 0;
        lac_loader *l = open_loader(
            s, &a, &(lac_loader_options){.batch = 4, .n_threads = 3, .is_ordered = ordered, .on_broken = on_broken});
        assert_int_equal(lac_loader_next(l, &b, &err), LAC_FAILURE);
        assert_non_null(strstr(err.text, "no readable picture"));
        assert_null(b);
        assert_int_equal(n_told, 40);
        assert_int_equal(lac_loader_broken(l), 40);
        lac_loader_free(l);
    }
    lac_source_free(s);
}

static void test_an_ordered_pass_is_in_source_order_without_the_broken(void **state) {
    (void)state;
    put_pictures(11);
    put_file(folder, "01.png", "", 0);
    put_file(folder, "04.jpg", "", 0);
    put_file(folder, "05.tif", "", 0);
    lac_source *s = open_source(folder);
    lac_augment a = standard(8);
    a = lac_augment_for_eval(&a);
    lac_loader *l = open_loader(s, &a, &(lac_loader_options){.batch = 2, .n_threads = 3, .is_ordered = true});
    const int want[] = {0, 2, 3, 6, 7, 8, 9, 10};
    int n = 0;
    for (const lac_batch *b; (b = next(l));)
        for (int64_t i = 0; i < b->n; i++)
            assert_int_equal(b->sample[i], want[n++]);
    assert_int_equal(n, 8);
    assert_null(next(l)); /* and stays at the end */
    assert_int_equal(lac_loader_broken(l), 3);
    lac_loader_free(l);
    lac_source_free(s);
}

/* From the hand-over of the second epoch's batches on, nothing of ours allocates, whoever meets the largest picture. */
static void no_allocation_after_an_epoch(const lac_source *s, int64_t first_sample) {
    const lac_augment a = standard(16);
    for (int threads = 1; threads <= 4; threads++) {
        lac_loader *l =
            open_loader(s, &a, &(lac_loader_options){.batch = 8, .n_threads = threads, .first_sample = first_sample});
        const int64_t count = lac_source_count(s), border = ((first_sample + count - 1) / count + 1) * count;
        const lac_batch *b;
        do
            b = next(l);
        while (b->serial[0] < border);
        const uint64_t before = lac_memory_count();
        for (int i = 0; i < 40; i++)
            next(l);
        assert_int_equal(lac_memory_count() - before, 0);
        lac_loader_free(l);
    }
}

static void test_nothing_is_allocated_after_the_first_epoch(void **state) {
    (void)state;
    put_idx(50, 28);
    lac_source *s = open_idx();
    no_allocation_after_an_epoch(s, 0);
    lac_source_free(s);
    put_pictures(40);
    put_picture(folder, "07.bmp", "rgb24.bmp", 100); /* broken */
    s = open_source(folder);
    no_allocation_after_an_epoch(s, 0);
    no_allocation_after_an_epoch(s, 13);
    lac_source_free(s);
}

static void test_a_loader_can_be_stopped_at_any_time(void **state) {
    (void)state;
    put_pictures(9);
    put_file(folder, "01.png", "", 0);
    lac_source *s = open_source(folder);
    const lac_augment a = standard(16);
    for (int i = 0; i < 60; i++) {
        lac_loader *l = open_loader(s, &a, &(lac_loader_options){.batch = 4, .n_threads = 1 + i % 5});
        if (i % 3 == 1) usleep((useconds_t)(i * 50));
        for (int k = 0; k < i % 7; k++)
            next(l);
        lac_loader_free(l);
    }
    lac_loader_free(NULL);
    lac_source_free(s);
}

static void test_every_failed_allocation_is_a_clean_error(void **state) {
    (void)state;
    put_pictures(5);
    lac_source *s = open_source(folder);
    const lac_augment a = standard(8);
    int n_failed = 0, n_fine = 0;
    for (uint64_t n = 1; n < 120; n++) {
        lac_loader *l = NULL;
        lac_error err = {0};
        const lac_batch *b;
        lac_memory_fail_at(n);
        lac_status status = lac_loader_new(s, &a, &(lac_loader_options){.batch = 5, .n_threads = 2}, &l, &err);
        for (int i = 0; i < 4 && status == LAC_OK; i++) {
            status = lac_loader_next(l, &b, &err);
            if (status == LAC_OK) /* a picture that memory was short for must not be taken for a broken one */
                for (int k = 0, seen = 0; k < 5; k++)
                    assert_int_equal(seen & 1 << b->sample[k], 0), seen |= 1 << b->sample[k];
        }
        lac_memory_fail_at(0);
        if (status != LAC_OK && !strstr(err.text, "memory")) fail_msg("allocation %d: %s", (int)n, err.text);
        n_failed += status != LAC_OK;
        n_fine += status == LAC_OK;
        lac_loader_free(l);
    }
    assert_true(n_failed > 25 && n_fine > 10);
    lac_source_free(s);
}

static void test_impossible_options_are_refused(void **state) {
    (void)state;
    put_idx(3, 4);
    lac_source *s = open_idx();
    lac_loader *l;
    lac_error err;
    lac_augment a = standard(4);
    assert_int_equal(lac_loader_new(s, &a, &(lac_loader_options){.batch = 0, .n_threads = 1}, &l, &err), LAC_USAGE);
    assert_int_equal(lac_loader_new(s, &a, &(lac_loader_options){.batch = 1, .n_threads = 0}, &l, &err), LAC_USAGE);
    a.std[1] = 0;
    assert_int_equal(lac_loader_new(s, &a, &(lac_loader_options){.batch = 1, .n_threads = 1}, &l, &err), LAC_USAGE);
    a = standard(4);
    a.scale[0] = 0;
    assert_int_equal(lac_loader_new(s, &a, &(lac_loader_options){.batch = 1, .n_threads = 1}, &l, &err), LAC_USAGE);
    a = standard(4);
    a.channels = 2;
    assert_int_equal(lac_loader_new(s, &a, &(lac_loader_options){.batch = 1, .n_threads = 1}, &l, &err), LAC_USAGE);
    lac_source_free(s);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_each_epoch_shows_every_picture_once_in_another_order),
        T(test_pictures_do_not_depend_on_threads_or_batches_ahead),
        T(test_resuming_anywhere_goes_on_with_the_same_pictures),
        T(test_a_batch_may_hold_many_epochs_of_a_tiny_source),
        T(test_a_broken_picture_gives_its_place_to_the_next_in_order),
        T(test_a_source_without_a_readable_picture_is_refused),
        T(test_an_ordered_pass_is_in_source_order_without_the_broken),
        T(test_nothing_is_allocated_after_the_first_epoch),
        T(test_a_loader_can_be_stopped_at_any_time),
        T(test_every_failed_allocation_is_a_clean_error),
        T(test_impossible_options_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
