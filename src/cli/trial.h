/* cli/trial.h - `lacuna step`: the model on trial, what it is given, and what it gives. */
#ifndef LAC_CLI_TRIAL_H
#define LAC_CLI_TRIAL_H

#include "cli/cli.h"
#include "io/safetensors.h"
#include "method/hf.h"
#include "train/run.h"

typedef struct lac_trial {
    lac_model *model;   /* of a run or a model folder, or */
    lac_recipe *recipe; /* of a recipe, with its method */
    lac_method *method;
    bool is_huggingface;
    unsigned hf_names;
    uint64_t seed;
} lac_trial;

/* The command's first word: a recipe (with --set and --seed), a run or a model. Close it whatever the status. */
lac_status lac_trial_open(const lac_args *args, lac_trial *s, lac_error *err);
void lac_trial_close(lac_trial *s);
/* Every trainable parameter under the name of the model's own file. */
lac_status lac_trial_each_parameter(const lac_trial *s, lac_hf_visit visit, void *context, lac_error *err);
bool lac_trial_is_of_teacher(const lac_entry *entry);
/* A buffer that changes while a method trains, and is no teacher's: a codebook, a centre. */
bool lac_trial_is_state(const lac_entry *entry);

typedef struct lac_trial_inputs {
    int64_t batch, rows;          /* pictures, and masked views of them */
    float *views[LAC_MOST_VIEWS]; /* view/K; NULL: not given */
    float *gumbel;                /* gumbel/0 of a recipe whose codes are drawn softly, else NULL */
    float *noise, *weight;        /* NULL: not given */
    int32_t *keep;
    int32_t *blocks; /* B x M x n_in_block, beside keep B x n_keep; NULL: the recipe predicts no lists */
    int64_t n_keep, n_in_block;
} lac_trial_inputs;

/* --inputs, or --pixels and --noise; weights, teachers and states go into the trial's store. LAC_FAILURE names the
 * file, the tensor and the shape that was expected. Free it whatever the status. */
lac_status lac_trial_inputs_load(const lac_args *args, const lac_trial *s, lac_trial_inputs *in, lac_error *err);
void lac_trial_inputs_free(lac_trial_inputs *in);

typedef struct lac_trial_dump {
    const lac_trial *s;
    lac_safetensors_writer *writer;
    const char *prefix; /* "grad/" or "after/" */
    bool is_declaring;
} lac_trial_dump;

/* In this order: every tensor's name and shape, the first step's values, the last's. losses: (1 + terms) x steps */
lac_status lac_trial_dump_declare(lac_trial_dump *d, const lac_step *step, int64_t steps, lac_error *err);
lac_status lac_trial_dump_first(lac_trial_dump *d, const lac_step *step, lac_error *err);
lac_status lac_trial_dump_last(lac_trial_dump *d, const float *losses, int64_t steps, lac_error *err);

#endif
