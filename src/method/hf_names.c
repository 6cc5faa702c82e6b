/* method/hf_names.c - Lacuna's parameter names (MAE's own, timm's) and transformers' names for the same numbers.
 *
 * Most tensors only change names; a qkv matrix is three tensors, its row ranges. Tables and history: docs/interop.md.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "io/safetensors.h"
#include "method/hf_private.h"

enum { NAME_ROOM = 256 };

typedef struct rename_rule {
    const char *ours, *theirs, *short_theirs; /* a whole component sequence at the start; NULL short: the same */
} rename_rule;

static const rename_rule outside_blocks[] = {
    {"cls_token", "embeddings.cls_token", NULL},
    {"pos_embed", "embeddings.position_embeddings", NULL},
    {"patch_embed.proj", "embeddings.patch_embeddings.projection", NULL},
    {"norm", "layernorm", NULL},
    {"mask_token", "decoder.mask_token", NULL},
    {"decoder_pos_embed", "decoder.decoder_pos_embed", NULL},
    {"decoder_embed", "decoder.decoder_embed", NULL},
    {"decoder_norm", "decoder.decoder_norm", NULL},
    {"decoder_pred", "decoder.decoder_pred", NULL},
};
static const rename_rule inside_blocks[] = {
    {"norm1", "layernorm_before", NULL},
    {"norm2", "layernorm_after", NULL},
    {"attn.proj", "attention.output.dense", "attention.o_proj"},
    {"mlp.fc1", "intermediate.dense", "mlp.fc1"},
    {"mlp.fc2", "output.dense", "mlp.fc2"},
};
static const char *const parts_long[3] = {"attention.attention.query", "attention.attention.key",
                                          "attention.attention.value"};
static const char *const parts_short[3] = {"attention.q_proj", "attention.k_proj", "attention.v_proj"};

/* If `name` is `start` or `start`.more, the rest after it; else NULL. */
static const char *after(const char *name, const char *start) {
    size_t n = strlen(start);
    return strncmp(name, start, n) == 0 && (name[n] == 0 || name[n] == '.') ? name + n : NULL;
}

static bool rename_by(const rename_rule *rules, size_t n, unsigned names, const char *lead, const char *name,
                      char *out) {
    for (size_t i = 0; i < n; i++) {
        const char *rest = after(name, rules[i].ours);
        if (!rest) continue;
        const char *theirs =
            names & LAC_HF_SHORT_NAMES && rules[i].short_theirs ? rules[i].short_theirs : rules[i].theirs;
        snprintf(out, NAME_ROOM, "%s%s%s", lead, theirs, rest);
        return true;
    }
    return false;
}

static lac_status visit_block(unsigned names, const lac_entry *entry, int index, bool is_decoder, const char *rest,
                              lac_hf_visit visit, void *context, lac_error *err) {
    char *end, lead[64], name[NAME_ROOM];
    long block = strtol(rest, &end, 10);
    if (*end == '.') end++;
    if (is_decoder)
        snprintf(lead, sizeof lead, "decoder.%s.%ld.",
                 names & LAC_HF_DECODER_ENCODER ? "decoder_encoder.layer" : "decoder_layers", block);
    else
        snprintf(lead, sizeof lead, "%s%s.%ld.", names & LAC_HF_NO_PREFIX ? "" : "vit.",
                 names & LAC_HF_SHORT_NAMES ? "layers" : "encoder.layer", block);
    lac_hf_part part = {.entry = index, .n = entry->n, .rank = entry->rank, .name = name};
    memcpy(part.dim, entry->dim, sizeof part.dim);
    const char *leaf = after(end, "attn.qkv");
    if (leaf) {
        part.n = entry->n / 3;
        part.dim[0] = entry->dim[0] / 3;
        for (int i = 0; i < 3; i++) {
            part.first = i * part.n;
            snprintf(name, sizeof name, "%s%s%s", lead, names & LAC_HF_SHORT_NAMES ? parts_short[i] : parts_long[i],
                     leaf);
            LAC_TRY(visit(context, &part, err));
        }
        return LAC_OK;
    }
    if (!rename_by(inside_blocks, sizeof inside_blocks / sizeof *inside_blocks, names, lead, end, name))
        return lac_usage(err, "parameter %s has no place in Hugging Face's ViTMAE", entry->name);
    return visit(context, &part, err);
}

lac_status lac_hf_each(const lac_method *method, unsigned names, lac_hf_visit visit, void *context, lac_error *err) {
    const lac_store *store = lac_method_store(method);
    for (int i = 0; i < lac_store_count(store); i++) {
        const lac_entry *entry = lac_store_at(store, i);
        const char *rest = after(entry->name, "blocks"), *decoder_rest = after(entry->name, "decoder_blocks");
        bool is_decoder = strncmp(entry->name, "decoder_", 8) == 0 || strcmp(entry->name, "mask_token") == 0;
        if (is_decoder && names & LAC_HF_ENCODER_ONLY) continue;
        if (rest || decoder_rest) {
            LAC_TRY(visit_block(names, entry, i, !rest, rest ? rest + 1 : decoder_rest + 1, visit, context, err));
            continue;
        }
        char name[NAME_ROOM];
        lac_hf_part part = {.entry = i, .n = entry->n, .rank = entry->rank, .name = name};
        memcpy(part.dim, entry->dim, sizeof part.dim);
        const char *lead = is_decoder || names & LAC_HF_NO_PREFIX ? "" : "vit.";
        if (!rename_by(outside_blocks, sizeof outside_blocks / sizeof *outside_blocks, names, lead, entry->name, name))
            return lac_usage(err, "parameter %s has no place in Hugging Face's ViTMAE", entry->name);
        LAC_TRY(visit(context, &part, err));
    }
    return LAC_OK;
}

unsigned lac_hf_names_of(const lac_safetensors *file) {
    unsigned names = LAC_HF_NO_PREFIX | LAC_HF_ENCODER_ONLY;
    for (int i = 0; i < lac_safetensors_count(file); i++) {
        const char *name = lac_safetensors_at(file, i)->name;
        if (after(name, "vit")) names &= ~(unsigned)LAC_HF_NO_PREFIX;
        if (after(name, "decoder")) names &= ~(unsigned)LAC_HF_ENCODER_ONLY;
        if (strstr(name, ".q_proj.")) names |= LAC_HF_SHORT_NAMES;
        if (after(name, "decoder.decoder_encoder")) names |= LAC_HF_DECODER_ENCODER;
    }
    return names;
}

lac_status lac_hf_names(const char *folder, unsigned *names, lac_error *err) {
    char *path = lac_format("%s/model.safetensors", folder);
    if (!path) return lac_no_memory(err, "a path");
    lac_safetensors *file = NULL;
    lac_status status = lac_safetensors_open(path, &file, err);
    lac_free(path);
    if (status != LAC_OK) return status;
    *names = lac_hf_names_of(file);
    lac_safetensors_close(file);
    return LAC_OK;
}
