/* Ward's trees, their cuts and cophenetic correlation against scipy on matrices full of ties; partitions against
 * scikit-learn; bad input; memory that runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "cluster/agreement.h"
#include "tree_reference.h"

static void fill_hash(double *d, size_t n, long modulus) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            *d++ = (double)(1 + (long)(7919 * i + 104729 * j + 31 * i * j) % modulus);
}

static void test_trees_are_scipys_with_all_ties(void **state) {
    (void)state;
    reference r;
    reference_open(&r, "cluster/trees.txt");
    lac_error err;
    lac_pool *pool;
    assert_int_equal(lac_pool_new(3, &pool, &err), LAC_OK);
    size_t n_trees = 0;
    while (reference_next(&r)) {
        assert_true(reference_is(&r, "tree"));
        known_tree t = {.name = r.fields[0], .n = (size_t)reference_int(&r, 1), .pool = pool};
        size_t n_pairs = t.n * (t.n - 1) / 2;
        double *d = lac_array(n_pairs, sizeof *d), *kept = lac_array(n_pairs, sizeof *kept);
        assert_true(reference_next(&r));
        if (reference_is(&r, "hash"))
            fill_hash(d, t.n, reference_int(&r, 0));
        else
            for (size_t i = 0; i < n_pairs; i++)
                d[i] = reference_real(&r, i);
        memcpy(kept, d, n_pairs * sizeof *d);
        t.distances = d;
        t.merges = lac_array(t.n, sizeof *t.merges);
        assert_int_equal(lac_ward(d, t.n, t.merges, &err), LAC_OK);
        assert_memory_equal(d, kept, n_pairs * sizeof *d);
        while (reference_next(&r) && check_tree_line(&r, &t)) {
        }
        assert_true(reference_is(&r, "end"));
        lac_free(d);
        lac_free(kept);
        lac_free(t.merges);
        n_trees++;
    }
    assert_true(n_trees > 20);
    lac_pool_free(pool);
    reference_close(&r);
}

static void test_partitions_agree_as_in_scikit_learn(void **state) {
    (void)state;
    reference r;
    reference_open(&r, "cluster/partitions.txt");
    size_t n_pairs = 0;
    while (reference_next(&r)) {
        size_t n = (size_t)reference_int(&r, 0);
        int32_t *parts[2];
        for (int k = 0; k < 2; k++) {
            assert_true(reference_next(&r));
            parts[k] = lac_array(n, sizeof *parts[k]);
            for (size_t i = 0; i < n; i++)
                parts[k][i] = (int32_t)reference_int(&r, i);
        }
        lac_partition_agreement found;
        lac_error err;
        assert_int_equal(lac_partitions_compare(parts[0], parts[1], n, &found, &err), LAC_OK);
        assert_true(reference_next(&r) && reference_is(&r, "ari"));
        if (!(fabs(found.ari - reference_real(&r, 0)) <= 1e-12))
            fail_msg("line %d: ARI %.17g, scikit-learn has %s", r.line, found.ari, r.fields[0]);
        assert_true(reference_next(&r) && reference_is(&r, "nmi"));
        if (!(fabs(found.nmi - reference_real(&r, 0)) <= 1e-12))
            fail_msg("line %d: NMI %.17g, scikit-learn has %s", r.line, found.nmi, r.fields[0]);
        assert_true(reference_next(&r) && reference_is(&r, "end"));
        lac_free(parts[0]);
        lac_free(parts[1]);
        n_pairs++;
    }
    assert_true(n_pairs > 20);
    reference_close(&r);
}

typedef struct places {
    double x[700];
} places;

static double gap(const void *context, size_t i, size_t j) {
    const places *p = context;
    return fabs(p->x[i] - p->x[j]);
}

static void test_a_computed_distance_gives_the_same_tree_with_any_threads(void **state) {
    (void)state;
    enum { N = 700 };
    places p;
    for (size_t i = 0; i < N; i++)
        p.x[i] = (double)((i * 7919) % 1009);
    double *d = lac_array(N * (N - 1) / 2, sizeof *d), first = 0;
    for (size_t i = 0; i < N; i++)
        for (size_t j = i + 1; j < N; j++)
            d[lac_condensed_index(N, i, j)] = gap(&p, i, j);
    lac_merge *expected = lac_array(N, sizeof *expected), *found = lac_array(N, sizeof *found);
    lac_error err;
    assert_int_equal(lac_ward(d, N, expected, &err), LAC_OK);
    for (int threads = 1; threads <= 4; threads++) {
        lac_pool *pool;
        assert_int_equal(lac_pool_new(threads, &pool, &err), LAC_OK);
        assert_int_equal(lac_ward_of(gap, &p, N, pool, found, &err), LAC_OK);
        assert_memory_equal(found, expected, (N - 1) * sizeof *found);
        double r;
        assert_int_equal(lac_tree_cophenetic_correlation(found, N, d, pool, &r, &err), LAC_OK);
        if (threads == 1) first = r;
        assert_memory_equal(&r, &first, sizeof r);
        lac_pool_free(pool);
    }
    lac_free(d);
    lac_free(expected);
    lac_free(found);
}

static void test_cophenetic_distances_are_heights_of_meeting(void **state) {
    (void)state;
    const double d[] = {1, 9, 9, 8, 8, 2}; /* {0, 1} at 1, {2, 3} at 2 */
    lac_merge merges[3];
    double c[6];
    lac_error err;
    assert_int_equal(lac_ward(d, 4, merges, &err), LAC_OK);
    assert_int_equal(lac_tree_cophenetic(merges, 4, c, &err), LAC_OK);
    double top = merges[2].height;
    const double expected[] = {1, top, top, top, top, 2};
    assert_memory_equal(c, expected, sizeof c);
}

static void test_small_trees(void **state) {
    (void)state;
    lac_error err;
    double none = 0, r = 0;
    lac_merge merge;
    int32_t label, n_clusters;
    int64_t leaf;
    assert_int_equal(lac_ward(&none, 1, &merge, &err), LAC_OK);
    assert_int_equal(lac_tree_cut_count(&merge, 1, 16, &label, &n_clusters, &err), LAC_OK);
    assert_int_equal(label, 1);
    assert_int_equal(n_clusters, 1);
    assert_int_equal(lac_tree_leaves(&merge, 1, &leaf, NULL, &err), LAC_OK);
    assert_int_equal(leaf, 0);
    assert_int_equal(lac_tree_cophenetic_correlation(&merge, 1, &none, NULL, &r, &err), LAC_OK);
    assert_true(isnan(r));
    assert_int_equal(lac_ward(&none, 0, &merge, &err), LAC_USAGE);
}

static void test_bad_requests_are_named(void **state) {
    (void)state;
    const double bad[] = {-1, NAN, INFINITY, 1e151};
    lac_merge merges[2];
    int32_t labels[3], n_clusters;
    lac_error err;
    for (int i = 0; i < 4; i++) {
        const double d[] = {1, bad[i], 1};
        assert_int_equal(lac_ward(d, 3, merges, &err), LAC_USAGE);
        assert_non_null(strstr(err.text, "items 0 and 2"));
    }
    const double d[] = {1, 2, 3};
    assert_int_equal(lac_ward(d, 3, merges, &err), LAC_OK);
    assert_int_equal(lac_tree_cut_count(merges, 3, 0, labels, &n_clusters, &err), LAC_USAGE);
    assert_int_equal(lac_tree_cut_height(merges, 3, NAN, labels, &n_clusters, &err), LAC_USAGE);
}

static void test_every_allocation_may_fail(void **state) {
    (void)state;
    enum { N = 90 };
    double d[N * (N - 1) / 2];
    lac_merge merges[N];
    int32_t labels[N], n_clusters;
    fill_hash(d, N, 11);
    lac_error err;
    int n_failed = 0;
    for (uint64_t k = 1;; k++) {
        double r;
        lac_partition_agreement agreement;
        lac_memory_fail_at(k);
        lac_status status = lac_ward(d, N, merges, &err);
        if (status == LAC_OK) status = lac_tree_cut_count(merges, N, 5, labels, &n_clusters, &err);
        if (status == LAC_OK) status = lac_tree_cophenetic_correlation(merges, N, d, NULL, &r, &err);
        if (status == LAC_OK) status = lac_partitions_compare(labels, labels, N, &agreement, &err);
        lac_memory_fail_at(0);
        if (status == LAC_OK) break;
        assert_non_null(strstr(err.text, "out of memory"));
        n_failed++;
    }
    assert_true(n_failed > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trees_are_scipys_with_all_ties),
        cmocka_unit_test(test_partitions_agree_as_in_scikit_learn),
        cmocka_unit_test(test_a_computed_distance_gives_the_same_tree_with_any_threads),
        cmocka_unit_test(test_cophenetic_distances_are_heights_of_meeting),
        cmocka_unit_test(test_small_trees),
        cmocka_unit_test(test_bad_requests_are_named),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
