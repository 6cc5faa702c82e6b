/* atlas/corpus.h - documents to cluster: the atlas' papers, or a reader's own file.
 *
 * A corpus is read-only and owns its texts. Titles and texts are as their source has them: escape them where they are
 * shown. */
#ifndef LAC_ATLAS_CORPUS_H
#define LAC_ATLAS_CORPUS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* The facets of papers.tsv, in the order of its columns. */
typedef enum lac_facet {
    LAC_FACET_CATEGORY,
    LAC_FACET_FAMILY,
    LAC_FACET_MODALITY,
    LAC_FACET_MASKING,
    LAC_FACET_TARGET,
    LAC_FACET_OBJECTIVE,
    LAC_FACET_ARCHITECTURE,
    LAC_FACET_TASKS,
    LAC_N_FACETS
} lac_facet;

extern const char *const lac_facet_names[LAC_N_FACETS]; /* "category", ... */

typedef struct lac_document {
    const char *id, *title, *text;    /* never NULL; text is "" where there is none */
    const char *name;                 /* short name for drawings; the id where there is none */
    const char *facets[LAC_N_FACETS]; /* values separated by ';'; NULL: not known */
} lac_document;

typedef struct lac_named_cluster { /* a row of clusters.tsv */
    const char *id, *name, *kind;
} lac_named_cluster;

typedef struct lac_corpus {
    size_t n;
    const lac_document *documents;
    size_t n_named; /* 0 for a reader's own file */
    const lac_named_cluster *named;
    bool has_facets;    /* false for a reader's own file without such columns */
    const char *origin; /* "the atlas", or the file's path */
    void *owner;
} lac_corpus;

/* All papers with title, summary and facets, and the clusters that the survey names; `db` from lac_atlas_open. */
lac_status lac_corpus_of_atlas(sqlite3 *db, lac_corpus **corpus, lac_error *err);
/* A tab-separated file with a header line; columns id, title, text (or summary), in any order; others are ignored but
 * for short and the facets. Errors name file:line:column: a missing or repeated column, a row of another width, an
 * empty or repeated id, invalid UTF-8, no rows. */
lac_status lac_corpus_of_tsv(const char *path, lac_corpus **corpus, lac_error *err);
/* The same from text in memory; `path` is for errors. */
lac_status lac_corpus_of_tsv_text(const char *path, const char *data, size_t bytes, lac_corpus **corpus,
                                  lac_error *err);
/* Entries of a BibTeX file: key, title, abstract. */
lac_status lac_corpus_of_bibtex(const char *path, lac_corpus **corpus, lac_error *err);
void lac_corpus_free(lac_corpus *corpus); /* NULL is fine */

/* lac_array of n lac_alloc'ed texts "title text", what is vectorised; free with lac_corpus_texts_free. */
lac_status lac_corpus_texts(const lac_corpus *corpus, char ***texts, lac_error *err);
void lac_corpus_texts_free(char **texts, size_t n);

#endif
