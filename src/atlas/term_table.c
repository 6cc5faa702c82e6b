/* atlas/term_table.c - open addressing with linear probes over XXH3. */
#include "atlas/term_table.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/* Where the term is or would be. */
static size_t find_slot(const lac_term_table *t, const char *term, size_t bytes, uint64_t hash) {
    size_t at = (size_t)hash & (t->n_slots - 1);
    for (; t->slots[at]; at = (at + 1) & (t->n_slots - 1)) {
        uint32_t number = t->slots[at] - 1;
        if (t->hashes[number] == hash && strncmp(t->terms[number], term, bytes) == 0 && t->terms[number][bytes] == 0)
            break;
    }
    return at;
}

uint32_t lac_term_find(const lac_term_table *t, const char *term, size_t bytes) {
    if (t->n_slots == 0) return LAC_NO_TERM;
    uint32_t found = t->slots[find_slot(t, term, bytes, lac_hash(term, bytes, 0))];
    return found ? found - 1 : LAC_NO_TERM;
}

static bool grow_slots(lac_term_table *t) {
    size_t n_slots = t->n_slots ? 2 * t->n_slots : 1024;
    uint32_t *slots = lac_array(n_slots, sizeof *slots);
    if (!slots) return false;
    for (size_t i = 0; i < t->n; i++) {
        size_t at = (size_t)t->hashes[i] & (n_slots - 1);
        while (slots[at])
            at = (at + 1) & (n_slots - 1);
        slots[at] = (uint32_t)i + 1;
    }
    lac_free(t->slots);
    t->slots = slots;
    t->n_slots = n_slots;
    return true;
}

static bool grow_terms(lac_term_table *t) {
    size_t room = t->room ? 2 * t->room : 512;
    char **terms = lac_resize(t->terms, room * sizeof *terms);
    if (!terms) return false;
    t->terms = terms;
    uint64_t *hashes = lac_resize(t->hashes, room * sizeof *hashes);
    if (!hashes) return false;
    t->hashes = hashes;
    t->room = room;
    return true;
}

bool lac_term_add(lac_term_table *t, const char *term, size_t bytes, uint32_t *number) {
    if (2 * (t->n + 1) > t->n_slots && !grow_slots(t)) return false;
    uint64_t hash = lac_hash(term, bytes, 0);
    size_t at = find_slot(t, term, bytes, hash);
    if (t->slots[at]) {
        *number = t->slots[at] - 1;
        return true;
    }
    if (t->n >= UINT32_MAX - 1 || (t->n == t->room && !grow_terms(t))) return false;
    if (!t->arena) t->arena = lac_arena_new();
    char *copy = t->arena ? lac_arena_alloc(t->arena, bytes + 1) : NULL;
    if (!copy) return false;
    memcpy(copy, term, bytes);
    t->terms[t->n] = copy;
    t->hashes[t->n] = hash;
    *number = (uint32_t)t->n++;
    t->slots[at] = *number + 1;
    return true;
}

void lac_term_table_free(lac_term_table *t) {
    lac_arena_free(t->arena);
    lac_free(t->terms);
    lac_free(t->hashes);
    lac_free(t->slots);
    *t = (lac_term_table){0};
}
