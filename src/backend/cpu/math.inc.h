/* backend/cpu/math.inc.h - exp and the GELU on vectors. Part of a kernel set: see kernels.inc.h.
 *
 * Functions work on n vectors at once, n a constant, each step on all before the next: one chain of dependent
 * operations leaves most of a processor idle. Coefficients are minimax fits (Lawson's algorithm, in double); the errors
 * stated are those of float32 evaluation, and tests/backend/kernels_test.c holds the functions to them. */

#define EACH                                                                                                           \
    UNROLL                                                                                                             \
    for (int i = 0; i < n; i++)

enum { CHAINS = 4 }; /* vectors at once where there are many */

/* An integer added to this sits in the low bits of the float. */
#define V_INTEGER 12582912.0f /* 1.5 x 2^23 */

/* x[n] = e^x within 2 ulp for -80 <= x <= 88; e^-80 = 1.8e-35 below. A NaN stays one. */
SIMD void v_exp_n(const int n, vf *x) {
    vf t[CHAINS], r[CHAINS], p[CHAINS];
    EACH x[i] = v_max(v_set1(-80.0f), x[i]);
    EACH t[i] = v_fma(x[i], v_set1(1.44269504f), v_set1(V_INTEGER)); /* the nearest integer, m */
    EACH p[i] = t[i] - v_set1(V_INTEGER);
    EACH r[i] = v_fnma(p[i], v_set1(0.693359375f), x[i]); /* x - m ln 2; ln 2 in two parts, the first of few bits */
    EACH r[i] = v_fnma(p[i], v_set1(-2.12194440e-4f), r[i]);
    EACH p[i] = v_fma(r[i], v_set1(1.3814467e-3f), v_set1(8.3687806e-3f));
    EACH p[i] = v_fma(p[i], r[i], v_set1(4.1668394e-2f));
    EACH p[i] = v_fma(p[i], r[i], v_set1(1.6666520e-1f));
    EACH p[i] = v_fma(p[i], r[i], v_set1(4.9999993e-1f));
    EACH p[i] = v_fma(p[i], r[i] * r[i], r[i]);
    EACH x[i] = v_scale_2(p[i] + v_set1(1.0f), t[i]);
}

/* x[n] = x Phi(x), Phi the normal distribution function: the exact GELU (arXiv 1606.08415), not the tanh one. Phi is
 * within 2.5e-7: for |x| <= 5.5, Phi - 1/2 = x P(x^2) / Q(x^2); beyond, it is 0 or 1 in float32. */
SIMD void v_gelu_n(const int n, vf *x) {
    vf c[CHAINS], z[CHAINS], p[CHAINS], q[CHAINS];
    EACH c[i] = v_min(v_set1(5.5f), v_max(v_set1(-5.5f), x[i]));
    EACH z[i] = c[i] * c[i];
    EACH p[i] = v_fma(z[i], v_set1(2.2749260e-8f), v_set1(6.3521059e-6f));
    EACH q[i] = v_fma(z[i], v_set1(1.1974999e-6f), v_set1(7.3647595e-5f));
    EACH p[i] = v_fma(p[i], z[i], v_set1(1.6882619e-4f));
    EACH q[i] = v_fma(q[i], z[i], v_set1(1.8844479e-3f));
    EACH p[i] = v_fma(p[i], z[i], v_set1(4.6772637e-3f));
    EACH q[i] = v_fma(q[i], z[i], v_set1(2.8645908e-2f));
    EACH p[i] = v_fma(p[i], z[i], v_set1(3.3852715e-2f));
    EACH q[i] = v_fma(q[i], z[i], v_set1(2.5152209e-1f));
    EACH p[i] = v_fma(p[i], z[i], v_set1(3.9894223e-1f));
    EACH q[i] = v_fma(q[i], z[i], v_set1(1.0f));
    EACH p[i] = v_quotient(c[i] * p[i], q[i]) + v_set1(0.5f);
    EACH x[i] = x[i] * v_select(v_less(x[i], v_set1(-5.5f)), v_set1(0.0f), p[i]);
}

/* x[n] = the GELU's derivative Phi(x) + x phi(x), within 3e-7, by the same form for |x| <= 6.1. */
SIMD void v_gelu_slope_n(const int n, vf *x) {
    vf z[CHAINS], p[CHAINS], q[CHAINS];
    EACH x[i] = v_min(v_set1(6.1f), v_max(v_set1(-6.1f), x[i]));
    EACH z[i] = x[i] * x[i];
    EACH p[i] = v_fma(z[i], v_set1(1.7825889e-8f), v_set1(1.0196207e-6f));
    EACH q[i] = v_fma(z[i], v_set1(1.3411294e-9f), v_set1(3.6616930e-7f));
    EACH p[i] = v_fma(p[i], z[i], v_set1(3.4121068e-5f));
    EACH q[i] = v_fma(q[i], z[i], v_set1(1.0784475e-5f));
    EACH p[i] = v_fma(p[i], z[i], v_set1(2.3882762e-4f));
    EACH q[i] = v_fma(q[i], z[i], v_set1(2.5445395e-4f));
    EACH p[i] = v_fma(p[i], z[i], v_set1(1.3780397e-2f));
    EACH q[i] = v_fma(q[i], z[i], v_set1(4.0746573e-3f));
    EACH p[i] = v_fma(p[i], z[i], v_set1(-2.0375851e-2f));
    EACH q[i] = v_fma(q[i], z[i], v_set1(4.4871016e-2f));
    EACH p[i] = v_fma(p[i], z[i], v_set1(7.9788452e-1f));
    EACH q[i] = v_fma(q[i], z[i], v_set1(3.0779552e-1f));
    EACH q[i] = v_fma(q[i], z[i], v_set1(1.0f));
    EACH x[i] = v_quotient(x[i] * p[i], q[i]) + v_set1(0.5f);
}

SIMD vf v_gelu(vf x) {
    v_gelu_n(1, &x);
    return x;
}

SIMD vf v_gelu_slope(vf x) {
    v_gelu_slope_n(1, &x);
    return x;
}
