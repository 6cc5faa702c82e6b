/* backend/cpu/smooth.inc.h - the smooth absolute error of rows and its gradient. Part of a kernel set: see
 * kernels.inc.h.
 *
 * As in loss.inc.h: a row's sum is in float32 over P values; rows are added in double, within a fixed block and then
 * the blocks in order. */

typedef struct smooth {
    const float *p, *t, *w;
    float *dp;
    double *sums;
    idx rows, d;
    float beta, factor; /* factor: of the gradient, dloss norm / P */
} smooth;

static void smooth_task(void *context, size_t task, int worker) {
    const smooth *g = context;
    (void)worker;
    vf beta = v_set1(g->beta), half = v_set1(0.5f * g->beta), square = v_set1(0.5f / g->beta);
    double total = 0;
    for (idx r = (idx)task * LOSS_ROWS, end = at_most(g->rows, r + LOSS_ROWS); r < end; r++) {
        const float *p = g->p + r * g->d, *t = g->t + r * g->d;
        vf s = v_set1(0.0f);
        for (idx j = 0; j < g->d; j += VL) {
            idx n = at_most(VL, g->d - j);
            vf e = n == VL ? (vf)(v_load(p + j) - v_load(t + j)) : (vf)(v_load_n(p + j, n) - v_load_n(t + j, n));
            e = v_abs(e);
            vf far = e - half;
            if (n < VL) far = v_keep_n(far, n);
            s = s + v_select(v_less(e, beta), (vf)(square * e * e), far);
        }
        total += (double)g->w[r] * ((double)v_sum(s) / (double)g->d);
    }
    g->sums[task] = total;
}

static void smooth_run(const lac_call *call) {
    smooth g = {.p = in_f32(call, 0), .t = in_f32(call, 1), .w = in_f32(call, 2)};
    g.rows = rows_of(&call->in[0]);
    g.d = last_of(&call->in[0]);
    g.beta = (float)call->attr.f[0];
    g.sums = call->scratch;
    idx n = over(g.rows, LOSS_ROWS);
    lac_parallel(call->pool, (size_t)n, smooth_task, &g);
    double total = 0;
    for (idx i = 0; i < n; i++)
        total += g.sums[i];
    out_f32(call, 0)[0] = (float)(total * (double)in_f32(call, 3)[0]);
}

static void smooth_grad_task(void *context, size_t task, int worker) {
    const smooth *g = context;
    (void)worker;
    float slope = 1.0f / g->beta;
    for (idx r = (idx)task * LOSS_ROWS, end = at_most(g->rows, r + LOSS_ROWS); r < end; r++) {
        const float *p = g->p + r * g->d, *t = g->t + r * g->d;
        float *dp = g->dp + r * g->d, f = g->factor * g->w[r];
        for (idx j = 0; j < g->d; j++) {
            float e = (p[j] - t[j]) * slope; /* clipped to -1..1; a NaN stays one */
            e = e > 1.0f ? 1.0f : e;
            dp[j] = f * (e < -1.0f ? -1.0f : e);
        }
    }
}

static void smooth_grad_run(const lac_call *call) {
    smooth g = {.p = in_f32(call, 1), .t = in_f32(call, 2), .w = in_f32(call, 3), .dp = out_f32(call, 0)};
    g.rows = rows_of(&call->in[1]);
    g.d = last_of(&call->in[1]);
    g.beta = (float)call->attr.f[0];
    g.factor = (float)((double)in_f32(call, 0)[0] * (double)in_f32(call, 4)[0] / (double)g.d);
    lac_parallel(call->pool, (size_t)over(g.rows, LOSS_ROWS), smooth_grad_task, &g);
}
