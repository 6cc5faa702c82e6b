/* backend/cpu/gemm.inc.h - the matrix product (BLIS scheme, Van Zee and van de Geijn 2015) with its epilogues.
 * Part of a kernel set: see kernels.inc.h.
 *
 * B is packed once, and kept while it is a weight that does not change, into panels of NR columns that all threads
 * share; then one task per MT x nt tile of C runs the register tile over its rows, a depth block at a time. Partial
 * sums of a tile wait in the task's own memory, so epilogues see the whole sum and C is written once. A GELU is applied
 * when the whole tile is summed, row by row: what it reads and writes then lies in long runs, which the hardware
 * fetches by itself. A is read in place where its rows run along the depth; else it may be packed per task and depth
 * block.
 *
 * Weight gradients (trans_a: small C, depth = rows of the batch) differ: a narrow A or B is read in place, and where
 * tiles are few the depth is cut into parts, each summed by its own tasks and then added in order; a B too large to
 * pack whole is taken in rounds. All cuts of the depth follow from the shape. docs/kernels.md has the rules and the
 * numbers.
 */

_Static_assert(MR <= VL, "packing A writes one vector a depth");

enum {
    MT = 48,               /* most rows of a tile: a multiple of every MR */
    MT_GRADIENT = 96,      /* the same of a weight gradient, whose tiles each read all of B or pack A */
    NT_MAX = 768,          /* columns of a tile: partial sums, MT x NT_MAX, are 144 KB of L2 */
    STRIPE_MAX = 1 << 18,  /* values of B under a tile: 1 MB stays in L2 from one row tile to the next */
    NT_MIN = 96,           /* below this, packing A for each tile costs more than 4 % */
    PACK_MAX = 4 << 20,    /* values of B packed at once: 16 MB */
    TASKS_A_THREAD = 4,    /* tiles shrink until there are so many: no bit depends on it */
    TASKS_WANTED = 16,     /* the depth is cut until there are so many, whatever the number of threads */
    PART_MIN = 512,        /* depth of a part */
    IN_PLACE_N = 192,      /* columns of a B read in place: a depth block spans at most the 64 pages of an L1 TLB */
    FEW = 192,             /* columns of a weight gradient with which A, rows with which B is not worth packing */
    AHEAD = 8,             /* rows of A fetched early while packing: their distance defeats the hardware's prefetcher */
    PACK_ROWS = 64,        /* depth of a packing task: one page of each row stays in the TLB */
    ADD_CHUNK = 8192,      /* values of C per task that adds parts */
    BY_ROWS_MAX = 1 << 18, /* values of a B that stays in L2 (1 MB) while a thread goes through its own rows of C */
    SERIAL_BELOW = 500000, /* multiply-adds; waking other threads costs more */
};

typedef struct gemm {
    const float *a, *b, *bias, *residual, *aux;
    float *c, *second, *packed, *parts;
    double *part_sums;
    char *workers;
    size_t worker_bytes;
    idx m, n, k, lda, ldb;
    bool trans_a, trans_b, gelu, dgelu, accumulates, sums_a, sum_continues;
    bool finishes_late; /* the epilogue is a pass over the summed tile, not part of its last depth block */
    bool packs_a, packs_b;
    bool by_rows;            /* tasks go along the rows of tiles: see BY_ROWS_MAX */
    idx kc, mt, nt, n_m;     /* depth block, tile, row tiles */
    idx n_parts, part_k;     /* parts of the depth that are summed separately */
    idx round_k, round_n;    /* depth and columns of B packed at once */
    idx k0, depth, j0, cols; /* this round */
    idx b_step, panel_step;  /* of B: from one depth to the next, from one panel to the next */
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
    g.n = g.k > 0 ? size_of(b) / g.k : 0; /* a weight may have more than two axes */
    g.lda = g.trans_a ? g.m : g.k;
    g.ldb = g.trans_b ? g.k : g.n;
    bool is_sum = !g.gelu && !g.dgelu;
    g.finishes_late = !is_sum;

    g.kc = g.k > 0 ? up_to(over(g.k, over(g.k, KC_MAX)), 4) : 4;
    idx n = at_least(g.n, 1), m = at_least(g.m, 1);
    idx nt = up_to(over(n, over(n, NT_MAX)), NR), n_m = over(m, MT);
    while (n_m * over(n, nt) < TASKS_WANTED && nt > 2 * NT_MIN)
        nt = up_to(over(nt, 2), NR);
    g.n_parts = 1; /* which must not follow the threads, as tiles may */
    while (is_sum && n_m * over(n, nt) * g.n_parts < TASKS_WANTED && g.k / (2 * g.n_parts) >= PART_MIN)
        g.n_parts *= 2;

    idx wanted = TASKS_A_THREAD * lac_pool_size(call->pool);
    idx rows = g.trans_a ? MT_GRADIENT : MT;
    idx stripe = g.trans_a ? NT_MAX : at_most(NT_MAX, at_least(NT_MIN, STRIPE_MAX / at_least(1, g.k) / NR * NR));
    g.nt = up_to(over(n, over(n, stripe)), NR);
    if (over(m, rows) * over(n, g.nt) * g.n_parts < wanted) rows = MT;
    while (over(m, rows) * over(n, g.nt) * g.n_parts < wanted && g.nt > NT_MIN)
        g.nt = up_to(over(g.nt, 2), NR);
    g.n_m = over(m, rows);
    g.mt = over(over(m, MR), g.n_m) * MR;

    g.packs_a = g.trans_a && g.n > FEW;
    idx most_in_place = g.trans_a && g.m <= FEW ? NT_MAX : IN_PLACE_N;
    g.packs_b = g.trans_b || g.m >= 1024 || g.n > most_in_place || g.n % VL != 0;
    g.by_rows = !g.trans_a && g.k * g.n <= BY_ROWS_MAX;
    g.round_k = at_least(g.k, 1);
    g.round_n = up_to(n, NR);
    if (g.packs_b && g.round_k * g.round_n > PACK_MAX) {
        if (is_sum && g.k > g.n) {
            g.round_k = at_least(1, PACK_MAX / g.round_n / g.kc) * g.kc;
            g.n_parts = 1;
        } else {
            g.round_n = at_least(1, PACK_MAX / g.round_k / g.nt) * g.nt;
        }
    }
    g.part_k = up_to(over(g.k, g.n_parts), g.kc);
    g.n_parts = at_least(1, over(g.k, at_least(1, g.part_k)));
    size_t values = (size_t)(g.mt * g.kc + 3 * MT_GRADIENT);
    if (at_most(g.part_k, g.round_k) > g.kc || g.finishes_late) values += (size_t)(g.mt * up_to(g.nt, NR));
    g.worker_bytes = (values * sizeof(float) + 63) / 64 * 64;
    return g;
}

static size_t gemm_packed_bytes(const gemm *g) {
    return g->packs_b ? ((size_t)g->round_k * (size_t)g->round_n * sizeof(float) + 63) / 64 * 64 : 0;
}

static size_t gemm_part_bytes(const gemm *g) {
    if (g->n_parts == 1) return 0;
    size_t bytes = (size_t)g->n_parts * (size_t)g->m * ((size_t)g->n * sizeof(float) + sizeof(double));
    return (bytes + 63) / 64 * 64;
}

static size_t gemm_scratch(const lac_call *call, int n_threads) {
    gemm g = gemm_plan(call);
    return gemm_packed_bytes(&g) + gemm_part_bytes(&g) + (size_t)n_threads * g.worker_bytes;
}

/* A packed B, where it is packed whole. */
static size_t gemm_keeps(const lac_call *call, unsigned fixed) {
    gemm g = gemm_plan(call);
    bool is_whole = g.round_k >= g.k && g.round_n >= g.n;
    return (fixed & 2u) && is_whole ? gemm_packed_bytes(&g) : 0;
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

/* The first row of a row tile: tiles differ by at most one panel, so that threads with as many tiles finish together.
 */
static idx gemm_row_of(const gemm *g, idx row_tile) {
    return at_most(g->m, over(g->m, MR) * row_tile / g->n_m * MR);
}

static void gemm_task(void *context, size_t task, int worker) {
    gemm g = *(const gemm *)context;
    idx tiles = g.n_m * over(g.cols, g.nt), part = (idx)task / tiles, of_part = (idx)task % tiles;
    idx n_n = over(g.cols, g.nt);
    idx row_tile = g.by_rows ? of_part / n_n : of_part % g.n_m;
    idx i = gemm_row_of(&g, row_tile), m = gemm_row_of(&g, row_tile + 1) - i;
    idx j = (g.by_rows ? of_part % n_n : of_part / g.n_m) * g.nt, n = at_most(g.nt, g.cols - j);
    float *a = (float *)(void *)(g.workers + (size_t)worker * g.worker_bytes), *partial = a + g.mt * g.kc;
    const float *b = g.packs_b ? g.packed : g.b + g.j0;
    double sums[MT_GRADIENT];
    if (g.n_parts > 1) { /* as a product of its own, into its own C */
        idx first = part * g.part_k;
        b += first * g.b_step;
        g.k0 = first;
        g.depth = at_most(g.part_k, g.k - first);
        g.c = g.parts + part * g.m * g.n;
        g.accumulates = false;
        g.residual = NULL;
        if (part > 0) g.bias = NULL;
    }
    bool sums_a = g.sums_a && j == 0 && g.j0 == 0;
    for (idx q = 0; q < MT_GRADIENT; q++)
        sums[q] = 0;
    for (idx k = 0; k < g.depth; k += g.kc) {
        idx depth = at_most(g.kc, g.depth - k), edge = m / MR * MR;
        if (g.packs_a)
            gemm_pack_a(&g, i, m, g.k0 + k, depth, a);
        else if (edge < m) /* the last rows: a tile in place would read past them */
            gemm_pack_a(&g, i + edge, m - edge, g.k0 + k, depth, a);
        if (sums_a) gemm_sum_a(&g, i, m, g.k0 + k, depth, sums);
        for (idx v = 0; v < n; v += NR) {
            idx cols = at_most(NR, n - v);
            panel p = {b + (j + v) / NR * g.panel_step + k * g.b_step, g.b_step, over(cols, VL), depth};
            gemm_panel(&g, &p, i, m, g.j0 + j + v, cols, k, a, partial + v * g.mt);
        }
    }
    if (g.finishes_late) gemm_finish(&g, partial, NR * g.mt, i, m, g.j0 + j, n);
    if (!sums_a) return;
    for (idx q = 0; q < m; q++) {
        if (g.n_parts > 1)
            g.part_sums[part * g.m + i + q] = sums[q];
        else
            g.second[i + q] = g.sum_continues ? g.second[i + q] + (float)sums[q] : (float)sums[q];
    }
}

/* C = C? + residual? + the parts, in order */
static void gemm_add_task(void *context, size_t task, int worker) {
    const gemm *g = context;
    (void)worker;
    idx size = g->m * g->n, i = (idx)task * ADD_CHUNK, end = at_most(size, i + ADD_CHUNK);
    for (; i < end; i += VL) {
        idx n = at_most(VL, end - i);
        vf x = get(g->parts + i, n);
        for (idx part = 1; part < g->n_parts; part++)
            x = x + get(g->parts + part * size + i, n);
        if (g->residual) x = x + get(g->residual + i, n);
        if (g->accumulates) x = x + get(g->c + i, n);
        put(g->c + i, x, n);
    }
}

static void gemm_add_parts(const gemm *g, lac_pool *pool) {
    lac_parallel(pool, (size_t)over(g->m * g->n, ADD_CHUNK), gemm_add_task, (void *)(uintptr_t)g);
    if (!g->sums_a) return;
    for (idx i = 0; i < g->m; i++) {
        double sum = 0;
        for (idx part = 0; part < g->n_parts; part++)
            sum += g->part_sums[part * g->m + i];
        g->second[i] = g->accumulates ? g->second[i] + (float)sum : (float)sum;
    }
}

static void gemm_run(const lac_call *call) {
    gemm g = gemm_plan(call);
    g.a = in_f32(call, 0);
    g.b = in_f32(call, 1);
    g.aux = in_f32(call, 4);
    g.c = out_f32(call, 0);
    g.second = out_f32(call, 1);
    g.sums_a = g.sums_a && g.second;
    g.packed = call->kept ? call->kept : call->scratch;
    g.part_sums = (double *)(void *)((char *)call->scratch + gemm_packed_bytes(&g));
    g.parts = (float *)(void *)(g.part_sums + g.n_parts * g.m);
    g.workers = (char *)call->scratch + gemm_packed_bytes(&g) + gemm_part_bytes(&g);
    if (g.m == 0 || g.n == 0) return;
    bool accumulates = g.accumulates;
    lac_pool *pool = (double)g.m * (double)g.n * (double)g.k < SERIAL_BELOW ? NULL : call->pool;
    for (g.j0 = 0; g.j0 < g.n; g.j0 += g.round_n)
        for (g.k0 = 0; g.k0 == 0 || g.k0 < g.k; g.k0 += g.round_k) {
            g.cols = at_most(g.round_n, g.n - g.j0);
            g.depth = at_most(g.round_k, g.k - g.k0);
            g.b_step = g.packs_b ? NR : g.ldb;
            g.panel_step = g.packs_b ? NR * g.depth : NR;
            bool is_last = g.k0 + g.depth == g.k;
            g.bias = is_last ? in_f32(call, 2) : NULL;
            g.residual = is_last ? in_f32(call, 3) : NULL;
            g.accumulates = accumulates || g.k0 > 0;
            g.sum_continues = g.accumulates;
            if (!call->is_kept) gemm_pack_b(&g, pool);
            lac_parallel(pool, (size_t)(g.n_m * over(g.cols, g.nt) * g.n_parts), gemm_task, &g);
            if (g.n_parts > 1) gemm_add_parts(&g, pool);
        }
}
