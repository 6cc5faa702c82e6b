/* model/narrow_decoder.c - a narrow transformer that predicts lists of hidden patches from the visible ones, each list
 * for itself (the predictor of I-JEPA, arXiv 2301.08243, section 3).
 *
 * Visible tokens are projected to the width d and positions are added; for each list follow as many copies of one
 * learned token, each with the position of a patch to predict. The M lists of a picture are M sequences that do not see
 * one another. Padding costs its linear layers and no attention. */
#include "model/light.h"
#include "model/slots.h"

static const lac_setting_spec specs[] = {LAC_LIGHT_SPECS("384", "6", "12")};

static lac_status shape(const lac_settings *s, const lac_decoder_context *context, lac_encoder_shape *out,
                        lac_error *err) {
    LAC_TRY(lac_light_shape(s, context, out, err));
    out->n_tokens = context->n_blocks * (context->encoder.n_prefix + context->n_visible + context->n_in_block);
    return LAC_OK;
}

/* The rows that sequences are made of, B x (N + prefix + V) x d: the token at every patch, then the encoder's. */
static lac_id build_rows(const lac_decoder_context *context, lac_graph *g, int64_t width, lac_id features) {
    int64_t n = context->grid->n, n_prefix = context->encoder.n_prefix;
    lac_id x = lac_build_linear(g, "decoder_embed", features, true); /* B x (prefix + V) x d */
    lac_id positions = lac_weight(g, "decoder_pos_embed");           /* 1 x (prefix + N) x d, 0 for the prefix */
    if (n_prefix) positions = lac_slice_tokens(g, positions, n_prefix, n);
    lac_id token = lac_reshape(g, lac_weight(g, "mask_token"), 1, &width);
    lac_id hidden = lac_add_broadcast(g, positions, token);
    lac_id places = lac_gather_rows(g, lac_reshape(g, positions, 2, (int64_t[]){n, width}), context->lists->keep);
    lac_id visible = n_prefix ? lac_slice_tokens(g, x, n_prefix, context->n_visible) : x;
    visible = lac_add(g, visible, places);
    if (n_prefix) visible = lac_concat_tokens(g, lac_slice_tokens(g, x, 0, n_prefix), visible);
    return lac_concat_tokens(g, hidden, visible);
}

static lac_id build(const lac_settings *s, const lac_decoder_context *context, lac_graph *g, lac_id features,
                    lac_id restore) {
    (void)restore;
    int64_t batch = lac_dim(g, features, 0), width = lac_settings_int(s, "width");
    int64_t n_seen = context->encoder.n_prefix + context->n_visible, n_in_block = context->n_in_block;
    lac_id x = lac_gather_rows(g, build_rows(context, g, width, features), context->lists->sequence);
    x = lac_reshape(g, x, 3, (int64_t[]){batch * context->n_blocks, n_seen + n_in_block, width});
    lac_among among = {.bias = LAC_NONE, .places = context->lists->places, .n_prefix = context->encoder.n_prefix};
    x = lac_light_blocks(s, g, x, among.places == LAC_NONE ? NULL : &among);
    x = lac_light_predict(s, g, lac_slice_tokens(g, x, n_seen, n_in_block)); /* B M x K x Q */
    return lac_reshape(g, x, 3, (int64_t[]){batch, context->n_blocks * n_in_block, context->target_values});
}

const lac_decoder_slot lac_decoder_narrow = {
    .slot = {"narrow", "a narrow transformer that predicts lists of hidden patches, each for itself", "2301.08243",
             specs, sizeof specs / sizeof *specs},
    .takes_lists = true,
    .shape = shape,
    .declare = lac_light_declare,
    .build = build,
};
