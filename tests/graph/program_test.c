/* tests/graph/program_test.c - programs as wholes: fusion changes no numbers, shared memory is never shared by the
 * living, and everything that can go wrong while building says so and leaks nothing. */
#include "graph/fixture.h"

typedef struct built {
    lac_store *store;
    lac_graph *g;
    lac_program *p;
} built;

static void discard(built *b) {
    lac_program_free(b->p);
    lac_graph_free(b->g);
    lac_store_free(b->store);
    *b = (built){0};
}

/* The small model with its backward; the gradient of `picture` is not wanted, unless asked for. */
static lac_status build_model(built *b, lac_dtype real, unsigned with, unsigned options, lac_error *err) {
    *b = (built){0};
    LAC_TRY(lac_store_new(real, &b->store, err));
    LAC_TRY(lac_graph_new(real, b->store, &b->g, err));
    lac_graph_backward(b->g, small_model(b->g, with));
    LAC_TRY(lac_program_new(b->g, &reference, NULL, options, &b->p, err));
    return LAC_OK;
}

static void run_model(built *b) {
    lac_store_initialize(b->store, 5);
    lac_store_zero_gradients(b->store);
    fill_inputs(b->g, b->p);
    lac_program_draw(b->p, 1, 2, 3);
    lac_program_poison(b->p);
    lac_program_run(b->p);
}

static double largest(const built *b, const lac_entry *entry) {
    (void)b;
    double most = 0;
    for (int64_t i = 0; i < entry->n; i++)
        most = fmax(most, fabs(number_at(entry->grad, entry->dtype, i)));
    return most;
}

static void compare_models(const built *a, const built *b, double tolerance) {
    double loss_a = number_at(output_of(a->p, "loss").data, lac_graph_real(a->g), 0);
    double loss_b = number_at(output_of(b->p, "loss").data, lac_graph_real(b->g), 0);
    if (!(fabs(loss_a - loss_b) <= tolerance * fabs(loss_a))) fail_msg("losses %.17g and %.17g", loss_a, loss_b);
    assert_int_equal(lac_store_count(a->store), lac_store_count(b->store));
    for (int i = 0; i < lac_store_count(a->store); i++) {
        const lac_entry *x = lac_store_at(a->store, i), *y = lac_store_at(b->store, i);
        double scale = fmax(largest(a, x), 1e-3);
        for (int64_t k = 0; k < x->n; k++) {
            double p = number_at(x->grad, x->dtype, k), q = number_at(y->grad, y->dtype, k);
            if (!(fabs(p - q) <= tolerance * scale)) fail_msg("%s[%d]: %.17g and %.17g", x->name, (int)k, p, q);
        }
    }
}

static void compare_options(lac_dtype real, unsigned with, unsigned first, unsigned second, double tolerance) {
    built a, b;
    ASSERT_OK(build_model(&a, real, with, first, err));
    ASSERT_OK(build_model(&b, real, with, second, err));
    run_model(&a);
    run_model(&b);
    compare_models(&a, &b, tolerance);
    discard(&a);
    discard(&b);
}

static const unsigned variants[] = {0, WITH_DROP_PATH, WITH_LAYER_SCALE, WITH_DROP_PATH | WITH_LAYER_SCALE};

static void test_fused_equals_unfused(void **state) {
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        compare_options(LAC_F64, variants[i], 0, LAC_PROGRAM_NO_FUSION, 1e-12);
        compare_options(LAC_F32, variants[i], 0, LAC_PROGRAM_NO_FUSION, 1e-4);
    }
}

/* The arena is full of NaN before the run, so a tensor read before it is written shows as well. */
static void test_living_tensors_never_overlap(void **state) {
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        compare_options(LAC_F32, variants[i], 0, LAC_PROGRAM_NO_SHARING, 0);
        compare_options(LAC_F32, variants[i], LAC_PROGRAM_NO_FUSION, LAC_PROGRAM_NO_FUSION | LAC_PROGRAM_NO_SHARING, 0);
    }
}

static void test_float32_is_near_float64(void **state) {
    (void)state;
    built a, b;
    ASSERT_OK(build_model(&a, LAC_F64, WITH_LAYER_SCALE, 0, err));
    ASSERT_OK(build_model(&b, LAC_F32, WITH_LAYER_SCALE, 0, err));
    run_model(&a);
    run_model(&b);
    compare_models(&a, &b, 1e-4);
    discard(&a);
    discard(&b);
}

static void test_a_second_run_adds_the_same_gradients(void **state) {
    (void)state;
    built a, b;
    ASSERT_OK(build_model(&a, LAC_F32, 0, 0, err));
    ASSERT_OK(build_model(&b, LAC_F32, 0, 0, err));
    run_model(&a);
    run_model(&b);
    lac_program_run(b.p);
    for (int i = 0; i < lac_store_count(b.store); i++) {
        lac_entry *entry = lac_store_at(b.store, i);
        for (int64_t k = 0; k < entry->n; k++)
            set_number(entry->grad, LAC_F32, k, number_at(entry->grad, LAC_F32, k) / 2);
    }
    compare_models(&a, &b, 0);
    discard(&a);
    discard(&b);
}

static int count_op(const lac_program *p, lac_op_id op) {
    int n = 0;
    for (int i = 0; i < lac_program_describe(p).n_nodes; i++)
        n += strcmp(lac_program_node(p, i).op, lac_op_name(op)) == 0;
    return n;
}

/* Three blocks of two norms, four linears; two more norms; embed, bridge, head. */
static void test_fusion_leaves_what_it_should(void **state) {
    (void)state;
    built b;
    ASSERT_OK(build_model(&b, LAC_F32, 0, 0, err));
    /* 15 linears; each has a weight gradient and, but for the patch embedding of the picture, an input gradient */
    assert_int_equal(count_op(b.p, LAC_OP_GEMM), 3 * 15 - 1);
    assert_int_equal(count_op(b.p, LAC_OP_LAYERNORM_GRAD), 8);
    assert_int_equal(count_op(b.p, LAC_OP_GELU), 0);
    assert_int_equal(count_op(b.p, LAC_OP_GELU_GRAD), 0);
    assert_int_equal(count_op(b.p, LAC_OP_ADD), 1); /* the bridge's output is sliced twice */
    assert_int_equal(count_op(b.p, LAC_OP_VIEW), 0);
    /* position and class token; every bias rides on its weight */
    assert_int_equal(count_op(b.p, LAC_OP_SUM_LEADING), 2);
    assert_int_equal(count_op(b.p, LAC_OP_ACCUMULATE), 1); /* mask token */
    lac_program_info info = lac_program_describe(b.p);
    assert_true(info.arena_bytes < info.unshared_bytes * 2 / 3);
    discard(&b);
    ASSERT_OK(build_model(&b, LAC_F32, 0, LAC_PROGRAM_NO_FUSION, err));
    assert_int_equal(count_op(b.p, LAC_OP_GELU), 3);
    assert_int_equal(count_op(b.p, LAC_OP_GELU_GRAD), 3);
    assert_true(count_op(b.p, LAC_OP_ADD) >= 12);
    assert_true(lac_program_describe(b.p).unshared_bytes > info.unshared_bytes);
    discard(&b);
}

/* By hand, for one block of 2 x 3 tokens of width 4, hidden 16, one head: forward and backward. */
static void test_flops_are_those_of_products_without_recomputation(void **state) {
    (void)state;
    for (unsigned options = 0; options < 2; options++) {
        built b = {0};
        ASSERT_OK(lac_store_new(LAC_F32, &b.store, err));
        ASSERT_OK(lac_graph_new(LAC_F32, b.store, &b.g, err));
        lac_id x = lac_input(b.g, "x", LAC_F32, 3, (int64_t[]){2, 3, 4});
        lac_want_gradient(b.g, x);
        lac_id y = block(b.g, "block", x, 1, 0, 0);
        lac_id w = lac_input(b.g, "w", LAC_F32, 2, (int64_t[]){2, 3}),
               one = lac_input(b.g, "one", LAC_F32, 1, &(int64_t){1});
        lac_id loss = lac_l2(b.g, y, lac_input(b.g, "t", LAC_F32, 3, (int64_t[]){2, 3, 4}), w, one);
        lac_graph_backward(b.g, loss);
        lac_output(b.g, "dx", lac_gradient(b.g, x));
        ASSERT_OK(lac_program_new(b.g, &reference, NULL, options, &b.p, err));
        double linears = 2.0 * 6 * (4 * 12 + 4 * 4 + 4 * 16 + 16 * 4), attention = 2.0 * 2 * 3 * 3 * 4;
        assert_true(lac_program_describe(b.p).gemm_flops == 3 * linears + (2 + 4) * attention);
        discard(&b);
    }
}

static void test_a_shared_parameter_gets_the_sum_of_its_gradients(void **state) {
    (void)state;
    built b = {0};
    ASSERT_OK(lac_store_new(LAC_F64, &b.store, err));
    ASSERT_OK(lac_graph_new(LAC_F64, b.store, &b.g, err));
    lac_id w = parameter(b.g, "w", 2, (int64_t[]){1, 1}), again = parameter(b.g, "w", 2, (int64_t[]){1, 1});
    assert_int_equal(w, again);
    lac_id x = lac_input(b.g, "x", LAC_F64, 3, (int64_t[]){1, 1, 1}),
           one = lac_input(b.g, "one", LAC_F64, 1, &(int64_t){1});
    lac_id y = lac_linear(b.g, lac_linear(b.g, x, w, LAC_NONE), w, LAC_NONE);
    lac_id loss = lac_l2(b.g, y, lac_scale(b.g, x, 0), lac_reshape(b.g, one, 2, (int64_t[]){1, 1}), one);
    lac_graph_backward(b.g, loss);
    ASSERT_OK(lac_program_new(b.g, &reference, NULL, 0, &b.p, err));
    double two = 2, unit = 1;
    ASSERT_OK(lac_program_bind(b.p, "x", &two, err));
    ASSERT_OK(lac_program_bind(b.p, "one", &unit, err));
    set_number(lac_store_at(b.store, 0)->value, LAC_F64, 0, 3);
    lac_program_run(b.p);
    /* loss = (x w^2)^2, dloss/dw = 4 x^2 w^3 */
    assert_true(number_at(lac_store_at(b.store, 0)->grad, LAC_F64, 0) == 4 * 4 * 27);
    discard(&b);
}

/* Buffers, and what lies below a stop, get no gradient; neither do they cost nodes. */
static void test_nothing_is_derived_where_nothing_trains(void **state) {
    (void)state;
    built b = {0};
    int buffer, below;
    ASSERT_OK(lac_store_new(LAC_F32, &b.store, err));
    ASSERT_OK(lac_graph_new(LAC_F32, b.store, &b.g, err));
    ASSERT_OK(
        lac_store_add(b.store, "buffer", 2, (int64_t[]){4, 4}, LAC_PARAM_BUFFER, LAC_INIT_GIVEN, 0, &buffer, err));
    ASSERT_OK(lac_store_add(b.store, "below", 2, (int64_t[]){4, 4}, 0, LAC_INIT_ONE, 0, &below, err));
    lac_id x = lac_input(b.g, "x", LAC_F32, 3, (int64_t[]){1, 2, 4});
    lac_id target = lac_stop_gradient(b.g, lac_linear(b.g, x, lac_parameter(b.g, below), LAC_NONE));
    lac_id y = linear(b.g, "top", lac_gelu(b.g, lac_linear(b.g, x, lac_parameter(b.g, buffer), LAC_NONE)), 4);
    lac_id w = lac_input(b.g, "w", LAC_F32, 2, (int64_t[]){1, 2}),
           one = lac_input(b.g, "one", LAC_F32, 1, &(int64_t){1});
    lac_graph_backward(b.g, lac_l2(b.g, y, target, w, one));
    ASSERT_OK(lac_program_new(b.g, &reference, NULL, 0, &b.p, err));
    assert_null(lac_store_at(b.store, buffer)->grad);
    assert_int_equal(count_op(b.p, LAC_OP_GEMM), 4); /* three forward, one weight gradient */
    assert_int_equal(count_op(b.p, LAC_OP_GELU_GRAD), 0);
    assert_int_equal(count_op(b.p, LAC_OP_L2), 0); /* nobody asked for the loss itself */
    fill_inputs(b.g, b.p);
    lac_program_run(b.p);
    assert_true(number_at(lac_store_at(b.store, below)->grad, LAC_F32, 0) == 0);
    discard(&b);
}

/* Every tensor that fusion would like to swallow, named: all must be there and equal the unfused run's. */
static void test_outputs_are_never_fused_away(void **state) {
    (void)state;
    built two[2] = {{0}};
    for (unsigned k = 0; k < 2; k++) {
        built *b = &two[k];
        ASSERT_OK(lac_store_new(LAC_F64, &b->store, err));
        ASSERT_OK(lac_graph_new(LAC_F64, b->store, &b->g, err));
        lac_id x = lac_input(b->g, "x", LAC_F64, 3, (int64_t[]){2, 3, 4});
        lac_id z = linear(b->g, "first", x, 5), y = lac_gelu(b->g, z), t = linear(b->g, "second", y, 4);
        lac_id s = lac_add(b->g, x, t), w = lac_input(b->g, "w", LAC_F64, 2, (int64_t[]){2, 3});
        lac_id one = lac_input(b->g, "one", LAC_F64, 1, &(int64_t){1});
        lac_id loss = lac_l2(b->g, s, lac_input(b->g, "t", LAC_F64, 3, (int64_t[]){2, 3, 4}), w, one);
        lac_graph_backward(b->g, loss);
        lac_output(b->g, "z", z);
        lac_output(b->g, "flat", lac_reshape(b->g, z, 1, &(int64_t){30}));
        lac_output(b->g, "t", t);
        lac_output(b->g, "x too", x);
        lac_output(b->g, "dy", lac_gradient(b->g, y));
        lac_output(b->g, "dz", lac_gradient(b->g, z));
        ASSERT_OK(lac_program_new(b->g, &reference, NULL, k ? LAC_PROGRAM_NO_FUSION : 0, &b->p, err));
        fill_inputs(b->g, b->p);
        lac_store_initialize(b->store, 1);
        lac_program_poison(b->p);
        lac_program_run(b->p);
    }
    for (const char *const *name = (const char *const[]){"z", "flat", "t", "x too", "dy", "dz", NULL}; *name; name++) {
        lac_view a = output_of(two[0].p, *name), b = output_of(two[1].p, *name);
        for (int64_t i = 0; i < lac_view_size(&a); i++)
            if (!(fabs(number_at(a.data, LAC_F64, i) - number_at(b.data, LAC_F64, i)) < 1e-12))
                fail_msg("%s[%d]", *name, (int)i);
    }
    discard(&two[0]);
    discard(&two[1]);
}

static void test_inputs_can_be_bound_elsewhere(void **state) {
    (void)state;
    built b = {0};
    lac_error said = {0};
    ASSERT_OK(lac_graph_new(LAC_F32, NULL, &b.g, err));
    lac_id x = lac_input(b.g, "x", LAC_F32, 2, (int64_t[]){2, 2});
    lac_output(b.g, "double", lac_scale(b.g, lac_reshape(b.g, x, 1, &(int64_t){4}), 2));
    lac_output(b.g, "same", lac_reshape(b.g, x, 1, &(int64_t){4}));
    ASSERT_OK(lac_program_new(b.g, &reference, NULL, 0, &b.p, err));
    float mine[] = {1, 2, 3, 4};
    ASSERT_OK(lac_program_bind(b.p, "x", mine, err));
    lac_program_run(b.p);
    assert_true(number_at(output_of(b.p, "double").data, LAC_F32, 3) == 8);
    assert_ptr_equal(output_of(b.p, "same").data, mine);
    assert_int_equal(lac_program_bind(b.p, "y", mine, &said), LAC_FAILURE);
    assert_non_null(strstr(said.text, "no input is called y"));
    lac_view view;
    assert_int_equal(lac_program_output(b.p, "y", &view, &said), LAC_FAILURE);
    discard(&b);
}

/* The small model on the processor's own kernels, its inputs filled anew for each run: losses and gradients with packed
 * weights kept are, to the bit, those without. A changed parameter counts from the next lac_program_run on. */
static void test_kept_weights_change_no_bit(void **state) {
    (void)state;
    const lac_backend *cpu;
    built b = {0};
    ASSERT_OK(lac_backend_cpu(NULL, &cpu, err));
    ASSERT_OK(lac_store_new(LAC_F32, &b.store, err));
    ASSERT_OK(lac_graph_new(LAC_F32, b.store, &b.g, err));
    lac_graph_backward(b.g, small_model(b.g, 0));
    ASSERT_OK(lac_program_new(b.g, cpu, NULL, 0, &b.p, err));
    float loss[3], weight[3], first[3] = {0};
    lac_entry *entry = lac_store_at(b.store, 0);
    for (int k = 0; k < 2; k++) {
        lac_store_initialize(b.store, 5);
        fill_inputs(b.g, b.p);
        for (int run = 0; run < 3; run++) {
            if (run == 2) ((float *)entry->value)[0] += 0.5f;
            lac_store_zero_gradients(b.store);
            if (run == 1)
                lac_program_run_again(b.p);
            else
                lac_program_run(b.p);
            loss[run] = ((const float *)output_of(b.p, "loss").data)[0];
            weight[run] = ((const float *)entry->grad)[0];
        }
        assert_memory_equal(&loss[0], &loss[1], sizeof(float));
        assert_memory_equal(&weight[0], &weight[1], sizeof(float));
        assert_true(loss[1] != loss[2]);
        if (k == 1) assert_memory_equal(loss, first, sizeof loss);
        memcpy(first, loss, sizeof loss);
        ASSERT_OK(lac_program_keep(b.p, 1 << 20, err));
        assert_true(lac_program_describe(b.p).kept_bytes > 0);
    }
    discard(&b);
}

/* A weight that tasks would pack by stripes, on every set of this processor: kept packed, the same bits. */
static void test_a_large_kept_weight_changes_no_bit(void **state) {
    (void)state;
    const char *const isas[] = {"portable", "avx2", "avx512"};
    for (int i = 0; i < 3; i++) {
        const lac_backend *cpu;
        if (lac_backend_cpu(isas[i], &cpu, NULL) != LAC_OK) continue;
        enum { ROWS = 131, IN = 850, OUT = 330 };
        built b = {0};
        ASSERT_OK(lac_store_new(LAC_F32, &b.store, err));
        ASSERT_OK(lac_graph_new(LAC_F32, b.store, &b.g, err));
        lac_id x = lac_input(b.g, "x", LAC_F32, 2, (int64_t[]){ROWS, IN});
        lac_output(b.g, "y", linear(b.g, "wide", x, OUT));
        ASSERT_OK(lac_program_new(b.g, cpu, NULL, 0, &b.p, err));
        lac_store_initialize(b.store, 5);
        fill_inputs(b.g, b.p);
        lac_program_run(b.p);
        static float unkept[ROWS * OUT];
        lac_view y = output_of(b.p, "y");
        memcpy(unkept, y.data, sizeof unkept);
        ASSERT_OK(lac_program_keep(b.p, 4 << 20, err));
        assert_true(lac_program_describe(b.p).kept_bytes >= sizeof(float) * IN * OUT);
        for (int run = 0; run < 2; run++) {
            memset(y.data, 0, sizeof unkept);
            if (run == 0)
                lac_program_run(b.p);
            else
                lac_program_run_again(b.p);
            assert_memory_equal(y.data, unkept, sizeof unkept);
        }
        discard(&b);
    }
}

/* 1e4 draws: the share dropped is the rate, and an element's draw depends on its global number alone. */
static void build_on(built *b, const lac_backend *backend, lac_dtype real, unsigned with, bool recomputes) {
    *b = (built){0};
    ASSERT_OK(lac_store_new(real, &b->store, err));
    ASSERT_OK(lac_graph_new(real, b->store, &b->g, err));
    lac_id loss = small_model(b->g, with);
    if (recomputes) lac_graph_recompute(b->g);
    lac_graph_backward(b->g, loss);
    ASSERT_OK(lac_program_new(b->g, backend, NULL, 0, &b->p, err));
}

static void test_recomputing_changes_no_bit_and_saves_memory(void **state) {
    (void)state;
    const lac_backend *cpu;
    ASSERT_OK(lac_backend_cpu(NULL, &cpu, err));
    for (int i = 0; i < 8; i++) {
        const lac_backend *backend = i % 2 ? cpu : &reference;
        built kept, again;
        build_on(&kept, backend, i % 2 ? LAC_F32 : LAC_F64, variants[i / 2], false);
        build_on(&again, backend, i % 2 ? LAC_F32 : LAC_F64, variants[i / 2], true);
        run_model(&kept);
        run_model(&again);
        compare_models(&kept, &again, 0);
        assert_int_equal(count_op(again.p, LAC_OP_LAYERNORM), 2 * count_op(kept.p, LAC_OP_LAYERNORM));
        assert_true(lac_program_describe(again.p).arena_bytes < lac_program_describe(kept.p).arena_bytes);
        discard(&kept);
        discard(&again);
    }
}

static void test_a_run_anew_asks_for_no_zeros(void **state) {
    (void)state;
    const lac_backend *cpu;
    ASSERT_OK(lac_backend_cpu(NULL, &cpu, err));
    for (int i = 0; i < 4; i++) {
        const lac_backend *backend = i % 2 ? cpu : &reference;
        built zeroed, anew;
        build_on(&zeroed, backend, i % 2 ? LAC_F32 : LAC_F64, WITH_LAYER_SCALE, i / 2);
        build_on(&anew, backend, i % 2 ? LAC_F32 : LAC_F64, WITH_LAYER_SCALE, i / 2);
        run_model(&zeroed);
        lac_program_run(zeroed.p); /* on top of the first */
        lac_store_initialize(anew.store, 5);
        fill_inputs(anew.g, anew.p);
        for (int k = 0; k < lac_store_count(anew.store); k++) {
            lac_entry *entry = lac_store_at(anew.store, k);
            if (entry->grad) memset(entry->grad, 0xff, (size_t)entry->n * lac_dtype_bytes(entry->dtype));
        }
        lac_program_run_anew(anew.p);
        lac_program_run(anew.p);
        compare_models(&zeroed, &anew, 0);
        discard(&zeroed);
        discard(&anew);
    }
}

static void test_drop_path_draws_are_counters(void **state) {
    (void)state;
    enum { N = 10000 };
    built b[2] = {{0}};
    for (int k = 0; k < 2; k++) {
        ASSERT_OK(lac_graph_new(LAC_F32, NULL, &b[k].g, err));
        lac_output(b[k].g, "s", lac_drop_path_scale(b[k].g, 5, k ? N / 2 : N, 0.3));
        ASSERT_OK(lac_program_new(b[k].g, &reference, NULL, 0, &b[k].p, err));
    }
    const float *whole = output_of(b[0].p, "s").data, *half = output_of(b[1].p, "s").data;
    assert_true(whole[0] == 1); /* nothing is dropped before the first draw */
    lac_program_draw(b[0].p, 11, 4, 0);
    lac_program_draw(b[1].p, 11, 4, N / 2);
    int dropped = 0;
    for (int i = 0; i < N; i++) {
        dropped += whole[i] == 0;
        if (whole[i] != 0) assert_true(whole[i] == (float)(1 / 0.7));
    }
    assert_in_range(dropped, 2850, 3150); /* three deviations */
    assert_memory_equal(whole + N / 2, half, N / 2 * sizeof(float));
    lac_program_draw(b[1].p, 11, 5, N / 2);
    assert_memory_not_equal(whole + N / 2, half, N / 2 * sizeof(float));
    discard(&b[0]);
    discard(&b[1]);
}

static void test_profile_and_printed_plan_name_every_node(void **state) {
    (void)state;
    built b;
    lac_text text = {0};
    ASSERT_OK(build_model(&b, LAC_F32, 0, 0, err));
    lac_program_profile(b.p, true);
    run_model(&b);
    int n = lac_program_describe(b.p).n_nodes, lines = 0;
    for (int i = 0; i < n; i++)
        assert_int_equal(lac_program_node(b.p, i).calls, 1);
    lac_program_print(b.p, &text);
    assert_false(text.failed);
    for (const char *c = text.data; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, n + 2);
    assert_non_null(strstr(text.data, "gemm+bias+gelu"));
    assert_non_null(strstr(text.data, "gemm+bias+residual"));
    assert_non_null(strstr(text.data, "gemm+sum+accumulate"));
    assert_non_null(strstr(text.data, "gemm+dgelu"));
    assert_non_null(strstr(text.data, "layernorm_grad+residual+accumulate"));
    assert_non_null(strstr(text.data, "adds to embed.weight"));
    lac_text_free(&text);
    discard(&b);
}

/* Random blocks: no two in use at the same time may overlap. */
static void test_planned_blocks_do_not_overlap(void **state) {
    (void)state;
    enum { N = 60 };
    lac_random random = lac_random_at(3, LAC_RANDOM_TEST, 0, 0, 0);
    for (int round = 0; round < 200; round++) {
        lac_block blocks[N];
        size_t bytes, sum = 0;
        for (int i = 0; i < N; i++) {
            int first = (int)lac_random_below(&random, 100);
            blocks[i] = (lac_block){.bytes = lac_random_below(&random, 5000) + 1,
                                    .first = first,
                                    .last = first + (int)lac_random_below(&random, 30)};
        }
        ASSERT_OK(lac_plan_blocks(blocks, N, &bytes, err));
        for (int i = 0; i < N; i++) {
            sum += blocks[i].bytes;
            assert_int_equal(blocks[i].offset % 64, 0);
            assert_true(blocks[i].offset + blocks[i].bytes <= bytes);
            for (int k = 0; k < i; k++) {
                bool in_time = blocks[i].first <= blocks[k].last && blocks[k].first <= blocks[i].last;
                bool in_space = blocks[i].offset < blocks[k].offset + blocks[k].bytes &&
                                blocks[k].offset < blocks[i].offset + blocks[i].bytes;
                assert_false(in_time && in_space);
            }
        }
        assert_true(bytes < sum * 2 / 3);
    }
}

/* Each mistake by itself, and what the text must say. */
static void expect_refusal(lac_id (*mistake)(lac_graph *), const char *says) {
    built b = {0};
    lac_error said = {0};
    ASSERT_OK(lac_store_new(LAC_F32, &b.store, err));
    ASSERT_OK(lac_graph_new(LAC_F32, b.store, &b.g, err));
    lac_id x = mistake(b.g);
    assert_int_equal(lac_program_new(b.g, &reference, NULL, 0, &b.p, &said), LAC_FAILURE);
    if (!strstr(said.text, says)) fail_msg("\"%s\" does not say \"%s\"", said.text, says);
    /* the first error wins, and everything after it is silent */
    assert_int_equal(lac_gelu(b.g, x), LAC_NONE);
    lac_graph_refuse(b.g, "another");
    assert_int_equal(lac_graph_check(b.g, &said), LAC_FAILURE);
    assert_null(strstr(said.text, "another"));
    discard(&b);
}

static lac_id input2(lac_graph *g, const char *name, int64_t m, int64_t n) {
    return lac_input(g, name, LAC_F32, 2, (int64_t[]){m, n});
}

static lac_id wrong_linear(lac_graph *g) {
    return lac_gelu(g, lac_linear(g, input2(g, "x", 2, 3), parameter(g, "w", 2, (int64_t[]){5, 4}), LAC_NONE));
}

static lac_id wrong_add(lac_graph *g) {
    return lac_gelu(g, lac_add(g, input2(g, "a", 2, 3), input2(g, "b", 3, 2)));
}

static lac_id wrong_type(lac_graph *g) {
    return lac_gelu(g, lac_input(g, "codes", LAC_I32, 1, (int64_t[]){3}));
}

static lac_id wrong_patch(lac_graph *g) {
    return lac_patchify(g, lac_input(g, "x", LAC_F32, 4, (int64_t[]){1, 3, 30, 32}), 2, (int64_t[]){16, 16}, false);
}

static lac_id wrong_heads(lac_graph *g) {
    return lac_attention(g, lac_input(g, "x", LAC_F32, 3, (int64_t[]){1, 3, 30}), 3);
}

static lac_id wrong_name(lac_graph *g) {
    input2(g, "x", 2, 3);
    return input2(g, "x", 2, 3);
}

static lac_id wrong_size(lac_graph *g) {
    return input2(g, "x", 2, 0);
}

static lac_id wrong_reshape(lac_graph *g) {
    return lac_reshape(g, input2(g, "x", 2, 3), 1, (int64_t[]){7});
}

static lac_id wrong_missing(lac_graph *g) {
    return lac_gelu(g, LAC_NONE);
}

static lac_id wrong_loss(lac_graph *g) {
    lac_id x = input2(g, "x", 2, 3);
    lac_graph_backward(g, lac_linear(g, x, parameter(g, "w", 2, (int64_t[]){5, 3}), LAC_NONE));
    return LAC_NONE;
}

static lac_id wrong_normalize(lac_graph *g) {
    lac_id x = lac_linear(g, input2(g, "x", 2, 3), parameter(g, "w", 2, (int64_t[]){4, 3}), LAC_NONE);
    x = lac_reshape(g, lac_normalize_rows(g, x, 0, true), 3, (int64_t[]){1, 2, 4});
    lac_id target = lac_input(g, "t", LAC_F32, 3, (int64_t[]){1, 2, 4});
    lac_id one = lac_input(g, "one", LAC_F32, 1, &(int64_t){1});
    lac_graph_backward(g, lac_l2(g, x, target, input2(g, "weight", 1, 2), one));
    return LAC_NONE;
}

static void test_mistakes_are_named(void **state) {
    (void)state;
    expect_refusal(wrong_linear, "linear: x is [2 x 3], so a weight [N x 3] is expected, found [5 x 4]");
    expect_refusal(wrong_add, "add: one shape expected, found [2 x 3] and [3 x 2]");
    expect_refusal(wrong_type, "gelu: argument 0: f32 expected, found i32");
    expect_refusal(wrong_patch, "patchify: sizes of [1 x 3 x 30 x 32] are no multiples");
    expect_refusal(wrong_heads, "attention: [B x T x 3D] with D a multiple of 3 heads expected, found [1 x 3 x 30]");
    expect_refusal(wrong_name, "input x: there are two of that name");
    expect_refusal(wrong_size, "input x: impossible shape [2 x 0]");
    expect_refusal(wrong_reshape, "reshape: [2 x 3] does not fit [7]");
    expect_refusal(wrong_missing, "gelu: argument 0 is missing");
    expect_refusal(wrong_loss, "backward: a loss of one number expected, found [2 x 5]");
    expect_refusal(wrong_normalize, "backward: a gradient reaches normalize_rows");
}

static const lac_kernel *find_nothing(lac_op_id op, lac_dtype real) {
    return op == LAC_OP_ATTENTION ? NULL : lac_ref_find(op, real);
}

static void test_a_missing_kernel_is_named(void **state) {
    (void)state;
    built b;
    lac_error said = {0};
    ASSERT_OK(build_model(&b, LAC_F32, 0, 0, err));
    lac_program_free(b.p);
    lac_backend lame = {.name = "cpu", .isa = "lame", .find = find_nothing};
    assert_int_equal(lac_program_new(b.g, &lame, NULL, 0, &b.p, &said), LAC_FAILURE);
    assert_string_equal(said.text, "attention: the cpu backend (lame) has no f32 kernel");
    assert_null(b.p);
    discard(&b);
}

static void test_every_failed_allocation_is_a_clean_error(void **state) {
    (void)state;
    built b;
    lac_error said;
    uint64_t n = 1;
    for (;; n++) {
        said = (lac_error){0};
        lac_memory_fail_at(n);
        lac_status status = build_model(&b, LAC_F32, WITH_DROP_PATH, 0, &said);
        lac_memory_fail_at(0);
        if (status == LAC_OK) break;
        if (!strstr(said.text, "out of memory")) fail_msg("allocation %d: \"%s\"", (int)n, said.text);
        assert_null(b.p);
        discard(&b);
    }
    assert_true(n > 100); /* a value and a gradient for each of the 40-odd parameters, at least */
    run_model(&b);
    assert_true(isfinite(number_at(output_of(b.p, "loss").data, LAC_F32, 0)));
    uint64_t before = lac_memory_count();
    lac_program_run(b.p);
    assert_int_equal(lac_memory_count(), before);
    discard(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fused_equals_unfused),
        cmocka_unit_test(test_living_tensors_never_overlap),
        cmocka_unit_test(test_float32_is_near_float64),
        cmocka_unit_test(test_a_second_run_adds_the_same_gradients),
        cmocka_unit_test(test_fusion_leaves_what_it_should),
        cmocka_unit_test(test_flops_are_those_of_products_without_recomputation),
        cmocka_unit_test(test_a_shared_parameter_gets_the_sum_of_its_gradients),
        cmocka_unit_test(test_nothing_is_derived_where_nothing_trains),
        cmocka_unit_test(test_outputs_are_never_fused_away),
        cmocka_unit_test(test_inputs_can_be_bound_elsewhere),
        cmocka_unit_test(test_kept_weights_change_no_bit),
        cmocka_unit_test(test_a_large_kept_weight_changes_no_bit),
        cmocka_unit_test(test_recomputing_changes_no_bit_and_saves_memory),
        cmocka_unit_test(test_a_run_anew_asks_for_no_zeros),
        cmocka_unit_test(test_drop_path_draws_are_counters),
        cmocka_unit_test(test_profile_and_printed_plan_name_every_node),
        cmocka_unit_test(test_planned_blocks_do_not_overlap),
        cmocka_unit_test(test_mistakes_are_named),
        cmocka_unit_test(test_a_missing_kernel_is_named),
        cmocka_unit_test(test_every_failed_allocation_is_a_clean_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
