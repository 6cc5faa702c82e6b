/* tests/mask/frequency_test.c - hidden frequencies: what one picture loses the other keeps, weights of mean 1, the rate
 * of both, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "graph/program.h"
#include "mask/mask.h"

#define MUST(expr)                                                                                                     \
    do {                                                                                                               \
        lac_error must_err = {0};                                                                                      \
        if ((expr) != LAC_OK) fail_msg("%s: %s", #expr, must_err.text);                                                \
    } while (0)

enum { SIZE = 28, N = 49, F = SIZE * SIZE, C = 2, N_DRAWS = 10000 };

static lac_setting room[2];
static lac_settings settings;
static lac_grid grid;

static const lac_mask_slot *begin(double radius, double low) {
    const lac_mask_slot *mask = lac_mask_find("frequency");
    assert_non_null(mask);
    MUST(lac_grid_make(2, (int64_t[]){SIZE, SIZE}, (int64_t[]){4, 4}, C, &grid, &must_err));
    room[0] = (lac_setting){.spec = &mask->slot.specs[0], .count = 1, .number = {radius}};
    room[1] = (lac_setting){.spec = &mask->slot.specs[1], .count = 1, .number = {low}};
    settings = (lac_settings){.slot = "frequency", .n = 2, .at = room};
    return mask;
}

/* Two copies of a picture, one without low and one without high frequencies: they add up to it, and the two weights to
 * a constant at every frequency. */
static void test_what_one_copy_loses_the_other_keeps(void **state) {
    (void)state;
    const lac_mask_slot *mask = begin(3, 0.5);
    const lac_backend *backend;
    lac_graph *g;
    lac_program *program;
    lac_view picture, drawn, seen, removed;
    MUST(lac_backend_cpu(NULL, &backend, &must_err));
    MUST(lac_graph_new(LAC_F32, NULL, &g, &must_err));
    lac_id x = lac_input(g, "picture", LAC_F32, 4, (int64_t[]){2, C, SIZE, SIZE});
    lac_id d = lac_input(g, "drawn", LAC_F32, 2, (int64_t[]){2, N});
    lac_output(g, "seen", mask->corrupt(&settings, &grid, g, x, d));
    lac_output(g, "removed", mask->removed(&settings, &grid, g, d));
    MUST(lac_program_new(g, backend, NULL, 0, &program, &must_err));
    MUST(lac_program_input(program, "picture", &picture, &must_err));
    MUST(lac_program_input(program, "drawn", &drawn, &must_err));
    float *p = picture.data;
    for (int i = 0; i < C * F; i++)
        p[i] = p[C * F + i] = (float)(sin(i * 0.37) + cos(i * i * 0.11) + (i < F ? 1 : -2));
    for (int i = 0; i < 2 * N; i++)
        ((float *)drawn.data)[i] = i < N ? 0 : 1;
    lac_program_run(program);
    MUST(lac_program_output(program, "seen", &seen, &must_err));
    MUST(lac_program_output(program, "removed", &removed, &must_err));
    const float *s = seen.data, *r = removed.data;
    double worst = 0, mean = 0;
    int n_low = 0;
    for (int i = 0; i < C * F; i++)
        worst = fmax(worst, fabs((double)s[i] + (double)s[C * F + i] - (double)p[i]));
    assert_true(worst < 1e-5);
    for (int i = 0; i < F; i++) {
        mean += ((double)r[i] + (double)r[F + i]) / 2 / F; /* both draws are as likely */
        assert_true((r[i] == 0) != (r[F + i] == 0));
        n_low += r[F + i] != 0;
    }
    assert_true(fabs(mean - 1) < 1e-6);
    assert_int_equal(n_low, 25); /* points of the plane's grid less than 3 from its origin */
    assert_true(r[F] != 0);      /* frequency 0 is a low one */
    lac_program_free(program);
    lac_graph_free(g);
}

static void test_frequencies_are_drawn_at_their_rate_and_by_counters(void **state) {
    (void)state;
    const lac_mask_slot *mask = begin(3, 0.25);
    unsigned char is_hidden[N], again[N], scratch[8];
    double low_gone = 0;
    for (uint64_t sample = 0; sample < N_DRAWS; sample++) {
        lac_random random = lac_random_at(1, LAC_RANDOM_MASK, 0, sample, 0), same = random;
        mask->draw(&settings, &grid, &random, scratch, is_hidden);
        mask->draw(&settings, &grid, &same, scratch, again);
        assert_memory_equal(is_hidden, again, N);
        for (int i = 1; i < N; i++)
            assert_int_equal(is_hidden[i], is_hidden[0]);
        low_gone += is_hidden[0];
    }
    assert_true(fabs(low_gone / N_DRAWS - 0.75) < 4 * sqrt(0.75 * 0.25 / N_DRAWS));
}

static void test_a_radius_of_all_frequencies_is_refused(void **state) {
    (void)state;
    const lac_mask_slot *mask = begin(40, 0.5);
    int64_t n;
    lac_error err;
    assert_int_equal(mask->visible(&settings, &grid, &n, &err), LAC_USAGE);
    assert_string_equal(err.text, "mask.radius: 40 covers all frequencies of 28 x 28");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_one_copy_loses_the_other_keeps),
        cmocka_unit_test(test_frequencies_are_drawn_at_their_rate_and_by_counters),
        cmocka_unit_test(test_a_radius_of_all_frequencies_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
