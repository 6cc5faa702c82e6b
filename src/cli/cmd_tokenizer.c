/* cli/cmd_tokenizer.c - `lacuna tokenizer`: trains a recipe that has a quantizer, measures its codes, and writes the
 * file that a recipe with a target of tokens names. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/training.h"
#include "eval/codes.h"
#include "method/tokenizer.h"
#include "train/folder.h"
#include "train/run.h"

enum { MEASURED_PICTURES = 2048 };

/* Before anything is trained: a recipe that gives no codes is the wrong one. */
static lac_status check_recipe(const lac_args *args, lac_error *err) {
    int n = lac_args_count(args, "set");
    const char **sets = lac_array((size_t)n + 1, sizeof *sets);
    if (!sets) return lac_no_memory(err, "--set");
    for (int i = 0; i < n; i++)
        sets[i] = lac_args_nth(args, "set", i);
    lac_recipe *recipe;
    lac_status status = lac_recipe_open(lac_args_word(args, 0), sets, n, &recipe, err);
    lac_free(sets);
    LAC_TRY(status);
    const char *quantizer = lac_recipe_text(recipe, "model.quantizer.name");
    if (strcmp(quantizer, "none") == 0)
        status = lac_usage(err, "recipe %s trains no tokenizer: model.quantizer is left out", lac_recipe_name(recipe));
    lac_recipe_free(recipe);
    return status;
}

/* On the source's own test pictures where it has some, else on those it was trained with. */
static lac_status measure(const lac_args *args, lac_model *model, lac_code_figures *figures, char **spec,
                          lac_error *err) {
    lac_source *source = NULL;
    lac_pool *pool = NULL;
    const lac_backend *backend;
    LAC_TRY(lac_source_open(lac_args_text(args, "data"), &source, err));
    char *test = lac_source_test_spec(source);
    if (test) {
        lac_source_free(source);
        source = NULL;
    }
    *spec = test ? test : lac_copy_text(lac_args_text(args, "data"));
    lac_status status = *spec ? LAC_OK : lac_no_memory(err, "a source");
    if (status == LAC_OK && test) status = lac_source_open(test, &source, err);
    if (status == LAC_OK) status = lac_args_machine(args, &pool, &backend, err);
    if (status == LAC_OK)
        status = lac_measure_codes(model->method, backend, pool, source, 1, MEASURED_PICTURES, figures, err);
    lac_pool_free(pool);
    lac_source_free(source);
    return status;
}

static lac_status print_figures(const lac_args *args, const char *path, const char *spec, const lac_pretrain_result *r,
                                const lac_code_figures *f, lac_error *err) {
    if (!lac_args_json(args)) {
        printf("%s: on %" PRId64 " pictures of %s: squared error %.4f, perplexity %.1f of %" PRId64 " codes, %" PRId64
               " used\n",
               path, f->pictures, spec, f->error, f->perplexity, f->codes, f->used);
        if (f->perplexity < 0.1 * (double)f->codes)
            lac_note(args, "warning: under a tenth of the codes is in use: train longer, or with fewer codes, before "
                           "you pretrain with these");
        return LAC_OK;
    }
    json_t *json = json_pack("{sssssIsssIsIsIsfsf}", "run", lac_args_text(args, "out"), "tokenizer", path, "step",
                             (json_int_t)r->step, "measured_on", spec, "pictures", (json_int_t)f->pictures, "codes",
                             (json_int_t)f->codes, "codes_used", (json_int_t)f->used, "perplexity", f->perplexity,
                             "error", f->error);
    char *text = json ? json_dumps(json, JSON_REAL_PRECISION(9)) : NULL;
    json_decref(json);
    if (!text) return lac_no_memory(err, "JSON");
    puts(text);
    free(text);
    return LAC_OK;
}

static lac_status finish(const lac_args *args, const lac_pretrain_result *r, lac_error *err) {
    const char *run = lac_args_text(args, "out");
    lac_model *model;
    lac_code_figures figures = {0};
    char *path = lac_run_path(run, "tokenizer.safetensors"), *spec = NULL;
    if (!path) return lac_no_memory(err, run);
    lac_status status = lac_model_open(run, LAC_F32, &model, err);
    if (status == LAC_OK) {
        status = measure(args, model, &figures, &spec, err);
        if (status == LAC_OK) status = lac_tokenizer_write(model->method, path, err);
        if (status == LAC_OK) status = print_figures(args, path, spec, r, &figures, err);
        lac_model_free(model);
    }
    lac_free(spec);
    lac_free(path);
    return status;
}

static lac_status run(const lac_args *args, lac_error *err) {
    lac_pretrain_result result = {0};
    LAC_TRY(check_recipe(args, err));
    LAC_TRY(lac_training_run(args, &result, err));
    bool is_whole = result.end == LAC_PRETRAIN_DONE || result.end == LAC_PRETRAIN_WAS_DONE;
    if (!is_whole || !lac_args_json(args)) LAC_TRY(lac_training_report(args, "tokenizer", &result, err));
    return is_whole ? finish(args, &result, err) : LAC_OK;
}

static const lac_option options[] = {LAC_TRAINING_OPTIONS, {0}};

const lac_command lac_command_tokenizer = {
    .name = "tokenizer",
    .usage = "RECIPE --data SOURCE --out RUN [--steps N | --epochs N | --budget TIME]",
    .summary = "train a tokenizer: one of K codes for each patch, for methods that predict codes",
    .details =
        "RECIPE is a file or a shipped recipe with a model.quantizer: vq-tiny, vq (vector quantisation), dvae-tiny, "
        "dvae (a discrete VAE).\n"
        "The run is one as `lacuna pretrain` makes it, with its folder, log and checkpoints: the same command resumes "
        "it, after any\n"
        "interruption, to the same bits. When it is finished, RUN/tokenizer.safetensors is written - encoder and "
        "codes, "
        "no decoder -\n"
        "and up to 2048 pictures (the source's test split, if it has one) say how well codes hold them: squared error, "
        "perplexity\n"
        "(how many codes are in use, as if all alike), codes used at all. A perplexity far below K means codes that "
        "say "
        "little.\n"
        "\n"
        "A recipe with the target `tokens` names the file; its pictures must have the same size, patches, mean and "
        "deviation.",
    .examples = "lacuna tokenizer vq-tiny --data fashion-mnist --out runs/codes --budget 4m\n"
                "lacuna pretrain beit-tiny --data fashion-mnist --out runs/beit "
                "--set target.tokenizer=runs/codes/tokenizer.safetensors\n"
                "lacuna tokenizer dvae-tiny --data fashion-mnist --out runs/dvae --epochs 4 --json",
    .options = options,
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
