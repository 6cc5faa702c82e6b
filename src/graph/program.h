/* graph/program.h - a graph made runnable: fused, planned into one arena, kernels bound. Running allocates nothing.
 *
 * The program keeps no pointer to the graph after lac_program_new and does not own the store. */
#ifndef LAC_GRAPH_PROGRAM_H
#define LAC_GRAPH_PROGRAM_H

#include "backend/backend.h"
#include "graph/graph.h"

typedef struct lac_program lac_program;

enum { LAC_PROGRAM_NO_FUSION = 1 }; /* for tests: every primitive op by itself */

lac_status lac_program_new(lac_graph *graph, const lac_backend *backend, lac_pool *pool, unsigned options,
                           lac_program **program, lac_error *err);
void lac_program_free(lac_program *program);
void lac_program_run(lac_program *program);
/* The same, where gradients of parameters (all of the store's) start from zero rather than from what they hold:
 * products that are the first to write one store where they would add. */
void lac_program_run_anew(lac_program *program);

/* Give kernels up to `most` bytes, nodes in order, to keep what they make of parameters (packed weights). Then
 * lac_program_run_again, which is lac_program_run where no parameter has changed since the last run of either, saves
 * making it again. */
lac_status lac_program_keep(lac_program *program, size_t most, lac_error *err);
void lac_program_run_again(lac_program *program);

/* Inputs: *view describes the tensor; data is memory owned by the program, writable between runs, until
 * lac_program_bind points it elsewhere (aligned for its type, alive during runs). LAC_FAILURE if there is no such name.
 */
lac_status lac_program_input(const lac_program *program, const char *name, lac_view *view, lac_error *err);
lac_status lac_program_bind(lac_program *program, const char *name, void *data, lac_error *err);
/* Outputs named with lac_output; readable after a run, until the next. */
lac_status lac_program_output(const lac_program *program, const char *name, lac_view *view, lac_error *err);

/* Fill every drop-path input from counters: element b of this program's batch is global element first + b of the step.
 */
void lac_program_draw(lac_program *program, uint64_t seed, uint64_t step, uint64_t first);

typedef struct lac_program_info {
    size_t arena_bytes;   /* activations and gradients of activations, shared by liveness */
    size_t scratch_bytes; /* kernels' work space */
    size_t kept_bytes;    /* what they keep from run to run */
    size_t input_bytes;
    size_t unshared_bytes; /* what the arena would be if nothing shared memory */
    double gemm_flops;     /* matrix products and attention products only, 2 per multiply-add */
    int n_nodes;
} lac_program_info;
lac_program_info lac_program_describe(const lac_program *program);
/* The plan as a table (op, shapes, MFLOP, KB, arena offset, what it shares memory with), one line per node. */
struct lac_text;
void lac_program_print(const lac_program *program, struct lac_text *out);

/* Per-node timing: while on, each run adds wall seconds to its node. */
void lac_program_profile(lac_program *program, bool on);
typedef struct lac_node_profile {
    const char *op;
    char label[64]; /* the op with what rides on it: "gemm+bias+gelu" */
    char shape[96];
    double seconds, flops, bytes;
    int64_t calls;
} lac_node_profile;
lac_node_profile lac_program_node(const lac_program *program, int node);

#endif
