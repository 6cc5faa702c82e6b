/* data/jitter.c - brightness, contrast, saturation and greying, in this order, as torchvision's ColorJitter (which
 * shuffles it) and RandomGrayscale. No hue. */
#include "data/jitter.h"

#include "base/random.h"

static float clamp(float x) {
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

/* ITU-R 601-2 luma, as torchvision's rgb_to_grayscale; x: value i of the first channel. */
static float grey_of(int channels, int64_t n, const float *x) {
    return channels == 1 ? x[0] : 0.2989f * x[0] + 0.587f * x[n] + 0.114f * x[2 * n];
}

/* x = factor x + (1 - factor) other, where `other` is the picture's mean grey or each pixel's own */
static void blend(int channels, int64_t n, float factor, const float *mean_grey, float *picture) {
    for (int64_t i = 0; i < n; i++) {
        float other = mean_grey ? *mean_grey : grey_of(channels, n, picture + i);
        for (int c = 0; c < channels; c++) {
            float *x = picture + c * n + i;
            *x = clamp(factor * *x + (1 - factor) * other);
        }
    }
}

static float draw(lac_random *random, double spread) {
    return (float)(1 - spread + 2 * spread * lac_random_uniform(random));
}

void lac_jitter_apply(const lac_jitter *j, int channels, int64_t n, const float *mean, const float *std, uint64_t seed,
                      uint64_t epoch, uint64_t sample, uint32_t view, float *picture) {
    lac_random random = lac_random_at(seed, LAC_RANDOM_COLOUR, epoch, sample, view);
    float brightness = draw(&random, j->brightness), contrast = draw(&random, j->contrast);
    float saturation = draw(&random, j->saturation);
    int is_grey = lac_random_uniform(&random) < j->grey;
    double sum = 0;
    for (int c = 0; c < channels; c++)
        for (int64_t i = 0; i < n; i++) {
            float *x = picture + c * n + i;
            *x = clamp(brightness * (*x * std[c] + mean[c]));
        }
    for (int64_t i = 0; i < n; i++)
        sum += (double)grey_of(channels, n, picture + i);
    float mean_grey = (float)(sum / (double)n);
    blend(channels, n, contrast, &mean_grey, picture);
    if (channels > 1) blend(channels, n, is_grey ? 0 : saturation, NULL, picture);
    for (int c = 0; c < channels; c++)
        for (int64_t i = 0; i < n; i++)
            picture[c * n + i] = (picture[c * n + i] - mean[c]) / std[c];
}
