/* atlas/add_private.h - what the files of adding share. */
#ifndef LAC_ATLAS_ADD_PRIVATE_H
#define LAC_ATLAS_ADD_PRIVATE_H

#include "atlas/add.h"
#include "atlas/layer.h"

/* Papers that are there already, by what makes them the same: known.c. */
typedef struct lac_known lac_known;
typedef struct lac_known_match {
    const char *id;
    bool is_user, is_fresh; /* of the user's layer; of the file that is being added */
    const char *by;         /* "arXiv id", "DOI", "title" */
} lac_known_match;
lac_status lac_known_new(sqlite3 *db, lac_known **known, lac_error *err);
void lac_known_free(lac_known *known);
/* match->id is NULL if nothing is the same. */
lac_status lac_known_find(const lac_known *known, const lac_bib_entry *entry, lac_known_match *match, lac_error *err);
lac_status lac_known_put(lac_known *known, const lac_bib_entry *entry, const char *id, const char *short_name,
                         lac_error *err);
bool lac_known_has_id(const lac_known *known, const char *id);
bool lac_known_has_short(const lac_known *known, const char *name);

/* The cells of papers.tsv for an entry, facets empty, basis LAC_LAYER_BASIS, in the arena: add_row.c. `short_name` may
 * be NULL. */
lac_status lac_add_cells(lac_arena *arena, const lac_bib_entry *entry, const lac_known *known, const char *short_name,
                         const char **cells, lac_error *err);

/* A row a guess, a row a near paper. */
lac_status lac_suggest_rows(const lac_suggester *suggester, const char *key, const lac_suggestion *suggestion,
                            lac_answer *guesses, lac_answer *near, lac_error *err);

/* Is the entry one of those asked for? */
bool lac_bib_is_wanted(const lac_bib_entry *entry, const char *const *keys, int n_keys);

#endif
