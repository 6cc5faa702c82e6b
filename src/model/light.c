/* model/light.c - the parts of light transformers that decode (light.h). Names are MAE's. */
#include "model/light.h"

#include <math.h>

#include "model/positions.h"

static lac_block block_of(const lac_settings *s) {
    int64_t width = lac_settings_int(s, "width");
    return (lac_block){.prefix = "decoder_blocks",
                       .width = width,
                       .mlp_width = llround((double)width * lac_settings_real(s, "mlp_ratio")),
                       .heads = (int)lac_settings_int(s, "heads"),
                       .has_qkv_bias = lac_settings_bool(s, "qkv_bias"),
                       .norm_eps = lac_settings_real(s, "norm_eps")};
}

lac_status lac_light_shape(const lac_settings *s, const lac_decoder_context *context, lac_encoder_shape *out,
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

lac_status lac_light_declare(const lac_settings *s, const lac_decoder_context *context, lac_store *store,
                             lac_error *err) {
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

lac_id lac_light_blocks(const lac_settings *s, lac_graph *g, lac_id x, const lac_among *among) {
    lac_block block = block_of(s);
    block.among = among;
    for (int i = 0; i < lac_settings_int(s, "depth"); i++)
        x = lac_block_build(&block, i, g, x, 0, 0);
    return x;
}

lac_id lac_light_predict(const lac_settings *s, lac_graph *g, lac_id x) {
    return lac_build_linear(g, "decoder_pred", lac_build_norm(g, "decoder_norm", x, lac_settings_real(s, "norm_eps")),
                            true);
}
