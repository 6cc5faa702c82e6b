/* cli/trial_inputs.c - pictures, masks, noise, weights and states of a trial from its files (trial.h). */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "cli/trial.h"
#include "io/npy.h"

void lac_trial_inputs_free(lac_trial_inputs *in) {
    for (int v = 0; v < LAC_MOST_VIEWS; v++)
        lac_free(in->views[v]);
    lac_free(in->gumbel);
    lac_free(in->noise);
    lac_free(in->weight);
    lac_free(in->keep);
    lac_free(in->blocks);
}

static lac_status check_pixels(const char *path, const char *view, const lac_method_sizes *sizes, const int64_t *sides,
                               int rank, const int64_t *dim, lac_error *err) {
    bool is_right = rank == 2 + sizes->n_axes && dim[0] >= 1 && dim[1] == sizes->channels;
    for (int a = 0; a < sizes->n_axes && is_right; a++)
        is_right = dim[2 + a] == sides[a];
    if (is_right) return LAC_OK;
    char found[160] = "";
    for (int i = 0; i < rank && i < 8; i++)
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%lld", i ? " x " : "", (long long)dim[i]);
    return lac_fail(err, "%s: %s: expected B x %lld x %lld x %lld, found %s", path, view, (long long)sizes->channels,
                    (long long)sides[0], (long long)sides[1], found);
}

static lac_status check_rows(const char *path, const char *name, int rank, const int64_t *dim, int64_t batch,
                             int64_t columns, lac_error *err) {
    if (rank == 2 && dim[0] == batch && dim[1] == columns) return LAC_OK;
    return lac_fail(err, "%s: %s: expected %lld x %lld, found %lld x %lld (%d axes)", path, name, (long long)batch,
                    (long long)columns, rank > 0 ? (long long)dim[0] : 0, rank > 1 ? (long long)dim[1] : 0, rank);
}

typedef struct loading {
    const char *path;
    lac_safetensors *file;
    lac_store *store;
    bool *is_used;
} loading;

static const lac_safetensor *take(loading *l, const char *name) {
    const lac_safetensor *tensor = lac_safetensors_find(l->file, name);
    for (int i = 0; tensor && i < lac_safetensors_count(l->file); i++)
        if (lac_safetensors_at(l->file, i) == tensor) l->is_used[i] = true;
    return tensor;
}

static lac_status load_part(void *context, const lac_hf_part *part, lac_error *err) {
    loading *l = context;
    char name[300];
    snprintf(name, sizeof name, "param/%s", part->name);
    const lac_safetensor *tensor = take(l, name);
    if (!tensor) return LAC_OK;
    bool is_same = tensor->rank == part->rank;
    for (int i = 0; i < part->rank && is_same; i++)
        is_same = tensor->dim[i] == part->dim[i];
    if (!is_same) return lac_fail(err, "%s: %s: another shape than the model's", l->path, name);
    float *value = (float *)lac_store_at(l->store, part->entry)->value + part->first;
    return lac_safetensor_f32(l->file, tensor, value, part->n, err);
}

static lac_status load_floats(loading *l, const char *name, int64_t batch, int64_t columns, float **out,
                              lac_error *err) {
    const lac_safetensor *tensor = take(l, name);
    if (!tensor) return LAC_OK;
    LAC_TRY(check_rows(l->path, name, tensor->rank, tensor->dim, batch, columns, err));
    *out = lac_array((size_t)(batch * columns), sizeof **out);
    if (!*out) return lac_no_memory(err, name);
    return lac_safetensor_f32(l->file, tensor, *out, batch * columns, err);
}

/* view/v, of as many pictures as view/0. */
static lac_status load_view(loading *l, const lac_method_sizes *sizes, int v, lac_trial_inputs *in, lac_error *err) {
    char name[24];
    snprintf(name, sizeof name, "view/%d", v);
    const lac_safetensor *view = take(l, name);
    if (!view && v == 0) return lac_fail(err, "%s: no tensor view/0", l->path);
    if (!view && sizes->n_large + sizes->n_small == 1)
        return lac_fail(err, "%s: no tensor %s: the recipe compares two views", l->path, name);
    if (!view)
        return lac_fail(err, "%s: no tensor %s: the recipe compares %d views", l->path, name,
                        sizes->n_large + sizes->n_small);
    bool is_small = v >= sizes->n_large && sizes->n_small > 0;
    LAC_TRY(check_pixels(l->path, name, sizes, is_small ? sizes->small : sizes->picture, view->rank, view->dim, err));
    if (v == 0) in->batch = view->dim[0];
    if (view->dim[0] != in->batch)
        return lac_fail(err, "%s: %s: expected %lld pictures, found %lld", l->path, name, (long long)in->batch,
                        (long long)view->dim[0]);
    int64_t n = 1;
    for (int a = 0; a < view->rank; a++)
        n *= view->dim[a];
    in->views[v] = lac_array((size_t)n, sizeof *in->views[v]);
    if (!in->views[v]) return lac_no_memory(err, "pictures");
    return lac_safetensor_f32(l->file, view, in->views[v], n, err);
}

/* Noise of a soft choice of codes, B x N x K: a step on given inputs draws nothing. */
static lac_status load_gumbel(loading *l, const lac_method_sizes *sizes, const lac_trial *s, lac_trial_inputs *in,
                              lac_error *err) {
    int64_t k = lac_method_codes(s->method), n = in->batch * sizes->n_patches * k;
    const lac_safetensor *tensor = take(l, "gumbel/0");
    if (!tensor)
        return lac_fail(err, "%s: no tensor gumbel/0 (%lld x %lld x %lld): the recipe draws codes softly", l->path,
                        (long long)in->batch, (long long)sizes->n_patches, (long long)k);
    if (tensor->rank != 3 || tensor->dim[0] != in->batch || tensor->dim[1] != sizes->n_patches || tensor->dim[2] != k)
        return lac_fail(err, "%s: gumbel/0: expected %lld x %lld x %lld", l->path, (long long)in->batch,
                        (long long)sizes->n_patches, (long long)k);
    in->gumbel = lac_array((size_t)n, sizeof *in->gumbel);
    if (!in->gumbel) return lac_no_memory(err, "gumbel/0");
    return lac_safetensor_f32(l->file, tensor, in->gumbel, n, err);
}

/* A teacher not given starts as a copy of the weights that were; then teacher/NAME and buffer/NAME. */
static lac_status load_buffers(loading *l, lac_error *err) {
    lac_store_copy_again(l->store);
    for (int i = 0; i < lac_store_count(l->store); i++) {
        const lac_entry *entry = lac_store_at(l->store, i);
        if (!(entry->flags & LAC_PARAM_BUFFER)) continue;
        char name[300];
        snprintf(name, sizeof name, "%s%s", lac_trial_is_of_teacher(entry) ? "" : "buffer/", entry->name);
        const lac_safetensor *tensor = take(l, name);
        if (!tensor) continue;
        bool is_same = tensor->rank == entry->rank;
        for (int a = 0; a < entry->rank && is_same; a++)
            is_same = tensor->dim[a] == entry->dim[a];
        if (!is_same) return lac_fail(err, "%s: %s: another shape than the model's", l->path, name);
        LAC_TRY(lac_safetensor_f32(l->file, tensor, entry->value, entry->n, err));
    }
    return LAC_OK;
}

static lac_status load_indices(loading *l, const lac_safetensor *tensor, int64_t n, int32_t **out, lac_error *err) {
    *out = lac_array((size_t)n, sizeof **out);
    if (!*out) return lac_no_memory(err, tensor->name);
    return lac_safetensor_i32(l->file, tensor, *out, n, err);
}

/* keep/0, and for a recipe that predicts lists of patches blocks/0: any lengths up to its own. */
static lac_status load_lists(loading *l, const lac_method_sizes *sizes, lac_trial_inputs *in, lac_error *err) {
    const lac_safetensor *keep = take(l, "keep/0"), *blocks = sizes->n_blocks > 0 ? take(l, "blocks/0") : NULL;
    if (!keep && !blocks) return LAC_OK;
    if (!keep) return lac_fail(err, "%s: blocks/0 without keep/0", l->path);
    in->n_keep = keep->rank == 2 && blocks ? keep->dim[1] : sizes->n_visible;
    LAC_TRY(check_rows(l->path, "keep/0", keep->rank, keep->dim, in->rows, in->n_keep, err));
    LAC_TRY(load_indices(l, keep, in->rows * in->n_keep, &in->keep, err));
    if (!blocks) return LAC_OK;
    if (blocks->rank != 3 || blocks->dim[0] != in->batch || blocks->dim[1] != sizes->n_blocks)
        return lac_fail(err, "%s: blocks/0: expected %lld x %lld x patches of a list", l->path, (long long)in->batch,
                        (long long)sizes->n_blocks);
    in->n_in_block = blocks->dim[2];
    return load_indices(l, blocks, in->batch * sizes->n_blocks * in->n_in_block, &in->blocks, err);
}

static lac_status load_all(loading *l, const lac_trial *s, lac_trial_inputs *in, lac_error *err) {
    lac_method_sizes sizes = lac_method_describe(s->method);
    for (int v = 0; v < lac_method_views(s->method); v++)
        LAC_TRY(load_view(l, &sizes, v, in, err));
    in->rows = in->batch * sizes.n_large;
    if (lac_method_draws_codes(s->method)) LAC_TRY(load_gumbel(l, &sizes, s, in, err));
    LAC_TRY(load_floats(l, "noise", in->rows, sizes.n_patches, &in->noise, err));
    LAC_TRY(load_floats(l, "mask/0", in->rows, sizes.n_patches, &in->weight, err));
    LAC_TRY(load_lists(l, &sizes, in, err));
    l->store = lac_method_store(s->method);
    LAC_TRY(lac_trial_each_parameter(s, load_part, l, err));
    LAC_TRY(load_buffers(l, err));
    for (int i = 0; i < lac_safetensors_count(l->file); i++)
        if (!l->is_used[i])
            return lac_fail(err,
                            "%s: unexpected tensor '%s'; expected view/K, noise, keep/0, blocks/0, mask/0, gumbel/0, "
                            "param/NAME, teacher/NAME or buffer/NAME of the model",
                            l->path, lac_safetensors_at(l->file, i)->name);
    return LAC_OK;
}

static lac_status load_safetensors(const char *path, const lac_trial *s, lac_trial_inputs *in, lac_error *err) {
    loading l = {.path = path};
    LAC_TRY(lac_safetensors_open(path, &l.file, err));
    l.is_used = lac_array((size_t)lac_safetensors_count(l.file) + 1, sizeof *l.is_used);
    lac_status status = l.is_used ? load_all(&l, s, in, err) : lac_no_memory(err, path);
    lac_free(l.is_used);
    lac_safetensors_close(l.file);
    return status;
}

static lac_status load_npy(const char *pixels, const char *noise, const lac_trial *s, lac_trial_inputs *in,
                           lac_error *err) {
    if (!pixels || !noise) return lac_usage(err, "--pixels and --noise go together");
    lac_method_sizes sizes = lac_method_describe(s->method);
    int rank;
    int64_t dim[8];
    LAC_TRY(lac_npy_read_f32(pixels, &rank, dim, &in->views[0], err));
    LAC_TRY(check_pixels(pixels, "view/0", &sizes, sizes.picture, rank, dim, err));
    in->batch = in->rows = dim[0];
    if (lac_method_views(s->method) > 1)
        return lac_usage(err, "--pixels gives one view, and the recipe compares %d: expected --inputs",
                         lac_method_views(s->method));
    LAC_TRY(lac_npy_read_f32(noise, &rank, dim, &in->noise, err));
    return check_rows(noise, "noise", rank, dim, in->batch, sizes.n_patches, err);
}

lac_status lac_trial_inputs_load(const lac_args *args, const lac_trial *s, lac_trial_inputs *in, lac_error *err) {
    const char *path = lac_args_text(args, "inputs");
    const char *pixels = lac_args_text(args, "pixels"), *noise = lac_args_text(args, "noise");
    if (path && (pixels || noise)) return lac_usage(err, "--inputs and --pixels, --noise exclude each other");
    if (!path && !pixels && !noise) return lac_usage(err, "--inputs FILE is needed, or --pixels FILE --noise FILE");
    return path ? load_safetensors(path, s, in, err) : load_npy(pixels, noise, s, in, err);
}
