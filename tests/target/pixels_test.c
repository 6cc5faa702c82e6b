/* tests/target/pixels_test.c - the pixel target: which value of a picture stands where, and each patch's statistics. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "graph/program.h"
#include "target/target.h"

#define MUST(expr)                                                                                                     \
    do {                                                                                                               \
        lac_error must_err = {0};                                                                                      \
        if ((expr) != LAC_OK) fail_msg("%s: %s", #expr, must_err.text);                                                \
    } while (0)

enum { B = 2, C = 3, H = 4, W = 6, PH = 2, PW = 3, N = 4, P = C * PH * PW };

static float pixel(int b, int c, int y, int x) {
    return (float)sin(b * 1.7 + c * 0.9 + y * 1.3 + x * 2.1);
}

static void target_of(bool is_normalised, float *out) {
    const lac_target_slot *pixels = lac_target_find("pixels");
    lac_setting norm = {.spec = &pixels->slot.specs[0], .count = 1, .number = {is_normalised}};
    lac_settings settings = {.slot = "pixels", .n = 1, .at = &norm};
    lac_grid grid;
    MUST(lac_grid_make(2, (int64_t[]){H, W}, (int64_t[]){PH, PW}, C, &grid, &must_err));
    lac_target_context about = {.grid = &grid};
    assert_int_equal(pixels->values(&settings, &about), P);
    const lac_backend *backend;
    lac_store *store;
    lac_graph *g;
    lac_program *program;
    MUST(lac_backend_cpu(NULL, &backend, &must_err));
    MUST(lac_store_new(LAC_F32, &store, &must_err));
    MUST(lac_graph_new(LAC_F32, store, &g, &must_err));
    lac_id picture = lac_input(g, "view/0", LAC_F32, 4, (int64_t[]){B, C, H, W});
    about.picture = picture;
    lac_output(g, "target", pixels->build(&settings, g, &about));
    MUST(lac_program_new(g, backend, NULL, 0, &program, &must_err));
    lac_view view;
    MUST(lac_program_input(program, "view/0", &view, &must_err));
    float *at = view.data;
    for (int b = 0; b < B; b++)
        for (int c = 0; c < C; c++)
            for (int y = 0; y < H; y++)
                for (int x = 0; x < W; x++)
                    *at++ = pixel(b, c, y, x);
    lac_program_run(program);
    MUST(lac_program_output(program, "target", &view, &must_err));
    assert_int_equal(lac_view_size(&view), B * N * P);
    for (int i = 0; i < B * N * P; i++)
        out[i] = ((float *)view.data)[i];
    lac_program_free(program);
    lac_graph_free(g);
    lac_store_free(store);
}

/* (row, column, channel) inside a patch, channel fastest; patches in rows of the grid */
static void test_a_patch_is_row_column_channel(void **state) {
    (void)state;
    float target[B * N * P];
    target_of(false, target);
    for (int b = 0; b < B; b++)
        for (int n = 0; n < N; n++)
            for (int y = 0; y < PH; y++)
                for (int x = 0; x < PW; x++)
                    for (int c = 0; c < C; c++) {
                        float expected = pixel(b, c, n / 2 * PH + y, n % 2 * PW + x);
                        assert_true(target[((b * N + n) * PH * PW + y * PW + x) * C + c] == expected);
                    }
}

/* methods.md, pixels: mean 0, and sum of squares (P - 1) var / (var + 1e-6) with the unbiased variance */
static void test_a_normalised_patch_has_mean_zero_and_unbiased_variance_one(void **state) {
    (void)state;
    float plain[B * N * P], target[B * N * P];
    target_of(false, plain);
    target_of(true, target);
    for (int patch = 0; patch < B * N; patch++) {
        double mean = 0, sum = 0, squares = 0, variance = 0;
        for (int i = 0; i < P; i++) {
            mean += (double)plain[patch * P + i] / P;
            sum += (double)target[patch * P + i];
            squares += (double)target[patch * P + i] * (double)target[patch * P + i];
        }
        for (int i = 0; i < P; i++)
            variance += ((double)plain[patch * P + i] - mean) * ((double)plain[patch * P + i] - mean) / (P - 1);
        assert_true(fabs(sum) < 1e-4);
        assert_true(fabs(squares - (P - 1) * variance / (variance + 1e-6)) < 1e-3);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_patch_is_row_column_channel),
        cmocka_unit_test(test_a_normalised_patch_has_mean_zero_and_unbiased_variance_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
