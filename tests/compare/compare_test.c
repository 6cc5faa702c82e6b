/* A comparison as a function: whatever fails on the way, the same call again ends in the numbers of one that nothing
 * disturbed. Kills, options and files: tests/cli/compare.sh. */
#include "train/tiny.h"

#include <math.h>

#include "compare/compare.h"

static char data[1100], second[512];

/* Pictures with labels 0, 1, 2, and a second recipe. */
static int make(void **state) {
    if (tiny_make(state)) return -1;
    FILE *file = fopen(tiny_path("labels"), "wb");
    const unsigned char head[8] = {0, 0, 8, 1, 0, 0, 0, TINY_PICTURES};
    if (!file) return -1;
    fwrite(head, 1, sizeof head, file);
    for (int i = 0; i < TINY_PICTURES; i++)
        fputc(i % 3, file);
    fclose(file);
    snprintf(data, sizeof data, "idx:%s,%s", tiny_path("pictures"), tiny_path("labels"));
    snprintf(second, sizeof second, "%s", tiny_path("second.yaml"));
    static const char text[] = "extends: tiny.yaml\nname: second\nmask: {ratio: 0.5}\n";
    return lac_file_write(second, text, sizeof text - 1, &err) == LAC_OK ? 0 : -1;
}

static lac_compare_options options_at(const char *folder, const char *recipes[2]) {
    static char first[512], out[8][512];
    static int next;
    next = (next + 1) % 8;
    snprintf(first, sizeof first, "%s", tiny_path("tiny.yaml"));
    snprintf(out[next], sizeof out[next], "%s", tiny_path(folder));
    recipes[0] = first;
    recipes[1] = second;
    return (lac_compare_options){.recipes = recipes,
                                 .n_recipes = 2,
                                 .data = data,
                                 .out = out[next],
                                 .epochs = 1,
                                 .n_seeds = 2,
                                 .labels = 3,
                                 .pictures = 64,
                                 .threads = 1,
                                 .loaders = 1};
}

static void assert_same_numbers(const lac_comparison *a, const lac_comparison *b, int n) {
    assert_int_equal(a->n_methods, b->n_methods);
    for (int m = 0; m < a->n_methods; m++)
        for (int c = 0; c < LAC_COMPARE_FIRST_TIMING; c++) {
            const double x[] = {a->methods[m].mean[c], a->methods[m].deviation[c]};
            const double y[] = {b->methods[m].mean[c], b->methods[m].deviation[c]};
            if (memcmp(x, y, sizeof x) != 0)
                fail_msg("allocation %d: %s of %s: %.17g (%.17g), expected %.17g (%.17g)", n, lac_compare_keys[c],
                         a->methods[m].name, y[0], y[1], x[0], x[1]);
        }
}

static void test_all_numbers_are_there(void **state) {
    (void)state;
    const char *recipes[2];
    lac_compare_options o = options_at("whole", recipes);
    lac_comparison c = {0};
    tiny_assert(lac_compare(&o, &c, &err), LAC_OK, "");
    assert_int_equal(c.n_failed, 0);
    assert_true(c.has_tree);
    assert_int_equal(c.n_analyzed, 64);
    for (int m = 0; m < 2; m++) {
        const lac_compare_method *method = &c.methods[m];
        assert_int_equal(method->steps, 5); /* 90 pictures, batch 16 */
        assert_int_equal(method->pictures, 80);
        assert_int_equal(method->n_whole, 2);
        for (int k = 0; k < LAC_COMPARE_COLUMNS; k++)
            if (!isfinite(method->mean[k])) fail_msg("%s of %s is missing", lac_compare_keys[k], method->name);
        double x = method->runs[0].value[LAC_COMPARE_LOSS], y = method->runs[1].value[LAC_COMPARE_LOSS];
        assert_true(fabs(method->mean[LAC_COMPARE_LOSS] - (x + y) / 2) < 1e-12);
        assert_true(fabs(method->deviation[LAC_COMPARE_LOSS] - fabs(x - y) / sqrt(2)) < 1e-12);
        assert_true(isnan(method->deviation[LAC_COMPARE_LINEAR_RAW]));
    }
    /* mask ratio .75 and .5: half as many tokens, so other costs and other losses */
    assert_true(c.methods[0].gflop < c.methods[1].gflop);
    assert_true(c.methods[0].mean[LAC_COMPARE_LOSS] != c.methods[1].mean[LAC_COMPARE_LOSS]);
    lac_comparison_free(&c);
}

/* One allocation after another fails, some of all: an error that says so, a run that failed for it, or no harm. */
static void test_after_any_failure_the_same_call_gives_the_same_numbers(void **state) {
    (void)state;
    const char *recipes[2];
    lac_compare_options o = options_at("counted", recipes);
    lac_comparison whole = {0};
    uint64_t before = lac_memory_count();
    tiny_assert(lac_compare(&o, &whole, &err), LAC_OK, "");
    const int count = (int)(lac_memory_count() - before);
    int n_errors = 0, n_failed = 0;
    for (int n = 1; n <= count; n += 1 + count / 37) {
        char folder[32];
        snprintf(folder, sizeof folder, "failed-%d", n);
        o = options_at(folder, recipes);
        lac_comparison c = {0};
        lac_memory_fail_at((uint64_t)n);
        lac_status status = lac_compare(&o, &c, &err);
        lac_memory_fail_at(0);
        n_errors += status != LAC_OK;
        if (status != LAC_OK && !strstr(err.text, "memory")) fail_msg("allocation %d: %s", n, err.text);
        for (int k = 0; status == LAC_OK && k < 4; k++) {
            const char *reason = c.methods[k / 2].runs[k % 2].reason;
            n_failed += reason != NULL;
            if (reason && !strstr(reason, "memory")) fail_msg("allocation %d: %s", n, reason);
        }
        lac_comparison_free(&c);
        tiny_assert(lac_compare(&o, &c, &err), LAC_OK, "");
        assert_same_numbers(&whole, &c, n);
        lac_comparison_free(&c);
    }
    if (n_errors == 0 || n_failed == 0) fail_msg("%d errors, %d failed runs: nothing was tried", n_errors, n_failed);
    lac_comparison_free(&whole);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_numbers_are_there),
        cmocka_unit_test(test_after_any_failure_the_same_call_gives_the_same_numbers),
    };
    return cmocka_run_group_tests(tests, make, tiny_remove);
}
