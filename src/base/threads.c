/* base/threads.c - the fork-join pool.
 *
 * A job's tasks are shared out in one run a thread, in order: a thread takes its own from the first, and when they are
 * gone the others' from the last. So equal parts of equal jobs stay with the same thread, and what it wrote in one job
 * is in its own cache in the next. A run is published by storing it; a thread claims a task by making the run shorter.
 * A successful claim is always one on the job being run, since that job cannot end before its claimed tasks do, so
 * a thread that slept through earlier jobs needs no generation number, and the caller never waits for a thread that did
 * not claim anything. Job fields are written before the runs and read after a claim.
 *
 * Waiting: ops follow each other within microseconds, so a thread spins for SPIN_S, gives its processor away to others
 * after YIELD_S of that time, then sleeps. Pools larger than the processors they may use do not spin. */
#include "base/threads.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

enum { LINE = 64, MAX_THREADS = 1024 };
#define SPIN_S 200e-6
#define YIELD_S 20e-6

/* The unclaimed tasks of a thread's run: the first, and the end. */
typedef _Atomic uint64_t task_run;
static uint64_t run_of(uint32_t first, uint32_t end) {
    return (uint64_t)end << 32 | first;
}

typedef struct worker {
    _Alignas(LINE) task_run run;
    lac_pool *pool;
    int number;
    pthread_t thread;
} worker;

struct lac_pool {
    int n_threads;
    int n_started; /* threads created, not counting the caller */
    bool spins;
    worker *workers;

    lac_task task;
    void *context;
    size_t first_task;
    atomic_bool is_running;

    _Alignas(LINE) atomic_size_t unfinished;
    _Alignas(LINE) atomic_int n_sleeping; /* workers */
    atomic_bool caller_sleeps;
    atomic_bool stops;
    pthread_mutex_t mutex;
    pthread_cond_t work, done;
};

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Takes one task of a run, its first or its last. */
static bool claim(task_run *run, bool is_own, uint32_t *task) {
    uint64_t was = atomic_load_explicit(run, memory_order_relaxed);
    for (;;) {
        uint32_t first = (uint32_t)was, end = (uint32_t)(was >> 32);
        if (first >= end) return false;
        *task = is_own ? first : end - 1;
        uint64_t left = is_own ? run_of(first + 1, end) : run_of(first, end - 1);
        if (atomic_compare_exchange_weak_explicit(run, &was, left, memory_order_acquire, memory_order_relaxed))
            return true;
    }
}

/* Claim and run tasks until none is left; returns how many were run. */
static size_t run_tasks(lac_pool *pool, int number) {
    size_t n_run = 0;
    for (int i = 0; i < pool->n_threads; i++) {
        int of = (number + i) % pool->n_threads;
        for (uint32_t task; claim(&pool->workers[of].run, of == number, &task); n_run++)
            pool->task(pool->context, pool->first_task + task, number);
    }
    return n_run;
}

static bool has_work(lac_pool *pool) {
    for (int i = 0; i < pool->n_threads; i++) {
        uint64_t run = atomic_load(&pool->workers[i].run);
        if ((uint32_t)run < (uint32_t)(run >> 32)) return true;
    }
    return atomic_load(&pool->stops);
}

static bool is_done(lac_pool *pool) {
    return atomic_load(&pool->unfinished) == 0;
}

/* Spin until `ready` or the time is over. */
static bool spin(lac_pool *pool, bool (*ready)(lac_pool *)) {
    if (ready(pool)) return true;
    if (!pool->spins) return false;
    double start = lac_clock_s();
    for (;;) {
        for (int i = 0; i < 16; i++) {
            relax();
            if (ready(pool)) return true;
        }
        double waited = lac_clock_s() - start;
        if (waited > SPIN_S) return false;
        if (waited > YIELD_S) sched_yield();
    }
}

static void *work(void *argument) {
    worker *self = argument;
    lac_pool *pool = self->pool;
    for (;;) {
        if (!spin(pool, has_work)) {
            pthread_mutex_lock(&pool->mutex);
            atomic_fetch_add(&pool->n_sleeping, 1); /* before the check: lac_parallel stores, then reads this */
            while (!has_work(pool))
                pthread_cond_wait(&pool->work, &pool->mutex);
            atomic_fetch_sub(&pool->n_sleeping, 1);
            pthread_mutex_unlock(&pool->mutex);
        }
        if (atomic_load(&pool->stops)) return NULL;
        size_t n_run = run_tasks(pool, self->number);
        if (n_run > 0 && atomic_fetch_sub(&pool->unfinished, n_run) == n_run && atomic_load(&pool->caller_sleeps)) {
            pthread_mutex_lock(&pool->mutex);
            pthread_cond_signal(&pool->done);
            pthread_mutex_unlock(&pool->mutex);
        }
    }
}

lac_status lac_pool_new(int n_threads, lac_pool **out, lac_error *err) {
    *out = NULL;
    if (n_threads < 0 || n_threads > MAX_THREADS)
        return lac_usage(err, "threads: expected 0 to %d, found %d", (int)MAX_THREADS, n_threads);
    int usable = lac_usable_threads();
    if (n_threads == 0) n_threads = usable < MAX_THREADS ? usable : MAX_THREADS;
    lac_pool *pool = lac_zalloc(sizeof *pool);
    worker *workers = lac_zalloc((size_t)n_threads * sizeof *workers);
    if (!pool || !workers) {
        lac_free(pool);
        lac_free(workers);
        return lac_no_memory(err, "the thread pool");
    }
    pool->n_threads = n_threads;
    pool->spins = n_threads <= usable;
    pool->workers = workers;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->done, NULL);

    sigset_t all, before; /* signals go to the program's own threads */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = 0;
    for (int i = 1; i < n_threads && !failed; i++) {
        workers[i].pool = pool;
        workers[i].number = i;
        failed = pthread_create(&workers[i].thread, NULL, work, &workers[i]);
        if (!failed) pool->n_started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        int n_started = pool->n_started;
        lac_pool_free(pool);
        char reason[128];
        return lac_fail(err, "thread %d of %d could not be started: %s", n_started + 2, n_threads,
                        strerror_r(failed, reason, sizeof reason));
    }
    *out = pool;
    return LAC_OK;
}

void lac_pool_free(lac_pool *pool) {
    if (!pool) return;
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->stops, true);
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
    for (int i = 1; i <= pool->n_started; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->mutex);
    lac_free(pool->workers);
    lac_free(pool);
}

int lac_pool_size(const lac_pool *pool) {
    return pool ? pool->n_threads : 1;
}

/* One job of at most UINT32_MAX tasks */
static void run_job(lac_pool *pool, size_t n_tasks) {
    atomic_store(&pool->unfinished, n_tasks);
    uint32_t first = 0;
    for (int i = 0; i < pool->n_threads; i++) {
        uint32_t end = (uint32_t)(n_tasks * (size_t)(i + 1) / (size_t)pool->n_threads);
        atomic_store(&pool->workers[i].run, run_of(first, end));
        first = end;
    }
    int n_sleeping = atomic_load(&pool->n_sleeping);
    if (n_sleeping > 0) {
        pthread_mutex_lock(&pool->mutex);
        if (n_tasks > (size_t)n_sleeping)
            pthread_cond_broadcast(&pool->work);
        else
            for (size_t i = 1; i < n_tasks; i++)
                pthread_cond_signal(&pool->work);
        pthread_mutex_unlock(&pool->mutex);
    }
    size_t n_run = run_tasks(pool, 0);
    if (atomic_fetch_sub(&pool->unfinished, n_run) != n_run && !spin(pool, is_done)) {
        pthread_mutex_lock(&pool->mutex);
        atomic_store(&pool->caller_sleeps, true); /* before the check: a worker subtracts, then reads this */
        while (!is_done(pool))
            pthread_cond_wait(&pool->done, &pool->mutex);
        atomic_store(&pool->caller_sleeps, false);
        pthread_mutex_unlock(&pool->mutex);
    }
}

void lac_parallel(lac_pool *pool, size_t n_tasks, lac_task task, void *context) {
    if (!pool || pool->n_threads == 1 || n_tasks <= 1) {
        for (size_t i = 0; i < n_tasks; i++)
            task(context, i, 0);
        return;
    }
    bool was_running = atomic_exchange(&pool->is_running, true);
    assert(!was_running); /* not reentrant, and one caller at a time */
    (void)was_running;
    pool->task = task;
    pool->context = context;
    for (size_t most = UINT32_MAX, n; n_tasks > 0; n_tasks -= n, pool->first_task += n) {
        n = n_tasks < most ? n_tasks : most;
        run_job(pool, n);
    }
    pool->first_task = 0;
    atomic_store(&pool->is_running, false);
}
