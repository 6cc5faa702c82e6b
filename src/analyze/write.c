/* analyze/write.c - an analysis as JSON (all of it) and CSV (one table a kind of number, for a spreadsheet). */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analyze/analyze.h"
#include "base/file.h"
#include "base/memory.h"
#include "cluster/escape.h"

static void put_real(lac_text *out, double value) {
    if (isfinite(value))
        lac_text_add(out, "%.9g", value);
    else
        lac_text_add(out, "null");
}

static void put_key(lac_text *out, const char *key, double value) {
    lac_text_add(out, ", \"%s\": ", key);
    put_real(out, value);
}

static void put_layer_name(const lac_analysis *a, int64_t layer, char room[24]) {
    if (layer < a->depth)
        snprintf(room, 24, "%" PRId64, layer + 1);
    else
        snprintf(room, 24, "norm");
}

static void put_run(const lac_analysis *a, lac_text *out) {
    lac_text_add(out, "{\"name\": ");
    lac_put_json(out, a->name);
    lac_text_add(out, ", \"path\": ");
    lac_put_json(out, a->path);
    lac_text_add(out,
                 ", \"control\": %s, \"step\": %" PRId64 ", \"pictures\": %" PRId64 ", \"attention_pictures\": %" PRId64
                 ", \"width\": %" PRId64 ", \"depth\": %" PRId64 ", \"heads\": %d, \"tokens\": %" PRId64,
                 a->is_control ? "true" : "false", a->step, a->n, a->n_attention, a->width, a->depth, a->heads,
                 a->n_tokens);
    put_key(out, "alignment", a->alignment);
    put_key(out, "uniformity", a->uniformity);
    put_key(out, "uniform_distance", a->uniform_distance);
    put_key(out, "most_entropy", log((double)a->n_tokens));
    lac_text_add(out, ",\n  \"attention\": [");
    for (int64_t k = 0; k < a->depth * a->heads; k++) {
        lac_text_add(out, "%s{\"layer\": %" PRId64 ", \"head\": %" PRId64, k ? ", " : "", k / a->heads + 1,
                     k % a->heads + 1);
        put_key(out, "distance", a->distance[k]);
        put_key(out, "entropy", a->entropy[k]);
        lac_text_add(out, "}");
    }
    lac_text_add(out, "],\n  \"layers\": [");
    for (int64_t l = 0; l < a->n_layers; l++) {
        char name[24];
        put_layer_name(a, l, name);
        lac_text_add(out, "%s\n    {\"layer\": \"%s\"", l ? "," : "", name);
        put_key(out, "effective_rank", a->layer[l].effective_rank);
        put_key(out, "centred_rank", a->layer[l].centred_rank);
        put_key(out, "token_similarity", a->layer[l].token_similarity);
        lac_text_add(out, ", \"spectrum\": [");
        for (int64_t i = 0; i < a->width; i++) {
            if (i) lac_text_add(out, ", ");
            put_real(out, a->layer[l].spectrum[i]);
        }
        lac_text_add(out, "]}");
    }
    lac_text_add(out, "]}");
}

lac_status lac_analysis_json(const lac_analysis_set *set, lac_text *out, lac_error *err) {
    const lac_cka *c = set->cka;
    lac_text_add(out, "{\"format\": 1, \"source\": ");
    lac_put_json(out, set->source);
    lac_text_add(out, ", \"seed\": %" PRIu64 ", \"runs\": [\n", set->seed);
    for (int r = 0; r < set->n_runs; r++) {
        if (r) lac_text_add(out, ",\n");
        put_run(&set->runs[r], out);
    }
    /* rows: every layer of every run, in the order of "runs" */
    lac_text_add(out, "],\n\"cka\": [");
    for (int64_t i = 0; i < c->n_rows; i++) {
        lac_text_add(out, i ? ",\n  [" : "\n  [");
        for (int64_t j = 0; j < c->n_rows; j++) {
            if (j) lac_text_add(out, ", ");
            put_real(out, c->value[i * c->n_rows + j]);
        }
        lac_text_add(out, "]");
    }
    lac_text_add(out, "]}\n");
    return out->failed ? lac_no_memory(err, "an analysis") : LAC_OK;
}

/* A field of CSV (RFC 4180); what a spreadsheet would take for a formula gets an apostrophe. */
static void put_field(lac_text *out, const char *text) {
    lac_text_add(out, "\"");
    if (strchr("=+-@", *text) && *text) lac_text_add(out, "'");
    for (; *text; text++)
        lac_text_add(out, *text == '"' ? "\"\"" : (unsigned char)*text < ' ' ? " " : "%c", *text);
    lac_text_add(out, "\"");
}

static void put_number(lac_text *out, double value) {
    if (isfinite(value))
        lac_text_add(out, ",%.9g", value);
    else
        lac_text_add(out, ",");
}

static void put_layers(const lac_analysis_set *set, lac_text *out) {
    lac_text_add(out, "run,control,layer,effective_rank,centred_rank,token_similarity\n");
    for (int r = 0; r < set->n_runs; r++)
        for (int64_t l = 0; l < set->runs[r].n_layers; l++) {
            const lac_analysis *a = &set->runs[r];
            char name[24];
            put_layer_name(a, l, name);
            put_field(out, a->name);
            lac_text_add(out, ",%d,%s", a->is_control, name);
            put_number(out, a->layer[l].effective_rank);
            put_number(out, a->layer[l].centred_rank);
            put_number(out, a->layer[l].token_similarity);
            lac_text_add(out, "\n");
        }
}

static void put_attention(const lac_analysis_set *set, lac_text *out) {
    lac_text_add(out, "run,control,layer,head,distance_pixels,entropy_nats\n");
    for (int r = 0; r < set->n_runs; r++) {
        const lac_analysis *a = &set->runs[r];
        for (int64_t k = 0; k < a->depth * a->heads; k++) {
            put_field(out, a->name);
            lac_text_add(out, ",%d,%" PRId64 ",%" PRId64, a->is_control, k / a->heads + 1, k % a->heads + 1);
            put_number(out, a->distance[k]);
            put_number(out, a->entropy[k]);
            lac_text_add(out, "\n");
        }
    }
}

static void put_spectrum(const lac_analysis_set *set, lac_text *out) {
    lac_text_add(out, "run,control,layer,component,share_of_variance\n");
    for (int r = 0; r < set->n_runs; r++) {
        const lac_analysis *a = &set->runs[r];
        for (int64_t k = 0; k < a->n_layers * a->width; k++) {
            char name[24];
            put_layer_name(a, k / a->width, name);
            put_field(out, a->name);
            lac_text_add(out, ",%d,%s,%" PRId64, a->is_control, name, k % a->width + 1);
            put_number(out, a->layer[k / a->width].spectrum[k % a->width]);
            lac_text_add(out, "\n");
        }
    }
}

static void put_place(const lac_analysis_set *set, int64_t row, lac_text *out) {
    int r = 0;
    while (r + 1 < set->n_runs && set->cka->first[r + 1] <= row)
        r++;
    char name[24];
    put_layer_name(&set->runs[r], row - set->cka->first[r], name);
    put_field(out, set->runs[r].name);
    lac_text_add(out, ",%d,%s", set->runs[r].is_control, name);
}

static void put_cka(const lac_analysis_set *set, lac_text *out) {
    const lac_cka *c = set->cka;
    lac_text_add(out, "run_a,control_a,layer_a,run_b,control_b,layer_b,cka\n");
    for (int64_t i = 0; i < c->n_rows; i++)
        for (int64_t j = i; j < c->n_rows; j++) {
            put_place(set, i, out);
            lac_text_add(out, ",");
            put_place(set, j, out);
            put_number(out, c->value[i * c->n_rows + j]);
            lac_text_add(out, "\n");
        }
}

static lac_status write_file(const char *folder, const char *name, const char *ending, const lac_text *text,
                             lac_error *err) {
    if (text->failed) return lac_no_memory(err, name);
    char *path = lac_format("%s/%s%s", folder, name, ending);
    lac_status status = path ? lac_file_write(path, text->data, text->bytes, err) : lac_no_memory(err, "a path");
    lac_free(path);
    return status;
}

static lac_status write_figure(void *context, const char *name, const lac_text *svg, lac_error *err) {
    return write_file(context, name, ".svg", svg, err);
}

lac_status lac_analysis_write(const lac_analysis_set *set, const char *folder, lac_error *err) {
    static const struct {
        const char *name;
        void (*put)(const lac_analysis_set *set, lac_text *out);
    } tables[] = {{"layers", put_layers}, {"attention", put_attention}, {"spectrum", put_spectrum}, {"cka", put_cka}};
    LAC_TRY(lac_folder_make(folder, err));
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        lac_text text = {0};
        tables[i].put(set, &text);
        lac_status status = write_file(folder, tables[i].name, ".csv", &text, err);
        lac_text_free(&text);
        LAC_TRY(status);
    }
    char *copy = lac_copy_text(folder);
    lac_status status = copy ? lac_analysis_figures(set, write_figure, copy, err) : lac_no_memory(err, "a path");
    lac_free(copy);
    LAC_TRY(status);
    lac_text json = {0};
    status = lac_analysis_json(set, &json, err);
    if (status == LAC_OK) status = write_file(folder, "analysis", ".json", &json, err);
    lac_text_free(&json);
    return status;
}
