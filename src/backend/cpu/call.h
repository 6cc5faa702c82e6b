/* backend/cpu/call.h - small helpers that every kernel file uses to read its call and to cut work into tasks. */
#ifndef LAC_BACKEND_CPU_CALL_H
#define LAC_BACKEND_CPU_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/backend.h"

typedef ptrdiff_t idx;

static inline const float *in_f32(const lac_call *call, int i) {
    return i < call->n_in ? call->in[i].data : NULL;
}
static inline const int32_t *in_i32(const lac_call *call, int i) {
    return i < call->n_in ? call->in[i].data : NULL;
}
static inline float *out_f32(const lac_call *call, int i) {
    return i < call->n_out ? call->out[i].data : NULL;
}
static inline idx size_of(const lac_view *view) {
    return (idx)lac_view_size(view);
}
static inline idx rows_of(const lac_view *view) {
    return (idx)lac_view_rows(view);
}
static inline idx last_of(const lac_view *view) {
    return (idx)lac_view_last(view);
}
static inline idx at_most(idx a, idx b) {
    return a < b ? a : b;
}
static inline idx at_least(idx a, idx b) {
    return a > b ? a : b;
}
static inline idx over(idx a, idx b) { /* a / b rounded up */
    return (a + b - 1) / b;
}
static inline idx up_to(idx a, idx b) { /* a rounded up to a multiple of b */
    return over(a, b) * b;
}
/* Rows per task for `rows` of `width` values: about 16 K values. */
static inline idx rows_per_task(idx rows, idx width) {
    return at_least(1, at_most(rows, 16384 / at_least(1, width)));
}

#endif
