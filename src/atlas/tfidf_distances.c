/* atlas/tfidf_distances.c - distances and neighbours of sparse rows of length 1.
 *
 * Adding up squared differences term by term costs the length of both rows for every pair; products cost only the terms
 * that are shared: for a row, the columns of its terms are walked (an inverted index) and products added to the row's
 * partners, in order of terms. 2 - 2 cosine loses the digits of small distances, so these are taken again by
 * differences. A row without terms has length 0. */
#include <math.h>
#include <string.h>

#include "atlas/tfidf.h"
#include "base/memory.h"
#include "cluster/tree.h"

#define AFFORDABLE 5e8     /* steps of merging rows: a second or two */
#define CANCELLED 1e-4     /* below, 2 - 2 cosine has lost four digits of sixteen, the distance two */
enum { ROWS_A_TASK = 16 }; /* rows differ in length */

double lac_sparse_dot(lac_sparse_row a, lac_sparse_row b) {
    double sum = 0;
    for (size_t i = 0, j = 0; i < a.n && j < b.n;) {
        if (a.term[i] == b.term[j])
            sum += a.value[i++] * b.value[j++];
        else if (a.term[i] < b.term[j])
            i++;
        else
            j++;
    }
    return sum;
}

double lac_sparse_squared_distance(lac_sparse_row a, lac_sparse_row b) {
    double sum = 0;
    size_t i = 0, j = 0;
    while (i < a.n && j < b.n) {
        double off;
        if (a.term[i] == b.term[j])
            off = a.value[i++] - b.value[j++];
        else if (a.term[i] < b.term[j])
            off = a.value[i++];
        else
            off = b.value[j++];
        sum += off * off;
    }
    for (; i < a.n; i++)
        sum += a.value[i] * a.value[i];
    for (; j < b.n; j++)
        sum += b.value[j] * b.value[j];
    return sum;
}

size_t lac_tfidf_nearest(const lac_tfidf *t, lac_sparse_row row, size_t except, lac_near *near, size_t k) {
    size_t n = 0;
    for (size_t other = 0; other < t->n_rows; other++) {
        if (other == except) continue;
        double cosine = lac_sparse_dot(row, lac_tfidf_row(t, other));
        size_t at = n;
        while (at > 0 && near[at - 1].cosine < cosine)
            at--;
        if (at == k) continue;
        if (n < k) n++;
        memmove(near + at + 1, near + at, (n - at - 1) * sizeof *near);
        near[at] = (lac_near){other, cosine};
    }
    return n;
}

typedef struct posting {
    uint32_t row;
    double value;
} posting;

typedef struct work {
    const lac_tfidf *t;
    double *condensed;
    size_t *column_start; /* n_terms + 1 */
    posting *postings;    /* rows ascending in each column */
    double *products;     /* n_rows per worker, zero between rows */
} work;

static void row_by_differences(const work *w, size_t i) {
    size_t n = w->t->n_rows;
    lac_sparse_row row = lac_tfidf_row(w->t, i);
    double *out = i + 1 < n ? w->condensed + lac_condensed_index(n, i, i + 1) : NULL;
    for (size_t j = i + 1; j < n; j++)
        *out++ = sqrt(lac_sparse_squared_distance(row, lac_tfidf_row(w->t, j)));
}

static void row_by_products(const work *w, size_t i, double *products) {
    const lac_tfidf *t = w->t;
    size_t n = t->n_rows;
    lac_sparse_row row = lac_tfidf_row(t, i);
    for (size_t k = 0; k < row.n; k++) {
        const posting *first = w->postings + w->column_start[row.term[k]];
        for (const posting *p = w->postings + w->column_start[row.term[k] + 1]; p-- > first && p->row > i;)
            products[p->row] += row.value[k] * p->value;
    }
    double *out = i + 1 < n ? w->condensed + lac_condensed_index(n, i, i + 1) : NULL;
    for (size_t j = i + 1; j < n; j++) {
        lac_sparse_row other = lac_tfidf_row(t, j);
        double squared = (row.n > 0) + (other.n > 0) - 2 * products[j];
        if (squared < CANCELLED) squared = lac_sparse_squared_distance(row, other);
        *out++ = sqrt(squared);
        products[j] = 0;
    }
}

static void some_rows(void *context, size_t task, int worker) {
    const work *w = context;
    size_t end = (task + 1) * ROWS_A_TASK < w->t->n_rows ? (task + 1) * ROWS_A_TASK : w->t->n_rows;
    for (size_t i = task * ROWS_A_TASK; i < end; i++) {
        if (w->postings)
            row_by_products(w, i, w->products + (size_t)worker * w->t->n_rows);
        else
            row_by_differences(w, i);
    }
}

/* The transpose of the rows. */
static void fill_columns(work *w) {
    const lac_tfidf *t = w->t;
    for (size_t i = 0; i < t->start[t->n_rows]; i++)
        w->column_start[t->term[i] + 1]++;
    for (size_t c = 0; c < t->n_terms; c++)
        w->column_start[c + 1] += w->column_start[c];
    for (size_t i = 0; i < t->n_rows; i++)
        for (size_t k = t->start[i]; k < t->start[i + 1]; k++)
            w->postings[w->column_start[t->term[k]]++] = (posting){(uint32_t)i, t->value[k]};
    for (size_t c = t->n_terms; c > 0; c--) /* each start has moved to its end */
        w->column_start[c] = w->column_start[c - 1];
    w->column_start[0] = 0;
}

lac_status lac_tfidf_distances(const lac_tfidf *t, lac_pool *pool, double *condensed, lac_error *err) {
    work w = {.t = t, .condensed = condensed};
    bool is_affordable = (double)t->n_rows * (double)t->start[t->n_rows] <= AFFORDABLE;
    if (!is_affordable) {
        w.column_start = lac_array(t->n_terms + 1, sizeof *w.column_start);
        w.postings = lac_array(t->start[t->n_rows], sizeof *w.postings);
        w.products = lac_array((size_t)lac_pool_size(pool) * t->n_rows, sizeof *w.products);
    }
    bool is_ready = is_affordable || (w.column_start && w.postings && w.products);
    if (is_ready) {
        if (w.postings) fill_columns(&w);
        lac_parallel(pool, (t->n_rows + ROWS_A_TASK - 1) / ROWS_A_TASK, some_rows, &w);
    }
    lac_free(w.column_start);
    lac_free(w.postings);
    lac_free(w.products);
    return is_ready ? LAC_OK : lac_no_memory(err, "distances of documents");
}
