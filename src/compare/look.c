/* compare/look.c - all runs' encoders on the same pictures: lac_analyze for each, CKA between all, beside the untrained
 * network of the first. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "analyze/analyze.h"
#include "base/memory.h"
#include "compare/private.h"

typedef struct looks {
    lac_analysis *list;
    int n;
    lac_cka cka;
} looks;

static void show_part(void *context, const char *what, int64_t done, int64_t all) {
    lac_work_show(context, what, done, all);
}

/* Is there an analysis of exactly the whole runs, at their last step? */
static lac_status is_done(const lac_work *w, bool *answer, lac_error *err) {
    char *path = lac_work_path(w, "analysis/analysis.json");
    json_t *old = NULL;
    lac_status status = path ? lac_report_json(path, &old, err) : lac_no_memory(err, "a path");
    lac_free(path);
    LAC_TRY(status);
    const json_t *runs = json_object_get(old, "runs"), *one;
    size_t n_whole = 0, n_found = 0, k;
    for (int m = 0; m < w->c->n_methods; m++)
        for (int s = 0; s < w->o->n_seeds; s++) {
            const lac_compare_run *r = &w->c->methods[m].runs[s];
            n_whole += r->is_whole;
            json_array_foreach(runs, k, one) {
                const char *name = json_string_value(json_object_get(one, "name"));
                if (r->is_whole && name && strcmp(name, r->folder) == 0) n_found++;
            }
        }
    *answer = n_whole > 0 && n_found == n_whole && json_array_size(runs) == n_whole + 1;
    json_decref(old);
    return LAC_OK;
}

static lac_status add(lac_work *w, looks *l, lac_model *model, const lac_source *source, char *name, bool is_control,
                      lac_error *err) {
    lac_analyze_options o = {.n_pictures = w->o->pictures,
                             .seed = (uint64_t)w->o->seed,
                             .n_loaders = w->loaders,
                             .on_progress = show_part,
                             .context = w};
    lac_analysis *a = &l->list[l->n];
    a->name = name;
    a->is_control = is_control;
    l->n++;
    if (!name) return lac_no_memory(err, "a run's name");
    return lac_analyze(model, w->backend, w->pool, source, &o, a, err);
}

static lac_status add_run(lac_work *w, looks *l, const lac_compare_run *r, const lac_source *source, bool is_control,
                          lac_error *err) {
    char *path = lac_work_path(w, r->folder);
    lac_model *model = NULL;
    lac_status status = path ? lac_model_open(path, LAC_F32, &model, err) : lac_no_memory(err, "a path");
    lac_free(path);
    if (status == LAC_OK) {
        if (is_control) lac_model_untrain(model);
        char *name = is_control ? lac_format("%s, untrained", r->folder) : lac_copy_text(r->folder);
        status = add(w, l, model, source, name, is_control, err);
    }
    lac_model_free(model);
    return status;
}

/* An encoder that cannot be looked into is left out and named. */
static lac_status try_run(lac_work *w, looks *l, const lac_compare_run *r, const lac_source *source, bool is_control,
                          lac_error *err) {
    lac_error why = {0};
    int before = l->n;
    lac_status status = add_run(w, l, r, source, is_control, &why);
    if (status == LAC_OK) return LAC_OK;
    if (status == LAC_FAILURE) return lac_fail(err, "%s: %s", r->folder, why.text);
    lac_work_note(w, "%s is not in the analysis: %s", r->folder, why.text);
    while (l->n > before)
        lac_analysis_free(&l->list[--l->n]);
    return LAC_OK;
}

static lac_status analyze_all(lac_work *w, looks *l, const lac_source *source, lac_error *err) {
    const lac_compare_run *first = NULL;
    for (int m = 0; m < w->c->n_methods; m++)
        for (int s = 0; s < w->o->n_seeds; s++) {
            const lac_compare_run *r = &w->c->methods[m].runs[s];
            if (!r->is_whole) continue;
            if (!first) first = r;
            LAC_TRY(try_run(w, l, r, source, false, err));
            if (lac_work_stopped(w)) return LAC_OK;
        }
    LAC_TRY(try_run(w, l, first, source, true, err));
    if (l->n == 0) return LAC_OK;
    lac_work_show(w, "CKA", 0, 1);
    LAC_TRY(lac_cka_all(w->backend, w->pool, l->list, l->n, &l->cka, err));
    lac_analysis_set set = {.runs = l->list,
                            .n_runs = l->n,
                            .cka = &l->cka,
                            .source = lac_source_spec(source),
                            .seed = (uint64_t)w->o->seed};
    char *folder = lac_work_path(w, "analysis");
    lac_status status = folder ? lac_analysis_write(&set, folder, err) : lac_no_memory(err, "a path");
    lac_free(folder);
    return status;
}

lac_status lac_work_analyze(lac_work *w, lac_error *err) {
    bool done = false;
    size_t n_whole = 0;
    LAC_TRY(is_done(w, &done, err));
    for (int m = 0; m < w->c->n_methods; m++)
        for (int s = 0; s < w->o->n_seeds; s++)
            n_whole += w->c->methods[m].runs[s].is_whole;
    if (done || n_whole == 0) return LAC_OK;
    w->name = "analysis";
    looks l = {.list = lac_array(n_whole + 1, sizeof *l.list)};
    lac_source *test = NULL;
    lac_status status = l.list ? LAC_OK : lac_no_memory(err, "an analysis");
    if (status == LAC_OK && w->test) status = lac_source_open(w->test, &test, err);
    if (status == LAC_OK) status = analyze_all(w, &l, test ? test : w->source, err);
    lac_source_free(test);
    lac_cka_free(&l.cka);
    for (int i = 0; i < l.n; i++)
        lac_analysis_free(&l.list[i]);
    lac_free(l.list);
    return status;
}
