/* backend/matmul.c - plain matrix products outside graphs, on whatever backend is given. */
#include <stdbool.h>

#include "backend/backend.h"
#include "base/memory.h"

static lac_view matrix(const void *data, int64_t rows, int64_t columns) {
    return (lac_view){.data = (void *)(uintptr_t)data, .dtype = LAC_F32, .rank = 2, .dim = {rows, columns}};
}

static lac_status product(const lac_backend *backend, lac_pool *pool, bool trans_a, bool trans_b, lac_view a,
                          lac_view b, lac_view c, lac_error *err) {
    lac_call call = {.op = LAC_OP_GEMM, .n_in = 2, .n_out = 1, .in = {a, b}, .out = {c}, .pool = pool};
    call.attr.i[0] = trans_a;
    call.attr.i[1] = trans_b;
    const lac_kernel *kernel = backend->find(LAC_OP_GEMM, LAC_F32);
    size_t bytes = kernel->scratch ? kernel->scratch(&call, lac_pool_size(pool)) : 0;
    if (bytes > 0 && !(call.scratch = lac_alloc(bytes))) return lac_no_memory(err, "a matrix product's work space");
    kernel->run(&call);
    lac_free(call.scratch);
    return LAC_OK;
}

lac_status lac_matmul_nt(const lac_backend *backend, lac_pool *pool, int64_t m, int64_t n, int64_t k, const float *a,
                         const float *b, float *c, lac_error *err) {
    return product(backend, pool, false, true, matrix(a, m, k), matrix(b, n, k), matrix(c, m, n), err);
}

lac_status lac_matmul_nn(const lac_backend *backend, lac_pool *pool, int64_t m, int64_t n, int64_t k, const float *a,
                         const float *b, float *c, lac_error *err) {
    return product(backend, pool, false, false, matrix(a, m, k), matrix(b, k, n), matrix(c, m, n), err);
}

lac_status lac_matmul_tn(const lac_backend *backend, lac_pool *pool, int64_t m, int64_t n, int64_t k, const float *a,
                         const float *b, float *c, lac_error *err) {
    return product(backend, pool, true, false, matrix(a, k, m), matrix(b, k, n), matrix(c, m, n), err);
}
