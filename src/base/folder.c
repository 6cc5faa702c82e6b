/* base/folder.c - making and listing folders, and the lock that keeps two processes out of one. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/file_private.h"
#include "base/memory.h"

bool lac_folder_exists(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool make_one(const char *path) {
    if (mkdir(path, 0777) == 0) return true;
    int reason = errno; /* EEXIST, or EROFS and EACCES on a parent that exists */
    if (lac_folder_exists(path)) return true;
    errno = reason == EEXIST ? ENOTDIR : reason;
    return false;
}

lac_status lac_folder_make(const char *path, lac_error *err) {
    char *part = lac_copy_text(path);
    if (!part) return lac_no_memory(err, path);
    bool is_made = true;
    for (char *at = part; is_made && *at; at++) {
        if (*at != '/' || at == part || at[-1] == '/') continue;
        *at = 0;
        is_made = make_one(part);
        *at = '/';
    }
    is_made = is_made && make_one(part);
    lac_status status = is_made ? LAC_OK : lac_file_error(err, path, "make the folder");
    lac_free(part);
    return status;
}

static int by_bytes(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

lac_status lac_folder_list(const char *path, char ***names, size_t *n, lac_error *err) {
    *names = NULL;
    *n = 0;
    DIR *folder = opendir(path);
    if (!folder) return lac_file_error(err, path, "open");
    lac_status status = LAC_OK;
    size_t count = 0, room = 32;
    char **list = lac_array(room, sizeof *list);
    if (!list) status = lac_no_memory(err, path);
    while (status == LAC_OK) {
        errno = 0;
        struct dirent *entry = readdir(folder);
        if (!entry) {
            if (errno) status = lac_file_error(err, path, "read");
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (count == room) {
            char **larger = lac_resize(list, 2 * room * sizeof *list);
            if (!larger) {
                status = lac_no_memory(err, path);
                break;
            }
            list = larger;
            room *= 2;
        }
        list[count] = lac_copy_text(entry->d_name);
        if (!list[count])
            status = lac_no_memory(err, path);
        else
            count++;
    }
    closedir(folder);
    if (status != LAC_OK) {
        lac_names_free(list, count);
        return status;
    }
    qsort(list, count, sizeof *list, by_bytes);
    *names = list;
    *n = count;
    return LAC_OK;
}

void lac_names_free(char **names, size_t n) {
    if (!names) return;
    for (size_t i = 0; i < n; i++)
        lac_free(names[i]);
    lac_free(names);
}

struct lac_lock {
    int fd;
};

/* The file stays after release: removing it would let a third process lock a name that a second still holds open. */
lac_status lac_lock_take(const char *path, lac_lock **out, lac_error *err) {
    *out = NULL;
    lac_lock *lock = lac_alloc(sizeof *lock);
    if (!lock) return lac_no_memory(err, path);
    lock->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    int result = -1;
    if (lock->fd >= 0) {
        do
            result = flock(lock->fd, LOCK_EX | LOCK_NB);
        while (result != 0 && errno == EINTR);
    }
    if (result != 0) {
        lac_status status = lock->fd >= 0 && errno == EWOULDBLOCK ? lac_fail(err, "%s: in use by another process", path)
                                                                  : lac_file_error(err, path, "lock");
        if (lock->fd >= 0) close(lock->fd);
        lac_free(lock);
        return status;
    }
    *out = lock;
    return LAC_OK;
}

void lac_lock_release(lac_lock *lock) {
    if (!lock) return;
    close(lock->fd);
    lac_free(lock);
}
