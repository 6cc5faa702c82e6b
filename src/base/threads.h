/* base/threads.h - the one thread pool: a fork-join over numbered tasks.
 *
 * Which thread runs a task is not fixed, so a task's result may depend on its number alone. Waiting threads spin
 * briefly, then sleep. Threads never allocate. */
#ifndef LAC_BASE_THREADS_H
#define LAC_BASE_THREADS_H

#include <stddef.h>

#include "base/error.h"

typedef struct lac_pool lac_pool;

/* task: number in 0..n_tasks-1; worker: 0..lac_pool_size-1, unique among tasks running at once (for scratch). */
typedef void (*lac_task)(void *context, size_t task, int worker);

lac_status lac_pool_new(int n_threads, lac_pool **pool, lac_error *err); /* 0: lac_usable_threads() */
void lac_pool_free(lac_pool *pool);
int lac_pool_size(const lac_pool *pool); /* NULL counts as 1 */
/* Run all tasks, return when all are done. The caller is worker 0. pool NULL runs in place. Not reentrant. */
void lac_parallel(lac_pool *pool, size_t n_tasks, lac_task task, void *context);

/* Processors this process may use: affinity mask, capped by the cgroup's cpu quota; at least 1. */
int lac_usable_threads(void);

#endif
