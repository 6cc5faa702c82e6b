/* objective/objective.h - what an objective slot offers: prediction and target in, one number out.
 *
 * Every term also takes `on` (which patches count) and `weight`; the method turns `on` into weights and weighs the
 * terms. */
#ifndef LAC_OBJECTIVE_OBJECTIVE_H
#define LAC_OBJECTIVE_OBJECTIVE_H

#include <stdbool.h>

#include "base/slot.h"
#include "data/grid.h"
#include "graph/graph.h"

typedef struct lac_objective_slot {
    lac_slot slot;
    bool is_per_sample;  /* the loss of a batch is the sum of its samples' (so a batch may be split) */
    bool moves_target;   /* a target that is not stopped gets its gradient, too */
    bool takes_codes;    /* target may be i32 [B x N]: one of Q classes per patch */
    bool ignores_target; /* target may be LAC_NONE */
    /* prediction, target: B x N x Q; weight: B x N; norm: [1]; result [1] = norm * sum of weighted errors */
    lac_id (*build)(const lac_settings *settings, lac_graph *graph, lac_id prediction, lac_id target, lac_id weight,
                    lac_id norm);
    /* In place of build, for masks that remove frequencies; removed: [B x H W], see mask.h. norm is of all patches. */
    lac_id (*build_removed)(const lac_settings *settings, lac_graph *graph, const lac_grid *grid, lac_id prediction,
                            lac_id target, lac_id removed, lac_id norm);
} lac_objective_slot;

/* LAC_ON_PICTURE: one row per picture (pooled projections); LAC_ON_LISTS: one per patch of the lists that a decoder
 * predicts. Not words of recipes. */
typedef enum lac_on { LAC_ON_HIDDEN, LAC_ON_VISIBLE, LAC_ON_ALL, LAC_ON_PICTURE, LAC_ON_LISTS, LAC_N_ON } lac_on;
lac_on lac_objective_on(const lac_settings *settings);

int lac_objective_count(void);
const lac_objective_slot *lac_objective_at(int index);
const lac_objective_slot *lac_objective_find(const char *name); /* NULL if absent */

#endif
