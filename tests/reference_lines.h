/* tests/reference_lines.h - reference files of tab-separated lines (tests/reference/cluster.py), a line at a time.
 * Include after cmocka.h. */
#ifndef LAC_TESTS_REFERENCE_LINES_H
#define LAC_TESTS_REFERENCE_LINES_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

typedef struct reference {
    const char *name;
    char *data, *at;
    char *kind;    /* first field of the line */
    char **fields; /* the others */
    size_t n, room;
    int line;
} reference;

static inline void reference_open(reference *r, const char *name) {
    char path[1024];
    size_t bytes;
    lac_error err;
    snprintf(path, sizeof path, "%s/reference/%s", LACUNA_TESTS, name);
    *r = (reference){.name = name};
    if (lac_file_read(path, (size_t)1 << 26, &r->data, &bytes, &err) != LAC_OK) fail_msg("%s", err.text);
    r->at = r->data;
}

/* Past comments; false at the end. */
static inline bool reference_next(reference *r) {
    do {
        if (!*r->at) return false;
        r->kind = r->at;
        char *end = strchr(r->at, '\n');
        r->at = end + 1;
        *end = 0;
        r->line++;
    } while (r->kind[0] == '#');
    r->n = 0;
    for (char *tab = strchr(r->kind, '\t'); tab; tab = strchr(tab + 1, '\t')) {
        *tab = 0;
        if (r->n == r->room) {
            r->room = r->room ? 2 * r->room : 64;
            r->fields = lac_resize(r->fields, r->room * sizeof *r->fields);
        }
        r->fields[r->n++] = tab + 1;
    }
    return true;
}

static inline bool reference_is(const reference *r, const char *kind) {
    return strcmp(r->kind, kind) == 0;
}

static inline double reference_real(const reference *r, size_t field) {
    if (field >= r->n) fail_msg("%s:%d: no field %zu", r->name, r->line, field);
    return strtod(r->fields[field], NULL);
}

static inline long reference_int(const reference *r, size_t field) {
    if (field >= r->n) fail_msg("%s:%d: no field %zu", r->name, r->line, field);
    return strtol(r->fields[field], NULL, 10);
}

static inline void reference_close(reference *r) {
    lac_free(r->data);
    lac_free(r->fields);
}

#endif
