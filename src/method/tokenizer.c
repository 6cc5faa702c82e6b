/* method/tokenizer.c - a tokenizer's file, written and read (tokenizer.h), and a tokenizer as a part of a method:
 * frozen weights "tokenizer/NAME" in its store, buffers that checkpoints hold. */
#include "method/tokenizer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "io/safetensors.h"
#include "method/method_private.h"
#include "method/recipe_private.h"

enum { FORMAT = 1 };

/* The encoder's and the quantizer's tensors as their slots declare them, in a store of their own. */
static lac_status declare(const lac_encoder_slot *encoder, const lac_settings *encoder_settings, const lac_grid *grid,
                          int64_t width, const lac_quantizer_slot *quantizer, const lac_settings *quantizer_settings,
                          lac_store **store, lac_error *err) {
    LAC_TRY(lac_store_new(LAC_F32, store, err));
    LAC_TRY(encoder->declare(encoder_settings, grid, *store, err));
    return quantizer->declare(quantizer_settings, width, *store, err);
}

/* ---- writing ---- */

static uint64_t hash_values(const lac_store *store, const lac_store *values, uint64_t hash) {
    for (int i = 0; i < lac_store_count(store); i++) {
        const lac_entry *e = lac_store_at(values, lac_store_find(values, lac_store_at(store, i)->name));
        hash = lac_hash(e->value, (size_t)e->n * sizeof(float), hash);
    }
    return hash;
}

static lac_status write_all(lac_safetensors_writer *w, const lac_store *store, const lac_store *values,
                            const char *recipe, lac_error *err) {
    char text[24];
    snprintf(text, sizeof text, "%016" PRIx64, hash_values(store, values, lac_hash(recipe, strlen(recipe), 0)));
    LAC_TRY(lac_safetensors_meta(w, "format", "pt", err));
    LAC_TRY(lac_safetensors_meta(w, "lacuna_format", "1", err));
    LAC_TRY(lac_safetensors_meta(w, "lacuna_kind", "tokenizer", err));
    LAC_TRY(lac_safetensors_meta(w, "recipe", recipe, err));
    LAC_TRY(lac_safetensors_meta(w, "fingerprint", text, err));
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < lac_store_count(store); i++) {
            const lac_entry *e = lac_store_at(values, lac_store_find(values, lac_store_at(store, i)->name));
            if (pass == 0)
                LAC_TRY(lac_safetensors_declare(w, e->name, "F32", e->rank, e->dim, err));
            else
                LAC_TRY(lac_safetensors_put(w, e->value, (uint64_t)e->n * sizeof(float), err));
        }
    return LAC_OK;
}

lac_status lac_tokenizer_write(const lac_method *m, const char *path, lac_error *err) {
    if (!m->quantizer->build)
        return lac_usage(err, "recipe %s trains no tokenizer: model.quantizer is '%s'", lac_recipe_name(m->recipe),
                         m->quantizer->slot.name);
    lac_text recipe = {0};
    lac_store *store = NULL;
    lac_safetensors_writer *w = NULL;
    lac_status status = lac_recipe_write(m->recipe, &recipe, err);
    if (status == LAC_OK)
        status = declare(m->encoder, m->encoder_settings, &m->grid, m->encoder_shape.width, m->quantizer,
                         m->quantizer_settings, &store, err);
    if (status == LAC_OK) status = lac_safetensors_create(path, &w, err);
    if (status == LAC_OK) status = write_all(w, store, m->store, recipe.data, err);
    if (status == LAC_OK)
        status = lac_safetensors_commit(w, err);
    else if (w)
        lac_safetensors_abort(w);
    lac_store_free(store);
    lac_text_free(&recipe);
    return status;
}

/* ---- reading ---- */

static lac_status check_file(const lac_safetensors *file, const char *path, const char **recipe,
                             const char **fingerprint, lac_error *err) {
    const char *kind = lac_safetensors_metadata(file, "lacuna_kind");
    const char *format = lac_safetensors_metadata(file, "lacuna_format");
    *recipe = lac_safetensors_metadata(file, "recipe");
    *fingerprint = lac_safetensors_metadata(file, "fingerprint");
    int64_t version = 0;
    if (!kind || strcmp(kind, "tokenizer") != 0 || !format || !lac_parse_int(format, &version) || !*recipe ||
        !*fingerprint)
        return lac_fail(err, "%s: not a tokenizer's file; `lacuna tokenizer` writes one into its run's folder", path);
    if (version > FORMAT)
        return lac_usage(err, "%s: written by a newer Lacuna (format %" PRId64 ", this one reads up to %d)", path,
                         version, FORMAT);
    uint64_t hash = lac_hash(*recipe, strlen(*recipe), 0);
    for (int i = 0; i < lac_safetensors_count(file); i++) {
        const lac_safetensor *t = lac_safetensors_at(file, i);
        hash = lac_hash(t->data, (size_t)t->bytes, hash);
    }
    char found[24];
    snprintf(found, sizeof found, "%016" PRIx64, hash);
    if (strcmp(found, *fingerprint) != 0)
        return lac_fail(err, "%s: damaged: its contents hash to %s, its header says %.16s", path, found, *fingerprint);
    return LAC_OK;
}

lac_status lac_tokenizer_look(const char *path, lac_tokenizer_about *about, lac_error *err) {
    *about = (lac_tokenizer_about){0};
    lac_safetensors *file;
    const char *recipe, *fingerprint;
    LAC_TRY(lac_safetensors_open(path, &file, err));
    lac_status status = check_file(file, path, &recipe, &fingerprint, err);
    if (status == LAC_OK) {
        about->recipe = lac_copy_text(recipe);
        snprintf(about->fingerprint, sizeof about->fingerprint, "%.16s", fingerprint);
        if (!about->recipe) status = lac_no_memory(err, path);
    }
    lac_safetensors_close(file);
    return status;
}

void lac_tokenizer_forget(lac_tokenizer_about *about) {
    lac_free(about->recipe);
    about->recipe = NULL;
}

/* ---- as a part of a method ---- */

lac_status lac_method_find_tokenizer(lac_method *m, lac_error *err) {
    lac_tokenizer *t = &m->tokenizer;
    if (!m->target->needs_tokenizer) return LAC_OK;
    t->encoder_settings = lac_recipe_section(m->recipe, "tokenizer.encoder");
    t->quantizer_settings = lac_recipe_section(m->recipe, "tokenizer.quantizer");
    t->encoder = lac_encoder_find(t->encoder_settings->slot);
    t->quantizer = lac_quantizer_find(t->quantizer_settings->slot);
    if (!t->encoder || !t->quantizer->build)
        return lac_usage(err,
                         "target '%s' needs a tokenizer: expected --set target.tokenizer=FILE, a file that "
                         "`lacuna tokenizer` wrote",
                         m->target->slot.name);
    return LAC_OK;
}

/* The tokenizer's patches must be the student's. */
lac_status lac_method_fit_tokenizer(lac_method *m, lac_error *err) {
    lac_tokenizer *t = &m->tokenizer;
    if (!t->encoder) return LAC_OK;
    int64_t patch[LAC_MAX_AXES] = {0};
    t->encoder->patch(t->encoder_settings, m->grid.n_axes, patch);
    if (lac_grid_make(m->grid.n_axes, m->grid.picture, patch, m->grid.channels, &t->grid, err) != LAC_OK)
        return lac_context(err, "target.tokenizer: for these pictures");
    for (int a = 0; a < m->grid.n_axes; a++)
        if (t->grid.size[a] != m->grid.size[a])
            return lac_usage(err,
                             "target.tokenizer: its patches of %" PRId64 " make %" PRId64
                             " along axis %d, model.encoder.patch of %" PRId64 " makes %" PRId64,
                             patch[a], t->grid.size[a], a, m->grid.patch[a], m->grid.size[a]);
    LAC_TRY(t->encoder->shape(t->encoder_settings, &t->grid, &t->shape, err));
    m->target_context.n_codes = t->quantizer->codes(t->quantizer_settings);
    return LAC_OK;
}

lac_status lac_method_declare_tokenizer(lac_method *m, lac_error *err) {
    const lac_tokenizer *t = &m->tokenizer;
    if (!t->encoder) return LAC_OK;
    lac_store *own = NULL;
    lac_status status = declare(t->encoder, t->encoder_settings, &t->grid, t->shape.width, t->quantizer,
                                t->quantizer_settings, &own, err);
    for (int i = 0; status == LAC_OK && i < lac_store_count(own); i++) {
        const lac_entry *e = lac_store_at(own, i);
        char *name = lac_arena_format(m->arena, LAC_TOKENIZER_SCOPE "%s", e->name);
        status = name ? lac_store_add(m->store, name, e->rank, e->dim, LAC_PARAM_BUFFER, LAC_INIT_GIVEN, 0, NULL, err)
                      : lac_no_memory(err, "a tokenizer");
    }
    lac_store_free(own);
    return status;
}

lac_id lac_method_build_tokenizer(const lac_method *m, lac_graph *g, lac_id picture) {
    const lac_tokenizer *t = &m->tokenizer;
    if (!t->encoder) return LAC_NONE;
    lac_encoder_input input = {.picture = picture, .keep = LAC_NONE, .mask = LAC_NONE};
    lac_graph_set_scope(g, LAC_TOKENIZER_SCOPE);
    lac_id tokens = t->encoder->build(t->encoder_settings, &t->grid, g, &input);
    if (t->shape.n_prefix) tokens = lac_slice_tokens(g, tokens, t->shape.n_prefix, t->grid.n);
    lac_id codes = t->quantizer->build(t->quantizer_settings, g, tokens, false).ids;
    lac_graph_set_scope(g, NULL);
    return codes;
}

/* ---- its weights ---- */

/* A tokenizer knows pictures of its own size, normalised as its own were. */
static lac_status check_pictures(const lac_method *m, const char *path, const char *recipe, lac_error *err) {
    lac_recipe *own;
    LAC_TRY(lac_recipe_read_plain(path, recipe, &own, err));
    const lac_settings *a = lac_recipe_section(own, "picture"), *b = lac_recipe_section(m->recipe, "picture");
    lac_text text = {0};
    for (int i = 0; i < a->n && text.bytes == 0; i++) {
        if (lac_setting_equal(&a->at[i], &b->at[i])) continue;
        lac_text_add(&text, "picture.%s: ", a->at[i].spec->key);
        lac_setting_write(&b->at[i], &text);
        lac_text_add(&text, ", but %s was trained with ", path);
        lac_setting_write(&a->at[i], &text);
    }
    lac_status status = text.failed ? lac_no_memory(err, path) : text.bytes ? lac_usage(err, "%s", text.data) : LAC_OK;
    lac_text_free(&text);
    lac_recipe_free(own);
    return status;
}

static lac_status read_values(lac_method *m, const lac_safetensors *file, const char *path, lac_error *err) {
    const size_t scope = strlen(LAC_TOKENIZER_SCOPE);
    int n = 0;
    for (int i = 0; i < lac_store_count(m->store); i++) {
        lac_entry *e = lac_store_at(m->store, i);
        if (strncmp(e->name, LAC_TOKENIZER_SCOPE, scope) != 0) continue;
        const lac_safetensor *t = lac_safetensors_find(file, e->name + scope);
        bool is_same = t && t->rank == e->rank;
        for (int a = 0; is_same && a < e->rank; a++)
            is_same = t->dim[a] == e->dim[a];
        if (!is_same)
            return lac_fail(err, "%s: tensor %s: %s", path, e->name + scope,
                            t ? "another shape than its recipe's" : "missing");
        float *values = lac_alloc((size_t)e->n * sizeof *values);
        if (!values) return lac_no_memory(err, e->name);
        lac_status status = lac_safetensor_f32(file, t, values, e->n, err);
        for (int64_t k = 0; k < e->n && status == LAC_OK; k++) {
            if (e->dtype == LAC_F64)
                ((double *)e->value)[k] = (double)values[k];
            else
                ((float *)e->value)[k] = values[k];
        }
        lac_free(values);
        LAC_TRY(status);
        n++;
    }
    if (n != lac_safetensors_count(file))
        return lac_fail(err, "%s: expected %d tensors, found %d", path, n, lac_safetensors_count(file));
    return LAC_OK;
}

lac_status lac_method_fill(lac_method *m, lac_error *err) {
    if (!m->tokenizer.encoder) return LAC_OK;
    const char *path = lac_recipe_text(m->recipe, "target.tokenizer");
    const char *expected = lac_recipe_text(m->recipe, "target.fingerprint"), *recipe, *fingerprint;
    lac_safetensors *file;
    if (lac_safetensors_open(path, &file, err) != LAC_OK) return lac_context(err, "target.tokenizer");
    lac_status status = check_file(file, path, &recipe, &fingerprint, err);
    if (status == LAC_OK && strncmp(fingerprint, expected, 16) != 0)
        status = lac_usage(err, "target.tokenizer: %s has fingerprint %.16s, the recipe is for %s", path, fingerprint,
                           expected);
    if (status == LAC_OK) status = check_pictures(m, path, recipe, err);
    if (status == LAC_OK) status = read_values(m, file, path, err);
    lac_safetensors_close(file);
    return status;
}
