/* cli/trial.c - see trial.h. */
#include "cli/trial.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"

static bool is_recipe(const char *word) {
    size_t n = strlen(word);
    if (n > 5 && strcmp(word + n - 5, ".yaml") == 0) return true;
    return !lac_file_exists(word) && !lac_folder_exists(word);
}

static lac_status open_recipe(const lac_args *args, lac_trial *s, lac_error *err) {
    int n = lac_args_count(args, "set");
    const char **sets = lac_array((size_t)n + 1, sizeof *sets);
    if (!sets) return lac_no_memory(err, "--set");
    for (int i = 0; i < n; i++)
        sets[i] = lac_args_nth(args, "set", i);
    lac_status status = lac_recipe_open(lac_args_word(args, 0), sets, n, &s->recipe, err);
    lac_free(sets);
    LAC_TRY(status);
    LAC_TRY(lac_method_new(s->recipe, LAC_F32, &s->method, err));
    int64_t seed;
    LAC_TRY(lac_args_int(args, "seed", lac_recipe_int(s->recipe, "train.seed"), 0, &seed, err));
    lac_store_initialize(lac_method_store(s->method), (uint64_t)seed);
    s->seed = (uint64_t)seed;
    return lac_method_fill(s->method, err);
}

lac_status lac_trial_open(const lac_args *args, lac_trial *s, lac_error *err) {
    const char *word = lac_args_word(args, 0);
    if (is_recipe(word)) return open_recipe(args, s, err);
    if (lac_args_has(args, "set")) return lac_usage(err, "--set changes recipes only; %s has its own", word);
    LAC_TRY(lac_model_open(word, LAC_F32, &s->model, err));
    s->method = s->model->method;
    s->is_huggingface = s->model->is_huggingface;
    if (!s->is_huggingface) return LAC_OK;
    LAC_TRY(lac_hf_names(word, &s->hf_names, err));
    if (s->hf_names & LAC_HF_ENCODER_ONLY)
        return lac_fail(err, "%s: holds an encoder only; a step needs the decoder's weights too", word);
    return LAC_OK;
}

void lac_trial_close(lac_trial *s) {
    if (s->model) {
        lac_model_free(s->model);
        return;
    }
    lac_method_free(s->method);
    lac_recipe_free(s->recipe);
}

lac_status lac_trial_each_parameter(const lac_trial *s, lac_hf_visit visit, void *context, lac_error *err) {
    if (s->is_huggingface) return lac_hf_each(s->method, s->hf_names, visit, context, err);
    const lac_store *store = lac_method_store(s->method);
    for (int i = 0; i < lac_store_count(store); i++) {
        const lac_entry *entry = lac_store_at(store, i);
        lac_hf_part part = {.name = entry->name, .entry = i, .n = entry->n, .rank = entry->rank};
        memcpy(part.dim, entry->dim, sizeof part.dim);
        LAC_TRY(visit(context, &part, err));
    }
    return LAC_OK;
}

bool lac_trial_is_of_teacher(const lac_entry *entry) {
    return strncmp(entry->name, "teacher/", strlen("teacher/")) == 0;
}

bool lac_trial_is_state(const lac_entry *entry) {
    return entry->flags & LAC_PARAM_BUFFER && entry->init != LAC_INIT_GIVEN && !lac_trial_is_of_teacher(entry);
}
