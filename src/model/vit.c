/* model/vit.c - the vision transformer as an encoder (arXiv 2010.11929), fit to see a part of the patches only
 * (MAE, arXiv 2111.06377).
 *
 * Patches are gathered before they are projected, so what is hidden costs nothing. Positions are added after the
 * projection, the class token (with its own position row) is put in front. Parameter names and layouts are MAE's and
 * timm's. Sizes of the literature (width x depth, heads): Ti 192x12 3, S 384x12 6, B 768x12 12, L 1024x24 16, H
 * 1280x32 16. Not here: the block (block.c), the fixed position table (positions.c). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/block.h"
#include "model/positions.h"
#include "model/slots.h"

static const lac_setting_spec specs[] = {
    {"patch", LAC_SETTING_INTS, "16", 1, 4096, 1, 3, NULL, NULL,
     "side of a patch in pixels, or one per axis (row first)"},
    {"width", LAC_SETTING_INT, NULL, 1, 65536, 0, 0, NULL, NULL, "D, values in a token"},
    {"depth", LAC_SETTING_INT, NULL, 1, 120, 0, 0, NULL, NULL, "L, blocks"},
    {"heads", LAC_SETTING_INT, NULL, 1, 1024, 0, 0, NULL, NULL, "attention heads; divides the width"},
    {"mlp_ratio", LAC_SETTING_REAL, "4", LAC_ABOVE_ZERO, 64, 0, 0, NULL, NULL, "width of the MLP's hidden layer / D"},
    {"class_token", LAC_SETTING_BOOL, "true", 0, 0, 0, 0, NULL, NULL, "one learned token before the patches"},
    {"positions", LAC_SETTING_TEXT, "sincos", 0, 0, 0, 0, "sincos|learned|none", NULL,
     "fixed sines and cosines, learned, or none"},
    {"qkv_bias", LAC_SETTING_BOOL, "true", 0, 0, 0, 0, NULL, NULL, "bias of queries, keys and values"},
    {"key_bias", LAC_SETTING_BOOL, "true", 0, 0, 0, 0, NULL, NULL,
     "of the keys, too; softmax does not see it, and BEiT and its kin have none"},
    {"relative", LAC_SETTING_TEXT, "none", 0, 0, 0, 0, "none|shared|block", NULL,
     "learned bias of attention by how far apart two patches lie (arXiv 2106.08254): one for all blocks, or each its "
     "own"},
    {"layer_scale", LAC_SETTING_REAL, "0", 0, 1e3, 0, 0, NULL, NULL, "initial gain of each branch; 0: no layer scale"},
    {"drop_path", LAC_SETTING_REAL, "0", 0, LAC_BELOW_ONE, 0, 0, NULL, NULL,
     "chance of leaving out a branch, rising linearly to this in the last block"},
    {"norm_eps", LAC_SETTING_REAL, "1e-6", LAC_ABOVE_ZERO, 1, 0, 0, NULL, NULL, "epsilon of the layer norms"},
};

static bool is_sincos(const lac_settings *s) {
    return strcmp(lac_settings_text(s, "positions"), "sincos") == 0;
}

static bool has_positions(const lac_settings *s) {
    return strcmp(lac_settings_text(s, "positions"), "none") != 0;
}

static bool is_relative(const lac_settings *s, const char *kind) {
    return strcmp(lac_settings_text(s, "relative"), kind) == 0;
}

static lac_block block_of(const lac_settings *s) {
    int64_t width = lac_settings_int(s, "width");
    return (lac_block){.prefix = "blocks",
                       .width = width,
                       .mlp_width = llround((double)width * lac_settings_real(s, "mlp_ratio")),
                       .heads = (int)lac_settings_int(s, "heads"),
                       .has_qkv_bias = lac_settings_bool(s, "qkv_bias"),
                       .has_no_key_bias = !lac_settings_bool(s, "key_bias"),
                       .layer_scale = lac_settings_real(s, "layer_scale"),
                       .norm_eps = lac_settings_real(s, "norm_eps")};
}

static void patch(const lac_settings *s, int n_axes, int64_t *out) {
    const lac_setting *setting = lac_settings_get(s, "patch");
    for (int a = 0; a < n_axes; a++)
        out[a] = (int64_t)setting->number[a < setting->count ? a : setting->count - 1];
}

static lac_status shape(const lac_settings *s, const lac_grid *grid, lac_encoder_shape *out, lac_error *err) {
    const lac_setting *patch_setting = lac_settings_get(s, "patch");
    if (patch_setting->count != 1 && patch_setting->count != grid->n_axes)
        return lac_usage(err, "model.encoder.patch: expected 1 or %d numbers, found %d", grid->n_axes,
                         patch_setting->count);
    lac_block block = block_of(s);
    if (block.mlp_width < 1) return lac_usage(err, "model.encoder.mlp_ratio: leaves an MLP of width 0");
    *out = (lac_encoder_shape){.width = block.width,
                               .depth = lac_settings_int(s, "depth"),
                               .n_prefix = lac_settings_bool(s, "class_token"),
                               .mlp_width = block.mlp_width,
                               .heads = block.heads};
    return lac_check_width("model.encoder", block.width, block.heads, is_sincos(s), grid->n_axes, err);
}

/* Zeros, as in BEiT's code: attention starts without it. */
static lac_status declare_relative(const lac_settings *s, const lac_grid *grid, const char *where, lac_store *store,
                                   lac_error *err) {
    char name[80];
    int64_t n_prefix = lac_settings_bool(s, "class_token");
    int64_t table[2] = {lac_relative_rows(grid->n_axes, grid->size, n_prefix), lac_settings_int(s, "heads")};
    snprintf(name, sizeof name, "%s.relative_position_bias_table", where);
    return lac_store_add(store, name, 2, table, LAC_PARAM_NO_DECAY, LAC_INIT_ZERO, 0, NULL, err);
}

static lac_id build_relative(const lac_settings *s, const lac_grid *grid, const char *where, lac_graph *g) {
    return lac_relative_bias(g, lac_weight(g, "%s.relative_position_bias_table", where), grid->n_axes, grid->size,
                             lac_settings_bool(s, "class_token"));
}

static lac_status declare(const lac_settings *s, const lac_grid *grid, lac_store *store, lac_error *err) {
    lac_block block = block_of(s);
    int64_t n_prefix = lac_settings_bool(s, "class_token");
    int64_t token[3] = {1, 1, block.width}, table[3] = {1, n_prefix + grid->n, block.width};
    int64_t in[1 + LAC_MAX_AXES] = {grid->channels};
    for (int a = 0; a < grid->n_axes; a++)
        in[1 + a] = grid->patch[a];
    /* .02: MAE's normal_(std=.02) for tokens; learned positions as timm */
    if (n_prefix)
        LAC_TRY(lac_store_add(store, "cls_token", 3, token, LAC_PARAM_NO_DECAY, LAC_INIT_NORMAL, .02, NULL, err));
    if (is_sincos(s)) {
        int index;
        LAC_TRY(lac_store_add(store, "pos_embed", 3, table, LAC_PARAM_BUFFER, LAC_INIT_GIVEN, 0, &index, err));
        lac_positions_fill(grid, block.width, n_prefix, lac_store_real(store), lac_store_at(store, index)->value);
    } else if (has_positions(s)) {
        LAC_TRY(lac_store_add(store, "pos_embed", 3, table, LAC_PARAM_NO_DECAY, LAC_INIT_TRUNC_NORMAL, .02, NULL, err));
    }
    LAC_TRY(lac_declare_linear(store, "patch_embed.proj", block.width, 1 + grid->n_axes, in, true, err));
    if (is_relative(s, "shared")) LAC_TRY(declare_relative(s, grid, "rel_pos_bias", store, err));
    for (int i = 0; i < lac_settings_int(s, "depth"); i++) {
        char where[32];
        LAC_TRY(lac_block_declare(&block, i, store, err));
        snprintf(where, sizeof where, "blocks.%d.attn", i);
        if (is_relative(s, "block")) LAC_TRY(declare_relative(s, grid, where, store, err));
    }
    return lac_declare_norm(store, "norm", block.width, err);
}

static lac_status declare_mask(const lac_settings *s, const lac_grid *grid, lac_store *store, lac_error *err) {
    (void)grid;
    int64_t token[3] = {1, 1, lac_settings_int(s, "width")};
    return lac_store_add(store, "mask_token", 3, token, LAC_PARAM_NO_DECAY, LAC_INIT_NORMAL, .02, NULL, err);
}

/* "pos_embed.4x4": of a grid that parameters were not declared for. Fixed positions: its own table, prefix first;
 * learned ones: the matrix that makes its patches' of the declared grid's. */
static void name_other(const lac_grid *other, char name[96]) {
    int n = snprintf(name, 96, "pos_embed.");
    for (int a = 0; a < other->n_axes; a++)
        n += snprintf(name + n, 96 - (size_t)n, "%s%lld", a ? "x" : "", (long long)other->size[a]);
}

static lac_status declare_other(const lac_settings *s, const lac_grid *grid, const lac_grid *other, lac_store *store,
                                lac_error *err) {
    int64_t width = lac_settings_int(s, "width"), n_prefix = lac_settings_bool(s, "class_token");
    if (!is_relative(s, "none"))
        return lac_usage(err, "model.encoder.relative: the bias is of one size of pictures, and views have two");
    if (!has_positions(s)) return LAC_OK;
    char name[96];
    int index;
    name_other(other, name);
    int64_t table[3] = {1, n_prefix + other->n, width}, matrix[2] = {other->n, grid->n};
    bool is_fixed = is_sincos(s);
    LAC_TRY(lac_store_add(store, name, is_fixed ? 3 : 2, is_fixed ? table : matrix, LAC_PARAM_BUFFER, LAC_INIT_GIVEN, 0,
                          &index, err));
    void *value = lac_store_at(store, index)->value;
    if (is_fixed)
        lac_positions_fill(other, width, n_prefix, lac_store_real(store), value);
    else
        lac_positions_resize(grid, other, lac_store_real(store), value);
    return LAC_OK;
}

/* Positions of the patches of `grid`, N x D, and those of the prefix, 1 x prefix x D; LAC_NONE both: there are none. */
static void build_positions(const lac_settings *s, const lac_grid *grid, lac_graph *g, const lac_grid *declared,
                            int64_t width, int64_t n_prefix, lac_id *prefix, lac_id *patches) {
    char other[96];
    *prefix = *patches = LAC_NONE;
    if (!has_positions(s)) return;
    if (declared) name_other(grid, other);
    bool is_resized = declared && !is_sincos(s);
    lac_id table = lac_weight(g, "%s", declared && !is_resized ? other : "pos_embed"); /* 1 x (prefix + N) x D */
    int64_t n = is_resized ? declared->n : grid->n;
    *patches = table;
    if (n_prefix) {
        *prefix = lac_slice_tokens(g, table, 0, n_prefix);
        *patches = lac_slice_tokens(g, table, n_prefix, n);
    }
    *patches = lac_reshape(g, *patches, 2, (int64_t[]){n, width});
    if (is_resized) *patches = lac_matmul(g, lac_weight(g, "%s", other), *patches);
}

/* Patches to tokens with positions, B x (prefix + V or N) x D. The mask token stands in before positions are added. */
static lac_id embed(const lac_settings *s, const lac_grid *grid, lac_graph *g, const lac_encoder_input *input,
                    int64_t width, int64_t n_prefix) {
    lac_id prefix_positions, positions;
    build_positions(s, grid, g, input->declared, width, n_prefix, &prefix_positions, &positions);
    lac_id x = lac_patchify(g, input->picture, grid->n_axes, grid->patch, false); /* B x N x P, channel slowest */
    if (input->keep != LAC_NONE) x = lac_gather_rows(g, x, input->keep);          /* B x V x P */
    x = lac_build_linear(g, "patch_embed.proj", x, true);
    if (input->mask != LAC_NONE) x = lac_mask_tokens(g, x, lac_weight(g, "mask_token"), input->mask);
    if (positions != LAC_NONE && input->keep != LAC_NONE)
        x = lac_add(g, x, lac_gather_rows(g, positions, input->keep));
    else if (positions != LAC_NONE)
        x = lac_add_broadcast(g, x, positions);
    if (!n_prefix) return x;
    lac_id token = lac_weight(g, "cls_token");
    if (positions != LAC_NONE) token = lac_add(g, token, prefix_positions);
    return lac_concat_tokens(g, token, x);
}

static lac_id build(const lac_settings *s, const lac_grid *grid, lac_graph *g, const lac_encoder_input *input) {
    lac_block block = block_of(s);
    int64_t depth = lac_settings_int(s, "depth");
    lac_id x = embed(s, grid, g, input, block.width, lac_settings_bool(s, "class_token"));
    lac_among among = {.bias = LAC_NONE, .n_prefix = lac_settings_bool(s, "class_token")};
    among.places = input->keep != LAC_NONE ? input->places : LAC_NONE;
    if (is_relative(s, "shared")) among.bias = build_relative(s, grid, "rel_pos_bias", g);
    double drop_path = input->is_drop_path_on ? lac_settings_real(s, "drop_path") : 0;
    for (int i = 0; i < depth; i++) {
        double rate = depth > 1 ? drop_path * i / (double)(depth - 1) : drop_path;
        char where[32];
        snprintf(where, sizeof where, "blocks.%d.attn", i);
        if (is_relative(s, "block")) among.bias = build_relative(s, grid, where, g);
        if (among.bias != LAC_NONE && among.places == LAC_NONE) among.places = input->keep;
        if (among.bias != LAC_NONE || among.places != LAC_NONE) block.among = &among;
        if (input->look) block.qkv = &input->look->qkv[i];
        x = lac_block_build(&block, i, g, x, rate, i);
        int64_t tap = i - (depth - input->n_taps);
        if (input->taps && tap >= 0) input->taps[tap] = x;
        if (input->look) {
            input->look->tokens[i] = x;
            input->look->bias[i] = among.bias;
        }
        if (input->layer == i + 1) return x;
    }
    return lac_build_norm(g, "norm", x, block.norm_eps);
}

const lac_encoder_slot lac_encoder_vit = {
    .slot = {"vit", "a vision transformer on the visible patches, or on all with a token for the hidden ones",
             "2010.11929", specs, sizeof specs / sizeof *specs},
    .takes_index = true,
    .takes_weight = true,
    .patch = patch,
    .shape = shape,
    .declare = declare,
    .declare_mask = declare_mask,
    .declare_other = declare_other,
    .build = build,
};
