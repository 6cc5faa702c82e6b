/* model/model.c - the tables of encoders and decoders. */
#include <string.h>

#include "model/slots.h"

static const lac_encoder_slot *const encoders[] = {&lac_encoder_vit};
static const lac_decoder_slot *const decoders[] = {&lac_decoder_mae, &lac_decoder_none, &lac_decoder_linear,
                                                   &lac_decoder_blocks, &lac_decoder_narrow};

int lac_encoder_count(void) {
    return (int)(sizeof encoders / sizeof *encoders);
}

const lac_encoder_slot *lac_encoder_at(int index) {
    return encoders[index];
}

const lac_encoder_slot *lac_encoder_find(const char *name) {
    for (int i = 0; i < lac_encoder_count(); i++)
        if (strcmp(encoders[i]->slot.name, name) == 0) return encoders[i];
    return NULL;
}

int lac_decoder_count(void) {
    return (int)(sizeof decoders / sizeof *decoders);
}

const lac_decoder_slot *lac_decoder_at(int index) {
    return decoders[index];
}

const lac_decoder_slot *lac_decoder_find(const char *name) {
    for (int i = 0; i < lac_decoder_count(); i++)
        if (strcmp(decoders[i]->slot.name, name) == 0) return decoders[i];
    return NULL;
}
