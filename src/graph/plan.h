/* graph/plan.h - from a graph's nodes to the list that runs and the memory it runs in.
 *
 * Private to graph/ and its tests. The steps are: copy and drop what nothing asks for (lac_work_new), merge (lac_fuse),
 * drop merged nodes and aliases (lac_work_pack), assign memory (lac_plan_new). */
#ifndef LAC_GRAPH_PLAN_H
#define LAC_GRAPH_PLAN_H

#include "graph/node.h"
#include "graph/program.h"

enum { LAC_PROGRAM_NO_SHARING = 1 << 8 }; /* option of lac_program_new for tests: every tensor has its own memory */

/* For tests: fill arena and scratch with bytes that read as NaN. */
void lac_program_poison(lac_program *program);

typedef struct lac_work {
    const lac_tensor *tensors; /* the graph's */
    int n_tensors, n_nodes;
    lac_node *nodes;
    bool *is_output; /* by tensor: named by lac_output */
    int *producer;   /* by tensor: node, -1 for leaves */
    int *uses;       /* by tensor: how often nodes read it */
} lac_work;

lac_status lac_work_new(const lac_graph *graph, lac_work *work, lac_error *err); /* lac_work_free in either case */
void lac_work_free(lac_work *work);
void lac_work_count(lac_work *work); /* producer and uses, after a change of nodes */
void lac_work_pack(lac_work *work);

void lac_fuse(lac_work *work);

typedef struct lac_block { /* a piece of the arena, in use from node `first` to node `last` inclusive */
    size_t bytes;
    int first, last;
    size_t offset;
} lac_block;

/* Choose offsets, multiples of 64, so that blocks in use at the same time do not overlap; *bytes is the arena's size.
 */
lac_status lac_plan_blocks(lac_block *blocks, int n, size_t *bytes, lac_error *err);

typedef struct lac_plan {
    int *block_of; /* by tensor that owns memory; -1: not in the arena */
    lac_block *blocks;
    int n_blocks;
    bool *in_place; /* by node: the first output is written over the first input */
    size_t arena_bytes, unshared_bytes;
} lac_plan;

/* May swap the arguments of an ADD so that it runs in place. */
lac_status lac_plan_new(lac_work *work, bool may_share, lac_plan *plan,
                        lac_error *err); /* lac_plan_free in either case */
void lac_plan_free(lac_plan *plan);

#endif
