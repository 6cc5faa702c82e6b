/* backend/cpu/entropy.inc.h - cross entropy of rows of logits, and its gradient. Part of a kernel set: see
 * kernels.inc.h; row_dot, row_exp and their like are in similarity.inc.h.
 *
 * A task takes ENTROPY_ROWS rows; a row's exponentials are written where its gradient will stand (backward) or to a row
 * of scratch per thread (forward), and its log-sum is computed again in the backward. Rows of weight 0 are not read. */

enum { ENTROPY_ROWS = 8 };

typedef struct entropy {
    const float *z, *target, *w;
    const int32_t *ids;
    float *dz, *rows;
    double *sums;
    idx n_rows, k;
    float inverse, factor;
} entropy;

static float row_total(const float *x, idx n) {
    vf s = v_set1(0.0f);
    for (idx j = 0; j < n; j += VL)
        s = s + (n - j >= VL ? v_load(x + j) : v_load_n(x + j, n - j));
    return v_sum(s);
}

/* e[k] = e^(z / temperature - highest); the log of their sum plus highest */
static double row_log_sum(const entropy *g, const float *z, float *e, float *highest, float *sum) {
    row_scale(e, z, 1.0f, g->k);
    *highest = row_highest(z, g->k) * g->inverse;
    *sum = row_exp(e, g->inverse, *highest, g->k);
    return (double)*highest + log((double)*sum);
}

static void entropy_task(void *context, size_t task, int worker) {
    const entropy *g = context;
    float *e = g->rows + worker * g->k, highest, sum;
    double total = 0;
    for (idx r = (idx)task * ENTROPY_ROWS, end = at_most(g->n_rows, r + ENTROPY_ROWS); r < end; r++) {
        if (g->w[r] == 0.0f) continue;
        const float *z = g->z + r * g->k, *t = g->target ? g->target + r * g->k : NULL;
        double lse = row_log_sum(g, z, e, &highest, &sum), inverse = (double)g->inverse;
        double value = t ? (double)row_total(t, g->k) * lse - (double)row_dot(t, z, g->k) * inverse
                         : lse - (double)z[g->ids[r]] * inverse;
        total += (double)g->w[r] * value;
    }
    g->sums[task] = total;
}

static size_t entropy_scratch(const lac_call *call, int n_threads) {
    return (size_t)over(rows_of(&call->in[0]), ENTROPY_ROWS) * sizeof(double) +
           (size_t)n_threads * (size_t)last_of(&call->in[0]) * sizeof(float);
}

static entropy entropy_at(const lac_call *call, int z) {
    entropy g = {
        .z = in_f32(call, z), .target = in_f32(call, z + 1), .ids = in_i32(call, z + 2), .w = in_f32(call, z + 3)};
    g.n_rows = rows_of(&call->in[z]);
    g.k = last_of(&call->in[z]);
    g.inverse = (float)(1 / call->attr.f[0]);
    return g;
}

static void entropy_run(const lac_call *call) {
    entropy g = entropy_at(call, 0);
    idx tasks = over(g.n_rows, ENTROPY_ROWS);
    g.sums = call->scratch;
    g.rows = (float *)(g.sums + tasks);
    lac_parallel(call->pool, (size_t)tasks, entropy_task, &g);
    double total = 0;
    for (idx i = 0; i < tasks; i++)
        total += g.sums[i];
    out_f32(call, 0)[0] = (float)(total * (double)in_f32(call, 4)[0]);
}

static void entropy_grad_task(void *context, size_t task, int worker) {
    const entropy *g = context;
    (void)worker;
    for (idx r = (idx)task * ENTROPY_ROWS, end = at_most(g->n_rows, r + ENTROPY_ROWS); r < end; r++) {
        float *dz = g->dz + r * g->k, f = g->factor * g->w[r], highest, sum;
        if (g->w[r] == 0.0f) {
            memset(dz, 0, (size_t)g->k * sizeof *dz);
            continue;
        }
        const float *t = g->target ? g->target + r * g->k : NULL;
        row_log_sum(g, g->z + r * g->k, dz, &highest, &sum);
        row_scale(dz, dz, f * (t ? row_total(t, g->k) : 1.0f) / sum, g->k);
        if (t)
            row_add(dz, t, -f, g->k);
        else
            dz[g->ids[r]] -= f;
    }
}

static void entropy_grad_run(const lac_call *call) {
    entropy g = entropy_at(call, 1);
    g.dz = out_f32(call, 0);
    g.factor = (float)((double)in_f32(call, 0)[0] * (double)in_f32(call, 5)[0] / call->attr.f[0]);
    lac_parallel(call->pool, (size_t)over(g.n_rows, ENTROPY_ROWS), entropy_grad_task, &g);
}
