/* train/model.c - opening what can be measured or used: a run, one checkpoint, a Hugging Face folder (run.h). Not here:
 * Hugging Face's names (method/hf.h). */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "method/hf.h"
#include "train/checkpoint.h"
#include "train/folder.h"
#include "train/run.h"

/* The folder that `path` lies in; lac_alloc'ed. */
static char *parent(const char *path) {
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    while (n > 0 && path[n - 1] != '/')
        n--;
    while (n > 1 && path[n - 1] == '/')
        n--;
    return n == 0 ? lac_copy_text(".") : lac_format("%.*s", (int)n, path);
}

static lac_status open_recipe(lac_model *m, const char *run, lac_dtype real, lac_error *err) {
    char *path = lac_run_path(run, "recipe.yaml");
    if (!path) return lac_no_memory(err, run);
    lac_status status = lac_file_exists(path) ? lac_recipe_open(path, NULL, 0, &m->recipe, err)
                                              : lac_fail(err, "%s: missing: what is beside it is not a run", path);
    lac_free(path);
    LAC_TRY(status);
    return lac_method_new(m->recipe, real, &m->method, err);
}

static lac_status read_weights(lac_model *m, const char *path, lac_error *err) {
    lac_checkpoint_info info;
    LAC_TRY(lac_checkpoint_read(path, lac_method_store(m->method), NULL, true, &info, err));
    m->step = info.step;
    m->seed = info.seed;
    m->path = lac_copy_text(path);
    return m->path ? LAC_OK : lac_no_memory(err, path);
}

static lac_status open_checkpoint(lac_model *m, const char *path, lac_dtype real, lac_error *err) {
    char *folder = parent(path), *run = folder ? parent(folder) : NULL;
    char *up = run && strcmp(folder, ".") == 0 ? lac_copy_text("..") : NULL;
    lac_status status = run ? open_recipe(m, up ? up : run, real, err) : lac_no_memory(err, path);
    lac_free(up);
    lac_free(run);
    lac_free(folder);
    LAC_TRY(status);
    return read_weights(m, path, err);
}

static lac_status open_run(lac_model *m, const char *run, lac_dtype real, lac_error *err) {
    LAC_TRY(open_recipe(m, run, real, err));
    int64_t *steps;
    int n;
    LAC_TRY(lac_run_checkpoints(run, &steps, &n, err));
    lac_status status = n > 0 ? LAC_FAILURE : lac_fail(err, "%s: no checkpoint yet", run);
    lac_error why = {0};
    for (; n > 0 && status == LAC_FAILURE; n--) {
        char *path = lac_run_checkpoint_path(run, steps[n - 1]);
        lac_error newer = why;
        status = path ? read_weights(m, path, &why) : lac_no_memory(&why, "a checkpoint's name");
        lac_free(path);
        if (status != LAC_OK)
            lac_fail(err, "%s", why.text);
        else if (newer.text[0] && !(m->note = lac_format("a newer checkpoint was passed over: %s", newer.text)))
            status = lac_no_memory(err, "a note");
    }
    if (status == LAC_USAGE) status = lac_usage(err, "%s", why.text);
    lac_free(steps);
    return status;
}

static lac_status open_any(lac_model *m, const char *path, lac_dtype real, lac_error *err) {
    if (lac_file_exists(path)) return open_checkpoint(m, path, real, err);
    if (!lac_folder_exists(path)) return lac_fail(err, "%s: no such run, checkpoint or model folder", path);
    lac_folder_kind kind;
    LAC_TRY(lac_run_kind(path, &kind, err));
    if (kind == LAC_FOLDER_RUN) return open_run(m, path, real, err);
    if (!lac_hf_is_folder(path))
        return lac_fail(err, "%s: neither a run (no run.json) nor a Hugging Face model (no config.json)", path);
    m->is_huggingface = true;
    m->path = lac_copy_text(path);
    if (!m->path) return lac_no_memory(err, path);
    return lac_hf_open(path, real, &m->recipe, &m->method, err);
}

lac_status lac_model_open(const char *path, lac_dtype real, lac_model **model, lac_error *err) {
    *model = NULL;
    lac_model *m = lac_array(1, sizeof *m);
    if (!m) return lac_no_memory(err, "a model");
    lac_status status = open_any(m, path, real, err);
    if (status != LAC_OK) {
        lac_model_free(m);
        return status;
    }
    *model = m;
    return LAC_OK;
}

void lac_model_free(lac_model *model) {
    if (!model) return;
    lac_method_free(model->method);
    lac_recipe_free(model->recipe);
    lac_free(model->path);
    lac_free(model->note);
    lac_free(model);
}

void lac_model_untrain(lac_model *model) {
    lac_store_initialize(lac_method_store(model->method), model->seed);
}
