/* backend/cpu/math.inc.h - exp and the normal distribution on vectors. Part of a kernel set: see kernels.inc.h.
 *
 * Coefficients are weighted minimax fits (Lawson's algorithm, in double); the errors stated are those of float32
 * evaluation with fused multiply-adds against double, and tests/backend/kernels_test.c holds them to it. */

/* e^x within 1.5 ulp for -87.3 <= x <= 88.3; zero below, e^88.3 above; a NaN stays one. */
SIMD vf v_exp(vf x) {
    const vf low = v_set1(-87.336f); /* the last n = -126: results stay normal numbers */
    vf z = v_min(v_set1(88.37f), v_max(low, x));
    vf n = v_round(z * v_set1(1.44269504f));
    vf r = v_fnma(n, v_set1(0.693359375f), z); /* ln 2 in two parts, the first exact in few bits */
    r = v_fnma(n, v_set1(-2.12194440e-4f), r);
    vf p = v_set1(1.3814467e-3f);
    p = v_fma(p, r, v_set1(8.3687806e-3f));
    p = v_fma(p, r, v_set1(4.1668394e-2f));
    p = v_fma(p, r, v_set1(1.6666520e-1f));
    p = v_fma(p, r, v_set1(4.9999993e-1f));
    p = v_fma(p, r * r, r) + v_set1(1.0f);
    return v_select(v_less(x, low), v_set1(0.0f), v_scale_2(p, n));
}

/* Phi(x) - 1/2 = erf(x / sqrt 2) / 2 for |x| <= 5.5 as x P(x^2) / Q(x^2); beyond, it is 1/2 in float32. */
SIMD vf v_normal(vf x) {
    vf c = v_min(v_set1(5.5f), v_max(v_set1(-5.5f), x)), z = c * c;
    vf p = v_set1(2.2749260e-8f), q = v_set1(1.1974999e-6f);
    p = v_fma(p, z, v_set1(6.3521059e-6f));
    q = v_fma(q, z, v_set1(7.3647595e-5f));
    p = v_fma(p, z, v_set1(1.6882619e-4f));
    q = v_fma(q, z, v_set1(1.8844479e-3f));
    p = v_fma(p, z, v_set1(4.6772637e-3f));
    q = v_fma(q, z, v_set1(2.8645908e-2f));
    p = v_fma(p, z, v_set1(3.3852715e-2f));
    q = v_fma(q, z, v_set1(2.5152209e-1f));
    p = v_fma(p, z, v_set1(3.9894223e-1f));
    q = v_fma(q, z, v_set1(1.0f));
    return c * p / q + v_set1(0.5f);
}

/* x Phi(x), within 2e-7 |x|: the exact GELU (arXiv 1606.08415), not the tanh one. */
SIMD vf v_gelu(vf x) {
    return x * v_select(v_less(x, v_set1(-5.5f)), v_set1(0.0f), v_normal(x));
}

/* Its derivative Phi(x) + x phi(x), within 3e-7, by the same form on |x| <= 6.1. */
SIMD vf v_gelu_slope(vf x) {
    vf c = v_min(v_set1(6.1f), v_max(v_set1(-6.1f), x)), z = c * c;
    vf p = v_set1(1.7825019e-8f), q = v_set1(1.3411294e-9f);
    p = v_fma(p, z, v_set1(1.0196207e-6f));
    q = v_fma(q, z, v_set1(3.6616930e-7f));
    p = v_fma(p, z, v_set1(3.4121068e-5f));
    q = v_fma(q, z, v_set1(1.0784475e-5f));
    p = v_fma(p, z, v_set1(2.3882762e-4f));
    q = v_fma(q, z, v_set1(2.5445395e-4f));
    p = v_fma(p, z, v_set1(1.3780397e-2f));
    q = v_fma(q, z, v_set1(4.0746573e-3f));
    p = v_fma(p, z, v_set1(-2.0375851e-2f));
    q = v_fma(q, z, v_set1(4.4871016e-2f));
    p = v_fma(p, z, v_set1(7.9788452e-1f));
    q = v_fma(q, z, v_set1(3.0779552e-1f));
    q = v_fma(q, z, v_set1(1.0f));
    return c * p / q + v_set1(0.5f);
}
