/* atlas/answer_write.c - answers as JSON and CSV. */
#include <string.h>

#include "atlas/answer.h"
#include "atlas/clean.h"

void lac_json_put_text(lac_text *out, const char *text) {
    lac_text_put(out, "\"", 1);
    char one[5];
    while (*text) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            lac_text_add(out, "\\%c", c);
            text++;
        } else if (c < 0x20 || c == 0x7F) {
            lac_text_add(out, "\\u%04x", c);
            text++;
        } else {
            lac_clean_next(&text,
                           one); /* C1, overrides and broken UTF-8 would steer the terminal that it is printed on */
            lac_text_put(out, one, strlen(one));
        }
    }
    lac_text_put(out, "\"", 1);
}

static bool is_mark(char c) {
    return c == *LAC_MARK_ON || c == *LAC_MARK_OFF;
}

/* Without the marks; `plain` is emptied first. */
static const char *unmarked(const lac_value *value, lac_text *plain) {
    if (value->kind != LAC_VALUE_MARKED) return value->text;
    plain->bytes = 0;
    lac_text_put(plain, "", 0);
    for (const char *at = value->text; *at; at++)
        if (!is_mark(*at)) lac_text_put(plain, at, 1);
    return plain->failed ? "" : plain->data;
}

static void put_json_value(lac_text *out, const lac_value *value, lac_text *plain) {
    if (value->kind == LAC_VALUE_NONE)
        lac_text_add(out, "null");
    else if (value->kind != LAC_VALUE_NUMBER)
        lac_json_put_text(out, unmarked(value, plain));
    else if (strspn(value->text, "+-.0123456789eE") == strlen(value->text))
        lac_text_add(out, "%s", value->text);
    else
        lac_text_add(out, "null"); /* infinity: JSON has none */
}

static void put_json_row(const lac_answer *answer, size_t row, int indent, lac_text *plain, lac_text *out) {
    lac_text_add(out, "{");
    bool is_first = true;
    for (int c = 0; c < answer->n_columns; c++) {
        if (answer->columns[c].reader == LAC_FOR_PEOPLE) continue;
        lac_text_add(out, "%s\n%*s", is_first ? "" : ",", indent + 2, "");
        lac_json_put_text(out, answer->columns[c].name);
        lac_text_add(out, ": ");
        put_json_value(out, &answer->rows[row][c], plain);
        is_first = false;
    }
    lac_text_add(out, "\n%*s}", indent, "");
}

void lac_answer_json(const lac_answer *answer, int indent, bool is_single, lac_text *out) {
    lac_text plain = {0};
    if (is_single && answer->n_rows == 1) {
        put_json_row(answer, 0, indent, &plain, out);
    } else {
        lac_text_add(out, "[");
        for (size_t r = 0; r < answer->n_rows; r++) {
            lac_text_add(out, "%s\n%*s", r ? "," : "", indent + 2, "");
            put_json_row(answer, r, indent + 2, &plain, out);
        }
        if (answer->n_rows) lac_text_add(out, "\n%*s", indent, "");
        lac_text_add(out, "]");
    }
    out->failed |= plain.failed;
    lac_text_free(&plain);
}

static void put_csv_cell(lac_text *out, const char *text) {
    bool is_quoted = strpbrk(text, ",\"\n\r") || *text == ' ' || (*text && text[strlen(text) - 1] == ' ');
    if (is_quoted) lac_text_put(out, "\"", 1);
    for (char one[5]; *text;) {
        lac_clean_next(&text, one);
        lac_text_put(out, one, strlen(one));
        if (*one == '"') lac_text_put(out, one, 1);
    }
    if (is_quoted) lac_text_put(out, "\"", 1);
}

void lac_answer_csv(const lac_answer *answer, lac_text *out) {
    lac_text plain = {0};
    for (size_t line = 0; line <= answer->n_rows; line++) {
        bool is_first = true;
        for (int c = 0; c < answer->n_columns; c++) {
            if (answer->columns[c].reader == LAC_FOR_PEOPLE) continue;
            if (!is_first) lac_text_put(out, ",", 1);
            is_first = false;
            put_csv_cell(out, line ? unmarked(&answer->rows[line - 1][c], &plain) : answer->columns[c].name);
        }
        lac_text_put(out, "\n", 1);
    }
    out->failed |= plain.failed;
    lac_text_free(&plain);
}

void lac_sheet_json(const lac_sheet *sheet, lac_text *out) {
    lac_text_add(out, "{");
    for (int i = 0; i < sheet->n; i++) {
        lac_text_add(out, "%s\n  ", i ? "," : "");
        lac_json_put_text(out, sheet->parts[i].name);
        lac_text_add(out, ": ");
        lac_answer_json(sheet->parts[i].answer, 2, sheet->parts[i].is_single, out);
    }
    lac_text_add(out, "\n}");
}

void lac_sheet_csv(const lac_sheet *sheet, lac_text *out) {
    lac_text plain = {0};
    lac_text_add(out, "part,row,field,value\n");
    for (int i = 0; i < sheet->n; i++) {
        const lac_answer *answer = sheet->parts[i].answer;
        for (size_t r = 0; r < answer->n_rows; r++)
            for (int c = 0; c < answer->n_columns; c++) {
                if (answer->columns[c].reader == LAC_FOR_PEOPLE) continue;
                lac_text_add(out, "%s,%zu,", sheet->parts[i].name, r + 1);
                put_csv_cell(out, answer->columns[c].name);
                lac_text_put(out, ",", 1);
                put_csv_cell(out, unmarked(&answer->rows[r][c], &plain));
                lac_text_put(out, "\n", 1);
            }
    }
    out->failed |= plain.failed;
    lac_text_free(&plain);
}
