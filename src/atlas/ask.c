/* atlas/ask.c - the questions that are one statement: whole tables, and anybody's SQL. */
#include "atlas/ask.h"

#include <string.h>

#include "atlas/atlas.h"
#include "base/memory.h"

static const struct {
    const char *table, *sql;
} tables[] = {
    {"forms", "SELECT form, number, step, symbols, survey_steps FROM forms ORDER BY rowid"},
    {"datasets", "SELECT id, name, year, modality, train, test, classes,"
                 " CASE status WHEN 'read' THEN 'read' ELSE 'unchecked' END AS checked, role, tasks, url AS \"-url\","
                 " in_survey AS \"-in_survey\", source AS \"-source\", note AS \"-note\", status AS \"-status\""
                 " FROM datasets ORDER BY rowid"},
    {"gaps", "SELECT id, title, dims, survey_section AS \"-survey_section\", description FROM gaps ORDER BY rowid"},
    {"timeline", "SELECT date, paper, event, why, year AS \"-year\" FROM timeline ORDER BY rowid"},
    {"clusters", "SELECT id, name, kind, note FROM clusters ORDER BY rowid"},
};

lac_status lac_ask_table(sqlite3 *db, const char *table, lac_answer **answer, lac_error *err) {
    *answer = NULL;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (strcmp(tables[i].table, table) == 0) return lac_answer_ask(db, tables[i].sql, NULL, 0, answer, err);
    return lac_usage(err, "unknown table '%s'", table);
}

const char *const lac_ask_tables[] = {"papers",          "taxonomy", "forms",    "datasets", "results",
                                      "methods_outside", "gaps",     "timeline", "clusters", "facets",
                                      "recipes",         "layers",   NULL};

lac_status lac_ask_rows(sqlite3 *db, const char *table, lac_answer **answer, lac_error *err) {
    *answer = NULL;
    size_t n = 0;
    bool is_known = false, has_rowid = true;
    for (; lac_ask_tables[n]; n++)
        if (strcmp(lac_ask_tables[n], table) == 0) {
            is_known = true;
            has_rowid = n < 9; /* the derived ones have none */
        }
    if (!is_known) {
        int nearest = lac_nearest_word(table, lac_ask_tables, n);
        return lac_usage(err, "unknown table '%.60s'; %s%s", table, nearest >= 0 ? "nearest: " : "tables: papers, ...",
                         nearest >= 0 ? lac_ask_tables[nearest] : "");
    }
    char *sql = lac_format("SELECT * FROM %s%s", table, has_rowid ? " ORDER BY rowid" : "");
    if (!sql) return lac_no_memory(err, "SQL");
    lac_status status = lac_answer_ask(db, sql, NULL, 0, answer, err);
    lac_free(sql);
    return status;
}

lac_status lac_ask_sql(sqlite3 *db, const char *sql, double seconds, lac_answer **answer, bool *figures_unmarked,
                       lac_error *err) {
    lac_atlas_reads reads = {0};
    *answer = NULL;
    *figures_unmarked = false;
    LAC_TRY(lac_atlas_time_limit(db, seconds, err));
    lac_atlas_watch(db, &reads);
    lac_status status = lac_answer_ask_any(db, sql, answer, err);
    lac_atlas_watch(db, NULL);
    lac_atlas_time_limit(db, 0, NULL); /* lifting it cannot fail */
    *figures_unmarked = reads.figures && !reads.status;
    return status;
}
