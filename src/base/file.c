/* base/file.c - reading whole files, maps, appending, and what the system knows about this process. Atomic output is in
 * writer.c, folders and locks in folder.c. A mapped file that another program shortens raises SIGBUS when touched. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/file_private.h"
#include "base/memory.h"

lac_status lac_file_error(lac_error *err, const char *path, const char *action) {
    char buffer[256], reason[256];
    snprintf(reason, sizeof reason, "%s", strerror_r(errno, buffer, sizeof buffer));
    if (reason[0] >= 'A' && reason[0] <= 'Z' && reason[1] >= 'a' && reason[1] <= 'z')
        reason[0] = (char)(reason[0] - 'A' + 'a');
    return lac_fail(err, "%s: cannot %s: %s", path, action, reason);
}

bool lac_write_all(int fd, const void *data, size_t bytes) {
    const char *at = data;
    while (bytes > 0) {
        size_t part = bytes < (size_t)1 << 30 ? bytes : (size_t)1 << 30;
        ssize_t n = write(fd, at, part);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        if (n == 0) {
            errno = ENOSPC;
            return false;
        }
        at += n;
        bytes -= (size_t)n;
    }
    return true;
}

lac_status lac_file_read(const char *path, size_t limit, char **data, size_t *bytes, lac_error *err) {
    *data = NULL;
    *bytes = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return lac_file_error(err, path, "open");
    lac_status status = LAC_OK;
    char *buffer = NULL;
    size_t n = 0, room = 4096;
    struct stat info;
    if (fstat(fd, &info) != 0) {
        status = lac_file_error(err, path, "read");
        goto done;
    }
    if (S_ISREG(info.st_mode)) {
        if ((uint64_t)info.st_size > limit) {
            status =
                lac_fail(err, "%s: %llu bytes, expected at most %zu", path, (unsigned long long)info.st_size, limit);
            goto done;
        }
        if (info.st_size > 0) room = (size_t)info.st_size;
    }
    buffer = lac_alloc(room + 1);
    if (!buffer) {
        status = lac_no_memory(err, path);
        goto done;
    }
    for (;;) {
        char extra; /* to see the end of file without growing */
        bool is_full = n == room;
        ssize_t got = read(fd, is_full ? &extra : buffer + n, is_full ? 1 : room - n);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            status = lac_file_error(err, path, "read");
            goto done;
        }
        if (got == 0) break;
        if (is_full) {
            room = room <= SIZE_MAX / 4 ? 2 * room : room + 1;
            char *larger = lac_resize(buffer, room + 1);
            if (!larger) {
                status = lac_no_memory(err, path);
                goto done;
            }
            buffer = larger;
            buffer[n] = extra;
        }
        n += (size_t)got;
        if (n > limit) {
            status = lac_fail(err, "%s: more than the expected %zu bytes", path, limit);
            goto done;
        }
    }
    buffer[n] = 0;
    *data = buffer;
    *bytes = n;
    buffer = NULL;
done:
    lac_free(buffer);
    close(fd);
    return status;
}

lac_status lac_map_open(const char *path, lac_map *map, lac_error *err) {
    *map = (lac_map){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return lac_file_error(err, path, "open");
    lac_status status = LAC_OK;
    struct stat info;
    if (fstat(fd, &info) != 0) {
        status = lac_file_error(err, path, "read");
    } else if (!S_ISREG(info.st_mode)) {
        status = lac_fail(err, "%s: expected a file, found %s", path, S_ISDIR(info.st_mode) ? "a folder" : "a device");
    } else if (info.st_size == 0) {
        status = lac_fail(err, "%s: the file is empty", path);
    } else {
        void *data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED)
            status = lac_file_error(err, path, "map");
        else
            *map = (lac_map){data, (size_t)info.st_size};
    }
    close(fd);
    return status;
}

void lac_map_close(lac_map *map) {
    if (map->data) munmap((void *)(uintptr_t)map->data, map->bytes);
    *map = (lac_map){0};
}

bool lac_file_exists(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

lac_status lac_file_remove(const char *path, lac_error *err) {
    if (unlink(path) != 0 && errno != ENOENT) return lac_file_error(err, path, "remove");
    return LAC_OK;
}

/* One system call for the line and its newline, so that lines of two processes do not mix. */
lac_status lac_file_append(const char *path, const char *text, lac_error *err) {
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) return lac_file_error(err, path, "open");
    lac_status status = LAC_OK;
    size_t bytes = strlen(text);
    bool ends = bytes > 0 && text[bytes - 1] == '\n';
    struct iovec parts[2] = {{(void *)(uintptr_t)text, bytes}, {(void *)(uintptr_t) "\n", 1}};
    ssize_t n;
    do
        n = writev(fd, parts, ends ? 1 : 2);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        status = lac_file_error(err, path, "write");
    } else if ((size_t)n < bytes) {
        if (!lac_write_all(fd, text + n, bytes - (size_t)n) || (!ends && !lac_write_all(fd, "\n", 1)))
            status = lac_file_error(err, path, "write");
    } else if (!ends && (size_t)n == bytes && !lac_write_all(fd, "\n", 1)) {
        status = lac_file_error(err, path, "write");
    }
    if (close(fd) != 0 && status == LAC_OK && errno != EINTR) status = lac_file_error(err, path, "write");
    return status;
}

lac_status lac_file_truncate(const char *path, uint64_t bytes, lac_error *err) {
    int result;
    do
        result = truncate(path, (off_t)bytes);
    while (result != 0 && errno == EINTR);
    return result == 0 ? LAC_OK : lac_file_error(err, path, "shorten");
}

double lac_clock_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

uint64_t lac_peak_rss(void) {
    FILE *file = fopen("/proc/self/status", "re");
    if (!file) return 0;
    char line[256];
    unsigned long long kib = 0;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %llu", &kib) == 1) break;
    fclose(file);
    return (uint64_t)kib * 1024;
}
