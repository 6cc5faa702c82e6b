/* cluster/tree.h - agglomerative trees: a list of merges, as scipy's linkage matrix has them.
 *
 * Items are 0..n-1; merge i makes node n + i. Merges are in order of height. Used for papers (src/atlas) and for learned
 * representations alike, so it knows of neither. */
#ifndef LAC_CLUSTER_TREE_H
#define LAC_CLUSTER_TREE_H

#include <stdint.h>

typedef struct lac_merge {
    int64_t a, b; /* nodes joined, a < b */
    double height;
    int64_t size; /* items below the new node */
} lac_merge;

#endif
