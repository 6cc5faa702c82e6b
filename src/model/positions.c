/* model/positions.c - fixed sin-cos position tables (MAE, arXiv 2111.06377, and arXiv 1706.03762 for one axis).
 *
 * The width is shared equally by the axes. An axis's part is [sin(p w_k) | cos(p w_k)], w_k = 10000^(-k / K) for its
 * K = width / (2 axes) frequencies. The last axis (column) comes first: MAE's code lays its meshgrid out that way, and
 * published weights depend on it. Not here: learned positions, which are ordinary parameters (vit.c). */
#include "model/positions.h"

#include <math.h>

int lac_positions_divisor(int n_axes) {
    return 2 * n_axes;
}

static void put(lac_dtype real, void *table, int64_t at, double value) {
    if (real == LAC_F64)
        ((double *)table)[at] = value;
    else
        ((float *)table)[at] = (float)value;
}

void lac_positions_fill(const lac_grid *grid, int64_t width, int64_t n_prefix, lac_dtype real, void *table) {
    int64_t n_frequencies = width / lac_positions_divisor(grid->n_axes);
    for (int64_t i = 0; i < n_prefix * width; i++)
        put(real, table, i, 0);
    for (int64_t patch = 0; patch < grid->n; patch++) {
        int64_t rest = patch, at = (n_prefix + patch) * width;
        for (int axis = grid->n_axes - 1; axis >= 0; axis--) { /* row-major: the last axis varies fastest */
            double place = (double)(rest % grid->size[axis]);
            rest /= grid->size[axis];
            for (int64_t k = 0; k < n_frequencies; k++) {
                double angle = place * pow(10000, -(double)k / (double)n_frequencies);
                put(real, table, at + k, sin(angle));
                put(real, table, at + n_frequencies + k, cos(angle));
            }
            at += 2 * n_frequencies;
        }
    }
}
