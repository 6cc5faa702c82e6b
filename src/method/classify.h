/* method/classify.h - a method's encoder with a head that tells classes apart: what fine-tuning and attentive probes
 * train. The head's parameters join the method's store under timm's names.
 *
 *   lac_classifier c = {.readout = LAC_READOUT_MEAN, .classes = 10};
 *   lac_classifier_declare(method, &c, err);
 *   lac_classifier_program(method, &c, backend, pool, batch, LAC_STEP_TRAIN | LAC_STEP_DROP_PATH, &program, err);
 *
 * Whole pictures, no mask. Not here: how it is trained (src/eval/tune.h). */
#ifndef LAC_METHOD_CLASSIFY_H
#define LAC_METHOD_CLASSIFY_H

#include "method/method.h"

typedef enum lac_readout {
    LAC_READOUT_MEAN,     /* mean of the patch tokens of the last block, then a norm: MAE (arXiv 2111.06377, A.1) */
    LAC_READOUT_CLASS,    /* the class token after the final norm */
    LAC_READOUT_ATTENTIVE /* a learned query attends to the patch tokens after the final norm; a projection, a norm */
                          /* (arXiv 2202.03026, section 4.3) */
} lac_readout;

typedef struct lac_classifier {
    lac_readout readout;
    int classes;    /* K */
    bool is_frozen; /* no gradient flows into the encoder */
} lac_classifier;

/* Adds "head.weight" K x D and "head.bias"; for the mean "fc_norm.*"; for the attentive readout "attend.query",
 * "attend.qkv.*", "attend.proj.*" and "attend.norm.*". LAC_USAGE for a class token that is not there. */
lac_status lac_classifier_declare(lac_method *method, const lac_classifier *c, lac_error *err);

/* Input "view/0" B x C x S...; output "logits" B x 1 x K. With LAC_STEP_TRAIN also inputs "target" B x 1 x K
 * (probabilities), "weight" B x 1, "norm" [1], output "loss" [1] = norm * sum of weight * cross entropy, and backward.
 */
lac_status lac_classifier_program(lac_method *method, const lac_classifier *c, const lac_backend *backend,
                                  lac_pool *pool, int64_t batch, unsigned flags, lac_program **program, lac_error *err);

/* For layer-wise rates (arXiv 2106.08254): layer[i] of entry i of the store (room for lac_store_count): 0 before the
 * blocks (projection, tokens, positions), k + 1 in block k, L + 1 after them and in the head; -1: no part of this
 * classifier, or frozen. */
lac_status lac_classifier_layers(const lac_method *method, const lac_classifier *c, int *layer, lac_error *err);

#endif
