/* eval/tune.h - training a classifier on labelled pictures: the whole network (fine-tuning) or a head on a frozen one
 * (an attentive probe). AdamW, one schedule, one rate a layer; what a batch becomes is mix.h's.
 *
 * The same bits for any number of threads; draws are counters of purpose LAC_RANDOM_EVAL. */
#ifndef LAC_EVAL_TUNE_H
#define LAC_EVAL_TUNE_H

#include "data/source.h"
#include "eval/mix.h"
#include "method/classify.h"

typedef struct lac_tune_options {
    int64_t epochs; /* 0: 20 */
    int64_t batch;  /* 0: 128, or an eighth of the pictures (at least 16) if that is fewer. Capped at their number */
    double lr;      /* peak, for 256 pictures a step; 0: 4e-3 x 96 / D, which is MAE's 5e-4 at the width of a ViT-B */
    double warmup;  /* share of the steps; negative: .05 */
    double weight_decay;
    double layer_decay; /* the rate of a layer is this times that of the one above; 1: all alike */
    lac_mix_options mix;
    uint64_t seed; /* of the order, crops, mixtures and drop path */
    int n_loaders;
    void (*on_progress)(void *context, int64_t step, int64_t total);
    void *context;
} lac_tune_options;

/* Train in place the parts of the method's store that belong to the classifier, which is declared in it. Every picture
 * of `train` has a label below c->classes. Crops and flips are the recipe's; drop path is its encoder's. *loss: mean
 * over the last epoch. LAC_FAILURE when it is not finite. */
lac_status lac_tune_fit(lac_method *method, const lac_classifier *c, const lac_backend *backend, lac_pool *pool,
                        const lac_source *train, const lac_tune_options *options, double *loss, lac_error *err);
/* What 0 stands for: pictures a step, of n; the rate for encoders D wide. */
int64_t lac_tune_batch(const lac_tune_options *options, int64_t n);
double lac_tune_rate(const lac_tune_options *options, int64_t width);
/* Share of the pictures of `test`, seen in the evaluation view, that get their label, in percent; *n: how many could be
 * read. */
lac_status lac_tune_test(lac_method *method, const lac_classifier *c, const lac_backend *backend, lac_pool *pool,
                         const lac_source *test, int n_loaders, double *accuracy, int64_t *n, lac_error *err);

#endif
