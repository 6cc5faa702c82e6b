/* graph/store.c - named parameters: each entry's value and gradient are blocks of their own, so pointers to them stay.
 */
#include "graph/store.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"

struct lac_store {
    lac_dtype real;
    lac_arena *arena; /* entries and names */
    lac_entry **entries;
    int n, room;
    const char *prefix; /* of names that are added; NULL: none */
};

lac_status lac_store_new(lac_dtype real, lac_store **store, lac_error *err) {
    *store = NULL;
    if (real != LAC_F32 && real != LAC_F64)
        return lac_fail(err, "store: f32 or f64 expected, found %s", lac_dtype_name(real));
    lac_store *made = lac_zalloc(sizeof *made);
    if (!made) return lac_no_memory(err, "a parameter store");
    made->real = real;
    made->arena = lac_arena_new();
    if (!made->arena) {
        lac_free(made);
        return lac_no_memory(err, "a parameter store");
    }
    *store = made;
    return LAC_OK;
}

void lac_store_free(lac_store *store) {
    if (!store) return;
    for (int i = 0; i < store->n; i++) {
        lac_free(store->entries[i]->value);
        lac_free(store->entries[i]->grad);
    }
    lac_free(store->entries);
    lac_arena_free(store->arena);
    lac_free(store);
}

lac_dtype lac_store_real(const lac_store *store) {
    return store->real;
}

int lac_store_count(const lac_store *store) {
    return store->n;
}

lac_entry *lac_store_at(const lac_store *store, int index) {
    return store->entries[index];
}

int lac_store_find(const lac_store *store, const char *name) {
    for (int i = 0; i < store->n; i++)
        if (strcmp(store->entries[i]->name, name) == 0) return i;
    return -1;
}

static bool same_shape(const lac_entry *entry, int rank, const int64_t *dim) {
    if (entry->rank != rank) return false;
    for (int i = 0; i < rank; i++)
        if (entry->dim[i] != dim[i]) return false;
    return true;
}

void lac_store_set_prefix(lac_store *store, const char *prefix) {
    store->prefix = prefix;
}

lac_status lac_store_add(lac_store *store, const char *part, int rank, const int64_t *dim, unsigned flags,
                         lac_init init, double scale, int *index, lac_error *err) {
    char name[256];
    if (snprintf(name, sizeof name, "%s%s", store->prefix ? store->prefix : "", part) >= (int)sizeof name)
        return lac_fail(err, "%.60s...: a name of at most %zu bytes expected", part, sizeof name - 1);
    if (rank < 1 || rank > LAC_MAX_RANK)
        return lac_fail(err, "%s: 1 to %d axes expected, found %d", name, LAC_MAX_RANK, rank);
    int64_t n = 1;
    for (int i = 0; i < rank; i++) {
        if (dim[i] < 1 || n > ((int64_t)1 << 40) / dim[i])
            return lac_fail(err, "%s: axis %d of size %lld", name, i, (long long)dim[i]);
        n *= dim[i];
    }
    int found = lac_store_find(store, name);
    if (found >= 0) {
        if (!same_shape(store->entries[found], rank, dim))
            return lac_fail(err, "%s: already there with another shape", name);
        if (index) *index = found;
        return LAC_OK;
    }
    if (store->n == store->room) {
        int room = store->room ? 2 * store->room : 64;
        lac_entry **more = lac_resize(store->entries, (size_t)room * sizeof(lac_entry *));
        if (!more) return lac_no_memory(err, name);
        store->entries = more;
        store->room = room;
    }
    lac_entry *entry = lac_arena_alloc(store->arena, sizeof *entry);
    char *copy = lac_arena_text(store->arena, name);
    if (!entry || !copy) return lac_no_memory(err, name);
    *entry = (lac_entry){.name = copy,
                         .dtype = store->real,
                         .rank = rank,
                         .n = n,
                         .flags = flags,
                         .init = init,
                         .scale = scale,
                         .copy_of = -1};
    for (int i = 0; i < rank; i++)
        entry->dim[i] = dim[i];
    entry->value = lac_zalloc((size_t)n * lac_dtype_bytes(store->real));
    if (!entry->value) return lac_no_memory(err, name);
    store->entries[store->n] = entry;
    if (index) *index = store->n;
    store->n++;
    return LAC_OK;
}

lac_status lac_store_add_copy(lac_store *store, const char *name, int of, int *index, lac_error *err) {
    const lac_entry *from = store->entries[of];
    int at;
    LAC_TRY(lac_store_add(store, name, from->rank, from->dim, LAC_PARAM_BUFFER, LAC_INIT_COPY, 0, &at, err));
    store->entries[at]->copy_of = of;
    if (index) *index = at;
    return LAC_OK;
}

lac_status lac_store_need_gradients(lac_store *store, lac_error *err) {
    for (int i = 0; i < store->n; i++) {
        lac_entry *entry = store->entries[i];
        if (entry->grad || entry->flags & LAC_PARAM_BUFFER) continue;
        entry->grad = lac_zalloc((size_t)entry->n * lac_dtype_bytes(entry->dtype));
        if (!entry->grad) return lac_no_memory(err, entry->name);
    }
    return LAC_OK;
}

void lac_store_zero_gradients(lac_store *store) {
    for (int i = 0; i < store->n; i++) {
        lac_entry *entry = store->entries[i];
        if (entry->grad) memset(entry->grad, 0, (size_t)entry->n * lac_dtype_bytes(entry->dtype));
    }
}

static double truncated_normal(lac_random *random) {
    for (;;) {
        double x = lac_random_normal(random);
        if (fabs(x) <= 2) return x;
    }
}

static void initialize(lac_entry *entry, uint64_t seed) {
    lac_random random = lac_random_at(seed, LAC_RANDOM_INIT, 0, lac_hash(entry->name, strlen(entry->name), 0), 0);
    /* Glorot and Bengio 2010, eq. 16, on the matrix dim[0] x rest: the patch projection counts as a linear layer. */
    double bound = sqrt(6.0 / ((double)entry->dim[0] + (double)(entry->n / entry->dim[0])));
    for (int64_t i = 0; i < entry->n; i++) {
        double x = 0;
        switch (entry->init) {
        case LAC_INIT_ZERO:
        case LAC_INIT_GIVEN:
        case LAC_INIT_COPY:
            break;
        case LAC_INIT_ONE:
            x = 1;
            break;
        case LAC_INIT_CONSTANT:
            x = entry->scale;
            break;
        case LAC_INIT_NORMAL:
            x = entry->scale * lac_random_normal(&random);
            break;
        case LAC_INIT_TRUNC_NORMAL:
            x = entry->scale * truncated_normal(&random);
            break;
        case LAC_INIT_XAVIER_UNIFORM:
            x = bound * (2 * lac_random_uniform(&random) - 1);
            break;
        }
        if (entry->dtype == LAC_F32)
            ((float *)entry->value)[i] = (float)x;
        else
            ((double *)entry->value)[i] = x;
    }
}

void lac_store_initialize(lac_store *store, uint64_t seed) {
    for (int i = 0; i < store->n; i++)
        if (store->entries[i]->init != LAC_INIT_GIVEN && store->entries[i]->init != LAC_INIT_COPY)
            initialize(store->entries[i], seed);
    lac_store_copy_again(store);
}

void lac_store_copy_again(lac_store *store) {
    for (int i = 0; i < store->n; i++) {
        const lac_entry *entry = store->entries[i];
        if (entry->init != LAC_INIT_COPY) continue;
        memcpy(entry->value, store->entries[entry->copy_of]->value, (size_t)entry->n * lac_dtype_bytes(entry->dtype));
    }
}
