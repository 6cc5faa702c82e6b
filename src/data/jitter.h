/* data/jitter.h - changing the colours of a view (SimCLR's strong augmentation, arXiv 2002.05709, appendix A). */
#ifndef LAC_DATA_JITTER_H
#define LAC_DATA_JITTER_H

#include <stdint.h>

typedef struct lac_jitter {
    double brightness, contrast, saturation; /* factors are drawn from [1 - x, 1 + x] */
    double grey;                             /* probability of no colour */
} lac_jitter;

/* picture: channels x n values, normalised by mean and std of each channel; changed in place, clamped to [0, 1] before
 * normalising. Draws are keyed by (seed, epoch, sample, view). */
void lac_jitter_apply(const lac_jitter *jitter, int channels, int64_t n, const float *mean, const float *std,
                      uint64_t seed, uint64_t epoch, uint64_t sample, uint32_t view, float *picture);

#endif
