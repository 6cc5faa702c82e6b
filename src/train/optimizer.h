/* train/optimizer.h - AdamW over a store: decoupled decay, clipping, weight average (EMA), schedule. */
#ifndef LAC_TRAIN_OPTIMIZER_H
#define LAC_TRAIN_OPTIMIZER_H

#include "backend/backend.h"
#include "graph/store.h"
#include "method/recipe.h"

typedef struct lac_optimizer lac_optimizer;

typedef struct lac_optimizer_options {
    double beta1, beta2, eps, weight_decay;
    double clip; /* largest global gradient norm; 0: none */
    double ema;  /* decay of the weight average; 0: none kept */
} lac_optimizer_options;

lac_status lac_optimizer_new(lac_store *store, const lac_optimizer_options *options, lac_optimizer **o, lac_error *err);
void lac_optimizer_free(lac_optimizer *o);
/* Back to zero steps and zero moments, as new. */
void lac_optimizer_reset(lac_optimizer *o);
/* One step from the store's gradients at learning rate lr; *norm is the gradient's norm before clipping (may be NULL).
 * A norm that is not finite changes nothing: no weight, no moment, no count. The average starts as the weights before
 * the first step. */
void lac_optimizer_step(lac_optimizer *o, const lac_backend *backend, lac_pool *pool, double lr, double *norm);
/* What may follow a schedule, for the steps to come. */
void lac_optimizer_set(lac_optimizer *o, double weight_decay, double clip);
/* Entry i of the store learns at lr x scale (as new: 1), its decay, which is lr x weight_decay, too; 0: it is left as
 * it is, and its gradient is no part of the norm. */
void lac_optimizer_scale(lac_optimizer *o, int entry, double scale);
/* A held entry keeps its value while its moments go on: its gradient is part of the norm. As new: none. */
void lac_optimizer_hold(lac_optimizer *o, int entry, bool is_held);
int64_t lac_optimizer_steps(const lac_optimizer *o);

/* Linear warm-up from 0 over `warmup` steps, then half a cosine to min_lr at `total`; step counts from 0. */
double lac_schedule_lr(double peak, double min_lr, int64_t warmup, int64_t total, int64_t step);

/* State for checkpoints: m, v and the average of entry i (NULL for buffers, or when not kept). */
typedef struct lac_optimizer_state {
    float *m, *v, *average;
} lac_optimizer_state;
lac_optimizer_state lac_optimizer_entry(const lac_optimizer *o, int i);
void lac_optimizer_set_steps(lac_optimizer *o, int64_t steps);

#endif
