/* backend/cpu/gemm_panel.inc.h - rows of C against one panel of B: register tiles and epilogues. Part of gemm.inc.h. */

SIMD vf get(const float *p, idx n) {
    return n == VL ? v_load(p) : v_load_n(p, n);
}

SIMD void put(float *p, vf x, idx n) {
    if (n == VL)
        v_store(p, x);
    else
        v_store_n(p, x, n);
}

typedef enum epilogue { SUMS, WITH_GELU, WITH_GELU_SLOPE } epilogue;

/* n vectors of one row of a register tile, at offset `at` into the M x N matrices; the last has `last` lanes. */
SIMD void gemm_finish_vectors(const gemm *g, const epilogue kind, const int n, const float *t, idx at, idx last) {
    vf x[NV], slope[NV];
#define LANES(i) (i + 1 < n ? VL : last)
    EACH x[i] = v_load(t + i * VL);
    if (kind == WITH_GELU_SLOPE) {
        EACH slope[i] = get(g->aux + at + i * VL, LANES(i));
        v_gelu_slope_n(n, slope);
        EACH x[i] = x[i] * slope[i];
    }
    if (kind == WITH_GELU) {
        if (g->second) EACH put(g->second + at + i * VL, x[i], LANES(i));
        v_gelu_n(n, x);
    }
    if (g->residual) EACH x[i] = x[i] + get(g->residual + at + i * VL, LANES(i));
    if (g->accumulates) EACH x[i] = x[i] + get(g->c + at + i * VL, LANES(i));
    EACH put(g->c + at + i * VL, x[i], LANES(i));
#undef LANES
}

/* The epilogue of `rows` rows of sums with their bias: panels of NR columns, `panel_step` apart, rows NR apart in each.
 */
SIMD void gemm_finish_rows(const gemm *g, const epilogue kind, const float *sums, idx panel_step, idx i, idx rows,
                           idx j, idx cols) {
    for (idx r = 0; r < rows; r++, sums += NR) {
        const float *t = sums;
        idx at = (i + r) * g->n + j, left = cols;
        for (; left >= NR; left -= NR, t += panel_step, at += NR)
            gemm_finish_vectors(g, kind, NV, t, at, VL);
        for (; left > 0; left -= VL, t += VL, at += VL)
            gemm_finish_vectors(g, kind, 1, t, at, at_most(VL, left));
    }
}

static void gemm_finish(const gemm *g, float *sums, idx panel_step, idx i, idx rows, idx j, idx cols) {
    if (g->dgelu && g->gelu) { /* no layer asks for both: the slope first, then the GELU of that */
        for (idx r = 0; r < rows; r++)
            for (idx v = 0; v < cols; v += VL) {
                float *t = sums + v / NR * panel_step + r * NR + v % NR;
                vf slope = v_gelu_slope(get(g->aux + (i + r) * g->n + j + v, at_most(VL, cols - v)));
                v_store(t, v_load(t) * slope);
            }
        gemm_finish_rows(g, WITH_GELU, sums, panel_step, i, rows, j, cols);
    } else if (g->dgelu) {
        gemm_finish_rows(g, WITH_GELU_SLOPE, sums, panel_step, i, rows, j, cols);
    } else if (g->gelu) {
        gemm_finish_rows(g, WITH_GELU, sums, panel_step, i, rows, j, cols);
    } else {
        gemm_finish_rows(g, SUMS, sums, panel_step, i, rows, j, cols);
    }
}

/* Inlined into its callers, the register tile loses registers to them: an eighth of its speed. */
#define ALONE static __attribute__((noinline))

typedef struct panel { /* one panel of B: `depth` rows of n_vectors vectors */
    const float *b;
    idx b_step, n_vectors, depth;
} panel;

/* The register tile on MR rows of A: packed, or in place, rs apart. C's rows are fetched early, to be written. */
SIMD void gemm_tile_of(const int nv, const bool packed, const panel *p, const float *a, idx rs, const float *from,
                       idx fs, const float *plus, float *t, idx ts) {
    UNROLL
    for (int r = 0; r < MR; r++) {
        UNROLL
        for (int j = 0; j < nv * VL; j += 16) {
            __builtin_prefetch(t + r * ts + j, 1, 3);
            if (plus && plus != t) __builtin_prefetch(plus + r * ts + j, 0, 3);
        }
    }
    if (p->b_step == NR)
        tile(MR, nv, p->depth, a, packed ? 1 : rs, packed ? MR : 1, p->b, NR, from, fs, plus, ts, t, ts);
    else
        tile(MR, nv, p->depth, a, packed ? 1 : rs, packed ? MR : 1, p->b, p->b_step, from, fs, plus, ts, t, ts);
}

ALONE void gemm_tile_packed(const panel *p, const float *a, const float *from, idx fs, const float *plus, float *t,
                            idx ts) {
    switch (p->n_vectors) {
    case 1:
        gemm_tile_of(1, true, p, a, 0, from, fs, plus, t, ts);
        break;
    case 2:
        gemm_tile_of(NV < 2 ? NV : 2, true, p, a, 0, from, fs, plus, t, ts);
        break;
    default:
        gemm_tile_of(NV, true, p, a, 0, from, fs, plus, t, ts);
    }
}

ALONE void gemm_tile_in_place(const panel *p, const float *a, idx rs, const float *from, idx fs, const float *plus,
                              float *t, idx ts) {
    switch (p->n_vectors) {
    case 1:
        gemm_tile_of(1, false, p, a, rs, from, fs, plus, t, ts);
        break;
    case 2:
        gemm_tile_of(NV < 2 ? NV : 2, false, p, a, rs, from, fs, plus, t, ts);
        break;
    default:
        gemm_tile_of(NV, false, p, a, rs, from, fs, plus, t, ts);
    }
}

/* A stored K x M: the tile's rows lie beside each other, depths are cs apart. */
ALONE void gemm_tile_by_column(const panel *p, const float *a, idx cs, const float *from, idx fs, const float *plus,
                               float *t, idx ts) {
    switch (p->n_vectors) {
    case 1:
        tile(MR, 1, p->depth, a, 1, cs, p->b, p->b_step, from, fs, plus, ts, t, ts);
        break;
    case 2:
        tile(MR, NV < 2 ? NV : 2, p->depth, a, 1, cs, p->b, p->b_step, from, fs, plus, ts, t, ts);
        break;
    default:
        tile(MR, NV, p->depth, a, 1, cs, p->b, p->b_step, from, fs, plus, ts, t, ts);
    }
}

/* Start fetching what a late epilogue will read and write of rows x cols values, at offset `at` of the matrices. */
static void gemm_fetch_for_epilogue(const gemm *g, idx at, idx rows, idx cols) {
    for (idx r = 0; r < rows; r++, at += g->n)
        for (idx j = at; j < at + cols; j += 16) {
            __builtin_prefetch(g->c + j, 1, 2);
            if (g->aux) __builtin_prefetch(g->aux + j, 0, 2);
            if (g->second) __builtin_prefetch(g->second + j, 1, 2);
        }
}

/* One depth block (from depth k of the round) of one panel: rows i..i+m against `cols` columns from column j of C.
 * `partial` holds the sums of earlier depth blocks, and all of them where the epilogue comes late. A sum starts from
 * the bias; the last block writes to C itself where the epilogue is an addition and the register tile lies whole inside
 * C. */
static void gemm_panel(const gemm *g, const panel *p, idx i, idx m, idx j, idx cols, idx k, const float *packed_a,
                       float *partial) {
    _Alignas(64) float one[MR * NR], bias[NR];
    bool is_first = k == 0, is_last = k + p->depth == g->depth, adds = g->accumulates, adds_more = g->residual != NULL;
    bool finishes = is_last && !g->finishes_late;
    bool goes_to_c = finishes && !(adds && adds_more) && cols % VL == 0;
    const float *start = NULL;
    if (is_first && g->bias) {
        start = g->bias + j;
        if (cols % VL != 0) {
            for (idx v = 0; v < NR; v++)
                bias[v] = v < cols ? g->bias[j + v] : 0.0f;
            start = bias;
        }
    }
    for (idx r = 0; r < m; r += MR) {
        idx rows = at_most(MR, m - r), at = (i + r) * g->n + j;
        bool whole = goes_to_c && rows == MR;
        float *t = whole ? g->c + at : (finishes ? one : partial + r * NR);
        const float *from = is_first ? start : partial + r * NR;
        const float *plus = !whole ? NULL : (adds ? g->c + at : (adds_more ? g->residual + at : NULL));
        idx ts = whole ? g->n : NR, fs = is_first ? 0 : NR;
        if (is_last && g->finishes_late) gemm_fetch_for_epilogue(g, at, rows, cols);
        if (g->packs_a)
            gemm_tile_packed(p, packed_a + r * p->depth, from, fs, plus, t, ts);
        else if (rows < MR)
            gemm_tile_packed(p, packed_a, from, fs, plus, t, ts);
        else if (g->trans_a)
            gemm_tile_by_column(p, g->a + (g->k0 + k) * g->lda + i + r, g->lda, from, fs, plus, t, ts);
        else
            gemm_tile_in_place(p, g->a + (i + r) * g->lda + g->k0 + k, g->lda, from, fs, plus, t, ts);
        if (finishes && !whole) gemm_finish(g, t, 0, i + r, rows, j, cols);
    }
}
