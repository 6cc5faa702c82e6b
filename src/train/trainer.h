/* train/trainer.h - the training step that `pretrain` and `bench` run: batches in, one optimizer update out.
 *
 * A step takes `accumulate` batches from a feed, splits each into the method's micro-batches where the method says that
 * is the same computation, adds their gradients, and updates. Between a batch's hand-over and the end of the step
 * nothing is allocated. */
#ifndef LAC_TRAIN_TRAINER_H
#define LAC_TRAIN_TRAINER_H

#include "data/loader.h"
#include "method/method.h"
#include "train/collapse.h"
#include "train/log.h"
#include "train/optimizer.h"

typedef struct lac_trainer lac_trainer;

/* Hands over the next batch, of the size given to lac_trainer_new; valid until the next call. */
typedef lac_status (*lac_feed)(void *context, const lac_batch **batch, lac_error *err);

typedef struct lac_step_result {
    double loss;      /* of the global batch, before the update */
    double grad_norm; /* before clipping */
    bool is_finite;   /* false: nothing was updated */
    int n_terms;
    double term[LAC_MOST_TERMS];
    int n_figures; /* of the batch, such as "perplexity" of the codes it used */
    const char *figure_name[LAC_MOST_FIGURES];
    double figure[LAC_MOST_FIGURES];
} lac_step_result;

/* Optimizer settings and seed come from the method's recipe. The method is borrowed. */
lac_status lac_trainer_new(lac_method *method, const lac_backend *backend, lac_pool *pool, lac_trainer **trainer,
                           lac_error *err);
void lac_trainer_free(lac_trainer *trainer);
/* As at step 0: weights drawn from the seed, moments zero. */
void lac_trainer_initialize(lac_trainer *trainer);
/* Steps of the whole run, over which schedules run; until told (0) they stand at their beginning. */
void lac_trainer_plan(lac_trainer *trainer, int64_t total);
/* Learning rate lr; `features`: if not NULL, cleared and filled with this step's. step counts from 0. */
lac_status lac_trainer_step(lac_trainer *trainer, lac_feed feed, void *context, int64_t step, double lr,
                            lac_collapse *features, lac_step_result *result, lac_error *err);

int64_t lac_trainer_batch(const lac_trainer *trainer);        /* pictures a feed gives at once */
int64_t lac_trainer_global_batch(const lac_trainer *trainer); /* pictures a step takes */
int64_t lac_trainer_micro_batch(const lac_trainer *trainer);
uint64_t lac_trainer_seed(const lac_trainer *trainer);
lac_store *lac_trainer_store(const lac_trainer *trainer);
lac_optimizer *lac_trainer_optimizer(const lac_trainer *trainer);
lac_program *lac_trainer_program(const lac_trainer *trainer); /* of one micro-batch */
/* Seconds since it was made that went into drawing masks and noise, and into gradient norms and updates. */
typedef struct lac_trainer_times {
    double inputs_s, update_s;
} lac_trainer_times;
lac_trainer_times lac_trainer_spent(const lac_trainer *trainer);
/* Names of the objective's terms; count. */
int lac_trainer_terms(const lac_trainer *trainer, const char *names[LAC_MOST_TERMS]);
/* The width of the features that a step hands over; 0 if this method has none. */
int64_t lac_trainer_feature_width(const lac_trainer *trainer);
/* Peak learning rate of the recipe at this global batch (optim.lr x batch / optim.per), and the rate at a step. */
double lac_trainer_peak_lr(const lac_trainer *trainer);
double lac_trainer_lr(const lac_trainer *trainer, int64_t total, int64_t step);

#endif
