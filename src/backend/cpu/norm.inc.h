/* backend/cpu/norm.inc.h - layer norm (arXiv 1607.06450), its gradient, and rows normalised without parameters.
 * Part of a kernel set: see kernels.inc.h.
 *
 * Rows are independent. Gradients of gamma and beta: each fixed block of rows leaves its partial sums in scratch, then
 * these are added in the order of the blocks. */

enum { NORM_BLOCKS = 64 };

typedef struct norm {
    const float *x, *gamma, *beta, *mean, *rstd, *dy, *residual;
    float *y, *out_mean, *out_rstd, *partial, *dgamma, *dbeta;
    idx rows, d, per_task, n_blocks;
    float eps;
    bool unbiased, accumulates;
} norm;

static float row_sum(const float *x, idx d) {
    vf s = v_set1(0.0f), t = s;
    idx j = 0;
    for (; j + 2 * VL <= d; j += 2 * VL) {
        s = s + v_load(x + j);
        t = t + v_load(x + j + VL);
    }
    for (; j + VL <= d; j += VL)
        s = s + v_load(x + j);
    if (j < d) t = t + v_load_n(x + j, d - j);
    return v_sum(s + t);
}

/* Sum of squared deviations from the mean */
static float row_squares(const float *x, idx d, float mean) {
    vf m = v_set1(mean), s = v_set1(0.0f), t = s;
    idx j = 0;
    for (; j + 2 * VL <= d; j += 2 * VL) {
        vf u = v_load(x + j) - m, w = v_load(x + j + VL) - m;
        s = v_fma(u, u, s);
        t = v_fma(w, w, t);
    }
    for (; j < d; j += VL) {
        idx n = at_most(VL, d - j);
        vf u = n == VL ? (vf)(v_load(x + j) - m) : v_keep_n(v_load_n(x + j, n) - m, n);
        s = v_fma(u, u, s);
    }
    return v_sum(s + t);
}

static void row_affine(const norm *g, const float *x, float *y, float mean, float factor) {
    vf m = v_set1(mean), f = v_set1(factor);
    for (idx j = 0; j < g->d; j += VL) {
        idx n = at_most(VL, g->d - j);
        if (n == VL) {
            vf t = (v_load(x + j) - m) * f;
            if (g->gamma) t = v_fma(t, v_load(g->gamma + j), g->beta ? v_load(g->beta + j) : v_set1(0.0f));
            v_store(y + j, t);
        } else {
            vf t = (v_load_n(x + j, n) - m) * f;
            if (g->gamma) t = v_fma(t, v_load_n(g->gamma + j, n), g->beta ? v_load_n(g->beta + j, n) : v_set1(0.0f));
            v_store_n(y + j, t, n);
        }
    }
}

static void layernorm_task(void *context, size_t task, int worker) {
    const norm *g = context;
    (void)worker;
    for (idx r = (idx)task * g->per_task, end = at_most(g->rows, r + g->per_task); r < end; r++) {
        const float *x = g->x + r * g->d;
        float mean = row_sum(x, g->d) / (float)g->d;
        float rstd = 1.0f / sqrtf(row_squares(x, g->d, mean) / (float)g->d + g->eps);
        row_affine(g, x, g->y + r * g->d, mean, rstd);
        if (g->out_mean) g->out_mean[r] = mean;
        if (g->out_rstd) g->out_rstd[r] = rstd;
    }
}

static void layernorm_run(const lac_call *call) {
    norm g = {.x = in_f32(call, 0), .gamma = in_f32(call, 1), .beta = in_f32(call, 2), .y = out_f32(call, 0)};
    g.out_mean = out_f32(call, 1);
    g.out_rstd = out_f32(call, 2);
    g.rows = rows_of(&call->in[0]);
    g.d = last_of(&call->in[0]);
    g.eps = (float)call->attr.f[0];
    g.per_task = rows_per_task(g.rows, g.d);
    lac_parallel(call->pool, (size_t)over(g.rows, g.per_task), layernorm_task, &g);
}

static void normalize_rows_task(void *context, size_t task, int worker) {
    const norm *g = context;
    (void)worker;
    for (idx r = (idx)task * g->per_task, end = at_most(g->rows, r + g->per_task); r < end; r++) {
        const float *x = g->x + r * g->d;
        float mean = row_sum(x, g->d) / (float)g->d;
        float variance = row_squares(x, g->d, mean) / (float)(g->unbiased ? g->d - 1 : g->d);
        row_affine(g, x, g->y + r * g->d, mean, 1.0f / sqrtf(variance + g->eps));
    }
}

static void normalize_rows_run(const lac_call *call) {
    norm g = {.x = in_f32(call, 0), .y = out_f32(call, 0), .unbiased = call->attr.i[0] != 0};
    g.rows = rows_of(&call->in[0]);
    g.d = last_of(&call->in[0]);
    g.eps = (float)call->attr.f[0];
    g.per_task = rows_per_task(g.rows, g.d);
    lac_parallel(call->pool, (size_t)over(g.rows, g.per_task), normalize_rows_task, &g);
}

/* One vector of a row: t = dy gamma, xhat; sums of t and t xhat, and the columns' partial sums. */
SIMD void norm_grad_vector(const norm *g, const bool whole, const float *x, const float *dy, vf m, vf f, idx j, idx n,
                           vf *sum, vf *sum_x, float *partial) {
    vf d = whole ? v_load(dy + j) : v_load_n(dy + j, n), xv = whole ? v_load(x + j) : v_load_n(x + j, n);
    vf xhat = (xv - m) * f; /* lanes beyond n meet d = 0 */
    vf t = g->gamma ? (vf)(d * (whole ? v_load(g->gamma + j) : v_load_n(g->gamma + j, n))) : d;
    *sum = *sum + t;
    *sum_x = v_fma(t, xhat, *sum_x);
    if (!partial) return;
    float *pg = partial + j, *pb = partial + g->d + j;
    if (whole) {
        v_store(pg, v_fma(d, xhat, v_load(pg)));
        v_store(pb, d + v_load(pb));
    } else {
        v_store_n(pg, v_fma(d, xhat, v_load_n(pg, n)), n);
        v_store_n(pb, d + v_load_n(pb, n), n);
    }
}

static void layernorm_grad_task(void *context, size_t task, int worker) {
    const norm *g = context;
    (void)worker;
    idx d = g->d, tail = d / VL * VL;
    float *partial = g->partial ? g->partial + (idx)task * 2 * d : NULL;
    if (partial)
        for (idx j = 0; j < 2 * d; j++)
            partial[j] = 0.0f;
    for (idx r = (idx)task * g->per_task, end = at_most(g->rows, r + g->per_task); r < end; r++) {
        const float *x = g->x + r * d, *dy = g->dy + r * d, *residual = g->residual ? g->residual + r * d : NULL;
        vf m = v_set1(g->mean[r]), f = v_set1(g->rstd[r]), sum = v_set1(0.0f), sum_x = sum;
        for (idx j = 0; j < tail; j += VL)
            norm_grad_vector(g, true, x, dy, m, f, j, VL, &sum, &sum_x, partial);
        if (tail < d) norm_grad_vector(g, false, x, dy, m, f, tail, d - tail, &sum, &sum_x, partial);
        vf mean = v_set1(v_sum(sum) / (float)d), mean_x = v_set1(v_sum(sum_x) / (float)d);
        for (idx j = 0; j < d; j += VL) {
            idx n = at_most(VL, d - j);
            if (n == VL) {
                vf t = g->gamma ? (vf)(v_load(dy + j) * v_load(g->gamma + j)) : v_load(dy + j);
                t = f * (v_fnma((v_load(x + j) - m) * f, mean_x, t - mean));
                v_store(g->y + r * d + j, residual ? (vf)(t + v_load(residual + j)) : t);
            } else {
                vf t = g->gamma ? (vf)(v_load_n(dy + j, n) * v_load_n(g->gamma + j, n)) : v_load_n(dy + j, n);
                t = f * (v_fnma((v_load_n(x + j, n) - m) * f, mean_x, t - mean));
                v_store_n(g->y + r * d + j, residual ? (vf)(t + v_load_n(residual + j, n)) : t, n);
            }
        }
    }
}

/* to[n] = (accumulates ? to : 0) + sum over blocks, in order, of partial[block step + ...] */
static void add_blocks(float *to, const float *partial, idx n_blocks, idx step, idx n, bool accumulates) {
    for (idx j = 0; j < n; j += VL) {
        idx width = at_most(VL, n - j);
        vf s = v_set1(0.0f);
        for (idx b = 0; b < n_blocks; b++)
            s = s + (width == VL ? v_load(partial + b * step + j) : v_load_n(partial + b * step + j, width));
        if (accumulates) s = s + (width == VL ? v_load(to + j) : v_load_n(to + j, width));
        if (width == VL)
            v_store(to + j, s);
        else
            v_store_n(to + j, s, width);
    }
}

static norm layernorm_grad_plan(const lac_call *call) {
    norm g = {.rows = rows_of(&call->in[1]), .d = last_of(&call->in[1])};
    g.n_blocks = at_least(1, at_most(NORM_BLOCKS, over(g.rows, 16)));
    g.per_task = at_least(1, over(g.rows, g.n_blocks));
    g.n_blocks = over(g.rows, g.per_task);
    return g;
}

static size_t layernorm_grad_scratch(const lac_call *call, int n_threads) {
    (void)n_threads;
    norm g = layernorm_grad_plan(call);
    return (size_t)(g.n_blocks * 2 * g.d) * sizeof(float);
}

static void layernorm_grad_run(const lac_call *call) {
    norm g = layernorm_grad_plan(call);
    g.dy = in_f32(call, 0);
    g.x = in_f32(call, 1);
    g.gamma = in_f32(call, 2);
    g.mean = in_f32(call, 3);
    g.rstd = in_f32(call, 4);
    g.residual = in_f32(call, 5);
    g.y = out_f32(call, 0);
    g.dgamma = out_f32(call, 1);
    g.dbeta = out_f32(call, 2);
    g.partial = g.dgamma || g.dbeta ? call->scratch : NULL;
    lac_parallel(call->pool, (size_t)g.n_blocks, layernorm_grad_task, &g);
    bool accumulates = call->attr.i[0] != 0;
    if (g.dgamma) add_blocks(g.dgamma, g.partial, g.n_blocks, 2 * g.d, g.d, accumulates);
    if (g.dbeta) add_blocks(g.dbeta, g.partial + g.d, g.n_blocks, 2 * g.d, g.d, accumulates);
}
