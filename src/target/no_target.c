/* target/no_target.c - no target: a method whose objective compares projections alone. */
#include "target/slots.h"

static int64_t values(const lac_settings *settings, const lac_target_context *context) {
    (void)settings, (void)context;
    return 0;
}

const lac_target_slot lac_target_none = {
    .slot = {"none", "nothing but the teacher's projections is compared with", "", NULL, 0},
    .values = values,
};
