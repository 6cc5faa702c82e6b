/* target/target.c - the table of targets. */
#include "target/target.h"

#include <string.h>

#include "target/slots.h"

static const lac_target_slot *const slots[] = {&lac_target_pixels,         &lac_target_hog,
                                               &lac_target_teacher_layers, &lac_target_teacher_tokens,
                                               &lac_target_tokens,         &lac_target_none};

int lac_target_count(void) {
    return (int)(sizeof slots / sizeof *slots);
}

const lac_target_slot *lac_target_at(int index) {
    return slots[index];
}

const lac_target_slot *lac_target_find(const char *name) {
    for (int i = 0; i < lac_target_count(); i++)
        if (strcmp(slots[i]->slot.name, name) == 0) return slots[i];
    return NULL;
}
