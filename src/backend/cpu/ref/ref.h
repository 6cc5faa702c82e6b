/* backend/cpu/ref/ref.h - the portable reference kernels: every op in f32 and f64, one thread, plain loops.
 *
 * They define what an op computes; fast kernels are tested against them, and the finite-difference checks run on them
 * in f64. Sums are taken in double in index order. Where op.h calls an op elementwise (add, add_broadcast,
 * mul_broadcast, scale, scale_samples, gelu, gelu_grad), out may be exactly the first input's memory. */
#ifndef LAC_BACKEND_CPU_REF_REF_H
#define LAC_BACKEND_CPU_REF_REF_H

#include "backend/backend.h"

/* real: LAC_F32 or LAC_F64. NULL for another type and for the ops that are aliases (view, stop_gradient). */
const lac_kernel *lac_ref_find(lac_op_id op, lac_dtype real);

/* The tables behind it, one per type. */
extern const lac_kernel lac_ref_f32[LAC_N_OPS], lac_ref_f64[LAC_N_OPS];

#endif
