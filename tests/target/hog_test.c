/* tests/target/hog_test.c - histograms of oriented gradients: nothing in a constant picture, one bin for one direction,
 * the same for the negative and for another contrast, length 1. Values: tests/method/methods_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "graph/program.h"
#include "target/target.h"

#define MUST(expr)                                                                                                     \
    do {                                                                                                               \
        lac_error must_err = {0};                                                                                      \
        if ((expr) != LAC_OK) fail_msg("%s: %s", #expr, must_err.text);                                                \
    } while (0)

enum { SIZE = 16, C = 2, BINS = 9, N = 4, Q = C * BINS * 4, ALL = N * Q };

/* The target of one picture of 2 x 2 patches of 8 pixels with cells of 4. */
static void compute(double (*value)(int channel, int y, int x), float out[ALL]) {
    const lac_target_slot *slot = lac_target_find("hog");
    assert_non_null(slot);
    lac_setting room[3] = {{.spec = &slot->slot.specs[0], .count = 1, .number = {BINS}},
                           {.spec = &slot->slot.specs[1], .count = 1, .number = {4}},
                           {.spec = &slot->slot.specs[2], .count = 1, .number = {8}}};
    lac_settings settings = {.slot = "hog", .n = 3, .at = room};
    const lac_backend *backend;
    lac_graph *g;
    lac_program *program;
    lac_grid grid;
    lac_view view;
    MUST(lac_grid_make(2, (int64_t[]){SIZE, SIZE}, (int64_t[]){8, 8}, C, &grid, &must_err));
    MUST(lac_backend_cpu(NULL, &backend, &must_err));
    MUST(lac_graph_new(LAC_F32, NULL, &g, &must_err));
    lac_target_context context = {.grid = &grid};
    context.picture = lac_input(g, "picture", LAC_F32, 4, (int64_t[]){1, C, SIZE, SIZE});
    assert_int_equal(slot->values(&settings, &context), Q);
    lac_output(g, "target", slot->build(&settings, g, &context));
    MUST(lac_program_new(g, backend, NULL, 0, &program, &must_err));
    MUST(lac_program_input(program, "picture", &view, &must_err));
    for (int i = 0; i < C * SIZE * SIZE; i++)
        ((float *)view.data)[i] = (float)value(i / (SIZE * SIZE), i / SIZE % SIZE, i % SIZE);
    lac_program_run(program);
    MUST(lac_program_output(program, "target", &view, &must_err));
    memcpy(out, view.data, ALL * sizeof *out);
    lac_program_free(program);
    lac_graph_free(g);
}

static double constant(int channel, int y, int x) {
    (void)y;
    (void)x;
    return channel + 0.5;
}

static double ramp(int channel, int y, int x) { /* across in channel 0, down in channel 1 */
    return channel ? y : x;
}

static double texture(int channel, int y, int x) {
    return sin(1.3 * x + 0.7 * y * y + channel) + cos(0.9 * x * y);
}

static double negative(int channel, int y, int x) {
    return 2 - 3 * texture(channel, y, x);
}

static void test_a_constant_picture_has_no_gradients(void **state) {
    (void)state;
    float h[ALL];
    compute(constant, h);
    for (int i = 0; i < ALL; i++)
        assert_true(h[i] == 0);
}

/* Sobel of x gives (gx, gy) = (-8, 0): atan2(-8, 0) = -pi/2, bin floor(-4.5) = -5 -> 4. Of y: atan2(0, -8) = pi, bin 9
 * -> 0. Away from the border, where a reflected ramp has no slope, all of a cell's weight is in that bin. */
static void test_one_direction_fills_one_bin(void **state) {
    (void)state;
    float h[ALL];
    compute(ramp, h);
    for (int n = 0; n < N; n++)
        for (int c = 0; c < C; c++)
            for (int k = 0; k < BINS; k++)
                for (int cell = 0; cell < 4; cell++)
                    assert_true(h[n * Q + (c * BINS + k) * 4 + cell] == (k == (c ? 0 : 4) ? 1.0f : 0.0f));
}

static void test_the_negative_with_more_contrast_is_the_same(void **state) {
    (void)state;
    float h[ALL], other[ALL];
    compute(texture, h);
    compute(negative, other);
    for (int i = 0; i < ALL; i++)
        assert_true(fabsf(h[i] - other[i]) < 1e-5f);
    for (int i = 0; i < N * C * 4; i++) {
        double squares = 0;
        for (int k = 0; k < BINS; k++)
            squares += pow((double)h[i / (C * 4) * Q + (i / 4 % C * BINS + k) * 4 + i % 4], 2);
        assert_true(fabs(squares - 1) < 1e-6);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_constant_picture_has_no_gradients),
        cmocka_unit_test(test_one_direction_fills_one_bin),
        cmocka_unit_test(test_the_negative_with_more_contrast_is_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
