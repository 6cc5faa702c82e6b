/* cluster/agreement.h - how well two partitions of the same items agree, as scikit-learn measures it. */
#ifndef LAC_CLUSTER_AGREEMENT_H
#define LAC_CLUSTER_AGREEMENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct lac_partition_agreement {
    double ari; /* Hubert and Arabie's adjusted Rand index: 1 for equal partitions, about 0 for chance */
    double nmi; /* mutual information over the arithmetic mean of the entropies; 1 when both have one part */
} lac_partition_agreement;

/* n >= 1 items; parts are any numbers. Fails only for want of memory. */
lac_status lac_partitions_compare(const int32_t *a, const int32_t *b, size_t n, lac_partition_agreement *agreement,
                                  lac_error *err);

#endif
