/* tests/method/tokenizer_test.c - what a quantizer's buffers do over a step: parts of a batch add up, unused codes are
 * put on tokens, and failing allocations leave nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"
#include "io/safetensors.h"
#include "method/method.h"

#define MUST(expr)                                                                                                     \
    do {                                                                                                               \
        lac_error must_err = {0};                                                                                      \
        if ((expr) != LAC_OK) fail_msg("%s: %s", #expr, must_err.text);                                                \
    } while (0)

enum { BATCH = 6, SIDE = 8, K = 24, C = 3 };

static const char text[] = "picture: {size: 8, channels: 1, mean: 0.5, std: 0.25}\n"
                           "mask: {name: none}\n"
                           "model:\n"
                           "  encoder: {name: vit, patch: 2, width: 8, depth: 1, heads: 2, class_token: true}\n"
                           "  quantizer: {name: vq, codes: 24, width: 3, restart: %s}\n"
                           "  decoder: {name: blocks, width: 8, depth: 1, heads: 2}\n"
                           "target: {name: pixels}\n"
                           "objective: [{name: l2, on: all}, {name: l2, of: quantizer, on: all, weight: 0.25}]\n"
                           "optim: {lr: 1e-3}\n";

typedef struct fixture {
    lac_recipe *recipe;
    lac_method *method;
    lac_step *step;
} fixture;

static lac_status open(fixture *f, const char *restart, int64_t batch, lac_error *err) {
    const lac_backend *backend;
    char recipe[1024];
    *f = (fixture){0};
    snprintf(recipe, sizeof recipe, text, restart);
    LAC_TRY(lac_backend_cpu(NULL, &backend, err));
    LAC_TRY(lac_recipe_read_text("coder", recipe, &f->recipe, err));
    LAC_TRY(lac_method_new(f->recipe, LAC_F32, &f->method, err));
    lac_store_initialize(lac_method_store(f->method), 3);
    return lac_step_new(f->method, backend, NULL, batch, LAC_STEP_TRAIN, &f->step, err);
}

static void close(fixture *f) {
    lac_step_free(f->step);
    lac_method_free(f->method);
    lac_recipe_free(f->recipe);
}

/* One step of BATCH pictures in parts of `batch`, learning at the end. */
static void run(fixture *f, int64_t batch) {
    static const int64_t zeros[BATCH] = {0}, samples[BATCH] = {0, 1, 2, 3, 4, 5};
    lac_view view;
    MUST(lac_program_input(lac_step_program(f->step), "view/0", &view, &must_err));
    lac_step_clear(f->step);
    for (int64_t at = 0; at < BATCH; at += batch) {
        for (int64_t b = 0; b < batch; b++) {
            lac_random r = lac_random_at(9, LAC_RANDOM_TEST, 0, (uint64_t)(at + b), 0);
            for (int i = 0; i < SIDE * SIDE; i++)
                ((float *)view.data)[b * SIDE * SIDE + i] = (float)lac_random_normal(&r);
        }
        MUST(lac_step_draw(f->step, 1, zeros + at, samples + at, BATCH, &must_err));
        lac_program_run(lac_step_program(f->step));
        lac_step_gather(f->step);
    }
    lac_step_learn(f->step, 1, 0);
}

static const float *entry(const fixture *f, const char *name) {
    lac_store *store = lac_method_store(f->method);
    int at = lac_store_find(store, name);
    if (at < 0) fail_msg("no %s", name);
    return lac_store_at(store, at)->value;
}

static void test_parts_of_a_batch_move_the_codes_as_the_whole_does(void **state) {
    (void)state;
    static const char *const names[] = {"quantizer.codebook", "quantizer.count", "quantizer.sum"};
    static const int sizes[] = {K * C, K, K * C};
    fixture whole, parts;
    MUST(open(&whole, "0", BATCH, &must_err));
    MUST(open(&parts, "0", 2, &must_err));
    run(&whole, BATCH);
    run(&parts, 2);
    for (int k = 0; k < 3; k++) {
        const float *a = entry(&whole, names[k]), *b = entry(&parts, names[k]);
        for (int i = 0; i < sizes[k]; i++)
            if (fabsf(a[i] - b[i]) > 2e-6f) fail_msg("%s %d: %g and %g", names[k], i, (double)a[i], (double)b[i]);
    }
    double total = 0;
    for (int i = 0; i < K; i++)
        total += (double)entry(&whole, "quantizer.count")[i];
    assert_true(fabs(total - (.99 * K + .01 * BATCH * 16)) < 1e-4);
    close(&whole);
    close(&parts);
}

/* At 0.995 every code that no token chose in the first step is under the bound: it becomes a token, with a count of 1.
 */
static void test_unused_codes_are_put_on_tokens_of_the_batch(void **state) {
    (void)state;
    fixture f, still;
    MUST(open(&f, "0.995", BATCH, &must_err));
    MUST(open(&still, "0", BATCH, &must_err));
    run(&f, BATCH);
    run(&still, BATCH);
    lac_view rows;
    MUST(lac_program_output(lac_step_program(f.step), "rows", &rows, &must_err));
    const float *z = rows.data, *code = entry(&f, "quantizer.codebook"), *count = entry(&still, "quantizer.count");
    int n_moved = 0;
    for (int k = 0; k < K; k++) {
        bool is_token = false;
        for (int64_t r = 0; r < BATCH * 16; r++)
            is_token = is_token || memcmp(z + r * C, code + k * C, C * sizeof *z) == 0;
        bool is_unused = count[k] < 0.995f;
        if (is_unused != is_token) fail_msg("code %d, count %g: token %d", k, (double)count[k], is_token);
        if (is_unused) assert_true(entry(&f, "quantizer.count")[k] == 1.0f);
        n_moved += is_unused;
    }
    assert_in_range(n_moved, 1, K - 1);
    close(&f);
    close(&still);
}

/* A file whose hash is right and whose recipe is not what Lacuna writes: refused, and no other file is read for it. */
static void test_a_tokenizer_cannot_make_its_reader_open_other_files(void **state) {
    (void)state;
    static const char recipe[] = "extends: demo\n", path[] = "hostile-tokenizer.safetensors";
    const float one = 1;
    char fingerprint[24], student[400];
    snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64,
             lac_hash(&one, sizeof one, lac_hash(recipe, strlen(recipe), 0)));
    lac_safetensors_writer *w;
    MUST(lac_safetensors_create(path, &w, &must_err));
    MUST(lac_safetensors_meta(w, "lacuna_format", "1", &must_err));
    MUST(lac_safetensors_meta(w, "lacuna_kind", "tokenizer", &must_err));
    MUST(lac_safetensors_meta(w, "recipe", recipe, &must_err));
    MUST(lac_safetensors_meta(w, "fingerprint", fingerprint, &must_err));
    MUST(lac_safetensors_declare(w, "x", "F32", 1, (int64_t[]){1}, &must_err));
    MUST(lac_safetensors_put(w, &one, sizeof one, &must_err));
    MUST(lac_safetensors_commit(w, &must_err));
    snprintf(student, sizeof student,
             "extends: beit-tiny\n"
             "target: {tokenizer: %s}\n",
             path);
    lac_recipe *r;
    lac_error err = {0};
    assert_int_equal(lac_recipe_read_text("student", student, &r, &err), LAC_FAILURE);
    if (!strstr(err.text, "its recipe extends another")) fail_msg("%s", err.text);
    remove(path);
}

static void test_failing_allocations_leave_nothing_behind(void **state) {
    (void)state;
    for (uint64_t n = 1;; n++) {
        fixture f;
        lac_error err = {0};
        lac_memory_fail_at(n);
        lac_status status = open(&f, "0.1", 2, &err);
        lac_memory_fail_at(0);
        close(&f);
        if (status == LAC_OK) {
            assert_true(n > 50);
            return;
        }
        assert_int_equal(status, LAC_FAILURE);
        assert_non_null(strstr(err.text, "memory"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_of_a_batch_move_the_codes_as_the_whole_does),
        cmocka_unit_test(test_unused_codes_are_put_on_tokens_of_the_batch),
        cmocka_unit_test(test_a_tokenizer_cannot_make_its_reader_open_other_files),
        cmocka_unit_test(test_failing_allocations_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
