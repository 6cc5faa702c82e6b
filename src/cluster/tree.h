/* cluster/tree.h - agglomerative trees: a list of merges, as scipy's linkage matrix has them.
 *
 * Items are 0..n-1; merge i makes node n + i. Merges are in order of height. Used for papers (src/atlas) and for
 * learned representations alike, so it knows of neither. How a tree is made: ward.h; how it is drawn: draw.h. */
#ifndef LAC_CLUSTER_TREE_H
#define LAC_CLUSTER_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/threads.h"

typedef struct lac_merge {
    int64_t a, b; /* nodes joined, a < b */
    double height;
    int64_t size; /* items below the new node */
} lac_merge;

/* Below, `merges` holds the n - 1 merges of a tree over n >= 1 items. Failures are those of memory, but where said. */

/* Items from left to right, a before b (scipy's leaves_list). first[v] (of 2n - 1; may be NULL): where the items below
 * node v begin in `leaves`; they are contiguous. */
lac_status lac_tree_leaves(const lac_merge *merges, size_t n, int64_t *leaves, int64_t *first, lac_error *err);
int64_t lac_tree_size(const lac_merge *merges, size_t n, int64_t node);

/* Flat clusters, numbered from 1 as scipy's fcluster numbers them. By height (criterion "distance"): items joined at or
 * below `height` share one. By count ("maxclust"): the lowest height that leaves at most `count`; where merges tie
 * these can be fewer. LAC_USAGE for a count below 1 or a height that is no number. */
lac_status lac_tree_cut_height(const lac_merge *merges, size_t n, double height, int32_t *labels, int32_t *n_clusters,
                               lac_error *err);
lac_status lac_tree_cut_count(const lac_merge *merges, size_t n, int64_t count, int32_t *labels, int32_t *n_clusters,
                              lac_error *err);

/* Heights at which two items meet, condensed like pdist: n (n - 1) / 2 values. */
lac_status lac_tree_cophenetic(const lac_merge *merges, size_t n, double *condensed, lac_error *err);
/* Their Pearson correlation with the distances the tree was made from; NaN where one of them does not vary. Does not
 * depend on the number of threads. */
lac_status lac_tree_cophenetic_correlation(const lac_merge *merges, size_t n, const double *distances, lac_pool *pool,
                                           double *correlation, lac_error *err);

/* Where the distance of items i < j of n stands in a condensed matrix. */
static inline size_t lac_condensed_index(size_t n, size_t i, size_t j) {
    return n * i - i * (i + 1) / 2 + (j - i - 1);
}

#endif
