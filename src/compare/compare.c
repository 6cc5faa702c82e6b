/* compare/compare.c - the order of a comparison: check, plan, every run, the analysis, the tables, the page. */
#include "compare/compare.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "compare/private.h"
#include "method/method.h"

/* ---- for the files of this folder ---- */

bool lac_work_stopped(const lac_work *w) {
    return w->o->stop && w->o->stop(w->o->context);
}

void lac_work_show(lac_work *w, const char *what, int64_t done, int64_t all) {
    if (w->o->progress) w->o->progress(w->o->context, w->part, w->n_parts, w->name, what, done, all);
}

void lac_work_note(const lac_work *w, const char *format, ...) {
    if (!w->o->note) return;
    char text[LAC_ERROR_TEXT + 256];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    w->o->note(w->o->context, text);
}

char *lac_work_path(const lac_work *w, const char *part) {
    return lac_format("%s/%s", w->o->out, part);
}

lac_status lac_work_write(const lac_work *w, const char *part, const lac_text *text, lac_error *err) {
    char *path = text->failed ? NULL : lac_work_path(w, part);
    lac_status status = path ? lac_file_write(path, text->data, text->bytes, err) : lac_no_memory(err, part);
    lac_free(path);
    return status;
}

/* ---- what is refused before anything is made ---- */

static lac_status check_options(const lac_compare_options *o, lac_error *err) {
    if (o->n_recipes < 1 || !o->data || !o->out || !*o->out)
        return lac_usage(err, "a comparison needs recipes, data and a folder");
    if ((o->epochs > 0) + (o->budget_s > 0) != 1)
        return lac_usage(err, "a comparison needs a budget: a time such as 30m, or a number of epochs");
    if (o->n_seeds < 1 || o->seed < 0 || o->labels < 1 || o->train_limit < 0 || o->pictures < 2 || o->threads < 0 ||
        o->loaders < 0)
        return lac_usage(err, "a comparison: seeds, labels, pictures, threads or loaders out of range");
    return LAC_OK;
}

/* A method's name is the beginning of its folders' names; recipes see to its letters. */
static lac_status check_name(const lac_work *w, int index, lac_error *err) {
    const char *name = w->c->methods[index].name;
    for (int i = 0; i < index; i++)
        if (strcmp(w->c->methods[i].name, name) == 0)
            return lac_usage(err, "%s and %s are both called '%s': give one another name", w->o->recipes[i],
                             w->o->recipes[index], name);
    return LAC_OK;
}

static lac_status open_recipes(lac_work *w, lac_error *err) {
    const lac_compare_options *o = w->o;
    w->recipes = lac_array((size_t)o->n_recipes, sizeof *w->recipes);
    w->c->methods = lac_array((size_t)o->n_recipes, sizeof *w->c->methods);
    if (!w->recipes || !w->c->methods) return lac_no_memory(err, "a comparison");
    for (int i = 0; i < o->n_recipes; i++) {
        lac_compare_method *m = &w->c->methods[i];
        lac_method *method = NULL;
        LAC_TRY(lac_recipe_open(o->recipes[i], NULL, 0, &w->recipes[i], err));
        w->c->n_methods = i + 1;
        m->name = lac_copy_text(lac_recipe_name(w->recipes[i]));
        m->runs = lac_array((size_t)o->n_seeds, sizeof *m->runs);
        if (!m->name || !m->runs) return lac_no_memory(err, "a comparison");
        LAC_TRY(check_name(w, i, err));
        if (lac_method_new(w->recipes[i], LAC_F32, &method, err) != LAC_OK)
            return lac_context(err, "%s", o->recipes[i]);
        lac_method_free(method);
        for (int s = 0; s < o->n_seeds; s++) {
            m->runs[s].seed = o->seed + s;
            m->runs[s].folder = lac_format("%s-seed-%" PRId64, m->name, m->runs[s].seed);
            if (!m->runs[s].folder) return lac_no_memory(err, "a comparison");
        }
    }
    return LAC_OK;
}

static lac_status open_sources(lac_work *w, lac_error *err) {
    const lac_compare_options *o = w->o;
    LAC_TRY(lac_source_open(o->data, &w->source, err));
    w->test = o->test ? lac_copy_text(o->test) : lac_source_test_spec(w->source);
    if (o->test && !w->test) return lac_no_memory(err, "a source's name");
    lac_eval_options evaluation = lac_work_evaluation(w);
    LAC_TRY(lac_eval_check(&evaluation, err));
    w->c->train = lac_copy_text(o->data);
    w->c->test = w->test ? lac_copy_text(w->test) : NULL;
    if (!w->c->train || (w->test && !w->c->test)) return lac_no_memory(err, "a comparison");
    w->c->n_pictures = lac_source_count(w->source);
    return LAC_OK;
}

/* DIR is new, empty, or a comparison. */
static lac_status check_folder(const lac_compare_options *o, lac_error *err) {
    if (!lac_folder_exists(o->out))
        return lac_file_exists(o->out) ? lac_usage(err, "%s: expected a folder, found a file", o->out) : LAC_OK;
    char **names = NULL, *path = lac_format("%s/compare.json", o->out);
    size_t n = 0;
    bool is_foreign = false;
    lac_status status = path ? lac_folder_list(o->out, &names, &n, err) : lac_no_memory(err, "a path");
    for (size_t i = 0; i < n; i++) /* what a start that was cut short leaves */
        is_foreign = is_foreign || (strcmp(names[i], "lock") != 0 && strstr(names[i], ".tmp-") == NULL);
    is_foreign = is_foreign && path && !lac_file_exists(path);
    lac_names_free(names, n);
    lac_free(path);
    LAC_TRY(status);
    if (is_foreign)
        return lac_usage(err, "%s: a folder with other files in it, and not a comparison: choose another --out",
                         o->out);
    return LAC_OK;
}

/* ---- in order ---- */

/* Seed by seed, so that an early end leaves a table of all methods. */
static lac_status run_all(lac_work *w, lac_error *err) {
    for (int s = 0; s < w->o->n_seeds; s++)
        for (int m = 0; m < w->c->n_methods; m++) {
            w->part++;
            LAC_TRY(lac_work_run(w, m, s, err));
            if (lac_work_stopped(w)) return LAC_OK;
        }
    return LAC_OK;
}

static lac_status work(lac_work *w, lac_error *err) {
    const lac_compare_options *o = w->o;
    char *analysis = lac_work_path(w, "analysis");
    lac_status status = analysis ? lac_run_tidy(o->out, err) : lac_no_memory(err, "a path");
    if (status == LAC_OK) status = lac_run_tidy(analysis, err);
    lac_free(analysis);
    LAC_TRY(status);
    LAC_TRY(lac_plan_settle(w, err));
    w->n_parts = w->c->n_methods * o->n_seeds + 1;
    LAC_TRY(run_all(w, err));
    w->part = w->n_parts;
    if (!lac_work_stopped(w)) LAC_TRY(lac_work_analyze(w, err));
    if (lac_work_stopped(w)) return lac_fail(err, "stopped; the same command goes on with %s", o->out);
    LAC_TRY(lac_work_gather(w, err));
    return lac_work_tabulate(w, err);
}

static lac_status begin(lac_work *w, lac_error *err) {
    const lac_compare_options *o = w->o;
    lac_lock *lock = NULL;
    LAC_TRY(check_options(o, err));
    LAC_TRY(open_recipes(w, err));
    LAC_TRY(check_folder(o, err));
    LAC_TRY(open_sources(w, err));
    w->threads = o->threads ? o->threads : lac_usable_threads();
    w->loaders = o->loaders ? o->loaders : (lac_usable_threads() + 1) / 2;
    LAC_TRY(lac_backend_cpu(NULL, &w->backend, err));
    LAC_TRY(lac_pool_new(w->threads, &w->pool, err));
    LAC_TRY(lac_folder_make(o->out, err));
    char *path = lac_work_path(w, "lock");
    lac_status status = path ? lac_lock_take(path, &lock, err) : lac_no_memory(err, "a path");
    lac_free(path);
    if (status == LAC_OK) status = work(w, err);
    lac_lock_release(lock);
    return status;
}

lac_status lac_compare(const lac_compare_options *options, lac_comparison *c, lac_error *err) {
    *c = (lac_comparison){.n_seeds = options->n_seeds,
                          .labels = options->labels,
                          .train_limit = options->train_limit,
                          .seed = options->seed,
                          .epochs = options->epochs,
                          .budget_s = options->budget_s};
    lac_work w = {.o = options, .c = c};
    lac_status status = begin(&w, err);
    for (int i = 0; w.recipes && i < options->n_recipes; i++)
        lac_recipe_free(w.recipes[i]);
    lac_free(w.recipes);
    lac_free(w.test);
    lac_pool_free(w.pool);
    lac_source_free(w.source);
    if (status != LAC_OK) lac_comparison_free(c);
    return status;
}

void lac_comparison_free(lac_comparison *c) {
    for (int i = 0; i < c->n_methods; i++) {
        lac_compare_method *m = &c->methods[i];
        for (int s = 0; m->runs && s < c->n_seeds; s++) {
            lac_free(m->runs[s].folder);
            lac_free(m->runs[s].reason);
        }
        lac_free(m->runs);
        lac_free(m->name);
    }
    lac_free(c->methods);
    lac_free(c->train);
    lac_free(c->test);
    *c = (lac_comparison){0};
}
