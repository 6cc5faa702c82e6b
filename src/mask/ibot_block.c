/* mask/ibot_block.c - rectangles up to a share of the picture that is drawn anew for every picture (iBOT, arXiv
 * 2111.07832, appendix; its code).
 *
 * One of the ratios is chosen, each alike, and moved by up to its spread: [0, 0.3] with [0, 0.2] leaves half of the
 * pictures whole and hides up to 10 to 50 % of the others. A rectangle has at least (shorter side / 3)^2 patches,
 * rounded down before squaring: 16 at 14 x 14. */
#include <math.h>

#include "mask/blockwise.h"
#include "mask/slots.h"

static const lac_setting_spec specs[] = {
    {"ratio", LAC_SETTING_REALS, "[0, 0.3]", 0, LAC_BELOW_ONE, 1, 8, NULL, NULL, "shares to choose from"},
    {"spread", LAC_SETTING_REALS, "[0, 0.2]", 0, LAC_BELOW_ONE, 1, 8, NULL, NULL,
     "each share is moved by up to this, up or down"},
    {"aspect", LAC_SETTING_REALS, "[0.3, 3.3333333333333335]", LAC_ABOVE_ZERO, 1e3, 2, 2, NULL, NULL,
     "height / width of a rectangle, drawn log-uniformly"},
};

static lac_status visible(const lac_settings *settings, const lac_grid *grid, int64_t *n_visible, lac_error *err) {
    (void)n_visible;
    const lac_setting *ratio = lac_settings_get(settings, "ratio"), *spread = lac_settings_get(settings, "spread");
    if (grid->n_axes != 2) return lac_usage(err, "mask.name: rectangles need pictures, found %d axes", grid->n_axes);
    if (ratio->count != spread->count)
        return lac_usage(err, "mask.spread: expected %d numbers, one for each ratio, found %d", ratio->count,
                         spread->count);
    bool hides = false;
    for (int i = 0; i < ratio->count; i++) {
        if (spread->number[i] > ratio->number[i] || ratio->number[i] + spread->number[i] >= 1)
            return lac_usage(err, "mask.spread: %g around %g leaves the range [0, 1)", spread->number[i],
                             ratio->number[i]);
        hides = hides || ratio->number[i] > 0;
    }
    if (!hides) return lac_usage(err, "mask.ratio: expected a share above 0");
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
    const lac_setting *ratio = lac_settings_get(settings, "ratio"), *spread = lac_settings_get(settings, "spread"),
                      *aspect = lac_settings_get(settings, "aspect");
    uint64_t which = lac_random_below(random, (uint64_t)ratio->count);
    double share = ratio->number[which] + (2 * lac_random_uniform(random) - 1) * spread->number[which];
    int64_t side = (grid->size[0] < grid->size[1] ? grid->size[0] : grid->size[1]) / 3;
    lac_blocks blocks = {.count = share * (double)grid->n,
                         .least = fmax(1, (double)(side * side)),
                         .aspect = {aspect->number[0], aspect->number[1]},
                         .tries = 10}; /* as iBOT's code */
    lac_blocks_draw(&blocks, grid, random, is_hidden);
}

const lac_mask_slot lac_mask_ibot_block = {
    .slot = {"ibot-block", "hides rectangles up to a share that differs from picture to picture, or nothing",
             "2111.07832", specs, sizeof specs / sizeof *specs},
    .form = LAC_MASK_WEIGHT,
    .visible = visible,
    .scratch_bytes = scratch_bytes,
    .draw = draw,
};
