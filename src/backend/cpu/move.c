/* backend/cpu/move.c - gathering, restoring, slicing and joining tokens, and their mean.
 *
 * One task per sample, so that no two tasks write the same row; where a sum runs over the batch, one task per group of
 * columns, or per-sample partial sums added in the order of the samples. */
#include "backend/cpu/move.h"

#include <string.h>

#include "backend/cpu/call.h"

enum { COLUMNS = 64 };

typedef struct move {
    const float *x, *other;
    const int32_t *ids;
    float *y, *partial;
    idx batch, n, v, d, n_other, start, x_step, other_step;
} move;

static void copy(float *to, const float *from, idx n) {
    memcpy(to, from, (size_t)n * sizeof *to);
}

static void clear(float *to, idx n) {
    memset(to, 0, (size_t)n * sizeof *to);
}

static void add_row(float *to, const float *from, idx n) {
    for (idx j = 0; j < n; j++)
        to[j] += from[j];
}

static void gather_task(void *context, size_t task, int worker) {
    const move *g = context;
    (void)worker;
    idx b = (idx)task;
    for (idx i = 0; i < g->v; i++)
        copy(g->y + (b * g->v + i) * g->d, g->x + b * g->x_step + g->ids[b * g->v + i] * g->d, g->d);
}

void lac_move_gather_rows(const lac_call *call) {
    const lac_view *x = &call->in[0], *ids = &call->in[1];
    move g = {.x = in_f32(call, 0), .ids = in_i32(call, 1), .y = out_f32(call, 0)};
    g.batch = (idx)ids->dim[0];
    g.v = (idx)ids->dim[1];
    g.d = last_of(x);
    g.x_step = x->rank == 3 ? (idx)x->dim[1] * g.d : 0;
    lac_parallel(call->pool, (size_t)g.batch, gather_task, &g);
}

static void gather_grad_task(void *context, size_t task, int worker) {
    const move *g = context;
    (void)worker;
    idx b = (idx)task;
    float *to = g->y + b * g->n * g->d;
    clear(to, g->n * g->d);
    for (idx i = 0; i < g->v; i++)
        add_row(to + g->ids[b * g->v + i] * g->d, g->x + (b * g->v + i) * g->d, g->d);
}

/* Into one table: columns first.. of every row, over the batch in order */
static void gather_grad_table_task(void *context, size_t task, int worker) {
    const move *g = context;
    (void)worker;
    idx first = (idx)task * COLUMNS, width = at_most(COLUMNS, g->d - first);
    for (idx i = 0; i < g->n; i++)
        clear(g->y + i * g->d + first, width);
    for (idx i = 0; i < g->batch * g->v; i++)
        add_row(g->y + g->ids[i] * g->d + first, g->x + i * g->d + first, width);
}

void lac_move_gather_rows_grad(const lac_call *call) {
    move g = {.x = in_f32(call, 0), .ids = in_i32(call, 1), .y = out_f32(call, 0)};
    g.batch = (idx)call->in[1].dim[0];
    g.v = (idx)call->in[1].dim[1];
    g.d = last_of(&call->in[0]);
    g.n = (idx)call->attr.i[1];
    if (call->attr.i[0] == 3)
        lac_parallel(call->pool, (size_t)g.batch, gather_grad_task, &g);
    else
        lac_parallel(call->pool, (size_t)over(g.d, COLUMNS), gather_grad_table_task, &g);
}

static void concat_task(void *context, size_t task, int worker) {
    const move *g = context;
    (void)worker;
    idx b = (idx)task;
    float *to = g->y + b * (g->n + g->n_other);
    copy(to, g->x + b * g->x_step, g->n);
    copy(to + g->n, g->other + b * g->n_other, g->n_other);
}

void lac_move_concat_tokens(const lac_call *call) {
    const lac_view *a = &call->in[0], *b = &call->in[1];
    move g = {.x = in_f32(call, 0), .other = in_f32(call, 1), .y = out_f32(call, 0), .batch = (idx)b->dim[0]};
    g.n = (idx)(a->dim[1] * a->dim[2]);
    g.n_other = (idx)(b->dim[1] * b->dim[2]);
    g.x_step = a->dim[0] == 1 ? 0 : g.n;
    lac_parallel(call->pool, (size_t)g.batch, concat_task, &g);
}

static void slice_task(void *context, size_t task, int worker) {
    const move *g = context;
    (void)worker;
    idx b = (idx)task;
    copy(g->y + b * g->v * g->d, g->x + (b * g->n + g->start) * g->d, g->v * g->d);
}

void lac_move_slice_tokens(const lac_call *call) {
    const lac_view *x = &call->in[0];
    move g = {.x = in_f32(call, 0), .y = out_f32(call, 0), .n = (idx)x->dim[1], .d = (idx)x->dim[2]};
    g.start = (idx)call->attr.i[0];
    g.v = (idx)call->attr.i[1];
    lac_parallel(call->pool, (size_t)x->dim[0], slice_task, &g);
}

static void slice_grad_task(void *context, size_t task, int worker) {
    const move *g = context;
    (void)worker;
    idx b = (idx)task;
    float *to = g->y + b * g->n * g->d;
    clear(to, g->start * g->d);
    copy(to + g->start * g->d, g->x + b * g->v * g->d, g->v * g->d);
    clear(to + (g->start + g->v) * g->d, (g->n - g->start - g->v) * g->d);
}

void lac_move_slice_tokens_grad(const lac_call *call) {
    const lac_view *dy = &call->in[0];
    move g = {.x = in_f32(call, 0), .y = out_f32(call, 0), .d = (idx)dy->dim[2]};
    g.start = (idx)call->attr.i[0];
    g.v = (idx)call->attr.i[1];
    g.n = (idx)call->attr.i[2];
    lac_parallel(call->pool, (size_t)dy->dim[0], slice_grad_task, &g);
}

static void restore_task(void *context, size_t task, int worker) {
    const move *g = context;
    (void)worker;
    idx b = (idx)task;
    for (idx i = 0; i < g->n; i++) {
        idx id = g->ids[b * g->n + i];
        copy(g->y + (b * g->n + i) * g->d, id < g->v ? g->x + (b * g->v + id) * g->d : g->other, g->d);
    }
}

void lac_move_restore(const lac_call *call) {
    const lac_view *x = &call->in[0], *ids = &call->in[2];
    move g = {.x = in_f32(call, 0), .other = in_f32(call, 1), .ids = in_i32(call, 2), .y = out_f32(call, 0)};
    g.v = (idx)x->dim[1];
    g.d = (idx)x->dim[2];
    g.n = (idx)ids->dim[1];
    lac_parallel(call->pool, (size_t)ids->dim[0], restore_task, &g);
}

static void restore_grad_task(void *context, size_t task, int worker) {
    const move *g = context;
    (void)worker;
    idx b = (idx)task;
    if (g->partial) clear(g->partial + b * g->d, g->d);
    for (idx i = 0; i < g->n; i++) {
        idx id = g->ids[b * g->n + i];
        const float *dy = g->x + (b * g->n + i) * g->d;
        if (id < g->v)
            copy(g->y + (b * g->v + id) * g->d, dy, g->d);
        else if (g->partial)
            add_row(g->partial + b * g->d, dy, g->d);
    }
}

size_t lac_move_restore_grad_scratch(const lac_call *call, int n_threads) {
    (void)n_threads;
    return (size_t)(call->in[1].dim[0] * lac_view_last(&call->in[0])) * sizeof(float);
}

void lac_move_restore_grad(const lac_call *call) {
    const lac_view *ids = &call->in[1];
    float *token = out_f32(call, 1);
    move g = {.x = in_f32(call, 0), .ids = in_i32(call, 1), .y = out_f32(call, 0), .v = (idx)call->attr.i[0]};
    g.d = last_of(&call->in[0]);
    g.n = (idx)ids->dim[1];
    g.batch = (idx)ids->dim[0];
    g.partial = token ? call->scratch : NULL;
    lac_parallel(call->pool, (size_t)g.batch, restore_grad_task, &g);
    if (!token) return;
    clear(token, g.d);
    for (idx b = 0; b < g.batch; b++)
        add_row(token, g.partial + b * g.d, g.d);
}

static void mean_task(void *context, size_t task, int worker) {
    const move *g = context;
    (void)worker;
    idx b = (idx)task;
    float *to = g->y + b * g->d, factor = 1.0f / (float)g->n;
    clear(to, g->d);
    for (idx i = 0; i < g->n; i++)
        add_row(to, g->x + (b * g->n + i) * g->d, g->d);
    for (idx j = 0; j < g->d; j++)
        to[j] *= factor;
}

void lac_move_mean_tokens(const lac_call *call) {
    const lac_view *x = &call->in[0];
    move g = {.x = in_f32(call, 0), .y = out_f32(call, 0), .n = (idx)x->dim[1], .d = (idx)x->dim[2]};
    lac_parallel(call->pool, (size_t)x->dim[0], mean_task, &g);
}

static void mean_grad_task(void *context, size_t task, int worker) {
    const move *g = context;
    (void)worker;
    idx b = (idx)task;
    float factor = 1.0f / (float)g->n, *to = g->y + b * g->n * g->d;
    for (idx j = 0; j < g->d; j++)
        to[j] = g->x[b * g->d + j] * factor;
    for (idx i = 1; i < g->n; i++)
        copy(to + i * g->d, to, g->d);
}

void lac_move_mean_tokens_grad(const lac_call *call) {
    const lac_view *dy = &call->in[0];
    move g = {.x = in_f32(call, 0), .y = out_f32(call, 0), .n = (idx)call->attr.i[0], .d = last_of(dy)};
    lac_parallel(call->pool, (size_t)rows_of(dy), mean_grad_task, &g);
}
