/* atlas/answer.c - rows of a statement, kept in one arena and bounded. Not here: how they are written (answer_write.c).
 */
#include "atlas/answer.h"

#include <stdio.h>
#include <string.h>

#include "atlas/atlas.h"
#include "base/memory.h"

lac_status lac_answer_new(const lac_answer_column *columns, int n_columns, lac_answer **out, lac_error *err) {
    *out = NULL;
    lac_arena *arena = lac_arena_new();
    lac_answer *answer = arena ? lac_arena_alloc(arena, sizeof *answer) : NULL;
    bool is_good = answer != NULL;
    if (is_good) {
        answer->arena = arena;
        answer->n_columns = n_columns;
        answer->columns = lac_arena_alloc(arena, ((size_t)n_columns + 1) * sizeof *answer->columns);
        is_good = answer->columns != NULL;
    }
    for (int c = 0; c < n_columns && is_good; c++) {
        answer->columns[c].reader = columns[c].reader;
        answer->columns[c].name = lac_arena_text(arena, columns[c].name);
        is_good = answer->columns[c].name != NULL;
    }
    if (!is_good) {
        lac_arena_free(arena);
        return lac_no_memory(err, "an answer");
    }
    *out = answer;
    return LAC_OK;
}

void lac_answer_free(lac_answer *answer) {
    if (!answer) return;
    lac_free(answer->rows);
    lac_arena_free(answer->arena);
}

lac_status lac_answer_add(lac_answer *answer, const lac_value *values, lac_error *err) {
    if (answer->n_rows == answer->room) {
        size_t room = answer->room ? 2 * answer->room : 64;
        lac_value **rows = lac_resize(answer->rows, room * sizeof *rows);
        if (!rows) return lac_no_memory(err, "an answer");
        answer->rows = rows;
        answer->room = room;
    }
    size_t bytes = (size_t)answer->n_columns * sizeof(lac_value);
    lac_value *row = lac_arena_alloc(answer->arena, bytes + 1);
    if (!row) return lac_no_memory(err, "an answer");
    for (int c = 0; c < answer->n_columns; c++) {
        const char *text = values[c].kind == LAC_VALUE_NONE ? "" : values[c].text;
        bytes += strlen(text) + 1;
        row[c].kind = values[c].kind;
        row[c].text = *text ? lac_arena_text(answer->arena, text) : "";
        if (!row[c].text) return lac_no_memory(err, "an answer");
    }
    answer->bytes += bytes + sizeof *answer->rows;
    if (answer->bytes > LAC_ANSWER_MOST_BYTES)
        return lac_fail(err, "the answer is larger than %d MB; ask for fewer rows (LIMIT)",
                        LAC_ANSWER_MOST_BYTES >> 20);
    answer->rows[answer->n_rows++] = row;
    return LAC_OK;
}

int lac_answer_find(const lac_answer *answer, const char *column) {
    for (int c = 0; c < answer->n_columns; c++)
        if (strcmp(answer->columns[c].name, column) == 0) return c;
    return -1;
}

const char *lac_answer_text(const lac_answer *answer, size_t row, const char *column) {
    int c = lac_answer_find(answer, column);
    return c < 0 || row >= answer->n_rows ? "" : answer->rows[row][c].text;
}

/* ---- from statements ---- */

enum { MOST_ANSWER_COLUMNS = 200 };

/* Objects of JSON need unique names: the second "year" is "year_2". */
static lac_status name_columns(sqlite3_stmt *statement, bool is_ours, lac_arena *arena, lac_answer_column *columns,
                               bool *is_marked, lac_error *err) {
    int n = sqlite3_column_count(statement);
    for (int c = 0; c < n; c++) {
        const char *name = sqlite3_column_name(statement, c);
        if (!name) return lac_no_memory(err, "an answer");
        columns[c].reader = LAC_FOR_ALL;
        is_marked[c] = is_ours && *name == '*';
        if (is_ours && *name == '+') columns[c].reader = LAC_FOR_PEOPLE;
        if (is_ours && *name == '-') columns[c].reader = LAC_FOR_PROGRAMS;
        if (is_ours && strchr("+-*", *name)) name++;
        columns[c].name = lac_arena_text(arena, name);
        for (int number = 2, b = 0; columns[c].name && b < c;) {
            if (strcmp(columns[b].name, columns[c].name) == 0) {
                columns[c].name = lac_arena_format(arena, "%s_%d", name, number++);
                b = 0;
            } else {
                b++;
            }
        }
        if (!columns[c].name) return lac_no_memory(err, "an answer");
    }
    return LAC_OK;
}

/* A value as text; bytes that are no text as x'0f'. */
static lac_status read_value(sqlite3_stmt *statement, int c, bool is_marked, lac_arena *scratch, lac_value *value,
                             lac_error *err) {
    int type = sqlite3_column_type(statement, c);
    *value = (lac_value){LAC_VALUE_NONE, ""};
    if (type == SQLITE_NULL) return LAC_OK;
    value->kind = is_marked ? LAC_VALUE_MARKED : type == SQLITE_TEXT ? LAC_VALUE_TEXT : LAC_VALUE_NUMBER;
    if (type != SQLITE_BLOB) {
        value->text =
            (const char *)sqlite3_column_text(statement, c); /* up to a NUL, as all of SQLite's text functions */
        return value->text ? LAC_OK : lac_no_memory(err, "an answer");
    }
    value->kind = LAC_VALUE_TEXT;
    const unsigned char *bytes = sqlite3_column_blob(statement, c);
    size_t n = (size_t)sqlite3_column_bytes(statement, c);
    char *text = lac_arena_alloc(scratch, 2 * n + 4);
    if (!text) return lac_no_memory(err, "an answer");
    char *at = text + sprintf(text, "x'");
    for (size_t i = 0; i < n; i++)
        at += sprintf(at, "%02x", bytes[i]);
    strcpy(at, "'");
    value->text = text;
    return LAC_OK;
}

static lac_status read_rows(sqlite3 *db, sqlite3_stmt *statement, bool is_ours, lac_answer **out, lac_error *err) {
    lac_answer_column columns[MOST_ANSWER_COLUMNS];
    lac_value values[MOST_ANSWER_COLUMNS];
    bool is_marked[MOST_ANSWER_COLUMNS];
    int n = sqlite3_column_count(statement);
    if (n > MOST_ANSWER_COLUMNS) return lac_usage(err, "expected at most %d columns, found %d", MOST_ANSWER_COLUMNS, n);
    lac_arena *names = lac_arena_new();
    if (!names) return lac_no_memory(err, "an answer");
    lac_status status = name_columns(statement, is_ours, names, columns, is_marked, err);
    if (status == LAC_OK) status = lac_answer_new(columns, n, out, err);
    lac_arena_free(names);
    int code = SQLITE_ROW;
    while (status == LAC_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        lac_arena *scratch = lac_arena_new();
        status = scratch ? LAC_OK : lac_no_memory(err, "an answer");
        for (int c = 0; c < n && status == LAC_OK; c++)
            status = read_value(statement, c, is_marked[c], scratch, &values[c], err);
        if (status == LAC_OK) status = lac_answer_add(*out, values, err);
        lac_arena_free(scratch);
    }
    if (status == LAC_OK && code != SQLITE_DONE) status = lac_atlas_sqlite_error(db, sqlite3_extended_errcode(db), err);
    if (status != LAC_OK) {
        lac_answer_free(*out);
        *out = NULL;
    }
    return status;
}

lac_status lac_answer_ask(sqlite3 *db, const char *sql, const char *const *binds, int n_binds, lac_answer **answer,
                          lac_error *err) {
    *answer = NULL;
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    for (int i = 0; i < n_binds && code == SQLITE_OK; i++)
        code = sqlite3_bind_text(statement, i + 1, binds[i], -1, SQLITE_STATIC);
    lac_status status =
        code == SQLITE_OK ? read_rows(db, statement, true, answer, err) : lac_atlas_sqlite_error(db, code, err);
    sqlite3_finalize(statement);
    return status;
}

static bool is_blank(const char *sql) {
    return sql[strspn(sql, " \t\r\n;")] == 0;
}

lac_status lac_answer_ask_any(sqlite3 *db, const char *sql, lac_answer **answer, lac_error *err) {
    *answer = NULL;
    sqlite3_stmt *statement = NULL;
    const char *rest = sql;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, &rest);
    lac_status status = LAC_OK;
    if (code != SQLITE_OK)
        status = lac_atlas_sqlite_error(db, code, err);
    else if (!statement)
        status = lac_usage(err, "SQL: expected a SELECT, found nothing");
    else if (!is_blank(rest))
        status = lac_usage(err, "SQL: expected one statement, found more after its ';'");
    else if (!sqlite3_stmt_readonly(statement) || sqlite3_column_count(statement) == 0)
        status = lac_usage(err, "SQL: expected a SELECT");
    else
        status = read_rows(db, statement, false, answer, err);
    sqlite3_finalize(statement);
    return status;
}

void lac_sheet_free(lac_sheet *sheet) {
    for (int i = 0; i < sheet->n; i++)
        lac_answer_free(sheet->parts[i].answer);
    sheet->n = 0;
}

lac_answer *lac_sheet_find(const lac_sheet *sheet, const char *part) {
    for (int i = 0; i < sheet->n; i++)
        if (strcmp(sheet->parts[i].name, part) == 0) return sheet->parts[i].answer;
    return NULL;
}
