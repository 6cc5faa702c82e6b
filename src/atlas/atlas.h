/* atlas/atlas.h - the literature of masked image modeling as an SQLite database in memory.
 *
 * The tables of the folder atlas/ are compiled into the program; SQL tables and columns carry the names of the TSV files and
 * of their headers ("-" is "_": methods_outside). An empty field, "not known", is NULL. Rows keep the files' order (rowid).
 * The taxonomy follows the survey by Hondru et al. (arXiv 2408.06687). */
#ifndef LAC_ATLAS_ATLAS_H
#define LAC_ATLAS_ATLAS_H

#include <sqlite3.h>

#include "base/error.h"

/* The shipped tables with the user's own papers (atlas/layer.h) over them, opened read-only with an authorizer on; needs no
 * file but the user's layer, if there is one. Close with sqlite3_close. */
lac_status lac_atlas_open(sqlite3 **db, lac_error *err);

#endif
