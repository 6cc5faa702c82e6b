/* model/quantizer.c - the table of quantizers. */
#include "model/quantizer.h"

#include <string.h>

#include "model/slots.h"

static const lac_quantizer_slot none = {.slot = {"none", "tokens are decoded as they are", "", NULL, 0}};

static const lac_quantizer_slot *const slots[] = {&none, &lac_quantizer_vq, &lac_quantizer_gumbel};

int lac_quantizer_count(void) {
    return (int)(sizeof slots / sizeof *slots);
}

const lac_quantizer_slot *lac_quantizer_at(int index) {
    return slots[index];
}

const lac_quantizer_slot *lac_quantizer_find(const char *name) {
    for (int i = 0; i < lac_quantizer_count(); i++)
        if (strcmp(slots[i]->slot.name, name) == 0) return slots[i];
    return NULL;
}
