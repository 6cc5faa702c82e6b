/* model/positions.h - fixed sin-cos position tables for grids of one to three axes. */
#ifndef LAC_MODEL_POSITIONS_H
#define LAC_MODEL_POSITIONS_H

#include "data/grid.h"
#include "graph/store.h"

/* Width must divide into sin and cos halves per axis: a multiple of 2 x n_axes. */
int lac_positions_divisor(int n_axes);
/* table: (n_prefix + N) x width of the store's real type; prefix rows are zero. Computed in double. */
void lac_positions_fill(const lac_grid *grid, int64_t width, int64_t n_prefix, lac_dtype real, void *table);

/* matrix: M x N, the patches of `to` and of `from`: what a table of `from`'s positions is multiplied with to be one of
 * `to`'s, bicubic as torch's interpolate (a = -0.75, align_corners false, no antialiasing), the border repeated. */
void lac_positions_resize(const lac_grid *from, const lac_grid *to, lac_dtype real, void *matrix);

#endif
