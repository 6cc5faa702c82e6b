/* model/decoder.h - what a decoder slot offers: encoded tokens in, one prediction per patch out. */
#ifndef LAC_MODEL_DECODER_H
#define LAC_MODEL_DECODER_H

#include "base/slot.h"
#include "data/grid.h"
#include "graph/graph.h"
#include "model/encoder.h"

/* Lists of patches, with padding (mask/mask.h): inputs of the graph. A sequence is the prefix, V visible patches and K
 * to predict; a picture has M. */
typedef struct lac_decoder_lists {
    lac_id keep;     /* i32 [B x V]: the encoder's patches; padding: any patch */
    lac_id sequence; /* i32 [B x M (prefix + V + K)]: n < N a token for hidden patch n, N + t the encoder's token t */
    lac_id places;   /* i32 [B M x (V + K)]: the patches that those are, below 0: padding; LAC_NONE: there is none */
} lac_decoder_lists;

typedef struct lac_decoder_context {
    const lac_grid *grid;
    lac_encoder_shape encoder;
    int64_t n_visible;              /* V; N when the encoder sees all patches */
    int64_t target_values;          /* Q values predicted per patch */
    int64_t n_blocks, n_in_block;   /* M, K; 0 unless the decoder takes lists */
    const lac_decoder_lists *lists; /* for build; NULL unless it does */
} lac_decoder_context;

typedef struct lac_decoder_slot {
    lac_slot slot;
    bool takes_index;  /* works from the visible patches' tokens */
    bool takes_weight; /* works from tokens of all patches */
    bool takes_lists;  /* works from the visible patches' tokens and predicts lists of patches, both with padding */
    /* Width, depth and tokens per sample, for the micro-batch rule; LAC_USAGE for numbers that do not fit. */
    lac_status (*shape)(const lac_settings *settings, const lac_decoder_context *context, lac_encoder_shape *shape,
                        lac_error *err);
    lac_status (*declare)(const lac_settings *settings, const lac_decoder_context *context, lac_store *store,
                          lac_error *err);
    /* features: B x (prefix + V) x D; restore: i32 [B x N] as lac_mask_indices gives; result B x N x Q. Tokens of all
     * patches: features B x (prefix + N) x D, restore LAC_NONE. Lists: restore LAC_NONE, result B x M K x Q. */
    lac_id (*build)(const lac_settings *settings, const lac_decoder_context *context, lac_graph *graph, lac_id features,
                    lac_id restore);
} lac_decoder_slot;

int lac_decoder_count(void);
const lac_decoder_slot *lac_decoder_at(int index);
const lac_decoder_slot *lac_decoder_find(const char *name); /* NULL if absent */

#endif
