/* bench/blas.c - OpenBLAS and BLIS through their C interface (blas.h). Both export the same names, so each is opened
 * with names of its own. */
#include "blas.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_MAJOR = 101, PLAIN = 111, TRANSPOSED = 112 }; /* of the C interface to BLAS */

typedef void sgemm(int order, int trans_a, int trans_b, int m, int n, int k, float alpha, const float *a, int lda,
                   const float *b, int ldb, float beta, float *c, int ldc);
typedef void set_threads(int);
typedef void start(void);
typedef const char *text(void);
typedef int number(void);
typedef const char *name_of(int);

static sgemm *openblas_sgemm, *blis_sgemm;

static void call(sgemm *f, const blas_product *p) {
    f(ROW_MAJOR, p->trans_a ? TRANSPOSED : PLAIN, p->trans_b ? TRANSPOSED : PLAIN, (int)p->m, (int)p->n, (int)p->k, 1,
      p->a, (int)(p->trans_a ? p->m : p->k), p->b, (int)(p->trans_b ? p->k : p->n), p->accumulate ? 1 : 0, p->c,
      (int)p->n);
}

static void run_openblas(const blas_product *p) {
    call(openblas_sgemm, p);
}
static void run_blis(const blas_product *p) {
    call(blis_sgemm, p);
}

/* A function's address through void *: POSIX allows it, ISO C does not say so. */
static void find(void *library, const char *name, void *function) {
    void *address = dlsym(library, name);
    memcpy(function, &address, sizeof address);
}

static void open_openblas(int threads, blas *one) {
    void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    set_threads *set;
    text *config, *core;
    find(library, "cblas_sgemm", &openblas_sgemm);
    find(library, "openblas_set_num_threads", &set);
    find(library, "openblas_get_config", &config);
    find(library, "openblas_get_corename", &core);
    if (!openblas_sgemm || !set || !config || !core) return;
    set(threads);
    snprintf(one->version, sizeof one->version, "%.*s, kernels for %s", (int)strcspn(config() + 9, " "), config() + 9,
             core());
    one->run = run_openblas;
}

static void open_blis(int threads, blas *one) {
    void *library = dlopen("libblis.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    start *init;
    set_threads *set;
    text *version;
    number *kind;
    name_of *kind_name;
    find(library, "cblas_sgemm", &blis_sgemm);
    find(library, "bli_init", &init);
    find(library, "bli_thread_set_num_threads", &set);
    find(library, "bli_info_get_version_str", &version);
    find(library, "bli_arch_query_id", &kind);
    find(library, "bli_arch_string", &kind_name);
    if (!blis_sgemm || !init || !set || !version || !kind || !kind_name) return;
    init();
    set(threads);
    snprintf(one->version, sizeof one->version, "%s, kernels for %s", version(), kind_name(kind()));
    one->run = run_blis;
}

/* A processor that is newer than the library gets kernels of another age: SSE3 from OpenBLAS 0.3.21, AVX2 from BLIS. */
static void name_processor(const char *isa) {
    bool is_wide = strcmp(isa, "avx512") == 0;
    setenv("OPENBLAS_CORETYPE", is_wide ? "SkylakeX" : "Haswell", 1);
    setenv("BLIS_ARCH_TYPE", is_wide ? "skx" : "haswell", 1);
    if (!is_wide) setenv("ONEDNN_MAX_CPU_ISA", "AVX2", 1);
}

void blas_open(const char *isa, int threads, blas all[BLAS_ALL]) {
    static const char *const names[] = {"OpenBLAS", "BLIS", "oneDNN"};
    if (strcmp(isa, "portable") != 0) name_processor(isa);
    for (int i = 0; i < BLAS_ALL; i++)
        all[i] = (blas){.name = names[i]};
    open_openblas(threads, &all[BLAS_OPENBLAS]);
    open_blis(threads, &all[BLAS_BLIS]);
    blas_open_onednn(threads, &all[BLAS_ONEDNN]);
}
