/* method/hf_private.h - what hf_*.c share. */
#ifndef LAC_METHOD_HF_PRIVATE_H
#define LAC_METHOD_HF_PRIVATE_H

#include "io/safetensors.h"
#include "method/hf.h"

unsigned lac_hf_names_of(const lac_safetensors *file);

#endif
