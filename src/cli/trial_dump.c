/* cli/trial_dump.c - what a trial's steps gave, into a safetensors file: the first step's after it, the rest after the
 * last (trial.h). */
#include <stdio.h>
#include <string.h>

#include "cli/trial.h"

static lac_status dump_part(void *context, const lac_hf_part *part, lac_error *err) {
    lac_trial_dump *d = context;
    const lac_entry *entry = lac_store_at(lac_method_store(d->s->method), part->entry);
    if (entry->flags & LAC_PARAM_BUFFER) return LAC_OK;
    if (d->is_declaring) {
        char name[300];
        snprintf(name, sizeof name, "%s%s", d->prefix, part->name);
        return lac_safetensors_declare(d->writer, name, "F32", part->rank, part->dim, err);
    }
    const float *data = strcmp(d->prefix, "grad/") == 0 ? entry->grad : entry->value;
    return lac_safetensors_put(d->writer, data + part->first, (uint64_t)part->n * sizeof *data, err);
}

static lac_status dump_parameters(lac_trial_dump *d, const char *prefix, bool is_declaring, lac_error *err) {
    d->prefix = prefix;
    d->is_declaring = is_declaring;
    return lac_trial_each_parameter(d->s, dump_part, d, err);
}

/* Tensors of the program that a dump holds, where the method has them. */
static const char *const outputs[] = {"prediction", "target", "projection", "teacher_projection", "codes"};
enum { N_OUTPUTS = sizeof outputs / sizeof *outputs };

static lac_status dump_teacher(lac_trial_dump *d, bool is_declaring, lac_error *err) {
    const lac_store *store = lac_method_store(d->s->method);
    for (int i = 0; i < lac_store_count(store); i++) {
        const lac_entry *entry = lac_store_at(store, i);
        char name[300];
        if (lac_trial_is_of_teacher(entry))
            snprintf(name, sizeof name, "teacher_after/%s", strchr(entry->name, '/') + 1);
        else if (lac_trial_is_state(entry))
            snprintf(name, sizeof name, "buffer_after/%s", entry->name);
        else
            continue;
        if (is_declaring)
            LAC_TRY(lac_safetensors_declare(d->writer, name, "F32", entry->rank, entry->dim, err));
        else
            LAC_TRY(lac_safetensors_put(d->writer, entry->value, (uint64_t)entry->n * sizeof(float), err));
    }
    return LAC_OK;
}

lac_status lac_trial_dump_declare(lac_trial_dump *d, const lac_step *step, int64_t steps, lac_error *err) {
    lac_method_sizes sizes = lac_method_describe(d->s->method);
    lac_view view;
    LAC_TRY(lac_safetensors_meta(d->writer, "format", "pt", err));
    for (int i = 0; i < N_OUTPUTS; i++)
        if (lac_program_output(lac_step_program(step), outputs[i], &view, NULL) == LAC_OK)
            LAC_TRY(lac_safetensors_declare(d->writer, outputs[i], view.dtype == LAC_I32 ? "I32" : "F32", view.rank,
                                            view.dim, err));
    int64_t mask[2] = {lac_step_rows(step), sizes.n_patches};
    LAC_TRY(lac_safetensors_declare(d->writer, "mask", "F32", 2, mask, err));
    LAC_TRY(dump_parameters(d, "grad/", true, err));
    LAC_TRY(dump_parameters(d, "after/", true, err));
    LAC_TRY(dump_teacher(d, true, err));
    LAC_TRY(lac_safetensors_declare(d->writer, "loss", "F32", 1, &steps, err));
    for (int i = 0; i < lac_method_terms(d->s->method); i++) {
        char name[96];
        snprintf(name, sizeof name, "term/%s", lac_method_term(d->s->method, i));
        LAC_TRY(lac_safetensors_declare(d->writer, name, "F32", 1, &steps, err));
    }
    return LAC_OK;
}

lac_status lac_trial_dump_first(lac_trial_dump *d, const lac_step *step, lac_error *err) {
    lac_view view;
    for (int i = 0; i < N_OUTPUTS; i++)
        if (lac_program_output(lac_step_program(step), outputs[i], &view, NULL) == LAC_OK)
            LAC_TRY(lac_safetensors_put(d->writer, view.data, (uint64_t)lac_view_size(&view) * sizeof(float), err));
    int64_t n = lac_step_rows(step) * lac_method_describe(d->s->method).n_patches;
    LAC_TRY(lac_safetensors_put(d->writer, lac_step_mask(step), (uint64_t)n * sizeof(float), err));
    return dump_parameters(d, "grad/", false, err);
}

lac_status lac_trial_dump_last(lac_trial_dump *d, const float *losses, int64_t steps, lac_error *err) {
    LAC_TRY(dump_parameters(d, "after/", false, err));
    LAC_TRY(dump_teacher(d, false, err));
    uint64_t n = (uint64_t)(steps * (1 + lac_method_terms(d->s->method)));
    return lac_safetensors_put(d->writer, losses, n * sizeof *losses, err);
}
