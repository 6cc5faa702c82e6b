/* eval/table_tune.c - tables of networks that were trained on labels: fine-tuned beside the same network from scratch,
 * an attentive probe beside one on the untrained network; each over seeds. How one is trained: tune.c. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "eval/reconstruct.h"
#include "eval/split.h"
#include "eval/table_private.h"

typedef struct tuning {
    lac_model *model;
    lac_method *method, *own; /* own: made here, with drop path; NULL: the model's */
    const lac_backend *backend;
    lac_pool *pool;
    const lac_eval_options *o;
    const lac_eval_part *train;
    const lac_source *test;
    lac_eval_report *report;
    lac_classifier c;
    bool is_attentive;
    int *label;                 /* of the training source; -1: not to be trained on */
    float *trained, *untrained; /* values of the first n_entries entries of the store */
    int n_entries;
    const char *what;
} tuning;

bool lac_eval_is_tuned(const lac_eval_options *o) {
    return o->job[0].protocol == LAC_EVAL_FINETUNE || o->job[0].protocol == LAC_EVAL_ATTENTIVE;
}

static void on_step(void *context, int64_t step, int64_t total) {
    const tuning *t = context;
    if (t->o->on_progress) t->o->on_progress(t->o->context, t->what, step, total);
}

/* ---- weights ---- */

static int64_t values_of(const lac_store *store, int n_entries) {
    int64_t n = 0;
    for (int i = 0; i < n_entries; i++)
        n += lac_store_at(store, i)->n;
    return n;
}

static void copy_values(const lac_store *store, int n_entries, float *out, const float *in) {
    for (int i = 0; i < n_entries; i++) {
        const lac_entry *e = lac_store_at(store, i);
        const size_t bytes = (size_t)e->n * sizeof(float);
        if (out) {
            memcpy(out, e->value, bytes);
            out += e->n;
        } else {
            memcpy(e->value, in, bytes);
            in += e->n;
        }
    }
}

/* The network with drop path and a head, and its weights as they were trained and as they were before. */
static lac_status open_network(tuning *t, lac_error *err) {
    char rate[32];
    snprintf(rate, sizeof rate, "%.9g", t->o->drop_path);
    t->method = t->model->method;
    if (!t->is_attentive) {
        LAC_TRY(lac_method_with(t->model->method, t->model->recipe, "model.encoder.drop_path", rate, &t->own, err));
        t->method = t->own;
    }
    lac_store *store = lac_method_store(t->method);
    t->n_entries = lac_store_count(store);
    size_t n = (size_t)values_of(store, t->n_entries);
    t->trained = lac_array(n, sizeof *t->trained);
    t->untrained = lac_array(n, sizeof *t->untrained);
    if (!t->trained || !t->untrained) return lac_no_memory(err, "a network's weights");
    copy_values(store, t->n_entries, t->trained, NULL);
    lac_store_initialize(store, t->model->seed);
    copy_values(store, t->n_entries, t->untrained, NULL);
    return lac_classifier_declare(t->method, &t->c, err);
}

/* Everything from the seed - a network from scratch, the head - and over it what is not to be learned anew. */
static void reset(const tuning *t, bool is_control, uint64_t seed) {
    lac_store *store = lac_method_store(t->method);
    lac_store_initialize(store, seed);
    if (!is_control || t->is_attentive) copy_values(store, t->n_entries, NULL, is_control ? t->untrained : t->trained);
}

/* ---- pictures ---- */

static lac_status mark_labels(tuning *t, lac_error *err) {
    const int64_t n = lac_source_count(t->train->source);
    t->label = lac_array((size_t)n, sizeof *t->label);
    if (!t->label) return lac_no_memory(err, "labels");
    for (int64_t i = 0; i < n; i++) {
        bool is_wanted = !t->train->is_wanted || t->train->is_wanted[i];
        t->label[i] = is_wanted ? lac_source_label(t->train->source, i) : -1;
    }
    return LAC_OK;
}

/* All labelled training pictures, or a draw of so many of each class. */
static lac_status choose(const tuning *t, uint64_t seed, lac_source **chosen, lac_error *err) {
    const int64_t n = lac_source_count(t->train->source), labels = t->report->table[0].job.labels;
    uint8_t *is_wanted = lac_zalloc((size_t)n);
    int64_t *rows = lac_array((size_t)n, sizeof *rows), n_rows = 0;
    lac_status status = is_wanted && rows ? LAC_OK : lac_no_memory(err, "a choice of pictures");
    if (status == LAC_OK && labels > 0)
        status = lac_split_per_class(t->label, n, t->c.classes, labels, seed, rows, &n_rows, err);
    for (int64_t i = 0; status == LAC_OK && i < (labels > 0 ? n_rows : n); i++)
        if (labels > 0 || t->label[i] >= 0) is_wanted[labels > 0 ? rows[i] : i] = 1;
    if (status == LAC_OK) status = lac_source_subset(t->train->source, is_wanted, chosen, err);
    lac_free(is_wanted);
    lac_free(rows);
    return status;
}

static lac_status choose_test(const lac_eval_part *test, lac_source **chosen, lac_error *err) {
    const int64_t n = lac_source_count(test->source);
    uint8_t *is_wanted = lac_array((size_t)n, 1);
    if (!is_wanted) return lac_no_memory(err, "a choice of pictures");
    for (int64_t i = 0; i < n; i++)
        is_wanted[i] = (!test->is_wanted || test->is_wanted[i]) && lac_source_label(test->source, i) >= 0;
    lac_status status = lac_source_subset(test->source, is_wanted, chosen, err);
    lac_free(is_wanted);
    return status;
}

/* ---- one row ---- */

static lac_status train_and_test(tuning *t, bool is_control, uint64_t seed, double *accuracy, lac_error *err) {
    lac_tune_options o = t->o->tune;
    o.seed = seed;
    o.n_loaders = t->o->n_loaders;
    o.on_progress = on_step;
    o.context = t;
    if (is_control && !t->is_attentive) o.layer_decay = 1; /* from scratch, low layers have everything to learn */
    lac_source *train;
    LAC_TRY(choose(t, seed, &train, err));
    double loss;
    reset(t, is_control, seed);
    t->report->n_train = lac_source_count(train);
    t->report->options.tune.lr = lac_tune_rate(&o, lac_method_describe(t->method).width);
    t->report->options.tune.batch = lac_tune_batch(&o, t->report->n_train); /* as it came out */
    lac_status status = lac_tune_fit(t->method, &t->c, t->backend, t->pool, train, &o, &loss, err);
    lac_source_free(train);
    LAC_TRY(status);
    return lac_tune_test(t->method, &t->c, t->backend, t->pool, t->test, t->o->n_loaders, accuracy, &t->report->n_test,
                         err);
}

static lac_status fill_row(tuning *t, int index, lac_error *err) {
    static const char *const names[2][2] = {{"fine-tuned", "from scratch"}, {"trained", "untrained"}};
    lac_eval_table *table = &t->report->table[0];
    lac_eval_row *row = &table->row[index];
    double sum = 0, squares = 0, first = 0;
    t->what = names[t->is_attentive][index];
    snprintf(row->name, sizeof row->name, "%s", t->what);
    row->d = lac_method_describe(t->method).width;
    row->is_converged = true;
    for (int s = 0; s < table->n_seeds; s++) {
        double accuracy;
        LAC_TRY(train_and_test(t, index == 1, t->o->seed + (uint64_t)s, &accuracy, err));
        if (s == 0) first = accuracy;
        sum += accuracy - first;
        squares += (accuracy - first) * (accuracy - first);
    }
    double n = table->n_seeds;
    row->accuracy = first + sum / n;
    row->deviation = n > 1 ? sqrt(fmax(0, (squares - sum * sum / n) / (n - 1))) : 0;
    return LAC_OK;
}

static lac_status fill_table(tuning *t, lac_error *err) {
    lac_eval_report *r = t->report;
    r->n_tables = 1;
    r->classes = t->c.classes;
    r->step = t->model->step;
    r->table[0] = (lac_eval_table){.job = t->o->job[0], .n_seeds = t->o->n_seeds > 1 ? t->o->n_seeds : 1, .n_rows = 2};
    LAC_TRY(mark_labels(t, err));
    LAC_TRY(open_network(t, err));
    LAC_TRY(fill_row(t, 0, err));
    return fill_row(t, 1, err);
}

lac_status lac_eval_tune(lac_model *model, const lac_backend *backend, lac_pool *pool, const lac_eval_part *train,
                         const lac_eval_part *test, int classes, lac_eval_report *report, lac_error *err) {
    const lac_eval_options *o = &report->options;
    bool is_attentive = o->job[0].protocol == LAC_EVAL_ATTENTIVE;
    lac_readout readout = is_attentive                    ? LAC_READOUT_ATTENTIVE
                          : o->pooling == LAC_POOLING_CLS ? LAC_READOUT_CLASS
                                                          : LAC_READOUT_MEAN;
    tuning t = {.model = model,
                .backend = backend,
                .pool = pool,
                .o = o,
                .train = train,
                .report = report,
                .c = {.readout = readout, .classes = classes, .is_frozen = is_attentive},
                .is_attentive = is_attentive};
    lac_source *chosen = NULL;
    lac_status status = choose_test(test, &chosen, err);
    t.test = chosen;
    if (status == LAC_OK) status = fill_table(&t, err);
    lac_source_free(chosen);
    lac_method_free(t.own);
    lac_free(t.label);
    lac_free(t.trained);
    lac_free(t.untrained);
    return status;
}
