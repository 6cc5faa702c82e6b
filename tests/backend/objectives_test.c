/* tests/backend/objectives_test.c - the float32 kernels of objectives and token masks against the float64 reference, as
 * kernels_test.c does it: awkward sizes, 1 to 3 threads, guards. */
#include "wide.h"

#include "backend/trial.h"

static void weights(trial *t, lac_random *r, int64_t b, int64_t n) {
    give(t, r, 0, 1, DIM(b, n));
    for (int64_t i = 0; i < b * n; i += 3) { /* rows that do not count */
        ((float *)t->fast.in[t->fast.n_in - 1].data)[i] = 0;
        ((double *)t->exact.in[t->exact.n_in - 1].data)[i] = 0;
    }
}

static void test_smooth_l1_and_its_gradient_are_right(void **state) {
    (void)state;
    lac_random r = lac_random_at(31, LAC_RANDOM_TEST, 0, 0, 0);
    for (int i = 0; i < 16; i++) {
        int64_t b = PICK(&r, 1, 2, 3), n = PICK(&r, 1, 5, 64, 65), p = PICK(&r, 1, 7, 8, 16, 33, 48);
        double beta = i % 2 ? 1 : 0.3;
        for (int grad = 0; grad < 2; grad++) {
            trial t = begin(grad ? LAC_OP_SMOOTH_L1_GRAD : LAC_OP_SMOOTH_L1, 2e-6);
            snprintf(t.name, sizeof t.name, "smooth_l1 %d x %d x %d, gradient %d", (int)b, (int)n, (int)p, grad);
            if (grad) give(&t, &r, -1, 1, DIM(1));
            give(&t, &r, -1, 1, DIM(b, n, p));
            give(&t, &r, -1, 1, DIM(b, n, p));
            weights(&t, &r, b, n);
            give(&t, &r, 0.5, 1, DIM(1));
            set_real(&t, beta);
            grad ? want(&t, &r, DIM(b, n, p)) : want(&t, &r, DIM(1));
            check_and_end(&t);
        }
    }
}

static void test_cross_entropy_and_its_gradient_are_right(void **state) {
    (void)state;
    lac_random r = lac_random_at(32, LAC_RANDOM_TEST, 0, 0, 0);
    for (int i = 0; i < 16; i++) {
        int64_t b = PICK(&r, 1, 2, 3), n = PICK(&r, 1, 5, 17), k = PICK(&r, 1, 2, 7, 16, 33, 1000);
        bool has_ids = i % 2;
        for (int grad = 0; grad < 2; grad++) {
            trial t = begin(grad ? LAC_OP_CROSS_ENTROPY_GRAD : LAC_OP_CROSS_ENTROPY, 5e-6);
            t.floor = grad ? 0.1 : 1;
            snprintf(t.name, sizeof t.name, "cross_entropy %d x %d x %d, ids %d, gradient %d", (int)b, (int)n, (int)k,
                     has_ids, grad);
            if (grad) give(&t, &r, -1, 1, DIM(1));
            give(&t, &r, -20, 20, DIM(b, n, k));
            has_ids ? give_nothing(&t) : give(&t, &r, 0, 1, DIM(b, n, k));
            has_ids ? give_indices(&t, &r, false, (uint32_t)k, b, n) : give_nothing(&t);
            weights(&t, &r, b, n);
            give(&t, &r, 0.5, 1, DIM(1));
            set_real(&t, i % 4 < 2 ? 1 : 0.5);
            grad ? want(&t, &r, DIM(b, n, k)) : want(&t, &r, DIM(1));
            check_and_end(&t);
        }
    }
}

static void test_unit_rows_and_their_gradient_are_right(void **state) {
    (void)state;
    lac_random r = lac_random_at(33, LAC_RANDOM_TEST, 0, 0, 0);
    for (int i = 0; i < 12; i++) {
        int64_t n = PICK(&r, 1, 5, 64, 301), d = PICK(&r, 1, 2, 7, 8, 33, 256);
        trial t = begin(LAC_OP_UNIT_ROWS, 2e-6);
        snprintf(t.name, sizeof t.name, "unit_rows %d x %d", (int)n, (int)d);
        give(&t, &r, -2, 2, DIM(n, d));
        set_real(&t, i % 3 ? 1e-12 : 1);
        want(&t, &r, DIM(n, d));
        want(&t, &r, DIM(n));
        check(&t);
        trial back = begin(LAC_OP_UNIT_ROWS_GRAD, 5e-6);
        back.floor = 0.1;
        snprintf(back.name, sizeof back.name, "unit_rows_grad %d x %d", (int)n, (int)d);
        give(&back, &r, -1, 1, DIM(n, d));
        give_output(&back, &t, 0);
        give_output(&back, &t, 1);
        want(&back, &r, DIM(n, d));
        check_and_end(&back);
        end(&t);
    }
}

static void test_infonce_and_its_gradients_are_right(void **state) {
    (void)state;
    lac_random r = lac_random_at(34, LAC_RANDOM_TEST, 0, 0, 0);
    for (int i = 0; i < 16; i++) {
        int64_t b = PICK(&r, 1, 2, 3), n = PICK(&r, 1, 2, 5, 16, 17, 64), d = PICK(&r, 1, 7, 16, 33, 64);
        double high = 1 / sqrt((double)d), temperature = i % 2 ? 0.1 : 1;
        trial t = begin(LAC_OP_INFONCE, 5e-6);
        t.floor = 1;
        snprintf(t.name, sizeof t.name, "infonce %d x %d x %d", (int)b, (int)n, (int)d);
        give(&t, &r, -high, high, DIM(b, n, d));
        give(&t, &r, -high, high, DIM(b, n, d));
        weights(&t, &r, b, n);
        give(&t, &r, 0.5, 1, DIM(1));
        set_real(&t, temperature);
        want(&t, &r, DIM(1));
        want(&t, &r, DIM(b, n));
        check(&t);
        trial back = begin(LAC_OP_INFONCE_GRAD, 2e-5);
        back.floor = 0.1;
        snprintf(back.name, sizeof back.name, "infonce_grad %d x %d x %d", (int)b, (int)n, (int)d);
        give(&back, &r, -1, 1, DIM(1));
        give(&back, &r, -high, high, DIM(b, n, d));
        give(&back, &r, -high, high, DIM(b, n, d));
        weights(&back, &r, b, n);
        give(&back, &r, 0.5, 1, DIM(1));
        /* a log-sum that belongs to these rows */
        trial own = begin(LAC_OP_INFONCE, 1);
        own.floor = 1;
        snprintf(own.name, sizeof own.name, "infonce for its gradient");
        for (int k = 1; k < 5; k++) {
            own.fast.in[k - 1] = back.fast.in[k];
            own.exact.in[k - 1] = back.exact.in[k];
        }
        own.fast.n_in = own.exact.n_in = 4;
        set_real(&own, temperature);
        want(&own, &r, DIM(1));
        want(&own, &r, DIM(b, n));
        check(&own);
        give_output(&back, &own, 1);
        own.fast.n_in = own.exact.n_in = 0; /* they are back's */
        end(&own);
        set_real(&back, temperature);
        set_int(&back, 0, i % 3 != 0);
        want(&back, &r, DIM(b, n, d));
        i % 3 ? want(&back, &r, DIM(b, n, d)) : want_nothing(&back);
        check_and_end(&back);
        end(&t);
    }
}

static void test_masking_tokens_is_right(void **state) {
    (void)state;
    lac_random r = lac_random_at(35, LAC_RANDOM_TEST, 0, 0, 0);
    for (int i = 0; i < 16; i++) {
        int64_t b = PICK(&r, 1, 2, 5), n = PICK(&r, 1, 7, 64), d = PICK(&r, 1, 7, 16, 33);
        trial t = begin(LAC_OP_MASK_TOKENS, 1e-6);
        snprintf(t.name, sizeof t.name, "mask_tokens %d x %d x %d", (int)b, (int)n, (int)d);
        give(&t, &r, -1, 1, DIM(b, n, d));
        i % 2 ? give(&t, &r, -1, 1, DIM(d)) : give_nothing(&t);
        weights(&t, &r, b, n);
        want(&t, &r, DIM(b, n, d));
        check_and_end(&t);
        t = begin(LAC_OP_MASK_TOKENS_GRAD, 1e-6);
        snprintf(t.name, sizeof t.name, "mask_tokens_grad %d x %d x %d", (int)b, (int)n, (int)d);
        give(&t, &r, -1, 1, DIM(b, n, d));
        weights(&t, &r, b, n);
        set_int(&t, 0, i % 2);
        want(&t, &r, DIM(b, n, d));
        i % 2 ? want(&t, &r, DIM(d)) : want_nothing(&t);
        check_and_end(&t);
    }
}

static void test_spectra_and_back_are_right(void **state) {
    (void)state;
    lac_random r = lac_random_at(36, LAC_RANDOM_TEST, 0, 0, 0);
    for (int i = 0; i < 12; i++) {
        int64_t b = PICK(&r, 1, 2), c = PICK(&r, 1, 3), h = PICK(&r, 1, 2, 5, 8, 17, 32), w = PICK(&r, 1, 3, 8, 16, 33);
        trial t = begin(LAC_OP_DFT, 3e-6);
        snprintf(t.name, sizeof t.name, "dft %d x %d x %d x %d", (int)b, (int)c, (int)h, (int)w);
        give(&t, &r, -1, 1, DIM(b, c, h, w));
        want(&t, &r, DIM(b, h * w, 2 * c));
        check(&t);
        trial back = begin(LAC_OP_IDFT, 3e-6);
        snprintf(back.name, sizeof back.name, "idft %d x %d x %d x %d", (int)b, (int)c, (int)h, (int)w);
        give(&back, &r, -1, 1, DIM(b, h * w, 2 * c));
        set_int(&back, 0, h);
        set_int(&back, 1, w);
        want(&back, &r, DIM(b, c, h, w));
        check_and_end(&back);
        back = begin(LAC_OP_IDFT, 3e-6); /* and back to where it came from */
        snprintf(back.name, sizeof back.name, "dft and idft %d x %d x %d x %d", (int)b, (int)c, (int)h, (int)w);
        give_output(&back, &t, 0);
        set_int(&back, 0, h);
        set_int(&back, 1, w);
        want(&back, &r, DIM(b, c, h, w));
        check(&back);
        for (int64_t k = 0; k < b * c * h * w; k++)
            assert_true(fabs(((double *)back.exact.out[0].data)[k] - ((double *)t.exact.in[0].data)[k]) < 1e-12);
        end(&back);
        end(&t);
    }
}

int main(void) {
    if (!trial_begin()) return 1;
    sets_tested[n_sets++] = &lac_cpu_wide;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smooth_l1_and_its_gradient_are_right),
        cmocka_unit_test(test_cross_entropy_and_its_gradient_are_right),
        cmocka_unit_test(test_unit_rows_and_their_gradient_are_right),
        cmocka_unit_test(test_infonce_and_its_gradients_are_right),
        cmocka_unit_test(test_masking_tokens_is_right),
        cmocka_unit_test(test_spectra_and_back_are_right),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    trial_end();
    return failed;
}
