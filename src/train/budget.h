/* train/budget.h - from a time budget to a number of steps, once, before a run begins. */
#ifndef LAC_TRAIN_BUDGET_H
#define LAC_TRAIN_BUDGET_H

#include "train/trainer.h"

typedef struct lac_budget_costs {
    double step_s, log_s, checkpoint_s;
} lac_budget_costs;

/* Run real steps at the beginning of `source` for about a twentieth of budget_s (at most 8 s) and time them, a line of
 * the log and a checkpoint (written to `probe` and removed). Leaves weights and moments trained: initialise afterwards.
 */
lac_status lac_budget_measure(lac_trainer *trainer, lac_feed feed, void *context, lac_collapse *collapse,
                              double budget_s, const char *probe, bool (*stop)(void *), void *stop_context,
                              lac_budget_costs *costs, lac_error *err);
/* The most steps (at least 1) that fit into left_s with `logs` log lines, a checkpoint every `every` steps and a last
 * one. */
int64_t lac_budget_steps(const lac_budget_costs *costs, double left_s, int64_t logs, int64_t every);

#endif
