/* cluster/tree.c - what a list of merges says: order of leaves, flat clusters, cophenetic distances.
 *
 * Trees may be as deep as they have items, so nothing here recurses. Because merges come in order of height, a node's
 * height is the largest below it, which is what scipy's fcluster compares with its threshold. */
#include "cluster/tree.h"

#include <math.h>
#include <stdbool.h>

#include "base/memory.h"

int64_t lac_tree_size(const lac_merge *merges, size_t n, int64_t node) {
    return node < (int64_t)n ? 1 : merges[node - (int64_t)n].size;
}

/* Top-down: a child begins where its parent begins, or behind its elder sister. */
static void place_nodes(const lac_merge *merges, size_t n, int64_t *first) {
    first[2 * n - 2] = 0;
    for (size_t k = n - 1; k-- > 0;) {
        first[merges[k].a] = first[n + k];
        first[merges[k].b] = first[n + k] + lac_tree_size(merges, n, merges[k].a);
    }
}

lac_status lac_tree_leaves(const lac_merge *merges, size_t n, int64_t *leaves, int64_t *first, lac_error *err) {
    int64_t *own = first ? NULL : lac_array(2 * n, sizeof *own);
    if (!first && !own) return lac_no_memory(err, "a tree");
    int64_t *at = first ? first : own;
    place_nodes(merges, n, at);
    for (size_t i = 0; i < n; i++)
        leaves[at[i]] = (int64_t)i;
    lac_free(own);
    return LAC_OK;
}

/* fcluster's walk, whose numbers are part of its result: a cluster is counted at its root, or at a lone item when its
 * parent is left, which is after the parent's inner children. `is_joined[k]`: merge k lies within a cluster. */
static lac_status number_clusters(const lac_merge *merges, size_t n, const bool *is_joined, int32_t *labels,
                                  int32_t *n_clusters, lac_error *err) {
    size_t *stack = lac_array(n, sizeof *stack);
    uint8_t *visited = lac_array(2 * n, sizeof *visited);
    if (!stack || !visited) {
        lac_free(stack);
        lac_free(visited);
        return lac_no_memory(err, "a cut");
    }
    int32_t count = 0;
    const size_t none = SIZE_MAX;
    size_t leader = none, depth = 0;
    stack[0] = n - 2;
    for (bool is_done = false; !is_done;) {
        size_t root = stack[depth];
        const int64_t children[2] = {merges[root].a, merges[root].b};
        if (leader == none && is_joined[root]) {
            leader = root;
            count++;
        }
        bool went_down = false;
        for (int c = 0; c < 2 && !went_down; c++) {
            if (children[c] < (int64_t)n || visited[children[c]]) continue;
            visited[children[c]] = 1;
            stack[++depth] = (size_t)children[c] - n;
            went_down = true;
        }
        if (went_down) continue;
        for (int c = 0; c < 2; c++) {
            if (children[c] >= (int64_t)n) continue;
            if (leader == none) count++;
            labels[children[c]] = count;
        }
        if (leader == root) leader = none;
        if (depth == 0)
            is_done = true;
        else
            depth--;
    }
    *n_clusters = count;
    lac_free(stack);
    lac_free(visited);
    return LAC_OK;
}

/* Merges 0..n_joined-1 are within clusters. */
static lac_status cut_after(const lac_merge *merges, size_t n, size_t n_joined, int32_t *labels, int32_t *n_clusters,
                            lac_error *err) {
    if (n == 1) {
        labels[0] = *n_clusters = 1;
        return LAC_OK;
    }
    bool *is_joined = lac_array(n, sizeof *is_joined);
    if (!is_joined) return lac_no_memory(err, "a cut");
    for (size_t k = 0; k < n_joined; k++)
        is_joined[k] = true;
    lac_status status = number_clusters(merges, n, is_joined, labels, n_clusters, err);
    lac_free(is_joined);
    return status;
}

lac_status lac_tree_cut_height(const lac_merge *merges, size_t n, double height, int32_t *labels, int32_t *n_clusters,
                               lac_error *err) {
    if (isnan(height)) return lac_usage(err, "the height of a cut: expected a number");
    size_t n_joined = 0;
    while (n_joined + 1 < n && merges[n_joined].height <= height)
        n_joined++;
    return cut_after(merges, n, n_joined, labels, n_clusters, err);
}

lac_status lac_tree_cut_count(const lac_merge *merges, size_t n, int64_t count, int32_t *labels, int32_t *n_clusters,
                              lac_error *err) {
    if (count < 1) return lac_usage(err, "the number of clusters: expected at least 1, found %lld", (long long)count);
    if ((uint64_t)count >= n) { /* every item its own, in scipy numbered as they come */
        for (size_t i = 0; i < n; i++)
            labels[i] = (int32_t)i + 1;
        *n_clusters = (int32_t)n;
        return LAC_OK;
    }
    size_t n_joined = n - (size_t)count;
    while (n_joined + 1 < n && merges[n_joined].height <= merges[n_joined - 1].height)
        n_joined++; /* merges of one height are joined together */
    return cut_after(merges, n, n_joined, labels, n_clusters, err);
}

typedef struct meeting { /* for rows of cophenetic distances */
    const lac_merge *merges;
    size_t n;
    const int64_t *leaves, *first, *parent;
    const double *distances;
    double *room;                    /* n per worker */
    double *sum_d, *sum_dd, *sum_cd; /* per row */
    double mean_d, mean_c;
} meeting;

/* height[j] for all j != i: walk up from i; what a node adds is its other child. */
static void meet_row(const meeting *m, size_t i, double *height) {
    int64_t n = (int64_t)m->n;
    for (int64_t v = (int64_t)i; m->parent[v] >= 0; v = m->parent[v]) {
        const lac_merge *up = &m->merges[m->parent[v] - n];
        int64_t other = up->a == v ? up->b : up->a;
        const int64_t *leaf = m->leaves + m->first[other];
        for (int64_t k = lac_tree_size(m->merges, m->n, other); k > 0; k--)
            height[*leaf++] = up->height;
    }
}

static lac_status new_meeting(const lac_merge *merges, size_t n, int64_t **room, meeting *m, lac_error *err) {
    int64_t *leaves = lac_array(5 * n, sizeof *leaves);
    if (!leaves) return lac_no_memory(err, "cophenetic distances");
    int64_t *first = leaves + n, *parent = leaves + 3 * n;
    lac_status status = lac_tree_leaves(merges, n, leaves, first, err);
    for (size_t v = 0; v < 2 * n; v++)
        parent[v] = -1;
    for (size_t k = 0; k + 1 < n; k++)
        parent[merges[k].a] = parent[merges[k].b] = (int64_t)(n + k);
    *m = (meeting){.merges = merges, .n = n, .leaves = leaves, .first = first, .parent = parent};
    *room = leaves;
    return status;
}

lac_status lac_tree_cophenetic(const lac_merge *merges, size_t n, double *condensed, lac_error *err) {
    meeting m;
    int64_t *room;
    LAC_TRY(new_meeting(merges, n, &room, &m, err));
    double *height = lac_array(n, sizeof *height);
    for (size_t i = 0; height && i + 1 < n; i++) {
        meet_row(&m, i, height);
        for (size_t j = i + 1; j < n; j++)
            *condensed++ = height[j];
    }
    lac_free(room);
    lac_free(height);
    return height ? LAC_OK : lac_no_memory(err, "cophenetic distances");
}

static void sum_row(void *context, size_t i, int worker) {
    const meeting *m = context;
    (void)worker;
    const double *d = m->distances + (i + 1 < m->n ? lac_condensed_index(m->n, i, i + 1) : 0);
    double sum = 0;
    for (size_t j = i + 1; j < m->n; j++)
        sum += *d++;
    m->sum_d[i] = sum;
}

static void correlate_row(void *context, size_t i, int worker) {
    const meeting *m = context;
    double *height = m->room + (size_t)worker * m->n, dd = 0, cd = 0;
    meet_row(m, i, height);
    const double *d = m->distances + (i + 1 < m->n ? lac_condensed_index(m->n, i, i + 1) : 0);
    for (size_t j = i + 1; j < m->n; j++) {
        double off = *d++ - m->mean_d;
        dd += off * off;
        cd += off * (height[j] - m->mean_c);
    }
    m->sum_dd[i] = dd;
    m->sum_cd[i] = cd;
}

static double total(const double *rows, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += rows[i];
    return sum;
}

/* Sums over the pairs that a merge brings together: sum of (height - mean)^power. */
static double sum_heights(const lac_merge *merges, size_t n, double mean, int power) {
    double sum = 0;
    for (size_t k = 0; k + 1 < n; k++) {
        double pairs = (double)lac_tree_size(merges, n, merges[k].a) * (double)lac_tree_size(merges, n, merges[k].b);
        double off = merges[k].height - mean;
        sum += pairs * (power == 1 ? off : off * off);
    }
    return sum;
}

lac_status lac_tree_cophenetic_correlation(const lac_merge *merges, size_t n, const double *distances, lac_pool *pool,
                                           double *correlation, lac_error *err) {
    *correlation = NAN;
    if (n < 3) return LAC_OK;
    meeting m;
    int64_t *room;
    LAC_TRY(new_meeting(merges, n, &room, &m, err));
    double *sums = lac_array((3 + (size_t)lac_pool_size(pool)) * n, sizeof *sums);
    if (sums) {
        double n_pairs = (double)n * (double)(n - 1) / 2;
        m.distances = distances;
        m.sum_d = sums;
        m.sum_dd = sums + n;
        m.sum_cd = sums + 2 * n;
        m.room = sums + 3 * n;
        lac_parallel(pool, n, sum_row, &m);
        m.mean_d = total(m.sum_d, n) / n_pairs;
        m.mean_c = sum_heights(merges, n, 0, 1) / n_pairs;
        lac_parallel(pool, n, correlate_row, &m);
        double cc = sum_heights(merges, n, m.mean_c, 2), dd = total(m.sum_dd, n);
        if (cc > 0 && dd > 0) *correlation = total(m.sum_cd, n) / sqrt(cc * dd);
    }
    lac_free(room);
    lac_free(sums);
    return sums ? LAC_OK : lac_no_memory(err, "a cophenetic correlation");
}
