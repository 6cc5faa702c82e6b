/* tests/eval/knn_test.c - k-NN against numpy (tests/reference/eval.py), its ties, and its memory running out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "eval/digits.h"
#include "eval/knn.h"

static void compare(const char *name, const lac_knn_options *o) {
    float *expected = reference(name, N_TEST);
    int found[N_TEST], n_equal = 0;
    assert_int_equal(lac_knn_predict(backend, pool, o, D, digits, digit_label, NULL, N_TRAIN, CLASSES,
                                     digits + N_TRAIN * D, N_TEST, found, NULL),
                     LAC_OK);
    for (int i = 0; i < N_TEST; i++)
        n_equal += found[i] == (int)expected[i];
    print_message("%s: %d of %d as numpy\n", name, n_equal, N_TEST);
    assert_in_range(n_equal, N_TEST - 1, N_TEST); /* one near-tie in float32 may fall the other way */
    lac_free(expected);
}

static void test_predictions_are_numpys(void **state) {
    (void)state;
    compare("knn20", &(lac_knn_options){0});
    compare("knn5", &(lac_knn_options){.k = 5, .temperature = 1});
}

/* More training rows than a block and more test rows than a block, so that lists are merged over borders: a copy of the
 * digits per block makes every similarity a tie between blocks. */
static void test_blocks_do_not_change_the_answer(void **state) {
    (void)state;
    enum { COPIES = 5 };
    float *train = lac_array((size_t)COPIES * N_TRAIN * D, sizeof *train);
    float *test = lac_array((size_t)COPIES * N_TEST * D, sizeof *test);
    int *label = lac_array((size_t)COPIES * N_TRAIN, sizeof *label);
    int *many = lac_array((size_t)COPIES * N_TEST, sizeof *many), once[N_TEST];
    int64_t rows[N_TRAIN];
    for (int i = 0; i < COPIES * N_TRAIN * D; i++)
        train[i] = digits[i % (N_TRAIN * D)];
    for (int i = 0; i < COPIES * N_TEST * D; i++)
        test[i] = digits[N_TRAIN * D + i % (N_TEST * D)];
    for (int i = 0; i < COPIES * N_TRAIN; i++)
        label[i] = digit_label[i % N_TRAIN];
    for (int i = 0; i < N_TRAIN; i++)
        rows[i] = i % 2 ? i : N_TRAIN * 4 + i; /* half from the last copy */
    lac_knn_options o = {.k = 7};
    assert_int_equal(
        lac_knn_predict(backend, pool, &o, D, train, label, NULL, N_TRAIN, CLASSES, test, N_TEST, once, NULL), LAC_OK);
    lac_knn_options many_k = {.k = 7 * COPIES};
    assert_int_equal(lac_knn_predict(backend, NULL, &many_k, D, train, label, NULL, COPIES * N_TRAIN, CLASSES, test,
                                     COPIES * N_TEST, many, NULL),
                     LAC_OK);
    for (int i = 0; i < COPIES * N_TEST; i++)
        assert_int_equal(many[i], once[i % N_TEST]);
    assert_int_equal(
        lac_knn_predict(backend, pool, &o, D, train, label, rows, N_TRAIN, CLASSES, test, N_TEST, many, NULL), LAC_OK);
    assert_memory_equal(many, once, sizeof once);
    lac_free(train);
    lac_free(test);
    lac_free(label);
    lac_free(many);
}

static void test_ties_go_to_the_smaller_index_then_the_smaller_class(void **state) {
    (void)state;
    const float train[] = {2, 0, 0, 3, 1, 0, 0, 0}, test[] = {5, 0, 1, 1, 0, 0};
    const int label[] = {2, 0, 1, 3};
    int found[3];
    lac_knn_options one = {.k = 1}, two = {.k = 2};
    assert_int_equal(lac_knn_predict(backend, pool, &one, 2, train, label, NULL, 4, 4, test, 3, found, NULL), LAC_OK);
    assert_int_equal(found[0], 2); /* rows 0 and 2 point the same way: the first */
    assert_int_equal(found[2], 2); /* no direction at all: similarity 0 to all, the first */
    assert_int_equal(lac_knn_predict(backend, pool, &two, 2, train, label, NULL, 4, 4, test, 3, found, NULL), LAC_OK);
    assert_int_equal(found[0], 1); /* one vote each for 2 and 1: the smaller class */
}

static void test_k_is_capped_and_no_rows_are_refused(void **state) {
    (void)state;
    const float train[] = {1, 0, 1, .1f, 0, 1}, test[] = {0, 1};
    const int label[] = {0, 0, 1};
    int found[1];
    lac_error err = {0};
    lac_knn_options o = {.k = 20};
    assert_int_equal(lac_knn_predict(backend, pool, &o, 2, train, label, NULL, 3, 2, test, 1, found, &err), LAC_OK);
    assert_int_equal(found[0], 1);
    assert_int_equal(lac_knn_predict(backend, pool, &o, 2, train, label, NULL, 0, 2, test, 1, found, &err), LAC_USAGE);
}

static void test_every_failing_allocation_is_an_error(void **state) {
    (void)state;
    int found[N_TEST];
    int64_t rows[N_TRAIN];
    for (int i = 0; i < N_TRAIN; i++)
        rows[i] = i;
    int n = 1;
    for (;; n++) {
        lac_error err = {0};
        lac_memory_fail_at((uint64_t)n);
        lac_status status = lac_knn_predict(backend, pool, &(lac_knn_options){0}, D, digits, digit_label, rows, N_TRAIN,
                                            CLASSES, digits + N_TRAIN * D, N_TEST, found, &err);
        lac_memory_fail_at(0);
        if (status == LAC_OK) break;
        assert_int_equal(status, LAC_FAILURE);
        assert_true(err.text[0]);
    }
    assert_in_range(n, 8, 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_predictions_are_numpys),
        cmocka_unit_test(test_blocks_do_not_change_the_answer),
        cmocka_unit_test(test_ties_go_to_the_smaller_index_then_the_smaller_class),
        cmocka_unit_test(test_k_is_capped_and_no_rows_are_refused),
        cmocka_unit_test(test_every_failing_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, load_digits, free_machine);
}
