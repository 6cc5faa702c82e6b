/* backend/view.c - sizes of a dense row-major view. A view of rank 0 is a scalar. */
#include "backend/backend.h"

int64_t lac_view_size(const lac_view *view) {
    int64_t size = 1;
    for (int i = 0; i < view->rank; i++)
        size *= view->dim[i];
    return size;
}

int64_t lac_view_rows(const lac_view *view) {
    int64_t rows = 1;
    for (int i = 0; i + 1 < view->rank; i++)
        rows *= view->dim[i];
    return rows;
}

int64_t lac_view_last(const lac_view *view) {
    return view->rank > 0 ? view->dim[view->rank - 1] : 1;
}
