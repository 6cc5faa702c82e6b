/* tests/train/tiny.h - what the tests of runs share: a folder of their own, pictures in it (an IDX file made by
 * formula), a recipe that trains in milliseconds, and comparing files. */
#ifndef LAC_TESTS_TRAIN_TINY_H
#define LAC_TESTS_TRAIN_TINY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"
#include "train/pretrain.h"

enum { TINY_PICTURES = 90, TINY_SIDE = 8 };

static char tiny_folder[64];
static lac_error err;

static const char tiny_recipe[] = "name: tiny\n"
                                  "picture: {size: 8, channels: 1, mean: 0.4, std: 0.3}\n"
                                  "augment: {crop: random, scale: [0.5, 1], flip: 0.5}\n"
                                  "mask: {name: random, ratio: 0.75}\n"
                                  "model:\n"
                                  "  encoder: {name: vit, patch: 2, width: 16, depth: 2, heads: 2}\n"
                                  "  decoder: {name: mae, width: 8, depth: 1, heads: 1}\n"
                                  "target: {name: pixels, norm: false}\n"
                                  "objective:\n"
                                  "  - {name: l2, on: hidden}\n"
                                  "optim: {lr: 1e-2, per: 0, warmup: 0.1}\n"
                                  "train: {batch: 16, epochs: 2}\n"
                                  "checkpoint: {every: 7, keep: 2}\n";

/* FOLDER/name; the last eight results stay valid. */
static inline const char *tiny_path(const char *name) {
    static char room[8][512];
    static int next;
    next = (next + 1) % 8;
    snprintf(room[next], sizeof room[next], "%s/%s", tiny_folder, name);
    return room[next];
}

static inline void tiny_write_pictures(const char *path, int n, unsigned salt) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    const unsigned char head[16] = {0, 0, 8, 3, 0, 0, 0, (unsigned char)n, 0, 0, 0, TINY_SIDE, 0, 0, 0, TINY_SIDE};
    fwrite(head, 1, sizeof head, file);
    for (int i = 0; i < n; i++)
        for (int y = 0; y < TINY_SIDE; y++)
            for (int x = 0; x < TINY_SIDE; x++) /* ramps of another slope for every picture */
                fputc((int)(((unsigned)(i * 37 + x * (i % 7) * 8 + y * (i % 5) * 9) + salt) % 256), file);
    fclose(file);
}

static inline int tiny_make(void **state) {
    (void)state;
    const char *place = lac_folder_exists("/dev/shm") ? "/dev/shm" : P_tmpdir; /* where syncing costs nothing */
    snprintf(tiny_folder, sizeof tiny_folder, "%s/lacuna-train-XXXXXX", place);
    if (!mkdtemp(tiny_folder)) return -1;
    tiny_write_pictures(tiny_path("pictures"), TINY_PICTURES, 0);
    return lac_file_write(tiny_path("tiny.yaml"), tiny_recipe, sizeof tiny_recipe - 1, &err) == LAC_OK ? 0 : -1;
}

static inline int tiny_remove(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", tiny_folder);
    return system(command);
}

/* A call with everything but what a test is about; `run` under the tests' folder. */
static inline lac_pretrain_options tiny_options(const char *run, int64_t steps, lac_pretrain_result *result) {
    static char data[512], recipe[512], out[8][512];
    static int next;
    next = (next + 1) % 8;
    snprintf(data, sizeof data, "idx:%s", tiny_path("pictures"));
    snprintf(recipe, sizeof recipe, "%s", tiny_path("tiny.yaml"));
    snprintf(out[next], sizeof out[next], "%s", tiny_path(run));
    return (lac_pretrain_options){
        .recipe = recipe, .data = data, .out = out[next], .steps = steps, .threads = 1, .loaders = 1, .result = result};
}

static inline void tiny_assert(lac_status got, lac_status wanted, const char *text) {
    if (got != wanted || (wanted != LAC_OK && !strstr(err.text, text))) {
        print_error("status %d, \"%s\"; expected %d, \"%s\"\n", (int)got, got == LAC_OK ? "" : err.text, (int)wanted,
                    text);
        fail();
    }
}

__attribute__((noinline, unused)) static char *tiny_read(const char *name, size_t *bytes) {
    char *data;
    tiny_assert(lac_file_read(tiny_path(name), 1 << 28, &data, bytes, &err), LAC_OK, "");
    return data;
}

static inline void tiny_assert_same(const char *a, const char *b) {
    size_t n, m, at = 0;
    char *x = tiny_read(a, &n), *y = tiny_read(b, &m);
    while (at < n && at < m && x[at] == y[at])
        at++;
    if (n != m || at < n) {
        print_error("%s (%zu bytes) and %s (%zu) differ from byte %zu on\n", a, n, b, m, at);
        fail();
    }
    lac_free(x);
    lac_free(y);
}

#endif
