/* tests/graph/gradient_test.c - every derivative against finite differences in f64, over awkward sizes.
 *
 * A case builds a tensor from leaves; its loss is a weighted squared distance to random numbers. Leaves are once inputs
 * whose gradients are wanted and once parameters whose gradients go to the store, with and without fusion. Differences
 * are of fourth order with h = 1e-4, so truncation (h^4) and rounding (1e-16 / h) are both near 1e-12. */
#include "graph/fixture.h"
#include <stdlib.h>

static bool is_covered[LAC_N_OPS];

typedef struct bench {
    lac_graph *g;
    lac_store *store;
    bool as_parameters;
    int n;
    lac_id leaf[4];
} bench;

static lac_id leaf(bench *b, int rank, const int64_t *dim) {
    char name[32];
    snprintf(name, sizeof name, "leaf%d", b->n);
    lac_id x;
    if (b->as_parameters) {
        x = parameter(b->g, name, rank, dim);
    } else {
        x = lac_input(b->g, name, LAC_F64, rank, dim);
        lac_want_gradient(b->g, x);
    }
    return b->leaf[b->n++] = x;
}

static lac_id leaf1(bench *b, int64_t n) {
    return leaf(b, 1, &n);
}

static lac_id leaf2(bench *b, int64_t m, int64_t n) {
    return leaf(b, 2, (int64_t[]){m, n});
}

static lac_id leaf3(bench *b, int64_t l, int64_t m, int64_t n) {
    return leaf(b, 3, (int64_t[]){l, m, n});
}

static lac_id constant(bench *b, const char *name, int rank, const int64_t *dim) {
    return lac_input(b->g, name, LAC_F64, rank, dim);
}

static lac_id indices(bench *b, const char *kind, int64_t batch, int64_t v, int64_t n) {
    char name[32];
    snprintf(name, sizeof name, "%s:%d", kind, (int)n);
    return lac_input(b->g, name, LAC_I32, 2, (int64_t[]){batch, v});
}

/* Cases: s are four sizes. */
static lac_id case_linear(bench *b, const int64_t *s) {
    lac_id x = leaf3(b, s[0], s[1], s[2]), w = leaf2(b, s[3], s[2]);
    return lac_linear(b->g, x, w, leaf1(b, s[3]));
}

static lac_id case_linear_without_bias(bench *b, const int64_t *s) {
    lac_id x = leaf2(b, s[0], s[2] * s[1]);
    return lac_linear(b->g, x, leaf3(b, s[3], s[2], s[1]), LAC_NONE);
}

static lac_id case_layernorm(bench *b, const int64_t *s) {
    lac_id x = leaf2(b, s[0] * s[1], s[2]), gamma = leaf1(b, s[2]);
    return lac_layernorm(b->g, x, gamma, leaf1(b, s[2]), 1e-2);
}

static lac_id case_layernorm_plain(bench *b, const int64_t *s) {
    return lac_layernorm(b->g, leaf3(b, s[0], s[1], s[2]), LAC_NONE, LAC_NONE, 1e-2);
}

static lac_id case_gelu(bench *b, const int64_t *s) {
    return lac_gelu(b->g, lac_scale(b->g, leaf2(b, s[0], s[1]), 3));
}

static lac_id case_attention(bench *b, const int64_t *s) {
    return lac_attention(b->g, lac_scale(b->g, leaf3(b, s[0], s[1], 3 * s[2] * s[3]), 2), (int)s[2]);
}

static lac_id qkv(bench *b, const int64_t *s, int64_t tokens) {
    return lac_scale(b->g, leaf3(b, s[0], tokens, 3 * s[2] * s[3]), 2);
}

static lac_id case_attention_biased(bench *b, const int64_t *s) {
    lac_id x = qkv(b, s, s[1]);
    return lac_attention_biased(b->g, x, (int)s[2], leaf3(b, s[2], s[1], s[1]), LAC_NONE, 0);
}

/* One token before the places; of the others every third is padding. */
static lac_id case_attention_of_a_part(bench *b, const int64_t *s) {
    lac_id x = qkv(b, s, 2 + s[1]), bias = leaf3(b, s[2], 5 + s[1], 5 + s[1]);
    return lac_attention_biased(b->g, x, (int)s[2], bias, indices(b, "part", s[0], 1 + s[1], 4 + s[1]), 1);
}

static lac_id case_attention_without_padding(bench *b, const int64_t *s) {
    lac_id x = qkv(b, s, 2 + s[1]);
    return lac_attention_biased(b->g, x, (int)s[2], LAC_NONE, indices(b, "part", s[0], 2 + s[1], 2 + s[1]), 0);
}

static lac_id case_relative_bias(bench *b, const int64_t *s) {
    lac_id table = leaf2(b, lac_relative_rows(2, s + 1, s[0] % 2), s[0]);
    return lac_relative_bias(b->g, table, 2, s + 1, s[0] % 2);
}

static lac_id case_add(bench *b, const int64_t *s) {
    lac_id x = leaf2(b, s[0], s[1]), y = leaf2(b, s[0], s[1]);
    return lac_add(b->g, lac_add(b->g, x, y), x);
}

static lac_id case_add_to_itself(bench *b, const int64_t *s) {
    lac_id y = lac_gelu(b->g, leaf2(b, s[0], s[1]));
    return lac_add(b->g, y, y);
}

static lac_id case_add_broadcast(bench *b, const int64_t *s) {
    lac_id x = leaf3(b, s[0], s[1], s[2]);
    return lac_add_broadcast(b->g, lac_add_broadcast(b->g, x, leaf3(b, 1, s[1], s[2])), leaf1(b, s[2]));
}

static lac_id case_mul_broadcast(bench *b, const int64_t *s) {
    lac_id x = leaf3(b, s[0], s[1], s[2]);
    return lac_mul_broadcast(b->g, lac_mul_broadcast(b->g, x, leaf2(b, s[1], s[2])), leaf1(b, s[2]));
}

static lac_id case_scale_samples(bench *b, const int64_t *s) {
    return lac_scale_samples(b->g, leaf3(b, s[0], s[1], s[2]), constant(b, "factors", 1, s));
}

static lac_id case_gather_rows(bench *b, const int64_t *s) {
    return lac_gather_rows(b->g, leaf3(b, s[0], s[1] + 2, s[2]), indices(b, "some", s[0], s[3], s[1] + 2));
}

static lac_id case_gather_table(bench *b, const int64_t *s) {
    return lac_gather_rows(b->g, leaf2(b, s[1] + 2, s[2]), indices(b, "some", s[0], s[3], s[1] + 2));
}

static lac_id case_concat(bench *b, const int64_t *s) {
    lac_id x = leaf3(b, s[0], s[1], s[2]);
    return lac_concat_tokens(b->g, x, leaf3(b, s[0], s[3], s[2]));
}

static lac_id case_concat_shared(bench *b, const int64_t *s) {
    lac_id x = leaf3(b, 1, s[1], s[2]);
    return lac_concat_tokens(b->g, x, leaf3(b, s[0], s[3], s[2]));
}

static lac_id case_slice(bench *b, const int64_t *s) {
    lac_id x = leaf3(b, s[0], s[1] + 3, s[2]);
    lac_id head = lac_slice_tokens(b->g, x, 0, s[1] + 1), tail = lac_slice_tokens(b->g, x, 2, s[1] + 1);
    return lac_add(b->g, head, tail);
}

static lac_id case_restore(bench *b, const int64_t *s) {
    lac_id x = leaf3(b, s[0], s[1], s[2]), token = leaf3(b, 1, 1, s[2]);
    return lac_restore(b->g, x, token, indices(b, "keep", s[0], s[1] + s[3], s[1] + s[3]));
}

static lac_id case_mean(bench *b, const int64_t *s) {
    return lac_mean_tokens(b->g, leaf3(b, s[0], s[1], s[2]));
}

static lac_id case_patchify_picture(bench *b, const int64_t *s) {
    lac_id x = leaf(b, 4, (int64_t[]){s[0], s[1], 2 * s[2], 3 * s[3]});
    return lac_patchify(b->g, x, 2, (int64_t[]){s[2], s[3]}, s[0] % 2 == 0);
}

static lac_id case_patchify_volume(bench *b, const int64_t *s) {
    lac_id x = leaf(b, 5, (int64_t[]){1, s[0], 2 * s[1], s[2], 2 * s[3]});
    return lac_patchify(b->g, x, 3, (int64_t[]){s[1], 1, s[3]}, true);
}

static lac_id case_unpatchify(bench *b, const int64_t *s) {
    lac_id x = leaf3(b, s[0], 2 * s[3], s[1] * s[2]);
    return lac_unpatchify(b->g, x, 2, (int64_t[]){1, s[2]}, s[0] % 2 == 0, s[1], (int64_t[]){s[3], 2 * s[2]});
}

static lac_id case_reshape(bench *b, const int64_t *s) {
    lac_id x = lac_reshape(b->g, leaf3(b, s[0], s[1], s[2]), 2, (int64_t[]){s[0] * s[1], s[2]});
    return lac_gelu(b->g, lac_reshape(b->g, lac_gelu(b->g, x), 1, (int64_t[]){s[0] * s[1] * s[2]}));
}

static lac_id loss_of(bench *b, lac_id (*loss)(lac_graph *, lac_id, lac_id, lac_id, lac_id), lac_id y, lac_id target) {
    lac_graph *g = b->g;
    int64_t last = lac_dim(g, y, -1), rows = lac_shape_rows(&lac_tensor_at(g, y)->shape);
    int64_t flat[] = {1, rows, last};
    lac_id weight = constant(b, "weight", 2, (int64_t[]){1, rows}), one = constant(b, "norm", 1, (int64_t[]){1});
    if (target == LAC_NONE) target = constant(b, "target", 3, flat);
    return loss(g, lac_reshape(g, y, 3, flat), target, weight, one);
}

/* Both arguments are leaves: the target's derivative too. */
static lac_id case_l2(bench *b, const int64_t *s) {
    lac_id x = leaf2(b, s[0], s[1]);
    return loss_of(b, lac_l2, x, leaf3(b, 1, s[0], s[1]));
}

static lac_id case_l1(bench *b, const int64_t *s) {
    lac_id x = leaf2(b, s[0], s[1]);
    return lac_scale(b->g, loss_of(b, lac_l1, x, leaf3(b, 1, s[0], s[1])), 0.7);
}

/* Both branches of the smooth error: half of the differences lie beyond 0.5. */
static lac_id smooth_l1(lac_graph *g, lac_id prediction, lac_id target, lac_id weight, lac_id norm_id) {
    return lac_smooth_l1(g, prediction, target, weight, norm_id, 0.5);
}

static lac_id case_smooth_l1(bench *b, const int64_t *s) {
    lac_id x = leaf2(b, s[0], s[1]);
    return loss_of(b, smooth_l1, x, leaf3(b, 1, s[0], s[1]));
}

static lac_id case_cross_entropy(bench *b, const int64_t *s) {
    lac_id x = lac_scale(b->g, leaf3(b, s[0], s[1], s[2]), 3), one = constant(b, "norm", 1, (int64_t[]){1});
    lac_id target = constant(b, "target", 3, (int64_t[]){s[0], s[1], s[2]});
    return lac_cross_entropy(b->g, x, target, LAC_NONE, constant(b, "weight", 2, s), one, 0.7);
}

static lac_id case_cross_entropy_of_ids(bench *b, const int64_t *s) {
    lac_id x = leaf3(b, s[0], s[1], s[2] + 1), one = constant(b, "norm", 1, (int64_t[]){1});
    lac_id ids = indices(b, "some", s[0], s[1], s[2] + 1);
    return lac_cross_entropy(b->g, x, LAC_NONE, ids, constant(b, "weight", 2, s), one, 1.3);
}

static lac_id case_matmul(bench *b, const int64_t *s) {
    lac_id x = leaf3(b, s[0], s[1], s[2]);
    return lac_matmul(b->g, x, leaf2(b, s[2], s[3]));
}

static lac_id case_softmax(bench *b, const int64_t *s) {
    return lac_softmax(b->g, lac_scale(b->g, leaf3(b, s[0], s[1], s[2] + 1), 3), 0.7);
}

static lac_id case_kl_uniform(bench *b, const int64_t *s) {
    lac_id x = lac_scale(b->g, leaf3(b, s[0], s[1], s[2] + 1), 3), one = constant(b, "norm", 1, (int64_t[]){1});
    return lac_kl_uniform(b->g, x, constant(b, "weight", 2, s), one);
}

/* The nearest code, and the gradient straight through to what chose it: codes and rows both learn. */
static lac_id case_nearest_codes(bench *b, const int64_t *s) {
    lac_id x = leaf3(b, s[0], s[1], s[2]), codes = leaf2(b, s[3], s[2]);
    lac_id ids = lac_nearest(b->g, lac_stop_gradient(b->g, x), lac_stop_gradient(b->g, codes));
    return lac_add(b->g, x, lac_gather_rows(b->g, codes, ids));
}

static lac_id case_unit_rows(bench *b, const int64_t *s) {
    return lac_unit_rows(b->g, leaf3(b, s[0], s[1], s[2]), 1e-12);
}

static lac_id case_infonce(bench *b, const int64_t *s) {
    lac_id z = leaf3(b, s[0], s[1], s[2]), t = leaf3(b, s[0], s[1], s[2]), one = constant(b, "norm", 1, (int64_t[]){1});
    return lac_infonce(b->g, lac_unit_rows(b->g, z, 1e-12), t, constant(b, "weight", 2, s), one, 0.3);
}

static lac_id case_infonce_of_constants(bench *b, const int64_t *s) {
    lac_id z = leaf3(b, s[0], s[1], s[2]), one = constant(b, "norm", 1, (int64_t[]){1});
    lac_id t = constant(b, "target", 3, s);
    return lac_infonce(b->g, z, t, constant(b, "weight", 2, s), one, 0.3);
}

static lac_id case_mask_tokens(bench *b, const int64_t *s) {
    lac_id x = leaf3(b, s[0], s[1], s[2]), token = leaf3(b, 1, 1, s[2]);
    return lac_mask_tokens(b->g, x, token, constant(b, "mask", 2, s));
}

static lac_id case_mask_tokens_without_token(bench *b, const int64_t *s) {
    return lac_mask_tokens(b->g, leaf3(b, s[0], s[1], s[2]), LAC_NONE, constant(b, "mask", 2, s));
}

static lac_id case_dft(bench *b, const int64_t *s) {
    return lac_dft(b->g, leaf(b, 4, s));
}

static lac_id case_idft(bench *b, const int64_t *s) {
    return lac_idft(b->g, leaf3(b, s[0], s[2] * s[3], 2 * s[1]), s[2], s[3]);
}

static lac_id modulus(lac_graph *g, lac_id prediction, lac_id target, lac_id weight, lac_id norm_id) {
    return lac_modulus(g, prediction, target, weight, norm_id, 1.5);
}

static lac_id case_modulus(bench *b, const int64_t *s) {
    lac_id x = leaf2(b, s[0], 2 * s[1]);
    return loss_of(b, modulus, x, leaf3(b, 1, s[0], 2 * s[1]));
}

/* All epilogues of the matrix product at once. */
static lac_id case_mlp(bench *b, const int64_t *s) {
    lac_id x = leaf2(b, s[0] * s[1], s[2]), w = leaf2(b, s[3], s[2]), bias = leaf1(b, s[3]), v = leaf2(b, s[2], s[3]);
    lac_id y = lac_layernorm(b->g, x, LAC_NONE, LAC_NONE, 1e-2);
    return lac_add(b->g, x, lac_linear(b->g, lac_gelu(b->g, lac_linear(b->g, y, w, bias)), v, LAC_NONE));
}

static lac_id case_tied_weights(bench *b, const int64_t *s) {
    lac_id x = leaf2(b, s[0], s[1]), w = leaf2(b, s[1], s[1]), bias = leaf1(b, s[1]);
    return lac_linear(b->g, lac_gelu(b->g, lac_linear(b->g, x, w, bias)), w, bias);
}

static const struct {
    const char *name;
    lac_id (*build)(bench *, const int64_t *);
    bool is_loss;
} cases[] = {
    {"linear", case_linear, false},
    {"linear without bias, weight of three axes", case_linear_without_bias, false},
    {"layernorm", case_layernorm, false},
    {"layernorm without gamma", case_layernorm_plain, false},
    {"gelu", case_gelu, false},
    {"attention", case_attention, false},
    {"attention_biased", case_attention_biased, false},
    {"attention_biased of a part of the tokens", case_attention_of_a_part, false},
    {"attention_biased without bias, with padding", case_attention_without_padding, false},
    {"relative_bias", case_relative_bias, false},
    {"add", case_add, false},
    {"add to itself", case_add_to_itself, false},
    {"add_broadcast", case_add_broadcast, false},
    {"mul_broadcast", case_mul_broadcast, false},
    {"scale_samples", case_scale_samples, false},
    {"gather_rows", case_gather_rows, false},
    {"gather_rows of a table", case_gather_table, false},
    {"concat_tokens", case_concat, false},
    {"concat_tokens, shared first", case_concat_shared, false},
    {"slice_tokens", case_slice, false},
    {"restore", case_restore, false},
    {"mean_tokens", case_mean, false},
    {"patchify a picture", case_patchify_picture, false},
    {"patchify a volume", case_patchify_volume, false},
    {"unpatchify", case_unpatchify, false},
    {"reshape", case_reshape, false},
    {"l2", case_l2, true},
    {"l1", case_l1, true},
    {"smooth_l1", case_smooth_l1, true},
    {"cross_entropy", case_cross_entropy, true},
    {"cross_entropy of ids", case_cross_entropy_of_ids, true},
    {"matmul", case_matmul, false},
    {"softmax", case_softmax, false},
    {"kl_uniform", case_kl_uniform, true},
    {"nearest codes", case_nearest_codes, false},
    {"unit_rows", case_unit_rows, false},
    {"infonce", case_infonce, true},
    {"infonce, constant targets", case_infonce_of_constants, true},
    {"dft", case_dft, false},
    {"idft", case_idft, false},
    {"modulus", case_modulus, true},
    {"mask_tokens", case_mask_tokens, false},
    {"mask_tokens without token", case_mask_tokens_without_token, false},
    {"mlp with residual", case_mlp, false},
    {"weights used twice", case_tied_weights, false},
};

static const int64_t sizes[][4] = {{1, 1, 1, 1}, {2, 3, 2, 5}, {3, 1, 7, 2}, {1, 5, 3, 4}, {4, 2, 1, 3}};

static double *values_of(const bench *b, const lac_program *p, int i) {
    lac_view view;
    char name[32];
    if (b->as_parameters) return lac_store_at(b->store, lac_tensor_at(b->g, b->leaf[i])->entry)->value;
    snprintf(name, sizeof name, "leaf%d", i);
    ASSERT_OK(lac_program_input(p, name, &view, err));
    return view.data;
}

static double loss_after(lac_program *p, double *x, double value) {
    double before = *x;
    *x = value;
    lac_program_run(p);
    *x = before;
    return number_at(output_of(p, "loss").data, LAC_F64, 0);
}

static void check_leaf(const bench *b, lac_program *p, int i, const char *name, const int64_t *s) {
    enum { MOST = 24 };
    const lac_tensor *tensor = lac_tensor_at(b->g, b->leaf[i]);
    int64_t n = lac_shape_size(&tensor->shape), stride = n > MOST ? n / MOST : 1;
    double *x = values_of(b, p, i), derived[1024], scale = 1e-2;
    assert_in_range(n, 1, 1024);
    lac_store_zero_gradients(b->store);
    lac_program_run(p);
    char output[32];
    snprintf(output, sizeof output, "d%d", i);
    const double *from = b->as_parameters ? lac_store_at(b->store, tensor->entry)->grad : output_of(p, output).data;
    for (int64_t k = 0; k < n; k++) {
        derived[k] = from[k];
        scale = fmax(scale, fabs(derived[k]));
    }
    for (int64_t k = 0; k < n; k += stride) {
        const double h = 1e-4;
        double at = x[k], near = loss_after(p, &x[k], at + h) - loss_after(p, &x[k], at - h);
        double far = loss_after(p, &x[k], at + 2 * h) - loss_after(p, &x[k], at - 2 * h);
        double measured = (8 * near - far) / (12 * h);
        if (!(fabs(measured - derived[k]) <= 1e-7 * scale))
            fail_msg("%s, sizes %d %d %d %d, leaf %d element %d: derived %.12g, measured %.12g", name, (int)s[0],
                     (int)s[1], (int)s[2], (int)s[3], i, (int)k, derived[k], measured);
    }
}

static void check_case(size_t which, const int64_t *s, bool as_parameters, unsigned options) {
    bench b = {.as_parameters = as_parameters};
    lac_program *p = NULL;
    ASSERT_OK(lac_store_new(LAC_F64, &b.store, err));
    ASSERT_OK(lac_graph_new(LAC_F64, b.store, &b.g, err));
    lac_id y = cases[which].build(&b, s);
    lac_id loss = cases[which].is_loss || y == LAC_NONE ? y : loss_of(&b, lac_l2, y, LAC_NONE);
    lac_output(b.g, "loss", loss);
    lac_graph_backward(b.g, loss);
    for (int i = 0; i < b.n && !as_parameters; i++) {
        char name[32];
        snprintf(name, sizeof name, "d%d", i);
        lac_output(b.g, name, lac_gradient(b.g, b.leaf[i]));
    }
    ASSERT_OK(lac_program_new(b.g, &reference, NULL, options, &p, err));
    for (int n = 0; n < b.g->n_nodes; n++)
        is_covered[b.g->nodes[n].op] = true;
    fill_inputs(b.g, p);
    lac_store_initialize(b.store, 3);
    for (int i = 0; i < b.n; i++)
        check_leaf(&b, p, i, cases[which].name, s);
    lac_program_free(p);
    lac_graph_free(b.g);
    lac_store_free(b.store);
}

static void test_derivatives_equal_finite_differences(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
            for (int way = 0; way < 4; way++)
                check_case(i, sizes[k], way & 1, way & 2 ? LAC_PROGRAM_NO_FUSION : 0);
}

/* Not differentiable, so not in the cases above; each has its own test here or, band and hog,
 * in tests/mask and tests/target. */
static const lac_op_id not_differentiable[] = {LAC_OP_NORMALIZE_ROWS, LAC_OP_STOP_GRADIENT, LAC_OP_BAND, LAC_OP_HOG};

static void test_every_op_is_covered(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof not_differentiable / sizeof *not_differentiable; i++) {
        assert_null(lac_op_at(not_differentiable[i])->backward);
        is_covered[not_differentiable[i]] = true;
    }
    for (int op = 0; op < LAC_N_OPS; op++)
        if (!is_covered[op]) fail_msg("%s is in no case of this test", lac_op_name((lac_op_id)op));
}

static void test_normalized_rows_have_mean_0_and_deviation_1(void **state) {
    (void)state;
    for (int unbiased = 0; unbiased < 2; unbiased++) {
        lac_graph *g;
        lac_program *p;
        ASSERT_OK(lac_graph_new(LAC_F64, NULL, &g, err));
        lac_id x = lac_input(g, "x", LAC_F64, 2, (int64_t[]){5, 7});
        lac_output(g, "y", lac_normalize_rows(g, x, 0, unbiased));
        ASSERT_OK(lac_program_new(g, &reference, NULL, 0, &p, err));
        fill_inputs(g, p);
        lac_program_run(p);
        const double *y = output_of(p, "y").data;
        for (int r = 0; r < 5; r++) {
            double sum = 0, squares = 0;
            for (int i = 0; i < 7; i++) {
                sum += y[r * 7 + i];
                squares += y[r * 7 + i] * y[r * 7 + i];
            }
            assert_true(fabs(sum) < 1e-12);
            assert_true(fabs(squares - (unbiased ? 6 : 7)) < 1e-12);
        }
        lac_program_free(p);
        lac_graph_free(g);
    }
}

/* d/dx of sum (x stop(x) - ...)^2 treats stop(x) as a number. */
static void test_stop_gradient_ends_the_gradient(void **state) {
    (void)state;
    lac_graph *g;
    lac_program *p;
    ASSERT_OK(lac_graph_new(LAC_F64, NULL, &g, err));
    lac_id x = lac_input(g, "x", LAC_F64, 1, (int64_t[]){1}), one = lac_input(g, "one", LAC_F64, 1, (int64_t[]){1});
    lac_id zero = lac_scale(g, one, 0), weight = lac_reshape(g, one, 2, (int64_t[]){1, 1});
    lac_id y = lac_mul_broadcast(g, lac_scale(g, x, 1), lac_stop_gradient(g, lac_scale(g, x, 2)));
    int64_t flat[] = {1, 1, 1};
    lac_id loss = lac_l2(g, lac_reshape(g, y, 3, flat), lac_reshape(g, zero, 3, flat), weight, one);
    lac_want_gradient(g, x);
    lac_graph_backward(g, loss);
    lac_output(g, "dx", lac_gradient(g, x));
    ASSERT_OK(lac_program_new(g, &reference, NULL, 0, &p, err));
    lac_view view;
    ASSERT_OK(lac_program_input(p, "x", &view, err));
    set_number(view.data, LAC_F64, 0, 3);
    ASSERT_OK(lac_program_input(p, "one", &view, err));
    set_number(view.data, LAC_F64, 0, 1);
    lac_program_run(p);
    /* y = 3 * 6 = 18, loss = y^2, dloss/dx = 2 y * 6 */
    assert_true(fabs(number_at(output_of(p, "dx").data, LAC_F64, 0) - 216) < 1e-9);
    lac_program_free(p);
    lac_graph_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_derivatives_equal_finite_differences),
        cmocka_unit_test(test_every_op_is_covered),
        cmocka_unit_test(test_normalized_rows_have_mean_0_and_deviation_1),
        cmocka_unit_test(test_stop_gradient_ends_the_gradient),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
