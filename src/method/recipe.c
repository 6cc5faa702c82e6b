/* method/recipe.c - reading a recipe: finding it, putting sets in, checking every key against the declared tables.
 *
 * The values as given are kept as a YAML tree whose nodes remember where they came from, and a recipe is resolved from
 * that tree afresh whenever a key is set. Not here: writing and typed access (recipe_write.c). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "method/recipe_private.h"

enum { MAX_KEYS = 64 };

static const double imagenet_mean[3] = {0.485, 0.456, 0.406}, imagenet_std[3] = {0.229, 0.224, 0.225};

/* The file that a line stands in: the recipe's, or one that it extends. */
static const char *file_of(const lac_recipe *r, int line) {
    int k = line >> LAC_LINE_BITS;
    return k ? r->extended[k - 1] : r->label;
}

/* "FILE:LINE" or "--set KEY", then the path unless the label says it already. */
static lac_status complain(const lac_recipe *r, int line, const char *path, lac_error *err) {
    if (line > 0) return lac_context(err, "%s:%d: %s", file_of(r, line), line & LAC_LINE_MASK, path);
    if (line < 0 && strcmp(r->label_keys[-line - 1], path) == 0) return lac_context(err, "%s", r->labels[-line - 1]);
    if (line < 0) return lac_context(err, "%s: %s", r->labels[-line - 1], path);
    return lac_context(err, "%s: %s", r->label, path);
}

static lac_status complain_key(const lac_recipe *r, int line, lac_error *err) {
    if (line > 0) return lac_context(err, "%s:%d", file_of(r, line), line & LAC_LINE_MASK);
    return lac_context(err, "%s", line < 0 ? r->labels[-line - 1] : r->label);
}

static const char *kind_name(const lac_yaml *node) {
    return node->kind == LAC_YAML_MAP ? "a map" : node->kind == LAC_YAML_LIST ? "a list" : "a single value";
}

/* Refuse the first key of `map` that is not among `words`. */
static lac_status check_keys(const lac_recipe *r, const lac_yaml *map, const char *const *words, int n,
                             const char *where, lac_error *err) {
    for (int i = 0; i < map->n; i++) {
        bool is_known = false;
        for (int k = 0; k < n && !is_known; k++)
            is_known = strcmp(map->keys[i], words[k]) == 0;
        if (is_known) continue;
        lac_text allowed = {0};
        for (int k = 0; k < n; k++)
            lac_text_add(&allowed, "%s%s", k ? ", " : "", words[k]);
        int nearest = lac_nearest_word(map->keys[i], words, (size_t)n);
        lac_status status;
        if (allowed.failed)
            status = lac_no_memory(err, "an error text");
        else if (nearest >= 0)
            status = lac_usage(err, "unknown key '%.80s' in %s; nearest: '%s'; allowed: %s", map->keys[i], where,
                               words[nearest], allowed.data);
        else
            status = lac_usage(err, "unknown key '%.80s' in %s; allowed: %s", map->keys[i], where, allowed.data);
        lac_text_free(&allowed);
        complain_key(r, map->key_lines[i], err);
        return status;
    }
    return LAC_OK;
}

static lac_status unknown_slot(const lac_section_kind *kind, const char *name, lac_error *err) {
    const char *words[MAX_KEYS];
    int n = 0;
    lac_text allowed = {0};
    for (; n < MAX_KEYS && kind->slot(n); n++) {
        words[n] = kind->slot(n)->name;
        lac_text_add(&allowed, "%s%s", n ? ", " : "", words[n]);
    }
    int nearest = lac_nearest_word(name, words, (size_t)n);
    lac_status status = allowed.failed ? lac_no_memory(err, "an error text")
                        : nearest >= 0 ? lac_usage(err, "unknown name '%.80s'; nearest: '%s'; allowed: %s", name,
                                                   words[nearest], allowed.data)
                                       : lac_usage(err, "unknown name '%.80s'; allowed: %s", name, allowed.data);
    lac_text_free(&allowed);
    return status;
}

/* The slot that a section's `name:` chooses. */
static lac_status choose_slot(const lac_recipe *r, const lac_section_kind *kind, const char *path, const lac_yaml *node,
                              const lac_slot **slot, lac_error *err) {
    *slot = kind->slot(0);
    if (!kind->has_slots) return LAC_OK;
    if (kind->is_optional && !node) return LAC_OK;
    const lac_yaml *name = node ? lac_yaml_get(node, "name") : NULL;
    char key[80];
    snprintf(key, sizeof key, "%s.name", path);
    if (!name || name->kind != LAC_YAML_SCALAR) {
        lac_status status = name ? lac_usage(err, "expected a name, found %s", kind_name(name))
                                 : lac_usage(err, "missing; expected a name, such as '%s'", kind->slot(0)->name);
        complain(r, name ? name->line : node ? node->line : 0, key, err);
        return status;
    }
    *slot = lac_section_find_slot(kind, name->text);
    if (*slot) return LAC_OK;
    lac_status status = unknown_slot(kind, name->text, err);
    complain(r, name->line, key, err);
    return status;
}

static lac_status resolve_section(lac_recipe *r, const lac_section_kind *kind, const char *path, const lac_yaml *node,
                                  lac_section *out, lac_error *err) {
    if (node && node->kind != LAC_YAML_MAP) {
        lac_status status = lac_usage(err, "expected a map of settings, found %s", kind_name(node));
        complain(r, node->line, path, err);
        return status;
    }
    const lac_slot *slot;
    LAC_TRY(choose_slot(r, kind, path, node, &slot, err));
    const char *words[MAX_KEYS];
    int n = 0;
    if (kind->has_slots) words[n++] = "name";
    for (int i = 0; i < slot->n_specs; i++)
        words[n++] = slot->specs[i].key;
    char where[120];
    snprintf(where, sizeof where, kind->has_slots ? "%s (%s)" : "%s", path, slot->name);
    if (node) LAC_TRY(check_keys(r, node, words, n, where, err));

    *out = (lac_section){.kind = kind, .slot = slot, .path = lac_arena_text(r->arena, path)};
    out->settings.slot = slot->name;
    out->settings.n = slot->n_specs;
    out->settings.at = lac_arena_alloc(r->arena, (size_t)(slot->n_specs + 1) * sizeof *out->settings.at);
    if (!out->path || !out->settings.at) return lac_no_memory(err, "a recipe");
    for (int i = 0; i < slot->n_specs; i++) {
        const lac_yaml *value = node ? lac_yaml_get(node, slot->specs[i].key) : NULL;
        lac_status status = lac_setting_read(r->arena, &slot->specs[i], value, &out->settings.at[i], err);
        if (status == LAC_OK) continue;
        char key[120];
        snprintf(key, sizeof key, "%s.%s", path, slot->specs[i].key);
        complain(r, value ? value->line : node ? node->line : 0, key, err);
        return status;
    }
    return LAC_OK;
}

static lac_status resolve_list(lac_recipe *r, const lac_section_kind *kind, const lac_yaml *node, lac_resolved *out,
                               lac_error *err) {
    if (!node || node->kind != LAC_YAML_LIST || node->n < 1 || node->n > LAC_MAX_OBJECTIVES) {
        lac_status status = lac_usage(err, "expected a list of 1 to %d terms, found %s", LAC_MAX_OBJECTIVES,
                                      node ? kind_name(node) : "nothing");
        complain(r, node ? node->line : 0, kind->path, err);
        return status;
    }
    for (int i = 0; i < node->n; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s.%d", kind->path, i);
        LAC_TRY(resolve_section(r, kind, path, node->items[i], &out->sections[out->n_sections], err));
        out->n_sections++;
        out->n_objectives++;
    }
    return LAC_OK;
}

/* ---- what one setting says about another ---- */

static lac_setting *setting_at(lac_resolved *resolved, const char *path, const char *key) {
    for (int i = 0; i < resolved->n_sections; i++) {
        if (strcmp(resolved->sections[i].path, path) != 0) continue;
        lac_settings *s = &resolved->sections[i].settings;
        for (int k = 0; k < s->n; k++)
            if (strcmp(s->at[k].spec->key, key) == 0) return &s->at[k];
    }
    return NULL;
}

static lac_status refuse_at(const lac_recipe *r, const char *path, lac_status status, lac_error *err) {
    const lac_yaml *node = lac_recipe_tree_at(r->root, path);
    complain(r, node ? node->line : 0, path, err);
    return status;
}

/* One number per channel; the word "imagenet" becomes its numbers. */
static lac_status spread_channels(const lac_recipe *r, const char *path, lac_setting *s, const double *imagenet,
                                  int channels, lac_error *err) {
    if (s->text && strcmp(s->text, "imagenet") == 0) {
        if (channels != 3)
            return refuse_at(
                r, path,
                lac_usage(err, "imagenet statistics are for 3 channels, found %d; say 'measured' or give numbers",
                          channels),
                err);
        s->text = NULL;
        s->count = 3;
        for (int c = 0; c < 3; c++)
            s->number[c] = imagenet[c];
    }
    if (s->text) return LAC_OK;
    for (; s->count == 1 && s->count < channels; s->count = channels)
        for (int c = 1; c < channels; c++)
            s->number[c] = s->number[0];
    if (s->count != channels)
        return refuse_at(r, path, lac_usage(err, "expected %d numbers, one per channel, found %d", channels, s->count),
                         err);
    return LAC_OK;
}

static lac_status check_rising(const lac_recipe *r, const char *path, const lac_setting *s, lac_error *err) {
    if (s->number[0] <= s->number[1]) return LAC_OK;
    return refuse_at(r, path, lac_usage(err, "expected [low, high], found [%g, %g]", s->number[0], s->number[1]), err);
}

static lac_status settle(const lac_recipe *r, lac_resolved *resolved, lac_error *err) {
    lac_setting *size = setting_at(resolved, "picture", "size");
    if (size->count == 1) {
        size->count = 2;
        size->number[1] = size->number[0];
    }
    int channels = (int)setting_at(resolved, "picture", "channels")->number[0];
    if (channels == 2) return refuse_at(r, "picture.channels", lac_usage(err, "expected 1 or 3, found 2"), err);
    LAC_TRY(spread_channels(r, "picture.mean", setting_at(resolved, "picture", "mean"), imagenet_mean, channels, err));
    LAC_TRY(spread_channels(r, "picture.std", setting_at(resolved, "picture", "std"), imagenet_std, channels, err));
    LAC_TRY(check_rising(r, "augment.scale", setting_at(resolved, "augment", "scale"), err));
    LAC_TRY(check_rising(r, "augment.ratio", setting_at(resolved, "augment", "ratio"), err));
    int64_t batch = (int64_t)setting_at(resolved, "train", "batch")->number[0];
    int64_t micro = (int64_t)setting_at(resolved, "train", "micro_batch")->number[0];
    if (micro > 0 && batch % micro != 0)
        return refuse_at(
            r, "train.micro_batch",
            lac_usage(err, "expected a divisor of train.batch (%lld), found %lld", (long long)batch, (long long)micro),
            err);
    return LAC_OK;
}

/* ---- resolving ---- */

static lac_status resolve_name(lac_recipe *r, lac_resolved *out, lac_error *err) {
    const lac_yaml *given = lac_yaml_get(r->root, "name");
    if (given) {
        static const lac_setting_spec spec = {.key = "name", .type = LAC_SETTING_TEXT, .low = 1};
        lac_setting setting;
        lac_status status = lac_setting_read(r->arena, &spec, given, &setting, err);
        if (status != LAC_OK) {
            complain(r, given->line, "name", err);
            return status;
        }
        out->name = setting.text;
        return LAC_OK;
    }
    const char *slash = strrchr(r->label, '/');
    char *stem = lac_arena_text(r->arena, slash ? slash + 1 : r->label);
    if (!stem) return lac_no_memory(err, "a recipe");
    char *dot = strrchr(stem, '.');
    if (dot && dot != stem) *dot = 0;
    for (char *c = stem; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '.' && *c != '_' && *c != '-') *c = '-';
    out->name = stem;
    return LAC_OK;
}

/* The top-level keys, and the keys of maps that only group sections ("model"). */
static lac_status check_groups(const lac_recipe *r, lac_error *err) {
    const char *words[LAC_N_SECTION_KINDS + 2] = {"name"};
    char room[LAC_N_SECTION_KINDS][32];
    int n = 1;
    for (int i = 0; i < LAC_N_SECTION_KINDS; i++) {
        snprintf(room[i], sizeof room[i], "%.*s", (int)strcspn(lac_section_kinds[i].path, "."),
                 lac_section_kinds[i].path);
        if (strcmp(words[n - 1], room[i]) != 0) words[n++] = room[i];
    }
    if (r->root->kind != LAC_YAML_MAP) {
        lac_status status = lac_usage(err, "expected a map of sections, found %s", kind_name(r->root));
        complain_key(r, r->root->line, err);
        return status;
    }
    words[n] = "extends";
    LAC_TRY(check_keys(r, r->root, words, n + 1, "a recipe", err));
    for (int w = 1; w < n; w++) {
        const char *members[LAC_N_SECTION_KINDS];
        int n_members = 0;
        size_t length = strlen(words[w]);
        for (int i = 0; i < LAC_N_SECTION_KINDS; i++)
            if (strncmp(lac_section_kinds[i].path, words[w], length) == 0 && lac_section_kinds[i].path[length] == '.')
                members[n_members++] = lac_section_kinds[i].path + length + 1;
        const lac_yaml *group = lac_yaml_get(r->root, words[w]);
        if (!group || n_members == 0) continue;
        if (group->kind != LAC_YAML_MAP) {
            lac_status status = lac_usage(err, "expected a map of sections, found %s", kind_name(group));
            complain(r, group->line, words[w], err);
            return status;
        }
        LAC_TRY(check_keys(r, group, members, n_members, words[w], err));
    }
    return LAC_OK;
}

static lac_status resolve(lac_recipe *r, lac_resolved **result, lac_error *err) {
    lac_resolved *out = lac_arena_alloc(r->arena, sizeof *out);
    if (!out) return lac_no_memory(err, "a recipe");
    LAC_TRY(check_groups(r, err));
    LAC_TRY(resolve_name(r, out, err));
    for (int i = 0; i < LAC_N_SECTION_KINDS; i++) {
        const lac_section_kind *kind = &lac_section_kinds[i];
        const lac_yaml *node = lac_recipe_tree_at(r->root, kind->path);
        if (kind->is_list) {
            LAC_TRY(resolve_list(r, kind, node, out, err));
            continue;
        }
        LAC_TRY(resolve_section(r, kind, kind->path, node, &out->sections[out->n_sections], err));
        out->n_sections++;
    }
    LAC_TRY(settle(r, out, err));
    *result = out;
    return LAC_OK;
}

/* The same, with what the file of a tokenizer says about it. */
static lac_status resolve_all(lac_recipe *r, lac_resolved **result, lac_error *err) {
    bool is_changed = false;
    LAC_TRY(resolve(r, result, err));
    LAC_TRY(lac_recipe_take_tokenizer(r, *result, &is_changed, err));
    return is_changed ? resolve(r, result, err) : LAC_OK;
}

/* ---- sets ---- */

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* Does "mask.name", "model.encoder.name", "objective.0.name" choose a slot? */
static bool chooses_slot(const char *key) {
    if (!ends_with(key, ".name")) return false;
    for (int i = 0; i < LAC_N_SECTION_KINDS; i++) {
        const lac_section_kind *kind = &lac_section_kinds[i];
        size_t n = strlen(kind->path);
        if (!kind->has_slots || strncmp(key, kind->path, n) != 0 || key[n] != '.') continue;
        return kind->is_list ? strchr(key + n + 1, '.') != NULL : strcmp(key + n, ".name") == 0;
    }
    return false;
}

static void mark_lines(lac_yaml *node, int line) {
    node->line = line;
    for (int i = 0; i < node->n; i++) {
        if (node->kind == LAC_YAML_MAP) node->key_lines[i] = line;
        mark_lines(node->items[i], line);
    }
}

lac_status lac_recipe_put(lac_recipe *r, const char *label, const char *key, const char *text, lac_error *err) {
    size_t room = (size_t)r->n_labels + 1;
    const char **labels = lac_arena_alloc(r->arena, room * sizeof *labels);
    const char **keys = lac_arena_alloc(r->arena, room * sizeof *keys);
    if (!labels || !keys) return lac_no_memory(err, "a recipe");
    for (int i = 0; i < r->n_labels; i++) {
        labels[i] = r->labels[i];
        keys[i] = r->label_keys[i];
    }
    labels[r->n_labels] = lac_arena_text(r->arena, label);
    keys[r->n_labels] = lac_arena_text(r->arena, key);
    char *path = lac_arena_text(r->arena, key);
    if (!labels[r->n_labels] || !keys[r->n_labels] || !path) return lac_no_memory(err, "a recipe");

    lac_yaml *value;
    if (*text == 0) return lac_usage(err, "%s: expected a value, found nothing", label);
    LAC_TRY(lac_yaml_parse(r->arena, label, text, strlen(text), &value, err));
    int line = -(r->n_labels + 1);
    mark_lines(value, line);
    if (chooses_slot(key) && value->kind == LAC_YAML_SCALAR) {
        const lac_yaml *old = lac_recipe_tree_at(r->root, key);
        if (!old || old->kind != LAC_YAML_SCALAR || strcmp(old->text, value->text) != 0) {
            char *name = lac_arena_text(r->arena, "name");
            if (!name) return lac_no_memory(err, "a recipe");
            LAC_TRY(lac_recipe_tree_put(r->arena, label, NULL, name, value, line, &value, err));
            path[strlen(path) - strlen(".name")] = 0;
        }
    }
    LAC_TRY(lac_recipe_tree_put(r->arena, label, r->root, path, value, line, &r->root, err));
    r->labels = labels;
    r->label_keys = keys;
    r->n_labels++;
    return LAC_OK;
}

static lac_status put_set(lac_recipe *r, const char *set, bool is_slot_name, lac_error *err) {
    const char *equals = strchr(set, '=');
    if (!equals || equals == set) return lac_usage(err, "--set %.200s: expected KEY=VALUE", set);
    char *key = lac_arena_format(r->arena, "%.*s", (int)(equals - set), set);
    char *label = key ? lac_arena_format(r->arena, "--set %s", key) : NULL;
    if (!label) return lac_no_memory(err, "a recipe");
    if (chooses_slot(key) != is_slot_name) return LAC_OK;
    return lac_recipe_put(r, label, key, equals + 1, err);
}

lac_status lac_recipe_set(lac_recipe *recipe, const char *key, const char *value, lac_error *err) {
    lac_recipe before = *recipe;
    lac_resolved *resolved = NULL;
    lac_status status = lac_recipe_put(recipe, key, key, value, err);
    if (status == LAC_OK) status = resolve_all(recipe, &resolved, err);
    if (status != LAC_OK) {
        *recipe = before;
        return status;
    }
    recipe->resolved = resolved;
    return LAC_OK;
}

/* ---- opening ---- */

int lac_recipe_shipped_count(void) {
    int n = 0;
    while (lac_shipped_recipes[n].name)
        n++;
    return n;
}

const char *lac_recipe_shipped_name(int index) {
    return lac_shipped_recipes[index].name;
}

void lac_recipe_shipped_note(const char *name, lac_text *out) {
    const lac_shipped_recipe *shipped = lac_recipe_find_shipped(name);
    const char *at = shipped ? (const char *)shipped->data : "";
    while (*at == '#') {
        const char *end = strchr(at, '\n');
        size_t n = end ? (size_t)(end - at) : strlen(at), skip = n > 1 && at[1] == ' ' ? 2 : 1;
        lac_text_put(out, at + skip, n - skip);
        lac_text_put(out, "\n", 1);
        at += end ? n + 1 : n;
    }
}

const lac_shipped_recipe *lac_recipe_find_shipped(const char *name) {
    for (const lac_shipped_recipe *s = lac_shipped_recipes; s->name; s++)
        if (strcmp(s->name, name) == 0) return s;
    return NULL;
}

lac_status lac_recipe_no_such(const char *name, lac_error *err) {
    const char *words[MAX_KEYS];
    lac_text list = {0};
    int n = 0;
    for (; n < MAX_KEYS && lac_shipped_recipes[n].name; n++) {
        words[n] = lac_shipped_recipes[n].name;
        lac_text_add(&list, "%s%s", n ? ", " : "", words[n]);
    }
    int nearest = lac_nearest_word(name, words, (size_t)n);
    lac_status status;
    if (list.failed)
        status = lac_no_memory(err, "an error text");
    else if (nearest >= 0)
        status = lac_usage(err, "%s: no such file, and no shipped recipe of that name; nearest: %s; shipped: %s", name,
                           words[nearest], list.data);
    else
        status = lac_usage(err, "%s: no such file, and no shipped recipe of that name; shipped: %s", name, list.data);
    lac_text_free(&list);
    return status;
}

static lac_status read_root(lac_recipe *r, const char *name_or_path, lac_error *err) {
    const lac_shipped_recipe *shipped = lac_recipe_find_shipped(name_or_path);
    if (shipped) {
        r->label = lac_arena_format(r->arena, "recipes/%s.yaml", shipped->name);
        if (!r->label) return lac_no_memory(err, "a recipe");
        return lac_yaml_parse(r->arena, r->label, (const char *)shipped->data, shipped->bytes, &r->root, err);
    }
    if (!lac_file_exists(name_or_path) || lac_folder_exists(name_or_path)) return lac_recipe_no_such(name_or_path, err);
    r->label = lac_arena_text(r->arena, name_or_path);
    if (!r->label) return lac_no_memory(err, "a recipe");
    return lac_yaml_read(r->arena, name_or_path, &r->root, err);
}

static lac_status recipe_new(lac_recipe **recipe, lac_error *err) {
    lac_recipe *r = lac_zalloc(sizeof *r);
    if (!r) return lac_no_memory(err, "a recipe");
    r->arena = lac_arena_new();
    if (!r->arena) {
        lac_free(r);
        return lac_no_memory(err, "a recipe");
    }
    *recipe = r;
    return LAC_OK;
}

lac_status lac_recipe_open(const char *name_or_path, const char *const *sets, int n_sets, lac_recipe **recipe,
                           lac_error *err) {
    *recipe = NULL;
    lac_recipe *r;
    LAC_TRY(recipe_new(&r, err));
    lac_status status = read_root(r, name_or_path, err);
    if (status == LAC_OK) status = lac_recipe_extend(r, err);
    /* Slot names first, so that the order of sets does not matter. */
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < n_sets && status == LAC_OK; i++)
            status = put_set(r, sets[i], pass == 0, err);
    if (status == LAC_OK) status = resolve_all(r, &r->resolved, err);
    if (status != LAC_OK) {
        lac_recipe_free(r);
        return status;
    }
    *recipe = r;
    return LAC_OK;
}

static lac_status read_text(const char *label, const char *text, bool takes_tokenizer, lac_recipe **recipe,
                            lac_error *err) {
    *recipe = NULL;
    lac_recipe *r;
    LAC_TRY(recipe_new(&r, err));
    r->label = lac_arena_text(r->arena, label);
    lac_status status =
        r->label ? lac_yaml_parse(r->arena, label, text, strlen(text), &r->root, err) : lac_no_memory(err, "a recipe");
    if (status == LAC_OK && !takes_tokenizer && lac_yaml_get(r->root, "extends"))
        status = lac_fail(err, "%s: its recipe extends another, and is none that Lacuna wrote", label);
    if (status == LAC_OK) status = lac_recipe_extend(r, err);
    if (status == LAC_OK) status = takes_tokenizer ? resolve_all(r, &r->resolved, err) : resolve(r, &r->resolved, err);
    if (status != LAC_OK) {
        lac_recipe_free(r);
        return status;
    }
    *recipe = r;
    return LAC_OK;
}

lac_status lac_recipe_read_text(const char *label, const char *text, lac_recipe **recipe, lac_error *err) {
    return read_text(label, text, true, recipe, err);
}

lac_status lac_recipe_read_plain(const char *label, const char *text, lac_recipe **recipe, lac_error *err) {
    return read_text(label, text, false, recipe, err);
}

void lac_recipe_free(lac_recipe *recipe) {
    if (!recipe) return;
    lac_arena_free(recipe->arena);
    lac_free(recipe);
}
