/* train/trainer.c - one training step: micro-batches through a step program, gradients added, one update (trainer.h).
 * Not here: where batches come from (data/loader.h), when to log, save and stop (pretrain.c). */
#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

enum { KEPT_MAX = 192 << 20 }; /* bytes for weights packed once a step instead of once a micro-batch */

struct lac_trainer {
    lac_method *method;
    const lac_backend *backend;
    lac_pool *pool;
    lac_step *step;
    lac_optimizer *optimizer;
    int64_t batch, accumulate, micro_batch;
    uint64_t seed;
    int64_t total;                       /* steps of the run; 0: not known yet */
    int64_t view_values[LAC_MOST_VIEWS]; /* floats of one picture, by view */
    lac_view loss, features;             /* features.data NULL: the method has none */
    int n_terms;
    char term_name[LAC_MOST_TERMS][64];
    lac_view term[LAC_MOST_TERMS];
    lac_trainer_times spent;
};

static bool is_known(const lac_trainer *t, const char *term) {
    for (int i = 0; i < t->n_terms; i++)
        if (strcmp(t->term_name[i], term) == 0) return true;
    return false;
}

static lac_status open_outputs(lac_trainer *t, lac_error *err) {
    lac_program *program = lac_step_program(t->step);
    for (int v = 0; v < lac_method_views(t->method); v++) {
        char input[24];
        lac_view pictures;
        snprintf(input, sizeof input, "view/%d", v);
        LAC_TRY(lac_program_input(program, input, &pictures, err));
        t->view_values[v] = lac_view_size(&pictures) / t->micro_batch;
    }
    LAC_TRY(lac_program_output(program, "loss", &t->loss, err));
    if (lac_program_output(program, "features", &t->features, NULL) != LAC_OK) t->features = (lac_view){0};
    const lac_recipe *recipe = lac_method_recipe(t->method);
    for (int i = 0; i < lac_recipe_objectives(recipe) && t->n_terms < LAC_MOST_TERMS; i++) {
        char section[32], output[80], *name = t->term_name[t->n_terms];
        snprintf(section, sizeof section, "objective.%d", i);
        for (int is_numbered = 0; is_numbered < 2; is_numbered++) { /* a second term of one kind has its place added */
            snprintf(name, sizeof t->term_name[0], "%.40s", lac_recipe_section(recipe, section)->slot);
            if (is_numbered) snprintf(name + strlen(name), 16, ".%d", i);
            snprintf(output, sizeof output, "term/%s", name);
            if (is_known(t, name) || lac_program_output(program, output, &t->term[t->n_terms], NULL) != LAC_OK)
                continue;
            t->n_terms++;
            break;
        }
    }
    return LAC_OK;
}

static lac_optimizer_options options_of(const lac_recipe *r) {
    double betas[8] = {0};
    lac_recipe_list(r, "optim.betas", betas, 8);
    return (lac_optimizer_options){.beta1 = betas[0],
                                   .beta2 = betas[1],
                                   .eps = lac_recipe_real(r, "optim.eps"),
                                   .weight_decay = lac_recipe_real(r, "optim.weight_decay"),
                                   .clip = lac_recipe_real(r, "optim.clip"),
                                   .ema = lac_recipe_real(r, "optim.ema")};
}

lac_status lac_trainer_new(lac_method *method, const lac_backend *backend, lac_pool *pool, lac_trainer **out,
                           lac_error *err) {
    *out = NULL;
    const lac_recipe *recipe = lac_method_recipe(method);
    lac_trainer *t = lac_array(1, sizeof *t);
    if (!t) return lac_no_memory(err, "the trainer");
    *t = (lac_trainer){.method = method, .backend = backend, .pool = pool};
    t->batch = lac_recipe_int(recipe, "train.batch");
    t->accumulate = lac_recipe_int(recipe, "train.accumulate");
    t->seed = (uint64_t)lac_recipe_int(recipe, "train.seed");
    t->micro_batch = lac_method_is_per_sample(method) ? lac_method_micro_batch(method, t->batch) : t->batch;
    if (t->micro_batch < 1 || t->batch % t->micro_batch != 0) t->micro_batch = t->batch;
    unsigned flags = LAC_STEP_TRAIN | LAC_STEP_DROP_PATH | (lac_method_recomputes(method) ? LAC_STEP_RECOMPUTE : 0u);
    lac_store *store = lac_method_store(method);
    lac_optimizer_options options = options_of(recipe);
    lac_status status = lac_store_need_gradients(store, err);
    if (status == LAC_OK) status = lac_optimizer_new(store, &options, &t->optimizer, err);
    if (status == LAC_OK) status = lac_step_new(method, backend, pool, t->micro_batch, flags, &t->step, err);
    if (status == LAC_OK && t->micro_batch < t->batch * t->accumulate)
        status = lac_program_keep(lac_step_program(t->step), KEPT_MAX, err);
    if (status == LAC_OK) status = open_outputs(t, err);
    if (status != LAC_OK) {
        lac_trainer_free(t);
        return status;
    }
    *out = t;
    return LAC_OK;
}

void lac_trainer_free(lac_trainer *t) {
    if (!t) return;
    lac_step_free(t->step);
    lac_optimizer_free(t->optimizer);
    lac_free(t);
}

void lac_trainer_initialize(lac_trainer *t) {
    lac_store_initialize(lac_method_store(t->method), t->seed);
    lac_optimizer_reset(t->optimizer);
}

static double scalar(const lac_view *v) {
    return v->dtype == LAC_F64 ? *(const double *)v->data : (double)*(const float *)v->data;
}

/* A batch without further views (a benchmark's) shows the first again. */
static lac_status bind_views(const lac_trainer *t, lac_program *program, const lac_batch *batch, int64_t at,
                             lac_error *err) {
    for (int v = 0; v < lac_method_views(t->method); v++) {
        char name[24];
        snprintf(name, sizeof name, "view/%d", v);
        const float *pictures = batch->views[v] ? batch->views[v] : batch->pictures;
        LAC_TRY(lac_program_bind(program, name, (void *)(uintptr_t)(pictures + at * t->view_values[v]), err));
    }
    return LAC_OK;
}

/* `first`: place in the global batch of this batch's first picture. */
static lac_status run_batch(lac_trainer *t, const lac_batch *batch, int64_t step, int64_t first, lac_collapse *features,
                            lac_step_result *result, lac_error *err) {
    lac_program *program = lac_step_program(t->step);
    double began = lac_clock_s();
    lac_step_plan(t->step, t->seed, batch->epoch, batch->sample, t->batch);
    t->spent.inputs_s += lac_clock_s() - began;
    for (int64_t at = 0; at < t->batch; at += t->micro_batch) {
        double before = lac_clock_s();
        LAC_TRY(bind_views(t, program, batch, at, err));
        LAC_TRY(lac_step_draw(t->step, t->seed, batch->epoch + at, batch->sample + at, t->batch * t->accumulate, err));
        lac_program_draw(program, t->seed, (uint64_t)step, (uint64_t)(first + at));
        t->spent.inputs_s += lac_clock_s() - before;
        if (first + at == 0)
            lac_program_run_anew(program);
        else
            lac_program_run_again(program);
        lac_step_gather(t->step);
        result->loss += scalar(&t->loss);
        for (int i = 0; i < t->n_terms; i++)
            result->term[i] += scalar(&t->term[i]);
        if (features && t->features.data) {
            int64_t prefix = lac_method_describe(t->method).n_prefix;
            lac_collapse_add(features, t->features.data, t->features.dim[0], t->features.dim[1], prefix);
        }
    }
    return LAC_OK;
}

void lac_trainer_plan(lac_trainer *t, int64_t total) {
    t->total = total;
}

/* Everything that follows a schedule, at this step. */
static void follow_schedules(lac_trainer *t, int64_t step) {
    const lac_settings *optim = lac_recipe_section(lac_method_recipe(t->method), "optim");
    double share = t->total > 0 ? (double)step / (double)t->total : 0;
    lac_method_at(t->method, share);
    for (int i = 0; i < lac_store_count(lac_method_store(t->method)); i++)
        lac_optimizer_hold(t->optimizer, i, lac_method_holds(t->method, i, share));
    lac_optimizer_set(t->optimizer, lac_setting_at(lac_settings_get(optim, "weight_decay"), share),
                      lac_setting_at(lac_settings_get(optim, "clip"), share));
}

lac_status lac_trainer_step(lac_trainer *t, lac_feed feed, void *context, int64_t step, double lr,
                            lac_collapse *features, lac_step_result *result, lac_error *err) {
    *result = (lac_step_result){.n_terms = t->n_terms};
    follow_schedules(t, step);
    lac_step_clear(t->step);
    if (features) lac_collapse_clear(features);
    for (int64_t i = 0; i < t->accumulate; i++) {
        const lac_batch *batch;
        LAC_TRY(feed(context, &batch, err));
        LAC_TRY(run_batch(t, batch, step, i * t->batch, features, result, err));
    }
    if (!isfinite(result->loss)) {
        result->grad_norm = NAN;
        return LAC_OK;
    }
    double before = lac_clock_s();
    lac_optimizer_step(t->optimizer, t->backend, t->pool, lr, &result->grad_norm);
    result->n_figures = lac_step_figures(t->step, result->figure_name, result->figure);
    if (isfinite(result->grad_norm)) {
        lac_method_step_teacher(t->method, t->backend, t->pool);
        lac_step_learn(t->step, t->seed, step);
    }
    t->spent.update_s += lac_clock_s() - before;
    result->is_finite = isfinite(result->grad_norm);
    return LAC_OK;
}

lac_trainer_times lac_trainer_spent(const lac_trainer *t) {
    return t->spent;
}

int64_t lac_trainer_batch(const lac_trainer *t) {
    return t->batch;
}

int64_t lac_trainer_global_batch(const lac_trainer *t) {
    return t->batch * t->accumulate;
}

int64_t lac_trainer_micro_batch(const lac_trainer *t) {
    return t->micro_batch;
}

uint64_t lac_trainer_seed(const lac_trainer *t) {
    return t->seed;
}

lac_store *lac_trainer_store(const lac_trainer *t) {
    return lac_method_store(t->method);
}

lac_optimizer *lac_trainer_optimizer(const lac_trainer *t) {
    return t->optimizer;
}

lac_program *lac_trainer_program(const lac_trainer *t) {
    return lac_step_program(t->step);
}

int lac_trainer_terms(const lac_trainer *t, const char *names[LAC_MOST_TERMS]) {
    for (int i = 0; i < t->n_terms; i++)
        names[i] = t->term_name[i];
    return t->n_terms;
}

int64_t lac_trainer_feature_width(const lac_trainer *t) {
    return t->features.data && t->features.rank == 3 && t->features.dtype == LAC_F32 ? t->features.dim[2] : 0;
}

double lac_trainer_peak_lr(const lac_trainer *t) {
    const lac_recipe *r = lac_method_recipe(t->method);
    double per = lac_recipe_real(r, "optim.per"), lr = lac_recipe_real(r, "optim.lr");
    return per > 0 ? lr * (double)lac_trainer_global_batch(t) / per : lr;
}

double lac_trainer_lr(const lac_trainer *t, int64_t total, int64_t step) {
    const lac_recipe *r = lac_method_recipe(t->method);
    double warmup = lac_recipe_real(r, "optim.warmup");
    if (warmup < 1) warmup *= (double)total;
    return lac_schedule_lr(lac_trainer_peak_lr(t), lac_recipe_real(r, "optim.min_lr"), llround(warmup), total, step);
}
