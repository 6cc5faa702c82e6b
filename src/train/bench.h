/* train/bench.h - how fast is the training step of a recipe here? The function that `pretrain` runs (trainer.h), fed
 * with made-up pictures that lie in memory: fresh masks every step, optimizer, falling loss. */
#ifndef LAC_TRAIN_BENCH_H
#define LAC_TRAIN_BENCH_H

#include "train/trainer.h"

enum { LAC_BENCH_WARM_STEPS = 3, LAC_BENCH_MOST_STEPS = 100000 };

typedef struct lac_bench_result {
    int64_t steps;       /* timed ones */
    double step_s;       /* median */
    double images_per_s; /* over all timed steps together */
    double gflops;       /* 1e9 a second; matrix and attention products only, 2 a multiply-add, forward and backward */
    double peak_gflops;  /* best of two probes of fused multiply-adds in registers, before and after, same threads */
    double peak_share;   /* gflops / peak_gflops */
    double peak_rss_mb;  /* VmHWM in 10^6 bytes, read before anything is printed */
    double spread;       /* of step times: (90th percentile - 10th) / median */
    double loss_first, loss_last;
    double flops_per_step;
    double inputs_s, update_s; /* of all timed steps together: drawing masks; gradient norm and optimizer */
} lac_bench_result;

/* Steps until `seconds` have passed after the warm ones (at least 2). The recipe's picture.mean may be `measured`: no
 * picture is decoded. LAC_FAILURE when the loss is not finite. */
lac_status lac_bench(lac_trainer *trainer, const lac_method *method, const lac_backend *backend, lac_pool *pool,
                     double seconds, bool profile, lac_bench_result *result, lac_error *err);

typedef struct lac_loader_speed {
    int n_threads;
    int64_t pictures, broken;
    double seconds, images_per_s;
    double processor_s; /* of all threads, a picture */
} lac_loader_speed;

/* The loader alone, as `pretrain` uses it: decoding, crops, flips, normalising by the recipe (whose picture.mean and
 * std must be numbers by now), batch after batch for `seconds`. */
lac_status lac_bench_loader(const lac_method *method, const lac_source *source, int n_threads, double seconds,
                            lac_loader_speed *speed, lac_error *err);

#endif
