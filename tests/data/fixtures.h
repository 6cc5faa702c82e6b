/* tests/data/fixtures.h - what the tests of src/data share: reference arrays, and folders of pictures in /tmp. */
#ifndef LAC_TESTS_DATA_FIXTURES_H
#define LAC_TESTS_DATA_FIXTURES_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"
#include "data/picture.h"
#include "io/npy.h"

#define PICTURES LACUNA_TESTS "/data/pictures/"

/* A temporary folder, made anew; remove with drop_folder. */
static inline char *make_folder(void) {
    static char path[64];
    strcpy(path, "/tmp/lacuna-data-XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

static inline void drop_folder(const char *path) {
    DIR *d = opendir(path);
    if (!d) return;
    for (struct dirent *e; (e = readdir(d));) {
        char name[2048];
        struct stat st;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        if (snprintf(name, sizeof name, "%s/%s", path, e->d_name) >= (int)sizeof name) continue;
        if (lstat(name, &st) == 0 && S_ISDIR(st.st_mode))
            drop_folder(name);
        else
            unlink(name);
    }
    closedir(d);
    rmdir(path);
}

static inline void put_file(const char *folder, const char *name, const void *data, size_t bytes) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    for (char *slash = path + 5; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        mkdir(path, 0700);
        *slash = '/';
    }
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    if (bytes) assert_int_equal(fwrite(data, 1, bytes, f), bytes);
    fclose(f);
}

static inline uint8_t *get_file(const char *path, size_t *bytes) {
    char *data;
    lac_error err;
    if (lac_file_read(path, 1 << 26, &data, bytes, &err) != LAC_OK) fail_msg("%s", err.text);
    return (uint8_t *)data;
}

/* Copy a committed picture; `keep` > 0: only its first bytes. */
static inline void put_picture(const char *folder, const char *name, const char *picture, size_t keep) {
    char path[1024];
    size_t bytes;
    snprintf(path, sizeof path, PICTURES "%s", picture);
    uint8_t *data = get_file(path, &bytes);
    put_file(folder, name, data, keep ? keep : bytes);
    lac_free(data);
}

/* Largest difference from a reference array of H x W [x 3] bytes; fails if sizes differ. */
static inline int difference(const lac_picture *p, const char *npy) {
    lac_npy a;
    lac_error err;
    if (lac_npy_read(npy, &a, &err) != LAC_OK) fail_msg("%s", err.text);
    const int channels = a.rank == 3 ? (int)a.dim[2] : 1;
    if (a.dim[0] != p->height || a.dim[1] != p->width || channels != p->channels)
        fail_msg("%s: expected %d x %d x %d, found %d x %d x %d", npy, (int)a.dim[1], (int)a.dim[0], channels, p->width,
                 p->height, p->channels);
    int most = 0;
    const uint8_t *b = a.data;
    for (size_t i = 0; i < (size_t)p->width * (size_t)p->height * (size_t)channels; i++) {
        const int d = abs((int)p->pixels[i] - (int)b[i]);
        if (d > most) most = d;
    }
    lac_free(a.data);
    return most;
}

#endif
