/* atlas/atlas.h - the literature of masked image modeling as an SQLite database in memory.
 *
 * The tables of the folder atlas/ are compiled into the program; SQL tables and columns carry the names of the TSV
 * files and of their headers ("-" is "_": methods_outside). An empty field, "not known", is NULL. Rows keep the files'
 * order (rowid). The taxonomy follows the survey by Hondru et al. (arXiv 2408.06687).
 *
 * Beside the tables of the files there are, derived from them (atlas/compile.h):
 * - facets(paper, facet, word): one row for each word of a paper's facets. paper is papers.short; facet is one of dim,
 *   family, modality, masking, target, objective, architecture, tasks. "-" (none) is left out.
 * - recipes(recipe, arxiv): shipped recipes, and the papers whose arXiv ids the comment at the head of the file names.
 * - layers(paper, layer): papers (short) that are the user's own or have a row of theirs; layer is 'user'.
 * - papers_text: a view of id (papers.rowid), title, short, summary, facets (the words, with spaces).
 * - papers_search: FTS5 over papers_text, papers_search MATCH '...' with rowid = papers.rowid. */
#ifndef LAC_ATLAS_ATLAS_H
#define LAC_ATLAS_ATLAS_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/error.h"

/* The shipped tables with the user's own papers (atlas/layer.h) over them, opened read-only with an authorizer on;
 * needs no file but the user's layer, if there is one. Close with sqlite3_close. A statement on it can read and nothing
 * else, and cannot take more than LAC_ATLAS_HEAP_BYTES of memory. */
lac_status lac_atlas_open(sqlite3 **db, lac_error *err);

#define LAC_ATLAS_HEAP_BYTES (256 << 20)

/* The same without the user's layer. */
lac_status lac_atlas_open_shipped(sqlite3 **db, lac_error *err);

/* Statements on `db` are stopped when `seconds` from now are over; 0: no more. */
lac_status lac_atlas_time_limit(sqlite3 *db, double seconds, lac_error *err);

/* Tell in `reads` (which must outlive the statements) what statements prepared from now on read: values of the table
 * results, and the status that says whether they were checked. */
typedef struct lac_atlas_reads {
    bool figures, status;
} lac_atlas_reads;
void lac_atlas_watch(sqlite3 *db, lac_atlas_reads *reads);

/* Fill `err` with sqlite's words about the last failure on `db`: LAC_USAGE for a wrong or forbidden statement,
 * LAC_FAILURE for memory, time and damage. */
lac_status lac_atlas_sqlite_error(sqlite3 *db, int code, lac_error *err);

#endif
