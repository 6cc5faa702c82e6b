/* model/slots.h - the encoders, decoders and quantizers there are. A new one: its file, a line here, and a line in the
 * tables of model.c and quantizer.c. */
#ifndef LAC_MODEL_SLOTS_H
#define LAC_MODEL_SLOTS_H

#include "model/decoder.h"
#include "model/encoder.h"
#include "model/quantizer.h"

extern const lac_encoder_slot lac_encoder_vit;
extern const lac_decoder_slot lac_decoder_none, lac_decoder_mae, lac_decoder_linear, lac_decoder_blocks,
    lac_decoder_narrow;
extern const lac_quantizer_slot lac_quantizer_vq, lac_quantizer_gumbel;

#endif
