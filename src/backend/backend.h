/* backend/backend.h - what a backend offers: kernels by op id, and the few whole-array passes that are not ops.
 *
 * Nothing above this header knows which backend runs. Kernels are chosen once, when a program is planned. */
#ifndef LAC_BACKEND_BACKEND_H
#define LAC_BACKEND_BACKEND_H

#include <stdbool.h>

#include "backend/op.h"
#include "base/threads.h"

typedef struct lac_view {
    void *data;
    lac_dtype dtype;
    int rank;
    int64_t dim[LAC_MAX_RANK];
} lac_view;

int64_t lac_view_size(const lac_view *view); /* elements */
int64_t lac_view_rows(const lac_view *view); /* product of all dims but the last */
int64_t lac_view_last(const lac_view *view); /* last dim; 1 for a scalar */

typedef struct lac_call {
    lac_op_id op;
    lac_attr attr;
    int n_in, n_out;
    lac_view in[LAC_MAX_IN], out[LAC_MAX_OUT];
    void *scratch; /* at least the bytes the kernel asked for, 64-byte aligned, contents undefined */
    void *kept;    /* NULL, or the bytes that `keeps` asked for: the kernel's own from run to run */
    bool is_kept;  /* what the last run left in `kept` holds: the inputs it was made of are the same */
    lac_pool *pool;
} lac_call;

typedef struct lac_kernel {
    void (*run)(const lac_call *call);
    /* Scratch bytes for this call on a pool of n_threads; NULL: none. Looks at shapes only. */
    size_t (*scratch)(const lac_call *call, int n_threads);
    /* Bytes worth keeping from run to run while the inputs in `fixed` (bit i: in[i]) do not change, a packed weight for
     * instance; NULL: none. Looks at shapes only. */
    size_t (*keeps)(const lac_call *call, unsigned fixed);
} lac_kernel;

/* One step of decoupled AdamW (arXiv 1711.05101) as torch.optim.AdamW: w *= 1 - lr*decay; m, v updated;
 * w -= lr / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + eps). grad_scale multiplies the gradient first (clipping).
 */
typedef struct lac_adamw {
    double lr, beta1, beta2, eps, decay, grad_scale;
    int64_t t; /* 1 at the first step */
} lac_adamw;

typedef struct lac_backend {
    const char *name;                                        /* "cpu" */
    const char *isa;                                         /* "portable", "avx2", "avx512" */
    const lac_kernel *(*find)(lac_op_id op, lac_dtype real); /* NULL if there is none */

    void (*adamw)(lac_pool *pool, const lac_adamw *step, size_t n, float *w, const float *g, float *m, float *v);
    double (*sum_squares)(lac_pool *pool, size_t n, const float *x); /* in double, same bits for any pool */
    void (*ema)(lac_pool *pool, double decay, size_t n, float *average, const float *x); /* a = decay a + (1-decay) x */
    /* Multiply-adds per second x 2 that registers alone reach, all threads of the pool together, over ~seconds. */
    double (*peak_flops)(lac_pool *pool, double seconds);
} lac_backend;

/* The CPU backend for an instruction set; isa NULL: LACUNA_ISA if set, else the best this processor has.
 * LAC_USAGE for an unknown name or one the processor lacks. */
lac_status lac_backend_cpu(const char *isa, const lac_backend **backend, lac_error *err);

/* C[M x N] = A[M x K] B[N x K]^T (f32), outside graphs: k-NN, probes. Work space is allocated by the call. */
lac_status lac_matmul_nt(const lac_backend *backend, lac_pool *pool, int64_t m, int64_t n, int64_t k, const float *a,
                         const float *b, float *c, lac_error *err);
/* C[M x N] = A[M x K] B[K x N];  C[M x N] = A[K x M]^T B[K x N] */
lac_status lac_matmul_nn(const lac_backend *backend, lac_pool *pool, int64_t m, int64_t n, int64_t k, const float *a,
                         const float *b, float *c, lac_error *err);
lac_status lac_matmul_tn(const lac_backend *backend, lac_pool *pool, int64_t m, int64_t n, int64_t k, const float *a,
                         const float *b, float *c, lac_error *err);

#endif
