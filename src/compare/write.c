/* compare/write.c - a comparison as results.json, results.csv, runs.csv, results.md and dendrogram.svg. Timings stand
 * by themselves: last in CSV, under "timings" in JSON, in a table of their own in Markdown. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "cluster/escape.h"
#include "compare/private.h"

/* Accuracies as percent with two digits, as eval.json has them; others with six. */
static void put_value(lac_text *out, int column, double value, const char *none) {
    if (!isfinite(value))
        lac_text_add(out, "%s", none);
    else if (column <= LAC_COMPARE_FEW_RAW)
        lac_text_add(out, "%.2f", value);
    else
        lac_text_add(out, "%.6g", value);
}

/* ---- JSON ---- */

static void put_numbers(lac_text *out, const lac_compare_method *m, int from, int to) {
    lac_text_add(out, "{");
    for (int c = from; c < to; c++) {
        lac_text_add(out, "%s\"%s\": {\"mean\": ", c > from ? ", " : "", lac_compare_keys[c]);
        put_value(out, c, m->mean[c], "null");
        lac_text_add(out, ", \"deviation\": ");
        put_value(out, c, m->deviation[c], "null");
        lac_text_add(out, "}");
    }
    lac_text_add(out, "}");
}

static void put_run(lac_text *out, const lac_compare_run *r) {
    lac_text_add(out, "\n      {\"run\": ");
    lac_put_json(out, r->folder);
    lac_text_add(out, ", \"seed\": %" PRId64 ", \"alarm\": ", r->seed);
    lac_text_add(out, r->alarm >= 0 ? "%" PRId64 : "null", r->alarm);
    for (int part = 0; part < 2; part++) {
        int from = part ? LAC_COMPARE_FIRST_TIMING : 0, to = part ? LAC_COMPARE_COLUMNS : LAC_COMPARE_FIRST_TIMING;
        lac_text_add(out, ", \"%s\": {", part ? "timings" : "numbers");
        for (int c = from; c < to; c++) {
            lac_text_add(out, "%s\"%s\": ", c > from ? ", " : "", lac_compare_keys[c]);
            put_value(out, c, r->value[c], "null");
        }
        lac_text_add(out, "}");
    }
    lac_text_add(out, ", \"failed\": ");
    if (r->reason)
        lac_put_json(out, r->reason);
    else
        lac_text_add(out, "null");
    lac_text_add(out, "}");
}

static void put_json(const lac_comparison *c, lac_text *out) {
    lac_text_add(out, "{\"format\": 1, \"data\": ");
    lac_put_json(out, c->train);
    lac_text_add(out, ", \"test\": ");
    if (c->test)
        lac_put_json(out, c->test);
    else
        lac_text_add(out, "null");
    lac_text_add(out, ", \"pictures\": %" PRId64 ", \"epochs\": ", c->n_pictures);
    lac_put_json_real(out, c->epochs);
    lac_text_add(out, ", \"budget_s\": ");
    lac_put_json_real(out, c->budget_s);
    lac_text_add(out,
                 ", \"seeds\": %d, \"seed\": %" PRId64 ", \"labels\": %" PRId64 ", \"train_limit\": %" PRId64
                 ", \"analyzed\": %" PRId64 ",\n\"methods\": [",
                 c->n_seeds, c->seed, c->labels, c->train_limit, c->n_analyzed);
    for (int i = 0; i < c->n_methods; i++) {
        const lac_compare_method *m = &c->methods[i];
        lac_text_add(out, "%s\n  {\"recipe\": ", i ? "," : "");
        lac_put_json(out, m->name);
        lac_text_add(out, ", \"steps\": %" PRId64 ", \"pictures\": %" PRId64 ", \"epochs\": ", m->steps, m->pictures);
        lac_put_json_real(out, m->epochs);
        lac_text_add(out, ", \"parameters\": %" PRId64 ", \"gflop_per_picture\": %.6g, \"whole\": %d, \"alarms\": %d",
                     m->parameters, m->gflop, m->n_whole, m->n_alarms);
        lac_text_add(out, ",\n    \"numbers\": ");
        put_numbers(out, m, 0, LAC_COMPARE_FIRST_TIMING);
        lac_text_add(out, ",\n    \"timings\": ");
        put_numbers(out, m, LAC_COMPARE_FIRST_TIMING, LAC_COMPARE_COLUMNS);
        lac_text_add(out, ",\n    \"runs\": [");
        for (int s = 0; s < c->n_seeds; s++) {
            if (s) lac_text_add(out, ",");
            put_run(out, &m->runs[s]);
        }
        lac_text_add(out, "]}");
    }
    lac_text_add(out, "]}\n");
}

/* ---- CSV ---- */

/* RFC 4180; names begin with a letter or digit, so no spreadsheet takes one for a formula. */
static void put_field(lac_text *out, const char *text) {
    lac_text_add(out, "\"");
    for (; *text; text++)
        lac_text_add(out, *text == '"' ? "\"\"" : (unsigned char)*text < ' ' ? " " : "%c", *text);
    lac_text_add(out, "\"");
}

static void put_methods_csv(const lac_comparison *c, lac_text *out) {
    lac_text_add(out, "recipe,seeds,failed,steps,pictures,epochs,parameters,gflop_per_picture,alarms");
    for (int k = 0; k < LAC_COMPARE_COLUMNS; k++)
        lac_text_add(out, ",%s,%s_deviation", lac_compare_keys[k], lac_compare_keys[k]);
    lac_text_add(out, "\n");
    for (int i = 0; i < c->n_methods; i++) {
        const lac_compare_method *m = &c->methods[i];
        put_field(out, m->name);
        lac_text_add(out, ",%d,%d,%" PRId64 ",%" PRId64 ",%.6g,%" PRId64 ",%.6g,%d", m->n_whole,
                     c->n_seeds - m->n_whole, m->steps, m->pictures, m->epochs, m->parameters, m->gflop, m->n_alarms);
        for (int k = 0; k < LAC_COMPARE_COLUMNS; k++) {
            lac_text_add(out, ",");
            put_value(out, k, m->mean[k], "");
            lac_text_add(out, ",");
            put_value(out, k, m->deviation[k], "");
        }
        lac_text_add(out, "\n");
    }
}

static void put_runs_csv(const lac_comparison *c, lac_text *out) {
    lac_text_add(out, "run,recipe,seed,failed,alarm_step");
    for (int k = 0; k < LAC_COMPARE_COLUMNS; k++)
        lac_text_add(out, ",%s", lac_compare_keys[k]);
    lac_text_add(out, "\n");
    for (int i = 0; i < c->n_methods * c->n_seeds; i++) {
        const lac_compare_method *m = &c->methods[i / c->n_seeds];
        const lac_compare_run *r = &m->runs[i % c->n_seeds];
        put_field(out, r->folder);
        lac_text_add(out, ",");
        put_field(out, m->name);
        lac_text_add(out, ",%" PRId64 ",", r->seed);
        put_field(out, r->reason ? r->reason : "");
        lac_text_add(out, ",");
        if (r->alarm >= 0) lac_text_add(out, "%" PRId64, r->alarm);
        for (int k = 0; k < LAC_COMPARE_COLUMNS; k++) {
            lac_text_add(out, ",");
            put_value(out, k, r->value[k], "");
        }
        lac_text_add(out, "\n");
    }
}

/* ---- Markdown ---- */

/* What a table's cell or a line of text holds as it is. */
static void put_plain(lac_text *out, const char *text) {
    for (; *text; text++) {
        if (strchr("|\\`*_<>[]", *text)) lac_text_add(out, "\\");
        lac_text_add(out, (unsigned char)*text < ' ' ? " " : "%c", *text);
    }
}

static void put_cell(lac_text *out, const lac_compare_method *m, int column, const char *format) {
    double mean = m->mean[column], deviation = m->deviation[column];
    lac_text_add(out, " | ");
    if (!isfinite(mean)) {
        lac_text_add(out, "-");
        return;
    }
    char text[48];
    snprintf(text, sizeof text, format, mean);
    lac_text_add(out, "%s", text);
    if (!isfinite(deviation)) return;
    snprintf(text, sizeof text, format, deviation);
    lac_text_add(out, " ± %s", text);
}

typedef struct markdown_column {
    int column;
    const char *title, *format;
} markdown_column;

static void put_table(lac_text *out, const lac_comparison *c, const markdown_column *columns, int n) {
    lac_text_add(out, "| method");
    for (int k = 0; k < n; k++)
        lac_text_add(out, " | %s", columns[k].title);
    lac_text_add(out, " |\n| ---");
    for (int k = 0; k < n; k++)
        lac_text_add(out, " | ---:");
    lac_text_add(out, " |\n");
    for (int i = 0; i < c->n_methods; i++) {
        lac_text_add(out, "| ");
        put_plain(out, c->methods[i].name);
        for (int k = 0; k < n; k++)
            put_cell(out, &c->methods[i], columns[k].column, columns[k].format);
        lac_text_add(out, " |\n");
    }
    lac_text_add(out, "\n");
}

static void put_course(lac_text *out, const lac_comparison *c) {
    static const markdown_column columns[] = {{LAC_COMPARE_LOSS, "loss", "%.4g"},
                                              {LAC_COMPARE_SPREAD, "spread", "%.2f"},
                                              {LAC_COMPARE_RANK, "rank", "%.1f"},
                                              {LAC_COMPARE_COSINE, "cosine", "%.3f"}};
    lac_text_add(out, "| method | steps | pictures | epochs | loss | spread | rank | cosine | collapse warnings |\n"
                      "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    for (int i = 0; i < c->n_methods; i++) {
        const lac_compare_method *m = &c->methods[i];
        lac_text_add(out, "| ");
        put_plain(out, m->name);
        lac_text_add(out, " | %" PRId64 " | %" PRId64 " | %.2f", m->steps, m->pictures, m->epochs);
        for (size_t k = 0; k < sizeof columns / sizeof *columns; k++)
            put_cell(out, m, columns[k].column, columns[k].format);
        lac_text_add(out, " | %d of %d |\n", m->n_alarms, m->n_whole);
    }
    lac_text_add(out,
                 "\nLoss, spread and cosine are means of the last tenth of the log; losses of different recipes are "
                 "not on one scale. Spread: deviation of\nunit-length features x √D, near 1 is healthy, 0 is "
                 "collapse. Rank: effective rank of %" PRId64 " pictures' features.\n\n",
                 c->n_analyzed);
}

static void put_cost(lac_text *out, const lac_comparison *c) {
    static const markdown_column columns[] = {{LAC_COMPARE_TRAIN_S, "training, s", "%.1f"},
                                              {LAC_COMPARE_IMAGES_PER_S, "pictures a second", "%.0f"},
                                              {LAC_COMPARE_EVALUATION_S, "measuring, s", "%.1f"}};
    lac_text_add(out, "## Cost\n\n| method | parameters | GFLOP a picture");
    for (int k = 0; k < 3; k++)
        lac_text_add(out, " | %s", columns[k].title);
    lac_text_add(out, " |\n| --- | ---: | ---: | ---: | ---: | ---: |\n");
    for (int i = 0; i < c->n_methods; i++) {
        const lac_compare_method *m = &c->methods[i];
        lac_text_add(out, "| ");
        put_plain(out, m->name);
        lac_text_add(out, " | %" PRId64 " | %.4g", m->parameters, m->gflop);
        for (int k = 0; k < 3; k++)
            put_cell(out, m, columns[k].column, columns[k].format);
        lac_text_add(out, " |\n");
    }
    lac_text_add(out, "\nSeconds and rates are this machine's and change from one call to the next; nothing else does. "
                      "Parameters and products (forward and\nbackward) are those that training needs.\n");
}

static void put_missing(lac_text *out, const lac_comparison *c) {
    if (c->n_missing == 0) return;
    const char *before = "Not done yet, and in no mean: ";
    for (int i = 0; i < c->n_methods * c->n_seeds; i++) {
        const lac_compare_run *r = &c->methods[i / c->n_seeds].runs[i % c->n_seeds];
        if (r->is_whole || r->reason) continue;
        lac_text_add(out, "%s", before);
        put_plain(out, r->folder);
        before = ", ";
    }
    lac_text_add(out, ".\n\n");
}

static void put_failures(lac_text *out, const lac_comparison *c) {
    if (c->n_failed == 0) return;
    lac_text_add(out, "## Failed\n\n");
    for (int i = 0; i < c->n_methods * c->n_seeds; i++) {
        const lac_compare_run *r = &c->methods[i / c->n_seeds].runs[i % c->n_seeds];
        if (!r->reason) continue;
        lac_text_add(out, "- ");
        put_plain(out, r->folder);
        lac_text_add(out, ": ");
        put_plain(out, r->reason);
        lac_text_add(out, "\n");
    }
    lac_text_add(out, "\n");
}

static void put_markdown(const lac_comparison *c, lac_text *out) {
    char few[3][48];
    snprintf(few[0], sizeof few[0], "%" PRId64 " label%s", c->labels, c->labels == 1 ? "" : "s");
    const markdown_column accuracies[] = {{LAC_COMPARE_KNN, "k-NN", "%.2f"},
                                          {LAC_COMPARE_KNN_UNTRAINED, "untrained", "%.2f"},
                                          {LAC_COMPARE_KNN_RAW, "raw pixels", "%.2f"},
                                          {LAC_COMPARE_LINEAR, "linear", "%.2f"},
                                          {LAC_COMPARE_LINEAR_UNTRAINED, "untrained", "%.2f"},
                                          {LAC_COMPARE_LINEAR_RAW, "raw pixels", "%.2f"},
                                          {LAC_COMPARE_FEW, few[0], "%.2f"},
                                          {LAC_COMPARE_FEW_UNTRAINED, "untrained", "%.2f"},
                                          {LAC_COMPARE_FEW_RAW, "raw pixels", "%.2f"}};
    lac_text_add(out, "# %d method%s on ", c->n_methods, c->n_methods == 1 ? "" : "s");
    put_plain(out, c->train);
    lac_text_add(out, "\n\nEach trained on %" PRId64 " pictures for ", c->n_pictures);
    if (c->epochs > 0)
        lac_text_add(out, "%.6g epochs", c->epochs);
    else
        lac_text_add(out, "the steps that %.6g s were measured to hold once, before the first", c->budget_s);
    lac_text_add(out, "; %d seed%s. Accuracy in percent on ", c->n_seeds, c->n_seeds == 1 ? "" : "s");
    put_plain(out, c->test ? c->test : "a fifth of the pictures, held out from the probes");
    if (c->train_limit > 0) lac_text_add(out, ", probes trained on %" PRId64 " pictures at most", c->train_limit);
    lac_text_add(out, "; mean%s.\n\n", c->n_seeds > 1 ? " ± deviation over seeds" : "");
    put_table(out, c, accuracies, sizeof accuracies / sizeof *accuracies);
    lac_text_add(out,
                 "Beside every method its controls: the same network untrained, and raw pixels. The few labels are "
                 "of every class, and the mean of 5 draws.\n\n## Training\n\n");
    put_course(out, c);
    put_missing(out, c);
    put_failures(out, c);
    if (c->has_tree)
        lac_text_add(out, "## Likeness of what was learned\n\n![Tree of the representations](dendrogram.svg)\n\n");
    put_cost(out, c);
}

/* ---- all of it ---- */

static lac_status write_tree(lac_work *w, lac_error *err) {
    char *path = lac_work_path(w, "analysis/analysis.json");
    json_t *analysis = NULL;
    lac_text svg = {0};
    lac_status status = path ? lac_report_json(path, &analysis, err) : lac_no_memory(err, "a path");
    if (status == LAC_OK && analysis) status = lac_report_tree(analysis, &svg, err);
    w->c->has_tree = svg.bytes > 0;
    if (status == LAC_OK && w->c->has_tree) status = lac_work_write(w, "dendrogram.svg", &svg, err);
    lac_text_free(&svg);
    json_decref(analysis);
    lac_free(path);
    return status;
}

lac_status lac_work_tabulate(lac_work *w, lac_error *err) {
    static const struct {
        const char *name;
        void (*put)(const lac_comparison *c, lac_text *out);
    } files[] = {{"results.csv", put_methods_csv},
                 {"runs.csv", put_runs_csv},
                 {"results.md", put_markdown},
                 {"results.json", put_json}};
    LAC_TRY(write_tree(w, err));
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        lac_text text = {0};
        files[i].put(w->c, &text);
        lac_status status = lac_work_write(w, files[i].name, &text, err);
        lac_text_free(&text);
        LAC_TRY(status);
    }
    return LAC_OK;
}
