/* graph/fuse.c - merging nodes, by rules that look at op ids, flags and numbers of consumers only.
 *
 * What rides on a matrix product costs no pass over memory of its own, and a tensor that no longer exists needs no
 * memory. A tensor named by lac_output is never merged away. A merged node stands where its product stood, unless an
 * argument is made later; then it stands where its consumer stood. */
#include "graph/plan.h"

/* The node that makes x as its first output, if it is an `op` and x has no reader but the caller. */
static lac_node *maker(const lac_work *w, lac_id x, lac_op_id op) {
    if (x == LAC_NONE || w->producer[x] < 0 || w->uses[x] != 1 || w->is_output[x]) return NULL;
    lac_node *node = &w->nodes[w->producer[x]];
    return node->op == op && node->out[0] == x ? node : NULL;
}

static bool has_flag(const lac_node *gemm, int64_t flags) {
    return (gemm->attr.i[2] & flags) != 0;
}

/* gelu(A B + bias): the product keeps t as its second output if anybody else reads it (the backward does). */
static bool gelu_onto_product(lac_work *w, int n) {
    lac_node *gelu = &w->nodes[n];
    if (gelu->op != LAC_OP_GELU || w->producer[gelu->in[0]] < 0) return false;
    lac_id t = gelu->in[0];
    lac_node *gemm = &w->nodes[w->producer[t]];
    if (gemm->op != LAC_OP_GEMM || gemm->out[0] != t || gemm->out[1] != LAC_NONE || gemm->attr.i[2] ||
        gemm->in[3] != LAC_NONE)
        return false;
    gemm->attr.i[2] |= LAC_GEMM_GELU;
    gemm->out[1] = w->uses[t] > 1 || w->is_output[t] ? t : LAC_NONE;
    gemm->out[0] = gelu->out[0];
    gelu->is_dead = true;
    return true;
}

/* gelu_grad(A B, x) */
static bool gelu_slope_onto_product(lac_work *w, int n) {
    lac_node *grad = &w->nodes[n];
    if (grad->op != LAC_OP_GELU_GRAD) return false;
    lac_node *gemm = maker(w, grad->in[0], LAC_OP_GEMM);
    if (!gemm || gemm->attr.i[2] || gemm->in[3] != LAC_NONE || w->producer[grad->in[1]] >= w->producer[grad->in[0]])
        return false;
    gemm->attr.i[2] |= LAC_GEMM_DGELU;
    gemm->in[4] = grad->in[1];
    gemm->out[0] = grad->out[0];
    grad->is_dead = true;
    return true;
}

/* The gradient that goes past a layer norm on the residual stream is added where the norm's own is written. */
static bool residual_onto_layernorm_grad(lac_work *w, int n) {
    lac_node *add = &w->nodes[n];
    if (add->op != LAC_OP_ADD) return false;
    for (int k = 1; k >= 0; k--) {
        lac_node *norm = maker(w, add->in[k], LAC_OP_LAYERNORM_GRAD);
        if (!norm || norm->in[5] != LAC_NONE || w->producer[add->in[1 - k]] >= w->producer[add->in[k]]) continue;
        norm->in[5] = add->in[1 - k];
        norm->out[0] = add->out[0];
        add->is_dead = true;
        return true;
    }
    return false;
}

static bool residual_onto_product(lac_work *w, int n) {
    lac_node *add = &w->nodes[n];
    if (add->op != LAC_OP_ADD) return false;
    for (int k = 1; k >= 0; k--) {
        lac_id residual = add->in[1 - k];
        lac_node *gemm = maker(w, add->in[k], LAC_OP_GEMM);
        if (!gemm || gemm->in[3] != LAC_NONE || has_flag(gemm, LAC_GEMM_ACCUMULATE | LAC_GEMM_SUM_A)) continue;
        bool is_late = w->producer[residual] >= w->producer[add->in[k]];
        if (is_late && gemm->out[1] != LAC_NONE)
            continue; /* its second output may be read before the residual exists */
        gemm->in[3] = residual;
        gemm->out[0] = add->out[0];
        if (is_late) {
            *add = *gemm;
            gemm->is_dead = true;
        } else {
            add->is_dead = true;
        }
        return true;
    }
    return false;
}

/* Products and sums over rows that are added to a parameter's gradient do the adding. */
static bool accumulate_onto_maker(lac_work *w, int n) {
    lac_node *accumulate = &w->nodes[n];
    if (accumulate->op != LAC_OP_ACCUMULATE) return false;
    lac_id x = accumulate->in[0];
    lac_node *gemm = maker(w, x, LAC_OP_GEMM), *sum = maker(w, x, LAC_OP_SUM_LEADING);
    if (!sum) sum = maker(w, x, LAC_OP_MUL_SUM_LEADING);
    if (gemm && gemm->out[1] == LAC_NONE && !has_flag(gemm, LAC_GEMM_ACCUMULATE | LAC_GEMM_GELU)) {
        gemm->attr.i[2] |= LAC_GEMM_ACCUMULATE;
        gemm->out[0] = accumulate->out[0];
    } else if (sum && !sum->attr.i[0]) {
        sum->attr.i[0] = 1;
        sum->out[0] = accumulate->out[0];
    } else {
        return false;
    }
    accumulate->is_dead = true;
    return true;
}

/* The ACCUMULATE that is x's only reader. */
static lac_node *accumulator(const lac_work *w, lac_id x, int after) {
    if (w->uses[x] != 1 || w->is_output[x]) return NULL;
    for (int n = after; n < w->n_nodes; n++) {
        lac_node *node = &w->nodes[n];
        if (!node->is_dead && node->op == LAC_OP_ACCUMULATE && node->in[0] == x) return node;
    }
    return NULL;
}

/* dgamma and dbeta share one flag: both accumulate, or neither. */
static bool accumulate_onto_layernorm_grad(lac_work *w, int n) {
    lac_node *norm = &w->nodes[n], *reader[3] = {NULL};
    if (norm->op != LAC_OP_LAYERNORM_GRAD || norm->attr.i[0]) return false;
    int found = 0;
    for (int k = 1; k < 3; k++) {
        if (norm->out[k] == LAC_NONE) continue;
        reader[k] = accumulator(w, norm->out[k], n + 1);
        if (!reader[k]) return false;
        found++;
    }
    if (!found) return false;
    norm->attr.i[0] = 1;
    for (int k = 1; k < 3; k++) {
        if (!reader[k]) continue;
        norm->out[k] = reader[k]->out[0];
        reader[k]->is_dead = true;
    }
    return true;
}

/* A bias's gradient is the column sum of the d_y that the weight's gradient, d_y^T x, reads anyway. */
static bool sum_onto_product(lac_work *w, int n) {
    lac_node *sum = &w->nodes[n];
    if (sum->op != LAC_OP_SUM_LEADING) return false;
    lac_id d_y = sum->in[0];
    const lac_shape *shape = &w->tensors[d_y].shape;
    if (lac_shape_size(&w->tensors[sum->out[0]].shape) != lac_shape_last(shape)) return false;
    for (int m = 0; m < n; m++) {
        lac_node *gemm = &w->nodes[m];
        if (gemm->is_dead || gemm->op != LAC_OP_GEMM || !gemm->attr.i[0] || gemm->in[0] != d_y ||
            gemm->out[1] != LAC_NONE || has_flag(gemm, LAC_GEMM_GELU) ||
            has_flag(gemm, LAC_GEMM_ACCUMULATE) != (sum->attr.i[0] != 0))
            continue;
        gemm->attr.i[2] |= LAC_GEMM_SUM_A;
        gemm->out[1] = sum->out[0];
        sum->is_dead = true;
        return true;
    }
    return false;
}

void lac_fuse(lac_work *work) {
    static bool (*const rules[])(lac_work *, int) = {
        gelu_onto_product,     gelu_slope_onto_product, residual_onto_layernorm_grad,   residual_onto_product,
        accumulate_onto_maker, sum_onto_product,        accumulate_onto_layernorm_grad,
    };
    for (size_t rule = 0; rule < sizeof rules / sizeof *rules; rule++)
        for (int n = 0; n < work->n_nodes; n++)
            if (!work->nodes[n].is_dead && rules[rule](work, n)) lac_work_count(work);
}
