/* bench/gemm_peers.c - the CPU backend's matrix products beside OpenBLAS, BLIS and oneDNN, in the shapes of the
 * recipes' training steps.
 *
 *   bench_gemm_peers THREADS FILE.json [ROUNDS [TINY_PICTURES VIT_B_PICTURES]]      table (Markdown) on stdout
 *
 * All in one process and in turn: a round gives each library the same product for a fiftieth of a second, every second
 * round in reverse order, and the ratio of a round compares two times that lie next to each other. Before anything is
 * timed, every library's result is compared with sums in double. Plain products: no bias, no GELU, weights not packed
 * before ("kept" is with the weight packed before, as in all micro-batches of a step but the first). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/backend.h"
#include "base/file.h"
#include "base/memory.h"
#include "blas.h"
#include "layers.h"

enum { MOST_ROUNDS = 99, LACUNA = BLAS_ALL, KEPT, CONTENDERS, SAMPLES = 200 };

static const double slot_s = 0.02, probe_s = 0.04;

typedef struct bench {
    const lac_backend *backend;
    lac_pool *pool;
    blas library[BLAS_ALL];
    int rounds;
    int64_t pictures[2]; /* a micro-batch: ViT-B, tiny-32 */
} bench;

typedef struct result {
    double rate[CONTENDERS]; /* median, FLOP/s; 0: not here */
    double ratio, lowest;    /* Lacuna : the best library, median of the rounds and its lower 95 % bound */
    double peak;             /* better of two probes, before and after, FLOP/s */
    int best;                /* of the libraries, -1: none */
    double times[CONTENDERS][MOST_ROUNDS];
} result;

static void stop(const char *what) {
    fprintf(stderr, "bench_gemm_peers: %s\n", what);
    exit(1);
}

static float *values(int64_t n) {
    float *x = lac_alloc((size_t)n * sizeof *x);
    if (!x) stop("out of memory");
    for (int64_t i = 0; i < n; i++)
        x[i] = (float)(i % 1021 % 17 - 8) * 0.01f;
    return x;
}

static blas_product describe(const struct lac_bench_layer *layer, lac_bench_kind kind, int64_t rows) {
    int64_t in = layer->in, out = layer->out;
    if (kind == LAC_FORWARD) return (blas_product){.trans_b = true, .m = rows, .n = out, .k = in};
    if (kind == LAC_INPUT_GRADIENT) return (blas_product){.m = rows, .n = in, .k = out};
    return (blas_product){.trans_a = true, .accumulate = true, .m = out, .n = in, .k = rows};
}

static lac_view matrix(const float *data, int64_t rows, int64_t columns) {
    return (lac_view){.data = (void *)(uintptr_t)data, .dtype = LAC_F32, .rank = 2, .dim = {rows, columns}};
}

static void open_call(const bench *b, const blas_product *p, bool keeps, lac_call *call) {
    *call = (lac_call){.op = LAC_OP_GEMM, .pool = b->pool, .n_in = 2, .n_out = 1};
    call->attr.i[0] = p->trans_a;
    call->attr.i[1] = p->trans_b;
    call->attr.i[2] = p->accumulate ? LAC_GEMM_ACCUMULATE : 0;
    call->in[0] = p->trans_a ? matrix(p->a, p->k, p->m) : matrix(p->a, p->m, p->k);
    call->in[1] = p->trans_b ? matrix(p->b, p->n, p->k) : matrix(p->b, p->k, p->n);
    call->out[0] = matrix(p->c, p->m, p->n);
    const lac_kernel *kernel = b->backend->find(LAC_OP_GEMM, LAC_F32);
    size_t bytes = kernel->scratch ? kernel->scratch(call, lac_pool_size(b->pool)) : 0;
    call->scratch = values((int64_t)(bytes / sizeof(float)) + 16);
    bytes = keeps && kernel->keeps ? kernel->keeps(call, 2) : 0;
    call->kept = bytes ? values((int64_t)(bytes / sizeof(float)) + 16) : NULL;
}

static void close_call(lac_call *call) {
    lac_free(call->scratch);
    lac_free(call->kept);
}

static void run(const bench *b, int who, const blas_product *p, const lac_call *plain, const lac_call *kept) {
    const lac_kernel *kernel = b->backend->find(LAC_OP_GEMM, LAC_F32);
    if (who == LACUNA)
        kernel->run(plain);
    else if (who == KEPT)
        kernel->run(kept);
    else
        b->library[who].run(p);
}

static double processor_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A library's threads spin for some time after its product and would take the next one's processors. */
static void wait_for_idle_threads(void) {
    const struct timespec nap = {.tv_nsec = 1000000};
    for (int i = 0; i < 200; i++) {
        double before = processor_s();
        nanosleep(&nap, NULL);
        if (processor_s() - before < 2e-4) return;
    }
}

static double slot(const bench *b, int who, const blas_product *p, const lac_call *plain, const lac_call *kept) {
    run(b, who, p, plain, kept);
    double start = lac_clock_s(), now;
    int calls = 0;
    do {
        run(b, who, p, plain, kept);
        now = lac_clock_s();
        calls++;
    } while (now - start < slot_s || calls < 2);
    if (lac_pool_size(b->pool) > 1) wait_for_idle_threads();
    return (now - start) / calls;
}

/* Largest error of sampled values of C, relative to the sum of magnitudes. */
static double error_of(const blas_product *p, double before) {
    double worst = 0;
    for (int64_t s = 0; s < SAMPLES; s++) {
        int64_t i = s * 7919 % p->m, j = s * 104729 % p->n;
        double sum = before, size = fabs(before);
        for (int64_t k = 0; k < p->k; k++) {
            double term = (double)(p->trans_a ? p->a[k * p->m + i] : p->a[i * p->k + k]) *
                          (double)(p->trans_b ? p->b[j * p->k + k] : p->b[k * p->n + j]);
            sum += term;
            size += fabs(term);
        }
        worst = fmax(worst, fabs((double)p->c[i * p->n + j] - sum) / (size + 1e-30));
    }
    return worst;
}

static void check(const bench *b, int who, const blas_product *p, const lac_call *plain, const lac_call *kept) {
    const float before = 0.25f;
    for (int64_t i = 0; i < p->m * p->n; i++)
        p->c[i] = before;
    run(b, who, p, plain, kept);
    double error = error_of(p, p->accumulate ? (double)before : 0);
    if (error > 1e-5 || isnan(error)) {
        fprintf(stderr, "bench_gemm_peers: %s: wrong product of %d x %d x %d (%g)\n",
                who < BLAS_ALL ? b->library[who].name : "Lacuna", (int)p->m, (int)p->n, (int)p->k, error);
        exit(1);
    }
}

static int by_size(const void *x, const void *y) {
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

/* The k-th smallest of n: below the median with at least 95 % confidence (sign test); 0 if n is too few. */
static int bound(int n) {
    double tail = pow(0.5, n), term = tail;
    int k = 0;
    while (tail <= 0.05) {
        k++;
        term *= (double)(n - k + 1) / (double)k;
        tail += term;
    }
    return k;
}

static double sorted(const double *x, int n, double *low) {
    double copy[MOST_ROUNDS];
    memcpy(copy, x, (size_t)n * sizeof *x);
    qsort(copy, (size_t)n, sizeof *copy, by_size);
    int k = bound(n);
    if (low) *low = k ? copy[k - 1] : NAN;
    return n % 2 ? copy[n / 2] : (copy[n / 2 - 1] + copy[n / 2]) / 2;
}

static void summarize(const bench *b, const blas_product *p, result *r) {
    double flops = 2.0 * (double)p->m * (double)p->n * (double)p->k, ratio[MOST_ROUNDS];
    r->best = -1;
    for (int who = 0; who < CONTENDERS; who++) {
        r->rate[who] = r->times[who][0] > 0 ? flops / sorted(r->times[who], b->rounds, NULL) : 0;
        if (who < BLAS_ALL && r->rate[who] > 0 && (r->best < 0 || r->rate[who] > r->rate[r->best])) r->best = who;
    }
    for (int i = 0; i < b->rounds && r->best >= 0; i++)
        ratio[i] = r->times[r->best][i] / r->times[LACUNA][i];
    r->ratio = r->lowest = NAN;
    if (r->best >= 0) r->ratio = sorted(ratio, b->rounds, &r->lowest);
}

static void measure(const bench *b, blas_product *p, result *r) {
    float *x = values(p->m * p->k), *y = values(p->k * p->n), *c = values(p->m * p->n);
    p->a = x;
    p->b = y;
    p->c = c;
    *r = (result){0};
    lac_call plain, kept;
    open_call(b, p, false, &plain);
    open_call(b, p, true, &kept);
    bool is_here[CONTENDERS] = {[LACUNA] = true, [KEPT] = kept.kept != NULL};
    for (int who = 0; who < BLAS_ALL; who++)
        is_here[who] = b->library[who].run != NULL;
    for (int who = 0; who < CONTENDERS; who++) {
        if (!is_here[who]) continue;
        if (who < BLAS_ALL && b->library[who].prepare) b->library[who].prepare(p);
        check(b, who, p, &plain, &kept);
        if (who == KEPT) kept.is_kept = true;
    }
    r->peak = b->backend->peak_flops(b->pool, probe_s);
    for (int i = 0; i < b->rounds; i++)
        for (int j = 0; j < CONTENDERS; j++) {
            int who = i % 2 ? CONTENDERS - 1 - j : j;
            if (is_here[who]) r->times[who][i] = slot(b, who, p, &plain, &kept);
        }
    r->peak = fmax(r->peak, b->backend->peak_flops(b->pool, probe_s));
    summarize(b, p, r);
    close_call(&plain);
    close_call(&kept);
    lac_free(x);
    lac_free(y);
    lac_free(c);
}

static void print_row(const bench *b, const char *layer, const char *kind, const blas_product *p, const result *r) {
    printf("| %s, %s | %d x %d x %d |", layer, kind, (int)p->m, (int)p->n, (int)p->k);
    for (int who = 0; who < BLAS_ALL; who++)
        r->rate[who] > 0 ? printf(" %.0f %% |", 100 * r->rate[who] / r->peak) : printf(" |");
    printf(" %.1f | %.0f %% |", r->rate[LACUNA] * 1e-9, 100 * r->rate[LACUNA] / r->peak);
    r->rate[KEPT] > 0 ? printf(" %.0f %% |", 100 * r->rate[KEPT] / r->peak) : printf(" |");
    if (r->best < 0)
        printf(" |\n");
    else
        printf(" %s%.2f (%.2f) %s%s |\n", r->lowest > 0.95 ? "" : "**", r->ratio, r->lowest, b->library[r->best].name,
               r->lowest > 0.95 ? "" : "**");
    fflush(stdout);
}

static void write_row(FILE *json, const bench *b, const char *layer, const char *kind, const blas_product *p,
                      const result *r, bool is_first) {
    fprintf(json,
            "%s\n  {\"layer\": \"%s\", \"kind\": \"%s\", \"m\": %d, \"n\": %d, \"k\": %d, \"peak_gflops\": %.1f, "
            "\"lacuna\": %.1f, \"lacuna_kept\": %.1f",
            is_first ? "" : ",", layer, kind, (int)p->m, (int)p->n, (int)p->k, r->peak * 1e-9, r->rate[LACUNA] * 1e-9,
            r->rate[KEPT] * 1e-9);
    for (int who = 0; who < BLAS_ALL; who++)
        if (r->rate[who] > 0) fprintf(json, ", \"%s\": %.1f", b->library[who].name, r->rate[who] * 1e-9);
    if (r->best >= 0)
        fprintf(json, ", \"best\": \"%s\", \"ratio\": %.3f, \"lower_bound\": %.3f", b->library[r->best].name, r->ratio,
                r->lowest);
    fprintf(json, "}");
}

static void open_bench(int argc, char **argv, bench *b) {
    lac_error err;
    if (argc < 3 || atoi(argv[1]) < 1) stop("expected THREADS FILE.json [ROUNDS [TINY_PICTURES VIT_B_PICTURES]]");
    b->rounds = argc > 3 ? atoi(argv[3]) : 15;
    b->pictures[1] = argc > 4 ? atoi(argv[4]) : 32;
    b->pictures[0] = argc > 5 ? atoi(argv[5]) : 8;
    if (b->rounds < 5 || b->rounds > MOST_ROUNDS) stop("expected 5 to 99 rounds");
    if (b->pictures[0] < 1 || b->pictures[1] < 1) stop("expected at least 1 picture");
    if (lac_backend_cpu(NULL, &b->backend, &err) || lac_pool_new(atoi(argv[1]), &b->pool, &err)) stop(err.text);
    blas_open(b->backend->isa, lac_pool_size(b->pool), b->library);
}

static void print_head(const bench *b) {
    printf("%d thread%s, %s, median of %d rounds\n\n", lac_pool_size(b->pool), lac_pool_size(b->pool) > 1 ? "s" : "",
           b->backend->isa, b->rounds);
    for (int who = 0; who < BLAS_ALL; who++)
        printf("- %s %s\n", b->library[who].name,
               b->library[who].run ? b->library[who].version : "not found: left out");
    printf(
        "\n| product | m x n x k | OpenBLAS | BLIS | oneDNN | GFLOP/s | Lacuna | kept | ratio to the best (lower 95 %% "
        "bound) |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
}

static void measure_all(const bench *b, FILE *json) {
    double lowest = 1e300, highest = 0;
    int n = 0, n_slower = 0;
    for (int i = 0; i < LAC_BENCH_LAYERS; i++) {
        const struct lac_bench_layer *layer = &lac_bench_layers[i];
        for (lac_bench_kind kind = LAC_FORWARD; kind < LAC_BENCH_KINDS; kind++) {
            if (kind == LAC_INPUT_GRADIENT && layer->from_patches) continue;
            result r;
            blas_product p = describe(layer, kind, layer->tokens * b->pictures[layer->is_tiny]);
            measure(b, &p, &r);
            print_row(b, layer->name, lac_bench_kind_names[kind], &p, &r);
            write_row(json, b, layer->name, lac_bench_kind_names[kind], &p, &r, n == 0);
            lowest = fmin(lowest, r.peak);
            highest = fmax(highest, r.peak);
            n_slower += r.best >= 0 && !(r.lowest > 0.95);
            n++;
        }
    }
    printf("\nPeak %.1f to %.1f GFLOP/s; %d of %d products without a lower bound above 0.95.\n", lowest * 1e-9,
           highest * 1e-9, n_slower, n);
}

int main(int argc, char **argv) {
    bench b = {0};
    open_bench(argc, argv, &b);
    FILE *json = fopen(argv[2], "w");
    if (!json) stop("cannot write the JSON file");
    fprintf(json, "{\"isa\": \"%s\", \"threads\": %d, \"rounds\": %d", b.backend->isa, lac_pool_size(b.pool), b.rounds);
    for (int who = 0; who < BLAS_ALL; who++)
        if (b.library[who].run) fprintf(json, ", \"%s\": \"%s\"", b.library[who].name, b.library[who].version);
    fprintf(json, ",\n \"products\": [");
    print_head(&b);
    measure_all(&b, json);
    fprintf(json, "\n]}\n");
    if (fclose(json)) stop("cannot write the JSON file");
    lac_pool_free(b.pool);
    return 0;
}
