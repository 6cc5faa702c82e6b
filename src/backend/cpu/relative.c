/* backend/cpu/relative.c - the bias of attention's scores that comes from relative positions, written out from its
 * table, and the table's gradient. The same for every set: bound by memory.
 *
 * The row of the table is linear in both patches' coordinates, so it is a number of one minus a number of the other.
 * One task per head; a head's sums run in the order of the pairs. */
#include "backend/cpu/call.h"
#include "backend/cpu/move.h"

typedef struct relative {
    const float *from;
    float *to;
    const int64_t *key; /* by token after the prefix */
    idx t, prefix, rows, heads, base;
} relative;

/* The row for patches i and j is base + key[i] - key[j]. */
static relative relative_plan(const lac_call *call, const lac_view *table, const lac_view *bias) {
    relative g = {.from = in_f32(call, 0), .to = out_f32(call, 0), .key = call->scratch};
    g.rows = (idx)table->dim[0];
    g.heads = (idx)table->dim[1];
    g.t = (idx)bias->dim[1];
    g.prefix = (idx)call->attr.i[0];
    int64_t *key = call->scratch;
    for (idx i = 0; i < g.t - g.prefix; i++) {
        int64_t rest = i, stride = 1, base = 0;
        key[i] = 0;
        for (int a = (int)call->attr.i[1] - 1; a >= 0; a--) {
            int64_t size = call->attr.i[2 + a];
            key[i] += rest % size * stride;
            base += (size - 1) * stride;
            stride *= 2 * size - 1;
            rest /= size;
        }
        g.base = (idx)base;
    }
    return g;
}

/* Rows of the table for pairs with a prefix token */
static idx prefix_row(const relative *g, bool is_from, bool is_to) {
    return g->rows - (is_from && is_to ? 1 : (is_from ? 3 : 2));
}

static void relative_task(void *context, size_t task, int worker) {
    const relative *g = context;
    (void)worker;
    const float *table = g->from + task;
    float *to = g->to + (idx)task * g->t * g->t;
    for (idx i = 0; i < g->t; i++, to += g->t) {
        bool is_from = i < g->prefix;
        for (idx j = 0; j < g->prefix; j++)
            to[j] = table[prefix_row(g, is_from, true) * g->heads];
        for (idx j = g->prefix; j < g->t; j++)
            to[j] = table[(is_from ? prefix_row(g, true, false)
                                   : g->base + (idx)(g->key[i - g->prefix] - g->key[j - g->prefix])) *
                          g->heads];
    }
}

size_t lac_relative_bias_scratch(const lac_call *call, int n_threads) {
    (void)n_threads;
    const lac_view *bias = call->op == LAC_OP_RELATIVE_BIAS ? &call->out[0] : &call->in[0];
    return (size_t)bias->dim[1] * sizeof(int64_t);
}

void lac_relative_bias_run(const lac_call *call) {
    relative g = relative_plan(call, &call->in[0], &call->out[0]);
    lac_parallel(call->pool, (size_t)g.heads, relative_task, &g);
}

static void relative_grad_task(void *context, size_t task, int worker) {
    const relative *g = context;
    (void)worker;
    const float *from = g->from + (idx)task * g->t * g->t;
    float *table = g->to + task;
    for (idx r = 0; r < g->rows; r++)
        table[r * g->heads] = 0;
    for (idx i = 0; i < g->t; i++, from += g->t) {
        bool is_from = i < g->prefix;
        for (idx j = 0; j < g->prefix; j++)
            table[prefix_row(g, is_from, true) * g->heads] += from[j];
        for (idx j = g->prefix; j < g->t; j++)
            table[(is_from ? prefix_row(g, true, false)
                           : g->base + (idx)(g->key[i - g->prefix] - g->key[j - g->prefix])) *
                  g->heads] += from[j];
    }
}

void lac_relative_bias_grad_run(const lac_call *call) {
    relative g = relative_plan(call, &call->out[0], &call->in[0]);
    lac_parallel(call->pool, (size_t)g.heads, relative_grad_task, &g);
}
