/* backend/cpu/unroll.h - loops that the compiler must unroll, so that arrays of vectors live in registers. */
#ifndef LAC_BACKEND_CPU_UNROLL_H
#define LAC_BACKEND_CPU_UNROLL_H

/* LAC_KEEP_LOOPS: for the tests' emulated vectors and for sanitizers, where unrolled tiles take minutes to compile */
#if defined(LAC_KEEP_LOOPS)
#define UNROLL
#elif defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif
/* The longest loop that UNROLL is sure to unroll: one step longer, and its array would live in memory. */
enum { UNROLLED = 32 };

#endif
