/* atlas/tfidf.h - TF-IDF vectors of texts: sparse rows in float64, equal to scikit-learn's TfidfVectorizer.
 *
 * Words are runs of two or more word characters (letters, numbers, underscore; the pattern (?u)\b\w\w+\b) of the text
 * in lower case (full Unicode, final sigma included). Weights are tf * (ln((1 + n) / (1 + df)) + 1), rows scaled to
 * length 1. Invalid UTF-8 counts as a separator. Stop words go before n-grams are made, as in scikit-learn. */
#ifndef LAC_ATLAS_TFIDF_H
#define LAC_ATLAS_TFIDF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/threads.h"

typedef struct lac_tfidf_options {
    int min_n, max_n;              /* lengths of n-grams in words, 1 <= min_n <= max_n */
    int shortest;                  /* word, in characters; 0 stands for 2, scikit-learn's default */
    bool sublinear;                /* 1 + ln(count) for the count */
    int64_t min_df;                /* drop terms in fewer documents; 1 keeps all */
    const char *const *stop_words; /* lower case; NULL: none */
    size_t n_stop_words;
} lac_tfidf_options;

lac_tfidf_options lac_tfidf_plain(void); /* TfidfVectorizer(): no stop words, single words, min_df 1 */

/* scikit-learn's ENGLISH_STOP_WORDS, sorted. */
extern const char *const lac_english_stop_words[];
extern const size_t lac_n_english_stop_words;

/* One word a line; '#' begins a comment; lower-cased. Free with lac_stop_words_free. */
lac_status lac_stop_words_read(const char *path, char ***words, size_t *n, lac_error *err);
void lac_stop_words_free(char **words, size_t n);

typedef struct lac_sparse_row { /* terms ascending */
    size_t n;
    const uint32_t *term;
    const double *value;
} lac_sparse_row;

typedef struct lac_tfidf {
    size_t n_rows, n_terms;
    char **terms;   /* sorted by code point; n-grams joined by one space */
    double *idf;    /* n_terms */
    int64_t *df;    /* n_terms: documents with the term */
    size_t *start;  /* n_rows + 1 */
    uint32_t *term; /* start[n_rows] */
    double *value;
    struct lac_tfidf_private *own;
} lac_tfidf;

/* LAC_USAGE if no term remains. `texts` are NUL-terminated UTF-8 and not kept; options are copied, stop words included.
 */
lac_status lac_tfidf_fit(const char *const *texts, size_t n, const lac_tfidf_options *options, lac_tfidf **tfidf,
                         lac_error *err);
void lac_tfidf_free(lac_tfidf *tfidf); /* NULL is fine */
lac_sparse_row lac_tfidf_row(const lac_tfidf *tfidf, size_t row);
/* The vector of another text over the fitted terms (unknown ones are dropped): term and value are lac_alloc'ed. */
lac_status lac_tfidf_transform(const lac_tfidf *tfidf, const char *text, uint32_t **term, double **value, size_t *n,
                               lac_error *err);

double lac_sparse_dot(lac_sparse_row a, lac_sparse_row b);              /* the cosine, as rows have length 1 */
double lac_sparse_squared_distance(lac_sparse_row a, lac_sparse_row b); /* by differences, in order of terms */

typedef struct lac_near {
    size_t row;
    double cosine;
} lac_near;
/* The min(k, rows) rows nearest to `row` by cosine, nearest first, ties by row number; `except` is left out (SIZE_MAX:
 * none). Returns their number. */
size_t lac_tfidf_nearest(const lac_tfidf *tfidf, lac_sparse_row row, size_t except, lac_near *near, size_t k);

/* Euclidean distances between all rows, condensed as scipy's pdist: n (n - 1) / 2 values, row by row.
 *
 * By differences in order of terms, which is what pdist on dense rows adds up, where that is affordable (rows * values
 * up to 5e8); else by products, 2 - 2 cosine, and by differences where that gives less than 1e-4. */
lac_status lac_tfidf_distances(const lac_tfidf *tfidf, lac_pool *pool, double *condensed, lac_error *err);

#endif
