/* atlas/layer.c - the layer's file: where it is, what may stand in it, reading and replacing it.
 *
 * Laying it over the tables is layer_apply.c. */
#include "atlas/layer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atlas/clean.h"
#include "base/memory.h"
#include "base/text.h"

enum { MOST_ROWS = 1 << 16, NEEDED = 3 /* id, short, title */ };

static const lac_table_schema *papers(void) {
    return &lac_schema[lac_schema_table("papers")];
}

/* ---- where ---- */

/* NULL: no variable says. */
static lac_status folder_of(char **folder, lac_error *err) {
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    *folder = NULL;
    if (data && *data == '/') /* its specification: relative paths are to be ignored */
        *folder = lac_format("%s/lacuna/atlas", data);
    else if (home && *home == '/')
        *folder = lac_format("%s/.local/share/lacuna/atlas", home);
    else
        return LAC_OK;
    return *folder ? LAC_OK : lac_no_memory(err, "a path");
}

lac_status lac_layer_path(char **path, lac_error *err) {
    char *folder;
    *path = NULL;
    LAC_TRY(folder_of(&folder, err));
    if (!folder)
        return lac_fail(
            err, "no place for papers of your own: expected an absolute path in HOME or XDG_DATA_HOME, found none");
    *path = lac_format("%s/papers.tsv", folder);
    lac_free(folder);
    return *path ? LAC_OK : lac_no_memory(err, "a path");
}

lac_status lac_layer_find(char **path, lac_error *err) {
    char *folder;
    *path = NULL;
    LAC_TRY(folder_of(&folder, err));
    if (!folder) return LAC_OK;
    *path = lac_format("%s/papers.tsv", folder);
    lac_free(folder);
    if (!*path) return lac_no_memory(err, "a path");
    if (lac_file_exists(*path)) return LAC_OK;
    lac_free(*path);
    *path = NULL;
    return LAC_OK;
}

lac_status lac_layer_lock(const char *path, lac_lock **lock, lac_error *err) {
    *lock = NULL;
    char *folder = lac_format("%.*s", (int)(strrchr(path, '/') - path), path), *name = lac_format("%s.lock", path);
    lac_status status = folder && name ? lac_folder_make(folder, err) : lac_no_memory(err, "a path");
    if (status == LAC_OK) status = lac_lock_take(name, lock, err);
    lac_free(folder);
    lac_free(name);
    return status;
}

/* ---- cells ---- */

static bool has_only(const char *text, const char *characters) {
    return *text && text[strspn(text, characters)] == 0;
}

static bool is_year(const char *text) {
    return strlen(text) == 4 && has_only(text, "0123456789") && strcmp(text, "1950") >= 0 && strcmp(text, "2100") <= 0;
}

static bool is_url(const char *text) {
    const size_t scheme = strncmp(text, "https://", 8) == 0 ? 8 : strncmp(text, "http://", 7) == 0 ? 7 : 0;
    if (!scheme || !isalnum((unsigned char)text[scheme])) return false;
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7F || strchr("\"<>\\^`{|}", *p))
            return false; /* RFC 3986 */
    return true;
}

static bool is_arxiv(const char *text) {
    const size_t n = strspn(text, "0123456789");
    if (n == 4 && text[4] == '.') return has_only(text + 5, "0123456789") && (strlen(text) == 9 || strlen(text) == 10);
    const char *slash = strchr(text, '/'); /* before April 2007: cs/0112017 */
    return slash && slash > text &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz-.ABCDEFGHIJKLMNOPQRSTUVWXYZ") == (size_t)(slash - text) &&
           has_only(slash + 1, "0123456789") && strlen(slash + 1) == 7;
}

static lac_status unknown_word(const lac_column *column, const char *word, lac_error *err) {
    const size_t n = (size_t)lac_schema_words(column);
    const int nearest = lac_nearest_word(word, column->words, n);
    if (nearest >= 0)
        return lac_usage(err, "%s: unknown word '%.60s'; nearest: '%s'", column->name, word, column->words[nearest]);
    lac_text all = {0};
    for (size_t i = 0; i < n; i++)
        lac_text_add(&all, "%s%s", i ? ", " : "", column->words[i]);
    const lac_status status =
        all.failed ? lac_no_memory(err, "words")
                   : lac_usage(err, "%s: unknown word '%.60s', expected of: %s", column->name, word, all.data);
    lac_text_free(&all);
    return status;
}

static lac_status check_words(const lac_column *column, const char *text, lac_error *err) {
    const bool is_list = (column->flags & LAC_COLUMN_LIST) != 0;
    if ((column->flags & LAC_COLUMN_DASH) && strcmp(text, "-") == 0) return LAC_OK;
    for (const char *at = text;;) {
        char word[64];
        const size_t n = is_list ? strcspn(at, ";") : strlen(at);
        snprintf(word, sizeof word, "%.*s", (int)(n < sizeof word ? n : sizeof word), at);
        if (!lac_schema_has_word(column, at, n)) return unknown_word(column, word, err);
        for (const char *before = text; before < at; before += strcspn(before, ";") + 1)
            if (strcspn(before, ";") == n && memcmp(before, at, n) == 0)
                return lac_usage(err, "%s: '%s' is there twice", column->name, word);
        if (!at[n]) return LAC_OK;
        at += n + 1;
    }
}

static lac_status wrong(const lac_column *column, const char *expected, const char *text, lac_error *err) {
    return lac_usage(err, "%s: expected %s, found '%.60s'", column->name, expected, text);
}

lac_status lac_layer_check(const lac_column *column, const char *text, lac_error *err) {
    bool is_utf8;
    if (lac_clean_check(text, strlen(text), false, &is_utf8) != strlen(text))
        return lac_usage(err, "%s: expected text, found %s", column->name,
                         is_utf8 ? "a control character" : "no UTF-8");
    if (strcmp(column->name, "basis") == 0)
        return strcmp(text, LAC_LAYER_BASIS) == 0 || strcmp(text, LAC_LAYER_GUESSED) == 0
                   ? LAC_OK
                   : wrong(column, "'" LAC_LAYER_BASIS "' or '" LAC_LAYER_GUESSED "'", text, err);
    if (!*text) {
        const bool is_needed = lac_schema_column(papers(), column->name) < NEEDED;
        return is_needed ? lac_usage(err, "%s: empty", column->name) : LAC_OK;
    }
    switch (column->type) {
    case LAC_CELL_NAME:
        return has_only(text, "abcdefghijklmnopqrstuvwxyz0123456789-+")
                   ? LAC_OK
                   : wrong(column, "lower-case letters, digits, '+' and '-'", text, err);
    case LAC_CELL_YEAR:
        return is_year(text) ? LAC_OK : wrong(column, "a year of 1950 to 2100", text, err);
    case LAC_CELL_URL:
        return is_url(text) ? LAC_OK : wrong(column, "an address with http:// or https://", text, err);
    case LAC_CELL_ARXIV:
        return is_arxiv(text) ? LAC_OK : wrong(column, "an arXiv id as 2111.06377", text, err);
    case LAC_CELL_WORD:
        return check_words(column, text, err);
    default:
        return LAC_OK;
    }
}

/* ---- the file ---- */

static lac_status fail_at(const char *name, int line, int column, const char *text, lac_error *err) {
    char kept[LAC_ERROR_TEXT];
    snprintf(kept, sizeof kept, "%s", text);
    return lac_fail(err, "%s:%d:%d: %s", name, line, column, kept);
}

/* Splits at tabs into `most` cells; how many there are. */
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

static lac_status check_header(const char *name, const char *const *cells, int n, lac_error *err) {
    const lac_table_schema *schema = papers();
    char text[256];
    for (int c = 0; c < schema->n_columns; c++) {
        if (c < n && strcmp(cells[c], schema->columns[c].name) == 0) continue;
        snprintf(text, sizeof text, "expected the column '%s' in the header, found '%.60s'", schema->columns[c].name,
                 c < n ? cells[c] : "");
        return fail_at(name, 1, c + 1, text, err);
    }
    if (n == schema->n_columns) return LAC_OK;
    snprintf(text, sizeof text, "expected %d columns in the header, found %d", schema->n_columns, n);
    return fail_at(name, 1, schema->n_columns + 1, text, err);
}

static lac_status check_row(const char *name, int line, const char *const *cells, int n, lac_error *err) {
    const lac_table_schema *schema = papers();
    if (n != schema->n_columns) {
        char text[64];
        snprintf(text, sizeof text, "expected %d columns, found %d", schema->n_columns, n);
        return fail_at(name, line, n < schema->n_columns ? n : schema->n_columns + 1, text, err);
    }
    for (int c = 0; c < n; c++) {
        lac_error inner = {0};
        if (lac_layer_check(&schema->columns[c], cells[c], &inner) != LAC_OK)
            return inner.status == LAC_USAGE ? fail_at(name, line, c + 1, inner.text, err)
                                             : lac_fail(err, "%s", inner.text);
    }
    return LAC_OK;
}

static lac_status check_bytes(const char *name, int line, const char *text, size_t bytes, lac_error *err) {
    bool is_utf8;
    const size_t bad = lac_clean_check(text, bytes, true, &is_utf8);
    if (bad == bytes) return LAC_OK;
    int column = 1;
    for (size_t i = 0; i < bad; i++)
        column += text[i] == '\t';
    char what[96];
    if (is_utf8)
        snprintf(what, sizeof what, "expected text, found a control character%s",
                 text[bad] == '\r' ? " (lines end with LF alone)" : "");
    else
        snprintf(what, sizeof what, "expected UTF-8, found the byte 0x%02X", (unsigned char)text[bad]);
    return fail_at(name, line, column, what, err);
}

/* data is cut into cells. */
static lac_status parse_lines(lac_layer *layer, const char *name, char *data, size_t bytes, lac_error *err) {
    const char *cells[LAC_MOST_COLUMNS];
    size_t at = 0;
    for (int line = 1; at < bytes || line == 1; line++) {
        char *end = memchr(data + at, '\n', bytes - at);
        if (!end) return fail_at(name, line, 1, "expected a newline at the end of the line", err);
        const size_t length = (size_t)(end - (data + at));
        LAC_TRY(check_bytes(name, line, data + at, length, err));
        *end = 0;
        const int n = split(data + at, cells, LAC_MOST_COLUMNS);
        if (line == 1) {
            LAC_TRY(check_header(name, cells, n, err));
        } else {
            LAC_TRY(check_row(name, line, cells, n, err));
            LAC_TRY(lac_layer_append(layer, cells, err));
            layer->rows[layer->n - 1].line = line;
        }
        at += length + 1;
    }
    return LAC_OK;
}

static lac_status new_layer(lac_layer **layer, lac_error *err) {
    *layer = lac_zalloc(sizeof **layer);
    if (*layer) (*layer)->arena = lac_arena_new();
    if (*layer && (*layer)->arena) return LAC_OK;
    lac_free(*layer);
    *layer = NULL;
    return lac_no_memory(err, "papers of your own");
}

lac_status lac_layer_parse(const char *name, const char *data, size_t bytes, lac_layer **out, lac_error *err) {
    lac_layer *layer;
    *out = NULL;
    if (bytes > LAC_LAYER_MOST_BYTES)
        return lac_fail(err, "%s: %zu bytes, expected at most %d", name, bytes, LAC_LAYER_MOST_BYTES);
    LAC_TRY(new_layer(&layer, err));
    char *copy = lac_alloc(bytes + 1);
    lac_status status = copy ? LAC_OK : lac_no_memory(err, name);
    if (status == LAC_OK) {
        if (bytes) memcpy(copy, data, bytes);
        copy[bytes] = 0;
        status = parse_lines(layer, name, copy, bytes, err);
    }
    lac_free(copy);
    if (status == LAC_OK)
        *out = layer;
    else
        lac_layer_free(layer);
    return status;
}

lac_status lac_layer_read(const char *path, lac_layer **layer, lac_error *err) {
    *layer = NULL;
    if (!lac_file_exists(path)) return new_layer(layer, err);
    char *data;
    size_t bytes;
    LAC_TRY(lac_file_read(path, LAC_LAYER_MOST_BYTES, &data, &bytes, err));
    const lac_status status = lac_layer_parse(path, data, bytes, layer, err);
    lac_free(data);
    return status;
}

void lac_layer_free(lac_layer *layer) {
    if (!layer) return;
    lac_free(layer->rows);
    lac_arena_free(layer->arena);
    lac_free(layer);
}

lac_status lac_layer_append(lac_layer *layer, const char *const *cells, lac_error *err) {
    if (layer->n == MOST_ROWS) return lac_fail(err, "papers of your own: more than %d", MOST_ROWS);
    if (layer->n == layer->room) {
        const size_t room = layer->room ? 2 * layer->room : 16;
        lac_layer_row *rows = lac_resize(layer->rows, room * sizeof *rows);
        if (!rows) return lac_no_memory(err, "papers of your own");
        layer->rows = rows;
        layer->room = room;
    }
    lac_layer_row row = {0};
    for (int c = 0; c < papers()->n_columns; c++) {
        row.cells[c] = lac_arena_text(layer->arena, cells[c]);
        if (!row.cells[c]) return lac_no_memory(err, "papers of your own");
    }
    layer->rows[layer->n++] = row;
    return LAC_OK;
}

lac_status lac_layer_write(const lac_layer *layer, const char *path, lac_error *err) {
    const lac_table_schema *schema = papers();
    if (layer->n == 0) return lac_file_remove(path, err);
    lac_text text = {0};
    for (int c = 0; c < schema->n_columns; c++)
        lac_text_add(&text, "%s%s", c ? "\t" : "", schema->columns[c].name);
    lac_text_put(&text, "\n", 1);
    for (size_t i = 0; i < layer->n; i++)
        for (int c = 0; c < schema->n_columns; c++) {
            lac_text_put(&text, layer->rows[i].cells[c], strlen(layer->rows[i].cells[c]));
            lac_text_put(&text, c + 1 == schema->n_columns ? "\n" : "\t", 1);
        }
    lac_status status = LAC_OK;
    if (text.failed)
        status = lac_no_memory(err, path);
    else if (text.bytes > LAC_LAYER_MOST_BYTES)
        status =
            lac_fail(err, "%s: it would take %zu bytes, expected at most %d", path, text.bytes, LAC_LAYER_MOST_BYTES);
    else
        status = lac_file_write(path, text.data, text.bytes, err);
    lac_text_free(&text);
    return status;
}
