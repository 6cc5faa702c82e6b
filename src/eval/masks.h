/* eval/masks.h - what a recipe's mask hides: drawn patterns, and how often each patch is hidden. No network is made. */
#ifndef LAC_EVAL_MASKS_H
#define LAC_EVAL_MASKS_H

#include <stdbool.h>

#include "data/grid.h"
#include "method/recipe.h"

typedef struct lac_mask_draws { /* zero-initialise; lac_mask_draws_free */
    lac_grid grid;
    int64_t n;          /* draws kept */
    uint8_t *is_hidden; /* n x N, 1 = hidden */
    uint8_t *is_listed; /* n x N, 1 = in a list of patches to predict; NULL: the mask has none of its own */
    double *chance;     /* N: share of `n_many` draws that hid the patch */
    int64_t n_many;
    double ratio, least, most; /* share of patches hidden: mean, fewest, most of those draws */
    bool is_corrupt;           /* what is hidden is not patches of the picture (a mask of frequencies) */
} lac_mask_draws;

/* Draw i is that of training sample i in epoch 0 under `seed`. */
lac_status lac_mask_draw_many(const lac_recipe *recipe, uint64_t seed, int64_t n, int64_t n_many, lac_mask_draws *draws,
                              lac_error *err);
void lac_mask_draws_free(lac_mask_draws *draws);

/* As a figure: original, the kept draws over it (grey: hidden, blue: in a list to predict), and the chance of each
 * patch (white: never hidden, blue: always). */
lac_status lac_mask_figure(const lac_recipe *recipe, const char *source, int64_t index, const lac_mask_draws *draws,
                           const char *out, lac_error *err);

#endif
