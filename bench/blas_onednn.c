/* bench/blas_onednn.c - products of oneDNN 2 (blas.h): its sgemm and its matmul primitive, whichever is faster for a
 * product. Operands stay row-major: reordered weights would have to be reordered again after every update. */
#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "blas.h"

static dnnl_engine_t engine;
static dnnl_stream_t stream;
static dnnl_primitive_t primitive;
static dnnl_memory_t memory[3];
static bool takes_sgemm;

static void check(dnnl_status_t status, const char *what) {
    if (status == dnnl_success) return;
    fprintf(stderr, "oneDNN: %s: error %d\n", what, (int)status);
    exit(1);
}

static void describe(dnnl_memory_desc_t *desc, int64_t rows, int64_t columns, bool transposed) {
    dnnl_dims_t dims = {rows, columns}, strides = {transposed ? 1 : columns, transposed ? rows : 1};
    check(dnnl_memory_desc_init_by_strides(desc, 2, dims, dnnl_f32, strides), "a matrix");
}

static void run_sgemm(const blas_product *p) {
    check(dnnl_sgemm(p->trans_a ? 'T' : 'N', p->trans_b ? 'T' : 'N', p->m, p->n, p->k, 1, p->a,
                     p->trans_a ? p->m : p->k, p->b, p->trans_b ? p->k : p->n, p->accumulate ? 1 : 0, p->c, p->n),
          "sgemm");
}

static void run_matmul(void) {
    dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, memory[0]}, {DNNL_ARG_WEIGHTS, memory[1]}, {DNNL_ARG_DST, memory[2]}};
    check(dnnl_primitive_execute(primitive, stream, 3, args), "matmul");
    check(dnnl_stream_wait(stream), "matmul");
}

static void forget(void) {
    if (!primitive) return;
    dnnl_primitive_destroy(primitive);
    for (int i = 0; i < 3; i++)
        dnnl_memory_destroy(memory[i]);
    primitive = NULL;
}

static void make_matmul(const blas_product *p) {
    dnnl_memory_desc_t a, b, c;
    describe(&a, p->m, p->k, p->trans_a);
    describe(&b, p->k, p->n, p->trans_b);
    describe(&c, p->m, p->n, false);
    dnnl_matmul_desc_t matmul;
    check(dnnl_matmul_desc_init(&matmul, &a, &b, NULL, &c), "matmul");
    dnnl_primitive_attr_t attr;
    dnnl_post_ops_t after;
    check(dnnl_primitive_attr_create(&attr), "attributes");
    check(dnnl_post_ops_create(&after), "attributes");
    if (p->accumulate) check(dnnl_post_ops_append_sum(after, 1), "accumulate");
    check(dnnl_primitive_attr_set_post_ops(attr, after), "accumulate");
    dnnl_primitive_desc_t desc;
    check(dnnl_primitive_desc_create(&desc, &matmul, attr, engine, NULL), "matmul");
    check(dnnl_primitive_create(&primitive, desc), "matmul");
    dnnl_primitive_desc_destroy(desc);
    dnnl_post_ops_destroy(after);
    dnnl_primitive_attr_destroy(attr);
    check(dnnl_memory_create(&memory[0], &a, engine, (void *)p->a), "a matrix");
    check(dnnl_memory_create(&memory[1], &b, engine, (void *)p->b), "a matrix");
    check(dnnl_memory_create(&memory[2], &c, engine, p->c), "a matrix");
}

/* Best of a few calls */
static double seconds(const blas_product *p, bool sgemm) {
    double best = 1e9;
    for (int i = 0; i < 6; i++) {
        double before = lac_clock_s();
        if (sgemm)
            run_sgemm(p);
        else
            run_matmul();
        double s = lac_clock_s() - before;
        if (i > 0 && s < best) best = s;
    }
    return best;
}

static void prepare(const blas_product *p) {
    forget();
    make_matmul(p);
    takes_sgemm = seconds(p, true) < seconds(p, false);
}

static void run(const blas_product *p) {
    if (takes_sgemm)
        run_sgemm(p);
    else
        run_matmul();
}

void blas_open_onednn(int threads, blas *one) {
    void *address = dlsym(RTLD_DEFAULT, "omp_set_num_threads"); /* oneDNN runs on OpenMP's threads */
    if (!address) return;
    void (*set_threads)(int);
    memcpy(&set_threads, &address, sizeof address);
    set_threads(threads);
    check(dnnl_engine_create(&engine, dnnl_cpu, 0), "engine");
    check(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags), "stream");
    const dnnl_version_t *v = dnnl_version();
    snprintf(one->version, sizeof one->version, "%d.%d.%d", v->major, v->minor, v->patch);
    one->prepare = prepare;
    one->run = run;
}
