/* mask/frequency.c - frequencies are hidden, not patches (MFM, arXiv 2206.07706).
 *
 * A picture loses either its low frequencies, those less than `radius` from 0, or all others. What the encoder sees is
 * the real part of the inverse transform of the rest, whole. What was drawn is one number a picture, written at each of
 * its patches: 1, the low frequencies are gone.
 *
 * MFM's code filters values in [0, 1], clamps them and then normalises; here the normalised picture is filtered, so a
 * picture without low frequencies has mean 0 in each channel. Its loss is divided by the number of frequencies hidden
 * in the batch; here by the number expected, so that a batch may be split: `removed` gives weights whose mean over
 * draws and frequencies is 1. */
#include <string.h>

#include "mask/slots.h"

static const lac_setting_spec specs[] = {
    {"radius", LAC_SETTING_REAL, "16", LAC_ABOVE_ZERO, 1e6, 0, 0, NULL, NULL,
     "of the low frequencies, in steps from 0"},
    {"low", LAC_SETTING_REAL, "0.5", 0, 1, 0, 0, NULL, NULL, "chance that the low frequencies are what stays"},
};

/* Low frequencies of the grid's pictures: those that lac_band calls within the radius. */
static int64_t low_of(const lac_settings *settings, const lac_grid *grid) {
    double radius = lac_settings_real(settings, "radius");
    int64_t n = 0, h = grid->picture[0], w = grid->picture[1];
    for (int64_t u = 0; u < h; u++)
        for (int64_t v = 0; v < w; v++) {
            double y = (double)(u < (h + 1) / 2 ? u : u - h), x = (double)(v < (w + 1) / 2 ? v : v - w);
            n += x * x + y * y < radius * radius;
        }
    return n;
}

static lac_status visible(const lac_settings *settings, const lac_grid *grid, int64_t *n_visible, lac_error *err) {
    (void)n_visible;
    if (grid->n_axes != 2) return lac_usage(err, "mask.name: frequencies need pictures, found %d axes", grid->n_axes);
    if (low_of(settings, grid) >= grid->picture[0] * grid->picture[1])
        return lac_usage(err, "mask.radius: %g covers all frequencies of %lld x %lld",
                         lac_settings_real(settings, "radius"), (long long)grid->picture[0],
                         (long long)grid->picture[1]);
    return LAC_OK;
}

static size_t scratch_bytes(const lac_settings *settings, const lac_grid *grid) {
    (void)settings;
    (void)grid;
    return 1;
}

static void draw(const lac_settings *settings, const lac_grid *grid, lac_random *random, void *scratch,
                 unsigned char *is_hidden) {
    (void)scratch;
    bool keeps_low = lac_random_uniform(random) < lac_settings_real(settings, "low");
    memset(is_hidden, !keeps_low, (size_t)grid->n);
}

static lac_id band(const lac_settings *settings, const lac_grid *grid, lac_graph *graph, lac_id drawn, double factor) {
    return lac_band(graph, drawn, grid->picture[0], grid->picture[1], lac_settings_real(settings, "radius"), factor);
}

static lac_id corrupt(const lac_settings *settings, const lac_grid *grid, lac_graph *graph, lac_id picture,
                      lac_id drawn) {
    lac_id spectrum = lac_dft(graph, picture);
    spectrum = lac_mask_tokens(graph, spectrum, LAC_NONE, band(settings, grid, graph, drawn, 1));
    return lac_idft(graph, spectrum, grid->picture[0], grid->picture[1]);
}

static lac_id removed(const lac_settings *settings, const lac_grid *grid, lac_graph *graph, lac_id drawn) {
    double all = (double)(grid->picture[0] * grid->picture[1]), low = (double)low_of(settings, grid);
    double share = lac_settings_real(settings, "low"), expected = (1 - share) * low + share * (all - low);
    return band(settings, grid, graph, drawn, all / expected);
}

const lac_mask_slot lac_mask_frequency = {
    .slot = {"frequency", "hides the low or the high frequencies of the whole picture", "2206.07706", specs,
             sizeof specs / sizeof *specs},
    .form = LAC_MASK_WEIGHT,
    .visible = visible,
    .scratch_bytes = scratch_bytes,
    .draw = draw,
    .corrupt = corrupt,
    .removed = removed,
};
