/* backend/cpu/move.h - kernels that move or add whole rows of float32: bound by memory, the same for every set. */
#ifndef LAC_BACKEND_CPU_MOVE_H
#define LAC_BACKEND_CPU_MOVE_H

#include "backend/backend.h"

void lac_move_patchify(const lac_call *call);
void lac_move_unpatchify(const lac_call *call);
void lac_move_gather_rows(const lac_call *call);
void lac_move_gather_rows_grad(const lac_call *call);
void lac_move_concat_tokens(const lac_call *call);
void lac_move_slice_tokens(const lac_call *call);
void lac_move_slice_tokens_grad(const lac_call *call);
void lac_move_restore(const lac_call *call);
void lac_move_restore_grad(const lac_call *call);
size_t lac_move_restore_grad_scratch(const lac_call *call, int n_threads);
void lac_mask_tokens_run(const lac_call *call);
void lac_mask_tokens_grad_run(const lac_call *call);
size_t lac_mask_tokens_grad_scratch(const lac_call *call, int n_threads);
void lac_relative_bias_run(const lac_call *call);
void lac_relative_bias_grad_run(const lac_call *call);
size_t lac_relative_bias_scratch(const lac_call *call, int n_threads);
void lac_spectrum_run(const lac_call *call);
size_t lac_spectrum_scratch(const lac_call *call, int n_threads);
void lac_move_mean_tokens(const lac_call *call);
void lac_move_mean_tokens_grad(const lac_call *call);

#endif
