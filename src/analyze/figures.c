/* analyze/figures.c - the figures of an analysis as files: attention by layer and head, rank and token similarity by
 * layer, spectra, and CKA as a heat map of all layers. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analyze/analyze.h"
#include "base/memory.h"
#include "chart/chart.h"

/* Curves of one number by layer: a series a run; scattered: a dot for every head. */
typedef struct curves {
    lac_series *series;
    double **room;
    int n;
} curves;

static void curves_free(curves *c) {
    for (int i = 0; c->room && i < 2 * c->n; i++)
        lac_free(c->room[i]);
    lac_free(c->room);
    lac_free(c->series);
}

static lac_status curves_new(int n, curves *c, lac_error *err) {
    *c = (curves){.n = n};
    c->series = lac_array((size_t)n, sizeof *c->series);
    c->room = lac_array((size_t)n, 2 * sizeof *c->room);
    return c->series && c->room ? LAC_OK : lac_no_memory(err, "a figure");
}

static lac_status curve(curves *c, int i, const char *name, bool is_control, lac_mark mark, int64_t n, double **x,
                        double **y, lac_error *err) {
    *x = c->room[2 * i] = lac_array((size_t)n, sizeof(double));
    *y = c->room[2 * i + 1] = lac_array((size_t)n, sizeof(double));
    if (!*x || !*y) return lac_no_memory(err, "a figure");
    c->series[i] = (lac_series){.name = name, .colour = is_control ? LAC_CHART_COLOURS - 1 : i, .mark = mark, .n = n};
    c->series[i].x = *x;
    c->series[i].y = *y;
    return LAC_OK;
}

static lac_status draw(const lac_chart *chart, const char *name, lac_figure_sink sink, void *context, lac_error *err) {
    lac_text svg = {0};
    lac_status status = lac_chart_svg(chart, &svg, err);
    if (status == LAC_OK) status = sink(context, name, &svg, err);
    lac_text_free(&svg);
    return status;
}

static lac_status draw_attention(const lac_analysis_set *set, bool is_entropy, lac_figure_sink sink, void *context,
                                 lac_error *err) {
    curves c;
    lac_status status = curves_new(set->n_runs, &c, err);
    bool has_any = false;
    for (int r = 0; r < set->n_runs && status == LAC_OK; r++) {
        const lac_analysis *a = &set->runs[r];
        double *x, *y;
        status = curve(&c, r, a->name, a->is_control, LAC_MARK_DOTS, a->depth * a->heads, &x, &y, err);
        for (int64_t k = 0; status == LAC_OK && k < a->depth * a->heads; k++) {
            x[k] = (double)(k / a->heads + 1) + 0.12 * (r - 0.5 * (set->n_runs - 1));
            y[k] = is_entropy ? a->entropy[k] : a->distance[k];
            has_any = true;
        }
    }
    lac_chart chart = {.title = is_entropy ? "Entropy of attention" : "Distance of attention",
                       .x_label = "block; a dot is a head",
                       .y_label = is_entropy ? "nats" : "pixels",
                       .is_alone = true,
                       .is_from_zero = true,
                       .has_whole_x = true,
                       .n_series = set->n_runs,
                       .series = c.series};
    chart.rule = is_entropy ? log((double)set->runs[0].n_tokens) : set->runs[0].uniform_distance;
    chart.rule_name = "the same everywhere";
    if (status == LAC_OK && has_any)
        status = draw(&chart, is_entropy ? "attention-entropy" : "attention-distance", sink, context, err);
    curves_free(&c);
    return status;
}

static lac_status draw_layers(const lac_analysis_set *set, bool is_rank, lac_figure_sink sink, void *context,
                              lac_error *err) {
    curves c;
    lac_status status = curves_new(set->n_runs, &c, err);
    for (int r = 0; r < set->n_runs && status == LAC_OK; r++) {
        const lac_analysis *a = &set->runs[r];
        double *x, *y;
        status = curve(&c, r, a->name, a->is_control, a->is_control ? LAC_MARK_DASHED : LAC_MARK_LINE, a->depth, &x, &y,
                       err);
        for (int64_t l = 0; status == LAC_OK && l < a->depth; l++) {
            x[l] = (double)(l + 1);
            y[l] = is_rank ? a->layer[l].effective_rank : a->layer[l].token_similarity;
        }
    }
    lac_chart chart = {.title = is_rank ? "Effective rank of the pooled features" : "Similarity of a picture's tokens",
                       .x_label = "block",
                       .y_label = is_rank ? "directions" : "mean cosine",
                       .is_alone = true,
                       .is_from_zero = true,
                       .has_whole_x = true,
                       .n_series = set->n_runs,
                       .series = c.series};
    if (status == LAC_OK) status = draw(&chart, is_rank ? "effective-rank" : "token-similarity", sink, context, err);
    curves_free(&c);
    return status;
}

/* The last layer's spectrum of every run. */
static lac_status draw_spectrum(const lac_analysis_set *set, lac_figure_sink sink, void *context, lac_error *err) {
    curves c;
    lac_status status = curves_new(set->n_runs, &c, err);
    for (int r = 0; r < set->n_runs && status == LAC_OK; r++) {
        const lac_analysis *a = &set->runs[r];
        double *x, *y;
        status = curve(&c, r, a->name, a->is_control, a->is_control ? LAC_MARK_DASHED : LAC_MARK_LINE, a->width, &x, &y,
                       err);
        for (int64_t i = 0; status == LAC_OK && i < a->width; i++) {
            double share = a->layer[a->depth].spectrum[i];
            x[i] = (double)(i + 1);
            y[i] = share > 1e-9 ? share : NAN; /* below, float32 features are rounding */
        }
    }
    lac_chart chart = {.title = "Spectrum of the pooled features, after the final norm",
                       .x_label = "component",
                       .y_label = "share of variance",
                       .is_alone = true,
                       .is_log_x = true,
                       .is_log_y = true,
                       .n_series = set->n_runs,
                       .series = c.series};
    if (status == LAC_OK) status = draw(&chart, "spectrum", sink, context, err);
    curves_free(&c);
    return status;
}

static lac_status draw_cka(const lac_analysis_set *set, lac_figure_sink sink, void *context, lac_error *err) {
    const lac_cka *c = set->cka;
    const size_t n = (size_t)c->n_rows;
    char **names = lac_array(n, sizeof *names);
    lac_status status = names ? LAC_OK : lac_no_memory(err, "a figure");
    for (int r = 0; r < set->n_runs && status == LAC_OK; r++)
        for (int64_t l = 0; l < set->runs[r].n_layers && status == LAC_OK; l++) {
            char layer[24] = "norm";
            if (l < set->runs[r].depth) snprintf(layer, sizeof layer, "%" PRId64, l + 1);
            char *name = set->n_runs == 1 ? lac_copy_text(layer) : lac_format("%.14s %s", set->runs[r].name, layer);
            names[c->first[r] + l] = name;
            if (!name) status = lac_no_memory(err, "a figure");
        }
    lac_text svg = {0};
    lac_heat heat = {.title = "Linear CKA between layers",
                     .rows = c->n_rows,
                     .columns = c->n_rows,
                     .value = c->value,
                     .row_names = (const char *const *)names,
                     .column_names = (const char *const *)names,
                     .low = 0,
                     .high = 1,
                     .is_alone = true};
    if (status == LAC_OK) status = lac_heat_svg(&heat, &svg, err);
    if (status == LAC_OK) status = sink(context, "cka", &svg, err);
    lac_text_free(&svg);
    for (size_t i = 0; names && i < n; i++)
        lac_free(names[i]);
    lac_free(names);
    return status;
}

lac_status lac_analysis_figures(const lac_analysis_set *set, lac_figure_sink sink, void *context, lac_error *err) {
    LAC_TRY(draw_attention(set, false, sink, context, err));
    LAC_TRY(draw_attention(set, true, sink, context, err));
    LAC_TRY(draw_layers(set, true, sink, context, err));
    LAC_TRY(draw_layers(set, false, sink, context, err));
    LAC_TRY(draw_spectrum(set, sink, context, err));
    return draw_cka(set, sink, context, err);
}
