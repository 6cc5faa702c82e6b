/* backend/cpu/kernels_avx512.c - the kernel set for x86-64 with AVX-512 F, DQ, BW and VL; compiled with these flags
 * (cmake/kernels.cmake). */
#include "backend/cpu/sets.h"

#if defined(__x86_64__)
#include "backend/cpu/simd_avx512.h"

#define LAC_SET lac_cpu_avx512
#define LAC_SET_ISA "avx512"
#include "backend/cpu/kernels.inc.h"
#endif
