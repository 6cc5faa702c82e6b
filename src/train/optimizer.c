/* train/optimizer.c - AdamW with decoupled decay (arXiv 1711.05101) over a store, clipping, and a weight average.
 *
 * One block holds m, v and (only when asked for) the average of every trained entry, each on a 64-byte border. The
 * arithmetic of an update is the backend's; here are the order of tensors, the norm and what is decayed.
 * Not here: the learning rate's course (schedule.c), files (checkpoint.c). */
#include "train/optimizer.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

struct lac_optimizer {
    lac_store *store;
    lac_optimizer_options options;
    int n;
    int64_t t; /* steps done */
    lac_optimizer_state *state;
    double *scale; /* n: factor of the rate; 0: left alone */
    bool *is_held; /* n */
    float *memory;
    size_t memory_bytes;
};

static size_t padded(int64_t n) {
    return ((size_t)n + 15) / 16 * 16;
}

lac_status lac_optimizer_new(lac_store *store, const lac_optimizer_options *options, lac_optimizer **o,
                             lac_error *err) {
    *o = NULL;
    if (lac_store_real(store) != LAC_F32)
        return lac_usage(err, "optimizer: weights are %s, expected f32", lac_dtype_name(lac_store_real(store)));
    lac_optimizer *opt = lac_array(1, sizeof *opt);
    if (!opt) return lac_no_memory(err, "the optimizer");
    opt->store = store;
    opt->options = *options;
    opt->n = lac_store_count(store);
    size_t floats = 0, per_entry = options->ema > 0 ? 3 : 2;
    for (int i = 0; i < opt->n; i++) {
        const lac_entry *e = lac_store_at(store, i);
        if (!(e->flags & LAC_PARAM_BUFFER)) floats += per_entry * padded(e->n);
    }
    opt->memory_bytes = floats * sizeof(float);
    opt->state = lac_array((size_t)opt->n, sizeof *opt->state);
    opt->scale = lac_array((size_t)opt->n, sizeof *opt->scale);
    opt->is_held = lac_array((size_t)opt->n, sizeof *opt->is_held);
    opt->memory = lac_zalloc(opt->memory_bytes);
    if (!opt->state || !opt->scale || !opt->is_held || !opt->memory) {
        lac_optimizer_free(opt);
        return lac_no_memory(err, "the optimizer's moments");
    }
    float *at = opt->memory;
    for (int i = 0; i < opt->n; i++) {
        opt->scale[i] = 1;
        opt->is_held[i] = false;
        const lac_entry *e = lac_store_at(store, i);
        if (e->flags & LAC_PARAM_BUFFER) continue;
        size_t room = padded(e->n);
        opt->state[i] =
            (lac_optimizer_state){.m = at, .v = at + room, .average = per_entry == 3 ? at + 2 * room : NULL};
        at += per_entry * room;
    }
    *o = opt;
    return LAC_OK;
}

void lac_optimizer_free(lac_optimizer *o) {
    if (!o) return;
    lac_free(o->memory);
    lac_free(o->scale);
    lac_free(o->is_held);
    lac_free(o->state);
    lac_free(o);
}

void lac_optimizer_reset(lac_optimizer *o) {
    memset(o->memory, 0, o->memory_bytes);
    o->t = 0;
}

/* In double and in the order of the store, so that threads do not matter. */
static double gradient_norm(const lac_optimizer *o, const lac_backend *backend, lac_pool *pool) {
    double sum = 0;
    for (int i = 0; i < o->n; i++) {
        const lac_entry *e = lac_store_at(o->store, i);
        if (o->state[i].m && e->grad && o->scale[i] > 0) sum += backend->sum_squares(pool, (size_t)e->n, e->grad);
    }
    return sqrt(sum);
}

void lac_optimizer_step(lac_optimizer *o, const lac_backend *backend, lac_pool *pool, double lr, double *norm) {
    double total = gradient_norm(o, backend, pool);
    if (norm) *norm = total;
    if (!isfinite(total)) return;
    const lac_optimizer_options *p = &o->options;
    lac_adamw step = {.lr = lr, .beta1 = p->beta1, .beta2 = p->beta2, .eps = p->eps, .grad_scale = 1, .t = o->t + 1};
    if (p->clip > 0 && total + 1e-6 > p->clip)
        step.grad_scale = p->clip / (total + 1e-6); /* as torch's clip_grad_norm_ */
    for (int i = 0; i < o->n; i++) {
        const lac_entry *e = lac_store_at(o->store, i);
        const lac_optimizer_state *s = &o->state[i];
        if (!s->m || !e->grad || !(o->scale[i] > 0)) continue;
        step.lr = o->is_held[i] ? 0 : lr * o->scale[i];
        if (s->average && o->t == 0) memcpy(s->average, e->value, (size_t)e->n * sizeof(float));
        step.decay = e->flags & LAC_PARAM_NO_DECAY ? 0 : p->weight_decay;
        backend->adamw(pool, &step, (size_t)e->n, e->value, e->grad, s->m, s->v);
        if (s->average) backend->ema(pool, p->ema, (size_t)e->n, s->average, e->value);
    }
    o->t++;
}

void lac_optimizer_scale(lac_optimizer *o, int entry, double scale) {
    o->scale[entry] = scale;
}

void lac_optimizer_hold(lac_optimizer *o, int entry, bool is_held) {
    o->is_held[entry] = is_held;
}

void lac_optimizer_set(lac_optimizer *o, double weight_decay, double clip) {
    o->options.weight_decay = weight_decay;
    o->options.clip = clip;
}

int64_t lac_optimizer_steps(const lac_optimizer *o) {
    return o->t;
}

lac_optimizer_state lac_optimizer_entry(const lac_optimizer *o, int i) {
    return o->state[i];
}

void lac_optimizer_set_steps(lac_optimizer *o, int64_t steps) {
    o->t = steps;
}
