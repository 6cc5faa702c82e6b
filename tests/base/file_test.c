/* tests/base/file_test.c - a file appears whole or not at all, and every refusal names it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/memory.h"
#include "scratch.h"

static lac_error err;

#define assert_says(fragment)                                                                                          \
    do {                                                                                                               \
        if (!strstr(err.text, fragment)) fail_msg("\"%s\" lacks \"%s\"", err.text, fragment);                          \
    } while (0)

static void assert_contents(const char *path, const char *expected) {
    char *data;
    size_t bytes;
    assert_int_equal(lac_file_read(path, 1 << 20, &data, &bytes, &err), LAC_OK);
    assert_int_equal(bytes, strlen(expected));
    assert_string_equal(data, expected);
    lac_free(data);
}

static void test_written_files_read_back(void **state) {
    (void)state;
    const char *path = scratch("plain");
    assert_int_equal(lac_file_write(path, "first", 5, &err), LAC_OK);
    assert_contents(path, "first");
    assert_int_equal(lac_file_write(path, "", 0, &err), LAC_OK);
    assert_contents(path, "");
    assert_true(lac_file_exists(path));
    assert_false(lac_folder_exists(path));
    assert_int_equal(lac_file_remove(path, &err), LAC_OK);
    assert_int_equal(lac_file_remove(path, &err), LAC_OK);
    assert_false(lac_file_exists(path));
}

static void test_pieces_of_any_size_arrive_in_order(void **state) {
    (void)state;
    enum { N = 300000 };
    uint8_t *data = lac_alloc(N);
    for (size_t i = 0; i < N; i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
    static const size_t pieces[] = {1, 65535, 65536, 3, 65537, 100000, 17};
    lac_writer *w;
    const char *path = scratch("pieces");
    assert_int_equal(lac_writer_open(path, &w, &err), LAC_OK);
    size_t at = 0;
    for (size_t i = 0; at < N; i++) {
        size_t n = pieces[i % 7] < N - at ? pieces[i % 7] : N - at;
        assert_int_equal(lac_writer_put(w, data + at, n, &err), LAC_OK);
        at += n;
    }
    assert_false(lac_file_exists(path)); /* not before the commit */
    assert_int_equal(lac_writer_commit(w, &err), LAC_OK);
    lac_map map;
    assert_int_equal(lac_map_open(path, &map, &err), LAC_OK);
    assert_int_equal(map.bytes, N);
    assert_memory_equal(map.data, data, N);
    lac_map_close(&map);
    lac_map_close(&map);
    lac_free(data);
    lac_file_remove(path, &err);
}

static void test_an_aborted_write_leaves_the_old_file(void **state) {
    (void)state;
    const char *path = scratch("kept");
    lac_writer *w;
    assert_int_equal(lac_file_write(path, "old", 3, &err), LAC_OK);
    int n = scratch_count();
    assert_int_equal(lac_writer_open(path, &w, &err), LAC_OK);
    assert_int_equal(lac_writer_put(w, "new", 3, &err), LAC_OK);
    lac_writer_abort(w);
    lac_writer_abort(NULL);
    assert_contents(path, "old");
    assert_int_equal(scratch_count(), n);
}

/* A limit on file size stands for the full disk: write() fails in the middle. */
static void test_a_write_that_fails_leaves_the_old_file_and_no_temporary(void **state) {
    (void)state;
    const char *path = scratch("kept");
    assert_int_equal(lac_file_write(path, "old", 3, &err), LAC_OK);
    int n = scratch_count();
    struct rlimit before, small = {.rlim_cur = 100000};
    getrlimit(RLIMIT_FSIZE, &before);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    char *data = lac_zalloc(200000);
    lac_status at_once = lac_file_write(path, data, 200000, &err);
    lac_writer *w;
    lac_status opened = lac_writer_open(path, &w, NULL), late = LAC_OK;
    for (int i = 0; i < 110; i++)
        late = lac_writer_put(w, data, 1000, &err); /* the last piece stays in the buffer */
    if (late == LAC_OK)
        late = lac_writer_commit(w, &err);
    else
        lac_writer_abort(w);
    setrlimit(RLIMIT_FSIZE, &before);
    lac_free(data);
    assert_int_equal(at_once, LAC_FAILURE);
    assert_int_equal(opened, LAC_OK);
    assert_int_equal(late, LAC_FAILURE);
    assert_says("kept: cannot write: file too large");
    assert_contents(path, "old");
    assert_int_equal(scratch_count(), n);
}

static void test_a_full_disk_is_named(void **state) {
    (void)state;
    if (access("/dev/full", W_OK) != 0) skip();
    assert_int_equal(lac_file_append("/dev/full", "line", &err), LAC_FAILURE);
    assert_string_equal(err.text, "/dev/full: cannot write: no space left on device");
}

static void test_a_writer_that_was_killed_does_not_block_the_next(void **state) {
    (void)state;
    const char *path = scratch("killed");
    pid_t child = fork();
    if (child == 0) {
        lac_writer *w;
        if (lac_writer_open(path, &w, NULL) == LAC_OK) lac_writer_put(w, "half", 4, NULL);
        kill(getpid(), SIGKILL);
    }
    waitpid(child, NULL, 0);
    assert_false(lac_file_exists(path));
    assert_int_equal(lac_file_write(path, "whole", 5, &err), LAC_OK);
    assert_contents(path, "whole");
}

static void test_devices_and_folders_are_never_replaced(void **state) {
    (void)state;
    lac_writer *w = NULL;
    assert_int_equal(lac_writer_open("/dev/null", &w, &err), LAC_FAILURE);
    assert_says("/dev/null: cannot write: expected a file, found a device");
    assert_int_equal(lac_writer_open(scratch(""), &w, &err), LAC_FAILURE);
    assert_says("found a folder");
    assert_int_equal(lac_writer_open("", &w, &err), LAC_FAILURE);
    assert_int_equal(lac_writer_open(scratch("none/such/file"), &w, &err), LAC_FAILURE);
    assert_says("none/such/file: cannot write: no such file or directory");
    assert_null(w);
}

static void test_long_names_can_be_written(void **state) {
    (void)state;
    char name[256];
    memset(name, 'n', 255);
    name[255] = 0;
    const char *path = scratch(name);
    assert_int_equal(lac_file_write(path, "x", 1, &err), LAC_OK);
    assert_contents(path, "x");
    lac_file_remove(path, &err);
}

static void test_reading_is_bounded(void **state) {
    (void)state;
    char *data = (char *)1;
    size_t bytes;
    const char *path = scratch("bounded");
    lac_file_write(path, "12345", 5, &err);
    assert_int_equal(lac_file_read(path, 4, &data, &bytes, &err), LAC_FAILURE);
    assert_says("bounded: 5 bytes, expected at most 4");
    assert_null(data);
    assert_int_equal(lac_file_read("/dev/zero", 100000, &data, &bytes, &err), LAC_FAILURE);
    assert_says("/dev/zero: more than the expected 100000 bytes");
    assert_int_equal(lac_file_read("/proc/self/status", 100000, &data, &bytes, &err),
                     LAC_OK); /* its size is said to be 0 */
    assert_non_null(strstr(data, "VmHWM"));
    lac_free(data);
    assert_int_equal(lac_file_read(scratch("absent"), 10, &data, &bytes, &err), LAC_FAILURE);
    assert_says("absent: cannot open: no such file or directory");
    assert_int_equal(lac_file_read(scratch(""), 10, &data, &bytes, &err), LAC_FAILURE);
    assert_says("is a directory");
}

static void test_maps_refuse_what_is_not_a_file(void **state) {
    (void)state;
    lac_map map;
    const char *path = scratch("empty");
    lac_file_write(path, "", 0, &err);
    assert_int_equal(lac_map_open(path, &map, &err), LAC_FAILURE);
    assert_says("empty: the file is empty");
    assert_int_equal(lac_map_open("/dev/zero", &map, &err), LAC_FAILURE);
    assert_says("found a device");
    assert_int_equal(lac_map_open(scratch(""), &map, &err), LAC_FAILURE);
    assert_says("found a folder");
    assert_int_equal(lac_map_open(scratch("absent"), &map, &err), LAC_FAILURE);
    assert_null(map.data);
}

static void test_appended_lines_end_once(void **state) {
    (void)state;
    const char *path = scratch("log");
    assert_int_equal(lac_file_append(path, "one", &err), LAC_OK);
    assert_int_equal(lac_file_append(path, "two\n", &err), LAC_OK);
    assert_int_equal(lac_file_append(path, "three", &err), LAC_OK);
    assert_contents(path, "one\ntwo\nthree\n");
    assert_int_equal(lac_file_truncate(path, 4, &err), LAC_OK);
    assert_contents(path, "one\n");
    assert_int_equal(lac_file_truncate(scratch("absent"), 4, &err), LAC_FAILURE);
}

static void test_folders_are_made_with_parents_and_listed_in_order(void **state) {
    (void)state;
    char folder[1024];
    snprintf(folder, sizeof folder, "%s", scratch("a/b//c"));
    assert_int_equal(lac_folder_make(folder, &err), LAC_OK);
    assert_int_equal(lac_folder_make(folder, &err), LAC_OK);
    assert_true(lac_folder_exists(scratch("a/b/c")));
    char **names;
    size_t n;
    assert_int_equal(lac_folder_list(folder, &names, &n, &err), LAC_OK);
    assert_int_equal(n, 0);
    lac_names_free(names, n);
    for (int i = 0; i < 70; i++) {
        char name[32];
        snprintf(name, sizeof name, "a/b/c/%02d", (i * 37) % 70);
        lac_file_write(scratch(name), "", 0, &err);
    }
    assert_int_equal(lac_folder_list(folder, &names, &n, &err), LAC_OK);
    assert_int_equal(n, 70);
    for (int i = 0; i < 70; i++)
        assert_int_equal(atoi(names[i]), i);
    lac_names_free(names, n);
    assert_int_equal(lac_folder_make(scratch("a/b/c/05/x"), &err), LAC_FAILURE);
    assert_says("a/b/c/05/x: cannot make the folder: not a directory");
    assert_int_equal(lac_folder_make(scratch("a/b/c/05"), &err), LAC_FAILURE);
    assert_int_equal(lac_folder_list(scratch("a/none"), &names, &n, &err), LAC_FAILURE);
    assert_says("a/none: cannot open");
}

static void test_a_lock_keeps_another_process_out_until_it_ends(void **state) {
    (void)state;
    const char *path = scratch("lock");
    lac_lock *lock, *second;
    assert_int_equal(lac_lock_take(path, &lock, &err), LAC_OK);
    pid_t child = fork();
    if (child == 0) _exit(lac_lock_take(path, &second, NULL) == LAC_FAILURE ? 7 : 1);
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(WEXITSTATUS(status), 7);
    assert_int_equal(lac_lock_take(path, &second, &err), LAC_FAILURE);
    assert_says("lock: in use by another process");
    lac_lock_release(lock);
    lac_lock_release(NULL);
    child = fork();
    if (child == 0) { /* dies holding it */
        if (lac_lock_take(path, &lock, NULL) == LAC_OK) kill(getpid(), SIGKILL);
        _exit(1);
    }
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(lac_lock_take(path, &lock, &err), LAC_OK);
    lac_lock_release(lock);
    assert_int_equal(lac_lock_take(scratch("none/lock"), &lock, &err), LAC_FAILURE);
}

static lac_status everything(void) {
    char *data = NULL, **names = NULL;
    size_t bytes, n;
    lac_lock *lock = NULL;
    lac_status status = lac_file_write(scratch("inject"), "text", 4, &err);
    if (status == LAC_OK) status = lac_folder_make(scratch("inject-folder/x"), &err);
    if (status == LAC_OK) status = lac_file_read(scratch("inject"), 100, &data, &bytes, &err);
    lac_free(data);
    if (status == LAC_OK) status = lac_folder_list(scratch(""), &names, &n, &err);
    if (status == LAC_OK) lac_names_free(names, n);
    if (status == LAC_OK) status = lac_lock_take(scratch("inject-lock"), &lock, &err);
    lac_lock_release(lock);
    return status;
}

static void test_every_failed_allocation_is_reported(void **state) {
    (void)state;
    assert_int_equal(everything(), LAC_OK);
    int n_files = scratch_count();
    uint64_t before = lac_memory_count();
    assert_int_equal(everything(), LAC_OK);
    uint64_t n = lac_memory_count() - before;
    assert_true(n > 10);
    int n_failed = 0;
    for (uint64_t i = 1; i <= n; i++) {
        lac_memory_fail_at(i);
        err.text[0] = 0;
        if (everything() != LAC_OK) {
            n_failed++;
            assert_says("out of memory");
        }
        lac_memory_fail_at(0);
        assert_int_equal(scratch_count(), n_files);
    }
    assert_true(n_failed >= (int)n - 1); /* the folder's sync after the rename reports too */
}

static void test_clock_and_memory_are_known(void **state) {
    (void)state;
    double start = lac_clock_s();
    usleep(2000);
    double waited = lac_clock_s() - start;
    assert_true(waited >= 0.002 && waited < 2);
    assert_true(lac_peak_rss() > 500000 && lac_peak_rss() < (uint64_t)1 << 40);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written_files_read_back),
        cmocka_unit_test(test_pieces_of_any_size_arrive_in_order),
        cmocka_unit_test(test_an_aborted_write_leaves_the_old_file),
        cmocka_unit_test(test_a_write_that_fails_leaves_the_old_file_and_no_temporary),
        cmocka_unit_test(test_a_full_disk_is_named),
        cmocka_unit_test(test_a_writer_that_was_killed_does_not_block_the_next),
        cmocka_unit_test(test_devices_and_folders_are_never_replaced),
        cmocka_unit_test(test_long_names_can_be_written),
        cmocka_unit_test(test_reading_is_bounded),
        cmocka_unit_test(test_maps_refuse_what_is_not_a_file),
        cmocka_unit_test(test_appended_lines_end_once),
        cmocka_unit_test(test_folders_are_made_with_parents_and_listed_in_order),
        cmocka_unit_test(test_a_lock_keeps_another_process_out_until_it_ends),
        cmocka_unit_test(test_every_failed_allocation_is_reported),
        cmocka_unit_test(test_clock_and_memory_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
