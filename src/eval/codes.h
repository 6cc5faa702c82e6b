/* eval/codes.h - how well a tokenizer's codes hold pictures, and how many of them it uses. */
#ifndef LAC_EVAL_CODES_H
#define LAC_EVAL_CODES_H

#include "data/source.h"
#include "method/method.h"

typedef struct lac_code_figures {
    int64_t pictures, codes; /* looked at; K */
    double error;            /* mean squared error of the target's values (normalised pixels: 1 is their variance) */
    double perplexity;       /* e^H of how often each code was given; K when all are used alike */
    int64_t used;            /* codes given at all */
} lac_code_figures;

/* Of the first `limit` pictures that can be read, whole, each patch with its one code. LAC_USAGE for a method without a
 * quantizer. */
lac_status lac_measure_codes(lac_method *method, const lac_backend *backend, lac_pool *pool, const lac_source *source,
                             int n_threads, int64_t limit, lac_code_figures *figures, lac_error *err);

#endif
