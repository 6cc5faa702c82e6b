/* model/head.h - what a head slot offers: rows of one width in, rows of another out (projectors, predictors). */
#ifndef LAC_MODEL_HEAD_H
#define LAC_MODEL_HEAD_H

#include "base/slot.h"
#include "graph/graph.h"

typedef struct lac_head_slot {
    lac_slot slot;
    /* Values in a row that comes out, for `in` values in one that goes in. `none`: as it came. */
    int64_t (*width)(const lac_settings *settings, int64_t in);
    /* Parameters PREFIX.0.weight, ...; NULL: there is no head, and build is NULL too. */
    lac_status (*declare)(const lac_settings *settings, const char *prefix, int64_t in, lac_store *store,
                          lac_error *err);
    lac_id (*build)(const lac_settings *settings, const char *prefix, lac_graph *graph, lac_id x); /* [... x in] */
    /* The part of PREFIX that learns nothing in the first *share of a run; NULL, or a share of 0: all learns. */
    const char *(*held)(const lac_settings *settings, double *share);
} lac_head_slot;

/* Projectors say too what they project: every patch's token, the mean of them, the class token, or class and patches.
 */
typedef enum lac_pool_kind { LAC_POOL_NONE, LAC_POOL_MEAN, LAC_POOL_CLASS, LAC_POOL_TOKENS } lac_pool_kind;

int lac_projector_count(void);
const lac_head_slot *lac_projector_at(int index);
const lac_head_slot *lac_projector_find(const char *name); /* NULL if absent */
lac_pool_kind lac_projector_pool(const lac_settings *settings);
int lac_predictor_count(void);
const lac_head_slot *lac_predictor_at(int index);
const lac_head_slot *lac_predictor_find(const char *name); /* NULL if absent */

#endif
