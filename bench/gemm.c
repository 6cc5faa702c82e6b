/* bench/gemm.c - the CPU backend's matrix products and attention alone, in the shapes of the recipes' training steps.
 *
 *   bench_gemm [THREADS [cpu]]      best of repeated runs; share is of the multiply-add probe on the same threads
 *
 * "cpu" counts processor seconds instead of the wall clock's, for one thread on a machine that others use too.
 * Not here: whole steps (lacuna bench) and comparisons with other libraries (gemm_peers.c). */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/backend.h"
#include "base/file.h"
#include "base/memory.h"
#include "layers.h"

enum { TINY_PICTURES = 128, VIT_B_PICTURES = 8 };

static const struct {
    const char *name;
    int64_t batch, tokens, heads, width;
} heads[] = {
    {"tiny-32 enc attention", 128, 17, 3, 64},
    {"tiny-32 dec attention", 128, 65, 3, 32},
    {"ViT-B enc attention", 8, 50, 12, 64},
    {"ViT-B dec attention", 8, 197, 16, 32},
};

static bool counts_cpu;

static double seconds(void) {
    struct timespec t;
    if (!counts_cpu) return lac_clock_s();
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static lac_view view(void *data, int rank, int64_t a, int64_t b, int64_t c) {
    return (lac_view){.data = data, .dtype = LAC_F32, .rank = rank, .dim = {a, b, c}};
}

static float *values(int64_t n) {
    float *x = lac_alloc((size_t)n * sizeof *x);
    if (!x) {
        fprintf(stderr, "bench_gemm: out of memory\n");
        exit(1);
    }
    for (int64_t i = 0; i < n; i++)
        x[i] = (float)(i % 17 - 8) * 0.01f;
    return x;
}

static double flops_per_s(const lac_backend *backend, lac_call *call, double flops) {
    const lac_kernel *kernel = backend->find(call->op, LAC_F32);
    size_t bytes = kernel->scratch ? kernel->scratch(call, lac_pool_size(call->pool)) : 0;
    call->scratch = values((int64_t)(bytes / sizeof(float)) + 16);
    double best = 1e9, start = seconds();
    for (int i = 0; i < 5 || seconds() - start < 0.15; i++) {
        double before = seconds();
        kernel->run(call);
        double s = seconds() - before;
        if (s < best) best = s;
    }
    lac_free(call->scratch);
    return flops / best;
}

static int64_t rows(const struct lac_bench_layer *layer) {
    return layer->tokens * (layer->is_tiny ? TINY_PICTURES : VIT_B_PICTURES);
}

static double linear(const lac_backend *backend, lac_pool *pool, const struct lac_bench_layer *layer,
                     lac_bench_kind which) {
    int64_t r = rows(layer), in = layer->in, out = layer->out;
    float *x = values(r * in), *y = values(r * out), *second = values(r * out), *w = values(in * out), *b = values(out);
    float *dx = values(r * in);
    lac_call call = {.op = LAC_OP_GEMM, .pool = pool, .n_in = 3, .n_out = 2};
    if (which == LAC_FORWARD) {
        call.attr.i[1] = 1;
        call.attr.i[2] = layer->has_gelu ? LAC_GEMM_GELU : 0;
        call.in[0] = view(x, 2, r, in, 0);
        call.in[1] = view(w, 2, out, in, 0);
        call.in[2] = view(b, 1, out, 0, 0);
        call.out[0] = view(y, 2, r, out, 0);
        call.out[1] = view(second, 2, r, out, 0);
    } else if (which == LAC_INPUT_GRADIENT) {
        call.in[0] = view(y, 2, r, out, 0);
        call.in[1] = view(w, 2, out, in, 0);
        call.out[0] = view(dx, 2, r, in, 0);
    } else {
        call.attr.i[0] = 1;
        call.attr.i[2] = LAC_GEMM_ACCUMULATE | LAC_GEMM_SUM_A;
        call.in[0] = view(y, 2, r, out, 0);
        call.in[1] = view(x, 2, r, in, 0);
        call.out[0] = view(w, 2, out, in, 0);
        call.out[1] = view(b, 1, out, 0, 0);
    }
    double rate = flops_per_s(backend, &call, 2.0 * (double)r * (double)in * (double)out);
    float *all[] = {x, y, second, w, b, dx};
    for (size_t j = 0; j < sizeof all / sizeof *all; j++)
        lac_free(all[j]);
    return rate;
}

static void attention(const lac_backend *backend, lac_pool *pool, size_t i, double *forward, double *backward) {
    int64_t b = heads[i].batch, t = heads[i].tokens, h = heads[i].heads, c = heads[i].width, d = h * c;
    float *qkv = values(b * t * 3 * d), *y = values(b * t * d), *lse = values(b * h * t), *dqkv = values(b * t * 3 * d);
    lac_call call = {.op = LAC_OP_ATTENTION, .attr = {.i = {h}}, .pool = pool, .n_in = 1, .n_out = 2};
    call.in[0] = view(qkv, 3, b, t, 3 * d);
    call.out[0] = view(y, 3, b, t, d);
    call.out[1] = view(lse, 3, b, h, t);
    double flops = 4.0 * (double)(b * h) * (double)(t * t) * (double)c;
    *forward = flops_per_s(backend, &call, flops);
    lac_call grad = {.op = LAC_OP_ATTENTION_GRAD, .attr = {.i = {h}}, .pool = pool, .n_in = 4, .n_out = 1};
    grad.in[0] = call.out[0];
    grad.in[1] = call.in[0];
    grad.in[2] = call.out[0];
    grad.in[3] = call.out[1];
    grad.out[0] = view(dqkv, 3, b, t, 3 * d);
    *backward = flops_per_s(backend, &grad, 2 * flops); /* recomputing the scores is not counted */
    float *all[] = {qkv, y, lse, dqkv};
    for (size_t j = 0; j < sizeof all / sizeof *all; j++)
        lac_free(all[j]);
}

int main(int argc, char **argv) {
    counts_cpu = argc > 2 && strcmp(argv[2], "cpu") == 0;
    lac_error err;
    lac_pool *pool;
    const lac_backend *backend;
    if (lac_backend_cpu(NULL, &backend, &err) || lac_pool_new(argc > 1 ? atoi(argv[1]) : 0, &pool, &err)) {
        fprintf(stderr, "bench_gemm: %s\n", err.text);
        return (int)err.status;
    }
    double peak = backend->peak_flops(pool, 0.5);
    printf("%s, %d threads, peak %.1f GFLOP/s\n", backend->isa, lac_pool_size(pool), peak * 1e-9);
    for (size_t i = 0; i < LAC_BENCH_LAYERS; i++) {
        const struct lac_bench_layer *layer = &lac_bench_layers[i];
        printf("%-16s%-5s %5d x %4d -> %4d ", layer->name, layer->has_gelu ? "+gelu" : "", (int)rows(layer),
               (int)layer->in, (int)layer->out);
        for (lac_bench_kind k = LAC_FORWARD; k < LAC_BENCH_KINDS; k++) {
            double rate = linear(backend, pool, layer, k);
            printf(" %s %6.1f %3.0f%%", lac_bench_kind_names[k], rate * 1e-9, 100 * rate / peak);
        }
        printf("\n");
    }
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        double forward, backward;
        attention(backend, pool, i, &forward, &backward);
        printf("%-22s T %3d c %2d  forward %6.1f %3.0f%% backward %6.1f %3.0f%%\n", heads[i].name, (int)heads[i].tokens,
               (int)heads[i].width, forward * 1e-9, 100 * forward / peak, backward * 1e-9, 100 * backward / peak);
    }
    double again = backend->peak_flops(pool, 0.5);
    printf("peak afterwards %.1f GFLOP/s\n", again * 1e-9);
    lac_pool_free(pool);
    return 0;
}
