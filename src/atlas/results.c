/* atlas/results.c - published figures of one benchmark, best first, each with where it was seen. */
#include <stdio.h>
#include <string.h>

#include "atlas/ask.h"
#include "atlas/match.h"
#include "base/memory.h"

/* What people ask for, as SQL functions cannot see it: the words of `column` that `asked` is within, quoted as a list.
 */
static lac_status matching(sqlite3 *db, const char *column, const char *benchmarks, const char *what, const char *asked,
                           lac_text *list, lac_error *err) {
    lac_answer *known;
    char *sql = lac_format("SELECT DISTINCT %s FROM results WHERE %s ORDER BY 1", column, benchmarks);
    if (!sql) return lac_no_memory(err, "SQL");
    lac_status status = lac_answer_ask(db, sql, NULL, 0, &known, err);
    lac_free(sql);
    LAC_TRY(status);
    size_t exact = known->n_rows;
    for (size_t r = 0; r < known->n_rows; r++)
        if (lac_match_same(known->rows[r][0].text, asked)) exact = r;
    int n = 0;
    /* "ava" is not "ava-attentive" as well, but "vit-b" is ViT-B/16 as well */
    bool one = exact < known->n_rows && strcmp(column, "backbone") != 0;
    lac_text_add(list, "%s IN (", column);
    for (size_t r = 0; r < known->n_rows; r++) {
        const char *value = known->rows[r][0].text;
        if (one ? r != exact : !lac_match_within(asked, value)) continue;
        char *quoted = sqlite3_mprintf("%Q", value);
        lac_text_add(list, "%s%s", n++ ? ", " : "", quoted ? quoted : "");
        list->failed |= !quoted;
        sqlite3_free(quoted);
    }
    lac_text_add(list, ")");
    if (n == 0) status = lac_match_refuse(known, what, asked, err);
    if (status == LAC_OK && list->failed) status = lac_no_memory(err, "SQL");
    lac_answer_free(known);
    return status;
}

static lac_status ask_overview(sqlite3 *db, lac_answer **answer, lac_error *err) {
    return lac_answer_ask(db,
                          "SELECT benchmark, group_concat(DISTINCT metric) AS metric, count(*) AS figures,"
                          " sum(status = 'memory') AS unchecked, count(DISTINCT paper) AS methods"
                          " FROM results GROUP BY benchmark ORDER BY count(*) DESC, benchmark",
                          NULL, 0, answer, err);
}

/* Sources get numbers, which the table shows and the caller spells out below it. */
static const char columns[] =
    "SELECT results.paper, %s value, CASE status WHEN 'read' THEN 'read' ELSE 'unchecked' END AS checked, metric,"
    " backbone, epochs, pretrain_data, resolution, kind,"
    " CASE WHEN source IS NULL THEN '-' ELSE '[' || (dense_rank() OVER (ORDER BY source IS NULL, source)) || ']' END"
    " AS \"+ref\", source AS \"-source\", note AS \"-note\", status AS \"-status\", results.id AS \"-id\"%s"
    " FROM results WHERE %s ORDER BY %s CASE WHEN metric = 'FID' THEN value ELSE -value END, results.rowid";

lac_status lac_ask_results(sqlite3 *db, const char *benchmark, const char *backbone, const char *paper,
                           lac_answer **answer, lac_error *err) {
    *answer = NULL;
    if (!benchmark && !backbone && !paper) return ask_overview(db, answer, err);
    lac_text where = {0}, more = {0};
    lac_text_put(&where, "1", 1);
    lac_status status = where.failed ? lac_no_memory(err, "SQL") : LAC_OK;
    const struct {
        const char *column, *what, *asked;
    } asks[] = {
        {"benchmark", "BENCHMARK", benchmark}, {"backbone", "--backbone", backbone}, {"paper", "--paper", paper}};
    for (int i = 0; i < 3 && status == LAC_OK; i++) {
        if (!asks[i].asked) continue;
        more.bytes = 0;
        status = matching(db, asks[i].column, where.data, asks[i].what, asks[i].asked, &more, err);
        if (status == LAC_OK) lac_text_add(&where, " AND %s", more.data);
    }
    lac_answer *kinds = NULL;
    char *sql = NULL;
    if (status == LAC_OK && where.failed) status = lac_no_memory(err, "SQL");
    if (status == LAC_OK) {
        sql = lac_format("SELECT DISTINCT benchmark FROM results WHERE %s", where.data);
        status = sql ? lac_answer_ask(db, sql, NULL, 0, &kinds, err) : lac_no_memory(err, "SQL");
        lac_free(sql);
        sql = NULL;
    }
    if (status == LAC_OK) {
        bool is_one = kinds->n_rows == 1; /* then it needs no column for people */
        sql = lac_format(columns, is_one ? "" : "benchmark,", is_one ? ", benchmark AS \"-benchmark\"" : "", where.data,
                         is_one ? "" : "benchmark,");
        status = sql ? lac_answer_ask(db, sql, NULL, 0, answer, err) : lac_no_memory(err, "SQL");
    }
    lac_free(sql);
    lac_answer_free(kinds);
    lac_text_free(&where);
    lac_text_free(&more);
    return status;
}
