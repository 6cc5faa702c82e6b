/* model/quantizer_vq.c - vector quantisation: each token becomes the nearest of K codes (VQ-VAE, arXiv 1711.00937, with
 * the moving-average codebook of its appendix A.1 as in VQ-VAE-2, arXiv 1906.00446).
 *
 * A linear layer brings tokens to the codes' width. Gradients pass straight through the choice; the codes follow by
 * averages, after each optimizer step, from the tokens z of the whole batch that chose code k:
 *
 *     count_k <- g count_k + (1 - g) n_k      sum_k <- g sum_k + (1 - g) (sum of those z)
 *     code_k = sum_k / ((count_k + eps) / (n + K eps) n),    n = sum of counts
 *
 * Counts start at 1 and sums at the codes, so a code that nobody chose stays where it is. A code whose count falls
 * below `restart` is put on a random token of the batch (as Jukebox does, arXiv 2005.00341). */
#include <string.h>

#include "model/block.h"
#include "model/quantizer.h"

static const lac_setting_spec specs[] = {
    {"codes", LAC_SETTING_INT, "8192", 2, 1 << 20, 0, 0, NULL, NULL, "K, the vocabulary"},
    {"width", LAC_SETTING_INT, "32", 1, 65536, 0, 0, NULL, NULL, "values in a code"},
    {"decay", LAC_SETTING_REAL, "0.99", 0, LAC_BELOW_ONE, 0, 0, NULL, NULL,
     "g, of the averages that the codes follow, a step"},
    {"eps", LAC_SETTING_REAL, "1e-5", 0, 1, 0, 0, NULL, NULL, "added to each count when codes are made from averages"},
    {"restart", LAC_SETTING_REAL, "0.1", 0, 1e6, 0, 0, NULL, NULL,
     "a code used less often a step, on average, is put on a random token; 0: never"},
};

static int64_t codes(const lac_settings *s) {
    return lac_settings_int(s, "codes");
}

static int64_t width(const lac_settings *s) {
    return lac_settings_int(s, "width");
}

static lac_status declare(const lac_settings *s, int64_t in, lac_store *store, lac_error *err) {
    int64_t k = codes(s), c = width(s), dim[2] = {k, c};
    int codebook;
    LAC_TRY(lac_declare_linear(store, "quantizer.in", c, 1, &in, true, err));
    LAC_TRY(lac_store_add(store, "quantizer.codebook", 2, dim, LAC_PARAM_BUFFER, LAC_INIT_NORMAL, 1, &codebook, err));
    LAC_TRY(lac_store_add(store, "quantizer.count", 1, &k, LAC_PARAM_BUFFER, LAC_INIT_ONE, 0, NULL, err));
    return lac_store_add_copy(store, "quantizer.sum", codebook, NULL, err);
}

static const char *const sums[] = {"sum/count", "sum/tokens", NULL};

static lac_quantized build(const lac_settings *s, lac_graph *g, lac_id x, bool is_training) {
    lac_quantized q;
    lac_id codebook = lac_weight(g, "quantizer.codebook");
    lac_id z = lac_build_linear(g, "quantizer.in", x, true);
    q.ids = lac_nearest(g, z, codebook);
    lac_id chosen = lac_gather_rows(g, codebook, q.ids);
    q.prediction = z;
    q.target = lac_stop_gradient(g, chosen);
    q.tokens = lac_add(g, z, lac_stop_gradient(g, lac_add(g, chosen, lac_scale(g, z, -1))));
    if (!is_training) return q;
    int64_t one[3] = {lac_dim(g, z, 0), lac_dim(g, z, 1), 1};
    lac_output(g, sums[0], lac_sum_rows(g, lac_fill(g, 3, one, 1), q.ids, codes(s)));
    lac_output(g, sums[1], lac_sum_rows(g, z, q.ids, codes(s)));
    lac_output(g, LAC_QUANTIZER_ROWS, z);
    return q;
}

/* In double, code by code: K x C numbers a step. Stores of float64 are for finite differences, which take no steps. */
static void learn(const lac_settings *s, lac_store *store, lac_gathered *gathered) {
    int64_t k = codes(s), c = width(s);
    float *code = lac_store_at(store, lac_store_find(store, "quantizer.codebook"))->value;
    float *count = lac_store_at(store, lac_store_find(store, "quantizer.count"))->value;
    float *sum = lac_store_at(store, lac_store_find(store, "quantizer.sum"))->value;
    double g = lac_settings_real(s, "decay"), eps = lac_settings_real(s, "eps"), n = 0;
    double least = lac_settings_real(s, "restart");
    for (int64_t i = 0; i < k; i++) {
        count[i] = (float)(g * (double)count[i] + (1 - g) * (double)gathered->sum[0][i]);
        n += (double)count[i];
    }
    for (int64_t i = 0; i < k; i++) {
        double smooth = ((double)count[i] + eps) / (n + (double)k * eps) * n;
        for (int64_t j = i * c; j < (i + 1) * c; j++) {
            sum[j] = (float)(g * (double)sum[j] + (1 - g) * (double)gathered->sum[1][j]);
            code[j] = (float)((double)sum[j] / smooth);
        }
        if ((double)count[i] >= least) continue;
        uint64_t row = lac_random_below(&gathered->random, (uint64_t)gathered->n_rows);
        memcpy(code + i * c, gathered->rows + (int64_t)row * c, (size_t)c * sizeof *code);
        memcpy(sum + i * c, code + i * c, (size_t)c * sizeof *sum);
        count[i] = 1;
    }
}

const lac_quantizer_slot lac_quantizer_vq = {
    .slot = {"vq", "the nearest of K codes; codes follow the tokens that chose them", "1711.00937", specs,
             sizeof specs / sizeof *specs},
    .gives_target = true,
    .codes = codes,
    .width = width,
    .declare = declare,
    .build = build,
    .sums = sums,
    .learn = learn,
};
