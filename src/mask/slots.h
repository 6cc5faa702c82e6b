/* mask/slots.h - the masks there are. A new one: its file, a line here, and a line in the table of mask.c. */
#ifndef LAC_MASK_SLOTS_H
#define LAC_MASK_SLOTS_H

#include "mask/mask.h"

extern const lac_mask_slot lac_mask_random, lac_mask_block_units, lac_mask_blockwise, lac_mask_blockwise_exact,
    lac_mask_ibot_block, lac_mask_attention, lac_mask_attention_exact, lac_mask_frequency, lac_mask_multiblock,
    lac_mask_none;

#endif
