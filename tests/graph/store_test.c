/* tests/graph/store_test.c - parameters by name: shared, initialised by their names alone, to the rules they state. */
#include "graph/fixture.h"

static int add(lac_store *store, const char *name, int64_t m, int64_t n, unsigned flags, lac_init init, double scale) {
    int index = -1;
    ASSERT_OK(lac_store_add(store, name, 2, (int64_t[]){m, n}, flags, init, scale, &index, err));
    return index;
}

static void test_a_name_is_one_entry(void **state) {
    (void)state;
    lac_store *store;
    lac_error said = {0};
    ASSERT_OK(lac_store_new(LAC_F32, &store, err));
    int a = add(store, "a", 2, 3, 0, LAC_INIT_ONE, 0);
    lac_entry *entry = lac_store_at(store, a);
    assert_int_equal(add(store, "a", 2, 3, 0, LAC_INIT_ONE, 0), a);
    assert_int_equal(lac_store_add(store, "a", 1, (int64_t[]){6}, 0, LAC_INIT_ONE, 0, NULL, &said), LAC_FAILURE);
    assert_non_null(strstr(said.text, "a: already there with another shape"));
    assert_int_equal(lac_store_add(store, "b", 1, (int64_t[]){0}, 0, LAC_INIT_ONE, 0, NULL, &said), LAC_FAILURE);
    for (int i = 0; i < 200; i++) { /* pointers stay while the store grows */
        char name[32];
        snprintf(name, sizeof name, "more.%d", i);
        add(store, name, 1, 1, 0, LAC_INIT_ZERO, 0);
    }
    assert_ptr_equal(lac_store_at(store, a), entry);
    assert_int_equal(lac_store_find(store, "more.7"), a + 8);
    assert_int_equal(lac_store_find(store, "less"), -1);
    lac_store_free(store);
}

static void test_buffers_have_no_gradient(void **state) {
    (void)state;
    lac_store *store;
    ASSERT_OK(lac_store_new(LAC_F32, &store, err));
    int w = add(store, "w", 2, 2, 0, LAC_INIT_ONE, 0),
        fixed = add(store, "fixed", 2, 2, LAC_PARAM_BUFFER, LAC_INIT_GIVEN, 0);
    assert_null(lac_store_at(store, w)->grad);
    ASSERT_OK(lac_store_need_gradients(store, err));
    assert_non_null(lac_store_at(store, w)->grad);
    assert_null(lac_store_at(store, fixed)->grad);
    set_number(lac_store_at(store, w)->grad, LAC_F32, 3, 5);
    lac_store_zero_gradients(store);
    assert_true(number_at(lac_store_at(store, w)->grad, LAC_F32, 3) == 0);
    set_number(lac_store_at(store, fixed)->value, LAC_F32, 0, 9);
    lac_store_initialize(store, 1);
    assert_true(number_at(lac_store_at(store, fixed)->value, LAC_F32, 0) == 9);
    assert_true(number_at(lac_store_at(store, w)->value, LAC_F32, 3) == 1);
    lac_store_free(store);
}

static void test_initial_values_depend_on_seed_and_name_alone(void **state) {
    (void)state;
    lac_store *one, *two;
    ASSERT_OK(lac_store_new(LAC_F32, &one, err));
    ASSERT_OK(lac_store_new(LAC_F32, &two, err));
    int a1 = add(one, "a", 8, 8, 0, LAC_INIT_NORMAL, 1), b1 = add(one, "b", 8, 8, 0, LAC_INIT_NORMAL, 1);
    int b2 = add(two, "b", 8, 8, 0, LAC_INIT_NORMAL, 1), a2 = add(two, "a", 8, 8, 0, LAC_INIT_NORMAL, 1);
    lac_store_initialize(one, 42);
    lac_store_initialize(two, 42);
    size_t bytes = 64 * sizeof(float);
    assert_memory_equal(lac_store_at(one, a1)->value, lac_store_at(two, a2)->value, bytes);
    assert_memory_equal(lac_store_at(one, b1)->value, lac_store_at(two, b2)->value, bytes);
    assert_memory_not_equal(lac_store_at(one, a1)->value, lac_store_at(one, b1)->value, bytes);
    lac_store_initialize(two, 43);
    assert_memory_not_equal(lac_store_at(one, a1)->value, lac_store_at(two, a2)->value, bytes);
    lac_store_free(one);
    lac_store_free(two);
}

static void moments(const lac_entry *entry, double *deviation, double *most) {
    double squares = 0;
    *most = 0;
    for (int64_t i = 0; i < entry->n; i++) {
        double x = number_at(entry->value, entry->dtype, i);
        squares += x * x;
        *most = fmax(*most, fabs(x));
    }
    *deviation = sqrt(squares / (double)entry->n);
}

/* 20,000 values: a deviation is known to about half a percent. */
static void test_initial_values_follow_their_rules(void **state) {
    (void)state;
    lac_store *store;
    ASSERT_OK(lac_store_new(LAC_F64, &store, err));
    double deviation, most, bound = sqrt(6.0 / 300);
    int uniform = add(store, "uniform", 100, 200, 0, LAC_INIT_XAVIER_UNIFORM, 0);
    int normal = add(store, "normal", 100, 200, 0, LAC_INIT_NORMAL, 0.02);
    int cut = add(store, "cut", 100, 200, 0, LAC_INIT_TRUNC_NORMAL, 0.02);
    int constant = add(store, "constant", 2, 2, 0, LAC_INIT_CONSTANT, 0.1);
    lac_store_initialize(store, 1);
    moments(lac_store_at(store, uniform), &deviation, &most);
    assert_true(most < bound && most > 0.999 * bound && fabs(deviation / (bound / sqrt(3)) - 1) < 0.02);
    moments(lac_store_at(store, normal), &deviation, &most);
    assert_true(most > 0.06 && fabs(deviation / 0.02 - 1) < 0.02);
    moments(lac_store_at(store, cut), &deviation, &most);
    /* variance of a normal cut at 2: 1 - 4 phi(2) / (2 Phi(2) - 1) = 0.7737 */
    assert_true(most <= 0.04 && fabs(deviation / (0.02 * sqrt(0.7737)) - 1) < 0.02);
    assert_true(number_at(lac_store_at(store, constant)->value, LAC_F64, 3) == 0.1);
    lac_store_free(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_is_one_entry),
        cmocka_unit_test(test_buffers_have_no_gradient),
        cmocka_unit_test(test_initial_values_depend_on_seed_and_name_alone),
        cmocka_unit_test(test_initial_values_follow_their_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
