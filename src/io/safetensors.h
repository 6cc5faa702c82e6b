/* io/safetensors.h - the safetensors container, strict in both directions (docs/interop: header at most 100 MB, ranges
 * contiguous and covering, no duplicates, checked sizes). Every reader's error names the file. */
#ifndef LAC_IO_SAFETENSORS_H
#define LAC_IO_SAFETENSORS_H

#include <stdint.h>

#include "backend/op.h"
#include "base/error.h"

typedef struct lac_safetensor {
    const char *name;
    const char *dtype; /* as in the file: "F32", "I64", ... */
    int rank;
    int64_t dim[8];
    uint64_t bytes;
    const void *data; /* in the map, may be unaligned: copy out */
} lac_safetensor;

typedef struct lac_safetensors lac_safetensors; /* an open file, memory-mapped */
lac_status lac_safetensors_open(const char *path, lac_safetensors **file, lac_error *err);
void lac_safetensors_close(lac_safetensors *file);
int lac_safetensors_count(const lac_safetensors *file);
const lac_safetensor *lac_safetensors_at(const lac_safetensors *file, int index);          /* in order of offset */
const lac_safetensor *lac_safetensors_find(const lac_safetensors *file, const char *name); /* NULL if absent */
const char *lac_safetensors_metadata(const lac_safetensors *file, const char *key);        /* NULL if absent */
/* Copy a tensor out as f32 (F32, F64, F16, BF16 converted) or i32 (I32, I64, checked range); n must match its size. */
lac_status lac_safetensor_f32(const lac_safetensors *file, const lac_safetensor *t, float *out, int64_t n,
                              lac_error *err);
lac_status lac_safetensor_i32(const lac_safetensors *file, const lac_safetensor *t, int32_t *out, int64_t n,
                              lac_error *err);

/* Streaming writer: declare everything, then give the data in the declared order. Atomic; constant memory. Declare in
 * descending alignment (F64/I64, F32/I32, ...), by any name order within; bytes on disk are a function of the calls
 * alone. */
typedef struct lac_safetensors_writer lac_safetensors_writer;
lac_status lac_safetensors_create(const char *path, lac_safetensors_writer **w, lac_error *err);
lac_status lac_safetensors_meta(lac_safetensors_writer *w, const char *key, const char *value, lac_error *err);
lac_status lac_safetensors_declare(lac_safetensors_writer *w, const char *name, const char *dtype, int rank,
                                   const int64_t *dim, lac_error *err);
lac_status lac_safetensors_put(lac_safetensors_writer *w, const void *data, uint64_t bytes, lac_error *err);
lac_status lac_safetensors_commit(lac_safetensors_writer *w, lac_error *err); /* frees; error if data is missing */
void lac_safetensors_abort(lac_safetensors_writer *w);

#endif
