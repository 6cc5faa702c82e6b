/* train/choose_measure.c - what lac_choose is told: the pictures there are, and how long a picture takes to train on,
 * by some steps of a candidate's real training step on made-up pictures and some batches of the real loader. */
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "data/survey.h"
#include "train/bench.h"
#include "train/choose.h"

enum { LOOKED_AT = 200, WARM_STEPS = 1 };

typedef struct measuring {
    const lac_source *source;
    const lac_backend *backend;
    lac_pool *pool;
    int n_loaders;
    double seconds; /* for one measurement */
    bool (*stop)(void *);
    void *stop_context;
} measuring;

typedef struct made_up {
    lac_batch batch;
    float *pictures;
    int64_t *numbers; /* sample, epoch, serial of each */
    int *label;
} made_up;

static lac_status make_up(made_up *m, int64_t n, int64_t values, lac_error *err) {
    m->pictures = lac_array((size_t)n, (size_t)values * sizeof *m->pictures);
    m->numbers = lac_array((size_t)n, 3 * sizeof *m->numbers);
    m->label = lac_array((size_t)n, sizeof *m->label);
    if (!m->pictures || !m->numbers || !m->label) return lac_no_memory(err, "made-up pictures");
    lac_random r = lac_random_at(0, LAC_RANDOM_TEST, 0, 0, 0);
    for (int64_t i = 0; i < n * values; i++)
        m->pictures[i] = lac_random_uniform_f32(&r) - 0.5f;
    for (int64_t i = 0; i < n; i++)
        m->numbers[i] = m->numbers[2 * n + i] = i;
    m->batch = (lac_batch){.n = n,
                           .pictures = m->pictures,
                           .views = {m->pictures},
                           .sample = m->numbers,
                           .epoch = m->numbers + n,
                           .serial = m->numbers + 2 * n,
                           .label = m->label};
    return LAC_OK;
}

static lac_status feed(void *context, const lac_batch **batch, lac_error *err) {
    (void)err;
    *batch = &((made_up *)context)->batch;
    return LAC_OK;
}

/* Seconds a picture, of the step alone: at least one timed step after a warm one. */
static lac_status time_steps(const measuring *m, lac_method *method, double *seconds, lac_error *err) {
    const lac_method_sizes size = lac_method_describe(method);
    lac_trainer *trainer = NULL;
    made_up pictures = {0};
    lac_step_result result;
    int64_t step = 0, values = size.channels;
    double began = 0;
    for (int a = 0; a < size.n_axes; a++)
        values *= size.picture[a];
    LAC_TRY(lac_trainer_new(method, m->backend, m->pool, &trainer, err));
    lac_trainer_initialize(trainer);
    lac_status status = make_up(&pictures, lac_trainer_batch(trainer), values, err);
    for (; status == LAC_OK; step++) {
        if (step == WARM_STEPS) began = lac_clock_s();
        if (step > WARM_STEPS && lac_clock_s() - began >= m->seconds) break;
        if (m->stop && m->stop(m->stop_context)) {
            status = lac_fail(err, "stopped before the first step; nothing was saved");
            break;
        }
        status = lac_trainer_step(trainer, feed, &pictures, step, 1e-4, NULL, &result, err);
    }
    *seconds = (lac_clock_s() - began) / (double)((step - WARM_STEPS) * lac_trainer_global_batch(trainer));
    lac_free(pictures.pictures);
    lac_free(pictures.numbers);
    lac_free(pictures.label);
    lac_trainer_free(trainer);
    return status;
}

/* The step and what decoding takes from the same processors: nothing of it can be had twice. */
static lac_status speed(void *context, const char *yaml, double *seconds, lac_error *err) {
    const measuring *m = context;
    lac_recipe *recipe = NULL;
    lac_method *method = NULL;
    lac_loader_speed load = {0};
    LAC_TRY(lac_recipe_read_text("chosen", yaml, &recipe, err));
    /* any numbers: those of the pictures are measured once the size is chosen */
    lac_status status = lac_recipe_set(recipe, "picture.mean", "0.5", err);
    if (status == LAC_OK) status = lac_recipe_set(recipe, "picture.std", "0.25", err);
    if (status == LAC_OK) status = lac_method_new(recipe, LAC_F32, &method, err);
    if (status == LAC_OK) status = time_steps(m, method, seconds, err);
    if (status == LAC_OK) status = lac_bench_loader(method, m->source, m->n_loaders, m->seconds / 2, &load, err);
    if (status == LAC_OK) *seconds += load.processor_s / lac_pool_size(m->pool);
    lac_method_free(method);
    lac_recipe_free(recipe);
    return status;
}

lac_status lac_choose_here(const lac_source *source, const lac_backend *backend, lac_pool *pool, int n_loaders,
                           double budget_s, bool (*stop)(void *), void *stop_context, lac_text *yaml, lac_text *why,
                           lac_error *err) {
    lac_survey survey;
    LAC_TRY(lac_survey_take(source, LOOKED_AT, &survey, err));
    lac_choose_facts facts = {.is_grey = survey.n_rgb == 0, .n_pictures = lac_source_count(source)};
    facts.side = survey.median_width < survey.median_height ? survey.median_width : survey.median_height;
    lac_survey_free(&survey);
    if (facts.side < 1) return lac_fail(err, "%s: no readable picture", lac_source_spec(source));
    measuring m = {.source = source,
                   .backend = backend,
                   .pool = pool,
                   .n_loaders = n_loaders,
                   .seconds = fmin(fmax(budget_s / 200, 0.02), 1),
                   .stop = stop,
                   .stop_context = stop_context};
    return lac_choose(&facts, budget_s, speed, &m, yaml, why, err);
}
