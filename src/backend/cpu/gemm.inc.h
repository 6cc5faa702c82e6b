/* backend/cpu/gemm.inc.h - the matrix product (BLIS scheme, Van Zee and van de Geijn 2015) with its epilogues.
 * Part of a kernel set: see kernels.inc.h.
 *
 * B is packed once into panels of NR columns that all threads share; then one task per MT x nt tile of C packs its rows
 * of A, a depth block at a time, and runs the register tile over them. Partial sums of a tile wait in the task's own
 * memory, so epilogues see the whole sum and C is written once. Packing hides transposition and strides.
 * Only where B is too large to pack whole (weight gradients: depth = rows of the batch) is the work cut into several
 * such rounds. All cuts follow from the shape. docs/kernels.md has the numbers. */

_Static_assert(MR <= VL, "packing A writes one vector a depth");

enum {
    MT = 48,               /* rows of a tile: a multiple of every MR */
    NT_MAX = 768,          /* columns of a tile: partial sums, MT x NT_MAX, are 144 KB of L2 */
    NT_MIN = 96,           /* below this, packing A for each tile costs more than 4 % */
    PACK_MAX = 4 << 20,    /* values of B packed at once: 16 MB */
    TASKS_WANTED = 64,     /* tiles shrink until there are so many, to keep threads evenly loaded */
    PACK_ROWS = 64,        /* depth of a packing task: one page of each row stays in the TLB */
    SERIAL_BELOW = 500000, /* multiply-adds; waking other threads costs more */
};

typedef struct gemm {
    const float *a, *b, *bias, *residual, *aux;
    float *c, *second, *packed;
    char *workers;
    size_t worker_bytes;
    idx m, n, k, lda, ldb;
    bool trans_a, trans_b, gelu, dgelu, accumulates, sums_a, sum_continues;
    idx kc, mt, nt, n_m;     /* depth block, tile, row tiles */
    idx round_k, round_n;    /* depth and columns of B packed at once */
    idx k0, depth, j0, cols; /* this round */
} gemm;

static gemm gemm_plan(const lac_call *call) {
    const lac_view *a = &call->in[0], *b = &call->in[1];
    gemm g = {.trans_a = call->attr.i[0] != 0, .trans_b = call->attr.i[1] != 0};
    g.gelu = (call->attr.i[2] & LAC_GEMM_GELU) != 0;
    g.dgelu = (call->attr.i[2] & LAC_GEMM_DGELU) != 0;
    g.accumulates = (call->attr.i[2] & LAC_GEMM_ACCUMULATE) != 0;
    g.sums_a = (call->attr.i[2] & LAC_GEMM_SUM_A) != 0;
    g.k = g.trans_a ? rows_of(a) : last_of(a);
    g.m = g.trans_a ? last_of(a) : rows_of(a);
    g.n = g.k > 0 ? size_of(b) / g.k : 0;
    g.lda = g.trans_a ? g.m : g.k;
    g.ldb = g.trans_b ? g.k : g.n;

    g.kc = g.k > 0 ? up_to(over(g.k, over(g.k, KC_MAX)), 4) : 4;
    g.mt = at_most(MT, up_to(at_least(g.m, 1), MR));
    g.n_m = over(g.m, MT);
    idx n = at_least(g.n, 1);
    g.nt = up_to(over(n, over(n, NT_MAX)), NR);
    while (g.n_m * over(n, g.nt) < TASKS_WANTED && g.nt > NT_MIN)
        g.nt = at_least(up_to(over(g.nt, 2), NR), up_to(NT_MIN, NR));
    g.round_k = at_least(g.k, 1);
    g.round_n = up_to(n, NR);
    if (g.round_k * g.round_n > PACK_MAX) {
        if (!g.gelu && !g.dgelu && g.k > g.n)
            g.round_k = at_least(1, PACK_MAX / g.round_n / g.kc) * g.kc;
        else
            g.round_n = at_least(1, PACK_MAX / g.round_k / g.nt) * g.nt;
    }
    size_t values = (size_t)(g.mt * g.kc + 3 * MT);
    if (at_most(g.k, g.round_k) > g.kc) values += (size_t)(g.mt * g.nt);
    g.worker_bytes = (values * sizeof(float) + 63) / 64 * 64;
    return g;
}

static size_t gemm_packed_bytes(const gemm *g) {
    return ((size_t)g->round_k * (size_t)g->round_n * sizeof(float) + 63) / 64 * 64;
}

static size_t gemm_scratch(const lac_call *call, int n_threads) {
    gemm g = gemm_plan(call);
    return gemm_packed_bytes(&g) + (size_t)n_threads * g.worker_bytes;
}

/* B stored N x K: a panel's NR rows become its columns. */
static void gemm_pack_transposed(void *context, size_t task, int worker) {
    const gemm *g = context;
    (void)worker;
    idx j = (idx)task * NR, n = at_most(NR, g->cols - j), filled = up_to(n, VL);
    float *panel = g->packed + j * g->depth;
    transpose(panel, NR, g->b + (g->j0 + j) * g->ldb + g->k0, g->ldb, n, g->depth);
    for (idx p = 0; p < g->depth && filled < NR; p++)
        for (idx v = filled; v < NR; v += VL)
            v_store(panel + p * NR + v, v_set1(0.0f));
}

static void gemm_pack_straight(void *context, size_t task, int worker) {
    const gemm *g = context;
    (void)worker;
    idx first = (idx)task * PACK_ROWS, end = at_most(g->depth, first + PACK_ROWS);
    for (idx j = 0; j < g->cols; j += NR) {
        float *panel = g->packed + j * g->depth;
        idx n = at_most(NR, g->cols - j);
        for (idx p = first; p < end; p++) {
            const float *from = g->b + (g->k0 + p) * g->ldb + g->j0 + j;
            float *to = panel + p * NR;
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

/* A's rows i..i+m at depth k..k+depth, in panels of MR rows: [panel][depth][MR], zero beyond m. */
static void gemm_pack_a(const gemm *g, idx i, idx m, idx k, idx depth, float *to) {
    if (g->trans_a) {
        const float *from = g->a + k * g->lda + i;
        for (idx r = 0; r < m; r += MR, to += MR * depth) {
            /* whole vectors are written; what lies beyond MR is overwritten by the next depth */
            idx n = at_most(VL, m - r);
            for (idx p = 0; p + 1 < depth; p++)
                v_store(to + p * MR, n == VL ? v_load(from + p * g->lda + r) : v_load_n(from + p * g->lda + r, n));
            v_store_n(to + (depth - 1) * MR, v_load_n(from + (depth - 1) * g->lda + r, n), MR);
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
    float block[MT];
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

typedef enum epilogue { PLAIN, WITH_GELU, WITH_DGELU } epilogue;

/* n lanes of the product, at column j of C and offset `at` into the M x N matrices; whole: n == VL */
SIMD void gemm_finish_vector(const gemm *g, const epilogue kind, const bool whole, vf x, idx j, idx at, idx n) {
#define GET(p) (whole ? v_load(p) : v_load_n(p, n))
#define PUT(p, y) (whole ? v_store(p, y) : v_store_n(p, y, n))
    if (g->bias) x = x + GET(g->bias + j);
    if (kind == WITH_DGELU) x = x * v_gelu_slope(GET(g->aux + at));
    if (kind == WITH_GELU) {
        if (g->second) PUT(g->second + at, x);
        x = v_gelu(x);
    }
    if (g->residual) x = x + GET(g->residual + at);
    if (g->accumulates) x = x + GET(g->c + at);
    PUT(g->c + at, x);
#undef GET
#undef PUT
}

SIMD void gemm_finish_kind(const gemm *g, const epilogue kind, const float *t, idx i, idx rows, idx j, idx cols) {
    for (idx r = 0; r < rows; r++) {
        idx at = (i + r) * g->n + j, v = 0;
        for (; v + VL <= cols; v += VL)
            gemm_finish_vector(g, kind, true, v_load(t + r * NR + v), j + v, at + v, VL);
        if (v < cols) gemm_finish_vector(g, kind, false, v_load(t + r * NR + v), j + v, at + v, cols - v);
    }
}

static void gemm_finish(const gemm *g, const float *t, idx i, idx rows, idx j, idx cols) {
    if (g->dgelu)
        gemm_finish_kind(g, WITH_DGELU, t, i, rows, j, cols);
    else if (g->gelu)
        gemm_finish_kind(g, WITH_GELU, t, i, rows, j, cols);
    else
        gemm_finish_kind(g, PLAIN, t, i, rows, j, cols);
}

static void gemm_tile(idx depth, idx n_vectors, const float *a, const float *b, float *t, bool adds) {
    switch (n_vectors) {
    case 1:
        tile(MR, 1, depth, a, 1, MR, b, NR, t, NR, adds);
        break;
    case 2:
        tile(MR, NV < 2 ? NV : 2, depth, a, 1, MR, b, NR, t, NR, adds);
        break;
    default:
        tile(MR, NV, depth, a, 1, MR, b, NR, t, NR, adds);
    }
}

static void gemm_task(void *context, size_t task, int worker) {
    const gemm *g = context;
    idx i = (idx)task % g->n_m * MT, m = at_most(MT, g->m - i);
    idx j = (idx)task / g->n_m * g->nt, n = at_most(g->nt, g->cols - j);
    float *a = (float *)(void *)(g->workers + (size_t)worker * g->worker_bytes), *partial = a + g->mt * g->kc;
    bool sums_a = g->sums_a && j == 0 && g->j0 == 0, is_whole = g->depth <= g->kc;
    double sums[MT];
    _Alignas(64) float one[MR * NR];
    for (idx q = 0; q < MT; q++)
        sums[q] = 0;
    for (idx k = 0; k < g->depth; k += g->kc) {
        idx depth = at_most(g->kc, g->depth - k);
        bool is_last = k + depth == g->depth;
        gemm_pack_a(g, i, m, g->k0 + k, depth, a);
        if (sums_a) gemm_sum_a(g, i, m, g->k0 + k, depth, sums);
        for (idx v = 0; v < n; v += NR) {
            const float *b = g->packed + (j + v) * g->depth + k * NR;
            idx cols = at_most(NR, n - v), n_vectors = over(cols, VL);
            for (idx r = 0; r < m; r += MR) {
                float *t = is_whole ? one : partial + v * g->mt + r * NR;
                gemm_tile(depth, n_vectors, a + r * depth, b, t, k > 0);
                if (is_last) gemm_finish(g, t, i + r, at_most(MR, m - r), g->j0 + j + v, cols);
            }
        }
    }
    if (sums_a)
        for (idx q = 0; q < m; q++)
            g->second[i + q] = g->sum_continues ? g->second[i + q] + (float)sums[q] : (float)sums[q];
}

static void gemm_run(const lac_call *call) {
    gemm g = gemm_plan(call);
    g.a = in_f32(call, 0);
    g.b = in_f32(call, 1);
    g.aux = in_f32(call, 4);
    g.c = out_f32(call, 0);
    g.second = out_f32(call, 1);
    g.sums_a = g.sums_a && g.second;
    g.packed = call->scratch;
    g.workers = (char *)call->scratch + gemm_packed_bytes(&g);
    if (g.m == 0 || g.n == 0) return;
    bool accumulates = g.accumulates;
    lac_pool *pool = (double)g.m * (double)g.n * (double)g.k < SERIAL_BELOW ? NULL : call->pool;
    for (g.j0 = 0; g.j0 < g.n; g.j0 += g.round_n)
        for (g.k0 = 0; g.k0 == 0 || g.k0 < g.k; g.k0 += g.round_k) {
            g.cols = at_most(g.round_n, g.n - g.j0);
            g.depth = at_most(g.round_k, g.k - g.k0);
            bool is_last = g.k0 + g.depth == g.k;
            g.bias = is_last ? in_f32(call, 2) : NULL;
            g.residual = is_last ? in_f32(call, 3) : NULL;
            g.accumulates = accumulates || g.k0 > 0;
            g.sum_continues = g.accumulates;
            if (g.trans_b)
                lac_parallel(pool, (size_t)over(g.cols, NR), gemm_pack_transposed, &g);
            else
                lac_parallel(pool, (size_t)over(g.depth, PACK_ROWS), gemm_pack_straight, &g);
            lac_parallel(pool, (size_t)(g.n_m * over(g.cols, g.nt)), gemm_task, &g);
        }
}
