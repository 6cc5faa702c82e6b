/* train/collapse.c - collapse indicators (collapse.h says which), from the smaller of the two Gram matrices of Z. Not
 * here: its eigenvalues (eigenvalues.c), when to measure (pretrain.c). */
#include "train/collapse.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

struct lac_collapse {
    int64_t most, width, n;
    double *rows;           /* most x D, length 1 */
    double *gram;           /* k x k, k = min(most, D) */
    double *values, *extra; /* k */
};

lac_status lac_collapse_new(int64_t most_samples, int64_t width, lac_collapse **out, lac_error *err) {
    *out = NULL;
    lac_collapse *c = lac_array(1, sizeof *c);
    if (!c) return lac_no_memory(err, "collapse indicators");
    size_t n = (size_t)most_samples, d = (size_t)width, k = n < d ? n : d;
    c->most = most_samples;
    c->width = width;
    c->rows = lac_array(n * d, sizeof(double));
    c->gram = lac_array(k * k, sizeof(double));
    c->values = lac_array(k, sizeof(double));
    c->extra = lac_array(k > d ? k : d, sizeof(double));
    if (!c->rows || !c->gram || !c->values || !c->extra) {
        lac_collapse_free(c);
        return lac_no_memory(err, "collapse indicators");
    }
    *out = c;
    return LAC_OK;
}

void lac_collapse_free(lac_collapse *c) {
    if (!c) return;
    lac_free(c->rows);
    lac_free(c->gram);
    lac_free(c->values);
    lac_free(c->extra);
    lac_free(c);
}

void lac_collapse_clear(lac_collapse *c) {
    c->n = 0;
}

void lac_collapse_add(lac_collapse *c, const float *features, int64_t batch, int64_t tokens, int64_t n_prefix) {
    int64_t d = c->width, first = n_prefix < tokens ? n_prefix : 0;
    for (int64_t b = 0; b < batch && c->n < c->most; b++, c->n++) {
        double *z = c->rows + c->n * d, squares = 0;
        memset(z, 0, (size_t)d * sizeof *z);
        for (int64_t t = first; t < tokens; t++) {
            const float *x = features + (b * tokens + t) * d;
            for (int64_t j = 0; j < d; j++)
                z[j] += (double)x[j];
        }
        for (int64_t j = 0; j < d; j++)
            squares += z[j] * z[j];
        double scale = squares > 0 ? 1 / sqrt(squares) : 0;
        for (int64_t j = 0; j < d; j++)
            z[j] *= scale;
    }
}

/* exp(entropy of the normalised singular values); the non-zero eigenvalues of Z Z^T and Z^T Z are the same. */
static double effective_rank(lac_collapse *c) {
    int64_t n = c->n, d = c->width, k = n < d ? n : d;
    memset(c->gram, 0, (size_t)(k * k) * sizeof(double));
    if (n <= d) {
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j <= i; j++) {
                double dot = 0;
                for (int64_t l = 0; l < d; l++)
                    dot += c->rows[i * d + l] * c->rows[j * d + l];
                c->gram[i * k + j] = c->gram[j * k + i] = dot;
            }
    } else {
        for (int64_t l = 0; l < n; l++)
            for (int64_t i = 0; i < d; i++) {
                double zi = c->rows[l * d + i];
                for (int64_t j = 0; j < d; j++)
                    c->gram[i * k + j] += zi * c->rows[l * d + j];
            }
    }
    lac_symmetric_eigenvalues(k, c->gram, c->values, c->extra);
    double sum = 0, entropy = 0;
    for (int64_t i = 0; i < k; i++)
        sum += sqrt(fmax(c->values[i], 0));
    if (!(sum > 0)) return 0;
    for (int64_t i = 0; i < k; i++) {
        double p = sqrt(fmax(c->values[i], 0)) / sum;
        if (p > 0) entropy -= p * log(p);
    }
    return exp(entropy);
}

lac_indicators lac_collapse_measure(lac_collapse *c) {
    int64_t n = c->n, d = c->width;
    if (n < 2) return (lac_indicators){NAN, NAN, NAN};
    double std_sum = 0, length = 0, own = 0, count = (double)n;
    for (int64_t j = 0; j < d; j++) {
        double mean = 0, squares = 0;
        for (int64_t i = 0; i < n; i++)
            mean += c->rows[i * d + j];
        length += mean * mean;
        mean /= count;
        for (int64_t i = 0; i < n; i++) {
            double z = c->rows[i * d + j];
            squares += (z - mean) * (z - mean);
            own += z * z;
        }
        std_sum += sqrt(squares / count);
    }
    if (!isfinite(own)) return (lac_indicators){NAN, NAN, NAN};
    return (lac_indicators){.feature_std = std_sum / (double)d,
                            .effective_rank = effective_rank(c),
                            .mean_cosine = (length - own) / (count * (count - 1))};
}

bool lac_alarm_see(lac_alarm *alarm, double feature_std, double effective_rank, int64_t width) {
    if (!isfinite(feature_std)) return false;
    if (alarm->first <= 0) alarm->first = feature_std;
    bool is_low =
        feature_std < 0.1 / sqrt((double)width) && feature_std < 0.25 * alarm->first && !(effective_rank >= 2);
    alarm->n_low = is_low ? alarm->n_low + 1 : 0;
    return alarm->n_low == LAC_ALARM_LOGS;
}
