/* tests/backend/biased_test.c - attention with an addition to its scores, padding and relative positions: float32
 * kernels against the float64 reference, as kernels_test.c does it, and the reference against plain attention. */
#include "wide.h"

#include "backend/trial.h"

/* T - p places below n, none twice; every `every`-th is padding. */
static void give_places(trial *t, lac_random *r, int64_t batch, int64_t columns, int64_t n, int64_t every) {
    give_indices(t, r, true, (uint32_t)n, batch, columns);
    int i = t->fast.n_in - 1;
    for (int64_t k = 0; k < batch * columns; k++)
        if (every > 0 && (k + k / columns) % every == every - 1)
            ((int32_t *)t->fast.in[i].data)[k] = ((int32_t *)t->exact.in[i].data)[k] = -1 - (int32_t)(k % 3);
}

/* An input of another trial, which keeps it. */
static void borrow(trial *t, const trial *from, int i) {
    t->fast.in[t->fast.n_in++] = from->fast.in[i];
    t->exact.in[t->exact.n_in++] = from->exact.in[i];
}

static void test_biased_attention_and_its_gradient_are_right(void **state) {
    (void)state;
    static const int cases[][7] = {/* B, T, h, c, p, R (0: no bias), padding every (0: no places) */
                                   {1, 1, 1, 1, 0, 1, 0},      {2, 17, 3, 64, 1, 17, 0}, {5, 5, 2, 24, 0, 5, 0},
                                   {1, 65, 3, 32, 1, 65, 0},   {9, 50, 12, 8, 0, 50, 0}, {1, 197, 2, 32, 1, 197, 0},
                                   {3, 7, 1, 5, 1, 12, 3},     {2, 60, 2, 16, 0, 99, 2}, {1, 600, 1, 8, 0, 600, 0},
                                   {4, 33, 3, 20, 1, 50, 99},  {2, 40, 2, 33, 0, 0, 2},  {3, 18, 1, 16, 1, 0, 4},
                                   {1, 256, 1, 16, 0, 256, 0}, {40, 9, 2, 4, 0, 9, 5}};
    lac_random r = lac_random_at(51, LAC_RANDOM_TEST, 0, 0, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t b = cases[i][0], t = cases[i][1], h = cases[i][2], c = cases[i][3], d = h * c, p = cases[i][4];
        int64_t rows = cases[i][5], every = cases[i][6];
        bool has_bias = rows > 0, has_places = every > 0;
        trial forward = begin(LAC_OP_ATTENTION_BIASED, 1e-5);
        snprintf(forward.name, sizeof forward.name, "attention_biased T %d c %d R %d", (int)t, (int)c, (int)rows);
        set_int(&forward, 0, h);
        set_int(&forward, 1, p);
        give(&forward, &r, -2, 2, DIM(b, t, 3 * d));
        has_bias ? give(&forward, &r, -3, 3, DIM(h, rows, rows)) : give_nothing(&forward);
        has_places ? give_places(&forward, &r, b, t - p, has_bias ? rows - p : t, every) : give_nothing(&forward);
        want(&forward, &r, DIM(b, t, d));
        want(&forward, &r, DIM(b, h, t));
        check(&forward);
        for (int wants_bias = 0; wants_bias <= has_bias; wants_bias++) {
            trial grad = begin(LAC_OP_ATTENTION_BIASED_GRAD, 3e-5);
            snprintf(grad.name, sizeof grad.name, "attention_biased_grad T %d c %d R %d, of the bias %d", (int)t,
                     (int)c, (int)rows, wants_bias);
            set_int(&grad, 0, h);
            set_int(&grad, 1, p);
            set_int(&grad, 2, wants_bias);
            give(&grad, &r, -1, 1, DIM(b, t, d));
            borrow(&grad, &forward, 0);
            give_output(&grad, &forward, 0);
            give_output(&grad, &forward, 1);
            borrow(&grad, &forward, 1);
            borrow(&grad, &forward, 2);
            want(&grad, &r, DIM(b, t, 3 * d));
            wants_bias ? want(&grad, &r, DIM(h, rows, rows)) : want_nothing(&grad);
            check(&grad);
            for (int k = 1; k < 6; k += k == 1 ? 3 : 1) /* they are forward's */
                grad.fast.in[k].data = grad.exact.in[k].data = NULL;
            end(&grad);
        }
        end(&forward);
    }
}

/* Padding out of the way, it is plain attention among the tokens that are left, in any order; a bias that is the same
 * for all keys changes nothing. */
static void test_what_is_left_attends_as_if_alone(void **state) {
    (void)state;
    enum { B = 2, T = 7, LEFT = 4, H = 2, C = 3, D = H * C };
    static const int left[LEFT] = {0, 2, 3, 6};
    lac_random r = lac_random_at(52, LAC_RANDOM_TEST, 0, 0, 0);
    trial padded = begin(LAC_OP_ATTENTION_BIASED, 1e-5), alone = begin(LAC_OP_ATTENTION, 1e-5);
    set_int(&padded, 0, H);
    set_int(&alone, 0, H);
    give(&padded, &r, -2, 2, DIM(B, T, 3 * D));
    give(&padded, &r, 0, 0, DIM(H, T, T));
    give_places(&padded, &r, B, T, T, 0);
    give(&alone, &r, 0, 0, DIM(B, LEFT, 3 * D));
    for (int b = 0; b < B; b++) {
        for (int t = 0; t < T; t++)
            ((int32_t *)padded.exact.in[2].data)[b * T + t] = -1;
        for (int i = 0; i < LEFT; i++) {
            ((int32_t *)padded.exact.in[2].data)[b * T + left[i]] = left[(i + b) % LEFT];
            memcpy((double *)alone.exact.in[0].data + (b * LEFT + i) * 3 * D,
                   (double *)padded.exact.in[0].data + (b * T + left[i]) * 3 * D, 3 * D * sizeof(double));
        }
    }
    for (int h = 0; h < H; h++)
        for (int i = 0; i < T * T; i++)
            ((double *)padded.exact.in[1].data)[h * T * T + i] = 0.5 * h - (double)(i / T);
    want(&padded, &r, DIM(B, T, D));
    want(&padded, &r, DIM(B, H, T));
    want(&alone, &r, DIM(B, LEFT, D));
    want(&alone, &r, DIM(B, H, LEFT));
    run_on(lac_ref_find(LAC_OP_ATTENTION_BIASED, LAC_F64), &padded.exact, NULL);
    run_on(lac_ref_find(LAC_OP_ATTENTION, LAC_F64), &alone.exact, NULL);
    const double *y = padded.exact.out[0].data, *expected = alone.exact.out[0].data;
    for (int b = 0; b < B; b++)
        for (int t = 0, i = 0; t < T; t++) {
            bool is_left = i < LEFT && left[i] == t;
            for (int k = 0; k < D; k++) {
                double want_value = is_left ? expected[(b * LEFT + i) * D + k] : 0;
                assert_true(fabs(y[(b * T + t) * D + k] - want_value) < 1e-12);
            }
            i += is_left;
        }
    end(&padded);
    end(&alone);
}

static void test_relative_bias_and_its_gradient_are_right(void **state) {
    (void)state;
    static const int cases[][6] = {{1, 2, 14, 14, 1, 12}, {0, 2, 3, 5, 1, 2}, {1, 1, 7, 1, 1, 1}, {2, 3, 2, 3, 4, 3}};
    lac_random r = lac_random_at(53, LAC_RANDOM_TEST, 0, 0, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t p = cases[i][0], axes = cases[i][1], h = cases[i][5], n = 1, rows = p > 0 ? 3 : 0, product = 1;
        for (int a = 0; a < axes; a++) {
            n *= cases[i][2 + a];
            product *= 2 * cases[i][2 + a] - 1;
        }
        rows += product;
        for (int grad = 0; grad < 2; grad++) {
            trial t = begin(grad ? LAC_OP_RELATIVE_BIAS_GRAD : LAC_OP_RELATIVE_BIAS, grad ? 2e-6 : 1e-12);
            snprintf(t.name, sizeof t.name, "relative_bias %d, gradient %d", (int)i, grad);
            set_int(&t, 0, p);
            set_int(&t, 1, axes);
            for (int a = 0; a < axes; a++)
                set_int(&t, 2 + a, cases[i][2 + a]);
            grad ? give(&t, &r, -1, 1, DIM(h, p + n, p + n)) : give(&t, &r, -1, 1, DIM(rows, h));
            grad ? want(&t, &r, DIM(rows, h)) : want(&t, &r, DIM(h, p + n, p + n));
            check_and_end(&t);
        }
    }
}

/* The rows that BEiT's table has for a grid of 2 x 2 and a class token, by hand. */
static void test_relative_rows_are_those_of_the_paper(void **state) {
    (void)state;
    static const int expected[5][5] = {
        {11, 9, 9, 9, 9}, {10, 4, 3, 1, 0}, {10, 5, 4, 2, 1}, {10, 7, 6, 4, 3}, {10, 8, 7, 5, 4}};
    lac_random r = lac_random_at(54, LAC_RANDOM_TEST, 0, 0, 0);
    trial t = begin(LAC_OP_RELATIVE_BIAS, 1e-12);
    set_int(&t, 0, 1);
    set_int(&t, 1, 2);
    set_int(&t, 2, 2);
    set_int(&t, 3, 2);
    give(&t, &r, 0, 0, DIM(12, 1));
    for (int i = 0; i < 12; i++) {
        ((float *)t.fast.in[0].data)[i] = (float)i;
        ((double *)t.exact.in[0].data)[i] = i;
    }
    want(&t, &r, DIM(1, 5, 5));
    check(&t);
    for (int i = 0; i < 25; i++)
        assert_int_equal((int)((double *)t.exact.out[0].data)[i], expected[i / 5][i % 5]);
    end(&t);
}

int main(void) {
    if (!trial_begin()) return 1;
    sets_tested[n_sets++] = &lac_cpu_wide;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_biased_attention_and_its_gradient_are_right),
        cmocka_unit_test(test_what_is_left_attends_as_if_alone),
        cmocka_unit_test(test_relative_bias_and_its_gradient_are_right),
        cmocka_unit_test(test_relative_rows_are_those_of_the_paper),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    trial_end();
    return failed;
}
