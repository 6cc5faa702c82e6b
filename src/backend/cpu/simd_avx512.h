/* backend/cpu/simd_avx512.h - the vector vocabulary of the kernel templates, for AVX-512 (F, DQ, BW, VL).
 *
 * simd_portable.h says what each function means. All are static: nothing compiled here may be called from code that
 * runs on another processor. */
#ifndef LAC_BACKEND_CPU_SIMD_AVX512_H
#define LAC_BACKEND_CPU_SIMD_AVX512_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/cpu/unroll.h"

#define SIMD static inline __attribute__((always_inline))

/* 8 x 48: 24 sums, 3 vectors of B, 1 value of A of 32 registers. 48 divides every usual width (48, 96, 192, 384, 768,
 * 2304, 3072), so no column of a tile is padding. A panel of B, 384 x 48, is 72 KB and streams from
 * L2, 16 bytes a cycle; shorter depth blocks fit L1 but write and read more partial sums, which costs 2 % of a step. */
enum { VL = 16, MR = 8, NV = 3, KC_MAX = 384, STRIPE_KC = 768, STRIPE_ROWS = 448 };

typedef __m512 vf;
typedef __mmask16 vm;

SIMD __mmask16 v_first(ptrdiff_t n) {
    return (__mmask16)((1u << (unsigned)n) - 1u);
}
SIMD vf v_load(const float *p) {
    return _mm512_loadu_ps(p);
}
SIMD void v_store(float *p, vf x) {
    _mm512_storeu_ps(p, x);
}
SIMD vf v_load_n(const float *p, ptrdiff_t n) {
    return _mm512_maskz_loadu_ps(v_first(n), p);
}
SIMD void v_store_n(float *p, vf x, ptrdiff_t n) {
    _mm512_mask_storeu_ps(p, v_first(n), x);
}
SIMD vf v_keep_n(vf x, ptrdiff_t n) {
    return _mm512_maskz_mov_ps(v_first(n), x);
}
SIMD vf v_set1(float x) {
    return _mm512_set1_ps(x);
}
SIMD vf v_fma(vf a, vf b, vf c) {
    return _mm512_fmadd_ps(a, b, c);
}
/* As assembly: the compiler would choose the form that overwrites an operand, and copy it first. */
#define V_ADD_PRODUCT(sum, a, b) __asm__("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b))
SIMD vf v_fnma(vf a, vf b, vf c) {
    return _mm512_fnmadd_ps(a, b, c);
}
SIMD vf v_max(vf a, vf b) {
    return _mm512_max_ps(a, b);
}
SIMD vf v_min(vf a, vf b) {
    return _mm512_min_ps(a, b);
}
SIMD vf v_abs(vf x) {
    return _mm512_abs_ps(x);
}
SIMD vf v_sqrt(vf x) {
    return _mm512_sqrt_ps(x);
}
SIMD vm v_less(vf a, vf b) {
    return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}
SIMD vf v_select(vm m, vf yes, vf no) {
    return _mm512_mask_blend_ps(m, no, yes); /* the second source where the bit is set */
}
/* A division of 16 values keeps its unit busy for 16 cycles; the reciprocal to 14 bits, one Newton step and the
 * remainder's share take 5 instructions of half a cycle. */
SIMD vf v_quotient(vf p, vf q) {
    vf r = _mm512_rcp14_ps(q);
    r = _mm512_fmadd_ps(r, _mm512_fnmadd_ps(q, r, _mm512_set1_ps(1.0f)), r);
    vf x = _mm512_mul_ps(p, r);
    return _mm512_fmadd_ps(_mm512_fnmadd_ps(q, x, p), r, x);
}
SIMD vf v_scale_2(vf x, vf t) {
    __m512i e = _mm512_slli_epi32(_mm512_castps_si512(t), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(x), e));
}
SIMD __m256 v_high_half(vf x) {
    return _mm512_extractf32x8_ps(x, 1);
}
SIMD float v_sum(vf x) {
    __m256 h = _mm256_add_ps(_mm512_castps512_ps256(x), v_high_half(x));
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    s = _mm_add_ss(s, _mm_shuffle_ps(s, s, 1));
    return _mm_cvtss_f32(s);
}
SIMD float v_highest(vf x) {
    __m256 h = _mm256_max_ps(_mm512_castps512_ps256(x), v_high_half(x));
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    s = _mm_max_ss(s, _mm_shuffle_ps(s, s, 1));
    return _mm_cvtss_f32(s);
}
SIMD void v_transpose(vf x[16]) {
    vf y[16];
    UNROLL
    for (int i = 0; i < 16; i += 2) {
        y[i] = _mm512_unpacklo_ps(x[i], x[i + 1]);
        y[i + 1] = _mm512_unpackhi_ps(x[i], x[i + 1]);
    }
    UNROLL
    for (int i = 0; i < 16; i += 4) { /* x[i + c], 128-bit lane l: rows i..i+3 of column 4 l + c */
        x[i] = _mm512_shuffle_ps(y[i], y[i + 2], 0x44);
        x[i + 1] = _mm512_shuffle_ps(y[i], y[i + 2], 0xee);
        x[i + 2] = _mm512_shuffle_ps(y[i + 1], y[i + 3], 0x44);
        x[i + 3] = _mm512_shuffle_ps(y[i + 1], y[i + 3], 0xee);
    }
    UNROLL
    for (int i = 0; i < 4; i++) {
        y[i] = _mm512_shuffle_f32x4(x[i], x[i + 4], 0x88);          /* rows 0-7, lanes 0 2 */
        y[i + 4] = _mm512_shuffle_f32x4(x[i], x[i + 4], 0xdd);      /* rows 0-7, lanes 1 3 */
        y[i + 8] = _mm512_shuffle_f32x4(x[i + 8], x[i + 12], 0x88); /* rows 8-15 */
        y[i + 12] = _mm512_shuffle_f32x4(x[i + 8], x[i + 12], 0xdd);
    }
    UNROLL
    for (int i = 0; i < 4; i++) {
        x[i] = _mm512_shuffle_f32x4(y[i], y[i + 8], 0x88);
        x[i + 8] = _mm512_shuffle_f32x4(y[i], y[i + 8], 0xdd);
        x[i + 4] = _mm512_shuffle_f32x4(y[i + 4], y[i + 12], 0x88);
        x[i + 12] = _mm512_shuffle_f32x4(y[i + 4], y[i + 12], 0xdd);
    }
}

#endif
