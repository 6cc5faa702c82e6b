/* atlas/answer.h - what a question gives back: named columns, rows of values, and their forms for programs (JSON, CSV).
 *
 * Printing for people is src/cli's. Texts are as the database has them; the writers here escape and clean them. */
#ifndef LAC_ATLAS_ANSWER_H
#define LAC_ATLAS_ANSWER_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

typedef enum lac_value_kind {
    LAC_VALUE_NONE,   /* not known; text is "" */
    LAC_VALUE_NUMBER, /* text is its decimal form */
    LAC_VALUE_TEXT,
    LAC_VALUE_MARKED /* text with LAC_MARK_ON and LAC_MARK_OFF around what was sought */
} lac_value_kind;

#define LAC_MARK_ON "\x02"
#define LAC_MARK_OFF "\x03"

typedef struct lac_value {
    lac_value_kind kind;
    const char *text;
} lac_value;

typedef enum lac_column_reader { LAC_FOR_ALL, LAC_FOR_PEOPLE, LAC_FOR_PROGRAMS } lac_column_reader;

typedef struct lac_answer_column {
    const char *name; /* unique */
    lac_column_reader reader;
} lac_answer_column;

typedef struct lac_answer {
    lac_arena *arena;
    int n_columns;
    lac_answer_column *columns;
    size_t n_rows, room;
    lac_value **rows; /* n_columns each */
    size_t bytes;     /* of the values, bounded by LAC_ANSWER_MOST_BYTES */
} lac_answer;

enum { LAC_ANSWER_MOST_BYTES = 64 << 20 };

lac_status lac_answer_new(const lac_answer_column *columns, int n_columns, lac_answer **answer, lac_error *err);
/* A row of `n_columns` values; texts are copied. */
lac_status lac_answer_add(lac_answer *answer, const lac_value *values, lac_error *err);
void lac_answer_free(lac_answer *answer);                                              /* NULL is fine */
int lac_answer_find(const lac_answer *answer, const char *column);                     /* -1: none */
const char *lac_answer_text(const lac_answer *answer, size_t row, const char *column); /* "" where there is none */

/* Rows of one SELECT of ours; binds[i] is the text of parameter i + 1 (NULL: null). A column alias "+name" is for
 * people only, "-name" for programs only, "*name" is marked text. */
lac_status lac_answer_ask(sqlite3 *db, const char *sql, const char *const *binds, int n_binds, lac_answer **answer,
                          lac_error *err);
/* One statement of anybody's, column names as they are. LAC_USAGE for what is no single SELECT. */
lac_status lac_answer_ask_any(sqlite3 *db, const char *sql, lac_answer **answer, lac_error *err);

/* An array of objects, two-space indented from `indent`, without a newline at the end; is_single: the only object. */
void lac_answer_json(const lac_answer *answer, int indent, bool is_single, lac_text *out);
/* A header line and the rows, after RFC 4180 with LF; control characters are replaced. */
void lac_answer_csv(const lac_answer *answer, lac_text *out);

/* Several answers under one name each: what `show` gives. */
typedef struct lac_sheet_part {
    const char *name;
    bool is_single; /* one row: an object, not a list */
    lac_answer *answer;
} lac_sheet_part;
enum { LAC_SHEET_PARTS = 8 };
typedef struct lac_sheet {
    int n;
    lac_sheet_part parts[LAC_SHEET_PARTS];
} lac_sheet;
void lac_sheet_free(lac_sheet *sheet); /* the parts; not the sheet itself */
lac_answer *lac_sheet_find(const lac_sheet *sheet, const char *part);
void lac_sheet_json(const lac_sheet *sheet, lac_text *out);
void lac_sheet_csv(const lac_sheet *sheet, lac_text *out); /* columns part, row, field, value */

/* "text" with JSON's escapes; what is not UTF-8 becomes U+FFFD. */
void lac_json_put_text(lac_text *out, const char *text);

#endif
