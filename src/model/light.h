/* model/light.h - what decoders that are light transformers have in common: an embedding to their width, a token that
 * stands at hidden places, fixed positions, blocks, a norm and a linear layer to the values of a patch. */
#ifndef LAC_MODEL_LIGHT_H
#define LAC_MODEL_LIGHT_H

#include "model/block.h"
#include "model/decoder.h"

/* The settings, to start a decoder's table with; defaults as text. */
#define LAC_LIGHT_SPECS(width, depth, heads)                                                                           \
    {"width", LAC_SETTING_INT, width, 1, 65536, 0, 0, NULL, NULL, "d, values in a token"},                             \
        {"depth", LAC_SETTING_INT, depth, 1, 120, 0, 0, NULL, NULL, "blocks"},                                         \
        {"heads", LAC_SETTING_INT, heads, 1, 1024, 0, 0, NULL, NULL, "attention heads; divides the width"},            \
        {"mlp_ratio", LAC_SETTING_REAL,                                                                                \
         "4",         LAC_ABOVE_ZERO,                                                                                  \
         64,          0,                                                                                               \
         0,           NULL,                                                                                            \
         NULL,        "width of the MLP's hidden layer / d"},                                                          \
        {"qkv_bias", LAC_SETTING_BOOL, "true", 0, 0, 0, 0, NULL, NULL, "bias of queries, keys and values"}, {          \
        "norm_eps", LAC_SETTING_REAL, "1e-6", LAC_ABOVE_ZERO, 1, 0, 0, NULL, NULL, "epsilon of the layer norms"        \
    }

/* shape and declare of a decoder slot, as they are: decoder_embed, mask_token, decoder_pos_embed (prefix + N rows),
 * decoder_blocks, decoder_norm, decoder_pred. */
lac_status lac_light_shape(const lac_settings *s, const lac_decoder_context *context, lac_encoder_shape *shape,
                           lac_error *err);
lac_status lac_light_declare(const lac_settings *s, const lac_decoder_context *context, lac_store *store,
                             lac_error *err);
/* The blocks, B x T x d; among as in lac_block. */
lac_id lac_light_blocks(const lac_settings *s, lac_graph *g, lac_id x, const lac_among *among);
lac_id lac_light_predict(const lac_settings *s, lac_graph *g, lac_id x); /* norm and linear: [.. x d] -> [.. x Q] */

#endif
