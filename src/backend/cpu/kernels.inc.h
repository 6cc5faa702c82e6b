/* backend/cpu/kernels.inc.h - a whole kernel set for one instruction set.
 *
 * Included once by each kernels_ISA.c after its simd_ISA.h, with LAC_SET naming the backend to define and LAC_SET_ISA
 * its text. Everything else here is static: a function compiled with one set's flags must never be called by another.
 */
#include <math.h>
#include <string.h>

#include "backend/cpu/call.h"
#include "backend/cpu/move.h"
#include "backend/cpu/ref/ref.h"
#include "backend/cpu/sets.h"
#include "base/file.h"

#include "backend/cpu/math.inc.h"
#include "backend/cpu/micro.inc.h"

#include "backend/cpu/attention.inc.h"

#include "backend/cpu/attention_biased.inc.h"
#include "backend/cpu/gemm.inc.h"
#include "backend/cpu/loss.inc.h"
#include "backend/cpu/norm.inc.h"
#include "backend/cpu/similarity.inc.h"
#include "backend/cpu/smooth.inc.h"

#include "backend/cpu/codes.inc.h"
#include "backend/cpu/entropy.inc.h"

#include "backend/cpu/elementwise.inc.h"
#include "backend/cpu/passes.inc.h"

/* Float32. An op that is not here, and every op in float64, is the reference kernel's. */
static const lac_kernel kernels[LAC_N_OPS] = {
    [LAC_OP_GEMM] = {.run = gemm_run, .scratch = gemm_scratch, .keeps = gemm_keeps},
    [LAC_OP_LAYERNORM] = {.run = layernorm_run},
    [LAC_OP_LAYERNORM_GRAD] = {.run = layernorm_grad_run, .scratch = layernorm_grad_scratch},
    [LAC_OP_GELU] = {.run = gelu_run},
    [LAC_OP_GELU_GRAD] = {.run = gelu_run},
    [LAC_OP_ATTENTION] = {.run = attention_run, .scratch = attention_scratch},
    [LAC_OP_ATTENTION_GRAD] = {.run = attention_grad_run, .scratch = attention_grad_scratch},
    [LAC_OP_ATTENTION_BIASED] = {.run = biased_run, .scratch = biased_scratch},
    [LAC_OP_ATTENTION_BIASED_GRAD] = {.run = biased_grad_run, .scratch = biased_grad_scratch},
    [LAC_OP_RELATIVE_BIAS] = {.run = lac_relative_bias_run, .scratch = lac_relative_bias_scratch},
    [LAC_OP_RELATIVE_BIAS_GRAD] = {.run = lac_relative_bias_grad_run, .scratch = lac_relative_bias_scratch},
    [LAC_OP_ADD] = {.run = add_run},
    [LAC_OP_ADD_BROADCAST] = {.run = add_broadcast_run},
    [LAC_OP_MUL_BROADCAST] = {.run = mul_broadcast_run},
    [LAC_OP_SUM_LEADING] = {.run = sum_leading_run, .scratch = sum_leading_scratch},
    [LAC_OP_MUL_SUM_LEADING] = {.run = mul_sum_leading_run, .scratch = sum_leading_scratch},
    [LAC_OP_SCALE_SAMPLES] = {.run = scale_samples_run},
    [LAC_OP_SCALE] = {.run = scale_run},
    [LAC_OP_FILL] = {.run = fill_run},
    [LAC_OP_ACCUMULATE] = {.run = accumulate_run},
    [LAC_OP_PATCHIFY] = {.run = lac_move_patchify},
    [LAC_OP_UNPATCHIFY] = {.run = lac_move_unpatchify},
    [LAC_OP_GATHER_ROWS] = {.run = lac_move_gather_rows},
    [LAC_OP_GATHER_ROWS_GRAD] = {.run = lac_move_gather_rows_grad},
    [LAC_OP_CONCAT_TOKENS] = {.run = lac_move_concat_tokens},
    [LAC_OP_SLICE_TOKENS] = {.run = lac_move_slice_tokens},
    [LAC_OP_SLICE_TOKENS_GRAD] = {.run = lac_move_slice_tokens_grad},
    [LAC_OP_RESTORE] = {.run = lac_move_restore},
    [LAC_OP_RESTORE_GRAD] = {.run = lac_move_restore_grad, .scratch = lac_move_restore_grad_scratch},
    [LAC_OP_MEAN_TOKENS] = {.run = lac_move_mean_tokens},
    [LAC_OP_MEAN_TOKENS_GRAD] = {.run = lac_move_mean_tokens_grad},
    [LAC_OP_NORMALIZE_ROWS] = {.run = normalize_rows_run},
    [LAC_OP_L2] = {.run = l2_run, .scratch = loss_scratch},
    [LAC_OP_L2_GRAD] = {.run = l2_grad_run},
    [LAC_OP_L1] = {.run = l1_run, .scratch = loss_scratch},
    [LAC_OP_L1_GRAD] = {.run = l1_grad_run},
    [LAC_OP_SMOOTH_L1] = {.run = smooth_run, .scratch = loss_scratch},
    [LAC_OP_SMOOTH_L1_GRAD] = {.run = smooth_grad_run},
    [LAC_OP_CROSS_ENTROPY] = {.run = entropy_run, .scratch = entropy_scratch},
    [LAC_OP_CROSS_ENTROPY_GRAD] = {.run = entropy_grad_run},
    [LAC_OP_UNIT_ROWS] = {.run = unit_rows_run},
    [LAC_OP_UNIT_ROWS_GRAD] = {.run = unit_rows_grad_run},
    [LAC_OP_SOFTMAX] = {.run = softmax_run},
    [LAC_OP_SOFTMAX_GRAD] = {.run = softmax_grad_run},
    [LAC_OP_NEAREST] = {.run = nearest_run, .scratch = nearest_scratch},
    [LAC_OP_KL_UNIFORM] = {.run = kl_uniform_run, .scratch = kl_uniform_scratch},
    [LAC_OP_KL_UNIFORM_GRAD] = {.run = kl_uniform_grad_run},
    [LAC_OP_INFONCE] = {.run = infonce_run, .scratch = infonce_scratch},
    [LAC_OP_INFONCE_GRAD] = {.run = infonce_grad_run, .scratch = infonce_grad_scratch},
    [LAC_OP_DFT] = {.run = lac_spectrum_run, .scratch = lac_spectrum_scratch},
    [LAC_OP_IDFT] = {.run = lac_spectrum_run, .scratch = lac_spectrum_scratch},
    [LAC_OP_MASK_TOKENS] = {.run = lac_mask_tokens_run},
    [LAC_OP_MASK_TOKENS_GRAD] = {.run = lac_mask_tokens_grad_run, .scratch = lac_mask_tokens_grad_scratch},
};

static const lac_kernel *find(lac_op_id op, lac_dtype real) {
    if ((unsigned)op >= LAC_N_OPS) return NULL;
    if (real == LAC_F32 && kernels[op].run) return &kernels[op];
    return lac_ref_find(op, real);
}

const lac_backend LAC_SET = {
    .name = "cpu",
    .isa = LAC_SET_ISA,
    .find = find,
    .adamw = adamw,
    .sum_squares = sum_squares,
    .ema = ema,
    .peak_flops = peak_flops,
};
