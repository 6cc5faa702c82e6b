/* report/curves.c - the log as charts: loss, its terms, the optimizer, speed, and the indicators of collapse. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "report/private.h"
#include "train/collapse.h"

enum { MOST_POINTS = 300 };

lac_status lac_report_chart(const lac_chart *chart, const char *note, lac_text *out, lac_error *err) {
    lac_chart in_card = *chart; /* three cards in a row: letters keep about their size */
    in_card.width = 370;
    in_card.height = 230;
    lac_text_add(out, "<figure class=\"card\">");
    LAC_TRY(lac_chart_svg(&in_card, out, err));
    if (note) lac_text_add(out, "<figcaption>%s</figcaption>", note);
    lac_text_add(out, "</figure>\n");
    return LAC_OK;
}

/* About MOST_POINTS of a column: means of equal parts, so that a spike is not lost to a stride. */
static int64_t thin(const lac_report_run *r, const double *value, double *x, double *y) {
    int64_t n = r->n_log, points = n < MOST_POINTS ? n : MOST_POINTS;
    for (int64_t p = 0; p < points; p++) {
        int64_t from = p * n / points, to = (p + 1) * n / points, count = 0;
        double sum = 0;
        for (int64_t i = from; i < to; i++)
            if (isfinite(value[i])) {
                sum += value[i];
                count++;
            }
        x[p] = r->step[to - 1];
        y[p] = count ? sum / (double)count : NAN;
    }
    return points;
}

typedef struct plot {
    const char *title, *y_label, *note;
    bool is_log, is_from_zero;
    double rule;
    const char *rule_name;
} plot;

static lac_status draw(const lac_report_run *r, const char *const *names, int n, const plot *p, lac_text *out,
                       lac_error *err) {
    lac_series series[LAC_REPORT_COLUMNS];
    double *room = lac_array((size_t)n, 2 * MOST_POINTS * sizeof *room);
    if (!room) return lac_no_memory(err, "a chart");
    int shown = 0;
    for (int i = 0; i < n; i++) {
        const double *value = lac_report_find_column(r, names[i]);
        if (!value) continue;
        double *x = room + (size_t)(2 * i) * MOST_POINTS, *y = x + MOST_POINTS;
        const char *name = strncmp(names[i], "term ", 5) == 0 ? names[i] + 5 : names[i];
        series[shown] = (lac_series){.name = n > 1 ? name : NULL, .colour = shown, .x = x, .y = y};
        series[shown].n = thin(r, value, x, y);
        shown++;
    }
    lac_chart chart = {.title = p->title,
                       .x_label = "step",
                       .y_label = p->y_label,
                       .is_log_y = p->is_log,
                       .is_from_zero = p->is_from_zero,
                       .n_series = shown,
                       .series = series,
                       .rule = p->rule,
                       .rule_name = p->rule_name};
    lac_status status = shown > 0 ? lac_report_chart(&chart, p->note, out, err) : LAC_OK;
    lac_free(room);
    return status;
}

static lac_status put_health(const lac_report_run *r, lac_text *out, lac_error *err) {
    char rule[64];
    double healthy = r->width > 0 ? 1 / sqrt((double)r->width) : NAN;
    snprintf(rule, sizeof rule, "1/√D = %.3g: healthy", healthy);
    lac_text_add(out, "<h3>Is it collapsing?</h3>\n");
    int64_t at = lac_report_alarm(r);
    if (at >= 0)
        lac_text_add(
            out,
            "<p class=\"alarm\"><strong>Collapse warning</strong> at step %.0f: the features' deviation stayed "
            "under a tenth of 1/√D and a quarter of its first value, and their effective rank under 2, for %d log "
            "lines.</p>\n",
            r->step[at], LAC_ALARM_LOGS);
    else
        lac_text_add(out,
                     "<p class=\"soft\">No warning: it is raised when the deviation of features stays under a tenth of "
                     "1/√D and a "
                     "quarter of its first value, and their effective rank under 2, for %d log lines.</p>\n",
                     LAC_ALARM_LOGS);
    lac_text_add(out, "<div class=\"charts\">\n");
    LAC_TRY(draw(
        r, (const char *const[]){"feature_std"}, 1,
        &(plot){.title = "Deviation of features",
                .is_from_zero = true,
                .rule = healthy,
                .rule_name = r->width > 0 ? rule : NULL,
                .note =
                    "Of unit-length pooled features over a batch, by dimension. To 0: every picture looks the same."},
        out, err));
    LAC_TRY(draw(r, (const char *const[]){"effective_rank"}, 1,
                 &(plot){.title = "Effective rank",
                         .is_from_zero = true,
                         .y_label = "directions",
                         .note = "Directions that the features of a batch use. To 1: all on one line."},
                 out, err));
    LAC_TRY(draw(r, (const char *const[]){"mean_cosine"}, 1,
                 &(plot){.title = "Mean cosine between pictures",
                         .note = "Shown without an alarm: an untrained network measures .94 to .98."},
                 out, err));
    lac_text_add(out, "</div>\n");
    return LAC_OK;
}

/* Numbers of the log that no chart above knows. */
static lac_status put_others(const lac_report_run *r, lac_text *out, lac_error *err) {
    static const char *const known[] = {"epoch",        "loss",   "lr",          "grad_norm",
                                        "images_per_s", "wait_s", "feature_std", "effective_rank",
                                        "mean_cosine",  "seconds"};
    const char *terms[LAC_REPORT_COLUMNS];
    int n_terms = 0;
    for (int i = 0; i < r->n_columns; i++) {
        bool is_known = false;
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            is_known = is_known || strcmp(known[k], r->column[i].name) == 0;
        if (strncmp(r->column[i].name, "term ", 5) == 0)
            terms[n_terms++] = r->column[i].name;
        else if (!is_known)
            LAC_TRY(
                draw(r, (const char *const[]){r->column[i].name}, 1, &(plot){.title = r->column[i].name}, out, err));
    }
    return n_terms > 0 ? draw(r, terms, n_terms, &(plot){.title = "Terms of the objective"}, out, err) : LAC_OK;
}

lac_status lac_report_curves(const lac_report_run *r, lac_text *out, lac_error *err) {
    if (r->n_log == 0) {
        lac_report_missing(out, "Nothing is logged yet.", "lacuna pretrain … --out %s", r->path);
        return LAC_OK;
    }
    lac_text_add(out, "<div class=\"charts\">\n");
    LAC_TRY(
        draw(r, (const char *const[]){"loss"}, 1,
             &(plot){.title = "Loss", .note = "What is minimised. Losses of different recipes are not on one scale."},
             out, err));
    LAC_TRY(put_others(r, out, err));
    LAC_TRY(draw(r, (const char *const[]){"grad_norm"}, 1,
                 &(plot){.title = "Norm of the gradient, before clipping", .is_log = true}, out, err));
    LAC_TRY(draw(r, (const char *const[]){"lr"}, 1, &(plot){.title = "Learning rate", .is_from_zero = true}, out, err));
    lac_text_add(out, "</div>\n");
    return put_health(r, out, err);
}

lac_status lac_report_speed(const lac_report_run *r, lac_text *out, lac_error *err) {
    lac_text_add(out, "<div class=\"charts\">\n");
    LAC_TRY(draw(r, (const char *const[]){"images_per_s"}, 1,
                 &(plot){.title = "Speed",
                         .y_label = "pictures a second",
                         .is_from_zero = true,
                         .note = "The machine's, not the run's: other work on it shows here."},
                 out, err));
    lac_text_add(out, "</div>\n");
    return LAC_OK;
}
