/* data/augment.h - from a decoded picture to the C x H x W floats that a network sees. */
#ifndef LAC_DATA_AUGMENT_H
#define LAC_DATA_AUGMENT_H

#include <stdbool.h>

#include "base/random.h"
#include "data/jitter.h"
#include "data/picture.h"
#include "data/resample.h"

typedef enum lac_crop {
    LAC_CROP_RANDOM, /* RandomResizedCrop: area in scale, aspect log-uniform in ratio, ten tries then a central crop */
    LAC_CROP_CENTRE, /* short side to size / crop_share (.875: 256 for 224), then the centre */
    LAC_CROP_SQUASH  /* resize to width x height regardless of aspect (Hugging Face's ViTImageProcessor) */
} lac_crop;

enum { LAC_MOST_VIEWS = 16 };

typedef struct lac_augment {
    int width, height, channels; /* of the result; channels 1 or 3 */
    lac_crop crop;
    double scale[2], ratio[2];
    double crop_share;
    lac_filter filter;
    double flip;           /* probability of a horizontal flip */
    float mean[3], std[3]; /* on [0, 1] values */
    int n_views;           /* of a picture that a loader makes; 0 means 1 */
    bool is_shared;        /* all views have the crop and flip of view 0 */
    int shift;   /* the crop is so many pixels larger each way, and each view has a window of its own in it (0: none) */
    int n_small; /* of the views, the last so many are crops of their own that become small_width x small_height */
    int small_width, small_height;
    double small_scale[2]; /* of their area */
    unsigned jittered;     /* bit v: view v's colours are changed */
    lac_jitter jitter;
} lac_augment;

/* What makes view `view`: of its size, from crops of its area. */
lac_augment lac_augment_of_view(const lac_augment *a, int view);

/* out: channels x height x width, of that view. `scratch`: zero-initialise; it grows to what is needed and is reused.
 * seed..view key the draws. */
typedef struct lac_augment_scratch {
    lac_picture resized;
    lac_resampler *resampler;
    float table[3][256]; /* what a channel's 8-bit values become, for table_mean and table_std */
    float table_mean[3], table_std[3];
    bool has_table;
} lac_augment_scratch;
/* The rectangle (left, top, width, height) that LAC_CROP_RANDOM takes from a picture of width x height pixels. */
void lac_augment_random_crop(const lac_augment *a, int width, int height, uint64_t seed, uint64_t epoch,
                             uint64_t sample, uint32_t view, int rectangle[4]);
lac_status lac_augment_apply(const lac_augment *a, lac_picture *picture, uint64_t seed, uint64_t epoch, uint64_t sample,
                             uint32_t view, lac_augment_scratch *scratch, float *out, lac_error *err);
void lac_augment_scratch_free(lac_augment_scratch *scratch);
/* The min_side to hand to lac_source_read so that reduced-scale decoding cannot cost resolution. */
int lac_augment_min_side(const lac_augment *a);
/* One view of a picture as training crops and flips it, colours as they are: for those who train on labels. */
lac_augment lac_augment_one_view(const lac_augment *train);
/* The identity-like augmentation for evaluation: the recipe's size, mean, std with LAC_CROP_CENTRE, or LAC_CROP_SQUASH
 * where training squashes too, no flip. A picture whose size is already width x height passes through unresampled. */
lac_augment lac_augment_for_eval(const lac_augment *train);

#endif
