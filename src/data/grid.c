/* data/grid.c - the checks and counts of a patch grid. */
#include "data/grid.h"

static const char *axis_name(int n_axes, int axis) {
    static const char *const names[] = {"depth", "height", "width"};
    return names[LAC_MAX_AXES - n_axes + axis];
}

lac_status lac_grid_make(int n_axes, const int64_t *picture, const int64_t *patch, int64_t channels, lac_grid *grid,
                         lac_error *err) {
    *grid = (lac_grid){.n_axes = n_axes, .channels = channels, .n = 1, .patch_values = channels};
    for (int a = 0; a < n_axes; a++) {
        const char *name = axis_name(n_axes, a);
        if (picture[a] < patch[a])
            return lac_usage(err, "picture %s %lld is smaller than a patch (%lld)", name, (long long)picture[a],
                             (long long)patch[a]);
        if (patch[a] < 1 || picture[a] % patch[a] != 0)
            return lac_usage(err, "picture %s %lld is not divisible by the patch size %lld", name,
                             (long long)picture[a], (long long)patch[a]);
        grid->picture[a] = picture[a];
        grid->patch[a] = patch[a];
        grid->size[a] = picture[a] / patch[a];
        grid->n *= grid->size[a];
        grid->patch_values *= patch[a];
    }
    return LAC_OK;
}
