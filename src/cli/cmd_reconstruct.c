/* cli/cmd_reconstruct.c - `lacuna reconstruct`: which pictures, and where the figure goes (eval/reconstruct.h). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "eval/reconstruct.h"
#include "train/run.h"

static lac_status add(const lac_args *args, lac_reconstruction *r, const lac_source *source, int64_t index,
                      bool is_first, lac_error *err) {
    double loss;
    char room[512];
    LAC_TRY(lac_reconstruction_add(r, source, index, &loss, err));
    const char *name = lac_source_name(source, index, room, sizeof room);
    if (!lac_args_json(args)) {
        printf("%s  loss %.4f\n", name, loss);
        return LAC_OK;
    }
    printf("%s{\"picture\": \"", is_first ? "" : ", ");
    for (const char *c = name; *c; c++)
        if (*c == '"' || *c == '\\')
            printf("\\%c", *c);
        else if ((unsigned char)*c < ' ')
            printf("\\u%04x", (unsigned)(unsigned char)*c);
        else
            putchar(*c);
    printf("\", \"loss\": %.9g}", loss);
    return LAC_OK;
}

/* SOURCE#index, a picture's file, or a SOURCE of which `count` are taken, evenly spread. */
static lac_status add_word(const lac_args *args, lac_reconstruction *r, const char *word, int64_t count,
                           int64_t *n_added, lac_error *err) {
    const char *hash = strrchr(word, '#');
    int64_t index = -1;
    bool has_index = hash && !lac_file_exists(word) && lac_parse_int(hash + 1, &index);
    char *spec = has_index ? lac_format("%.*s", (int)(hash - word), word) : lac_copy_text(word);
    if (!spec) return lac_no_memory(err, "a source's name");
    lac_source *source = NULL;
    lac_status status = lac_source_open(spec, &source, err);
    lac_free(spec);
    LAC_TRY(status);
    int64_t n = lac_source_count(source);
    if (has_index)
        status = add(args, r, source, index, (*n_added)++ == 0, err);
    else
        for (int64_t i = 0; i < count && i < n && status == LAC_OK; i++)
            status = add(args, r, source, n > count ? i * n / count : i, (*n_added)++ == 0, err);
    lac_source_free(source);
    return status;
}

static lac_status draw(const lac_args *args, lac_reconstruction *r, int64_t count, lac_error *err) {
    const char *out = lac_args_text(args, "out");
    int64_t n_added = 0;
    if (lac_args_json(args)) printf("{\"pictures\": [");
    lac_status status = LAC_OK;
    for (int i = 1; i < lac_args_words(args) && status == LAC_OK; i++)
        status = add_word(args, r, lac_args_word(args, i), count, &n_added, err);
    if (status == LAC_OK) status = lac_reconstruction_write(r, out, err);
    if (lac_args_json(args)) {
        printf("], \"caption\": \"%s\"}\n", status == LAC_OK ? lac_reconstruction_caption(r) : "");
    } else if (status == LAC_OK) {
        printf("%s: %" PRId64 " picture%s, original | masked | prediction | pasted; %s\n", out, n_added,
               n_added == 1 ? "" : "s", lac_reconstruction_caption(r));
    }
    return status;
}

static lac_status reconstruct(const lac_args *args, lac_model *model, const lac_backend *backend, lac_pool *pool,
                              lac_error *err) {
    lac_reconstruct_options o = {0};
    int64_t seed, count;
    const char *denorm = lac_args_text(args, "denorm"), *ratio = lac_args_text(args, "mask-ratio");
    LAC_TRY(lac_args_int(args, "seed", 0, 0, &seed, err));
    LAC_TRY(lac_args_int(args, "count", 8, 1, &count, err));
    o.seed = (uint64_t)seed;
    if (denorm && strcmp(denorm, "visible") == 0)
        o.denorm = LAC_DENORM_VISIBLE;
    else if (denorm && strcmp(denorm, "own") != 0)
        return lac_usage(err, "--denorm: expected own or visible, found '%s'", denorm);
    lac_method *other = NULL;
    if (ratio) LAC_TRY(lac_method_with_ratio(model->method, model->recipe, ratio, &other, err));
    lac_reconstruction *r = NULL;
    lac_status status = lac_reconstruction_new(other ? other : model->method, backend, pool, &o, &r, err);
    if (status == LAC_OK) status = draw(args, r, count, err);
    lac_reconstruction_free(r);
    lac_method_free(other);
    return status;
}

static lac_status run(const lac_args *args, lac_error *err) {
    if (!lac_args_text(args, "out")) return lac_usage(err, "--out is missing: the .png file to write");
    lac_pool *pool = NULL;
    const lac_backend *backend;
    LAC_TRY(lac_args_machine(args, &pool, &backend, err));
    lac_model *model = NULL;
    lac_status status = lac_model_open(lac_args_word(args, 0), LAC_F32, &model, err);
    if (status == LAC_OK && model->note) lac_note(args, "%s", model->note);
    if (status == LAC_OK) status = reconstruct(args, model, backend, pool, err);
    lac_model_free(model);
    lac_pool_free(pool);
    return status;
}

static const lac_option options[] = {
    {"out", "FILE.png", "where to write the figure"},
    {"denorm", "own|visible",
     "normalised targets: back to pixels by each patch's own statistics (default), or by those of "
     "the nearest visible patches"},
    {"count", "N", "pictures of a SOURCE, evenly spread (default 8)"},
    {"mask-ratio", "R", "hide this share of the patches instead of the recipe's"},
    {0},
};

const lac_command lac_command_reconstruct = {
    .name = "reconstruct",
    .usage = "RUN|MODEL PICTURE... --out FILE.png",
    .summary = "draw original | masked | prediction | pasted, one row a picture",
    .details =
        "PICTURE is a picture's file, SOURCE#INDEX, or a SOURCE of which --count are drawn. --seed chooses the masks.\n"
        "The figure says how normalised predictions were turned back into pixels; an encoder alone predicts nothing.",
    .examples = "lacuna reconstruct runs/demo fashion-mnist:test --count 8 --out grid.png\n"
                "lacuna reconstruct runs/photos a.jpg b.jpg --denorm visible --out grid.png\n"
                "lacuna reconstruct runs/demo 'fashion-mnist:test#17' --mask-ratio 0.5 --out one.png",
    .options = options,
    .min_words = 2,
    .max_words = -1,
    .run = run,
};
