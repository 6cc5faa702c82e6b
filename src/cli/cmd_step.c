/* cli/cmd_step.c - `lacuna step`: training steps on given pictures and masks, every number written out, so that anybody
 * can check Lacuna against another implementation.
 *
 * Constant learning rate, no clipping, no drop path, the whole batch at once, the same inputs each step. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "method/hf.h"
#include "train/optimizer.h"
#include "train/run.h"

/* ---- the model ---- */

typedef struct subject {
    lac_model *model;   /* of a run or a model folder, or */
    lac_recipe *recipe; /* of a recipe, with its method */
    lac_method *method;
    bool is_huggingface;
    unsigned hf_names;
    uint64_t seed;
} subject;

static bool is_recipe(const char *word) {
    size_t n = strlen(word);
    if (n > 5 && strcmp(word + n - 5, ".yaml") == 0) return true;
    return !lac_file_exists(word) && !lac_folder_exists(word);
}

static lac_status open_recipe(const lac_args *args, subject *s, lac_error *err) {
    int n = lac_args_count(args, "set");
    const char **sets = lac_array((size_t)n + 1, sizeof *sets);
    if (!sets) return lac_no_memory(err, "--set");
    for (int i = 0; i < n; i++)
        sets[i] = lac_args_nth(args, "set", i);
    lac_status status = lac_recipe_open(lac_args_word(args, 0), sets, n, &s->recipe, err);
    lac_free(sets);
    LAC_TRY(status);
    LAC_TRY(lac_method_new(s->recipe, LAC_F32, &s->method, err));
    int64_t seed;
    LAC_TRY(lac_args_int(args, "seed", lac_recipe_int(s->recipe, "train.seed"), 0, &seed, err));
    lac_store_initialize(lac_method_store(s->method), (uint64_t)seed);
    s->seed = (uint64_t)seed;
    return lac_method_fill(s->method, err);
}

static lac_status open_subject(const lac_args *args, subject *s, lac_error *err) {
    const char *word = lac_args_word(args, 0);
    if (is_recipe(word)) return open_recipe(args, s, err);
    if (lac_args_has(args, "set")) return lac_usage(err, "--set changes recipes only; %s has its own", word);
    LAC_TRY(lac_model_open(word, LAC_F32, &s->model, err));
    s->method = s->model->method;
    s->is_huggingface = s->model->is_huggingface;
    if (!s->is_huggingface) return LAC_OK;
    LAC_TRY(lac_hf_names(word, &s->hf_names, err));
    if (s->hf_names & LAC_HF_ENCODER_ONLY)
        return lac_fail(err, "%s: holds an encoder only; a step needs the decoder's weights too", word);
    return LAC_OK;
}

static void close_subject(subject *s) {
    if (s->model) {
        lac_model_free(s->model);
        return;
    }
    lac_method_free(s->method);
    lac_recipe_free(s->recipe);
}

/* Every trainable parameter under the name of the model's own file. */
static lac_status each_parameter(const subject *s, lac_hf_visit visit, void *context, lac_error *err) {
    if (s->is_huggingface) return lac_hf_each(s->method, s->hf_names, visit, context, err);
    const lac_store *store = lac_method_store(s->method);
    for (int i = 0; i < lac_store_count(store); i++) {
        const lac_entry *entry = lac_store_at(store, i);
        lac_hf_part part = {.name = entry->name, .entry = i, .n = entry->n, .rank = entry->rank};
        memcpy(part.dim, entry->dim, sizeof part.dim);
        LAC_TRY(visit(context, &part, err));
    }
    return LAC_OK;
}

/* ---- inputs ---- */

typedef struct inputs {
    int64_t batch, rows;          /* pictures, and masked views of them */
    float *views[LAC_MOST_VIEWS]; /* view/K; NULL: not given */
    float *gumbel;                /* gumbel/0 of a recipe whose codes are drawn softly, else NULL */
    float *noise, *weight;        /* NULL: not given */
    int32_t *keep;
    int32_t *blocks; /* B x M x n_in_block, beside keep B x n_keep; NULL: the recipe predicts no lists */
    int64_t n_keep, n_in_block;
} inputs;

static void free_inputs(inputs *in) {
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
static lac_status load_view(loading *l, const lac_method_sizes *sizes, int v, inputs *in, lac_error *err) {
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
static lac_status load_gumbel(loading *l, const lac_method_sizes *sizes, const subject *s, inputs *in, lac_error *err) {
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

static bool is_of_teacher(const lac_entry *entry) {
    return strncmp(entry->name, "teacher/", strlen("teacher/")) == 0;
}

/* A buffer that changes while a method trains, and is no teacher's: a codebook, a centre. */
static bool is_state(const lac_entry *entry) {
    return entry->flags & LAC_PARAM_BUFFER && entry->init != LAC_INIT_GIVEN && !is_of_teacher(entry);
}

/* A teacher not given starts as a copy of the weights that were; then teacher/NAME and buffer/NAME. */
static lac_status load_buffers(loading *l, lac_error *err) {
    lac_store_copy_again(l->store);
    for (int i = 0; i < lac_store_count(l->store); i++) {
        const lac_entry *entry = lac_store_at(l->store, i);
        if (!(entry->flags & LAC_PARAM_BUFFER)) continue;
        char name[300];
        snprintf(name, sizeof name, "%s%s", is_of_teacher(entry) ? "" : "buffer/", entry->name);
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
static lac_status load_lists(loading *l, const lac_method_sizes *sizes, inputs *in, lac_error *err) {
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

static lac_status load_all(loading *l, const subject *s, inputs *in, lac_error *err) {
    lac_method_sizes sizes = lac_method_describe(s->method);
    for (int v = 0; v < lac_method_views(s->method); v++)
        LAC_TRY(load_view(l, &sizes, v, in, err));
    in->rows = in->batch * sizes.n_large;
    if (lac_method_draws_codes(s->method)) LAC_TRY(load_gumbel(l, &sizes, s, in, err));
    LAC_TRY(load_floats(l, "noise", in->rows, sizes.n_patches, &in->noise, err));
    LAC_TRY(load_floats(l, "mask/0", in->rows, sizes.n_patches, &in->weight, err));
    LAC_TRY(load_lists(l, &sizes, in, err));
    l->store = lac_method_store(s->method);
    LAC_TRY(each_parameter(s, load_part, l, err));
    LAC_TRY(load_buffers(l, err));
    for (int i = 0; i < lac_safetensors_count(l->file); i++)
        if (!l->is_used[i])
            return lac_fail(err,
                            "%s: unexpected tensor '%s'; expected view/K, noise, keep/0, blocks/0, mask/0, gumbel/0, "
                            "param/NAME, teacher/NAME or buffer/NAME of the model",
                            l->path, lac_safetensors_at(l->file, i)->name);
    return LAC_OK;
}

static lac_status load_safetensors(const char *path, const subject *s, inputs *in, lac_error *err) {
    loading l = {.path = path};
    LAC_TRY(lac_safetensors_open(path, &l.file, err));
    l.is_used = lac_array((size_t)lac_safetensors_count(l.file) + 1, sizeof *l.is_used);
    lac_status status = l.is_used ? load_all(&l, s, in, err) : lac_no_memory(err, path);
    lac_free(l.is_used);
    lac_safetensors_close(l.file);
    return status;
}

static lac_status load_npy(const char *pixels, const char *noise, const subject *s, inputs *in, lac_error *err) {
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

static lac_status load_inputs(const lac_args *args, const subject *s, inputs *in, lac_error *err) {
    const char *path = lac_args_text(args, "inputs");
    const char *pixels = lac_args_text(args, "pixels"), *noise = lac_args_text(args, "noise");
    if (path && (pixels || noise)) return lac_usage(err, "--inputs and --pixels, --noise exclude each other");
    if (!path && !pixels && !noise) return lac_usage(err, "--inputs FILE is needed, or --pixels FILE --noise FILE");
    return path ? load_safetensors(path, s, in, err) : load_npy(pixels, noise, s, in, err);
}

/* ---- the dump: what the first step gives is written after it, the rest after the last ---- */

typedef struct dump {
    const subject *s;
    lac_safetensors_writer *writer;
    const char *prefix; /* "grad/" or "after/" */
    bool is_declaring;
} dump;

static lac_status dump_part(void *context, const lac_hf_part *part, lac_error *err) {
    dump *d = context;
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

static lac_status dump_parameters(dump *d, const char *prefix, bool is_declaring, lac_error *err) {
    d->prefix = prefix;
    d->is_declaring = is_declaring;
    return each_parameter(d->s, dump_part, d, err);
}

/* Tensors of the program that a dump holds, where the method has them. */
static const char *const outputs[] = {"prediction", "target", "projection", "teacher_projection", "codes"};
enum { N_OUTPUTS = sizeof outputs / sizeof *outputs };

static lac_status dump_teacher(dump *d, bool is_declaring, lac_error *err) {
    const lac_store *store = lac_method_store(d->s->method);
    for (int i = 0; i < lac_store_count(store); i++) {
        const lac_entry *entry = lac_store_at(store, i);
        char name[300];
        if (is_of_teacher(entry))
            snprintf(name, sizeof name, "teacher_after/%s", strchr(entry->name, '/') + 1);
        else if (is_state(entry))
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

static lac_status declare(dump *d, const lac_step *step, int64_t steps, lac_error *err) {
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

static lac_status dump_first(dump *d, const lac_step *step, lac_error *err) {
    lac_view view;
    for (int i = 0; i < N_OUTPUTS; i++)
        if (lac_program_output(lac_step_program(step), outputs[i], &view, NULL) == LAC_OK)
            LAC_TRY(lac_safetensors_put(d->writer, view.data, (uint64_t)lac_view_size(&view) * sizeof(float), err));
    int64_t n = lac_step_rows(step) * lac_method_describe(d->s->method).n_patches;
    LAC_TRY(lac_safetensors_put(d->writer, lac_step_mask(step), (uint64_t)n * sizeof(float), err));
    return dump_parameters(d, "grad/", false, err);
}

/* ---- running ---- */

typedef struct plan {
    int64_t steps;
    double lr;
    lac_optimizer_options optimizer;
} plan;

/* Defaults: one step with the recipe's numbers, at the peak rate for this batch. */
static lac_status read_plan(const lac_args *args, const lac_recipe *r, int64_t batch, plan *p, lac_error *err) {
    double per = lac_recipe_real(r, "optim.per"), lr = lac_recipe_real(r, "optim.lr"), betas[2];
    LAC_TRY(lac_args_int(args, "steps", 1, 1, &p->steps, err));
    LAC_TRY(lac_args_real(args, "lr", per > 0 ? lr * (double)batch / per : lr, 0, &p->lr, err));
    lac_recipe_list(r, "optim.betas", betas, 2);
    p->optimizer =
        (lac_optimizer_options){.beta1 = betas[0], .beta2 = betas[1], .eps = lac_recipe_real(r, "optim.eps")};
    return lac_args_real(args, "weight-decay", lac_recipe_real(r, "optim.weight_decay"), 0, &p->optimizer.weight_decay,
                         err);
}

typedef struct machine {
    lac_pool *pool;
    const lac_backend *backend;
} machine;

static lac_status read_scalar(const lac_step *step, const char *name, float *value, lac_error *err) {
    lac_view view;
    LAC_TRY(lac_program_output(lac_step_program(step), name, &view, err));
    *value = *(const float *)view.data;
    return LAC_OK;
}

/* values: (1 + terms) x steps */
static lac_status read_losses(const subject *s, const lac_step *step, const plan *p, int64_t t, float *values,
                              lac_error *err) {
    LAC_TRY(read_scalar(step, "loss", &values[t], err));
    for (int i = 0; i < lac_method_terms(s->method); i++) {
        char name[96];
        snprintf(name, sizeof name, "term/%s", lac_method_term(s->method, i));
        LAC_TRY(read_scalar(step, name, &values[(i + 1) * p->steps + t], err));
    }
    return LAC_OK;
}

static lac_status run_steps(const subject *s, const machine *m, lac_step *step, lac_optimizer *optimizer, const plan *p,
                            const inputs *in, dump *d, float *values, lac_error *err) {
    lac_store *store = lac_method_store(s->method);
    LAC_TRY(declare(d, step, p->steps, err));
    for (int v = 0; v < LAC_MOST_VIEWS && in->views[v]; v++) {
        char name[24];
        snprintf(name, sizeof name, "view/%d", v);
        LAC_TRY(lac_program_bind(lac_step_program(step), name, in->views[v], err));
    }
    if (in->gumbel) LAC_TRY(lac_program_bind(lac_step_program(step), "gumbel/0", in->gumbel, err));
    for (int64_t t = 0; t < p->steps; t++) {
        double share = (double)t / (double)p->steps;
        lac_method_at(s->method, share);
        for (int i = 0; i < lac_store_count(store); i++)
            lac_optimizer_hold(optimizer, i, lac_method_holds(s->method, i, share));
        LAC_TRY(in->blocks ? lac_step_set_lists(step, in->n_keep, in->keep, in->n_in_block, in->blocks, err)
                           : lac_step_set_mask(step, in->noise, in->keep, in->weight, 0, err));
        lac_store_zero_gradients(store);
        lac_step_clear(step);
        lac_program_run(lac_step_program(step));
        lac_step_gather(step);
        LAC_TRY(read_losses(s, step, p, t, values, err));
        if (t == 0) LAC_TRY(dump_first(d, step, err));
        lac_optimizer_step(optimizer, m->backend, m->pool, p->lr, NULL);
        lac_method_step_teacher(s->method, m->backend, m->pool);
        lac_step_learn(step, s->seed, t);
    }
    LAC_TRY(dump_parameters(d, "after/", false, err));
    LAC_TRY(dump_teacher(d, false, err));
    return lac_safetensors_put(d->writer, values,
                               (uint64_t)(p->steps * (1 + lac_method_terms(s->method))) * sizeof *values, err);
}

static lac_status run_and_dump(const lac_args *args, const subject *s, const machine *m, const plan *p,
                               const inputs *in, float *values, lac_error *err) {
    const char *path = lac_args_text(args, "dump");
    dump d = {.s = s};
    lac_step *step = NULL;
    lac_optimizer *optimizer = NULL;
    lac_status status = lac_safetensors_create(path, &d.writer, err);
    if (status == LAC_OK) status = lac_step_new(s->method, m->backend, m->pool, in->batch, LAC_STEP_TRAIN, &step, err);
    if (status == LAC_OK) status = lac_optimizer_new(lac_method_store(s->method), &p->optimizer, &optimizer, err);
    if (status == LAC_OK) status = run_steps(s, m, step, optimizer, p, in, &d, values, err);
    if (status == LAC_OK)
        status = lac_safetensors_commit(d.writer, err);
    else if (d.writer)
        lac_safetensors_abort(d.writer);
    lac_optimizer_free(optimizer);
    lac_step_free(step);
    return status;
}

static lac_status print_losses(const lac_args *args, const plan *p, const float *values, lac_error *err) {
    const char *path = lac_args_text(args, "dump");
    if (!lac_args_json(args)) {
        for (int64_t t = 0; t < p->steps && !lac_args_quiet(args); t++)
            printf("step %lld: loss %.9g\n", (long long)t + 1, (double)values[t]);
        return LAC_OK;
    }
    json_t *losses = json_array();
    for (int64_t t = 0; t < p->steps; t++)
        json_array_append_new(losses, json_real((double)values[t]));
    json_t *json = json_pack("{sssfso}", "dump", path, "lr", p->lr, "loss", losses);
    char *text = json ? json_dumps(json, JSON_REAL_PRECISION(9)) : NULL;
    json_decref(json);
    if (!text) return lac_no_memory(err, "JSON");
    puts(text);
    free(text);
    return LAC_OK;
}

static lac_status run_on(const lac_args *args, const subject *s, inputs *in, lac_error *err) {
    LAC_TRY(load_inputs(args, s, in, err));
    plan p;
    LAC_TRY(read_plan(args, lac_method_recipe(s->method), in->batch, &p, err));
    machine m;
    LAC_TRY(lac_args_machine(args, &m.pool, &m.backend, err));
    float *values = lac_array((size_t)p.steps * (size_t)(1 + lac_method_terms(s->method)), sizeof *values);
    lac_status status = values ? run_and_dump(args, s, &m, &p, in, values, err) : lac_no_memory(err, "losses");
    if (status == LAC_OK) status = print_losses(args, &p, values, err);
    lac_free(values);
    lac_pool_free(m.pool);
    return status;
}

static lac_status run(const lac_args *args, lac_error *err) {
    if (!lac_args_text(args, "dump")) return lac_usage(err, "--dump FILE is needed");
    subject s = {0};
    inputs in = {0};
    lac_status status = open_subject(args, &s, err);
    if (status == LAC_OK) status = run_on(args, &s, &in, err);
    free_inputs(&in);
    close_subject(&s);
    return status;
}

static const lac_option options[] = {
    {"inputs", "FILE",
     "safetensors: view/K (B x C x H x W), noise or keep/0 (and blocks/0) or mask/0, gumbel/0, perhaps param/NAME, "
     "teacher/NAME, "
     "buffer/NAME"},
    {"dump", "FILE",
     "safetensors to write: loss, term/NAME, prediction, mask, grad/NAME, after/NAME, teacher_after/NAME, "
     "buffer_after/NAME"},
    {"pixels", "FILE", "instead of --inputs: view/0 as .npy"},
    {"noise", "FILE", "with --pixels: noise as .npy (B x N)"},
    {"steps", "K", "AdamW steps on the same inputs (1)"},
    {"lr", "X", "constant learning rate (the recipe's peak for this batch)"},
    {"weight-decay", "Y", "on tensors of two axes or more except tokens and positions (the recipe's)"},
    {"set", "KEY=VALUE", "override one key of a RECIPE; may be given again"},
    {0},
};

const lac_command lac_command_step = {
    .name = "step",
    .usage = "RUN|MODEL|RECIPE --inputs FILE --dump FILE",
    .summary = "run exact training steps on given inputs and write every number: parity with other implementations",
    .details =
        "MODEL is a checkpoint file or a folder with Hugging Face ViTMAE's config.json and model.safetensors; names in "
        "the dump are those of the model's own file. A RECIPE starts from the weights that --seed draws. Learning "
        "rate constant, no clipping, drop path off, the same inputs each step, the whole batch at once. noise is "
        "ranked per picture, the smallest stay visible; keep/0 (i32, B x V) lists visible patches, and where lists of "
        "patches are "
        "predicted blocks/0 (i32, B x M x K) those; -1 ends a list that is shorter; mask/0 (B x N) "
        "gives loss weights, and alone it hides what has a weight. view/1 is the teacher's; of crops, view/K are "
        "all, first the masked ones, and a mask has B rows for each of those in turn; teacher/NAME are the teacher's "
        "weights, "
        "else it starts as the model; buffer/NAME are what methods keep beside weights (a codebook and its averages); "
        "gumbel/0 (B x N x K) is the noise of soft choices of codes; schedules run over the K steps. The dump holds "
        "loss and term/NAME [K] (before "
        "each update), prediction, target, projection, teacher_projection, codes (those that the method has), mask "
        "(B x N, 1 = hidden) and grad/NAME of the first step, after/NAME, teacher_after/NAME and buffer_after/NAME.",
    .examples = "lacuna step vit-mae-base --inputs in.safetensors --dump out.safetensors --steps 5 --lr 1e-3\n"
                "lacuna step mae-tiny-32 --pixels x.npy --noise n.npy --dump out.safetensors --seed 1",
    .options = options,
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
