/* method/recipe_tree.c - putting one value into a tree of YAML nodes without touching the tree: the path is copied, the
 * rest is shared, so a set that turns out wrong leaves the recipe as it was. */
#include <string.h>

#include "method/recipe_private.h"

static int key_index(const lac_yaml *map, const char *key) {
    for (int i = 0; i < map->n; i++)
        if (strcmp(map->keys[i], key) == 0) return i;
    return -1;
}

static lac_yaml *copy_node(lac_arena *arena, const lac_yaml *old, lac_yaml_kind kind, int line, int extra) {
    lac_yaml *node = lac_arena_alloc(arena, sizeof *node);
    if (!node) return NULL;
    if (old) *node = *old;
    node->kind = kind;
    if (!old) node->line = line;
    size_t room = (size_t)(node->n + extra + 1);
    lac_yaml **items = lac_arena_alloc(arena, room * sizeof *items);
    const char **keys = lac_arena_alloc(arena, room * sizeof *keys);
    int *lines = lac_arena_alloc(arena, room * sizeof *lines);
    if (!items || !keys || !lines) return NULL;
    for (int i = 0; i < node->n; i++) {
        items[i] = old->items[i];
        if (kind != LAC_YAML_MAP) continue;
        keys[i] = old->keys[i];
        lines[i] = old->key_lines[i];
    }
    node->items = items;
    node->keys = keys;
    node->key_lines = lines;
    return node;
}

static lac_status put_in_list(lac_arena *arena, const char *label, const lac_yaml *old, const char *first, char *rest,
                              lac_yaml *value, int line, lac_yaml **out, lac_error *err) {
    int64_t index;
    if (!lac_parse_int(first, &index) || index < 0 || index >= old->n)
        return lac_usage(err, "%s: expected an index from 0 to %d, found '%s'", label, old->n - 1, first);
    lac_yaml *node = copy_node(arena, old, LAC_YAML_LIST, line, 0);
    if (!node) return lac_no_memory(err, "a recipe");
    *out = node;
    if (!rest) {
        node->items[index] = value;
        return LAC_OK;
    }
    return lac_recipe_tree_put(arena, label, old->items[index], rest, value, line, &node->items[index], err);
}

lac_status lac_recipe_tree_put(lac_arena *arena, const char *label, const lac_yaml *old, char *path, lac_yaml *value,
                               int line, lac_yaml **out, lac_error *err) {
    char *rest = strchr(path, '.');
    if (rest) *rest++ = 0;
    if (old && old->kind == LAC_YAML_LIST) return put_in_list(arena, label, old, path, rest, value, line, out, err);
    if (old && old->kind == LAC_YAML_SCALAR) return lac_usage(err, "%s: a single value holds no key '%s'", label, path);
    int i = old ? key_index(old, path) : -1;
    lac_yaml *node = copy_node(arena, old, LAC_YAML_MAP, line, 1);
    if (!node) return lac_no_memory(err, "a recipe");
    *out = node;
    const lac_yaml *child = i >= 0 ? old->items[i] : NULL;
    if (i < 0) {
        i = node->n++;
        node->keys[i] = lac_arena_text(arena, path);
        node->key_lines[i] = line;
        if (!node->keys[i]) return lac_no_memory(err, "a recipe");
    }
    if (!rest) {
        node->items[i] = value;
        return LAC_OK;
    }
    return lac_recipe_tree_put(arena, label, child, rest, value, line, &node->items[i], err);
}

const lac_yaml *lac_recipe_tree_at(const lac_yaml *root, const char *path) {
    char key[128];
    const lac_yaml *node = root;
    while (node) {
        size_t n = strcspn(path, ".");
        if (n >= sizeof key) return NULL;
        memcpy(key, path, n);
        key[n] = 0;
        if (node->kind == LAC_YAML_LIST) {
            int64_t index;
            node = lac_parse_int(key, &index) && index >= 0 && index < node->n ? node->items[index] : NULL;
        } else {
            node = node->kind == LAC_YAML_MAP ? lac_yaml_get(node, key) : NULL;
        }
        if (!path[n]) return node;
        path += n + 1;
    }
    return NULL;
}
