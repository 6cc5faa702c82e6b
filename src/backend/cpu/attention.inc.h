/* backend/cpu/attention.inc.h - softmax(q k^T / sqrt c) v and its gradient (arXiv 1706.03762, section 3.2.1).
 * Part of a kernel set: see kernels.inc.h.
 *
 * One task per picture and group of heads. A head's q, k, v are copied once into dense rows of cp = c rounded up to
 * vectors, k (and v, for the gradient) also transposed with rows of tn >= T values; then queries go by in blocks of qb
 * rows, so that the scores in flight are qb x T and never T x T. All products use the register tile of micro.inc.h. The
 * gradient recomputes the weights from lse, as in FlashAttention (arXiv 2205.14135). */

enum {
    TASKS = 32,             /* wanted; a task of several heads fetches the next one while it computes */
    QUERIES_MAX = 96,       /* rows of a block of queries */
    SCORES_MAX = 24 * 1024, /* values of a block of scores: 96 KB of L2 */
};

typedef struct attention {
    const float *qkv, *y, *lse, *dy;
    float *out, *out_lse, *dqkv;
    char *workers;
    size_t worker_bytes;
    idx batch, t, h, c, cp, tp, tn, qb;
    idx heads, n_groups; /* heads of a task, tasks of a picture */
    float scale;
} attention;

static attention attention_plan(const lac_call *call, bool is_gradient) {
    const lac_view *qkv = &call->in[is_gradient ? 1 : 0];
    attention at = {.batch = (idx)qkv->dim[0], .t = (idx)qkv->dim[1], .h = (idx)call->attr.i[0]};
    at.c = at.batch > 0 && at.t > 0 ? size_of(qkv) / (at.batch * at.t * 3 * at.h) : 1;
    at.scale = (float)(1 / sqrt((double)at.c));
    at.cp = up_to(at.c, VL);
    at.tp = up_to(at.t, MR);
    at.tn = up_to(at.t, VL);
    if (at.tn % 256 == 0) at.tn += VL; /* rows a multiple of 1 KB apart would share a few sets of L1 */
    idx most = at_least(2 * MR, at_most(QUERIES_MAX, SCORES_MAX / at.tn));
    at.qb = up_to(over(at.t, over(at.t, most)), MR);
    at.heads = at_least(1, at_most(at.h, at.batch * at.h / TASKS));
    at.n_groups = over(at.h, at.heads);
    size_t values =
        is_gradient
            ? (size_t)(5 * at.tp * at.cp + 2 * at.c * at.tn + 2 * (at.qb + MR) * at.tn + at.qb * at.cp + MR * VL)
            : (size_t)(2 * at.tp * at.cp + at.c * at.tn + at.qb * (at.tn + at.cp));
    at.worker_bytes = (values * sizeof(float) + 63) / 64 * 64;
    return at;
}

/* to[tp x cp] = factor * from[T x c], rows `step` apart; zero in the padding */
static void attention_pack(const attention *at, float *to, const float *from, idx step, float factor) {
    vf f = v_set1(factor);
    for (idx i = 0; i < at->t; i++, from += step, to += at->cp) {
        idx j = 0;
        for (; j + VL <= at->c; j += VL)
            v_store(to + j, f * v_load(from + j));
        if (j < at->c) v_store(to + j, f * v_load_n(from + j, at->c - j));
    }
    for (idx i = 0; i < (at->tp - at->t) * at->cp; i += VL)
        v_store(to + i, v_set1(0.0f));
}

/* to[c] = factor * from[c] */
static void attention_put(float *to, const float *from, idx c, float factor) {
    vf f = v_set1(factor);
    idx j = 0;
    for (; j + VL <= c; j += VL)
        v_store(to + j, f * v_load(from + j));
    if (j < c) v_store_n(to + j, f * v_load(from + j), c - j);
}

/* Start fetching T rows of c values into L2. */
static void attention_fetch(const attention *at, const float *from, idx step) {
    for (idx i = 0; i < at->t; i++, from += step)
        for (idx j = 0; j < at->c; j += 16)
            __builtin_prefetch(from + j, 0, 2);
}

/* s[n vectors] = e^(s - m); returns total + their sum */
SIMD vf softmax_vectors(const int n, float *s, vf m, vf total) {
    vf x[CHAINS];
    EACH x[i] = v_load(s + i * VL) - m;
    v_exp_n(n, x);
    EACH v_store(s + i * VL, x[i]);
    EACH total = total + x[i];
    return total;
}

/* s: `rows` rows of T scores, tn apart, become e^(s - max). Row by row, sums and maxima go to sum[] and max[]: all
 * maxima first, so that no row waits for its own. */
static void softmax_rows(float *s, idx rows, idx n, idx step, float *sum, float *max) {
    for (idx r = 0; r < rows; r++) {
        float *row = s + r * step;
        for (idx j = n; j % VL != 0; j++)
            row[j] = -INFINITY;
        vf highest = v_load(row);
        for (idx j = VL; j < n; j += VL)
            highest = v_max(highest, v_load(row + j));
        max[r] = v_highest(highest);
    }
    for (idx r = 0; r < rows; r++) {
        float *row = s + r * step;
        vf m = v_set1(max[r]), total = v_set1(0.0f);
        idx n_vectors = over(n, VL);
        for (idx j = 0; j < n_vectors;) {
            idx left = n_vectors - j;
            if (left >= 4) {
                total = softmax_vectors(4, row + j * VL, m, total);
                j += 4;
            } else if (left == 3) {
                total = softmax_vectors(3, row + j * VL, m, total);
                j += 3;
            } else if (left == 2) {
                total = softmax_vectors(2, row + j * VL, m, total);
                j += 2;
            } else {
                total = softmax_vectors(1, row + j * VL, m, total);
                j += 1;
            }
        }
        sum[r] = v_sum(total);
    }
}

/* One head: q at its first token, rows 3 d apart; next: the head to fetch meanwhile, or NULL */
static void attention_head(const attention *at, const float *q, const float *next, float *out, float *lse,
                           float *memory) {
    idx d = at->h * at->c;
    float *qs = memory, *v = qs + at->tp * at->cp, *kt = v + at->tp * at->cp, *s = kt + at->c * at->tn,
          *y = s + at->qb * at->tn;
    attention_pack(at, qs, q, 3 * d, at->scale);
    transpose(kt, at->tn, q + d, 3 * d, at->t, at->c);
    attention_pack(at, v, q + 2 * d, 3 * d, 1.0f);
    for (idx i = 0; i < at->t; i += at->qb) {
        idx n = at_most(at->qb, at->t - i);
        float sum[QUERIES_MAX + MR], max[QUERIES_MAX + MR];
        if (next && i == 0) attention_fetch(at, next, 3 * d);
        product_rows(n, over(at->t, VL), at->c, qs + i * at->cp, at->cp, kt, at->tn, s, at->tn, false);
        if (next && i == 0) attention_fetch(at, next + d, 3 * d);
        softmax_rows(s, n, at->t, at->tn, sum, max);
        if (next && i == 0) attention_fetch(at, next + 2 * d, 3 * d);
        product_rows(n, at->cp / VL, at->t, s, at->tn, v, at->cp, y, at->cp, false);
        for (idx r = 0; r < n; r++) {
            attention_put(out + (i + r) * d, y + r * at->cp, at->c, 1.0f / sum[r]);
            if (lse) lse[i + r] = max[r] + logf(sum[r]);
        }
    }
}

static void attention_task(void *context, size_t task, int worker) {
    const attention *at = context;
    idx b = (idx)task / at->n_groups, first = (idx)task % at->n_groups * at->heads;
    idx d = at->h * at->c, end = at_most(at->h, first + at->heads);
    for (idx head = first; head < end; head++) {
        const float *q = at->qkv + b * at->t * 3 * d + head * at->c;
        attention_head(at, q, head + 1 < end ? q + at->c : NULL, at->out + b * at->t * d + head * at->c,
                       at->out_lse ? at->out_lse + (b * at->h + head) * at->t : NULL,
                       (float *)(void *)(at->workers + (size_t)worker * at->worker_bytes));
    }
}

static size_t attention_scratch(const lac_call *call, int n_threads) {
    return (size_t)n_threads * attention_plan(call, false).worker_bytes;
}

static void attention_run(const lac_call *call) {
    attention at = attention_plan(call, false);
    at.qkv = in_f32(call, 0);
    at.out = out_f32(call, 0);
    at.out_lse = out_f32(call, 1);
    at.workers = call->scratch;
    lac_parallel(call->pool, (size_t)(at.batch * at.n_groups), attention_task, &at);
}

/* sum over c of a b */
static float attention_dot(const float *a, const float *b, idx c) {
    vf s = v_set1(0.0f);
    idx j = 0;
    for (; j + VL <= c; j += VL)
        s = v_fma(v_load(a + j), v_load(b + j), s);
    if (j < c) s = v_fma(v_load_n(a + j, c - j), v_load_n(b + j, c - j), s);
    return v_sum(s);
}

/* p[n vectors] = e^(p - lse), ds = p (ds - delta) */
SIMD void attention_weigh(const int n, float *p, float *ds, vf lse, vf delta) {
    vf x[CHAINS];
    EACH x[i] = v_load(p + i * VL) - lse;
    v_exp_n(n, x);
    EACH v_store(p + i * VL, x[i]);
    EACH v_store(ds + i * VL, x[i] * (v_load(ds + i * VL) - delta));
}

/* One head, b * h + head in `index`. With P the weights: dV = P^T dY, dP = dY V^T, dS = P (dP - rowsum(dY Y)),
 * dQ = scale dS K, dK = dS^T (scale Q). */
static void attention_grad_head(const attention *at, idx index, bool fetches_next, float *memory) {
    idx b = index / at->h, head = index % at->h, d = at->h * at->c, t = at->t, cp = at->cp, tn = at->tn;
    const float *q = at->qkv + b * t * 3 * d + head * at->c, *lse = at->lse + index * t;
    const float *y = at->y + b * t * d + head * at->c, *given = at->dy + b * t * d + head * at->c;
    float *out = at->dqkv + b * t * 3 * d + head * at->c;
    idx rows = at->tp * cp;
    float *qs = memory, *k = qs + rows, *dy = k + rows, *dk = dy + rows, *dv = dk + rows, *kt = dv + rows,
          *vt = kt + at->c * tn, *p = vt + at->c * tn, *ds = p + (at->qb + MR) * tn, *dq = ds + (at->qb + MR) * tn;
    attention_pack(at, qs, q, 3 * d, at->scale);
    attention_pack(at, k, q + d, 3 * d, 1.0f);
    transpose(kt, tn, q + d, 3 * d, t, at->c);
    transpose(vt, tn, q + 2 * d, 3 * d, t, at->c);
    attention_pack(at, dy, given, d, 1.0f);
    for (idx i = 0; i < t; i += at->qb) {
        idx n = at_most(at->qb, t - i);
        bool fetches = fetches_next && i == 0;
        if (fetches) attention_fetch(at, q + at->c, 3 * d);
        product_rows(n, over(t, VL), at->c, qs + i * cp, cp, kt, tn, p, tn, false);
        if (fetches) attention_fetch(at, q + at->c + d, 3 * d);
        product_rows(n, over(t, VL), at->c, dy + i * cp, cp, vt, tn, ds, tn, false);
        if (fetches) attention_fetch(at, q + at->c + 2 * d, 3 * d);
        float delta[QUERIES_MAX + MR];
        for (idx r = 0; r < n; r++)
            delta[r] = attention_dot(dy + (i + r) * cp, y + (i + r) * d, at->c);
        for (idx r = 0; r < n; r++) {
            float *p_row = p + r * tn, *ds_row = ds + r * tn;
            vf l = v_set1(lse[i + r]), shift = v_set1(delta[r]);
            idx n_vectors = over(t, VL), j = 0;
            for (; j + CHAINS <= n_vectors; j += CHAINS)
                attention_weigh(CHAINS, p_row + j * VL, ds_row + j * VL, l, shift);
            for (; j < n_vectors; j++)
                attention_weigh(1, p_row + j * VL, ds_row + j * VL, l, shift);
        }
        if (fetches) attention_fetch(at, given + at->c, d);
        product_columns(t, cp / VL, n, p, tn, dy + i * cp, cp, dv, cp, i > 0);
        if (fetches) attention_fetch(at, y + at->c, d);
        product_columns(t, cp / VL, n, ds, tn, qs + i * cp, cp, dk, cp, i > 0);
        product_rows(n, cp / VL, t, ds, tn, k, cp, dq, cp, false);
        for (idx r = 0; r < n; r++)
            attention_put(out + (i + r) * 3 * d, dq + r * cp, at->c, at->scale);
    }
    for (idx i = 0; i < t; i++) {
        attention_put(out + i * 3 * d + d, dk + i * cp, at->c, 1.0f);
        attention_put(out + i * 3 * d + 2 * d, dv + i * cp, at->c, 1.0f);
    }
}

static void attention_grad_task(void *context, size_t task, int worker) {
    const attention *at = context;
    idx b = (idx)task / at->n_groups, first = (idx)task % at->n_groups * at->heads;
    idx end = at_most(at->h, first + at->heads);
    for (idx head = first; head < end; head++)
        attention_grad_head(at, b * at->h + head, head + 1 < end,
                            (float *)(void *)(at->workers + (size_t)worker * at->worker_bytes));
}

static size_t attention_grad_scratch(const lac_call *call, int n_threads) {
    return (size_t)n_threads * attention_plan(call, true).worker_bytes;
}

static void attention_grad_run(const lac_call *call) {
    attention at = attention_plan(call, true);
    at.dy = in_f32(call, 0);
    at.qkv = in_f32(call, 1);
    at.y = in_f32(call, 2);
    at.lse = in_f32(call, 3);
    at.dqkv = out_f32(call, 0);
    at.workers = call->scratch;
    lac_parallel(call->pool, (size_t)(at.batch * at.n_groups), attention_grad_task, &at);
}
