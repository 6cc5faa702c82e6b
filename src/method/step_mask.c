/* method/step_mask.c - the inputs of a step that come from masks: indices or flags, loss weights and their factors.
 *
 * Masks are drawn from counters or given from outside. Nothing is allocated. */
#include <math.h>
#include <string.h>

#include "method/step_private.h"

static void put_real(const lac_view *view, int64_t at, double value) {
    if (view->dtype == LAC_F64)
        ((double *)view->data)[at] = value;
    else
        ((float *)view->data)[at] = (float)value;
}

/* Weights of hidden patches that add up to 1 in each picture that hides any. */
static void put_shares(lac_step *s, const float *weight) {
    int64_t n = s->method->grid.n;
    const bool is_whole = s->method->mask->corrupt != NULL;
    for (int64_t r = 0; r < s->n_rows; r++) {
        const float *row = (weight && !is_whole ? weight : s->mask) + r * n;
        double sum = 0;
        for (int64_t i = 0; i < n; i++)
            sum += is_whole ? 1 : (double)row[i];
        for (int64_t i = 0; i < n; i++)
            put_real(&s->weight[LAC_ON_EACH], r * n + i, (is_whole ? 1 : (double)row[i]) / fmax(sum, 1));
    }
}

/* The loss weights of every `on`, from the mask and, for hidden patches, from `weight` if it is not NULL. */
static void put_weights(lac_step *s, const float *weight, double sum[LAC_N_ON]) {
    int64_t n = s->n_rows * s->method->grid.n;
    for (int on = 0; on < LAC_N_ON; on++)
        sum[on] = 0;
    for (int64_t i = 0; i < n; i++) {
        double value[LAC_N_ON];
        double judged = s->method->mask->corrupt ? 1 : (double)s->mask[i];
        value[LAC_ON_HIDDEN] = weight && !s->method->mask->corrupt ? (double)weight[i] : judged;
        value[LAC_ON_VISIBLE] = 1 - (double)s->mask[i];
        value[LAC_ON_ALL] = 1;
        for (int on = 0; on < LAC_ON_PICTURE; on++) {
            sum[on] += value[on];
            if (s->is_on[on]) put_real(&s->weight[on], i, value[on]);
        }
    }
    if (s->is_on[LAC_ON_EACH]) put_shares(s, weight);
    sum[LAC_ON_EACH] = (double)s->n_rows;
    if (s->method->has_lists) sum[LAC_ON_LISTS] = lac_step_put_list_weights(s, weight);
}

/* One row per picture: each counts once. */
static void put_picture_weights(lac_step *s) {
    for (int64_t b = 0; b < s->batch && s->is_on[LAC_ON_PICTURE]; b++)
        put_real(&s->weight[LAC_ON_PICTURE], b, 1);
}

static void put_norms(lac_step *s, const double total[LAC_N_ON]) {
    for (int on = 0; on < LAC_N_ON; on++)
        if (s->is_on[on]) put_real(&s->norm[on], 0, 1 / fmax(total[on], 1));
}

/* Factors of the terms whose weight follows a schedule, as they are now. */
static void put_term_weights(lac_step *s) {
    for (int i = 0; i < s->method->n_terms; i++)
        if (s->factor[i].data) put_real(&s->factor[i], 0, lac_settings_real(s->method->terms[i].settings, "weight"));
}

/* Sample b's mask from s->is_hidden, with its indices in ascending order where there are any. */
void lac_step_put_sample(lac_step *s, int64_t b) {
    const lac_method *m = s->method;
    int64_t n = m->grid.n;
    if (m->has_lists)
        lac_step_put_lists(s, b);
    else if (s->keep)
        lac_mask_indices(s->is_hidden, n, s->keep + b * m->n_visible, s->restore + b * n);
    for (int64_t i = 0; i < n; i++) {
        s->mask[b * n + i] = s->is_hidden[i] && !m->mask->corrupt ? 1 : 0;
        if (s->drawn.data) put_real(&s->drawn, b * n + i, s->is_hidden[i] ? 1 : 0);
    }
}

/* To is_hidden, and with lists to place b of them. Without attention a mask that goes by it hides as many, somewhere.
 */
static void draw_sample(lac_step *s, uint64_t seed, int64_t epoch, int64_t sample, uint32_t view, int64_t b,
                        const float *attention) {
    const lac_method *m = s->method;
    if (m->has_lists) {
        lac_step_draw_lists(s, seed, epoch, sample, b);
        return;
    }
    lac_random random = lac_random_at(seed, LAC_RANDOM_MASK, (uint64_t)epoch, (uint64_t)sample, view);
    if (!m->mask->count) {
        m->mask->draw(m->mask_settings, &m->grid, &random, s->mask_scratch, s->is_hidden);
        return;
    }
    int64_t n_hidden = m->mask->count(m->mask_settings, &m->grid, &random);
    if (attention)
        m->mask->hide(m->mask_settings, &m->grid, n_hidden, attention, s->mask_scratch, s->is_hidden);
    else
        for (int64_t i = 0; i < m->grid.n; i++)
            s->is_hidden[i] = i < n_hidden;
}

void lac_step_plan(lac_step *s, uint64_t seed, const int64_t *epoch, const int64_t *sample, int64_t n) {
    if (s->method->has_fixed_count || s->method->mask->corrupt) return;
    int64_t n_hidden = 0, n_rows = 0;
    if (s->method->has_lists) lac_step_plan_lists(s, seed, epoch, sample, n);
    const int n_large = s->method->n_large;
    for (int64_t r = 0; r < n * n_large; r++) {
        draw_sample(s, seed, epoch[r % n], sample[r % n], (uint32_t)(r / n), 0, NULL);
        if (s->method->has_lists) n_rows += lac_step_rows_of(s, 0);
        for (int64_t i = 0; i < s->method->grid.n; i++)
            n_hidden += s->is_hidden[i] != 0;
    }
    s->n_planned = (double)(n * n_large);
    s->n_planned_hidden = (double)n_hidden;
    s->n_planned_rows = (double)n_rows;
}

lac_status lac_step_draw(lac_step *s, uint64_t seed, const int64_t *epoch, const int64_t *sample, int64_t global_batch,
                         lac_error *err) {
    const lac_method *m = s->method;
    if (global_batch < s->batch)
        return lac_usage(err, "global batch %lld is smaller than the micro-batch %lld", (long long)global_batch,
                         (long long)s->batch);
    LAC_TRY(lac_step_attend(s, err));
    if (m->has_lists && s->n_planned == 0) lac_step_plan_lists(s, seed, epoch, sample, s->batch);
    for (int64_t r = 0; r < s->n_rows; r++) {
        int64_t b = r % s->batch;
        draw_sample(s, seed, epoch[b], sample[b], (uint32_t)(r / s->batch), r,
                    s->attention ? s->attention + r * m->grid.n : NULL);
        lac_step_put_sample(s, r);
    }
    double total[LAC_N_ON];
    put_weights(s, NULL, total);
    double pictures = (double)(global_batch * m->n_large), n = (double)m->grid.n;
    double hidden = total[LAC_ON_HIDDEN] / (double)s->n_rows; /* in a picture, on average */
    double rows = total[LAC_ON_LISTS] / (double)s->n_rows;
    if (m->has_fixed_count) {
        hidden = n - (double)m->n_shown;
    } else if (s->n_planned > 0) {
        hidden = s->n_planned_hidden / s->n_planned;
        rows = s->n_planned_rows / s->n_planned;
    }
    total[LAC_ON_HIDDEN] = pictures * hidden;
    total[LAC_ON_LISTS] = pictures * rows;
    total[LAC_ON_VISIBLE] = pictures * (n - hidden);
    total[LAC_ON_ALL] = pictures * n;
    total[LAC_ON_EACH] = pictures;
    total[LAC_ON_PICTURE] = (double)global_batch;
    put_picture_weights(s);
    put_norms(s, total);
    put_term_weights(s);
    lac_step_put_courses(s);
    lac_step_draw_noise(s, seed, epoch, sample);
    return LAC_OK;
}

/* order = argsort(noise), keep = its first V in that order, restore = argsort(order): what published code does. */
static lac_status put_noise(lac_step *s, int64_t b, const float *noise, lac_error *err) {
    int64_t n = s->method->grid.n, n_visible = s->method->n_shown;
    for (int64_t i = 0; i < n; i++)
        if (isnan(noise[i]))
            return lac_usage(err, "noise: sample %lld, patch %lld is not a number", (long long)b, (long long)i);
    lac_mask_argsort(noise, n, s->sort_scratch, s->order);
    if (!s->restore) {
        for (int64_t i = 0; i < n; i++)
            s->is_hidden[s->order[i]] = i >= n_visible;
        if (s->method->has_lists) lac_step_list_hidden(s, b);
        lac_step_put_sample(s, b);
        return LAC_OK;
    }
    for (int64_t i = 0; i < n; i++) {
        if (i < n_visible) s->keep[b * n_visible + i] = s->order[i];
        s->restore[b * n + s->order[i]] = (int32_t)i;
        s->mask[b * n + s->order[i]] = i < n_visible ? 0 : 1;
    }
    return LAC_OK;
}

/* Visible tokens in the order given, hidden ones ascending. */
static lac_status put_keep(lac_step *s, int64_t b, const int32_t *keep, lac_error *err) {
    int64_t n = s->method->grid.n, n_visible = s->method->n_shown;
    memset(s->is_hidden, 1, (size_t)n);
    for (int64_t v = 0; v < n_visible; v++) {
        if (keep[v] < 0 || keep[v] >= n)
            return lac_usage(err, "keep/0: sample %lld, place %lld: expected a patch from 0 to %lld, found %d",
                             (long long)b, (long long)v, (long long)(n - 1), keep[v]);
        if (!s->is_hidden[keep[v]])
            return lac_usage(err, "keep/0: sample %lld names patch %d twice", (long long)b, keep[v]);
        s->is_hidden[keep[v]] = 0;
    }
    if (s->method->has_lists) lac_step_list_hidden(s, b);
    lac_step_put_sample(s, b);
    for (int64_t v = 0; s->restore && v < n_visible; v++) {
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
    if (s->method->has_fixed_count && n_visible != s->method->n_shown)
        return lac_usage(err, "mask/0: sample %lld leaves %lld of %lld patches visible, the recipe's mask leaves %lld",
                         (long long)b, (long long)n_visible, (long long)n, (long long)s->method->n_shown);
    if (s->method->has_lists) lac_step_list_hidden(s, b);
    lac_step_put_sample(s, b);
    return LAC_OK;
}

/* All of a picture, by a mask that hides nothing. */
static void show(lac_step *s, int64_t b) {
    memset(s->is_hidden, 0, (size_t)s->method->grid.n);
    lac_step_put_sample(s, b);
}

void lac_step_put_given(lac_step *s, const float *weight, double total_weight) {
    double total[LAC_N_ON];
    put_weights(s, weight, total);
    put_picture_weights(s);
    total[LAC_ON_PICTURE] = (double)s->batch;
    if (total_weight > 0) { /* this micro-batch is a share of a larger batch, in every `on` alike */
        double share = total[LAC_ON_HIDDEN] > 0 ? total_weight / total[LAC_ON_HIDDEN] : 1;
        for (int on = 0; on < LAC_N_ON; on++)
            total[on] *= share;
        total[LAC_ON_HIDDEN] = total_weight;
    }
    put_norms(s, total);
    put_term_weights(s);
    lac_step_put_courses(s);
}

lac_status lac_step_set_mask(lac_step *s, const float *noise, const int32_t *keep, const float *weight,
                             double total_weight, lac_error *err) {
    int64_t n = s->method->grid.n;
    if (noise && keep) return lac_usage(err, "mask: noise and keep/0 exclude each other");
    const bool is_all_visible = s->method->mask->hides_nothing && !noise && !keep && !weight;
    if (!noise && !keep && !weight && !is_all_visible) return lac_usage(err, "mask: expected noise, keep/0 or mask/0");
    if ((noise || keep) && s->method->mask->form != LAC_MASK_INDEX)
        return lac_usage(err, "mask '%s' hides another number of patches in every picture: expected mask/0, found %s",
                         s->method->mask->slot.name, noise ? "noise" : "keep/0");
    if (s->method->mask->draw_blocks && s->method->has_lists)
        return lac_usage(err, "mask '%s' has lists of patches to predict: expected keep/0 and blocks/0",
                         s->method->mask->slot.name);
    for (int64_t i = 0; weight && i < s->n_rows * n; i++)
        if (!isfinite(weight[i]) || weight[i] < 0)
            return lac_usage(err, "mask/0: sample %lld, patch %lld: expected a finite weight of at least 0, found %g",
                             (long long)(i / n), (long long)(i % n), (double)weight[i]);
    for (int64_t b = 0; b < s->n_rows; b++) {
        if (noise)
            LAC_TRY(put_noise(s, b, noise + b * n, err));
        else if (is_all_visible)
            show(s, b);
        else if (keep)
            LAC_TRY(put_keep(s, b, keep + b * s->method->n_shown, err));
        else
            LAC_TRY(put_hidden(s, b, weight + b * n, err));
    }
    lac_step_put_given(s, weight, total_weight);
    return LAC_OK;
}
