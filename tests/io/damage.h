/* tests/io/damage.h - the two ways every reader and writer here is hurt: damaged input and failed allocations. */
#ifndef LAC_TESTS_IO_DAMAGE_H
#define LAC_TESTS_IO_DAMAGE_H

#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "mutate.h"
#include "scratch.h"

#define assert_says(err, fragment)                                                                                     \
    do {                                                                                                               \
        if (!strstr((err).text, fragment)) fail_msg("\"%s\" lacks \"%s\"", (err).text, fragment);                      \
    } while (0)

/* Not atomic, so that thousands of damaged files do not wait for the disk. */
static inline const char *put_file(const char *name, const void *data, size_t bytes) {
    const char *path = scratch(name);
    unlink(path); /* ext4 flushes a file that is cut to nothing and written again */
    FILE *file = fopen(path, "wb");
    if (!file || (bytes && fwrite(data, 1, bytes, file) != bytes) || fclose(file)) abort();
    return path;
}

/* Read n damaged copies of `original`; a refusal must be one line that names the file. Returns how many were refused.
 */
static inline int read_damaged(const char *original, int n, lac_status (*read)(const char *path, lac_error *err)) {
    char *data;
    size_t bytes;
    lac_error err = {0};
    int n_refused = 0;
    if (lac_file_read(original, 1 << 20, &data, &bytes, &err) != LAC_OK) fail_msg("%s", err.text);
    size_t room = bytes + 256;
    uint8_t *copy = lac_alloc(room);
    for (int i = 0; i < n; i++) {
        size_t left = bytes;
        memcpy(copy, data, bytes);
        mutate(copy, &left, room, (uint64_t)i);
        const char *path = put_file("damaged", copy, left);
        err.text[0] = 0;
        if (read(path, &err) == LAC_OK) continue;
        n_refused++;
        if (strncmp(err.text, path, strlen(path)) != 0 || strchr(err.text, '\n'))
            fail_msg("damage %d: %s", i, err.text);
    }
    lac_free(copy);
    lac_free(data);
    return n_refused;
}

/* Fail each allocation of `act` in turn: a clean "out of memory" each time, and no file left behind. */
static inline void fail_every_allocation(lac_status (*act)(lac_error *err)) {
    lac_error err = {0};
    if (act(&err) != LAC_OK) fail_msg("%s", err.text);
    int n_files = scratch_count();
    uint64_t before = lac_memory_count();
    if (act(&err) != LAC_OK) fail_msg("%s", err.text);
    uint64_t n = lac_memory_count() - before;
    if (n == 0) fail_msg("nothing was allocated");
    for (uint64_t i = 1; i <= n; i++) {
        err.text[0] = 0;
        lac_memory_fail_at(i);
        lac_status status = act(&err);
        lac_memory_fail_at(0);
        if (status != LAC_FAILURE || !strstr(err.text, "out of memory"))
            fail_msg("allocation %d of %d failed: status %d, \"%s\"", (int)i, (int)n, status, err.text);
        if (scratch_count() != n_files) fail_msg("allocation %d failed and left a file", (int)i);
    }
}

#endif
