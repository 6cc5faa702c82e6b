/* mask/attention.c - what a network pays most (or least) attention to is hidden (AttMask, arXiv 2203.12719,
 * section 3.3; its `high` and `low`).
 *
 * The patches are ranked by the attention that the class token pays them; of equals the first counts as higher.
 * `attention` draws a share for every picture, and leaves some whole; `attention-exact` hides the same number in all.
 * Not here: attention itself (method/step_attention.c). */
#include <string.h>

#include "mask/slots.h"

#define MODE                                                                                                           \
    {                                                                                                                  \
        "mode", LAC_SETTING_TEXT, "high", 0, 0, 0, 0, "high|low", NULL,                                                \
            "hides the patches with the highest attention, or those with the lowest"                                   \
    }

static const lac_setting_spec specs[] = {
    MODE,
    {"ratio", LAC_SETTING_REALS, "[0.1, 0.5]", 0, LAC_BELOW_ONE, 2, 2, NULL, NULL,
     "share of patches hidden, drawn between the two"},
    {"prob", LAC_SETTING_REAL, "0.5", LAC_ABOVE_ZERO, 1, 0, 0, NULL, NULL, "of hiding anything in a picture"},
};
static const lac_setting_spec exact_specs[] = {
    MODE,
    {"ratio", LAC_SETTING_REAL, "0.75", 0, LAC_BELOW_ONE, 0, 0, NULL, NULL, "share of patches hidden"},
};

static lac_status check(const lac_settings *settings, const lac_grid *grid, int64_t *n_visible, lac_error *err) {
    (void)n_visible;
    const double *ratio = lac_settings_get(settings, "ratio")->number;
    if (ratio[0] > ratio[1])
        return lac_usage(err, "mask.ratio: expected the smaller share first, found [%g, %g]", ratio[0], ratio[1]);
    if ((int64_t)((double)grid->n * ratio[1]) < 1)
        return lac_usage(err, "mask.ratio: %g hides no patch of %lld", ratio[1], (long long)grid->n);
    return LAC_OK;
}

static int64_t count(const lac_settings *settings, const lac_grid *grid, lac_random *random) {
    const double *ratio = lac_settings_get(settings, "ratio")->number;
    double is_whole = lac_random_uniform(random), share = lac_random_uniform(random);
    if (is_whole >= lac_settings_real(settings, "prob")) return 0;
    return (int64_t)((double)grid->n * (ratio[0] + share * (ratio[1] - ratio[0])));
}

static lac_status exact_visible(const lac_settings *settings, const lac_grid *grid, int64_t *n_visible,
                                lac_error *err) {
    double ratio = lac_settings_real(settings, "ratio");
    *n_visible = (int64_t)((double)grid->n * (1 - ratio)); /* as `random` */
    if (*n_visible < 1 || *n_visible >= grid->n)
        return lac_usage(err, "mask.ratio: %g leaves no %s patch of %lld", ratio, *n_visible < 1 ? "visible" : "hidden",
                         (long long)grid->n);
    return LAC_OK;
}

static int64_t exact_count(const lac_settings *settings, const lac_grid *grid, lac_random *random) {
    (void)random;
    return grid->n - (int64_t)((double)grid->n * (1 - lac_settings_real(settings, "ratio")));
}

/* packed keys u64 [N], then ranks f32 [N], then the order i32 [N] */
static size_t scratch_bytes(const lac_settings *settings, const lac_grid *grid) {
    (void)settings;
    return (size_t)grid->n * (sizeof(uint64_t) + sizeof(float) + sizeof(int32_t));
}

static void hide(const lac_settings *settings, const lac_grid *grid, int64_t n_hidden, const float *attention,
                 void *scratch, unsigned char *is_hidden) {
    uint64_t *keys = scratch;
    float *rank = (float *)(keys + grid->n);
    int32_t *order = (int32_t *)(rank + grid->n);
    float sign = strcmp(lac_settings_text(settings, "mode"), "high") == 0 ? -1.0f : 1.0f;
    for (int64_t i = 0; i < grid->n; i++)
        rank[i] = sign * attention[i];
    lac_mask_argsort(rank, grid->n, keys, order);
    for (int64_t i = 0; i < grid->n; i++)
        is_hidden[order[i]] = i < n_hidden;
}

const lac_mask_slot lac_mask_attention = {
    .slot = {"attention", "hides what the network attends to most, a share that differs from picture to picture",
             "2203.12719", specs, sizeof specs / sizeof *specs},
    .form = LAC_MASK_WEIGHT,
    .visible = check,
    .scratch_bytes = scratch_bytes,
    .count = count,
    .hide = hide,
};

const lac_mask_slot lac_mask_attention_exact = {
    .slot = {"attention-exact", "hides what the network attends to most, the same number in every picture",
             "2203.12719", exact_specs, sizeof exact_specs / sizeof *exact_specs},
    .form = LAC_MASK_INDEX,
    .visible = exact_visible,
    .scratch_bytes = scratch_bytes,
    .count = exact_count,
    .hide = hide,
};
