/* method/recipe_write.c - a resolved recipe as canonical YAML, what differs between two, and typed access by key. */
#include <assert.h>
#include <string.h>

#include "method/recipe_private.h"

enum { COMMENT_COLUMN = 36 };

/* "   # sentence (allowed)", from a column of its own */
static void write_comment(const lac_setting_spec *spec, size_t line_start, lac_text *out) {
    size_t width = out->bytes - line_start;
    lac_text_add(out, "%*s# %s (", width < COMMENT_COLUMN ? (int)(COMMENT_COLUMN - width) : 1, "", spec->sentence);
    lac_setting_allowed(spec, out);
    lac_text_add(out, ")");
}

static void write_settings(const lac_section *section, const char *indent, bool is_documented, lac_text *out) {
    const char *lead = indent;
    char item[16] = "  - ";
    if (section->kind->is_list) lead = item;
    if (section->kind->has_slots) {
        lac_text_add(out, "%sname: %s", lead, section->slot->name);
        if (is_documented) lac_text_add(out, " # %s", section->slot->sentence);
        if (is_documented && *section->slot->paper) lac_text_add(out, " (arXiv %s)", section->slot->paper);
        lac_text_add(out, "\n");
        lead = indent;
    }
    for (int i = 0; i < section->settings.n; i++) {
        size_t line_start = out->bytes;
        lac_text_add(out, "%s%s: ", lead, section->settings.at[i].spec->key);
        lac_setting_write(&section->settings.at[i], out);
        if (is_documented) write_comment(section->settings.at[i].spec, line_start, out);
        lac_text_add(out, "\n");
        lead = indent;
    }
}

static lac_status write_recipe(const lac_recipe *recipe, bool is_documented, lac_text *out, lac_error *err) {
    const lac_resolved *resolved = recipe->resolved;
    lac_text_add(out, "name: %s\n", resolved->name);
    char group[32] = "";
    const lac_section_kind *open = NULL;
    for (int i = 0; i < resolved->n_sections; i++) {
        const lac_section *section = &resolved->sections[i];
        if (section->kind->is_optional && section->slot == section->kind->slot(0)) continue;
        const char *path = section->kind->path, *dot = strchr(path, '.');
        size_t n = dot ? (size_t)(dot - path) : 0;
        if (dot && (strlen(group) != n || strncmp(group, path, n) != 0)) {
            memcpy(group, path, n);
            group[n] = 0;
            lac_text_add(out, "%s:\n", group);
        }
        if (section->kind != open) {
            lac_text_add(out, "%s%s:", dot ? "  " : "", dot ? dot + 1 : path);
            if (is_documented) lac_text_add(out, " # %s", section->kind->sentence);
            lac_text_add(out, "\n");
        }
        open = section->kind;
        write_settings(section, dot || section->kind->is_list ? "    " : "  ", is_documented, out);
    }
    return out->failed ? lac_no_memory(err, "a recipe's text") : LAC_OK;
}

lac_status lac_recipe_write(const lac_recipe *recipe, lac_text *out, lac_error *err) {
    return write_recipe(recipe, false, out, err);
}

lac_status lac_recipe_write_documented(const lac_recipe *recipe, lac_text *out, lac_error *err) {
    return write_recipe(recipe, true, out, err);
}

const char *lac_recipe_name(const lac_recipe *recipe) {
    return recipe->resolved->name;
}

static const lac_section *find_section(const lac_recipe *r, const char *path, size_t bytes) {
    for (int i = 0; i < r->resolved->n_sections; i++) {
        const lac_section *section = &r->resolved->sections[i];
        if (strlen(section->path) == bytes && memcmp(section->path, path, bytes) == 0) return section;
    }
    return NULL;
}

static void put_difference(lac_text *out, const char *path, const char *key, const lac_setting *a,
                           const lac_setting *b) {
    lac_text_add(out, "%s%s.%s: ", out->bytes ? "; " : "", path, key);
    lac_setting_write(a, out);
    lac_text_add(out, " against ");
    lac_setting_write(b, out);
}

void lac_recipe_difference(const lac_recipe *a, const lac_recipe *b, lac_text *out) {
    if (strcmp(a->resolved->name, b->resolved->name) != 0)
        lac_text_add(out, "name: %s against %s", a->resolved->name, b->resolved->name);
    if (a->resolved->n_objectives != b->resolved->n_objectives)
        lac_text_add(out, "%sobjective: %d terms against %d", out->bytes ? "; " : "", a->resolved->n_objectives,
                     b->resolved->n_objectives);
    for (int i = 0; i < a->resolved->n_sections; i++) {
        const lac_section *left = &a->resolved->sections[i];
        const lac_section *right = find_section(b, left->path, strlen(left->path));
        if (!right) continue;
        if (left->slot != right->slot) {
            lac_text_add(out, "%s%s.name: %s against %s", out->bytes ? "; " : "", left->path, left->slot->name,
                         right->slot->name);
            continue;
        }
        for (int k = 0; k < left->settings.n; k++)
            if (!lac_setting_equal(&left->settings.at[k], &right->settings.at[k]))
                put_difference(out, left->path, left->settings.at[k].spec->key, &left->settings.at[k],
                               &right->settings.at[k]);
    }
}

const lac_settings *lac_recipe_section(const lac_recipe *r, const char *key) {
    const lac_section *section = find_section(r, key, strlen(key));
    return section ? &section->settings : NULL;
}

int lac_recipe_objectives(const lac_recipe *r) {
    return r->resolved->n_objectives;
}

static const lac_setting *find_setting(const lac_recipe *r, const char *key) {
    const char *dot = strrchr(key, '.');
    assert(dot && "a recipe key has a section");
    const lac_section *section = find_section(r, key, (size_t)(dot - key));
    assert(section && "an undeclared section was asked for");
    return lac_settings_get(&section->settings, dot + 1);
}

int64_t lac_recipe_int(const lac_recipe *r, const char *key) {
    return (int64_t)find_setting(r, key)->number[0];
}

double lac_recipe_real(const lac_recipe *r, const char *key) {
    return find_setting(r, key)->number[0];
}

bool lac_recipe_bool(const lac_recipe *r, const char *key) {
    return find_setting(r, key)->number[0] != 0;
}

const char *lac_recipe_text(const lac_recipe *r, const char *key) {
    if (strcmp(key, "name") == 0) return r->resolved->name;
    const char *dot = strrchr(key, '.');
    const lac_section *section = dot ? find_section(r, key, (size_t)(dot - key)) : NULL;
    if (section && section->kind->has_slots && strcmp(dot, ".name") == 0) return section->slot->name;
    return find_setting(r, key)->text;
}

int lac_recipe_list(const lac_recipe *r, const char *key, double *out, int room) {
    const lac_setting *setting = find_setting(r, key);
    for (int i = 0; i < setting->count && i < room; i++)
        out[i] = setting->number[i];
    return setting->count;
}
