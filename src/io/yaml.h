/* io/yaml.h - YAML into a tree of nodes that remember their line (libyaml). One document; anchors, tags and
 * duplicate keys are refused; depth and size are bounded. Typing is the reader's job: scalars stay text. */
#ifndef LAC_IO_YAML_H
#define LAC_IO_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

typedef enum lac_yaml_kind { LAC_YAML_SCALAR, LAC_YAML_LIST, LAC_YAML_MAP } lac_yaml_kind;

typedef struct lac_yaml lac_yaml;
struct lac_yaml {
    lac_yaml_kind kind;
    int line;          /* 1-based */
    bool is_quoted;    /* scalar written in quotes */
    const char *text;  /* scalar */
    int n;             /* children */
    const char **keys; /* map only */
    int *key_lines;
    lac_yaml **items;
};

/* All memory from `arena`. `name` is used in errors ("NAME:LINE: ..."). */
lac_status lac_yaml_parse(lac_arena *arena, const char *name, const char *data, size_t bytes, lac_yaml **root,
                          lac_error *err);
lac_status lac_yaml_read(lac_arena *arena, const char *path, lac_yaml **root, lac_error *err);
lac_yaml *lac_yaml_get(const lac_yaml *map, const char *key); /* NULL if absent or not a map */

#endif
