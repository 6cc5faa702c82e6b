/* eval/embed.c - streams features to nameless temporaries, then, when the number of rows is known, to .npy files.
 *
 * Pictures that cannot be decoded are found out only on the way, so the source's count is no more than a bound. A
 * nameless file leaves nothing behind however the process ends. */
#include "eval/embed.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "io/npy.h"

enum { COPY_BYTES = 1 << 20 };

typedef struct embedding {
    const lac_extractor_options *o;
    lac_extractor *extractor;
    int rows_fd, labels_fd; /* -1: none */
    char *base;             /* `out` without ".npy" */
    lac_writer *names;
    lac_embed_result *result;
} embedding;

/* A file without a name on the disk of `base`. */
static lac_status open_nameless(const char *base, int *fd, lac_error *err) {
    const char *slash = strrchr(base, '/');
    int length = slash ? (int)(slash - base) : 0;
    char *folder = slash ? lac_format("%.*s/", length, base) : lac_copy_text("./");
    char *path = folder ? lac_format("%s.lacuna-XXXXXX", folder) : NULL;
    lac_status status = path ? LAC_OK : lac_no_memory(err, "a temporary file's name");
    if (status == LAC_OK) {
        *fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (*fd < 0) { /* file systems without O_TMPFILE */
            *fd = mkostemp(path, O_CLOEXEC);
            if (*fd >= 0) unlink(path);
        }
        if (*fd < 0) status = lac_fail(err, "%s: cannot write here: %s", folder, strerror(errno));
    }
    lac_free(path);
    lac_free(folder);
    return status;
}

static lac_status put_all(int fd, const void *data, size_t bytes, const char *where, lac_error *err) {
    const char *from = data;
    while (bytes > 0) {
        ssize_t n = write(fd, from, bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return lac_fail(err, "%s: cannot write: %s", where, strerror(n < 0 ? errno : ENOSPC));
        from += n;
        bytes -= (size_t)n;
    }
    return LAC_OK;
}

static lac_status copy_to_npy(int fd, const char *path, const char *dtype, int rank, const int64_t *dim,
                              lac_error *err) {
    char *block = lac_alloc(COPY_BYTES);
    if (!block) return lac_no_memory(err, "copying features");
    lac_npy_writer *w = NULL;
    lac_status status = lseek(fd, 0, SEEK_SET) == 0 ? LAC_OK : lac_fail(err, "%s: %s", path, strerror(errno));
    if (status == LAC_OK) status = lac_npy_create(path, dtype, rank, dim, &w, err);
    while (status == LAC_OK) {
        ssize_t n = read(fd, block, COPY_BYTES);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) status = lac_fail(err, "%s: cannot read back: %s", path, strerror(errno));
        if (n <= 0) break;
        status = lac_npy_put(w, block, (uint64_t)n, err);
    }
    lac_free(block);
    if (status == LAC_OK) return lac_npy_commit(w, err);
    if (w) lac_npy_abort(w);
    return status;
}

static lac_status stream(embedding *e, const lac_source *source, lac_error *err) {
    const int64_t values = lac_extractor_values(e->extractor);
    for (;;) {
        lac_feature_rows rows;
        LAC_TRY(lac_extractor_next(e->extractor, &rows, err));
        if (rows.n == 0) break;
        LAC_TRY(put_all(e->rows_fd, rows.features, (size_t)(rows.n * values) * sizeof(float), e->base, err));
        for (int64_t i = 0; i < rows.n; i++) {
            char room[PATH_MAX];
            const char *name = lac_source_name(source, rows.sample[i], room, sizeof room);
            LAC_TRY(lac_writer_put(e->names, name, strlen(name), err));
            LAC_TRY(lac_writer_put(e->names, "\n", 1, err));
            int32_t label = rows.label[i];
            if (e->labels_fd >= 0) LAC_TRY(put_all(e->labels_fd, &label, sizeof label, e->base, err));
        }
        e->result->n_rows += rows.n;
    }
    e->result->n_broken = lac_source_count(source) - e->result->n_rows;
    if (e->result->n_rows == 0) return lac_fail(err, "%s: no picture could be read", lac_source_spec(source));
    return LAC_OK;
}

/* Names and labels first: who finds the features finds all three. */
static lac_status finish(embedding *e, const char *out, lac_error *err) {
    const lac_embed_result *r = e->result;
    lac_writer *names = e->names;
    e->names = NULL;
    LAC_TRY(lac_writer_commit(names, err));
    if (e->labels_fd >= 0) {
        char *path = lac_format("%s.labels.npy", e->base);
        if (!path) return lac_no_memory(err, "a file's name");
        lac_status status = copy_to_npy(e->labels_fd, path, "<i4", 1, &r->n_rows, err);
        lac_free(path);
        LAC_TRY(status);
    }
    const bool is_per_patch = e->o->pooling == LAC_POOLING_PATCH;
    const int64_t dim[] = {r->n_rows, is_per_patch ? r->n_tokens : r->width, r->width};
    return copy_to_npy(e->rows_fd, out, "<f4", is_per_patch ? 3 : 2, dim, err);
}

static lac_status embed(embedding *e, lac_method *method, const lac_backend *backend, lac_pool *pool,
                        const lac_source *source, const char *out, lac_error *err) {
    size_t length = strlen(out);
    if (length < 5 || strcmp(out + length - 4, ".npy") != 0)
        return lac_usage(err, "%s: features are written as NumPy arrays: expected a name that ends in .npy", out);
    lac_writer *probe; /* what cannot be written is refused before any work */
    LAC_TRY(lac_writer_open(out, &probe, err));
    lac_writer_abort(probe);
    e->base = lac_format("%.*s", (int)(length - 4), out);
    char *names = e->base ? lac_format("%s.names.txt", e->base) : NULL;
    lac_status status = names ? lac_writer_open(names, &e->names, err) : lac_no_memory(err, "a file's name");
    lac_free(names);
    LAC_TRY(status);
    LAC_TRY(open_nameless(e->base, &e->rows_fd, err));
    e->result->has_labels = lac_source_classes(source) > 0;
    if (e->result->has_labels) LAC_TRY(open_nameless(e->base, &e->labels_fd, err));
    LAC_TRY(lac_extractor_new(method, backend, pool, source, e->o, &e->extractor, err));
    lac_method_sizes s = lac_method_describe(method);
    const int64_t values = lac_extractor_values(e->extractor);
    e->result->n_tokens = e->o->pooling == LAC_POOLING_PATCH ? s.n_patches : 1;
    e->result->width = values / e->result->n_tokens;
    LAC_TRY(stream(e, source, err));
    return finish(e, out, err);
}

lac_status lac_embed(lac_method *method, const lac_backend *backend, lac_pool *pool, const lac_source *source,
                     const lac_extractor_options *options, const char *out, lac_embed_result *result, lac_error *err) {
    *result = (lac_embed_result){0};
    embedding e = {.o = options, .rows_fd = -1, .labels_fd = -1, .result = result};
    lac_status status = embed(&e, method, backend, pool, source, out, err);
    lac_writer_abort(e.names);
    lac_extractor_free(e.extractor);
    if (e.rows_fd >= 0) close(e.rows_fd);
    if (e.labels_fd >= 0) close(e.labels_fd);
    lac_free(e.base);
    return status;
}
