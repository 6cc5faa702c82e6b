/* target/slots.h - the targets there are. A new one: its file, a line here, and a line in the table of target.c. */
#ifndef LAC_TARGET_SLOTS_H
#define LAC_TARGET_SLOTS_H

#include "target/target.h"

extern const lac_target_slot lac_target_none, lac_target_teacher_layers, lac_target_teacher_tokens, lac_target_pixels,
    lac_target_hog, lac_target_tokens;

#endif
