/* backend/cpu/elementwise.inc.h - elementwise ops, and the sums over leading dimensions that are their gradients.
 * Part of a kernel set: see kernels.inc.h.
 *
 * Tasks are fixed chunks of CHUNK values. Each value is read before it is written at its place, so the output may be
 * the first input's memory. */

enum { CHUNK = 16384, SUM_BLOCKS = 32, SUM_COLUMNS = 512 };

typedef struct map {
    const float *a, *b;
    float *y, *partial;
    idx n, period, rows, per_task, n_blocks;
    float factor;
    bool accumulates;
} map;

/* A task over its chunk: y[i] = EXPR of x = a[i] and z = b[i]; b may be NULL, then z is x. */
#define MAP(name, EXPR)                                                                                                \
    static void name##_task(void *context, size_t task, int worker) {                                                  \
        const map *g = context;                                                                                        \
        (void)worker;                                                                                                  \
        idx i = (idx)task * CHUNK, end = at_most(g->n, i + CHUNK);                                                     \
        const float *a = g->a, *b = g->b ? g->b : g->a;                                                                \
        float *y = g->y;                                                                                               \
        const vf f = v_set1(g->factor);                                                                                \
        (void)f;                                                                                                       \
        for (; i + VL <= end; i += VL) {                                                                               \
            vf x = v_load(a + i), z = v_load(b + i);                                                                   \
            (void)x, (void)z;                                                                                          \
            v_store(y + i, EXPR);                                                                                      \
        }                                                                                                              \
        if (i < end) {                                                                                                 \
            vf x = v_load_n(a + i, end - i), z = v_load_n(b + i, end - i);                                             \
            (void)x, (void)z;                                                                                          \
            v_store_n(y + i, EXPR, end - i);                                                                           \
        }                                                                                                              \
    }                                                                                                                  \
    static void name##_run(const lac_call *call) {                                                                     \
        map g = {.a = in_f32(call, 0), .b = in_f32(call, 1), .y = out_f32(call, 0)};                                   \
        g.n = size_of(&call->out[0]);                                                                                  \
        g.factor = (float)call->attr.f[0];                                                                             \
        lac_parallel(call->pool, (size_t)over(g.n, CHUNK), name##_task, &g);                                           \
    }

MAP(add, x + z)
MAP(scale, f *x)

/* y = gelu(a), or a gelu'(b) */
SIMD void gelu_vectors(const int n, const map *g, idx at) {
    vf x[CHAINS];
    if (g->b) {
        EACH x[i] = v_load(g->b + at + i * VL);
        v_gelu_slope_n(n, x);
        EACH v_store(g->y + at + i * VL, v_load(g->a + at + i * VL) * x[i]);
    } else {
        EACH x[i] = v_load(g->a + at + i * VL);
        v_gelu_n(n, x);
        EACH v_store(g->y + at + i * VL, x[i]);
    }
}

static void gelu_task(void *context, size_t task, int worker) {
    const map *g = context;
    (void)worker;
    idx at = (idx)task * CHUNK, end = at_most(g->n, at + CHUNK);
    for (; at + 2 * VL <= end; at += 2 * VL)
        gelu_vectors(2, g, at);
    for (; at + VL <= end; at += VL)
        gelu_vectors(1, g, at);
    if (at == end) return;
    vf a = v_load_n(g->a + at, end - at);
    v_store_n(g->y + at, g->b ? (vf)(a * v_gelu_slope(v_load_n(g->b + at, end - at))) : v_gelu(a), end - at);
}

static void gelu_run(const lac_call *call) {
    map g = {.a = in_f32(call, 0), .b = in_f32(call, 1), .y = out_f32(call, 0), .n = size_of(&call->out[0])};
    lac_parallel(call->pool, (size_t)over(g.n, CHUNK), gelu_task, &g);
}

static void fill_task(void *context, size_t task, int worker) {
    const map *g = context;
    (void)worker;
    for (idx i = (idx)task * CHUNK, end = at_most(g->n, i + CHUNK); i < end; i++)
        g->y[i] = g->factor;
}

static void fill_run(const lac_call *call) {
    map g = {.y = out_f32(call, 0), .n = size_of(&call->out[0]), .factor = (float)call->attr.f[0]};
    lac_parallel(call->pool, (size_t)over(g.n, CHUNK), fill_task, &g);
}

static void accumulate_task(void *context, size_t task, int worker) {
    const map *g = context;
    (void)worker;
    for (idx i = (idx)task * CHUNK, end = at_most(g->n, i + CHUNK); i < end; i++)
        g->y[i] += g->a[i];
}

static void accumulate_run(const lac_call *call) {
    map g = {.a = in_f32(call, 0), .y = out_f32(call, 0), .n = size_of(&call->out[0])};
    lac_parallel(call->pool, (size_t)over(g.n, CHUNK), accumulate_task, &g);
}

/* b repeats every `period` values of a */
#define MAP_BROADCAST(name, EXPR)                                                                                      \
    static void name##_task(void *context, size_t task, int worker) {                                                  \
        const map *g = context;                                                                                        \
        (void)worker;                                                                                                  \
        idx i = (idx)task * CHUNK, end = at_most(g->n, i + CHUNK), j = i % g->period;                                  \
        while (i < end) {                                                                                              \
            idx n = at_most(end - i, g->period - j);                                                                   \
            const float *a = g->a + i, *b = g->b + j;                                                                  \
            float *y = g->y + i;                                                                                       \
            for (idx q = 0; q < n; q++) {                                                                              \
                float x = a[q], z = b[q];                                                                              \
                y[q] = EXPR;                                                                                           \
            }                                                                                                          \
            i += n;                                                                                                    \
            j = 0;                                                                                                     \
        }                                                                                                              \
    }                                                                                                                  \
    static void name##_run(const lac_call *call) {                                                                     \
        map g = {.a = in_f32(call, 0), .b = in_f32(call, 1), .y = out_f32(call, 0)};                                   \
        g.n = size_of(&call->in[0]);                                                                                   \
        g.period = size_of(&call->in[1]);                                                                              \
        lac_parallel(call->pool, (size_t)over(g.n, CHUNK), name##_task, &g);                                           \
    }

MAP_BROADCAST(add_broadcast, x + z)
MAP_BROADCAST(mul_broadcast, x *z)

static void scale_samples_task(void *context, size_t task, int worker) {
    const map *g = context;
    (void)worker;
    idx i = (idx)task * CHUNK, end = at_most(g->n, i + CHUNK);
    while (i < end) {
        idx sample = i / g->period, stop = at_most(end, (sample + 1) * g->period);
        float s = g->b[sample];
        for (; i < stop; i++)
            g->y[i] = g->a[i] * s;
    }
}

static void scale_samples_run(const lac_call *call) {
    map g = {.a = in_f32(call, 0), .b = in_f32(call, 1), .y = out_f32(call, 0)};
    g.n = size_of(&call->in[0]);
    g.period = at_least(1, g.n / at_least(1, size_of(&call->in[1])));
    lac_parallel(call->pool, (size_t)over(g.n, CHUNK), scale_samples_task, &g);
}

/* Sums over R: fixed blocks of rows by groups of columns, then the blocks in order. */
static map sum_plan(const lac_call *call) {
    map g = {.a = in_f32(call, 0), .y = out_f32(call, 0), .accumulates = call->attr.i[0] != 0};
    g.period = size_of(&call->out[0]);
    g.rows = size_of(&call->in[0]) / at_least(1, g.period);
    g.n_blocks = at_least(1, at_most(SUM_BLOCKS, over(g.rows, 16)));
    g.per_task = at_least(1, over(g.rows, g.n_blocks));
    g.n_blocks = over(g.rows, g.per_task);
    return g;
}

static size_t sum_leading_scratch(const lac_call *call, int n_threads) {
    (void)n_threads;
    map g = sum_plan(call);
    return (size_t)(g.n_blocks * g.period) * sizeof(float);
}

static void sum_task(void *context, size_t task, int worker) {
    const map *g = context;
    (void)worker;
    idx block = (idx)task % g->n_blocks, first = (idx)task / g->n_blocks * SUM_COLUMNS;
    idx n = at_most(SUM_COLUMNS, g->period - first), end = at_most(g->rows, (block + 1) * g->per_task);
    float *to = g->partial + block * g->period + first;
    for (idx j = 0; j < n; j++)
        to[j] = 0.0f;
    for (idx r = block * g->per_task; r < end; r++) {
        const float *a = g->a + r * g->period + first, *b = g->b ? g->b + r * g->period + first : NULL;
        if (b)
            for (idx j = 0; j < n; j++)
                to[j] += a[j] * b[j];
        else
            for (idx j = 0; j < n; j++)
                to[j] += a[j];
    }
}

static void sum_all(const lac_call *call, map *g) {
    g->partial = call->scratch;
    lac_parallel(call->pool, (size_t)(g->n_blocks * over(g->period, SUM_COLUMNS)), sum_task, g);
    add_blocks(g->y, g->partial, g->n_blocks, g->period, g->period, g->accumulates);
}

static void sum_leading_run(const lac_call *call) {
    map g = sum_plan(call);
    sum_all(call, &g);
}

static void mul_sum_leading_run(const lac_call *call) {
    map g = sum_plan(call);
    g.b = in_f32(call, 1);
    sum_all(call, &g);
}
