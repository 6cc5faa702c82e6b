/* model/block.c - the pre-norm transformer block (arXiv 2010.11929):
 *
 *     x += ls1 * attention(norm1 x)        x += ls2 * mlp(norm2 x)
 *
 * with optional layer scale (arXiv 2103.17239) and drop path per sample (arXiv 1603.09382). Names are timm's. Weights
 * of linear layers start xavier-uniform, qkv as one 3D x D matrix, as MAE does. */
#include "model/block.h"

#include <stdarg.h>
#include <stdio.h>

#include "model/positions.h"

enum { NAME_ROOM = 160 };

lac_id lac_weight(lac_graph *graph, const char *format, ...) {
    char name[NAME_ROOM];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    const char *scope = lac_graph_scope(graph);
    int index = -1;
    if (scope) { /* what has no copy there (fixed positions) is shared */
        char scoped[2 * NAME_ROOM];
        snprintf(scoped, sizeof scoped, "%.150s%s", scope, name);
        index = lac_store_find(lac_graph_store(graph), scoped);
    }
    if (index < 0) index = lac_store_find(lac_graph_store(graph), name);
    if (index < 0) return lac_graph_refuse(graph, "parameter %s was not declared", name);
    return lac_parameter(graph, index);
}

lac_status lac_declare_linear(lac_store *store, const char *name, int64_t out, int rank_in, const int64_t *in,
                              bool is_biased, lac_error *err) {
    char full[NAME_ROOM];
    int64_t dim[LAC_MAX_RANK] = {out};
    for (int i = 0; i < rank_in; i++)
        dim[i + 1] = in[i];
    snprintf(full, sizeof full, "%s.weight", name);
    LAC_TRY(lac_store_add(store, full, rank_in + 1, dim, 0, LAC_INIT_XAVIER_UNIFORM, 1, NULL, err));
    if (!is_biased) return LAC_OK;
    snprintf(full, sizeof full, "%s.bias", name);
    return lac_store_add(store, full, 1, dim, LAC_PARAM_NO_DECAY, LAC_INIT_ZERO, 0, NULL, err);
}

lac_status lac_declare_norm(lac_store *store, const char *name, int64_t width, lac_error *err) {
    char full[NAME_ROOM];
    snprintf(full, sizeof full, "%s.weight", name);
    LAC_TRY(lac_store_add(store, full, 1, &width, LAC_PARAM_NO_DECAY, LAC_INIT_ONE, 0, NULL, err));
    snprintf(full, sizeof full, "%s.bias", name);
    return lac_store_add(store, full, 1, &width, LAC_PARAM_NO_DECAY, LAC_INIT_ZERO, 0, NULL, err);
}

lac_id lac_build_linear(lac_graph *graph, const char *name, lac_id x, bool is_biased) {
    return lac_linear(graph, x, lac_weight(graph, "%s.weight", name),
                      is_biased ? lac_weight(graph, "%s.bias", name) : LAC_NONE);
}

lac_id lac_build_norm(lac_graph *graph, const char *name, lac_id x, double eps) {
    return lac_layernorm(graph, x, lac_weight(graph, "%s.weight", name), lac_weight(graph, "%s.bias", name), eps);
}

lac_status lac_block_declare(const lac_block *b, int index, lac_store *store, lac_error *err) {
    char name[NAME_ROOM];
#define NAME(part) (snprintf(name, sizeof name, "%s.%d." part, b->prefix, index), name)
    LAC_TRY(lac_declare_norm(store, NAME("norm1"), b->width, err));
    bool is_biased = b->has_qkv_bias && !b->has_no_key_bias;
    LAC_TRY(lac_declare_linear(store, NAME("attn.qkv"), 3 * b->width, 1, &b->width, is_biased, err));
    if (b->has_qkv_bias && b->has_no_key_bias) {
        LAC_TRY(
            lac_store_add(store, NAME("attn.q_bias"), 1, &b->width, LAC_PARAM_NO_DECAY, LAC_INIT_ZERO, 0, NULL, err));
        LAC_TRY(
            lac_store_add(store, NAME("attn.v_bias"), 1, &b->width, LAC_PARAM_NO_DECAY, LAC_INIT_ZERO, 0, NULL, err));
    }
    LAC_TRY(lac_declare_linear(store, NAME("attn.proj"), b->width, 1, &b->width, true, err));
    if (b->layer_scale != 0)
        LAC_TRY(lac_store_add(store, NAME("ls1.gamma"), 1, &b->width, LAC_PARAM_NO_DECAY, LAC_INIT_CONSTANT,
                              b->layer_scale, NULL, err));
    LAC_TRY(lac_declare_norm(store, NAME("norm2"), b->width, err));
    LAC_TRY(lac_declare_linear(store, NAME("mlp.fc1"), b->mlp_width, 1, &b->width, true, err));
    LAC_TRY(lac_declare_linear(store, NAME("mlp.fc2"), b->width, 1, &b->mlp_width, true, err));
    if (b->layer_scale != 0)
        LAC_TRY(lac_store_add(store, NAME("ls2.gamma"), 1, &b->width, LAC_PARAM_NO_DECAY, LAC_INIT_CONSTANT,
                              b->layer_scale, NULL, err));
    return LAC_OK;
}

/* Queries, keys and values, B x T x 3D. Keys without a bias have 0 in its place: softmax would not see it. */
static lac_id build_qkv(const lac_block *b, int index, lac_graph *g, lac_id x) {
    char name[NAME_ROOM];
    if (!b->has_qkv_bias || !b->has_no_key_bias) return lac_build_linear(g, NAME("attn.qkv"), x, b->has_qkv_bias);
    int64_t row[3] = {1, 1, b->width}, all = 3 * b->width;
    lac_id q = lac_reshape(g, lac_weight(g, "%s", NAME("attn.q_bias")), 3, row);
    lac_id v = lac_reshape(g, lac_weight(g, "%s", NAME("attn.v_bias")), 3, row);
    lac_id bias = lac_concat_tokens(g, lac_concat_tokens(g, q, lac_fill(g, 3, row, 0)), v);
    return lac_linear(g, x, lac_weight(g, "%s.weight", NAME("attn.qkv")), lac_reshape(g, bias, 1, &all));
}

/* x + drop_path(scale * branch) */
static lac_id add_branch(const lac_block *b, int index, int which, lac_graph *g, lac_id x, lac_id branch,
                         double drop_path, int layer) {
    if (b->layer_scale != 0)
        branch = lac_mul_broadcast(g, branch, lac_weight(g, "%s.%d.ls%d.gamma", b->prefix, index, which));
    if (drop_path > 0)
        branch =
            lac_scale_samples(g, branch, lac_drop_path_scale(g, 2 * layer + which - 1, lac_dim(g, x, 0), drop_path));
    return lac_add(g, x, branch);
}

lac_id lac_block_build(const lac_block *b, int index, lac_graph *g, lac_id x, double drop_path, int layer) {
    char name[NAME_ROOM];
    lac_id y = lac_build_norm(g, NAME("norm1"), x, b->norm_eps);
    y = build_qkv(b, index, g, y);
    if (b->qkv) *b->qkv = y;
    if (b->among)
        y = lac_attention_biased(g, y, b->heads, b->among->bias, b->among->places, b->among->n_prefix);
    else
        y = lac_attention(g, y, b->heads);
    y = lac_build_linear(g, NAME("attn.proj"), y, true);
    x = add_branch(b, index, 1, g, x, y, drop_path, layer);
    y = lac_build_norm(g, NAME("norm2"), x, b->norm_eps);
    y = lac_gelu(g, lac_build_linear(g, NAME("mlp.fc1"), y, true));
    y = lac_build_linear(g, NAME("mlp.fc2"), y, true);
    return add_branch(b, index, 2, g, x, y, drop_path, layer);
#undef NAME
}

lac_status lac_check_width(const char *section, int64_t width, int64_t heads, bool is_sincos, int n_axes,
                           lac_error *err) {
    if (width % heads != 0)
        return lac_usage(err, "%s.heads: %lld does not divide the width %lld", section, (long long)heads,
                         (long long)width);
    int divisor = lac_positions_divisor(n_axes);
    if (is_sincos && width % divisor != 0)
        return lac_usage(err, "%s.width: sincos positions on %d axes need a multiple of %d, found %lld", section,
                         n_axes, divisor, (long long)width);
    return LAC_OK;
}
