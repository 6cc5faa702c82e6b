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
    [LAC_OP_GEMM] = {gemm_run, gemm_scratch, gemm_keeps},
    [LAC_OP_LAYERNORM] = {layernorm_run, NULL},
    [LAC_OP_LAYERNORM_GRAD] = {layernorm_grad_run, layernorm_grad_scratch},
    [LAC_OP_GELU] = {gelu_run, NULL},
    [LAC_OP_GELU_GRAD] = {gelu_run, NULL},
    [LAC_OP_ATTENTION] = {attention_run, attention_scratch},
    [LAC_OP_ATTENTION_GRAD] = {attention_grad_run, attention_grad_scratch},
    [LAC_OP_ATTENTION_BIASED] = {biased_run, biased_scratch},
    [LAC_OP_ATTENTION_BIASED_GRAD] = {biased_grad_run, biased_grad_scratch},
    [LAC_OP_RELATIVE_BIAS] = {lac_relative_bias_run, lac_relative_bias_scratch},
    [LAC_OP_RELATIVE_BIAS_GRAD] = {lac_relative_bias_grad_run, lac_relative_bias_scratch},
    [LAC_OP_ADD] = {add_run, NULL},
    [LAC_OP_ADD_BROADCAST] = {add_broadcast_run, NULL},
    [LAC_OP_MUL_BROADCAST] = {mul_broadcast_run, NULL},
    [LAC_OP_SUM_LEADING] = {sum_leading_run, sum_leading_scratch},
    [LAC_OP_MUL_SUM_LEADING] = {mul_sum_leading_run, sum_leading_scratch},
    [LAC_OP_SCALE_SAMPLES] = {scale_samples_run, NULL},
    [LAC_OP_SCALE] = {scale_run, NULL},
    [LAC_OP_FILL] = {fill_run, NULL},
    [LAC_OP_ACCUMULATE] = {accumulate_run, NULL},
    [LAC_OP_PATCHIFY] = {lac_move_patchify, NULL},
    [LAC_OP_UNPATCHIFY] = {lac_move_unpatchify, NULL},
    [LAC_OP_GATHER_ROWS] = {lac_move_gather_rows, NULL},
    [LAC_OP_GATHER_ROWS_GRAD] = {lac_move_gather_rows_grad, NULL},
    [LAC_OP_CONCAT_TOKENS] = {lac_move_concat_tokens, NULL},
    [LAC_OP_SLICE_TOKENS] = {lac_move_slice_tokens, NULL},
    [LAC_OP_SLICE_TOKENS_GRAD] = {lac_move_slice_tokens_grad, NULL},
    [LAC_OP_RESTORE] = {lac_move_restore, NULL},
    [LAC_OP_RESTORE_GRAD] = {lac_move_restore_grad, lac_move_restore_grad_scratch},
    [LAC_OP_MEAN_TOKENS] = {lac_move_mean_tokens, NULL},
    [LAC_OP_MEAN_TOKENS_GRAD] = {lac_move_mean_tokens_grad, NULL},
    [LAC_OP_NORMALIZE_ROWS] = {normalize_rows_run, NULL},
    [LAC_OP_L2] = {l2_run, loss_scratch},
    [LAC_OP_L2_GRAD] = {l2_grad_run, NULL},
    [LAC_OP_L1] = {l1_run, loss_scratch},
    [LAC_OP_L1_GRAD] = {l1_grad_run, NULL},
    [LAC_OP_SMOOTH_L1] = {smooth_run, loss_scratch},
    [LAC_OP_SMOOTH_L1_GRAD] = {smooth_grad_run, NULL},
    [LAC_OP_CROSS_ENTROPY] = {entropy_run, entropy_scratch},
    [LAC_OP_CROSS_ENTROPY_GRAD] = {entropy_grad_run, NULL},
    [LAC_OP_UNIT_ROWS] = {unit_rows_run, NULL},
    [LAC_OP_UNIT_ROWS_GRAD] = {unit_rows_grad_run, NULL},
    [LAC_OP_SOFTMAX] = {softmax_run, NULL},
    [LAC_OP_SOFTMAX_GRAD] = {softmax_grad_run, NULL},
    [LAC_OP_NEAREST] = {nearest_run, nearest_scratch},
    [LAC_OP_KL_UNIFORM] = {kl_uniform_run, kl_uniform_scratch},
    [LAC_OP_KL_UNIFORM_GRAD] = {kl_uniform_grad_run, NULL},
    [LAC_OP_INFONCE] = {infonce_run, infonce_scratch},
    [LAC_OP_INFONCE_GRAD] = {infonce_grad_run, infonce_grad_scratch},
    [LAC_OP_DFT] = {lac_spectrum_run, lac_spectrum_scratch},
    [LAC_OP_IDFT] = {lac_spectrum_run, lac_spectrum_scratch},
    [LAC_OP_MASK_TOKENS] = {lac_mask_tokens_run, NULL},
    [LAC_OP_MASK_TOKENS_GRAD] = {lac_mask_tokens_grad_run, lac_mask_tokens_grad_scratch},
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
