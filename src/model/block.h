/* model/block.h - the pre-norm transformer block that encoders and decoders stack, and small helpers for weights. */
#ifndef LAC_MODEL_BLOCK_H
#define LAC_MODEL_BLOCK_H

#include <stdbool.h>

#include "graph/graph.h"

/* What attention adds to its scores, and among which tokens it is: see lac_attention_biased. */
typedef struct lac_among {
    lac_id bias;   /* h x R x R; LAC_NONE: nothing is added */
    lac_id places; /* i32 [B x T-p]; LAC_NONE: all tokens, in order */
    int64_t n_prefix;
} lac_among;

typedef struct lac_block {
    const char *prefix; /* "blocks" or "decoder_blocks": parameters are PREFIX.INDEX.norm1.weight, ... */
    int64_t width, mlp_width;
    int heads;
    bool has_qkv_bias, has_no_key_bias;
    double layer_scale; /* its initial value; 0: none */
    double norm_eps;
    const lac_among *among; /* NULL: plain attention */
    lac_id *qkv;            /* where build leaves the tensor that attention reads; NULL: nowhere */
} lac_block;

lac_status lac_block_declare(const lac_block *block, int index, lac_store *store, lac_error *err);
/* x: B x T x D. drop_path: the rate of both branches, 0 for none; `layer` numbers them for random draws. */
lac_id lac_block_build(const lac_block *block, int index, lac_graph *graph, lac_id x, double drop_path, int layer);

/* The parameter named by the format, which must have been declared. */
lac_id lac_weight(lac_graph *graph, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* NAME.weight (out x in..., xavier) and NAME.bias (zeros, unless is_biased is false). */
lac_status lac_declare_linear(lac_store *store, const char *name, int64_t out, int rank_in, const int64_t *in,
                              bool is_biased, lac_error *err);
lac_status lac_declare_norm(lac_store *store, const char *name, int64_t width, lac_error *err);
lac_id lac_build_linear(lac_graph *graph, const char *name, lac_id x, bool is_biased);
lac_id lac_build_norm(lac_graph *graph, const char *name, lac_id x, double eps);

/* Checks shared by encoders and decoders; `section` goes into the text ("model.encoder"). */
lac_status lac_check_width(const char *section, int64_t width, int64_t heads, bool is_sincos, int n_axes,
                           lac_error *err);

#endif
