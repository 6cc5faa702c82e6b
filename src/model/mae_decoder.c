/* model/mae_decoder.c - the light transformer that predicts every patch from the visible ones (MAE, arXiv 2111.06377).
 *
 * Visible tokens are projected to the decoder's width d, a learned mask token stands at each hidden place, fixed
 * positions are added to all, and after the blocks a norm and a linear layer give Q values per patch. Prefix tokens
 * (class) go through the blocks and are dropped before the norm, which treats each token by itself. */
#include <math.h>

#include "model/block.h"
#include "model/positions.h"
#include "model/slots.h"

static const lac_setting_spec specs[] = {
    {"width", LAC_SETTING_INT, "512", 1, 65536, 0, 0, NULL, NULL, "d, values in a token"},
    {"depth", LAC_SETTING_INT, "8", 1, 120, 0, 0, NULL, NULL, "blocks"},
    {"heads", LAC_SETTING_INT, "16", 1, 1024, 0, 0, NULL, NULL, "attention heads; divides the width"},
    {"mlp_ratio", LAC_SETTING_REAL, "4", LAC_ABOVE_ZERO, 64, 0, 0, NULL, NULL, "width of the MLP's hidden layer / d"},
    {"qkv_bias", LAC_SETTING_BOOL, "true", 0, 0, 0, 0, NULL, NULL, "bias of queries, keys and values"},
    {"norm_eps", LAC_SETTING_REAL, "1e-6", LAC_ABOVE_ZERO, 1, 0, 0, NULL, NULL, "epsilon of the layer norms"},
};

static lac_block block_of(const lac_settings *s) {
    int64_t width = lac_settings_int(s, "width");
    return (lac_block){.prefix = "decoder_blocks",
                       .width = width,
                       .mlp_width = llround((double)width * lac_settings_real(s, "mlp_ratio")),
                       .heads = (int)lac_settings_int(s, "heads"),
                       .has_qkv_bias = lac_settings_bool(s, "qkv_bias"),
                       .norm_eps = lac_settings_real(s, "norm_eps")};
}

static lac_status shape(const lac_settings *s, const lac_decoder_context *context, lac_encoder_shape *out,
                        lac_error *err) {
    lac_block block = block_of(s);
    if (block.mlp_width < 1) return lac_usage(err, "model.decoder.mlp_ratio: leaves an MLP of width 0");
    *out = (lac_encoder_shape){.width = block.width,
                               .depth = lac_settings_int(s, "depth"),
                               .n_prefix = context->encoder.n_prefix,
                               .mlp_width = block.mlp_width,
                               .heads = block.heads};
    return lac_check_width("model.decoder", block.width, block.heads, true, context->grid->n_axes, err);
}

static lac_status declare(const lac_settings *s, const lac_decoder_context *context, lac_store *store, lac_error *err) {
    lac_block block = block_of(s);
    const lac_grid *grid = context->grid;
    int64_t n_prefix = context->encoder.n_prefix;
    int64_t token[3] = {1, 1, block.width}, table[3] = {1, n_prefix + grid->n, block.width};
    int index;
    LAC_TRY(lac_declare_linear(store, "decoder_embed", block.width, 1, &context->encoder.width, true, err));
    LAC_TRY(lac_store_add(store, "mask_token", 3, token, LAC_PARAM_NO_DECAY, LAC_INIT_NORMAL, .02, NULL, err));
    LAC_TRY(lac_store_add(store, "decoder_pos_embed", 3, table, LAC_PARAM_BUFFER, LAC_INIT_GIVEN, 0, &index, err));
    lac_positions_fill(grid, block.width, n_prefix, lac_store_real(store), lac_store_at(store, index)->value);
    for (int i = 0; i < lac_settings_int(s, "depth"); i++)
        LAC_TRY(lac_block_declare(&block, i, store, err));
    LAC_TRY(lac_declare_norm(store, "decoder_norm", block.width, err));
    return lac_declare_linear(store, "decoder_pred", context->target_values, 1, &block.width, true, err);
}

static lac_id build(const lac_settings *s, const lac_decoder_context *context, lac_graph *g, lac_id features,
                    lac_id restore) {
    lac_block block = block_of(s);
    int64_t n = context->grid->n, n_prefix = context->encoder.n_prefix;
    lac_id x = lac_build_linear(g, "decoder_embed", features, true); /* B x (prefix + V) x d */
    lac_id prefix = LAC_NONE, visible = x;
    if (n_prefix) {
        prefix = lac_slice_tokens(g, x, 0, n_prefix);
        visible = lac_slice_tokens(g, x, n_prefix, context->n_visible);
    }
    lac_id token = lac_reshape(g, lac_weight(g, "mask_token"), 1, &block.width);
    x = lac_restore(g, visible, token, restore); /* B x N x d */
    if (n_prefix) x = lac_concat_tokens(g, prefix, x);
    lac_id positions = lac_reshape(g, lac_weight(g, "decoder_pos_embed"), 2, (int64_t[]){n_prefix + n, block.width});
    x = lac_add_broadcast(g, x, positions);
    for (int i = 0; i < lac_settings_int(s, "depth"); i++)
        x = lac_block_build(&block, i, g, x, 0, 0);
    if (n_prefix) x = lac_slice_tokens(g, x, n_prefix, n);
    x = lac_build_norm(g, "decoder_norm", x, block.norm_eps);
    return lac_build_linear(g, "decoder_pred", x, true); /* B x N x Q */
}

const lac_decoder_slot lac_decoder_mae = {
    .slot = {"mae", "a light transformer; a learned token at each hidden place", "2111.06377", specs,
             sizeof specs / sizeof *specs},
    .takes_index = true,
    .shape = shape,
    .declare = declare,
    .build = build,
};
