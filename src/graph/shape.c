/* graph/shape.c - sizes, comparison and text of shapes. */
#include <stdio.h>

#include "graph/node.h"

lac_shape lac_shape_of(int rank, const int64_t *dim) {
    lac_shape shape = {.rank = rank};
    for (int i = 0; i < rank; i++)
        shape.dim[i] = dim[i];
    return shape;
}

int64_t lac_shape_rows(const lac_shape *shape) {
    int64_t rows = 1;
    for (int i = 0; i + 1 < shape->rank; i++)
        rows *= shape->dim[i];
    return rows;
}

int64_t lac_shape_last(const lac_shape *shape) {
    return shape->rank > 0 ? shape->dim[shape->rank - 1] : 1;
}

int64_t lac_shape_size(const lac_shape *shape) {
    return lac_shape_rows(shape) * lac_shape_last(shape);
}

bool lac_shape_equal(const lac_shape *a, const lac_shape *b) {
    if (a->rank != b->rank) return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i]) return false;
    return true;
}

lac_shape_text lac_shape_print(const lac_shape *shape) {
    lac_shape_text out = {"["};
    size_t used = 1;
    for (int i = 0; i < shape->rank && used < sizeof out.text; i++)
        used +=
            (size_t)snprintf(out.text + used, sizeof out.text - used, i ? " x %lld" : "%lld", (long long)shape->dim[i]);
    if (used < sizeof out.text) snprintf(out.text + used, sizeof out.text - used, "]");
    return out;
}

lac_shape_text lac_print(const lac_graph *g, lac_id x) {
    return lac_shape_print(&g->tensors[x].shape);
}
