/* io/npy.c - NumPy's .npy files (numpy/lib/format.py, NEP 1): a magic, a version, the length of a header, the header as
 * a Python dictionary of three known keys, the data. What is written is byte for byte what numpy.save writes. */
#include "io/npy.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "data is copied as it is");

enum { MAGIC = 6, MAX_RANK = 8, HEADER_LIMIT = 65536, ALIGN = 64, GROWTH_DIGITS = 21 };
static const char magic[] = "\x93NUMPY";

typedef struct cursor {
    const char *path;
    const char *at, *end;
    lac_error *err;
} cursor;

static size_t item_bytes(const char *dtype) {
    static const char *const names[] = {"<f4", "<f8", "<i4", "<i8", "|u1"};
    static const size_t bytes[] = {4, 8, 4, 8, 1};
    for (int i = 0; i < 5; i++)
        if (strcmp(names[i], dtype) == 0) return bytes[i];
    return 0;
}

static bool array_bytes(size_t item, int rank, const int64_t *dim, uint64_t *bytes) {
    uint64_t n = item;
    for (int i = 0; i < rank; i++)
        if (dim[i] < 0 || __builtin_mul_overflow(n, (uint64_t)dim[i], &n)) return false;
    *bytes = n;
    return n <= INT64_MAX;
}

static lac_status broken(cursor *c, const char *expected) {
    int n = c->end - c->at < 20 ? (int)(c->end - c->at) : 20;
    return lac_fail(c->err, "%s: npy header: expected %s, found \"%.*s\"", c->path, expected, n, c->at);
}

static bool take(cursor *c, const char *token) {
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t'))
        c->at++;
    size_t n = strlen(token);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, token, n) != 0) return false;
    c->at += n;
    return true;
}

/* A quoted word without escapes, of fewer than `room` bytes. */
static lac_status word(cursor *c, const char *expected, char *out, size_t room) {
    if (!take(c, "'") && !take(c, "\"")) return broken(c, expected);
    char quote = c->at[-1];
    size_t n = 0;
    while (c->at + n < c->end && c->at[n] != quote && c->at[n] != '\\' && n + 1 < room)
        n++;
    if (c->at + n == c->end || c->at[n] != quote) return broken(c, expected);
    memcpy(out, c->at, n);
    out[n] = 0;
    c->at += n + 1;
    return LAC_OK;
}

static lac_status shape(cursor *c, lac_npy *array) {
    if (!take(c, "(")) return broken(c, "a shape in parentheses");
    while (!take(c, ")")) {
        if (array->rank == MAX_RANK) return broken(c, "at most 8 dimensions");
        take(c, "");
        int64_t n = 0;
        const char *first = c->at;
        while (c->at < c->end && *c->at >= '0' && *c->at <= '9') {
            if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *c->at - '0', &n))
                return broken(c, "a dimension below 2^63");
            c->at++;
        }
        if (c->at == first) return broken(c, "a dimension");
        array->dim[array->rank++] = n;
        bool has_comma = take(c, ",");
        if (!has_comma && array->rank == 1) return broken(c, "','"); /* (3) is not a tuple */
        if (!has_comma) {
            if (!take(c, ")")) return broken(c, "')'");
            return LAC_OK;
        }
    }
    return LAC_OK;
}

static lac_status dictionary(cursor *c, lac_npy *array) {
    enum { DESCR = 1, ORDER = 2, SHAPE = 4, ALL = 7 };
    unsigned seen = 0;
    if (!take(c, "{")) return broken(c, "'{'");
    while (!take(c, "}")) {
        char key[16];
        LAC_TRY(word(c, "descr, fortran_order or shape", key, sizeof key));
        unsigned bit = strcmp(key, "descr") == 0           ? DESCR
                       : strcmp(key, "fortran_order") == 0 ? ORDER
                       : strcmp(key, "shape") == 0         ? SHAPE
                                                           : 0;
        if (bit == 0 || (seen & bit))
            return lac_fail(c->err, "%s: npy header: expected descr, fortran_order and shape, found \"%s\"%s", c->path,
                            key, bit ? " twice" : "");
        seen |= bit;
        if (!take(c, ":")) return broken(c, "':'");
        if (bit == DESCR) {
            LAC_TRY(word(c, "one dtype", array->dtype, sizeof array->dtype));
            if (!item_bytes(array->dtype))
                return lac_fail(c->err, "%s: dtype: expected <f4, <f8, <i4, <i8 or |u1, found \"%s\"", c->path,
                                array->dtype);
        } else if (bit == ORDER) {
            if (take(c, "True")) return lac_fail(c->err, "%s: expected C order, found Fortran order", c->path);
            if (!take(c, "False")) return broken(c, "True or False");
        } else {
            LAC_TRY(shape(c, array));
        }
        if (take(c, ",")) continue;
        if (!take(c, "}")) return broken(c, "',' or '}'");
        break;
    }
    take(c, "");
    if (c->at != c->end) return broken(c, "the end of the header");
    if (seen != ALL) return lac_fail(c->err, "%s: npy header: descr, fortran_order or shape is missing", c->path);
    return LAC_OK;
}

static lac_status parse(const char *path, const lac_map *map, lac_npy *array, lac_error *err) {
    const uint8_t *data = map->data;
    if (map->bytes < MAGIC + 4 || memcmp(data, magic, MAGIC) != 0) return lac_fail(err, "%s: not a .npy file", path);
    int version = data[MAGIC];
    if (version < 1 || version > 3 || data[MAGIC + 1] != 0)
        return lac_fail(err, "%s: npy version: expected 1.0 to 3.0, found %d.%d", path, version, data[MAGIC + 1]);
    size_t start = version == 1 ? MAGIC + 4 : MAGIC + 6;
    if (map->bytes < start) return lac_fail(err, "%s: the header is cut short", path);
    size_t length = (size_t)data[MAGIC + 2] | (size_t)data[MAGIC + 3] << 8;
    if (version > 1) length |= (size_t)data[MAGIC + 4] << 16 | (size_t)data[MAGIC + 5] << 24;
    if (length > HEADER_LIMIT || length > map->bytes - start)
        return lac_fail(err, "%s: header of %zu bytes, expected at most %zu", path, length,
                        map->bytes - start < HEADER_LIMIT ? map->bytes - start : (size_t)HEADER_LIMIT);
    cursor c = {path, (const char *)data + start, (const char *)data + start + length, err};
    LAC_TRY(dictionary(&c, array));
    uint64_t expected, found = map->bytes - start - length;
    if (!array_bytes(item_bytes(array->dtype), array->rank, array->dim, &expected))
        return lac_fail(err, "%s: the shape does not fit into memory", path);
    if (found != expected)
        return lac_fail(err, "%s: expected %" PRIu64 " bytes of data, found %" PRIu64, path, expected, found);
    array->data = lac_alloc((size_t)expected);
    if (!array->data) return lac_no_memory(err, path);
    if (expected) memcpy(array->data, data + start + length, (size_t)expected);
    return LAC_OK;
}

lac_status lac_npy_read(const char *path, lac_npy *array, lac_error *err) {
    *array = (lac_npy){0};
    lac_map map;
    LAC_TRY(lac_map_open(path, &map, err));
    lac_status status = parse(path, &map, array, err);
    lac_map_close(&map);
    if (status != LAC_OK) *array = (lac_npy){0};
    return status;
}

lac_status lac_npy_read_f32(const char *path, int *rank, int64_t dim[8], float **data, lac_error *err) {
    lac_npy array;
    *data = NULL;
    LAC_TRY(lac_npy_read(path, &array, err));
    bool is_f64 = strcmp(array.dtype, "<f8") == 0;
    if (!is_f64 && strcmp(array.dtype, "<f4") != 0) {
        lac_free(array.data);
        return lac_fail(err, "%s: dtype: expected <f4 or <f8, found %s", path, array.dtype);
    }
    float *numbers = array.data;
    if (is_f64) {
        size_t n = 1;
        for (int i = 0; i < array.rank; i++)
            n *= (size_t)array.dim[i];
        numbers = lac_alloc(n * sizeof *numbers);
        for (size_t i = 0; numbers && i < n; i++)
            numbers[i] = (float)((const double *)array.data)[i];
        lac_free(array.data);
        if (!numbers) return lac_no_memory(err, path);
    }
    *rank = array.rank;
    memcpy(dim, array.dim, sizeof array.dim);
    *data = numbers;
    return LAC_OK;
}

struct lac_npy_writer {
    char *path;
    lac_writer *file;
    uint64_t declared, written;
};

/* numpy pads so that the first dimension can grow in place to 21 digits, then to a multiple of 64 with a newline. */
static lac_status write_header(lac_npy_writer *w, const char *dtype, int rank, const int64_t *dim, lac_error *err) {
    lac_text text = {0};
    lac_text_add(&text, "{'descr': '%s', 'fortran_order': False, 'shape': (", dtype);
    for (int i = 0; i < rank; i++)
        lac_text_add(&text, "%s%" PRId64, i ? ", " : "", dim[i]);
    lac_text_add(&text, "%s), }", rank == 1 ? "," : "");
    if (rank > 0) {
        char digits[32];
        lac_text_add(&text, "%*s", GROWTH_DIGITS - snprintf(digits, sizeof digits, "%" PRId64, dim[0]), "");
    }
    size_t start = MAGIC + 4;
    lac_text_add(&text, "%*s\n", (int)((ALIGN - (start + text.bytes + 1) % ALIGN) % ALIGN), "");
    lac_status status = LAC_OK;
    if (text.failed) {
        status = lac_no_memory(err, w->path);
    } else {
        uint8_t head[MAGIC + 4];
        memcpy(head, magic, MAGIC);
        head[MAGIC] = 1;
        head[MAGIC + 1] = 0;
        head[MAGIC + 2] = (uint8_t)(text.bytes & 0xFF);
        head[MAGIC + 3] = (uint8_t)(text.bytes >> 8); /* rank is at most 8: far below 65536 */
        status = lac_writer_put(w->file, head, sizeof head, err);
        if (status == LAC_OK) status = lac_writer_put(w->file, text.data, text.bytes, err);
    }
    lac_text_free(&text);
    return status;
}

lac_status lac_npy_create(const char *path, const char *dtype, int rank, const int64_t *dim, lac_npy_writer **out,
                          lac_error *err) {
    *out = NULL;
    size_t item = item_bytes(dtype);
    uint64_t bytes;
    if (!item) return lac_usage(err, "%s: dtype: expected <f4, <f8, <i4, <i8 or |u1, found %s", path, dtype);
    if (rank < 0 || rank > MAX_RANK) return lac_usage(err, "%s: expected 0 to 8 dimensions, found %d", path, rank);
    if (!array_bytes(item, rank, dim, &bytes)) return lac_usage(err, "%s: the shape is too large", path);
    lac_npy_writer *w = lac_zalloc(sizeof *w);
    if (!w) return lac_no_memory(err, path);
    w->declared = bytes;
    w->path = lac_copy_text(path);
    lac_status status = w->path ? lac_writer_open(path, &w->file, err) : lac_no_memory(err, path);
    if (status == LAC_OK) status = write_header(w, dtype, rank, dim, err);
    if (status != LAC_OK) {
        lac_npy_abort(w);
        return status;
    }
    *out = w;
    return LAC_OK;
}

lac_status lac_npy_put(lac_npy_writer *w, const void *data, uint64_t bytes, lac_error *err) {
    if (bytes > w->declared - w->written)
        return lac_usage(err, "%s: %" PRIu64 " bytes of data, expected at most %" PRIu64, w->path, bytes,
                         w->declared - w->written);
    LAC_TRY(lac_writer_put(w->file, data, (size_t)bytes, err));
    w->written += bytes;
    return LAC_OK;
}

lac_status lac_npy_commit(lac_npy_writer *w, lac_error *err) {
    lac_status status = LAC_OK;
    if (w->written != w->declared)
        status = lac_usage(err, "%s: %" PRIu64 " bytes of data, expected %" PRIu64, w->path, w->written, w->declared);
    if (status == LAC_OK) {
        status = lac_writer_commit(w->file, err);
        w->file = NULL;
    }
    lac_npy_abort(w);
    return status;
}

void lac_npy_abort(lac_npy_writer *w) {
    if (!w) return;
    lac_writer_abort(w->file);
    lac_free(w->path);
    lac_free(w);
}

lac_status lac_npy_write(const char *path, const char *dtype, int rank, const int64_t *dim, const void *data,
                         lac_error *err) {
    lac_npy_writer *w;
    LAC_TRY(lac_npy_create(path, dtype, rank, dim, &w, err));
    lac_status status = lac_npy_put(w, data, w->declared, err);
    if (status == LAC_OK) return lac_npy_commit(w, err);
    lac_npy_abort(w);
    return status;
}
