/* report/read.c - what lies in a run's folder, read for a report: log lines into columns, JSON files as they are. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "report/private.h"
#include "train/collapse.h"

enum { MOST_BYTES = 64 << 20, MOST_DEPTH = 3 };

lac_status lac_report_json(const char *path, json_t **value, lac_error *err) {
    *value = NULL;
    if (!lac_file_exists(path)) return LAC_OK;
    char *data;
    size_t bytes;
    LAC_TRY(lac_file_read(path, MOST_BYTES, &data, &bytes, err));
    json_error_t why;
    *value = json_loadb(data, bytes, JSON_REJECT_DUPLICATES, &why);
    lac_free(data);
    return *value ? LAC_OK : lac_fail(err, "%s:%d: not JSON: %s", path, why.line, why.text);
}

static lac_report_column *column_of(lac_report_run *r, const char *name, int64_t room) {
    for (int i = 0; i < r->n_columns; i++)
        if (strcmp(r->column[i].name, name) == 0) return &r->column[i];
    if (r->n_columns == LAC_REPORT_COLUMNS) return NULL; /* a log has about ten */
    lac_report_column *c = &r->column[r->n_columns];
    c->name = lac_copy_text(name);
    c->value = lac_array((size_t)room, sizeof *c->value);
    for (int64_t i = 0; c->value && i < room; i++)
        c->value[i] = NAN;
    r->n_columns++;
    return c;
}

/* The numbers of one line; those in "terms" as "term NAME". */
static lac_status read_line(lac_report_run *r, json_t *line, int64_t room, lac_error *err) {
    const char *key;
    json_t *value;
    json_object_foreach(line, key, value) {
        if (json_is_number(value) && strcmp(key, "step") != 0) {
            lac_report_column *c = column_of(r, key, room);
            if (c && (!c->value || !c->name)) return lac_no_memory(err, "a log");
            if (c) c->value[r->n_log] = json_number_value(value);
        }
        const char *term;
        json_t *part;
        if (strcmp(key, "terms") == 0 && json_is_object(value)) json_object_foreach(value, term, part) {
                char *name = lac_format("term %s", term);
                lac_report_column *c = name ? column_of(r, name, room) : NULL;
                lac_free(name);
                if (!name || (c && (!c->value || !c->name))) return lac_no_memory(err, "a log");
                if (c && json_is_number(part)) c->value[r->n_log] = json_number_value(part);
            }
    }
    r->step[r->n_log++] = json_number_value(json_object_get(line, "step"));
    return LAC_OK;
}

static lac_status read_log(lac_report_run *r, lac_error *err) {
    char *path = lac_run_path(r->path, "log.jsonl"), *data = NULL;
    size_t bytes = 0;
    if (!path) return lac_no_memory(err, "a path");
    lac_status status = lac_file_exists(path) ? lac_file_read(path, MOST_BYTES, &data, &bytes, err) : LAC_OK;
    int64_t room = 0;
    for (size_t i = 0; i < bytes; i++)
        room += data[i] == '\n';
    if (status == LAC_OK && !(r->step = lac_array((size_t)room, sizeof *r->step))) status = lac_no_memory(err, "a log");
    for (char *at = data; status == LAC_OK && at;) {
        char *end = strchr(at, '\n');
        if (!end) break; /* a line that is still being written */
        json_error_t why;
        json_t *line = json_loadb(at, (size_t)(end - at), 0, &why);
        if (!json_is_object(line) || !json_is_number(json_object_get(line, "step")))
            status = lac_fail(err, "%s: line %" PRId64 ": expected an object with a step", path, r->n_log + 1);
        else
            status = read_line(r, line, room, err);
        json_decref(line);
        at = end + 1;
    }
    lac_free(data);
    lac_free(path);
    return status;
}

static void add_eval(lac_report_run *r, json_t *table) {
    if (r->n_evals < LAC_REPORT_EVALS && json_is_string(json_object_get(table, "protocol")) &&
        json_is_array(json_object_get(table, "rows")))
        r->eval[r->n_evals++] = json_incref(table);
}

static lac_status read_eval(lac_report_run *r, const char *path, lac_error *err) {
    json_t *value, *table;
    size_t k;
    LAC_TRY(lac_report_json(path, &value, err));
    add_eval(r, value);
    json_array_foreach(json_object_get(value, "tables"), k, table) add_eval(r, table);
    json_decref(value);
    return LAC_OK;
}

/* eval.json and eval/ *.json: one table each, or {"tables": [...]}. */
static lac_status read_evals(lac_report_run *r, lac_error *err) {
    char *folder = lac_run_path(r->path, "eval"), *file = lac_run_path(r->path, "eval.json"), **names = NULL;
    size_t n = 0;
    lac_status status = folder && file ? read_eval(r, file, err) : lac_no_memory(err, "a path");
    if (status == LAC_OK && lac_folder_exists(folder)) status = lac_folder_list(folder, &names, &n, err);
    for (size_t i = 0; i < n && status == LAC_OK; i++) {
        size_t length = strlen(names[i]);
        if (length < 6 || strcmp(names[i] + length - 5, ".json") != 0) continue;
        char *path = lac_format("%s/%s", folder, names[i]);
        status = path ? read_eval(r, path, err) : lac_no_memory(err, "a path");
        lac_free(path);
    }
    lac_names_free(names, n);
    lac_free(folder);
    lac_free(file);
    return status;
}

static lac_status read_part(const char *run, const char *part, json_t **value, lac_error *err) {
    char *path = lac_run_path(run, part);
    lac_status status = path ? lac_report_json(path, value, err) : lac_no_memory(err, "a path");
    lac_free(path);
    return status;
}

static lac_status read_all(lac_report_run *r, lac_error *err) {
    LAC_TRY(lac_run_card_read(r->path, &r->card, err));
    char *path = lac_run_path(r->path, "recipe.yaml");
    lac_status status = path ? lac_recipe_open(path, NULL, 0, &r->recipe, err) : lac_no_memory(err, "a path");
    lac_free(path);
    LAC_TRY(status);
    json_t *card = NULL;
    LAC_TRY(read_part(r->path, "run.json", &card, err));
    const char *data = json_string_value(json_object_get(card, "data"));
    r->data = data ? lac_copy_text(data) : NULL;
    bool has_room = !data || r->data;
    json_decref(card);
    if (!has_room) return lac_no_memory(err, "a run");
    LAC_TRY(read_log(r, err));
    LAC_TRY(read_evals(r, err));
    LAC_TRY(read_part(r->path, "analysis/analysis.json", &r->analysis, err));
    const lac_settings *encoder = lac_recipe_section(r->recipe, "model.encoder");
    for (int i = 0; i < encoder->n; i++)
        if (strcmp(encoder->at[i].spec->key, "width") == 0) r->width = (int64_t)encoder->at[i].number[0];
    return LAC_OK;
}

lac_status lac_report_read(const char *path, lac_report_run *r, lac_error *err) {
    *r = (lac_report_run){.path = path};
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    size_t from = n;
    while (from > 0 && path[from - 1] != '/')
        from--;
    r->name = lac_format("%.*s", (int)(n - from), path + from);
    lac_status status = r->name ? read_all(r, err) : lac_no_memory(err, "a run");
    if (status != LAC_OK) lac_report_run_free(r);
    return status;
}

void lac_report_run_free(lac_report_run *r) {
    lac_recipe_free(r->recipe);
    for (int i = 0; i < r->n_columns; i++) {
        lac_free(r->column[i].name);
        lac_free(r->column[i].value);
    }
    for (int i = 0; i < r->n_evals; i++)
        json_decref(r->eval[i]);
    json_decref(r->analysis);
    lac_free(r->step);
    lac_free(r->data);
    lac_free(r->name);
    *r = (lac_report_run){0};
}

const double *lac_report_find_column(const lac_report_run *r, const char *name) {
    for (int i = 0; i < r->n_columns; i++)
        if (strcmp(r->column[i].name, name) == 0) return r->column[i].value;
    return NULL;
}

double lac_report_last(const lac_report_run *r, const char *name) {
    const double *value = lac_report_find_column(r, name);
    return value && r->n_log > 0 ? value[r->n_log - 1] : NAN;
}

int64_t lac_report_alarm(const lac_report_run *r) {
    const double *feature_std = lac_report_find_column(r, "feature_std");
    const double *rank = lac_report_find_column(r, "effective_rank");
    lac_alarm alarm = {0};
    for (int64_t i = 0; feature_std && r->width > 0 && i < r->n_log; i++)
        if (lac_alarm_see(&alarm, feature_std[i], rank ? rank[i] : NAN, r->width)) return i;
    return -1;
}

/* ---- runs below a folder ---- */

typedef struct list {
    char **names;
    size_t n, room;
} list;

static lac_status find(const char *path, int depth, list *l, lac_error *err) {
    lac_folder_kind kind;
    LAC_TRY(lac_run_kind(path, &kind, err));
    if (kind == LAC_FOLDER_RUN) {
        if (l->n == l->room) {
            size_t room = l->room ? 2 * l->room : 16;
            char **names = lac_resize(l->names, room * sizeof *names);
            if (!names) return lac_no_memory(err, "a list of runs");
            l->names = names;
            l->room = room;
        }
        l->names[l->n] = lac_copy_text(path);
        return l->names[l->n] && ++l->n ? LAC_OK : lac_no_memory(err, "a list of runs");
    }
    if (depth == MOST_DEPTH) return LAC_OK;
    char **inner = NULL;
    size_t n = 0;
    LAC_TRY(lac_folder_list(path, &inner, &n, err));
    lac_status status = LAC_OK;
    for (size_t i = 0; i < n && status == LAC_OK; i++) {
        char *below = lac_format("%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/", inner[i]);
        if (!below) status = lac_no_memory(err, "a path");
        if (status == LAC_OK && lac_folder_exists(below)) status = find(below, depth + 1, l, err);
        lac_free(below);
    }
    lac_names_free(inner, n);
    return status;
}

lac_status lac_report_find(const char *path, char ***runs, size_t *n, lac_error *err) {
    list l = {0};
    *runs = NULL;
    *n = 0;
    lac_status status =
        *path && lac_folder_exists(path) ? find(path, 0, &l, err) : lac_fail(err, "%s: no such folder", path);
    if (status == LAC_OK && l.n == 0)
        status = lac_usage(err, "%s: no run (a folder with run.json) in it or below", path);
    if (status != LAC_OK) {
        lac_names_free(l.names, l.n);
        return status;
    }
    *runs = l.names;
    *n = l.n;
    return LAC_OK;
}
