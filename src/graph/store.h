/* graph/store.h - parameters and buffers by name, outside graphs.
 *
 * Several graphs read one store. Values are f32 (or f64 for finite-difference checks), dense, in the order in which
 * they were added; that order is the order of a checkpoint. */
#ifndef LAC_GRAPH_STORE_H
#define LAC_GRAPH_STORE_H

#include <stdbool.h>

#include "backend/op.h"
#include "base/error.h"

typedef enum lac_init {
    LAC_INIT_ZERO,
    LAC_INIT_ONE,
    LAC_INIT_CONSTANT,       /* scale */
    LAC_INIT_NORMAL,         /* mean 0, deviation `scale` */
    LAC_INIT_TRUNC_NORMAL,   /* cut at +-2 scale */
    LAC_INIT_XAVIER_UNIFORM, /* on dim[0] x (the rest): linear weights and the patch projection (arXiv 2111.06377) */
    LAC_INIT_COPY,           /* of another entry, once that has its values */
    LAC_INIT_GIVEN           /* the model fills it (fixed positions); never touched by lac_store_initialize */
} lac_init;

enum {
    LAC_PARAM_BUFFER = 1,  /* no gradient, not touched by the optimizer (fixed positions, statistics) */
    LAC_PARAM_NO_DECAY = 2 /* 1-D tensors, positions: no weight decay */
};

typedef struct lac_entry {
    const char *name; /* as in the model's own export: "blocks.0.attn.qkv.weight" */
    lac_dtype dtype;
    int rank;
    int64_t dim[LAC_MAX_RANK];
    int64_t n; /* elements */
    unsigned flags;
    lac_init init;
    double scale;
    int copy_of; /* LAC_INIT_COPY: index of that entry, else -1 */
    void *value;
    void *grad; /* NULL for buffers, and until lac_store_need_gradients */
} lac_entry;

typedef struct lac_store lac_store;

lac_status lac_store_new(lac_dtype real, lac_store **store, lac_error *err);
void lac_store_free(lac_store *store);
lac_dtype lac_store_real(const lac_store *store);
/* Add an entry, zeroed. Adding a name again with the same shape returns the existing one (shared weights);
 * with another shape it is an error. */
lac_status lac_store_add(lac_store *store, const char *name, int rank, const int64_t *dim, unsigned flags,
                         lac_init init, double scale, int *index, lac_error *err);
/* Put in front of every name that is added from now on; NULL: nothing. Borrowed. */
void lac_store_set_prefix(lac_store *store, const char *prefix);
/* A buffer that starts as a copy of entry `of` (a teacher's weight), zeroed until initialised. */
lac_status lac_store_add_copy(lac_store *store, const char *name, int of, int *index, lac_error *err);
int lac_store_count(const lac_store *store);
lac_entry *lac_store_at(const lac_store *store, int index);
int lac_store_find(const lac_store *store, const char *name); /* -1 if absent */
lac_status lac_store_need_gradients(lac_store *store, lac_error *err);
void lac_store_zero_gradients(lac_store *store);
/* Every entry by its rule, keyed by (seed, name): the order of entries does not matter. */
void lac_store_initialize(lac_store *store, uint64_t seed);
/* Copies alone: again the values of what they copy. */
void lac_store_copy_again(lac_store *store);

#endif
