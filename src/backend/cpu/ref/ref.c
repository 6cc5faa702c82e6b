/* backend/cpu/ref/ref.c - looks a reference kernel up. */
#include "backend/cpu/ref/ref.h"

const lac_kernel *lac_ref_find(lac_op_id op, lac_dtype real) {
    if ((size_t)op >= LAC_N_OPS || (real != LAC_F32 && real != LAC_F64)) return NULL;
    const lac_kernel *kernel = real == LAC_F32 ? &lac_ref_f32[op] : &lac_ref_f64[op];
    return kernel->run ? kernel : NULL;
}
