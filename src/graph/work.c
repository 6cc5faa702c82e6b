/* graph/work.c - a private copy of a graph's nodes that fusion may change, without the nodes nothing asks for. */
#include <string.h>

#include "base/memory.h"
#include "graph/plan.h"

void lac_work_free(lac_work *work) {
    lac_free(work->nodes);
    lac_free(work->is_output);
    lac_free(work->producer);
    lac_free(work->uses);
}

void lac_work_count(lac_work *work) {
    for (int x = 0; x < work->n_tensors; x++) {
        work->producer[x] = -1;
        work->uses[x] = 0;
    }
    for (int n = 0; n < work->n_nodes; n++) {
        const lac_node *node = &work->nodes[n];
        if (node->is_dead) continue;
        for (int i = 0; i < node->n_in; i++)
            if (node->in[i] != LAC_NONE) work->uses[node->in[i]]++;
        for (int i = 0; i < node->n_out; i++)
            if (node->out[i] != LAC_NONE) work->producer[node->out[i]] = n;
    }
}

/* A node is asked for if it adds to a parameter's gradient, or makes an output or what such a node reads. */
static void drop_unasked(lac_work *work) {
    bool *is_asked = (bool *)work->uses; /* uses is not in use yet, and wide enough */
    memcpy(is_asked, work->is_output, (size_t)work->n_tensors * sizeof *is_asked);
    for (int n = work->n_nodes - 1; n >= 0; n--) {
        lac_node *node = &work->nodes[n];
        node->is_dead = true;
        for (int i = 0; i < node->n_out; i++) {
            lac_id x = node->out[i];
            if (x != LAC_NONE && (is_asked[x] || work->tensors[x].kind == LAC_KIND_PARAMETER_GRADIENT))
                node->is_dead = false;
        }
        for (int i = 0; i < node->n_in && !node->is_dead; i++)
            if (node->in[i] != LAC_NONE) is_asked[node->in[i]] = true;
    }
}

static void drop_dead(lac_work *work) {
    int kept = 0;
    for (int n = 0; n < work->n_nodes; n++)
        if (!work->nodes[n].is_dead) work->nodes[kept++] = work->nodes[n];
    work->n_nodes = kept;
    lac_work_count(work);
}

lac_status lac_work_new(const lac_graph *graph, lac_work *work, lac_error *err) {
    size_t n = (size_t)graph->n_tensors;
    *work = (lac_work){.tensors = graph->tensors, .n_tensors = graph->n_tensors, .n_nodes = graph->n_nodes};
    work->nodes = lac_array((size_t)graph->n_nodes, sizeof *work->nodes);
    work->is_output = lac_array(n, sizeof *work->is_output);
    work->producer = lac_array(n, sizeof *work->producer);
    work->uses = lac_array(n, sizeof *work->uses);
    if (!work->nodes || !work->is_output || !work->producer || !work->uses)
        return lac_no_memory(err, "planning a program");
    if (graph->n_nodes) memcpy(work->nodes, graph->nodes, (size_t)graph->n_nodes * sizeof *work->nodes);
    for (int i = 0; i < graph->n_outputs; i++)
        work->is_output[graph->outputs[i].id] = true;
    drop_unasked(work);
    drop_dead(work);
    return LAC_OK;
}

void lac_work_pack(lac_work *work) {
    for (int n = 0; n < work->n_nodes; n++)
        if (lac_op_at(work->nodes[n].op)->is_alias) work->nodes[n].is_dead = true;
    drop_dead(work);
}
