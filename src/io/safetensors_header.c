/* io/safetensors_header.c - the JSON header of a safetensors file: one pass, no recursion, memory in proportion to the
 * names and entries alone.
 *
 * A header is not any JSON: its depth is fixed, its numbers are counts, its fields are known. A general parser would
 * build a tree tens of times the size of a hostile 100 MB header before the first check, and allocate elsewhere. */
#include <string.h>

#include "base/memory.h"
#include "io/safetensors_private.h"

typedef struct cursor {
    const char *path;
    const char *start, *at, *end;
    lac_arena *arena;
    lac_error *err;
} cursor;

static const struct {
    const char *name;
    int bits;
} dtypes[] = {
    {"BOOL", 8},    {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6},     {"U8", 8},          {"I8", 8},
    {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"I16", 16},        {"U16", 16},        {"F16", 16},
    {"BF16", 16},   {"I32", 32},    {"U32", 32},    {"F32", 32},        {"F8_E4M3FNUZ", 8}, {"C64", 64},
    {"F64", 64},    {"I64", 64},    {"U64", 64},    {"F8_E5M2FNUZ", 8},
};

int lac_st_dtype_bits(const char *dtype) {
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (strcmp(dtypes[i].name, dtype) == 0) return dtypes[i].bits;
    return 0;
}

bool lac_st_tensor_bytes(int bits, int rank, const int64_t *dim, uint64_t *bytes) {
    uint64_t n = 1;
    bool is_empty = false;
    for (int i = 0; i < rank; i++) {
        if (dim[i] < 0) return false;
        is_empty = is_empty || dim[i] == 0;
        if (__builtin_mul_overflow(n, (uint64_t)dim[i], &n)) return false;
    }
    if (is_empty) n = 0;
    if (__builtin_mul_overflow(n, (uint64_t)bits, &n) || n % 8 != 0) return false;
    *bytes = n / 8;
    return true;
}

bool lac_st_is_utf8(const char *text, size_t bytes) {
    const unsigned char *at = (const unsigned char *)text, *end = at + bytes;
    while (at < end) {
        unsigned char c = *at++;
        if (c == 0) return false;
        if (c < 0x80) continue;
        int more = c >= 0xF0 && c <= 0xF4 ? 3 : c >= 0xE0 && c < 0xF0 ? 2 : c >= 0xC2 && c < 0xE0 ? 1 : 0;
        if (more == 0 || end - at < more) return false;
        uint32_t code = c & (0x3Fu >> more);
        for (int i = 0; i < more; i++, at++) {
            if ((*at & 0xC0) != 0x80) return false;
            code = code << 6 | (*at & 0x3Fu);
        }
        bool is_overlong = code < (more == 3 ? 0x10000u : more == 2 ? 0x800u : 0x80u);
        if (is_overlong || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
    }
    return true;
}

static lac_status broken(cursor *c, const char *expected) {
    size_t byte = (size_t)(c->at - c->start);
    if (c->at == c->end) return lac_fail(c->err, "%s: header ends at byte %zu, expected %s", c->path, byte, expected);
    unsigned char found = (unsigned char)*c->at;
    if (found > 0x20 && found < 0x7F)
        return lac_fail(c->err, "%s: header byte %zu: expected %s, found '%c'", c->path, byte, expected, found);
    return lac_fail(c->err, "%s: header byte %zu: expected %s, found byte 0x%02X", c->path, byte, expected, found);
}

static void skip_space(cursor *c) {
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
        c->at++;
}

/* The next character if it is `wanted`, after white space. */
static bool take(cursor *c, char wanted) {
    skip_space(c);
    if (c->at == c->end || *c->at != wanted) return false;
    c->at++;
    return true;
}

static lac_status expect(cursor *c, char wanted) {
    const char name[] = {'\'', wanted, '\'', 0};
    return take(c, wanted) ? LAC_OK : broken(c, name);
}

/* After an element: *more is set if a comma follows, else `close` is taken. */
static lac_status separate(cursor *c, char close, bool *more) {
    *more = take(c, ',');
    if (*more || take(c, close)) return LAC_OK;
    const char name[] = {'\'', ',', '\'', ' ', 'o', 'r', ' ', '\'', close, '\'', 0};
    return broken(c, name);
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Four hexadecimal digits. */
static lac_status hex4(cursor *c, uint32_t *value) {
    *value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = c->at < c->end ? hex_digit(*c->at) : -1;
        if (digit < 0) return broken(c, "a hexadecimal digit");
        *value = *value << 4 | (uint32_t)digit;
        c->at++;
    }
    return LAC_OK;
}

static char *put_utf8(char *out, uint32_t code) {
    if (code < 0x80) {
        *out++ = (char)code;
        return out;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xC0, 0xE0, 0xF0};
    *out++ = (char)(lead[more] | code >> (6 * more));
    while (more-- > 0)
        *out++ = (char)(0x80 | (code >> (6 * more) & 0x3F));
    return out;
}

/* What follows a backslash. */
static lac_status escape(cursor *c, char **out) {
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    if (c->at == c->end) return broken(c, "an escape");
    const char *letter = *c->at ? strchr(letters, *c->at) : NULL;
    if (letter) {
        *(*out)++ = meanings[letter - letters];
        c->at++;
        return LAC_OK;
    }
    if (*c->at != 'u') return broken(c, "an escape");
    c->at++;
    uint32_t code, low;
    LAC_TRY(hex4(c, &code));
    if (code >= 0xD800 && code < 0xDC00) {
        if (c->end - c->at < 2 || c->at[0] != '\\' || c->at[1] != 'u') return broken(c, "a low surrogate");
        c->at += 2;
        LAC_TRY(hex4(c, &low));
        if (low < 0xDC00 || low > 0xDFFF) return broken(c, "a low surrogate before this");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code < 0xE000) {
        return broken(c, "a high surrogate before the low one");
    }
    if (code == 0) return broken(c, "no NUL in a string");
    *out = put_utf8(*out, code);
    return LAC_OK;
}

/* A string, decoded into the arena; an escape is never shorter than what it stands for. */
static lac_status string(cursor *c, const char **text) {
    LAC_TRY(expect(c, '"'));
    const char *close = c->at;
    while (close < c->end && *close != '"') {
        if ((unsigned char)*close < 0x20) {
            c->at = close;
            return broken(c, "no control character in a string");
        }
        close += *close == '\\' && c->end - close > 1 ? 2 : 1;
    }
    if (close >= c->end) {
        c->at = c->end;
        return broken(c, "'\"'");
    }
    if (!lac_st_is_utf8(c->at, (size_t)(close - c->at))) return broken(c, "UTF-8 from here to the next quote");
    char *out = lac_arena_alloc(c->arena, (size_t)(close - c->at) + 1);
    if (!out) return lac_no_memory(c->err, c->path);
    *text = out;
    while (c->at < close) {
        if (*c->at != '\\') {
            *out++ = *c->at++;
        } else {
            c->at++;
            LAC_TRY(escape(c, &out));
        }
    }
    *out = 0;
    c->at = close + 1;
    return LAC_OK;
}

/* A whole number from 0 to 2^63 - 1. */
static lac_status count(cursor *c, uint64_t *value) {
    static const char expected[] = "a whole number from 0 to 2^63 - 1";
    skip_space(c);
    const char *first = c->at;
    int64_t n = 0;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9') {
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *c->at - '0', &n))
            return broken(c, expected);
        c->at++;
    }
    bool is_longer = c->at < c->end && (*c->at == '.' || *c->at == 'e' || *c->at == 'E');
    if (c->at == first || is_longer || (*first == '0' && c->at - first > 1)) return broken(c, expected);
    *value = (uint64_t)n;
    return LAC_OK;
}

static lac_status shape(cursor *c, lac_st_entry *entry) {
    LAC_TRY(expect(c, '['));
    if (take(c, ']')) return LAC_OK;
    for (bool more = true; more;) {
        uint64_t dim;
        if (entry->rank == LAC_ST_RANK) return broken(c, "at most 8 dimensions");
        LAC_TRY(count(c, &dim));
        entry->dim[entry->rank++] = (int64_t)dim;
        LAC_TRY(separate(c, ']', &more));
    }
    return LAC_OK;
}

/* The value of one tensor's name. */
static lac_status entry_fields(cursor *c, lac_st_entry *entry) {
    enum { DTYPE = 1, SHAPE = 2, OFFSETS = 4, ALL = 7 };
    unsigned seen = 0;
    LAC_TRY(expect(c, '{'));
    bool more = !take(c, '}');
    while (more) {
        const char *field;
        LAC_TRY(string(c, &field));
        unsigned bit = strcmp(field, "dtype") == 0          ? DTYPE
                       : strcmp(field, "shape") == 0        ? SHAPE
                       : strcmp(field, "data_offsets") == 0 ? OFFSETS
                                                            : 0;
        if (bit == 0)
            return lac_fail(c->err, "%s: tensor \"%.100s\": expected dtype, shape and data_offsets, found \"%.100s\"",
                            c->path, entry->name, field);
        if (seen & bit)
            return lac_fail(c->err, "%s: tensor \"%.100s\": %s is there twice", c->path, entry->name, field);
        seen |= bit;
        LAC_TRY(expect(c, ':'));
        if (bit == DTYPE) {
            LAC_TRY(string(c, &entry->dtype));
        } else if (bit == SHAPE) {
            LAC_TRY(shape(c, entry));
        } else {
            LAC_TRY(expect(c, '['));
            LAC_TRY(count(c, &entry->begin));
            LAC_TRY(expect(c, ','));
            LAC_TRY(count(c, &entry->end));
            LAC_TRY(expect(c, ']'));
        }
        LAC_TRY(separate(c, '}', &more));
    }
    if (seen == ALL) return LAC_OK;
    return lac_fail(c->err, "%s: tensor \"%.100s\": %s is missing", c->path, entry->name,
                    !(seen & DTYPE)   ? "dtype"
                    : !(seen & SHAPE) ? "shape"
                                      : "data_offsets");
}

/* Room for one more item; false if there is no memory. */
static bool grow(void **items, size_t n, size_t *room, size_t item) {
    if (n < *room) return true;
    size_t larger = *room ? 2 * *room : 64;
    void *moved = lac_resize(*items, larger * item);
    if (!moved) return false;
    *items = moved;
    *room = larger;
    return true;
}

static lac_status metadata(cursor *c, lac_st_header *header) {
    LAC_TRY(expect(c, '{'));
    bool more = !take(c, '}');
    while (more) {
        lac_st_pair pair;
        LAC_TRY(string(c, &pair.key));
        LAC_TRY(expect(c, ':'));
        LAC_TRY(string(c, &pair.value));
        void *items = header->pairs;
        bool has_room = grow(&items, header->n_pairs, &header->pairs_room, sizeof pair);
        header->pairs = items;
        if (!has_room) return lac_no_memory(c->err, c->path);
        header->pairs[header->n_pairs++] = pair;
        LAC_TRY(separate(c, '}', &more));
    }
    return LAC_OK;
}

lac_status lac_st_parse(const char *path, const char *json, size_t bytes, lac_arena *arena, lac_st_header *header,
                        lac_error *err) {
    cursor c = {.path = path, .start = json, .at = json, .end = json + bytes, .arena = arena, .err = err};
    if (bytes == 0 || *json != '{') return broken(&c, "'{'"); /* white space before it is not allowed */
    c.at++;
    bool has_metadata = false, more = !take(&c, '}');
    while (more) {
        lac_st_entry entry = {0};
        LAC_TRY(string(&c, &entry.name));
        LAC_TRY(expect(&c, ':'));
        if (strcmp(entry.name, "__metadata__") == 0) {
            if (has_metadata) return lac_fail(err, "%s: __metadata__ is there twice", path);
            has_metadata = true;
            LAC_TRY(metadata(&c, header));
        } else {
            LAC_TRY(entry_fields(&c, &entry));
            void *items = header->entries;
            bool has_room = grow(&items, header->n_entries, &header->entries_room, sizeof entry);
            header->entries = items;
            if (!has_room) return lac_no_memory(err, path);
            header->entries[header->n_entries++] = entry;
        }
        LAC_TRY(separate(&c, '}', &more));
    }
    skip_space(&c);
    return c.at == c.end ? LAC_OK : broken(&c, "the end of the header");
}

void lac_st_header_free(lac_st_header *header) {
    lac_free(header->entries);
    lac_free(header->pairs);
    *header = (lac_st_header){0};
}
