/* atlas/export.h - the atlas as files for other programs: CSV, JSON, BibTeX, SQLite; the user's own papers are in them.
 */
#ifndef LAC_ATLAS_EXPORT_H
#define LAC_ATLAS_EXPORT_H

#include <sqlite3.h>

#include "base/error.h"
#include "base/text.h"

/* One table, a header line first. `table` is one of lac_ask_tables. */
lac_status lac_export_csv(sqlite3 *db, const char *table, lac_text *out, lac_error *err);
/* FOLDER/TABLE.csv for each table; the folder is made. */
lac_status lac_export_csv_folder(sqlite3 *db, const char *folder, lac_error *err);
/* {"papers": [...], ...}; with `table`, its array alone. */
lac_status lac_export_json(sqlite3 *db, const char *table, lac_text *out, lac_error *err);
/* One entry a paper, with its id as key, arXiv id as eprint, the summary as abstract and the facets as keywords. The
 * tables hold no authors. Signs of LaTeX are escaped, all else is UTF-8. */
lac_status lac_export_bibtex(sqlite3 *db, lac_text *out, lac_error *err);
/* The database itself, as it is in memory. */
lac_status lac_export_sqlite(sqlite3 *db, const char *path, lac_error *err);

#endif
