/* method/sections.h - what a recipe is made of: its sections in order, and the slots or settings of each. */
#ifndef LAC_METHOD_SECTIONS_H
#define LAC_METHOD_SECTIONS_H

#include <stdbool.h>

#include "base/slot.h"

typedef struct lac_section_kind {
    const char *path; /* "mask", "model.encoder", "picture" */
    const char *sentence;
    bool has_slots; /* `name:` chooses one of slot(0), slot(1), ...; else slot(0) is the section itself */
    bool is_list;   /* a list of them */
    const lac_slot *(*slot)(int index); /* NULL past the last */
    bool is_optional;                   /* left out: slot(0), and then not written either */
} lac_section_kind;

enum { LAC_N_SECTION_KINDS = 18, LAC_MAX_OBJECTIVES = 8, LAC_MAX_SECTIONS = LAC_N_SECTION_KINDS + LAC_MAX_OBJECTIVES };
extern const lac_section_kind lac_section_kinds[LAC_N_SECTION_KINDS]; /* in the order of a resolved recipe */

const lac_slot *lac_section_find_slot(const lac_section_kind *kind, const char *name); /* NULL if absent */

#endif
