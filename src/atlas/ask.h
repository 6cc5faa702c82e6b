/* atlas/ask.h - the questions: each takes a connection (lac_atlas_open) and gives an answer to print or to write.
 *
 * Figures come with `checked`: "read" where the row's source was seen, "unchecked" where it is from memory. */
#ifndef LAC_ATLAS_ASK_H
#define LAC_ATLAS_ASK_H

#include <stdint.h>

#include "atlas/answer.h"

/* Papers with all of the words, best first by bm25; where there are none, papers with any (*is_any). Words are taken as
 * words, whatever signs they hold. Columns paper, year, venue, title, score, snippet (marked), layer. LAC_USAGE where
 * no letter or digit is in `words`. */
lac_status lac_ask_search(sqlite3 *db, const char *words, int64_t most, lac_answer **answer, bool *is_any,
                          lac_error *err);

/* One condition of a list. `facet`: a column of the table facets (dim, family, modality, masking, target, objective,
 * architecture, tasks), or category, venue, year. `value`: a word, or several with ',' (any of them); a year is 2023,
 * 2023.., ..2021 or 2020..2022. */
typedef struct lac_condition {
    const char *option; /* for errors: "--masking" */
    const char *facet, *value;
} lac_condition;
/* Papers that meet all conditions, newest first. LAC_USAGE for an unknown word, naming the nearest. */
lac_status lac_ask_list(sqlite3 *db, const lac_condition *conditions, size_t n, lac_answer **answer, lac_error *err);

/* The taxonomy in the order of a drawn tree; `node`: this one and what is below it (NULL: all). */
lac_status lac_ask_tree(sqlite3 *db, const char *node, lac_answer **answer, lac_error *err);

/* Figures of the benchmarks that `benchmark` names (as lac_match_within), best first: lowest first for FID. `backbone`
 * and `paper` narrow, NULL does not. benchmark NULL: the benchmarks with their number of figures. */
lac_status lac_ask_results(sqlite3 *db, const char *benchmark, const char *backbone, const char *paper,
                           lac_answer **answer, lac_error *err);

/* A whole table, "datasets", "gaps", "timeline", "forms" or "clusters", with what people need first. */
lac_status lac_ask_table(sqlite3 *db, const char *table, lac_answer **answer, lac_error *err);
/* A whole table of SQL as it is, for export. LAC_USAGE where there is none of that name. */
lac_status lac_ask_rows(sqlite3 *db, const char *table, lac_answer **answer, lac_error *err);
/* The names that lac_ask_rows takes, ended by NULL. */
extern const char *const lac_ask_tables[];

/* The paper that a person means by an id, a short name, an arXiv id or a title (or the beginning of one): its
 * papers.short, or that of a method outside the survey's list (*is_outside). LAC_USAGE where none or several are meant.
 * `name` is lac_alloc'ed. */
lac_status lac_ask_find(sqlite3 *db, const char *words, char **name, bool *is_outside, lac_error *err);

/* All about one paper: parts paper, place, nearest, results, events, recipes. `n_near` nearest papers by TF-IDF. */
lac_status lac_ask_show(sqlite3 *db, const char *words, int64_t n_near, lac_sheet *sheet, lac_error *err);

/* One SELECT, stopped after `seconds`. *figures_unmarked: it reads figures and not their status. */
lac_status lac_ask_sql(sqlite3 *db, const char *sql, double seconds, lac_answer **answer, bool *figures_unmarked,
                       lac_error *err);

#endif
