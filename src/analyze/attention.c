/* analyze/attention.c - attention weights of one head from its queries and keys, as distance and entropy.
 *
 * softmax(q k / sqrt(c) + bias) in double. Distance is that of Dosovitskiy et al. (arXiv 2010.11929, appendix D.7):
 * between the centres of patches, weighted by attention; a class token has no place, so its weight is left out. */
#include <math.h>

#include "analyze/analyze.h"

/* row: T logits -> weights that sum to 1 */
static void softmax(double *row, int64_t n) {
    double most = -INFINITY, sum = 0;
    for (int64_t t = 0; t < n; t++)
        most = fmax(most, row[t]);
    for (int64_t t = 0; t < n; t++)
        sum += row[t] = exp(row[t] - most);
    for (int64_t t = 0; t < n; t++)
        row[t] /= sum;
}

lac_attention_sum lac_attention_measure(const float *q, const float *k, int64_t stride, int64_t n_tokens,
                                        int64_t n_prefix, int64_t c, const float *bias, const double *place,
                                        double *row) {
    lac_attention_sum sum = {0, 0};
    const double scale = 1 / sqrt((double)c);
    for (int64_t i = n_prefix; i < n_tokens; i++) {
        for (int64_t j = 0; j < n_tokens; j++) {
            float dot = 0;
            for (int64_t v = 0; v < c; v++)
                dot += q[i * stride + v] * k[j * stride + v];
            row[j] = scale * (double)dot + (bias ? (double)bias[i * n_tokens + j] : 0);
        }
        softmax(row, n_tokens);
        double weight = 0, distance = 0;
        const double *here = place + 2 * (i - n_prefix);
        for (int64_t j = 0; j < n_tokens; j++) {
            if (row[j] > 0) sum.entropy -= row[j] * log(row[j]);
            if (j < n_prefix) continue;
            const double *there = place + 2 * (j - n_prefix);
            weight += row[j];
            distance += row[j] * hypot(here[0] - there[0], here[1] - there[1]);
        }
        if (weight > 0) sum.distance += distance / weight;
    }
    return sum;
}
