/* target/teacher_tokens.c - the teacher's tokens as they leave it, after its final norm (I-JEPA, arXiv 2301.08243).
 *
 * The teacher sees the whole picture; prefix tokens are left out. `norm`: each token layer-normed once more, without
 * gain or shift, as I-JEPA's code does. Several blocks at once: teacher_layers.c. */
#include "target/slots.h"

static const lac_setting_spec specs[] = {
    {"norm", LAC_SETTING_BOOL, "true", 0, 0, 0, 0, NULL, NULL, "norm each token, without gain or shift"},
};

static int64_t values(const lac_settings *settings, const lac_target_context *context) {
    (void)settings;
    return context->width;
}

static lac_id build(const lac_settings *settings, lac_graph *g, const lac_target_context *context) {
    lac_id x = context->teacher_normed;
    if (context->n_prefix) x = lac_slice_tokens(g, x, context->n_prefix, context->grid->n);
    return lac_settings_bool(settings, "norm") ? lac_layernorm(g, x, LAC_NONE, LAC_NONE, 1e-5) : x;
}

const lac_target_slot lac_target_teacher_tokens = {
    .slot = {"teacher-tokens", "what the teacher makes of each patch", "2301.08243", specs,
             sizeof specs / sizeof *specs},
    .values = values,
    .build = build,
    .needs_teacher = true,
};
