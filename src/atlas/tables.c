/* atlas/tables.c - splits TSV files into cells; a line that is no row is a fault, named by file, line and column. */
#include "atlas/tables.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "atlas/clean.h"
#include "base/file.h"
#include "base/memory.h"

enum { MOST_BYTES = 64 << 20, MOST_ROWS = 1 << 20 };

lac_status lac_tables_fault(lac_tables *tables, int table, int line, int column, lac_error *err, const char *format,
                            ...) {
    if (tables->n_faults == LAC_MOST_FAULTS) return LAC_OK;
    char text[512];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    lac_text clean = {0};
    lac_clean_put(&clean, text);
    char *kept = clean.failed ? NULL : lac_arena_text(tables->arena, clean.data);
    lac_text_free(&clean);
    if (!kept) return lac_no_memory(err, "faults");
    tables->faults[tables->n_faults++] = (lac_fault){table, line, column, kept};
    return LAC_OK;
}

const char *lac_tables_fault_line(lac_tables *tables, const lac_fault *fault) {
    const lac_table_schema *schema = &lac_schema[fault->table];
    const char *name = fault->column <= schema->n_columns ? schema->columns[fault->column - 1].name : "-";
    return lac_arena_format(tables->arena, "%s/%s.tsv:%d:%d: %s: %s", tables->folder, schema->file, fault->line,
                            fault->column, name, fault->text);
}

lac_status lac_tables_refuse(const lac_tables *tables, lac_error *err) {
    const lac_fault *fault = &tables->faults[0];
    const lac_table_schema *schema = &lac_schema[fault->table];
    lac_fail(err, "%s/%s.tsv:%d:%d: %s: %s", tables->folder, schema->file, fault->line, fault->column,
             fault->column <= schema->n_columns ? schema->columns[fault->column - 1].name : "-", fault->text);
    if (tables->n_faults > 1 && err) {
        size_t used = strlen(err->text);
        snprintf(err->text + used, sizeof err->text - used, " (and %zu more)", tables->n_faults - 1);
    }
    return LAC_FAILURE;
}

/* The column of byte `offset` in a line: one more than the tabs before it. */
static int column_of(const char *line, size_t offset) {
    int column = 1;
    for (size_t i = 0; i < offset; i++)
        column += line[i] == '\t';
    return column;
}

/* Split a line at its tabs. Returns the number of cells; at most `most` are kept. */
static int split(char *line, const char **cells, int most) {
    int n = 0;
    for (char *at = line;; n++) {
        char *tab = strchr(at, '\t');
        if (n < most) cells[n] = at;
        if (!tab) return n + 1;
        *tab = 0;
        at = tab + 1;
    }
}

static lac_status check_bytes(lac_tables *t, int table, int line, const char *text, size_t bytes, bool *is_good,
                              lac_error *err) {
    bool is_utf8;
    size_t bad = lac_clean_check(text, bytes, true, &is_utf8);
    *is_good = bad == bytes;
    if (*is_good) return LAC_OK;
    int column = column_of(text, bad);
    if (!is_utf8)
        return lac_tables_fault(t, table, line, column, err, "expected UTF-8, found the byte 0x%02X",
                                (unsigned char)text[bad]);
    return lac_tables_fault(t, table, line, column, err, "expected text, found the control character 0x%02X%s",
                            (unsigned char)text[bad], text[bad] == '\r' ? " (lines end with LF alone)" : "");
}

static lac_status check_header(lac_tables *t, int table, char *line, lac_error *err) {
    const lac_table_schema *schema = &lac_schema[table];
    const char *cells[LAC_MOST_COLUMNS];
    int n = split(line, cells, LAC_MOST_COLUMNS);
    for (int c = 0; c < schema->n_columns; c++)
        if (c >= n || strcmp(cells[c], schema->columns[c].name) != 0)
            return lac_tables_fault(t, table, 1, c + 1, err, "expected the column '%s' in the header, found %s%.60s%s",
                                    schema->columns[c].name, c < n ? "'" : "", c < n ? cells[c] : "no more",
                                    c < n ? "'" : "");
    if (n > schema->n_columns)
        return lac_tables_fault(t, table, 1, schema->n_columns + 1, err, "expected %d columns in the header, found %d",
                                schema->n_columns, n);
    return LAC_OK;
}

static lac_status add_row(lac_tables *t, int table, int number, char *line, lac_error *err) {
    const lac_table_schema *schema = &lac_schema[table];
    lac_tsv *tsv = &t->tsv[table];
    const char **cells = lac_arena_alloc(t->arena, (size_t)schema->n_columns * sizeof *cells);
    if (!cells) return lac_no_memory(err, "tables");
    int n = split(line, cells, schema->n_columns);
    if (n != schema->n_columns)
        return lac_tables_fault(t, table, number, n < schema->n_columns ? n : schema->n_columns + 1, err,
                                "expected %d columns, found %d", schema->n_columns, n);
    tsv->rows[tsv->n_rows++] = (lac_tsv_row){number, cells};
    return LAC_OK;
}

static lac_status read_lines(lac_tables *t, int table, char *data, size_t bytes, lac_error *err) {
    size_t n_lines = 0;
    for (size_t i = 0; i < bytes; i++)
        n_lines += data[i] == '\n';
    if (n_lines >= MOST_ROWS)
        return lac_fail(err, "%s: expected fewer than %d lines", lac_schema[table].file, MOST_ROWS);
    t->tsv[table].rows = lac_arena_alloc(t->arena, (n_lines + 1) * sizeof(lac_tsv_row));
    if (!t->tsv[table].rows) return lac_no_memory(err, "tables");
    int number = 1;
    for (size_t at = 0; at < bytes || number == 1; number++) {
        char *line = data + at, *end = memchr(line, '\n', bytes - at);
        size_t length = end ? (size_t)(end - line) : bytes - at;
        at += length + 1;
        bool is_good;
        LAC_TRY(check_bytes(t, table, number, line, length, &is_good, err));
        line[length] = 0;
        if (!end)
            LAC_TRY(lac_tables_fault(t, table, number, column_of(line, length), err,
                                     "expected a newline at the end of the file"));
        if (is_good) LAC_TRY(number == 1 ? check_header(t, table, line, err) : add_row(t, table, number, line, err));
    }
    return LAC_OK;
}

static lac_status read_table(lac_tables *t, int table, lac_error *err) {
    char *path = lac_arena_format(t->arena, "%s/%s.tsv", t->folder, lac_schema[table].file), *data;
    size_t bytes;
    if (!path) return lac_no_memory(err, "tables");
    LAC_TRY(lac_file_read(path, MOST_BYTES, &data, &bytes, err));
    char *kept = lac_arena_alloc(t->arena, bytes + 1);
    if (kept && bytes) memcpy(kept, data, bytes);
    lac_free(data);
    return kept ? read_lines(t, table, kept, bytes, err) : lac_no_memory(err, "tables");
}

lac_status lac_tables_read(const char *folder, lac_tables **out, lac_error *err) {
    *out = NULL;
    lac_arena *arena = lac_arena_new();
    lac_tables *t = arena ? lac_arena_alloc(arena, sizeof *t) : NULL;
    if (t) {
        t->arena = arena;
        t->folder = lac_arena_text(arena, folder);
        t->faults = lac_arena_alloc(arena, LAC_MOST_FAULTS * sizeof *t->faults);
    }
    lac_status status = t && t->folder && t->faults ? LAC_OK : lac_no_memory(err, "tables");
    for (int table = 0; table < LAC_N_TABLES && status == LAC_OK; table++)
        status = read_table(t, table, err);
    if (status == LAC_OK)
        *out = t;
    else
        lac_arena_free(arena);
    return status;
}

void lac_tables_free(lac_tables *tables) {
    if (tables) lac_arena_free(tables->arena);
}
