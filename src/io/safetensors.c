/* io/safetensors.c - reading safetensors files (huggingface/safetensors, README and tensor.rs; docs/interop).
 *
 * A file is mapped and checked whole before the first tensor is handed out: header within 100 MB and within the file,
 * known dtypes, sizes that match shapes, ranges that follow each other without hole or overlap up to the last byte, no
 * name twice. Not here: the header's grammar (safetensors_header.c), writing (safetensors_writer.c). */
#include "io/safetensors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/memory.h"
#include "io/safetensors_private.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the format is little-endian and is copied as it is");

enum { LENGTH_BYTES = 8 };

struct lac_safetensors {
    char *path;
    lac_map map;
    lac_arena *arena;
    int n;
    lac_safetensor *tensors;  /* by offset */
    lac_safetensor **by_name; /* sorted */
    lac_st_pair *pairs;       /* metadata, sorted by key */
    size_t n_pairs;
};

static int by_offset(const void *a, const void *b) {
    const lac_st_entry *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end) return x->end < y->end ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b) {
    return strcmp((*(lac_safetensor *const *)a)->name, (*(lac_safetensor *const *)b)->name);
}

static int by_key(const void *a, const void *b) {
    return strcmp(((const lac_st_pair *)a)->key, ((const lac_st_pair *)b)->key);
}

/* Check the ranges and fill file->tensors, whose data starts at `data` and has `bytes`. */
static lac_status lay_out(lac_safetensors *file, lac_st_header *header, const uint8_t *data, uint64_t bytes,
                          lac_error *err) {
    const char *path = file->path;
    uint64_t expected = 0;
    if (header->n_entries) qsort(header->entries, header->n_entries, sizeof *header->entries, by_offset);
    for (size_t i = 0; i < header->n_entries; i++) {
        const lac_st_entry *e = &header->entries[i];
        int bits = lac_st_dtype_bits(e->dtype);
        uint64_t size;
        if (!bits) return lac_fail(err, "%s: tensor \"%.100s\": unknown dtype \"%.100s\"", path, e->name, e->dtype);
        if (!lac_st_tensor_bytes(bits, e->rank, e->dim, &size))
            return lac_fail(err, "%s: tensor \"%.100s\": its shape is not a whole number of bytes below 2^64", path,
                            e->name);
        if (e->begin > e->end || e->end > bytes)
            return lac_fail(err, "%s: tensor \"%.100s\": bytes %llu to %llu are not within the %llu bytes of data",
                            path, e->name, (unsigned long long)e->begin, (unsigned long long)e->end,
                            (unsigned long long)bytes);
        if (e->end - e->begin != size)
            return lac_fail(err, "%s: tensor \"%.100s\": %llu bytes of data, expected %llu from its shape and dtype",
                            path, e->name, (unsigned long long)(e->end - e->begin), (unsigned long long)size);
        if (e->begin != expected)
            return lac_fail(err, "%s: tensor \"%.100s\": data begins at %llu, expected %llu (%s)", path, e->name,
                            (unsigned long long)e->begin, (unsigned long long)expected,
                            e->begin > expected ? "a hole" : "an overlap");
        expected = e->end;
        lac_safetensor *t = &file->tensors[i];
        *t = (lac_safetensor){.name = e->name, .dtype = e->dtype, .rank = e->rank, .bytes = size};
        memcpy(t->dim, e->dim, sizeof t->dim);
        t->data = data + e->begin;
        file->by_name[i] = t;
    }
    if (expected != bytes)
        return lac_fail(err, "%s: %llu bytes of data, but the tensors end at %llu", path, (unsigned long long)bytes,
                        (unsigned long long)expected);
    return LAC_OK;
}

static lac_status index_names(lac_safetensors *file, lac_error *err) {
    if (file->n) qsort(file->by_name, (size_t)file->n, sizeof *file->by_name, by_name);
    for (int i = 1; i < file->n; i++)
        if (strcmp(file->by_name[i - 1]->name, file->by_name[i]->name) == 0)
            return lac_fail(err, "%s: tensor \"%.100s\" is there twice", file->path, file->by_name[i]->name);
    if (file->n_pairs) qsort(file->pairs, file->n_pairs, sizeof *file->pairs, by_key);
    for (size_t i = 1; i < file->n_pairs; i++)
        if (strcmp(file->pairs[i - 1].key, file->pairs[i].key) == 0)
            return lac_fail(err, "%s: __metadata__ has \"%.100s\" twice", file->path, file->pairs[i].key);
    return LAC_OK;
}

static lac_status load(lac_safetensors *file, lac_error *err) {
    const uint8_t *data = file->map.data;
    size_t bytes = file->map.bytes;
    uint64_t length;
    if (bytes < LENGTH_BYTES)
        return lac_fail(err, "%s: %zu bytes are too few for a safetensors file", file->path, bytes);
    memcpy(&length, data, LENGTH_BYTES);
    if (length > LAC_ST_HEADER_LIMIT || length > bytes - LENGTH_BYTES)
        return lac_fail(err, "%s: header of %llu bytes, expected at most %zu: not a safetensors file, or cut short",
                        file->path, (unsigned long long)length,
                        bytes - LENGTH_BYTES < LAC_ST_HEADER_LIMIT ? bytes - LENGTH_BYTES
                                                                   : (size_t)LAC_ST_HEADER_LIMIT);
    file->arena = lac_arena_new();
    if (!file->arena) return lac_no_memory(err, file->path);
    lac_st_header header = {0};
    lac_status status =
        lac_st_parse(file->path, (const char *)data + LENGTH_BYTES, (size_t)length, file->arena, &header, err);
    if (status == LAC_OK) {
        file->n = (int)header.n_entries; /* below 100 MB / 50 bytes */
        file->pairs = header.pairs;
        file->n_pairs = header.n_pairs;
        header.pairs = NULL;
        file->tensors = lac_array(header.n_entries, sizeof *file->tensors);
        file->by_name = lac_array(header.n_entries, sizeof *file->by_name);
        if (!file->tensors || !file->by_name)
            status = lac_no_memory(err, file->path);
        else
            status = lay_out(file, &header, data + LENGTH_BYTES + length, bytes - LENGTH_BYTES - length, err);
    }
    if (status == LAC_OK) status = index_names(file, err);
    lac_st_header_free(&header);
    return status;
}

lac_status lac_safetensors_open(const char *path, lac_safetensors **out, lac_error *err) {
    *out = NULL;
    lac_safetensors *file = lac_zalloc(sizeof *file);
    if (!file) return lac_no_memory(err, path);
    file->path = lac_copy_text(path);
    lac_status status = file->path ? lac_map_open(path, &file->map, err) : lac_no_memory(err, path);
    if (status == LAC_OK) status = load(file, err);
    if (status != LAC_OK) {
        lac_safetensors_close(file);
        return status;
    }
    *out = file;
    return LAC_OK;
}

void lac_safetensors_close(lac_safetensors *file) {
    if (!file) return;
    lac_free(file->tensors);
    lac_free(file->by_name);
    lac_free(file->pairs);
    lac_arena_free(file->arena);
    lac_map_close(&file->map);
    lac_free(file->path);
    lac_free(file);
}

int lac_safetensors_count(const lac_safetensors *file) {
    return file->n;
}

const lac_safetensor *lac_safetensors_at(const lac_safetensors *file, int index) {
    return index >= 0 && index < file->n ? &file->tensors[index] : NULL;
}

const lac_safetensor *lac_safetensors_find(const lac_safetensors *file, const char *name) {
    lac_safetensor wanted = {.name = name}, *key = &wanted;
    lac_safetensor *const *found =
        file->n ? bsearch(&key, file->by_name, (size_t)file->n, sizeof *file->by_name, by_name) : NULL;
    return found ? *found : NULL;
}

const char *lac_safetensors_metadata(const lac_safetensors *file, const char *key) {
    lac_st_pair wanted = {.key = key};
    const lac_st_pair *found =
        file->n_pairs ? bsearch(&wanted, file->pairs, file->n_pairs, sizeof *file->pairs, by_key) : NULL;
    return found ? found->value : NULL;
}

static float half_to_float(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = half >> 10 & 0x1Fu, fraction = half & 0x3FFu;
    if (exponent == 0) return (sign ? -1.0f : 1.0f) * ldexpf((float)fraction, -24);
    uint32_t bits = sign | (exponent == 31 ? 0x7F800000u : (exponent + 112) << 23) | fraction << 13;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The item size in bytes if n items of `dtype` are what t holds; else 0. */
static lac_status check_copy(const lac_safetensors *file, const lac_safetensor *t, size_t item, const char *kinds,
                             int64_t n, lac_error *err) {
    if (!item)
        return lac_fail(err, "%s: tensor \"%.100s\": expected %s, found %s", file->path, t->name, kinds, t->dtype);
    if (n < 0 || t->bytes / item != (uint64_t)n)
        return lac_fail(err, "%s: tensor \"%.100s\": expected %lld numbers, found %llu", file->path, t->name,
                        (long long)n, (unsigned long long)(t->bytes / item));
    return LAC_OK;
}

lac_status lac_safetensor_f32(const lac_safetensors *file, const lac_safetensor *t, float *out, int64_t n,
                              lac_error *err) {
    bool is_f32 = strcmp(t->dtype, "F32") == 0, is_f64 = strcmp(t->dtype, "F64") == 0;
    bool is_f16 = strcmp(t->dtype, "F16") == 0, is_bf16 = strcmp(t->dtype, "BF16") == 0;
    size_t item = is_f32 ? 4 : is_f64 ? 8 : is_f16 || is_bf16 ? 2 : 0;
    LAC_TRY(check_copy(file, t, item, "F32, F64, F16 or BF16", n, err));
    const char *data = t->data;
    if (is_f32 && n > 0) memcpy(out, data, (size_t)n * item);
    if (is_f32) return LAC_OK;
    for (int64_t i = 0; i < n; i++) {
        const char *at = data + (size_t)i * item;
        if (is_f64) {
            double value;
            memcpy(&value, at, sizeof value);
            out[i] = (float)value;
            continue;
        }
        uint16_t half;
        memcpy(&half, at, sizeof half);
        uint32_t bits = (uint32_t)half << 16; /* bf16 is the upper half of an f32 */
        if (is_f16)
            out[i] = half_to_float(half);
        else
            memcpy(&out[i], &bits, sizeof bits);
    }
    return LAC_OK;
}

lac_status lac_safetensor_i32(const lac_safetensors *file, const lac_safetensor *t, int32_t *out, int64_t n,
                              lac_error *err) {
    bool is_i32 = strcmp(t->dtype, "I32") == 0, is_i64 = strcmp(t->dtype, "I64") == 0;
    LAC_TRY(check_copy(file, t, is_i32 ? 4 : is_i64 ? 8 : 0, "I32 or I64", n, err));
    const char *data = t->data;
    if (is_i32 && n > 0) memcpy(out, data, (size_t)n * 4);
    for (int64_t i = 0; is_i64 && i < n; i++) {
        int64_t value;
        memcpy(&value, data + i * 8, sizeof value);
        if (value < INT32_MIN || value > INT32_MAX)
            return lac_fail(err, "%s: tensor \"%.100s\": item %lld is %lld, expected 32 bits", file->path, t->name,
                            (long long)i, (long long)value);
        out[i] = (int32_t)value;
    }
    return LAC_OK;
}
