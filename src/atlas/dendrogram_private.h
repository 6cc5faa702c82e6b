/* atlas/dendrogram_private.h - the steps of lac_dendrogram_make that have their own file. */
#ifndef LAC_ATLAS_DENDROGRAM_PRIVATE_H
#define LAC_ATLAS_DENDROGRAM_PRIVATE_H

#include "atlas/dendrogram.h"
#include "base/arena.h"

/* d->clusters from labels, tree and vectors. */
lac_status lac_dendrogram_find_clusters(lac_dendrogram *d, lac_error *err);
/* d->matches from the corpus' named clusters; after the above. */
lac_status lac_dendrogram_match(lac_dendrogram *d, lac_error *err);

#endif
