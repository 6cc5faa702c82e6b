/* eval/mix.h - what fine-tuning does to a batch of labelled pictures: mixup (arXiv 1710.09412), cutmix (1905.04899),
 * label smoothing (1512.00567), random erasing (1708.04896). One mixture for the whole batch, as timm's Mixup in its
 * mode `batch`: picture i is mixed with picture n-1-i. */
#ifndef LAC_EVAL_MIX_H
#define LAC_EVAL_MIX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"

typedef struct lac_mix_options {
    double mixup, cutmix; /* lambda ~ Beta(a, a) of each; 0: without. With both, each batch is of one or the other */
    double smoothing;     /* e: a label is 1 - e + e/K, the others e/K */
    double erasing;       /* chance of a picture */
} lac_mix_options;

typedef struct lac_mix { /* of one batch */
    double lambda;       /* share of the picture itself */
    bool is_cut;         /* the partner's rectangle [top, bottom) x [left, right); else all values are mixed */
    int64_t top, bottom, left, right;
} lac_mix;

/* A cut's lambda is what its rectangle, which the border may cut off, really leaves. Without both: lambda 1. */
lac_mix lac_mix_draw(const lac_mix_options *options, int64_t height, int64_t width, lac_random *random);
/* in, out: n x C x H x W; task i of n, so that many threads can do it. */
void lac_mix_picture(const lac_mix *mix, int64_t n, int64_t i, int64_t channels, int64_t height, int64_t width,
                     const float *in, float *out);
/* out: n x K */
void lac_mix_targets(const lac_mix *mix, int64_t n, int classes, double smoothing, const int *label, float *out);

/* With the options' chance, a rectangle of 2 to 33 % of the area, aspect .3 to 3.3 log-uniform, is filled with normal
 * noise, value by value; ten tries to fit one in. picture: C x H x W, in place. */
void lac_mix_erase(double chance, int64_t channels, int64_t height, int64_t width, lac_random *random, float *picture);

/* Beta(a, a) by two gamma variates (Marsaglia and Tsang, 2000); a > 0. */
double lac_mix_beta(double a, lac_random *random);

#endif
