/* method/step_attention.c - what the class token attends to in whole pictures, for masks that go by it: a program of
 * the encoder (the teacher's, if that is a copy) as far as the last block's queries and keys, run before a step's own.
 */
#include <math.h>
#include <stdio.h>

#include "base/memory.h"
#include "method/step_private.h"

static lac_status build(const lac_step *s, lac_graph *g, lac_encoder_look *look, lac_error *err) {
    const lac_method *m = s->method;
    int64_t last = m->encoder_shape.depth - 1;
    lac_graph_set_scope(g, m->teacher->is_copy ? LAC_TEACHER_SCOPE : NULL);
    lac_method_look(m, g, s->batch, look);
    lac_graph_set_scope(g, NULL);
    LAC_TRY(lac_graph_check(g, err));
    if (last < 0 || last >= LAC_MOST_BLOCKS || look->qkv[last] == LAC_NONE)
        return lac_usage(err, "mask '%s': encoder '%s' has no attention in its last block", m->mask->slot.name,
                         m->encoder->slot.name);
    lac_output(g, "qkv", look->qkv[last]);
    if (look->bias[last] != LAC_NONE) lac_output(g, "bias", look->bias[last]);
    return lac_graph_check(g, err);
}

lac_status lac_step_open_attention(lac_step *s, const lac_backend *backend, lac_pool *pool, lac_error *err) {
    const lac_method *m = s->method;
    if (!m->mask->count) return LAC_OK;
    lac_encoder_look *look = lac_alloc(sizeof *look);
    s->attention = lac_array((size_t)(s->n_rows * m->grid.n), sizeof *s->attention);
    s->logits = lac_array((size_t)(m->encoder_shape.n_prefix + m->grid.n), sizeof *s->logits);
    lac_graph *g = NULL;
    lac_status status = look && s->attention && s->logits ? LAC_OK : lac_no_memory(err, "attention");
    if (status == LAC_OK) status = lac_graph_new(lac_store_real(m->store), m->store, &g, err);
    if (status == LAC_OK) status = build(s, g, look, err);
    if (status == LAC_OK) status = lac_program_new(g, backend, pool, 0, &s->looking, err);
    lac_graph_free(g);
    lac_free(look);
    return status;
}

void lac_step_close_attention(lac_step *s) {
    lac_program_free(s->looking);
    lac_free(s->attention);
    lac_free(s->logits);
}

static double real_at(const lac_view *view, int64_t i) {
    return view->dtype == LAC_F64 ? ((const double *)view->data)[i] : (double)((const float *)view->data)[i];
}

/* Softmax over all tokens of what the first one asks, averaged over heads; kept for the N patches. */
static void measure(lac_step *s, const lac_view *qkv, const lac_view *bias, int64_t b, float *out) {
    const lac_encoder_shape *shape = &s->method->encoder_shape;
    const int64_t n = s->method->grid.n, t = shape->n_prefix + n, d = shape->width, c = d / shape->heads;
    double scale = 1 / sqrt((double)c);
    for (int64_t i = 0; i < n; i++)
        out[i] = 0;
    for (int64_t h = 0; h < shape->heads; h++) {
        const int64_t q = b * t * 3 * d + h * c;
        double highest = -INFINITY, sum = 0;
        for (int64_t j = 0; j < t; j++) {
            const int64_t k = q + j * 3 * d + d;
            double dot = 0;
            for (int64_t i = 0; i < c; i++)
                dot += real_at(qkv, q + i) * real_at(qkv, k + i);
            s->logits[j] = dot * scale + (bias->data ? real_at(bias, h * t * t + j) : 0);
            highest = fmax(highest, s->logits[j]);
        }
        for (int64_t j = 0; j < t; j++)
            sum += s->logits[j] = exp(s->logits[j] - highest);
        for (int64_t i = 0; i < n; i++)
            out[i] += (float)(s->logits[shape->n_prefix + i] / sum / (double)shape->heads);
    }
}

lac_status lac_step_attend(lac_step *s, lac_error *err) {
    lac_view view, qkv, bias = {0};
    if (!s->looking) return LAC_OK;
    LAC_TRY(lac_program_output(s->looking, "qkv", &qkv, err));
    if (lac_program_output(s->looking, "bias", &bias, NULL) != LAC_OK) bias = (lac_view){0};
    for (int v = 0; v < s->method->n_large; v++) {
        char name[24];
        snprintf(name, sizeof name, "view/%d", v);
        LAC_TRY(lac_program_input(s->program, name, &view, err));
        LAC_TRY(lac_program_bind(s->looking, "view/0", view.data, err));
        lac_program_run(s->looking);
        for (int64_t b = 0; b < s->batch; b++)
            measure(s, &qkv, &bias, b, s->attention + (v * s->batch + b) * s->method->grid.n);
    }
    return LAC_OK;
}

const float *lac_step_attention(const lac_step *step) {
    return step->attention;
}
