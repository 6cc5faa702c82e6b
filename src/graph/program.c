/* graph/program.c - binding kernels to a planned graph, and running it. */
#include "graph/program.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "graph/running.h"

/* What binding needs to know beside the program. */
typedef struct binder {
    const lac_graph *graph;
    const lac_work *work;
    const lac_plan *plan;
    lac_program *program;
} binder;

static lac_view view_of(const lac_tensor *tensor, void *data) {
    lac_view view = {.data = data, .dtype = tensor->dtype, .rank = tensor->shape.rank};
    for (int i = 0; i < view.rank; i++)
        view.dim[i] = tensor->shape.dim[i];
    return view;
}

/* The memory of tensor x; *input is the input it belongs to, if any. */
static lac_view bind_tensor(const binder *b, lac_id x, int *input) {
    const lac_tensor *tensors = b->graph->tensors;
    lac_id root = lac_root(tensors, x);
    void *data = NULL;
    *input = -1;
    switch (tensors[root].kind) {
    case LAC_KIND_INPUT:
        for (int i = 0; i < b->program->n_inputs; i++)
            if (b->graph->inputs[i].id == root) *input = i;
        data = b->program->inputs[*input].own;
        break;
    case LAC_KIND_PARAMETER:
        data = lac_store_at(b->graph->store, tensors[root].entry)->value;
        break;
    case LAC_KIND_PARAMETER_GRADIENT:
        data = lac_store_at(b->graph->store, tensors[root].entry)->grad;
        break;
    case LAC_KIND_INTERMEDIATE:
        data = (char *)b->program->arena + b->plan->blocks[b->plan->block_of[root]].offset;
        break;
    }
    return view_of(&tensors[x], data);
}

static void fill_ones(const lac_view *view) {
    int64_t n = lac_view_size(view);
    for (int64_t i = 0; i < n; i++) {
        if (view->dtype == LAC_F32)
            ((float *)view->data)[i] = 1;
        else
            ((double *)view->data)[i] = 1;
    }
}

static lac_status make_inputs(const binder *b, lac_error *err) {
    lac_program *p = b->program;
    p->inputs = lac_array((size_t)b->graph->n_inputs, sizeof *p->inputs);
    if (!p->inputs) return lac_no_memory(err, "a program's inputs");
    for (int i = 0; i < b->graph->n_inputs; i++) {
        const lac_named *named = &b->graph->inputs[i];
        const lac_tensor *tensor = &b->graph->tensors[named->id];
        size_t bytes = (size_t)lac_shape_size(&tensor->shape) * lac_dtype_bytes(tensor->dtype);
        void *own = lac_zalloc(bytes);
        char *name = lac_arena_text(p->names, named->name);
        p->inputs[p->n_inputs++] = (lac_bound_input){.name = name,
                                                     .own = own,
                                                     .view = view_of(tensor, own),
                                                     .layer = named->layer,
                                                     .rate = named->rate,
                                                     .first_view = named->first_view,
                                                     .n_views = named->n_views};
        if (!own || !name) return lac_no_memory(err, named->name);
        p->info.input_bytes += bytes;
        if (named->layer >= 0) fill_ones(&p->inputs[i].view); /* nothing is dropped until something is drawn */
    }
    return LAC_OK;
}

static lac_status make_outputs(const binder *b, lac_error *err) {
    lac_program *p = b->program;
    p->outputs = lac_array((size_t)b->graph->n_outputs, sizeof *p->outputs);
    if (!p->outputs) return lac_no_memory(err, "a program's outputs");
    for (int i = 0; i < b->graph->n_outputs; i++) {
        lac_bound_output *output = &p->outputs[p->n_outputs++];
        output->name = lac_arena_text(p->names, b->graph->outputs[i].name);
        if (!output->name) return lac_no_memory(err, "a program's outputs");
        output->view = bind_tensor(b, b->graph->outputs[i].id, &output->input);
    }
    return LAC_OK;
}

static double bytes_moved(const lac_call *call) {
    double bytes = 0;
    for (int i = 0; i < call->n_in; i++)
        if (call->in[i].data) bytes += (double)lac_view_size(&call->in[i]) * (double)lac_dtype_bytes(call->in[i].dtype);
    for (int i = 0; i < call->n_out; i++)
        if (call->out[i].data)
            bytes += (double)lac_view_size(&call->out[i]) * (double)lac_dtype_bytes(call->out[i].dtype);
    return bytes;
}

/* "[out] <- [in] [in]", as much of it as fits. */
static void describe_shapes(const lac_call *call, char text[96]) {
    size_t used = 0;
    for (int i = -1; i < call->n_in && used < 95; i++) {
        const lac_view *view = i < 0 ? &call->out[0] : &call->in[i];
        if (!view->data) continue;
        lac_shape shape = lac_shape_of(view->rank, view->dim);
        used += (size_t)snprintf(text + used, 96 - used, "%s%s",
                                 i < 0    ? ""
                                 : i == 0 ? " <- "
                                          : " ",
                                 lac_shape_print(&shape).text);
    }
}

/* Other buffers may change from run to run. */
static unsigned fixed_inputs(const lac_graph *graph, const lac_node *node) {
    unsigned fixed = 0;
    for (int i = 0; i < node->n_in; i++) {
        if (node->in[i] == LAC_NONE) continue;
        const lac_tensor *root = &graph->tensors[lac_root(graph->tensors, node->in[i])];
        if (root->kind != LAC_KIND_PARAMETER) continue;
        const lac_entry *entry = lac_store_at(graph->store, root->entry);
        if (!(entry->flags & LAC_PARAM_BUFFER) || entry->copy_of >= 0) fixed |= 1u << i;
    }
    return fixed;
}

/* Products that write an entry's gradient first may store it; all other gradients are cleared before a run anew. */
static lac_status find_starts(const binder *b, lac_error *err) {
    const lac_store *store = b->graph->store;
    int n = store ? lac_store_count(store) : 0;
    lac_program *p = b->program;
    bool *is_written = lac_array((size_t)n, sizeof *is_written), *is_started = lac_array((size_t)n, sizeof *is_started);
    p->cleared = lac_array((size_t)n, sizeof *p->cleared);
    lac_status status = is_written && is_started && p->cleared ? LAC_OK : lac_no_memory(err, "a program");
    for (int i = 0; i < b->work->n_nodes && status == LAC_OK; i++) {
        const lac_node *node = &b->work->nodes[i];
        int entry[LAC_MAX_OUT];
        bool starts = node->op == LAC_OP_GEMM && (node->attr.i[2] & LAC_GEMM_ACCUMULATE);
        for (int k = 0; k < node->n_out; k++) {
            const lac_tensor *root =
                node->out[k] == LAC_NONE ? NULL : &b->graph->tensors[lac_root(b->graph->tensors, node->out[k])];
            entry[k] = root && root->kind == LAC_KIND_PARAMETER_GRADIENT ? root->entry : -1;
            starts = starts && (!root || (entry[k] >= 0 && !is_written[entry[k]]));
        }
        p->steps[i].starts = starts;
        for (int k = 0; k < node->n_out; k++) {
            if (entry[k] < 0) continue;
            is_written[entry[k]] = true;
            is_started[entry[k]] |= starts;
        }
    }
    for (int i = 0; i < n && status == LAC_OK; i++) {
        const lac_entry *e = lac_store_at(store, i);
        if (e->grad && !is_started[i])
            p->cleared[p->n_cleared++] = (lac_cleared){e->grad, (size_t)e->n * lac_dtype_bytes(e->dtype)};
    }
    lac_free(is_written);
    lac_free(is_started);
    return status;
}

static lac_status bind_step(const binder *b, int n, const lac_backend *backend, lac_pool *pool, lac_error *err) {
    const lac_node *node = &b->work->nodes[n];
    const lac_op *op = lac_op_at(node->op);
    lac_call *call = &b->program->calls[n];
    lac_step *step = &b->program->steps[n];
    *call = (lac_call){.op = node->op, .attr = node->attr, .n_in = node->n_in, .n_out = node->n_out, .pool = pool};
    step->kernel = backend->find(node->op, b->graph->real);
    if (!step->kernel)
        return lac_fail(err, "%s: the %s backend (%s) has no %s kernel", lac_op_name(node->op), backend->name,
                        backend->isa, lac_dtype_name(b->graph->real));
    for (int i = 0; i < LAC_MAX_IN; i++) {
        step->input[i] = -1;
        if (i < node->n_in && node->in[i] != LAC_NONE) call->in[i] = bind_tensor(b, node->in[i], &step->input[i]);
    }
    step->fixed = fixed_inputs(b->graph, node);
    int none;
    for (int i = 0; i < node->n_out; i++)
        if (node->out[i] != LAC_NONE) call->out[i] = bind_tensor(b, node->out[i], &none);
    size_t scratch = step->kernel->scratch ? step->kernel->scratch(call, lac_pool_size(pool)) : 0;
    if (scratch > b->program->info.scratch_bytes) b->program->info.scratch_bytes = scratch;
    step->profile = (lac_node_profile){
        .op = lac_op_name(node->op), .flops = op->flops ? op->flops(call) : 0, .bytes = bytes_moved(call)};
    lac_call_label(call, step->profile.label, sizeof step->profile.label);
    describe_shapes(call, step->profile.shape);
    b->program->info.gemm_flops += step->profile.flops;
    return LAC_OK;
}

/* Where a step's first output lies and what lay there before it: for the printed plan. */
static lac_status note_memory(const binder *b, int n, lac_error *err) {
    const lac_work *w = b->work;
    lac_step *step = &b->program->steps[n];
    lac_id out = lac_root(w->tensors, w->nodes[n].out[0]);
    step->offset = step->before = -1;
    step->is_in_place = b->plan->in_place[n];
    if (w->tensors[out].kind == LAC_KIND_PARAMETER_GRADIENT) {
        step->adds_to = lac_arena_text(b->program->names, lac_store_at(b->graph->store, w->tensors[out].entry)->name);
        return step->adds_to ? LAC_OK : lac_no_memory(err, "a program");
    }
    const lac_block *block = &b->plan->blocks[b->plan->block_of[out]];
    step->offset = (int64_t)block->offset;
    for (int m = n - 1; m >= 0 && step->before < 0; m--)
        for (int k = 0; k < w->nodes[m].n_out; k++) {
            lac_id x = w->nodes[m].out[k];
            if (x == LAC_NONE || w->tensors[x].kind != LAC_KIND_INTERMEDIATE) continue;
            const lac_block *other = &b->plan->blocks[b->plan->block_of[x]];
            if (other->offset < block->offset + block->bytes && block->offset < other->offset + other->bytes)
                step->before = m;
        }
    return LAC_OK;
}

static lac_status bind(const binder *b, const lac_backend *backend, lac_pool *pool, lac_error *err) {
    lac_program *p = b->program;
    size_t n = (size_t)b->work->n_nodes;
    p->names = lac_arena_new();
    p->arena = lac_alloc(b->plan->arena_bytes);
    p->steps = lac_array(n, sizeof *p->steps);
    p->calls = lac_array(n, sizeof *p->calls);
    if (!p->names || !p->arena || !p->steps || !p->calls) return lac_no_memory(err, "a program");
    p->info.arena_bytes = b->plan->arena_bytes;
    p->info.unshared_bytes = b->plan->unshared_bytes;
    LAC_TRY(make_inputs(b, err));
    LAC_TRY(make_outputs(b, err));
    for (int i = 0; i < b->work->n_nodes; i++) {
        LAC_TRY(bind_step(b, i, backend, pool, err));
        LAC_TRY(note_memory(b, i, err));
    }
    p->n_steps = p->info.n_nodes = b->work->n_nodes;
    LAC_TRY(find_starts(b, err));
    if (p->info.scratch_bytes) {
        p->scratch = lac_alloc(p->info.scratch_bytes);
        if (!p->scratch) return lac_no_memory(err, "kernels' work space");
    }
    for (int i = 0; i < p->n_steps; i++)
        p->calls[i].scratch = p->scratch;
    return LAC_OK;
}

lac_status lac_program_new(lac_graph *graph, const lac_backend *backend, lac_pool *pool, unsigned options,
                           lac_program **program, lac_error *err) {
    lac_work work = {0};
    lac_plan plan = {0};
    *program = NULL;
    LAC_TRY(lac_graph_check(graph, err));
    lac_program *made = lac_zalloc(sizeof *made);
    if (!made) return lac_no_memory(err, "a program");
    binder b = {.graph = graph, .work = &work, .plan = &plan, .program = made};
    lac_status status = lac_work_new(graph, &work, err);
    if (status == LAC_OK) {
        if (!(options & LAC_PROGRAM_NO_FUSION)) lac_fuse(&work);
        lac_work_pack(&work);
        status = lac_plan_new(&work, !(options & LAC_PROGRAM_NO_SHARING), &plan, err);
    }
    if (status == LAC_OK) status = bind(&b, backend, pool, err);
    lac_plan_free(&plan);
    lac_work_free(&work);
    if (status != LAC_OK)
        lac_program_free(made);
    else
        *program = made;
    return status;
}

void lac_program_free(lac_program *p) {
    if (!p) return;
    for (int i = 0; i < p->n_inputs; i++)
        lac_free(p->inputs[i].own);
    lac_free(p->inputs);
    lac_free(p->outputs);
    lac_free(p->steps);
    lac_free(p->calls);
    lac_free(p->arena);
    lac_free(p->scratch);
    lac_free(p->kept);
    lac_free(p->cleared);
    lac_arena_free(p->names);
    lac_free(p);
}

/* What the kernel of a step would keep, as a whole number of cache lines. */
static size_t kept_by(const lac_program *p, int n) {
    const lac_step *step = &p->steps[n];
    size_t bytes = step->kernel->keeps ? step->kernel->keeps(&p->calls[n], step->fixed) : 0;
    return (bytes + 63) / 64 * 64;
}

lac_status lac_program_keep(lac_program *p, size_t most, lac_error *err) {
    size_t bytes = 0;
    for (int n = 0; n < p->n_steps; n++)
        if (bytes + kept_by(p, n) <= most) bytes += kept_by(p, n);
    if (bytes == 0 || p->kept) return LAC_OK;
    p->kept = lac_alloc(bytes);
    if (!p->kept) return lac_no_memory(err, "packed weights");
    p->info.kept_bytes = bytes;
    size_t at = 0;
    for (int n = 0; n < p->n_steps; n++) {
        size_t wanted = kept_by(p, n);
        if (wanted == 0 || at + wanted > most) continue;
        p->calls[n].kept = (char *)p->kept + at;
        at += wanted;
    }
    return LAC_OK;
}

static void run(lac_program *p) {
    if (!p->is_profiled) {
        for (int i = 0; i < p->n_steps; i++)
            p->steps[i].kernel->run(&p->calls[i]);
        return;
    }
    double before = lac_clock_s();
    for (int i = 0; i < p->n_steps; i++) {
        p->steps[i].kernel->run(&p->calls[i]);
        double now = lac_clock_s();
        p->steps[i].profile.seconds += now - before;
        p->steps[i].profile.calls++;
        before = now;
    }
}

void lac_program_run(lac_program *p) {
    for (int i = 0; i < p->n_steps; i++)
        p->calls[i].is_kept = false;
    run(p);
}

void lac_program_run_again(lac_program *p) {
    for (int i = 0; i < p->n_steps; i++)
        p->calls[i].is_kept = p->calls[i].kept != NULL;
    run(p);
}

void lac_program_run_anew(lac_program *p) {
    for (int i = 0; i < p->n_cleared; i++)
        memset(p->cleared[i].data, 0, p->cleared[i].bytes);
    for (int i = 0; i < p->n_steps; i++)
        if (p->steps[i].starts) p->calls[i].attr.i[2] &= ~(int64_t)LAC_GEMM_ACCUMULATE;
    lac_program_run(p);
    for (int i = 0; i < p->n_steps; i++)
        if (p->steps[i].starts) p->calls[i].attr.i[2] |= LAC_GEMM_ACCUMULATE;
}

static int find_input(const lac_program *p, const char *name) {
    for (int i = 0; i < p->n_inputs; i++)
        if (strcmp(p->inputs[i].name, name) == 0) return i;
    return -1;
}

lac_status lac_program_input(const lac_program *p, const char *name, lac_view *view, lac_error *err) {
    int i = find_input(p, name);
    if (i < 0) return lac_fail(err, "program: no input is called %s", name);
    *view = p->inputs[i].view;
    return LAC_OK;
}

lac_status lac_program_bind(lac_program *p, const char *name, void *data, lac_error *err) {
    int input = find_input(p, name);
    if (input < 0) return lac_fail(err, "program: no input is called %s", name);
    if (!data) return lac_fail(err, "program: input %s bound to no memory", name);
    p->inputs[input].view.data = data;
    for (int n = 0; n < p->n_steps; n++)
        for (int i = 0; i < p->calls[n].n_in; i++)
            if (p->steps[n].input[i] == input) p->calls[n].in[i].data = data;
    for (int i = 0; i < p->n_outputs; i++)
        if (p->outputs[i].input == input) p->outputs[i].view.data = data;
    return LAC_OK;
}

lac_status lac_program_output(const lac_program *p, const char *name, lac_view *view, lac_error *err) {
    for (int i = 0; i < p->n_outputs; i++) {
        if (strcmp(p->outputs[i].name, name) != 0) continue;
        *view = p->outputs[i].view;
        return LAC_OK;
    }
    return lac_fail(err, "program: no output is called %s", name);
}

void lac_program_draw(lac_program *p, uint64_t seed, uint64_t step, uint64_t first) {
    for (int i = 0; i < p->n_inputs; i++) {
        const lac_bound_input *input = &p->inputs[i];
        if (input->layer < 0) continue;
        const int64_t samples = input->view.dim[0] / input->n_views;
        for (int64_t b = 0; b < input->view.dim[0]; b++) {
            /* a sample has fewer than 40 bits; its further views are above them */
            uint64_t view = (uint64_t)(input->first_view + b / samples);
            uint64_t sample = (first + (uint64_t)(b % samples)) | view << 40;
            lac_random random = lac_random_at(seed, LAC_RANDOM_DROP_PATH, step, sample, (uint32_t)input->layer);
            double scale = lac_random_uniform(&random) < input->rate ? 0 : 1 / (1 - input->rate);
            if (input->view.dtype == LAC_F32)
                ((float *)input->view.data)[b] = (float)scale;
            else
                ((double *)input->view.data)[b] = scale;
        }
    }
}

void lac_program_poison(lac_program *p) {
    memset(p->arena, 0xff, p->info.arena_bytes);
    if (p->scratch) memset(p->scratch, 0xff, p->info.scratch_bytes);
}

lac_program_info lac_program_describe(const lac_program *p) {
    return p->info;
}

void lac_program_profile(lac_program *p, bool on) {
    p->is_profiled = on;
}

lac_node_profile lac_program_node(const lac_program *p, int node) {
    return p->steps[node].profile;
}
