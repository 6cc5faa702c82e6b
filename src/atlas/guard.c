/* atlas/guard.c - authorizer, limits and the clock of a connection that answers questions of anybody.
 *
 * After "Defense Against The Dark Arts" of SQLite's manual (sqlite.org/security.html). */
#include "atlas/guard.h"

#include <string.h>

#include "atlas/atlas.h"
#include "base/file.h"
#include "base/memory.h"

/* Pragmas that only tell of tables; data_version is what FTS5 asks by itself. */
static bool is_harmless_pragma(const char *name, const char *value) {
    static const char *const names[] = {"table_info", "table_xinfo", "table_list",
                                        "index_list", "index_info",  "index_xinfo"};
    if (!name) return false;
    if (sqlite3_stricmp(name, "data_version") == 0) return !value;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (sqlite3_stricmp(name, names[i]) == 0) return true;
    return false;
}

static bool is_harmful_function(const char *name) {
    static const char *const names[] = {"load_extension", "fts3_tokenizer", "sqlite_log",
                                        "writefile",      "readfile",       "edit"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (name && sqlite3_stricmp(name, names[i]) == 0) return true;
    return false;
}

static int authorize(void *context, int action, const char *first, const char *second, const char *database,
                     const char *trigger) {
    (void)database, (void)trigger;
    lac_atlas_reads *reads = context;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_READ:
        if (reads && first && second && strcmp(first, "results") == 0) {
            reads->figures |= strcmp(second, "value") == 0;
            reads->status |= strcmp(second, "status") == 0;
        }
        return SQLITE_OK;
    case SQLITE_FUNCTION:
        return is_harmful_function(second) ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_PRAGMA:
        return is_harmless_pragma(first, second) ? SQLITE_OK : SQLITE_DENY;
    default:
        return SQLITE_DENY;
    }
}

void lac_atlas_watch(sqlite3 *db, lac_atlas_reads *reads) {
    sqlite3_set_authorizer(db, authorize, reads);
}

/* A value of a megabyte keeps single calls (instr, replace, like) short, which no progress handler can stop. */
static const struct {
    int what, most;
} limits[] = {
    {SQLITE_LIMIT_LENGTH, 1 << 20},      {SQLITE_LIMIT_SQL_LENGTH, 1 << 20},  {SQLITE_LIMIT_COLUMN, 200},
    {SQLITE_LIMIT_EXPR_DEPTH, 200},      {SQLITE_LIMIT_COMPOUND_SELECT, 100}, {SQLITE_LIMIT_VDBE_OP, 1 << 20},
    {SQLITE_LIMIT_FUNCTION_ARG, 100},    {SQLITE_LIMIT_ATTACHED, 0},          {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000},
    {SQLITE_LIMIT_VARIABLE_NUMBER, 100}, {SQLITE_LIMIT_TRIGGER_DEPTH, 10},    {SQLITE_LIMIT_WORKER_THREADS, 0},
};

lac_status lac_atlas_guard(sqlite3 *db, lac_error *err) {
    int code = sqlite3_exec(db, "PRAGMA temp_store = MEMORY; PRAGMA query_only = ON", NULL, NULL, NULL);
    if (code != SQLITE_OK) return lac_atlas_sqlite_error(db, code, err);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        sqlite3_limit(db, limits[i].what, limits[i].most);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_hard_heap_limit64(LAC_ATLAS_HEAP_BYTES);
    lac_atlas_watch(db, NULL);
    return LAC_OK;
}

/* ---- time ---- */

typedef struct deadline {
    double end_s;
} deadline;

static int is_over(void *context) {
    return lac_clock_s() > ((const deadline *)context)->end_s;
}

static void seconds_left(sqlite3_context *context, int n, sqlite3_value **values) {
    (void)n, (void)values;
    sqlite3_result_double(context, ((const deadline *)sqlite3_user_data(context))->end_s - lac_clock_s());
}

/* The connection owns the deadline as the data of a function: there is no other place that sqlite frees for us. */
lac_status lac_atlas_time_limit(sqlite3 *db, double seconds, lac_error *err) {
    sqlite3_progress_handler(db, 0, NULL, NULL);
    if (!(seconds > 0)) return LAC_OK;
    deadline *limit = lac_alloc(sizeof *limit);
    if (!limit) return lac_no_memory(err, "a time limit");
    limit->end_s = lac_clock_s() + seconds;
    int code = sqlite3_create_function_v2(db, "lacuna_seconds_left", 0, SQLITE_UTF8 | SQLITE_DIRECTONLY, limit,
                                          seconds_left, NULL, NULL, lac_free);
    if (code != SQLITE_OK) return lac_atlas_sqlite_error(db, code, err); /* sqlite has freed it */
    sqlite3_progress_handler(db, 10000, is_over, limit);
    return LAC_OK;
}

lac_status lac_atlas_sqlite_error(sqlite3 *db, int code, lac_error *err) {
    switch (code & 0xFF) {
    case SQLITE_NOMEM:
        return lac_fail(err, "SQL: more than %d MB of memory needed", LAC_ATLAS_HEAP_BYTES >> 20);
    case SQLITE_INTERRUPT:
        return lac_fail(err, "SQL: stopped, as its time was over");
    case SQLITE_AUTH:
    case SQLITE_READONLY:
        return lac_usage(err, "SQL: only reading is allowed (%s)", sqlite3_errmsg(db));
    case SQLITE_ERROR:
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
    case SQLITE_MISMATCH:
        return lac_usage(err, "SQL: %s", sqlite3_errmsg(db));
    default:
        return lac_fail(err, "SQL: %s", sqlite3_errmsg(db));
    }
}
