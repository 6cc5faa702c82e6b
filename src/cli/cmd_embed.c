/* cli/cmd_embed.c - `lacuna embed`: features of a source into a .npy file (eval/embed.h). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/screen.h"
#include "eval/embed.h"
#include "train/run.h"

static void show_progress(void *context, int64_t n_done, int64_t n_all) {
    lac_screen_stage(context, "pictures", n_done, n_all);
}

static lac_status read_options(const lac_args *args, lac_extractor_options *o, lac_error *err) {
    *o = (lac_extractor_options){0};
    const char *pool = lac_args_text(args, "pool");
    if (!lac_args_text(args, "out")) return lac_usage(err, "--out is missing: the .npy file to write");
    if (pool && !lac_pooling_parse(pool, &o->pooling))
        return lac_usage(err, "--pool: expected mean, cls or patch, found '%s'", pool);
    int64_t layer;
    LAC_TRY(lac_args_int(args, "layer", 0, 0, &layer, err));
    LAC_TRY(lac_args_int(args, "batch", 64, 1, &o->batch, err));
    LAC_TRY(lac_args_loaders(args, lac_usable_threads(), &o->n_loaders, err));
    if (layer > 100000) return lac_usage(err, "--layer: far too many");
    o->layer = (int)layer;
    return LAC_OK;
}

static void print_result(const lac_args *args, const lac_embed_result *r, const char *pool) {
    const char *out = lac_args_text(args, "out");
    if (lac_args_json(args)) {
        printf("{\"rows\": %" PRId64 ", \"tokens\": %" PRId64 ", \"width\": %" PRId64
               ", \"pool\": \"%s\", \"broken_pictures\": %" PRId64 ", \"labels\": %s}\n",
               r->n_rows, r->n_tokens, r->width, pool, r->n_broken, r->has_labels ? "true" : "false");
        return;
    }
    printf("%s: %" PRId64 " x ", out, r->n_rows);
    if (r->n_tokens > 1) printf("%" PRId64 " x ", r->n_tokens);
    printf("%" PRId64 " features", r->width);
    if (r->n_broken) printf(", %" PRId64 " broken pictures left out", r->n_broken);
    printf("; names%s beside it\n", r->has_labels ? " and labels" : "");
}

static lac_status run(const lac_args *args, lac_error *err) {
    lac_extractor_options o;
    LAC_TRY(read_options(args, &o, err));
    lac_screen s = {.args = args};
    o.on_broken = lac_screen_left_out;
    o.on_progress = show_progress;
    o.context = &s;
    lac_pool *pool = NULL;
    const lac_backend *backend;
    LAC_TRY(lac_args_machine(args, &pool, &backend, err));
    lac_model *model = NULL;
    lac_source *source = NULL;
    lac_embed_result result = {0};
    lac_status status = lac_model_open(lac_args_word(args, 0), LAC_F32, &model, err);
    if (status == LAC_OK && model->note) lac_note(args, "%s", model->note);
    if (status == LAC_OK) status = lac_source_open(lac_args_word(args, 1), &source, err);
    if (status == LAC_OK) {
        lac_status_line_begin(&s.line, args);
        status = lac_embed(model->method, backend, pool, source, &o, lac_args_text(args, "out"), &result, err);
        lac_status_line_end(&s.line);
    }
    if (status == LAC_OK) print_result(args, &result, lac_pooling_name(o.pooling));
    lac_source_free(source);
    lac_model_free(model);
    lac_pool_free(pool);
    return status;
}

static const lac_option options[] = {
    {"out", "FILE.npy", "where to write (float32; FILE.names.txt and FILE.labels.npy beside it)"},
    {"pool", "mean|cls|patch", "mean of the patch tokens (default), the class token, or every patch token"},
    {"layer", "K", "features after block K (default 0: the last, after the final norm)"},
    {"batch", "N", "pictures that the encoder sees at once, at most (default 64; results do not depend on it)"},
    {"loaders", "N", "threads that decode pictures"},
    {0},
};

const lac_command lac_command_embed = {
    .name = "embed",
    .usage = "RUN|MODEL SOURCE --out FILE.npy",
    .summary = "write the features of pictures as a NumPy array",
    .details =
        "One row a picture, in the source's order, in constant memory. A picture that cannot be read is named on\n"
        "stderr and has no row. SOURCE may be a single picture.",
    .examples = "lacuna embed runs/demo fashion-mnist:test --out features.npy\n"
                "lacuna embed runs/photos photo.jpg --out photo.npy --pool patch",
    .options = options,
    .min_words = 2,
    .max_words = 2,
    .run = run,
};
