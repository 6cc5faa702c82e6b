/* backend/cpu/sets.h - the kernel sets, one per instruction set. Callers want lac_backend_cpu (backend/backend.h). */
#ifndef LAC_BACKEND_CPU_SETS_H
#define LAC_BACKEND_CPU_SETS_H

#include "backend/backend.h"

extern const lac_backend lac_cpu_portable;
#if defined(__x86_64__)
extern const lac_backend lac_cpu_avx2, lac_cpu_avx512;
#endif

#endif
