/* atlas/term_table.h - strings numbered in the order in which they first came: a hash table. For tfidf.c. */
#ifndef LAC_ATLAS_TERM_TABLE_H
#define LAC_ATLAS_TERM_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

typedef struct lac_term_table { /* zero-initialise */
    lac_arena *arena;           /* of the strings */
    char **terms;               /* NUL-terminated, by number */
    uint64_t *hashes;
    uint32_t *slots; /* number + 1; 0: empty; room is a power of two, at most half of it used */
    size_t n, room, n_slots;
} lac_term_table;

#define LAC_NO_TERM UINT32_MAX

uint32_t lac_term_find(const lac_term_table *table, const char *term, size_t bytes); /* LAC_NO_TERM: not there */
/* Its number, new or not; false: no memory, or 2^32 - 2 terms. */
bool lac_term_add(lac_term_table *table, const char *term, size_t bytes, uint32_t *number);
void lac_term_table_free(lac_term_table *table);

#endif
