/* method/hf_write.c - a method's weights as a folder that transformers' ViTMAEForPreTraining.from_pretrained loads.
 *
 * config.json is written last: a folder that has one is complete. */
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "method/hf_private.h"
#include "method/setting.h"

/* What ViTMAE has no word for is refused, not dropped. */
static lac_status check_slot(const lac_recipe *r, const char *section, const char *name, lac_error *err) {
    const char *slot = lac_recipe_section(r, section)->slot;
    if (strcmp(slot, name) == 0) return LAC_OK;
    return lac_usage(err, "%s.name: Hugging Face's ViTMAE has only '%s', found '%s'", section, name, slot);
}

static lac_status check_recipe(const lac_method *method, lac_error *err) {
    const lac_recipe *r = lac_method_recipe(method);
    LAC_TRY(check_slot(r, "mask", "random", err));
    LAC_TRY(check_slot(r, "model.encoder", "vit", err));
    LAC_TRY(check_slot(r, "model.decoder", "mae", err));
    LAC_TRY(check_slot(r, "target", "pixels", err));
    lac_method_sizes sizes = lac_method_describe(method);
    if (sizes.n_axes != 2 || sizes.patch[0] != sizes.patch[1])
        return lac_usage(err, "model.encoder.patch: Hugging Face's ViTMAE has square patches only");
    if (!lac_recipe_bool(r, "model.encoder.class_token"))
        return lac_usage(err, "model.encoder.class_token: Hugging Face's ViTMAE always has one");
    if (lac_recipe_real(r, "model.encoder.norm_eps") != lac_recipe_real(r, "model.decoder.norm_eps"))
        return lac_usage(err, "model.decoder.norm_eps: Hugging Face's ViTMAE has one value for encoder and decoder");
    if (lac_recipe_bool(r, "model.encoder.qkv_bias") != lac_recipe_bool(r, "model.decoder.qkv_bias"))
        return lac_usage(err, "model.decoder.qkv_bias: Hugging Face's ViTMAE has one value for encoder and decoder");
    if (lac_recipe_text(r, "picture.mean") || lac_recipe_text(r, "picture.std"))
        return lac_usage(err, "picture.mean, picture.std: not measured yet");
    return LAC_OK;
}

static void put_int(lac_text *out, const char *key, int64_t value) {
    lac_text_add(out, "  \"%s\": %lld,\n", key, (long long)value);
}

static void put_real(lac_text *out, const char *key, double value) {
    lac_text_add(out, "  \"%s\": ", key);
    lac_number_write(value, out);
    lac_text_add(out, ",\n");
}

static int64_t mlp_width(const lac_method *method, const char *name) {
    const lac_store *store = lac_method_store(method);
    return lac_store_at(store, lac_store_find(store, name))->dim[0];
}

static void put_config(const lac_method *method, lac_text *out) {
    const lac_recipe *r = lac_method_recipe(method);
    lac_method_sizes sizes = lac_method_describe(method);
    lac_text_add(out, "{\n  \"architectures\": [\"ViTMAEForPreTraining\"],\n  \"model_type\": \"vit_mae\",\n");
    if (sizes.picture[0] == sizes.picture[1])
        put_int(out, "image_size", sizes.picture[0]);
    else
        lac_text_add(out, "  \"image_size\": [%lld, %lld],\n", (long long)sizes.picture[0],
                     (long long)sizes.picture[1]);
    put_int(out, "patch_size", sizes.patch[0]);
    put_int(out, "num_channels", sizes.channels);
    put_int(out, "hidden_size", sizes.width);
    put_int(out, "num_hidden_layers", sizes.depth);
    put_int(out, "num_attention_heads", lac_recipe_int(r, "model.encoder.heads"));
    put_int(out, "intermediate_size", mlp_width(method, "blocks.0.mlp.fc1.weight"));
    put_int(out, "decoder_hidden_size", lac_recipe_int(r, "model.decoder.width"));
    put_int(out, "decoder_num_hidden_layers", lac_recipe_int(r, "model.decoder.depth"));
    put_int(out, "decoder_num_attention_heads", lac_recipe_int(r, "model.decoder.heads"));
    put_int(out, "decoder_intermediate_size", mlp_width(method, "decoder_blocks.0.mlp.fc1.weight"));
    put_real(out, "layer_norm_eps", lac_recipe_real(r, "model.encoder.norm_eps"));
    put_real(out, "mask_ratio", lac_recipe_real(r, "mask.ratio"));
    lac_text_add(out, "  \"norm_pix_loss\": %s,\n", lac_recipe_bool(r, "target.norm") ? "true" : "false");
    lac_text_add(out, "  \"qkv_bias\": %s,\n", lac_recipe_bool(r, "model.encoder.qkv_bias") ? "true" : "false");
    lac_text_add(out, "  \"hidden_act\": \"gelu\",\n  \"hidden_dropout_prob\": 0.0,\n"
                      "  \"attention_probs_dropout_prob\": 0.0,\n  \"initializer_range\": 0.02\n}\n");
}

static void put_list(const lac_recipe *r, const char *key, const char *name, lac_text *out) {
    double value[3];
    int n = lac_recipe_list(r, key, value, 3);
    lac_text_add(out, "  \"%s\": [", name);
    for (int i = 0; i < n; i++) {
        if (i) lac_text_add(out, ", ");
        lac_number_write(value[i], out);
    }
    lac_text_add(out, "],\n");
}

/* The whole picture squashed to the size, as transformers' own ViTMAE files say it. */
static void put_preprocessor(const lac_method *method, lac_text *out) {
    const lac_recipe *r = lac_method_recipe(method);
    lac_method_sizes sizes = lac_method_describe(method);
    bool is_bilinear = strcmp(lac_recipe_text(r, "augment.filter"), "bilinear") == 0;
    lac_text_add(out, "{\n  \"image_processor_type\": \"ViTImageProcessor\",\n  \"do_resize\": true,\n");
    lac_text_add(out, "  \"size\": {\"height\": %lld, \"width\": %lld},\n  \"resample\": %d,\n",
                 (long long)sizes.picture[0], (long long)sizes.picture[1], is_bilinear ? 2 : 3);
    lac_text_add(out, "  \"do_rescale\": true,\n  \"rescale_factor\": 0.00392156862745098,\n");
    put_list(r, "picture.mean", "image_mean", out);
    put_list(r, "picture.std", "image_std", out);
    lac_text_add(out, "  \"do_normalize\": true\n}\n");
}

static lac_status write_text(const char *folder, const char *name, const lac_text *text, lac_error *err) {
    if (text->failed) return lac_no_memory(err, name);
    char *path = lac_format("%s/%s", folder, name);
    if (!path) return lac_no_memory(err, "a path");
    lac_status status = lac_file_write(path, text->data, text->bytes, err);
    lac_free(path);
    return status;
}

typedef struct writing {
    const lac_store *store;
    lac_safetensors_writer *writer;
} writing;

static lac_status declare_part(void *context, const lac_hf_part *part, lac_error *err) {
    writing *w = context;
    return lac_safetensors_declare(w->writer, part->name, "F32", part->rank, part->dim, err);
}

static lac_status write_part(void *context, const lac_hf_part *part, lac_error *err) {
    writing *w = context;
    const lac_entry *entry = lac_store_at(w->store, part->entry);
    if (entry->dtype == LAC_F32)
        return lac_safetensors_put(w->writer, (const float *)entry->value + part->first, (uint64_t)part->n * 4, err);
    for (int64_t i = 0; i < part->n; i++) {
        float value = (float)((const double *)entry->value)[part->first + i];
        LAC_TRY(lac_safetensors_put(w->writer, &value, sizeof value, err));
    }
    return LAC_OK;
}

static lac_status write_weights(const lac_method *method, const char *folder, lac_error *err) {
    char *path = lac_format("%s/model.safetensors", folder);
    if (!path) return lac_no_memory(err, "a path");
    writing w = {.store = lac_method_store(method)};
    lac_status status = lac_safetensors_create(path, &w.writer, err);
    lac_free(path);
    if (status != LAC_OK) return status;
    status = lac_safetensors_meta(w.writer, "format", "pt", err);
    if (status == LAC_OK) status = lac_hf_each(method, 0, declare_part, &w, err);
    if (status == LAC_OK) status = lac_hf_each(method, 0, write_part, &w, err);
    if (status == LAC_OK) return lac_safetensors_commit(w.writer, err);
    lac_safetensors_abort(w.writer);
    return status;
}

lac_status lac_hf_export(const lac_method *method, const char *folder, lac_error *err) {
    LAC_TRY(check_recipe(method, err));
    LAC_TRY(lac_folder_make(folder, err));
    LAC_TRY(write_weights(method, folder, err));
    lac_text text = {0};
    put_preprocessor(method, &text);
    lac_status status = write_text(folder, "preprocessor_config.json", &text, err);
    lac_text_free(&text);
    if (status != LAC_OK) return status;
    text = (lac_text){0};
    put_config(method, &text);
    status = write_text(folder, "config.json", &text, err);
    lac_text_free(&text);
    return status;
}
