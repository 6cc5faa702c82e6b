/* method/teacher.c - the teachers there are.
 *
 * A teacher sees the whole picture (of the second view where there are two) and gets no gradient, unless that is asked
 * for to see what happens. Not here: its graph (step.c) and when its weights follow (train/trainer.c). */
#include "method/teacher.h"

#include <string.h>

#define COUNT(array) (int)(sizeof(array) / sizeof *(array))

#define NORM_SPEC                                                                                                      \
    {                                                                                                                  \
        "norm", LAC_SETTING_BOOL, "true", 0, 0, 0, 0, NULL, NULL,                                                      \
            "projections are made of tokens after the encoder's final norm; false: before it"                          \
    }

static const lac_setting_spec self_specs[] = {
    {"stop_gradient", LAC_SETTING_BOOL, "true", 0, 0, 0, 0, NULL, NULL,
     "no gradient flows into the teacher's side; false lets features collapse (arXiv 2011.10566)"},
    NORM_SPEC,
};
static const lac_setting_spec ema_specs[] = {
    {"decay", LAC_SETTING_COURSE, "0.996", 0, 1, 0, 0, NULL, NULL,
     "after each step: teacher = decay x teacher + (1 - decay) x student"},
    NORM_SPEC,
};
static const lac_teacher_slot none = {.slot = {"none", "no teacher", "", NULL, 0}};
static const lac_teacher_slot self = {
    .slot = {"self", "the network itself, on the whole picture", "2011.10566", self_specs, COUNT(self_specs)},
    .exists = true};
static const lac_teacher_slot ema = {
    .slot = {"ema", "a slow average of the network's weights", "2006.07733", ema_specs, COUNT(ema_specs)},
    .exists = true,
    .is_copy = true};
static const lac_teacher_slot *const teachers[] = {&none, &self, &ema};

int lac_teacher_count(void) {
    return COUNT(teachers);
}

const lac_teacher_slot *lac_teacher_at(int index) {
    return teachers[index];
}

const lac_teacher_slot *lac_teacher_find(const char *name) {
    for (int i = 0; i < lac_teacher_count(); i++)
        if (strcmp(teachers[i]->slot.name, name) == 0) return teachers[i];
    return NULL;
}
