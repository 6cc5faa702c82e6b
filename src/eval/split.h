/* eval/split.h - which pictures train a probe and which test it: stratified splits and few-label draws.
 *
 * Every choice is a function of (labels, seed): counters of purpose LAC_RANDOM_EVAL, a class as sample. A picture
 * without a label (-1) is never chosen. */
#ifndef LAC_EVAL_SPLIT_H
#define LAC_EVAL_SPLIT_H

#include <stdint.h>

#include "base/error.h"

/* The `epoch` field of the counters that evaluation draws from: one number per use, so that no two share draws. */
enum {
    LAC_EVAL_DRAW_SPLIT = 1,
    LAC_EVAL_DRAW_LABELS,
    LAC_EVAL_DRAW_LIMIT,
    LAC_EVAL_DRAW_INIT,
    LAC_EVAL_DRAW_ORDER,
    LAC_EVAL_DRAW_MIX,
    LAC_EVAL_DRAW_ERASE
};

/* is_chosen[n] = 1 for `share` of each class (rounded to the nearest; at least one picture on either side of a class of
 * two or more, none of a class of one), else 0. */
lac_status lac_split_share(const int *label, int64_t n, int classes, double share, uint64_t seed, uint8_t *is_chosen,
                           lac_error *err);

/* is_chosen[n] = 1 for `limit` labelled pictures in all, each class in proportion (largest remainders first). All of
 * them if there are no more than `limit`. */
lac_status lac_split_limit(const int *label, int64_t n, int classes, int64_t limit, uint64_t seed, uint8_t *is_chosen,
                           lac_error *err);

/* rows[classes * per_class] = the rows of `per_class` pictures of every class that has any, ascending; *n_rows their
 * number. LAC_USAGE if a class has fewer. */
lac_status lac_split_per_class(const int *label, int64_t n, int classes, int64_t per_class, uint64_t seed,
                               int64_t *rows, int64_t *n_rows, lac_error *err);

#endif
