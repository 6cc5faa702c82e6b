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

/* Of a term that makes its own target of the teacher's projections. */
typedef struct lac_aim {
    const char *name, *path;   /* of the term: "ibot", and "objective.1" in the recipe */
    bool is_training;          /* then these outputs are wanted: */
    const char *mean, *figure; /* the mean of the rows it was given [1 x K], how far answers are from uniform [1] */
} lac_aim;

typedef struct lac_objective_slot {
    lac_slot slot;
    bool is_per_sample;  /* the loss of a batch is the sum of its samples' (so a batch may be split) */
    bool moves_target;   /* a target that is not stopped gets its gradient, too */
    bool takes_codes;    /* target may be i32 [B x N]: one of Q classes per patch */
    bool ignores_target; /* target may be LAC_NONE */
    bool is_of_pictures; /* of projections of whole pictures (class tokens, means), not of patches */
    bool is_by_picture;  /* hidden patches are averaged in each picture first, however many it hides */
    /* With a state that follows the teacher, NULL together; for terms of projections. declare: buffers NAME.* for rows
     * of `width`; aim: what build compares with, of the teacher's rows B x R x K; learn: after the step, from the mean
     * of the rows of its whole batch. */
    lac_status (*declare)(const lac_settings *settings, const char *name, int64_t width, lac_store *store,
                          lac_error *err);
    lac_id (*aim)(const lac_settings *settings, const lac_aim *about, lac_graph *graph, lac_id rows);
    void (*learn)(const lac_settings *settings, const char *name, lac_store *store, const float *mean);
    /* prediction, target: B x N x Q; weight: B x N; norm: [1]; result [1] = norm * sum of weighted errors */
    lac_id (*build)(const lac_settings *settings, lac_graph *graph, lac_id prediction, lac_id target, lac_id weight,
                    lac_id norm);
    /* In place of build, for masks that remove frequencies; removed: [B x H W], see mask.h. norm is of all patches. */
    lac_id (*build_removed)(const lac_settings *settings, lac_graph *graph, const lac_grid *grid, lac_id prediction,
                            lac_id target, lac_id removed, lac_id norm);
} lac_objective_slot;

/* LAC_ON_PICTURE: one row per picture (pooled projections); LAC_ON_LISTS: one per patch of the lists that a decoder
 * predicts; LAC_ON_EACH: hidden patches, each picture's sharing a weight of 1. Not words of recipes. */
typedef enum lac_on {
    LAC_ON_HIDDEN,
    LAC_ON_VISIBLE,
    LAC_ON_ALL,
    LAC_ON_PICTURE,
    LAC_ON_LISTS,
    LAC_ON_EACH,
    LAC_N_ON
} lac_on;
lac_on lac_objective_on(const lac_settings *settings);

int lac_objective_count(void);
const lac_objective_slot *lac_objective_at(int index);
const lac_objective_slot *lac_objective_find(const char *name); /* NULL if absent */

#endif
