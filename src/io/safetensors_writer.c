/* io/safetensors_writer.c - writing safetensors files: everything is declared first, so the header is known before the
 * data and the file is written front to back in constant memory. Bytes are a function of the calls alone. */
#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "io/safetensors.h"
#include "io/safetensors_private.h"

struct lac_safetensors_writer {
    char *path;
    lac_writer *file;
    lac_text metadata, tensors; /* JSON members, separated by commas */
    lac_arena *arena;
    const char **names; /* declared tensors and, marked by a first byte of their own, metadata keys */
    uint64_t *hashes;
    size_t n_names, names_room;
    int bits; /* of the last tensor declared */
    uint64_t declared, written;
    bool is_header_written;
};

lac_status lac_safetensors_create(const char *path, lac_safetensors_writer **out, lac_error *err) {
    *out = NULL;
    lac_safetensors_writer *w = lac_zalloc(sizeof *w);
    if (!w) return lac_no_memory(err, path);
    w->bits = 64;
    w->path = lac_copy_text(path);
    w->arena = lac_arena_new();
    lac_status status = w->path && w->arena ? lac_writer_open(path, &w->file, err) : lac_no_memory(err, path);
    if (status != LAC_OK) {
        lac_safetensors_abort(w);
        return status;
    }
    *out = w;
    return LAC_OK;
}

/* Refuse a name that was given before; `kind` keeps tensors and metadata keys apart. */
static lac_status add_name(lac_safetensors_writer *w, char kind, const char *name, lac_error *err) {
    if (!lac_st_is_utf8(name, strlen(name)))
        return lac_usage(err, "%s: the name \"%.100s\" is not UTF-8", w->path, name);
    uint64_t hash = lac_hash(name, strlen(name), (uint64_t)kind);
    for (size_t i = 0; i < w->n_names; i++)
        if (w->hashes[i] == hash && w->names[i][0] == kind && strcmp(w->names[i] + 1, name) == 0)
            return lac_usage(err, "%s: \"%.100s\" is given twice", w->path, name);
    if (w->n_names == w->names_room) {
        size_t room = w->names_room ? 2 * w->names_room : 64;
        const char **names = lac_resize(w->names, room * sizeof *names);
        if (names) w->names = names;
        uint64_t *hashes = names ? lac_resize(w->hashes, room * sizeof *hashes) : NULL;
        if (!hashes) return lac_no_memory(err, w->path);
        w->hashes = hashes;
        w->names_room = room;
    }
    const char *copy = lac_arena_format(w->arena, "%c%s", kind, name);
    if (!copy) return lac_no_memory(err, w->path);
    w->names[w->n_names] = copy;
    w->hashes[w->n_names++] = hash;
    return LAC_OK;
}

/* Escapes as serde_json writes them, so that files equal those of the reference implementation. */
static void put_string(lac_text *text, const char *string) {
    static const char special[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    lac_text_put(text, "\"", 1);
    for (const char *at = string; *at; at++) {
        const char *found = strchr(special, *at);
        if (found)
            lac_text_add(text, "\\%c", letters[found - special]);
        else if ((unsigned char)*at < 0x20)
            lac_text_add(text, "\\u%04x", (unsigned)*at);
        else
            lac_text_put(text, at, 1);
    }
    lac_text_put(text, "\"", 1);
}

lac_status lac_safetensors_meta(lac_safetensors_writer *w, const char *key, const char *value, lac_error *err) {
    if (w->is_header_written) return lac_usage(err, "%s: metadata \"%.100s\" comes after data", w->path, key);
    if (!lac_st_is_utf8(value, strlen(value)))
        return lac_usage(err, "%s: the metadata of \"%.100s\" is not UTF-8", w->path, key);
    LAC_TRY(add_name(w, 'm', key, err));
    if (w->metadata.bytes) lac_text_put(&w->metadata, ",", 1);
    put_string(&w->metadata, key);
    lac_text_put(&w->metadata, ":", 1);
    put_string(&w->metadata, value);
    return w->metadata.failed ? lac_no_memory(err, w->path) : LAC_OK;
}

lac_status lac_safetensors_declare(lac_safetensors_writer *w, const char *name, const char *dtype, int rank,
                                   const int64_t *dim, lac_error *err) {
    int bits = lac_st_dtype_bits(dtype);
    uint64_t bytes, end;
    if (w->is_header_written) return lac_usage(err, "%s: tensor \"%.100s\" is declared after data", w->path, name);
    if (strcmp(name, "__metadata__") == 0) return lac_usage(err, "%s: no tensor can be named __metadata__", w->path);
    if (!bits) return lac_usage(err, "%s: tensor \"%.100s\": unknown dtype \"%s\"", w->path, name, dtype);
    if (rank < 0 || rank > LAC_ST_RANK)
        return lac_usage(err, "%s: tensor \"%.100s\": %d dimensions, expected 0 to 8", w->path, name, rank);
    if (!lac_st_tensor_bytes(bits, rank, dim, &bytes) || __builtin_add_overflow(w->declared, bytes, &end) ||
        end > INT64_MAX)
        return lac_usage(err, "%s: tensor \"%.100s\": its shape is not a whole number of bytes below 2^63", w->path,
                         name);
    if (bits > w->bits) /* so that every tensor is aligned, as in files of the reference implementation */
        return lac_usage(err, "%s: tensor \"%.100s\" of %s is declared after a narrower one", w->path, name, dtype);
    LAC_TRY(add_name(w, 't', name, err));
    lac_text *text = &w->tensors;
    if (text->bytes) lac_text_put(text, ",", 1);
    put_string(text, name);
    lac_text_add(text, ":{\"dtype\":\"%s\",\"shape\":[", dtype);
    for (int i = 0; i < rank; i++)
        lac_text_add(text, "%s%" PRId64, i ? "," : "", dim[i]);
    lac_text_add(text, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", w->declared, end);
    if (text->failed) return lac_no_memory(err, w->path);
    w->bits = bits;
    w->declared = end;
    return LAC_OK;
}

static lac_status write_header(lac_safetensors_writer *w, lac_error *err) {
    lac_text header = {0};
    lac_text_put(&header, "{", 1);
    if (w->metadata.bytes) {
        lac_text_add(&header, "\"__metadata__\":{");
        lac_text_put(&header, w->metadata.data, w->metadata.bytes);
        lac_text_put(&header, w->tensors.bytes ? "}," : "}", w->tensors.bytes ? 2 : 1);
    }
    lac_text_put(&header, w->tensors.data, w->tensors.bytes);
    lac_text_put(&header, "}", 1);
    while (!header.failed && header.bytes % 8)
        lac_text_put(&header, " ", 1);
    lac_status status = LAC_OK;
    uint64_t length = header.bytes;
    if (header.failed || w->metadata.failed || w->tensors.failed)
        status = lac_no_memory(err, w->path);
    else if (length > LAC_ST_HEADER_LIMIT)
        status =
            lac_fail(err, "%s: header of %" PRIu64 " bytes, expected at most %d", w->path, length, LAC_ST_HEADER_LIMIT);
    if (status == LAC_OK) status = lac_writer_put(w->file, &length, sizeof length, err);
    if (status == LAC_OK) status = lac_writer_put(w->file, header.data, header.bytes, err);
    lac_text_free(&header);
    w->is_header_written = true;
    return status;
}

lac_status lac_safetensors_put(lac_safetensors_writer *w, const void *data, uint64_t bytes, lac_error *err) {
    if (!w->is_header_written) LAC_TRY(write_header(w, err));
    if (bytes > w->declared - w->written)
        return lac_usage(err, "%s: %" PRIu64 " bytes of data, expected at most %" PRIu64, w->path, bytes,
                         w->declared - w->written);
    LAC_TRY(lac_writer_put(w->file, data, (size_t)bytes, err));
    w->written += bytes;
    return LAC_OK;
}

lac_status lac_safetensors_commit(lac_safetensors_writer *w, lac_error *err) {
    lac_status status = w->is_header_written ? LAC_OK : write_header(w, err);
    if (status == LAC_OK && w->written != w->declared)
        status = lac_usage(err, "%s: %" PRIu64 " bytes of data, expected %" PRIu64, w->path, w->written, w->declared);
    if (status == LAC_OK) {
        status = lac_writer_commit(w->file, err);
        w->file = NULL;
    }
    lac_safetensors_abort(w);
    return status;
}

void lac_safetensors_abort(lac_safetensors_writer *w) {
    if (!w) return;
    lac_writer_abort(w->file);
    lac_text_free(&w->metadata);
    lac_text_free(&w->tensors);
    lac_free(w->names);
    lac_free(w->hashes);
    lac_arena_free(w->arena);
    lac_free(w->path);
    lac_free(w);
}
