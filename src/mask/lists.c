/* mask/lists.c - what a mask shows and hides as lists of patches, with room for the longest. Masks that have no lists
 * of their own hide one: the patches that are not visible. */
#include "mask/mask.h"

lac_mask_bounds lac_mask_lists(const lac_mask_slot *mask, const lac_settings *settings, const lac_grid *grid,
                               int64_t n_visible) {
    lac_mask_bounds b = {.n_visible = grid->n, .n_blocks = 1, .n_in_block = grid->n};
    if (mask->bounds) {
        mask->bounds(settings, grid, &b);
    } else if (mask->form == LAC_MASK_INDEX) {
        b.n_visible = n_visible;
        b.n_in_block = grid->n - n_visible;
    }
    return b;
}

void lac_mask_list_hidden(const unsigned char *is_hidden, int64_t n, int64_t room, int32_t *block) {
    int64_t k = 0;
    for (int64_t i = 0; i < n && k < room; i++)
        if (is_hidden[i]) block[k++] = (int32_t)i;
    for (; k < room; k++)
        block[k] = -1;
}

void lac_mask_draw_lists(const lac_mask_slot *mask, const lac_settings *settings, const lac_grid *grid,
                         lac_random *shared, lac_random *random, void *scratch, const lac_mask_bounds *bounds,
                         unsigned char *is_hidden, int32_t *blocks) {
    if (mask->draw_blocks) {
        mask->draw_blocks(settings, grid, bounds, shared, random, scratch, is_hidden, blocks);
        return;
    }
    mask->draw(settings, grid, random, scratch, is_hidden);
    lac_mask_list_hidden(is_hidden, grid->n, bounds->n_in_block, blocks);
}
