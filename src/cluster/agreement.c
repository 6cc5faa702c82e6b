/* cluster/agreement.c - adjusted Rand index and normalised mutual information from a sorted list of pairs of labels.
 *
 * Counts of pairs are exact in int64 up to some 10^9 items. The limits are scikit-learn's: equal partitions have ARI 1
 * even where the formula is 0 / 0, and no mutual information is NMI 0. */
#include "cluster/agreement.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/memory.h"

typedef struct both {
    int32_t a, b;
} both;

static int by_a_then_b(const void *left, const void *right) {
    const both *x = left, *y = right;
    if (x->a != y->a) return x->a < y->a ? -1 : 1;
    return (x->b > y->b) - (x->b < y->b);
}

static int by_value(const void *left, const void *right) {
    int32_t x = *(const int32_t *)left, y = *(const int32_t *)right;
    return (x > y) - (x < y);
}

typedef struct margin { /* of one partition */
    size_t n_parts;
    int32_t *part; /* sorted */
    double *count; /* beside it */
    double squares, entropy;
} margin;

static void measure(margin *m, const int32_t *parts, size_t n) {
    for (size_t i = 0; i < n; i++)
        m->part[i] = parts[i];
    qsort(m->part, n, sizeof *m->part, by_value);
    size_t k = 0;
    for (size_t i = 0, start = 0; i < n; i++)
        if (i + 1 == n || m->part[i + 1] != m->part[i]) {
            m->part[k] = m->part[i];
            m->count[k++] = (double)(i + 1 - start);
            start = i + 1;
        }
    m->n_parts = k;
    for (size_t i = 0; i < k; i++) {
        m->squares += m->count[i] * m->count[i];
        m->entropy -= m->count[i] / (double)n * (log(m->count[i]) - log((double)n));
    }
}

static double count_of(const margin *m, int32_t part) {
    const int32_t *found = bsearch(&part, m->part, m->n_parts, sizeof *m->part, by_value);
    return m->count[found - m->part];
}

/* tp, fp, fn, tn over ordered pairs of different items, as in scikit-learn's pair_confusion_matrix */
static double adjusted_rand(double n, double squares, double squares_a, double squares_b) {
    double tp = squares - n, fn = squares_a - squares, fp = squares_b - squares, tn = n * n - tp - fn - fp - n;
    if (fn == 0 && fp == 0) return 1;
    return 2 * (tp * tn - fn * fp) / ((tp + fn) * (fn + tn) + (tp + fp) * (fp + tn));
}

lac_status lac_partitions_compare(const int32_t *a, const int32_t *b, size_t n, lac_partition_agreement *agreement,
                                  lac_error *err) {
    *agreement = (lac_partition_agreement){.ari = 1, .nmi = 1};
    both *pairs = lac_array(n, sizeof *pairs);
    int32_t *parts = lac_array(2 * n, sizeof *parts);
    double *counts = lac_array(2 * n, sizeof *counts);
    if (pairs && parts && counts) {
        margin of_a = {.part = parts, .count = counts}, of_b = {.part = parts + n, .count = counts + n};
        measure(&of_a, a, n);
        measure(&of_b, b, n);
        for (size_t i = 0; i < n; i++)
            pairs[i] = (both){a[i], b[i]};
        qsort(pairs, n, sizeof *pairs, by_a_then_b);
        double squares = 0, information = 0, all = (double)n;
        for (size_t i = 0, start = 0; i < n; i++) {
            if (i + 1 < n && by_a_then_b(&pairs[i], &pairs[i + 1]) == 0) continue;
            double count = (double)(i + 1 - start), in_a = count_of(&of_a, pairs[i].a),
                   in_b = count_of(&of_b, pairs[i].b);
            squares += count * count;
            information += count / all * (log(count) + log(all) - log(in_a) - log(in_b));
            start = i + 1;
        }
        agreement->ari = adjusted_rand(all, squares, of_a.squares, of_b.squares);
        if (of_a.n_parts > 1 || of_b.n_parts > 1)
            agreement->nmi = information <= DBL_EPSILON ? 0 : information / ((of_a.entropy + of_b.entropy) / 2);
    }
    bool is_done = pairs && parts && counts;
    lac_free(pairs);
    lac_free(parts);
    lac_free(counts);
    return is_done ? LAC_OK : lac_no_memory(err, "the agreement of two partitions");
}
