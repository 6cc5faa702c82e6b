/* method/step_lists.c - the inputs of a step whose decoder predicts lists of patches: made, and filled.
 *
 * "keep/0" i32 B x V and "blocks/0" i32 B x M K are patches, padded with patch 0; "sequence/0" i32 B x M S the rows of
 * the decoder's sequences (model/decoder.h), S = prefix + V + K. Where numbers differ from picture to picture,
 * "keep/0/places" and "sequence/0/places" i32 B M x (V + K) say which is padding (-1), and "padding/0" real
 * B x (prefix + V) for those who look at features. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "method/step_private.h"

/* ---- building ---- */

lac_id lac_step_input_lists(const lac_method *m, lac_graph *g, int64_t batch, lac_encoder_input *input,
                            lac_decoder_lists *lists) {
    int64_t v = m->bounds.n_visible, blocks = m->bounds.n_blocks, k = m->bounds.n_in_block;
    int64_t length = m->encoder_shape.n_prefix + v + k;
    lists->keep = input->keep = lac_input(g, "keep/0", LAC_I32, 2, (int64_t[]){batch, v});
    lists->sequence = lac_input(g, "sequence/0", LAC_I32, 2, (int64_t[]){batch, blocks * length});
    lists->places = input->places = LAC_NONE;
    if (m->has_padding) {
        input->places = lac_input(g, "keep/0/places", LAC_I32, 2, (int64_t[]){batch, v});
        lists->places = lac_input(g, "sequence/0/places", LAC_I32, 2, (int64_t[]){batch * blocks, v + k});
    }
    return lac_input(g, "blocks/0", LAC_I32, 2, (int64_t[]){batch, blocks * k});
}

/* Zeros in place of padding: a sum over tokens is one over patches. */
lac_id lac_step_without_padding(const lac_method *m, lac_graph *g, int64_t batch, lac_id features) {
    if (!m->has_padding) return features;
    int64_t dim[2] = {batch, m->encoder_shape.n_prefix + m->bounds.n_visible};
    return lac_mask_tokens(g, features, LAC_NONE, lac_input(g, "padding/0", lac_graph_real(g), 2, dim));
}

/* ---- filling ---- */

static lac_status find(lac_step *s, const char *name, int32_t **out, lac_error *err) {
    lac_view view;
    LAC_TRY(lac_program_input(s->program, name, &view, err));
    *out = view.data;
    return LAC_OK;
}

lac_status lac_step_find_lists(lac_step *s, lac_error *err) {
    const lac_mask_bounds *b = &s->method->bounds;
    lac_step_lists *l = &s->lists;
    LAC_TRY(find(s, "keep/0", &s->keep, err));
    LAC_TRY(find(s, "sequence/0", &l->sequence, err));
    LAC_TRY(find(s, "blocks/0", &l->blocks, err));
    if (s->method->has_padding) {
        LAC_TRY(find(s, "keep/0/places", &l->keep_places, err));
        LAC_TRY(find(s, "sequence/0/places", &l->sequence_places, err));
        LAC_TRY(lac_program_input(s->program, "padding/0", &l->padding, err));
    }
    l->drawn = lac_array((size_t)(s->batch * b->n_blocks * b->n_in_block), sizeof *l->drawn);
    return l->drawn ? LAC_OK : lac_no_memory(err, "lists of patches");
}

void lac_step_free_lists(lac_step *s) {
    lac_free(s->lists.drawn);
}

/* Cut the mask being drawn (s->is_hidden and sample b's blocks) to so many patches, the last ones dropped. */
static void cut(lac_step *s, int64_t b) {
    const lac_mask_bounds *bounds = &s->method->bounds;
    int64_t n = 0;
    for (int64_t i = 0; i < s->method->grid.n; i++)
        if (!s->is_hidden[i]) s->is_hidden[i] = n++ >= s->lists.most_visible;
    int32_t *block = s->lists.drawn + b * bounds->n_blocks * bounds->n_in_block;
    for (int64_t i = 0; i < bounds->n_blocks * bounds->n_in_block; i++)
        if (i % bounds->n_in_block >= s->lists.most_in_block) block[i] = -1;
}

static int64_t length_of(const int32_t *block, int64_t room) {
    int64_t n = 0;
    while (n < room && block[n] >= 0)
        n++;
    return n;
}

/* Draw sample `sample` of epoch `epoch` to is_hidden and to place b of the drawn blocks, before anything is cut. */
static void draw_whole(lac_step *s, uint64_t seed, int64_t epoch, int64_t sample, int64_t b) {
    const lac_method *m = s->method;
    const lac_mask_bounds *bounds = &m->bounds;
    lac_random random = lac_random_at(seed, LAC_RANDOM_MASK, (uint64_t)epoch, (uint64_t)sample, 0);
    lac_random shared = lac_random_at(seed, LAC_RANDOM_MASK, (uint64_t)s->lists.epoch, (uint64_t)s->lists.sample, 1);
    lac_mask_draw_lists(m->mask, m->mask_settings, &m->grid, &shared, &random, s->mask_scratch, bounds, s->is_hidden,
                        s->lists.drawn + b * bounds->n_blocks * bounds->n_in_block);
}

void lac_step_draw_lists(lac_step *s, uint64_t seed, int64_t epoch, int64_t sample, int64_t b) {
    draw_whole(s, seed, epoch, sample, b);
    if (s->lists.most_visible > 0) cut(s, b);
}

int64_t lac_step_rows_of(const lac_step *s, int64_t b) {
    const lac_mask_bounds *bounds = &s->method->bounds;
    int64_t n = 0;
    for (int64_t k = 0; k < bounds->n_blocks; k++)
        n += length_of(s->lists.drawn + (b * bounds->n_blocks + k) * bounds->n_in_block, bounds->n_in_block);
    return n;
}

void lac_step_plan_lists(lac_step *s, uint64_t seed, const int64_t *epoch, const int64_t *sample, int64_t n) {
    const lac_method *m = s->method;
    const lac_mask_bounds *bounds = &m->bounds;
    s->lists.epoch = epoch[0];
    s->lists.sample = sample[0];
    s->lists.most_visible = s->lists.most_in_block = 0;
    if (!m->mask->is_cut || !m->mask->is_cut(m->mask_settings)) return;
    int64_t most_visible = bounds->n_visible, most_in_block = bounds->n_in_block;
    for (int64_t b = 0; b < n; b++) {
        int64_t n_visible = 0;
        draw_whole(s, seed, epoch[b], sample[b], 0);
        for (int64_t i = 0; i < m->grid.n; i++)
            n_visible += !s->is_hidden[i];
        if (n_visible < most_visible) most_visible = n_visible;
        for (int64_t k = 0; k < bounds->n_blocks; k++) {
            int64_t length = length_of(s->lists.drawn + k * bounds->n_in_block, bounds->n_in_block);
            if (length < most_in_block) most_in_block = length;
        }
    }
    s->lists.most_visible = most_visible;
    s->lists.most_in_block = most_in_block;
}

void lac_step_list_hidden(lac_step *s, int64_t b) {
    const lac_mask_bounds *bounds = &s->method->bounds;
    lac_mask_list_hidden(s->is_hidden, s->method->grid.n, bounds->n_in_block,
                         s->lists.drawn + b * bounds->n_blocks * bounds->n_in_block);
}

static void put_real(const lac_view *view, int64_t at, double value) {
    if (view->dtype == LAC_F64)
        ((double *)view->data)[at] = value;
    else
        ((float *)view->data)[at] = (float)value;
}

/* The sequences of sample b: its n_visible patches, then those of each block. */
static void put_sequences(lac_step *s, int64_t b, int64_t n_visible) {
    const lac_method *m = s->method;
    const lac_mask_bounds *bounds = &m->bounds;
    int64_t v = bounds->n_visible, k = bounds->n_in_block, prefix = m->encoder_shape.n_prefix, length = prefix + v + k;
    for (int64_t block = 0; block < bounds->n_blocks; block++) {
        int64_t at = b * bounds->n_blocks + block;
        const int32_t *drawn = s->lists.drawn + at * k;
        int32_t *sequence = s->lists.sequence + at * length, *patches = s->lists.blocks + at * k;
        for (int64_t t = 0; t < prefix + v; t++)
            sequence[t] = (int32_t)(m->grid.n + t);
        for (int64_t i = 0; i < k; i++)
            sequence[prefix + v + i] = patches[i] = drawn[i] < 0 ? 0 : drawn[i];
        if (!m->has_padding) continue;
        int32_t *places = s->lists.sequence_places + at * (v + k);
        for (int64_t i = 0; i < v; i++)
            places[i] = i < n_visible ? s->keep[b * v + i] : -1;
        memcpy(places + v, drawn, (size_t)k * sizeof *drawn);
    }
}

void lac_step_put_lists(lac_step *s, int64_t b) {
    const lac_method *m = s->method;
    int64_t v = m->bounds.n_visible, prefix = m->encoder_shape.n_prefix, n = 0;
    for (int64_t i = 0; i < m->grid.n && n < v; i++)
        if (!s->is_hidden[i]) s->keep[b * v + n++] = (int32_t)i;
    for (int64_t i = n; i < v; i++)
        s->keep[b * v + i] = 0;
    for (int64_t i = 0; i < prefix + v && m->has_padding; i++)
        put_real(&s->lists.padding, b * (prefix + v) + i, i >= prefix + n);
    for (int64_t i = 0; i < v && m->has_padding; i++)
        s->lists.keep_places[b * v + i] = i < n ? s->keep[b * v + i] : -1;
    put_sequences(s, b, n);
}

double lac_step_put_list_weights(lac_step *s, const float *weight) {
    const lac_method *m = s->method;
    const lac_mask_bounds *bounds = &m->bounds;
    int64_t rows = bounds->n_blocks * bounds->n_in_block;
    double sum = 0;
    for (int64_t i = 0; i < s->batch * rows; i++) {
        int32_t patch = s->lists.drawn[i];
        double value = patch < 0 ? 0 : (weight ? (double)weight[i / rows * m->grid.n + patch] : 1);
        sum += value;
        if (s->is_on[LAC_ON_LISTS]) put_real(&s->weight[LAC_ON_LISTS], i, value);
    }
    return sum;
}

/* ---- from outside ---- */

/* Patches of one list, below 0: padding, only after the last; is_there: N flags for those in it. */
static lac_status check_list(const lac_step *s, const char *name, int64_t b, int64_t n, const int32_t *list,
                             unsigned char *is_there, lac_error *err) {
    int64_t n_patches = s->method->grid.n;
    memset(is_there, 0, (size_t)n_patches);
    for (int64_t i = 0, ended = 0; i < n; i++) {
        ended = ended || list[i] < 0;
        if (list[i] >= n_patches || (ended && list[i] >= 0))
            return lac_usage(err,
                             "%s: sample %lld, place %lld: expected a patch from 0 to %lld, or -1 from there to the "
                             "end, found %d",
                             name, (long long)b, (long long)i, (long long)(n_patches - 1), list[i]);
        if (!ended && is_there[list[i]])
            return lac_usage(err, "%s: sample %lld names patch %d twice", name, (long long)b, list[i]);
        if (!ended) is_there[list[i]] = 1;
    }
    if (n < 1 || list[0] < 0)
        return lac_usage(err, "%s: sample %lld: expected a patch, found none", name, (long long)b);
    return LAC_OK;
}

static lac_status set_sample(lac_step *s, int64_t b, int64_t n_keep, const int32_t *keep, int64_t n_in_block,
                             const int32_t *blocks, lac_error *err) {
    const lac_mask_bounds *bounds = &s->method->bounds;
    for (int64_t k = 0; k < bounds->n_blocks; k++) {
        const int32_t *from = blocks + (b * bounds->n_blocks + k) * n_in_block;
        int32_t *to = s->lists.drawn + (b * bounds->n_blocks + k) * bounds->n_in_block;
        LAC_TRY(check_list(s, "blocks/0", b, n_in_block, from, s->is_hidden, err));
        for (int64_t i = 0; i < bounds->n_in_block; i++)
            to[i] = i < n_in_block && from[i] >= 0 ? from[i] : -1;
    }
    LAC_TRY(check_list(s, "keep/0", b, n_keep, keep + b * n_keep, s->is_hidden, err));
    for (int64_t i = 0; i < s->method->grid.n; i++)
        s->is_hidden[i] = !s->is_hidden[i];
    lac_step_put_sample(s, b);
    return LAC_OK;
}

lac_status lac_step_set_lists(lac_step *s, int64_t n_keep, const int32_t *keep, int64_t n_in_block,
                              const int32_t *blocks, lac_error *err) {
    const lac_method *m = s->method;
    if (!m->has_lists)
        return lac_usage(err, "blocks/0: model.decoder '%s' predicts no lists of patches", m->decoder->slot.name);
    if (n_keep > m->bounds.n_visible || n_in_block > m->bounds.n_in_block)
        return lac_usage(err, "keep/0, blocks/0: expected at most %lld and %lld patches in a list, found %lld and %lld",
                         (long long)m->bounds.n_visible, (long long)m->bounds.n_in_block, (long long)n_keep,
                         (long long)n_in_block);
    if (!m->has_padding && (n_keep != m->bounds.n_visible || n_in_block != m->bounds.n_in_block))
        return lac_usage(err, "keep/0, blocks/0: expected %lld and %lld patches in a list, found %lld and %lld",
                         (long long)m->bounds.n_visible, (long long)m->bounds.n_in_block, (long long)n_keep,
                         (long long)n_in_block);
    for (int64_t b = 0; b < s->batch; b++)
        LAC_TRY(set_sample(s, b, n_keep, keep, n_in_block, blocks, err));
    lac_step_put_given(s, NULL, 0);
    return LAC_OK;
}
