/* target/target.h - what a target slot offers: the values that a prediction is compared with, one row per patch.
 *
 * No gradient flows into a target. */
#ifndef LAC_TARGET_TARGET_H
#define LAC_TARGET_TARGET_H

#include "base/slot.h"
#include "data/grid.h"
#include "graph/graph.h"

typedef struct lac_target_slot {
    lac_slot slot;
    int64_t (*values)(const lac_settings *settings, const lac_grid *grid); /* Q per patch */
    lac_id (*build)(const lac_settings *settings, const lac_grid *grid, lac_graph *graph,
                    lac_id picture); /* B x N x Q */
} lac_target_slot;

int lac_target_count(void);
const lac_target_slot *lac_target_at(int index);
const lac_target_slot *lac_target_find(const char *name); /* NULL if absent */

#endif
