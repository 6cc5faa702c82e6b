/* model/linear_decoder.c - one linear layer from each token to its patch's prediction (SimMIM, arXiv 2111.09886,
 * section 3.4; BEiT, arXiv 2106.08254).
 *
 * For encoders that see all patches: their normed tokens, the prefix dropped, times one matrix. SimMIM writes the same
 * as a 1 x 1 convolution and a pixel shuffle, which orders a patch's values otherwise. */
#include "model/block.h"
#include "model/slots.h"

static lac_status shape(const lac_settings *s, const lac_decoder_context *context, lac_encoder_shape *out,
                        lac_error *err) {
    (void)s;
    (void)err;
    *out = (lac_encoder_shape){.width = context->encoder.width, .heads = 1};
    return LAC_OK;
}

static lac_status declare(const lac_settings *s, const lac_decoder_context *context, lac_store *store, lac_error *err) {
    (void)s;
    return lac_declare_linear(store, "decoder_pred", context->target_values, 1, &context->encoder.width, true, err);
}

static lac_id build(const lac_settings *s, const lac_decoder_context *context, lac_graph *g, lac_id features,
                    lac_id restore) {
    (void)s;
    (void)restore;
    int64_t n_prefix = context->encoder.n_prefix;
    if (n_prefix) features = lac_slice_tokens(g, features, n_prefix, context->grid->n);
    return lac_build_linear(g, "decoder_pred", features, true); /* B x N x Q */
}

const lac_decoder_slot lac_decoder_linear = {
    .slot = {"linear", "one linear layer on every token", "2111.09886", NULL, 0},
    .takes_weight = true,
    .shape = shape,
    .declare = declare,
    .build = build,
};
