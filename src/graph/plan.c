/* graph/plan.c - who lives when, and where: one arena in which tensors that are never alive together share memory.
 *
 * Offsets are assigned greedily, best fit first, in two orders - largest first (as in arXiv 2001.03288), and by time of
 * birth - and the smaller arena is kept. */
#include "graph/plan.h"

#include <stdlib.h>

#include "base/memory.h"

enum { ALIGNMENT = 64 };

static size_t aligned(size_t bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static int by_size(const void *a, const void *b) {
    const lac_block *x = *(const lac_block *const *)a, *y = *(const lac_block *const *)b;
    if (x->bytes != y->bytes) return x->bytes > y->bytes ? -1 : 1;
    return x < y ? -1 : x > y;
}

static int by_birth(const void *a, const void *b) {
    const lac_block *x = *(const lac_block *const *)a, *y = *(const lac_block *const *)b;
    if (x->first != y->first) return x->first < y->first ? -1 : 1;
    return by_size(a, b);
}

/* Place blocks in the given order, each into the smallest gap that holds it; `placed` is room for n, kept by offset. */
static size_t place(lac_block *const *order, int n, lac_block **placed) {
    size_t top = 0;
    for (int i = 0; i < n; i++) {
        lac_block *block = order[i];
        size_t end = 0, best = SIZE_MAX, best_room = SIZE_MAX;
        for (int k = 0; k < i; k++) {
            const lac_block *other = placed[k];
            if (other->last < block->first || block->last < other->first) continue;
            if (other->offset > end) {
                size_t room = other->offset - end;
                if (room >= block->bytes && room < best_room) {
                    best = end;
                    best_room = room;
                }
            }
            size_t other_end = other->offset + other->bytes;
            if (other_end > end) end = other_end;
        }
        block->offset = best != SIZE_MAX ? best : end;
        if (block->offset + block->bytes > top) top = block->offset + block->bytes;
        int k = i;
        for (; k > 0 && placed[k - 1]->offset > block->offset; k--)
            placed[k] = placed[k - 1];
        placed[k] = block;
    }
    return top;
}

lac_status lac_plan_blocks(lac_block *blocks, int n, size_t *bytes, lac_error *err) {
    lac_block **order = lac_array((size_t)n, sizeof *order), **placed = lac_array((size_t)n, sizeof *placed);
    lac_status status = LAC_OK;
    if (order && placed) {
        for (int i = 0; i < n; i++) {
            order[i] = &blocks[i];
            blocks[i].bytes = aligned(blocks[i].bytes);
        }
        if (n) qsort(order, (size_t)n, sizeof(lac_block *), by_birth);
        size_t first = place(order, n, placed);
        if (n) qsort(order, (size_t)n, sizeof(lac_block *), by_size);
        *bytes = place(order, n, placed);
        if (first < *bytes) {
            if (n) qsort(order, (size_t)n, sizeof(lac_block *), by_birth);
            *bytes = place(order, n, placed);
        }
    } else {
        status = lac_no_memory(err, "planning memory");
    }
    lac_free(order);
    lac_free(placed);
    return status;
}

static size_t bytes_of(const lac_tensor *tensor) {
    return (size_t)lac_shape_size(&tensor->shape) * lac_dtype_bytes(tensor->dtype);
}

/* By tensor that owns memory: the last node that reads it, through whatever view; n_nodes for outputs, else its birth.
 */
static void find_deaths(const lac_work *w, int *death) {
    for (lac_id x = 0; x < w->n_tensors; x++)
        death[x] = w->producer[x];
    for (int n = 0; n < w->n_nodes; n++)
        for (int i = 0; i < w->nodes[n].n_in; i++)
            if (w->nodes[n].in[i] != LAC_NONE) death[lac_root(w->tensors, w->nodes[n].in[i])] = n;
    for (lac_id x = 0; x < w->n_tensors; x++)
        if (w->is_output[x]) death[lac_root(w->tensors, x)] = w->n_nodes;
}

/* May node n write its output over its k-th input? */
static bool can_overwrite(const lac_work *w, const int *death, int n, int k) {
    const lac_node *node = &w->nodes[n];
    lac_id root = lac_root(w->tensors, node->in[k]);
    if (w->tensors[root].kind != LAC_KIND_INTERMEDIATE || death[root] != n) return false;
    for (int i = 0; i < node->n_in; i++)
        if (i != k && node->in[i] != LAC_NONE && lac_root(w->tensors, node->in[i]) == root) return false;
    return bytes_of(&w->tensors[root]) == bytes_of(&w->tensors[node->out[0]]);
}

static bool run_in_place(lac_work *w, const int *death, int n) {
    lac_node *node = &w->nodes[n];
    if (!lac_op_at(node->op)->is_in_place || w->tensors[node->out[0]].kind != LAC_KIND_INTERMEDIATE) return false;
    if (can_overwrite(w, death, n, 0)) return true;
    if (node->op != LAC_OP_ADD || !can_overwrite(w, death, n, 1)) return false;
    lac_id first = node->in[0];
    node->in[0] = node->in[1];
    node->in[1] = first;
    return true;
}

lac_status lac_plan_new(lac_work *w, bool may_share, lac_plan *plan, lac_error *err) {
    size_t n_tensors = (size_t)w->n_tensors;
    *plan = (lac_plan){0};
    plan->block_of = lac_array(n_tensors, sizeof *plan->block_of);
    plan->blocks = lac_array(n_tensors, sizeof *plan->blocks);
    plan->in_place = lac_array((size_t)w->n_nodes, sizeof *plan->in_place);
    int *death = lac_array(n_tensors, sizeof *death);
    if (!plan->block_of || !plan->blocks || !plan->in_place || !death) {
        lac_free(death);
        return lac_no_memory(err, "planning memory");
    }
    for (lac_id x = 0; x < w->n_tensors; x++)
        plan->block_of[x] = -1;
    find_deaths(w, death);
    for (int n = 0; n < w->n_nodes; n++) {
        const lac_node *node = &w->nodes[n];
        plan->in_place[n] = may_share && run_in_place(w, death, n);
        for (int k = 0; k < node->n_out; k++) {
            lac_id x = node->out[k];
            if (x == LAC_NONE || w->tensors[x].kind != LAC_KIND_INTERMEDIATE) continue;
            int at = plan->n_blocks;
            if (plan->in_place[n] && k == 0)
                at = plan->block_of[lac_root(w->tensors, node->in[0])];
            else
                plan->blocks[plan->n_blocks++] = (lac_block){.bytes = bytes_of(&w->tensors[x]), .first = n};
            plan->block_of[x] = at;
            plan->blocks[at].last = may_share ? death[x] : w->n_nodes;
            if (!may_share) plan->blocks[at].first = 0;
            plan->unshared_bytes += aligned(bytes_of(&w->tensors[x]));
        }
    }
    lac_free(death);
    return lac_plan_blocks(plan->blocks, plan->n_blocks, &plan->arena_bytes, err);
}

void lac_plan_free(lac_plan *plan) {
    lac_free(plan->block_of);
    lac_free(plan->blocks);
    lac_free(plan->in_place);
}
