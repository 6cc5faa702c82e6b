/* tests/backend/wide.h - the kernel templates with emulated vectors of 16 floats and AVX-512's tile of 8 x 48, so that
 * their wide logic (masks, tails, shapes of tiles) runs on any processor. Included once, by kernels_test.c. */
#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wpsabi" /* vectors wider than the processor's never cross a call here */
#endif

#define LAC_KEEP_LOOPS
#define LAC_SIMD_LANES 16
#define LAC_SIMD_TILE_ROWS 8
#define LAC_SIMD_TILE_VECTORS 3
#include "backend/cpu/simd_portable.h"

#define LAC_SET lac_cpu_wide
#define LAC_SET_ISA "wide"
#include "backend/cpu/kernels.inc.h"
