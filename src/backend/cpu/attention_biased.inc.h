/* backend/cpu/attention_biased.inc.h - attention with an addition to its scores and among some of the tokens, and its
 * gradient. Part of a kernel set: see kernels.inc.h; after attention.inc.h, whose helpers and scheme it uses.
 *
 * A sample's tokens without padding are packed, so padding costs nothing here; the bias of a block of queries is copied
 * to where their scores are added up. One task per head and group of samples: a group adds its gradients of the bias in
 * the order of its samples, and the groups, whose number depends on shapes alone, are added in order. */

typedef struct biased {
    const float *qkv, *y, *lse, *dy, *bias;
    const int32_t *places;
    float *out, *out_lse, *dqkv;
    float *sums; /* groups x h x R x R; NULL: no gradient of the bias */
    char *workers;
    size_t worker_bytes, sum_bytes;
    idx batch, t, h, c, d, cp, tp, tn, qb, prefix, rows; /* rows: R */
    idx n_groups, per_group;
    float scale;
} biased;

/* What a task works on: the tokens of one sample that are no padding. */
typedef struct biased_tokens {
    idx n;
    int32_t *token, *row; /* T each: which, and at which row of the bias */
} biased_tokens;

static biased biased_plan(const lac_call *call, bool is_gradient) {
    const lac_view *qkv = &call->in[is_gradient ? 1 : 0], *bias = &call->in[is_gradient ? 4 : 1];
    biased at = {.batch = (idx)qkv->dim[0], .t = (idx)qkv->dim[1], .h = (idx)call->attr.i[0]};
    at.c = size_of(qkv) / (at.batch * at.t * 3 * at.h);
    at.d = at.h * at.c;
    at.scale = (float)(1 / sqrt((double)at.c));
    at.prefix = (idx)call->attr.i[1];
    at.rows = bias->rank == 3 ? (idx)bias->dim[1] : 0;
    at.cp = up_to(at.c, VL);
    at.tp = up_to(at.t, MR);
    at.tn = up_to(at.t, VL);
    if (at.tn % 256 == 0) at.tn += VL; /* as in attention_plan */
    idx most = at_least(2 * MR, at_most(QUERIES_MAX, SCORES_MAX / at.tn));
    at.qb = up_to(over(at.t, over(at.t, most)), MR);
    idx n_groups = is_gradient && call->attr.i[2] ? at_most(at.batch, over(TASKS, at.h)) : at.batch;
    at.per_group = over(at.batch, n_groups);
    at.n_groups = over(at.batch, at.per_group);
    if (is_gradient && call->attr.i[2] && at.n_groups > 1)
        at.sum_bytes = (size_t)up_to(at.n_groups * at.h * at.rows * at.rows, 16) * sizeof(float);
    size_t values =
        is_gradient
            ? (size_t)(7 * at.tp * at.cp + 2 * at.c * at.tn + 2 * (at.qb + MR) * at.tn + at.qb * at.cp + MR * VL)
            : (size_t)(3 * at.tp * at.cp + at.c * at.tn + (at.qb + MR) * at.tn + at.qb * at.cp);
    at.worker_bytes = ((values + 2 * (size_t)at.t) * sizeof(float) + 63) / 64 * 64;
    return at;
}

static biased_tokens biased_choose(const biased *at, idx b, int32_t *memory) {
    biased_tokens chosen = {.token = memory, .row = memory + at->t};
    const int32_t *places = at->places ? at->places + b * (at->t - at->prefix) : NULL;
    for (idx i = 0; i < at->t; i++) {
        idx row = !places || i < at->prefix ? i : (idx)places[i - at->prefix];
        if (row < 0) continue;
        if (places && i >= at->prefix) row += at->prefix;
        chosen.token[chosen.n] = (int32_t)i;
        chosen.row[chosen.n++] = (int32_t)row;
    }
    return chosen;
}

/* to[n rounded up to MR x cp] = factor * the chosen rows of from, `step` apart; zero in the padding */
static void biased_pack(const biased *at, const biased_tokens *chosen, float *to, const float *from, idx step,
                        float factor) {
    vf f = v_set1(factor);
    for (idx i = 0; i < chosen->n; i++, to += at->cp) {
        const float *row = from + chosen->token[i] * step;
        idx j = 0;
        for (; j + VL <= at->c; j += VL)
            v_store(to + j, f * v_load(row + j));
        if (j < at->c) v_store(to + j, f * v_load_n(row + j, at->c - j));
    }
    for (idx i = 0; i < (up_to(chosen->n, MR) - chosen->n) * at->cp; i += VL)
        v_store(to + i, v_set1(0.0f));
}

static void biased_clear(float *to, idx tokens, idx step, idx c) {
    for (idx i = 0; i < tokens; i++)
        memset(to + i * step, 0, (size_t)c * sizeof *to);
}

/* s: the bias of queries first.. first + n among the chosen, tn apart; zero up to whole vectors */
static void biased_start(const biased *at, const biased_tokens *chosen, const float *bias, idx first, idx n, float *s) {
    idx width = up_to(chosen->n, VL);
    for (idx r = 0; r < up_to(n, MR); r++) {
        float *row = s + r * at->tn;
        if (r >= n) {
            memset(row, 0, (size_t)width * sizeof *row);
            continue;
        }
        const float *from = bias + chosen->row[first + r] * at->rows;
        if (at->places)
            for (idx j = 0; j < chosen->n; j++)
                row[j] = from[chosen->row[j]];
        else
            memcpy(row, from, (size_t)chosen->n * sizeof *row);
        for (idx j = chosen->n; j < width; j++)
            row[j] = 0.0f;
    }
}

static void biased_task(void *context, size_t task, int worker) {
    const biased *at = context;
    idx b = (idx)task / at->h, head = (idx)task % at->h, step = 3 * at->d;
    const float *q = at->qkv + b * at->t * step + head * at->c;
    const float *bias = at->bias ? at->bias + head * at->rows * at->rows : NULL;
    float *out = at->out + b * at->t * at->d + head * at->c;
    float *lse = at->out_lse ? at->out_lse + (b * at->h + head) * at->t : NULL;
    float *qs = (float *)(void *)(at->workers + (size_t)worker * at->worker_bytes);
    float *k = qs + at->tp * at->cp, *v = k + at->tp * at->cp, *kt = v + at->tp * at->cp, *s = kt + at->c * at->tn,
          *y = s + (at->qb + MR) * at->tn;
    biased_tokens chosen = biased_choose(at, b, (int32_t *)(void *)(y + at->qb * at->cp));
    if (chosen.n < at->t) {
        biased_clear(out, at->t, at->d, at->c);
        if (lse) memset(lse, 0, (size_t)at->t * sizeof *lse);
    }
    biased_pack(at, &chosen, qs, q, step, at->scale);
    biased_pack(at, &chosen, k, q + at->d, step, 1.0f);
    biased_pack(at, &chosen, v, q + 2 * at->d, step, 1.0f);
    transpose(kt, at->tn, k, at->cp, chosen.n, at->c);
    for (idx i = 0; i < chosen.n; i += at->qb) {
        idx n = at_most(at->qb, chosen.n - i);
        float sum[QUERIES_MAX + MR], max[QUERIES_MAX + MR];
        if (bias) biased_start(at, &chosen, bias, i, n, s);
        product_rows(n, over(chosen.n, VL), at->c, qs + i * at->cp, at->cp, kt, at->tn, s, at->tn, bias != NULL);
        softmax_rows(s, n, chosen.n, at->tn, sum, max);
        product_rows(n, at->cp / VL, chosen.n, s, at->tn, v, at->cp, y, at->cp, false);
        for (idx r = 0; r < n; r++) {
            idx token = chosen.token[i + r];
            attention_put(out + token * at->d, y + r * at->cp, at->c, 1.0f / sum[r]);
            if (lse) lse[token] = max[r] + logf(sum[r]);
        }
    }
}

static size_t biased_scratch(const lac_call *call, int n_threads) {
    return (size_t)n_threads * biased_plan(call, false).worker_bytes;
}

static void biased_run(const lac_call *call) {
    biased at = biased_plan(call, false);
    at.qkv = in_f32(call, 0);
    at.bias = in_f32(call, 1);
    at.places = in_i32(call, 2);
    at.out = out_f32(call, 0);
    at.out_lse = out_f32(call, 1);
    at.workers = call->scratch;
    lac_parallel(call->pool, (size_t)(at.batch * at.h), biased_task, &at);
}

/* sum[row of query, row of key] += ds */
static void biased_collect(const biased *at, const biased_tokens *chosen, float *sum, idx first, idx n,
                           const float *ds) {
    for (idx r = 0; r < n; r++, ds += at->tn) {
        float *to = sum + chosen->row[first + r] * at->rows;
        if (at->places)
            for (idx j = 0; j < chosen->n; j++)
                to[chosen->row[j]] += ds[j];
        else
            for (idx j = 0; j < chosen->n; j++)
                to[j] += ds[j];
    }
}

/* One head of one sample: as attention_grad_head, whose letters these are; sum: R x R to add to, or NULL */
static void biased_grad_head(const biased *at, idx b, idx head, float *sum, float *memory) {
    idx index = b * at->h + head, d = at->d, t = at->t, cp = at->cp, tn = at->tn, rows = at->tp * cp, step = 3 * d;
    const float *q = at->qkv + b * t * step + head * at->c, *given_lse = at->lse + index * t;
    const float *given_y = at->y + b * t * d + head * at->c, *given = at->dy + b * t * d + head * at->c;
    const float *bias = at->bias ? at->bias + head * at->rows * at->rows : NULL;
    float *out = at->dqkv + b * t * step + head * at->c;
    float *qs = memory, *k = qs + rows, *v = k + rows, *dy = v + rows, *y = dy + rows, *dk = y + rows, *dv = dk + rows,
          *kt = dv + rows, *vt = kt + at->c * tn, *p = vt + at->c * tn, *ds = p + (at->qb + MR) * tn,
          *dq = ds + (at->qb + MR) * tn;
    biased_tokens chosen = biased_choose(at, b, (int32_t *)(void *)(dq + at->qb * cp + MR * VL));
    for (int part = 0; part < 3 && chosen.n < t; part++)
        biased_clear(out + part * d, t, step, at->c);
    biased_pack(at, &chosen, qs, q, step, at->scale);
    biased_pack(at, &chosen, k, q + d, step, 1.0f);
    biased_pack(at, &chosen, v, q + 2 * d, step, 1.0f);
    biased_pack(at, &chosen, dy, given, d, 1.0f);
    biased_pack(at, &chosen, y, given_y, d, 1.0f);
    transpose(kt, tn, k, cp, chosen.n, at->c);
    transpose(vt, tn, v, cp, chosen.n, at->c);
    for (idx i = 0; i < chosen.n; i += at->qb) {
        idx n = at_most(at->qb, chosen.n - i), n_vectors = over(chosen.n, VL);
        if (bias) biased_start(at, &chosen, bias, i, n, p);
        product_rows(n, n_vectors, at->c, qs + i * cp, cp, kt, tn, p, tn, bias != NULL);
        product_rows(n, n_vectors, at->c, dy + i * cp, cp, vt, tn, ds, tn, false);
        for (idx r = 0; r < n; r++) {
            vf l = v_set1(given_lse[chosen.token[i + r]]);
            vf shift = v_set1(attention_dot(dy + (i + r) * cp, y + (i + r) * cp, at->c));
            for (idx j = 0; j < n_vectors; j++)
                attention_weigh(1, p + r * tn + j * VL, ds + r * tn + j * VL, l, shift);
        }
        if (sum) biased_collect(at, &chosen, sum, i, n, ds);
        product_columns(chosen.n, cp / VL, n, p, tn, dy + i * cp, cp, dv, cp, i > 0);
        product_columns(chosen.n, cp / VL, n, ds, tn, qs + i * cp, cp, dk, cp, i > 0);
        product_rows(n, cp / VL, chosen.n, ds, tn, k, cp, dq, cp, false);
        for (idx r = 0; r < n; r++)
            attention_put(out + chosen.token[i + r] * step, dq + r * cp, at->c, at->scale);
    }
    for (idx i = 0; i < chosen.n; i++) {
        attention_put(out + chosen.token[i] * step + d, dk + i * cp, at->c, 1.0f);
        attention_put(out + chosen.token[i] * step + 2 * d, dv + i * cp, at->c, 1.0f);
    }
}

static void biased_grad_task(void *context, size_t task, int worker) {
    const biased *at = context;
    idx group = (idx)task / at->h, head = (idx)task % at->h, size = at->rows * at->rows;
    float *sum = at->sums ? at->sums + (group * at->h + head) * size : NULL;
    if (sum) memset(sum, 0, (size_t)size * sizeof *sum);
    for (idx b = group * at->per_group; b < at_most(at->batch, (group + 1) * at->per_group); b++)
        biased_grad_head(at, b, head, sum, (float *)(void *)(at->workers + (size_t)worker * at->worker_bytes));
}

typedef struct biased_total {
    const float *sums;
    float *to;
    idx n_groups, size;
} biased_total;

enum { BIASED_VALUES = 8192 };

static void biased_total_task(void *context, size_t task, int worker) {
    const biased_total *g = context;
    (void)worker;
    idx first = (idx)task * BIASED_VALUES, end = at_most(g->size, first + BIASED_VALUES);
    for (idx i = first; i < end; i++)
        g->to[i] = g->sums[i];
    for (idx group = 1; group < g->n_groups; group++)
        for (idx i = first; i < end; i++)
            g->to[i] += g->sums[group * g->size + i];
}

static size_t biased_grad_scratch(const lac_call *call, int n_threads) {
    biased at = biased_plan(call, true);
    return at.sum_bytes + (size_t)n_threads * at.worker_bytes;
}

static void biased_grad_run(const lac_call *call) {
    biased at = biased_plan(call, true);
    float *dbias = out_f32(call, 1);
    at.dy = in_f32(call, 0);
    at.qkv = in_f32(call, 1);
    at.y = in_f32(call, 2);
    at.lse = in_f32(call, 3);
    at.bias = in_f32(call, 4);
    at.places = in_i32(call, 5);
    at.dqkv = out_f32(call, 0);
    at.sums = !dbias ? NULL : (at.sum_bytes > 0 ? call->scratch : dbias);
    at.workers = (char *)call->scratch + at.sum_bytes;
    lac_parallel(call->pool, (size_t)(at.n_groups * at.h), biased_grad_task, &at);
    if (at.sum_bytes == 0) return;
    biased_total total = {.sums = at.sums, .to = dbias, .n_groups = at.n_groups, .size = at.h * at.rows * at.rows};
    lac_parallel(call->pool, (size_t)over(total.size, BIASED_VALUES), biased_total_task, &total);
}
