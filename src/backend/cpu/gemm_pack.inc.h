/* backend/cpu/gemm_pack.inc.h - panels of A and B as the register tile reads them. Part of a kernel set: see
 * kernels.inc.h. */

/* B stored N x K: a panel's NR rows become its columns. */
static void gemm_pack_panel(const gemm *g, idx j, float *panel) {
    idx n = at_most(NR, g->cols - j), filled = up_to(n, VL);
    transpose(panel, NR, g->b + (g->j0 + j) * g->ldb + g->k0, g->ldb, n, g->depth);
    for (idx p = 0; p < g->depth && filled < NR; p++)
        for (idx v = filled; v < NR; v += VL)
            v_store(panel + p * NR + v, v_set1(0.0f));
}

static void gemm_pack_transposed(void *context, size_t task, int worker) {
    const gemm *g = context;
    (void)worker;
    idx j = (idx)task * NR;
    gemm_pack_panel(g, j, g->packed + j * g->depth);
}

/* Depths first..end of the panels of columns from..to of B as it is stored */
static void gemm_pack_rows(const gemm *g, idx first, idx end, idx from_j, idx to_j, float *panels) {
    for (idx j = from_j; j < to_j; j += NR) {
        float *panel = panels + (j - from_j) * g->depth;
        idx n = at_most(NR, g->cols - j);
        for (idx p = first; p < end; p++) {
            const float *from = g->b + (g->k0 + p) * g->ldb + g->j0 + j;
            float *to = panel + p * NR;
            if (p + AHEAD < end) __builtin_prefetch(from + AHEAD * g->ldb);
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

static void gemm_pack_straight(void *context, size_t task, int worker) {
    const gemm *g = context;
    (void)worker;
    idx first = (idx)task * PACK_ROWS;
    gemm_pack_rows(g, first, at_most(g->depth, first + PACK_ROWS), 0, g->cols, g->packed);
}

/* This round's part of B */
static void gemm_pack_b(gemm *g, lac_pool *pool) {
    if (g->trans_b)
        lac_parallel(pool, (size_t)over(g->cols, NR), gemm_pack_transposed, g);
    else if (g->packs_b)
        lac_parallel(pool, (size_t)over(g->depth, PACK_ROWS), gemm_pack_straight, g);
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
    float block[MT_PACKED] = {0};
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
