/* backend/cpu/gemm_pack.inc.h - copies of A and B in the order in which the register tile reads them, and the sums of
 * A's columns. Part of gemm.inc.h. */

/* B's columns j..j+cols, at most NR, at depth k..k+depth, from a B stored N x K: its rows become the panel's columns.
 */
static void gemm_pack_panel(const gemm *g, idx j, idx cols, idx k, idx depth, float *to) {
    idx filled = up_to(cols, VL);
    transpose(to, NR, g->b + j * g->ldb + k, g->ldb, cols, depth);
    for (idx p = 0; p < depth && filled < NR; p++)
        for (idx v = filled; v < NR; v += VL)
            v_store(to + p * NR + v, v_set1(0.0f));
}

/* B's columns j..j+cols at depth k..k+rows as panels of `depth` rows: rows of B are copied as they are. */
static void gemm_pack_rows(const gemm *g, idx j, idx cols, idx k, idx rows, idx depth, float *panels) {
    for (idx first = 0; first < cols; first += NR) {
        float *to = panels + first * depth;
        const float *from = g->b + k * g->ldb + j + first;
        idx n = at_most(NR, cols - first);
        for (idx p = 0; p < rows; p++, from += g->ldb, to += NR) {
            if (p + AHEAD < rows) __builtin_prefetch(from + AHEAD * g->ldb);
            if (n == NR) {
                UNROLL
                for (int v = 0; v < NV; v++)
                    v_store(to + v * VL, v_load(from + v * VL));
            } else {
                for (idx v = 0; v < NR; v += VL)
                    v_store(to + v, v_load_n(from + v * (v < n), at_least(0, at_most(VL, n - v))));
            }
        }
    }
}

static void gemm_pack_transposed(void *context, size_t task, int worker) {
    const gemm *g = context;
    (void)worker;
    idx j = (idx)task * NR;
    gemm_pack_panel(g, g->j0 + j, at_most(NR, g->cols - j), g->k0, g->depth, g->packed + j * g->depth);
}

static void gemm_pack_straight(void *context, size_t task, int worker) {
    const gemm *g = context;
    (void)worker;
    idx first = (idx)task * PACK_ROWS, rows = at_most(PACK_ROWS, g->depth - first);
    gemm_pack_rows(g, g->j0, g->cols, g->k0 + first, rows, g->depth, g->packed + first * NR);
}

/* This round's part of B */
static void gemm_pack_b(gemm *g, lac_pool *pool) {
    if (g->trans_b)
        lac_parallel(pool, (size_t)over(g->cols, NR), gemm_pack_transposed, g);
    else if (g->packs_b)
        lac_parallel(pool, (size_t)over(g->depth, PACK_ROWS), gemm_pack_straight, g);
}

/* One task's columns of B at one depth block */
static void gemm_pack_stripe(const gemm *g, idx j, idx cols, idx k, idx depth, float *panels) {
    if (g->trans_b) {
        for (idx v = 0; v < cols; v += NR)
            gemm_pack_panel(g, j + v, at_most(NR, cols - v), k, depth, panels + v * depth);
        return;
    }
    for (idx p = 0; p < depth; p += PACK_ROWS)
        gemm_pack_rows(g, j, cols, k + p, at_most(PACK_ROWS, depth - p), depth, panels + p * NR);
}

/* A's rows i..i+m at depth k..k+depth, in panels of MR rows: [panel][depth][MR], zero beyond m. */
static void gemm_pack_a(const gemm *g, idx i, idx m, idx k, idx depth, float *to) {
    if (g->trans_a) {
        const float *from = g->a + k * g->lda + i;
        idx whole = m / MR * MR;
        for (idx p = 0; p < depth; p++, from += g->lda, to += MR) {
            if (p + AHEAD < depth)
                for (idx r = 0; r < m; r += 16)
                    __builtin_prefetch(from + AHEAD * g->lda + r);
            for (idx r = 0; r < whole; r += MR)
                memcpy(to + r * depth, from + r, MR * sizeof *to);
            if (whole < m) {
                for (idx q = 0; q < MR; q++)
                    to[whole * depth + q] = whole + q < m ? from[whole + q] : 0.0f;
            }
        }
        return;
    }
    const float *from = g->a + i * g->lda + k;
    for (idx r = 0; r < m; r += MR, to += MR * depth) {
        if (m - r >= MR) {
            for (idx p = 0; p < depth; p++) {
                UNROLL
                for (int q = 0; q < MR; q++)
                    to[p * MR + q] = from[(r + q) * g->lda + p];
            }
        } else {
            for (idx p = 0; p < depth; p++)
                for (idx q = 0; q < MR; q++)
                    to[p * MR + q] = r + q < m ? from[(r + q) * g->lda + p] : 0.0f;
        }
    }
}

/* sums[m] += the depth's sum of A (stored K x M), in float32 over one depth block, then in double. */
static void gemm_sum_a(const gemm *g, idx i, idx m, idx k, idx depth, double *sums) {
    const float *from = g->a + k * g->lda + i;
    float block[MT_GRADIENT] = {0};
    idx j = 0;
    for (; j + 4 * VL <= m; j += 4 * VL) {
        vf s[4];
        UNROLL
        for (int v = 0; v < 4; v++)
            s[v] = v_set1(0.0f);
        for (idx p = 0; p < depth; p++) {
            UNROLL
            for (int v = 0; v < 4; v++)
                s[v] = s[v] + v_load(from + p * g->lda + j + v * VL);
        }
        UNROLL
        for (int v = 0; v < 4; v++)
            v_store(block + j + v * VL, s[v]);
    }
    for (; j < m; j += VL) {
        idx n = at_most(VL, m - j);
        vf s = v_set1(0.0f);
        for (idx p = 0; p < depth; p++)
            s = s + v_load_n(from + p * g->lda + j, n);
        v_store_n(block + j, s, n);
    }
    for (idx q = 0; q < m; q++)
        sums[q] += (double)block[q];
}
