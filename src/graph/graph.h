/* graph/graph.h - building a static graph of typed, fixed-shape tensors, and its backward.
 *
 * Builders return a tensor id; on any error they record the first one and return LAC_NONE, and every builder given
 * LAC_NONE for a required argument returns LAC_NONE, so a model is written straight down and the error is read once,
 * from lac_graph_check or lac_program_new. Dimension letters as in backend/op.h.
 *
 *   lac_graph *g; lac_graph_new(LAC_F32, store, &g, err);
 *   lac_id x = lac_input(g, "x", LAC_F32, 3, (int64_t[]){B, T, D});
 *   lac_id y = lac_linear(g, x, w, b);
 *   lac_graph_backward(g, loss);     gradients of every trainable parameter go to its store entry's grad (added)
 *   lac_program_new(g, backend, pool, &program, err);
 *
 * Not here: planning memory and running (program.h). */
#ifndef LAC_GRAPH_GRAPH_H
#define LAC_GRAPH_GRAPH_H

#include <stdbool.h>

#include "backend/op.h"
#include "base/error.h"
#include "graph/store.h"

typedef struct lac_graph lac_graph;
typedef int32_t lac_id;
enum { LAC_NONE = -1 };

lac_status lac_graph_new(lac_dtype real, lac_store *store, lac_graph **graph, lac_error *err);
void lac_graph_free(lac_graph *graph);
lac_status lac_graph_check(const lac_graph *graph, lac_error *err); /* the first error while building */
/* Record an error from a slot's builder; returns LAC_NONE. */
lac_id lac_graph_refuse(lac_graph *graph, const char *format, ...) __attribute__((format(printf, 2, 3)));
lac_dtype lac_graph_real(const lac_graph *graph);
lac_store *lac_graph_store(const lac_graph *graph);
/* A prefix under which models look for their parameters first, such as "teacher/"; NULL: none. Borrowed. */
void lac_graph_set_scope(lac_graph *graph, const char *prefix);
const char *lac_graph_scope(const lac_graph *graph);
/* From now on rows of a batch are `n` views of its samples, one view after another, the first of them number `first`:
 * of consequence for what is drawn by sample (drop path). As made: 0, 1. */
void lac_graph_set_views(lac_graph *graph, int first, int n);
int lac_rank(const lac_graph *graph, lac_id x);
bool lac_is_index(const lac_graph *graph, lac_id x);         /* i32 */
int64_t lac_dim(const lac_graph *graph, lac_id x, int axis); /* negative axes count from the end */

/* Leaves */
lac_id lac_input(lac_graph *g, const char *name, lac_dtype dtype, int rank, const int64_t *dim);
/* [B] input that the runner fills per step with 0 or 1/(1-rate) by counters (drop path of `layer`); 0 < rate < 1.
 * layer: 0 to 255, once per graph and first view (a block with two branches takes two numbers). All ones until
 * lac_program_draw. */
lac_id lac_drop_path_scale(lac_graph *g, int layer, int64_t batch, double rate);
lac_id lac_fill(lac_graph *g, int rank, const int64_t *dim, double value); /* the same number everywhere */
lac_id lac_parameter(lac_graph *g, int store_index); /* real; one node per entry however often it is asked for */

/* Keep a tensor's memory until the end of a run and give it a name to look it up by. */
void lac_output(lac_graph *g, const char *name, lac_id x);

/* Differentiable ops */
/* x[.. x K] weight[N x ..K] (trailing dims flattened) bias? -> [.. x N] */
lac_id lac_linear(lac_graph *g, lac_id x, lac_id weight, lac_id bias);
lac_id lac_matmul(lac_graph *g, lac_id x, lac_id w); /* x[.. x K] w[K x N] -> [.. x N] */
/* gamma, beta may be LAC_NONE together */
lac_id lac_layernorm(lac_graph *g, lac_id x, lac_id gamma, lac_id beta, double eps);
lac_id lac_gelu(lac_graph *g, lac_id x);
lac_id lac_attention(lac_graph *g, lac_id qkv, int heads); /* [B x T x 3D] -> [B x T x D] */
/* The same with bias [h x R x R] added to the scaled products, among the tokens that are no padding. places: i32
 * [B x T-p], for each token after the p prefix ones the patch that it is (its row of the bias is p more), below 0:
 * padding, which nobody attends to and which comes out as 0. bias may be LAC_NONE, and so may places: all R = T tokens.
 */
lac_id lac_attention_biased(lac_graph *g, lac_id qkv, int heads, lac_id bias, lac_id places, int64_t n_prefix);
/* table [R x h], R = lac_relative_rows -> [h x T x T] by how far apart two of the grid's patches lie; see op.h. */
lac_id lac_relative_bias(lac_graph *g, lac_id table, int n_axes, const int64_t *grid, int64_t n_prefix);
int64_t lac_relative_rows(int n_axes, const int64_t *grid, int64_t n_prefix);
lac_id lac_add(lac_graph *g, lac_id a, lac_id b);
lac_id lac_add_broadcast(lac_graph *g, lac_id a, lac_id b);
lac_id lac_mul_broadcast(lac_graph *g, lac_id a, lac_id scale);
lac_id lac_scale_samples(lac_graph *g, lac_id x, lac_id s);
lac_id lac_scale(lac_graph *g, lac_id x, double factor);
lac_id lac_gather_rows(lac_graph *g, lac_id x, lac_id indices);
lac_id lac_concat_tokens(lac_graph *g, lac_id a, lac_id b);
lac_id lac_slice_tokens(lac_graph *g, lac_id x, int64_t start, int64_t count);
lac_id lac_restore(lac_graph *g, lac_id x, lac_id token, lac_id ids);
lac_id lac_mean_tokens(lac_graph *g, lac_id x);
lac_id lac_patchify(lac_graph *g, lac_id x, int n_axes, const int64_t *patch, bool channel_fastest);
lac_id lac_unpatchify(lac_graph *g, lac_id x, int n_axes, const int64_t *patch, bool channel_fastest, int64_t channels,
                      const int64_t *size);
lac_id lac_l2(lac_graph *g, lac_id prediction, lac_id target, lac_id weight, lac_id norm);
lac_id lac_l1(lac_graph *g, lac_id prediction, lac_id target, lac_id weight, lac_id norm);
lac_id lac_smooth_l1(lac_graph *g, lac_id prediction, lac_id target, lac_id weight, lac_id norm, double beta);
/* One of target (probabilities, B x N x K) and ids (i32) is LAC_NONE. No gradient flows into a target. */
lac_id lac_cross_entropy(lac_graph *g, lac_id logits, lac_id target, lac_id ids, lac_id weight, lac_id norm,
                         double temperature);
lac_id lac_unit_rows(lac_graph *g, lac_id x, double eps);            /* rows of length 1 */
lac_id lac_softmax(lac_graph *g, lac_id logits, double temperature); /* by row */
/* How far the softmax of rows is from uniform: log K minus its entropy, weighted, as one number. */
lac_id lac_kl_uniform(lac_graph *g, lac_id logits, lac_id weight, lac_id norm);
/* Positives (b, i) of z and t against t's other rows of the same b; rows are used as they are (see lac_unit_rows). */
lac_id lac_infonce(lac_graph *g, lac_id z, lac_id t, lac_id weight, lac_id norm, double temperature);
/* (1 - mask) x + mask token; x: B x N x D, mask: real B x N; token LAC_NONE: zeros. No gradient flows into the mask. */
lac_id lac_mask_tokens(lac_graph *g, lac_id x, lac_id token, lac_id mask);
/* Spectra are B x F x 2C, F = H W frequencies, real and imaginary part of a channel beside each other. */
lac_id lac_dft(lac_graph *g, lac_id x);
lac_id lac_idft(lac_graph *g, lac_id x, int64_t height, int64_t width);
/* Mean over channels of the distance of complex numbers to the power gamma; weight: B x F. */
lac_id lac_modulus(lac_graph *g, lac_id prediction, lac_id target, lac_id weight, lac_id norm, double gamma);
lac_id lac_reshape(lac_graph *g, lac_id x, int rank, const int64_t *dim);
lac_id lac_stop_gradient(lac_graph *g, lac_id x);
/* Not differentiable: a gradient that reaches it is an error */
/* i32 [B x N]: the code nearest to each row of x [B x N x D], codes [K x D]; the highest of each row of x [B x N x K]
 */
lac_id lac_nearest(lac_graph *g, lac_id x, lac_id codes);
lac_id lac_highest(lac_graph *g, lac_id x);
lac_id lac_sum_rows(lac_graph *g, lac_id x, lac_id ids, int64_t n); /* [n x D]: row k sums the rows whose id is k */
lac_id lac_normalize_rows(lac_graph *g, lac_id x, double eps, bool unbiased);
/* [B x F]: `factor` at the frequencies within `radius` of 0 where drawn[b, 0] is 1, at the others where it is 0 */
lac_id lac_band(lac_graph *g, lac_id drawn, int64_t height, int64_t width, double radius, double factor);
lac_id lac_hog(lac_graph *g, lac_id x, const int64_t patch[2], int64_t cell, int64_t bins, int64_t window);

/* Derive the backward of scalar `loss`; adds into the grads of all non-buffer parameters it depends on. Also, after
 * it, lac_gradient(g, x) is the gradient of a non-parameter tensor (LAC_NONE if none reached it): for checks. */
void lac_graph_backward(lac_graph *g, lac_id loss);
/* Call before lac_graph_backward: results of layer norms and GELUs do not wait for backward, which computes them again:
 * the same bits, a third less memory, and less to fetch where a step's activations outgrow the caches. */
void lac_graph_recompute(lac_graph *g);
/* Call before lac_graph_backward: also derive the gradient of this input. */
void lac_want_gradient(lac_graph *g, lac_id input);
lac_id lac_gradient(const lac_graph *g, lac_id x);

#endif
