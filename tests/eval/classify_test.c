/* Networks with heads against timm and PyTorch (tests/reference/tune.py): logits, loss, gradients, and the weights
 * after five steps of AdamW with one rate a layer. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/safetensors.h"
#include "method/classify.h"
#include "train/optimizer.h"

enum { BATCH = 6, CLASSES = 3, STEPS = 5 };

static lac_error err;

#define MUST(expr)                                                                                                     \
    do {                                                                                                               \
        if ((expr) != LAC_OK) fail_msg("%s: %s", #expr, err.text);                                                     \
    } while (0)

static const char recipe_text[] = "picture: {size: 8, channels: 1, mean: 0, std: 1}\n"
                                  "mask: {name: random, ratio: 0.5}\n"
                                  "model:\n"
                                  "  encoder: {name: vit, patch: 4, width: 8, depth: 2, heads: 2, positions: learned}\n"
                                  "  decoder: {name: mae, width: 8, depth: 1, heads: 2}\n"
                                  "target: {name: pixels}\n"
                                  "objective: [{name: l2}]\n"
                                  "optim: {lr: 1e-3}\n";

typedef struct fixture {
    lac_safetensors *file;
    lac_recipe *recipe;
    lac_method *method;
    const lac_backend *backend;
    lac_pool *pool;
    lac_program *program;
    lac_classifier c;
} fixture;

static void read_into(const fixture *f, const char *name, float *out, int64_t n) {
    const lac_safetensor *t = lac_safetensors_find(f->file, name);
    if (!t) fail_msg("no tensor %s", name);
    MUST(lac_safetensor_f32(f->file, t, out, n, &err));
}

/* Every "PREFIX/NAME" of the file goes into the entry NAME; returns how many. */
static int load_weights(const fixture *f) {
    lac_store *store = lac_method_store(f->method);
    int n = 0;
    for (int i = 0; i < lac_safetensors_count(f->file); i++) {
        const char *name = lac_safetensors_at(f->file, i)->name;
        if (strncmp(name, "weights/", 8) != 0) continue;
        int at = lac_store_find(store, name + 8);
        if (at < 0) fail_msg("no parameter %s", name + 8);
        lac_entry *e = lac_store_at(store, at);
        read_into(f, name, e->value, e->n);
        n++;
    }
    return n;
}

static void open_fixture(fixture *f, const char *file, lac_classifier c) {
    char path[1024];
    *f = (fixture){.c = c};
    snprintf(path, sizeof path, "%s/reference/tune/%s", LACUNA_TESTS, file);
    MUST(lac_safetensors_open(path, &f->file, &err));
    MUST(lac_recipe_read_text("test", recipe_text, &f->recipe, &err));
    MUST(lac_method_new(f->recipe, LAC_F32, &f->method, &err));
    MUST(lac_backend_cpu(NULL, &f->backend, &err));
    MUST(lac_pool_new(2, &f->pool, &err));
    MUST(lac_classifier_declare(f->method, &f->c, &err));
    lac_store_initialize(lac_method_store(f->method), 1);
    assert_true(load_weights(f) > 8);
    MUST(lac_classifier_program(f->method, &f->c, f->backend, f->pool, BATCH, LAC_STEP_TRAIN, &f->program, &err));
    lac_view view;
    MUST(lac_program_input(f->program, "view/0", &view, &err));
    read_into(f, "pictures", view.data, lac_view_size(&view));
    MUST(lac_program_input(f->program, "target", &view, &err));
    read_into(f, "target", view.data, lac_view_size(&view));
    MUST(lac_program_input(f->program, "weight", &view, &err));
    for (int i = 0; i < BATCH; i++)
        ((float *)view.data)[i] = 1;
    MUST(lac_program_input(f->program, "norm", &view, &err));
    *(float *)view.data = 1.0f / BATCH;
}

static void close_fixture(fixture *f) {
    lac_program_free(f->program);
    lac_pool_free(f->pool);
    lac_method_free(f->method);
    lac_recipe_free(f->recipe);
    lac_safetensors_close(f->file);
}

/* Within `tolerance` of the tensor's largest value. */
static void assert_near(const fixture *f, const char *name, const float *got, int64_t n, double tolerance) {
    float *wanted = malloc((size_t)n * sizeof *wanted);
    read_into(f, name, wanted, n);
    double largest = 1e-3, worst = 0;
    int64_t at = 0;
    for (int64_t i = 0; i < n; i++) {
        largest = fmax(largest, fabs((double)wanted[i]));
        double off = fabs((double)got[i] - (double)wanted[i]);
        if (!(off <= worst)) worst = off, at = i;
    }
    if (!(worst <= tolerance * largest))
        fail_msg("%s[%d]: %.8g, expected %.8g", name, (int)at, (double)got[at], (double)wanted[at]);
    free(wanted);
}

static void assert_outputs(const fixture *f) {
    lac_view view;
    MUST(lac_program_output(f->program, "logits", &view, &err));
    assert_int_equal(lac_view_size(&view), BATCH * CLASSES);
    assert_near(f, "logits", view.data, BATCH * CLASSES, 1e-5);
    MUST(lac_program_output(f->program, "loss", &view, &err));
    assert_near(f, "loss", view.data, 1, 1e-5);
    lac_store *store = lac_method_store(f->method);
    int n = 0;
    for (int i = 0; i < lac_safetensors_count(f->file); i++) {
        const char *name = lac_safetensors_at(f->file, i)->name;
        if (strncmp(name, "gradient/", 9) != 0) continue;
        const lac_entry *e = lac_store_at(store, lac_store_find(store, name + 9));
        assert_near(f, name, e->grad, e->n, 2e-5);
        n++;
    }
    assert_true(n >= 9);
}

/* Five steps, then every trained weight; what is no part of the classifier has not moved. */
static void assert_training(fixture *f, double layer_decay) {
    lac_store *store = lac_method_store(f->method);
    const int n = lac_store_count(store), decoder = lac_store_find(store, "decoder_pred.weight");
    assert_true(decoder >= 0);
    float before = *(float *)lac_store_at(store, decoder)->value;
    lac_optimizer_options options = {.beta1 = .9, .beta2 = .999, .eps = 1e-8, .weight_decay = .05};
    lac_optimizer *optimizer;
    int *layer = calloc((size_t)n, sizeof *layer);
    MUST(lac_optimizer_new(store, &options, &optimizer, &err));
    MUST(lac_classifier_layers(f->method, &f->c, layer, &err));
    for (int i = 0; i < n; i++)
        lac_optimizer_scale(optimizer, i, layer[i] < 0 ? 0 : pow(layer_decay, 3 - layer[i]));
    for (int step = 0; step < STEPS; step++) {
        lac_store_zero_gradients(store);
        lac_program_run(f->program);
        if (step == 0) assert_outputs(f);
        lac_optimizer_step(optimizer, f->backend, f->pool, 1e-2, NULL);
    }
    int n_after = 0;
    float after[24];
    for (int i = 0; i < lac_safetensors_count(f->file); i++) {
        const char *name = lac_safetensors_at(f->file, i)->name;
        if (strncmp(name, "after/", 6) != 0) continue;
        const lac_entry *e = lac_store_at(store, lac_store_find(store, name + 6));
        /* No attention depends on the bias of keys: its gradient is rounding, which AdamW scales up to the rate. */
        bool has_keys = strstr(name, "qkv.bias") != NULL;
        if (has_keys) read_into(f, name, after, e->n);
        for (int64_t k = e->n / 3; has_keys && k < 2 * e->n / 3; k++)
            ((float *)e->value)[k] = after[k];
        assert_near(f, name, e->value, e->n, 2e-5);
        n_after++;
    }
    assert_true(n_after >= 9);
    assert_true(before == *(float *)lac_store_at(store, decoder)->value);
    free(layer);
    lac_optimizer_free(optimizer);
}

static void test_fine_tuning_is_timm_s(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f, "classifier.safetensors", (lac_classifier){.readout = LAC_READOUT_MEAN, .classes = CLASSES});
    assert_training(&f, .75);
    close_fixture(&f);
}

static void test_an_attentive_probe_is_pytorch_s(void **state) {
    (void)state;
    fixture f;
    lac_classifier c = {.readout = LAC_READOUT_ATTENTIVE, .classes = CLASSES, .is_frozen = true};
    open_fixture(&f, "attentive.safetensors", c);
    lac_store *store = lac_method_store(f.method);
    const lac_entry *frozen = lac_store_at(store, lac_store_find(store, "blocks.1.mlp.fc2.weight"));
    float before = ((float *)frozen->value)[3];
    assert_training(&f, 1);
    assert_true(before == ((float *)frozen->value)[3]);
    assert_true(((float *)frozen->grad)[3] == 0);
    close_fixture(&f);
}

static void test_layers_are_timm_s(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f, "classifier.safetensors", (lac_classifier){.readout = LAC_READOUT_MEAN, .classes = CLASSES});
    lac_store *store = lac_method_store(f.method);
    int *layer = calloc((size_t)lac_store_count(store), sizeof *layer), n = 0;
    MUST(lac_classifier_layers(f.method, &f.c, layer, &err));
    char path[1024], name[200], line[400];
    snprintf(path, sizeof path, "%s/reference/tune/layers.txt", LACUNA_TESTS);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        double scale;
        if (line[0] == '#') continue;
        assert_int_equal(sscanf(line, "%199s %lf", name, &scale), 2);
        int at = lac_store_find(store, name);
        if (at < 0) fail_msg("no parameter %s", name);
        if (fabs(pow(.75, 3 - layer[at]) - scale) > 1e-6)
            fail_msg("%s: layer %d, timm scales by %.6g", name, layer[at], scale);
        n++;
    }
    assert_int_equal(n, 32);
    assert_int_equal(layer[lac_store_find(store, "decoder_pred.weight")], -1);
    fclose(file);
    free(layer);
    close_fixture(&f);
}

static void test_what_cannot_be_is_refused(void **state) {
    (void)state;
    lac_recipe *recipe;
    lac_method *method;
    MUST(lac_recipe_read_text("test", recipe_text, &recipe, &err));
    MUST(lac_recipe_set(recipe, "model.encoder.class_token", "false", &err));
    MUST(lac_method_new(recipe, LAC_F32, &method, &err));
    lac_classifier c = {.readout = LAC_READOUT_CLASS, .classes = 3};
    assert_int_equal(lac_classifier_declare(method, &c, &err), LAC_USAGE);
    assert_non_null(strstr(err.text, "no class token"));
    c = (lac_classifier){.readout = LAC_READOUT_MEAN, .classes = 1};
    assert_int_equal(lac_classifier_declare(method, &c, &err), LAC_USAGE);
    assert_non_null(strstr(err.text, "at least two classes"));
    lac_method_free(method);
    lac_recipe_free(recipe);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fine_tuning_is_timm_s),
        cmocka_unit_test(test_an_attentive_probe_is_pytorch_s),
        cmocka_unit_test(test_layers_are_timm_s),
        cmocka_unit_test(test_what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
