/* method/views.h - how often a picture is looked at, and by whom.
 *
 * The student sees G views whole, with their masks; their rows stand one view after another in every tensor of a step,
 * B' = G B of them. The teacher sees the same without masks, or one of its own; smaller views are the student's alone.
 */
#ifndef LAC_METHOD_VIEWS_H
#define LAC_METHOD_VIEWS_H

#include <stdbool.h>

#include "base/slot.h"
#include "data/augment.h"

typedef struct lac_views_slot {
    lac_slot slot;
    bool has_second; /* the teacher sees a view of its own, number 1, and the student number 0 */
    bool is_across;  /* what is said of a whole picture is compared between views, each with all others */
    int (*large)(const lac_settings *settings);      /* G; NULL: 1 */
    int (*small)(const lac_settings *settings);      /* how many smaller ones; NULL: 0 */
    const char *small_size;                          /* the key of their sides */
    bool (*is_placed)(const lac_settings *settings); /* student and teacher see the same patches; NULL: they do */
    void (*augment)(const lac_settings *settings, lac_augment *a); /* NULL: nothing to set */
} lac_views_slot;

int lac_views_count(void);
const lac_views_slot *lac_views_at(int index);
const lac_views_slot *lac_views_find(const char *name); /* NULL if absent */

#endif
