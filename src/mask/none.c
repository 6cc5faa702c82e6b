/* mask/none.c - nothing is hidden: for what is trained on whole pictures, such as tokenizers. */
#include <string.h>

#include "mask/slots.h"

static lac_status visible(const lac_settings *settings, const lac_grid *grid, int64_t *n_visible, lac_error *err) {
    (void)settings, (void)err;
    *n_visible = grid->n;
    return LAC_OK;
}

static size_t scratch_bytes(const lac_settings *settings, const lac_grid *grid) {
    (void)settings, (void)grid;
    return 1;
}

static void draw(const lac_settings *settings, const lac_grid *grid, lac_random *random, void *scratch,
                 unsigned char *is_hidden) {
    (void)settings, (void)random, (void)scratch;
    memset(is_hidden, 0, (size_t)grid->n);
}

const lac_mask_slot lac_mask_none = {
    .slot = {"none", "hides nothing", "", NULL, 0},
    .form = LAC_MASK_INDEX,
    .hides_nothing = true,
    .visible = visible,
    .scratch_bytes = scratch_bytes,
    .draw = draw,
};
