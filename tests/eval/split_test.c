/* tests/eval/split_test.c - splits are stratified, disjoint, and functions of (labels, seed). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "eval/split.h"

enum { N = 1000, CLASSES = 7 };
static int label[N];

static void fill(void) {
    for (int i = 0; i < N; i++)
        label[i] = i % 10 < 5 ? 0 : i % CLASSES; /* uneven */
    label[17] = label[900] = -1;
}

static int count(const uint8_t *chosen, int c) {
    int n = 0;
    for (int i = 0; i < N; i++)
        n += label[i] == c && (!chosen || chosen[i]);
    return n;
}

static void test_a_fifth_of_every_class_is_set_aside(void **state) {
    (void)state;
    fill();
    uint8_t a[N], b[N], c[N];
    assert_int_equal(lac_split_share(label, N, CLASSES, 0.2, 3, a, NULL), LAC_OK);
    assert_int_equal(lac_split_share(label, N, CLASSES, 0.2, 3, b, NULL), LAC_OK);
    assert_int_equal(lac_split_share(label, N, CLASSES, 0.2, 4, c, NULL), LAC_OK);
    assert_memory_equal(a, b, N);
    assert_memory_not_equal(a, c, N);
    for (int k = 0; k < CLASSES; k++) {
        double exact = 0.2 * count(NULL, k);
        assert_true(count(a, k) >= exact - 0.5 && count(a, k) <= exact + 0.5);
    }
    assert_int_equal(a[17] + a[900], 0);
}

static void test_small_classes_keep_a_picture_on_either_side(void **state) {
    (void)state;
    const int few[] = {0, 0, 1, 2, 2, 2};
    uint8_t chosen[6];
    assert_int_equal(lac_split_share(few, 6, 3, 0.2, 0, chosen, NULL), LAC_OK);
    assert_int_equal(chosen[0] + chosen[1], 1);
    assert_int_equal(chosen[2], 0); /* the only one of its class stays in training */
    assert_int_equal(chosen[3] + chosen[4] + chosen[5], 1);
}

static void test_a_limit_is_met_exactly_and_in_proportion(void **state) {
    (void)state;
    fill();
    uint8_t chosen[N];
    for (int64_t limit = 1; limit <= N + 5; limit += 83) {
        assert_int_equal(lac_split_limit(label, N, CLASSES, limit, 0, chosen, NULL), LAC_OK);
        int total = 0;
        for (int k = 0; k < CLASSES; k++) {
            total += count(chosen, k);
            double exact = (double)(limit < N - 2 ? limit : N - 2) * count(NULL, k) / (N - 2);
            assert_true(count(chosen, k) > exact - 1 && count(chosen, k) < exact + 1);
        }
        assert_int_equal(total, limit < N - 2 ? limit : N - 2);
    }
}

static void test_n_labels_a_class_are_nested_and_differ_between_seeds(void **state) {
    (void)state;
    fill();
    int64_t five[N], ten[N], other[N], n5, n10, n_other;
    assert_int_equal(lac_split_per_class(label, N, CLASSES, 5, 1, five, &n5, NULL), LAC_OK);
    assert_int_equal(lac_split_per_class(label, N, CLASSES, 10, 1, ten, &n10, NULL), LAC_OK);
    assert_int_equal(lac_split_per_class(label, N, CLASSES, 5, 2, other, &n_other, NULL), LAC_OK);
    assert_int_equal(n5, 5 * CLASSES);
    assert_int_equal(n10, 10 * CLASSES);
    assert_memory_not_equal(five, other, (size_t)n5 * sizeof *five);
    int per_class[CLASSES] = {0};
    for (int64_t i = 0; i < n5; i++) {
        per_class[label[five[i]]]++;
        assert_true(i == 0 || five[i - 1] < five[i]);
        int is_in = 0;
        for (int64_t j = 0; j < n10; j++)
            is_in |= ten[j] == five[i];
        assert_true(is_in);
    }
    for (int k = 0; k < CLASSES; k++)
        assert_int_equal(per_class[k], 5);
}

static void test_more_labels_than_a_class_has_are_refused(void **state) {
    (void)state;
    fill();
    int64_t *rows = lac_array(CLASSES * 200, sizeof *rows), n;
    lac_error err = {0};
    assert_int_equal(lac_split_per_class(label, N, CLASSES, 200, 0, rows, &n, &err), LAC_USAGE);
    assert_non_null(strstr(err.text, "200 labels a class: class 1 has only"));
    uint8_t chosen[N];
    assert_int_equal(lac_split_share(label, N, 0, 0.2, 0, chosen, &err), LAC_USAGE);
    for (uint64_t i = 1; i <= 4; i++) {
        lac_memory_fail_at(i);
        assert_int_equal(lac_split_per_class(label, N, CLASSES, 2, 0, rows, &n, &err), LAC_FAILURE);
    }
    lac_memory_fail_at(0);
    lac_free(rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_fifth_of_every_class_is_set_aside),
        cmocka_unit_test(test_small_classes_keep_a_picture_on_either_side),
        cmocka_unit_test(test_a_limit_is_met_exactly_and_in_proportion),
        cmocka_unit_test(test_n_labels_a_class_are_nested_and_differ_between_seeds),
        cmocka_unit_test(test_more_labels_than_a_class_has_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
