/* tests/eval/masks_test.c - masks drawn for a figure: the same as a training sample's, and which patches are predicted
 * where the mask has lists of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "eval/masks.h"

static lac_mask_draws draws_of(const char *name) {
    lac_recipe *recipe;
    lac_mask_draws draws = {0};
    lac_error err;
    if (lac_recipe_open(name, NULL, 0, &recipe, &err) != LAC_OK ||
        lac_mask_draw_many(recipe, 3, 4, 200, &draws, &err) != LAC_OK)
        fail_msg("%s", err.text);
    lac_recipe_free(recipe);
    return draws;
}

static void test_lists_to_predict_are_among_the_hidden_patches(void **state) {
    (void)state;
    lac_mask_draws d = draws_of("i-jepa-tiny");
    assert_int_equal(d.grid.n, 49);
    assert_non_null(d.is_listed);
    for (int64_t i = 0; i < d.n; i++) {
        int64_t listed = 0, hidden = 0;
        for (int64_t p = i * 49; p < (i + 1) * 49; p++) {
            assert_true(d.is_listed[p] <= d.is_hidden[p]);
            listed += d.is_listed[p];
            hidden += d.is_hidden[p];
        }
        assert_in_range(listed, 6, 45); /* four blocks of 6 to 12, which may lie on one another; more than 4 are seen */
        assert_in_range(hidden, 49 - 24, 44);
    }
    lac_mask_draws_free(&d);
}

static void test_masks_without_lists_have_none(void **state) {
    (void)state;
    lac_mask_draws d = draws_of("mae-tiny-32");
    assert_null(d.is_listed);
    int64_t hidden = 0;
    for (int64_t p = 0; p < d.n * d.grid.n; p++)
        hidden += d.is_hidden[p];
    assert_int_equal(hidden, 4 * 48);
    lac_mask_draws_free(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists_to_predict_are_among_the_hidden_patches),
        cmocka_unit_test(test_masks_without_lists_have_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
