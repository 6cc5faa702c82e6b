/* tests/backend/kernels_test.c - every float32 kernel of every set against the float64 reference, over awkward sizes.
 *
 * Each case runs on 1, 2 and 3 threads, whose bits must agree; memory behind every output must stay as it was, and
 * behind every input lie NaNs, so reading too far shows. Tolerances are relative to the largest reference value: a sum
 * of n products in float32 is off by about sqrt(n) 6e-8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wide.h"

#include "backend/trial.h"

/* ---- matrix products ---- */

static void check_gemm(lac_random *r, int64_t m, int64_t n, int64_t k, bool trans_a, bool trans_b, int flags, bool bias,
                       bool residual, bool second) {
    trial t = begin(LAC_OP_GEMM, 1e-5);
    if (flags & LAC_GEMM_GELU && flags & LAC_GEMM_SUM_A) flags &= ~LAC_GEMM_SUM_A;
    if (!trans_a) flags &= ~LAC_GEMM_SUM_A;
    snprintf(t.name, sizeof t.name, "gemm %lld x %lld x %lld trans %d %d flags %d bias %d residual %d", (long long)m,
             (long long)n, (long long)k, trans_a, trans_b, flags, bias, residual);
    set_int(&t, 0, trans_a);
    set_int(&t, 1, trans_b);
    set_int(&t, 2, flags);
    double scale = 1 / sqrt((double)k);
    give(&t, r, -2, 2, DIM(trans_a ? k : m, trans_a ? m : k));
    give(&t, r, -scale, scale, DIM(trans_b ? n : k, trans_b ? k : n));
    bias ? give(&t, r, -1, 1, DIM(n)) : give_nothing(&t);
    residual ? give(&t, r, -1, 1, DIM(m, n)) : give_nothing(&t);
    flags &LAC_GEMM_DGELU ? give(&t, r, -4, 4, DIM(m, n)) : give_nothing(&t);
    want(&t, r, DIM(m, n));
    if (flags & LAC_GEMM_SUM_A)
        want(&t, r, DIM(m));
    else if (flags & LAC_GEMM_GELU && second)
        want(&t, r, DIM(m, n));
    else
        want_nothing(&t);
    check_and_end(&t);
}

static void test_gemm_is_right_for_awkward_sizes_and_every_epilogue(void **state) {
    (void)state;
    lac_random r = lac_random_at(1, LAC_RANDOM_TEST, 0, 0, 0);
    for (int i = 0; i < 220; i++) {
        int64_t m = PICK(&r, 1, 2, 3, 5, 6, 7, 8, 9, 16, 17, 47, 48, 49, 97, 131),
                n = PICK(&r, 1, 2, 7, 8, 9, 10, 15, 16, 17, 31, 33, 47, 48, 49, 65, 96, 97, 130),
                k = PICK(&r, 1, 2, 3, 4, 5, 17, 48, 64, 97, 191, 193, 321, 700);
        check_gemm(&r, m, n, k, lac_random_below(&r, 2), lac_random_below(&r, 2),
                   (int)PICK(&r, 0, 0, 1, 2, 4, 8, 12, 5, 6, 10, 14), lac_random_below(&r, 2), lac_random_below(&r, 2),
                   lac_random_below(&r, 2));
    }
}

static void test_gemm_is_right_when_b_is_packed_in_rounds(void **state) {
    (void)state;
    lac_random r = lac_random_at(2, LAC_RANDOM_TEST, 0, 0, 0);
    check_gemm(&r, 7, 99, 44000, true, false, LAC_GEMM_SUM_A | LAC_GEMM_ACCUMULATE, false, false, false);
    check_gemm(&r, 7, 99, 44000, true, false, LAC_GEMM_SUM_A, true, true, false);
    check_gemm(&r, 7, 14050, 310, true, true, LAC_GEMM_GELU, true, false, true);
}

static void test_gemm_is_right_for_many_tiles(void **state) {
    (void)state;
    lac_random r = lac_random_at(3, LAC_RANDOM_TEST, 0, 0, 0);
    check_gemm(&r, 205, 1000, 40, false, true, 0, true, false, false);
    check_gemm(&r, 333, 400, 330, true, false, LAC_GEMM_SUM_A, false, false, false);
}

/* A B of more than a megabyte: each task packs a stripe of it, for all its rows, a depth block at a time. */
static void test_gemm_is_right_where_tasks_pack_their_own_columns(void **state) {
    (void)state;
    lac_random r = lac_random_at(10, LAC_RANDOM_TEST, 0, 0, 0);
    for (int i = 0; i < 10; i++) {
        int64_t m = PICK(&r, 1, 7, 8, 9, 49), n = PICK(&r, 190, 337, 1001), k = PICK(&r, 797, 1400, 1537);
        check_gemm(&r, m, n, i % 2 ? k : 1400, false, lac_random_below(&r, 2), (int)PICK(&r, 0, 0, 1, 2, 4, 5, 6),
                   lac_random_below(&r, 2), lac_random_below(&r, 2), lac_random_below(&r, 2));
    }
    check_gemm(&r, 523, 342, 780, false, true, 0, true, true, false);
    check_gemm(&r, 523, 345, 780, false, false, LAC_GEMM_DGELU, false, false, false);
}

/* A weight gradient's depth is cut into parts by the shape alone: tiles follow the number of threads, sums must not. */
static void test_gemm_has_the_same_bits_where_its_depth_is_cut(void **state) {
    (void)state;
    lac_random r = lac_random_at(9, LAC_RANDOM_TEST, 0, 0, 0);
    check_gemm(&r, 128, 512, 2080, true, false, LAC_GEMM_SUM_A | LAC_GEMM_ACCUMULATE, false, false, false);
    check_gemm(&r, 96, 384, 1100, true, false, LAC_GEMM_SUM_A, false, false, false);
    check_gemm(&r, 64, 256, 4200, true, false, 0, false, false, false);
}

static void test_gemm_takes_a_convolution_weight_as_a_matrix(void **state) {
    (void)state;
    lac_random r = lac_random_at(4, LAC_RANDOM_TEST, 0, 0, 0);
    trial t = begin(LAC_OP_GEMM, 1e-5); /* x[10 x 12] weight[9 x 3 x 2 x 2]^T */
    snprintf(t.name, sizeof t.name, "gemm with a 4-D weight");
    set_int(&t, 1, 1);
    give(&t, &r, -1, 1, DIM(10, 12));
    give(&t, &r, -1, 1, DIM(9, 12));
    want(&t, &r, DIM(10, 9));
    t.fast.in[1].rank = 4;
    memcpy(t.fast.in[1].dim, (int64_t[]){9, 3, 2, 2}, 4 * sizeof(int64_t));
    check_and_end(&t);
}

/* ---- attention ---- */

static void test_attention_and_its_gradient_are_right(void **state) {
    (void)state;
    static const int cases[][4] = {/* B, T, h, c */
                                   {1, 1, 1, 1},   {2, 17, 3, 64},  {2, 5, 2, 24}, {1, 65, 3, 32},
                                   {1, 50, 2, 64}, {1, 197, 2, 32}, {3, 7, 1, 5},  {1, 256, 1, 16},
                                   {1, 600, 1, 8}, {2, 33, 2, 80},  {1, 99, 1, 33}};
    lac_random r = lac_random_at(5, LAC_RANDOM_TEST, 0, 0, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t b = cases[i][0], t = cases[i][1], h = cases[i][2], c = cases[i][3], d = h * c;
        trial forward = begin(LAC_OP_ATTENTION, 1e-5);
        snprintf(forward.name, sizeof forward.name, "attention T %d c %d", (int)t, (int)c);
        set_int(&forward, 0, h);
        give(&forward, &r, -2, 2, DIM(b, t, 3 * d));
        want(&forward, &r, DIM(b, t, d));
        want(&forward, &r, DIM(b, h, t));
        check(&forward);
        trial grad = begin(LAC_OP_ATTENTION_GRAD, 3e-5);
        snprintf(grad.name, sizeof grad.name, "attention_grad T %d c %d", (int)t, (int)c);
        set_int(&grad, 0, h);
        give(&grad, &r, -1, 1, DIM(b, t, d));
        grad.fast.in[1] = forward.fast.in[0];
        grad.exact.in[1] = forward.exact.in[0];
        grad.fast.n_in = grad.exact.n_in = 2;
        give_output(&grad, &forward, 0);
        give_output(&grad, &forward, 1);
        want(&grad, &r, DIM(b, t, 3 * d));
        check_and_end(&grad); /* frees the qkv that both use */
        forward.fast.n_in = 0;
        end(&forward);
    }
}

static void test_attention_survives_large_scores(void **state) {
    (void)state;
    lac_random r = lac_random_at(6, LAC_RANDOM_TEST, 0, 0, 0);
    trial t = begin(LAC_OP_ATTENTION, 2e-4); /* scores of hundreds carry their own rounding, times e */
    snprintf(t.name, sizeof t.name, "attention with scores of hundreds");
    set_int(&t, 0, 1);
    give(&t, &r, -12, 12, DIM(1, 40, 3 * 24));
    want(&t, &r, DIM(1, 40, 24));
    want(&t, &r, DIM(1, 1, 40));
    check_and_end(&t);
}

/* ---- norms ---- */

static void test_layernorm_and_its_gradient_are_right(void **state) {
    (void)state;
    static const int cases[][2] = {{1, 1},    {3, 2},     {5, 7},     {17, 16}, {33, 48},
                                   {70, 100}, {1100, 33}, {200, 192}, {9, 769}};
    lac_random r = lac_random_at(7, LAC_RANDOM_TEST, 0, 0, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases * 4; i++) {
        int64_t rows = cases[i / 4][0], d = cases[i / 4][1];
        bool affine = i % 4 != 3, residual = i % 2, accumulate = i % 4 == 2;
        trial f = begin(LAC_OP_LAYERNORM, 1e-5);
        snprintf(f.name, sizeof f.name, "layernorm %d x %d affine %d", (int)rows, (int)d, affine);
        set_real(&f, 1e-3);
        give(&f, &r, 1, 5, DIM(rows, d));
        affine ? give(&f, &r, -1, 1, DIM(d)) : give_nothing(&f);
        affine ? give(&f, &r, -1, 1, DIM(d)) : give_nothing(&f);
        want(&f, &r, DIM(rows, d));
        want(&f, &r, DIM(rows));
        want(&f, &r, DIM(rows));
        check(&f);
        trial g = begin(LAC_OP_LAYERNORM_GRAD, 3e-5);
        snprintf(g.name, sizeof g.name, "layernorm_grad %d x %d affine %d residual %d", (int)rows, (int)d, affine,
                 residual);
        set_int(&g, 0, accumulate);
        give(&g, &r, -1, 1, DIM(rows, d));
        g.fast.in[1] = f.fast.in[0];
        g.exact.in[1] = f.exact.in[0];
        g.fast.in[2] = f.fast.in[1];
        g.exact.in[2] = f.exact.in[1];
        g.fast.n_in = g.exact.n_in = 3;
        give_output(&g, &f, 1);
        give_output(&g, &f, 2);
        residual ? give(&g, &r, -1, 1, DIM(rows, d)) : give_nothing(&g);
        want(&g, &r, DIM(rows, d));
        affine ? want(&g, &r, DIM(d)) : want_nothing(&g);
        affine ? want(&g, &r, DIM(d)) : want_nothing(&g);
        if (d > 2) check(&g); /* one or two values always normalise to the same: their gradient is rounding alone */
        end(&g);
        lac_free(f.fast.in[2].data);
        lac_free(f.exact.in[2].data);
        f.fast.n_in = 0;
        end(&f);
    }
}

static void test_normalize_rows_is_right(void **state) {
    (void)state;
    lac_random r = lac_random_at(8, LAC_RANDOM_TEST, 0, 0, 0);
    for (int i = 0; i < 12; i++) {
        int64_t rows = PICK(&r, 1, 7, 400), p = PICK(&r, 2, 7, 48, 50, 768);
        trial t = begin(LAC_OP_NORMALIZE_ROWS, 1e-5);
        snprintf(t.name, sizeof t.name, "normalize_rows %d x %d", (int)rows, (int)p);
        set_int(&t, 0, i % 2);
        set_real(&t, 1e-3);
        give(&t, &r, 0, 3, DIM(rows, p));
        want(&t, &r, DIM(rows, p));
        check_and_end(&t);
    }
}

/* ---- elementwise and sums ---- */

static void test_elementwise_ops_are_right_also_in_place(void **state) {
    (void)state;
    static const lac_op_id ops[] = {LAC_OP_GELU,          LAC_OP_GELU_GRAD,     LAC_OP_ADD,
                                    LAC_OP_ADD_BROADCAST, LAC_OP_MUL_BROADCAST, LAC_OP_SCALE,
                                    LAC_OP_SCALE_SAMPLES, LAC_OP_FILL,          LAC_OP_ACCUMULATE};
    lac_random r = lac_random_at(9, LAC_RANDOM_TEST, 0, 0, 0);
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        for (int j = 0; j < 8; j++) {
            int64_t rows = PICK(&r, 1, 2, 5, 130), n = PICK(&r, 1, 3, 17, 48, 301, 5000);
            trial t = begin(ops[i], ops[i] == LAC_OP_GELU || ops[i] == LAC_OP_GELU_GRAD ? 1e-5 : 1e-6);
            snprintf(t.name, sizeof t.name, "op %d on %d x %d", (int)ops[i], (int)rows, (int)n);
            set_real(&t, 0.37);
            if (ops[i] != LAC_OP_FILL) give(&t, &r, -4, 4, DIM(rows, n));
            if (ops[i] == LAC_OP_GELU_GRAD || ops[i] == LAC_OP_ADD) give(&t, &r, -4, 4, DIM(rows, n));
            if (ops[i] == LAC_OP_ADD_BROADCAST || ops[i] == LAC_OP_MUL_BROADCAST) give(&t, &r, -4, 4, DIM(n));
            if (ops[i] == LAC_OP_SCALE_SAMPLES) give(&t, &r, -4, 4, DIM(rows));
            want(&t, &r, DIM(rows, n));
            t.in_place = ops[i] != LAC_OP_FILL && ops[i] != LAC_OP_ACCUMULATE;
            check_and_end(&t);
        }
}

/* The errors that math.inc.h states, on a dense grid */
static void test_gelu_and_its_derivative_keep_their_stated_error(void **state) {
    (void)state;
    enum { N = 40001 };
    float *x = lac_alloc(N * sizeof *x), *one = lac_alloc(N * sizeof *one), *y = lac_alloc(N * sizeof *y);
    assert_true(x && one && y);
    for (int i = 0; i < N; i++) {
        x[i] = -20.0f + 0.001f * (float)i;
        one[i] = 1.0f;
    }
    for (int s = 0; s < n_sets; s++) {
        lac_view grid = {.data = x, .dtype = LAC_F32, .rank = 1, .dim = {N}}, ones = grid, out = grid;
        ones.data = one;
        out.data = y;
        lac_call call = {.op = LAC_OP_GELU, .n_in = 1, .n_out = 1, .in = {grid}, .out = {out}};
        sets_tested[s]->find(LAC_OP_GELU, LAC_F32)->run(&call);
        for (int i = 0; i < N; i++) {
            double v = x[i], exact = 0.5 * v * erfc(-v * M_SQRT1_2);
            if (!(fabs((double)y[i] - exact) <= 2.5e-7 * fabs(v)))
                fail_msg("gelu(%.9g) on %s: %.9g, exactly %.9g", v, sets_tested[s]->isa, (double)y[i], exact);
        }
        lac_call grad = {.op = LAC_OP_GELU_GRAD, .n_in = 2, .n_out = 1, .in = {ones, grid}, .out = {out}};
        sets_tested[s]->find(LAC_OP_GELU_GRAD, LAC_F32)->run(&grad);
        for (int i = 0; i < N; i++) {
            double v = x[i], exact = 0.5 * erfc(-v * M_SQRT1_2) + v * exp(-0.5 * v * v) * 0.39894228040143267794;
            if (!(fabs((double)y[i] - exact) <= 3e-7))
                fail_msg("gelu'(%.9g) on %s: %.9g, exactly %.9g", v, sets_tested[s]->isa, (double)y[i], exact);
        }
    }
    lac_free(x);
    lac_free(one);
    lac_free(y);
}

static void test_exp_keeps_its_stated_error(void **state) {
    (void)state;
    double worst = 0;
    for (double v = -80; v < 88; v += 1.0 / 512) {
        vf x = v_set1((float)v);
        v_exp_n(1, &x);
        double exact = exp((double)(float)v), ulp = ldexp(1, ilogb(exact) - 23),
               error = fabs((double)x[0] - exact) / ulp;
        if (error > worst) worst = error;
    }
    if (worst > 2) fail_msg("exp is off by %.3f ulp", worst);
    vf x = v_set1(-INFINITY), nan = v_set1(NAN);
    v_exp_n(1, &x);
    assert_true(x[0] >= 0 && x[0] < 2e-35f);
    v_exp_n(1, &nan);
    assert_true(isnan(nan[0]));
}

static void test_a_nan_anywhere_reaches_the_output(void **state) {
    (void)state;
    float x[3 * 40 * 8], y[40 * 8], lse[40];
    for (int s = 0; s < n_sets; s++)
        for (int where = 0; where < 3; where++) {
            for (int i = 0; i < 3 * 40 * 8; i++)
                x[i] = 0.01f * (float)(i % 7);
            x[5 * 24 + where * 8 + 3] = NAN; /* q, k or v of token 5 */
            lac_call call = {.op = LAC_OP_ATTENTION, .attr = {.i = {1}}, .n_in = 1, .n_out = 2};
            call.in[0] = (lac_view){.data = x, .dtype = LAC_F32, .rank = 3, .dim = {1, 40, 24}};
            call.out[0] = (lac_view){.data = y, .dtype = LAC_F32, .rank = 3, .dim = {1, 40, 8}};
            call.out[1] = (lac_view){.data = lse, .dtype = LAC_F32, .rank = 3, .dim = {1, 1, 40}};
            run_on(sets_tested[s]->find(LAC_OP_ATTENTION, LAC_F32), &call, NULL);
            for (int i = 0; i < 40; i++)
                assert_true(isnan(y[i * 8 + 3]) || (where == 0 && i != 5));
            lac_call gelu = {.op = LAC_OP_GELU, .n_in = 1, .n_out = 1, .in = {call.in[0]}, .out = {call.in[0]}};
            sets_tested[s]->find(LAC_OP_GELU, LAC_F32)->run(&gelu);
            assert_true(isnan(x[5 * 24 + where * 8 + 3]));
        }
}

static void test_sums_over_leading_dimensions_are_right(void **state) {
    (void)state;
    lac_random r = lac_random_at(10, LAC_RANDOM_TEST, 0, 0, 0);
    for (int i = 0; i < 40; i++) {
        int64_t rows = PICK(&r, 1, 2, 15, 17, 700, 1025), n = PICK(&r, 1, 7, 48, 192, 513, 1100);
        trial t = begin(i % 2 ? LAC_OP_SUM_LEADING : LAC_OP_MUL_SUM_LEADING, 1e-5);
        snprintf(t.name, sizeof t.name, "sum_leading %d x %d", (int)rows, (int)n);
        set_int(&t, 0, lac_random_below(&r, 2) ? 1 : 0);
        give(&t, &r, -1, 2, DIM(rows, n));
        if (i % 2 == 0) give(&t, &r, -1, 2, DIM(rows, n));
        want(&t, &r, DIM(n));
        check_and_end(&t);
    }
}

static void test_losses_and_their_gradients_are_right(void **state) {
    (void)state;
    lac_random r = lac_random_at(11, LAC_RANDOM_TEST, 0, 0, 0);
    for (int i = 0; i < 24; i++) {
        int64_t b = PICK(&r, 1, 3, 20), n = PICK(&r, 1, 9, 64), p = PICK(&r, 1, 7, 48, 50);
        bool squared = i % 2, gradient = i % 4 > 1;
        trial t =
            begin(squared ? (gradient ? LAC_OP_L2_GRAD : LAC_OP_L2) : (gradient ? LAC_OP_L1_GRAD : LAC_OP_L1), 2e-6);
        snprintf(t.name, sizeof t.name, "loss squared %d gradient %d: %d x %d x %d", squared, gradient, (int)b, (int)n,
                 (int)p);
        if (gradient) give(&t, &r, 0.5, 2, DIM(1));
        give(&t, &r, -1, 1, DIM(b, n, p));
        give(&t, &r, -1, 1, DIM(b, n, p));
        give(&t, &r, 0, 1, DIM(b, n));
        give(&t, &r, 0.1, 1, DIM(1));
        gradient ? want(&t, &r, DIM(b, n, p)) : want(&t, &r, DIM(1));
        check_and_end(&t);
    }
}

/* ---- tokens ---- */

static void test_moving_tokens_is_right(void **state) {
    (void)state;
    lac_random r = lac_random_at(12, LAC_RANDOM_TEST, 0, 0, 0);
    for (int i = 0; i < 12; i++) {
        int64_t b = PICK(&r, 1, 2, 7), n = PICK(&r, 2, 9, 40), d = PICK(&r, 1, 7, 48, 200), v = 1 + (n - 1) / 2;
        bool table = i % 2;
        trial t = begin(LAC_OP_GATHER_ROWS, 0);
        snprintf(t.name, sizeof t.name, "gather_rows table %d", table);
        table ? give(&t, &r, -1, 1, DIM(n, d)) : give(&t, &r, -1, 1, DIM(b, n, d));
        give_indices(&t, &r, true, (uint32_t)n, b, v);
        want(&t, &r, DIM(b, v, d));
        check_and_end(&t);

        t = begin(LAC_OP_GATHER_ROWS_GRAD, 1e-6);
        snprintf(t.name, sizeof t.name, "gather_rows_grad table %d", table);
        give(&t, &r, -1, 1, DIM(b, v, d));
        give_indices(&t, &r, false, (uint32_t)n, b, v); /* with repetitions */
        set_int(&t, 0, table ? 2 : 3);
        set_int(&t, 1, n);
        table ? want(&t, &r, DIM(n, d)) : want(&t, &r, DIM(b, n, d));
        check_and_end(&t);

        t = begin(LAC_OP_RESTORE, 0);
        snprintf(t.name, sizeof t.name, "restore");
        give(&t, &r, -1, 1, DIM(b, v, d));
        give(&t, &r, -1, 1, DIM(d));
        give_indices(&t, &r, true, (uint32_t)n, b, n);
        want(&t, &r, DIM(b, n, d));
        check_and_end(&t);

        t = begin(LAC_OP_RESTORE_GRAD, 1e-6);
        snprintf(t.name, sizeof t.name, "restore_grad");
        give(&t, &r, -1, 1, DIM(b, n, d));
        give_indices(&t, &r, true, (uint32_t)n, b, n);
        set_int(&t, 0, v);
        want(&t, &r, DIM(b, v, d));
        want(&t, &r, DIM(d));
        check_and_end(&t);

        t = begin(LAC_OP_CONCAT_TOKENS, 0);
        snprintf(t.name, sizeof t.name, "concat_tokens shared %d", table);
        give(&t, &r, -1, 1, DIM(table ? 1 : b, v, d));
        give(&t, &r, -1, 1, DIM(b, n, d));
        want(&t, &r, DIM(b, v + n, d));
        check_and_end(&t);

        t = begin(LAC_OP_SLICE_TOKENS, 0);
        snprintf(t.name, sizeof t.name, "slice_tokens");
        give(&t, &r, -1, 1, DIM(b, n, d));
        set_int(&t, 0, n - v);
        set_int(&t, 1, v);
        want(&t, &r, DIM(b, v, d));
        check_and_end(&t);

        t = begin(LAC_OP_SLICE_TOKENS_GRAD, 0);
        snprintf(t.name, sizeof t.name, "slice_tokens_grad");
        give(&t, &r, -1, 1, DIM(b, v, d));
        set_int(&t, 0, (n - v) / 2);
        set_int(&t, 1, v);
        set_int(&t, 2, n);
        want(&t, &r, DIM(b, n, d));
        check_and_end(&t);

        t = begin(LAC_OP_MEAN_TOKENS, 1e-6);
        snprintf(t.name, sizeof t.name, "mean_tokens");
        give(&t, &r, -1, 1, DIM(b, n, d));
        want(&t, &r, DIM(b, d));
        check_and_end(&t);

        t = begin(LAC_OP_MEAN_TOKENS_GRAD, 1e-6);
        snprintf(t.name, sizeof t.name, "mean_tokens_grad");
        give(&t, &r, -1, 1, DIM(b, d));
        set_int(&t, 0, n);
        want(&t, &r, DIM(b, n, d));
        check_and_end(&t);
    }
}

static void test_patches_are_right_on_one_to_three_axes(void **state) {
    (void)state;
    lac_random r = lac_random_at(13, LAC_RANDOM_TEST, 0, 0, 0);
    for (int i = 0; i < 12; i++) {
        int axes = i % 3 + 1;
        bool back = i % 2;
        int64_t size[3] = {6, 8, 9}, p[3] = {3, 4, 3}, volume = 1, n = 1, pixels[5] = {2, 3};
        for (int a = 0; a < axes; a++) {
            pixels[a + 2] = size[a];
            volume *= p[a];
            n *= size[a] / p[a];
        }
        trial t = begin(back ? LAC_OP_UNPATCHIFY : LAC_OP_PATCHIFY, 0);
        snprintf(t.name, sizeof t.name, "patches: %d axes, back %d", axes, back);
        for (int a = 0; a < axes; a++)
            set_int(&t, a, p[a]);
        set_int(&t, 3, i / 6);
        set_int(&t, 4, 3);
        if (back) {
            give(&t, &r, -1, 1, DIM(2, n, volume * 3));
            want(&t, &r, axes + 2, pixels);
        } else {
            give(&t, &r, -1, 1, axes + 2, pixels);
            want(&t, &r, DIM(2, n, volume * 3));
        }
        check_and_end(&t);
    }
}

static void test_no_op_is_without_a_kernel(void **state) {
    (void)state;
    for (int s = 0; s < n_sets; s++)
        for (int op = 0; op < LAC_N_OPS; op++) {
            bool alias = op == LAC_OP_VIEW || op == LAC_OP_STOP_GRADIENT;
            assert_true((sets_tested[s]->find((lac_op_id)op, LAC_F32) == NULL) == alias);
            assert_true((sets_tested[s]->find((lac_op_id)op, LAC_F64) == NULL) == alias);
        }
}

int main(void) {
    if (!trial_begin()) return 1;
    sets_tested[n_sets++] = &lac_cpu_wide;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_op_is_without_a_kernel),
        cmocka_unit_test(test_gemm_is_right_for_awkward_sizes_and_every_epilogue),
        cmocka_unit_test(test_gemm_is_right_when_b_is_packed_in_rounds),
        cmocka_unit_test(test_gemm_is_right_for_many_tiles),
        cmocka_unit_test(test_gemm_is_right_where_tasks_pack_their_own_columns),
        cmocka_unit_test(test_gemm_has_the_same_bits_where_its_depth_is_cut),
        cmocka_unit_test(test_gemm_takes_a_convolution_weight_as_a_matrix),
        cmocka_unit_test(test_attention_and_its_gradient_are_right),
        cmocka_unit_test(test_attention_survives_large_scores),
        cmocka_unit_test(test_layernorm_and_its_gradient_are_right),
        cmocka_unit_test(test_normalize_rows_is_right),
        cmocka_unit_test(test_elementwise_ops_are_right_also_in_place),
        cmocka_unit_test(test_gelu_and_its_derivative_keep_their_stated_error),
        cmocka_unit_test(test_exp_keeps_its_stated_error),
        cmocka_unit_test(test_a_nan_anywhere_reaches_the_output),
        cmocka_unit_test(test_sums_over_leading_dimensions_are_right),
        cmocka_unit_test(test_losses_and_their_gradients_are_right),
        cmocka_unit_test(test_moving_tokens_is_right),
        cmocka_unit_test(test_patches_are_right_on_one_to_three_axes),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    trial_end();
    return failed;
}
