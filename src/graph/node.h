/* graph/node.h - what a graph is made of, inside: tensors, nodes, and the declaration of an op.
 *
 * Private to graph/. A tensor is written by one node (its producer), except gradients of parameters, which live in the
 * store and are added to by any number of nodes. Nodes stand in the order in which they were made, which is the order
 * in which they run. */
#ifndef LAC_GRAPH_NODE_H
#define LAC_GRAPH_NODE_H

#include "backend/backend.h"
#include "base/arena.h"
#include "graph/graph.h"

typedef enum lac_kind {
    LAC_KIND_INPUT,
    LAC_KIND_PARAMETER,          /* a store entry's value */
    LAC_KIND_PARAMETER_GRADIENT, /* a store entry's grad */
    LAC_KIND_INTERMEDIATE
} lac_kind;

typedef struct lac_shape {
    int rank; /* -1: there is no such tensor */
    int64_t dim[LAC_MAX_RANK];
} lac_shape;

typedef struct lac_tensor {
    lac_dtype dtype;
    lac_shape shape;
    lac_kind kind;       /* of the tensor whose memory it is */
    lac_id alias_of;     /* LAC_NONE: has its own memory */
    int producer;        /* node; -1 for leaves */
    int entry;           /* store index of a parameter or its gradient, else -1 */
    bool is_wanted;      /* lac_want_gradient */
    bool needs_gradient; /* something trainable lies below; known once backward ran */
    lac_id gradient;
    lac_id again; /* the same values, computed again for backward; LAC_NONE */
} lac_tensor;

typedef struct lac_node {
    lac_op_id op;
    lac_attr attr;
    int n_in, n_out;
    lac_id in[LAC_MAX_IN], out[LAC_MAX_OUT]; /* LAC_NONE where absent */
    bool is_dead;                            /* replaced by a fused node */
} lac_node;

typedef struct lac_named {
    const char *name;
    lac_id id;
    int layer;   /* of a drop-path input, else -1 */
    double rate; /* of a drop-path input */
    int first_view, n_views;
} lac_named;

struct lac_graph {
    lac_dtype real;
    lac_store *store;
    const char *scope; /* NULL: none */
    int first_view, n_views;
    lac_arena *names;
    lac_tensor *tensors;
    lac_node *nodes;
    lac_named *inputs, *outputs;
    int n_tensors, n_nodes, n_inputs, n_outputs;
    int tensor_room, node_room, input_room, output_room;
    bool has_backward, recomputes;
    lac_error error; /* the first one */
};

/* An op: everything the graph knows about it. ops/NAME.c declares one per id of backend/op.h as lac_op_ID. */
typedef struct lac_op {
    int n_in, n_out;
    unsigned optional; /* bit i: input i may be absent */
    unsigned indices;  /* bit i: input i is i32; all others are the graph's real type */
    unsigned chosen;   /* bit i: output i is i32, likewise */
    bool is_alias;     /* the output is the input's memory */
    bool is_in_place;  /* elementwise: the output may be written over the first input */
    bool is_stop;      /* gradients end here */
    bool is_cheap;     /* computing the first output again may beat keeping it: see lac_graph_recompute */
    /* Check the inputs, write the shapes of the outputs (rank -1: none). `out` comes filled with the shapes the builder
     * gave, for ops that cannot derive them. False after lac_graph_refuse. */
    bool (*shape)(lac_graph *g, const lac_node *node, lac_shape *out);
    /* Add nodes for the gradients of those inputs that need one, given d_out of the first output. NULL: no derivative.
     */
    void (*backward)(lac_graph *g, const lac_node *node, lac_id d_out, lac_id *d_in);
    /* Floating-point operations in matrix and attention products, 2 per multiply-add, recomputation not counted. */
    double (*flops)(const lac_call *call);
} lac_op;

#define LAC_OP_DECLARE(id, name) extern const lac_op lac_op_##id;
LAC_OPS(LAC_OP_DECLARE)
#undef LAC_OP_DECLARE

const lac_op *lac_op_at(lac_op_id id);
const char *lac_op_name(lac_op_id id);

/* Append a node with its op's number of inputs and fresh outputs; returns the first output. `given` (may be NULL):
 * shapes of outputs the op cannot derive, n_out of them. */
lac_id lac_emit(lac_graph *g, lac_op_id op, lac_attr attr, const lac_id *in, const lac_shape *given);
/* The k-th output of the node that made x. */
lac_id lac_sibling(const lac_graph *g, lac_id x, int k);
/* ACCUMULATE x into the gradient of the parameter that `parameter` is (or is a view of). */
void lac_emit_accumulate(lac_graph *g, lac_id parameter, lac_id x);
/* Does x exist and need a gradient? For backward rules. */
bool lac_needs(const lac_graph *g, lac_id x);

const lac_tensor *lac_tensor_at(const lac_graph *g, lac_id x);
lac_id lac_root(const lac_tensor *tensors, lac_id x); /* the tensor whose memory x is */

lac_shape lac_shape_of(int rank, const int64_t *dim);
int64_t lac_shape_size(const lac_shape *shape);
int64_t lac_shape_rows(const lac_shape *shape);
int64_t lac_shape_last(const lac_shape *shape);
bool lac_shape_equal(const lac_shape *a, const lac_shape *b);

typedef struct lac_shape_text {
    char text[96];
} lac_shape_text;
lac_shape_text lac_shape_print(const lac_shape *shape); /* "[2 x 3 x 4]" */
/* The same of an argument of a node being made. */
lac_shape_text lac_print(const lac_graph *g, lac_id x);

#endif
