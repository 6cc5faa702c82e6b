/* model/positions.c - fixed sin-cos position tables (MAE, arXiv 2111.06377, and arXiv 1706.03762 for one axis).
 *
 * The width is shared equally by the axes. An axis's part is [sin(p w_k) | cos(p w_k)], w_k = 10000^(-k / K) for its
 * K = width / (2 axes) frequencies. The last axis (column) comes first: MAE's code lays its meshgrid out that way, and
 * published weights depend on it. Learned positions are ordinary parameters (vit.c); here is how a table of one grid
 * becomes one of another. */
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

/* Keys' cubic convolution kernel with a = -0.75 at distance x. */
static double cubic(double x) {
    const double a = -0.75;
    x = fabs(x);
    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

/* What place j of n_from counts for place i of n_to: four neighbours, those outside standing at the border. */
static double share(int64_t n_from, int64_t n_to, int64_t i, int64_t j) {
    double at = ((double)i + 0.5) * (double)n_from / (double)n_to - 0.5, first = floor(at), sum = 0;
    for (int k = -1; k <= 2; k++) {
        double place = first + k, clamped = fmin(fmax(place, 0), (double)(n_from - 1));
        if ((int64_t)clamped == j) sum += cubic(at - place);
    }
    return sum;
}

void lac_positions_resize(const lac_grid *from, const lac_grid *to, lac_dtype real, void *matrix) {
    for (int64_t i = 0; i < to->n; i++)
        for (int64_t j = 0; j < from->n; j++) {
            double product = 1;
            int64_t rest_i = i, rest_j = j;
            for (int axis = from->n_axes - 1; axis >= 0; axis--) {
                product *= share(from->size[axis], to->size[axis], rest_i % to->size[axis], rest_j % from->size[axis]);
                rest_i /= to->size[axis];
                rest_j /= from->size[axis];
            }
            put(real, matrix, i * from->n + j, product);
        }
}
