/* method/step_sums.c - what a step needs beside masks: numbers that change and that graphs divide by, noise for soft
 * choices of codes, and sums over its batch that buffers follow once the weights are updated.
 *
 * Sums are added up over micro-batches in order, so nothing depends on threads. Nothing is allocated in a step. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "method/step_private.h"

static void put_real(const lac_view *view, int64_t at, double value) {
    if (view->dtype == LAC_F64)
        ((double *)view->data)[at] = value;
    else
        ((float *)view->data)[at] = (float)value;
}

/* ---- numbers and noise ---- */

lac_status lac_step_find_courses(lac_step *s, lac_error *err) {
    (void)err;
    for (int i = 0; i < s->method->n_courses; i++) {
        char name[160];
        snprintf(name, sizeof name, "inverse/%s", s->method->courses[i].name);
        if (lac_program_input(s->program, name, &s->inverse[i], NULL) != LAC_OK) s->inverse[i] = (lac_view){0};
    }
    if (lac_program_input(s->program, "gumbel/0", &s->noise, NULL) != LAC_OK) s->noise = (lac_view){0};
    lac_step_put_courses(s);
    return LAC_OK;
}

void lac_step_put_courses(lac_step *s) {
    for (int i = 0; i < s->method->n_courses; i++)
        if (s->inverse[i].data) put_real(&s->inverse[i], 0, 1 / s->method->courses[i].live->number[0]);
}

/* -log(-log u), u in (0, 1): one draw each, of the sample's own counters */
void lac_step_draw_noise(lac_step *s, uint64_t seed, const int64_t *epoch, const int64_t *sample) {
    if (!s->noise.data) return;
    int64_t n = lac_view_size(&s->noise) / s->batch;
    for (int64_t b = 0; b < s->batch; b++) {
        lac_random random = lac_random_at(seed, LAC_RANDOM_GUMBEL, (uint64_t)epoch[b], (uint64_t)sample[b], 0);
        for (int64_t i = 0; i < n; i++) {
            double u = ((double)lac_random_u32(&random) + 0.5) / 4294967296.0;
            put_real(&s->noise, b * n + i, -log(-log(u)));
        }
    }
}

/* ---- sums ---- */

lac_status lac_step_open_sums(lac_step *s, unsigned flags, lac_error *err) {
    const lac_quantizer_slot *q = s->method->quantizer;
    if (!(flags & LAC_STEP_TRAIN)) return LAC_OK;
    for (int i = 0; i < s->method->n_terms; i++) {
        const lac_term *term = &s->method->terms[i];
        if (!term->slot->aim) continue;
        LAC_TRY(lac_program_output(s->program, term->mean, &s->aims[i].mean, err));
        LAC_TRY(lac_program_output(s->program, term->figure, &s->aims[i].figure, err));
        s->aims[i].sum = lac_array((size_t)lac_view_size(&s->aims[i].mean), sizeof *s->aims[i].sum);
        if (!s->aims[i].sum) return lac_no_memory(err, "sums of a step");
    }
    if (!q->sums) return LAC_OK;
    if (lac_program_output(s->program, LAC_QUANTIZER_ROWS, &s->rows, NULL) != LAC_OK) s->rows = (lac_view){0};
    for (int i = 0; q->sums[i]; i++) {
        LAC_TRY(lac_program_output(s->program, q->sums[i], &s->gathered[i], err));
        s->sum[i] = lac_array((size_t)lac_view_size(&s->gathered[i]), sizeof *s->sum[i]);
        if (!s->sum[i]) return lac_no_memory(err, "sums of a step");
        s->n_sums++;
    }
    return LAC_OK;
}

void lac_step_close_sums(lac_step *s) {
    for (int i = 0; i < LAC_MOST_SUMS; i++)
        lac_free(s->sum[i]);
    for (int i = 0; i < LAC_MAX_OBJECTIVES; i++)
        lac_free(s->aims[i].sum);
}

void lac_step_clear(lac_step *s) {
    s->n_gathered = 0;
    for (int i = 0; i < s->n_sums; i++)
        memset(s->sum[i], 0, (size_t)lac_view_size(&s->gathered[i]) * sizeof *s->sum[i]);
    for (int i = 0; i < s->method->n_terms; i++) {
        if (!s->aims[i].sum) continue;
        memset(s->aims[i].sum, 0, (size_t)lac_view_size(&s->aims[i].mean) * sizeof *s->aims[i].sum);
        s->aims[i].figures = 0;
    }
}

static void add(const lac_view *view, float *sum) {
    int64_t n = lac_view_size(view);
    if (view->dtype == LAC_F64)
        for (int64_t k = 0; k < n; k++)
            sum[k] += (float)((const double *)view->data)[k];
    else
        for (int64_t k = 0; k < n; k++)
            sum[k] += ((const float *)view->data)[k];
}

void lac_step_gather(lac_step *s) {
    s->n_gathered++;
    for (int i = 0; i < s->n_sums; i++)
        add(&s->gathered[i], s->sum[i]);
    for (int i = 0; i < s->method->n_terms; i++) {
        if (!s->aims[i].sum) continue;
        float figure = 0;
        add(&s->aims[i].mean, s->aims[i].sum);
        add(&s->aims[i].figure, &figure);
        s->aims[i].figures += (double)figure;
    }
}

/* Terms learn from the mean over micro-batches, which are all of one size; what they gathered is used up. */
static void learn_terms(lac_step *s) {
    for (int i = 0; i < s->method->n_terms; i++) {
        const lac_term *term = &s->method->terms[i];
        if (!s->aims[i].sum || !term->slot->learn || s->n_gathered == 0) continue;
        for (int64_t k = 0; k < lac_view_size(&s->aims[i].mean); k++)
            s->aims[i].sum[k] /= (float)s->n_gathered;
        term->slot->learn(term->settings, term->name, s->method->store, s->aims[i].sum);
    }
}

void lac_step_learn(lac_step *s, uint64_t seed, int64_t number) {
    const lac_method *m = s->method;
    if (lac_store_real(m->store) != LAC_F32) return;
    learn_terms(s);
    if (!m->quantizer->learn || s->n_sums == 0) return;
    lac_gathered gathered = {.random = lac_random_at(seed, LAC_RANDOM_CODES, (uint64_t)number, 0, 0)};
    for (int i = 0; i < s->n_sums; i++)
        gathered.sum[i] = s->sum[i];
    gathered.rows = s->rows.data;
    gathered.n_rows = s->rows.data ? lac_view_rows(&s->rows) : 0;
    m->quantizer->learn(m->quantizer_settings, m->store, &gathered);
}

/* Perplexity e^H of how often codes were used, and how many were used at all. */
static int code_figures(const lac_step *s, const char *names[], double values[]) {
    if (s->n_sums == 0) return 0;
    int64_t k = lac_view_size(&s->gathered[0]), n_used = 0;
    double total = 0, entropy = 0;
    for (int64_t i = 0; i < k; i++)
        total += (double)s->sum[0][i];
    for (int64_t i = 0; i < k && total > 0; i++) {
        double p = (double)s->sum[0][i] / total;
        if (p <= 0) continue;
        entropy -= p * log(p);
        n_used++;
    }
    names[0] = "perplexity";
    values[0] = exp(entropy);
    names[1] = "codes_used";
    values[1] = (double)n_used;
    return 2;
}

/* Then the entropy of the answers that each term aims at, from 0 (one code) to log K (uniform). */
int lac_step_figures(const lac_step *s, const char *names[LAC_MOST_FIGURES], double values[LAC_MOST_FIGURES]) {
    int n = code_figures(s, names, values);
    for (int i = 0; i < s->method->n_terms && n < LAC_MOST_FIGURES; i++) {
        if (!s->aims[i].sum || s->n_gathered == 0) continue;
        names[n] = s->method->terms[i].figure;
        values[n++] = log((double)lac_view_size(&s->aims[i].mean)) - s->aims[i].figures / (double)s->n_gathered;
    }
    return n;
}

int64_t lac_method_codes(const lac_method *m) {
    return m->quantizer->build ? m->quantizer->codes(m->quantizer_settings) : 0;
}

bool lac_method_draws_codes(const lac_method *m) {
    return m->quantizer->draws;
}
