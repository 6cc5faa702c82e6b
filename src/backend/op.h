/* backend/op.h - the ops a program is made of: ids, arguments, exact meaning.
 *
 * This is the contract between graph/ (shape, backward and cost rules) and the backends (kernels). Tensors are dense
 * and row-major. `real` is f32 or f64, the same for all real arguments of a call; indices are i32. An optional
 * argument that is absent has data == NULL. Letters: R rows (all leading dimensions together), D last dimension,
 * B batch, T tokens, N patches, V visible, P values of a patch, h heads, c width of a head. */
#ifndef LAC_BACKEND_OP_H
#define LAC_BACKEND_OP_H

#include <stddef.h>
#include <stdint.h>

typedef enum lac_dtype { LAC_F32, LAC_F64, LAC_BF16, LAC_I32, LAC_U8 } lac_dtype;
size_t lac_dtype_bytes(lac_dtype dtype);
const char *lac_dtype_name(lac_dtype dtype); /* "f32" ... */

enum { LAC_MAX_RANK = 5, LAC_MAX_IN = 8, LAC_MAX_OUT = 4 };

/* X(id, name) */
#define LAC_OPS(X)                                                                                                     \
    /* in A, B, bias?[N], residual?[MxN], aux?[MxN]; out C[MxN], second?                                               \
     * i0 trans_a, i1 trans_b, i2 flags. A: R x K (trans_a: R x M, contraction over R); B: K x N (trans_b: N x K).     \
     * t = A B + bias; if DGELU t *= gelu'(aux); if GELU { second = t; t = gelu(t) }; t += residual;                   \
     * C = ACCUMULATE ? C + t : t.  SUM_A (only with trans_a, without GELU): second[M] (+)= sum over R of A. */        \
    X(GEMM, "gemm")                                                                                                    \
    /* in x[R x D], gamma?[D], beta?[D]; out y, mean[R], rstd[R]; f0 eps; biased variance */                           \
    X(LAYERNORM, "layernorm")                                                                                          \
    /* in dy, x, gamma?, mean, rstd, residual?[R x D]; out dx (+ residual), dgamma?[D], dbeta?[D];                     \
     * i0: 1 = dgamma and dbeta accumulate */                                                                          \
    X(LAYERNORM_GRAD, "layernorm_grad")                                                                                \
    X(GELU, "gelu")           /* in x; out .5 x (1 + erf(x / sqrt 2)) */                                               \
    X(GELU_GRAD, "gelu_grad") /* in dy, x; out dx */                                                                   \
    /* in qkv[B x T x 3 x h x c]; out y[B x T x h*c], lse[B x h x T]; i0 heads; scale 1/sqrt(c) */                     \
    X(ATTENTION, "attention")                                                                                          \
    /* in dy, qkv, y, lse; out dqkv; i0 heads */                                                                       \
    X(ATTENTION_GRAD, "attention_grad")                                                                                \
    /* attention with an addition to the scores and among some of the tokens; in qkv[B x T x 3 x h x c],               \
     * bias?[h x R x R], places? i32 [B x T-p]; out y, lse as above; i0 heads, i1 p. Token t < p is at row t of the    \
     * bias, t >= p at row p + places(b, t - p) (absent: at row t). Below 0 it is padding: no token attends to it, its \
     * y and lse are 0. Score = q k / sqrt(c) + bias(head, row of q, row of k) */                                      \
    X(ATTENTION_BIASED, "attention_biased")                                                                            \
    /* in dy, qkv, y, lse, bias?, places?; out dqkv, dbias?[h x R x R]; i0, i1 as above; i2: 1 = dbias too */          \
    X(ATTENTION_BIASED_GRAD, "attention_biased_grad")                                                                  \
    /* in table[R x h]; out [h x T x T], T = p + N patches of a grid; i0 p, i1 axes (1 to 3), i2.. the grid's sizes    \
     * G. From patch i to patch j it is row sum over axes of (i_a - j_a + G_a - 1) S_a, S_a the product of 2 G - 1 of  \
     * the later axes; with p > 0 the table ends with three rows: prefix to patch, patch to prefix, prefix to prefix   \
     */                                                                                                                \
    X(RELATIVE_BIAS, "relative_bias")                                                                                  \
    X(RELATIVE_BIAS_GRAD, "relative_bias_grad") /* in d[h x T x T]; same attributes; out dtable[R x h] */              \
    X(ADD, "add")                               /* in a, b (same shape); out a + b */                                  \
    X(ADD_BROADCAST, "add_broadcast")           /* in a, b (b's dims are the last of a's); out a + b */                \
    X(MUL_BROADCAST, "mul_broadcast")           /* in a, g (g's dims are the last of a's); out a * g */                \
    X(SUM_LEADING, "sum_leading")         /* in x[R x n]; out [n] = sum over R, n = size of out; i0: 1 = accumulate */ \
    X(MUL_SUM_LEADING, "mul_sum_leading") /* in a, b (same shape); out [n] = sum over R of a*b; i0: 1 = accumulate */  \
    X(SCALE_SAMPLES, "scale_samples")     /* in x[B x ...], s[B]; out x * s[b] */                                      \
    X(SCALE, "scale")                     /* in x; out f0 * x */                                                       \
    X(FILL, "fill")                       /* out = f0 */                                                               \
    X(ACCUMULATE, "accumulate")           /* in x; out += x */                                                         \
    /* in x[B x C x S...] (1 to 3 spatial axes); out [B x N x P]; i0..i2 patch sizes by axis; i3 layout:               \
     * 0 channel slowest (C, p...), 1 channel fastest (p..., C); patches in row-major order of the grid */             \
    X(PATCHIFY, "patchify")                                                                                            \
    X(UNPATCHIFY, "unpatchify") /* the inverse, same attributes; i4 = C, out shape given */                            \
    /* in x[B x N x D] or table [N x D], idx[B x V]; out [B x V x D] */                                                \
    X(GATHER_ROWS, "gather_rows")                                                                                      \
    /* in dy[B x V x D], idx[B x V]; out dx[B x N x D] or, summed over the batch, [N x D]; repeated indices add in     \
     * order of (b, v); i0: rank of out; i1: N */                                                                      \
    X(GATHER_ROWS_GRAD, "gather_rows_grad")                                                                            \
    X(CONCAT_TOKENS, "concat_tokens")         /* in a[B or 1 x Ta x D], b[B x Tb x D]; out [B x Ta+Tb x D] */          \
    X(SLICE_TOKENS, "slice_tokens")           /* in x[B x T x D]; i0 start, i1 count; out [B x count x D] */           \
    X(SLICE_TOKENS_GRAD, "slice_tokens_grad") /* in dy; i0 start, i1 count, i2 T; out dx, zero elsewhere */            \
    /* in x[B x V x D], token[D], ids[B x N]; out[b,n] = ids[b,n] < V ? x[b, ids[b,n]] : token */                      \
    X(RESTORE, "restore")                                                                                              \
    X(RESTORE_GRAD, "restore_grad") /* in dy, ids; out dx[B x V x D], dtoken[D]; i0 V. Each v occurs once per b */     \
    X(MEAN_TOKENS, "mean_tokens")   /* in x[B x T x D]; out [B x D] */                                                 \
    X(MEAN_TOKENS_GRAD, "mean_tokens_grad") /* in dy[B x D]; i0 T; out [B x T x D] */                                  \
    /* in x[R x P]; out (x - mean) / sqrt(var + f0); i0: 1 = variance over P-1 (as torch.var); no backward */          \
    X(NORMALIZE_ROWS, "normalize_rows")                                                                                \
    /* in prediction[B x N x P], target, weight[B x N], norm[1];                                                       \
     * out loss[1] = norm * sum w * mean_P (p - t)^2, summed in double in a fixed order */                             \
    X(L2, "l2")                                                                                                        \
    X(L2_GRAD, "l2_grad") /* in dloss[1], prediction, target, weight, norm; out dprediction */                         \
    X(L1, "l1")           /* as L2 with |p - t|; derivative of |.| at 0 is 0 */                                        \
    X(L1_GRAD, "l1_grad")                                                                                              \
    /* as L2 with e^2 / (2 f0) for e = |p - t| < f0, else e - f0 / 2 */                                                \
    X(SMOOTH_L1, "smooth_l1")                                                                                          \
    X(SMOOTH_L1_GRAD, "smooth_l1_grad") /* f0 */                                                                       \
    /* in logits z[R x K], target?[R x K] or ids? i32[R] (one of them), weight[R], norm[1];                            \
     * out loss[1] = norm * sum w * -sum_k t_k log softmax(z / f0)_k; rows of weight 0 are not read */                 \
    X(CROSS_ENTROPY, "cross_entropy")                                                                                  \
    X(CROSS_ENTROPY_GRAD, "cross_entropy_grad") /* in dloss[1], then as above; f0; out dlogits */                      \
    X(UNIT_ROWS, "unit_rows")                   /* in x[R x D]; out y = x s, s[R] = 1 / max(|x|, f0) */                \
    X(UNIT_ROWS_GRAD, "unit_rows_grad")         /* in dy, y, s; out dx = s (dy - y <dy, y>) */                         \
    /* in z[B x N x D], t[B x N x D], weight[B x N], norm[1]; f0 temperature; out loss[1], lse[B x N]:                 \
     * s_ij = <z_i, t_j> / f0 within a sample, lse_i = log sum_j exp s_ij, loss = norm * sum w_i (lse_i - s_ii) */     \
    X(INFONCE, "infonce")                                                                                              \
    X(INFONCE_GRAD, "infonce_grad") /* in dloss[1], z, t, weight, norm, lse; f0; i0: 1 = dt too; out dz, dt? */        \
    X(MASK_TOKENS, "mask_tokens")   /* in x[B x N x D], token?[D] (absent: 0), m[B x N]; out (1 - m) x + m token */    \
    X(MASK_TOKENS_GRAD, "mask_tokens_grad") /* in dy, m; i0: 1 = dtoken too; out dx, dtoken?[D] */                     \
    /* in x[B x C x H x W]; out y[B x H W x 2C]: y(u W + v, 2c) and (.., 2c + 1) are the real and imaginary part of    \
     * 1 / sqrt(H W) sum x(h, w) e^(-2 pi i (u h / H + v w / W)) */                                                    \
    X(DFT, "dft")                                                                                                      \
    X(IDFT, "idft") /* in x[B x H W x 2C]; i0 H, i1 W; out [B x C x H x W], the real part of the inverse */            \
    /* in drawn[B x N]; i0 H, i1 W, f0 radius, f1 factor; out [B x H W]: factor * d within the radius of frequency 0,  \
     * factor * (1 - d) beyond, d = drawn(b, 0); no backward */                                                        \
    X(BAND, "band")                                                                                                    \
    /* in p[B x F x 2C], t, weight[B x F], norm[1]; f0 gamma; out loss[1] = norm * sum w * mean over C of              \
     * (|p - t|^2 + 1e-12)^(gamma / 2), p and t complex */                                                             \
    X(MODULUS, "modulus")                                                                                              \
    X(MODULUS_GRAD, "modulus_grad") /* in dloss[1], p, t, weight, norm; f0 gamma; out dp */                            \
    /* in x[B x C x H x W]; i0, i1 patch, i2 cell, i3 bins, i4 window (0: none); out [B x N x (C, bins, cells down,    \
     * cells across)]: Sobel, reflected borders; bin floor(bins atan2(gx, gy) / pi) modulo bins gets the length times  \
     * a tiled Gaussian; a cell's histogram has length 1; no backward */                                               \
    X(HOG, "hog")                                                                                                      \
    /* in z[R x K]; f0 temperature; out p = softmax(z / f0) by row */                                                  \
    X(SOFTMAX, "softmax")                                                                                              \
    X(SOFTMAX_GRAD, "softmax_grad") /* in dp, p; f0; out dz = p (dp - <dp, p>) / f0 */                                 \
    /* in s[R x K], codes?[K x D]; out i32 [R x 1]: by row the first k with the highest s_k - |code_k|^2 / 2, so the   \
     * nearest code where s = z codes^T; no backward */                                                                \
    X(NEAREST, "nearest")                                                                                              \
    /* in z[R x K], weight[R], norm[1]; out loss[1] = norm * sum w (log K - entropy of softmax(z)); rows of weight 0   \
     * are not read */                                                                                                 \
    X(KL_UNIFORM, "kl_uniform")                                                                                        \
    X(KL_UNIFORM_GRAD, "kl_uniform_grad") /* in dloss[1], z, weight, norm; out dz */                                   \
    /* aliases: no kernel, the output is the input's memory */                                                         \
    X(VIEW, "view") /* another shape of the same size */                                                               \
    X(STOP_GRADIENT, "stop_gradient")

typedef enum lac_op_id {
#define LAC_OP_ENUM(id, name) LAC_OP_##id,
    LAC_OPS(LAC_OP_ENUM)
#undef LAC_OP_ENUM
        LAC_N_OPS
} lac_op_id;

enum { LAC_GEMM_GELU = 1, LAC_GEMM_DGELU = 2, LAC_GEMM_ACCUMULATE = 4, LAC_GEMM_SUM_A = 8 };

typedef struct lac_attr {
    int64_t i[6];
    double f[2];
} lac_attr;

#endif
