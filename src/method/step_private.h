/* method/step_private.h - what a step is made of: step.c builds it, step_mask.c fills its inputs. */
#ifndef LAC_METHOD_STEP_PRIVATE_H
#define LAC_METHOD_STEP_PRIVATE_H

#include "method/method_private.h"

/* Of a decoder that predicts lists of patches: the program's inputs (NULL: not there), and the lists as drawn. */
typedef struct lac_step_lists {
    int32_t *keep_places, *sequence, *sequence_places, *blocks;
    lac_view padding;
    int32_t *drawn;                      /* B x M x K, -1 after the last of each */
    int64_t epoch, sample;               /* the first of the batch, which keys what its pictures share */
    int64_t most_visible, most_in_block; /* lists of the batch are cut to; 0: they are not */
} lac_step_lists;

struct lac_step {
    lac_method *method;
    lac_program *program;
    int64_t batch, n_rows; /* samples; of each, n_large views are masked: rows of every input by picture */
    bool is_on[LAC_N_ON];
    lac_view weight[LAC_N_ON], norm[LAC_N_ON];
    lac_view factor[LAC_MAX_OBJECTIVES]; /* input [1] of a term whose weight changes; data NULL: none */
    int32_t *keep, *restore;             /* the program's inputs in index form, else NULL */
    lac_step_lists lists;
    lac_view drawn;                     /* the program's input "mask/0" in weight form; data NULL in index form */
    double n_planned;                   /* pictures of lac_step_plan; 0: none */
    double n_planned_hidden;            /* hidden patches in them */
    double n_planned_rows;              /* patches in their lists */
    lac_view inverse[LAC_MOST_COURSES]; /* inputs [1] of numbers that graphs divide by and that change (step_sums.c) */
    lac_view noise;                     /* input "gumbel/0"; data NULL: nothing is drawn softly */
    int n_sums;
    lac_view gathered[LAC_MOST_SUMS], rows; /* outputs of one micro-batch, */
    float *sum[LAC_MOST_SUMS];              /* added up over a step */
    int64_t n_gathered;                     /* micro-batches in these sums and those: */
    struct {
        lac_view mean, figure; /* of a term that aims; data NULL: of none */
        float *sum;
        double figures;
    } aims[LAC_MAX_OBJECTIVES];
    lac_program *looking;     /* of masks that go by attention, else NULL: what it attends to in whole pictures, */
    float *attention;         /* rows x N, */
    double *logits;           /* and room for one row of tokens */
    float *mask;              /* B x N, 1 = hidden */
    unsigned char *is_hidden; /* N, of one sample */
    void *mask_scratch;
    uint64_t *sort_scratch; /* N */
    int32_t *order;         /* N */
};

/* Names of the inputs by `on`: loss weights B x N and the factor [1]. */
extern const char *const lac_step_weight_names[LAC_N_ON];
extern const char *const lac_step_norm_names[LAC_N_ON];

/* step_mask.c: sample b's mask from is_hidden (and its lists as drawn); loss weights and factors of masks from outside,
 * as lac_step_set_mask. */
void lac_step_put_sample(lac_step *s, int64_t b);
void lac_step_put_given(lac_step *s, const float *weight, double total_weight);

/* step_lists.c: the graph's inputs, "blocks/0" returned; then those of the program. */
lac_id lac_step_input_lists(const lac_method *m, lac_graph *g, int64_t batch, lac_encoder_input *input,
                            lac_decoder_lists *lists);
lac_id lac_step_without_padding(const lac_method *m, lac_graph *g, int64_t batch, lac_id features);
lac_status lac_step_find_lists(lac_step *s, lac_error *err);
void lac_step_free_lists(lac_step *s);
/* Before its micro-batches, all pictures of a batch. */
void lac_step_plan_lists(lac_step *s, uint64_t seed, const int64_t *epoch, const int64_t *sample, int64_t n);
/* One picture's mask to is_hidden and to place b of the drawn lists; the patches in those; its inputs. */
void lac_step_draw_lists(lac_step *s, uint64_t seed, int64_t epoch, int64_t sample, int64_t b);
void lac_step_list_hidden(lac_step *s, int64_t b); /* lists from is_hidden, of a mask without its own */
int64_t lac_step_rows_of(const lac_step *s, int64_t b);
void lac_step_put_lists(lac_step *s, int64_t b);
/* 1 for each patch of a list, or its `weight` (B x N); their sum. */
double lac_step_put_list_weights(lac_step *s, const float *weight);

/* step_attention.c: nothing where the mask does not go by attention. attend: from the pictures that the program's views
 * are bound to. */
lac_status lac_step_open_attention(lac_step *s, const lac_backend *backend, lac_pool *pool, lac_error *err);
void lac_step_close_attention(lac_step *s);
lac_status lac_step_attend(lac_step *s, lac_error *err);

/* step_sums.c */
lac_status lac_step_find_courses(lac_step *step, lac_error *err);
void lac_step_put_courses(lac_step *step);
void lac_step_draw_noise(lac_step *step, uint64_t seed, const int64_t *epoch, const int64_t *sample);
lac_status lac_step_open_sums(lac_step *step, unsigned flags, lac_error *err);
void lac_step_close_sums(lac_step *step);

#endif
