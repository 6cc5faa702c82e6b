/* mask/block_units.c - random squares of several patches are hidden (SimMIM, arXiv 2111.09886, section 3.2).
 *
 * The picture is cut into units, squares of `unit` pixels whatever the patch; ceil(units * ratio) of them are hidden,
 * as SimMIM's code computes it: 22 of 36 at 192 pixels, 30 of 49 at 224, where "60 %" is 61.2 %. A unit hides all of
 * its patches, so every picture has the same number of visible ones. */
#include <math.h>

#include "mask/slots.h"

static const lac_setting_spec specs[] = {
    {"ratio", LAC_SETTING_REAL, "0.6", 0, LAC_BELOW_ONE, 0, 0, NULL, NULL, "share of squares hidden"},
    {"unit", LAC_SETTING_INT, "32", 1, 4096, 0, 0, NULL, NULL, "side of a hidden square in pixels"},
};

/* Units by axis, patches of a unit by axis; false if they do not divide. */
static int64_t units_of(const lac_settings *settings, const lac_grid *grid, int64_t *size) {
    int64_t unit = lac_settings_int(settings, "unit"), n = 1;
    for (int a = 0; a < grid->n_axes; a++) {
        if (grid->picture[a] % unit != 0 || unit % grid->patch[a] != 0) return 0;
        size[a] = grid->picture[a] / unit;
        n *= size[a];
    }
    return n;
}

static int64_t hidden_of(const lac_settings *settings, int64_t n_units) {
    return (int64_t)ceil((double)n_units * lac_settings_real(settings, "ratio"));
}

static lac_status visible(const lac_settings *settings, const lac_grid *grid, int64_t *n_visible, lac_error *err) {
    int64_t size[LAC_MAX_AXES], n = units_of(settings, grid, size);
    if (n == 0)
        return lac_usage(err, "mask.unit: expected a multiple of the patch that divides the picture, found %lld",
                         (long long)lac_settings_int(settings, "unit"));
    int64_t n_hidden = hidden_of(settings, n);
    if (n_hidden < 1 || n_hidden >= n)
        return lac_usage(err, "mask.ratio: %g leaves no %s unit of %lld", lac_settings_real(settings, "ratio"),
                         n_hidden < 1 ? "hidden" : "visible", (long long)n);
    *n_visible = (n - n_hidden) * (grid->n / n);
    return LAC_OK;
}

/* keys u64, noise f32 and order i32 of at most N units */
static size_t scratch_bytes(const lac_settings *settings, const lac_grid *grid) {
    (void)settings;
    return (size_t)grid->n * (sizeof(uint64_t) + sizeof(float) + sizeof(int32_t) + 1);
}

/* The unit that patch i lies in, both in row-major order. */
static int64_t unit_at(const lac_grid *grid, const int64_t *size, int64_t i) {
    int64_t unit = 0, step = 1;
    for (int a = grid->n_axes - 1; a >= 0; a--) {
        unit += i % grid->size[a] / (grid->size[a] / size[a]) * step;
        i /= grid->size[a];
        step *= size[a];
    }
    return unit;
}

static void draw(const lac_settings *settings, const lac_grid *grid, lac_random *random, void *scratch,
                 unsigned char *is_hidden) {
    int64_t size[LAC_MAX_AXES], n = units_of(settings, grid, size), n_hidden = hidden_of(settings, n);
    uint64_t *keys = scratch;
    float *noise = (float *)(keys + n);
    int32_t *order = (int32_t *)(noise + n);
    unsigned char *is_unit_hidden = (unsigned char *)(order + n);
    for (int64_t u = 0; u < n; u++)
        noise[u] = lac_random_uniform_f32(random);
    lac_mask_argsort(noise, n, keys, order);
    for (int64_t u = 0; u < n; u++)
        is_unit_hidden[order[u]] = u < n_hidden;
    for (int64_t i = 0; i < grid->n; i++)
        is_hidden[i] = is_unit_hidden[unit_at(grid, size, i)];
}

const lac_mask_slot lac_mask_block_units = {
    .slot = {"block-units", "hides random squares of several patches, the same number in every picture", "2111.09886",
             specs, sizeof specs / sizeof *specs},
    .form = LAC_MASK_INDEX,
    .visible = visible,
    .scratch_bytes = scratch_bytes,
    .draw = draw,
};
