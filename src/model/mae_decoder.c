/* model/mae_decoder.c - the light transformer that predicts every patch from the visible ones (MAE, arXiv 2111.06377).
 *
 * Visible tokens are projected to the decoder's width d, a learned mask token stands at each hidden place, fixed
 * positions are added to all, and after the blocks a norm and a linear layer give Q values per patch. Prefix tokens
 * (class) go through the blocks and are dropped before the norm, which treats each token by itself. */
#include "model/light.h"
#include "model/slots.h"

static const lac_setting_spec specs[] = {LAC_LIGHT_SPECS("512", "8", "16")};

static lac_id build(const lac_settings *s, const lac_decoder_context *context, lac_graph *g, lac_id features,
                    lac_id restore) {
    int64_t n = context->grid->n, n_prefix = context->encoder.n_prefix, width = lac_settings_int(s, "width");
    lac_id x = lac_build_linear(g, "decoder_embed", features, true); /* B x (prefix + V) x d */
    lac_id prefix = LAC_NONE, visible = x;
    if (n_prefix) {
        prefix = lac_slice_tokens(g, x, 0, n_prefix);
        visible = lac_slice_tokens(g, x, n_prefix, context->n_visible);
    }
    lac_id token = lac_reshape(g, lac_weight(g, "mask_token"), 1, &width);
    x = lac_restore(g, visible, token, restore); /* B x N x d */
    if (n_prefix) x = lac_concat_tokens(g, prefix, x);
    lac_id positions = lac_reshape(g, lac_weight(g, "decoder_pos_embed"), 2, (int64_t[]){n_prefix + n, width});
    x = lac_light_blocks(s, g, lac_add_broadcast(g, x, positions), NULL);
    if (n_prefix) x = lac_slice_tokens(g, x, n_prefix, n);
    return lac_light_predict(s, g, x); /* B x N x Q */
}

const lac_decoder_slot lac_decoder_mae = {
    .slot = {"mae", "a light transformer; a learned token at each hidden place", "2111.06377", specs,
             sizeof specs / sizeof *specs},
    .takes_index = true,
    .shape = lac_light_shape,
    .declare = lac_light_declare,
    .build = build,
};
