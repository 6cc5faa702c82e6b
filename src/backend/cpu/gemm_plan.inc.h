/* backend/cpu/gemm_plan.inc.h - how a matrix product is cut into tasks, and the memory they need. Part of gemm.inc.h.
 *
 * All cuts of the depth follow from the shape, so bits do not depend on the number of threads; tiles follow both. The
 * rules and their numbers are in docs/kernels.md. */

_Static_assert(MR <= VL, "packing A writes one vector a depth");

enum {
    MT = 48,               /* most rows of a tile: a multiple of every MR */
    MT_GRADIENT = 96,      /* the same of a weight gradient, whose tiles each read all of B or pack A */
    NT_MAX = 768,          /* columns of a tile: partial sums, MT x NT_MAX, are 144 KB of L2 */
    NT_MIN = 96,           /* below this, packing A for each tile costs more than 4 % */
    STRIPE_NT = 96,        /* columns of B that a task packs for itself: see packs_stripe */
    STRIPE_FROM = 1 << 18, /* values of a B of which tasks pack stripes; a smaller one (1 MB) stays in L2 */
    PACK_MAX = 4 << 20,    /* values of B packed at once: 16 MB */
    TASKS_A_THREAD = 4,    /* tiles shrink until there are so many: no bit depends on it */
    TASKS_WANTED = 16,     /* the depth is cut until there are so many, whatever the number of threads */
    PART_MIN = 512,        /* depth of a part */
    IN_PLACE_N = 192,      /* columns of a B read in place: a depth block spans at most the 64 pages of an L1 TLB */
    FEW = 192,             /* columns of a weight gradient with which A, rows with which B is not worth packing */
    AHEAD = 8,             /* rows of A fetched early while packing: their distance defeats the hardware's prefetcher */
    PACK_ROWS = 64,        /* depth of a packing task: one page of each row stays in the TLB */
    ADD_CHUNK = 8192,      /* values of C per task that adds parts */
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
    /* Where B outgrows L2, a task has as many rows of C as keep A's depth block there, and packs its own columns of B
     * once for all of them: B is read from memory once, and never written back. */
    bool packs_stripe;
    bool by_rows;              /* tasks go along the rows of tiles: a thread goes through its own rows of C */
    idx kc, mt, nt, n_m;       /* depth block, tile, row tiles */
    idx stripe_at, partial_at; /* of a worker's memory, which begins with packed rows of A */
    idx n_parts, part_k;       /* parts of the depth that are summed separately */
    idx round_k, round_n;      /* depth and columns of B packed at once */
    idx k0, depth, j0, cols;   /* this round */
    idx b_step, panel_step;    /* of B: from one depth to the next, from one panel to the next */
} gemm;

/* Tasks that pack a stripe of B each. Rows are halved until there are enough. */
static void gemm_cut_stripes(gemm *g, idx m, idx n, idx wanted) {
    idx rows = STRIPE_ROWS;
    g->packs_stripe = g->packs_b = true;
    g->nt = up_to(over(n, over(n, STRIPE_NT)), NR);
    while (over(m, rows) * over(n, g->nt) < wanted && rows > MT)
        rows /= 2;
    g->n_m = over(m, rows);
}

static void gemm_cut_tiles(gemm *g, idx m, idx n, idx wanted) {
    idx nt = up_to(over(n, over(n, NT_MAX)), NR), n_m = over(m, MT);
    while (n_m * over(n, nt) < TASKS_WANTED && nt > 2 * NT_MIN)
        nt = up_to(over(nt, 2), NR);
    while (!g->finishes_late && n_m * over(n, nt) * g->n_parts < TASKS_WANTED && g->k / (2 * g->n_parts) >= PART_MIN)
        g->n_parts *= 2; /* which must not follow the threads, as tiles may */

    idx rows = g->trans_a ? MT_GRADIENT : MT;
    g->nt = up_to(over(n, over(n, NT_MAX)), NR);
    if (over(m, rows) * over(n, g->nt) * g->n_parts < wanted) rows = MT;
    while (over(m, rows) * over(n, g->nt) * g->n_parts < wanted && g->nt > NT_MIN)
        g->nt = up_to(over(g->nt, 2), NR);
    g->n_m = over(m, rows);

    g->packs_a = g->trans_a && g->n > FEW;
    idx most_in_place = g->trans_a && g->m <= FEW ? NT_MAX : IN_PLACE_N;
    g->packs_b = g->trans_b || g->m >= 1024 || g->n > most_in_place || g->n % VL != 0;
    g->by_rows = !g->trans_a;
    if (g->packs_b && g->round_k * g->round_n > PACK_MAX) {
        if (!g->finishes_late && g->k > g->n) {
            g->round_k = at_least(1, PACK_MAX / g->round_n / g->kc) * g->kc;
            g->n_parts = 1;
        } else {
            g->round_n = at_least(1, PACK_MAX / g->round_k / g->nt) * g->nt;
        }
    }
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
    g.finishes_late = g.gelu || g.dgelu;

    idx m = at_least(g.m, 1), n = at_least(g.n, 1), k = at_least(g.k, 1);
    idx wanted = TASKS_A_THREAD * lac_pool_size(call->pool);
    bool has_stripes = !g.trans_a && k * n > STRIPE_FROM;
    g.kc = up_to(over(k, over(k, has_stripes ? STRIPE_KC : KC_MAX)), 4);
    g.n_parts = 1;
    g.round_k = k;
    g.round_n = up_to(n, NR);
    if (has_stripes)
        gemm_cut_stripes(&g, m, n, wanted);
    else
        gemm_cut_tiles(&g, m, n, wanted);
    g.mt = over(over(m, MR), g.n_m) * MR;
    g.part_k = up_to(over(g.k, g.n_parts), g.kc);
    g.n_parts = at_least(1, over(g.k, at_least(1, g.part_k)));

    g.stripe_at = (g.packs_a ? g.mt : MR) * g.kc + 3 * MT_GRADIENT;
    g.partial_at = g.stripe_at + (g.packs_stripe ? g.nt * g.kc : 0);
    size_t values = (size_t)g.partial_at;
    if (at_most(g.part_k, g.round_k) > g.kc || g.finishes_late) values += (size_t)(g.mt * up_to(g.nt, NR));
    g.worker_bytes = (values * sizeof(float) + 63) / 64 * 64;
    return g;
}

/* B packed, what one round takes of it */
static size_t gemm_round_bytes(const gemm *g) {
    return g->packs_b ? ((size_t)g->round_k * (size_t)g->round_n * sizeof(float) + 63) / 64 * 64 : 0;
}

static size_t gemm_packed_bytes(const gemm *g) {
    return g->packs_stripe ? 0 : gemm_round_bytes(g);
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

/* A packed B, where one round takes all of it. */
static size_t gemm_keeps(const lac_call *call, unsigned fixed) {
    gemm g = gemm_plan(call);
    bool is_whole = g.round_k >= g.k && g.round_n >= g.n;
    return (fixed & 2u) && is_whole ? gemm_round_bytes(&g) : 0;
}
