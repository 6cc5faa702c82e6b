/* tests/train/checkpoint_test.c - checkpoints: what is written is read back to the bit, and what is not one is refused
 * before anything changes. */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"
#include "train/checkpoint.h"

enum { WIDE = 3000 };
static char folder[] = P_tmpdir "/lacuna-checkpoint-XXXXXX";
static lac_error err;

typedef struct state {
    lac_store *store;
    lac_optimizer *optimizer;
} state;

static void open_state(state *s, int64_t width, double ema, lac_dtype real) {
    int index;
    const int64_t matrix[] = {4, width}, vector[] = {5}, position[] = {1, 3, 2};
    s->optimizer = NULL;
    assert_int_equal(lac_store_new(real, &s->store, &err), LAC_OK);
    assert_int_equal(lac_store_add(s->store, "blocks.0.weight", 2, matrix, 0, LAC_INIT_NORMAL, 1, &index, &err),
                     LAC_OK);
    assert_int_equal(
        lac_store_add(s->store, "blocks.0.bias", 1, vector, LAC_PARAM_NO_DECAY, LAC_INIT_NORMAL, 1, &index, &err),
        LAC_OK);
    assert_int_equal(
        lac_store_add(s->store, "pos_embed", 3, position, LAC_PARAM_BUFFER, LAC_INIT_GIVEN, 0, &index, &err), LAC_OK);
    if (real != LAC_F32) return;
    lac_optimizer_options options = {.beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .ema = ema};
    assert_int_equal(lac_optimizer_new(s->store, &options, &s->optimizer, &err), LAC_OK);
}

static void fill(state *s, float base) {
    for (int i = 0; i < lac_store_count(s->store); i++) {
        const lac_entry *e = lac_store_at(s->store, i);
        lac_optimizer_state moments = lac_optimizer_entry(s->optimizer, i);
        for (int64_t j = 0; j < e->n; j++) {
            float x = base + (float)i + 0.001f * (float)j;
            ((float *)e->value)[j] = x;
            if (moments.m) moments.m[j] = -x;
            if (moments.v) moments.v[j] = x * x;
            if (moments.average) moments.average[j] = x / 2;
        }
    }
}

static void close_state(state *s) {
    lac_optimizer_free(s->optimizer);
    lac_store_free(s->store);
}

static char *path_of(const char *name) {
    static char room[4][256];
    static int next;
    next = (next + 1) % 4;
    snprintf(room[next], sizeof room[next], "%s/%s", folder, name);
    return room[next];
}

static void write_at(const char *path, state *s, int64_t step) {
    lac_checkpoint_info info = {.step = step, .samples = 10 * step, .seed = UINT64_MAX - 3};
    assert_int_equal(lac_checkpoint_write(path, s->store, s->optimizer, &info, &err), LAC_OK);
}

static void assert_same_files(const char *a, const char *b) {
    char *x, *y;
    size_t n, m;
    assert_int_equal(lac_file_read(a, 1 << 28, &x, &n, &err), LAC_OK);
    assert_int_equal(lac_file_read(b, 1 << 28, &y, &m, &err), LAC_OK);
    assert_int_equal(n, m);
    assert_memory_equal(x, y, n);
    lac_free(x);
    lac_free(y);
}

static void test_round_trip_is_byte_identical(void **unused) {
    (void)unused;
    for (int ema = 0; ema < 2; ema++) {
        state a, b;
        lac_checkpoint_info info;
        open_state(&a, WIDE, ema ? 0.9 : 0, LAC_F32);
        open_state(&b, WIDE, ema ? 0.9 : 0, LAC_F32);
        fill(&a, 1);
        fill(&b, 100);
        write_at(path_of("a"), &a, 123);
        assert_int_equal(lac_checkpoint_read(path_of("a"), b.store, b.optimizer, false, &info, &err), LAC_OK);
        assert_int_equal(info.step, 123);
        assert_int_equal(info.samples, 1230);
        assert_true(info.seed == UINT64_MAX - 3);
        assert_int_equal(lac_optimizer_steps(b.optimizer), 123);
        write_at(path_of("b"), &b, 123);
        assert_same_files(path_of("a"), path_of("b"));
        close_state(&a);
        close_state(&b);
    }
}

static void test_weights_alone_are_the_average_when_there_is_one(void **unused) {
    (void)unused;
    state a, b;
    open_state(&a, 8, 0.9, LAC_F32);
    fill(&a, 1);
    write_at(path_of("average"), &a, 1);
    for (int real = 0; real < 2; real++) {
        open_state(&b, 8, 0, real ? LAC_F64 : LAC_F32);
        for (int use = 0; use < 2; use++) {
            assert_int_equal(lac_checkpoint_read(path_of("average"), b.store, NULL, use, NULL, &err), LAC_OK);
            float wanted = use ? (1 + 0.003f) / 2 : 1 + 0.003f;
            const void *value = lac_store_at(b.store, 0)->value;
            assert_true(fabs((real ? ((const double *)value)[3] : (double)((const float *)value)[3]) - (double)wanted) <
                        1e-7);
            const void *fixed = lac_store_at(b.store, 2)->value; /* buffers have no average */
            assert_true((real ? ((const double *)fixed)[0] : (double)((const float *)fixed)[0]) == 3);
        }
        close_state(&b);
    }
    close_state(&a);
}

static void assert_refused(state *s, const char *path, lac_status status, const char *because) {
    char before[64], after[64];
    const float *w = lac_store_at(s->store, 0)->value;
    snprintf(before, sizeof before, "%g %g %lld", (double)w[0], (double)w[1],
             (long long)lac_optimizer_steps(s->optimizer));
    err.text[0] = 0;
    lac_status got = lac_checkpoint_read(path, s->store, s->optimizer, false, NULL, &err);
    if (got != status || !strstr(err.text, because) || !strstr(err.text, path)) {
        print_error("status %d, \"%s\"; expected %d and \"%s\"\n", (int)got, err.text, (int)status, because);
        fail();
    }
    snprintf(after, sizeof after, "%g %g %lld", (double)w[0], (double)w[1],
             (long long)lac_optimizer_steps(s->optimizer));
    assert_string_equal(before, after);
}

static void test_another_recipes_checkpoint_is_refused_by_tensor(void **unused) {
    (void)unused;
    state a, b, averaged;
    open_state(&a, 8, 0, LAC_F32);
    open_state(&b, 9, 0, LAC_F32);
    open_state(&averaged, 8, 0.9, LAC_F32);
    fill(&a, 1);
    fill(&b, 2);
    fill(&averaged, 3);
    write_at(path_of("a"), &a, 1);
    write_at(path_of("averaged"), &averaged, 1);
    assert_refused(&b, path_of("a"), LAC_FAILURE, "tensor blocks.0.weight: expected 4x9, found 4x8");
    assert_refused(&averaged, path_of("a"), LAC_FAILURE, "tensor optim/average/blocks.0.weight is missing");
    assert_refused(&a, path_of("averaged"), LAC_FAILURE, "expected 7 tensors, found 9");
    int index;
    const int64_t one[] = {1};
    lac_store *more;
    assert_int_equal(lac_store_new(LAC_F32, &more, &err), LAC_OK);
    assert_int_equal(lac_store_add(more, "head.weight", 1, one, 0, LAC_INIT_ZERO, 0, &index, &err), LAC_OK);
    assert_int_equal(lac_checkpoint_read(path_of("a"), more, NULL, false, NULL, &err), LAC_FAILURE);
    assert_non_null(strstr(err.text, "tensor head.weight is missing"));
    lac_store_free(more);
    close_state(&a);
    close_state(&b);
    close_state(&averaged);
}

/* Change the first `from` in the header of `path` to `to`, of the same length. */
static void edit(const char *path, const char *from, const char *to) {
    char *data;
    size_t n;
    assert_int_equal(lac_file_read(path, 1 << 28, &data, &n, &err), LAC_OK);
    char *at = memmem(data, n, from, strlen(from));
    assert_non_null(at);
    memcpy(at, to, strlen(to));
    assert_int_equal(lac_file_write(path, data, n, &err), LAC_OK);
    lac_free(data);
}

static void test_newer_and_foreign_files_are_refused(void **unused) {
    (void)unused;
    state a;
    open_state(&a, 8, 0, LAC_F32);
    fill(&a, 1);
    write_at(path_of("newer"), &a, 5);
    edit(path_of("newer"), "\"lacuna_format\":\"1\"", "\"lacuna_format\":\"2\"");
    assert_refused(&a, path_of("newer"), LAC_USAGE, "newer Lacuna (format 2");
    write_at(path_of("foreign"), &a, 5);
    edit(path_of("foreign"), "lacuna_format", "zacuna_format");
    assert_refused(&a, path_of("foreign"), LAC_FAILURE, "not a Lacuna checkpoint");
    write_at(path_of("random"), &a, 5);
    edit(path_of("random"), "\"random\":\"1\"", "\"random\":\"9\"");
    assert_refused(&a, path_of("random"), LAC_FAILURE, "random numbers are version 9");
    assert_refused(&a, path_of("absent"), LAC_FAILURE, "absent");
    close_state(&a);
}

static void test_every_kind_of_damage_is_seen(void **unused) {
    (void)unused;
    state a;
    char *data;
    size_t n;
    open_state(&a, 8, 0, LAC_F32);
    fill(&a, 1);
    write_at(path_of("good"), &a, 5);
    assert_int_equal(lac_file_read(path_of("good"), 1 << 20, &data, &n, &err), LAC_OK);
    for (size_t at = 0; at < n; at += 7) { /* one flipped bit anywhere */
        data[at] = (char)(data[at] ^ 4);
        assert_int_equal(lac_file_write(path_of("bad"), data, n, &err), LAC_OK);
        lac_status got = lac_checkpoint_read(path_of("bad"), a.store, a.optimizer, false, NULL, &err);
        bool is_harmless = memmem(data, n, "\"format\":\"pt\"", 13) == NULL; /* a key for other readers */
        if (got == LAC_OK && !is_harmless) {
            print_error("a flipped bit at byte %zu was not seen\n", at);
            fail();
        }
        data[at] = (char)(data[at] ^ 4);
    }
    for (size_t length = 0; length < n; length += 97) { /* cut short anywhere */
        assert_int_equal(lac_file_write(path_of("bad"), data, length, &err), LAC_OK);
        assert_refused(&a, path_of("bad"), LAC_FAILURE, "");
    }
    lac_free(data);
    close_state(&a);
}

static void test_full_disk_leaves_the_old_file_and_no_other(void **unused) {
    (void)unused;
    state a;
    struct rlimit old, small;
    char **names;
    size_t n_before, n_after;
    open_state(&a, 200000, 0, LAC_F32);
    fill(&a, 1);
    write_at(path_of("kept"), &a, 5);
    write_at(path_of("copy"), &a, 5);
    assert_int_equal(lac_folder_list(folder, &names, &n_before, &err), LAC_OK);
    lac_names_free(names, n_before);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 1 << 20; /* of ten megabytes */
    setrlimit(RLIMIT_FSIZE, &small);
    fill(&a, 2);
    lac_checkpoint_info info = {.step = 6};
    lac_status got = lac_checkpoint_write(path_of("kept"), a.store, a.optimizer, &info, &err);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(got, LAC_FAILURE);
    assert_non_null(strstr(err.text, path_of("kept")));
    assert_same_files(path_of("kept"), path_of("copy"));
    assert_int_equal(lac_folder_list(folder, &names, &n_after, &err), LAC_OK);
    lac_names_free(names, n_after);
    assert_int_equal(n_before, n_after);
    close_state(&a);
}

static int make_folder(void **unused) {
    (void)unused;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **unused) {
    (void)unused;
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip_is_byte_identical),
        cmocka_unit_test(test_weights_alone_are_the_average_when_there_is_one),
        cmocka_unit_test(test_another_recipes_checkpoint_is_refused_by_tensor),
        cmocka_unit_test(test_newer_and_foreign_files_are_refused),
        cmocka_unit_test(test_every_kind_of_damage_is_seen),
        cmocka_unit_test(test_full_disk_leaves_the_old_file_and_no_other),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
