/* cli/cmd_export.c - `lacuna export hf RUN DIR`: weights in the format of another library. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "method/hf.h"
#include "train/run.h"

static lac_status print_done(const lac_args *args, const lac_model *model, const char *folder, lac_error *err) {
    if (!lac_args_json(args)) {
        printf("%s: config.json, preprocessor_config.json, model.safetensors from %s\n", folder, model->path);
        return LAC_OK;
    }
    json_t *json = json_pack("{sssssIs[sss]}", "folder", folder, "from", model->path, "step", (json_int_t)model->step,
                             "files", "config.json", "preprocessor_config.json", "model.safetensors");
    char *text = json ? json_dumps(json, 0) : NULL;
    json_decref(json);
    if (!text) return lac_no_memory(err, "JSON");
    puts(text);
    free(text);
    return LAC_OK;
}

static lac_status run(const lac_args *args, lac_error *err) {
    if (strcmp(lac_args_word(args, 0), "hf") != 0)
        return lac_usage(err, "unknown format '%s'; allowed: hf", lac_args_word(args, 0));
    const char *folder = lac_args_word(args, 2);
    lac_model *model;
    LAC_TRY(lac_model_open(lac_args_word(args, 1), LAC_F32, &model, err));
    lac_status status = lac_hf_export(model->method, folder, err);
    if (status == LAC_OK) status = print_done(args, model, folder, err);
    lac_model_free(model);
    return status;
}

static const lac_option options[] = {{0}};

const lac_command lac_command_export = {
    .name = "export",
    .usage = "hf RUN DIR",
    .summary = "write weights in another library's format",
    .details = "hf: a folder that transformers' ViTMAEForPreTraining.from_pretrained(DIR) loads (config.json, "
               "preprocessor_config.json, model.safetensors). RUN is a run, one checkpoint file or a model folder.",
    .examples = "lacuna export hf runs/demo exported",
    .options = options,
    .min_words = 3,
    .max_words = 3,
    .run = run,
};
