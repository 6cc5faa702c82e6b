/* eval/tune.c - the loop of tune.h: loader, erasing, mixing, parts of a batch through one program, AdamW. */
#include "eval/tune.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "data/loader.h"
#include "eval/features.h"
#include "eval/split.h"
#include "train/optimizer.h"

enum { STANDARD_EPOCHS = 20, STANDARD_BATCH = 128, LEAST_BATCH = 16, TEST_BATCH = 64 };
static const double part_bytes = 96e6; /* as for a training step (docs/method.md) */

typedef struct tuner {
    lac_method *method;
    const lac_classifier *c;
    const lac_tune_options *o;
    lac_pool *pool;
    lac_augment augment;
    int64_t batch, part, steps_an_epoch, total;
    int64_t values; /* of a picture */
    lac_optimizer *optimizer;
    lac_program *program;
    lac_loader *loader;
    lac_view target, weight, norm, loss;
    float *erased, *mixed, *targets; /* batch x values twice, batch x K */
    const lac_batch *in;
    lac_mix mix;
    int64_t step;
} tuner;

/* The largest divisor of the batch whose activations, about 16 D a token and block, stay small. */
static int64_t choose_part(const lac_method *method, int64_t batch) {
    lac_method_sizes s = lac_method_describe(method);
    double bytes = 4.0 * (double)((s.n_prefix + s.n_patches) * s.depth * s.width) * 16;
    int64_t best = 1;
    for (int64_t size = 1; size <= batch; size++)
        if (batch % size == 0 && (double)size * bytes <= part_bytes) best = size;
    return best;
}

int64_t lac_tune_batch(const lac_tune_options *o, int64_t n) {
    int64_t batch = o->batch;
    if (batch <= 0) {
        batch = STANDARD_BATCH;
        while (batch > LEAST_BATCH && batch > n / 8)
            batch /= 2;
    }
    return batch < n ? batch : n;
}

double lac_tune_rate(const lac_tune_options *o, int64_t width) {
    return o->lr > 0 ? o->lr : 4e-3 * 96 / (double)width;
}

/* Rates by layer: decay^(L + 1 - layer), so the head has the whole. */
static lac_status set_rates(tuner *t, lac_error *err) {
    lac_store *store = lac_method_store(t->method);
    int n = lac_store_count(store), top = (int)lac_method_describe(t->method).depth + 1;
    int *layer = lac_array((size_t)n, sizeof *layer);
    lac_status status = layer ? lac_classifier_layers(t->method, t->c, layer, err) : lac_no_memory(err, "layers");
    for (int i = 0; i < n && status == LAC_OK; i++)
        lac_optimizer_scale(t->optimizer, i, layer[i] < 0 ? 0 : pow(t->o->layer_decay, top - layer[i]));
    lac_free(layer);
    return status;
}

static lac_status open_program(tuner *t, const lac_backend *backend, lac_error *err) {
    LAC_TRY(lac_classifier_program(t->method, t->c, backend, t->pool, t->part, LAC_STEP_TRAIN | LAC_STEP_DROP_PATH,
                                   &t->program, err));
    LAC_TRY(lac_program_input(t->program, "target", &t->target, err));
    LAC_TRY(lac_program_input(t->program, "weight", &t->weight, err));
    LAC_TRY(lac_program_input(t->program, "norm", &t->norm, err));
    LAC_TRY(lac_program_output(t->program, "loss", &t->loss, err));
    for (int64_t i = 0; i < t->part; i++)
        ((float *)t->weight.data)[i] = 1;
    *(float *)t->norm.data = 1 / (float)t->batch;
    lac_optimizer_options o = {
        .beta1 = .9, .beta2 = .999, .eps = 1e-8, .weight_decay = t->o->weight_decay}; /* MAE's fine-tuning */
    LAC_TRY(lac_optimizer_new(lac_method_store(t->method), &o, &t->optimizer, err));
    return set_rates(t, err);
}

static lac_status open_all(tuner *t, const lac_backend *backend, const lac_source *train, lac_error *err) {
    const int64_t n = lac_source_count(train);
    const lac_augment training = lac_method_augment(t->method);
    t->augment = lac_augment_one_view(&training);
    t->values = (int64_t)t->augment.channels * t->augment.height * t->augment.width;
    t->batch = lac_tune_batch(t->o, n);
    t->part = choose_part(t->method, t->batch);
    t->steps_an_epoch = n / t->batch;
    t->total = t->steps_an_epoch * (t->o->epochs > 0 ? t->o->epochs : STANDARD_EPOCHS);
    t->erased = lac_array((size_t)t->batch, (size_t)t->values * sizeof(float));
    t->mixed = lac_array((size_t)t->batch, (size_t)t->values * sizeof(float));
    t->targets = lac_array((size_t)t->batch, (size_t)t->c->classes * sizeof(float));
    if (!t->erased || !t->mixed || !t->targets) return lac_no_memory(err, "a batch of labelled pictures");
    LAC_TRY(open_program(t, backend, err));
    lac_loader_options o = {
        .batch = t->batch, .seed = t->o->seed, .n_threads = t->o->n_loaders > 0 ? t->o->n_loaders : 1};
    return lac_loader_new(train, &t->augment, &o, &t->loader, err);
}

/* Task: picture i of the batch. */
static void erase(void *context, size_t i, int worker) {
    (void)worker;
    const tuner *t = context;
    float *to = t->erased + (int64_t)i * t->values;
    memcpy(to, t->in->pictures + (int64_t)i * t->values, (size_t)t->values * sizeof *to);
    lac_random r =
        lac_random_at(t->o->seed, LAC_RANDOM_EVAL, LAC_EVAL_DRAW_ERASE, (uint64_t)(t->step * t->batch) + i, 0);
    lac_mix_erase(t->o->mix.erasing, t->augment.channels, t->augment.height, t->augment.width, &r, to);
}

static void mix(void *context, size_t i, int worker) {
    (void)worker;
    const tuner *t = context;
    lac_mix_picture(&t->mix, t->batch, (int64_t)i, t->augment.channels, t->augment.height, t->augment.width, t->erased,
                    t->mixed);
}

static lac_status take_step(tuner *t, const lac_backend *backend, double lr, double *loss, lac_error *err) {
    LAC_TRY(lac_loader_next(t->loader, &t->in, err));
    lac_random r = lac_random_at(t->o->seed, LAC_RANDOM_EVAL, LAC_EVAL_DRAW_MIX, (uint64_t)t->step, 0);
    t->mix = lac_mix_draw(&t->o->mix, t->augment.height, t->augment.width, &r);
    lac_parallel(t->pool, (size_t)t->batch, erase, t);
    lac_parallel(t->pool, (size_t)t->batch, mix, t);
    lac_mix_targets(&t->mix, t->batch, t->c->classes, t->o->mix.smoothing, t->in->label, t->targets);
    lac_store_zero_gradients(lac_method_store(t->method));
    *loss = 0;
    for (int64_t at = 0; at < t->batch; at += t->part) {
        LAC_TRY(lac_program_bind(t->program, "view/0", t->mixed + at * t->values, err));
        memcpy(t->target.data, t->targets + at * t->c->classes, (size_t)(t->part * t->c->classes) * sizeof *t->targets);
        lac_program_draw(t->program, t->o->seed, (uint64_t)t->step, (uint64_t)at);
        lac_program_run(t->program);
        *loss += (double)*(const float *)t->loss.data;
    }
    double norm;
    lac_optimizer_step(t->optimizer, backend, t->pool, lr, &norm);
    if (!isfinite(*loss) || !isfinite(norm))
        return lac_fail(err, "training on labels: step %" PRId64 ": the %s is not finite", t->step + 1,
                        isfinite(*loss) ? "gradient's norm" : "loss");
    return LAC_OK;
}

static lac_status fit(tuner *t, const lac_backend *backend, double *loss, lac_error *err) {
    double rate = lac_tune_rate(t->o, lac_method_describe(t->method).width), sum = 0;
    double peak = rate * (double)t->batch / 256;
    double share = t->o->warmup < 0 ? .05 : t->o->warmup;
    int64_t warmup = llround(share * (double)t->total);
    for (t->step = 0; t->step < t->total; t->step++) {
        double one, lr = lac_schedule_lr(peak, peak / 1000, warmup, t->total, t->step);
        LAC_TRY(take_step(t, backend, lr, &one, err));
        if (t->step >= t->total - t->steps_an_epoch) sum += one;
        if (t->o->on_progress) t->o->on_progress(t->o->context, t->step + 1, t->total);
    }
    *loss = sum / (double)t->steps_an_epoch;
    return LAC_OK;
}

lac_status lac_tune_fit(lac_method *method, const lac_classifier *c, const lac_backend *backend, lac_pool *pool,
                        const lac_source *train, const lac_tune_options *options, double *loss, lac_error *err) {
    tuner t = {.method = method, .c = c, .o = options, .pool = pool};
    lac_status status = open_all(&t, backend, train, err);
    if (status == LAC_OK) status = fit(&t, backend, loss, err);
    lac_loader_free(t.loader);
    lac_program_free(t.program);
    lac_optimizer_free(t.optimizer);
    lac_free(t.erased);
    lac_free(t.mixed);
    lac_free(t.targets);
    return status;
}

/* ---- testing ---- */

static int highest(const float *row, int n) {
    int best = 0;
    for (int k = 1; k < n; k++)
        if (row[k] > row[best]) best = k;
    return best;
}

static lac_status count_right(lac_extractor *e, lac_program *program, int classes, double *accuracy, int64_t *n,
                              lac_error *err) {
    lac_view view, logits;
    LAC_TRY(lac_program_input(program, "view/0", &view, err));
    LAC_TRY(lac_program_output(program, "logits", &logits, err));
    memset(view.data, 0, (size_t)lac_view_size(&view) * sizeof(float));
    const size_t picture = (size_t)lac_extractor_picture_values(e);
    int64_t right = 0;
    *n = 0;
    for (;;) {
        lac_feature_rows rows;
        LAC_TRY(lac_extractor_next(e, &rows, err));
        if (rows.n == 0) break;
        memcpy(view.data, rows.pictures, (size_t)rows.n * picture * sizeof(float));
        lac_program_run(program);
        for (int64_t i = 0; i < rows.n; i++)
            right += highest((const float *)logits.data + i * classes, classes) == rows.label[i];
        *n += rows.n;
    }
    if (*n == 0) return lac_fail(err, "no picture could be read");
    *accuracy = 100 * (double)right / (double)*n;
    return LAC_OK;
}

lac_status lac_tune_test(lac_method *method, const lac_classifier *c, const lac_backend *backend, lac_pool *pool,
                         const lac_source *test, int n_loaders, double *accuracy, int64_t *n, lac_error *err) {
    const int64_t count = lac_source_count(test), batch = count < TEST_BATCH ? count : TEST_BATCH;
    lac_program *program = NULL;
    lac_extractor *e = NULL;
    lac_extractor_options o = {.batch = batch, .n_loaders = n_loaders, .is_raw = true};
    LAC_TRY(lac_classifier_program(method, c, backend, pool, batch, 0, &program, err));
    lac_status status = lac_extractor_new(method, backend, pool, test, &o, &e, err);
    if (status == LAC_OK) status = count_right(e, program, c->classes, accuracy, n, err);
    lac_extractor_free(e);
    lac_program_free(program);
    return status;
}
