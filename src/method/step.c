/* method/step.c - the step graph of a method: picture and mask in, loss and gradients out.
 *
 *     features = encoder(view/0, keep/0)      prediction = decoder(features, restore/0)      target = target(view/0)
 *     projection = predictor(projector(features, or those of the feature decoder))
 *     teacher_projection = projector'(encoder'(view/1, nothing hidden))
 *     loss = sum over terms of weight * objective(prediction, target, weights of `on`, norm of `on`), or of projections
 *
 * Primes are the teacher: the same weights, or copies under "teacher/".
 *
 * A quantizer stands between features and decoder and gives each patch one of K codes. A target of codes comes from a
 * tokenizer, frozen weights under "tokenizer/", on view/0.
 *
 * Inputs: "view/0" B x C x S...; where the encoder sees visible patches alone "keep/0" i32 B x V and "restore/0" i32
 * B x N, where it sees all "mask/0" B x N, 1 = hidden; per `on` in use the loss weights B x N and the factor [1] that
 * turns a weighted sum into a mean: "weight/0" and "norm" for hidden patches, "weight/0/visible" and "norm/visible",
 * "weight/0/all" and "norm/all", and for pooled projections "weight/0/picture" B x 1 and "norm/picture". Not here:
 * filling masks and weights (step_mask.c), decoders of lists of patches (step_lists.c). */
#include <stdio.h>

#include "base/memory.h"
#include "method/step_private.h"

const char *const lac_step_weight_names[LAC_N_ON] = {"weight/0",         "weight/0/visible", "weight/0/all",
                                                     "weight/0/picture", "weight/0/lists",   "weight/0/each"};
const char *const lac_step_norm_names[LAC_N_ON] = {"norm",         "norm/visible", "norm/all",
                                                   "norm/picture", "norm/lists",   "norm/each"};

/* ---- building ---- */

/* What terms compare, by `of`; B' = G B rows, one view's after another's. */
typedef struct pairs {
    lac_id prediction[LAC_N_OF], target[LAC_N_OF];
    lac_id student, small, teacher; /* projections of whole pictures: B' x 1 x e, of small views, the teacher's */
    lac_id removed;                 /* frequencies, B' x H W; LAC_NONE: the mask removes none */
    bool is_training;
} pairs;

/* Samples of view v among those of several views, n B x 1 x e. */
static lac_id view_of(lac_graph *g, lac_id x, int64_t batch, int v) {
    int64_t rows = lac_dim(g, x, 0), e = lac_dim(g, x, -1);
    if (rows == batch) return x;
    x = lac_slice_tokens(g, lac_reshape(g, x, 3, (int64_t[]){1, rows, e}), v * batch, batch);
    return lac_reshape(g, x, 3, (int64_t[]){batch, 1, e});
}

/* A term of whole pictures: each view of the student's with each other view of the teacher's, all counting alike. */
static lac_id compare_pictures(const lac_method *m, lac_graph *g, const lac_term *term, const pairs *p, lac_id teacher,
                               lac_id weight, lac_id norm) {
    if (!m->views->is_across) return term->slot->build(term->settings, g, p->student, teacher, weight, norm);
    int64_t batch = lac_dim(g, weight, 0);
    lac_id sum = LAC_NONE;
    int n = 0;
    for (int v = 0; v < m->n_large + m->n_small; v++) {
        bool is_small = v >= m->n_large;
        lac_id student = view_of(g, is_small ? p->small : p->student, batch, is_small ? v - m->n_large : v);
        for (int u = 0; u < m->n_large; u++) {
            if (u == v) continue;
            lac_id value = term->slot->build(term->settings, g, student, view_of(g, teacher, batch, u), weight, norm);
            sum = n++ == 0 ? value : lac_add(g, sum, value);
        }
    }
    return lac_scale(g, sum, 1 / (double)n);
}

/* The value of a term, before its weight. */
static lac_id build_term(const lac_method *m, lac_graph *g, const lac_term *term, const pairs *p, lac_id weight,
                         lac_id norm) {
    bool is_of_pictures = term->of == LAC_OF_PROJECTOR && term->on == LAC_ON_PICTURE;
    lac_id prediction = p->prediction[term->of], target = is_of_pictures ? p->teacher : p->target[term->of];
    if (term->slot->aim) {
        lac_aim about = {term->name, term->path, p->is_training, term->mean, term->figure};
        target = term->slot->aim(term->settings, &about, g, target);
    }
    if (is_of_pictures) return compare_pictures(m, g, term, p, target, weight, norm);
    if (term->slot->build_removed)
        return term->slot->build_removed(term->settings, g, &m->grid, prediction, target, p->removed, norm);
    return term->slot->build(term->settings, g, prediction, target, weight, norm);
}

static lac_id build_loss(const lac_method *m, lac_graph *g, int64_t batch, const pairs *p) {
    lac_dtype real = lac_graph_real(g);
    lac_id weight[LAC_N_ON], norm[LAC_N_ON];
    for (int on = 0; on < LAC_N_ON; on++)
        weight[on] = norm[on] = LAC_NONE;
    lac_id loss = LAC_NONE;
    for (int i = 0; i < m->n_terms; i++) {
        const lac_term *term = &m->terms[i];
        if (weight[term->on] == LAC_NONE) {
            int64_t dim[2] = {batch * m->n_large, m->grid.n};
            if (term->on == LAC_ON_PICTURE) dim[0] = batch, dim[1] = 1;
            if (term->on == LAC_ON_LISTS) dim[1] = m->bounds.n_blocks * m->bounds.n_in_block;
            weight[term->on] = lac_input(g, lac_step_weight_names[term->on], real, 2, dim);
            norm[term->on] = lac_input(g, lac_step_norm_names[term->on], real, 1, (int64_t[]){1});
        }
        lac_id value = build_term(m, g, term, p, weight[term->on], norm[term->on]);
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

/* Tokens of a whole or partly seen picture (n patches after `prefix` others) -> B x n x e, pooled: B x 1 x e, with the
 * class token in front: B x (1 + n) x e. */
static lac_id build_projection(const lac_method *m, lac_graph *g, lac_id features, int64_t prefix, int64_t n) {
    lac_id x = features;
    if (m->pool == LAC_POOL_CLASS)
        x = lac_slice_tokens(g, x, 0, 1);
    else if (prefix && m->pool != LAC_POOL_TOKENS)
        x = lac_slice_tokens(g, x, prefix, n);
    else if (prefix > 1)
        x = lac_concat_tokens(g, lac_slice_tokens(g, x, 0, 1), lac_slice_tokens(g, x, prefix, n));
    if (m->pool == LAC_POOL_MEAN)
        x = lac_reshape(g, lac_mean_tokens(g, x), 3, (int64_t[]){lac_dim(g, x, 0), 1, m->encoder_shape.width});
    return m->projector->build(m->projector_settings, "projector", g, x);
}

/* Which rows of projections are of pictures, and which of patches. */
static void sort_projection(const lac_method *m, lac_graph *g, lac_id x, lac_id *of_pictures, lac_id *of_patches) {
    *of_patches = m->pool == LAC_POOL_NONE ? x : LAC_NONE;
    *of_pictures = m->pool == LAC_POOL_NONE ? LAC_NONE : x;
    if (m->pool != LAC_POOL_TOKENS) return;
    *of_pictures = lac_slice_tokens(g, x, 0, 1);
    *of_patches = lac_slice_tokens(g, x, 1, m->grid.n);
}

static lac_id predict(const lac_method *m, lac_graph *g, lac_id z) {
    return m->predictor->build ? m->predictor->build(m->predictor_settings, "predictor", g, z) : z;
}

/* Views first to first + n - 1 of the program's inputs, one after another: n B x C x S... */
static lac_id input_views(const lac_grid *grid, lac_graph *g, int64_t batch, int first, int n) {
    int64_t dim[LAC_MAX_RANK], values = grid->n * grid->patch_values;
    int rank = lac_method_picture_dims(grid, batch, dim);
    lac_id all = LAC_NONE;
    for (int v = 0; v < n; v++) {
        char name[24];
        snprintf(name, sizeof name, "view/%d", first + v);
        lac_id x = lac_input(g, name, lac_graph_real(g), rank, dim);
        if (n == 1) return x;
        x = lac_reshape(g, x, 3, (int64_t[]){1, batch, values});
        all = v == 0 ? x : lac_concat_tokens(g, all, x);
    }
    dim[0] = n * batch;
    return lac_reshape(g, all, rank, dim);
}

/* The student's projections of the smaller views, whole. */
static lac_id build_small(const lac_method *m, lac_graph *g, int64_t batch, bool is_drop_path_on) {
    lac_encoder_input input = {.picture = input_views(&m->small_grid, g, batch, m->n_large, m->n_small),
                               .keep = LAC_NONE,
                               .mask = LAC_NONE,
                               .places = LAC_NONE,
                               .declared = &m->grid,
                               .is_drop_path_on = is_drop_path_on};
    lac_graph_set_views(g, m->n_large, m->n_small);
    lac_id x = m->encoder->build(m->encoder_settings, &m->small_grid, g, &input);
    lac_graph_set_views(g, 0, m->n_large);
    int64_t prefix = m->encoder_shape.n_prefix;
    if (m->pool == LAC_POOL_MEAN) return predict(m, g, build_projection(m, g, x, prefix, m->small_grid.n));
    x = lac_slice_tokens(g, x, 0, 1); /* the class token; of the patches nothing is asked */
    return predict(m, g, m->projector->build(m->projector_settings, "projector", g, x));
}

/* The student's projection where tokens are decoded first, hidden ones too. */
static lac_id build_decoded_features(const lac_method *m, lac_graph *g, lac_id features, lac_id restore) {
    lac_graph_set_scope(g, LAC_FEATURE_SCOPE);
    lac_id x = m->feature_decoder->build(m->feature_settings, &m->feature_context, g, features, restore);
    lac_graph_set_scope(g, NULL);
    return build_projection(m, g, x, 0, m->grid.n);
}

/* The teacher's side: its tokens after the final norm, those of its last blocks to taps, and its projections. */
static lac_id build_teacher(const lac_method *m, lac_graph *g, lac_id view, lac_id *taps, lac_id *projection) {
    lac_encoder_input input = {.picture = view, .keep = LAC_NONE, .mask = LAC_NONE, .places = LAC_NONE};
    bool is_normed = !m->projector->build || lac_settings_bool(m->teacher_settings, "norm");
    input.n_taps = !is_normed && m->n_teacher_layers == 0 ? 1 : m->n_teacher_layers;
    input.taps = input.n_taps ? taps : NULL;
    lac_graph_set_scope(g, m->teacher->is_copy ? LAC_TEACHER_SCOPE : NULL);
    lac_id features = m->encoder->build(m->encoder_settings, &m->grid, g, &input);
    lac_id projected = is_normed ? features : taps[input.n_taps - 1];
    if (m->projector->build) *projection = build_projection(m, g, projected, m->encoder_shape.n_prefix, m->grid.n);
    lac_graph_set_scope(g, NULL);
    if (*projection != LAC_NONE && !m->teacher_learns) *projection = lac_stop_gradient(g, *projection);
    return features;
}

/* Tokens quantized, without their prefix: what a decoder gets. */
static lac_id build_codes(const lac_method *m, lac_graph *g, lac_id features, bool is_training, pairs *p) {
    int64_t prefix = m->encoder_shape.n_prefix;
    if (prefix) features = lac_slice_tokens(g, features, prefix, m->grid.n);
    lac_quantized q = m->quantizer->build(m->quantizer_settings, g, features, is_training);
    p->prediction[LAC_OF_QUANTIZER] = q.prediction;
    p->target[LAC_OF_QUANTIZER] = q.target;
    lac_output(g, "codes", q.ids);
    return q.tokens;
}

static lac_status build_step(const lac_method *m, lac_graph *g, int64_t samples, unsigned flags, lac_error *err) {
    int64_t batch = samples * m->n_large;
    lac_graph_set_views(g, 0, m->n_large);
    lac_id picture = input_views(&m->grid, g, samples, 0, m->n_large);
    lac_id restore = LAC_NONE, drawn = LAC_NONE, blocks = LAC_NONE;
    lac_decoder_lists lists;
    lac_decoder_context decoding = m->decoder_context;
    lac_encoder_input input = {.picture = picture,
                               .keep = LAC_NONE,
                               .mask = LAC_NONE,
                               .places = LAC_NONE,
                               .is_drop_path_on = (flags & LAC_STEP_DROP_PATH) != 0};
    if (m->has_lists) {
        blocks = lac_step_input_lists(m, g, batch, &input, &lists);
        decoding.lists = &lists;
    } else if (m->is_index) {
        input.keep = lac_input(g, "keep/0", LAC_I32, 2, (int64_t[]){batch, m->n_visible});
        restore = lac_input(g, "restore/0", LAC_I32, 2, (int64_t[]){batch, m->grid.n});
    } else if (!m->mask->hides_nothing) {
        drawn = lac_input(g, "mask/0", lac_graph_real(g), 2, (int64_t[]){batch, m->grid.n});
        if (m->mask->corrupt)
            input.picture = m->mask->corrupt(m->mask_settings, &m->grid, g, picture, drawn);
        else
            input.mask = drawn;
    }
    lac_id features = m->encoder->build(m->encoder_settings, &m->grid, g, &input);
    lac_output(g, "features", lac_step_without_padding(m, g, batch, features));
    pairs p = {{LAC_NONE, LAC_NONE, LAC_NONE}, {LAC_NONE, LAC_NONE, LAC_NONE}, LAC_NONE, LAC_NONE, LAC_NONE, LAC_NONE,
               (flags & LAC_STEP_TRAIN) != 0};
    if (m->mask->removed) p.removed = m->mask->removed(m->mask_settings, &m->grid, g, drawn);
    lac_target_context about = m->target_context;
    about.picture = picture;
    about.corrupted = input.picture;
    about.mask = drawn;
    about.codes = lac_method_build_tokenizer(m, g, picture);
    lac_id taps[LAC_MOST_BLOCKS];
    about.teacher = taps;
    about.teacher_normed = LAC_NONE;
    lac_id taught = LAC_NONE;
    if (m->teacher->exists) {
        lac_id view = m->views->has_second ? input_views(&m->grid, g, samples, 1, 1) : picture;
        about.teacher_normed = build_teacher(m, g, view, taps, &taught);
    }
    if (m->projector->build) {
        lac_id z = m->feature_decoder->build
                       ? build_decoded_features(m, g, features, restore)
                       : build_projection(m, g, features, m->encoder_shape.n_prefix, m->n_visible);
        z = predict(m, g, z);
        sort_projection(m, g, z, &p.student, &p.prediction[LAC_OF_PROJECTOR]);
        sort_projection(m, g, taught, &p.teacher, &p.target[LAC_OF_PROJECTOR]);
        lac_output(g, "projection", z);
        lac_output(g, "teacher_projection", taught);
        if (m->n_small > 0) p.small = build_small(m, g, samples, input.is_drop_path_on);
    }
    if (m->quantizer->build) features = build_codes(m, g, features, (flags & LAC_STEP_TRAIN) != 0, &p);
    if (m->decoder->build) {
        p.prediction[0] = m->decoder->build(m->decoder_settings, &decoding, g, features, restore);
        lac_output(g, "prediction", p.prediction[0]);
    }
    if (m->target->build) {
        p.target[0] = m->target->build(m->target_settings, g, &about);
        if (!m->target->gives_codes) p.target[0] = lac_stop_gradient(g, p.target[0]);
        if (m->has_lists) p.target[0] = lac_gather_rows(g, p.target[0], blocks);
        lac_output(g, "target", p.target[0]);
    }
    lac_id loss = build_loss(m, g, samples, &p);
    if (flags & LAC_STEP_RECOMPUTE) lac_graph_recompute(g);
    if (flags & LAC_STEP_TRAIN) lac_graph_backward(g, loss);
    return lac_graph_check(g, err);
}

static lac_status find_inputs(lac_step *s, lac_error *err) {
    lac_view view;
    if (s->method->has_lists) {
        LAC_TRY(lac_step_find_lists(s, err));
    } else if (s->method->is_index) {
        LAC_TRY(lac_program_input(s->program, "keep/0", &view, err));
        s->keep = view.data;
        LAC_TRY(lac_program_input(s->program, "restore/0", &view, err));
        s->restore = view.data;
    } else if (!s->method->mask->hides_nothing) {
        LAC_TRY(lac_program_input(s->program, "mask/0", &s->drawn, err));
    }
    LAC_TRY(lac_step_find_courses(s, err));
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
    s->mask = lac_array((size_t)s->n_rows * n, sizeof *s->mask);
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
    s->n_rows = micro_batch * method->n_large;
    lac_graph *graph = NULL;
    lac_status status = lac_graph_new(lac_store_real(method->store), method->store, &graph, err);
    if (status == LAC_OK) status = build_step(method, graph, micro_batch, flags, err);
    if (status == LAC_OK) status = lac_program_new(graph, backend, pool, 0, &s->program, err);
    lac_graph_free(graph);
    if (status == LAC_OK) status = find_inputs(s, err);
    if (status == LAC_OK) status = allocate(s, err);
    if (status == LAC_OK) status = lac_step_open_attention(s, backend, pool, err);
    if (status == LAC_OK) status = lac_step_open_sums(s, flags, err);
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
    lac_step_free_lists(step);
    lac_step_close_attention(step);
    lac_free(step->mask);
    lac_free(step->is_hidden);
    lac_free(step->mask_scratch);
    lac_free(step->sort_scratch);
    lac_free(step->order);
    lac_step_close_sums(step);
    lac_free(step);
}

lac_program *lac_step_program(const lac_step *step) {
    return step->program;
}

int64_t lac_step_batch(const lac_step *step) {
    return step->batch;
}

int64_t lac_step_rows(const lac_step *step) {
    return step->n_rows;
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
    int rank = lac_method_picture_dims(&m->grid, batch, dim);
    lac_encoder_input input = {.picture = lac_input(g, "view/0", lac_graph_real(g), rank, dim),
                               .keep = LAC_NONE,
                               .mask = LAC_NONE,
                               .places = LAC_NONE,
                               .layer = layer};
    lac_output(g, "features", m->encoder->build(m->encoder_settings, &m->grid, g, &input));
    lac_status status = lac_graph_check(g, err);
    if (status == LAC_OK) status = lac_program_new(g, backend, pool, 0, program, err);
    lac_graph_free(g);
    return status;
}
