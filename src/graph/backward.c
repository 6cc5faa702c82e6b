/* graph/backward.c - reverse-mode differentiation: one sweep over the nodes from the loss, asking each op for its rule.
 *
 * Gradients of a tensor with several consumers are added in the order of the sweep; those of parameters go straight
 * into the store. Nothing is derived for tensors below which nothing is trainable. */
#include "graph/node.h"

void lac_want_gradient(lac_graph *g, lac_id input) {
    if (!lac_tensor_at(g, input)) {
        lac_graph_refuse(g, "want gradient: there is no such tensor");
        return;
    }
    if (g->tensors[input].kind == LAC_KIND_PARAMETER) {
        lac_graph_refuse(g, "want gradient: a parameter's gradient is in the store");
        return;
    }
    g->tensors[input].is_wanted = true;
}

lac_id lac_gradient(const lac_graph *g, lac_id x) {
    const lac_tensor *tensor = lac_tensor_at(g, x);
    return tensor ? tensor->gradient : LAC_NONE;
}

bool lac_needs(const lac_graph *g, lac_id x) {
    const lac_tensor *tensor = lac_tensor_at(g, x);
    return tensor && tensor->needs_gradient;
}

static void mark_needs(lac_graph *g) {
    for (lac_id x = 0; x < g->n_tensors; x++) {
        lac_tensor *tensor = &g->tensors[x];
        bool trains = tensor->kind == LAC_KIND_PARAMETER && tensor->alias_of == LAC_NONE &&
                      !(lac_store_at(g->store, tensor->entry)->flags & LAC_PARAM_BUFFER);
        tensor->needs_gradient = trains || tensor->is_wanted;
    }
    for (int n = 0; n < g->n_nodes; n++) {
        const lac_node *node = &g->nodes[n];
        if (lac_op_at(node->op)->is_stop) continue;
        for (int i = 0; i < node->n_in; i++)
            if (lac_needs(g, node->in[i])) g->tensors[node->out[0]].needs_gradient = true;
    }
}

static void contribute(lac_graph *g, lac_id x, lac_id gradient) {
    if (g->tensors[x].kind == LAC_KIND_PARAMETER) {
        lac_emit_accumulate(g, x, gradient);
        return;
    }
    lac_id before = g->tensors[x].gradient;
    if (before != LAC_NONE) gradient = lac_emit(g, LAC_OP_ADD, (lac_attr){0}, (lac_id[]){before, gradient}, NULL);
    g->tensors[x].gradient = gradient;
}

void lac_graph_recompute(lac_graph *g) {
    g->recomputes = true;
}

/* What a backward rule reads for argument x of its node. */
static lac_id argument(lac_graph *g, lac_id x) {
    if (!g->recomputes || x == LAC_NONE || g->tensors[x].producer < 0) return x;
    lac_node maker = g->nodes[g->tensors[x].producer]; /* a copy: the array grows below */
    if (!lac_op_at(maker.op)->is_cheap || maker.out[0] != x) return x;
    if (g->tensors[x].again == LAC_NONE) {
        lac_id again = lac_emit(g, maker.op, maker.attr, maker.in, NULL);
        if (again == LAC_NONE) return LAC_NONE;
        g->tensors[again].needs_gradient = g->tensors[x].needs_gradient;
        g->tensors[x].again = again;
    }
    return g->tensors[x].again;
}

void lac_graph_backward(lac_graph *g, lac_id loss) {
    const lac_tensor *tensor = lac_tensor_at(g, loss);
    if (g->error.status != LAC_OK) return;
    if (!tensor) {
        lac_graph_refuse(g, "backward: there is no loss");
        return;
    }
    if (lac_shape_size(&tensor->shape) != 1) {
        lac_graph_refuse(g, "backward: a loss of one number expected, found %s", lac_print(g, loss).text);
        return;
    }
    if (g->has_backward) {
        lac_graph_refuse(g, "backward: derived twice for one graph");
        return;
    }
    g->has_backward = true;
    if (g->store && lac_store_need_gradients(g->store, &g->error) != LAC_OK) return;
    mark_needs(g);
    if (!lac_needs(g, loss)) {
        lac_graph_refuse(g, "backward: nothing trainable lies below the loss");
        return;
    }
    int n_forward = g->n_nodes;
    g->tensors[loss].gradient = lac_emit(g, LAC_OP_FILL, (lac_attr){.f = {1}}, NULL, &g->tensors[loss].shape);
    for (int n = n_forward - 1; n >= 0 && g->error.status == LAC_OK; n--) {
        lac_node node = g->nodes[n]; /* a copy: the array grows below */
        const lac_op *op = lac_op_at(node.op);
        lac_id d_out = g->tensors[node.out[0]].gradient, d_in[LAC_MAX_IN];
        if (d_out == LAC_NONE || !lac_needs(g, node.out[0]) || op->is_stop) continue;
        if (!op->backward) {
            lac_graph_refuse(g, "backward: a gradient reaches %s, which has none", lac_op_name(node.op));
            return;
        }
        for (int i = 0; i < LAC_MAX_IN; i++)
            d_in[i] = LAC_NONE;
        lac_node told = node;
        for (int i = 0; i < node.n_in; i++)
            told.in[i] = argument(g, node.in[i]);
        if (g->error.status != LAC_OK) return;
        op->backward(g, &told, d_out, d_in);
        for (int i = 0; i < node.n_in && g->error.status == LAC_OK; i++)
            if (lac_needs(g, node.in[i]) && d_in[i] != LAC_NONE) contribute(g, node.in[i], d_in[i]);
    }
}
