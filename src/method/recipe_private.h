/* method/recipe_private.h - the parts of a recipe that recipe*.c share. */
#ifndef LAC_METHOD_RECIPE_PRIVATE_H
#define LAC_METHOD_RECIPE_PRIVATE_H

#include "base/arena.h"
#include "method/recipe.h"
#include "method/sections.h"
#include "method/setting.h"

typedef struct lac_section {
    const lac_section_kind *kind;
    const char *path; /* "objective.0" for items of a list */
    const lac_slot *slot;
    lac_settings settings;
} lac_section;

/* What is resolved from the given values; replaced as a whole when a key is set. */
typedef struct lac_resolved {
    const char *name;
    int n_sections, n_objectives;
    lac_section sections[LAC_MAX_SECTIONS];
} lac_resolved;

struct lac_recipe {
    lac_arena *arena;
    const char *label; /* the file, for errors */
    lac_yaml *root;    /* as given: the file, with the sets put in */
    int n_labels;      /* values put in by set number k have line -(k + 1) and the label labels[k] */
    const char **labels;
    const char **label_keys;
    lac_resolved *resolved;
};

/* A copy of `old` (NULL: nothing there) in which `value` stands at the dotted path; shares what did not change. The
 * path is cut up. `label` is put in front of errors. */
lac_status lac_recipe_tree_put(lac_arena *arena, const char *label, const lac_yaml *old, char *path, lac_yaml *value,
                               int line, lac_yaml **out, lac_error *err);
/* The node at a dotted path, or NULL. */
const lac_yaml *lac_recipe_tree_at(const lac_yaml *root, const char *path);

/* Recipes compiled into the library (cmake/recipes.cmake); ends with a NULL name. */
typedef struct lac_shipped_recipe {
    const char *name;
    const unsigned char *data;
    unsigned bytes;
} lac_shipped_recipe;
extern const lac_shipped_recipe lac_shipped_recipes[];

#endif
