/* method/recipe_tokenizer.c - what the file of a tokenizer says, put into the recipe that names it.
 *
 * Once read, the recipe holds the tokenizer's network and the file's fingerprint, and is whole without the file: a
 * run's checkpoints hold the weights. Not here: the file itself (tokenizer.h). */
#include <string.h>

#include "base/memory.h"
#include "method/recipe_private.h"
#include "method/tokenizer.h"

static const lac_setting *find(const lac_resolved *resolved, const char *path, const char *key) {
    for (int i = 0; i < resolved->n_sections; i++) {
        const lac_settings *s = &resolved->sections[i].settings;
        for (int k = 0; strcmp(resolved->sections[i].path, path) == 0 && k < s->n; k++)
            if (strcmp(s->at[k].spec->key, key) == 0) return &s->at[k];
    }
    return NULL;
}

/* A section as one line of YAML: "{name: vq, codes: 64, width: 8}". */
static lac_status put_section(lac_recipe *r, const lac_recipe *from, const char *path, const char *to, const char *file,
                              lac_error *err) {
    const lac_settings *s = lac_recipe_section(from, path);
    lac_text text = {0};
    lac_text_add(&text, "{name: %s", s->slot);
    for (int i = 0; i < s->n; i++) {
        lac_text_add(&text, ", %s: ", s->at[i].spec->key);
        lac_setting_write(&s->at[i], &text);
    }
    lac_text_add(&text, "}");
    lac_status status = text.failed ? lac_no_memory(err, "a recipe") : lac_recipe_put(r, file, to, text.data, err);
    lac_text_free(&text);
    return status;
}

lac_status lac_recipe_take_tokenizer(lac_recipe *r, const lac_resolved *resolved, bool *is_changed, lac_error *err) {
    const lac_setting *file = find(resolved, "target", "tokenizer");
    const lac_setting *fingerprint = find(resolved, "target", "fingerprint");
    if (!file || !fingerprint || strcmp(file->text, file->spec->standard) == 0 ||
        strcmp(fingerprint->text, fingerprint->spec->standard) != 0)
        return LAC_OK;
    lac_tokenizer_about about;
    lac_recipe *from = NULL;
    if (lac_tokenizer_look(file->text, &about, err) != LAC_OK) return lac_context(err, "target.tokenizer");
    lac_status status = lac_recipe_read_plain(file->text, about.recipe, &from, err);
    if (status == LAC_OK) status = put_section(r, from, "model.encoder", "tokenizer.encoder", file->text, err);
    if (status == LAC_OK) status = put_section(r, from, "model.quantizer", "tokenizer.quantizer", file->text, err);
    if (status == LAC_OK) status = lac_recipe_put(r, file->text, "target.fingerprint", about.fingerprint, err);
    lac_recipe_free(from);
    lac_tokenizer_forget(&about);
    *is_changed = status == LAC_OK;
    return status;
}
