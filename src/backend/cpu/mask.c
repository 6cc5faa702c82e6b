/* backend/cpu/mask.c - one token in place of hidden ones, and its gradient: bound by memory, the same for every set.
 *
 * One task per sample; the token's gradient is per-sample partial sums added in the order of the samples. */
#include <string.h>

#include "backend/cpu/call.h"
#include "backend/cpu/move.h"

typedef struct masking {
    const float *x, *token, *mask;
    float *y, *partial;
    idx n, d;
} masking;

static void mask_task(void *context, size_t task, int worker) {
    const masking *g = context;
    (void)worker;
    for (idx r = (idx)task * g->n; r < ((idx)task + 1) * g->n; r++) {
        const float *x = g->x + r * g->d;
        float m = g->mask[r], keep = 1.0f - m, *y = g->y + r * g->d;
        if (g->token)
            for (idx j = 0; j < g->d; j++)
                y[j] = keep * x[j] + m * g->token[j];
        else
            for (idx j = 0; j < g->d; j++)
                y[j] = keep * x[j];
    }
}

void lac_mask_tokens_run(const lac_call *call) {
    masking g = {.x = in_f32(call, 0), .token = in_f32(call, 1), .mask = in_f32(call, 2), .y = out_f32(call, 0)};
    g.n = (idx)call->in[0].dim[1];
    g.d = (idx)call->in[0].dim[2];
    lac_parallel(call->pool, (size_t)call->in[0].dim[0], mask_task, &g);
}

static void mask_grad_task(void *context, size_t task, int worker) {
    const masking *g = context;
    (void)worker;
    float *partial = g->partial ? g->partial + (idx)task * g->d : NULL;
    if (partial) memset(partial, 0, (size_t)g->d * sizeof *partial);
    for (idx r = (idx)task * g->n; r < ((idx)task + 1) * g->n; r++) {
        const float *dy = g->x + r * g->d;
        float m = g->mask[r], keep = 1.0f - m, *dx = g->y + r * g->d;
        for (idx j = 0; j < g->d; j++)
            dx[j] = keep * dy[j];
        for (idx j = 0; partial && j < g->d; j++)
            partial[j] += m * dy[j];
    }
}

size_t lac_mask_tokens_grad_scratch(const lac_call *call, int n_threads) {
    (void)n_threads;
    return call->attr.i[0] ? (size_t)(call->in[0].dim[0] * call->in[0].dim[2]) * sizeof(float) : 0;
}

void lac_mask_tokens_grad_run(const lac_call *call) {
    masking g = {.x = in_f32(call, 0), .mask = in_f32(call, 1), .y = out_f32(call, 0)};
    float *token = out_f32(call, 1);
    idx batch = (idx)call->in[0].dim[0];
    g.n = (idx)call->in[0].dim[1];
    g.d = (idx)call->in[0].dim[2];
    g.partial = token ? call->scratch : NULL;
    lac_parallel(call->pool, (size_t)batch, mask_grad_task, &g);
    if (!token) return;
    memset(token, 0, (size_t)g.d * sizeof *token);
    for (idx b = 0; b < batch; b++)
        for (idx j = 0; j < g.d; j++)
            token[j] += g.partial[b * g.d + j];
}
