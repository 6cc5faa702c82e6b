/* data/grid.h - a picture (or clip, or volume) cut into equal patches: the geometry that masks, models and targets
 * share.
 *
 * Patches are numbered in row-major order of the grid. */
#ifndef LAC_DATA_GRID_H
#define LAC_DATA_GRID_H

#include <stdint.h>

#include "base/error.h"

enum { LAC_MAX_AXES = 3 };

typedef struct lac_grid {
    int n_axes;
    int64_t picture[LAC_MAX_AXES], patch[LAC_MAX_AXES], size[LAC_MAX_AXES]; /* by axis: row, column for pictures */
    int64_t channels;
    int64_t n;            /* N patches */
    int64_t patch_values; /* P = channels x product of patch */
} lac_grid;

/* LAC_USAGE when a side is no multiple of its patch, or smaller than it. */
lac_status lac_grid_make(int n_axes, const int64_t *picture, const int64_t *patch, int64_t channels, lac_grid *grid,
                         lac_error *err);

#endif
