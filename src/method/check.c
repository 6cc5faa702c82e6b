/* method/check.c - do the terms of a method fit what it compares: is there a projector, a teacher, a view for each;
 * what does not fit is refused with the key and the reason. Not here: sizes (method.c), lists of patches (lists.c). */
#include <string.h>

#include "method/method_private.h"

bool lac_method_projects_patches(const lac_method *m) {
    return m->projector->build && (m->pool == LAC_POOL_NONE || m->pool == LAC_POOL_TOKENS);
}

/* A term of the decoder or the quantizer must be able to judge what it is given. */
static lac_status check_kind(const lac_method *m, int i, lac_error *err) {
    const lac_term *term = &m->terms[i];
    const char *name = term->slot->slot.name;
    if (term->of == LAC_OF_QUANTIZER && !m->quantizer->build)
        return lac_usage(err, "objective.%d.of: quantizer: model.quantizer is '%s'", i, m->quantizer->slot.name);
    if (term->of == LAC_OF_QUANTIZER && !m->quantizer->gives_target && !term->slot->ignores_target)
        return lac_usage(err, "objective.%d: '%s' compares with something, and quantizer '%s' gives nothing to compare",
                         i, name, m->quantizer->slot.name);
    if (term->of == LAC_OF_DECODER && m->target->gives_codes && !term->slot->takes_codes)
        return lac_usage(err, "objective.%d: '%s' compares values, and target '%s' gives one of K codes a patch", i,
                         name, m->target->slot.name);
    if (m->mask->hides_nothing && (term->on == LAC_ON_HIDDEN || term->on == LAC_ON_EACH))
        return lac_usage(err, "objective.%d.on: hidden: mask '%s' hides nothing", i, m->mask->slot.name);
    return LAC_OK;
}

/* Terms of projections: is there one of what they judge. */
static lac_status check_projections(const lac_method *m, int i, lac_error *err) {
    const lac_term *term = &m->terms[i];
    const char *name = term->slot->slot.name;
    if (term->slot->aim && term->of != LAC_OF_PROJECTOR)
        return lac_usage(err, "objective.%d.of: '%s' compares projections with a teacher's: expected projector", i,
                         name);
    if (term->slot->is_of_pictures && term->on != LAC_ON_PICTURE)
        return lac_usage(err,
                         "objective.%d: '%s' compares whole pictures, and model.projector.pool is none: expected mean, "
                         "class or tokens",
                         i, name);
    if (term->slot->is_by_picture && term->on != LAC_ON_EACH)
        return lac_usage(
            err,
            term->on == LAC_ON_PICTURE
                ? "objective.%d: '%s' compares hidden patches, and projections are of whole pictures: "
                  "model.projector.pool: expected none or tokens"
                : "objective.%d.on: expected hidden: '%s' averages over the hidden patches of each picture",
            i, name);
    if (term->on == LAC_ON_PICTURE && m->views->is_across && m->n_large + m->n_small < 2)
        return lac_usage(err, "views: '%s' compares a view with others, and there is one", name);
    return LAC_OK;
}

/* Views of two sizes: who can take them. */
static lac_status check_views(const lac_method *m, lac_error *err) {
    if (!m->views->is_across) return LAC_OK;
    if (strcmp(lac_recipe_text(m->recipe, "augment.crop"), "random") != 0)
        return lac_usage(err, "augment.crop: expected random: views '%s' are crops of their own", m->views->slot.name);
    if (m->feature_decoder->build)
        return lac_usage(err, "model.feature_decoder '%s' and views '%s' do not fit: smaller views have no mask",
                         m->feature_decoder->slot.name, m->views->slot.name);
    if (m->teacher_learns)
        return lac_usage(err, "teacher.stop_gradient: false: views '%s' have a teacher that does not learn",
                         m->views->slot.name);
    bool is_compared = false;
    for (int i = 0; i < m->n_terms; i++)
        is_compared = is_compared || (m->terms[i].of == LAC_OF_PROJECTOR && m->terms[i].on == LAC_ON_PICTURE);
    if (m->n_small > 0 && !is_compared)
        return lac_usage(err, "views.small: %d, and no term compares projections of whole pictures: expected 0",
                         m->n_small);
    return LAC_OK;
}

/* What the terms compare must be there, and so must the teacher that a target or projections come from. */
lac_status lac_method_check(const lac_method *m, lac_error *err) {
    const char *target = m->target->slot.name;
    for (int i = 0; i < m->n_terms; i++) {
        const lac_term *term = &m->terms[i];
        LAC_TRY(check_kind(m, i, err));
        LAC_TRY(check_projections(m, i, err));
        bool of_projector = term->of == LAC_OF_PROJECTOR, of_decoder = term->of == LAC_OF_DECODER;
        if (of_projector && !m->projector->build)
            return lac_usage(err, "objective.%d.of: projector: model.projector is '%s'", i, m->projector->slot.name);
        if (of_decoder && !m->decoder->build)
            return lac_usage(err,
                             "objective.%d.of: decoder: model.decoder is '%s'; projections are compared with "
                             "'of: projector'",
                             i, m->decoder->slot.name);
        if (of_projector && m->teacher_learns && !term->slot->moves_target)
            return lac_usage(err,
                             "teacher.stop_gradient: false: objective '%s' gives what it compares with no gradient",
                             term->slot->slot.name);
        if (term->slot->build_removed && (!of_decoder || !m->mask->removed))
            return lac_usage(
                err, "objective '%s' compares pictures at the frequencies that a mask removed: mask is '%s'%s",
                term->slot->slot.name, m->mask->slot.name, of_decoder ? "" : ", and it is not of the decoder");
        if (of_decoder && !m->target->build)
            return lac_usage(err, "objective.%d.of: decoder: target is '%s'", i, target);
    }
    if (m->projector->build && !m->teacher->exists)
        return lac_usage(err, "model.projector '%s': projections need a teacher's to be compared with",
                         m->projector->slot.name);
    if (m->feature_decoder->build && !m->projector->build)
        return lac_usage(err, "model.feature_decoder '%s': there is no projector after it",
                         m->feature_decoder->slot.name);
    bool compares_patches = m->target->needs_teacher || lac_method_projects_patches(m);
    if (m->views->is_placed && !m->views->is_placed(m->views_settings) && compares_patches) {
        const char *geometry = lac_settings_text(m->views_settings, "geometry");
        return lac_usage(err,
                         "views.geometry: %s: patches are compared place by place, and two %s show other things there",
                         geometry, strcmp(geometry, "own") == 0 ? "crops" : "windows");
    }
    LAC_TRY(check_views(m, err));
    if (m->feature_decoder->build && (m->pool == LAC_POOL_CLASS || m->pool == LAC_POOL_TOKENS))
        return lac_usage(err, "model.projector.pool: %s: feature decoder '%s' gives patches' tokens alone",
                         m->pool == LAC_POOL_CLASS ? "class" : "tokens", m->feature_decoder->slot.name);
    if (m->predictor->build && !m->projector->build)
        return lac_usage(err, "model.predictor '%s': there is no projector before it", m->predictor->slot.name);
    if (m->target->needs_teacher && !m->teacher->exists)
        return lac_usage(err, "target '%s' needs a teacher: teacher is '%s'", target, m->teacher->slot.name);
    return LAC_OK;
}
