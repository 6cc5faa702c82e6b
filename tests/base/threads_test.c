/* tests/base/threads_test.c - every task runs once, workers do not collide, and a pool survives sleeping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/threads.h"

enum { MAX_TASKS = 5000, MAX_WORKERS = 16 };

typedef struct job {
    int n_workers;
    atomic_int runs[MAX_TASKS];
    atomic_int is_busy[MAX_WORKERS];
    atomic_int n_wrong;
} job;

static void count_run(void *context, size_t task, int worker) {
    job *j = context;
    if (worker < 0 || worker >= j->n_workers || atomic_exchange(&j->is_busy[worker], 1))
        atomic_fetch_add(&j->n_wrong, 1);
    atomic_fetch_add(&j->runs[task], 1);
    if (worker >= 0 && worker < MAX_WORKERS) atomic_store(&j->is_busy[worker], 0);
}

static void test_every_task_runs_exactly_once(void **state) {
    (void)state;
    static job j;
    static const int sizes[] = {1, 2, 3, 8};
    static const size_t counts[] = {0, 1, 2, 3, 7, 64, MAX_TASKS};
    for (size_t s = 0; s < 4; s++) {
        lac_pool *pool;
        assert_int_equal(lac_pool_new(sizes[s], &pool, NULL), LAC_OK);
        assert_int_equal(lac_pool_size(pool), sizes[s]);
        for (int repeat = 0; repeat < 50; repeat++)
            for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
                if (counts[c] == MAX_TASKS && repeat > 2) continue;
                memset(&j, 0, sizeof j);
                j.n_workers = sizes[s];
                lac_parallel(pool, counts[c], count_run, &j);
                for (size_t i = 0; i < MAX_TASKS; i++)
                    assert_int_equal(atomic_load(&j.runs[i]), i < counts[c]);
                assert_int_equal(atomic_load(&j.n_wrong), 0);
            }
        lac_pool_free(pool);
    }
    memset(&j, 0, sizeof j);
    j.n_workers = 1;
    lac_parallel(NULL, 3, count_run, &j);
    assert_int_equal(atomic_load(&j.runs[2]), 1);
    assert_int_equal(lac_pool_size(NULL), 1);
    lac_pool_free(NULL);
}

static void add_plain(void *context, size_t task, int worker) {
    (void)worker;
    ((uint64_t *)context)[task] += task + 1; /* not atomic: the pool must order one job's writes before the next */
}

static void test_jobs_that_follow_each_other_see_earlier_writes(void **state) {
    (void)state;
    enum { N_JOBS = 20000, N = 5 };
    uint64_t sums[N] = {0};
    lac_pool *pool;
    assert_int_equal(lac_pool_new(3, &pool, NULL), LAC_OK);
    for (int i = 0; i < N_JOBS; i++) {
        lac_parallel(pool, N, add_plain, sums);
        if (i % 5000 == 0) nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL); /* let the workers fall asleep */
    }
    for (uint64_t i = 0; i < N; i++)
        assert_int_equal(sums[i], (i + 1) * N_JOBS);
    lac_pool_free(pool);
}

static void hold(void *context, size_t task, int worker) {
    (void)task, (void)worker;
    atomic_int *here = context;
    atomic_fetch_add(here, 1);
    double start = lac_clock_s();
    while (atomic_load(here) < 2 && lac_clock_s() - start < 10)
        sched_yield();
}

static void test_tasks_run_side_by_side(void **state) {
    (void)state;
    lac_pool *pool;
    assert_int_equal(lac_pool_new(2, &pool, NULL), LAC_OK);
    for (int i = 0; i < 3; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        atomic_int here = 0;
        double start = lac_clock_s();
        lac_parallel(pool, 2, hold, &here);
        assert_true(lac_clock_s() - start < 9);
    }
    lac_pool_free(pool);
}

static void slow_task(void *context, size_t task, int worker) {
    (void)context, (void)worker;
    if (task == 0) nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
}

static double cpu_s(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)use.ru_utime.tv_sec + (double)use.ru_stime.tv_sec +
           1e-6 * (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

static void test_waiting_threads_leave_the_processor_to_others(void **state) {
    (void)state;
    lac_pool *pool;
    assert_int_equal(lac_pool_new(2, &pool, NULL), LAC_OK);
    double before = cpu_s();
    lac_parallel(pool, 2, slow_task, NULL);
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    double used = cpu_s() - before;
    assert_true(used < 0.05); /* of 0.3 s, in which nobody had anything to do */
    lac_pool_free(pool);
}

static void count_signals(void *context, size_t task, int worker) {
    (void)task;
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    if (worker > 0 && !sigismember(&blocked, SIGINT)) atomic_fetch_add((atomic_int *)context, 1);
}

static void test_signals_go_to_the_programs_own_threads(void **state) {
    (void)state;
    sigset_t mask;
    lac_pool *pool;
    atomic_int n_open = 0;
    assert_int_equal(lac_pool_new(4, &pool, NULL), LAC_OK);
    for (int i = 0; i < 20; i++)
        lac_parallel(pool, 100, count_signals, &n_open);
    assert_int_equal(atomic_load(&n_open), 0);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    assert_false(sigismember(&mask, SIGINT));
    lac_pool_free(pool);
}

static void test_parallel_never_allocates(void **state) {
    (void)state;
    lac_pool *pool;
    uint64_t sums[64] = {0};
    assert_int_equal(lac_pool_new(4, &pool, NULL), LAC_OK);
    uint64_t before = lac_memory_count();
    for (int i = 0; i < 100; i++)
        lac_parallel(pool, 64, add_plain, sums);
    assert_int_equal(lac_memory_count(), before);
    lac_pool_free(pool);
}

static void test_a_pool_that_cannot_be_made_says_so(void **state) {
    (void)state;
    lac_pool *pool = NULL;
    lac_error err;
    assert_int_equal(lac_pool_new(-1, &pool, &err), LAC_USAGE);
    assert_int_equal(lac_pool_new(100000, &pool, &err), LAC_USAGE);
    for (uint64_t n = 1; n <= 2; n++) {
        lac_memory_fail_at(n);
        assert_int_equal(lac_pool_new(2, &pool, &err), LAC_FAILURE);
        assert_non_null(strstr(err.text, "out of memory"));
        assert_null(pool);
    }
    lac_memory_fail_at(0);
}

static void test_usable_threads_follow_the_affinity_mask(void **state) {
    (void)state;
    cpu_set_t all, one;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    assert_true(lac_usable_threads() >= 1 && lac_usable_threads() <= CPU_COUNT(&all));
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &all)) {
            CPU_SET(i, &one);
            break;
        }
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(lac_usable_threads(), 1);
    lac_pool *pool; /* larger than the processors: no spinning, still right */
    uint64_t sums[9] = {0};
    assert_int_equal(lac_pool_new(3, &pool, NULL), LAC_OK);
    for (int i = 0; i < 200; i++)
        lac_parallel(pool, 9, add_plain, sums);
    for (uint64_t i = 0; i < 9; i++)
        assert_int_equal(sums[i], (i + 1) * 200);
    lac_pool_free(pool);
    sched_setaffinity(0, sizeof all, &all);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_task_runs_exactly_once),
        cmocka_unit_test(test_jobs_that_follow_each_other_see_earlier_writes),
        cmocka_unit_test(test_tasks_run_side_by_side),
        cmocka_unit_test(test_waiting_threads_leave_the_processor_to_others),
        cmocka_unit_test(test_signals_go_to_the_programs_own_threads),
        cmocka_unit_test(test_parallel_never_allocates),
        cmocka_unit_test(test_a_pool_that_cannot_be_made_says_so),
        cmocka_unit_test(test_usable_threads_follow_the_affinity_mask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
