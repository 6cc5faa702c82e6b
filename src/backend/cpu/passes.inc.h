/* backend/cpu/passes.inc.h - passes over whole arrays that are not ops: AdamW, the sum of squares, the moving average,
 * and the probe of the peak. Part of a kernel set: see kernels.inc.h. */

enum { PASS_CHUNK = 32768, SQUARE_BLOCKS = 256, SQUARE_LANES = 16 };

typedef struct adamw_pass {
    float *w, *m, *v;
    const float *g;
    size_t n;
    float keep, beta1, rest1, beta2, rest2, rate, correction, eps, grad_scale;
} adamw_pass;

/* w = keep w - rate m / (sqrt(correction v) + eps), with rate = lr / (1 - beta1^t), correction = 1 / (1 - beta2^t) */
SIMD vf adamw_vector(const adamw_pass *s, vf w, vf g, vf *m, vf *v) {
    g = g * v_set1(s->grad_scale);
    *m = v_fma(*m, v_set1(s->beta1), g * v_set1(s->rest1));
    *v = v_fma(*v, v_set1(s->beta2), g * g * v_set1(s->rest2));
    vf under = v_sqrt(*v * v_set1(s->correction)) + v_set1(s->eps);
    return v_fnma(v_set1(s->rate), *m / under, w * v_set1(s->keep));
}

static void adamw_task(void *context, size_t task, int worker) {
    const adamw_pass *s = context;
    (void)worker;
    idx i = (idx)task * PASS_CHUNK, end = at_most((idx)s->n, i + PASS_CHUNK);
    for (; i + VL <= end; i += VL) {
        vf m = v_load(s->m + i), v = v_load(s->v + i);
        v_store(s->w + i, adamw_vector(s, v_load(s->w + i), v_load(s->g + i), &m, &v));
        v_store(s->m + i, m);
        v_store(s->v + i, v);
    }
    if (i < end) {
        idx n = end - i;
        vf m = v_load_n(s->m + i, n), v = v_load_n(s->v + i, n);
        v_store_n(s->w + i, adamw_vector(s, v_load_n(s->w + i, n), v_load_n(s->g + i, n), &m, &v), n);
        v_store_n(s->m + i, m, n);
        v_store_n(s->v + i, v, n);
    }
}

static void adamw(lac_pool *pool, const lac_adamw *step, size_t n, float *w, const float *g, float *m, float *v) {
    double t = (double)step->t;
    adamw_pass s = {.w = w, .m = m, .v = v, .g = g, .n = n};
    s.keep = (float)(1 - step->lr * step->decay);
    s.beta1 = (float)step->beta1;
    s.rest1 = (float)(1 - step->beta1);
    s.beta2 = (float)step->beta2;
    s.rest2 = (float)(1 - step->beta2);
    s.rate = (float)(step->lr / (1 - pow(step->beta1, t)));
    s.correction = (float)(1 / (1 - pow(step->beta2, t)));
    s.eps = (float)step->eps;
    s.grad_scale = (float)step->grad_scale;
    lac_parallel(pool, (n + PASS_CHUNK - 1) / PASS_CHUNK, adamw_task, &s);
}

typedef struct squares_pass {
    const float *x;
    idx n, block;
    double sum[SQUARE_BLOCKS];
} squares_pass;

static void squares_task(void *context, size_t task, int worker) {
    squares_pass *s = context;
    (void)worker;
    idx i = (idx)task * s->block, end = at_most(s->n, i + s->block);
    double lane[SQUARE_LANES] = {0}, total = 0; /* the same lanes for every instruction set */
    for (; i + SQUARE_LANES <= end; i += SQUARE_LANES)
        for (int j = 0; j < SQUARE_LANES; j++)
            lane[j] += (double)s->x[i + j] * (double)s->x[i + j];
    for (int j = 0; j < SQUARE_LANES; j++)
        total += lane[j];
    for (; i < end; i++)
        total += (double)s->x[i] * (double)s->x[i];
    s->sum[task] = total;
}

static double sum_squares(lac_pool *pool, size_t n, const float *x) {
    squares_pass s = {.x = x, .n = (idx)n};
    s.block = at_least(4096, up_to(over(s.n, SQUARE_BLOCKS), SQUARE_LANES));
    idx n_blocks = over(s.n, s.block);
    lac_parallel(pool, (size_t)n_blocks, squares_task, &s);
    double total = 0;
    for (idx i = 0; i < n_blocks; i++)
        total += s.sum[i];
    return total;
}

typedef struct ema_pass {
    float *average;
    const float *x;
    size_t n;
    float decay, rest;
} ema_pass;

static void ema_task(void *context, size_t task, int worker) {
    const ema_pass *s = context;
    (void)worker;
    for (idx i = (idx)task * PASS_CHUNK, end = at_most((idx)s->n, i + PASS_CHUNK); i < end; i++)
        s->average[i] = s->decay * s->average[i] + s->rest * s->x[i];
}

static void ema(lac_pool *pool, double decay, size_t n, float *average, const float *x) {
    ema_pass s = {.average = average, .x = x, .n = n, .decay = (float)decay, .rest = (float)(1 - decay)};
    lac_parallel(pool, (n + PASS_CHUNK - 1) / PASS_CHUNK, ema_task, &s);
}

/* Independent chains, as many as the register tile has: enough to cover the latency of a multiply-add. */
enum { PROBE_CHAINS = MR * NV, PROBE_STEPS = 1 << 16 };
_Static_assert((int)PROBE_CHAINS <= (int)UNROLLED, "the chains must stay in registers");

typedef struct probe {
    float sink[64]; /* by worker: the sums are used, so they are computed */
    int64_t steps;
} probe;

static void probe_task(void *context, size_t task, int worker) {
    probe *s = context;
    vf x[PROBE_CHAINS], scale = v_set1(0.999999f), shift = v_set1(1e-6f);
    UNROLL
    for (int i = 0; i < PROBE_CHAINS; i++)
        x[i] = v_set1((float)(i + 1) + (float)task);
    for (int64_t n = 0; n < s->steps; n++) {
        UNROLL
        for (int i = 0; i < PROBE_CHAINS; i++)
            x[i] = v_fma(x[i], scale, shift);
    }
    for (int i = 1; i < PROBE_CHAINS; i++)
        x[0] = x[0] + x[i];
    s->sink[worker % 64] = v_sum(x[0]);
}

static double peak_flops(lac_pool *pool, double seconds) {
    double best = 0, start = lac_clock_s(), now = start;
    probe s = {.steps = PROBE_STEPS};
    int n_threads = lac_pool_size(pool);
    do {
        double before = now;
        lac_parallel(pool, (size_t)n_threads, probe_task, &s);
        now = lac_clock_s();
        double flops = 2.0 * VL * PROBE_CHAINS * (double)s.steps * n_threads;
        if (now > before && flops / (now - before) > best) best = flops / (now - before);
    } while (now - start < seconds);
    return best;
}
