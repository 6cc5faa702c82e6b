/* backend/cpu/simd_avx2.h - the vector vocabulary of the kernel templates, for AVX2 with FMA.
 *
 * simd_portable.h says what each function means. All are static: nothing compiled here may be called from code that
 * runs on another processor. */
#ifndef LAC_BACKEND_CPU_SIMD_AVX2_H
#define LAC_BACKEND_CPU_SIMD_AVX2_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/cpu/unroll.h"

#define SIMD static inline __attribute__((always_inline))

/* 6 x 16 keeps 12 sums, 2 vectors of B and 1 value of A in 16 registers; 12 independent sums cover a multiply-add's
 * latency of 4 to 5 cycles on two pipes. */
enum { VL = 8, MR = 6, NV = 2, KC_MAX = 320, STRIPE_KC = 320, STRIPE_ROWS = 256 };

typedef __m256 vf;
typedef __m256 vm;

static const int32_t lane_mask[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

SIMD __m256i v_first(ptrdiff_t n) {
    return _mm256_loadu_si256((const __m256i *)(const void *)(lane_mask + 8 - n));
}
SIMD vf v_load(const float *p) {
    return _mm256_loadu_ps(p);
}
SIMD void v_store(float *p, vf x) {
    _mm256_storeu_ps(p, x);
}
SIMD vf v_load_n(const float *p, ptrdiff_t n) {
    return _mm256_maskload_ps(p, v_first(n));
}
SIMD void v_store_n(float *p, vf x, ptrdiff_t n) {
    _mm256_maskstore_ps(p, v_first(n), x);
}
SIMD vf v_keep_n(vf x, ptrdiff_t n) {
    return _mm256_and_ps(x, _mm256_castsi256_ps(v_first(n)));
}
SIMD vf v_set1(float x) {
    return _mm256_set1_ps(x);
}
SIMD vf v_fma(vf a, vf b, vf c) {
    return _mm256_fmadd_ps(a, b, c);
}
/* As assembly: the compiler would choose the form that overwrites an operand, and copy it first. */
#define V_ADD_PRODUCT(sum, a, b) __asm__("vfmadd231ps %2, %1, %0" : "+x"(sum) : "x"(a), "x"(b))
SIMD vf v_fnma(vf a, vf b, vf c) {
    return _mm256_fnmadd_ps(a, b, c);
}
SIMD vf v_max(vf a, vf b) {
    return _mm256_max_ps(a, b);
}
SIMD vf v_min(vf a, vf b) {
    return _mm256_min_ps(a, b);
}
SIMD vf v_abs(vf x) {
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
}
SIMD vf v_sqrt(vf x) {
    return _mm256_sqrt_ps(x);
}
SIMD vm v_less(vf a, vf b) {
    return _mm256_cmp_ps(a, b, _CMP_LT_OQ);
}
SIMD vf v_select(vm m, vf yes, vf no) {
    return _mm256_blendv_ps(no, yes, m);
}
SIMD vf v_quotient(vf p, vf q) {
    return _mm256_div_ps(p, q);
}
SIMD vf v_scale_2(vf x, vf t) {
    __m256i e = _mm256_slli_epi32(_mm256_castps_si256(t), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), e));
}
SIMD float v_sum(vf x) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    s = _mm_add_ss(s, _mm_shuffle_ps(s, s, 1));
    return _mm_cvtss_f32(s);
}
SIMD float v_highest(vf x) {
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    s = _mm_max_ss(s, _mm_shuffle_ps(s, s, 1));
    return _mm_cvtss_f32(s);
}
SIMD void v_transpose(vf x[8]) {
    vf y[8];
    UNROLL
    for (int i = 0; i < 8; i += 2) {
        y[i] = _mm256_unpacklo_ps(x[i], x[i + 1]);
        y[i + 1] = _mm256_unpackhi_ps(x[i], x[i + 1]);
    }
    UNROLL
    for (int i = 0; i < 8; i += 4) {
        x[i] = _mm256_shuffle_ps(y[i], y[i + 2], 0x44);
        x[i + 1] = _mm256_shuffle_ps(y[i], y[i + 2], 0xee);
        x[i + 2] = _mm256_shuffle_ps(y[i + 1], y[i + 3], 0x44);
        x[i + 3] = _mm256_shuffle_ps(y[i + 1], y[i + 3], 0xee);
    }
    UNROLL
    for (int i = 0; i < 4; i++) {
        y[i] = _mm256_permute2f128_ps(x[i], x[i + 4], 0x20);
        y[i + 4] = _mm256_permute2f128_ps(x[i], x[i + 4], 0x31);
    }
    UNROLL
    for (int i = 0; i < 8; i++)
        x[i] = y[i];
}

#endif
