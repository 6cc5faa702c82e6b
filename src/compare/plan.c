/* compare/plan.c - compare.json: what makes two calls the same comparison. Not here: what makes two runs the same
 * (train/folder.h). */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "cluster/escape.h"
#include "compare/private.h"

enum { PLAN_VERSION = 1 };

static lac_status write_plan(const lac_work *w, lac_error *err) {
    const lac_compare_options *o = w->o;
    lac_text text = {0};
    lac_text_add(&text, "{\n  \"lacuna_compare\": %d,\n  \"data\": ", PLAN_VERSION);
    lac_put_json(&text, o->data);
    lac_text_add(&text,
                 ",\n  \"data_fingerprint\": \"%016" PRIx64 "\",\n  \"test\": ", lac_source_fingerprint(w->source));
    if (w->test)
        lac_put_json(&text, w->test);
    else
        lac_text_add(&text, "null");
    lac_text_add(&text, ",\n  \"epochs\": ");
    lac_put_json_real(&text, o->epochs);
    lac_text_add(&text, ",\n  \"budget_s\": ");
    lac_put_json_real(&text, o->budget_s);
    lac_text_add(&text,
                 ",\n  \"seed\": %" PRId64 ",\n  \"seeds\": %d,\n  \"labels\": %" PRId64
                 ",\n  \"train_limit\": %" PRId64 ",\n  \"pictures\": %" PRId64 ",\n  \"recipes\": [",
                 o->seed, o->n_seeds, o->labels, o->train_limit, o->pictures);
    for (int m = 0; m < w->c->n_methods; m++) {
        if (m) lac_text_add(&text, ", ");
        lac_put_json(&text, w->c->methods[m].name);
    }
    lac_text_add(&text, "]\n}\n");
    lac_status status = lac_work_write(w, "compare.json", &text, err);
    lac_text_free(&text);
    return status;
}

static lac_status differs(const lac_work *w, const char *option, const char *was, const char *is, lac_error *err) {
    return lac_usage(err, "%s: the comparison there was begun with another %s: %s, not %s", w->o->out, option, was, is);
}

static lac_status same_number(const lac_work *w, const json_t *plan, const char *key, const char *option, double is,
                              lac_error *err) {
    const json_t *value = json_object_get(plan, key);
    char was_text[32], is_text[32];
    double was = json_is_number(value) ? json_number_value(value) : NAN;
    if (was == is) return LAC_OK;
    snprintf(was_text, sizeof was_text, "%.9g", was);
    snprintf(is_text, sizeof is_text, "%.9g", is);
    return differs(w, option, was_text, is_text, err);
}

static lac_status same_budget(const lac_work *w, const json_t *plan, lac_error *err) {
    const lac_compare_options *o = w->o;
    double epochs = json_number_value(json_object_get(plan, "epochs"));
    double budget = json_number_value(json_object_get(plan, "budget_s"));
    if (epochs == o->epochs && budget == o->budget_s) return LAC_OK;
    char was[48], is[48];
    snprintf(was, sizeof was, epochs > 0 ? "%.9g epochs" : "%.9g s", epochs > 0 ? epochs : budget);
    snprintf(is, sizeof is, o->epochs > 0 ? "%.9g epochs" : "%.9g s", o->epochs > 0 ? o->epochs : o->budget_s);
    return differs(w, "budget", was, is, err);
}

static lac_status same_sources(const lac_work *w, const json_t *plan, lac_error *err) {
    const char *was = json_string_value(json_object_get(plan, "data_fingerprint"));
    char is[24];
    snprintf(is, sizeof is, "%016" PRIx64, lac_source_fingerprint(w->source));
    if (!was || strcmp(was, is) != 0)
        return lac_usage(err, "%s: the comparison there was begun with other pictures: fingerprint %s, now %s has %s",
                         w->o->out, was ? was : "missing", w->o->data, is);
    const char *test = json_string_value(json_object_get(plan, "test")), *none = "a fifth of the data";
    if ((test == NULL) == (w->test == NULL) && (!test || strcmp(test, w->test) == 0)) return LAC_OK;
    return differs(w, "test source", test ? test : none, w->test ? w->test : none, err);
}

/* What was asked for before is asked for again. */
static lac_status only_grown(const lac_work *w, const json_t *plan, lac_error *err) {
    const json_t *names = json_object_get(plan, "recipes"), *one;
    int64_t seeds = json_integer_value(json_object_get(plan, "seeds"));
    size_t k;
    json_array_foreach(names, k, one) {
        const char *name = json_string_value(one);
        bool is_there = false;
        for (int m = 0; name && m < w->c->n_methods; m++)
            is_there = is_there || strcmp(name, w->c->methods[m].name) == 0;
        if (!is_there)
            return lac_usage(err, "%s: the comparison there has recipe '%s', too: recipes can be added, not left out",
                             w->o->out, name ? name : "");
    }
    if (seeds > w->o->n_seeds)
        return lac_usage(err, "%s: the comparison there has %" PRId64 " seeds: seeds can be added, not left out",
                         w->o->out, seeds);
    return LAC_OK;
}

lac_status lac_plan_settle(lac_work *w, lac_error *err) {
    const lac_compare_options *o = w->o;
    char *path = lac_work_path(w, "compare.json");
    json_t *plan = NULL;
    lac_status status = path ? lac_report_json(path, &plan, err) : lac_no_memory(err, "a path");
    lac_free(path);
    if (status == LAC_OK && plan) {
        if (!json_is_object(plan) || json_integer_value(json_object_get(plan, "lacuna_compare")) != PLAN_VERSION)
            status = lac_fail(err, "%s/compare.json: expected lacuna_compare %d: not written by this Lacuna", o->out,
                              PLAN_VERSION);
        if (status == LAC_OK) status = same_sources(w, plan, err);
        if (status == LAC_OK) status = same_budget(w, plan, err);
        if (status == LAC_OK) status = same_number(w, plan, "seed", "--seed", (double)o->seed, err);
        if (status == LAC_OK) status = same_number(w, plan, "labels", "--labels", (double)o->labels, err);
        if (status == LAC_OK)
            status = same_number(w, plan, "train_limit", "--train-limit", (double)o->train_limit, err);
        if (status == LAC_OK) status = same_number(w, plan, "pictures", "--pictures", (double)o->pictures, err);
        if (status == LAC_OK) status = only_grown(w, plan, err);
    }
    json_decref(plan);
    return status == LAC_OK ? write_plan(w, err) : status;
}
