/* graph/print.c - the plan as a table, one line a node. */
#include <stdio.h>

#include "base/text.h"
#include "graph/running.h"

void lac_call_label(const lac_call *call, char *text, size_t room) {
    if (call->op != LAC_OP_GEMM) {
        bool accumulates = (call->op == LAC_OP_SUM_LEADING || call->op == LAC_OP_MUL_SUM_LEADING ||
                            call->op == LAC_OP_LAYERNORM_GRAD) &&
                           call->attr.i[0];
        bool has_residual = call->op == LAC_OP_LAYERNORM_GRAD && call->in[5].data;
        snprintf(text, room, "%s%s%s", lac_op_name(call->op), has_residual ? "+residual" : "",
                 accumulates ? "+accumulate" : "");
        return;
    }
    int64_t flags = call->attr.i[2];
    snprintf(text, room, "gemm%s%s%s%s%s%s", call->in[2].data ? "+bias" : "", flags & LAC_GEMM_DGELU ? "+dgelu" : "",
             flags & LAC_GEMM_GELU ? "+gelu" : "", call->in[3].data ? "+residual" : "",
             flags & LAC_GEMM_SUM_A ? "+sum" : "", flags & LAC_GEMM_ACCUMULATE ? "+accumulate" : "");
}

void lac_program_print(const lac_program *p, lac_text *out) {
    lac_text_add(out, "%4s  %-32s %10s %10s %12s  %-28s %s\n", "#", "op", "MFLOP", "KB out", "offset", "memory",
                 "shapes");
    for (int n = 0; n < p->n_steps; n++) {
        const lac_step *step = &p->steps[n];
        const lac_call *call = &p->calls[n];
        char memory[96] = "new", offset[24] = "-";
        if (step->adds_to)
            snprintf(memory, sizeof memory, "adds to %s", step->adds_to);
        else if (step->is_in_place)
            snprintf(memory, sizeof memory, "in place of %d", step->before);
        else if (step->before >= 0)
            snprintf(memory, sizeof memory, "after %d", step->before);
        if (step->offset >= 0) snprintf(offset, sizeof offset, "%lld", (long long)step->offset);
        double bytes = (double)lac_view_size(&call->out[0]) * (double)lac_dtype_bytes(call->out[0].dtype);
        lac_text_add(out, "%4d  %-32s %10.2f %10.1f %12s  %-28s %s\n", n, step->profile.label,
                     step->profile.flops / 1e6, bytes / 1e3, offset, memory, step->profile.shape);
    }
    lac_text_add(out,
                 "%d nodes, %.1f MFLOP in products, arena %.1f MB (%.1f MB unshared), scratch %.1f MB, kept %.1f MB, "
                 "inputs %.1f MB\n",
                 p->info.n_nodes, p->info.gemm_flops / 1e6, (double)p->info.arena_bytes / 1e6,
                 (double)p->info.unshared_bytes / 1e6, (double)p->info.scratch_bytes / 1e6,
                 (double)p->info.kept_bytes / 1e6, (double)p->info.input_bytes / 1e6);
}
