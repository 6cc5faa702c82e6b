/* atlas/corpus_tsv.c - a corpus from a tab-separated file of a reader's own: strict, and every fault is named by
 * file:line:column (columns of the table, from 1). */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "atlas/clean.h"
#include "atlas/corpus_private.h"
#include "atlas/term_table.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define LARGEST_FILE ((size_t)1 << 30)
enum { MOST_COLUMNS = 256 };

typedef enum target { ID, TITLE, TEXT, SHORT, FIRST_FACET, N_TARGETS = FIRST_FACET + LAC_N_FACETS } target;

typedef struct reader {
    const char *path;
    lac_corpus *corpus;
    lac_document *documents;
    int line;
    int n_columns;
    int column[N_TARGETS]; /* where a target stands; -1: nowhere */
    lac_term_table ids;
} reader;

/* The start of a text of a stranger, for an error. */
static lac_status refuse(const reader *r, int column, const char *expected, const char *found, lac_error *err) {
    lac_text shown = {0};
    char start[64];
    snprintf(start, sizeof start, "%.48s", found);
    lac_clean_put(&shown, start);
    lac_status status = shown.failed ? lac_no_memory(err, "an error")
                                     : lac_fail(err, "%s:%d:%d: expected %s, found '%s'", r->path, r->line, column,
                                                expected, shown.data ? shown.data : "");
    lac_text_free(&shown);
    return status;
}

/* Split in place at tabs; NULL-terminated cells, at most MOST_COLUMNS of them are kept. Returns how many there are. */
static int split(char *line, char *cells[MOST_COLUMNS]) {
    int n = 0;
    for (char *at = line; at;) {
        char *tab = strchr(at, '\t');
        if (tab) *tab = 0;
        if (n < MOST_COLUMNS) cells[n] = at;
        n++;
        at = tab ? tab + 1 : NULL;
    }
    return n;
}

static int target_of(const char *name) {
    static const char *const names[] = {"id", "title", "text", "short"};
    for (int i = 0; i < FIRST_FACET; i++)
        if (strcmp(name, names[i]) == 0) return i;
    if (strcmp(name, "summary") == 0) return TEXT;
    for (int f = 0; f < LAC_N_FACETS; f++)
        if (strcmp(name, lac_facet_names[f]) == 0) return FIRST_FACET + f;
    return -1;
}

static lac_status read_header(reader *r, char *line, lac_error *err) {
    char *cells[MOST_COLUMNS];
    r->n_columns = split(line, cells);
    if (r->n_columns > MOST_COLUMNS)
        return lac_fail(err, "%s:1:%d: expected at most %d columns, found %d", r->path, MOST_COLUMNS + 1,
                        (int)MOST_COLUMNS, r->n_columns);
    for (int t = 0; t < N_TARGETS; t++)
        r->column[t] = -1;
    for (int c = 0; c < r->n_columns; c++) {
        int t = target_of(cells[c]);
        if (t < 0) continue;
        if (r->column[t] >= 0) return refuse(r, c + 1, "each column once", cells[c], err);
        r->column[t] = c;
        if (t >= FIRST_FACET) r->corpus->has_facets = true;
    }
    static const char *const needed[] = {"id", "title", "text"};
    for (int t = ID; t <= TEXT; t++)
        if (r->column[t] < 0)
            return lac_fail(err, "%s:1:%d: expected columns id, title and text, found no '%s'", r->path, r->n_columns,
                            needed[t]);
    return LAC_OK;
}

static lac_status read_row(reader *r, char *line, lac_document *d, lac_error *err) {
    char *cells[MOST_COLUMNS];
    int n = split(line, cells);
    if (n != r->n_columns)
        return lac_fail(err, "%s:%d:%d: expected %d columns, found %d", r->path, r->line,
                        n < r->n_columns ? n : r->n_columns + 1, r->n_columns, n);
    const char *texts[N_TARGETS] = {0};
    for (int t = 0; t < N_TARGETS; t++) {
        if (r->column[t] < 0) continue;
        const char *cell = cells[r->column[t]];
        bool is_utf8 = true;
        if (lac_clean_check(cell, strlen(cell), false, &is_utf8) < strlen(cell) && !is_utf8)
            return refuse(r, r->column[t] + 1, "UTF-8", cell, err);
        texts[t] = lac_arena_text(r->corpus->owner, cell);
        if (!texts[t]) return lac_no_memory(err, "a corpus");
    }
    int column = r->column[ID] + 1;
    if (!*texts[ID]) return refuse(r, column, "an id", "", err);
    size_t n_before = r->ids.n;
    uint32_t number;
    if (!lac_term_add(&r->ids, texts[ID], strlen(texts[ID]), &number)) return lac_no_memory(err, "a corpus");
    if (number < n_before) return refuse(r, column, "an id of its own", texts[ID], err);
    *d = (lac_document){.id = texts[ID], .title = texts[TITLE], .text = texts[TEXT]};
    d->name = texts[SHORT] && *texts[SHORT] ? texts[SHORT] : d->id;
    for (int f = 0; f < LAC_N_FACETS; f++)
        d->facets[f] = texts[FIRST_FACET + f] && *texts[FIRST_FACET + f] ? texts[FIRST_FACET + f] : NULL;
    return LAC_OK;
}

/* The next line, terminated in place, without its line end; false behind the last. */
static bool next_line(char **at, const char *end, char **line, bool *has_nul) {
    if (*at >= end) return false;
    *line = *at;
    char *stop = memchr(*at, '\n', (size_t)(end - *at));
    if (!stop) stop = *at + (end - *at);
    *at = stop + 1;
    *stop = 0;
    *has_nul = strlen(*line) < (size_t)(stop - *line);
    if (stop > *line && stop[-1] == '\r') stop[-1] = 0;
    return true;
}

/* `data` has a byte of room behind its end. */
static lac_status read_lines(reader *r, char *data, size_t bytes, lac_error *err) {
    static const char mark[] = "\xEF\xBB\xBF"; /* byte-order mark */
    char *at = data, *end = data + bytes, *line;
    if (bytes >= 3 && memcmp(data, mark, 3) == 0) at += 3;
    size_t n_lines = 1;
    for (size_t i = 0; i < bytes; i++)
        n_lines += data[i] == '\n';
    r->documents = lac_arena_alloc(r->corpus->owner, n_lines * sizeof *r->documents);
    if (!r->documents) return lac_no_memory(err, "a corpus");
    r->corpus->documents = r->documents;
    for (bool has_nul; next_line(&at, end, &line, &has_nul);) {
        r->line++;
        if (has_nul) return lac_fail(err, "%s:%d:1: expected text, found a NUL byte", r->path, r->line);
        if (r->line == 1)
            LAC_TRY(read_header(r, line, err));
        else
            LAC_TRY(read_row(r, line, &r->documents[r->corpus->n++], err));
    }
    if (r->line == 0) return lac_fail(err, "%s:1:1: expected a header line, found an empty file", r->path);
    if (r->corpus->n == 0) return lac_fail(err, "%s:2:1: expected rows, found none", r->path);
    return LAC_OK;
}

lac_status lac_corpus_of_tsv_text(const char *path, const char *data, size_t bytes, lac_corpus **corpus,
                                  lac_error *err) {
    LAC_TRY(lac_corpus_new(path, corpus, err));
    char *copy = lac_alloc(bytes + 1);
    lac_status status = LAC_OK;
    if (copy) {
        memcpy(copy, data, bytes);
        reader r = {.path = path, .corpus = *corpus};
        status = read_lines(&r, copy, bytes, err);
        lac_term_table_free(&r.ids);
    } else {
        status = lac_no_memory(err, "a corpus");
    }
    lac_free(copy);
    if (status == LAC_OK) return LAC_OK;
    lac_corpus_free(*corpus);
    *corpus = NULL;
    return status;
}

lac_status lac_corpus_of_tsv(const char *path, lac_corpus **corpus, lac_error *err) {
    char *data;
    size_t bytes;
    *corpus = NULL;
    LAC_TRY(lac_file_read(path, LARGEST_FILE, &data, &bytes, err));
    lac_status status = lac_corpus_of_tsv_text(path, data, bytes, corpus, err);
    lac_free(data);
    return status;
}
