/* cli/fit.c - widths by libutf8proc (atlas/clean.h); lines are put together whole, so a colour never stays open. */
#include "cli/fit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "atlas/clean.h"
#include "base/memory.h"
#include "cli/args.h"

enum {
    NARROW = 9 /* columns up to this are never cut: years, numbers, "unchecked" */,
    GAP = 2,
    LAST = 24,
    PROSE = 100
};

int lac_fit_width(void) {
    const char *columns = getenv("COLUMNS");
    int64_t asked;
    if (columns && lac_parse_int(columns, &asked) && asked >= 10 && asked <= 10000) return (int)asked;
    struct winsize size;
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 10) return size.ws_col;
    return isatty(STDOUT_FILENO) ? 80 : 0;
}

static bool is_mark(const lac_value *value, char c) {
    return value->kind == LAC_VALUE_MARKED && (c == *LAC_MARK_ON || c == *LAC_MARK_OFF);
}

static size_t width_of(const lac_value *value) {
    if (value->kind != LAC_VALUE_MARKED) return lac_clean_width(value->text);
    size_t width = 0;
    char one[5];
    for (const char *at = value->text; *at;) {
        if (is_mark(value, *at))
            at++;
        else
            width += (size_t)lac_clean_next(&at, one);
    }
    return width;
}

/* At most `most` columns (0: no bound) of the text, the last of them an ellipsis if there was more. Returns the
 * columns. */
static size_t put_cut(lac_text *line, const lac_value *value, size_t most, bool colour) {
    bool is_cut = most && width_of(value) > most, is_on = false;
    size_t room = is_cut ? most - 1 : SIZE_MAX, used = 0;
    char one[5];
    for (const char *at = value->text; *at;) {
        if (is_mark(value, *at)) {
            is_on = *at++ == *LAC_MARK_ON;
            if (colour) lac_text_add(line, is_on ? "\033[1m" : "\033[0m");
            continue;
        }
        const char *before = at;
        size_t width = (size_t)lac_clean_next(&at, one);
        if (used + width > room) {
            at = before;
            break;
        }
        lac_text_put(line, one, strlen(one));
        used += width;
    }
    if (is_on && colour) lac_text_add(line, "\033[0m");
    if (is_cut) {
        lac_text_add(line, "…");
        used++;
    }
    return used;
}

static void flush_line(lac_text *line) {
    if (line->failed) {
        lac_output_lost();
        return;
    }
    while (line->bytes && line->data[line->bytes - 1] == ' ')
        line->bytes--;
    fwrite(line->data, 1, line->bytes, stdout);
    putchar('\n');
    line->bytes = 0;
}

/* ---- tables ---- */

typedef struct layout {
    int n;
    int *column;
    size_t *width;
    bool *is_right;
} layout;

static void measure(const lac_answer *answer, layout *l) {
    for (int c = 0; c < answer->n_columns; c++) {
        if (answer->columns[c].reader == LAC_FOR_PROGRAMS) continue;
        size_t width = lac_clean_width(answer->columns[c].name);
        bool is_right = false, is_left = false;
        for (size_t r = 0; r < answer->n_rows; r++) {
            const lac_value *value = &answer->rows[r][c];
            size_t w = width_of(value);
            if (w > width) width = w;
            is_right |= value->kind == LAC_VALUE_NUMBER;
            is_left |= value->kind == LAC_VALUE_TEXT || value->kind == LAC_VALUE_MARKED;
        }
        l->column[l->n] = c;
        l->width[l->n] = width;
        l->is_right[l->n++] = is_right && !is_left;
    }
}

static size_t total(const layout *l, size_t cap) {
    size_t sum = 0;
    for (int i = 0; i < l->n; i++)
        sum += (l->width[i] > cap ? cap : l->width[i]) + (i ? GAP : 0);
    return sum;
}

/* Lower the widest columns together until the lines fit; leave out the last columns where narrow ones alone do not. */
static int fit(layout *l, size_t width) {
    int left_out = 0;
    while (l->n > 1 && total(l, NARROW) > width) {
        l->n--;
        left_out++;
    }
    size_t *last = &l->width[l->n - 1], rest = total(l, SIZE_MAX) - *last;
    if (*last > LAST && rest + LAST <= width) { /* prose comes last and is cut first */
        if (rest + *last > width) *last = width - rest;
        return left_out;
    }
    size_t cap = NARROW, widest = 0;
    for (int i = 0; i < l->n; i++)
        if (l->width[i] > widest) widest = l->width[i];
    while (cap < widest && total(l, cap + 1) <= width)
        cap++;
    size_t spare = width > total(l, cap) ? width - total(l, cap) : 0;
    for (int i = 0; i < l->n; i++) {
        if (l->width[i] <= cap) continue;
        size_t more = l->width[i] - cap < spare ? l->width[i] - cap : spare; /* the rest goes to the first */
        l->width[i] = cap + more;
        spare -= more;
    }
    if (l->n == 1 && l->width[0] > width) l->width[0] = width;
    return left_out;
}

static void put_row(lac_text *line, const layout *l, const lac_value *values, const lac_answer *answer, bool colour) {
    for (int i = 0; i < l->n; i++) {
        lac_value head = {LAC_VALUE_TEXT, answer->columns[l->column[i]].name};
        const lac_value *value = values ? &values[l->column[i]] : &head;
        size_t w = width_of(value), gap = w < l->width[i] ? l->width[i] - w : 0;
        if (i) lac_text_add(line, "%*s", GAP, "");
        if (l->is_right[i]) lac_text_add(line, "%*s", (int)gap, "");
        size_t used = put_cut(line, value, l->width[i], colour);
        if (!l->is_right[i] && used < l->width[i]) lac_text_add(line, "%*s", (int)(l->width[i] - used), "");
    }
}

int lac_fit_table(const lac_answer *answer) {
    size_t n = (size_t)answer->n_columns + 1;
    layout l = {0, lac_array(n, sizeof *l.column), lac_array(n, sizeof *l.width), lac_array(n, sizeof *l.is_right)};
    lac_text line = {0};
    int left_out = 0, width = lac_fit_width();
    bool colour = lac_use_colour(STDOUT_FILENO);
    if (!l.column || !l.width || !l.is_right) {
        lac_output_lost();
        goto done;
    }
    measure(answer, &l);
    if (width) left_out = fit(&l, (size_t)width);
    if (colour) fputs("\033[1m", stdout);
    put_row(&line, &l, NULL, answer, false);
    while (line.bytes && line.data[line.bytes - 1] == ' ')
        line.bytes--;
    if (colour) lac_text_add(&line, "\033[0m");
    flush_line(&line);
    for (size_t r = 0; r < answer->n_rows; r++) {
        put_row(&line, &l, answer->rows[r], answer, colour);
        flush_line(&line);
    }
done:
    lac_text_free(&line);
    lac_free(l.column);
    lac_free(l.width);
    lac_free(l.is_right);
    return left_out;
}

/* ---- lines ---- */

void lac_fit_line(int indent, const lac_value *parts, int n_parts, bool bold_first) {
    lac_text line = {0};
    bool colour = lac_use_colour(STDOUT_FILENO);
    size_t width = (size_t)lac_fit_width(), used = (size_t)indent;
    lac_text_add(&line, "%*s", indent, "");
    for (int i = 0; i < n_parts && (!width || used < width); i++) {
        bool is_bold = i == 0 && bold_first && colour;
        if (is_bold) lac_text_add(&line, "\033[1m");
        used += put_cut(&line, &parts[i], width ? width - used : 0, colour);
        if (is_bold) lac_text_add(&line, "\033[0m");
    }
    flush_line(&line);
    lac_text_free(&line);
}

void lac_fit_whole(const lac_value *value) {
    lac_text line = {0};
    put_cut(&line, value, 0, false);
    flush_line(&line);
    lac_text_free(&line);
}

void lac_fit_wrap(int indent, const char *text) {
    lac_fit_hang(indent, "", text);
}

void lac_fit_hang(int indent, const char *lead, const char *text) {
    size_t width = (size_t)lac_fit_width(), used = 0;
    if (!width || width > PROSE) width = PROSE;
    if (width < (size_t)indent + 20) width = (size_t)indent + 20;
    lac_text clean = {0}, line = {0};
    lac_clean_put(&clean, text);
    for (const char *at = clean.failed ? "" : clean.data; *at;) {
        size_t length = strcspn(at, " ");
        char *word = lac_format("%.*s", (int)length, at);
        size_t w = word ? lac_clean_width(word) : 0;
        if (used && used + 1 + w > width) {
            flush_line(&line);
            used = 0;
        }
        if (!used) {
            lac_text_add(&line, "%*s", indent, lead);
            lead = "";
        }
        lac_text_add(&line, "%s%s", used ? " " : "", word ? word : "");
        used = (used ? used + 1 : (size_t)indent) + w;
        line.failed |= !word;
        lac_free(word);
        at += length;
        at += strspn(at, " ");
    }
    line.failed |= clean.failed;
    if (used || line.failed) flush_line(&line);
    lac_text_free(&line);
    lac_text_free(&clean);
}

void lac_fit_heading(const char *text) {
    bool colour = lac_use_colour(STDOUT_FILENO);
    printf("\n%s%s%s\n", colour ? "\033[1m" : "", text, colour ? "\033[0m" : "");
}
