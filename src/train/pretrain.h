/* train/pretrain.h - a whole pretraining run as one call: begin or resume, train, log, save.
 *
 *   lac_pretrain_options o = {.recipe = "demo", .data = "fashion-mnist", .out = "runs/first", .budget_s = 480};
 *   lac_error err;
 *   if (lac_pretrain(&o, &err) != LAC_OK) puts(err.text);
 *
 * The same call again resumes the run in `out` from its newest checkpoint that reads well, to the same bits as a run
 * that was never stopped; on a finished run it does nothing. A changed recipe or other data is LAC_USAGE and named.
 * Callbacks come on the calling thread, between steps. */
#ifndef LAC_TRAIN_PRETRAIN_H
#define LAC_TRAIN_PRETRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef struct lac_pretrain_progress {
    int64_t step, total; /* step: done */
    double loss, lr, grad_norm;
    double images_per_s; /* over about the last ten seconds */
    double epoch;
    double elapsed_s, left_s; /* of this call; expected until the end */
} lac_pretrain_progress;

typedef enum lac_pretrain_end {
    LAC_PRETRAIN_DONE,     /* all steps */
    LAC_PRETRAIN_WAS_DONE, /* there was nothing to do */
    LAC_PRETRAIN_PAUSED,   /* stop_after_s */
    LAC_PRETRAIN_STOPPED   /* the stop callback */
} lac_pretrain_end;

typedef struct lac_pretrain_result {
    lac_pretrain_end end;
    int64_t step, total;
    int64_t resumed_at;           /* step that this call began from; 0: a new run */
    int64_t broken;               /* pictures that could not be read */
    double loss;                  /* of the last step of this call; NaN if there was none */
    double seconds, images_per_s; /* training, of this call */
    char checkpoint[1024];        /* the newest; empty if there is none */
} lac_pretrain_result;

typedef struct lac_pretrain_options {
    /* recipe: a name or a file; NULL: the run's own, and for a new run one is chosen from the pictures and budget_s,
     * which must be there (train/choose.h), and why goes to RUN/choice.txt. data: data/source.h; out: the run's folder
     */
    const char *recipe, *data, *out;
    const char *const *sets; /* "key=value" */
    int n_sets;
    int64_t batch;       /* train.batch; 0: the recipe's */
    const int64_t *seed; /* train.seed; NULL: the recipe's */
    int64_t steps;       /* at most one of these three; none: train.epochs of a new run, or the run's own number */
    double epochs, budget_s;
    double stop_after_s;  /* 0: never */
    bool extend;          /* more steps than the run was planned for are wanted */
    int threads, loaders; /* 0: what the machine has */

    /* Any may be NULL. */
    void *context;
    bool (*stop)(void *context);                                            /* asked after every step */
    void (*progress)(void *context, const lac_pretrain_progress *progress); /* after every step */
    void (*note)(void *context, const char *text); /* one line: resumed, budget, broken picture, ... */
    lac_pretrain_result *result;
} lac_pretrain_options;

lac_status lac_pretrain(const lac_pretrain_options *options, lac_error *err);

#endif
