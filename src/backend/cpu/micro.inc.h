/* backend/cpu/micro.inc.h - the register tile that all matrix products share, and products of small matrices in cache.
 * Part of a kernel set: see kernels.inc.h.
 *
 * Every sum over the depth runs in index order in one accumulator per output, so its bits depend on nothing but where
 * the depth is cut. */

/* A class token makes a row more than a whole number of tiles: where registers allow, the last tile takes it in. */
enum { NR = NV * VL, TAKES_ONE_MORE = VL == 16, MR_MOST = MR + TAKES_ONE_MORE };

enum { STEPS = 4 }; /* depths between two tests of the loop's end */
_Static_assert((int)MR_MOST >= (int)STEPS, "as many pointers as rows serve the steps");

/* Left to itself, the compiler makes an address for every value that a tile reads, and spills most of them: a quarter
 * more instructions. So the pointer p stays in its register, and what is near it is read at a constant distance. */
#define KEEP(p) __asm__("" : "+r"(p))

/* acc[r][j] += a(r) * b[j VL ...]; a(r) is a[r][at], or a[0][r rs + at] where rows are a constant apart */
SIMD void tile_step(const int mr, const int nv, vf acc[MR_MOST][NV], const float *const *a, const bool is_row_each,
                    idx rs, idx at, const float *b) {
    vf bv[NV];
    UNROLL
    for (int j = 0; j < nv; j++)
        bv[j] = v_load(b + j * VL);
    UNROLL
    for (int r = 0; r < mr; r++) {
        vf av = v_set1(is_row_each ? a[r][at] : a[0][r * rs + at]);
        UNROLL
        for (int j = 0; j < nv; j++)
            V_ADD_PRODUCT(acc[r][j], av, bv[j]);
    }
}

/* acc[r][j] += sum over p < k of a[r rs + p cs] b[p bs + j VL ...] */
SIMD void tile_sum(const int mr, const int nv, vf acc[MR_MOST][NV], idx k, const float *a, idx rs, idx cs,
                   const float *b, idx bs) {
    /* A pointer to each row in place; else one to each depth, or a single one where depths are a constant apart too */
    const bool is_row_each = !__builtin_constant_p(rs), is_depth_each = !is_row_each && !__builtin_constant_p(cs);
    const bool is_b_each = !__builtin_constant_p(bs);
    const int n_a = is_row_each ? mr : (is_depth_each ? STEPS : 1), n_b = is_b_each ? STEPS : 1;
    const float *at[MR_MOST], *bt[STEPS];
    UNROLL
    for (int i = 0; i < n_a; i++)
        at[i] = a + i * (is_row_each ? rs : cs);
    UNROLL
    for (int u = 0; u < n_b; u++)
        bt[u] = b + u * bs;
    for (; k >= STEPS; k -= STEPS) {
        UNROLL
        for (int u = 0; u < STEPS; u++)
            tile_step(mr, nv, acc, at + (is_depth_each ? u : 0), is_row_each, rs, is_depth_each ? 0 : u * cs,
                      is_b_each ? bt[u] : bt[0] + u * bs);
        UNROLL
        for (int i = 0; i < n_a; i++) {
            at[i] += STEPS * cs;
            KEEP(at[i]);
        }
        UNROLL
        for (int u = 0; u < n_b; u++) {
            bt[u] += STEPS * bs;
            KEEP(bt[u]);
        }
    }
    for (; k > 0; k--) {
        tile_step(mr, nv, acc, at, is_row_each, rs, 0, bt[0]);
        UNROLL
        for (int i = 0; i < n_a; i++)
            at[i] += cs;
        bt[0] += bs;
    }
}

/* t[r ts + j] = from[r fs + j] + sum over p < k of a[r rs + p cs] b[p bs + j] + plus[r ps + j], r < mr, j < nv VL.
 * from and plus may be NULL, may be t, and fs may be 0. */
SIMD void tile(const int mr, const int nv, idx k, const float *a, idx rs, idx cs, const float *b, idx bs,
               const float *from, idx fs, const float *plus, idx ps, float *t, idx ts) {
    vf acc[MR_MOST][NV];
    if (from) {
        UNROLL
        for (int r = 0; r < mr; r++) {
            UNROLL
            for (int j = 0; j < nv; j++)
                acc[r][j] = v_load(from + r * fs + j * VL);
        }
    } else {
        UNROLL
        for (int r = 0; r < mr; r++) {
            UNROLL
            for (int j = 0; j < nv; j++)
                acc[r][j] = v_set1(0.0f);
        }
    }
    tile_sum(mr, nv, acc, k, a, rs, cs, b, bs);
    if (plus) {
        UNROLL
        for (int r = 0; r < mr; r++) {
            UNROLL
            for (int j = 0; j < nv; j++)
                v_store(t + r * ts + j * VL, acc[r][j] + v_load(plus + r * ps + j * VL));
        }
    } else {
        UNROLL
        for (int r = 0; r < mr; r++) {
            UNROLL
            for (int j = 0; j < nv; j++)
                v_store(t + r * ts + j * VL, acc[r][j]);
        }
    }
}

/* A panel of m rows against nv vectors of columns. Rows up to the next MR are read and written: buffers are padded. */
SIMD void strip(const int nv, const bool by_column, idx m, idx k, const float *a, idx step, const float *b, idx bs,
                float *t, idx ts, bool adds) {
    idx rs = by_column ? 1 : step, cs = by_column ? step : 1, i = 0;
    for (; i < m; i += MR, a += MR * rs, t += MR * ts) {
        const float *from = adds ? t : NULL;
        if (TAKES_ONE_MORE && m - i == MR + 1) {
            tile(MR_MOST, nv, k, a, rs, cs, b, bs, from, ts, NULL, 0, t, ts);
            return;
        }
        if (m - i == 1)
            tile(1, nv, k, a, rs, cs, b, bs, from, ts, NULL, 0, t, ts);
        else if (m - i <= MR / 2)
            tile(MR / 2, nv, k, a, rs, cs, b, bs, from, ts, NULL, 0, t, ts);
        else
            tile(MR, nv, k, a, rs, cs, b, bs, from, ts, NULL, 0, t, ts);
    }
}

SIMD void small_product(const bool by_column, idx m, idx n_vectors, idx k, const float *a, idx step, const float *b,
                        idx bs, float *t, idx ts, bool adds) {
    idx n_strips = over(n_vectors, NV);
    for (idx s = 0; s < n_strips; s++) {
        idx nv = over(n_vectors, n_strips - s); /* as even as can be: 4 vectors are 2 + 2, not 3 + 1 */
        switch (nv) {
        case 1:
            strip(1, by_column, m, k, a, step, b, bs, t, ts, adds);
            break;
        case 2:
            strip(NV < 2 ? NV : 2, by_column, m, k, a, step, b, bs, t, ts, adds);
            break;
        default:
            strip(NV, by_column, m, k, a, step, b, bs, t, ts, adds);
        }
        n_vectors -= nv;
        b += nv * VL;
        t += nv * VL;
    }
}

/* t[m x n_vectors VL] (+)= a b, row i of a at a + i step */
static void product_rows(idx m, idx n_vectors, idx k, const float *a, idx step, const float *b, idx bs, float *t,
                         idx ts, bool adds) {
    small_product(false, m, n_vectors, k, a, step, b, bs, t, ts, adds);
}

/* t[m x n_vectors VL] (+)= a^T b, a: k x m, row p of a at a + p step */
static void product_columns(idx m, idx n_vectors, idx k, const float *a, idx step, const float *b, idx bs, float *t,
                            idx ts, bool adds) {
    small_product(true, m, n_vectors, k, a, step, b, bs, t, ts, adds);
}

/* to[c to_step + r] = from[r from_step + c] for c < columns, r < rows; zero for r from there to a multiple of VL. */
static void transpose(float *to, idx to_step, const float *from, idx from_step, idx rows, idx columns) {
    for (idx r0 = 0; r0 < rows; r0 += VL)
        for (idx c0 = 0; c0 < columns; c0 += VL) {
            idx nr = at_most(VL, rows - r0), nc = at_most(VL, columns - c0);
            const float *source = from + r0 * from_step + c0;
            float *target = to + c0 * to_step + r0;
            vf x[VL];
            if (nr == VL && nc == VL) {
                UNROLL
                for (int r = 0; r < VL; r++)
                    x[r] = v_load(source + r * from_step);
                v_transpose(x);
                UNROLL
                for (int c = 0; c < VL; c++)
                    v_store(target + c * to_step, x[c]);
            } else {
                if (nr == 1) {
                    for (idx c = 0; c < nc; c++)
                        v_store(target + c * to_step, v_keep_n(v_set1(source[c]), 1));
                    continue;
                }
                for (int r = 0; r < VL; r++)
                    x[r] = r >= nr ? v_set1(0.0f)
                                   : (nc == VL ? v_load(source + r * from_step) : v_load_n(source + r * from_step, nc));
                v_transpose(x);
                for (int c = 0; c < nc; c++)
                    v_store(target + c * to_step, x[c]);
            }
        }
}
