/* atlas/named_clusters.h - which papers a cluster named by the survey should hold, said through their facets.
 *
 * The survey names clusters of its dendrogram in words (clusters.tsv) and lists no members. The table in
 * named_clusters.c is our reading of these words; figures of "how well does a node match" are relative to it. */
#ifndef LAC_ATLAS_NAMED_CLUSTERS_H
#define LAC_ATLAS_NAMED_CLUSTERS_H

#include <stdbool.h>

#include "atlas/corpus.h"
#include "base/text.h"

typedef struct lac_cluster_facets lac_cluster_facets;

const lac_cluster_facets *
lac_cluster_facets_find(const char *cluster); /* by clusters.tsv's id; NULL: no facet says it */
bool lac_cluster_facets_hold(const lac_cluster_facets *facets, const lac_document *document);
/* "modality is point-cloud or depth" */
void lac_cluster_facets_describe(const lac_cluster_facets *facets, lac_text *out);

#endif
