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
    float *mask;                         /* B x N, 1 = hidden */
    unsigned char *is_hidden;            /* N, of one sample */
    void *mask_scratch;
    uint64_t *sort_scratch; /* N */
    int32_t *order;         /* N */
};

/* Names of the inputs by `on`: loss weights B x N and the factor [1]. */
extern const char *const lac_step_weight_names[LAC_N_ON];
extern const char *const lac_step_norm_names[LAC_N_ON];

#endif
