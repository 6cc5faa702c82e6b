/* graph/running.h - the inside of a program: bound calls and the memory they touch. Private to program.c and print.c.
 */
#ifndef LAC_GRAPH_RUNNING_H
#define LAC_GRAPH_RUNNING_H

#include "graph/plan.h"

typedef struct lac_bound_input {
    const char *name;
    lac_view view; /* data: what runs read */
    void *own;     /* the program's memory for it */
    int layer;     /* of a drop-path input, else -1 */
    double rate;
    int first_view, n_views; /* drop path: its rows are so many views of the samples */
} lac_bound_input;

typedef struct lac_bound_output {
    const char *name;
    lac_view view;
    int input; /* the input whose memory it is, else -1 */
} lac_bound_output;

typedef struct lac_step {
    const lac_kernel *kernel;
    int input[LAC_MAX_IN]; /* by argument: the input whose memory it is, else -1 */
    unsigned fixed;        /* bit i: argument i is a parameter, or a teacher's copy of one */
    const char *adds_to;   /* the parameter whose gradient the first output is, else NULL */
    int64_t offset;        /* of the first output in the arena; -1: not there */
    int before;            /* the step whose output was in that memory before, else -1 */
    bool is_in_place;
    bool starts; /* a product that is the first to write the gradients it adds to */
    lac_node_profile profile;
} lac_step;

typedef struct lac_cleared {
    void *data;
    size_t bytes;
} lac_cleared;

struct lac_program {
    lac_arena *names;
    int n_steps, n_inputs, n_outputs;
    lac_step *steps;
    lac_call *calls;
    lac_bound_input *inputs;
    lac_bound_output *outputs;
    void *arena, *scratch, *kept;
    lac_cleared *cleared; /* gradients that no product starts */
    int n_cleared;
    bool is_profiled;
    lac_program_info info;
};

/* "gemm+bias+gelu": the op with what rides on it. */
void lac_call_label(const lac_call *call, char *text, size_t room);

#endif
