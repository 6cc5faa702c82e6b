/* atlas/add.h - papers of a BibTeX file into the user's layer (layer.h), with guesses at their facets (suggest.h).
 *
 * A paper that the atlas holds already (the same arXiv id, DOI, or title but for case, spaces and punctuation) is
 * skipped and named. Guesses are written where they are sure enough, and then `basis` says so. */
#ifndef LAC_ATLAS_ADD_H
#define LAC_ATLAS_ADD_H

#include <stdbool.h>
#include <stddef.h>

#include "atlas/answer.h"
#include "atlas/bibtex.h"
#include "atlas/suggest.h"

enum { LAC_ADD_MOST = 4096 /* entries at once */ };

typedef struct lac_add_options {
    const char *const
        *sets; /* "masking=block;random": of all papers added; facets, short and code; the last one counts */
    int n_sets;
    const char *const *keys; /* citation keys: only these entries */
    int n_keys;              /* 0: all */
    double confidence;       /* guesses at least as sure are written; above 1: nothing is guessed */
    bool dry_run;            /* say what would be done, write nothing, need no folder */
} lac_add_options;

typedef struct lac_add_result {
    char *path; /* of the layer */
    size_t n_added, n_skipped;
    lac_answer *papers; /* key, outcome (added, skipped), paper (id), reason, title */
    /* Of those added, a row a facet: paper, facet, value, from ("set"; "guess": written; "not sure": the best guess,
     * not written), and of the first guess confidence, near, right and commonest (see lac_atlas_suggest). */
    lac_answer *facets;
} lac_add_result;

/* LAC_USAGE for a key or a setting that cannot be. All papers are written at once or none is. */
lac_status lac_atlas_add(const lac_bib *bib, const lac_add_options *options, lac_add_result *result, lac_error *err);
void lac_add_result_free(lac_add_result *result);

/* Guesses alone, for all entries or those of the keys: `guesses` (key, facet, guess, confidence, near, right,
 * commonest: the last two are the facet's leave-one-out accuracy and that of its commonest word), `near` (key, paper,
 * cosine, title). */
lac_status lac_atlas_suggest(const lac_bib *bib, const char *const *keys, int n_keys, lac_answer **guesses,
                             lac_answer **near, lac_error *err);
/* facet, papers, words, right (leave-one-out), near (leave-one-out), commonest (share), word */
lac_status lac_suggest_accuracies(lac_answer **answer, lac_error *err);

/* LAC_USAGE for a key that no entry has, with the nearest, and for more than LAC_ADD_MOST entries. */
lac_status lac_bib_check_keys(const lac_bib *bib, const char *const *keys, int n_keys, lac_error *err);

#endif
