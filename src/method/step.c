/* method/step.c - the step graph of a method: picture and mask in, loss and gradients out.
 *
 *     features = encoder(view/0, keep/0)      prediction = decoder(features, restore/0)      target = target(view/0)
 *     loss = sum over terms of weight * objective(prediction, target, weights of `on`, norm of `on`)
 *
 * Inputs: "view/0" B x C x S...; where the encoder sees visible patches alone "keep/0" i32 B x V and "restore/0" i32
 * B x N, where it sees all "mask/0" B x N, 1 = hidden; per `on` in use the loss weights B x N and the factor [1] that
 * turns a weighted sum into a mean: "weight/0" and "norm" for hidden patches, "weight/0/visible" and "norm/visible",
 * "weight/0/all" and "norm/all". Not here: filling masks and weights (step_mask.c). */
#include <stdio.h>

#include "base/memory.h"
#include "method/step_private.h"

const char *const lac_step_weight_names[LAC_N_ON] = {"weight/0", "weight/0/visible", "weight/0/all"};
const char *const lac_step_norm_names[LAC_N_ON] = {"norm", "norm/visible", "norm/all"};

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
            weight[term->on] = lac_input(g, lac_step_weight_names[term->on], real, 2, (int64_t[]){batch, m->grid.n});
            norm[term->on] = lac_input(g, lac_step_norm_names[term->on], real, 1, (int64_t[]){1});
        }
        lac_id value = term->slot->build(term->settings, g, prediction, target, weight[term->on], norm[term->on]);
        char name[80];
        snprintf(name, sizeof name, "term/%s", term->name);
        lac_output(g, name, value);
        lac_id weighed;
        if (term->has_course) {
            snprintf(name, sizeof name, "factor/%d", i);
            weighed = lac_scale_samples(g, value, lac_input(g, name, real, 1, (int64_t[]){1}));
        } else {
            weighed = lac_scale(g, value, lac_settings_real(term->settings, "weight"));
        }
        loss = i == 0 ? weighed : lac_add(g, loss, weighed);
    }
    lac_output(g, "loss", loss);
    return loss;
}

static lac_status build_step(const lac_method *m, lac_graph *g, int64_t batch, unsigned flags, lac_error *err) {
    int64_t dim[LAC_MAX_RANK];
    int rank = lac_method_picture_dims(m, batch, dim);
    lac_id picture = lac_input(g, "view/0", lac_graph_real(g), rank, dim);
    lac_id restore = LAC_NONE, drawn = LAC_NONE;
    lac_encoder_input input = {
        .picture = picture, .keep = LAC_NONE, .mask = LAC_NONE, .is_drop_path_on = (flags & LAC_STEP_DROP_PATH) != 0};
    if (m->is_index) {
        input.keep = lac_input(g, "keep/0", LAC_I32, 2, (int64_t[]){batch, m->n_visible});
        restore = lac_input(g, "restore/0", LAC_I32, 2, (int64_t[]){batch, m->grid.n});
    } else {
        drawn = lac_input(g, "mask/0", lac_graph_real(g), 2, (int64_t[]){batch, m->grid.n});
        if (m->mask->corrupt)
            input.picture = m->mask->corrupt(m->mask_settings, &m->grid, g, picture, drawn);
        else
            input.mask = drawn;
    }
    lac_id features = m->encoder->build(m->encoder_settings, &m->grid, g, &input);
    lac_output(g, "features", features);
    lac_id prediction = m->decoder->build(m->decoder_settings, &m->decoder_context, g, features, restore);
    lac_output(g, "prediction", prediction);
    lac_target_context about = m->target_context;
    about.picture = picture;
    about.corrupted = input.picture;
    about.mask = drawn;
    about.teacher_normed = LAC_NONE;
    lac_id target = lac_stop_gradient(g, m->target->build(m->target_settings, g, &about));
    lac_output(g, "target", target);
    lac_id loss = build_loss(m, g, batch, prediction, target);
    if (flags & LAC_STEP_TRAIN) lac_graph_backward(g, loss);
    return lac_graph_check(g, err);
}

static lac_status find_inputs(lac_step *s, lac_error *err) {
    lac_view view;
    if (s->method->is_index) {
        LAC_TRY(lac_program_input(s->program, "keep/0", &view, err));
        s->keep = view.data;
        LAC_TRY(lac_program_input(s->program, "restore/0", &view, err));
        s->restore = view.data;
    } else {
        LAC_TRY(lac_program_input(s->program, "mask/0", &s->drawn, err));
    }
    for (int i = 0; i < s->method->n_terms; i++) {
        lac_on on = s->method->terms[i].on;
        s->is_on[on] = true;
        if (s->method->terms[i].has_course) {
            char name[32];
            snprintf(name, sizeof name, "factor/%d", i);
            LAC_TRY(lac_program_input(s->program, name, &s->factor[i], err));
        }
        LAC_TRY(lac_program_input(s->program, lac_step_weight_names[on], &s->weight[on], err));
        LAC_TRY(lac_program_input(s->program, lac_step_norm_names[on], &s->norm[on], err));
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
    lac_encoder_input input = {.picture = lac_input(g, "view/0", lac_graph_real(g), rank, dim),
                               .keep = LAC_NONE,
                               .mask = LAC_NONE,
                               .layer = layer};
    lac_output(g, "features", m->encoder->build(m->encoder_settings, &m->grid, g, &input));
    lac_status status = lac_graph_check(g, err);
    if (status == LAC_OK) status = lac_program_new(g, backend, pool, 0, program, err);
    lac_graph_free(g);
    return status;
}
