/* target/pixels.c - the picture itself, patch by patch (MAE, arXiv 2111.06377, section 3).
 *
 * The values are those of the normalised picture that the encoder sees, a patch in (row, column, channel) order with
 * the channel fastest - unlike the encoder's patch projection, whose channel is slowest. `norm` gives each patch mean 0
 * and variance 1 over its values: unbiased variance, epsilon inside the root, as MAE's code does. */
#include "target/slots.h"

static const lac_setting_spec specs[] = {
    {"norm", LAC_SETTING_BOOL, "true", 0, 0, 0, 0, NULL, NULL, "normalise each patch by its own mean and variance"},
};

static int64_t values(const lac_settings *settings, const lac_target_context *context) {
    (void)settings;
    return context->grid->patch_values;
}

static lac_id build(const lac_settings *settings, lac_graph *graph, const lac_target_context *context) {
    const lac_grid *grid = context->grid;
    lac_id patches = lac_patchify(graph, context->picture, grid->n_axes, grid->patch, true);
    if (!lac_settings_bool(settings, "norm")) return patches;
    return lac_normalize_rows(graph, patches, 1e-6, true); /* 1e-6: MAE's code */
}

const lac_target_slot lac_target_pixels = {
    .slot = {"pixels", "the picture's own values, patch by patch", "2111.06377", specs, sizeof specs / sizeof *specs},
    .values = values,
    .build = build,
};
