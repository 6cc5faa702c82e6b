/* report/results.c - the table of a comparison (results.json, which `lacuna compare` writes): methods with mean and
 * deviation over their seeds, controls, health, cost, and what failed. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "report/private.h"

typedef struct shown {
    const char *key, *title, *format;
    bool is_control, is_timing;
} shown;

static const shown accuracies[] = {
    {"knn", "k-NN", "%.2f", false, false},
    {"knn_untrained", "untrained", "%.2f", true, false},
    {"knn_raw", "raw", "%.2f", true, false},
    {"linear", "linear", "%.2f", false, false},
    {"linear_untrained", "untrained", "%.2f", true, false},
    {"linear_raw", "raw", "%.2f", true, false},
    {"few_labels", "few labels", "%.2f", false, false},
    {"few_labels_untrained", "untrained", "%.2f", true, false},
    {"few_labels_raw", "raw", "%.2f", true, false},
};
static const shown courses[] = {
    {"loss", "loss", "%.4g", true, false},
    {"spread", "spread", "%.2f", true, false},
    {"rank", "rank", "%.1f", true, false},
    {"mean_cosine", "cosine", "%.3f", true, false},
};
static const shown costs[] = {
    {"time_train_s", "training, s", "%.1f", true, true},
    {"time_images_per_s", "pictures/s", "%.0f", true, true},
    {"time_evaluation_s", "measuring, s", "%.1f", true, true},
};
enum { N_ACCURACIES = sizeof accuracies / sizeof *accuracies };

static double real_of(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static double number_of(const json_t *method, const shown *s, const char *part) {
    return real_of(json_object_get(json_object_get(method, s->is_timing ? "timings" : "numbers"), s->key), part);
}

static void put_cell(const json_t *method, const shown *s, double best, lac_text *out) {
    double mean = number_of(method, s, "mean"), deviation = number_of(method, s, "deviation");
    char text[48];
    lac_text_add(out, "<td class=\"number%s\">", isfinite(mean) && mean == best ? " best" : "");
    if (!isfinite(mean)) {
        lac_text_add(out, "–</td>");
        return;
    }
    snprintf(text, sizeof text, s->format, mean);
    lac_text_add(out, "%s", text);
    snprintf(text, sizeof text, s->format, deviation);
    if (isfinite(deviation)) lac_text_add(out, " <span class=\"soft\">± %s</span>", text);
    lac_text_add(out, "</td>");
}

static void put_name(const json_t *method, lac_text *out) {
    const char *name = json_string_value(json_object_get(method, "recipe"));
    lac_text_add(out, "<tr><th scope=\"row\">");
    lac_report_text(out, name ? name : "");
    lac_text_add(out, "</th>");
}

static void put_head(const shown *columns, int n, lac_text *out) {
    for (int k = 0; k < n; k++)
        lac_text_add(out, "<th class=\"number%s\">%s</th>",
                     columns == accuracies && columns[k].is_control ? " soft" : "", columns[k].title);
}

static void put_accuracies(const json_t *methods, lac_text *out) {
    const json_t *method;
    size_t i;
    double best[N_ACCURACIES];
    for (int k = 0; k < N_ACCURACIES; k++) {
        best[k] = NAN;
        json_array_foreach(methods, i, method) if (!accuracies[k].is_control) best[k] =
            fmax(best[k], number_of(method, &accuracies[k], "mean"));
    }
    lac_text_add(out, "<div class=\"scroll\"><table class=\"plain\"><thead><tr><th>method</th>");
    put_head(accuracies, N_ACCURACIES, out);
    lac_text_add(out, "</tr></thead><tbody>\n");
    json_array_foreach(methods, i, method) {
        put_name(method, out);
        for (int k = 0; k < N_ACCURACIES; k++)
            put_cell(method, &accuracies[k], best[k], out);
        lac_text_add(out, "</tr>\n");
    }
    lac_text_add(out, "</tbody></table></div>\n");
}

static void put_courses(const json_t *methods, lac_text *out) {
    const json_t *method;
    size_t i;
    lac_text_add(out, "<div class=\"scroll\"><table class=\"plain\"><thead><tr><th>method</th><th "
                      "class=\"number\">steps</th><th class=\"number\">epochs</th>");
    put_head(courses, 4, out);
    lac_text_add(out, "<th class=\"number\">collapse warnings</th><th class=\"number\">parameters</th><th "
                      "class=\"number\">GFLOP a picture</th>");
    put_head(costs, 3, out);
    lac_text_add(out, "</tr></thead><tbody>\n");
    json_array_foreach(methods, i, method) {
        char gflop[32];
        lac_chart_number(real_of(method, "gflop_per_picture"), gflop);
        put_name(method, out);
        lac_text_add(out, "<td class=\"number\">%.0f</td><td class=\"number\">%.2f</td>", real_of(method, "steps"),
                     real_of(method, "epochs"));
        for (int k = 0; k < 4; k++)
            put_cell(method, &courses[k], NAN, out);
        lac_text_add(out,
                     "<td class=\"number\">%.0f of %.0f</td><td class=\"number\">%.0f</td><td class=\"number\">%s</td>",
                     real_of(method, "alarms"), real_of(method, "whole"), real_of(method, "parameters"), gflop);
        for (int k = 0; k < 3; k++)
            put_cell(method, &costs[k], NAN, out);
        lac_text_add(out, "</tr>\n");
    }
    lac_text_add(out, "</tbody></table></div>\n");
}

static void put_failures(const json_t *methods, lac_text *out) {
    const json_t *method, *run;
    size_t i, k;
    json_array_foreach(methods, i, method) json_array_foreach(json_object_get(method, "runs"), k, run) {
        const char *reason = json_string_value(json_object_get(run, "failed"));
        const char *name = json_string_value(json_object_get(run, "run"));
        if (!reason && json_is_null(json_object_get(json_object_get(run, "numbers"), "knn"))) {
            lac_text_add(out, "<p>");
            lac_report_text(out, name ? name : "");
            lac_text_add(out, " is not done yet</p>\n");
        }
        if (!reason) continue;
        lac_text_add(out, "<p class=\"alarm\"><strong>");
        lac_report_text(out, name ? name : "");
        lac_text_add(out, "</strong> failed while ");
        lac_report_text(out, reason);
        lac_text_add(out, "</p>\n");
    }
}

lac_status lac_report_results(const char *folder, lac_text *out, lac_error *err) {
    char *path = lac_format("%s/results.json", folder);
    json_t *results = NULL;
    lac_status status = path ? lac_report_json(path, &results, err) : lac_no_memory(err, "a path");
    lac_free(path);
    const json_t *methods = json_object_get(results, "methods");
    if (status == LAC_OK && json_array_size(methods) > 0) {
        const char *test = json_string_value(json_object_get(results, "test"));
        double epochs = real_of(results, "epochs");
        lac_text_add(out, "<h3>At an equal budget</h3>\n<p>Each method on %.0f pictures of ",
                     real_of(results, "pictures"));
        const char *data = json_string_value(json_object_get(results, "data"));
        lac_report_text(out, data ? data : "");
        if (epochs > 0)
            lac_text_add(out, " for %.6g epochs", epochs);
        else
            lac_text_add(out, " for the steps that %.6g s were measured to hold, once, before the first",
                         real_of(results, "budget_s"));
        lac_text_add(out, "; %.0f seeds. Accuracy in percent on ", real_of(results, "seeds"));
        lac_report_text(out, test ? test : "a fifth of the pictures, held out from the probes");
        lac_text_add(
            out,
            ", mean and deviation over seeds; few labels: %.0f of a class. Beside every method its controls.</p>\n",
            real_of(results, "labels"));
        put_accuracies(methods, out);
        put_failures(methods, out);
        put_courses(methods, out);
        lac_text_add(
            out,
            "<p class=\"soft\">Loss, spread and cosine: means of the last tenth of the log. Spread: deviation "
            "of unit-length features × √D; near 1 healthy, 0 collapsed. Rank: effective rank of %.0f pictures’ "
            "features. Seconds and rates are the machine’s, and nothing else depends on it.</p>\n",
            real_of(results, "analyzed"));
    }
    json_decref(results);
    return status;
}
