/* data/source_private.h - private to src/data: what a source is made of, and the kinds that fill one.
 *
 * Kinds: files (root and names set), arrays (pixels set), and a part of one of these (parent set). Nothing changes
 * after lac_source_open. */
#ifndef LAC_DATA_SOURCE_PRIVATE_H
#define LAC_DATA_SOURCE_PRIVATE_H

#include "data/source.h"

struct lac_source {
    char *spec;
    char *test_spec; /* or NULL */
    int64_t count;
    uint64_t fingerprint;
    int32_t *label; /* count, or NULL */
    int n_classes;
    char **class_name; /* n_classes */
    /* files */
    char *root;      /* a folder, or "" for one picture file */
    char *names;     /* paths below root, each NUL-terminated */
    size_t *name_at; /* count: where in `names` */
    /* arrays */
    uint8_t *pixels; /* count x height x width x channels */
    int width, height, channels;
    /* a subset of another source, which outlives it */
    const lac_source *parent;
    int64_t *chosen; /* count: index in the parent */
};

typedef enum lac_split { LAC_SPLIT_NONE, LAC_SPLIT_TRAIN, LAC_SPLIT_TEST } lac_split;

/* Each fills a zeroed source that has its spec; on failure the caller frees what is there. `split` is what stood after
 * the last colon of the spec. */
lac_status lac_source_open_files(lac_source *s, const char *path, lac_error *err);
lac_status lac_source_open_idx(lac_source *s, const char *files, lac_split split, lac_error *err);
lac_status lac_source_open_fashion(lac_source *s, lac_split split, lac_error *err);
lac_status lac_source_open_cifar(lac_source *s, const char *folder, int n_classes, lac_split split, lac_error *err);

/* n_classes, and names "0", "1", ... for those without one. */
lac_status lac_source_number_classes(lac_source *s, int n_classes, lac_error *err);
/* Fingerprint of an array source: sizes, pixels and labels. */
void lac_source_hash_array(lac_source *s);

#endif
