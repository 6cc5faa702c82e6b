/* eval/table.c - opens the sources, computes each picture's features once, and hands them to the probes.
 *
 * Two passes over the pictures: the trained encoder (raw pixels come along), then the same network untrained. */
#include "eval/table.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "eval/knn.h"
#include "eval/linear.h"
#include "eval/probe_sgd.h"
#include "eval/split.h"
#include "eval/table_private.h"

static const double test_share = 0.2;

typedef struct side { /* the training or the test pictures */
    lac_source *source;
    const lac_source *from; /* source, or the other side's when it was split */
    uint8_t *is_wanted;     /* NULL: all */
    int64_t n_wanted;
    lac_features x[LAC_EVAL_ROWS]; /* trained, untrained, raw */
} side;

typedef struct evaluation {
    lac_model *model;
    const lac_backend *backend;
    lac_pool *pool;
    const lac_eval_options *o;
    lac_eval_report *report;
    side train, test;
    int classes;
    const char *stage;
    int *predicted;
    int64_t *rows;
    float *views; /* of bn-sgd: n_views x n x D for the row in hand */
    int64_t n_views, filled;
    int row;
} evaluation;

static void on_progress(void *context, int64_t n_done, int64_t n_all) {
    evaluation *v = context;
    if (v->o->on_progress) v->o->on_progress(v->o->context, v->stage, n_done, n_all);
}

static void on_broken(void *context, const char *text) {
    evaluation *v = context;
    if (v->o->on_broken) v->o->on_broken(v->o->context, text);
}

static lac_status same_classes(const lac_source *a, const lac_source *b, lac_error *err) {
    int n = lac_source_classes(a), m = lac_source_classes(b);
    if (n != m)
        return lac_usage(err, "%s has %d classes and %s has %d: they must be the same", lac_source_spec(a), n,
                         lac_source_spec(b), m);
    for (int c = 0; c < n; c++)
        if (strcmp(lac_source_class_name(a, c), lac_source_class_name(b, c)) != 0)
            return lac_usage(err, "class %d is \"%s\" in %s and \"%s\" in %s: they must be the same", c,
                             lac_source_class_name(a, c), lac_source_spec(a), lac_source_class_name(b, c),
                             lac_source_spec(b));
    return LAC_OK;
}

static lac_status open_labelled(const char *spec, lac_source **source, lac_error *err) {
    LAC_TRY(lac_source_open(spec, source, err));
    if (lac_source_classes(*source) < 2)
        return lac_usage(err,
                         "%s has no labels to measure with: expected a folder with a subfolder for each class, or a "
                         "labelled set",
                         spec);
    return LAC_OK;
}

static int *labels_of(const lac_source *source, int64_t n) {
    int *label = lac_array((size_t)n, sizeof *label);
    for (int64_t i = 0; label && i < n; i++)
        label[i] = lac_source_label(source, i);
    return label;
}

/* Which pictures train and which test: all of each source, or a stratified split of one; then the limit. */
static lac_status choose(evaluation *v, lac_error *err) {
    const lac_source *source = v->train.source;
    int64_t n = lac_source_count(source);
    int *label = labels_of(source, n);
    lac_status status = label ? LAC_OK : lac_no_memory(err, "labels");
    if (status == LAC_OK && !v->test.source) {
        v->test.is_wanted = lac_zalloc((size_t)n);
        v->train.is_wanted = lac_zalloc((size_t)n);
        if (!v->test.is_wanted || !v->train.is_wanted)
            status = lac_no_memory(err, "a split");
        else
            status = lac_split_share(label, n, v->classes, test_share, v->o->seed, v->test.is_wanted, err);
        for (int64_t i = 0; i < n && status == LAC_OK; i++) {
            v->train.is_wanted[i] = label[i] >= 0 && !v->test.is_wanted[i];
            if (!v->train.is_wanted[i]) label[i] = -1; /* out of the limit's reach */
        }
        v->report->is_split = true;
    }
    if (status == LAC_OK && v->o->train_limit > 0) {
        if (!v->train.is_wanted) v->train.is_wanted = lac_zalloc((size_t)n);
        status = v->train.is_wanted
                     ? lac_split_limit(label, n, v->classes, v->o->train_limit, v->o->seed, v->train.is_wanted, err)
                     : lac_no_memory(err, "a split");
    }
    lac_free(label);
    return status;
}

static void count_wanted(side *s) {
    int64_t n = lac_source_count(s->from);
    s->n_wanted = n;
    if (!s->is_wanted) return;
    s->n_wanted = 0;
    for (int64_t i = 0; i < n; i++)
        s->n_wanted += s->is_wanted[i] != 0;
}

static lac_status open_sources(evaluation *v, lac_error *err) {
    LAC_TRY(open_labelled(v->o->data, &v->train.source, err));
    v->train.from = v->train.source;
    v->classes = lac_source_classes(v->train.source);
    char *own = v->o->test ? lac_copy_text(v->o->test) : lac_source_test_spec(v->train.source);
    if (v->o->test && !own) return lac_no_memory(err, "a source's name");
    lac_status status = own ? open_labelled(own, &v->test.source, err) : LAC_OK;
    lac_free(own);
    if (status == LAC_OK && v->test.source) status = same_classes(v->train.source, v->test.source, err);
    if (status == LAC_OK) status = choose(v, err);
    LAC_TRY(status);
    v->test.from = v->test.source ? v->test.source : v->train.source;
    count_wanted(&v->train);
    count_wanted(&v->test);
    if (v->train.n_wanted < 1 || v->test.n_wanted < 1)
        return lac_usage(err, "%s: too few pictures to train on some and test on others", v->o->data);
    v->report->train = lac_copy_text(lac_source_spec(v->train.from));
    v->report->test = lac_copy_text(lac_source_spec(v->test.from));
    return v->report->train && v->report->test ? LAC_OK : lac_no_memory(err, "a report");
}

/* Enough labels of every class for each few-label table. */
static lac_status check_labels(const evaluation *v, lac_error *err) {
    const int64_t n = lac_source_count(v->train.from);
    int *label = labels_of(v->train.from, n);
    int64_t *rows = lac_array((size_t)n, sizeof *rows), n_rows;
    lac_status status = label && rows ? LAC_OK : lac_no_memory(err, "labels");
    for (int64_t i = 0; i < n && status == LAC_OK && v->train.is_wanted; i++)
        if (!v->train.is_wanted[i]) label[i] = -1;
    for (int t = 0; t < v->o->n_jobs && status == LAC_OK; t++)
        if (v->o->job[t].labels > 0)
            status = lac_split_per_class(label, n, v->classes, v->o->job[t].labels, v->o->seed, rows, &n_rows, err);
    lac_free(label);
    lac_free(rows);
    return status;
}

static lac_extractor_options view_of(evaluation *v, const side *s) {
    return (lac_extractor_options){.pooling = v->o->pooling,
                                   .layer = v->o->layer,
                                   .batch = v->o->batch,
                                   .n_loaders = v->o->n_loaders,
                                   .is_wanted = s->is_wanted,
                                   .on_broken = on_broken,
                                   .on_progress = on_progress,
                                   .context = v};
}

static lac_status collect(evaluation *v, side *s, bool is_trained, const char *stage, lac_error *err) {
    lac_extractor_options o = view_of(v, s);
    lac_extractor *e;
    v->stage = stage;
    if (!is_trained) o.on_broken = NULL; /* named in the first pass */
    LAC_TRY(lac_extractor_new(v->model->method, v->backend, v->pool, s->from, &o, &e, err));
    lac_status status = lac_features_collect(e, v->model->method, s->n_wanted, &s->x[is_trained ? 0 : 1],
                                             is_trained && !v->o->no_raw ? &s->x[2] : NULL, err);
    lac_extractor_free(e);
    return status == LAC_FAILURE ? lac_context(err, "%s", lac_source_spec(s->from)) : status;
}

/* The features that epoch `epoch` of bn-sgd trains on: view epoch % crops of every picture; kept if it comes again. */
static lac_status crop_view(void *context, int64_t epoch, const float **x, lac_error *err) {
    evaluation *v = context;
    side *s = &v->train;
    lac_features *plain = &s->x[v->row];
    *x = plain->x;
    if (v->o->crops <= 0) return LAC_OK;
    int64_t view = epoch % v->o->crops, place = view % v->n_views, size = plain->n * plain->d;
    *x = v->views + place * size;
    if (view < v->filled) return LAC_OK;
    lac_extractor_options o = view_of(v, s);
    o.is_cropped = true;
    o.seed = v->o->seed + (uint64_t)view;
    o.is_raw = v->row == 2;
    o.on_broken = NULL;
    lac_extractor *e;
    LAC_TRY(lac_extractor_new(v->model->method, v->backend, v->pool, s->from, &o, &e, err));
    lac_features cropped = {0};
    lac_status status = lac_features_collect(e, v->model->method, s->n_wanted, o.is_raw ? NULL : &cropped,
                                             o.is_raw ? &cropped : NULL, err);
    lac_extractor_free(e);
    if (status == LAC_OK && cropped.n != plain->n)
        status = lac_fail(err, "%s: pictures became unreadable during the evaluation", lac_source_spec(s->from));
    if (status == LAC_OK) {
        memcpy(v->views + place * size, cropped.x, (size_t)size * sizeof(float));
        if (v->n_views == v->o->crops) v->filled = view + 1;
    }
    lac_features_free(&cropped);
    return status;
}

static lac_status bn_sgd(evaluation *v, uint64_t seed, const int64_t *rows, int64_t n, lac_error *err) {
    const lac_features *train = &v->train.x[v->row], *test = &v->test.x[v->row];
    lac_probe_options o = {
        .epochs = v->o->epochs, .warmup = -1, .is_lars = v->o->is_lars, .seed = seed, .deviation = -1};
    lac_probe p = {0};
    LAC_TRY(lac_probe_fit(v->backend, v->pool, &o, train->d, crop_view, v, train->label, rows, n, v->classes, &p, err));
    lac_status status = lac_probe_predict(v->backend, v->pool, &p, test->x, test->n, v->predicted, err);
    lac_probe_free(&p);
    return status;
}

static lac_status lbfgs(evaluation *v, const int64_t *rows, int64_t n, lac_eval_row *row, lac_error *err) {
    const lac_features *train = &v->train.x[v->row], *test = &v->test.x[v->row];
    lac_logistic m = {0};
    LAC_TRY(lac_logistic_fit(v->backend, v->pool, &(lac_logistic_options){0}, train->d, train->x, train->label, rows, n,
                             v->classes, &m, err));
    row->is_converged = row->is_converged && m.is_converged;
    row->iterations = m.iterations > row->iterations ? m.iterations : row->iterations;
    row->gradient = fmax(row->gradient, m.gradient);
    lac_status status = lac_logistic_predict(v->backend, v->pool, &m, test->x, test->n, v->predicted, err);
    lac_logistic_free(&m);
    return status;
}

/* One draw of labels (or all of them), one set of features: fit, predict, count. */
static lac_status measure(evaluation *v, const lac_eval_job *job, uint64_t seed, lac_eval_row *row, double *accuracy,
                          lac_error *err) {
    const lac_features *train = &v->train.x[v->row], *test = &v->test.x[v->row];
    const int64_t *rows = NULL;
    int64_t n = train->n;
    if (job->labels > 0) {
        LAC_TRY(lac_split_per_class(train->label, train->n, v->classes, job->labels, seed, v->rows, &n, err));
        rows = v->rows;
    }
    if (job->protocol == LAC_EVAL_KNN) {
        lac_knn_options o = {.k = v->o->k};
        LAC_TRY(lac_knn_predict(v->backend, v->pool, &o, train->d, train->x, train->label, rows, n, v->classes, test->x,
                                test->n, v->predicted, err));
    } else if (job->protocol == LAC_EVAL_LBFGS) {
        LAC_TRY(lbfgs(v, rows, n, row, err));
    } else {
        LAC_TRY(bn_sgd(v, seed, rows, n, err));
    }
    int64_t n_right = 0;
    for (int64_t i = 0; i < test->n; i++)
        n_right += v->predicted[i] == test->label[i];
    *accuracy = 100 * (double)n_right / (double)test->n;
    return LAC_OK;
}

static lac_status fill_row(evaluation *v, const lac_eval_table *table, lac_eval_row *row, lac_error *err) {
    static const char *const names[] = {"trained", "untrained", "raw pixels"};
    lac_raw raw = lac_raw_describe(v->model->method);
    snprintf(row->name, sizeof row->name, "%s", names[v->row]);
    if (v->row == 2 && raw.factor > 1)
        snprintf(row->name, sizeof row->name, "raw pixels, %" PRId64 "x%" PRId64, raw.height, raw.width);
    row->d = v->train.x[v->row].d;
    row->is_converged = true;
    double sum = 0, squares = 0, first = 0;
    for (int s = 0; s < table->n_seeds; s++) {
        double accuracy;
        v->stage = names[v->row];
        on_progress(v, s, table->n_seeds);
        LAC_TRY(measure(v, &table->job, v->o->seed + (uint64_t)s, row, &accuracy, err));
        if (s == 0) first = accuracy;
        sum += accuracy - first; /* around the first, so that equal accuracies have deviation 0 exactly */
        squares += (accuracy - first) * (accuracy - first);
    }
    double n = table->n_seeds;
    row->accuracy = first + sum / n;
    row->deviation = n > 1 ? sqrt(fmax(0, (squares - sum * sum / n) / (n - 1))) : 0;
    return LAC_OK;
}

static bool needs_crops(const evaluation *v) {
    for (int t = 0; t < v->o->n_jobs; t++)
        if (v->o->job[t].protocol == LAC_EVAL_BN_SGD) return v->o->crops > 0;
    return false;
}

/* All tables' row `row`. Trained before untrained: crops run the encoder as it is now. */
static lac_status fill_rows(evaluation *v, int row, lac_error *err) {
    v->row = row;
    v->filled = 0;
    lac_status status = LAC_OK;
    if (needs_crops(v)) {
        int64_t epochs = v->o->epochs > 0 ? v->o->epochs : 90;
        v->n_views = v->o->crops < epochs ? v->o->crops : 1; /* one of each epoch's own is not kept */
        const lac_features *x = &v->train.x[row];
        v->views = lac_array((size_t)(v->n_views * x->n), (size_t)x->d * sizeof(float));
        if (!v->views) status = lac_no_memory(err, "the features of crops");
    }
    for (int t = 0; t < v->report->n_tables && status == LAC_OK; t++)
        status = fill_row(v, &v->report->table[t], &v->report->table[t].row[row], err);
    lac_free(v->views);
    v->views = NULL;
    return status;
}

static lac_status evaluate(evaluation *v, lac_error *err) {
    v->report->model = lac_copy_text(v->model->path);
    if (!v->report->model) return lac_no_memory(err, "a report");
    LAC_TRY(open_sources(v, err));
    if (lac_eval_is_tuned(v->o)) {
        const lac_eval_part train = {v->train.from, v->train.is_wanted}, test = {v->test.from, v->test.is_wanted};
        return lac_eval_tune(v->model, v->backend, v->pool, &train, &test, v->classes, v->report, err);
    }
    LAC_TRY(collect(v, &v->train, true, "features of the training pictures", err));
    LAC_TRY(collect(v, &v->test, true, "features of the test pictures", err));
    v->report->n_train = v->train.x[0].n;
    v->report->n_test = v->test.x[0].n;
    v->report->classes = v->classes;
    v->report->step = v->model->step;
    v->predicted = lac_array((size_t)v->test.x[0].n, sizeof *v->predicted);
    v->rows = lac_array((size_t)v->train.x[0].n, sizeof *v->rows);
    if (!v->predicted || !v->rows) return lac_no_memory(err, "an evaluation");
    for (int t = 0; t < v->o->n_jobs; t++) {
        lac_eval_table *table = &v->report->table[v->report->n_tables++];
        table->job = v->o->job[t];
        table->n_seeds = table->job.labels > 0 && v->o->n_seeds > 1 ? v->o->n_seeds : 1;
        table->n_rows = v->o->no_raw ? 2 : 3;
    }
    LAC_TRY(fill_rows(v, 0, err));
    if (!v->o->no_raw) LAC_TRY(fill_rows(v, 2, err));
    for (int i = 0; i < 2; i++)
        lac_features_free(i ? &v->train.x[2] : &v->test.x[2]);
    lac_model_untrain(v->model);
    LAC_TRY(collect(v, &v->train, false, "untrained features of the training pictures", err));
    LAC_TRY(collect(v, &v->test, false, "untrained features of the test pictures", err));
    if (v->train.x[1].n != v->report->n_train || v->test.x[1].n != v->report->n_test)
        return lac_fail(err, "%s: pictures became unreadable during the evaluation", v->o->data);
    return fill_rows(v, 1, err);
}

static void end(evaluation *v) {
    for (int i = 0; i < LAC_EVAL_ROWS; i++) {
        lac_features_free(&v->train.x[i]);
        lac_features_free(&v->test.x[i]);
    }
    lac_free(v->train.is_wanted);
    lac_free(v->test.is_wanted);
    lac_source_free(v->train.source);
    lac_source_free(v->test.source);
    lac_free(v->predicted);
    lac_free(v->rows);
}

lac_status lac_evaluate(lac_model *model, const lac_backend *backend, lac_pool *pool, const lac_eval_options *options,
                        lac_eval_report *report, lac_error *err) {
    *report = (lac_eval_report){.options = *options};
    evaluation v = {.model = model, .backend = backend, .pool = pool, .o = options, .report = report};
    lac_status status = options->pooling == LAC_POOLING_PATCH
                            ? lac_usage(err, "an evaluation needs one row a picture: pool by mean or cls")
                            : evaluate(&v, err);
    end(&v);
    if (status != LAC_OK) lac_eval_report_free(report);
    return status;
}

lac_status lac_eval_check(const lac_eval_options *options, lac_error *err) {
    lac_eval_report report = {0};
    evaluation v = {.o = options, .report = &report};
    lac_status status = open_sources(&v, err);
    if (status == LAC_OK) status = check_labels(&v, err);
    end(&v);
    lac_eval_report_free(&report);
    return status;
}

void lac_eval_report_free(lac_eval_report *report) {
    lac_free(report->train);
    lac_free(report->test);
    lac_free(report->model);
    *report = (lac_eval_report){0};
}
