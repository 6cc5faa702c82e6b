/* atlas/suggest.h - guesses at the facets of a new paper from its title and abstract.
 *
 * Two views of the shipped papers' TF-IDF vectors (words, English stop words left out, sublinear counts, words of at
 * least two papers): the nearest papers by cosine, and one ridge classifier a word of the vocabulary, one against the
 * rest (ridge.h). The classifier makes the guess; how often it is right on shipped papers that it has not seen (leave
 * one out) is given beside a guess that always names the commonest word. The user's own papers are not learnt from:
 * their facets may be guesses.
 *
 * `confidence` is a frequency: among the leave-one-out predictions of all papers and words of the facet, the share that
 * is true of the 50 whose scores are nearest to this one's. Shipped summaries are in one hand; foreign abstracts are
 * harder. */
#ifndef LAC_ATLAS_SUGGEST_H
#define LAC_ATLAS_SUGGEST_H

#include <sqlite3.h>
#include <stddef.h>

#include "atlas/corpus.h"
#include "base/error.h"

enum { LAC_SUGGEST_NEAR = 5, LAC_SUGGEST_WORDS = 4 };

typedef struct lac_suggester lac_suggester;

/* Shares of papers whose first guess is one of their words. */
typedef struct lac_suggest_accuracy {
    size_t n;         /* papers of which the facet is known; of category, those of the survey's repository */
    size_t n_words;   /* different words */
    double ridge;     /* leave-one-out */
    double near;      /* leave-one-out: the word with most of the five nearest papers' cosine */
    double majority;  /* naming the commonest word always */
    const char *word; /* that word */
} lac_suggest_accuracy;

typedef struct lac_guess {
    const char *word; /* lives as long as the suggester */
    double score;     /* about 1: it has the word; about 0: it has not */
    double confidence;
    double near; /* share of the nearest papers' cosine that has the word */
} lac_guess;

typedef struct lac_suggestion {
    size_t n_near; /* papers with a word in common */
    struct {
        const char *id, *name, *title;
        double cosine;
    } near[LAC_SUGGEST_NEAR];
    struct { /* highest score first, at least one; "-" (none) alone or not at all */
        size_t n;
        lac_guess guess[LAC_SUGGEST_WORDS];
    } facets[LAC_N_FACETS];
} lac_suggestion;

/* Learns from the shipped papers in `db` (lac_atlas_open), a fraction of a second. */
lac_status lac_suggester_new(sqlite3 *db, lac_suggester **suggester, lac_error *err);
void lac_suggester_free(lac_suggester *suggester); /* NULL is fine */
const lac_suggest_accuracy *lac_suggester_accuracy(const lac_suggester *suggester, lac_facet facet);
/* The first guess for the i-th of the accuracy's n papers by a classifier that has not seen it. */
const char *lac_suggester_left_out(const lac_suggester *suggester, lac_facet facet, size_t i, double *score);

lac_status lac_suggest(const lac_suggester *suggester, const char *title, const char *abstract,
                       lac_suggestion *suggestion, lac_error *err);

#endif
