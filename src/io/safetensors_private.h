/* io/safetensors_private.h - what the reader, the header's parser and the writer share. Not for other folders. */
#ifndef LAC_IO_SAFETENSORS_PRIVATE_H
#define LAC_IO_SAFETENSORS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

enum { LAC_ST_HEADER_LIMIT = 100000000, LAC_ST_RANK = 8 }; /* the limit is the reference implementation's */

typedef struct lac_st_entry {
    const char *name;
    const char *dtype; /* as written; known or not */
    int rank;
    int64_t dim[LAC_ST_RANK];
    uint64_t begin, end;
} lac_st_entry;

typedef struct lac_st_pair {
    const char *key, *value;
} lac_st_pair;

typedef struct lac_st_header { /* arrays are lac_alloc'ed, text lies in the arena */
    lac_st_entry *entries;
    size_t n_entries, entries_room;
    lac_st_pair *pairs; /* of __metadata__ */
    size_t n_pairs, pairs_room;
} lac_st_header;

/* Parse `bytes` of JSON. Checks the grammar and that every entry is complete; not ranges, dtypes or duplicate names.
 * On failure the arrays are valid and still the caller's. */
lac_status lac_st_parse(const char *path, const char *json, size_t bytes, lac_arena *arena, lac_st_header *header,
                        lac_error *err);
void lac_st_header_free(lac_st_header *header);

int lac_st_dtype_bits(const char *dtype); /* 0: unknown */
/* Bytes of a dense tensor; false on a negative dimension, overflow or a size that is not whole bytes. */
bool lac_st_tensor_bytes(int bits, int rank, const int64_t *dim, uint64_t *bytes);
bool lac_st_is_utf8(const char *text, size_t bytes); /* without NUL */

#endif
