/* method/step.c - the step graph of a method: picture and mask in, loss and gradients out.
 *
 *     features = encoder(view/0, keep/0)      prediction = decoder(features, restore/0)      target = target(view/0)
 *     loss = sum over terms of weight * objective(prediction, target, weights of `on`, norm of `on`)
 *
 * Inputs: "view/0" B x C x S..., "keep/0" i32 B x V, "restore/0" i32 B x N, and per `on` in use the loss weights B x N
 * and the factor [1] that turns a weighted sum into a mean: "weight/0" and "norm" for hidden patches,
 * "weight/0/visible" and "norm/visible", "weight/0/all" and "norm/all". Filling them allocates nothing. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "method/method_private.h"

static const char *const weight_names[LAC_N_ON] = {"weight/0", "weight/0/visible", "weight/0/all"};
static const char *const norm_names[LAC_N_ON] = {"norm", "norm/visible", "norm/all"};

struct lac_step {
    lac_method *method;
    lac_program *program;
    int64_t batch;
    bool is_on[LAC_N_ON];
    lac_view weight[LAC_N_ON], norm[LAC_N_ON];
    int32_t *keep, *restore;  /* the program's inputs */
    float *mask;              /* B x N, 1 = hidden */
    unsigned char *is_hidden; /* N, of one sample */
    void *mask_scratch;
    uint64_t *sort_scratch; /* N */
    int32_t *order;         /* N */
};

/* ---- building ---- */

static lac_id build_loss(const lac_method *m, lac_graph *g, int64_t batch, lac_id prediction, lac_id target) {
    lac_dtype real = lac_graph_real(g);
    lac_id weight[LAC_N_ON], norm[LAC_N_ON];
    for (int on = 0; on < LAC_N_ON; on++)
        weight[on] = norm[on] = LAC_NONE;
    lac_id loss = LAC_NONE;
    for (int i = 0; i < m->n_terms; i++) {
        const lac_term *term = &m->terms[i];
        if (weight[term->on] == LAC_NONE) {
            weight[term->on] = lac_input(g, weight_names[term->on], real, 2, (int64_t[]){batch, m->grid.n});
            norm[term->on] = lac_input(g, norm_names[term->on], real, 1, (int64_t[]){1});
        }
        lac_id value = term->slot->build(term->settings, g, prediction, target, weight[term->on], norm[term->on]);
        char name[80];
        snprintf(name, sizeof name, "term/%s", term->name);
        lac_output(g, name, value);
        lac_id weighed = lac_scale(g, value, term->weight);
        loss = i == 0 ? weighed : lac_add(g, loss, weighed);
    }
    lac_output(g, "loss", loss);
    return loss;
}

static lac_status build_step(const lac_method *m, lac_graph *g, int64_t batch, unsigned flags, lac_error *err) {
    int64_t dim[LAC_MAX_RANK];
    int rank = lac_method_picture_dims(m, batch, dim);
    lac_id picture = lac_input(g, "view/0", lac_graph_real(g), rank, dim);
    lac_id keep = lac_input(g, "keep/0", LAC_I32, 2, (int64_t[]){batch, m->n_visible});
    lac_id restore = lac_input(g, "restore/0", LAC_I32, 2, (int64_t[]){batch, m->grid.n});
    lac_encoder_input input = {.picture = picture, .keep = keep, .is_drop_path_on = (flags & LAC_STEP_DROP_PATH) != 0};
    lac_id features = m->encoder->build(m->encoder_settings, &m->grid, g, &input);
    lac_output(g, "features", features);
    lac_id prediction = m->decoder->build(m->decoder_settings, &m->decoder_context, g, features, restore);
    lac_output(g, "prediction", prediction);
    lac_id target = lac_stop_gradient(g, m->target->build(m->target_settings, &m->grid, g, picture));
    lac_output(g, "target", target);
    lac_id loss = build_loss(m, g, batch, prediction, target);
    if (flags & LAC_STEP_TRAIN) lac_graph_backward(g, loss);
    return lac_graph_check(g, err);
}

static lac_status find_inputs(lac_step *s, lac_error *err) {
    lac_view view;
    LAC_TRY(lac_program_input(s->program, "keep/0", &view, err));
    s->keep = view.data;
    LAC_TRY(lac_program_input(s->program, "restore/0", &view, err));
    s->restore = view.data;
    for (int i = 0; i < s->method->n_terms; i++) {
        lac_on on = s->method->terms[i].on;
        s->is_on[on] = true;
        LAC_TRY(lac_program_input(s->program, weight_names[on], &s->weight[on], err));
        LAC_TRY(lac_program_input(s->program, norm_names[on], &s->norm[on], err));
    }
    return LAC_OK;
}

static lac_status allocate(lac_step *s, lac_error *err) {
    const lac_method *m = s->method;
    size_t n = (size_t)m->grid.n;
    s->mask = lac_array((size_t)s->batch * n, sizeof *s->mask);
    s->is_hidden = lac_array(n, sizeof *s->is_hidden);
    s->mask_scratch = lac_zalloc(m->mask->scratch_bytes(m->mask_settings, &m->grid));
    s->sort_scratch = lac_array(n, sizeof *s->sort_scratch);
    s->order = lac_array(n, sizeof *s->order);
    if (!s->mask || !s->is_hidden || !s->mask_scratch || !s->sort_scratch || !s->order)
        return lac_no_memory(err, "masks");
    return LAC_OK;
}

lac_status lac_step_new(lac_method *method, const lac_backend *backend, lac_pool *pool, int64_t micro_batch,
                        unsigned flags, lac_step **step, lac_error *err) {
    *step = NULL;
    if (micro_batch < 1) return lac_usage(err, "batch: expected at least 1, found %lld", (long long)micro_batch);
    if (flags & LAC_STEP_TRAIN) LAC_TRY(lac_store_need_gradients(method->store, err));
    lac_step *s = lac_zalloc(sizeof *s);
    if (!s) return lac_no_memory(err, "a step");
    s->method = method;
    s->batch = micro_batch;
    lac_graph *graph = NULL;
    lac_status status = lac_graph_new(lac_store_real(method->store), method->store, &graph, err);
    if (status == LAC_OK) status = build_step(method, graph, micro_batch, flags, err);
    if (status == LAC_OK) status = lac_program_new(graph, backend, pool, 0, &s->program, err);
    lac_graph_free(graph);
    if (status == LAC_OK) status = find_inputs(s, err);
    if (status == LAC_OK) status = allocate(s, err);
    if (status != LAC_OK) {
        lac_step_free(s);
        return status;
    }
    *step = s;
    return LAC_OK;
}

void lac_step_free(lac_step *step) {
    if (!step) return;
    lac_program_free(step->program);
    lac_free(step->mask);
    lac_free(step->is_hidden);
    lac_free(step->mask_scratch);
    lac_free(step->sort_scratch);
    lac_free(step->order);
    lac_free(step);
}

lac_program *lac_step_program(const lac_step *step) {
    return step->program;
}

int64_t lac_step_batch(const lac_step *step) {
    return step->batch;
}

const float *lac_step_mask(const lac_step *step) {
    return step->mask;
}

lac_status lac_encoder_program(lac_method *m, const lac_backend *backend, lac_pool *pool, int64_t batch, int layer,
                               lac_program **program, lac_error *err) {
    *program = NULL;
    if (layer < 0 || layer > m->encoder_shape.depth)
        return lac_usage(err, "layer: expected 0 (the last, after the norm) to %lld, found %d",
                         (long long)m->encoder_shape.depth, layer);
    if (batch < 1) return lac_usage(err, "batch: expected at least 1, found %lld", (long long)batch);
    lac_graph *g;
    LAC_TRY(lac_graph_new(lac_store_real(m->store), m->store, &g, err));
    int64_t dim[LAC_MAX_RANK];
    int rank = lac_method_picture_dims(m, batch, dim);
    lac_encoder_input input = {
        .picture = lac_input(g, "view/0", lac_graph_real(g), rank, dim), .keep = LAC_NONE, .layer = layer};
    lac_output(g, "features", m->encoder->build(m->encoder_settings, &m->grid, g, &input));
    lac_status status = lac_graph_check(g, err);
    if (status == LAC_OK) status = lac_program_new(g, backend, pool, 0, program, err);
    lac_graph_free(g);
    return status;
}

/* ---- masks ---- */

static void put_real(const lac_view *view, int64_t at, double value) {
    if (view->dtype == LAC_F64)
        ((double *)view->data)[at] = value;
    else
        ((float *)view->data)[at] = (float)value;
}

/* The loss weights of every `on`, from the mask and, for hidden patches, from `weight` if it is not NULL. */
static void put_weights(lac_step *s, const float *weight, double sum[LAC_N_ON]) {
    int64_t n = s->batch * s->method->grid.n;
    for (int on = 0; on < LAC_N_ON; on++)
        sum[on] = 0;
    for (int64_t i = 0; i < n; i++) {
        double value[LAC_N_ON];
        value[LAC_ON_HIDDEN] = weight ? (double)weight[i] : (double)s->mask[i];
        value[LAC_ON_VISIBLE] = 1 - (double)s->mask[i];
        value[LAC_ON_ALL] = 1;
        for (int on = 0; on < LAC_N_ON; on++) {
            sum[on] += value[on];
            if (s->is_on[on]) put_real(&s->weight[on], i, value[on]);
        }
    }
}

static void put_norms(lac_step *s, const double total[LAC_N_ON]) {
    for (int on = 0; on < LAC_N_ON; on++)
        if (s->is_on[on]) put_real(&s->norm[on], 0, 1 / fmax(total[on], 1));
}

/* Sample b's mask from s->is_hidden, with its indices in ascending order. */
static void put_sample(lac_step *s, int64_t b) {
    const lac_method *m = s->method;
    lac_mask_indices(s->is_hidden, m->grid.n, s->keep + b * m->n_visible, s->restore + b * m->grid.n);
    for (int64_t i = 0; i < m->grid.n; i++)
        s->mask[b * m->grid.n + i] = s->is_hidden[i] ? 1 : 0;
}

lac_status lac_step_draw(lac_step *s, uint64_t seed, const int64_t *epoch, const int64_t *sample, int64_t global_batch,
                         lac_error *err) {
    const lac_method *m = s->method;
    if (global_batch < s->batch)
        return lac_usage(err, "global batch %lld is smaller than the micro-batch %lld", (long long)global_batch,
                         (long long)s->batch);
    for (int64_t b = 0; b < s->batch; b++) {
        lac_random random = lac_random_at(seed, LAC_RANDOM_MASK, (uint64_t)epoch[b], (uint64_t)sample[b], 0);
        m->mask->draw(m->mask_settings, &m->grid, &random, s->mask_scratch, s->is_hidden);
        put_sample(s, b);
    }
    double total[LAC_N_ON];
    put_weights(s, NULL, total);
    double pictures = (double)global_batch;
    total[LAC_ON_HIDDEN] = pictures * (double)(m->grid.n - m->n_visible);
    total[LAC_ON_VISIBLE] = pictures * (double)m->n_visible;
    total[LAC_ON_ALL] = pictures * (double)m->grid.n;
    put_norms(s, total);
    return LAC_OK;
}

/* order = argsort(noise), keep = its first V in that order, restore = argsort(order): what published code does. */
static lac_status put_noise(lac_step *s, int64_t b, const float *noise, lac_error *err) {
    int64_t n = s->method->grid.n, n_visible = s->method->n_visible;
    for (int64_t i = 0; i < n; i++)
        if (isnan(noise[i]))
            return lac_usage(err, "noise: sample %lld, patch %lld is not a number", (long long)b, (long long)i);
    lac_mask_argsort(noise, n, s->sort_scratch, s->order);
    for (int64_t i = 0; i < n; i++) {
        if (i < n_visible) s->keep[b * n_visible + i] = s->order[i];
        s->restore[b * n + s->order[i]] = (int32_t)i;
        s->mask[b * n + s->order[i]] = i < n_visible ? 0 : 1;
    }
    return LAC_OK;
}

/* Visible tokens in the order given, hidden ones ascending. */
static lac_status put_keep(lac_step *s, int64_t b, const int32_t *keep, lac_error *err) {
    int64_t n = s->method->grid.n, n_visible = s->method->n_visible;
    memset(s->is_hidden, 1, (size_t)n);
    for (int64_t v = 0; v < n_visible; v++) {
        if (keep[v] < 0 || keep[v] >= n)
            return lac_usage(err, "keep/0: sample %lld, place %lld: expected a patch from 0 to %lld, found %d",
                             (long long)b, (long long)v, (long long)(n - 1), keep[v]);
        if (!s->is_hidden[keep[v]])
            return lac_usage(err, "keep/0: sample %lld names patch %d twice", (long long)b, keep[v]);
        s->is_hidden[keep[v]] = 0;
    }
    put_sample(s, b);
    for (int64_t v = 0; v < n_visible; v++) {
        s->keep[b * n_visible + v] = keep[v];
        s->restore[b * n + keep[v]] = (int32_t)v;
    }
    return LAC_OK;
}

/* A mask of weights alone: what weighs nothing is visible. */
static lac_status put_hidden(lac_step *s, int64_t b, const float *weight, lac_error *err) {
    int64_t n = s->method->grid.n, n_visible = 0;
    for (int64_t i = 0; i < n; i++) {
        s->is_hidden[i] = weight[i] != 0;
        n_visible += !s->is_hidden[i];
    }
    if (n_visible != s->method->n_visible)
        return lac_usage(err, "mask/0: sample %lld leaves %lld of %lld patches visible, the recipe's mask leaves %lld",
                         (long long)b, (long long)n_visible, (long long)n, (long long)s->method->n_visible);
    put_sample(s, b);
    return LAC_OK;
}

lac_status lac_step_set_mask(lac_step *s, const float *noise, const int32_t *keep, const float *weight,
                             double total_weight, lac_error *err) {
    int64_t n = s->method->grid.n;
    if (noise && keep) return lac_usage(err, "mask: noise and keep/0 exclude each other");
    if (!noise && !keep && !weight) return lac_usage(err, "mask: expected noise, keep/0 or mask/0");
    for (int64_t i = 0; weight && i < s->batch * n; i++)
        if (!isfinite(weight[i]) || weight[i] < 0)
            return lac_usage(err, "mask/0: sample %lld, patch %lld: expected a finite weight of at least 0, found %g",
                             (long long)(i / n), (long long)(i % n), (double)weight[i]);
    for (int64_t b = 0; b < s->batch; b++) {
        if (noise)
            LAC_TRY(put_noise(s, b, noise + b * n, err));
        else if (keep)
            LAC_TRY(put_keep(s, b, keep + b * s->method->n_visible, err));
        else
            LAC_TRY(put_hidden(s, b, weight + b * n, err));
    }
    double total[LAC_N_ON];
    put_weights(s, weight, total);
    if (total_weight > 0) { /* this micro-batch is a share of a larger batch, in every `on` alike */
        double share = total[LAC_ON_HIDDEN] > 0 ? total_weight / total[LAC_ON_HIDDEN] : 1;
        for (int on = 0; on < LAC_N_ON; on++)
            total[on] *= share;
        total[LAC_ON_HIDDEN] = total_weight;
    }
    put_norms(s, total);
    return LAC_OK;
}
