/* eval/features.h - features of the pictures of a source, streamed: decode, the evaluation view, the encoder, pooling.
 *
 * Not here: what is done with them (table.h, embed.h). */
#ifndef LAC_EVAL_FEATURES_H
#define LAC_EVAL_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

#include "data/loader.h"
#include "method/method.h"

typedef enum lac_pooling {
    LAC_POOLING_MEAN, /* mean of the patch tokens (prefix tokens left out) */
    LAC_POOLING_CLS,  /* the first prefix token; LAC_USAGE if the encoder has none */
    LAC_POOLING_PATCH /* every patch token: N x D a picture */
} lac_pooling;

const char *lac_pooling_name(lac_pooling pooling); /* "mean", "cls", "patch" */
bool lac_pooling_parse(const char *text, lac_pooling *pooling);

typedef struct lac_extractor_options {
    lac_pooling pooling;
    int layer;                /* 1..depth; 0: the last, after the final norm */
    int64_t batch;            /* pictures a run of the encoder, at most: no more than about 2,048 tokens; 0: 64 */
    int n_loaders;            /* 0: 1 */
    const uint8_t *is_wanted; /* by index in the source; NULL: all */
    bool is_cropped;          /* under the recipe's training augmentation, its draws keyed by seed, instead of the */
    uint64_t seed;            /* evaluation view */
    bool is_raw;              /* pictures alone: no encoder is run and `features` is NULL */
    void (*on_broken)(void *context, const char *text);
    void (*on_progress)(void *context, int64_t n_done, int64_t n_all); /* after each batch; either may be NULL */
    void *context;
} lac_extractor_options;

typedef struct lac_feature_rows {
    int64_t n;             /* pictures; 0 at the end */
    const float *features; /* n x values (lac_extractor_values) */
    const float *pictures; /* n x C x H x W, as the network sees them */
    const int64_t *sample; /* index in the source of each */
    const int *label;      /* -1: none */
} lac_feature_rows;

typedef struct lac_extractor lac_extractor;
lac_status lac_extractor_new(lac_method *method, const lac_backend *backend, lac_pool *pool, const lac_source *source,
                             const lac_extractor_options *options, lac_extractor **extractor, lac_error *err);
void lac_extractor_free(lac_extractor *extractor);
int64_t lac_extractor_values(const lac_extractor *extractor);         /* D, or N x D for LAC_POOLING_PATCH */
int64_t lac_extractor_picture_values(const lac_extractor *extractor); /* C x H x W */
/* The next pictures in the source's order, broken ones left out; valid until the next call. */
lac_status lac_extractor_next(lac_extractor *extractor, lac_feature_rows *rows, lac_error *err);

/* Raw pixels as a control: the picture as the network sees it, averaged over squares of `factor` pixels, the smallest
 * that leaves at most 12,288 values (64 x 64 x 3); what does not fill a square is cut off at the right and the bottom.
 */
typedef struct lac_raw {
    int64_t factor, channels, height, width; /* of the reduced picture */
    int64_t values;
} lac_raw;
lac_raw lac_raw_describe(const lac_method *method);
void lac_raw_row(const lac_raw *raw, const lac_method *method, const float *picture, float *out);

/* All of it in memory: n x D floats. */
typedef struct lac_features { /* zero-initialise */
    int64_t n, d;
    float *x;
    int *label;
    int64_t *sample; /* index in the source of each row */
} lac_features;
/* Run the extractor to its end. features and raw may each be NULL (features must be, if the extractor is raw).
 * LAC_FAILURE if no picture could be read. */
lac_status lac_features_collect(lac_extractor *extractor, const lac_method *method, int64_t room,
                                lac_features *features, lac_features *raw, lac_error *err);
void lac_features_free(lac_features *features);

#endif
