/* tests/train/optimizer_test.c - AdamW, clipping, the weight average and the schedule against torch 2
 * (tests/reference). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "reference/train/adamw.inc"
#include "train/optimizer.h"

enum { N_MATRIX = ADAMW_ROWS * ADAMW_COLUMNS, N_ALL = N_MATRIX + ADAMW_VECTOR };

typedef struct fixture {
    lac_store *store;
    lac_optimizer *optimizer;
    const lac_backend *backend;
    lac_pool *pool;
} fixture;

static void fill(lac_store *store, const float *values, bool is_gradient) {
    lac_entry *m = lac_store_at(store, 0), *v = lac_store_at(store, 1);
    memcpy(is_gradient ? m->grad : m->value, values, N_MATRIX * sizeof(float));
    memcpy(is_gradient ? v->grad : v->value, values + N_MATRIX, ADAMW_VECTOR * sizeof(float));
}

static void open_fixture(fixture *f, double clip, double ema) {
    lac_error err;
    int index;
    const int64_t matrix[] = {ADAMW_ROWS, ADAMW_COLUMNS}, vector[] = {ADAMW_VECTOR}, fixed[] = {3};
    assert_int_equal(lac_store_new(LAC_F32, &f->store, &err), LAC_OK);
    assert_int_equal(lac_store_add(f->store, "matrix", 2, matrix, 0, LAC_INIT_ZERO, 0, &index, &err), LAC_OK);
    assert_int_equal(lac_store_add(f->store, "vector", 1, vector, LAC_PARAM_NO_DECAY, LAC_INIT_ZERO, 0, &index, &err),
                     LAC_OK);
    assert_int_equal(lac_store_add(f->store, "fixed", 1, fixed, LAC_PARAM_BUFFER, LAC_INIT_GIVEN, 0, &index, &err),
                     LAC_OK);
    assert_int_equal(lac_store_need_gradients(f->store, &err), LAC_OK);
    ((float *)lac_store_at(f->store, 2)->value)[1] = 7;
    lac_optimizer_options options = {
        .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .weight_decay = 0.05, .clip = clip, .ema = ema};
    assert_int_equal(lac_optimizer_new(f->store, &options, &f->optimizer, &err), LAC_OK);
    assert_int_equal(lac_backend_cpu(NULL, &f->backend, &err), LAC_OK);
    assert_int_equal(lac_pool_new(2, &f->pool, &err), LAC_OK);
    fill(f->store, adamw_start[0], false);
}

static void close_fixture(fixture *f) {
    lac_optimizer_free(f->optimizer);
    lac_store_free(f->store);
    lac_pool_free(f->pool);
}

/* Weights are of order 1 and float32 on both sides: a few units in the last place over five steps. */
static void assert_near(const float *a, const float *b, int n, const char *what, int step) {
    for (int i = 0; i < n; i++)
        if (!(fabs((double)a[i] - (double)b[i]) <= 1e-6 * fmax(1, fabs((double)b[i])))) {
            print_error("%s %d after step %d: %.9g, torch has %.9g\n", what, i, step + 1, (double)a[i], (double)b[i]);
            fail();
        }
}

static void test_five_clipped_steps_equal_torch(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f, adamw_clip, adamw_ema);
    for (int step = 0; step < ADAMW_STEPS; step++) {
        double norm;
        fill(f.store, adamw_gradients[step], true);
        lac_optimizer_step(f.optimizer, f.backend, f.pool, (double)adamw_rates[0][step], &norm);
        assert_true(fabs(norm - (double)adamw_norms[step][0]) < 1e-5 * norm);
        assert_near(lac_store_at(f.store, 0)->value, adamw_weights[step], N_MATRIX, "matrix", step);
        assert_near(lac_store_at(f.store, 1)->value, adamw_weights[step] + N_MATRIX, ADAMW_VECTOR, "vector", step);
        assert_near(lac_optimizer_entry(f.optimizer, 0).average, adamw_averages[step], N_MATRIX, "average", step);
        assert_near(lac_optimizer_entry(f.optimizer, 1).average, adamw_averages[step] + N_MATRIX, ADAMW_VECTOR,
                    "average", step);
    }
    assert_int_equal(lac_optimizer_steps(f.optimizer), ADAMW_STEPS);
    close_fixture(&f);
}

static void test_buffers_are_left_alone(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f, 0, 0);
    fill(f.store, adamw_gradients[0], true);
    lac_optimizer_step(f.optimizer, f.backend, f.pool, 0.1, NULL);
    assert_true(((float *)lac_store_at(f.store, 2)->value)[1] == 7);
    assert_null(lac_optimizer_entry(f.optimizer, 2).m);
    assert_null(lac_optimizer_entry(f.optimizer, 0).average);
    close_fixture(&f);
}

static void test_gradient_that_is_not_finite_changes_nothing(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f, 0, 0.5);
    double norm;
    float bad[N_ALL];
    memcpy(bad, adamw_gradients[0], sizeof bad);
    fill(f.store, bad, true);
    lac_optimizer_step(f.optimizer, f.backend, f.pool, 0.1, &norm);
    float before[N_MATRIX], moment[N_MATRIX];
    memcpy(before, lac_store_at(f.store, 0)->value, sizeof before);
    memcpy(moment, lac_optimizer_entry(f.optimizer, 0).m, sizeof moment);
    bad[N_ALL - 1] = NAN;
    fill(f.store, bad, true);
    lac_optimizer_step(f.optimizer, f.backend, f.pool, 0.1, &norm);
    bool is_finite = isfinite(norm);
    assert_false(is_finite);
    assert_int_equal(lac_optimizer_steps(f.optimizer), 1);
    assert_memory_equal(before, lac_store_at(f.store, 0)->value, sizeof before);
    assert_memory_equal(moment, lac_optimizer_entry(f.optimizer, 0).m, sizeof moment);
    close_fixture(&f);
}

static void test_reset_starts_again_to_the_same_bits(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f, adamw_clip, adamw_ema);
    float first[N_MATRIX];
    for (int round = 0; round < 2; round++) {
        lac_optimizer_reset(f.optimizer);
        fill(f.store, adamw_start[0], false);
        for (int step = 1; step < 4; step++) {
            fill(f.store, adamw_gradients[step], true);
            lac_optimizer_step(f.optimizer, f.backend, f.pool, 1e-2, NULL);
        }
        if (round == 0) memcpy(first, lac_store_at(f.store, 0)->value, sizeof first);
    }
    assert_memory_equal(first, lac_store_at(f.store, 0)->value, sizeof first);
    close_fixture(&f);
}

static void test_schedule_warms_up_then_falls_along_a_cosine(void **state) {
    (void)state;
    assert_true(lac_schedule_lr(2, 0.5, 10, 110, 0) == 0);
    assert_true(fabs(lac_schedule_lr(2, 0.5, 10, 110, 5) - 1) < 1e-15);
    assert_true(fabs(lac_schedule_lr(2, 0.5, 10, 110, 10) - 2) < 1e-15);
    assert_true(fabs(lac_schedule_lr(2, 0.5, 10, 110, 60) - 1.25) < 1e-12); /* half way */
    assert_true(fabs(lac_schedule_lr(2, 0.5, 10, 110, 35) - (0.5 + 1.5 * (1 + sqrt(0.5)) / 2)) <
                1e-12); /* an eighth of a turn */
    assert_true(lac_schedule_lr(2, 0.5, 10, 110, 110) == 0.5);
    assert_true(lac_schedule_lr(2, 0.5, 0, 4, 0) == 2);
    assert_true(fabs(lac_schedule_lr(3, 0, 8, 4, 2) - 0.75) < 1e-15); /* a warm-up longer than the run */
}

/* A scale is another rate, decay and all; 0 leaves an entry out, of the norm too. */
static void test_an_entry_has_its_own_rate(void **state) {
    (void)state;
    fixture whole, half;
    double norm_whole, norm_half;
    open_fixture(&whole, 0, 0);
    open_fixture(&half, 0, 0);
    lac_optimizer_scale(half.optimizer, 0, 0.5);
    lac_optimizer_scale(half.optimizer, 1, 0);
    for (int step = 0; step < 3; step++) {
        fill(whole.store, adamw_start[0], true);
        fill(half.store, adamw_start[0], true);
        lac_optimizer_step(whole.optimizer, whole.backend, whole.pool, 5e-3, &norm_whole);
        lac_optimizer_step(half.optimizer, half.backend, half.pool, 1e-2, &norm_half);
    }
    assert_memory_equal(lac_store_at(whole.store, 0)->value, lac_store_at(half.store, 0)->value,
                        N_MATRIX * sizeof(float));
    assert_memory_equal(lac_store_at(half.store, 1)->value, adamw_start[0] + N_MATRIX, ADAMW_VECTOR * sizeof(float));
    assert_true(norm_half > 0 && norm_half < norm_whole);
    close_fixture(&whole);
    close_fixture(&half);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_entry_has_its_own_rate),
        cmocka_unit_test(test_five_clipped_steps_equal_torch),
        cmocka_unit_test(test_buffers_are_left_alone),
        cmocka_unit_test(test_gradient_that_is_not_finite_changes_nothing),
        cmocka_unit_test(test_reset_starts_again_to_the_same_bits),
        cmocka_unit_test(test_schedule_warms_up_then_falls_along_a_cosine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
