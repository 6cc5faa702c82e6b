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

enum { LAC_MOST_EXTENDED = 8, LAC_LINE_BITS = 24, LAC_LINE_MASK = (1 << LAC_LINE_BITS) - 1 };

struct lac_recipe {
    lac_arena *arena;
    const char *label; /* the file, for errors */
    lac_yaml *root;    /* as given: the file over what it extends, with the sets put in */
    int n_extended;
    const char *extended[LAC_MOST_EXTENDED]; /* labels: lines of number k are raised by (k + 1) << LAC_LINE_BITS */
    int n_labels; /* values put in by set number k have line -(k + 1) and the label labels[k] */
    const char **labels;
    const char **label_keys;
    lac_resolved *resolved;
};

/* A copy of `old` (NULL: nothing there) in which `value` stands at the dotted path; shares what did not change. The
 * path is cut up. `label` is put in front of errors. */
lac_status lac_recipe_tree_put(lac_arena *arena, const char *label, const lac_yaml *old, char *path, lac_yaml *value,
                               int line, lac_yaml **out, lac_error *err);
/* Put what the root extends under it. */
lac_status lac_recipe_extend(lac_recipe *recipe, lac_error *err);
lac_status lac_recipe_no_such(const char *name, lac_error *err); /* LAC_USAGE with the shipped recipes' names */
/* Put one value into the tree, without resolving. Another slot's name starts its section afresh. */
lac_status lac_recipe_put(lac_recipe *recipe, const char *label, const char *key, const char *text, lac_error *err);
/* From text that a file holds: nothing else is read, no tokenizer's file and no recipe that it extends. */
lac_status lac_recipe_read_plain(const char *label, const char *text, lac_recipe **recipe, lac_error *err);
/* Where the target of `resolved` names a tokenizer's file that was not read yet: put the tokenizer's sections and the
 * file's fingerprint into the tree; *is_changed then. */
lac_status lac_recipe_take_tokenizer(lac_recipe *recipe, const lac_resolved *resolved, bool *is_changed,
                                     lac_error *err);
/* The node at a dotted path, or NULL. */
const lac_yaml *lac_recipe_tree_at(const lac_yaml *root, const char *path);

/* Recipes compiled into the library (cmake/recipes.cmake); ends with a NULL name. */
typedef struct lac_shipped_recipe {
    const char *name;
    const unsigned char *data;
    unsigned bytes;
} lac_shipped_recipe;
extern const lac_shipped_recipe lac_shipped_recipes[];
const lac_shipped_recipe *lac_recipe_find_shipped(const char *name); /* NULL if absent */

#endif
