/* base/slot.h - what every slot says about itself: the part of a mask, model, target or objective that recipes, help
 * and cards read. The kinds' own headers (mask/mask.h, model/encoder.h, ...) put it first in their tables of functions.
 */
#ifndef LAC_BASE_SLOT_H
#define LAC_BASE_SLOT_H

#include "base/settings.h"

typedef struct lac_slot {
    const char *name;     /* as in a recipe's `name:` */
    const char *sentence; /* what it does, one line */
    const char *paper;    /* arXiv id; "" for common knowledge */
    const lac_setting_spec *specs;
    int n_specs;
} lac_slot;

/* The largest double below 1: a `high` that makes a range half-open, shown as "[0, 1)". */
#define LAC_BELOW_ONE 0x1.fffffffffffffp-1
/* The smallest normal double: a `low` that excludes 0, shown as "(0, ...". */
#define LAC_ABOVE_ZERO 0x1p-1022

#endif
