/* tests/method/tried.h - a method built from a recipe's text, its weights initialised, for the tests of steps; and what
 * every method is put through: each failed allocation on the way to its step must be an error. */
#ifndef LAC_TESTS_METHOD_TRIED_H
#define LAC_TESTS_METHOD_TRIED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "method/method.h"

#define MUST(expr)                                                                                                     \
    do {                                                                                                               \
        lac_error must_err = {0};                                                                                      \
        if ((expr) != LAC_OK) fail_msg("%s: %s", #expr, must_err.text);                                                \
    } while (0)

typedef struct tried {
    lac_recipe *recipe;
    lac_method *method;
    const lac_backend *backend;
    lac_store *store;
} tried;

static inline void try_recipe(tried *t, const char *text, lac_dtype real) {
    MUST(lac_recipe_read_text("tried.yaml", text, &t->recipe, &must_err));
    MUST(lac_method_new(t->recipe, real, &t->method, &must_err));
    MUST(lac_backend_cpu(NULL, &t->backend, &must_err));
    t->store = lac_method_store(t->method);
    lac_store_initialize(t->store, 7);
    MUST(lac_store_need_gradients(t->store, &must_err));
    lac_store_zero_gradients(t->store);
}

static inline void tried_free(tried *t) {
    lac_method_free(t->method);
    lac_recipe_free(t->recipe);
}

static inline const lac_entry *tried_entry(const tried *t, const char *name) {
    int index = lac_store_find(t->store, name);
    if (index < 0) fail_msg("no entry %s", name);
    return lac_store_at(t->store, index);
}

static inline void fail_every_allocation_of(const char *text, unsigned step_flags) {
    lac_recipe *recipe;
    const lac_backend *backend;
    MUST(lac_recipe_read_text("tried.yaml", text, &recipe, &must_err));
    MUST(lac_backend_cpu(NULL, &backend, &must_err));
    bool is_done = false;
    for (uint64_t n = 1; !is_done; n++) {
        lac_method *method = NULL;
        lac_step *step = NULL;
        lac_error err = {0};
        assert_true(n < 20000);
        lac_memory_fail_at(n);
        lac_status status = lac_method_new(recipe, LAC_F32, &method, &err);
        if (status == LAC_OK) status = lac_step_new(method, backend, NULL, 2, step_flags, &step, &err);
        lac_memory_fail_at(0);
        is_done = status == LAC_OK;
        if (!is_done) assert_int_equal(status, LAC_FAILURE);
        lac_step_free(step);
        lac_method_free(method);
    }
    lac_recipe_free(recipe);
}

#endif
