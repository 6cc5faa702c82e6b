/* tests/method/hf_test.c - Hugging Face folders: every name that transformers has used, what is refused and in which
 * words, and that an export reads back to the same bits. */
#include "method/reference.inc.h"

#include <math.h>

static const char *short_names(const char *name, char *room) {
    static const char *const pairs[][2] = {
        {"vit.encoder.layer.", "vit.layers."},
        {"attention.attention.query", "attention.q_proj"},
        {"attention.attention.key", "attention.k_proj"},
        {"attention.attention.value", "attention.v_proj"},
        {"attention.output.dense", "attention.o_proj"},
        {"intermediate.dense", "mlp.fc1"},
        {"output.dense", "mlp.fc2"},
    };
    strcpy(room, name);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char *at = strstr(room, pairs[i][0]), rest[200];
        if (!at) continue;
        strcpy(rest, at + strlen(pairs[i][0]));
        sprintf(at, "%s%s", pairs[i][1], rest);
    }
    return room;
}

static const char *as_saved_by_5x(const char *name, char *room) {
    static const char lead[] = "decoder.decoder_layers.";
    if (strncmp(name, lead, sizeof lead - 1) != 0) return name;
    sprintf(room, "decoder.decoder_encoder.layer.%s", name + sizeof lead - 1);
    return room;
}

static const char *encoder_alone(const char *name, char *room) {
    (void)room;
    return strncmp(name, "vit.", 4) == 0 ? name + 4 : NULL;
}

static void test_every_naming_gives_the_same_weights(void **state) {
    (void)state;
    static const struct {
        const char *(*rename)(const char *, char *);
        unsigned names;
    } cases[] = {{NULL, 0},
                 {short_names, LAC_HF_SHORT_NAMES},
                 {as_saved_by_5x, LAC_HF_DECODER_ENCODER},
                 {encoder_alone, LAC_HF_NO_PREFIX | LAC_HF_ENCODER_ONLY}};
    reference r;
    reference_open("plain", LAC_F32, &r);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        reference_write_folder(&r, NULL, cases[k].rename);
        unsigned names;
        MUST(lac_hf_names(r.folder, &names, &must_err));
        assert_int_equal(names, cases[k].names);
        lac_recipe *recipe;
        lac_method *method;
        MUST(lac_hf_open(r.folder, LAC_F32, &recipe, &method, &must_err));
        lac_store *a = lac_method_store(r.method), *b = lac_method_store(method);
        int n_decoder = 0;
        for (int i = 0; i < lac_store_count(a); i++) {
            const lac_entry *left = lac_store_at(a, i), *right = lac_store_at(b, i);
            bool is_decoder = strncmp(left->name, "decoder", 7) == 0 || strcmp(left->name, "mask_token") == 0;
            n_decoder += is_decoder;
            if (is_decoder && cases[k].names & LAC_HF_ENCODER_ONLY) continue;
            assert_memory_equal(left->value, right->value, (size_t)left->n * sizeof(float));
        }
        assert_true(n_decoder > 10);
        lac_method_free(method);
        lac_recipe_free(recipe);
    }
    reference_close(&r);
}

static const char *without_norm(const char *name, char *room) {
    (void)room;
    return strcmp(name, "vit.layernorm.weight") == 0 ? NULL : name;
}

static const char *with_head(const char *name, char *room) {
    (void)room;
    return strcmp(name, "vit.layernorm.weight") == 0 ? "classifier.weight" : name;
}

static const char *with_extra(const char *name, char *room) {
    (void)room;
    return strcmp(name, "decoder.mask_token") == 0 ? "decoder.mask_tokens" : name;
}

static void expect_refusal(const reference *r, const char *expected) {
    lac_recipe *recipe;
    lac_method *method;
    lac_error err = {0};
    assert_int_equal(lac_hf_open(r->folder, LAC_F32, &recipe, &method, &err), LAC_FAILURE);
    assert_null(recipe);
    assert_null(method);
    char text[512];
    snprintf(text, sizeof text, "%s/%s", r->folder, expected);
    assert_string_equal(err.text, text);
}

static void test_wrong_tensors_are_named(void **state) {
    (void)state;
    reference r;
    reference_open("plain", LAC_F32, &r);
    reference_write_folder(&r, NULL, without_norm);
    expect_refusal(&r, "model.safetensors: tensor vit.layernorm.weight is missing");
    reference_write_folder(&r, NULL, with_head);
    expect_refusal(&r, "model.safetensors: tensor vit.layernorm.weight is missing");
    reference_write_folder(&r, NULL, with_extra);
    expect_refusal(&r, "model.safetensors: tensor decoder.mask_token is missing");
    reference_write_folder(
        &r,
        "{\"model_type\": \"vit_mae\", \"hidden_size\": 16, \"num_hidden_layers\": 1, "
        "\"num_attention_heads\": 2, \"intermediate_size\": 32, \"image_size\": 16, \"patch_size\": 4, "
        "\"decoder_hidden_size\": 8, \"decoder_num_hidden_layers\": 1, "
        "\"decoder_num_attention_heads\": 2, \"decoder_intermediate_size\": 16}",
        NULL);
    expect_refusal(&r,
                   "model.safetensors: unexpected tensor vit.encoder.layer.1.attention.attention.key.bias and 15 more");
    reference_write_folder(
        &r,
        "{\"hidden_size\": 16, \"num_hidden_layers\": 2, \"num_attention_heads\": 2, "
        "\"intermediate_size\": 64, \"image_size\": 16, \"patch_size\": 4, \"decoder_hidden_size\": 8, "
        "\"decoder_num_hidden_layers\": 1, \"decoder_num_attention_heads\": 2, "
        "\"decoder_intermediate_size\": 16}",
        NULL);
    expect_refusal(&r, "model.safetensors: vit.encoder.layer.0.intermediate.dense.weight: config.json makes its shape "
                       "[64, 16], found [32, 16]");
    reference_close(&r);
}

static void test_unsupported_configurations_are_named(void **state) {
    (void)state;
    reference r;
    reference_open("plain", LAC_F32, &r);
    static const char *const cases[][2] = {
        {"{\"hidden_act\": \"relu\"}", "config.json: hidden_act: expected 'gelu', found 'relu'"},
        {"{\"model_type\": \"vit\"}", "config.json: model_type: expected 'vit_mae', found 'vit'"},
        {"{\"hidden_size\": -3}", "config.json: hidden_size: expected a whole number of at least 1"},
        {"{\"image_size\": [1, 2, 3]}", "config.json: image_size: expected a whole number or [height, width]"},
        {"{\"norm_pix_loss\": 1}", "config.json: norm_pix_loss: expected true or false"},
        {"[]", "config.json: expected a JSON object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        reference_write_folder(&r, cases[i][0], NULL);
        expect_refusal(&r, cases[i][1]);
    }
    lac_recipe *recipe;
    lac_method *method;
    lac_error err = {0};
    reference_write_folder(&r, "{\"image_size\": 16, \"image_size\": 16}", NULL);
    assert_int_equal(lac_hf_open(r.folder, LAC_F32, &recipe, &method, &err), LAC_FAILURE);
    assert_non_null(strstr(err.text, "duplicate"));
    reference_close(&r);
}

/* transformers' default, not the original code's 1e-6 */
static void test_absent_eps_is_transformers_default(void **state) {
    (void)state;
    reference r;
    reference_open("plain", LAC_F32, &r);
    reference_write_folder(
        &r,
        "{\"hidden_size\": 16, \"num_hidden_layers\": 2, \"num_attention_heads\": 2, "
        "\"intermediate_size\": 32, \"image_size\": 16, \"patch_size\": 4, \"decoder_hidden_size\": 8, "
        "\"decoder_num_hidden_layers\": 1, \"decoder_num_attention_heads\": 2, "
        "\"decoder_intermediate_size\": 16}",
        NULL);
    lac_recipe *recipe;
    lac_method *method;
    MUST(lac_hf_open(r.folder, LAC_F32, &recipe, &method, &must_err));
    assert_true(lac_recipe_real(recipe, "model.encoder.norm_eps") == 1e-12);
    assert_true(lac_recipe_real(recipe, "model.decoder.norm_eps") == 1e-12);
    assert_false(lac_recipe_bool(recipe, "target.norm"));
    lac_method_free(method);
    lac_recipe_free(recipe);
    reference_close(&r);
}

static void test_preprocessing_comes_from_its_file(void **state) {
    (void)state;
    reference r;
    char path[128];
    static const char text[] = "{\"image_mean\": [0.5, 0.25, 0.125], \"image_std\": [0.5, 0.5, 0.5], \"resample\": 3}";
    reference_open("plain", LAC_F32, &r);
    snprintf(path, sizeof path, "%s/preprocessor_config.json", r.folder);
    MUST(lac_file_write(path, text, strlen(text), &must_err));
    lac_recipe *recipe;
    lac_method *method;
    MUST(lac_hf_open(r.folder, LAC_F32, &recipe, &method, &must_err));
    lac_augment augment = lac_method_augment(method);
    assert_true(augment.mean[2] == 0.125f && augment.std[0] == 0.5f);
    assert_int_equal(augment.filter, LAC_FILTER_BICUBIC);
    assert_int_equal(augment.crop, LAC_CROP_SQUASH);
    assert_true(augment.flip == 0);
    lac_method_free(method);
    lac_recipe_free(recipe);

    static const char cropped[] = "{\"do_center_crop\": true}";
    lac_error err = {0};
    MUST(lac_file_write(path, cropped, strlen(cropped), &must_err));
    assert_int_equal(lac_hf_open(r.folder, LAC_F32, &recipe, &method, &err), LAC_FAILURE);
    assert_non_null(strstr(err.text, "preprocessor_config.json: do_center_crop: expected false"));
    reference_close(&r);
}

static void test_an_export_reads_back_to_the_same_bits(void **state) {
    (void)state;
    static const char *const names[] = {"plain", "norm", "small_patch"};
    for (int k = 0; k < 3; k++) {
        reference r;
        reference_open(names[k], LAC_F32, &r);
        MUST(lac_hf_export(r.method, r.folder, &must_err));
        lac_recipe *recipe;
        lac_method *method;
        MUST(lac_hf_open(r.folder, LAC_F32, &recipe, &method, &must_err));
        lac_text difference = {0};
        lac_recipe_difference(r.recipe, recipe, &difference);
        assert_string_equal(difference.bytes ? difference.data : "", "");
        for (int i = 0; i < lac_store_count(lac_method_store(method)); i++) {
            const lac_entry *a = lac_store_at(lac_method_store(r.method), i),
                            *b = lac_store_at(lac_method_store(method), i);
            assert_memory_equal(a->value, b->value, (size_t)a->n * sizeof(float));
        }
        lac_method_free(method);
        lac_recipe_free(recipe);
        reference_close(&r);
    }
}

static void test_what_vitmae_cannot_say_is_not_exported(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {"model.encoder.class_token", "false", "model.encoder.class_token: Hugging Face's ViTMAE always has one"},
        {"model.encoder.layer_scale", "0.1", "parameter blocks.0.ls1.gamma has no place in Hugging Face's ViTMAE"},
        {"model.encoder.patch", "[4, 8]", "model.encoder.patch: Hugging Face's ViTMAE has square patches only"},
        {"model.decoder.norm_eps", "1e-5",
         "model.decoder.norm_eps: Hugging Face's ViTMAE has one value for encoder and decoder"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lac_recipe *recipe;
        lac_method *method;
        lac_error err = {0};
        MUST(lac_recipe_open("mae-tiny-32", NULL, 0, &recipe, &must_err));
        MUST(lac_recipe_set(recipe, cases[i][0], cases[i][1], &must_err));
        MUST(lac_method_new(recipe, LAC_F32, &method, &must_err));
        assert_int_equal(lac_hf_export(method, "/tmp/lacuna-hf-refused", &err), LAC_USAGE);
        assert_string_equal(err.text, cases[i][2]);
        assert_false(lac_hf_is_folder("/tmp/lacuna-hf-refused"));
        lac_method_free(method);
        lac_recipe_free(recipe);
    }
    rmdir("/tmp/lacuna-hf-refused");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_naming_gives_the_same_weights),
        cmocka_unit_test(test_wrong_tensors_are_named),
        cmocka_unit_test(test_unsupported_configurations_are_named),
        cmocka_unit_test(test_absent_eps_is_transformers_default),
        cmocka_unit_test(test_preprocessing_comes_from_its_file),
        cmocka_unit_test(test_an_export_reads_back_to_the_same_bits),
        cmocka_unit_test(test_what_vitmae_cannot_say_is_not_exported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
