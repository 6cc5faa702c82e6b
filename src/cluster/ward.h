/* cluster/ward.h - Ward's tree of a distance matrix, merge for merge what scipy's linkage(method="ward") gives.
 *
 * Ward, "Hierarchical grouping to optimize an objective function", JASA 58 (1963), by the nearest-neighbour chain
 * (Murtagh, Computer Journal 26, 1983): O(n^2) time, one copy of the distances. Ties are broken as scipy's chain breaks
 * them, and heights have its bits. Distances need not be Euclidean. */
#ifndef LAC_CLUSTER_WARD_H
#define LAC_CLUSTER_WARD_H

#include "cluster/tree.h"

/* distances: condensed, n (n - 1) / 2, row by row, kept as they are. merges: n - 1. n >= 1. One thread: the chain is a
 * chain. LAC_USAGE for a distance that is negative, not finite or above 1e150, named by its items. */
lac_status lac_ward(const double *distances, size_t n, lac_merge *merges, lac_error *err);

/* The same for a distance that is computed; called for i < j, from several threads at once. */
typedef double (*lac_distance)(const void *context, size_t i, size_t j);
lac_status lac_ward_of(lac_distance distance, const void *context, size_t n, lac_pool *pool, lac_merge *merges,
                       lac_error *err);

#endif
