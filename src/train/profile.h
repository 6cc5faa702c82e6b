/* train/profile.h - where the time of a training step goes, by kind of op: what `lacuna bench --ops` shows.
 *
 * A row is one kind of op with what rides on it, in one shape. Rows come from a program that ran with
 * lac_program_profile on, and from the trainer's own parts of a step. Not here: timing (train/bench.h), printing. */
#ifndef LAC_TRAIN_PROFILE_H
#define LAC_TRAIN_PROFILE_H

#include "base/text.h"
#include "train/bench.h"

typedef struct lac_profile_row {
    char op[64];       /* "gemm+bias+gelu" */
    char shape[96];    /* "[272x768] <- [272x192] [768x192]"; empty for parts outside the program */
    double calls;      /* a step */
    double seconds;    /* a step */
    double share;      /* of the step's time */
    double gflops;     /* a second; 0: no products */
    double gbytes;     /* a second, counting each argument once */
    double peak_share; /* gflops / peak */
    double roofline;   /* time that products at the peak or bytes at the memory's speed would take, whichever is more,
                          / time taken; above 1 where arguments come from cache */
} lac_profile_row;

typedef struct lac_profile {
    lac_profile_row *row; /* slowest first */
    int n;
    double step_s;    /* mean seconds of a step */
    double accounted; /* share of it that the rows explain */
    double peak_gflops, memory_gbytes;
} lac_profile;

/* After lac_bench(profile = true) on this trainer. The memory's speed is measured here, by reading 64 MB. */
lac_status lac_profile_new(const lac_trainer *trainer, const lac_backend *backend, lac_pool *pool,
                           const lac_bench_result *result, lac_profile *profile, lac_error *err);
void lac_profile_free(lac_profile *profile);

/* {"step_s": ..., "accounted": ..., "ops": [{"op": ..., ...}]} */
void lac_profile_json(const lac_profile *profile, lac_text *out);
/* Bars of time by row, each filled as far as the roofline would let it be. Self-contained, light and dark. */
void lac_profile_svg(const lac_profile *profile, const char *title, lac_text *out);

#endif
