/* method/lists.c - methods whose decoder predicts lists of patches: do the slots fit, and how long are the lists. Lists
 * have room for the longest and padding after their end. Not here: what fills them (step_lists.c). */
#include "method/method_private.h"

/* Terms of the decoder judge the patches of the lists, and nothing else is predicted. */
static lac_status take_terms(lac_method *m, lac_error *err) {
    for (int i = 0; i < m->n_terms; i++) {
        lac_term *term = &m->terms[i];
        if (term->of != LAC_OF_DECODER) continue;
        if (term->on != LAC_ON_HIDDEN)
            return lac_usage(err,
                             "objective.%d.on: expected hidden: decoder '%s' predicts lists of hidden patches alone", i,
                             m->decoder->slot.name);
        term->on = LAC_ON_LISTS;
    }
    return LAC_OK;
}

lac_status lac_method_choose_lists(lac_method *m, bool needs_all, lac_error *err) {
    const char *mask = m->mask->slot.name, *encoder = m->encoder->slot.name, *decoder = m->decoder->slot.name;
    const char *feature = m->feature_decoder->slot.name;
    if (m->views->is_across)
        return lac_usage(err, "model.decoder '%s' and views '%s' do not fit: lists of patches are of one view", decoder,
                         m->views->slot.name);
    if (m->feature_decoder->takes_lists)
        return lac_usage(err, "model.feature_decoder '%s' predicts lists of patches, and features of all are compared",
                         feature);
    if (m->feature_decoder->build)
        return lac_usage(err,
                         "decoder '%s' and feature decoder '%s' do not fit: one predicts lists of patches, the other "
                         "all",
                         decoder, feature);
    if (m->mask->corrupt)
        return lac_usage(err, "mask '%s' and decoder '%s' do not fit: the decoder predicts patches, and none is hidden",
                         mask, decoder);
    if (!m->encoder->takes_index)
        return lac_usage(err,
                         "encoder '%s' and decoder '%s' do not fit: one works on all patches, the other on "
                         "visible patches",
                         encoder, decoder);
    if (needs_all)
        return lac_usage(err,
                         "model.decoder '%s' leaves the encoder the visible patches alone, and something else needs "
                         "the token of every patch",
                         decoder);
    if (m->pool == LAC_POOL_MEAN && m->mask->form != LAC_MASK_INDEX)
        return lac_usage(err,
                         "model.projector.pool: mean: mask '%s' shows another number of patches in every picture, "
                         "and lists of them have padding",
                         mask);
    if (m->target->gives_codes)
        return lac_usage(err,
                         "target '%s' and decoder '%s' do not fit: one gives codes of all patches, the other "
                         "predicts values of lists of them",
                         m->target->slot.name, decoder);
    m->is_index = m->has_lists = true;
    return take_terms(m, err);
}

void lac_method_fit_lists(lac_method *m) {
    if (!m->has_lists) return;
    m->bounds = lac_mask_lists(m->mask, m->mask_settings, &m->grid, m->n_shown);
    m->n_visible = m->bounds.n_visible;
    m->has_padding = !m->has_fixed_count;
}
