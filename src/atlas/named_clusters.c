/* atlas/named_clusters.c - the one table from the survey's clusters to facets, and its evaluation. */
#include "atlas/named_clusters.h"

#include <string.h>

enum { MOST_CLAUSES = 2, MOST_VALUES = 4 };

typedef struct clause {
    lac_facet facet;
    bool is_part;                    /* a value is part of the facet's text; else one of its ';'-separated values */
    const char *values[MOST_VALUES]; /* any of them */
} clause;

struct lac_cluster_facets {
    const char *cluster;
    int n_clauses;
    clause clauses[MOST_CLAUSES]; /* all of them */
};

/* Ids of clusters.tsv; values of papers.tsv. */
static const lac_cluster_facets table[] = {
    {"temporal", 1, {{LAC_FACET_MODALITY, false, {"video", "audio", "skeleton", "trajectory"}}}},
    {"pointcloud", 1, {{LAC_FACET_MODALITY, false, {"point-cloud", "depth"}}}},
    {"video", 1, {{LAC_FACET_MODALITY, false, {"video"}}}},
    {"audio", 1, {{LAC_FACET_MODALITY, false, {"audio"}}}},
    {"multimodal", 1, {{LAC_FACET_MODALITY, false, {"multimodal"}}}},
    {"medical", 1, {{LAC_FACET_MODALITY, false, {"medical-image", "medical-volume"}}}},
    {"anomaly", 1, {{LAC_FACET_TASKS, false, {"anomaly-detection"}}}},
    {"few-shot", 1, {{LAC_FACET_TASKS, false, {"few-shot"}}}},
    {"detection", 1, {{LAC_FACET_TASKS, false, {"detection"}}}},
    {"tracking", 1, {{LAC_FACET_TASKS, false, {"tracking"}}}},
    {"segmentation", 1, {{LAC_FACET_TASKS, false, {"segmentation"}}}},
    {"test-time", 1, {{LAC_FACET_TASKS, false, {"test-time-training"}}}},
    {"multi-view", 1, {{LAC_FACET_MODALITY, false, {"multi-view"}}}},
    {"domain-shift", 1, {{LAC_FACET_TASKS, false, {"domain-adaptation"}}}},
    {"teacher-student",
     2,
     {{LAC_FACET_TARGET, false, {"ema-features", "teacher-features"}},
      {LAC_FACET_FAMILY, false, {"contrastive", "hybrid"}}}},
    {"diffusion", 1, {{LAC_FACET_OBJECTIVE, false, {"diffusion"}}}},
    {"masking", 1, {{LAC_FACET_CATEGORY, true, {"Masking Strategy"}}}},
    {"theory", 1, {{LAC_FACET_CATEGORY, true, {"Theoretical Analysis"}}}},
};

const lac_cluster_facets *lac_cluster_facets_find(const char *cluster) {
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].cluster, cluster) == 0) return &table[i];
    return NULL;
}

static bool is_listed(const char *list, const char *value) {
    size_t bytes = strlen(value);
    for (;;) {
        size_t length = strcspn(list, ";");
        if (length == bytes && memcmp(list, value, bytes) == 0) return true;
        if (!list[length]) return false;
        list += length + 1;
    }
}

static bool clause_holds(const clause *c, const lac_document *document) {
    const char *facet = document->facets[c->facet];
    if (!facet) return false;
    for (int i = 0; i < MOST_VALUES && c->values[i]; i++)
        if (c->is_part ? strstr(facet, c->values[i]) != NULL : is_listed(facet, c->values[i])) return true;
    return false;
}

bool lac_cluster_facets_hold(const lac_cluster_facets *facets, const lac_document *document) {
    for (int i = 0; i < facets->n_clauses; i++)
        if (!clause_holds(&facets->clauses[i], document)) return false;
    return true;
}

void lac_cluster_facets_describe(const lac_cluster_facets *facets, lac_text *out) {
    for (int i = 0; i < facets->n_clauses; i++) {
        const clause *c = &facets->clauses[i];
        lac_text_add(out, "%s%s %s ", i ? " and " : "", lac_facet_names[c->facet], c->is_part ? "names" : "is");
        for (int k = 0; k < MOST_VALUES && c->values[k]; k++) {
            bool is_last = k + 1 == MOST_VALUES || !c->values[k + 1];
            lac_text_add(out, "%s%s", k == 0 ? "" : is_last ? " or " : ", ", c->values[k]);
        }
    }
}
