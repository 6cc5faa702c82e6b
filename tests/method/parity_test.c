/* tests/method/parity_test.c - a masked autoencoder against transformers' ViTMAEForPreTraining and, for an oblong grid,
 * plain PyTorch (numbers: tests/reference/mae.py), on every instruction set this processor has.
 *
 * Tolerances are float32's over a few hundred additions: loss, prediction and mask 1e-4; each gradient 1e-4 and each
 * weight after five AdamW steps 1e-3 by max|a - b| / max(max|b|, 1e-3 x RMS of all gradients). A key bias has no
 * gradient (softmax does not see it), so both sides hold rounding there: it only has to stay below 1e-6 of the largest
 * gradient. */
#include "method/reference.inc.h"

#include <math.h>

static const char *const isas[] = {"portable", "avx2", "avx512"};

typedef struct comparison {
    const reference *r;
    const char *prefix; /* "grad/" or "after/" */
    double rms, largest, tolerance;
} comparison;

static bool is_key_bias(const char *name) {
    return strstr(name, ".key.bias") != NULL;
}

static void expect_close(const reference *r, const char *what, const float *got, const float *expected, int64_t n,
                         double floor, double tolerance) {
    double worst = 0, scale = floor;
    for (int64_t i = 0; i < n; i++) {
        double difference = fabs((double)got[i] - (double)expected[i]);
        if (!(difference <= worst)) worst = difference;
        scale = fmax(scale, fabs((double)expected[i]));
    }
    if (!(worst <= tolerance * scale))
        fail_msg("%s: %s differs by %g of %g, allowed %g", r->name, what, worst, scale, tolerance * scale);
}

static lac_status add_squares(void *context, const lac_hf_part *part, lac_error *err) {
    (void)err;
    comparison *c = context;
    if (lac_store_at(lac_method_store(c->r->method), part->entry)->flags & LAC_PARAM_BUFFER) return LAC_OK;
    int64_t n;
    float *values = reference_values(c->r, "grad/", part->name, &n);
    for (int64_t i = 0; i < n; i++) {
        c->rms += (double)values[i] * (double)values[i];
        c->largest = fmax(c->largest, fabs((double)values[i]));
    }
    c->tolerance += (double)n;
    free(values);
    return LAC_OK;
}

static lac_status compare_part(void *context, const lac_hf_part *part, lac_error *err) {
    (void)err;
    comparison *c = context;
    const lac_entry *entry = lac_store_at(lac_method_store(c->r->method), part->entry);
    if (entry->flags & LAC_PARAM_BUFFER) return LAC_OK;
    bool is_gradient = strcmp(c->prefix, "grad/") == 0;
    const float *got = (is_gradient ? (const float *)entry->grad : (const float *)entry->value) + part->first;
    if (is_key_bias(part->name)) {
        for (int64_t i = 0; i < part->n && is_gradient; i++)
            if (!(fabs((double)got[i]) <= 1e-6 * c->largest))
                fail_msg("%s: %s: gradient %g, largest of all %g", c->r->name, part->name, (double)got[i], c->largest);
        return LAC_OK;
    }
    int64_t n;
    float *expected = reference_values(c->r, c->prefix, part->name, &n);
    assert_int_equal(n, part->n);
    expect_close(c->r, part->name, got, expected, n, 1e-3 * c->rms, c->tolerance);
    free(expected);
    return LAC_OK;
}

static void compare_all(const reference *r, const char *prefix, double tolerance) {
    comparison c = {.r = r};
    MUST(lac_hf_each(r->method, 0, add_squares, &c, &must_err));
    c.rms = sqrt(c.rms / c.tolerance);
    c.prefix = prefix;
    c.tolerance = tolerance;
    MUST(lac_hf_each(r->method, 0, compare_part, &c, &must_err));
}

static void compare_output(const reference *r, lac_step *step, const char *name) {
    lac_view view;
    MUST(lac_program_output(lac_step_program(step), name, &view, &must_err));
    int64_t n;
    float *expected = reference_values(r, "", name, &n);
    if (strcmp(name, "loss") != 0) assert_int_equal(n, lac_view_size(&view));
    expect_close(r, name, view.data, expected, lac_view_size(&view), 0, 1e-4);
    free(expected);
}

static void update(const reference *r, const lac_backend *backend, float **m, float **v, int64_t t) {
    lac_store *store = lac_method_store(r->method);
    for (int i = 0; i < lac_store_count(store); i++) {
        lac_entry *e = lac_store_at(store, i);
        if (e->flags & LAC_PARAM_BUFFER) continue;
        lac_adamw adamw = {.lr = 1e-3,
                           .beta1 = 0.9,
                           .beta2 = 0.95,
                           .eps = 1e-8,
                           .decay = e->flags & LAC_PARAM_NO_DECAY ? 0 : 0.05,
                           .grad_scale = 1,
                           .t = t};
        backend->adamw(NULL, &adamw, (size_t)e->n, e->value, e->grad, m[i], v[i]);
    }
}

static void run_case(const char *name, const lac_backend *backend) {
    reference r;
    reference_open(name, LAC_F32, &r);
    lac_store *store = lac_method_store(r.method);
    int64_t n;
    float *pixels = reference_values(&r, "", "view/0", &n);
    float *noise = reference_values(&r, "", "noise", NULL);
    lac_step *step;
    MUST(lac_step_new(r.method, backend, NULL, 3, LAC_STEP_TRAIN | LAC_STEP_DROP_PATH, &step, &must_err));
    lac_view view;
    MUST(lac_program_input(lac_step_program(step), "view/0", &view, &must_err));
    assert_int_equal(lac_view_size(&view), n);
    memcpy(view.data, pixels, (size_t)n * sizeof *pixels);

    float **m = calloc((size_t)lac_store_count(store), sizeof *m),
          **v = calloc((size_t)lac_store_count(store), sizeof *v);
    for (int i = 0; i < lac_store_count(store); i++) {
        size_t count = (size_t)lac_store_at(store, i)->n;
        m[i] = calloc(count, sizeof **m);
        v[i] = calloc(count, sizeof **v);
    }
    float *losses = reference_values(&r, "", "loss", NULL);
    for (int t = 1; t <= 5; t++) {
        lac_store_zero_gradients(store);
        MUST(lac_step_set_mask(step, noise, NULL, NULL, 0, &must_err));
        lac_program_run(lac_step_program(step));
        if (t == 1) {
            compare_output(&r, step, "loss");
            compare_output(&r, step, "prediction");
            float *mask = reference_values(&r, "", "mask", &n);
            expect_close(&r, "mask", lac_step_mask(step), mask, n, 0, 1e-4);
            free(mask);
            compare_all(&r, "grad/", 1e-4);
        }
        lac_view loss;
        MUST(lac_program_output(lac_step_program(step), "loss", &loss, &must_err));
        expect_close(&r, "loss", loss.data, losses + t - 1, 1, 0, 1e-4);
        update(&r, backend, m, v, t);
    }
    compare_all(&r, "after/", 1e-3);

    for (int i = 0; i < lac_store_count(store); i++) {
        free(m[i]);
        free(v[i]);
    }
    free(m);
    free(v);
    free(losses);
    free(pixels);
    free(noise);
    lac_step_free(step);
    reference_close(&r);
}

static void test_loss_gradients_and_five_steps_agree_with_transformers(void **state) {
    (void)state;
    int n_isas = 0;
    for (size_t k = 0; k < sizeof isas / sizeof *isas; k++) {
        const lac_backend *backend;
        lac_error err;
        if (lac_backend_cpu(isas[k], &backend, &err) != LAC_OK) continue;
        n_isas++;
        for (int i = 0; i < N_REFERENCES; i++)
            run_case(reference_names[i], backend);
    }
    assert_true(n_isas >= 1);
}

/* The fixed tables that we compute are those that the reference holds (from numpy's double precision). */
static lac_status compare_table(void *context, const lac_hf_part *part, lac_error *err) {
    (void)err;
    const reference *r = context;
    lac_method *fresh;
    if (!(lac_store_at(lac_method_store(r->method), part->entry)->flags & LAC_PARAM_BUFFER)) return LAC_OK;
    MUST(lac_method_new(r->recipe, LAC_F32, &fresh, &must_err));
    float *expected = reference_values(r, "param/", part->name, NULL);
    expect_close(r, part->name, lac_store_at(lac_method_store(fresh), part->entry)->value, expected, part->n, 0, 1e-6);
    free(expected);
    lac_method_free(fresh);
    return LAC_OK;
}

static void test_position_tables_agree_with_transformers(void **state) {
    (void)state;
    for (int i = 0; i < N_REFERENCES; i++) {
        reference r;
        reference_open(reference_names[i], LAC_F32, &r);
        MUST(lac_hf_each(r.method, 0, compare_table, &r, &must_err));
        reference_close(&r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loss_gradients_and_five_steps_agree_with_transformers),
        cmocka_unit_test(test_position_tables_agree_with_transformers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
