/* graph/graph.c - the graph itself: leaves, names, and appending nodes whose shapes their ops derive. */
#include "graph/graph.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "graph/node.h"

lac_status lac_graph_new(lac_dtype real, lac_store *store, lac_graph **graph, lac_error *err) {
    *graph = NULL;
    if (real != LAC_F32 && real != LAC_F64)
        return lac_fail(err, "graph: f32 or f64 expected, found %s", lac_dtype_name(real));
    if (store && lac_store_real(store) != real)
        return lac_fail(err, "graph of %s on a store of %s", lac_dtype_name(real),
                        lac_dtype_name(lac_store_real(store)));
    lac_graph *g = lac_zalloc(sizeof *g);
    if (!g) return lac_no_memory(err, "a graph");
    g->real = real;
    g->n_views = 1;
    g->store = store;
    g->names = lac_arena_new();
    if (!g->names) {
        lac_free(g);
        return lac_no_memory(err, "a graph");
    }
    *graph = g;
    return LAC_OK;
}

void lac_graph_free(lac_graph *g) {
    if (!g) return;
    lac_arena_free(g->names);
    lac_free(g->tensors);
    lac_free(g->nodes);
    lac_free(g->inputs);
    lac_free(g->outputs);
    lac_free(g);
}

lac_status lac_graph_check(const lac_graph *g, lac_error *err) {
    if (g->error.status != LAC_OK && err) *err = g->error;
    return g->error.status;
}

lac_id lac_graph_refuse(lac_graph *g, const char *format, ...) {
    if (g->error.status != LAC_OK) return LAC_NONE; /* what follows an error is noise */
    char text[LAC_ERROR_TEXT];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    lac_fail(&g->error, "%s", text);
    return LAC_NONE;
}

static lac_id refuse_memory(lac_graph *g) {
    if (g->error.status == LAC_OK) lac_no_memory(&g->error, "a graph");
    return LAC_NONE;
}

lac_dtype lac_graph_real(const lac_graph *g) {
    return g->real;
}

void lac_graph_set_scope(lac_graph *g, const char *prefix) {
    g->scope = prefix;
}

const char *lac_graph_scope(const lac_graph *g) {
    return g->scope;
}

void lac_graph_set_views(lac_graph *g, int first, int n) {
    g->first_view = first;
    g->n_views = n;
}

lac_store *lac_graph_store(const lac_graph *g) {
    return g->store;
}

const lac_tensor *lac_tensor_at(const lac_graph *g, lac_id x) {
    return x >= 0 && x < g->n_tensors ? &g->tensors[x] : NULL;
}

lac_id lac_root(const lac_tensor *tensors, lac_id x) {
    while (tensors[x].alias_of != LAC_NONE)
        x = tensors[x].alias_of;
    return x;
}

int lac_rank(const lac_graph *g, lac_id x) {
    const lac_tensor *tensor = lac_tensor_at(g, x);
    return tensor ? tensor->shape.rank : 0;
}

bool lac_is_index(const lac_graph *g, lac_id x) {
    const lac_tensor *tensor = lac_tensor_at(g, x);
    return tensor && tensor->dtype == LAC_I32;
}

int64_t lac_dim(const lac_graph *g, lac_id x, int axis) {
    const lac_tensor *tensor = lac_tensor_at(g, x);
    if (!tensor) return 0;
    if (axis < 0) axis += tensor->shape.rank;
    return axis >= 0 && axis < tensor->shape.rank ? tensor->shape.dim[axis] : 0;
}

/* Room for one more item in a growing array. */
static bool make_room(void **array, int n, int *room, size_t item) {
    if (n < *room) return true;
    int wanted = *room ? 2 * *room : 64;
    void *more = lac_resize(*array, (size_t)wanted * item);
    if (!more) return false;
    *array = more;
    *room = wanted;
    return true;
}

static bool is_valid_shape(const lac_shape *shape) {
    int64_t n = 1;
    if (shape->rank < 0 || shape->rank > LAC_MAX_RANK) return false;
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dim[i] < 1 || n > ((int64_t)1 << 40) / shape->dim[i]) return false;
        n *= shape->dim[i];
    }
    return true;
}

static lac_id add_tensor(lac_graph *g, lac_dtype dtype, lac_shape shape, lac_kind kind) {
    void *array = g->tensors;
    if (!make_room(&array, g->n_tensors, &g->tensor_room, sizeof *g->tensors)) return refuse_memory(g);
    g->tensors = array;
    g->tensors[g->n_tensors] = (lac_tensor){.dtype = dtype,
                                            .shape = shape,
                                            .kind = kind,
                                            .alias_of = LAC_NONE,
                                            .producer = -1,
                                            .entry = -1,
                                            .gradient = LAC_NONE,
                                            .again = LAC_NONE};
    return g->n_tensors++;
}

static const lac_named *find_named(const lac_named *list, int n, const char *name) {
    for (int i = 0; i < n; i++)
        if (strcmp(list[i].name, name) == 0) return &list[i];
    return NULL;
}

static lac_id add_input(lac_graph *g, const char *name, lac_dtype dtype, lac_shape shape, int layer, double rate) {
    if (!is_valid_shape(&shape))
        return lac_graph_refuse(g, "input %s: impossible shape %s", name, lac_shape_print(&shape).text);
    if (find_named(g->inputs, g->n_inputs, name))
        return lac_graph_refuse(g, "input %s: there are two of that name", name);
    void *array = g->inputs;
    if (!make_room(&array, g->n_inputs, &g->input_room, sizeof *g->inputs)) return refuse_memory(g);
    g->inputs = array;
    char *copy = lac_arena_text(g->names, name);
    if (!copy) return refuse_memory(g);
    lac_id x = add_tensor(g, dtype, shape, LAC_KIND_INPUT);
    if (x == LAC_NONE) return LAC_NONE;
    g->inputs[g->n_inputs++] = (lac_named){
        .name = copy, .id = x, .layer = layer, .rate = rate, .first_view = g->first_view, .n_views = g->n_views};
    return x;
}

lac_id lac_input(lac_graph *g, const char *name, lac_dtype dtype, int rank, const int64_t *dim) {
    if (rank < 1 || rank > LAC_MAX_RANK)
        return lac_graph_refuse(g, "input %s: 1 to %d axes expected, found %d", name, LAC_MAX_RANK, rank);
    return add_input(g, name, dtype, lac_shape_of(rank, dim), -1, 0);
}

lac_id lac_drop_path_scale(lac_graph *g, int layer, int64_t batch, double rate) {
    if (layer < 0 || layer > 255) /* the counter's view field has 8 bits */
        return lac_graph_refuse(g, "drop path: layer 0 to 255 expected, found %d", layer);
    if (!(rate > 0 && rate < 1))
        return lac_graph_refuse(g, "drop path: a rate between 0 and 1 expected, found %g", rate);
    if (batch % g->n_views != 0)
        return lac_graph_refuse(g, "drop path: %lld rows are not %d views", (long long)batch, g->n_views);
    char name[48];
    if (g->first_view == 0)
        snprintf(name, sizeof name, "drop_path.%d", layer);
    else
        snprintf(name, sizeof name, "drop_path.%d.view%d", layer, g->first_view);
    return add_input(g, name, g->real, lac_shape_of(1, &batch), layer, rate);
}

lac_id lac_parameter(lac_graph *g, int store_index) {
    if (!g->store || store_index < 0 || store_index >= lac_store_count(g->store))
        return lac_graph_refuse(g, "parameter %d: the store has no such entry", store_index);
    for (lac_id x = 0; x < g->n_tensors; x++)
        if (g->tensors[x].kind == LAC_KIND_PARAMETER && g->tensors[x].entry == store_index) return x;
    const lac_entry *entry = lac_store_at(g->store, store_index);
    lac_id x = add_tensor(g, entry->dtype, lac_shape_of(entry->rank, entry->dim), LAC_KIND_PARAMETER);
    if (x != LAC_NONE) g->tensors[x].entry = store_index;
    return x;
}

void lac_output(lac_graph *g, const char *name, lac_id x) {
    if (!lac_tensor_at(g, x)) {
        lac_graph_refuse(g, "output %s: there is no such tensor", name);
        return;
    }
    if (find_named(g->outputs, g->n_outputs, name)) {
        lac_graph_refuse(g, "output %s: there are two of that name", name);
        return;
    }
    void *array = g->outputs;
    char *copy = lac_arena_text(g->names, name);
    if (!copy || !make_room(&array, g->n_outputs, &g->output_room, sizeof *g->outputs)) {
        refuse_memory(g);
        return;
    }
    g->outputs = array;
    g->outputs[g->n_outputs++] = (lac_named){.name = copy, .id = x, .layer = -1};
}

/* Presence and types of the arguments, by the op's declaration. */
static bool check_arguments(lac_graph *g, lac_op_id id, const lac_id *in) {
    const lac_op *op = lac_op_at(id);
    for (int i = 0; i < op->n_in; i++) {
        const lac_tensor *tensor = lac_tensor_at(g, in[i]);
        if (!tensor) {
            if (in[i] == LAC_NONE && op->optional >> i & 1) continue;
            lac_graph_refuse(g, "%s: argument %d is missing", lac_op_name(id), i);
            return false;
        }
        lac_dtype expected = op->indices >> i & 1 ? LAC_I32 : g->real;
        if (tensor->dtype != expected) {
            lac_graph_refuse(g, "%s: argument %d: %s expected, found %s", lac_op_name(id), i, lac_dtype_name(expected),
                             lac_dtype_name(tensor->dtype));
            return false;
        }
    }
    return true;
}

static bool append(lac_graph *g, const lac_node *node) {
    void *array = g->nodes;
    if (!make_room(&array, g->n_nodes, &g->node_room, sizeof *g->nodes)) {
        refuse_memory(g);
        return false;
    }
    g->nodes = array;
    g->nodes[g->n_nodes++] = *node;
    return true;
}

lac_id lac_emit(lac_graph *g, lac_op_id id, lac_attr attr, const lac_id *in, const lac_shape *given) {
    const lac_op *op = lac_op_at(id);
    if (g->error.status != LAC_OK || !check_arguments(g, id, in)) return LAC_NONE;
    lac_node node = {.op = id, .attr = attr, .n_in = op->n_in, .n_out = op->n_out};
    lac_shape shape[LAC_MAX_OUT];
    for (int i = 0; i < LAC_MAX_IN; i++)
        node.in[i] = i < op->n_in ? in[i] : LAC_NONE;
    for (int i = 0; i < LAC_MAX_OUT; i++) {
        node.out[i] = LAC_NONE;
        shape[i] = given && i < op->n_out ? given[i] : (lac_shape){.rank = -1};
    }
    if (!op->shape(g, &node, shape)) return LAC_NONE;
    for (int i = 0; i < op->n_out; i++) {
        if (shape[i].rank < 0) continue;
        if (!is_valid_shape(&shape[i]))
            return lac_graph_refuse(g, "%s: impossible shape %s", lac_op_name(id), lac_shape_print(&shape[i]).text);
        node.out[i] = add_tensor(g, op->chosen >> i & 1 ? LAC_I32 : g->real, shape[i], LAC_KIND_INTERMEDIATE);
        if (node.out[i] == LAC_NONE) return LAC_NONE;
        lac_tensor *tensor = &g->tensors[node.out[i]];
        tensor->producer = g->n_nodes;
        if (op->is_alias) {
            const lac_tensor *from = &g->tensors[in[0]];
            tensor->alias_of = in[0];
            tensor->dtype = from->dtype;
            tensor->kind = from->kind;
        }
    }
    return append(g, &node) ? node.out[0] : LAC_NONE;
}

lac_id lac_sibling(const lac_graph *g, lac_id x, int k) {
    const lac_tensor *tensor = lac_tensor_at(g, x);
    return tensor && tensor->producer >= 0 ? g->nodes[tensor->producer].out[k] : LAC_NONE;
}

void lac_emit_accumulate(lac_graph *g, lac_id parameter, lac_id x) {
    if (!check_arguments(g, LAC_OP_ACCUMULATE, &x)) return;
    int entry = g->tensors[lac_root(g->tensors, parameter)].entry;
    lac_shape shape = g->tensors[parameter].shape;
    lac_id grad = LAC_NONE;
    for (lac_id i = 0; i < g->n_tensors && grad == LAC_NONE; i++)
        if (g->tensors[i].kind == LAC_KIND_PARAMETER_GRADIENT && g->tensors[i].entry == entry) grad = i;
    if (grad == LAC_NONE) {
        const lac_entry *at = lac_store_at(g->store, entry);
        grad = add_tensor(g, g->real, lac_shape_of(at->rank, at->dim), LAC_KIND_PARAMETER_GRADIENT);
        if (grad == LAC_NONE) return;
        g->tensors[grad].entry = entry;
    }
    if (!lac_shape_equal(&shape,
                         &g->tensors[grad].shape)) { /* the parameter was used through a view: so is its gradient */
        lac_id view = add_tensor(g, g->real, shape, LAC_KIND_PARAMETER_GRADIENT);
        if (view == LAC_NONE) return;
        g->tensors[view].alias_of = grad;
        grad = view;
    }
    lac_node node = {.op = LAC_OP_ACCUMULATE, .n_in = 1, .n_out = 1};
    for (int i = 0; i < LAC_MAX_IN; i++)
        node.in[i] = i ? LAC_NONE : x;
    for (int i = 0; i < LAC_MAX_OUT; i++)
        node.out[i] = i ? LAC_NONE : grad;
    append(g, &node);
}
