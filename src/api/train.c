/* api/train.c - the public face of train/pretrain.h, and what all of the public interface shares. */
#include <stdio.h>

#include "api/api.h"
#include "train/pretrain.h"

const char *lac_version(void) {
    return LACUNA_VERSION;
}

int lac_api_result(lac_status status, const lac_error *err, lac_message *message) {
    if (message) snprintf(message->text, sizeof message->text, "%s", status == LAC_OK ? "" : err->text);
    return (int)status;
}

typedef struct observer {
    const lac_train_options *options;
    bool is_stopped;
} observer;

static void show(void *context, const lac_pretrain_progress *p) {
    observer *o = context;
    const lac_train_progress progress = {p->step, p->total, p->loss, p->lr, p->images_per_s, p->left_s};
    if (o->options->progress && o->options->progress(o->options->context, &progress) != 0) o->is_stopped = true;
}

static bool is_stopped(void *context) {
    return ((observer *)context)->is_stopped;
}

static lac_status train(lac_train_options *options, lac_error *err) {
    if (!options || options->bytes < sizeof *options)
        return lac_usage(err, "lac_train_options.bytes: expected at least %zu, found %zu", sizeof *options,
                         options ? options->bytes : 0);
    if (!options->recipe || !options->data || !options->out)
        return lac_usage(err, "lac_train_options: recipe, data and out must be given");
    if (options->steps < 0 || options->budget_s < 0 || options->threads < 0 || options->loaders < 0)
        return lac_usage(err, "lac_train_options: steps, budget_s, threads and loaders must not be negative");
    if (options->n_sets > 4096) return lac_usage(err, "lac_train_options.n_sets: expected at most 4096");
    observer o = {.options = options};
    lac_pretrain_result result = {0};
    const lac_pretrain_options inner = {.recipe = options->recipe,
                                        .data = options->data,
                                        .out = options->out,
                                        .sets = options->sets,
                                        .n_sets = (int)options->n_sets,
                                        .seed = options->seed,
                                        .steps = options->steps,
                                        .budget_s = options->budget_s,
                                        .threads = options->threads,
                                        .loaders = options->loaders,
                                        .context = &o,
                                        .stop = is_stopped,
                                        .progress = show,
                                        .result = &result};
    lac_status status = lac_pretrain(&inner, err);
    options->done = result.step;
    return status;
}

int lac_train(lac_train_options *options, lac_message *message) {
    lac_error err = {0};
    return lac_api_result(train(options, &err), &err, message);
}
