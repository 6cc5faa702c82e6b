/* target/hog.c - histograms of oriented gradients of each patch (MaskFeat, arXiv 2112.09133, section 3.2; its code).
 *
 * Of the picture that the encoder sees, channel by channel. A patch's values are (channel, bin, cell row, cell column):
 * 108 for 2 x 2 cells of three channels. A cell's histogram has length 1, so brightness and contrast do not matter. */
#include "target/slots.h"

static const lac_setting_spec specs[] = {
    {"bins", LAC_SETTING_INT, "9", 1, 360, 0, 0, NULL, NULL, "orientations, of half a turn"},
    {"cell", LAC_SETTING_INT, "8", 1, 4096, 0, 0, NULL, NULL, "side of a histogram in pixels; divides the patch"},
    {"window", LAC_SETTING_INT, "16", 0, 4096, 0, 0, NULL, NULL,
     "side of the tiled Gaussian that weighs gradients, in pixels; 0: none"},
};

static int64_t values(const lac_settings *settings, const lac_target_context *context) {
    const lac_grid *grid = context->grid;
    int64_t cell = lac_settings_int(settings, "cell"), n = grid->channels * lac_settings_int(settings, "bins");
    for (int a = 0; a < grid->n_axes; a++)
        n *= grid->patch[a] > cell ? grid->patch[a] / cell : 1;
    return n;
}

static lac_id build(const lac_settings *settings, lac_graph *graph, const lac_target_context *context) {
    const lac_grid *grid = context->grid;
    int64_t cell = lac_settings_int(settings, "cell");
    for (int a = 0; a < grid->n_axes; a++)
        if (grid->n_axes != 2 || grid->patch[a] % cell != 0)
            return lac_graph_refuse(graph, "target.cell: expected a number that divides the patch, found %lld",
                                    (long long)cell);
    return lac_hog(graph, context->picture, grid->patch, cell, lac_settings_int(settings, "bins"),
                   lac_settings_int(settings, "window"));
}

const lac_target_slot lac_target_hog = {
    .slot = {"hog", "histograms of oriented gradients, patch by patch", "2112.09133", specs,
             sizeof specs / sizeof *specs},
    .values = values,
    .build = build,
};
