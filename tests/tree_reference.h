/* tests/tree_reference.h - compares a tree with the merge, leaves, cophenetic, cut and height lines of a reference
 * file. Heights and correlation to 1e-9 and 1e-12 (the references add in another order); everything else exactly. */
#ifndef LAC_TESTS_TREE_REFERENCE_H
#define LAC_TESTS_TREE_REFERENCE_H

#include <math.h>

#include "cluster/ward.h"
#include "reference_lines.h"

typedef struct known_tree {
    const char *name;
    size_t n, n_merges;
    const double *distances;
    lac_merge *merges;
    lac_pool *pool;
} known_tree;

static inline void check_labels(const reference *r, const int32_t *labels, size_t n, int32_t n_clusters) {
    int32_t most = 0;
    for (size_t i = 0; i < n; i++) {
        if (labels[i] != reference_int(r, 1 + i))
            fail_msg("%s:%d: item %zu: label %d, scipy has %ld", r->name, r->line, i, (int)labels[i],
                     reference_int(r, 1 + i));
        if (labels[i] > most) most = labels[i];
    }
    assert_int_equal(n_clusters, most);
}

static inline void check_merge(const reference *r, known_tree *t) {
    const lac_merge *m = &t->merges[t->n_merges++];
    if (m->a != reference_int(r, 0) || m->b != reference_int(r, 1) || m->size != reference_int(r, 3) ||
        !(fabs(m->height - reference_real(r, 2)) <= 1e-9))
        fail_msg("%s:%d: merge %zu of '%s': %lld %lld %.17g %lld, scipy has %s %s %s %s", r->name, r->line,
                 t->n_merges - 1, t->name, (long long)m->a, (long long)m->b, m->height, (long long)m->size,
                 r->fields[0], r->fields[1], r->fields[2], r->fields[3]);
}

/* One line of a case; false if it says nothing about trees. */
static inline bool check_tree_line(const reference *r, known_tree *t) {
    lac_error err;
    if (reference_is(r, "merge")) {
        check_merge(r, t);
    } else if (reference_is(r, "leaves")) {
        assert_int_equal(t->n_merges, t->n - 1);
        int64_t *leaves = lac_array(t->n, sizeof *leaves);
        assert_int_equal(lac_tree_leaves(t->merges, t->n, leaves, NULL, &err), LAC_OK);
        for (size_t i = 0; i < t->n; i++)
            assert_int_equal(leaves[i], reference_int(r, i));
        lac_free(leaves);
    } else if (reference_is(r, "cophenetic")) {
        double found, expected = reference_real(r, 0);
        assert_int_equal(lac_tree_cophenetic_correlation(t->merges, t->n, t->distances, t->pool, &found, &err), LAC_OK);
        if (isnan(expected) != isnan(found) || fabs(found - expected) > 1e-12)
            fail_msg("%s:%d: cophenetic correlation %.17g, scipy has %.17g", r->name, r->line, found, expected);
    } else if (reference_is(r, "cut") || reference_is(r, "height")) {
        int32_t *labels = lac_array(t->n, sizeof *labels), n_clusters;
        lac_status status = reference_is(r, "cut")
                                ? lac_tree_cut_count(t->merges, t->n, reference_int(r, 0), labels, &n_clusters, &err)
                                : lac_tree_cut_height(t->merges, t->n, reference_real(r, 0), labels, &n_clusters, &err);
        assert_int_equal(status, LAC_OK);
        check_labels(r, labels, t->n, n_clusters);
        lac_free(labels);
    } else {
        return false;
    }
    return true;
}

#endif
