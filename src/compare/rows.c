/* compare/rows.c - from runs' folders to numbers: a run's from its log, probes and the analysis; a method's as mean and
 * deviation over its whole runs, in the order of seeds. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "compare/private.h"
#include "method/method.h"

const char *const lac_compare_keys[LAC_COMPARE_COLUMNS] = {
    "knn",
    "knn_untrained",
    "knn_raw",
    "linear",
    "linear_untrained",
    "linear_raw",
    "few_labels",
    "few_labels_untrained",
    "few_labels_raw",
    "loss",
    "spread",
    "mean_cosine",
    "rank",
    "time_train_s",
    "time_images_per_s",
    "time_evaluation_s",
};

/* Mean over the last tenth of the log: one batch says little. */
static double late(const lac_report_run *run, const char *name) {
    const double *value = lac_report_find_column(run, name);
    if (!value || run->n_log == 0) return NAN;
    int64_t n = run->n_log / 10 > 0 ? run->n_log / 10 : 1;
    double sum = 0;
    for (int64_t i = run->n_log - n; i < run->n_log; i++)
        sum += value[i];
    return sum / (double)n;
}

/* Each step is in the log once, with the rate of the part that ends there, however often the run was interrupted. */
static double train_seconds(const lac_report_run *run, int64_t batch) {
    const double *rate = lac_report_find_column(run, "images_per_s");
    double seconds = 0, last = 0;
    if (!rate) return NAN;
    for (int64_t i = 0; i < run->n_log; i++) {
        if (rate[i] > 0) seconds += (run->step[i] - last) * (double)batch / rate[i];
        last = run->step[i];
    }
    return seconds;
}

static double rank_of(const json_t *analysis, const char *name) {
    const json_t *one;
    size_t k;
    json_array_foreach(json_object_get(analysis, "runs"), k, one) {
        const char *found = json_string_value(json_object_get(one, "name"));
        const json_t *layers = json_object_get(one, "layers");
        size_t n = json_array_size(layers);
        if (!found || strcmp(found, name) != 0 || n == 0) continue;
        const json_t *rank = json_object_get(json_array_get(layers, n - 1), "effective_rank");
        return json_is_number(rank) ? json_number_value(rank) : NAN;
    }
    return NAN;
}

static lac_status read_cost(const char *path, double *seconds, lac_error *err) {
    char *file = lac_run_path(path, "cost.json");
    json_t *cost = NULL;
    lac_status status = file ? lac_report_json(file, &cost, err) : lac_no_memory(err, "a path");
    const json_t *value = json_object_get(cost, "evaluation_s");
    *seconds = json_is_number(value) ? json_number_value(value) : NAN;
    json_decref(cost);
    lac_free(file);
    return status;
}

static void take_probes(const lac_report_run *run, int64_t labels, double *value) {
    static const struct {
        lac_report_protocol protocol;
        bool is_few;
    } of[] = {{LAC_REPORT_KNN, false}, {LAC_REPORT_LINEAR, false}, {LAC_REPORT_LINEAR, true}};
    static const char *const rows[] = {"trained", "untrained", "raw"};
    for (int p = 0; p < 3; p++)
        for (int r = 0; r < 3; r++)
            value[LAC_COMPARE_KNN + 3 * p + r] =
                lac_report_accuracy(run, of[p].protocol, of[p].is_few ? labels : 0, rows[r]);
}

/* *view: how the run's network sees pictures, lac_alloc'ed. */
static lac_status read_run(const lac_work *w, lac_compare_run *r, const json_t *analysis, char **view, lac_error *err) {
    for (int c = 0; c < LAC_COMPARE_COLUMNS; c++)
        r->value[c] = NAN;
    r->alarm = -1;
    if (!r->is_whole) return LAC_OK;
    char *path = lac_work_path(w, r->folder);
    lac_report_run run = {0};
    lac_status status = path ? lac_report_read(path, &run, err) : lac_no_memory(err, "a path");
    if (status == LAC_OK) {
        int64_t batch = lac_recipe_int(run.recipe, "train.batch") * lac_recipe_int(run.recipe, "train.accumulate");
        take_probes(&run, w->o->labels, r->value);
        r->value[LAC_COMPARE_LOSS] = late(&run, "loss");
        r->value[LAC_COMPARE_SPREAD] = late(&run, "feature_std") * sqrt((double)run.width);
        r->value[LAC_COMPARE_COSINE] = late(&run, "mean_cosine");
        r->value[LAC_COMPARE_RANK] = rank_of(analysis, r->folder);
        double seconds = train_seconds(&run, batch);
        r->value[LAC_COMPARE_TRAIN_S] = seconds;
        r->value[LAC_COMPARE_IMAGES_PER_S] = seconds > 0 ? (double)(run.card.total_steps * batch) / seconds : NAN;
        int64_t line = lac_report_alarm(&run);
        if (line >= 0) r->alarm = (int64_t)run.step[line];
        status = read_cost(path, &r->value[LAC_COMPARE_EVALUATION_S], err);
        lac_text seen = {0};
        lac_work_describe_view(run.recipe, &seen);
        *view = seen.data;
        if (seen.failed && status == LAC_OK) status = lac_no_memory(err, "a comparison");
    }
    lac_report_run_free(&run);
    lac_free(path);
    return status;
}

/* The control of raw pixels is measured once for all runs that see pictures alike: give it to the others. */
static void share_raw(lac_comparison *c, char *const *views) {
    static const lac_compare_column raw[] = {LAC_COMPARE_KNN_RAW, LAC_COMPARE_LINEAR_RAW, LAC_COMPARE_FEW_RAW};
    for (int a = 0; a < c->n_methods * c->n_seeds; a++) {
        lac_compare_run *to = &c->methods[a / c->n_seeds].runs[a % c->n_seeds];
        for (int b = 0; b < c->n_methods * c->n_seeds && to->is_whole; b++) {
            const lac_compare_run *from = &c->methods[b / c->n_seeds].runs[b % c->n_seeds];
            if (!from->is_whole || isnan(from->value[raw[0]]) || !isnan(to->value[raw[0]]) ||
                strcmp(views[a], views[b]) != 0)
                continue;
            for (int k = 0; k < 3; k++)
                to->value[raw[k]] = from->value[raw[k]];
        }
    }
}

/* Around the first value, so that equal ones have deviation 0 exactly. Raw pixels know no seeds. */
static void summarize(lac_compare_method *m, int n_seeds) {
    m->n_whole = m->n_alarms = 0;
    for (int s = 0; s < n_seeds; s++) {
        m->n_whole += m->runs[s].is_whole;
        m->n_alarms += m->runs[s].alarm >= 0;
    }
    for (int c = 0; c < LAC_COMPARE_COLUMNS; c++) {
        double first = 0, sum = 0, squares = 0;
        int n = 0;
        for (int s = 0; s < n_seeds; s++) {
            if (!m->runs[s].is_whole) continue;
            double value = m->runs[s].value[c];
            if (n == 0) first = value;
            sum += value - first;
            squares += (value - first) * (value - first);
            n++;
        }
        m->mean[c] = n > 0 ? first + sum / n : NAN;
        bool is_shared = c == LAC_COMPARE_KNN_RAW || c == LAC_COMPARE_LINEAR_RAW || c == LAC_COMPARE_FEW_RAW;
        m->deviation[c] = n > 1 && !is_shared ? sqrt(fmax(0, (squares - sum * sum / n) / (n - 1))) : NAN;
    }
}

/* What a run takes, whatever the machine: pictures, parameters, products of the step that trains. */
static lac_status weigh(const lac_work *w, const lac_recipe *recipe, lac_compare_method *m, lac_error *err) {
    lac_method *method = NULL;
    lac_step *step = NULL;
    LAC_TRY(lac_method_new(recipe, LAC_F32, &method, err));
    int64_t batch = lac_recipe_int(recipe, "train.batch");
    m->pictures = m->steps * batch * lac_recipe_int(recipe, "train.accumulate");
    m->epochs = (double)m->pictures / (double)w->c->n_pictures;
    if (lac_method_is_per_sample(method)) batch = lac_method_micro_batch(method, batch);
    lac_status status = lac_step_new(method, w->backend, w->pool, batch, LAC_STEP_TRAIN, &step, err);
    if (status == LAC_OK) {
        const lac_store *store = lac_method_store(method);
        m->parameters = 0;
        for (int i = 0; i < lac_store_count(store); i++) {
            const lac_entry *e = lac_store_at(store, i);
            if (!(e->flags & LAC_PARAM_BUFFER)) m->parameters += e->n;
        }
        m->gflop = lac_program_describe(lac_step_program(step)).gemm_flops / (double)batch / 1e9;
    }
    lac_step_free(step);
    lac_method_free(method);
    return status;
}

lac_status lac_work_gather(lac_work *w, lac_error *err) {
    lac_comparison *c = w->c;
    size_t n = (size_t)c->n_methods * (size_t)c->n_seeds;
    char *path = lac_work_path(w, "analysis/analysis.json"), **views = lac_array(n, sizeof *views);
    json_t *analysis = NULL;
    lac_status status = path && views ? lac_report_json(path, &analysis, err) : lac_no_memory(err, "a comparison");
    c->n_analyzed =
        json_integer_value(json_object_get(json_array_get(json_object_get(analysis, "runs"), 0), "pictures"));
    for (size_t i = 0; i < n && status == LAC_OK; i++) {
        lac_compare_method *m = &c->methods[i / (size_t)c->n_seeds];
        status = read_run(w, &m->runs[i % (size_t)c->n_seeds], analysis, &views[i], err);
    }
    if (status == LAC_OK) share_raw(c, views);
    for (int m = 0; m < c->n_methods && status == LAC_OK; m++) {
        summarize(&c->methods[m], c->n_seeds);
        status = lac_work_steps(w, &c->methods[m], &c->methods[m].steps, err);
        if (status == LAC_OK) status = weigh(w, w->recipes[m], &c->methods[m], err);
    }
    for (size_t i = 0; views && i < n; i++)
        lac_free(views[i]);
    lac_free(views);
    json_decref(analysis);
    lac_free(path);
    return status;
}
