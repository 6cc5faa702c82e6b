/* atlas/bibtex.c - the grammar of BibTeX files: entries, values, macros, and where each of them goes wrong.
 *
 * The file is checked first as a whole (size, UTF-8, control characters), so that nothing behind needs to; then it is
 * read once from left to right. Not here: LaTeX (bibtex_latex.c), what the fields mean (bibtex_known.c). */
#include "atlas/bibtex.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <utf8proc.h>

#include "atlas/bibtex_private.h"
#include "base/file.h"
#include "base/memory.h"

/* A set of names with a number each: macros, and keys with their lines. */
typedef struct names {
    struct name {
        const char *text; /* lower case, in the arena; NULL: free */
        const char *value;
        int64_t line;
    } * at;
    size_t n, room;
} names;

typedef struct reader {
    const char *name, *at, *end;
    int64_t line, n_groups;
    size_t text_bytes; /* of all values so far */
    lac_arena *arena;
    names macros, keys;
    lac_text raw, decoded; /* of the value being read */
    lac_bib_entry *entries;
    size_t n_entries, room;
    lac_bib_field fields[LAC_BIB_MOST_FIELDS];
    lac_error *err;
} reader;

typedef struct owned_bib { /* what lac_bib_free gets back */
    lac_bib bib;
    lac_arena *arena;
} owned_bib;

static lac_status no_memory(reader *r) {
    return lac_no_memory(r->err, "a BibTeX file");
}

static lac_status fail_at(reader *r, int64_t line, const char *format, ...) __attribute__((format(printf, 3, 4)));
static lac_status fail_at(reader *r, int64_t line, const char *format, ...) {
    char text[LAC_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return lac_fail(r->err, "%s:%lld: %s", r->name, (long long)line, text);
}

/* ---- characters ---- */

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_newline(const char *at, const char *end) { /* the last byte of LF, CR LF or CR */
    return *at == '\n' || (*at == '\r' && (at + 1 == end || at[1] != '\n'));
}

static void step(reader *r) {
    if (is_newline(r->at, r->end)) r->line++;
    r->at++;
}

static void skip_space(reader *r) {
    while (r->at < r->end && is_space(*r->at))
        step(r);
}

static bool is_at(const reader *r, char c) {
    return r->at < r->end && *r->at == c;
}

/* What stands at r->at, for "found ...". */
static const char *found(const reader *r, char room[16]) {
    if (r->at == r->end) return "the end of the file";
    int32_t code;
    const utf8proc_ssize_t n = utf8proc_iterate((const uint8_t *)r->at, r->end - r->at, &code);
    if (is_space(*r->at) || n <= 0) return "white space";
    snprintf(room, 16, "'%.*s'", (int)n, r->at);
    return room;
}

static lac_status expected(reader *r, const char *what) {
    char room[16];
    return fail_at(r, r->line, "expected %s, found %s", what, found(r, room));
}

/* Size, encoding and control characters of the whole file. */
static lac_status check_text(reader *r) {
    if (r->end - r->at > LAC_BIB_MOST_BYTES)
        return lac_fail(r->err, "%s: %lld bytes, expected at most %d", r->name, (long long)(r->end - r->at),
                        LAC_BIB_MOST_BYTES);
    if (r->end - r->at >= 3 && memcmp(r->at, "\xEF\xBB\xBF", 3) == 0) r->at += 3;
    int64_t line = 1;
    for (const char *p = r->at; p < r->end;) {
        const unsigned char c = (unsigned char)*p;
        if (c >= 0x20 && c < 0x7F) {
            p++;
            continue;
        }
        if (is_space(*p)) {
            line += is_newline(p, r->end);
            p++;
            continue;
        }
        int32_t code;
        const utf8proc_ssize_t n = utf8proc_iterate((const uint8_t *)p, r->end - p, &code);
        if (n <= 0) return fail_at(r, line, "expected UTF-8, found the byte 0x%02X; convert the file to UTF-8", c);
        if (code < 0x20 || (code >= 0x7F && code < 0xA0))
            return fail_at(r, line, "expected text, found the control character U+%04X", (unsigned)code);
        p += n;
    }
    return LAC_OK;
}

/* ---- names ---- */

static struct name *slot_of(const names *set, const char *text) {
    size_t i = (size_t)lac_hash(text, strlen(text), 0) & (set->room - 1);
    while (set->at[i].text && strcmp(set->at[i].text, text) != 0)
        i = (i + 1) & (set->room - 1);
    return &set->at[i];
}

static struct name *find_name(const names *set, const char *text) {
    if (set->room == 0) return NULL;
    struct name *slot = slot_of(set, text);
    return slot->text ? slot : NULL;
}

/* Adds or replaces; text and value are the arena's. */
static lac_status put_name(reader *r, names *set, struct name item) {
    if (4 * (set->n + 1) > 3 * set->room) {
        names larger = {.room = set->room ? 2 * set->room : 64};
        larger.at = lac_array(larger.room, sizeof *larger.at);
        if (!larger.at) return no_memory(r);
        for (size_t i = 0; i < set->room; i++)
            if (set->at[i].text) *slot_of(&larger, set->at[i].text) = set->at[i];
        larger.n = set->n;
        lac_free(set->at);
        *set = larger;
    }
    struct name *slot = slot_of(set, item.text);
    if (!slot->text) set->n++;
    *slot = item;
    return LAC_OK;
}

static char *copy(reader *r, const char *text, size_t bytes) {
    char *block = lac_arena_alloc(r->arena, bytes + 1);
    if (block && bytes) memcpy(block, text, bytes);
    return block;
}

static char *lower(reader *r, const char *text, size_t bytes) {
    char *block = copy(r, text, bytes);
    for (char *p = block; p && *p; p++)
        if (*p >= 'A' && *p <= 'Z') *p = (char)(*p - 'A' + 'a');
    return block;
}

/* The name of a type, field or macro, lower-cased. `what` begins with its article. */
static lac_status read_name(reader *r, const char *what, const char **name) {
    const char *begin = r->at;
    while (r->at < r->end && !is_space(*r->at) && !strchr("\"#%'(),={}@\\", *r->at))
        r->at++;
    if (r->at == begin || is_digit(*begin)) {
        r->at = begin;
        return expected(r, what);
    }
    if (r->at - begin > LAC_BIB_MOST_NAME)
        return fail_at(r, r->line, "%s of %lld bytes, expected at most %d", what, (long long)(r->at - begin),
                       LAC_BIB_MOST_NAME);
    *name = lower(r, begin, (size_t)(r->at - begin));
    return *name ? LAC_OK : no_memory(r);
}

/* ---- values ---- */

static const char *month(const char *name) {
    static const char *const names_of[] = {"January", "February", "March",     "April",   "May",      "June",
                                           "July",    "August",   "September", "October", "November", "December"};
    for (int i = 0; strlen(name) == 3 && i < 12; i++)
        if (name[0] == names_of[i][0] + 32 && memcmp(name + 1, names_of[i] + 1, 2) == 0) return names_of[i];
    return NULL;
}

/* From the character after the opening one to the closing one; r->at ends behind it. Braces inside are balanced. */
static lac_status skip_group(reader *r, char close, const char *what, const char **begin, const char **end) {
    const int64_t line = r->line;
    int depth = 0;
    *begin = r->at;
    for (; r->at < r->end; step(r)) {
        if (depth == 0 && *r->at == close) {
            *end = r->at++;
            return LAC_OK;
        }
        if (*r->at == '{' && ++depth > LAC_BIB_MOST_DEPTH)
            return fail_at(r, r->line, "braces are nested deeper than %d", LAC_BIB_MOST_DEPTH);
        if (*r->at == '}' && depth-- == 0)
            return fail_at(r, r->line, "expected '%c' to end %s, found '}'", close, what);
    }
    return fail_at(r, line, "expected '%c' to end %s that begins here, found the end of the file", close, what);
}

static lac_status add_raw(reader *r, const char *text, size_t bytes, int64_t line) {
    if (bytes > LAC_BIB_MOST_FIELD - r->raw.bytes)
        return fail_at(r, line, "a value of more than %d bytes", LAC_BIB_MOST_FIELD);
    if (bytes > LAC_BIB_MOST_TEXT - r->text_bytes)
        return fail_at(r, line, "values of more than %d bytes in all, their macros put in", LAC_BIB_MOST_TEXT);
    r->text_bytes += bytes;
    lac_text_put(&r->raw, text, bytes);
    return r->raw.failed ? no_memory(r) : LAC_OK;
}

static lac_status add_macro(reader *r) {
    const char *name;
    const int64_t line = r->line;
    LAC_TRY(read_name(r, "a value in braces or quotes, a number or a macro's name", &name));
    const struct name *macro = find_name(&r->macros, name);
    const char *text = macro ? macro->value : month(name);
    if (!text)
        return fail_at(r, line, "expected a value, found %s, which no @string defines; text is put in braces", name);
    return add_raw(r, text, strlen(text), line);
}

/* The whole value, as LaTeX, into r->raw. */
static lac_status read_value(reader *r) {
    r->raw.bytes = 0;
    for (;;) {
        skip_space(r);
        const int64_t line = r->line;
        const char *begin = r->at, *end;
        if (is_at(r, '{') || is_at(r, '"')) {
            const char close = *r->at == '{' ? '}' : '"';
            r->at++;
            LAC_TRY(skip_group(r, close, "a value", &begin, &end));
            LAC_TRY(add_raw(r, begin, (size_t)(end - begin), line));
        } else if (r->at < r->end && is_digit(*r->at)) {
            while (r->at < r->end && is_digit(*r->at))
                r->at++;
            LAC_TRY(add_raw(r, begin, (size_t)(r->at - begin), line));
        } else {
            LAC_TRY(add_macro(r));
        }
        skip_space(r);
        if (!is_at(r, '#')) return LAC_OK;
        r->at++;
    }
}

/* ---- entries ---- */

static lac_status expect_close(reader *r, char close) {
    skip_space(r);
    if (!is_at(r, close)) return expected(r, close == '}' ? "'}'" : "')'");
    r->at++;
    return LAC_OK;
}

static lac_status read_string(reader *r, char close) {
    struct name macro = {.line = r->line};
    skip_space(r);
    LAC_TRY(read_name(r, "a macro's name", &macro.text));
    skip_space(r);
    if (!is_at(r, '=')) return expected(r, "'='");
    r->at++;
    LAC_TRY(read_value(r));
    LAC_TRY(expect_close(r, close));
    macro.value = copy(r, r->raw.data ? r->raw.data : "", r->raw.bytes);
    if (!macro.value) return no_memory(r);
    return put_name(r, &r->macros, macro);
}

static bool is_address(const char *name) {
    static const char *const addresses[] = {"url", "link", "doi", "eprint", "arxiv", "arxivid", "file", "pdf"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
        if (strcmp(name, addresses[i]) == 0) return true;
    return false;
}

static lac_status read_field(reader *r, size_t *n) {
    lac_bib_field field = {.line = r->line};
    LAC_TRY(read_name(r, "a field's name", &field.name));
    for (size_t i = 0; i < *n; i++)
        if (strcmp(r->fields[i].name, field.name) == 0)
            return fail_at(r, field.line, "the field %s is there twice, first on line %lld", field.name,
                           (long long)r->fields[i].line);
    if (*n == LAC_BIB_MOST_FIELDS)
        return fail_at(r, field.line, "an entry of more than %d fields", LAC_BIB_MOST_FIELDS);
    skip_space(r);
    if (!is_at(r, '=')) return expected(r, "'=' after a field's name");
    r->at++;
    LAC_TRY(read_value(r));
    r->decoded.bytes = 0;
    if (is_address(field.name))
        lac_bib_decode_address(r->raw.data ? r->raw.data : "", r->raw.bytes, &r->decoded);
    else
        lac_bib_decode(r->raw.data ? r->raw.data : "", r->raw.bytes, &r->decoded);
    if (r->decoded.failed) return no_memory(r);
    field.text = copy(r, r->decoded.data ? r->decoded.data : "", r->decoded.bytes);
    if (!field.text) return no_memory(r);
    r->fields[(*n)++] = field;
    return LAC_OK;
}

static lac_status read_key(reader *r, lac_bib_entry *entry, char close) {
    skip_space(r);
    const char *begin = r->at;
    const int64_t line = r->line;
    while (r->at < r->end && !is_space(*r->at) && !strchr(",{}\"=", *r->at) && *r->at != close)
        r->at++;
    const size_t bytes = (size_t)(r->at - begin);
    if (bytes == 0) return expected(r, "a citation key");
    if (bytes > LAC_BIB_MOST_NAME)
        return fail_at(r, line, "a citation key of %zu bytes, expected at most %d", bytes, LAC_BIB_MOST_NAME);
    entry->key = copy(r, begin, bytes);
    struct name item = {.text = lower(r, begin, bytes), .line = line};
    if (!entry->key || !item.text) return no_memory(r);
    const struct name *other = find_name(&r->keys, item.text);
    if (other)
        return fail_at(r, line, "the key %s is there twice, first on line %lld", entry->key, (long long)other->line);
    return put_name(r, &r->keys, item);
}

static lac_status keep_entry(reader *r, lac_bib_entry *entry, size_t n_fields) {
    if (n_fields) {
        lac_bib_field *fields = lac_arena_alloc(r->arena, n_fields * sizeof *fields);
        if (!fields) return no_memory(r);
        memcpy(fields, r->fields, n_fields * sizeof *fields);
        entry->fields = fields;
    }
    entry->n_fields = n_fields;
    LAC_TRY(lac_bib_find_known(r->arena, entry, r->err));
    if (r->n_entries == r->room) {
        const size_t room = r->room ? 2 * r->room : 64;
        lac_bib_entry *entries = lac_resize(r->entries, room * sizeof *entries);
        if (!entries) return no_memory(r);
        r->entries = entries;
        r->room = room;
    }
    r->entries[r->n_entries++] = *entry;
    return LAC_OK;
}

static lac_status read_entry(reader *r, lac_bib_entry *entry, char close) {
    size_t n = 0;
    LAC_TRY(read_key(r, entry, close));
    for (;;) {
        skip_space(r);
        if (is_at(r, ',')) {
            r->at++;
            skip_space(r);
            if (!is_at(r, close)) {
                LAC_TRY(read_field(r, &n));
                continue;
            }
        }
        if (!is_at(r, close)) return expected(r, close == '}' ? "',' or '}'" : "',' or ')'");
        r->at++;
        return keep_entry(r, entry, n);
    }
}

/* From behind an "@". */
static lac_status read_group(reader *r) {
    lac_bib_entry entry = {.line = r->line};
    if (++r->n_groups > LAC_BIB_MOST_ENTRIES) return fail_at(r, r->line, "more than %d entries", LAC_BIB_MOST_ENTRIES);
    skip_space(r);
    LAC_TRY(read_name(r, "an entry's type after '@'", &entry.type));
    skip_space(r);
    const bool is_comment = strcmp(entry.type, "comment") == 0;
    if (!is_at(r, '{') && !is_at(r, '(')) return is_comment ? LAC_OK : expected(r, "'{' after an entry's type");
    const char close = *r->at == '{' ? '}' : ')', *begin, *end;
    r->at++;
    if (is_comment) return skip_group(r, close, "a comment", &begin, &end);
    if (strcmp(entry.type, "string") == 0) return read_string(r, close);
    if (strcmp(entry.type, "preamble") == 0) {
        LAC_TRY(read_value(r));
        return expect_close(r, close);
    }
    return read_entry(r, &entry, close);
}

static lac_status read_file(reader *r) {
    LAC_TRY(check_text(r));
    while (r->at < r->end) {
        const bool is_group = *r->at == '@';
        step(r);
        if (is_group) LAC_TRY(read_group(r));
    }
    return LAC_OK;
}

lac_status lac_bib_parse(const char *name, const char *text, size_t bytes, lac_bib **bib, lac_error *err) {
    *bib = NULL;
    owned_bib *owned = lac_zalloc(sizeof *owned);
    reader *r = lac_zalloc(sizeof *r);
    lac_status status = LAC_OK;
    if (owned && r) owned->arena = lac_arena_new();
    if (!owned || !r || !owned->arena) {
        status = lac_no_memory(err, name);
        goto done;
    }
    *r = (reader){.name = name, .at = text, .end = text + bytes, .line = 1, .arena = owned->arena, .err = err};
    status = read_file(r);
    if (status != LAC_OK) goto done;
    owned->bib = (lac_bib){r->entries, r->n_entries};
    *bib = &owned->bib;
    r->entries = NULL;
    owned = NULL;
done:
    if (r) {
        lac_free(r->macros.at);
        lac_free(r->keys.at);
        lac_free(r->entries);
        lac_text_free(&r->raw);
        lac_text_free(&r->decoded);
    }
    lac_free(r);
    if (owned) lac_arena_free(owned->arena);
    lac_free(owned);
    return status;
}

lac_status lac_bib_read(const char *path, lac_bib **bib, lac_error *err) {
    char *text;
    size_t bytes;
    *bib = NULL;
    LAC_TRY(lac_file_read(path, LAC_BIB_MOST_BYTES, &text, &bytes, err));
    const lac_status status = lac_bib_parse(path, text, bytes, bib, err);
    lac_free(text);
    return status;
}

void lac_bib_free(lac_bib *bib) {
    if (!bib) return;
    owned_bib *owned = (owned_bib *)(void *)bib;
    lac_free((void *)(uintptr_t)owned->bib.entries);
    lac_arena_free(owned->arena);
    lac_free(owned);
}

const char *lac_bib_get(const lac_bib_entry *entry, const char *field) {
    for (size_t i = 0; i < entry->n_fields; i++)
        if (strcmp(entry->fields[i].name, field) == 0) return entry->fields[i].text;
    return NULL;
}
