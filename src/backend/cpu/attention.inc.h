/* backend/cpu/attention.inc.h - softmax(q k^T / sqrt c) v and its gradient (arXiv 1706.03762, section 3.2.1).
 * Part of a kernel set: see kernels.inc.h.
 *
 * One task per (picture, head). Its q, k, v are copied once into dense rows of cp = c rounded up to vectors, k (and v,
 * for the gradient) also transposed with rows of tn >= T values; then queries go by in blocks of qb rows, so that the
 * scores in flight are qb x T and never T x T. All products use the register tile of micro.inc.h. The gradient
 * recomputes the weights from lse, as in FlashAttention (arXiv 2205.14135). */

enum {
    QUERIES_MAX = 96,       /* rows of a block of queries */
    SCORES_MAX = 24 * 1024, /* values of a block of scores: 96 KB of L2 */
};

typedef struct attention {
    const float *qkv, *y, *lse, *dy;
    float *out, *out_lse, *dqkv;
    char *workers;
    size_t worker_bytes;
    idx batch, t, h, c, cp, tp, tn, qb;
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

/* s[n, padded to vectors] becomes e^(s - max); returns the sum, *max the maximum. */
static float softmax_row(float *s, idx n, float *max) {
    for (idx j = n; j % VL != 0; j++)
        s[j] = -INFINITY;
    vf highest = v_load(s);
    for (idx j = VL; j < n; j += VL)
        highest = v_max(highest, v_load(s + j));
    *max = v_highest(highest);
    vf m = v_set1(*max), sum = v_set1(0.0f);
    for (idx j = 0; j < n; j += VL) {
        vf e = v_exp(v_load(s + j) - m);
        v_store(s + j, e);
        sum = sum + e;
    }
    return v_sum(sum);
}

static void attention_task(void *context, size_t task, int worker) {
    const attention *at = context;
    idx b = (idx)task / at->h, head = (idx)task % at->h, d = at->h * at->c;
    const float *q = at->qkv + b * at->t * 3 * d + head * at->c;
    float *out = at->out + b * at->t * d + head * at->c;
    float *qs = (float *)(void *)(at->workers + (size_t)worker * at->worker_bytes), *v = qs + at->tp * at->cp,
          *kt = v + at->tp * at->cp, *s = kt + at->c * at->tn, *y = s + at->qb * at->tn;
    attention_pack(at, qs, q, 3 * d, at->scale);
    attention_pack(at, v, q + 2 * d, 3 * d, 1.0f);
    transpose(kt, at->tn, q + d, 3 * d, at->t, at->c);
    for (idx i = 0; i < at->t; i += at->qb) {
        idx n = at_most(at->qb, at->t - i);
        float sums[QUERIES_MAX + MR];
        product_rows(n, over(at->t, VL), at->c, qs + i * at->cp, at->cp, kt, at->tn, s, at->tn, false);
        for (idx r = 0; r < n; r++) {
            float max;
            sums[r] = softmax_row(s + r * at->tn, at->t, &max);
            if (at->out_lse) at->out_lse[(idx)task * at->t + i + r] = max + logf(sums[r]);
        }
        product_rows(n, at->cp / VL, at->t, s, at->tn, v, at->cp, y, at->cp, false);
        for (idx r = 0; r < n; r++)
            attention_put(out + (i + r) * d, y + r * at->cp, at->c, 1.0f / sums[r]);
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
    lac_parallel(call->pool, (size_t)(at.batch * at.h), attention_task, &at);
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

/* With P the weights: dV = P^T dY, dP = dY V^T, dS = P (dP - rowsum(dY Y)), dQ = scale dS K, dK = dS^T (scale Q). */
static void attention_grad_task(void *context, size_t task, int worker) {
    const attention *at = context;
    idx b = (idx)task / at->h, head = (idx)task % at->h, d = at->h * at->c, t = at->t, cp = at->cp, tn = at->tn;
    const float *q = at->qkv + b * t * 3 * d + head * at->c, *lse = at->lse + (idx)task * t;
    const float *y = at->y + b * t * d + head * at->c, *given = at->dy + b * t * d + head * at->c;
    float *out = at->dqkv + b * t * 3 * d + head * at->c;
    idx rows = at->tp * cp;
    float *qs = (float *)(void *)(at->workers + (size_t)worker * at->worker_bytes), *k = qs + rows, *dy = k + rows,
          *dk = dy + rows, *dv = dk + rows, *kt = dv + rows, *vt = kt + at->c * tn, *p = vt + at->c * tn,
          *ds = p + (at->qb + MR) * tn, *dq = ds + (at->qb + MR) * tn;
    attention_pack(at, qs, q, 3 * d, at->scale);
    attention_pack(at, k, q + d, 3 * d, 1.0f);
    attention_pack(at, dy, given, d, 1.0f);
    transpose(kt, tn, q + d, 3 * d, t, at->c);
    transpose(vt, tn, q + 2 * d, 3 * d, t, at->c);
    for (idx i = 0; i < t; i += at->qb) {
        idx n = at_most(at->qb, t - i);
        product_rows(n, over(t, VL), at->c, qs + i * cp, cp, kt, tn, p, tn, false);
        product_rows(n, over(t, VL), at->c, dy + i * cp, cp, vt, tn, ds, tn, false);
        for (idx r = 0; r < n; r++) {
            float *p_row = p + r * tn, *ds_row = ds + r * tn;
            vf l = v_set1(lse[i + r]), delta = v_set1(attention_dot(dy + (i + r) * cp, y + (i + r) * d, at->c));
            for (idx j = 0; j < t; j += VL) {
                vf w = v_exp(v_load(p_row + j) - l);
                v_store(p_row + j, w);
                v_store(ds_row + j, w * (v_load(ds_row + j) - delta));
            }
        }
        product_columns(t, cp / VL, n, p, tn, dy + i * cp, cp, dv, cp, i > 0);
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
    lac_parallel(call->pool, (size_t)(at.batch * at.h), attention_grad_task, &at);
}
