/* model/blocks_decoder.c - a light transformer on the tokens of all patches: what decodes a tokenizer's codes (as
 * ViT-VQGAN's, arXiv 2110.04627, section 3.1).
 *
 * Tokens are projected to the decoder's width d, fixed positions are added, and after the blocks a norm and a linear
 * layer give Q values per patch. Prefix tokens are dropped before. Not here: visible patches alone (mae_decoder.c). */
#include <math.h>

#include "model/block.h"
#include "model/positions.h"
#include "model/slots.h"

static const lac_setting_spec specs[] = {
    {"width", LAC_SETTING_INT, "512", 1, 65536, 0, 0, NULL, NULL, "d, values in a token"},
    {"depth", LAC_SETTING_INT, "4", 1, 120, 0, 0, NULL, NULL, "blocks"},
    {"heads", LAC_SETTING_INT, "8", 1, 1024, 0, 0, NULL, NULL, "attention heads; divides the width"},
    {"mlp_ratio", LAC_SETTING_REAL, "4", LAC_ABOVE_ZERO, 64, 0, 0, NULL, NULL, "width of the MLP's hidden layer / d"},
};

static lac_block block_of(const lac_settings *s) {
    int64_t width = lac_settings_int(s, "width");
    return (lac_block){.prefix = "decoder_blocks",
                       .width = width,
                       .mlp_width = llround((double)width * lac_settings_real(s, "mlp_ratio")),
                       .heads = (int)lac_settings_int(s, "heads"),
                       .has_qkv_bias = true,
                       .norm_eps = 1e-6};
}

static lac_status shape(const lac_settings *s, const lac_decoder_context *context, lac_encoder_shape *out,
                        lac_error *err) {
    lac_block block = block_of(s);
    if (block.mlp_width < 1) return lac_usage(err, "model.decoder.mlp_ratio: leaves an MLP of width 0");
    *out = (lac_encoder_shape){.width = block.width,
                               .depth = lac_settings_int(s, "depth"),
                               .mlp_width = block.mlp_width,
                               .heads = block.heads};
    return lac_check_width("model.decoder", block.width, block.heads, true, context->grid->n_axes, err);
}

static lac_status declare(const lac_settings *s, const lac_decoder_context *context, lac_store *store, lac_error *err) {
    lac_block block = block_of(s);
    int64_t table[3] = {1, context->grid->n, block.width};
    int index;
    LAC_TRY(lac_declare_linear(store, "decoder_embed", block.width, 1, &context->encoder.width, true, err));
    LAC_TRY(lac_store_add(store, "decoder_pos_embed", 3, table, LAC_PARAM_BUFFER, LAC_INIT_GIVEN, 0, &index, err));
    lac_positions_fill(context->grid, block.width, 0, lac_store_real(store), lac_store_at(store, index)->value);
    for (int i = 0; i < lac_settings_int(s, "depth"); i++)
        LAC_TRY(lac_block_declare(&block, i, store, err));
    LAC_TRY(lac_declare_norm(store, "decoder_norm", block.width, err));
    return lac_declare_linear(store, "decoder_pred", context->target_values, 1, &block.width, true, err);
}

static lac_id build(const lac_settings *s, const lac_decoder_context *context, lac_graph *g, lac_id features,
                    lac_id restore) {
    (void)restore;
    lac_block block = block_of(s);
    int64_t n_prefix = context->encoder.n_prefix;
    if (n_prefix) features = lac_slice_tokens(g, features, n_prefix, context->grid->n);
    lac_id x = lac_build_linear(g, "decoder_embed", features, true); /* B x N x d */
    int64_t table[2] = {context->grid->n, block.width};
    x = lac_add_broadcast(g, x, lac_reshape(g, lac_weight(g, "decoder_pos_embed"), 2, table));
    for (int i = 0; i < lac_settings_int(s, "depth"); i++)
        x = lac_block_build(&block, i, g, x, 0, 0);
    return lac_build_linear(g, "decoder_pred", lac_build_norm(g, "decoder_norm", x, block.norm_eps), true);
}

const lac_decoder_slot lac_decoder_blocks = {
    .slot = {"blocks", "a light transformer on the tokens of all patches", "2110.04627", specs,
             sizeof specs / sizeof *specs},
    .takes_weight = true,
    .shape = shape,
    .declare = declare,
    .build = build,
};
