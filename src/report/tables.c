/* report/tables.c - probes, the analysis, the recipe and the machine of one run, as tables and charts. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "report/private.h"

enum { MOST_SERIES = 16, MOST_CELLS = 60 };

void lac_report_text(lac_text *out, const char *text) {
    lac_put_xml(out, text, 0);
}

void lac_report_missing(lac_text *out, const char *what, const char *format, ...) {
    char *command = NULL;
    va_list list;
    va_start(list, format);
    int n = vsnprintf(NULL, 0, format, list);
    va_end(list);
    if (n >= 0 && (command = lac_alloc((size_t)n + 1))) {
        va_start(list, format);
        vsnprintf(command, (size_t)n + 1, format, list);
        va_end(list);
    } else {
        out->failed = true;
        return;
    }
    lac_text_add(out, "<p class=\"missing\">%s Make it with <code>", what);
    lac_report_text(out, command);
    lac_text_add(out, "</code>.</p>\n");
    lac_free(command);
}

/* ---- probes ---- */

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static double real_of(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* "knn"; "lbfgs" and "bn-sgd" are two ways to a linear probe */
static bool is_of(const json_t *table, lac_report_protocol protocol) {
    const char *name = text_of(table, "protocol");
    if (protocol == LAC_REPORT_KNN) return strcmp(name, "knn") == 0;
    return strcmp(name, "lbfgs") == 0 || strcmp(name, "bn-sgd") == 0;
}

double lac_report_accuracy(const lac_report_run *r, lac_report_protocol protocol, int64_t labels, const char *row) {
    for (int i = r->n_evals - 1; i >= 0; i--) {
        const json_t *table = r->eval[i], *wanted = json_object_get(table, "labels"), *one;
        int64_t found = json_is_integer(wanted) ? json_integer_value(wanted) : 0;
        if (!is_of(table, protocol) || found != labels) continue;
        size_t k;
        json_array_foreach(json_object_get(table, "rows"), k, one) {
            if (strncmp(text_of(one, "features"), row, strlen(row)) == 0) return real_of(one, "accuracy");
        }
    }
    return NAN;
}

/* One number with its bar on the scale of 0 to 100. */
static void put_probe_row(const json_t *row, lac_text *out) {
    double accuracy = real_of(row, "accuracy"), deviation = real_of(row, "deviation");
    double wide = accuracy >= 0 && accuracy <= 100 ? accuracy : 0;
    const char *features = text_of(row, "features");
    bool is_trained = strcmp(features, "trained") == 0 || strcmp(features, "fine-tuned") == 0;
    lac_text_add(out, "<tr><th scope=\"row\">");
    lac_report_text(out, text_of(row, "features"));
    lac_text_add(out, "</th><td class=\"bar-cell\"><span class=\"bar%s\" style=\"width:%.1f%%\"></span></td>",
                 is_trained ? " own" : "", wide);
    if (isfinite(accuracy))
        lac_text_add(out, "<td class=\"number\">%.2f", accuracy);
    else
        lac_text_add(out, "<td class=\"number\">–");
    if (isfinite(deviation)) lac_text_add(out, " <span class=\"soft\">± %.2f</span>", deviation);
    lac_text_add(out, "</td></tr>\n");
}

static const char *title_of(const char *protocol) {
    return strcmp(protocol, "knn") == 0         ? "k-NN"
           : strcmp(protocol, "finetune") == 0  ? "Fine-tuning"
           : strcmp(protocol, "attentive") == 0 ? "Attentive probe"
                                                : "Linear probe";
}

void lac_report_probes(const lac_report_run *r, lac_text *out) {
    if (r->n_evals == 0) {
        lac_report_missing(out, "Nothing is measured yet.", "lacuna eval all %s --data %s --out %s/eval.json", r->path,
                           r->data ? r->data : "SOURCE", r->path);
        return;
    }
    lac_text_add(out, "<div class=\"probes\">\n");
    for (int i = 0; i < r->n_evals; i++) {
        const json_t *table = r->eval[i], *labels = json_object_get(table, "labels"), *row;
        lac_text_add(out, "<figure class=\"card\"><h3>%s, ", title_of(text_of(table, "protocol")));
        if (json_is_integer(labels))
            lac_text_add(out, "%" PRId64 " labels a class", (int64_t)json_integer_value(labels));
        else
            lac_text_add(out, "all labels");
        lac_text_add(out, "</h3><table class=\"probe\"><tbody>\n");
        size_t k;
        json_array_foreach(json_object_get(table, "rows"), k, row) put_probe_row(row, out);
        lac_text_add(out, "</tbody></table><figcaption>Accuracy in percent; protocol ");
        lac_report_text(out, text_of(table, "protocol"));
        lac_text_add(out, ", step %.0f, ", real_of(table, "step"));
        lac_report_text(out, text_of(json_object_get(table, "train"), "source"));
        lac_text_add(out, " → ");
        lac_report_text(out, text_of(json_object_get(table, "test"), "source"));
        lac_text_add(out, ".</figcaption></figure>\n");
    }
    lac_text_add(out, "</div>\n");
}

/* ---- analysis ---- */

typedef struct curve_room {
    lac_series series[MOST_SERIES];
    double *room[2 * MOST_SERIES];
    int n;
} curve_room;

/* Values of `list` under `key`, or the list's own numbers: x from 1, or from the member `x_key`. */
static lac_status add_curve(curve_room *c, const json_t *run, const json_t *list, const char *key, const char *x_key,
                            size_t most, lac_mark mark, int index, lac_error *err) {
    size_t n = json_array_size(list);
    if (n > most) n = most;
    double *x = lac_array(n, sizeof *x), *y = lac_array(n, sizeof *y);
    c->room[2 * c->n] = x;
    c->room[2 * c->n + 1] = y;
    lac_series *s = &c->series[c->n++];
    bool is_control = json_is_true(json_object_get(run, "control"));
    *s = (lac_series){.name = text_of(run, "name"),
                      .colour = is_control ? LAC_CHART_COLOURS - 1 : index,
                      .n = (int64_t)n,
                      .x = x,
                      .y = y};
    s->mark = mark == LAC_MARK_LINE && is_control ? LAC_MARK_DASHED : mark;
    if (!x || !y) return lac_no_memory(err, "a chart");
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(list, i);
        x[i] = x_key ? real_of(item, x_key) + 0.1 * index : (double)(i + 1);
        y[i] = key ? real_of(item, key) : json_is_number(item) ? json_number_value(item) : NAN;
        if (!key && !(y[i] > 1e-9)) y[i] = NAN;
    }
    return LAC_OK;
}

typedef enum look { DISTANCE, ENTROPY, RANK, TOKENS, SPECTRUM, N_LOOKS } look;

static lac_status draw_look(const json_t *runs, look what, lac_text *out, lac_error *err) {
    static const struct {
        const char *list, *key, *title, *y_label, *x_label, *note;
    } kinds[N_LOOKS] = {
        {"attention", "distance", "Distance of attention", "pixels", "block; a dot is a head",
         "How far away is what a patch attends to. Local heads are low; the dashed line is attention that is the same "
         "everywhere."},
        {"attention", "entropy", "Entropy of attention", "nats", "block; a dot is a head",
         "Low: a head picks few tokens. At the dashed line it picks none in particular."},
        {"layers", "effective_rank", "Effective rank", "directions", "block; the last is the final norm",
         "Directions that pooled features use."},
        {"layers", "token_similarity", "Similarity of a picture's tokens", "mean cosine",
         "block; the last is the final norm", "At 1 all patches of a picture say the same."},
        {"layers", NULL, "Spectrum after the final norm", "share of variance", "component",
         "A cliff means few directions carry everything."},
    };
    curve_room c = {0};
    lac_status status = LAC_OK;
    size_t r;
    json_t *run;
    json_array_foreach(runs, r, run) {
        const json_t *list = json_object_get(run, kinds[what].list);
        if (c.n == MOST_SERIES || status != LAC_OK || json_array_size(list) == 0) continue;
        if (what == SPECTRUM) list = json_object_get(json_array_get(list, json_array_size(list) - 1), "spectrum");
        status = add_curve(&c, run, list, kinds[what].key, what <= ENTROPY ? "layer" : NULL, SIZE_MAX,
                           what <= ENTROPY ? LAC_MARK_DOTS : LAC_MARK_LINE, (int)r, err);
    }
    const json_t *first = json_array_get(runs, 0);
    lac_chart chart = {.title = kinds[what].title,
                       .x_label = kinds[what].x_label,
                       .y_label = kinds[what].y_label,
                       .is_from_zero = what != SPECTRUM,
                       .has_whole_x = what != SPECTRUM,
                       .is_log_x = what == SPECTRUM,
                       .is_log_y = what == SPECTRUM,
                       .n_series = c.n,
                       .series = c.series,
                       .rule = real_of(first, what == DISTANCE ? "uniform_distance" : "most_entropy"),
                       .rule_name = what <= ENTROPY ? "the same everywhere" : NULL};
    char note[320];
    snprintf(note, sizeof note, "%s", kinds[what].note);
    if (c.n == MOST_SERIES && json_array_size(runs) > MOST_SERIES)
        snprintf(note, sizeof note, "%s The first %d of %zu networks.", kinds[what].note, MOST_SERIES,
                 json_array_size(runs));
    if (status == LAC_OK && c.n > 0) status = lac_report_chart(&chart, note, out, err);
    for (int i = 0; i < 2 * c.n; i++)
        lac_free(c.room[i]);
    return status;
}

/* Rows and columns are the layers of all runs; of many, the last layers. */
static lac_status draw_cka(const json_t *analysis, const json_t *runs, lac_text *out, lac_error *err) {
    const json_t *matrix = json_object_get(analysis, "cka");
    const size_t n_rows = json_array_size(matrix);
    const bool is_last_only = n_rows > MOST_CELLS;
    double *value = lac_array(n_rows * n_rows, sizeof *value);
    size_t *row = lac_array(n_rows + 1, sizeof *row), n = 0, at = 0, r, l;
    char **names = lac_array(n_rows + 1, sizeof *names);
    lac_status status = value && names && row ? LAC_OK : lac_no_memory(err, "a chart");
    json_t *run, *layer;
    json_array_foreach(runs, r, run) {
        const json_t *layers = json_object_get(run, "layers");
        json_array_foreach(layers, l, layer) {
            if (status != LAC_OK || at == n_rows) continue;
            if (!is_last_only || l + 1 == json_array_size(layers)) {
                names[n] = is_last_only ? lac_format("%.28s", text_of(run, "name"))
                                        : lac_format("%.16s %.8s", text_of(run, "name"), text_of(layer, "layer"));
                row[n] = at;
                if (!names[n++]) status = lac_no_memory(err, "a chart");
            }
            at++;
        }
    }
    for (size_t i = 0; status == LAC_OK && i < n; i++)
        for (size_t j = 0; j < n; j++) {
            const json_t *cell = json_array_get(json_array_get(matrix, row[i]), row[j]);
            value[i * n + j] = json_is_number(cell) ? json_number_value(cell) : NAN;
        }
    lac_heat heat = {.title = is_last_only ? "Linear CKA between last layers" : "Linear CKA between layers",
                     .rows = (int64_t)n,
                     .columns = (int64_t)n,
                     .value = value,
                     .low = 0,
                     .high = 1};
    heat.row_names = heat.column_names = (const char *const *)names;
    if (status == LAC_OK && at == n_rows && n > 0 && n <= 400) {
        lac_text_add(out, "<figure class=\"card wide\"><div class=\"scroll\">");
        status = lac_heat_svg(&heat, out, err);
        lac_text_add(out,
                     "</div><figcaption>1: the same representation but for rotation and scale. The biased estimator, "
                     "of the same %.0f pictures.</figcaption></figure>\n",
                     real_of(json_array_get(runs, 0), "pictures"));
    }
    for (size_t i = 0; names && i < n; i++)
        lac_free(names[i]);
    lac_free(names);
    lac_free(row);
    lac_free(value);
    return status;
}

static void put_number(lac_text *out, double value) {
    char text[32];
    lac_chart_number(value, text);
    lac_text_add(out, "<td class=\"number\">%s</td>", text);
}

static void put_pairs(const json_t *runs, lac_text *out) {
    lac_text_add(
        out,
        "<div class=\"scroll\"><table class=\"plain\"><thead><tr><th>encoder</th><th class=\"number\">alignment</th>"
        "<th class=\"number\">uniformity</th><th class=\"number\">effective rank</th><th class=\"number\">centred</th>"
        "<th class=\"number\">tokens’ cosine</th></tr></thead><tbody>\n");
    size_t r;
    json_t *run;
    json_array_foreach(runs, r, run) {
        const json_t *layers = json_object_get(run, "layers");
        size_t n = json_array_size(layers);
        const json_t *last = n > 0 ? json_array_get(layers, n - 1) : NULL;
        lac_text_add(out, "<tr><th scope=\"row\">");
        lac_report_text(out, text_of(run, "name"));
        lac_text_add(out, "</th>");
        put_number(out, real_of(run, "alignment"));
        put_number(out, real_of(run, "uniformity"));
        put_number(out, real_of(last, "effective_rank"));
        put_number(out, real_of(last, "centred_rank"));
        put_number(out, real_of(last, "token_similarity"));
        lac_text_add(out, "</tr>\n");
    }
    lac_text_add(
        out,
        "</tbody></table></div>\n<p class=\"soft\">Alignment: distance of two crops of a picture, squared; 0 is best. "
        "Uniformity: spread over the sphere; -4 is best. A collapsed encoder is perfectly aligned, so read "
        "both.</p>\n");
}

lac_status lac_report_analysis(const json_t *analysis, const char *folder, lac_text *out, lac_error *err) {
    const json_t *runs = json_object_get(analysis, "runs");
    if (json_array_size(runs) == 0) {
        lac_report_missing(out, "Not analyzed yet.", "lacuna analyze %s --data SOURCE", folder);
        return LAC_OK;
    }
    put_pairs(runs, out);
    lac_text_add(out, "<div class=\"charts\">\n");
    for (int what = 0; what < N_LOOKS; what++)
        LAC_TRY(draw_look(runs, (look)what, out, err));
    LAC_TRY(draw_cka(analysis, runs, out, err));
    lac_text_add(out, "</div>\n");
    return LAC_OK;
}

/* ---- recipe and machine ---- */

lac_status lac_report_recipe(const lac_report_run *r, lac_text *out, lac_error *err) {
    lac_text yaml = {0};
    lac_status status = lac_recipe_write(r->recipe, &yaml, err);
    if (status == LAC_OK) {
        lac_text_add(out, "<pre class=\"recipe\" tabindex=\"0\"><code>");
        for (char *at = yaml.data; at && *at;) { /* a line feed is no text to lac_put_xml */
            char *end = at + strcspn(at, "\n");
            bool is_last = !*end;
            *end = 0;
            lac_report_text(out, at);
            lac_text_add(out, "\n");
            at = is_last ? end : end + 1;
        }
        lac_text_add(out, "</code></pre>\n");
    }
    lac_text_free(&yaml);
    return status;
}

static void put_fact(lac_text *out, const char *name, const char *value) {
    lac_text_add(out, "<div><dt>%s</dt><dd>", name);
    lac_report_text(out, value);
    lac_text_add(out, "</dd></div>\n");
}

/* "model name : Intel(R) ..." of the first processor; empty if unknown */
static void processor_name(char room[128]) {
    room[0] = 0;
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[256];
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "model name", 10) == 0 && strchr(line, ':')) {
            snprintf(room, 128, "%.*s", (int)strcspn(strchr(line, ':') + 2, "\n"), strchr(line, ':') + 2);
            break;
        }
    if (file) fclose(file);
}

void lac_report_machine(const lac_report_run *r, const lac_report_options *o, lac_text *out) {
    char text[160], processor[128];
    processor_name(processor);
    lac_text_add(out, "<dl class=\"facts\">\n");
    snprintf(text, sizeof text, "%" PRId64 " of %" PRId64, r->n_log ? (int64_t)r->step[r->n_log - 1] : 0,
             r->card.total_steps);
    put_fact(out, "Steps", text);
    if (r->data) put_fact(out, "Trained on", r->data);
    snprintf(text, sizeof text, "%" PRId64 " (fingerprint %016" PRIx64 ")", r->card.pictures, r->card.fingerprint);
    put_fact(out, "Pictures", text);
    snprintf(text, sizeof text, "%" PRIu64, r->card.seed);
    put_fact(out, "Seed", text);
    snprintf(text, sizeof text, "%.0f pictures a second at the end; %.0f s of the last command",
             lac_report_last(r, "images_per_s"), lac_report_last(r, "seconds"));
    if (r->n_log > 0) put_fact(out, "Speed", text);
    put_fact(out, "This report", "Lacuna " LACUNA_VERSION);
    if (processor[0]) {
        snprintf(text, sizeof text, "%.100s, %d threads, %s", processor, lac_pool_size(o->pool),
                 o->backend ? o->backend->isa : "");
        put_fact(out, "Made on", text);
    }
    lac_text_add(out, "</dl>\n<p class=\"soft\">A run's weights do not depend on the machine's threads or speed, so it "
                      "keeps no record of them.</p>\n");
}
