/* train/folder.c - a run's folder: run.json, checkpoints by name, leftovers (folder.h). run.json is JSON, of which YAML
 * is a superset, so the one YAML reader reads it. Not here: the contents of a checkpoint (checkpoint.c). */
#include "train/folder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"
#include "io/yaml.h"

enum { CARD_VERSION = 1 };

char *lac_run_path(const char *run, const char *part) {
    return lac_format("%s/%s", run, part);
}

char *lac_run_checkpoint_path(const char *run, int64_t step) {
    return lac_format("%s/checkpoints/step-%08" PRId64 ".safetensors", run, step);
}

static bool is_temporary(const char *name) {
    return name[0] == '.' && strstr(name, ".tmp-") != NULL;
}

static bool exists_in(const char *run, const char *part, lac_status *status, lac_error *err) {
    char *path = lac_run_path(run, part);
    if (!path) *status = lac_no_memory(err, part);
    bool found = path && lac_file_exists(path);
    lac_free(path);
    return found;
}

lac_status lac_run_kind(const char *run, lac_folder_kind *kind, lac_error *err) {
    *kind = LAC_FOLDER_NEW;
    if (!lac_folder_exists(run))
        return lac_file_exists(run) ? lac_usage(err, "%s: expected a folder, found a file", run) : LAC_OK;
    lac_status status = LAC_OK;
    if (exists_in(run, "run.json", &status, err)) *kind = LAC_FOLDER_RUN;
    if (status != LAC_OK || *kind == LAC_FOLDER_RUN) return status;
    char **names;
    size_t n;
    LAC_TRY(lac_folder_list(run, &names, &n, err));
    for (size_t i = 0; i < n; i++) /* what a start that was cut short leaves */
        if (strcmp(names[i], "lock") != 0 && strcmp(names[i], "recipe.yaml") != 0 &&
            strcmp(names[i], "choice.txt") != 0 && strcmp(names[i], "checkpoints") != 0 && !is_temporary(names[i]))
            *kind = LAC_FOLDER_FOREIGN;
    lac_names_free(names, n);
    return LAC_OK;
}

static lac_status tidy_folder(const char *folder, lac_error *err) {
    if (!lac_folder_exists(folder)) return LAC_OK;
    char **names;
    size_t n;
    LAC_TRY(lac_folder_list(folder, &names, &n, err));
    lac_status status = LAC_OK;
    for (size_t i = 0; i < n && status == LAC_OK; i++) {
        if (!is_temporary(names[i])) continue;
        char *path = lac_run_path(folder, names[i]);
        status = path ? lac_file_remove(path, err) : lac_no_memory(err, folder);
        lac_free(path);
    }
    lac_names_free(names, n);
    return status;
}

lac_status lac_run_tidy(const char *run, lac_error *err) {
    LAC_TRY(tidy_folder(run, err));
    char *folder = lac_run_path(run, "checkpoints");
    if (!folder) return lac_no_memory(err, run);
    lac_status status = tidy_folder(folder, err);
    lac_free(folder);
    return status;
}

/* ---- run.json ---- */

static void add_string(lac_text *out, const char *text) {
    lac_text_add(out, "\"");
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            lac_text_add(out, "\\%c", *c);
        else if ((unsigned char)*c < ' ' || *c == 0x7F)
            lac_text_add(out, "\\u%04x", (unsigned)(unsigned char)*c);
        else
            lac_text_put(out, c, 1);
    }
    lac_text_add(out, "\"");
}

static lac_status write_text(const char *run, const char *part, lac_text *text, lac_error *err) {
    char *path = lac_run_path(run, part);
    lac_status status =
        path && !text->failed ? lac_file_write(path, text->data, text->bytes, err) : lac_no_memory(err, part);
    lac_free(path);
    lac_text_free(text);
    return status;
}

lac_status lac_run_card_write(const char *run, const lac_run_card *card, const lac_recipe *recipe, const char *source,
                              lac_error *err) {
    lac_text yaml = {0}, json = {0};
    lac_status status = lac_recipe_write(recipe, &yaml, err);
    if (status != LAC_OK) {
        lac_text_free(&yaml);
        return status;
    }
    LAC_TRY(write_text(run, "recipe.yaml", &yaml, err));
    lac_text_add(&json,
                 "{\n  \"lacuna_run\": %d,\n  \"lacuna\": \"%s\",\n  \"random\": %d,\n  \"recipe\": ", CARD_VERSION,
                 LACUNA_VERSION, LAC_RANDOM_VERSION);
    add_string(&json, lac_recipe_name(recipe));
    lac_text_add(&json, ",\n  \"data\": ");
    add_string(&json, source);
    lac_text_add(&json,
                 ",\n  \"data_fingerprint\": \"%016" PRIx64 "\",\n  \"pictures\": %" PRId64 ",\n  \"seed\": %" PRIu64
                 ",\n  \"batch\": %" PRId64 ",\n  \"total_steps\": %" PRId64 ",\n  \"budget_s\": %.9g\n}\n",
                 card->fingerprint, card->pictures, card->seed,
                 lac_recipe_int(recipe, "train.batch") * lac_recipe_int(recipe, "train.accumulate"), card->total_steps,
                 card->budget_s);
    return write_text(run, "run.json", &json, err);
}

static lac_status card_text(const lac_yaml *root, const char *path, const char *key, const char **text,
                            lac_error *err) {
    const lac_yaml *node = lac_yaml_get(root, key);
    if (!node || node->kind != LAC_YAML_SCALAR) return lac_fail(err, "%s: %s is missing", path, key);
    *text = node->text;
    return LAC_OK;
}

static lac_status card_number(const lac_yaml *root, const char *path, const char *key, int base, uint64_t *value,
                              lac_error *err) {
    const char *text = NULL;
    char *end = NULL;
    LAC_TRY(card_text(root, path, key, &text, err));
    *value = strtoull(text, &end, base);
    if (!*text || *text == '-' || *end)
        return lac_fail(err, "%s: %s: expected a number, found \"%.40s\"", path, key, text);
    return LAC_OK;
}

static lac_status parse_card(lac_arena *arena, const char *path, lac_run_card *card, lac_error *err) {
    lac_yaml *root;
    uint64_t version, total, pictures;
    const char *budget = NULL;
    LAC_TRY(lac_yaml_read(arena, path, &root, err));
    LAC_TRY(card_number(root, path, "lacuna_run", 10, &version, err));
    if (version > CARD_VERSION)
        return lac_fail(err, "%s: written by a newer Lacuna (lacuna_run %" PRIu64 ", this one reads %d)", path, version,
                        CARD_VERSION);
    LAC_TRY(card_number(root, path, "total_steps", 10, &total, err));
    LAC_TRY(card_number(root, path, "pictures", 10, &pictures, err));
    LAC_TRY(card_number(root, path, "data_fingerprint", 16, &card->fingerprint, err));
    LAC_TRY(card_number(root, path, "seed", 10, &card->seed, err));
    LAC_TRY(card_text(root, path, "budget_s", &budget, err));
    if (!lac_parse_real(budget, &card->budget_s) || total < 1 || total > INT64_MAX || pictures > INT64_MAX)
        return lac_fail(err, "%s: total_steps %" PRIu64 " or budget_s \"%.40s\" is out of range", path, total, budget);
    card->total_steps = (int64_t)total;
    card->pictures = (int64_t)pictures;
    return LAC_OK;
}

lac_status lac_run_card_read(const char *run, lac_run_card *card, lac_error *err) {
    char *path = lac_run_path(run, "run.json");
    lac_arena *arena = lac_arena_new();
    lac_status status = path && arena ? parse_card(arena, path, card, err) : lac_no_memory(err, "run.json");
    lac_arena_free(arena);
    lac_free(path);
    return status;
}

/* ---- checkpoints ---- */

static int64_t step_of(const char *name) {
    static const char ending[] = ".safetensors";
    if (strncmp(name, "step-", 5) != 0 || name[5] < '0' || name[5] > '9') return -1;
    char *end = NULL;
    long long step = strtoll(name + 5, &end, 10);
    return strcmp(end, ending) == 0 ? step : -1;
}

static int by_value(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

lac_status lac_run_checkpoints(const char *run, int64_t **steps, int *n, lac_error *err) {
    *steps = NULL;
    *n = 0;
    char *folder = lac_run_path(run, "checkpoints");
    if (!folder) return lac_no_memory(err, run);
    char **names = NULL;
    size_t n_names = 0;
    lac_status status = lac_folder_exists(folder) ? lac_folder_list(folder, &names, &n_names, err) : LAC_OK;
    lac_free(folder);
    LAC_TRY(status);
    if (n_names == 0) {
        lac_names_free(names, n_names);
        return LAC_OK;
    }
    int64_t *list = lac_array(n_names, sizeof *list);
    if (!list) {
        lac_names_free(names, n_names);
        return lac_no_memory(err, "the list of checkpoints");
    }
    int count = 0;
    for (size_t i = 0; i < n_names; i++) {
        int64_t step = step_of(names[i]);
        if (step >= 0) list[count++] = step;
    }
    lac_names_free(names, n_names);
    qsort(list, (size_t)count, sizeof *list, by_value);
    *steps = list;
    *n = count;
    return LAC_OK;
}

lac_status lac_run_prune(const char *run, int64_t step, int64_t keep, lac_error *err) {
    int64_t *steps;
    int n;
    LAC_TRY(lac_run_checkpoints(run, &steps, &n, err));
    lac_status status = LAC_OK;
    while (n > 0 && steps[n - 1] > step)
        n--;
    for (int i = 0; i < n - keep && status == LAC_OK; i++) {
        char *path = lac_run_checkpoint_path(run, steps[i]);
        status = path ? lac_file_remove(path, err) : lac_no_memory(err, "a checkpoint's name");
        lac_free(path);
    }
    lac_free(steps);
    return status;
}
