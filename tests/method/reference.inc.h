/* tests/method/reference.inc.h - the bodies of reference.h, included by each test of this folder that uses it (a test
 * is one file). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "method/reference.h"

const char *const reference_names[N_REFERENCES] = {"plain", "norm", "small_patch", "large_patch", "oblong"};

#define MUST(expr)                                                                                                     \
    do {                                                                                                               \
        lac_error must_err = {0};                                                                                      \
        if ((expr) != LAC_OK) fail_msg("%s: %s", #expr, must_err.text);                                                \
    } while (0)

float *reference_values(const reference *r, const char *prefix, const char *name, int64_t *n) {
    char full[300];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    const lac_safetensor *t = lac_safetensors_find(r->file, full);
    if (!t) fail_msg("%s: no tensor %s", r->name, full);
    int64_t count = (int64_t)(t->bytes / 4);
    float *values = malloc((size_t)t->bytes + 4);
    MUST(lac_safetensor_f32(r->file, t, values, count, &must_err));
    if (n) *n = count;
    return values;
}

static const char *param_name(const reference *r, int i, const char *(*rename)(const char *, char *), char *room) {
    const char *name = lac_safetensors_at(r->file, i)->name;
    if (strncmp(name, "param/", 6) != 0) return NULL;
    return rename ? rename(name + 6, room) : name + 6;
}

void reference_write_folder(const reference *r, const char *config, const char *(*rename)(const char *, char *)) {
    char path[128], room[300];
    lac_safetensors_writer *w;
    snprintf(path, sizeof path, "%s/model.safetensors", r->folder);
    MUST(lac_safetensors_create(path, &w, &must_err));
    MUST(lac_safetensors_meta(w, "format", "pt", &must_err));
    for (int i = 0; i < lac_safetensors_count(r->file); i++) {
        const lac_safetensor *t = lac_safetensors_at(r->file, i);
        const char *name = param_name(r, i, rename, room);
        if (name) MUST(lac_safetensors_declare(w, name, "F32", t->rank, t->dim, &must_err));
    }
    for (int i = 0; i < lac_safetensors_count(r->file); i++) {
        const lac_safetensor *t = lac_safetensors_at(r->file, i);
        if (param_name(r, i, rename, room)) MUST(lac_safetensors_put(w, t->data, t->bytes, &must_err));
    }
    MUST(lac_safetensors_commit(w, &must_err));
    snprintf(path, sizeof path, "%s/config.json", r->folder);
    if (!config) config = lac_safetensors_metadata(r->file, "config");
    MUST(lac_file_write(path, config, strlen(config), &must_err));
}

void reference_open(const char *name, lac_dtype real, reference *r) {
    char path[1024];
    *r = (reference){.name = name};
    snprintf(path, sizeof path, "%s/reference/mae/%s.safetensors", LACUNA_TESTS, name);
    MUST(lac_safetensors_open(path, &r->file, &must_err));
    snprintf(r->folder, sizeof r->folder, "/tmp/lacuna-hf-XXXXXX");
    assert_non_null(mkdtemp(r->folder));
    reference_write_folder(r, NULL, NULL);
    MUST(lac_hf_open(r->folder, real, &r->recipe, &r->method, &must_err));
}

void reference_close(reference *r) {
    static const char *const files[] = {"config.json", "model.safetensors", "preprocessor_config.json"};
    char path[128];
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", r->folder, files[i]);
        unlink(path);
    }
    rmdir(r->folder);
    lac_method_free(r->method);
    lac_recipe_free(r->recipe);
    lac_safetensors_close(r->file);
}
