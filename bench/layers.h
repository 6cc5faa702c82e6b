/* bench/layers.h - the linear layers of the recipes that are measured, for products timed alone. */
#ifndef LAC_BENCH_LAYERS_H
#define LAC_BENCH_LAYERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `tokens` rows a picture, `in` features to `out`. In a step `has_gelu` ones end in a GELU, and those from patches need
 * no input gradient. */
static const struct lac_bench_layer {
    const char *name;
    int64_t tokens, in, out;
    bool has_gelu, is_tiny, from_patches;
} lac_bench_layers[] = {
    {"tiny-32 patches", 16, 48, 192, false, true, true},    {"tiny-32 enc qkv", 17, 192, 576, false, true, false},
    {"tiny-32 enc proj", 17, 192, 192, false, true, false}, {"tiny-32 enc fc1", 17, 192, 768, true, true, false},
    {"tiny-32 enc fc2", 17, 768, 192, false, true, false},  {"tiny-32 dec qkv", 65, 96, 288, false, true, false},
    {"tiny-32 dec proj", 65, 96, 96, false, true, false},   {"tiny-32 dec fc1", 65, 96, 384, true, true, false},
    {"tiny-32 dec fc2", 65, 384, 96, false, true, false},   {"tiny-32 dec pred", 65, 96, 48, false, true, false},
    {"ViT-B enc qkv", 50, 768, 2304, false, false, false},  {"ViT-B enc proj", 50, 768, 768, false, false, false},
    {"ViT-B enc fc1", 50, 768, 3072, true, false, false},   {"ViT-B enc fc2", 50, 3072, 768, false, false, false},
    {"ViT-B dec qkv", 197, 512, 1536, false, false, false}, {"ViT-B dec fc1", 197, 512, 2048, true, false, false},
    {"ViT-B dec pred", 197, 512, 768, false, false, false},
};

enum { LAC_BENCH_LAYERS = sizeof lac_bench_layers / sizeof *lac_bench_layers };

typedef enum lac_bench_kind { LAC_FORWARD, LAC_INPUT_GRADIENT, LAC_WEIGHT_GRADIENT, LAC_BENCH_KINDS } lac_bench_kind;

static const char *const lac_bench_kind_names[] = {"forward", "d_input", "d_weight"};

#endif
