/* method/step_private.h - what a step is made of: step.c builds it, step_mask.c fills its inputs. */
#ifndef LAC_METHOD_STEP_PRIVATE_H
#define LAC_METHOD_STEP_PRIVATE_H

#include "method/method_private.h"

struct lac_step {
    lac_method *method;
    lac_program *program;
    int64_t batch;
    bool is_on[LAC_N_ON];
    lac_view weight[LAC_N_ON], norm[LAC_N_ON];
    lac_view factor[LAC_MAX_OBJECTIVES]; /* input [1] of a term whose weight changes; data NULL: none */
    int32_t *keep, *restore;             /* the program's inputs in index form, else NULL */
    lac_view drawn;                      /* the program's input "mask/0" in weight form; data NULL in index form */
    double n_planned;                    /* pictures of lac_step_plan; 0: none */
    double n_planned_hidden;             /* hidden patches in them */
    lac_view inverse[LAC_MOST_COURSES];  /* inputs [1] of numbers that graphs divide by and that change (step_sums.c) */
    lac_view noise;                      /* input "gumbel/0"; data NULL: nothing is drawn softly */
    int n_sums;
    lac_view gathered[LAC_MOST_SUMS], rows; /* outputs of one micro-batch, */
    float *sum[LAC_MOST_SUMS];              /* added up over a step */
    float *mask;                            /* B x N, 1 = hidden */
    unsigned char *is_hidden;               /* N, of one sample */
    void *mask_scratch;
    uint64_t *sort_scratch; /* N */
    int32_t *order;         /* N */
};

/* Names of the inputs by `on`: loss weights B x N and the factor [1]. */
extern const char *const lac_step_weight_names[LAC_N_ON];
extern const char *const lac_step_norm_names[LAC_N_ON];

/* step_sums.c */
lac_status lac_step_find_courses(lac_step *step, lac_error *err);
void lac_step_put_courses(lac_step *step);
void lac_step_draw_noise(lac_step *step, uint64_t seed, const int64_t *epoch, const int64_t *sample);
lac_status lac_step_open_sums(lac_step *step, unsigned flags, lac_error *err);
void lac_step_close_sums(lac_step *step);

#endif
