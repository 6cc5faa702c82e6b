/* bench/blas_no_onednn.c - in place of blas_onednn.c where no oneDNN 2 was found (blas.h). */
#include "blas.h"

void blas_open_onednn(int threads, blas *one) {
    (void)threads;
    (void)one;
}
