/* method/method_private.h - what method.c and step.c share. */
#ifndef LAC_METHOD_METHOD_PRIVATE_H
#define LAC_METHOD_METHOD_PRIVATE_H

#include "mask/mask.h"
#include "method/method.h"
#include "method/sections.h"
#include "model/decoder.h"
#include "model/encoder.h"
#include "objective/objective.h"
#include "target/target.h"

typedef struct lac_term {
    const lac_objective_slot *slot;
    const lac_settings *settings;
    lac_on on;
    double weight;
    char name[64]; /* "l2"; "l2.1" for item 1 when item 0 is an l2 too */
} lac_term;

struct lac_method {
    const lac_recipe *recipe;
    lac_store *store;
    lac_grid grid;
    const lac_mask_slot *mask;
    const lac_encoder_slot *encoder;
    const lac_decoder_slot *decoder;
    const lac_target_slot *target;
    const lac_settings *mask_settings, *encoder_settings, *decoder_settings, *target_settings;
    lac_encoder_shape encoder_shape, decoder_shape;
    lac_decoder_context decoder_context;
    lac_target_context target_context; /* without ids */
    bool is_index;                     /* the encoder sees visible patches alone; else all, some replaced by a token */
    int64_t n_shown;                   /* patches that an index-form mask leaves visible */
    int64_t n_visible;                 /* patches that the encoder sees: n_shown, or N */
    int n_terms;
    lac_term terms[LAC_MAX_OBJECTIVES];
};

/* rank and dims of a batch of pictures: B x C x S... */
int lac_method_picture_dims(const lac_method *method, int64_t batch, int64_t dim[LAC_MAX_RANK]);

#endif
