/* analyze/analyze.h - what a trained encoder looks like inside, as numbers: attention, layers, similarity of runs.
 *
 *   lac_analysis a = {0};
 *   lac_analyze(model, backend, pool, source, &options, &a, err);     one for each run, same source and options
 *   lac_cka_all(backend, pool, list, n, &cka, err);                   between all layers of all of them
 *
 * Pictures are seen whole, in the evaluation view. A picture's representation at a layer is the mean of its patch
 * tokens. Layers are 1..L (after that block) and then once more the last after the final norm. Sums are in the order of
 * pictures, in double: the same bits for any number of threads. */
#ifndef LAC_ANALYZE_ANALYZE_H
#define LAC_ANALYZE_ANALYZE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "data/source.h"
#include "train/run.h"

typedef struct lac_analyze_options {
    int64_t n_pictures;  /* spread evenly over the source; 0: 2,048. Linear CKA of fewer than about 2,000 is too high */
    int64_t n_attention; /* of those, how many attention is measured on, spread evenly; 0: 256 */
    uint64_t seed;       /* of the crops for alignment */
    int n_loaders;
    void (*on_broken)(void *context, const char *text);
    void (*on_progress)(void *context, const char *what, int64_t n_done, int64_t n_all);
    void *context;
} lac_analyze_options;

typedef struct lac_layer_look {
    double effective_rank;   /* exp(entropy of the normalised singular values) of rows of length 1, not centred: */
                             /* RankMe (arXiv 2210.02885), the number that a run logs */
    double centred_rank;     /* the same of the centred rows as they are (Roy & Vetterli 2007) */
    double token_similarity; /* mean cosine between different patch tokens of one picture */
    double *spectrum;        /* D: eigenvalues of the covariance of the representation, descending, as shares of sum */
} lac_layer_look;

typedef struct lac_analysis { /* zero-initialise; lac_analysis_free */
    char *name;               /* the caller's to set and this struct's to free: what figures call it */
    char *path;
    int64_t step;
    bool is_control; /* the untrained network */
    int64_t n, n_attention, width, depth, n_tokens, n_prefix;
    int heads;               /* 0: this encoder shows no attention */
    int64_t n_layers;        /* L + 1 */
    lac_layer_look *layer;   /* n_layers */
    double *distance;        /* L x h: mean distance in pixels between a patch and what it attends to */
    double *entropy;         /* L x h: of the attention of a patch, in nats; at most log T */
    double uniform_distance; /* the distance of attention that is the same everywhere */
    double alignment;        /* of two crops of one picture, |f(x) - f(y)|^2 (arXiv 2005.10242) */
    double uniformity;       /* log mean exp(-2 |f(x) - f(y)|^2) over different pictures; -4 is best */
    float *features;         /* n_layers x n x D, as they are */
    int64_t *sample;         /* n: index in the source */
} lac_analysis;

lac_status lac_analyze(lac_model *model, const lac_backend *backend, lac_pool *pool, const lac_source *source,
                       const lac_analyze_options *options, lac_analysis *analysis, lac_error *err);
void lac_analysis_free(lac_analysis *analysis);

/* Linear CKA (Kornblith et al., arXiv 1905.00414; the biased estimator) between all layers of all runs: a symmetric
 * matrix of side n_rows = sum of n_layers, run by run. NaN where a representation does not vary. LAC_USAGE if the runs
 * were not measured on the same pictures. */
typedef struct lac_cka { /* zero-initialise; lac_cka_free */
    int n_runs;
    int64_t n_rows;
    int64_t *first; /* n_runs: where a run's layers begin */
    double *value;  /* n_rows x n_rows */
} lac_cka;
lac_status lac_cka_all(const lac_backend *backend, lac_pool *pool, const lac_analysis *runs, int n_runs, lac_cka *cka,
                       lac_error *err);
void lac_cka_free(lac_cka *cka);
/* Between two representations of the same n pictures: x n x d_x, y n x d_y, neither changed. */
lac_status lac_cka_linear(const lac_backend *backend, lac_pool *pool, int64_t n, const float *x, int64_t d_x,
                          const float *y, int64_t d_y, double *value, lac_error *err);

/* ---- the single measures, for tests and others ---- */

/* One picture, one head. q, k: T x stride floats, the head's c values first; bias T x T or NULL; place: N x 2, row and
 * column of each patch in pixels; the first n_prefix tokens have no place. Adds up over the N queries that are patches:
 * distances (weights of patches alone, scaled to sum 1) and entropies (over all T). row: T doubles of work space. */
typedef struct lac_attention_sum {
    double distance, entropy;
} lac_attention_sum;
lac_attention_sum lac_attention_measure(const float *q, const float *k, int64_t stride, int64_t n_tokens,
                                        int64_t n_prefix, int64_t c, const float *bias, const double *place,
                                        double *row);
/* x: n x D. spectrum may be NULL. */
lac_status lac_rank_measure(lac_pool *pool, int64_t n, int64_t d, const float *x, lac_layer_look *look, lac_error *err);
/* tokens: N x D of one picture; sum: D doubles of work space. */
double lac_token_similarity(int64_t n, int64_t d, const float *tokens, double *sum);
/* x, y: n x D, two views of n pictures. */
lac_status lac_alignment_measure(lac_pool *pool, int64_t n, int64_t d, const float *x, const float *y,
                                 double *alignment, double *uniformity, lac_error *err);

/* ---- what is written ---- */

typedef struct lac_analysis_set {
    const lac_analysis *runs;
    int n_runs;
    const lac_cka *cka;
    const char *source;
    uint64_t seed;
} lac_analysis_set;
lac_status lac_analysis_json(const lac_analysis_set *set, lac_text *out, lac_error *err);
/* FOLDER/analysis.json, layers.csv, attention.csv, spectrum.csv, cka.csv and the figures as .svg; the folder is made.
 * analysis.json last: where it is, the rest is. */
lac_status lac_analysis_write(const lac_analysis_set *set, const char *folder, lac_error *err);
/* The figures, one after another; name is that of the file without ".svg". */
typedef lac_status (*lac_figure_sink)(void *context, const char *name, const lac_text *svg, lac_error *err);
lac_status lac_analysis_figures(const lac_analysis_set *set, lac_figure_sink sink, void *context, lac_error *err);

#endif
