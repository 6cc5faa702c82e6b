/* tests/train/resume_test.c - a run stopped, killed, damaged or starved at any moment ends in the same bytes as one
 * that was left alone. */
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "train/tiny.h"

enum { STEPS = 40 };
static const char whole[] = "whole/checkpoints/step-00000040.safetensors";
static lac_pretrain_result result;

typedef struct plan {
    int64_t stop_at, kill_at;
    char notes[4096];
} plan;

static bool stop_at(void *context) {
    plan *p = context;
    return p->stop_at > 0 && --p->stop_at == 0;
}

static void kill_at(void *context, const lac_pretrain_progress *progress) {
    if (((plan *)context)->kill_at == progress->step) kill(getpid(), SIGKILL);
}

static void take_note(void *context, const char *text) {
    plan *p = context;
    strncat(p->notes, text, sizeof p->notes - strlen(p->notes) - 1);
}

static lac_status go(const char *run, int threads, int loaders, plan *p) {
    lac_pretrain_options o = tiny_options(run, STEPS, &result);
    o.threads = threads;
    o.loaders = loaders;
    o.context = p;
    o.stop = stop_at;
    o.progress = kill_at;
    o.note = take_note;
    return lac_pretrain(&o, &err);
}

/* Every step once, in order. */
static void assert_log_is_whole(const char *name) {
    size_t n;
    char *log = tiny_read(name, &n), *at = log;
    for (int step = 1; step <= STEPS; step++) {
        char wanted[40];
        snprintf(wanted, sizeof wanted, "{\"step\": %d, ", step);
        assert_true(strncmp(at, wanted, strlen(wanted)) == 0);
        at = strchr(at, '\n') + 1;
    }
    assert_true(at == log + n);
    lac_free(log);
}

static void test_stopped_runs_resume_to_the_same_bits(void **state) {
    (void)state;
    plan none = {0};
    tiny_assert(go("whole", 1, 1, &none), LAC_OK, "");
    assert_int_equal(result.end, LAC_PRETRAIN_DONE);
    assert_int_equal(result.step, STEPS);
    assert_log_is_whole("whole/log.jsonl");
    static const int stops[][4] = {
        {5, 3, 1, 2}, {1, 12, 2, 3}, {20, 19, 3, 1}}; /* steps of two stops; threads; loaders */
    for (int i = 0; i < 3; i++) {
        char run[16], final[80], log[32];
        snprintf(run, sizeof run, "stopped-%d", i);
        plan first = {.stop_at = stops[i][0]}, second = {.stop_at = stops[i][1]}, last = {0};
        tiny_assert(go(run, stops[i][2], stops[i][3], &first), LAC_OK, "");
        assert_int_equal(result.end, LAC_PRETRAIN_STOPPED);
        assert_int_equal(result.step, stops[i][0]);
        tiny_assert(go(run, 2, 2, &second), LAC_OK, "");
        assert_int_equal(result.resumed_at, stops[i][0]);
        tiny_assert(go(run, stops[i][3], stops[i][2], &last), LAC_OK, "");
        snprintf(final, sizeof final, "%s/checkpoints/step-00000040.safetensors", run);
        snprintf(log, sizeof log, "%s/log.jsonl", run);
        tiny_assert_same(whole, final);
        assert_log_is_whole(log);
    }
}

static void test_killed_run_resumes_to_the_same_bits(void **state) {
    (void)state;
    static const int kills[] = {3, 7, 26}; /* before the first checkpoint, just after one, long after one */
    for (int i = 0; i < 3; i++) {
        pid_t child = fork();
        if (child == 0) {
            plan p = {.kill_at = kills[i]};
            go("killed", 2, 2, &p);
            _exit(3);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
    plan none = {0};
    tiny_assert(lac_file_write(tiny_path("killed/checkpoints/.step-00000028.safetensors.tmp-1-1"), "x", 1, &err),
                LAC_OK, "");
    tiny_assert(go("killed", 1, 2, &none), LAC_OK, "");
    assert_int_equal(result.resumed_at, 21);
    tiny_assert_same(whole, "killed/checkpoints/step-00000040.safetensors");
    assert_log_is_whole("killed/log.jsonl");
    assert_false(lac_file_exists(tiny_path("killed/checkpoints/.step-00000028.safetensors.tmp-1-1")));
}

static void test_damaged_newest_checkpoint_falls_back_and_says_so(void **state) {
    (void)state;
    plan p = {.stop_at = 16}, again = {0};
    tiny_assert(go("damaged", 1, 1, &p), LAC_OK, "");
    const char *newest = tiny_path("damaged/checkpoints/step-00000016.safetensors");
    size_t n;
    char *data = tiny_read("damaged/checkpoints/step-00000016.safetensors", &n);
    data[n - 5] ^= 1;
    tiny_assert(lac_file_write(newest, data, n, &err), LAC_OK, "");
    lac_free(data);
    tiny_assert(go("damaged", 1, 1, &again), LAC_OK, "");
    assert_int_equal(result.resumed_at, 14);
    assert_non_null(strstr(again.notes, "step-00000016.safetensors: damaged"));
    tiny_assert_same(whole, "damaged/checkpoints/step-00000040.safetensors");
}

static void test_run_without_a_readable_checkpoint_is_refused(void **state) {
    (void)state;
    plan p = {.stop_at = 3}, again = {0};
    tiny_assert(go("hopeless", 1, 1, &p), LAC_OK, "");
    tiny_assert(lac_file_write(tiny_path("hopeless/checkpoints/step-00000003.safetensors"), "no", 2, &err), LAC_OK, "");
    tiny_assert(go("hopeless", 1, 1, &again), LAC_FAILURE, "none of its 1 checkpoints can be read");
}

static void test_only_the_newest_checkpoints_are_kept(void **state) {
    (void)state;
    char **names;
    size_t n;
    tiny_assert(lac_folder_list(tiny_path("whole/checkpoints"), &names, &n, &err), LAC_OK, "");
    assert_int_equal(n, 2);
    assert_string_equal(names[0], "step-00000035.safetensors");
    assert_string_equal(names[1], "step-00000040.safetensors");
    lac_names_free(names, n);
}

static void test_full_disk_stops_cleanly_and_nothing_is_lost(void **state) {
    (void)state;
    struct rlimit old, small;
    plan p = {.stop_at = 9}, second = {0}, again = {0};
    tiny_assert(go("full", 1, 1, &p), LAC_OK, "");
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 20000; /* less than a checkpoint, more than the log */
    setrlimit(RLIMIT_FSIZE, &small);
    lac_status got = go("full", 1, 1, &second);
    setrlimit(RLIMIT_FSIZE, &old);
    tiny_assert(got, LAC_FAILURE, "checkpoints/step-00000014.safetensors");
    tiny_assert(go("full", 2, 1, &again), LAC_OK, "");
    assert_int_equal(result.resumed_at, 9);
    tiny_assert_same(whole, "full/checkpoints/step-00000040.safetensors");
    assert_log_is_whole("full/log.jsonl");
}

static void test_full_file_system_stops_cleanly(void **state) {
    (void)state;
    const char *place = tiny_path("small");
    tiny_assert(lac_folder_make(place, &err), LAC_OK, "");
    if (mount("tmpfs", place, "tmpfs", 0, "size=192k") != 0) {
        print_message("no right to mount a tmpfs: skipped\n");
        skip();
    }
    plan p = {0};
    lac_status got = go("small/run", 1, 1, &p);
    lac_error kept = err;
    bool has_run = lac_file_exists(tiny_path("small/run/run.json"));
    char **names = NULL;
    size_t n = 0;
    lac_folder_list(tiny_path("small/run/checkpoints"), &names, &n, NULL);
    bool half_written = false;
    for (size_t i = 0; i < n; i++)
        half_written = half_written || names[i][0] == '.';
    lac_names_free(names, n);
    umount(place);
    err = kept;
    tiny_assert(got, LAC_FAILURE, "no space left");
    assert_true(has_run);
    assert_false(half_written);
}

static void test_failed_allocations_are_errors_and_lose_nothing(void **state) {
    (void)state;
    enum { SHORT = 4 };
    lac_pretrain_options o = tiny_options("enough", SHORT, NULL);
    const char *sets[] = {"checkpoint.every=2"};
    o.sets = sets;
    o.n_sets = 1;
    uint64_t before = lac_memory_count();
    tiny_assert(lac_pretrain(&o, &err), LAC_OK, "");
    uint64_t needed = lac_memory_count() - before, n_failed = 0;
    print_message("%llu allocations\n", (unsigned long long)needed);
    for (uint64_t n = 1; n <= needed; n += n < 2000 ? 1 : 1 + (needed - 2000) / 200) {
        char run[32], final[80];
        snprintf(run, sizeof run, "starved-%llu", (unsigned long long)n);
        lac_pretrain_options starved = tiny_options(run, SHORT, NULL);
        starved.sets = sets;
        starved.n_sets = 1;
        err.text[0] = 0;
        lac_memory_fail_at(n);
        lac_status got = lac_pretrain(&starved, &err);
        lac_memory_fail_at(0);
        if (got != LAC_OK) {
            n_failed++;
            tiny_assert(got, LAC_FAILURE, "memory");
        }
        if (n % 16 == 0 || got == LAC_OK) { /* and what is left can be taken up */
            tiny_assert(lac_pretrain(&starved, &err), LAC_OK, "");
            snprintf(final, sizeof final, "%s/checkpoints/step-00000004.safetensors", run);
            tiny_assert_same("enough/checkpoints/step-00000004.safetensors", final);
        }
    }
    assert_true(n_failed > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stopped_runs_resume_to_the_same_bits),
        cmocka_unit_test(test_killed_run_resumes_to_the_same_bits),
        cmocka_unit_test(test_damaged_newest_checkpoint_falls_back_and_says_so),
        cmocka_unit_test(test_run_without_a_readable_checkpoint_is_refused),
        cmocka_unit_test(test_only_the_newest_checkpoints_are_kept),
        cmocka_unit_test(test_full_disk_stops_cleanly_and_nothing_is_lost),
        cmocka_unit_test(test_full_file_system_stops_cleanly),
        cmocka_unit_test(test_failed_allocations_are_errors_and_lose_nothing),
    };
    return cmocka_run_group_tests(tests, tiny_make, tiny_remove);
}
