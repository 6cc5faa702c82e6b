/* method/tokenizer.h - a trained tokenizer as a file: the encoder and the codes, without what decodes them.
 *
 * A safetensors file: the tensors of `model.encoder` and `model.quantizer` under their own names, F32, and in its
 * metadata format "pt", lacuna_format "1", lacuna_kind "tokenizer", the resolved recipe as YAML, and fingerprint, the
 * XXH3 of the recipe and of all tensors in order. */
#ifndef LAC_METHOD_TOKENIZER_H
#define LAC_METHOD_TOKENIZER_H

#include "method/method.h"

/* Write what `method`, which has a quantizer, has learned; atomically. The same weights, the same bytes. */
lac_status lac_tokenizer_write(const lac_method *method, const char *path, lac_error *err);

typedef struct lac_tokenizer_about {
    char *recipe; /* YAML; lac_alloc'ed */
    char fingerprint[17];
} lac_tokenizer_about;
/* What a file says of itself, its fingerprint checked. LAC_FAILURE for a damaged file or another kind of file,
 * LAC_USAGE for a newer format. */
lac_status lac_tokenizer_look(const char *path, lac_tokenizer_about *about, lac_error *err);
void lac_tokenizer_forget(lac_tokenizer_about *about);

#endif
