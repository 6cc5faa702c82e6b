/* backend/cpu/codes.inc.h - softmax of rows, its distance from uniform, and the nearest of some codes. Part of a kernel
 * set: see kernels.inc.h; row_dot, row_exp and their like are in similarity.inc.h.
 *
 * A task takes CODE_ROWS rows; losses are added in double, within a task and then over tasks in order. */

enum { CODE_ROWS = 8 };

typedef struct codes {
    const float *z, *d_p, *p, *w, *table;
    float *out, *halves, *rows;
    int32_t *ids;
    double *sums;
    idx n_rows, k, d;
    float inverse, factor;
} codes;

static idx code_tasks(const codes *g) {
    return over(g->n_rows, CODE_ROWS);
}

static void softmax_task(void *context, size_t task, int worker) {
    const codes *g = context;
    (void)worker;
    for (idx r = (idx)task * CODE_ROWS, end = at_most(g->n_rows, r + CODE_ROWS); r < end; r++) {
        float *p = g->out + r * g->k;
        row_scale(p, g->z + r * g->k, 1.0f, g->k);
        float sum = row_exp(p, g->inverse, row_highest(p, g->k) * g->inverse, g->k);
        row_scale(p, p, 1.0f / sum, g->k);
    }
}

static void softmax_run(const lac_call *call) {
    codes g = {.z = in_f32(call, 0), .out = out_f32(call, 0), .inverse = (float)(1 / call->attr.f[0])};
    g.n_rows = rows_of(&call->in[0]);
    g.k = last_of(&call->in[0]);
    lac_parallel(call->pool, (size_t)code_tasks(&g), softmax_task, &g);
}

static void softmax_grad_task(void *context, size_t task, int worker) {
    const codes *g = context;
    (void)worker;
    for (idx r = (idx)task * CODE_ROWS, end = at_most(g->n_rows, r + CODE_ROWS); r < end; r++) {
        const float *d_p = g->d_p + r * g->k, *p = g->p + r * g->k;
        float *d_z = g->out + r * g->k, inner = row_dot(d_p, p, g->k);
        for (idx i = 0; i < g->k; i++)
            d_z[i] = p[i] * (d_p[i] - inner) * g->inverse;
    }
}

static void softmax_grad_run(const lac_call *call) {
    codes g = {.d_p = in_f32(call, 0), .p = in_f32(call, 1), .out = out_f32(call, 0)};
    g.inverse = (float)(1 / call->attr.f[0]);
    g.n_rows = rows_of(&call->in[1]);
    g.k = last_of(&call->in[1]);
    lac_parallel(call->pool, (size_t)code_tasks(&g), softmax_grad_task, &g);
}

static void half_squares_task(void *context, size_t task, int worker) {
    const codes *g = context;
    (void)worker;
    for (idx i = (idx)task * CODE_ROWS, end = at_most(g->k, i + CODE_ROWS); i < end; i++)
        g->halves[i] = row_dot(g->table + i * g->d, g->table + i * g->d, g->d) / 2;
}

static void nearest_task(void *context, size_t task, int worker) {
    const codes *g = context;
    (void)worker;
    for (idx r = (idx)task * CODE_ROWS, end = at_most(g->n_rows, r + CODE_ROWS); r < end; r++) {
        const float *s = g->z + r * g->k;
        idx best = 0;
        float highest = s[0] - (g->table ? g->halves[0] : 0.0f);
        for (idx i = 1; i < g->k; i++) {
            float score = s[i] - (g->table ? g->halves[i] : 0.0f);
            if (score > highest) {
                highest = score;
                best = i;
            }
        }
        g->ids[r] = (int32_t)best;
    }
}

static size_t nearest_scratch(const lac_call *call, int n_threads) {
    (void)n_threads;
    return (size_t)last_of(&call->in[0]) * sizeof(float);
}

static void nearest_run(const lac_call *call) {
    codes g = {.z = in_f32(call, 0), .table = in_f32(call, 1), .ids = call->out[0].data, .halves = call->scratch};
    g.n_rows = rows_of(&call->in[0]);
    g.k = last_of(&call->in[0]);
    if (g.table) {
        g.d = last_of(&call->in[1]);
        lac_parallel(call->pool, (size_t)over(g.k, CODE_ROWS), half_squares_task, &g);
    }
    lac_parallel(call->pool, (size_t)code_tasks(&g), nearest_task, &g);
}

/* p = softmax(z); returns sum p log p, and what turns a logit into its log-probability */
static double row_negative_entropy(const float *z, float *p, idx k, float *shift) {
    row_scale(p, z, 1.0f, k);
    float highest = row_highest(z, k), sum = row_exp(p, 1.0f, highest, k);
    row_scale(p, p, 1.0f / sum, k);
    *shift = highest + logf(sum);
    return (double)row_dot(p, z, k) - (double)*shift;
}

static void kl_uniform_task(void *context, size_t task, int worker) {
    const codes *g = context;
    float *p = g->rows + worker * g->k, shift;
    double total = 0;
    for (idx r = (idx)task * CODE_ROWS, end = at_most(g->n_rows, r + CODE_ROWS); r < end; r++)
        if (g->w[r] != 0.0f)
            total += (double)g->w[r] * (log((double)g->k) + row_negative_entropy(g->z + r * g->k, p, g->k, &shift));
    g->sums[task] = total;
}

static size_t kl_uniform_scratch(const lac_call *call, int n_threads) {
    return (size_t)over(rows_of(&call->in[0]), CODE_ROWS) * sizeof(double) +
           (size_t)n_threads * (size_t)last_of(&call->in[0]) * sizeof(float);
}

static void kl_uniform_run(const lac_call *call) {
    codes g = {.z = in_f32(call, 0), .w = in_f32(call, 1), .sums = call->scratch};
    g.n_rows = rows_of(&call->in[0]);
    g.k = last_of(&call->in[0]);
    g.rows = (float *)(g.sums + code_tasks(&g));
    lac_parallel(call->pool, (size_t)code_tasks(&g), kl_uniform_task, &g);
    double total = 0;
    for (idx i = 0; i < code_tasks(&g); i++)
        total += g.sums[i];
    out_f32(call, 0)[0] = (float)(total * (double)in_f32(call, 2)[0]);
}

static void kl_uniform_grad_task(void *context, size_t task, int worker) {
    const codes *g = context;
    (void)worker;
    for (idx r = (idx)task * CODE_ROWS, end = at_most(g->n_rows, r + CODE_ROWS); r < end; r++) {
        const float *z = g->z + r * g->k;
        float *d_z = g->out + r * g->k, f = g->factor * g->w[r], shift;
        if (g->w[r] == 0.0f) {
            memset(d_z, 0, (size_t)g->k * sizeof *d_z);
            continue;
        }
        float mean = (float)row_negative_entropy(z, d_z, g->k, &shift);
        for (idx i = 0; i < g->k; i++)
            d_z[i] *= f * (z[i] - shift - mean);
    }
}

static void kl_uniform_grad_run(const lac_call *call) {
    codes g = {.z = in_f32(call, 1), .w = in_f32(call, 2), .out = out_f32(call, 0)};
    g.factor = (float)((double)in_f32(call, 0)[0] * (double)in_f32(call, 3)[0]);
    g.n_rows = rows_of(&call->in[1]);
    g.k = last_of(&call->in[1]);
    lac_parallel(call->pool, (size_t)code_tasks(&g), kl_uniform_grad_task, &g);
}
