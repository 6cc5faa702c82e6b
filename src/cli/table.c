/* cli/table.c - tables of text cells on stdout: header first, columns aligned, columns of numbers to the right. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/args.h"

struct lac_table {
    int columns;
    size_t n, room;
    char **cells; /* row-major; each lac_alloc'ed */
    bool failed;
};

lac_status lac_table_new(int columns, lac_table **table, lac_error *err) {
    *table = lac_zalloc(sizeof **table);
    if (!*table) return lac_no_memory(err, "a table");
    (*table)->columns = columns;
    return LAC_OK;
}

void lac_table_free(lac_table *table) {
    if (!table) return;
    for (size_t i = 0; i < table->n; i++)
        lac_free(table->cells[i]);
    lac_free(table->cells);
    lac_free(table);
}

void lac_table_cell(lac_table *table, const char *format, ...) {
    if (table->failed) return;
    if (table->n == table->room) {
        size_t room = table->room ? 2 * table->room : 64;
        char **cells = lac_resize(table->cells, room * sizeof *cells);
        if (!cells) {
            table->failed = true;
            return;
        }
        table->cells = cells;
        table->room = room;
    }
    char text[512];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    table->cells[table->n] = lac_copy_text(text);
    if (table->cells[table->n])
        table->n++;
    else
        table->failed = true;
}

/* Characters of UTF-8, which is what a terminal shows for the few signs used here. */
static int text_width(const char *text) {
    int n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

static bool looks_like_number(const char *text) {
    if (*text == 0 || strcmp(text, "-") == 0) return true; /* "no value" takes no side */
    if (*text == '+' || *text == '-') text++;
    return (*text >= '0' && *text <= '9') || *text == '.';
}

static void print_cell(const char *text, int width, bool is_right, bool is_last) {
    int gap = width - text_width(text);
    if (is_right) printf("%*s", gap, "");
    fputs(text, stdout);
    if (!is_right && !is_last) printf("%*s", gap, "");
    fputs(is_last ? "\n" : "  ", stdout);
}

void lac_table_print(lac_table *table) {
    if (table->failed) {
        lac_output_lost();
        return;
    }
    size_t columns = (size_t)table->columns, rows = table->n / columns;
    int *width = lac_array(columns, sizeof *width);
    bool *is_right = lac_array(columns, sizeof *is_right);
    if (!width || !is_right) {
        lac_output_lost();
        goto done;
    }
    for (size_t c = 0; c < columns; c++) {
        is_right[c] = rows > 1;
        for (size_t r = 0; r < rows; r++) {
            const char *text = table->cells[r * columns + c];
            int w = text_width(text);
            if (w > width[c]) width[c] = w;
            if (r > 0 && !looks_like_number(text)) is_right[c] = false;
        }
    }
    bool colour = lac_use_colour(STDOUT_FILENO);
    for (size_t r = 0; r < rows; r++) {
        if (r == 0 && colour) fputs("\033[1m", stdout);
        for (size_t c = 0; c < columns; c++)
            print_cell(table->cells[r * columns + c], width[c], is_right[c], c + 1 == columns);
        if (r == 0 && colour) fputs("\033[0m", stdout);
    }
done:
    lac_free(width);
    lac_free(is_right);
}
