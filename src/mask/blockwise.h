/* mask/blockwise.h - the rectangles that block-wise masks are made of (BEiT, arXiv 2106.08254, appendix A). */
#ifndef LAC_MASK_BLOCKWISE_H
#define LAC_MASK_BLOCKWISE_H

#include "mask/mask.h"

typedef struct lac_blocks {
    double count;       /* patches to hide, at most */
    double least, most; /* area of a rectangle in patches; most 0: no bound of its own */
    double aspect[2];   /* height / width, drawn log-uniformly */
    int tries;          /* for one rectangle before giving up */
} lac_blocks;

/* Hide rectangles until `count` patches are hidden or `tries` in a row did not fit; returns how many are. Two axes. */
int64_t lac_blocks_draw(const lac_blocks *blocks, const lac_grid *grid, lac_random *random, unsigned char *is_hidden);

#endif
