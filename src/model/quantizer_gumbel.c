/* model/quantizer_gumbel.c - the discrete VAE: each token becomes a distribution over K codes, drawn from softly while
 * it is trained (DALL-E, arXiv 2102.12092, section 2.1, whose tokens BEiT predicts, arXiv 2106.08254).
 *
 * logits = W x + b;  in training y = softmax((logits + Gumbel noise) / temperature), what is decoded is the mixture y
 * of the codes; otherwise the code of the highest logit. Codes are parameters and learn by gradient. */
#include "graph/course.h"
#include "model/block.h"
#include "model/quantizer.h"

static const lac_setting_spec specs[] = {
    {"codes", LAC_SETTING_INT, "8192", 2, 1 << 20, 0, 0, NULL, NULL, "K, the vocabulary"},
    {"width", LAC_SETTING_INT, "128", 1, 65536, 0, 0, NULL, NULL, "values in a code"},
    {"temperature", LAC_SETTING_COURSE, "{from: 1, to: 0.0625, shape: cosine}", LAC_ABOVE_ZERO, 1e6, 0, 0, NULL, NULL,
     "of the soft choice in training: low is hard"},
};

static int64_t codes(const lac_settings *s) {
    return lac_settings_int(s, "codes");
}

static int64_t width(const lac_settings *s) {
    return lac_settings_int(s, "width");
}

static lac_status declare(const lac_settings *s, int64_t in, lac_store *store, lac_error *err) {
    int64_t dim[2] = {codes(s), width(s)};
    LAC_TRY(lac_declare_linear(store, "quantizer.in", codes(s), 1, &in, true, err));
    return lac_store_add(store, "quantizer.codebook", 2, dim, LAC_PARAM_NO_DECAY, LAC_INIT_NORMAL, 1, NULL, err);
}

static const char *const sums[] = {"sum/count", NULL};

static lac_quantized build(const lac_settings *s, lac_graph *g, lac_id x, bool is_training) {
    lac_quantized q;
    lac_id codebook = lac_weight(g, "quantizer.codebook");
    lac_id logits = lac_build_linear(g, "quantizer.in", x, true);
    int64_t dim[3] = {lac_dim(g, logits, 0), lac_dim(g, logits, 1), codes(s)};
    q.ids = lac_highest(g, logits);
    q.prediction = logits;
    q.target = LAC_NONE;
    if (!is_training) {
        q.tokens = lac_gather_rows(g, codebook, q.ids);
        return q;
    }
    lac_id noise = lac_input(g, "gumbel/0", lac_graph_real(g), 3, dim);
    lac_id noisy = lac_divide(g, s, "temperature", "model.quantizer", lac_add(g, logits, noise));
    q.tokens = lac_matmul(g, lac_softmax(g, noisy, 1), codebook);
    dim[2] = 1;
    lac_output(g, sums[0], lac_sum_rows(g, lac_fill(g, 3, dim, 1), q.ids, codes(s)));
    return q;
}

const lac_quantizer_slot lac_quantizer_gumbel = {
    .slot = {"gumbel", "one of K codes, drawn softly in training (a discrete VAE)", "2102.12092", specs,
             sizeof specs / sizeof *specs},
    .draws = true,
    .codes = codes,
    .width = width,
    .declare = declare,
    .build = build,
    .sums = sums,
};
