/* tests/method/attention_test.c - masks that go by attention: what a network attends to is what timm says (tests/
 * reference/attention.py), those patches are hidden, as often as was asked for, by the teacher's attention if it is a
 * copy, and in parts of a batch as in the whole. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "io/safetensors.h"
#include "mask/mask.h"
#include "tried.h"

enum { N = 16, BATCH = 2, PIXELS = 256 };

#define RECIPE(mask, teacher)                                                                                          \
    "picture: {size: 16, channels: 1, mean: 0.5, std: 0.5}\n"                                                          \
    "mask: {name: " mask "}\n"                                                                                         \
    "model:\n"                                                                                                         \
    "  encoder: {name: vit, patch: 4, width: 8, depth: 2, heads: 2, mlp_ratio: 2, positions: learned}\n"               \
    "  decoder: {name: linear}\n"                                                                                      \
    "teacher: {name: " teacher "}\n"                                                                                   \
    "target: {name: pixels}\n"                                                                                         \
    "objective: [{name: l2}]\n"                                                                                        \
    "optim: {lr: 1e-3}\n"

typedef struct fixture {
    lac_recipe *recipe;
    lac_method *method;
    lac_store *store;
    lac_step *step;
    lac_safetensors *file;
} fixture;

static void begin(fixture *f, const char *text, lac_dtype real, int64_t batch) {
    const lac_backend *cpu;
    MUST(lac_recipe_read_text("a.yaml", text, &f->recipe, &must_err));
    MUST(lac_method_new(f->recipe, real, &f->method, &must_err));
    MUST(lac_backend_cpu(NULL, &cpu, &must_err));
    f->store = lac_method_store(f->method);
    lac_store_initialize(f->store, 7);
    MUST(lac_safetensors_open(LACUNA_TESTS "/reference/attention/vit.safetensors", &f->file, &must_err));
    MUST(lac_step_new(f->method, cpu, NULL, batch, LAC_STEP_TRAIN, &f->step, &must_err));
}

static void end(fixture *f) {
    lac_step_free(f->step);
    lac_safetensors_close(f->file);
    lac_method_free(f->method);
    lac_recipe_free(f->recipe);
}

static void read_values(const fixture *f, const char *name, lac_dtype dtype, void *out, int64_t n) {
    float *values = lac_array((size_t)n, sizeof *values);
    const lac_safetensor *t = lac_safetensors_find(f->file, name);
    if (!t) fail_msg("no tensor %s", name);
    MUST(lac_safetensor_f32(f->file, t, values, n, &must_err));
    for (int64_t i = 0; i < n; i++) {
        if (dtype == LAC_F64)
            ((double *)out)[i] = (double)values[i];
        else
            ((float *)out)[i] = values[i];
    }
    lac_free(values);
}

/* timm's weights to the encoder's entries, or to those of its copy. */
static int load_weights(fixture *f, const char *scope) {
    int n = 0;
    for (int i = 0; i < lac_store_count(f->store); i++) {
        lac_entry *e = lac_store_at(f->store, i);
        size_t skip = strlen(scope);
        if (strncmp(e->name, scope, skip) != 0 || !lac_safetensors_find(f->file, e->name + skip)) continue;
        read_values(f, e->name + skip, e->dtype, e->value, e->n);
        n++;
    }
    return n;
}

static void show_pictures(fixture *f, int64_t first) {
    lac_view view;
    MUST(lac_program_input(lac_step_program(f->step), "view/0", &view, &must_err));
    float all[BATCH * PIXELS];
    read_values(f, "view/0", LAC_F32, all, BATCH * PIXELS);
    for (int64_t i = 0; i < lac_view_size(&view); i++) {
        float x = all[first * PIXELS + i];
        if (view.dtype == LAC_F64)
            ((double *)view.data)[i] = (double)x;
        else
            ((float *)view.data)[i] = x;
    }
}

static void draw(fixture *f, int64_t epoch) {
    int64_t epochs[BATCH] = {epoch, epoch}, samples[BATCH] = {0, 1};
    lac_step_plan(f->step, 5, epochs, samples, BATCH);
    MUST(lac_step_draw(f->step, 5, epochs, samples, BATCH, &must_err));
}

static void expect_attention(const fixture *f, double tolerance) {
    float expected[BATCH * N];
    read_values(f, "attention", LAC_F32, expected, BATCH * N);
    const float *found = lac_step_attention(f->step);
    for (int i = 0; i < BATCH * N; i++)
        if (!(fabsf(found[i] - expected[i]) <= (float)tolerance * expected[i]))
            fail_msg("attention[%d]: %.9g, timm says %.9g", i, (double)found[i], (double)expected[i]);
}

/* The hidden are the highest (sign 1) or the lowest (-1); returns how many in the batch. */
static int expect_ranks(const fixture *f, float sign) {
    const float *attention = lac_step_attention(f->step), *mask = lac_step_mask(f->step);
    int hidden = 0;
    for (int b = 0; b < BATCH; b++) {
        float least_hidden = INFINITY, most_seen = -INFINITY;
        for (int i = b * N; i < (b + 1) * N; i++) {
            if (mask[i] > 0) least_hidden = fminf(least_hidden, sign * attention[i]);
            if (mask[i] == 0) most_seen = fmaxf(most_seen, sign * attention[i]);
            hidden += mask[i] > 0;
        }
        assert_true(least_hidden >= most_seen);
    }
    return hidden;
}

static void test_attention_is_that_of_timm(void **state) {
    (void)state;
    for (int k = 0; k < 2; k++) {
        fixture f;
        begin(&f, RECIPE("attention, prob: 1", "none"), k ? LAC_F64 : LAC_F32, BATCH);
        assert_int_equal(load_weights(&f, ""), 30);
        show_pictures(&f, 0);
        draw(&f, 0);
        expect_attention(&f, k ? 1e-6 : 1e-5);
        end(&f);
    }
}

static void test_the_most_or_least_attended_are_hidden(void **state) {
    (void)state;
    static const struct {
        const char *text;
        float sign;
        int hidden; /* -1: any number */
    } cases[] = {
        {RECIPE("attention, ratio: [0.2, 0.9], prob: 0.8", "none"), 1, -1},
        {RECIPE("attention, mode: low", "none"), -1, -1},
        {RECIPE("attention-exact, ratio: 0.75", "none"), 1, 24},
        {RECIPE("attention-exact, mode: low, ratio: 0.4", "none"), -1, 14},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        fixture f;
        int some = 0;
        begin(&f, cases[c].text, LAC_F32, BATCH);
        load_weights(&f, "");
        show_pictures(&f, 0);
        for (int epoch = 0; epoch < 20; epoch++) {
            draw(&f, epoch);
            int hidden = expect_ranks(&f, cases[c].sign);
            if (cases[c].hidden >= 0) assert_int_equal(hidden, cases[c].hidden);
            some += hidden > 0;
            MUST(lac_store_need_gradients(f.store, &must_err));
            lac_program_run(lac_step_program(f.step));
        }
        assert_true(some > 5);
        end(&f);
    }
}

static void test_a_copy_looks_with_its_own_weights(void **state) {
    (void)state;
    fixture f;
    begin(&f, RECIPE("attention, prob: 1", "ema"), LAC_F32, BATCH);
    assert_true(load_weights(&f, "teacher/") > 20); /* the student's stay as they were drawn */
    show_pictures(&f, 0);
    draw(&f, 0);
    expect_attention(&f, 1e-5);
    end(&f);
}

static void test_parts_of_a_batch_have_the_masks_of_the_whole(void **state) {
    (void)state;
    fixture whole, part;
    begin(&whole, RECIPE("attention, prob: 1", "none"), LAC_F32, BATCH);
    begin(&part, RECIPE("attention, prob: 1", "none"), LAC_F32, 1);
    load_weights(&whole, "");
    load_weights(&part, "");
    show_pictures(&whole, 0);
    draw(&whole, 3);
    for (int64_t b = 0; b < BATCH; b++) {
        int64_t epoch = 3;
        show_pictures(&part, b);
        MUST(lac_step_draw(part.step, 5, &epoch, &b, BATCH, &must_err));
        assert_memory_equal(lac_step_mask(part.step), lac_step_mask(whole.step) + b * N, N * sizeof(float));
    }
    end(&whole);
    end(&part);
}

static void test_shares_are_drawn_as_asked(void **state) {
    (void)state;
    lac_recipe *recipe;
    const lac_mask_slot *mask = lac_mask_find("attention");
    MUST(lac_recipe_read_text("a.yaml", RECIPE("attention, ratio: [0.25, 0.75], prob: 0.4", "none"), &recipe,
                              &must_err));
    const lac_settings *settings = lac_recipe_section(recipe, "mask");
    const lac_grid grid = {.n = 1000};
    int whole = 0, draws = 10000;
    double sum = 0, least = 1, most = 0;
    for (int i = 0; i < draws; i++) {
        lac_random random = lac_random_at(11, LAC_RANDOM_MASK, 0, (uint64_t)i, 0), again = random;
        int64_t n = mask->count(settings, &grid, &random);
        assert_int_equal(n, mask->count(settings, &grid, &again));
        double share = (double)n / 1000;
        whole += n == 0;
        if (n == 0) continue;
        sum += share;
        least = fmin(least, share);
        most = fmax(most, share);
    }
    assert_true(fabs(whole / (double)draws - 0.6) < 0.02); /* four deviations */
    assert_true(fabs(sum / (draws - whole) - 0.5) < 0.01);
    assert_true(least >= 0.25 && least < 0.26 && most <= 0.75 && most > 0.74);
    lac_recipe_free(recipe);
}

static void expect_refusal(const char *text, const char *says) {
    lac_recipe *recipe;
    lac_method *method;
    lac_error err = {0};
    MUST(lac_recipe_read_text("a.yaml", text, &recipe, &must_err));
    if (lac_method_new(recipe, LAC_F32, &method, &err) != LAC_USAGE) fail_msg("not refused: %s", says);
    if (!strstr(err.text, says)) fail_msg("expected '%s', found '%s'", says, err.text);
    lac_recipe_free(recipe);
}

static void test_what_cannot_go_by_attention_is_refused(void **state) {
    (void)state;
    expect_refusal(RECIPE("attention, ratio: [0.5, 0.1]", "none"), "mask.ratio: expected the smaller share first");
    expect_refusal(RECIPE("attention-exact, ratio: 0", "none"), "mask.ratio: 0 leaves no hidden patch of 16");
    expect_refusal(RECIPE("attention, ratio: [0, 0.01]", "none"), "mask.ratio: 0.01 hides no patch of 16");
    expect_refusal("picture: {size: 16, channels: 1, mean: 0.5, std: 0.5}\nmask: {name: attention}\n"
                   "model: {encoder: {name: vit, patch: 4, width: 8, depth: 2, heads: 2, class_token: false}, decoder: "
                   "{name: linear}}\ntarget: {name: pixels}\nobjective: [{name: l2}]\noptim: {lr: 1}\n",
                   "mask 'attention' goes by the attention of the class token, and the encoder has none");
    expect_refusal(
        "picture: {size: 16, channels: 1, mean: 0.5, std: 0.5}\nmask: {name: attention}\n"
        "model: {encoder: {name: vit, patch: 4, width: 8, depth: 2, heads: 2}, decoder: {name: narrow, width: 8, "
        "depth: 1, heads: 2}}\ntarget: {name: pixels}\nobjective: [{name: l2}]\noptim: {lr: 1}\n",
        "mask 'attention' and decoder 'narrow' do not fit");
}

static void test_every_failed_allocation_is_an_error(void **state) {
    (void)state;
    fail_every_allocation_of(RECIPE("attention", "ema"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attention_is_that_of_timm),
        cmocka_unit_test(test_the_most_or_least_attended_are_hidden),
        cmocka_unit_test(test_a_copy_looks_with_its_own_weights),
        cmocka_unit_test(test_parts_of_a_batch_have_the_masks_of_the_whole),
        cmocka_unit_test(test_shares_are_drawn_as_asked),
        cmocka_unit_test(test_what_cannot_go_by_attention_is_refused),
        cmocka_unit_test(test_every_failed_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
