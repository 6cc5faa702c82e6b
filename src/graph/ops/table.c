/* graph/ops/table.c - the ops by id. An id without a declaration does not link. */
#include <assert.h>

#include "graph/node.h"

static const lac_op *const ops[LAC_N_OPS] = {
#define LAC_OP_ROW(id, name) [LAC_OP_##id] = &lac_op_##id,
    LAC_OPS(LAC_OP_ROW)
#undef LAC_OP_ROW
};

static const char *const names[LAC_N_OPS] = {
#define LAC_OP_NAME(id, name) [LAC_OP_##id] = name,
    LAC_OPS(LAC_OP_NAME)
#undef LAC_OP_NAME
};

const lac_op *lac_op_at(lac_op_id id) {
    assert((size_t)id < LAC_N_OPS);
    return ops[id];
}

const char *lac_op_name(lac_op_id id) {
    assert((size_t)id < LAC_N_OPS);
    return names[id];
}
