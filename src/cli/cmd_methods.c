/* cli/cmd_methods.c - `lacuna methods`: the shipped recipes with their slots, or one recipe resolved and explained. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/card.h"
#include "cli/cli.h"
#include "method/recipe.h"
#include "method/sections.h"

static lac_status print_json(json_t *json, lac_error *err) {
    char *text = json ? json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) : NULL;
    json_decref(json);
    if (!text) return lac_no_memory(err, "JSON");
    puts(text);
    free(text);
    return LAC_OK;
}

static lac_status each_recipe(lac_status (*show)(void *context, const lac_recipe *recipe, lac_error *err),
                              void *context, lac_error *err) {
    for (int i = 0; i < lac_recipe_shipped_count(); i++) {
        lac_recipe *recipe;
        LAC_TRY(lac_recipe_open(lac_recipe_shipped_name(i), NULL, 0, &recipe, err));
        lac_status status = show(context, recipe, err);
        lac_recipe_free(recipe);
        if (status != LAC_OK) return status;
    }
    return LAC_OK;
}

/* "l2", or "l2 + l1" */
static void put_objective(const lac_recipe *recipe, lac_text *out) {
    for (int i = 0; i < lac_recipe_objectives(recipe); i++) {
        char path[32];
        snprintf(path, sizeof path, "objective.%d", i);
        lac_text_add(out, "%s%s", i ? " + " : "", lac_recipe_section(recipe, path)->slot);
    }
}

static const lac_setting *find(const lac_settings *s, const char *key) {
    for (int i = 0; i < s->n; i++)
        if (strcmp(s->at[i].spec->key, key) == 0) return &s->at[i];
    return NULL;
}

/* "mae 96x4", "linear", "projector mlp + predictor mlp" */
static void put_heads(const lac_recipe *r, lac_text *out) {
    static const char *const sections[] = {"model.decoder", "model.projector", "model.predictor"};
    for (int i = 0; i < 3; i++) {
        const lac_settings *s = lac_recipe_section(r, sections[i]);
        if (strcmp(s->slot, "none") == 0) continue;
        const lac_setting *width = find(s, "width"), *depth = find(s, "depth");
        lac_text_add(out, "%s%s%s", out->bytes ? " + " : "", i ? sections[i] + strlen("model.") : "", i ? " " : "");
        lac_text_add(out, "%s", s->slot);
        if (width && depth) lac_text_add(out, " %gx%g", width->number[0], depth->number[0]);
    }
    if (!out->bytes) lac_text_add(out, "none");
}

/* What is predicted, and by whom: "pixels", "teacher-layers of ema", "projections of self" */
static void put_target(const lac_recipe *r, lac_text *out) {
    const char *target = lac_recipe_text(r, "target.name"), *teacher = lac_recipe_text(r, "teacher.name");
    bool has_target = strcmp(target, "none") != 0, has_teacher = strcmp(teacher, "none") != 0;
    bool has_projector = strcmp(lac_recipe_text(r, "model.projector.name"), "none") != 0;
    if (has_target) lac_text_add(out, "%s", target);
    if (has_projector) lac_text_add(out, "%sprojections", has_target ? " + " : "");
    if (has_teacher) lac_text_add(out, " of %s", teacher);
}

static lac_status add_row(void *context, const lac_recipe *r, lac_error *err) {
    lac_table *table = context;
    lac_text objective = {0};
    put_objective(r, &objective);
    if (objective.failed) return lac_no_memory(err, "a table");
    lac_table_cell(table, "%s", lac_recipe_name(r));
    const lac_settings *mask = lac_recipe_section(r, "mask");
    lac_table_cell(table, mask->n ? "%s %g" : "%s", lac_recipe_text(r, "mask.name"),
                   mask->n ? mask->at[0].number[0] : 0);
    lac_table_cell(table, "%s %lldx%lld", lac_recipe_text(r, "model.encoder.name"),
                   (long long)lac_recipe_int(r, "model.encoder.width"),
                   (long long)lac_recipe_int(r, "model.encoder.depth"));
    lac_text heads = {0};
    put_heads(r, &heads);
    if (heads.failed) return lac_no_memory(err, "a table");
    lac_table_cell(table, "%s", heads.data);
    lac_text_free(&heads);
    lac_text target = {0};
    put_target(r, &target);
    if (target.failed) return lac_no_memory(err, "a table");
    lac_table_cell(table, "%s", target.data);
    lac_text_free(&target);
    lac_table_cell(table, "%s", objective.data);
    lac_text_free(&objective);
    return LAC_OK;
}

static lac_status print_table(lac_error *err) {
    lac_table *table;
    LAC_TRY(lac_table_new(6, &table, err));
    static const char *const heads[] = {"recipe", "mask", "encoder", "decoder", "target", "objective"};
    for (int i = 0; i < 6; i++)
        lac_table_cell(table, "%s", heads[i]);
    lac_status status = each_recipe(add_row, table, err);
    if (status == LAC_OK) lac_table_print(table);
    lac_table_free(table);
    return status;
}

static lac_status add_object(void *context, const lac_recipe *r, lac_error *err) {
    lac_text objective = {0};
    put_objective(r, &objective);
    json_t *object = objective.failed ? NULL
                                      : json_pack("{ssssssssssss}", "recipe", lac_recipe_name(r), "mask",
                                                  lac_recipe_text(r, "mask.name"), "encoder",
                                                  lac_recipe_text(r, "model.encoder.name"), "decoder",
                                                  lac_recipe_text(r, "model.decoder.name"), "target",
                                                  lac_recipe_text(r, "target.name"), "objective", objective.data);
    lac_text_free(&objective);
    return object && json_array_append_new(context, object) == 0 ? LAC_OK : lac_no_memory(err, "JSON");
}

static json_t *json_of(const lac_setting *s) {
    if (s->text) return json_string(s->text);
    if (s->spec->type == LAC_SETTING_BOOL) return json_boolean(s->number[0] != 0);
    if (lac_setting_changes(s))
        return json_pack("{sfsfsssf}", "from", s->number[0], "to", s->number[1], "shape",
                         s->number[2] == LAC_COURSE_COSINE ? "cosine" : "linear", "over", s->number[3]);
    bool is_whole = s->spec->type == LAC_SETTING_INT || s->spec->type == LAC_SETTING_INTS;
    bool is_list = s->spec->type == LAC_SETTING_INTS || s->spec->type == LAC_SETTING_REALS;
    json_t *list = json_array();
    for (int i = 0; i < s->count; i++)
        json_array_append_new(list, is_whole ? json_integer((json_int_t)s->number[i]) : json_real(s->number[i]));
    if (is_list) return list;
    json_t *single = json_incref(json_array_get(list, 0));
    json_decref(list);
    return single;
}

static json_t *json_of_section(const lac_section_kind *kind, const lac_settings *settings) {
    json_t *keys = json_array(), *object = json_object();
    const lac_slot *slot = kind->has_slots ? lac_section_find_slot(kind, settings->slot) : kind->slot(0);
    if (kind->has_slots) json_object_set_new(object, "name", json_string(slot->name));
    json_object_set_new(object, "sentence", json_string(slot->sentence));
    if (*slot->paper) json_object_set_new(object, "arxiv", json_string(slot->paper));
    for (int i = 0; i < settings->n; i++) {
        const lac_setting_spec *spec = settings->at[i].spec;
        json_t *key = json_object();
        json_object_set_new(key, "key", json_string(spec->key));
        json_object_set_new(key, "value", json_of(&settings->at[i]));
        json_object_set_new(key, "default", spec->standard ? json_string(spec->standard) : json_null());
        json_object_set_new(key, "sentence", json_string(spec->sentence));
        json_array_append_new(keys, key);
    }
    json_object_set_new(object, "keys", keys);
    return object;
}

static lac_status print_recipe_json(const lac_recipe *recipe, lac_error *err) {
    json_t *root = json_object();
    json_object_set_new(root, "name", json_string(lac_recipe_name(recipe)));
    for (int i = 0; i < LAC_N_SECTION_KINDS; i++) {
        const lac_section_kind *kind = &lac_section_kinds[i];
        if (!kind->is_list) {
            json_object_set_new(root, kind->path, json_of_section(kind, lac_recipe_section(recipe, kind->path)));
            continue;
        }
        json_t *list = json_array();
        for (int k = 0; k < lac_recipe_objectives(recipe); k++) {
            char path[64];
            snprintf(path, sizeof path, "%s.%d", kind->path, k);
            json_array_append_new(list, json_of_section(kind, lac_recipe_section(recipe, path)));
        }
        json_object_set_new(root, kind->path, list);
    }
    return print_json(root, err);
}

static lac_status print_card(const lac_recipe *recipe, lac_error *err) {
    lac_text text = {0};
    lac_status status = lac_card_write(recipe, &text, err);
    if (status == LAC_OK) fputs(text.data, stdout);
    lac_text_free(&text);
    return status;
}

static lac_status print_recipe(const lac_recipe *recipe, lac_error *err) {
    lac_text text = {0};
    lac_status status = lac_recipe_write_documented(recipe, &text, err);
    if (status == LAC_OK) fputs(text.data, stdout);
    lac_text_free(&text);
    return status;
}

static lac_status run(const lac_args *args, lac_error *err) {
    if (lac_args_words(args) == 0) {
        if (lac_args_has(args, "set")) return lac_usage(err, "--set needs a RECIPE");
        if (lac_args_has(args, "card")) return lac_usage(err, "--card needs a RECIPE");
        if (!lac_args_json(args)) return print_table(err);
        json_t *list = json_array();
        if (!list) return lac_no_memory(err, "JSON");
        lac_status status = each_recipe(add_object, list, err);
        if (status == LAC_OK) return print_json(list, err);
        json_decref(list);
        return status;
    }
    int n = lac_args_count(args, "set");
    const char **sets = lac_array((size_t)n + 1, sizeof *sets);
    if (!sets) return lac_no_memory(err, "--set");
    for (int i = 0; i < n; i++)
        sets[i] = lac_args_nth(args, "set", i);
    lac_recipe *recipe;
    lac_status status = lac_recipe_open(lac_args_word(args, 0), sets, n, &recipe, err);
    lac_free(sets);
    if (status != LAC_OK) return status;
    status = lac_args_json(args)          ? print_recipe_json(recipe, err)
             : lac_args_has(args, "card") ? print_card(recipe, err)
                                          : print_recipe(recipe, err);
    lac_recipe_free(recipe);
    return status;
}

static const lac_option options[] = {
    {"card", NULL, "with RECIPE: what it hides, compares and is made of, from which papers, on one screen"},
    {"set", "KEY=VALUE", "override one key of the recipe; may be given again"},
    {0},
};

const lac_command lac_command_methods = {
    .name = "methods",
    .usage = "[RECIPE]",
    .summary = "list the shipped recipes, or show one with every key explained",
    .details =
        "Without RECIPE: the shipped recipes and what fills their four slots. With RECIPE (a shipped name or a file): "
        "the resolved recipe as YAML, each key with its meaning and what it may be. That output is itself a recipe.",
    .examples = "lacuna methods\nlacuna methods demo\nlacuna methods conmim --card\nlacuna methods demo --set "
                "mask.ratio=0.6 > mine.yaml",
    .options = options,
    .min_words = 0,
    .max_words = 1,
    .run = run,
};
