/* backend/cpu/gemm_plan.inc.h - how a matrix product is cut: depth blocks, tiles, parts, stripes, and the memory for
 * them. Part of a kernel set: see kernels.inc.h. Everything a bit depends on follows from shapes alone, never from
 * threads. */

_Static_assert(MR <= VL, "packing A writes one vector a depth");

enum {
    MT = 48,               /* most rows of a tile: a multiple of every MR */
    MT_PACKED = 96,        /* the same where A is packed, which several tiles pay for unless they are large */
    NT_MAX = 768,          /* columns of a tile: partial sums, MT x NT_MAX, are 144 KB of L2 */
    STRIPE_MAX = 1 << 18,  /* values of B under a tile: 1 MB stays in L2 from one row tile to the next */
    NT_MIN = 96,           /* below this, packing A for each tile costs more than 4 % */
    PACK_MAX = 4 << 20,    /* values of B packed at once: 16 MB */
    TASKS_A_THREAD = 4,    /* tiles shrink until there are so many: no bit depends on it */
    TASKS_WANTED = 16,     /* the depth is cut until there are so many, whatever the number of threads */
    PART_MIN = 512,        /* depth of a part */
    IN_PLACE_N = 192,      /* columns of a B read in place: a depth block spans at most the 64 pages of an L1 TLB */
    AHEAD = 8,             /* rows of A fetched early while packing: their distance defeats the hardware's prefetcher */
    PACK_ROWS = 64,        /* depth of a packing task: one page of each row stays in the TLB */
    ADD_CHUNK = 8192,      /* values of C per task that adds parts */
    STRIPE_ROWS = 768,     /* of A at most, where a task packs a stripe of B for itself: more rows need more tasks */
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
    bool packs_a, packs_b, is_kept;
    bool by_rows;        /* tasks go along the rows of tiles: see BY_ROWS_MAX */
    bool by_stripes;     /* a task packs the columns of B that it alone reads, and goes through all rows */
    idx kc, mt, nt, n_m; /* depth block, tile, row tiles */
    idx n_stripes;
    idx n_parts, part_k;     /* parts of the depth that are summed separately */
    idx round_k, round_n;    /* depth and columns of B packed at once */
    idx k0, depth, j0, cols; /* this round */
    idx b_step, panel_step;  /* of B: from one depth to the next, from one panel to the next */
} gemm;

static idx gemm_stripe_values(const gemm *g) {
    return up_to(g->round_k * g->nt, 16);
}

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
    idx rows = g.trans_a ? MT_PACKED : MT;
    idx stripe = g.trans_a ? NT_MAX : at_most(NT_MAX, at_least(NT_MIN, STRIPE_MAX / at_least(1, g.k) / NR * NR));
    g.nt = up_to(over(n, over(n, stripe)), NR);
    if (over(m, rows) * over(n, g.nt) * g.n_parts < wanted) rows = MT;
    while (over(m, rows) * over(n, g.nt) * g.n_parts < wanted && g.nt > NT_MIN)
        g.nt = up_to(over(g.nt, 2), NR);
    g.n_m = over(m, rows);
    g.mt = over(over(m, MR), g.n_m) * MR;

    g.packs_a = g.trans_a;
    g.packs_b = g.trans_b || g.m >= 1024 || g.n > IN_PLACE_N || g.n % VL != 0;
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
    g.is_kept = call->kept != NULL;
    g.by_stripes = !g.trans_a && g.packs_b && !g.is_kept && g.n_parts == 1 && m <= STRIPE_ROWS && n >= 16 * NR &&
                   g.k * n > BY_ROWS_MAX;
    if (g.by_stripes) {
        idx panels = over(n, NR);
        g.round_k = g.k;
        g.round_n = panels * NR;
        g.n_stripes = at_least(over(n, stripe), wanted / 2);
        g.n_stripes = at_most(panels, up_to(g.n_stripes, lac_pool_size(call->pool)));
        g.nt = over(panels, g.n_stripes) * NR;
    }
    g.part_k = up_to(over(g.k, g.n_parts), g.kc);
    g.n_parts = at_least(1, over(g.k, at_least(1, g.part_k)));
    size_t values = (size_t)(g.mt * g.kc + 3 * MT_PACKED);
    if (at_most(g.part_k, g.round_k) > g.kc || g.finishes_late) values += (size_t)(g.mt * up_to(g.nt, NR));
    if (g.by_stripes) values += (size_t)gemm_stripe_values(&g);
    g.worker_bytes = (values * sizeof(float) + 63) / 64 * 64;
    return g;
}

static size_t gemm_packed_bytes(const gemm *g) {
    if (!g->packs_b || g->by_stripes || g->is_kept) return 0;
    return ((size_t)g->round_k * (size_t)g->round_n * sizeof(float) + 63) / 64 * 64;
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
    idx values = g.k * up_to(g.n, NR);
    return (fixed & 2u) && g.packs_b && values <= PACK_MAX ? (size_t)values * sizeof(float) : 0;
}
