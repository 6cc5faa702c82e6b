/* method/hf_read.c - opening a Hugging Face ViTMAE folder: its config becomes a recipe, its tensors become the weights.
 *
 * Fields that are absent have the defaults of transformers' ViTMAEConfig (layer_norm_eps 1e-12, not the original 1e-6).
 * Dropout probabilities act in training only and are not read. */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "method/hf_private.h"
#include "method/setting.h"

enum { CONFIG_LIMIT = 1 << 20 };

typedef struct config {
    const char *path;
    json_t *json;
} config;

static lac_status config_open(const char *path, config *out, lac_error *err) {
    char *data;
    size_t bytes;
    LAC_TRY(lac_file_read(path, CONFIG_LIMIT, &data, &bytes, err));
    json_error_t error;
    *out = (config){.path = path, .json = json_loadb(data, bytes, JSON_REJECT_DUPLICATES, &error)};
    lac_free(data);
    if (!out->json) return lac_fail(err, "%s:%d: %s", path, error.line, error.text);
    if (json_is_object(out->json)) return LAC_OK;
    json_decref(out->json);
    return lac_fail(err, "%s: expected a JSON object", path);
}

static lac_status get_int(const config *c, const char *key, int64_t standard, int64_t *value, lac_error *err) {
    json_t *field = json_object_get(c->json, key);
    *value = standard;
    if (!field || json_is_null(field)) return LAC_OK;
    if (!json_is_integer(field) || json_integer_value(field) < 1 || json_integer_value(field) > 1 << 24)
        return lac_fail(err, "%s: %s: expected a whole number of at least 1", c->path, key);
    *value = json_integer_value(field);
    return LAC_OK;
}

static lac_status get_real(const config *c, const char *key, double standard, double *value, lac_error *err) {
    json_t *field = json_object_get(c->json, key);
    *value = standard;
    if (!field || json_is_null(field)) return LAC_OK;
    if (!json_is_number(field)) return lac_fail(err, "%s: %s: expected a number", c->path, key);
    *value = json_number_value(field);
    return LAC_OK;
}

static lac_status get_bool(const config *c, const char *key, bool standard, bool *value, lac_error *err) {
    json_t *field = json_object_get(c->json, key);
    *value = standard;
    if (!field || json_is_null(field)) return LAC_OK;
    if (!json_is_boolean(field)) return lac_fail(err, "%s: %s: expected true or false", c->path, key);
    *value = json_is_true(field);
    return LAC_OK;
}

/* A number, or [height, width]. */
static lac_status get_pair(const config *c, const char *key, int64_t standard, int64_t value[2], lac_error *err) {
    json_t *field = json_object_get(c->json, key);
    value[0] = value[1] = standard;
    if (!field || json_is_null(field)) return LAC_OK;
    for (int i = 0; i < 2; i++) {
        json_t *item = json_is_array(field) && json_array_size(field) == 2 ? json_array_get(field, (size_t)i) : field;
        if (!json_is_integer(item) || json_integer_value(item) < 1 || json_integer_value(item) > 1 << 20)
            return lac_fail(err, "%s: %s: expected a whole number or [height, width]", c->path, key);
        value[i] = json_integer_value(item);
    }
    return LAC_OK;
}

static lac_status check_text(const config *c, const char *key, const char *expected, lac_error *err) {
    json_t *field = json_object_get(c->json, key);
    if (!field || (json_is_string(field) && strcmp(json_string_value(field), expected) == 0)) return LAC_OK;
    return lac_fail(err, "%s: %s: expected '%s', found '%s'", c->path, key, expected,
                    json_is_string(field) ? json_string_value(field) : "something else");
}

static void put_name(const char *folder, lac_text *out) {
    size_t end = strlen(folder);
    while (end > 1 && folder[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && folder[start - 1] != '/')
        start--;
    lac_text_add(out, "name: hf-");
    for (size_t i = start; i < end; i++) {
        bool is_plain = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", folder[i]) != NULL;
        lac_text_put(out, is_plain ? folder + i : "-", 1);
    }
    lac_text_add(out, "\n");
}

static void put_real(lac_text *out, const char *key, double value) {
    lac_text_add(out, ", %s: ", key);
    lac_number_write(value, out);
}

/* ", mean: [..]" from image_mean */
static lac_status put_statistics(const config *c, const char *field, const char *key, bool is_used, double unused,
                                 int64_t channels, lac_text *out, lac_error *err) {
    json_t *list = is_used ? json_object_get(c->json, field) : NULL;
    if (is_used && !list) {
        lac_text_add(out, ", %s: imagenet", key);
        return LAC_OK;
    }
    if (is_used && (!json_is_array(list) || json_array_size(list) != (size_t)channels))
        return lac_fail(err, "%s: %s: expected a list of %lld numbers", c->path, field, (long long)channels);
    lac_text_add(out, ", %s: [", key);
    for (int64_t i = 0; i < channels; i++) {
        json_t *item = is_used ? json_array_get(list, (size_t)i) : NULL;
        if (is_used && !json_is_number(item)) return lac_fail(err, "%s: %s: expected numbers", c->path, field);
        if (i) lac_text_add(out, ", ");
        lac_number_write(is_used ? json_number_value(item) : unused, out);
    }
    lac_text_add(out, "]");
    return LAC_OK;
}

/* preprocessor_config.json: the statistics and the filter; ImageNet's and bilinear when there is no such file. */
static lac_status put_preprocessing(const config *c, int64_t channels, lac_text *out, lac_error *err) {
    bool is_normalised, is_rescaled, is_cropped;
    double factor;
    int64_t resample;
    LAC_TRY(get_bool(c, "do_normalize", true, &is_normalised, err));
    LAC_TRY(get_bool(c, "do_rescale", true, &is_rescaled, err));
    LAC_TRY(get_bool(c, "do_center_crop", false, &is_cropped, err));
    LAC_TRY(get_real(c, "rescale_factor", 1 / 255.0, &factor, err));
    LAC_TRY(get_int(c, "resample", 2, &resample, err));
    if (!is_rescaled || fabs(factor * 255 - 1) > 1e-6)
        return lac_fail(err, "%s: expected values rescaled by 1/255", c->path);
    if (is_cropped)
        return lac_fail(err, "%s: do_center_crop: expected false, pictures are squashed to the size", c->path);
    if (resample != 2 && resample != 3)
        return lac_fail(err, "%s: resample: expected 2 (bilinear) or 3 (bicubic), found %lld", c->path,
                        (long long)resample);
    LAC_TRY(put_statistics(c, "image_mean", "mean", is_normalised, 0, channels, out, err));
    LAC_TRY(put_statistics(c, "image_std", "std", is_normalised, 1, channels, out, err));
    lac_text_add(out, "}\naugment: {crop: squash, flip: 0, filter: %s}\n", resample == 2 ? "bilinear" : "bicubic");
    return LAC_OK;
}

typedef struct sizes {
    int64_t width, depth, heads, mlp, decoder_width, decoder_depth, decoder_heads, decoder_mlp, channels;
    int64_t image[2], patch[2];
    double eps, ratio;
    bool has_qkv_bias, is_normalised;
} sizes;

static lac_status read_sizes(const config *c, sizes *s, lac_error *err) {
    LAC_TRY(check_text(c, "model_type", "vit_mae", err));
    LAC_TRY(check_text(c, "hidden_act", "gelu", err));
    LAC_TRY(get_int(c, "hidden_size", 768, &s->width, err));
    LAC_TRY(get_int(c, "num_hidden_layers", 12, &s->depth, err));
    LAC_TRY(get_int(c, "num_attention_heads", 12, &s->heads, err));
    LAC_TRY(get_int(c, "intermediate_size", 3072, &s->mlp, err));
    LAC_TRY(get_int(c, "decoder_hidden_size", 512, &s->decoder_width, err));
    LAC_TRY(get_int(c, "decoder_num_hidden_layers", 8, &s->decoder_depth, err));
    LAC_TRY(get_int(c, "decoder_num_attention_heads", 16, &s->decoder_heads, err));
    LAC_TRY(get_int(c, "decoder_intermediate_size", 2048, &s->decoder_mlp, err));
    LAC_TRY(get_int(c, "num_channels", 3, &s->channels, err));
    LAC_TRY(get_pair(c, "image_size", 224, s->image, err));
    LAC_TRY(get_pair(c, "patch_size", 16, s->patch, err));
    LAC_TRY(get_real(c, "layer_norm_eps", 1e-12, &s->eps, err));
    LAC_TRY(get_real(c, "mask_ratio", 0.75, &s->ratio, err));
    LAC_TRY(get_bool(c, "qkv_bias", true, &s->has_qkv_bias, err));
    return get_bool(c, "norm_pix_loss", false, &s->is_normalised, err);
}

static void put_model(const sizes *s, lac_text *out) {
    const char *bias = s->has_qkv_bias ? "true" : "false";
    lac_text_add(out, "mask: {name: random");
    put_real(out, "ratio", s->ratio);
    lac_text_add(out, "}\nmodel:\n  encoder: {name: vit, patch: [%lld, %lld], width: %lld, depth: %lld, heads: %lld",
                 (long long)s->patch[0], (long long)s->patch[1], (long long)s->width, (long long)s->depth,
                 (long long)s->heads);
    put_real(out, "mlp_ratio", (double)s->mlp / (double)s->width);
    put_real(out, "norm_eps", s->eps);
    lac_text_add(out, ", qkv_bias: %s}\n  decoder: {name: mae, width: %lld, depth: %lld, heads: %lld", bias,
                 (long long)s->decoder_width, (long long)s->decoder_depth, (long long)s->decoder_heads);
    put_real(out, "mlp_ratio", (double)s->decoder_mlp / (double)s->decoder_width);
    put_real(out, "norm_eps", s->eps);
    lac_text_add(out, ", qkv_bias: %s}\ntarget: {name: pixels, norm: %s}\n", bias, s->is_normalised ? "true" : "false");
    lac_text_add(out, "objective: [{name: l2, on: hidden}]\noptim: {lr: 1.5e-4}\n");
}

/* The folder's configuration as the text of a recipe. */
static lac_status put_recipe(const char *folder, const char *config_path, const char *preprocessor_path, lac_text *out,
                             lac_error *err) {
    config c, p;
    sizes s;
    LAC_TRY(config_open(config_path, &c, err));
    lac_status status = read_sizes(&c, &s, err);
    json_decref(c.json);
    if (status != LAC_OK) return status;
    put_name(folder, out);
    lac_text_add(out, "picture: {size: [%lld, %lld], channels: %lld", (long long)s.image[0], (long long)s.image[1],
                 (long long)s.channels);
    if (lac_file_exists(preprocessor_path)) {
        LAC_TRY(config_open(preprocessor_path, &p, err));
    } else {
        p = (config){.path = preprocessor_path, .json = json_object()};
        if (!p.json) return lac_no_memory(err, "a configuration");
        if (s.channels != 3) json_object_set_new(p.json, "do_normalize", json_false());
    }
    status = put_preprocessing(&p, s.channels, out, err);
    json_decref(p.json);
    if (status != LAC_OK) return status;
    put_model(&s, out);
    return out->failed ? lac_no_memory(err, "a recipe's text") : LAC_OK;
}

/* ---- weights ---- */

typedef struct reading {
    const char *path;
    lac_safetensors *file;
    lac_store *store;
    bool *is_used; /* by tensor of the file */
    int n_missing;
    char missing[200]; /* the first */
} reading;

static lac_status copy_values(const reading *r, const lac_safetensor *tensor, const lac_hf_part *part, lac_error *err) {
    lac_entry *entry = lac_store_at(r->store, part->entry);
    if (entry->dtype == LAC_F32)
        return lac_safetensor_f32(r->file, tensor, (float *)entry->value + part->first, part->n, err);
    float *values = lac_array((size_t)part->n, sizeof *values);
    if (!values) return lac_no_memory(err, part->name);
    lac_status status = lac_safetensor_f32(r->file, tensor, values, part->n, err);
    for (int64_t i = 0; status == LAC_OK && i < part->n; i++)
        ((double *)entry->value)[part->first + i] = (double)values[i];
    lac_free(values);
    return status;
}

static void put_shape(int rank, const int64_t *dim, char *out, size_t room) {
    size_t at = (size_t)snprintf(out, room, "[");
    for (int i = 0; i < rank && at < room; i++)
        at += (size_t)snprintf(out + at, room - at, "%s%lld", i ? ", " : "", (long long)dim[i]);
    if (at < room) snprintf(out + at, room - at, "]");
}

static lac_status read_part(void *context, const lac_hf_part *part, lac_error *err) {
    reading *r = context;
    const lac_safetensor *tensor = lac_safetensors_find(r->file, part->name);
    if (!tensor) {
        if (r->n_missing++ == 0) snprintf(r->missing, sizeof r->missing, "%s", part->name);
        return LAC_OK;
    }
    for (int i = 0; i < lac_safetensors_count(r->file); i++)
        if (lac_safetensors_at(r->file, i) == tensor) r->is_used[i] = true;
    bool is_same = tensor->rank == part->rank;
    for (int i = 0; i < part->rank && is_same; i++)
        is_same = tensor->dim[i] == part->dim[i];
    if (!is_same) {
        char expected[128], found[128];
        put_shape(part->rank, part->dim, expected, sizeof expected);
        put_shape(tensor->rank, tensor->dim, found, sizeof found);
        return lac_fail(err, "%s: %s: config.json makes its shape %s, found %s", r->path, part->name, expected, found);
    }
    return copy_values(r, tensor, part, err);
}

static lac_status check_used(const reading *r, lac_error *err) {
    if (r->n_missing == 1) return lac_fail(err, "%s: tensor %s is missing", r->path, r->missing);
    if (r->n_missing > 1)
        return lac_fail(err, "%s: tensor %s and %d more are missing", r->path, r->missing, r->n_missing - 1);
    int n = 0;
    const char *first = NULL;
    for (int i = 0; i < lac_safetensors_count(r->file); i++) {
        if (r->is_used[i]) continue;
        if (n++ == 0) first = lac_safetensors_at(r->file, i)->name;
    }
    if (n == 1) return lac_fail(err, "%s: unexpected tensor %s", r->path, first);
    if (n > 1) return lac_fail(err, "%s: unexpected tensor %s and %d more", r->path, first, n - 1);
    return LAC_OK;
}

static lac_status read_weights(const char *path, lac_method *method, lac_error *err) {
    reading r = {.path = path, .store = lac_method_store(method)};
    LAC_TRY(lac_safetensors_open(path, &r.file, err));
    unsigned names = lac_hf_names_of(r.file);
    if (names & LAC_HF_ENCODER_ONLY) lac_store_initialize(r.store, 0);
    r.is_used = lac_array((size_t)lac_safetensors_count(r.file) + 1, sizeof *r.is_used);
    lac_status status = r.is_used ? lac_hf_each(method, names, read_part, &r, err) : lac_no_memory(err, path);
    if (status == LAC_OK) status = check_used(&r, err);
    lac_free(r.is_used);
    lac_safetensors_close(r.file);
    return status;
}

bool lac_hf_is_folder(const char *path) {
    char *config_path = lac_format("%s/config.json", path);
    bool is_folder = config_path && lac_file_exists(config_path);
    lac_free(config_path);
    return is_folder;
}

static lac_status open_all(const char *folder, const char *config_path, const char *preprocessor_path,
                           const char *weights_path, lac_dtype real, lac_recipe **recipe, lac_method **method,
                           lac_error *err) {
    if (!lac_file_exists(weights_path))
        return lac_fail(err, "%s: no such file (weights in other formats or in several files are not read)",
                        weights_path);
    lac_text text = {0};
    lac_status status = put_recipe(folder, config_path, preprocessor_path, &text, err);
    if (status == LAC_OK) status = lac_recipe_read_text(config_path, text.data, recipe, err);
    lac_text_free(&text);
    if (status == LAC_OK) status = lac_method_new(*recipe, real, method, err);
    if (status == LAC_OK) status = read_weights(weights_path, *method, err);
    return status;
}

lac_status lac_hf_open(const char *folder, lac_dtype real, lac_recipe **recipe, lac_method **method, lac_error *err) {
    *recipe = NULL;
    *method = NULL;
    char *config_path = lac_format("%s/config.json", folder);
    char *preprocessor_path = lac_format("%s/preprocessor_config.json", folder);
    char *weights_path = lac_format("%s/model.safetensors", folder);
    lac_status status = config_path && preprocessor_path && weights_path
                            ? open_all(folder, config_path, preprocessor_path, weights_path, real, recipe, method, err)
                            : lac_no_memory(err, "a path");
    if (status != LAC_OK) {
        lac_method_free(*method);
        lac_recipe_free(*recipe);
        *method = NULL;
        *recipe = NULL;
    }
    lac_free(config_path);
    lac_free(preprocessor_path);
    lac_free(weights_path);
    return status;
}
