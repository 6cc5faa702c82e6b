/* target/teacher_layers.c - the teacher's last blocks, averaged (data2vec, arXiv 2202.03555, section 3.3).
 *
 * The teacher sees the whole picture. Each of its last `layers` blocks' tokens are layer-normed without gain or shift,
 * averaged over the blocks, and normed once more if asked for; prefix tokens are left out. */
#include "target/slots.h"

enum { MOST_LAYERS = 120 };

static const lac_setting_spec specs[] = {
    {"layers", LAC_SETTING_INT, "6", 1, MOST_LAYERS, 0, 0, NULL, NULL, "K, the teacher's last blocks to average"},
    {"norm", LAC_SETTING_BOOL, "true", 0, 0, 0, 0, NULL, NULL, "norm each token of each block before averaging"},
    {"final_norm", LAC_SETTING_BOOL, "true", 0, 0, 0, 0, NULL, NULL, "norm each token of the average"},
};

static int64_t values(const lac_settings *settings, const lac_target_context *context) {
    (void)settings;
    return context->width;
}

static int teacher_layers(const lac_settings *settings) {
    return (int)lac_settings_int(settings, "layers");
}

static lac_id build(const lac_settings *settings, lac_graph *g, const lac_target_context *context) {
    lac_id sum = LAC_NONE;
    for (int i = 0; i < context->n_teacher; i++) {
        lac_id x = context->teacher[i];
        if (context->n_prefix) x = lac_slice_tokens(g, x, context->n_prefix, context->grid->n);
        if (lac_settings_bool(settings, "norm")) x = lac_layernorm(g, x, LAC_NONE, LAC_NONE, 1e-5);
        sum = i == 0 ? x : lac_add(g, sum, x);
    }
    sum = lac_scale(g, sum, 1.0 / context->n_teacher);
    return lac_settings_bool(settings, "final_norm") ? lac_layernorm(g, sum, LAC_NONE, LAC_NONE, 1e-5) : sum;
}

const lac_target_slot lac_target_teacher_layers = {
    .slot = {"teacher-layers", "the teacher's last blocks, averaged", "2202.03555", specs,
             sizeof specs / sizeof *specs},
    .values = values,
    .build = build,
    .needs_teacher = true,
    .teacher_layers = teacher_layers,
};
