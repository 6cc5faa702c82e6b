/* report/compare.c - several runs side by side: a table, curves laid over each other, what their recipes differ in, and
 * how alike their representations are, as a tree. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "cluster/draw.h"
#include "cluster/ward.h"
#include "report/private.h"

enum { MOST_POINTS = 200, MOST_TREE = 256 };

static void put_number(lac_text *out, double value, double best) {
    char text[32];
    lac_chart_number(value, text);
    lac_text_add(out, "<td class=\"number%s\">%s</td>", isfinite(value) && value == best ? " best" : "", text);
}

typedef struct measure {
    const char *title;
    lac_report_protocol protocol;
    int64_t labels;
    const char *row;
} measure;

static const measure measures[] = {
    {"k-NN", LAC_REPORT_KNN, 0, "trained"},          {"linear", LAC_REPORT_LINEAR, 0, "trained"},
    {"10 labels", LAC_REPORT_LINEAR, 10, "trained"}, {"linear, untrained", LAC_REPORT_LINEAR, 0, "untrained"},
    {"linear, raw", LAC_REPORT_LINEAR, 0, "raw"},
};
enum { N_MEASURES = sizeof measures / sizeof *measures };

static void put_table(const lac_report_run *runs, int n, lac_text *out) {
    double best[3];
    for (int m = 0; m < 3; m++) {
        best[m] = -INFINITY;
        for (int r = 0; r < n; r++)
            best[m] =
                fmax(best[m], lac_report_accuracy(&runs[r], measures[m].protocol, measures[m].labels, measures[m].row));
    }
    lac_text_add(out, "<div class=\"scroll\"><table class=\"plain\"><thead><tr><th>run</th><th>recipe</th><th "
                      "class=\"number\">steps</th>"
                      "<th class=\"number\">loss</th>");
    for (int m = 0; m < N_MEASURES; m++)
        lac_text_add(out, "<th class=\"number\">%s</th>", measures[m].title);
    lac_text_add(out, "<th class=\"number\">deviation</th><th class=\"number\">rank</th><th "
                      "class=\"number\">pictures/s</th></tr></thead><tbody>\n");
    for (int r = 0; r < n; r++) {
        const lac_report_run *run = &runs[r];
        lac_text_add(out, "<tr><th scope=\"row\"><span class=\"dot-key k%d\"></span><a href=\"#run-%d\">",
                     runs[r].kind % LAC_CHART_COLOURS, r);
        lac_report_text(out, run->name);
        lac_text_add(out, "</a></th><td>");
        lac_report_text(out, lac_recipe_name(run->recipe));
        lac_text_add(out, "</td>");
        put_number(out, run->n_log ? run->step[run->n_log - 1] : 0, NAN);
        put_number(out, lac_report_last(run, "loss"), NAN);
        for (int m = 0; m < N_MEASURES; m++)
            put_number(out, lac_report_accuracy(run, measures[m].protocol, measures[m].labels, measures[m].row),
                       m < 3 ? best[m] : NAN);
        put_number(out, lac_report_last(run, "feature_std"), NAN);
        put_number(out, lac_report_last(run, "effective_rank"), NAN);
        put_number(out, lac_report_last(run, "images_per_s"), NAN);
        lac_text_add(out, "</tr>\n");
    }
    lac_text_add(out, "</tbody></table></div>\n<p class=\"soft\">Accuracies in percent, the best of a column marked; "
                      "losses of different recipes "
                      "are not on one scale. Measure a run with <code>lacuna eval all RUN --data SOURCE --out "
                      "RUN/eval.json</code>.</p>\n");
}

/* How many of the first n runs are of this kind. */
static int runs_of(const lac_report_run *runs, int n, int kind) {
    int count = 0;
    for (int r = 0; r < n; r++)
        count += runs[r].kind == kind;
    return count;
}

static lac_status overlay(const lac_report_run *runs, int n, const char *column, const char *title, const char *note,
                          bool is_from_zero, lac_text *out, lac_error *err) {
    lac_series *series = lac_array((size_t)n, sizeof *series);
    double *room = lac_array((size_t)n, 2 * MOST_POINTS * sizeof *room);
    lac_status status = series && room ? LAC_OK : lac_no_memory(err, "a chart");
    int shown = 0;
    for (int r = 0; r < n && status == LAC_OK; r++) {
        const double *value = lac_report_find_column(&runs[r], column);
        int64_t count = runs[r].n_log, points = count < MOST_POINTS ? count : MOST_POINTS;
        double *x = room + (size_t)(2 * r) * MOST_POINTS, *y = x + MOST_POINTS;
        if (!value) continue;
        for (int64_t p = 0; p < points; p++) {
            double sum = 0;
            int64_t from = p * count / points, to = (p + 1) * count / points, there = 0;
            for (int64_t i = from; i < to; i++)
                if (isfinite(value[i])) {
                    sum += value[i];
                    there++;
                }
            x[p] = runs[r].step[to - 1];
            y[p] = there ? sum / (double)there : NAN;
        }
        int kind = runs[r].kind;
        bool is_first = runs_of(runs, r, kind) == 0;
        const char *name = runs_of(runs, n, kind) > 1 ? lac_recipe_name(runs[r].recipe) : runs[r].name;
        series[shown++] = (lac_series){.name = is_first ? name : NULL, .colour = kind, .n = points, .x = x, .y = y};
    }
    lac_chart chart = {
        .title = title, .x_label = "step", .is_from_zero = is_from_zero, .n_series = shown, .series = series};
    if (status == LAC_OK && shown > 0) status = lac_report_chart(&chart, note, out, err);
    lac_free(series);
    lac_free(room);
    return status;
}

/* Does nothing but the seed tell this run from the first of its kind? */
static bool is_only_a_seed(const lac_report_run *runs, int r) {
    int first = 0;
    while (runs[first].kind != runs[r].kind)
        first++;
    if (first == r) return false;
    lac_text difference = {0};
    lac_recipe_difference(runs[first].recipe, runs[r].recipe, &difference);
    bool answer = difference.bytes > 0 && strncmp(difference.data, "train.seed:", 11) == 0 &&
                  strchr(difference.data, ';') == NULL;
    lac_text_free(&difference);
    return answer;
}

static void put_differences(const lac_report_run *runs, int n, lac_text *out) {
    lac_text_add(out, "<h3>What the recipes differ in</h3>\n<ul class=\"differences\">\n");
    for (int r = 1; r < n; r++) {
        if (is_only_a_seed(runs, r)) continue;
        lac_text difference = {0};
        lac_recipe_difference(runs[0].recipe, runs[r].recipe, &difference);
        lac_text_add(out, "<li><strong>");
        lac_report_text(out, runs[r].name);
        lac_text_add(out, "</strong> against <strong>");
        lac_report_text(out, runs[0].name);
        lac_text_add(out, "</strong>: ");
        lac_report_text(out, difference.bytes ? difference.data : "nothing");
        lac_text_add(out, "</li>\n");
        if (difference.failed) out->failed = true;
        lac_text_free(&difference);
    }
    lac_text_add(out, "</ul>\n");
}

lac_status lac_report_tree(const json_t *analysis, lac_text *svg, lac_error *err) {
    const json_t *runs = json_object_get(analysis, "runs"), *matrix = json_object_get(analysis, "cka"), *run;
    const size_t n = json_array_size(runs);
    if (n < 2 || n > MOST_TREE) return LAC_OK;
    const char **names = lac_array(n, sizeof *names);
    size_t *row = lac_array(n, sizeof *row), at = 0, r;
    double *distance = lac_array(n * n, sizeof *distance);
    lac_merge *merges = lac_array(n, sizeof *merges);
    lac_status status = names && row && distance && merges ? LAC_OK : lac_no_memory(err, "a tree");
    json_array_foreach(runs, r, run) {
        if (status != LAC_OK) break;
        const char *name = json_string_value(json_object_get(run, "name"));
        names[r] = name ? name : "";
        at += json_array_size(json_object_get(run, "layers"));
        row[r] = at > 0 ? at - 1 : 0;
    }
    bool is_whole = status == LAC_OK;
    for (size_t i = 0, k = 0; i < n && status == LAC_OK; i++)
        for (size_t j = i + 1; j < n; j++) {
            const json_t *cka = json_array_get(json_array_get(matrix, row[i]), row[j]);
            is_whole = is_whole && json_is_number(cka);
            distance[k++] = sqrt(fmax(0, 2 * (1 - json_number_value(cka))));
        }
    if (status == LAC_OK && is_whole) {
        status = lac_ward(distance, n, merges, err);
        lac_tree_view view = {.merges = merges,
                              .n = n,
                              .names = names,
                              .cut_height = NAN,
                              .title = "Representations, by likeness",
                              .subtitle = "Ward's tree of the last layers; distance sqrt(2 (1 - CKA))",
                              .axis = "Ward distance"};
        if (status == LAC_OK) status = lac_tree_svg(&view, svg, err);
    }
    lac_free(names);
    lac_free(row);
    lac_free(distance);
    lac_free(merges);
    return status;
}

static lac_status put_tree(const json_t *analysis, lac_text *out, lac_error *err) {
    lac_text svg = {0}; /* as a picture: its styles are for a file of its own */
    lac_status status = lac_report_tree(analysis, &svg, err);
    if (status == LAC_OK && svg.bytes > 0) {
        lac_text_add(
            out, "<figure class=\"card wide tree\"><div class=\"scroll\"><img alt=\"Tree of the runs, by likeness of "
                 "their representations\" src=\"data:image/svg+xml;base64,");
        lac_report_base64(out, (const uint8_t *)svg.data, svg.bytes);
        lac_text_add(out, "\"></div></figure>\n");
    }
    lac_text_free(&svg);
    return status;
}

lac_status lac_report_compare(const lac_report_run *runs, int n, const lac_report_options *o, lac_text *out,
                              lac_error *err) {
    lac_text_add(out, "<section id=\"compare\"><h2>Comparison</h2>\n");
    if (o->folder) LAC_TRY(lac_report_results(o->folder, out, err));
    lac_text_add(out, "<h3>Run by run</h3>\n");
    put_table(runs, n, out);
    lac_text_add(out, "<div class=\"charts\">\n");
    LAC_TRY(overlay(runs, n, "loss", "Loss", "Only losses of the same target and objective can be compared.", false,
                    out, err));
    LAC_TRY(overlay(runs, n, "feature_std", "Deviation of features", "To 0: collapse.", true, out, err));
    LAC_TRY(overlay(runs, n, "effective_rank", "Effective rank", "To 1: collapse onto a line.", true, out, err));
    lac_text_add(out, "</div>\n");
    put_differences(runs, n, out);
    char *path = o->folder ? lac_format("%s/analysis/analysis.json", o->folder) : NULL;
    json_t *analysis = NULL;
    lac_status status = path ? lac_report_json(path, &analysis, err) : LAC_OK;
    lac_free(path);
    LAC_TRY(status);
    lac_text_add(out, "<h3>How alike are the representations?</h3>\n");
    if (analysis) {
        status = put_tree(analysis, out, err);
        if (status == LAC_OK) status = lac_report_analysis(analysis, o->folder, out, err);
    } else {
        lac_report_missing(out, "The runs are not analyzed together yet.",
                           "lacuna analyze RUN… --data SOURCE --out %s/analysis", o->folder ? o->folder : "DIR");
    }
    json_decref(analysis);
    lac_text_add(out, "</section>\n");
    return status;
}
