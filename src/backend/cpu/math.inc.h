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

/* Phi(x) = (1 + erf(x / sqrt 2)) / 2 within 1.5e-7, and *density = e^(-x^2 / 2).
 * Phi(-t) = density * R(t); R, half the scaled complement erfcx, is a polynomial in 1 / (1 + .34 t). So the lower tail
 * keeps its relative accuracy, which 1 + erf cannot. */
SIMD vf v_normal(vf x, vf *density) {
    vf t = v_abs(x);
    vf e = v_exp(x * x * v_set1(-0.5f));
    vf k = v_set1(1.0f) / v_fma(t, v_set1(0.34f), v_set1(1.0f));
    vf q = v_set1(4.4327509e-2f);
    q = v_fma(q, k, v_set1(-1.9827306e-1f));
    q = v_fma(q, k, v_set1(2.5996894e-1f));
    q = v_fma(q, k, v_set1(-2.6880975e-2f));
    q = v_fma(q, k, v_set1(1.5464874e-1f));
    q = v_fma(q, k, v_set1(1.3023183e-1f));
    q = v_fma(q, k, v_set1(1.3597698e-1f));
    q = q * k * e;
    *density = e;
    return v_select(v_less(v_set1(0.0f), x), v_set1(1.0f) - q, q);
}

/* x Phi(x): the exact GELU (arXiv 1606.08415), not the tanh one. */
SIMD vf v_gelu(vf x) {
    vf density;
    return x * v_normal(x, &density);
}

/* Its derivative Phi(x) + x phi(x) */
SIMD vf v_gelu_slope(vf x) {
    vf density, phi = v_normal(x, &density);
    return v_fma(x * v_set1(0.39894228f), density, phi);
}
