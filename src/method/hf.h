/* method/hf.h - Hugging Face ViTMAE folders (config.json + model.safetensors) in and out.
 *
 * transformers has written the same weights under several names over time (docs/interop.md); a `names` value says which
 * a file uses, so that results can be reported under the names of the model's own file. */
#ifndef LAC_METHOD_HF_H
#define LAC_METHOD_HF_H

#include <stdbool.h>

#include "method/method.h"

enum {                          /* bits of `names`; 0 is what hub checkpoints use and what Lacuna writes */
       LAC_HF_NO_PREFIX = 1,    /* "embeddings.*" instead of "vit.embeddings.*" (ViTMAEModel alone) */
       LAC_HF_ENCODER_ONLY = 2, /* no "decoder.*" tensors */
       LAC_HF_SHORT_NAMES = 4,  /* "layers.0.attention.q_proj" instead of "encoder.layer.0.attention.attention.query" */
       LAC_HF_DECODER_ENCODER = 8 /* "decoder.decoder_encoder.layer.0.*", as transformers 5.x saves it */
};

/* A Hugging Face tensor and where its values lie: elements first .. first + n of store entry `entry` (query, key and
 * value are row ranges of one qkv matrix). */
typedef struct lac_hf_part {
    const char *name; /* valid during the visit */
    int entry;
    int64_t first, n;
    int rank;
    int64_t dim[LAC_MAX_RANK];
} lac_hf_part;

typedef lac_status (*lac_hf_visit)(void *context, const lac_hf_part *part, lac_error *err);

/* Visit every tensor of a method's store under its Hugging Face name, in store order (decoder left out when `names`
 * says encoder only). LAC_USAGE, naming the parameter, when a weight has no place in ViTMAE. Stops at the first
 * failure. */
lac_status lac_hf_each(const lac_method *method, unsigned names, lac_hf_visit visit, void *context, lac_error *err);

bool lac_hf_is_folder(const char *path); /* holds config.json */

/* Which names the folder's model.safetensors uses. */
lac_status lac_hf_names(const char *folder, unsigned *names, lac_error *err);

/* Read a folder: the recipe that its config.json (and preprocessor_config.json, if there) describes, and the method
 * with its weights. An encoder-only file leaves the decoder as initialised from seed 0. The caller frees the method,
 * then the recipe. Missing, unexpected and ill-shaped tensors and unsupported fields are named. */
lac_status lac_hf_open(const char *folder, lac_dtype real, lac_recipe **recipe, lac_method **method, lac_error *err);

/* Write config.json, preprocessor_config.json and model.safetensors (F32, {"format": "pt"}); each file atomically.
 * LAC_USAGE, naming the key, when the recipe has something that ViTMAE cannot say. */
lac_status lac_hf_export(const lac_method *method, const char *folder, lac_error *err);

#endif
