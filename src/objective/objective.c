/* objective/objective.c - the table of objectives, and what all of them share. */
#include "objective/objective.h"

#include <string.h>

#include "objective/slots.h"

static const lac_objective_slot *const slots[] = {
    &lac_objective_l2,
    &lac_objective_l1,
    &lac_objective_smooth_l1,
    &lac_objective_cosine,
    &lac_objective_cross_entropy,
    &lac_objective_infonce,
    &lac_objective_infonce_batch,
    &lac_objective_spectral,
    &lac_objective_uniform,
    &lac_objective_dino,
    &lac_objective_ibot,
};

int lac_objective_count(void) {
    return (int)(sizeof slots / sizeof *slots);
}

const lac_objective_slot *lac_objective_at(int index) {
    return slots[index];
}

const lac_objective_slot *lac_objective_find(const char *name) {
    for (int i = 0; i < lac_objective_count(); i++)
        if (strcmp(slots[i]->slot.name, name) == 0) return slots[i];
    return NULL;
}

lac_on lac_objective_on(const lac_settings *settings) {
    const char *on = lac_settings_text(settings, "on");
    if (strcmp(on, "visible") == 0) return LAC_ON_VISIBLE;
    return strcmp(on, "all") == 0 ? LAC_ON_ALL : LAC_ON_HIDDEN;
}
