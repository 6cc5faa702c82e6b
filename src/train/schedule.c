/* train/schedule.c - the course of the learning rate: linear warm-up, then half a cosine (arXiv 1608.03983 without
 * restarts), per step. A pure function of the step, so a resumed run goes on exactly. */
#include <math.h>

#include "train/optimizer.h"

double lac_schedule_lr(double peak, double min_lr, int64_t warmup, int64_t total, int64_t step) {
    if (step < warmup) return peak * (double)step / (double)warmup;
    if (step >= total || total <= warmup) return step >= total ? min_lr : peak;
    double share = (double)(step - warmup) / (double)(total - warmup);
    return min_lr + (peak - min_lr) * 0.5 * (1 + cos(acos(-1.0) * share));
}
