/* backend/cpu/kernels_portable.c - the kernel set for any processor. */
#include "backend/cpu/simd_portable.h"

#define LAC_SET lac_cpu_portable
#define LAC_SET_ISA "portable"
#include "backend/cpu/kernels.inc.h"
