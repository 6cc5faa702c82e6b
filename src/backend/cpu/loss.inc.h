/* backend/cpu/loss.inc.h - weighted mean squared and mean absolute error of rows, and their gradients.
 * Part of a kernel set: see kernels.inc.h.
 *
 * A row's sum is in float32 over P values; rows are added in double: within a fixed block, then the blocks in order. */

enum { LOSS_ROWS = 64 };

typedef struct loss {
    const float *p, *t, *w;
    float *dp;
    double *sums;
    idx rows, d;
    float factor; /* of the gradient: dloss norm / P */
    bool squared;
} loss;

static void loss_task(void *context, size_t task, int worker) {
    const loss *g = context;
    (void)worker;
    double total = 0;
    for (idx r = (idx)task * LOSS_ROWS, end = at_most(g->rows, r + LOSS_ROWS); r < end; r++) {
        const float *p = g->p + r * g->d, *t = g->t + r * g->d;
        vf s = v_set1(0.0f);
        for (idx j = 0; j < g->d; j += VL) {
            idx n = at_most(VL, g->d - j);
            vf e = n == VL ? (vf)(v_load(p + j) - v_load(t + j)) : (vf)(v_load_n(p + j, n) - v_load_n(t + j, n));
            s = g->squared ? v_fma(e, e, s) : (vf)(s + v_abs(e));
        }
        total += (double)g->w[r] * ((double)v_sum(s) / (double)g->d);
    }
    g->sums[task] = total;
}

static size_t loss_scratch(const lac_call *call, int n_threads) {
    (void)n_threads;
    return (size_t)over(rows_of(&call->in[0]), LOSS_ROWS) * sizeof(double);
}

static void loss_run(const lac_call *call, bool squared) {
    loss g = {.p = in_f32(call, 0), .t = in_f32(call, 1), .w = in_f32(call, 2), .squared = squared};
    g.rows = rows_of(&call->in[0]);
    g.d = last_of(&call->in[0]);
    g.sums = call->scratch;
    idx n = over(g.rows, LOSS_ROWS);
    lac_parallel(call->pool, (size_t)n, loss_task, &g);
    double total = 0;
    for (idx i = 0; i < n; i++)
        total += g.sums[i];
    out_f32(call, 0)[0] = (float)(total * (double)in_f32(call, 3)[0]);
}

static void loss_grad_task(void *context, size_t task, int worker) {
    const loss *g = context;
    (void)worker;
    for (idx r = (idx)task * LOSS_ROWS, end = at_most(g->rows, r + LOSS_ROWS); r < end; r++) {
        const float *p = g->p + r * g->d, *t = g->t + r * g->d;
        float *dp = g->dp + r * g->d, f = g->factor * g->w[r];
        if (g->squared)
            for (idx j = 0; j < g->d; j++)
                dp[j] = 2 * f * (p[j] - t[j]);
        else
            for (idx j = 0; j < g->d; j++) {
                float e = p[j] - t[j];
                dp[j] = e > 0 ? f : (e < 0 ? -f : e * f); /* a NaN stays one */
            }
    }
}

static void loss_grad_run(const lac_call *call, bool squared) {
    loss g = {.p = in_f32(call, 1), .t = in_f32(call, 2), .w = in_f32(call, 3), .squared = squared};
    g.dp = out_f32(call, 0);
    g.rows = rows_of(&call->in[1]);
    g.d = last_of(&call->in[1]);
    g.factor = (float)((double)in_f32(call, 0)[0] * (double)in_f32(call, 4)[0] / (double)g.d);
    lac_parallel(call->pool, (size_t)over(g.rows, LOSS_ROWS), loss_grad_task, &g);
}

static void l2_run(const lac_call *call) {
    loss_run(call, true);
}
static void l1_run(const lac_call *call) {
    loss_run(call, false);
}
static void l2_grad_run(const lac_call *call) {
    loss_grad_run(call, true);
}
static void l1_grad_run(const lac_call *call) {
    loss_grad_run(call, false);
}
