/* model/no_decoder.c - no decoder: a method whose objective compares projections alone. */
#include "model/slots.h"

static lac_status shape(const lac_settings *settings, const lac_decoder_context *context, lac_encoder_shape *shape,
                        lac_error *err) {
    (void)settings, (void)context, (void)err;
    *shape = (lac_encoder_shape){0};
    return LAC_OK;
}

const lac_decoder_slot lac_decoder_none = {
    .slot = {"none", "nothing is decoded: the objective compares projections alone", "", NULL, 0},
    .takes_index = true,
    .takes_weight = true,
    .shape = shape,
};
