/* tests/graph/fixture.h - what the graph tests share: the reference kernels as a backend, filled inputs, a small model.
 */
#ifndef LAC_TESTS_GRAPH_FIXTURE_H
#define LAC_TESTS_GRAPH_FIXTURE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/cpu/ref/ref.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"
#include "graph/graph.h"
#include "graph/node.h"
#include "graph/plan.h"
#include "graph/program.h"

static const lac_backend reference = {.name = "cpu", .isa = "portable", .find = lac_ref_find};

#define ASSERT_OK(expr)                                                                                                \
    do {                                                                                                               \
        lac_error fixture_err = {0};                                                                                   \
        lac_error *err = &fixture_err;                                                                                 \
        if ((expr) != LAC_OK) fail_msg("%s", fixture_err.text);                                                        \
    } while (0)

static inline double number_at(const void *data, lac_dtype dtype, int64_t i) {
    return dtype == LAC_F32 ? (double)((const float *)data)[i] : ((const double *)data)[i];
}

static inline void set_number(void *data, lac_dtype dtype, int64_t i, double x) {
    if (dtype == LAC_F32)
        ((float *)data)[i] = (float)x;
    else
        ((double *)data)[i] = x;
}

/* Uniform in [-1, 1), by name. */
static inline void fill_random(void *data, lac_dtype dtype, int64_t n, const char *name) {
    lac_random random = lac_random_at(7, LAC_RANDOM_TEST, 0, lac_hash(name, strlen(name), 0), 0);
    for (int64_t i = 0; i < n; i++)
        set_number(data, dtype, i, 2 * lac_random_uniform(&random) - 1);
}

/* An index input "keep:N": each row a permutation's first entries. "part:N": the same, every third -1. "some:N": any
 * indices below N, with repeats. */
static inline void fill_indices(const lac_view *view, const char *name) {
    lac_random random = lac_random_at(7, LAC_RANDOM_TEST, 1, lac_hash(name, strlen(name), 0), 0);
    uint32_t order[64], n = (uint32_t)strtoul(strchr(name, ':') + 1, NULL, 10);
    assert_in_range(n, 1, 64);
    int32_t *at = view->data;
    for (int64_t b = 0; b < view->dim[0]; b++) {
        for (uint32_t i = 0; i < n; i++)
            order[i] = i;
        lac_random_shuffle(&random, order, n);
        for (int64_t v = 0; v < view->dim[1]; v++)
            at[b * view->dim[1] + v] = name[0] == 's' ? (int32_t)lac_random_below(&random, n)
                                                      : (name[0] == 'p' && (v + b) % 3 == 1 ? -1 : (int32_t)order[v]);
    }
}

/* Fill every input of a program that the graph declared. */
static inline void fill_inputs(const lac_graph *g, lac_program *p) {
    for (int i = 0; i < g->n_inputs; i++) {
        lac_view view;
        const char *name = g->inputs[i].name;
        if (g->inputs[i].layer >= 0) continue;
        ASSERT_OK(lac_program_input(p, name, &view, err));
        if (view.dtype == LAC_I32)
            fill_indices(&view, name);
        else
            fill_random(view.data, view.dtype, lac_view_size(&view), name);
    }
}

static inline lac_view output_of(const lac_program *p, const char *name) {
    lac_view view = {0};
    ASSERT_OK(lac_program_output(p, name, &view, err));
    return view;
}

/* A parameter by name; LAC_NONE with the graph refusing if there is no memory. */
static inline lac_id parameter(lac_graph *g, const char *name, int rank, const int64_t *dim) {
    int index;
    lac_error err = {0};
    if (lac_store_add(lac_graph_store(g), name, rank, dim, 0, LAC_INIT_NORMAL, 0.5, &index, &err) != LAC_OK)
        return lac_graph_refuse(g, "%s", err.text);
    return lac_parameter(g, index);
}

static inline lac_id linear(lac_graph *g, const char *name, lac_id x, int64_t n) {
    char weight[64], bias[64];
    snprintf(weight, sizeof weight, "%s.weight", name);
    snprintf(bias, sizeof bias, "%s.bias", name);
    lac_id w = parameter(g, weight, 2, (int64_t[]){n, lac_dim(g, x, -1)});
    return lac_linear(g, x, w, parameter(g, bias, 1, &n));
}

static inline lac_id norm(lac_graph *g, const char *name, lac_id x) {
    char gamma[64], beta[64];
    int64_t d = lac_dim(g, x, -1);
    snprintf(gamma, sizeof gamma, "%s.gamma", name);
    snprintf(beta, sizeof beta, "%s.beta", name);
    return lac_layernorm(g, x, parameter(g, gamma, 1, &d), parameter(g, beta, 1, &d), 1e-5);
}

enum { WITH_DROP_PATH = 1, WITH_LAYER_SCALE = 2 };

static inline lac_id branch(lac_graph *g, const char *name, lac_id x, lac_id y, int layer, unsigned with) {
    int64_t d = lac_dim(g, x, -1);
    if (with & WITH_LAYER_SCALE) y = lac_mul_broadcast(g, y, parameter(g, name, 1, &d));
    if (with & WITH_DROP_PATH) y = lac_scale_samples(g, y, lac_drop_path_scale(g, layer, lac_dim(g, x, 0), 0.4));
    return lac_add(g, x, y);
}

static inline lac_id block(lac_graph *g, const char *prefix, lac_id x, int heads, int layer, unsigned with) {
    char name[6][32];
    static const char *const parts[] = {"norm1", "qkv", "proj", "norm2", "fc1", "fc2"};
    for (int i = 0; i < 6; i++)
        snprintf(name[i], sizeof name[i], "%s.%s", prefix, parts[i]);
    int64_t d = lac_dim(g, x, -1);
    lac_id y = lac_attention(g, linear(g, name[1], norm(g, name[0], x), 3 * d), heads);
    char scale[40];
    snprintf(scale, sizeof scale, "%s.ls1", prefix);
    x = branch(g, scale, x, linear(g, name[2], y, d), 2 * layer, with);
    y = linear(g, name[5], lac_gelu(g, linear(g, name[4], norm(g, name[3], x), 4 * d)), d);
    snprintf(scale, sizeof scale, "%s.ls2", prefix);
    return branch(g, scale, x, y, 2 * layer + 1, with);
}

/* A masked autoencoder of 3x4 patches of 2x2 pixels; returns its loss, which is also the output "loss". */
static inline lac_id small_model(lac_graph *g, unsigned with) {
    enum { B = 3, C = 2, D = 6, N = 12, V = 5, D2 = 4 };
    lac_dtype real = lac_graph_real(g);
    lac_id picture = lac_input(g, "picture", real, 4, (int64_t[]){B, C, 6, 8});
    lac_id keep = lac_input(g, "keep:12", LAC_I32, 2, (int64_t[]){B, V});
    lac_id ids = lac_input(g, "keep:12:ids", LAC_I32, 2, (int64_t[]){B, N});
    lac_id weight = lac_input(g, "weight", real, 2, (int64_t[]){B, N});
    lac_id one = lac_input(g, "norm", real, 1, (int64_t[]){1});
    lac_id patches = lac_patchify(g, picture, 2, (int64_t[]){2, 2}, false);
    lac_id x = lac_linear(g, patches, parameter(g, "embed.weight", 4, (int64_t[]){D, C, 2, 2}),
                          parameter(g, "embed.bias", 1, (int64_t[]){D}));
    x = lac_add_broadcast(g, x, parameter(g, "position", 3, (int64_t[]){1, N, D}));
    x = lac_gather_rows(g, x, keep);
    x = lac_concat_tokens(g, parameter(g, "class", 3, (int64_t[]){1, 1, D}), x);
    x = block(g, "encoder.0", x, 2, 0, with);
    x = block(g, "encoder.1", x, 3, 1, with);
    x = linear(g, "bridge", norm(g, "encoder.norm", x), D2);
    lac_id class_token = lac_slice_tokens(g, x, 0, 1);
    x = lac_restore(g, lac_slice_tokens(g, x, 1, V), parameter(g, "mask", 3, (int64_t[]){1, 1, D2}), ids);
    x = lac_concat_tokens(g, class_token, x);
    x = block(g, "decoder.0", x, 1, 2, 0);
    x = linear(g, "head", norm(g, "decoder.norm", x), 4 * C);
    lac_id target = lac_normalize_rows(g, lac_patchify(g, picture, 2, (int64_t[]){2, 2}, true), 1e-6, true);
    lac_id loss = lac_l2(g, lac_slice_tokens(g, x, 1, N), target, weight, one);
    lac_output(g, "loss", loss);
    return loss;
}

#endif
