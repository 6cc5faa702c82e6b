/* eval/codes.c - a tokenizer's step without backward over a source, batch by batch; a last short batch is left out. */
#include "eval/codes.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "data/loader.h"

enum { BATCH = 32 };

typedef struct counting {
    lac_method *method;
    lac_step *step;
    lac_view view, prediction, target, codes;
    int64_t n_codes, *counts;
    double squares, n_values;
    int64_t pictures;
} counting;

static lac_status open(counting *c, const lac_backend *backend, lac_pool *pool, int64_t batch, lac_error *err) {
    c->n_codes = lac_method_codes(c->method);
    if (c->n_codes == 0)
        return lac_usage(err, "recipe %s has no quantizer: it gives no codes",
                         lac_recipe_name(lac_method_recipe(c->method)));
    LAC_TRY(lac_step_new(c->method, backend, pool, batch, 0, &c->step, err));
    const lac_program *program = lac_step_program(c->step);
    LAC_TRY(lac_program_input(program, "view/0", &c->view, err));
    LAC_TRY(lac_program_output(program, "prediction", &c->prediction, err));
    LAC_TRY(lac_program_output(program, "target", &c->target, err));
    LAC_TRY(lac_program_output(program, "codes", &c->codes, err));
    c->counts = lac_array((size_t)c->n_codes, sizeof *c->counts);
    return c->counts ? LAC_OK : lac_no_memory(err, "counts of codes");
}

static lac_status look(counting *c, const lac_batch *batch, lac_error *err) {
    memcpy(c->view.data, batch->pictures, (size_t)lac_view_size(&c->view) * sizeof(float));
    LAC_TRY(lac_step_draw(c->step, 0, batch->epoch, batch->sample, batch->n, err));
    lac_program_run(lac_step_program(c->step));
    const float *y = c->prediction.data, *t = c->target.data;
    const int32_t *ids = c->codes.data;
    for (int64_t i = 0; i < lac_view_size(&c->prediction); i++)
        c->squares += ((double)y[i] - (double)t[i]) * ((double)y[i] - (double)t[i]);
    for (int64_t i = 0; i < lac_view_size(&c->codes); i++)
        c->counts[ids[i]]++;
    c->n_values += (double)lac_view_size(&c->prediction);
    c->pictures += batch->n;
    return LAC_OK;
}

static lac_status look_at_all(counting *c, lac_loader *loader, int64_t size, int64_t limit, lac_error *err) {
    const lac_batch *batch;
    while (c->pictures + size <= limit) {
        LAC_TRY(lac_loader_next(loader, &batch, err));
        if (!batch || batch->n < size) break;
        LAC_TRY(look(c, batch, err));
    }
    return c->pictures > 0 ? LAC_OK : lac_fail(err, "no picture could be read");
}

static void sum_up(const counting *c, lac_code_figures *f) {
    double total = 0, entropy = 0;
    *f = (lac_code_figures){.pictures = c->pictures, .codes = c->n_codes, .error = c->squares / c->n_values};
    for (int64_t k = 0; k < c->n_codes; k++)
        total += (double)c->counts[k];
    for (int64_t k = 0; k < c->n_codes; k++) {
        if (c->counts[k] == 0) continue;
        double p = (double)c->counts[k] / total;
        entropy -= p * log(p);
        f->used++;
    }
    f->perplexity = exp(entropy);
}

lac_status lac_measure_codes(lac_method *method, const lac_backend *backend, lac_pool *pool, const lac_source *source,
                             int n_threads, int64_t limit, lac_code_figures *figures, lac_error *err) {
    counting c = {.method = method};
    int64_t count = lac_source_count(source), size = count < BATCH ? 1 : BATCH;
    lac_augment train = lac_method_augment(method), augment = lac_augment_for_eval(&train);
    lac_loader_options options = {.batch = size, .n_threads = n_threads, .is_ordered = true};
    lac_loader *loader = NULL;
    lac_status status = open(&c, backend, pool, size, err);
    if (status == LAC_OK) status = lac_loader_new(source, &augment, &options, &loader, err);
    if (status == LAC_OK) status = look_at_all(&c, loader, size, limit < count ? limit : count, err);
    if (status == LAC_OK) sum_up(&c, figures);
    lac_loader_free(loader);
    lac_step_free(c.step);
    lac_free(c.counts);
    return status;
}
