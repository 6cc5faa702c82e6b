/* backend/cpu/simd_portable.h - the vector vocabulary of the kernel templates in plain C with vector extensions.
 *
 * vf is VL floats, vm the result of a comparison of two. The kernels' register tile is MR rows of NV vectors; KC_MAX is
 * the depth of a block of the matrix product; where tasks pack stripes of B it is STRIPE_KC, of which STRIPE_ROWS rows
 * of A should stay in L2. LAC_SIMD_LANES other than 4 serves the tests: the logic of a wide instruction set runs on any
 * processor. A multiply-add is rounded twice here. */
#ifndef LAC_BACKEND_CPU_SIMD_PORTABLE_H
#define LAC_BACKEND_CPU_SIMD_PORTABLE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "backend/cpu/unroll.h"

#define SIMD static inline __attribute__((always_inline))

#ifndef LAC_SIMD_LANES
#define LAC_SIMD_LANES 4
#define LAC_SIMD_TILE_ROWS 4
#define LAC_SIMD_TILE_VECTORS 2
#endif

enum {
    VL = LAC_SIMD_LANES,
    MR = LAC_SIMD_TILE_ROWS,
    NV = LAC_SIMD_TILE_VECTORS,
    KC_MAX = 320,
    STRIPE_KC = 320,
    STRIPE_ROWS = 256
};

typedef float vf __attribute__((vector_size(LAC_SIMD_LANES * 4)));
typedef int32_t vm __attribute__((vector_size(LAC_SIMD_LANES * 4)));
typedef uint32_t vu __attribute__((vector_size(LAC_SIMD_LANES * 4)));

SIMD vf v_load(const float *p) {
    vf x;
    memcpy(&x, p, sizeof x);
    return x;
}
SIMD void v_store(float *p, vf x) {
    memcpy(p, &x, sizeof x);
}
/* The first n lanes, 0 <= n < VL, the others zero; memory beyond them is not touched. */
SIMD vf v_load_n(const float *p, ptrdiff_t n) {
    vf x = {0};
    for (ptrdiff_t i = 0; i < n; i++)
        x[i] = p[i];
    return x;
}
SIMD void v_store_n(float *p, vf x, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++)
        p[i] = x[i];
}
SIMD vf v_keep_n(vf x, ptrdiff_t n) {
    vf y = {0};
    for (ptrdiff_t i = 0; i < n; i++)
        y[i] = x[i];
    return y;
}
SIMD vf v_set1(float x) {
    return x - (vf){0}; /* -0 stays -0 */
}
SIMD vf v_fma(vf a, vf b, vf c) { /* c + a b */
    return a * b + c;
}
#define V_ADD_PRODUCT(sum, a, b) ((sum) = v_fma((a), (b), (sum))) /* sum += a b */
SIMD vf v_fnma(vf a, vf b, vf c) {                                /* c - a b */
    return c - a * b;
}
SIMD vf v_select(vm m, vf yes, vf no) {
    return (vf)(((vm)yes & m) | ((vm)no & ~m));
}
SIMD vm v_less(vf a, vf b) { /* false for a NaN */
    return (vm)(a < b);
}
/* b where either is a NaN, as the x86 instructions: put the value whose NaN must survive second. */
SIMD vf v_max(vf a, vf b) {
    return v_select((vm)(a > b), a, b);
}
SIMD vf v_min(vf a, vf b) {
    return v_select((vm)(a < b), a, b);
}
SIMD vf v_abs(vf x) {
    return (vf)((vm)x & INT32_MAX);
}
SIMD vf v_sqrt(vf x) {
    vf y = x;
    for (int i = 0; i < VL; i++)
        y[i] = sqrtf(x[i]);
    return y;
}
/* p / q within 1 ulp, for normal q and p / q */
SIMD vf v_quotient(vf p, vf q) {
    return p / q;
}
/* x 2^n, where t = n + 1.5 x 2^23 for an integer n, and x and the result are normal numbers */
SIMD vf v_scale_2(vf x, vf t) {
    return (vf)((vu)x + ((vu)t << 23)); /* n's bits move to the exponent, the rest of t out */
}
/* Sum and maximum of the lanes, by halves */
SIMD float v_sum(vf x) {
    float t[VL];
    memcpy(t, &x, sizeof t);
    for (int half = VL / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            t[i] += t[i + half];
    return t[0];
}
SIMD float v_highest(vf x) {
    float t[VL];
    memcpy(t, &x, sizeof t);
    for (int half = VL / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            t[i] = t[i] > t[i + half] ? t[i] : t[i + half];
    return t[0];
}
/* Rows to columns, VL x VL */
SIMD void v_transpose(vf x[VL]) {
    float y[VL][VL];
    for (int i = 0; i < VL; i++)
        for (int j = 0; j < VL; j++)
            y[j][i] = x[i][j];
    memcpy(x, y, sizeof y);
}

#endif
