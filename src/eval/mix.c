/* eval/mix.c - mixtures of labelled pictures (mix.h). */
#include "eval/mix.h"

#include <math.h>
#include <string.h>

enum { TRIES = 10 };
static const double least_area = .02, most_area = 1 / 3.0, least_aspect = .3; /* timm's RandomErasing */

static double gamma_variate(double a, lac_random *r) {
    if (a < 1) return gamma_variate(a + 1, r) * pow(1 - lac_random_uniform(r), 1 / a);
    const double d = a - 1 / 3.0, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = lac_random_normal(r), v = 1 + c * x;
        if (v <= 0) continue;
        v = v * v * v;
        if (log(1 - lac_random_uniform(r)) < 0.5 * x * x + d - d * v + d * log(v)) return d * v;
    }
}

double lac_mix_beta(double a, lac_random *r) {
    double x = gamma_variate(a, r), y = gamma_variate(a, r);
    return x + y > 0 ? x / (x + y) : 0.5; /* both may underflow for a near 0 */
}

static int64_t within(int64_t value, int64_t most) {
    return value < 0 ? 0 : value > most ? most : value;
}

lac_mix lac_mix_draw(const lac_mix_options *o, int64_t height, int64_t width, lac_random *r) {
    lac_mix m = {.lambda = 1};
    if (!(o->mixup > 0) && !(o->cutmix > 0)) return m;
    m.is_cut = o->cutmix > 0 && (!(o->mixup > 0) || lac_random_uniform(r) < 0.5);
    m.lambda = lac_mix_beta(m.is_cut ? o->cutmix : o->mixup, r);
    if (!m.is_cut) return m;
    const double share = sqrt(1 - m.lambda);
    const int64_t h = (int64_t)((double)height * share), w = (int64_t)((double)width * share);
    const int64_t y = (int64_t)lac_random_below(r, (uint64_t)height), x = (int64_t)lac_random_below(r, (uint64_t)width);
    m.top = within(y - h / 2, height);
    m.bottom = within(y + h / 2, height);
    m.left = within(x - w / 2, width);
    m.right = within(x + w / 2, width);
    m.lambda = 1 - (double)((m.bottom - m.top) * (m.right - m.left)) / (double)(height * width);
    return m;
}

void lac_mix_picture(const lac_mix *m, int64_t n, int64_t i, int64_t channels, int64_t height, int64_t width,
                     const float *in, float *out) {
    const int64_t values = channels * height * width;
    const float *own = in + i * values, *other = in + (n - 1 - i) * values;
    float *to = out + i * values;
    if (!m->is_cut) {
        const float a = (float)m->lambda, b = (float)(1 - m->lambda);
        for (int64_t k = 0; k < values; k++)
            to[k] = m->lambda < 1 ? own[k] * a + other[k] * b : own[k];
        return;
    }
    memcpy(to, own, (size_t)values * sizeof *to);
    for (int64_t c = 0; c < channels; c++)
        for (int64_t y = m->top; y < m->bottom; y++)
            for (int64_t x = m->left; x < m->right; x++)
                to[(c * height + y) * width + x] = other[(c * height + y) * width + x];
}

void lac_mix_targets(const lac_mix *m, int64_t n, int classes, double smoothing, const int *label, float *out) {
    const double off = smoothing / classes, on = 1 - smoothing + off;
    for (int64_t i = 0; i < n; i++)
        for (int k = 0; k < classes; k++) {
            double own = label[i] == k ? on : off, other = label[n - 1 - i] == k ? on : off;
            out[i * classes + k] = (float)(own * m->lambda + other * (1 - m->lambda));
        }
}

void lac_mix_erase(double chance, int64_t channels, int64_t height, int64_t width, lac_random *r, float *picture) {
    if (!(chance > 0) || lac_random_uniform(r) >= chance) return;
    for (int k = 0; k < TRIES; k++) {
        double area = (least_area + (most_area - least_area) * lac_random_uniform(r)) * (double)(height * width);
        double aspect = exp(log(least_aspect) * (1 - 2 * lac_random_uniform(r)));
        int64_t h = llround(sqrt(area * aspect)), w = llround(sqrt(area / aspect));
        if (h < 1 || w < 1 || h >= height || w >= width) continue;
        int64_t top = (int64_t)lac_random_below(r, (uint64_t)(height - h) + 1);
        int64_t left = (int64_t)lac_random_below(r, (uint64_t)(width - w) + 1);
        for (int64_t c = 0; c < channels; c++)
            for (int64_t y = top; y < top + h; y++)
                for (int64_t x = left; x < left + w; x++)
                    picture[(c * height + y) * width + x] = (float)lac_random_normal(r);
        return;
    }
}
