/* tests/backend/codes_test.c - the float32 kernels of codes - softmax, distance from uniform, nearest - against the
 * float64 reference, as kernels_test.c does it: awkward sizes, 1 to 3 threads, guards. */
#include "wide.h"

#include "backend/trial.h"

static void test_softmax_and_its_gradient_are_right(void **state) {
    (void)state;
    lac_random r = lac_random_at(51, LAC_RANDOM_TEST, 0, 0, 0);
    for (int i = 0; i < 16; i++) {
        int64_t n = PICK(&r, 1, 5, 64, 65), k = PICK(&r, 1, 2, 7, 8, 33, 1000);
        trial t = begin(LAC_OP_SOFTMAX, 5e-6);
        snprintf(t.name, sizeof t.name, "softmax %d x %d", (int)n, (int)k);
        give(&t, &r, -20, 20, DIM(n, k));
        set_real(&t, i % 2 ? 1 : 0.25);
        want(&t, &r, DIM(n, k));
        check(&t);
        trial back = begin(LAC_OP_SOFTMAX_GRAD, 5e-6);
        back.floor = 0.1;
        snprintf(back.name, sizeof back.name, "softmax_grad %d x %d", (int)n, (int)k);
        give(&back, &r, -1, 1, DIM(n, k));
        give_output(&back, &t, 0);
        set_real(&back, i % 2 ? 1 : 0.25);
        want(&back, &r, DIM(n, k));
        check_and_end(&back);
        end(&t);
    }
}

static void test_kl_uniform_and_its_gradient_are_right(void **state) {
    (void)state;
    lac_random r = lac_random_at(52, LAC_RANDOM_TEST, 0, 0, 0);
    for (int i = 0; i < 16; i++) {
        int64_t n = PICK(&r, 1, 5, 17, 64), k = PICK(&r, 1, 2, 7, 16, 33, 1000);
        for (int grad = 0; grad < 2; grad++) {
            trial t = begin(grad ? LAC_OP_KL_UNIFORM_GRAD : LAC_OP_KL_UNIFORM, 5e-6);
            t.floor = grad ? 0.1 : 1;
            snprintf(t.name, sizeof t.name, "kl_uniform %d x %d, gradient %d", (int)n, (int)k, grad);
            if (grad) give(&t, &r, -1, 1, DIM(1));
            give(&t, &r, -10, 10, DIM(n, k));
            give(&t, &r, 0, 1, DIM(n));
            for (int64_t j = 0; j < n; j += 3) { /* rows that do not count */
                ((float *)t.fast.in[t.fast.n_in - 1].data)[j] = 0;
                ((double *)t.exact.in[t.exact.n_in - 1].data)[j] = 0;
            }
            give(&t, &r, 0.5, 1, DIM(1));
            grad ? want(&t, &r, DIM(n, k)) : want(&t, &r, DIM(1));
            check_and_end(&t);
        }
    }
}

/* The whole answer is an index: any backend's score of it must be as high as any, and of equals it is the first. */
static void nearest_on(const lac_backend *backend, lac_pool *pool, const float *scores, const float *table, int64_t n,
                       int64_t k, int64_t d) {
    int32_t ids[80];
    lac_call call = {.op = LAC_OP_NEAREST, .n_in = 2, .n_out = 1, .pool = pool};
    call.in[0] = (lac_view){.data = (void *)(uintptr_t)scores, .dtype = LAC_F32, .rank = 3, .dim = {1, n, k}};
    if (table) call.in[1] = (lac_view){.data = (void *)(uintptr_t)table, .dtype = LAC_F32, .rank = 2, .dim = {k, d}};
    call.out[0] = (lac_view){.data = ids, .dtype = LAC_I32, .rank = 2, .dim = {1, n}};
    const lac_kernel *kernel = backend->find(LAC_OP_NEAREST, LAC_F32);
    call.scratch = lac_alloc(kernel->scratch(&call, lac_pool_size(pool)));
    kernel->run(&call);
    lac_free(call.scratch);
    for (int64_t r = 0; r < n; r++) {
        double best = -INFINITY, found = 0;
        for (int64_t i = 0; i < k; i++) {
            double score = (double)scores[r * k + i];
            for (int64_t j = 0; table && j < d; j++)
                score -= (double)table[i * d + j] * (double)table[i * d + j] / 2;
            if (i == ids[r]) found = score;
            best = fmax(best, score);
        }
        assert_in_range(ids[r], 0, k - 1);
        if (!(found >= best - 1e-5)) fail_msg("row %d: code %d scores %g of %g", (int)r, ids[r], found, best);
    }
    if (!table && k > 2) assert_int_equal(ids[0], 1); /* two equals were put there */
}

static void test_the_nearest_code_is_found_and_the_first_of_equals(void **state) {
    (void)state;
    static const char *const isas[] = {"portable", "avx2", "avx512"};
    lac_random r = lac_random_at(53, LAC_RANDOM_TEST, 0, 0, 0);
    int n_tried = 0;
    for (size_t s = 0; s < sizeof isas / sizeof *isas; s++) {
        const lac_backend *backend;
        lac_error err;
        if (lac_backend_cpu(isas[s], &backend, &err) != LAC_OK) continue;
        lac_pool *pool;
        assert_int_equal(lac_pool_new(1 + (int)s, &pool, &err), LAC_OK);
        for (int i = 0; i < 12; i++) {
            int64_t n = PICK(&r, 1, 7, 64, 77), k = PICK(&r, 1, 2, 9, 100), d = PICK(&r, 1, 3, 16, 33);
            float *scores = lac_array((size_t)(n * k), sizeof *scores), *table = lac_array((size_t)(k * d), 4);
            for (int64_t j = 0; j < n * k; j++)
                scores[j] = (float)range(&r, -1, 1);
            for (int64_t j = 0; j < k * d; j++)
                table[j] = (float)range(&r, -1, 1);
            if (k > 2) scores[1] = scores[k - 1] = 2;
            nearest_on(backend, pool, scores, table, n, k, d);
            nearest_on(backend, pool, scores, NULL, n, k, d);
            lac_free(scores);
            lac_free(table);
            n_tried++;
        }
        lac_pool_free(pool);
    }
    assert_true(n_tried >= 12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_softmax_and_its_gradient_are_right),
        cmocka_unit_test(test_kl_uniform_and_its_gradient_are_right),
        cmocka_unit_test(test_the_nearest_code_is_found_and_the_first_of_equals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
