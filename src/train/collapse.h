/* train/collapse.h - is the encoder collapsing? Three numbers from features, and the rule for an alarm.
 *
 * Each sample's tokens after the prefix are averaged (all tokens if there are only prefix ones) and the mean is scaled
 * to length 1: rows z of an n x D matrix Z. feature_std     standard deviation over the n rows of each column, averaged
 * over columns; healthy: near 1 / sqrt(D) effective_rank  exp(-sum p log p), p = singular values of Z over their sum
 * (Roy & Vetterli 2007; not centred, as RankMe, arXiv 2210.02885); 1 .. min(n, D) mean_cosine     mean of z_i . z_j
 * over i != j; no alarm: an untrained ViT on real pictures measures .94 to .98 NaN where undefined (fewer than two
 * samples). Nothing is allocated after lac_collapse_new. */
#ifndef LAC_TRAIN_COLLAPSE_H
#define LAC_TRAIN_COLLAPSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef struct lac_collapse lac_collapse;

typedef struct lac_indicators {
    double feature_std, effective_rank, mean_cosine;
} lac_indicators;

lac_status lac_collapse_new(int64_t most_samples, int64_t width, lac_collapse **c, lac_error *err);
void lac_collapse_free(lac_collapse *c);
void lac_collapse_clear(lac_collapse *c);
/* features: B x T x D, D the width given; samples beyond the most are left out. */
void lac_collapse_add(lac_collapse *c, const float *features, int64_t batch, int64_t tokens, int64_t n_prefix);
lac_indicators lac_collapse_measure(lac_collapse *c);

/* feature_std under .1 / sqrt(D) and under a quarter of its first value, and an effective rank under 2 (or undefined),
 * 50 logs in a row. Rank: pixel-wise targets may leave features with one large part in common and much to say
 * beside it; where they collapse, nothing is left beside it. */
typedef struct lac_alarm {
    double first; /* 0 until the first log */
    int n_low;
} lac_alarm;
enum { LAC_ALARM_LOGS = 50 };
/* True once, at the log that completes the row. */
bool lac_alarm_see(lac_alarm *alarm, double feature_std, double effective_rank, int64_t width);

/* Eigenvalues of the symmetric n x n matrix a (destroyed), unordered, to `values`; e: n doubles of work space. */
void lac_symmetric_eigenvalues(int64_t n, double *a, double *values, double *e);

#endif
