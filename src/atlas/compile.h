/* atlas/compile.h - checked tables into SQLite: done once, when Lacuna is built (cmake/atlas_compile.c).
 *
 * What is derived from the tables is in atlas.h's list; derivation is apart, as it is done again over a user's papers.
 */
#ifndef LAC_ATLAS_COMPILE_H
#define LAC_ATLAS_COMPILE_H

#include <sqlite3.h>

#include "atlas/tables.h"
#include "base/error.h"

/* Create and fill all tables of an empty database. `recipes` is the folder of shipped recipes. */
lac_status lac_atlas_compile(const lac_tables *tables, const char *recipes, sqlite3 *db, lac_error *err);

/* Make the facets of the papers named in layers anew, after their rows were put into papers. papers_search follows
 * papers by triggers. */
lac_status lac_atlas_derive(sqlite3 *db, lac_error *err);

/* Run statements that return nothing. */
lac_status lac_atlas_run(sqlite3 *db, const char *sql, lac_error *err);

#endif
