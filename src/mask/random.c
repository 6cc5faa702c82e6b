/* mask/random.c - a random subset of patches stays visible (MAE, arXiv 2111.06377, section 3).
 *
 * One uniform number per patch; the V patches with the smallest stay, V = int(N * (1 - ratio)) in double as MAE
 * computes it. Which order the visible ones are encoded in does not matter to the model; here it is ascending, for
 * locality. Not here: seeds (the caller's generator) and indices (mask.c). */
#include "mask/slots.h"

static const lac_setting_spec specs[] = {
    {"ratio", LAC_SETTING_COURSE, "0.75", 0, LAC_BELOW_ONE, 0, 0, NULL, NULL, "share of patches hidden"},
};

static lac_status visible(const lac_settings *settings, const lac_grid *grid, int64_t *n_visible, lac_error *err) {
    double ratio = lac_settings_real(settings, "ratio");
    *n_visible = (int64_t)((double)grid->n * (1 - ratio));
    if (*n_visible < 1)
        return lac_usage(err, "mask.ratio: %g leaves no visible patch of %lld", ratio, (long long)grid->n);
    if (*n_visible >= grid->n)
        return lac_usage(err, "mask.ratio: %g leaves no hidden patch of %lld", ratio, (long long)grid->n);
    return LAC_OK;
}

/* noise f32 [N], then packed keys u64 [N], then the order i32 [N] */
static size_t scratch_bytes(const lac_settings *settings, const lac_grid *grid) {
    (void)settings;
    return (size_t)grid->n * (sizeof(uint64_t) + sizeof(float) + sizeof(int32_t));
}

static void draw(const lac_settings *settings, const lac_grid *grid, lac_random *random, void *scratch,
                 unsigned char *is_hidden) {
    uint64_t *keys = scratch;
    float *noise = (float *)(keys + grid->n);
    int32_t *order = (int32_t *)(noise + grid->n);
    int64_t n_visible = (int64_t)((double)grid->n * (1 - lac_settings_real(settings, "ratio")));
    for (int64_t i = 0; i < grid->n; i++)
        noise[i] = lac_random_uniform_f32(random);
    lac_mask_argsort(noise, grid->n, keys, order);
    for (int64_t i = 0; i < grid->n; i++)
        is_hidden[order[i]] = i >= n_visible;
}

const lac_mask_slot lac_mask_random = {
    .slot = {"random", "hides a random subset of patches, the same number in every picture", "2111.06377", specs,
             sizeof specs / sizeof *specs},
    .form = LAC_MASK_INDEX,
    .visible = visible,
    .scratch_bytes = scratch_bytes,
    .draw = draw,
};
