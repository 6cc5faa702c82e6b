/* method/recipe_extend.c - `extends:`: a recipe that says only what differs from another.
 *
 * The other recipe's tree is put under this one's: maps are merged key by key, anything else is replaced. A section
 * that names another slot starts afresh, as with a set. Nodes keep their lines; those of recipe number k of the chain
 * (1: the one extended) are raised by k << LAC_LINE_BITS, so that an error names the file that the value stands in.
 * What is resolved, saved and compared has no `extends` any more. */
#include <string.h>

#include "base/file.h"
#include "method/recipe_private.h"

static void raise_lines(lac_yaml *node, int by) {
    node->line += by;
    for (int i = 0; i < node->n; i++) {
        if (node->kind == LAC_YAML_MAP) node->key_lines[i] += by;
        raise_lines(node->items[i], by);
    }
}

static lac_yaml *new_map(lac_arena *arena, const lac_yaml *like, int room) {
    lac_yaml *map = lac_arena_alloc(arena, sizeof *map);
    if (!map) return NULL;
    *map = *like;
    map->n = 0;
    map->items = lac_arena_alloc(arena, ((size_t)room + 1) * sizeof *map->items);
    map->keys = lac_arena_alloc(arena, ((size_t)room + 1) * sizeof *map->keys);
    map->key_lines = lac_arena_alloc(arena, ((size_t)room + 1) * sizeof *map->key_lines);
    return map->items && map->keys && map->key_lines ? map : NULL;
}

static void add(lac_yaml *map, const lac_yaml *from, int i, lac_yaml *value) {
    map->keys[map->n] = from->keys[i];
    map->key_lines[map->n] = from->key_lines[i];
    map->items[map->n++] = value;
}

static bool names_another_slot(const lac_yaml *over, const lac_yaml *under) {
    const lac_yaml *a = lac_yaml_get(over, "name"), *b = lac_yaml_get(under, "name");
    return a && b && a->kind == LAC_YAML_SCALAR && b->kind == LAC_YAML_SCALAR && strcmp(a->text, b->text) != 0;
}

/* NULL: no memory. The depth of a tree is bounded by the reader. */
static lac_yaml *merge(lac_arena *arena, lac_yaml *over, lac_yaml *under, bool is_root) {
    if (over->kind != LAC_YAML_MAP || under->kind != LAC_YAML_MAP) return over;
    if (!is_root && names_another_slot(over, under)) return over;
    lac_yaml *map = new_map(arena, over, over->n + under->n);
    for (int i = 0; map && i < over->n; i++) {
        if (is_root && strcmp(over->keys[i], "extends") == 0) continue;
        lac_yaml *below = lac_yaml_get(under, over->keys[i]);
        lac_yaml *value = below ? merge(arena, over->items[i], below, false) : over->items[i];
        if (!value) return NULL;
        add(map, over, i, value);
    }
    for (int i = 0; map && i < under->n; i++) {
        bool is_own = is_root && strcmp(under->keys[i], "name") == 0; /* a recipe's name is not inherited */
        if (!is_own && !lac_yaml_get(over, under->keys[i])) add(map, under, i, under->items[i]);
    }
    return map;
}

/* A shipped recipe's text, or the file, looked for beside the one that names it. */
static lac_status read_extended(lac_recipe *r, const char *by, const char *name, const char **label, lac_yaml **root,
                                lac_error *err) {
    const lac_shipped_recipe *shipped = lac_recipe_find_shipped(name);
    if (shipped) {
        *label = lac_arena_format(r->arena, "recipes/%s.yaml", shipped->name);
        if (!*label) return lac_no_memory(err, "a recipe");
        return lac_yaml_parse(r->arena, *label, (const char *)shipped->data, shipped->bytes, root, err);
    }
    const char *slash = strrchr(by, '/');
    int folder = slash && name[0] != '/' ? (int)(slash + 1 - by) : 0;
    *label = lac_arena_format(r->arena, "%.*s%s", folder, by, name);
    if (!*label) return lac_no_memory(err, "a recipe");
    if (!lac_file_exists(*label) || lac_folder_exists(*label)) return lac_recipe_no_such(*label, err);
    return lac_yaml_read(r->arena, *label, root, err);
}

static lac_status complain(const lac_recipe *r, const lac_yaml *node, lac_error *err) {
    int k = node->line >> LAC_LINE_BITS;
    return lac_context(err, "%s:%d: extends", k ? r->extended[k - 1] : r->label, node->line & LAC_LINE_MASK);
}

lac_status lac_recipe_extend(lac_recipe *r, lac_error *err) {
    const lac_yaml *node = lac_yaml_get(r->root, "extends");
    while (node) {
        const char *by = r->n_extended ? r->extended[r->n_extended - 1] : r->label;
        lac_status status = LAC_OK;
        if (node->kind != LAC_YAML_SCALAR)
            status = lac_usage(err, "expected a recipe's name or file, found a %s",
                               node->kind == LAC_YAML_MAP ? "map" : "list");
        else if (r->n_extended == LAC_MOST_EXTENDED)
            status = lac_usage(err, "recipes extend one another more than %d deep, or in a circle", LAC_MOST_EXTENDED);
        lac_yaml *under = NULL;
        const char *label = NULL;
        if (status == LAC_OK) status = read_extended(r, by, node->text, &label, &under, err);
        if (status == LAC_OK && under->kind != LAC_YAML_MAP)
            status = lac_usage(err, "%s: expected a map of sections", label);
        if (status != LAC_OK) {
            complain(r, node, err);
            return status;
        }
        r->extended[r->n_extended++] = label;
        raise_lines(under, r->n_extended << LAC_LINE_BITS);
        r->root = merge(r->arena, r->root, under, true);
        if (!r->root) return lac_no_memory(err, "a recipe");
        node = lac_yaml_get(under, "extends");
    }
    return LAC_OK;
}
