/* train/budget.c - measuring what a step, a log line and a checkpoint cost, and dividing (budget.h). */
#include "train/budget.h"

#include <math.h>

#include "base/file.h"
#include "train/checkpoint.h"

enum { WARM_STEPS = 3, LEAST_STEPS = 2 };

lac_status lac_budget_measure(lac_trainer *trainer, lac_feed feed, void *context, lac_collapse *collapse,
                              double budget_s, const char *probe, bool (*stop)(void *), void *stop_context,
                              lac_budget_costs *costs, lac_error *err) {
    lac_step_result result;
    double began = lac_clock_s(), time_for_it = fmin(budget_s / 20, 8), first = 0;
    int64_t step = 0;
    for (;; step++) {
        if (step == WARM_STEPS) first = lac_clock_s();
        double now = lac_clock_s();
        if (step >= WARM_STEPS + LEAST_STEPS && now - began >= time_for_it) break;
        if (step > 0 && now - began > budget_s / 2) break; /* even the warm steps are too slow for this budget */
        if (stop && stop(stop_context)) return lac_fail(err, "stopped before the first step; nothing was saved");
        LAC_TRY(lac_trainer_step(trainer, feed, context, step, 0, step == 0 ? collapse : NULL, &result, err));
    }
    double now = lac_clock_s();
    costs->step_s = step > WARM_STEPS ? (now - first) / (double)(step - WARM_STEPS) : (now - began) / (double)step;
    if (collapse) lac_collapse_measure(collapse);
    costs->log_s = lac_clock_s() - now;
    now = lac_clock_s();
    lac_checkpoint_info info = {.seed = lac_trainer_seed(trainer)};
    LAC_TRY(lac_checkpoint_write(probe, lac_trainer_store(trainer), lac_trainer_optimizer(trainer), &info, err));
    costs->checkpoint_s = lac_clock_s() - now;
    return lac_file_remove(probe, err);
}

int64_t lac_budget_steps(const lac_budget_costs *c, double left_s, int64_t logs, int64_t every) {
    double each = c->step_s + (every > 0 ? c->checkpoint_s / (double)every : 0);
    double left = left_s - c->checkpoint_s;
    double n = left / (each + c->log_s); /* a short run logs every step */
    if (n > (double)logs) n = (left - c->log_s * (double)logs) / each;
    return n >= 1 && isfinite(n) ? (int64_t)fmin(floor(n), 1e15) : 1;
}
