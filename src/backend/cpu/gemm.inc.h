/* backend/cpu/gemm.inc.h - the matrix product (BLIS scheme, Van Zee and van de Geijn 2015) with its epilogues.
 * Part of a kernel set: see kernels.inc.h.
 *
 * B is packed into panels of NR columns: once for all threads, and kept while it is a weight that does not change; or,
 * where it outgrows L2 and is not kept, by each task for its own columns. A task computes one mt x nt tile of C: it
 * runs the register tile over its rows, a depth block at a time. Partial sums of a tile wait in the task's own memory,
 * so epilogues see the whole sum and C is written once. A GELU is applied when the whole tile is summed, row by row:
 * what it reads and writes then lies in long runs, which the hardware fetches by itself. A is read in place where its
 * rows run along the depth; else it may be packed per task and depth block.
 *
 * Weight gradients (trans_a: small C, depth = rows of the batch) differ: a narrow A or B is read in place, and where
 * tiles are few the depth is cut into parts, each summed by its own tasks and then added in order; a B too large to
 * pack whole is taken in rounds. docs/kernels.md has the rules and the numbers. */

#include "backend/cpu/gemm_plan.inc.h"

#include "backend/cpu/gemm_pack.inc.h"
#include "backend/cpu/gemm_panel.inc.h"

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
    float *a = (float *)(void *)(g.workers + (size_t)worker * g.worker_bytes), *partial = a + g.partial_at;
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
        const float *block = b + j / NR * g.panel_step + k * g.b_step;
        idx panel_step = g.panel_step;
        if (g.packs_stripe) {
            gemm_pack_stripe(&g, j, n, k, depth, a + g.stripe_at);
            block = a + g.stripe_at;
            panel_step = NR * depth;
        }
        if (sums_a) gemm_sum_a(&g, i, m, g.k0 + k, depth, sums);
        for (idx v = 0; v < n; v += NR) {
            idx cols = at_most(NR, n - v);
            panel p = {block + v / NR * panel_step, g.b_step, over(cols, VL), depth};
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
    if (call->kept) g.packs_stripe = false; /* what stays packed is packed once, by all threads */
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
            if (!call->is_kept && !g.packs_stripe) gemm_pack_b(&g, pool);
            lac_parallel(pool, (size_t)(g.n_m * over(g.cols, g.nt) * g.n_parts), gemm_task, &g);
            if (g.n_parts > 1) gemm_add_parts(&g, pool);
        }
}
