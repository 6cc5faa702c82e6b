/* backend/cpu/kernels_avx2.c - the kernel set for x86-64 with AVX2 and FMA; compiled with these flags
 * (cmake/kernels.cmake). */
#include "backend/cpu/sets.h"

#if defined(__x86_64__)
#include "backend/cpu/simd_avx2.h"

#define LAC_SET lac_cpu_avx2
#define LAC_SET_ISA "avx2"
#include "backend/cpu/kernels.inc.h"
#endif
