/* base/file.h - whole files in, atomic files out, folders and locks.
 *
 * Output is written to a temporary name in the same folder, synced and renamed, so a reader sees the old file or the
 * new one, never half of one. */
#ifndef LAC_BASE_FILE_H
#define LAC_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

/* Read a file of at most `limit` bytes; *data is lac_alloc'ed with a NUL after the last byte. */
lac_status lac_file_read(const char *path, size_t limit, char **data, size_t *bytes, lac_error *err);

typedef struct lac_writer lac_writer; /* an output file under its temporary name */
lac_status lac_writer_open(const char *path, lac_writer **writer, lac_error *err);
lac_status lac_writer_put(lac_writer *writer, const void *data, size_t bytes, lac_error *err);
/* Flush, fsync, rename, fsync the folder; frees the writer in either case, and removes the temporary on failure. */
lac_status lac_writer_commit(lac_writer *writer, lac_error *err);
void lac_writer_abort(lac_writer *writer); /* NULL is fine; the temporary is removed */
lac_status lac_file_write(const char *path, const void *data, size_t bytes, lac_error *err); /* all of the above */

/* A read-only memory map. An empty file is an error. */
typedef struct lac_map {
    const uint8_t *data;
    size_t bytes;
} lac_map;
lac_status lac_map_open(const char *path, lac_map *map, lac_error *err);
void lac_map_close(lac_map *map);

bool lac_file_exists(const char *path);
bool lac_folder_exists(const char *path);
lac_status lac_folder_make(const char *path, lac_error *err); /* with parents; fine if it exists */
lac_status lac_file_remove(const char *path, lac_error *err); /* fine if absent */
/* Append a line and flush it to the kernel (not synced). */
lac_status lac_file_append(const char *path, const char *text, lac_error *err);
lac_status lac_file_truncate(const char *path, uint64_t bytes, lac_error *err);

/* Names in a folder, sorted by bytes, without "." and ".."; each and the list are lac_alloc'ed. */
lac_status lac_folder_list(const char *path, char ***names, size_t *n, lac_error *err);
void lac_names_free(char **names, size_t n);

/* Advisory exclusive lock on a file, created if needed; LAC_FAILURE with "in use" when another process holds it. */
typedef struct lac_lock lac_lock;
lac_status lac_lock_take(const char *path, lac_lock **lock, lac_error *err);
void lac_lock_release(lac_lock *lock);

double lac_clock_s(void);    /* monotonic seconds */
uint64_t lac_peak_rss(void); /* VmHWM in bytes; 0 if unknown */

#endif
