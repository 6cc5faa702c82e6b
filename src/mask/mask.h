/* mask/mask.h - what a mask slot offers: which patches of a picture are hidden.
 *
 * Index form: every sample of a recipe has the same number V of visible patches, so an encoder may see those alone.
 * Weight form: any number per sample, for encoders that see all patches with a token in place of the hidden ones. An
 * index-form mask serves such an encoder too. A mask draws from the generator it is handed, and from nothing else. */
#ifndef LAC_MASK_MASK_H
#define LAC_MASK_MASK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/random.h"
#include "base/slot.h"
#include "data/grid.h"
#include "graph/graph.h"

typedef enum lac_mask_form { LAC_MASK_INDEX, LAC_MASK_WEIGHT } lac_mask_form;

/* The longest lists of patches that a picture's mask may give: what is seen, and what is predicted, list by list. */
typedef struct lac_mask_bounds {
    int64_t n_visible;  /* V */
    int64_t n_blocks;   /* M lists to predict; they may overlap */
    int64_t n_in_block; /* K, of one of them */
} lac_mask_bounds;

typedef struct lac_mask_slot {
    lac_slot slot;
    lac_mask_form form;
    bool hides_nothing; /* in any picture */
    /* Index form: V of every sample. LAC_USAGE when none would be visible or none hidden. Weight form: checks the
     * numbers against the grid and leaves n_visible alone; may be NULL. */
    lac_status (*visible)(const lac_settings *settings, const lac_grid *grid, int64_t *n_visible, lac_error *err);
    size_t (*scratch_bytes)(const lac_settings *settings, const lac_grid *grid);
    /* is_hidden: N bytes, 1 = hidden. Allocates nothing. */
    void (*draw)(const lac_settings *settings, const lac_grid *grid, lac_random *random, void *scratch,
                 unsigned char *is_hidden);
    /* NULL together; else instead of draw: how many patches are hidden, and then which, by what a network attends to: N
     * values, its class token's attention in its last block, averaged over heads. hide allocates nothing. */
    int64_t (*count)(const lac_settings *settings, const lac_grid *grid, lac_random *random);
    void (*hide)(const lac_settings *settings, const lac_grid *grid, int64_t n_hidden, const float *attention,
                 void *scratch, unsigned char *is_hidden);
    /* Weight form only, NULL together: the patches to predict are lists of their own, and not simply those that are
     * hidden. draw_blocks draws them, too, M x K numbers, each list ascending and then -1; `shared` gives all pictures
     * of a batch the same numbers. is_cut: lists are cut to the shortest of the batch, their last patches dropped. */
    void (*bounds)(const lac_settings *settings, const lac_grid *grid, lac_mask_bounds *bounds);
    void (*draw_blocks)(const lac_settings *settings, const lac_grid *grid, const lac_mask_bounds *bounds,
                        lac_random *shared, lac_random *random, void *scratch, unsigned char *is_hidden,
                        int32_t *blocks);
    bool (*is_cut)(const lac_settings *settings);
    /* Weight form only, may be NULL: what is hidden is not patches. The encoder sees the picture (B x C x S...) that
     * this builds, whole; `drawn` is what draw() gave, real [B x N]; every patch counts as hidden for `on`. */
    lac_id (*corrupt)(const lac_settings *settings, const lac_grid *grid, lac_graph *graph, lac_id picture,
                      lac_id drawn);
    /* With corrupt, may be NULL: the frequencies that a picture of two axes lost, real [B x H W] in the order of
     * lac_dft, as weights whose mean over draws and frequencies is 1. */
    lac_id (*removed)(const lac_settings *settings, const lac_grid *grid, lac_graph *graph, lac_id drawn);
} lac_mask_slot;

int lac_mask_count(void);
const lac_mask_slot *lac_mask_at(int index);
const lac_mask_slot *lac_mask_find(const char *name); /* NULL if absent */

/* order: the indices 0..n-1 by ascending noise, equal values in index order (a stable argsort). noise must hold no NaN.
 * scratch: n x 8 bytes. */
void lac_mask_argsort(const float *noise, int64_t n, uint64_t *scratch, int32_t *order);

/* Lists of any mask (lists.c); n_visible: of an index-form mask. One without lists of its own has one to predict: all
 * that is hidden. */
lac_mask_bounds lac_mask_lists(const lac_mask_slot *mask, const lac_settings *settings, const lac_grid *grid,
                               int64_t n_visible);
void lac_mask_draw_lists(const lac_mask_slot *mask, const lac_settings *settings, const lac_grid *grid,
                         lac_random *shared, lac_random *random, void *scratch, const lac_mask_bounds *bounds,
                         unsigned char *is_hidden, int32_t *blocks);
/* The hidden patches, ascending, then -1; `room` numbers. */
void lac_mask_list_hidden(const unsigned char *is_hidden, int64_t n, int64_t room, int32_t *block);

/* From is_hidden[N] with exactly V zeros: keep [V] ascending, and restore [N]: restore[i] = the place of patch i in
 * (keep, then the hidden patches ascending), so restore[i] < V exactly when i is visible. */
void lac_mask_indices(const unsigned char *is_hidden, int64_t n, int32_t *keep, int32_t *restore);

#endif
