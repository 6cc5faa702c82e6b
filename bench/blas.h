/* bench/blas.h - matrix products of other libraries: OpenBLAS, BLIS and oneDNN, for comparisons.
 *
 * The first two are opened by name at run time, the last is linked where it was found at build time; one that this
 * machine lacks has `run` NULL. They are told which instruction set to use: none of them knows every processor. */
#ifndef LAC_BENCH_BLAS_H
#define LAC_BENCH_BLAS_H

#include <stdbool.h>
#include <stdint.h>

/* c: m x n = (accumulate ? c : 0) + a b, dense and row-major. a: m x k (trans_a: k x m), b: k x n (trans_b: n x k). */
typedef struct blas_product {
    bool trans_a, trans_b, accumulate;
    int64_t m, n, k;
    const float *a, *b;
    float *c;
} blas_product;

typedef struct blas {
    const char *name;
    char version[160];
    void (*prepare)(const blas_product *); /* NULL: nothing to do before the first run of a product */
    void (*run)(const blas_product *);
} blas;

enum { BLAS_OPENBLAS, BLAS_BLIS, BLAS_ONEDNN, BLAS_ALL };

/* Call once, first: isa as lac_backend.isa ("avx512", "avx2", "portable"). */
void blas_open(const char *isa, int threads, blas all[BLAS_ALL]);

/* blas_onednn.c, or blas_no_onednn.c */
void blas_open_onednn(int threads, blas *one);

#endif
