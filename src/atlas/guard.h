/* atlas/guard.h - makes a connection one that can only read, within bounds of memory. Used by open.c; tests call it
 * too. */
#ifndef LAC_ATLAS_GUARD_H
#define LAC_ATLAS_GUARD_H

#include <sqlite3.h>

#include "base/error.h"

/* After this, statements that write, attach, change settings or load code are refused when they are prepared; values
 * are limited to a megabyte, and all of SQLite in this process to LAC_ATLAS_HEAP_BYTES. */
lac_status lac_atlas_guard(sqlite3 *db, lac_error *err);

#endif
