/* target/target.h - what a target slot offers: the values that a prediction is compared with, one row per patch.
 *
 * No gradient flows into a target. */
#ifndef LAC_TARGET_TARGET_H
#define LAC_TARGET_TARGET_H

#include <stdbool.h>

#include "base/slot.h"
#include "data/grid.h"
#include "graph/graph.h"

typedef struct lac_target_context {
    const lac_grid *grid;
    lac_id picture;          /* B x C x S..., nothing hidden: the student's view */
    lac_id corrupted;        /* the picture that the encoder sees; `picture` itself unless a mask corrupts it */
    lac_id mask;             /* real [B x N] as drawn; LAC_NONE in index form */
    int64_t width, n_prefix; /* D and prefix tokens of the encoder */
    int n_teacher;           /* what teacher_layers said */
    const lac_id *teacher;   /* n_teacher tensors B x (prefix + N) x D: tokens of the teacher's last blocks, first to
                              * last, before the final norm; the whole picture, no gradient */
    lac_id teacher_normed;   /* the teacher's tokens after its final norm; LAC_NONE without a teacher */
    int64_t n_codes;         /* K of the tokenizer; 0: there is none */
    lac_id codes;            /* i32 [B x N]: the tokenizer's code of each patch of `picture` */
} lac_target_context;

typedef struct lac_target_slot {
    lac_slot slot;
    int64_t (*values)(const lac_settings *settings, const lac_target_context *context); /* Q per patch; ids unset */
    lac_id (*build)(const lac_settings *settings, lac_graph *graph, const lac_target_context *context); /* B x N x Q */
    bool needs_teacher;
    bool needs_tokenizer;
    bool gives_codes; /* build gives i32 [B x N], one of Q = K classes per patch, in place of values */
    int (*teacher_layers)(const lac_settings *settings); /* how many of the teacher's last blocks; NULL: none */
} lac_target_slot;

int lac_target_count(void);
const lac_target_slot *lac_target_at(int index);
const lac_target_slot *lac_target_find(const char *name); /* NULL if absent */

#endif
