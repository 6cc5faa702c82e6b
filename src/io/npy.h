/* io/npy.h - NumPy's .npy files (format 1.0 written; 1.0 to 3.0 read), little-endian, C order. */
#ifndef LAC_IO_NPY_H
#define LAC_IO_NPY_H

#include <stdint.h>

#include "base/error.h"

typedef struct lac_npy {
    char dtype[8]; /* "<f4" "<f8" "<i4" "<i8" "|u1" */
    int rank;
    int64_t dim[8];
    void *data; /* lac_alloc'ed */
} lac_npy;

lac_status lac_npy_read(const char *path, lac_npy *array, lac_error *err);
lac_status lac_npy_read_f32(const char *path, int *rank, int64_t dim[8], float **data, lac_error *err); /* <f4, <f8 */
lac_status lac_npy_write(const char *path, const char *dtype, int rank, const int64_t *dim, const void *data,
                         lac_error *err);

/* Streaming: the first dimension is known beforehand. */
typedef struct lac_npy_writer lac_npy_writer;
lac_status lac_npy_create(const char *path, const char *dtype, int rank, const int64_t *dim, lac_npy_writer **w,
                          lac_error *err);
lac_status lac_npy_put(lac_npy_writer *w, const void *data, uint64_t bytes, lac_error *err);
lac_status lac_npy_commit(lac_npy_writer *w, lac_error *err); /* frees; error unless exactly the declared bytes came */
void lac_npy_abort(lac_npy_writer *w);

#endif
