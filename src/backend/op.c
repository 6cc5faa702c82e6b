/* backend/op.c - the names and widths of element types. */
#include "backend/op.h"

#include <assert.h>

static const struct {
    const char *name;
    size_t bytes;
} dtypes[] = {
    [LAC_F32] = {"f32", 4}, [LAC_F64] = {"f64", 8}, [LAC_BF16] = {"bf16", 2},
    [LAC_I32] = {"i32", 4}, [LAC_U8] = {"u8", 1},
};

size_t lac_dtype_bytes(lac_dtype dtype) {
    assert((size_t)dtype < sizeof dtypes / sizeof *dtypes);
    return dtypes[dtype].bytes;
}

const char *lac_dtype_name(lac_dtype dtype) {
    assert((size_t)dtype < sizeof dtypes / sizeof *dtypes);
    return dtypes[dtype].name;
}
