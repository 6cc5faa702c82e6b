/* model/quantizer.h - what a quantizer slot offers: tokens in, one of K codes for each out (tokenizers).
 *
 * declare adds the codes to a store; build writes the graph, in training and otherwise; learn moves codes that no
 * gradient moves, after each optimizer step. */
#ifndef LAC_MODEL_QUANTIZER_H
#define LAC_MODEL_QUANTIZER_H

#include "base/random.h"
#include "base/slot.h"
#include "graph/graph.h"

typedef struct lac_quantized {
    lac_id tokens;     /* B x N x width: what a decoder gets; gradients pass */
    lac_id ids;        /* i32 [B x N]: the code of each token */
    lac_id prediction; /* B x N x Q, what terms `of: quantizer` judge: tokens before they were quantized, or logits */
    lac_id target;     /* B x N x Q, what they are compared with; LAC_NONE: nothing */
} lac_quantized;

/* What a step gathered for learn: sums over its batch of the outputs that `sums` names, in that order, and the rows
 * that its last micro-batch put into "rows" [R x C]. */
enum { LAC_MOST_SUMS = 4 };
typedef struct lac_gathered {
    const float *sum[LAC_MOST_SUMS];
    const float *rows;
    int64_t n_rows;
    lac_random random; /* of this step */
} lac_gathered;

typedef struct lac_quantizer_slot {
    lac_slot slot;
    bool gives_target;
    bool draws; /* in training build reads the input "gumbel/0" [B x N x K], standard Gumbel noise */
    int64_t (*codes)(const lac_settings *settings); /* K */
    int64_t (*width)(const lac_settings *settings); /* values in a token that comes out */
    /* in: values in a token that comes in. NULL: there is no quantizer, and build is NULL too. */
    lac_status (*declare)(const lac_settings *settings, int64_t in, lac_store *store, lac_error *err);
    lac_quantized (*build)(const lac_settings *settings, lac_graph *graph, lac_id x, bool is_training); /* B x N x D */
    /* May be NULL: names of training outputs to add up over a step, ended by NULL. The first is how often each code
     * was used [K x 1]. */
    const char *const *sums;
    void (*learn)(const lac_settings *settings, lac_store *store, lac_gathered *gathered); /* may be NULL */
} lac_quantizer_slot;

#define LAC_QUANTIZER_ROWS "rows"

int lac_quantizer_count(void);
const lac_quantizer_slot *lac_quantizer_at(int index);
const lac_quantizer_slot *lac_quantizer_find(const char *name); /* NULL if absent */

#endif
