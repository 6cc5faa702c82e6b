/* compare/work.c - one run of a comparison: trained by lac_pretrain to the recipe's number of steps, then measured by
 * lac_evaluate into its eval.json. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "compare/private.h"
#include "train/pretrain.h"
#include "train/run.h"

static bool is_stopped(void *context) {
    return lac_work_stopped(context);
}

static void show_step(void *context, const lac_pretrain_progress *p) {
    lac_work_show(context, "training", p->step, p->total);
}

static void show_part(void *context, const char *what, int64_t done, int64_t all) {
    lac_work_show(context, what, done, all);
}

static void pass_note(void *context, const char *text) {
    const lac_work *w = context;
    lac_work_note(w, "%s: %s", w->name, text);
}

lac_status lac_work_steps(const lac_work *w, const lac_compare_method *m, int64_t *steps, lac_error *err) {
    *steps = 0;
    for (int s = 0; s < w->o->n_seeds && *steps == 0; s++) {
        char *run = lac_work_path(w, m->runs[s].folder);
        lac_folder_kind kind = LAC_FOLDER_NEW;
        lac_run_card card = {0};
        lac_status status = run ? lac_run_kind(run, &kind, err) : lac_no_memory(err, "a path");
        if (status == LAC_OK && kind == LAC_FOLDER_RUN) status = lac_run_card_read(run, &card, err);
        lac_free(run);
        LAC_TRY(status);
        *steps = card.total_steps;
    }
    return LAC_OK;
}

static lac_status train(lac_work *w, int method, const lac_compare_run *r, const char *path, lac_error *err) {
    const lac_compare_options *o = w->o;
    lac_pretrain_result result = {0};
    lac_pretrain_options p = {.recipe = o->recipes[method],
                              .data = o->data,
                              .out = path,
                              .seed = &r->seed,
                              .threads = w->threads,
                              .loaders = w->loaders,
                              .context = w,
                              .stop = is_stopped,
                              .progress = show_step,
                              .note = pass_note,
                              .result = &result};
    LAC_TRY(lac_work_steps(w, &w->c->methods[method], &p.steps, err));
    if (p.steps == 0) {
        p.budget_s = o->budget_s;
        p.epochs = o->epochs;
    }
    LAC_TRY(lac_pretrain(&p, err));
    return result.end == LAC_PRETRAIN_STOPPED ? lac_fail(err, "stopped") : LAC_OK;
}

/* ---- measuring ---- */

void lac_work_describe_view(const lac_recipe *r, lac_text *out) {
    static const char *const lists[] = {"picture.size", "picture.mean", "picture.std"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        double values[8];
        int n = lac_recipe_list(r, lists[i], values, 8);
        for (int k = 0; k < n; k++)
            lac_text_add(out, "%.17g ", values[k]);
        lac_text_add(out, "; ");
    }
    lac_text_add(out, "%" PRId64 " %.17g %s", lac_recipe_int(r, "picture.channels"),
                 lac_recipe_real(r, "augment.crop_share"), lac_recipe_text(r, "augment.filter"));
}

/* Has a run that sees pictures as `recipe` does, and was measured, the control of raw pixels? */
static lac_status has_raw(const lac_work *w, const lac_recipe *recipe, bool *found, lac_error *err) {
    lac_text view = {0};
    lac_work_describe_view(recipe, &view);
    lac_status status = view.failed ? lac_no_memory(err, "a comparison") : LAC_OK;
    *found = false;
    for (int m = 0; m < w->c->n_methods && status == LAC_OK && !*found; m++)
        for (int s = 0; s < w->o->n_seeds && status == LAC_OK && !*found; s++) {
            const lac_compare_run *r = &w->c->methods[m].runs[s];
            if (!r->is_whole) continue;
            char *path = lac_work_path(w, r->folder);
            lac_report_run run = {0};
            lac_text other = {0};
            status = path ? lac_report_read(path, &run, err) : lac_no_memory(err, "a path");
            if (status == LAC_OK) {
                lac_work_describe_view(run.recipe, &other);
                *found = !other.failed && strcmp(other.data, view.data) == 0 &&
                         lac_report_accuracy(&run, LAC_REPORT_KNN, 0, "raw") >= 0;
            }
            lac_text_free(&other);
            lac_report_run_free(&run);
            lac_free(path);
        }
    lac_text_free(&view);
    return status;
}

/* cost.json before eval.json: where that is, the run is measured. */
static lac_status keep(const lac_compare_run *r, const lac_work *w, const lac_eval_report *report, double seconds,
                       lac_error *err) {
    lac_text json = {0}, cost = {0};
    lac_text_add(&cost, "{\"evaluation_s\": %.6g}\n", seconds);
    char *cost_path = lac_format("%s/cost.json", r->folder), *eval_path = lac_format("%s/eval.json", r->folder);
    lac_status status = lac_eval_json(report, &json, err);
    if (status == LAC_OK && (!cost_path || !eval_path)) status = lac_no_memory(err, "a path");
    if (status == LAC_OK) status = lac_work_write(w, cost_path, &cost, err);
    if (status == LAC_OK) status = lac_work_write(w, eval_path, &json, err);
    lac_free(cost_path);
    lac_free(eval_path);
    lac_text_free(&json);
    lac_text_free(&cost);
    return status;
}

lac_eval_options lac_work_evaluation(const lac_work *w) {
    return (lac_eval_options){.data = w->o->data,
                              .test = w->test,
                              .n_jobs = 3,
                              .job = {{LAC_EVAL_KNN, 0}, {LAC_EVAL_LBFGS, 0}, {LAC_EVAL_LBFGS, w->o->labels}},
                              .n_seeds = 5,
                              .seed = (uint64_t)w->o->seed,
                              .train_limit = w->o->train_limit,
                              .n_loaders = w->loaders};
}

static lac_status measure(lac_work *w, const lac_compare_run *r, lac_model *model, lac_error *err) {
    double began = lac_clock_s();
    lac_eval_options o = lac_work_evaluation(w);
    o.on_progress = show_part;
    o.context = w;
    LAC_TRY(has_raw(w, model->recipe, &o.no_raw, err));
    lac_eval_report report = {0};
    LAC_TRY(lac_evaluate(model, w->backend, w->pool, &o, &report, err));
    lac_status status = keep(r, w, &report, lac_clock_s() - began, err);
    lac_eval_report_free(&report);
    return status;
}

/* Is eval.json of the run's last step? */
static lac_status is_measured(const char *path, bool *answer, lac_error *err) {
    lac_report_run run = {0};
    LAC_TRY(lac_report_read(path, &run, err));
    *answer = run.n_evals >= 3;
    for (int i = 0; i < run.n_evals; i++)
        *answer = *answer && json_integer_value(json_object_get(run.eval[i], "step")) == run.card.total_steps;
    lac_report_run_free(&run);
    return LAC_OK;
}

static lac_status evaluate(lac_work *w, const lac_compare_run *r, const char *path, lac_error *err) {
    bool is_done = false;
    LAC_TRY(is_measured(path, &is_done, err));
    if (is_done) return LAC_OK;
    lac_model *model = NULL;
    LAC_TRY(lac_model_open(path, LAC_F32, &model, err));
    if (model->note) lac_work_note(w, "%s: %s", w->name, model->note);
    lac_status status = measure(w, r, model, err);
    lac_model_free(model);
    return status;
}

/* Is it done already? */
static lac_status find(lac_work *w, lac_compare_run *r, const char *path, lac_error *err) {
    lac_folder_kind kind = LAC_FOLDER_NEW;
    LAC_TRY(lac_run_kind(path, &kind, err));
    if (kind == LAC_FOLDER_RUN) LAC_TRY(is_measured(path, &r->is_whole, err));
    w->c->n_missing += !r->is_whole;
    return LAC_OK;
}

lac_status lac_work_run(lac_work *w, int method, int seed, lac_error *err) {
    lac_compare_run *r = &w->c->methods[method].runs[seed];
    char *path = lac_work_path(w, r->folder);
    if (!path) return lac_no_memory(err, "a path");
    w->name = r->folder;
    if (w->o->is_as_is) {
        lac_status found = find(w, r, path, err);
        lac_free(path);
        return found;
    }
    lac_error why = {0};
    const char *stage = "training";
    lac_status status = train(w, method, r, path, &why);
    if (status == LAC_OK && !lac_work_stopped(w)) {
        stage = "measuring";
        status = evaluate(w, r, path, &why);
        r->is_whole = status == LAC_OK;
    }
    lac_free(path);
    if (lac_work_stopped(w)) return LAC_OK;
    if (status != LAC_OK) {
        r->reason = lac_format("%s: %s", stage, why.text);
        if (!r->reason) return lac_no_memory(err, "a comparison");
        w->c->n_failed++;
        lac_work_note(w, "%s failed while %s; the others go on", r->folder, r->reason);
    }
    return LAC_OK;
}
