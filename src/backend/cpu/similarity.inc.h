/* backend/cpu/similarity.inc.h - rows of length 1, and InfoNCE with its gradients. Part of a kernel set: see
 * kernels.inc.h.
 *
 * One task makes up to SIM_ROWS rows of one sample's N x N matrix and forgets them: the backward computes them again
 * from the kept log-sums, by rows for z and by columns for t, so no two tasks write the same row and no order depends
 * on the number of threads. Rows' losses are added in double, within a task and then over tasks in order. */

enum { SIM_ROWS = 16 };

typedef struct similarity {
    const float *x, *z, *t, *w, *lse;
    float *y, *out_lse, *factors, *dz, *dt, *rows;
    double *sums;
    idx n, d, n_rows, blocks;
    float inverse, factor, eps;
} similarity;

static float row_dot(const float *a, const float *b, idx d) {
    vf s = v_set1(0.0f), u = s;
    idx j = 0;
    for (; j + 2 * VL <= d; j += 2 * VL) {
        s = v_fma(v_load(a + j), v_load(b + j), s);
        u = v_fma(v_load(a + j + VL), v_load(b + j + VL), u);
    }
    for (; j + VL <= d; j += VL)
        s = v_fma(v_load(a + j), v_load(b + j), s);
    if (j < d) u = v_fma(v_load_n(a + j, d - j), v_load_n(b + j, d - j), u);
    return v_sum(s + u);
}

/* y += f x */
static void row_add(float *y, const float *x, float f, idx d) {
    vf v = v_set1(f);
    idx j = 0;
    for (; j + VL <= d; j += VL)
        v_store(y + j, v_fma(v, v_load(x + j), v_load(y + j)));
    if (j < d) v_store_n(y + j, v_fma(v, v_load_n(x + j, d - j), v_load_n(y + j, d - j)), d - j);
}

/* y = f x */
static void row_scale(float *y, const float *x, float f, idx d) {
    vf v = v_set1(f);
    idx j = 0;
    for (; j + VL <= d; j += VL)
        v_store(y + j, v * v_load(x + j));
    if (j < d) v_store_n(y + j, v * v_load_n(x + j, d - j), d - j);
}

/* x[n] = e^(x f - shift), and the sum; exponents below -80 count as that. */
static float row_exp(float *x, float f, float shift, idx n) {
    vf s = v_set1(0.0f), a = v_set1(f), b = v_set1(shift);
    for (idx j = 0; j < n; j += VL) {
        idx k = at_most(VL, n - j);
        vf e = v_fma(k == VL ? v_load(x + j) : v_load_n(x + j, k), a, v_set1(0.0f)) - b;
        v_exp_n(1, &e);
        if (k < VL) e = v_keep_n(e, k);
        s = s + e;
        if (k == VL)
            v_store(x + j, e);
        else
            v_store_n(x + j, e, k);
    }
    return v_sum(s);
}

static float row_highest(const float *x, idx n) {
    float highest = x[0];
    for (idx j = 1; j < n; j++)
        highest = x[j] > highest || x[j] != x[j] ? x[j] : highest;
    return highest;
}

static void unit_rows_task(void *context, size_t task, int worker) {
    const similarity *g = context;
    (void)worker;
    for (idx r = (idx)task * g->blocks, end = at_most(g->n_rows, r + g->blocks); r < end; r++) {
        float length = sqrtf(row_dot(g->x + r * g->d, g->x + r * g->d, g->d));
        float factor = 1.0f / (length < g->eps ? g->eps : length);
        row_scale(g->y + r * g->d, g->x + r * g->d, factor, g->d);
        g->factors[r] = factor;
    }
}

static void unit_rows_run(const lac_call *call) {
    similarity g = {.x = in_f32(call, 0), .y = out_f32(call, 0), .factors = out_f32(call, 1)};
    g.n_rows = rows_of(&call->in[0]);
    g.d = last_of(&call->in[0]);
    g.eps = (float)call->attr.f[0];
    g.blocks = rows_per_task(g.n_rows, g.d);
    lac_parallel(call->pool, (size_t)over(g.n_rows, g.blocks), unit_rows_task, &g);
}

static void unit_rows_grad_task(void *context, size_t task, int worker) {
    const similarity *g = context;
    (void)worker;
    for (idx r = (idx)task * g->blocks, end = at_most(g->n_rows, r + g->blocks); r < end; r++) {
        const float *dy = g->x + r * g->d, *y = g->z + r * g->d;
        float inner = row_dot(dy, y, g->d), s = g->lse[r];
        row_scale(g->dz + r * g->d, dy, s, g->d);
        row_add(g->dz + r * g->d, y, -s * inner, g->d);
    }
}

static void unit_rows_grad_run(const lac_call *call) {
    similarity g = {.x = in_f32(call, 0), .z = in_f32(call, 1), .lse = in_f32(call, 2), .dz = out_f32(call, 0)};
    g.n_rows = rows_of(&call->in[1]);
    g.d = last_of(&call->in[1]);
    g.blocks = rows_per_task(g.n_rows, g.d);
    lac_parallel(call->pool, (size_t)over(g.n_rows, g.blocks), unit_rows_grad_task, &g);
}

/* ---- InfoNCE ---- */

static void infonce_task(void *context, size_t task, int worker) {
    const similarity *g = context;
    idx b = (idx)task / g->blocks, first = (idx)task % g->blocks * SIM_ROWS;
    const float *z = g->z + b * g->n * g->d, *t = g->t + b * g->n * g->d;
    float *s = g->rows + worker * g->n;
    double total = 0;
    for (idx i = first; i < at_most(g->n, first + SIM_ROWS); i++) {
        for (idx j = 0; j < g->n; j++)
            s[j] = row_dot(z + i * g->d, t + j * g->d, g->d);
        float own = s[i] * g->inverse, highest = row_highest(s, g->n) * g->inverse;
        double lse = (double)highest + log((double)row_exp(s, g->inverse, highest, g->n));
        g->out_lse[b * g->n + i] = (float)lse;
        total += (double)g->w[b * g->n + i] * (lse - (double)own);
    }
    g->sums[task] = total;
}

/* One sum per task, then one row of scores per thread */
static size_t infonce_scratch(const lac_call *call, int n_threads) {
    idx n = (idx)call->in[0].dim[1], tasks = (idx)call->in[0].dim[0] * over(n, SIM_ROWS);
    return (size_t)tasks * sizeof(double) + (size_t)n_threads * (size_t)n * sizeof(float);
}

static similarity infonce_at(const lac_call *call, int z) {
    similarity g = {.z = in_f32(call, z), .t = in_f32(call, z + 1), .w = in_f32(call, z + 2)};
    g.n = (idx)call->in[z].dim[1];
    g.d = (idx)call->in[z].dim[2];
    g.blocks = over(g.n, SIM_ROWS);
    g.inverse = (float)(1 / call->attr.f[0]);
    return g;
}

static void infonce_run(const lac_call *call) {
    similarity g = infonce_at(call, 0);
    size_t tasks = (size_t)(call->in[0].dim[0] * g.blocks);
    g.out_lse = out_f32(call, 1);
    g.sums = call->scratch;
    g.rows = (float *)(g.sums + tasks);
    lac_parallel(call->pool, tasks, infonce_task, &g);
    double total = 0;
    for (size_t i = 0; i < tasks; i++)
        total += g.sums[i];
    out_f32(call, 0)[0] = (float)(total * (double)in_f32(call, 3)[0]);
}

/* dz_i = f w_i (sum_j p_ij t_j - t_i) */
static void infonce_dz_task(void *context, size_t task, int worker) {
    const similarity *g = context;
    idx b = (idx)task / g->blocks, first = (idx)task % g->blocks * SIM_ROWS;
    const float *z = g->z + b * g->n * g->d, *t = g->t + b * g->n * g->d;
    float *s = g->rows + worker * g->n;
    for (idx i = first; i < at_most(g->n, first + SIM_ROWS); i++) {
        float f = g->factor * g->w[b * g->n + i], *dz = g->dz + (b * g->n + i) * g->d;
        row_scale(dz, t + i * g->d, -f, g->d);
        for (idx j = 0; j < g->n; j++)
            s[j] = row_dot(z + i * g->d, t + j * g->d, g->d);
        row_exp(s, g->inverse, g->lse[b * g->n + i], g->n);
        for (idx j = 0; j < g->n; j++)
            row_add(dz, t + j * g->d, f * s[j], g->d);
    }
}

/* dt_j = sum_i f w_i (p_ij - [i = j]) z_i */
static void infonce_dt_task(void *context, size_t task, int worker) {
    const similarity *g = context;
    (void)worker;
    idx b = (idx)task / g->blocks, first = (idx)task % g->blocks * SIM_ROWS, n = at_most(SIM_ROWS, g->n - first);
    const float *z = g->z + b * g->n * g->d, *t = g->t + (b * g->n + first) * g->d;
    float *dt = g->dt + (b * g->n + first) * g->d, s[SIM_ROWS];
    for (idx j = 0; j < n; j++)
        row_scale(dt + j * g->d, t + j * g->d, 0.0f, g->d);
    for (idx i = 0; i < g->n; i++) {
        float f = g->factor * g->w[b * g->n + i];
        for (idx j = 0; j < n; j++)
            s[j] = row_dot(z + i * g->d, t + j * g->d, g->d);
        row_exp(s, g->inverse, g->lse[b * g->n + i], n);
        for (idx j = 0; j < n; j++)
            row_add(dt + j * g->d, z + i * g->d, f * (i == first + j ? s[j] - 1.0f : s[j]), g->d);
    }
}

static size_t infonce_grad_scratch(const lac_call *call, int n_threads) {
    return (size_t)n_threads * (size_t)call->in[1].dim[1] * sizeof(float);
}

static void infonce_grad_run(const lac_call *call) {
    similarity g = infonce_at(call, 1);
    g.lse = in_f32(call, 5);
    g.dz = out_f32(call, 0);
    g.dt = out_f32(call, 1);
    g.rows = call->scratch;
    g.factor = (float)((double)in_f32(call, 0)[0] * (double)in_f32(call, 4)[0] / call->attr.f[0]);
    size_t tasks = (size_t)(call->in[1].dim[0] * g.blocks);
    lac_parallel(call->pool, tasks, infonce_dz_task, &g);
    if (g.dt) lac_parallel(call->pool, tasks, infonce_dt_task, &g);
}
