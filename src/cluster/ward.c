/* cluster/ward.c - Ward's tree by the nearest-neighbour chain.
 *
 * A chain of nearest neighbours is followed until two items are each other's nearest; they merge, the higher index
 * takes the union, and the chain goes on below them (Ward's distances are reducible, so what is left of it stays
 * valid). Merges come out of order: they are sorted by height, stably, and renamed to tree nodes by a union-find.
 *
 * Bits: a chain's end prefers the element before it, then the first index of the smallest distance; the Lance-Williams
 * update is evaluated in scipy's order. A merge costs two passes over rows of the condensed matrix, half of each a
 * column with a stride of a row, so the matrix is packed anew whenever a quarter of its items is gone: order is kept,
 * ties too. */
#include "cluster/ward.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>

#include "base/memory.h"

enum { PAGE = 4096, LEAST_PACKED = 64 };
#define LARGEST 1e150 /* squares stay finite */

typedef struct state {
    size_t n;       /* items in the packed matrix, some of them gone */
    size_t n_alive; /* not gone */
    double *d;      /* condensed */
    int64_t *size;  /* 0: gone */
    int64_t *id;    /* the item's index before any packing */
    double *gone;   /* 0, or infinity for what is gone: added to a distance before it is compared */
    double *row;    /* one item's distances to all */
    size_t *chain, n_chain;
    size_t *moved; /* scratch of packing: new index */
} state;

static void free_state(state *s) {
    lac_free(s->d);
    lac_free(s->size);
    lac_free(s->id);
    lac_free(s->gone);
    lac_free(s->row);
    lac_free(s->chain);
    lac_free(s->moved);
}

/* Columns touch a page an element: large pages where the system has them. Only a hint. */
static void ask_large_pages(void *block, size_t bytes) {
    uintptr_t from = ((uintptr_t)block + PAGE - 1) / PAGE * PAGE, to = ((uintptr_t)block + bytes) / PAGE * PAGE;
    if (to > from) (void)madvise((void *)from, to - from, MADV_HUGEPAGE);
}

static lac_status new_state(const double *distances, size_t n, state *s, lac_error *err) {
    size_t n_pairs = n * (n - 1) / 2;
    *s = (state){.n = n, .n_alive = n};
    s->d = n_pairs <= SIZE_MAX / sizeof *s->d ? lac_alloc(n_pairs * sizeof *s->d) : NULL;
    s->size = lac_array(n, sizeof *s->size);
    s->id = lac_array(n, sizeof *s->id);
    s->gone = lac_array(n, sizeof *s->gone);
    s->row = lac_array(n, sizeof *s->row);
    s->chain = lac_array(n + 1, sizeof *s->chain);
    s->moved = lac_array(n, sizeof *s->moved);
    if (!s->d || !s->size || !s->id || !s->gone || !s->row || !s->chain || !s->moved) {
        free_state(s);
        return lac_no_memory(err, "a matrix of distances");
    }
    ask_large_pages(s->d, n_pairs * sizeof *s->d);
    memcpy(s->d, distances, n_pairs * sizeof *s->d);
    for (size_t i = 0; i < n; i++) {
        s->size[i] = 1;
        s->id[i] = (int64_t)i;
    }
    return LAC_OK;
}

/* Drop what is gone, in place: no element moves to a later place. */
static void pack(state *s) {
    size_t n = s->n, m = 0;
    for (size_t i = 0; i < n; i++)
        if (s->size[i]) s->moved[i] = m++;
    double *to = s->d;
    for (size_t i = 0; i < n; i++) {
        if (!s->size[i]) continue;
        const double *from = s->d + lac_condensed_index(n, i, i + 1) - (i + 1);
        for (size_t j = i + 1; j < n; j++)
            if (s->size[j]) *to++ = from[j];
    }
    for (size_t i = 0; i < n; i++) {
        if (!s->size[i]) continue;
        s->size[s->moved[i]] = s->size[i];
        s->id[s->moved[i]] = s->id[i];
    }
    for (size_t k = 0; k < s->n_chain; k++)
        s->chain[k] = s->moved[s->chain[k]];
    memset(s->gone, 0, m * sizeof *s->gone);
    s->n = m;
}

/* row[i] = distance of x and i; row[x] = infinity. */
static void read_row(const state *s, size_t x, double *row) {
    size_t at = x - 1, step = s->n - 2; /* (0, x), then a row further, one less each time */
    for (size_t i = 0; i < x; i++, at += step--) {
        row[i] = s->d[at];
    }
    row[x] = INFINITY;
    if (x + 1 < s->n) memcpy(row + x + 1, s->d + lac_condensed_index(s->n, x, x + 1), (s->n - x - 1) * sizeof *row);
}

/* The first index of the smallest value of row + gone; the smallest itself in *least. */
static size_t find_least(const double *row, const double *gone, size_t n, double *least) {
    double m[4] = {INFINITY, INFINITY, INFINITY, INFINITY};
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (size_t k = 0; k < 4; k++) {
            double v = row[i + k] + gone[i + k];
            m[k] = v < m[k] ? v : m[k];
        }
    for (; i < n; i++) {
        double v = row[i] + gone[i];
        m[0] = v < m[0] ? v : m[0];
    }
    for (size_t k = 1; k < 4; k++)
        m[0] = m[k] < m[0] ? m[k] : m[0];
    *least = m[0];
    for (i = 0; i + 1 < n && row[i] + gone[i] != m[0];)
        i++;
    return i;
}

/* Grow the chain until its last two are each other's nearest; x, y and their distance. */
static void follow_chain(state *s, size_t *x_out, size_t *y_out, double *height) {
    if (s->n_chain == 0) {
        size_t i = 0;
        while (!s->size[i])
            i++;
        s->chain[s->n_chain++] = i;
    }
    for (;;) {
        size_t x = s->chain[s->n_chain - 1];
        read_row(s, x, s->row);
        double least;
        size_t y = find_least(s->row, s->gone, s->n, &least);
        if (s->n_chain > 1) {
            size_t before = s->chain[s->n_chain - 2];
            if (!(least < s->row[before])) {
                *x_out = x;
                *y_out = before;
                *height = s->row[before];
                return;
            }
        }
        assert(s->n_chain <= s->n); /* distances along a chain fall strictly, so no element comes twice */
        s->chain[s->n_chain++] = y;
    }
}

/* d(x + y, i), in scipy's order of operations. */
static double updated(double d_xi, double d_yi, double d_xy, int64_t size_x, int64_t size_y, int64_t size_i) {
    double t = 1.0 / (double)(size_x + size_y + size_i);
    return sqrt((double)(size_i + size_x) * t * d_xi * d_xi + (double)(size_i + size_y) * t * d_yi * d_yi -
                (double)size_i * t * d_xy * d_xy);
}

/* y becomes x + y; x is gone. */
static void join(state *s, size_t x, size_t y, double d_xy) {
    size_t n = s->n;
    int64_t size_x = s->size[x], size_y = s->size[y];
    read_row(s, x, s->row);
    size_t at = y - 1, step = n - 2;
    for (size_t i = 0; i < y; i++, at += step--) {
        if (s->size[i] && i != x) s->d[at] = updated(s->row[i], s->d[at], d_xy, size_x, size_y, s->size[i]);
    }
    double *rest = y + 1 < n ? s->d + lac_condensed_index(n, y, y + 1) - (y + 1) : NULL;
    for (size_t i = y + 1; i < n; i++)
        if (s->size[i]) rest[i] = updated(s->row[i], rest[i], d_xy, size_x, size_y, s->size[i]);
    s->size[x] = 0;
    s->size[y] = size_x + size_y;
    s->gone[x] = INFINITY;
    s->n_alive--;
}

static void run_chain(state *s, lac_merge *merges, size_t n_merges) {
    for (size_t k = 0; k < n_merges; k++) {
        size_t x, y;
        double height;
        follow_chain(s, &x, &y, &height);
        s->n_chain -= 2;
        if (x > y) {
            size_t swap = x;
            x = y;
            y = swap;
        }
        merges[k] = (lac_merge){.a = s->id[x], .b = s->id[y], .height = height};
        join(s, x, y, height);
        if (s->n > LEAST_PACKED && s->n_alive <= s->n - s->n / 4) pack(s);
    }
}

/* Bottom-up merge sort: stable, as the order of merges of one height is part of the result. */
static void sort_merges(lac_merge *merges, lac_merge *scratch, size_t n) {
    lac_merge *from = merges, *to = scratch;
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t start = 0; start < n; start += 2 * width) {
            size_t middle = start + width < n ? start + width : n, end = start + 2 * width < n ? start + 2 * width : n;
            size_t i = start, j = middle, out = start;
            while (i < middle || j < end)
                to[out++] = j == end || (i < middle && from[i].height <= from[j].height) ? from[i++] : from[j++];
        }
        lac_merge *swap = from;
        from = to;
        to = swap;
    }
    if (from != merges) memcpy(merges, from, n * sizeof *merges);
}

static int64_t find_root(int64_t *parent, int64_t v) {
    int64_t root = v;
    while (parent[root] != root)
        root = parent[root];
    while (parent[v] != root) {
        int64_t up = parent[v];
        parent[v] = root;
        v = up;
    }
    return root;
}

/* From items to nodes of the tree, with sizes. */
static void name_nodes(lac_merge *merges, int64_t *parent, size_t n) {
    for (size_t v = 0; v < 2 * n - 1; v++)
        parent[v] = (int64_t)v;
    for (size_t k = 0; k + 1 < n; k++) {
        int64_t a = find_root(parent, merges[k].a), b = find_root(parent, merges[k].b), node = (int64_t)(n + k);
        merges[k].a = a < b ? a : b;
        merges[k].b = a < b ? b : a;
        merges[k].size = lac_tree_size(merges, n, a) + lac_tree_size(merges, n, b);
        parent[a] = parent[b] = node;
    }
}

static lac_status check_distances(const double *distances, size_t n, lac_error *err) {
    const double *at = distances;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, at++)
            if (!(*at >= 0 && *at <= LARGEST))
                return lac_usage(err, "distance of items %zu and %zu: expected 0 to %g, found %g", i, j, LARGEST, *at);
    return LAC_OK;
}

lac_status lac_ward(const double *distances, size_t n, lac_merge *merges, lac_error *err) {
    if (n < 1) return lac_usage(err, "a tree needs at least one item");
    if (n == 1) return LAC_OK;
    LAC_TRY(check_distances(distances, n, err));
    state s;
    LAC_TRY(new_state(distances, n, &s, err));
    lac_merge *scratch = lac_array(n, sizeof *scratch);
    int64_t *parent = lac_array(2 * n, sizeof *parent);
    lac_status status = LAC_OK;
    if (scratch && parent) {
        run_chain(&s, merges, n - 1);
        sort_merges(merges, scratch, n - 1);
        name_nodes(merges, parent, n);
    } else {
        status = lac_no_memory(err, "a tree");
    }
    lac_free(scratch);
    lac_free(parent);
    free_state(&s);
    return status;
}

typedef struct filling {
    lac_distance distance;
    const void *context;
    size_t n;
    double *condensed;
} filling;

static void fill_row(void *context, size_t i, int worker) {
    const filling *f = context;
    (void)worker;
    for (size_t j = i + 1; j < f->n; j++)
        f->condensed[lac_condensed_index(f->n, i, j)] = f->distance(f->context, i, j);
}

lac_status lac_ward_of(lac_distance distance, const void *context, size_t n, lac_pool *pool, lac_merge *merges,
                       lac_error *err) {
    if (n < 1) return lac_usage(err, "a tree needs at least one item");
    filling f = {distance, context, n, lac_array(n * (n - 1) / 2, sizeof(double))};
    if (!f.condensed) return lac_no_memory(err, "a matrix of distances");
    lac_parallel(pool, n, fill_row, &f);
    lac_status status = lac_ward(f.condensed, n, merges, err);
    lac_free(f.condensed);
    return status;
}
