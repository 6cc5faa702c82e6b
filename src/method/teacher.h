/* method/teacher.h - who gives the targets that are features: nobody, the network itself, or a slow copy of it. */
#ifndef LAC_METHOD_TEACHER_H
#define LAC_METHOD_TEACHER_H

#include <stdbool.h>

#include "base/slot.h"

typedef struct lac_teacher_slot {
    lac_slot slot;
    bool exists;
    bool is_copy; /* has weights of its own, which follow the student's (`decay`); else shares them */
} lac_teacher_slot;

int lac_teacher_count(void);
const lac_teacher_slot *lac_teacher_at(int index);
const lac_teacher_slot *lac_teacher_find(const char *name); /* NULL if absent */

#endif
