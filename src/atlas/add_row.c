/* atlas/add_row.c - the row of papers.tsv that an entry makes: its id, its short name, its address. */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <utf8proc.h>

#include "atlas/add_private.h"
#include "atlas/clean.h"
#include "base/memory.h"

enum { MOST_SHORT = 40, MOST_SHORT_WORDS = 4, MOST_SLUG = 60 };

static lac_status no_memory(lac_error *err) {
    return lac_no_memory(err, "a paper");
}

/* Safe to show and to write: bidirectional overrides and the like become U+FFFD, as the reader of the layer refuses
 * them. */
static lac_status clean(lac_arena *arena, const char *text, const char **cell, lac_error *err) {
    lac_text out = {0};
    lac_text_put(&out, "", 0);
    lac_clean_put(&out, text);
    *cell = out.failed ? NULL : lac_arena_text(arena, out.data);
    lac_text_free(&out);
    return *cell ? LAC_OK : no_memory(err);
}

/* "MAE" of "MAE: ...", unless what stands before the colon is half a sentence; else the citation key. */
static lac_status find_short(lac_arena *arena, const lac_bib_entry *e, const lac_known *known, const char **cell,
                             lac_error *err) {
    const char *colon = strstr(e->title, ": "), *base = e->key;
    if (colon && colon > e->title && colon - e->title <= MOST_SHORT) {
        int n_words = 1;
        for (const char *p = e->title; p < colon; p++)
            n_words += *p == ' ';
        const char *prefix = lac_arena_format(arena, "%.*s", (int)(colon - e->title), e->title);
        if (!prefix) return no_memory(err);
        if (n_words <= MOST_SHORT_WORDS && !lac_known_has_short(known, prefix)) base = prefix;
    }
    LAC_TRY(clean(arena, base, cell, err));
    const char *first = *cell;
    for (int n = 2; lac_known_has_short(known, *cell); n++) {
        *cell = lac_arena_format(arena, "%s (%d)", first, n);
        if (!*cell) return no_memory(err);
    }
    return LAC_OK;
}

/* Letters and digits of ASCII, lower-cased, accents dropped, "-" for what is between. */
static void slug(const char *text, char out[MOST_SLUG + 1]) {
    size_t n = 0;
    bool is_gap = false;
    for (const uint8_t *at = (const uint8_t *)text; *at;) {
        int32_t code, parts[8];
        int boundary = 0;
        const utf8proc_ssize_t length = utf8proc_iterate(at, -1, &code);
        at += length > 0 ? length : 1;
        const utf8proc_option_t options = UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK;
        const utf8proc_ssize_t n_parts = length > 0 ? utf8proc_decompose_char(code, parts, 8, options, &boundary) : 0;
        for (utf8proc_ssize_t i = 0; i < n_parts && i < 8 && n + 2 < MOST_SLUG; i++) { /* "ß" is two letters */
            const bool is_plain = parts[i] < 128 && isalnum(parts[i]);
            if (is_plain && is_gap && n) out[n++] = '-';
            if (is_plain) out[n++] = (char)parts[i];
            is_gap = !is_plain;
        }
    }
    out[n] = 0;
}

static lac_status make_id(lac_arena *arena, const char *short_text, const char *year, const lac_known *known,
                          const char **cell, lac_error *err) {
    char name[MOST_SLUG + 1];
    slug(short_text, name);
    const char *stem = *name ? name : "paper";
    /* keys often end in the year already */
    const size_t n = strlen(stem);
    const bool has_year = *year && n >= 4 && strcmp(stem + n - 4, year) == 0;
    const char *first = *year && !has_year ? lac_arena_format(arena, "%s-%s", stem, year) : lac_arena_text(arena, stem);
    *cell = first;
    for (int k = 2; *cell && lac_known_has_id(known, *cell); k++)
        *cell = lac_arena_format(arena, "%s-%d", first, k);
    return *cell ? LAC_OK : no_memory(err);
}

/* Signs that an address must not hold, as %XX. */
static lac_status address(lac_arena *arena, const char *prefix, const char *text, const char **cell, lac_error *err) {
    lac_text out = {0};
    lac_text_add(&out, "%s", prefix);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p <= ' ' || *p >= 0x7F || strchr("\"<>\\^`{|}", *p))
            lac_text_add(&out, "%%%02X", *p);
        else
            lac_text_put(&out, (const char *)p, 1);
    }
    *cell = out.failed ? NULL : lac_arena_text(arena, out.data);
    lac_text_free(&out);
    return *cell ? LAC_OK : no_memory(err);
}

/* A DOI outlives other addresses, and makes the paper known again. */
static lac_status url(lac_arena *arena, const lac_bib_entry *e, const char **cell, lac_error *err) {
    if (*e->doi && strncmp(e->doi, "10.48550/", 9) != 0) return address(arena, "https://doi.org/", e->doi, cell, err);
    if (*e->url) {
        const size_t scheme = (size_t)(strstr(e->url, "://") - e->url);
        LAC_TRY(address(arena, scheme == 5 ? "https" : "http", e->url + scheme, cell, err)); /* in lower case */
        return LAC_OK;
    }
    if (*e->arxiv) return address(arena, "https://arxiv.org/abs/", e->arxiv, cell, err);
    *cell = "";
    return LAC_OK;
}

/* What the columns would not take, from fields that hold anything, is not known rather than an error. */
static void drop_unfit(const lac_table_schema *schema, const char **cells) {
    static const char *const loose[] = {"year", "url", "arxiv"};
    for (size_t i = 0; i < sizeof loose / sizeof *loose; i++) {
        const int c = lac_schema_column(schema, loose[i]);
        if (lac_layer_check(&schema->columns[c], cells[c], NULL) != LAC_OK) cells[c] = "";
    }
}

lac_status lac_add_cells(lac_arena *arena, const lac_bib_entry *e, const lac_known *known, const char *short_name,
                         const char **cells, lac_error *err) {
    const lac_table_schema *schema = &lac_schema[lac_schema_table("papers")];
    for (int c = 0; c < schema->n_columns; c++)
        cells[c] = "";
    const char **year = &cells[lac_schema_column(schema, "year")];
    if (e->year) *year = lac_arena_format(arena, "%lld", (long long)e->year);
    if (!*year) return no_memory(err);
    LAC_TRY(clean(arena, e->title, &cells[lac_schema_column(schema, "title")], err));
    LAC_TRY(clean(arena, e->venue, &cells[lac_schema_column(schema, "venue")], err));
    LAC_TRY(clean(arena, e->abstract, &cells[lac_schema_column(schema, "summary")], err));
    LAC_TRY(clean(arena, e->arxiv, &cells[lac_schema_column(schema, "arxiv")], err));
    LAC_TRY(url(arena, e, &cells[lac_schema_column(schema, "url")], err));
    drop_unfit(schema, cells);
    if (short_name)
        cells[1] = short_name;
    else
        LAC_TRY(find_short(arena, e, known, &cells[1], err));
    LAC_TRY(make_id(arena, cells[1], *year, known, &cells[0], err));
    cells[lac_schema_column(schema, "basis")] = LAC_LAYER_BASIS;
    return LAC_OK;
}
