/* tests/method/methods_test.c - methods beside MAE against transformers and PyTorch (numbers:
 * tests/reference/methods.py), on every instruction set this processor has: loss and prediction within 1e-4, each
 * gradient within 1e-3 by max|a - b| / max(max|b|, 1e-3 x RMS of all gradients).
 *
 * A key bias has no gradient (softmax does not see it), so both sides hold rounding there: it counts with the queries'
 * and values', whose tensor it shares. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/safetensors.h"
#include "method/method.h"

#define MUST(expr)                                                                                                     \
    do {                                                                                                               \
        lac_error must_err = {0};                                                                                      \
        if ((expr) != LAC_OK) fail_msg("%s: %s", #expr, must_err.text);                                                \
    } while (0)

static const char *const isas[] = {"portable", "avx2", "avx512"};

static lac_safetensors *file;
static const char *method_name;

static float *values_of(const char *prefix, const char *name, int64_t n) {
    char full[300];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    const lac_safetensor *t = lac_safetensors_find(file, full);
    if (!t || t->bytes != (uint64_t)n * 4)
        fail_msg("%s: no tensor %s of %lld numbers", method_name, full, (long long)n);
    float *values = malloc((size_t)n * sizeof *values);
    MUST(lac_safetensor_f32(file, t, values, n, &must_err));
    return values;
}

static void expect_close(const char *what, const float *got, const float *expected, int64_t n, double floor,
                         double tolerance) {
    double worst = 0, scale = floor;
    for (int64_t i = 0; i < n; i++) {
        double difference = fabs((double)got[i] - (double)expected[i]);
        if (!(difference <= worst)) worst = difference;
        scale = fmax(scale, fabs((double)expected[i]));
    }
    if (!(worst <= tolerance * scale))
        fail_msg("%s: %s differs by %g of %g, allowed %g", method_name, what, worst, scale, tolerance * scale);
}

static void load_parameters(lac_store *store) {
    for (int i = 0; i < lac_store_count(store); i++) {
        lac_entry *e = lac_store_at(store, i);
        float *values = values_of("param/", e->name, e->n);
        memcpy(e->value, values, (size_t)e->n * sizeof *values);
        free(values);
    }
}

static void compare_gradients(const lac_store *store) {
    double squares = 0, n = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < lac_store_count(store); i++) {
            const lac_entry *e = lac_store_at(store, i);
            float *expected = values_of("grad/", e->name, e->n);
            for (int64_t k = 0; k < e->n && pass == 0; k++)
                squares += (double)expected[k] * (double)expected[k];
            if (pass == 0) n += (double)e->n;
            if (pass == 1) expect_close(e->name, e->grad, expected, e->n, 1e-3 * sqrt(squares / n), 1e-3);
            free(expected);
        }
}

static void compare_output(lac_step *step, const char *name) {
    lac_view view;
    MUST(lac_program_output(lac_step_program(step), name, &view, &must_err));
    float *expected = values_of("", name, lac_view_size(&view));
    expect_close(name, view.data, expected, lac_view_size(&view), 0, 1e-4);
    free(expected);
}

static void run_on(const lac_backend *backend) {
    lac_recipe *recipe;
    lac_method *method;
    lac_step *step;
    MUST(lac_recipe_read_text(method_name, lac_safetensors_metadata(file, "recipe"), &recipe, &must_err));
    MUST(lac_method_new(recipe, LAC_F32, &method, &must_err));
    load_parameters(lac_method_store(method));
    MUST(lac_step_new(method, backend, NULL, 2, LAC_STEP_TRAIN, &step, &must_err));
    lac_view view;
    MUST(lac_program_input(lac_step_program(step), "view/0", &view, &must_err));
    float *pixels = values_of("", "view/0", lac_view_size(&view));
    memcpy(view.data, pixels, (size_t)lac_view_size(&view) * sizeof *pixels);
    float *mask = values_of("", "mask/0", 2 * lac_method_describe(method).n_patches);
    MUST(lac_step_set_mask(step, NULL, NULL, mask, 0, &must_err));
    lac_store_zero_gradients(lac_method_store(method));
    lac_program_run(lac_step_program(step));
    compare_output(step, "loss");
    compare_output(step, "prediction");
    compare_gradients(lac_method_store(method));
    free(pixels);
    free(mask);
    lac_step_free(step);
    lac_method_free(method);
    lac_recipe_free(recipe);
}

static void check(const char *name) {
    char path[1024];
    method_name = name;
    snprintf(path, sizeof path, "%s/reference/methods/%s.safetensors", LACUNA_TESTS, name);
    MUST(lac_safetensors_open(path, &file, &must_err));
    int n_isas = 0;
    for (size_t k = 0; k < sizeof isas / sizeof *isas; k++) {
        const lac_backend *backend;
        lac_error err;
        if (lac_backend_cpu(isas[k], &backend, &err) != LAC_OK) continue;
        n_isas++;
        run_on(backend);
    }
    assert_true(n_isas >= 1);
    lac_safetensors_close(file);
}

static void test_simmim_agrees_with_transformers(void **state) {
    (void)state;
    check("simmim");
}

static void test_maskfeat_agrees_with_pytorch(void **state) {
    (void)state;
    check("maskfeat");
}

static void test_mfm_agrees_with_pytorch(void **state) {
    (void)state;
    check("mfm");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_simmim_agrees_with_transformers),
        cmocka_unit_test(test_maskfeat_agrees_with_pytorch),
        cmocka_unit_test(test_mfm_agrees_with_pytorch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
