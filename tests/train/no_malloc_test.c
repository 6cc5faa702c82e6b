/* tests/train/no_malloc_test.c - between a batch's hand-over and the end of its step nothing asks for memory, on any
 * thread.
 *
 * This program's own malloc and kin stand in front of glibc's and count while armed, whoever calls. The loader's
 * threads work at the same time; after the first epoch they must not allocate either. Not under sanitizers, which have
 * their own. */
#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "train/tiny.h"
#include "train/trainer.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_OWN_MALLOC 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_OWN_MALLOC 1
#endif
#endif

static atomic_bool is_armed;
static atomic_int n_calls;

#ifndef HAS_OWN_MALLOC
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);

static void count(void) {
    if (atomic_load_explicit(&is_armed, memory_order_relaxed)) atomic_fetch_add(&n_calls, 1);
}

void *malloc(size_t bytes) {
    count();
    return __libc_malloc(bytes);
}

void *calloc(size_t n, size_t bytes) {
    count();
    return __libc_calloc(n, bytes);
}

void *realloc(void *block, size_t bytes) {
    count();
    return __libc_realloc(block, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
    count();
    return __libc_memalign(alignment, bytes);
}

int posix_memalign(void **block, size_t alignment, size_t bytes) {
    count();
    *block = __libc_memalign(alignment, bytes);
    return *block ? 0 : ENOMEM;
}

void *mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset) {
    count();
    return (void *)syscall(SYS_mmap, at, bytes, protection, flags, fd, offset);
}
#endif

/* Arms after the hand-over. */
static lac_status feed(void *loader, const lac_batch **batch, lac_error *error) {
    atomic_store(&is_armed, false);
    lac_status status = lac_loader_next(loader, batch, error);
    atomic_store(&is_armed, true);
    return status;
}

static void test_a_step_asks_for_no_memory(void **state) {
    (void)state;
#ifdef HAS_OWN_MALLOC
    skip();
#endif
    char data[512];
    lac_recipe *recipe;
    lac_method *method;
    lac_source *source;
    lac_loader *loader;
    lac_trainer *trainer;
    lac_collapse *collapse;
    lac_pool *pool;
    const lac_backend *backend;
    lac_step_result result;
    snprintf(data, sizeof data, "idx:%s", tiny_path("pictures"));
    const char *sets[] = {"optim.ema=0.9", "optim.clip=1", "model.encoder.drop_path=0.1", "train.micro_batch=8"};
    tiny_assert(lac_recipe_open(tiny_path("tiny.yaml"), sets, 4, &recipe, &err), LAC_OK, "");
    tiny_assert(lac_method_new(recipe, LAC_F32, &method, &err), LAC_OK, "");
    tiny_assert(lac_source_open(data, &source, &err), LAC_OK, "");
    tiny_assert(lac_backend_cpu(NULL, &backend, &err), LAC_OK, "");
    tiny_assert(lac_pool_new(2, &pool, &err), LAC_OK, "");
    tiny_assert(lac_trainer_new(method, backend, pool, &trainer, &err), LAC_OK, "");
    tiny_assert(lac_collapse_new(16, lac_trainer_feature_width(trainer), &collapse, &err), LAC_OK, "");
    lac_trainer_initialize(trainer);
    lac_augment augment = lac_method_augment(method);
    lac_loader_options options = {.batch = lac_trainer_batch(trainer), .n_threads = 2};
    tiny_assert(lac_loader_new(source, &augment, &options, &loader, &err), LAC_OK, "");
    int per_epoch = TINY_PICTURES / (int)lac_trainer_batch(trainer) + 3; /* and what is read ahead */
    for (int step = 0; step < 4 * per_epoch; step++) {
        if (step == per_epoch) atomic_store(&n_calls, 0);
        uint64_t own = lac_memory_count();
        lac_status status = lac_trainer_step(trainer, feed, loader, step, 1e-3, collapse, &result, &err);
        lac_collapse_measure(collapse);
        atomic_store(&is_armed, false);
        tiny_assert(status, LAC_OK, "");
        if (step >= per_epoch) assert_int_equal(lac_memory_count(), own);
    }
    assert_int_equal(atomic_load(&n_calls), 0);
    void *volatile block; /* and the counter counts */
    atomic_store(&is_armed, true);
    block = malloc(10);
    atomic_store(&is_armed, false);
    assert_int_equal(atomic_load(&n_calls), 1);
    free(block);
    lac_loader_free(loader);
    lac_collapse_free(collapse);
    lac_trainer_free(trainer);
    lac_pool_free(pool);
    lac_source_free(source);
    lac_method_free(method);
    lac_recipe_free(recipe);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_step_asks_for_no_memory)};
    return cmocka_run_group_tests(tests, tiny_make, tiny_remove);
}
