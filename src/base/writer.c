/* base/writer.c - an output file that appears whole or not at all: written under a temporary name beside its own,
 * synced, renamed, and the folder synced. Only regular files are replaced, never a device or a folder. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/file_private.h"
#include "base/memory.h"

enum { BUFFER = 64 * 1024, TRIES = 100, NAME_BYTES = 200 };

struct lac_writer {
    int fd;
    char *path, *temporary;
    size_t n; /* bytes waiting in the buffer */
    char buffer[BUFFER];
};

/* ".NAME.tmp-PID-N" in the folder of `path`; a long name is cut, since the longer one might not be allowed. */
static char *temporary_name(const char *path) {
    static atomic_uint n_made;
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    return lac_format("%.*s.%.*s.tmp-%ld-%u", (int)(name - path), path, (int)NAME_BYTES, name, (long)getpid(),
                      atomic_fetch_add(&n_made, 1));
}

static void free_writer(lac_writer *w) {
    lac_free(w->temporary);
    lac_free(w->path);
    lac_free(w);
}

lac_status lac_writer_open(const char *path, lac_writer **out, lac_error *err) {
    *out = NULL;
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return lac_fail(err, "%s: cannot write: expected a file, found %s", path,
                        S_ISDIR(info.st_mode) ? "a folder" : "a device");
    size_t length = strlen(path);
    if (length == 0 || path[length - 1] == '/') return lac_fail(err, "\"%s\": cannot write: no file name", path);
    lac_writer *w = lac_alloc(sizeof *w);
    if (!w) return lac_no_memory(err, path);
    w->fd = -1;
    w->n = 0;
    w->path = lac_copy_text(path);
    w->temporary = NULL;
    for (int i = 0; w->path && i < TRIES; i++) { /* a dead process may have left the same name */
        lac_free(w->temporary);
        w->temporary = temporary_name(path);
        if (!w->temporary) break;
        w->fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (w->fd >= 0 || errno != EEXIST) break;
    }
    if (w->fd < 0) {
        lac_status status = w->path && w->temporary ? lac_file_error(err, path, "write") : lac_no_memory(err, path);
        free_writer(w);
        return status;
    }
    *out = w;
    return LAC_OK;
}

static lac_status flush(lac_writer *w, lac_error *err) {
    size_t n = w->n;
    w->n = 0;
    return lac_write_all(w->fd, w->buffer, n) ? LAC_OK : lac_file_error(err, w->path, "write");
}

lac_status lac_writer_put(lac_writer *w, const void *data, size_t bytes, lac_error *err) {
    if (bytes == 0) return LAC_OK;
    if (bytes > BUFFER - w->n) LAC_TRY(flush(w, err));
    if (bytes >= BUFFER) return lac_write_all(w->fd, data, bytes) ? LAC_OK : lac_file_error(err, w->path, "write");
    memcpy(w->buffer + w->n, data, bytes);
    w->n += bytes;
    return LAC_OK;
}

/* Make the new name itself last; some file systems have no way to sync a folder (EINVAL). */
static lac_status sync_folder(const char *path, lac_error *err) {
    const char *slash = strrchr(path, '/');
    char *folder = !slash ? lac_copy_text(".") : lac_format("%.*s", slash == path ? 1 : (int)(slash - path), path);
    if (!folder) return lac_no_memory(err, path);
    lac_status status = LAC_OK;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) { /* a folder that may be written but not read cannot be synced */
        if (fsync(fd) != 0 && errno != EINVAL && errno != EROFS)
            status = lac_file_error(err, path, "sync the folder of it");
        close(fd);
    }
    lac_free(folder);
    return status;
}

lac_status lac_writer_commit(lac_writer *w, lac_error *err) {
    lac_status status = flush(w, err);
    if (status == LAC_OK && fsync(w->fd) != 0) status = lac_file_error(err, w->path, "write");
    if (status != LAC_OK) {
        lac_writer_abort(w);
        return status;
    }
    if (close(w->fd) != 0 && errno != EINTR) status = lac_file_error(err, w->path, "write");
    w->fd = -1;
    if (status == LAC_OK && rename(w->temporary, w->path) != 0) status = lac_file_error(err, w->path, "write");
    if (status != LAC_OK) {
        lac_writer_abort(w);
        return status;
    }
    status = sync_folder(w->path, err);
    free_writer(w);
    return status;
}

void lac_writer_abort(lac_writer *w) {
    if (!w) return;
    if (w->fd >= 0) close(w->fd);
    unlink(w->temporary);
    free_writer(w);
}

lac_status lac_file_write(const char *path, const void *data, size_t bytes, lac_error *err) {
    lac_writer *w;
    LAC_TRY(lac_writer_open(path, &w, err));
    lac_status status = lac_writer_put(w, data, bytes, err);
    if (status == LAC_OK) return lac_writer_commit(w, err);
    lac_writer_abort(w);
    return status;
}
