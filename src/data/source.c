/* data/source.c - from a SOURCE text to a source, and reading pictures from it.
 *
 * Not here: the kinds themselves (source_files.c, source_idx.c, source_cifar.c), decoding (decode.h). */
#include "data/source.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "data/decode.h"
#include "data/source_private.h"

/* What a subset's picture is in the source that it is of. */
static const lac_source *resolve(const lac_source *s, int64_t *index) {
    if (!s->parent) return s;
    *index = s->chosen[*index];
    return s->parent;
}

static bool starts_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Cut a trailing ":train" or ":test" off `text`. */
static lac_split cut_split(char *text) {
    char *colon = strrchr(text, ':');
    if (colon && strcmp(colon, ":train") == 0) {
        *colon = 0;
        return LAC_SPLIT_TRAIN;
    }
    if (colon && strcmp(colon, ":test") == 0) {
        *colon = 0;
        return LAC_SPLIT_TEST;
    }
    return LAC_SPLIT_NONE;
}

/* spec is ours to cut */
static lac_status open_kind(lac_source *s, char *spec, lac_error *err) {
    const bool is_idx = starts_with(spec, "idx:");
    const bool is_cifar10 = starts_with(spec, "cifar10:"), is_cifar100 = starts_with(spec, "cifar100:");
    const bool is_fashion = strcmp(spec, "fashion-mnist") == 0 || starts_with(spec, "fashion-mnist:");
    if (!is_idx && !is_cifar10 && !is_cifar100 && !is_fashion) return lac_source_open_files(s, spec, err);
    const lac_split split = cut_split(spec);
    const char *rest = strchr(spec, ':');
    if (is_fashion) {
        if (rest)
            return lac_usage(err, "%s: expected fashion-mnist, fashion-mnist:train or fashion-mnist:test", s->spec);
        return lac_source_open_fashion(s, split, err);
    }
    rest = rest ? rest + 1 : "";
    if (!*rest)
        return lac_usage(err, "%s: expected %s", s->spec,
                         is_idx       ? "idx:IMAGES[,LABELS][:train|:test]"
                         : is_cifar10 ? "cifar10:FOLDER[:train|:test]"
                                      : "cifar100:FOLDER[:train|:test]");
    if (is_idx) return lac_source_open_idx(s, rest, split, err);
    return lac_source_open_cifar(s, rest, is_cifar10 ? 10 : 100, split, err);
}

lac_status lac_source_open(const char *spec, lac_source **source, lac_error *err) {
    *source = NULL;
    if (!*spec) return lac_usage(err, "an empty name of a source of pictures");
    lac_source *s = lac_zalloc(sizeof *s);
    if (!s) return lac_no_memory(err, "a source of pictures");
    lac_status status = LAC_OK;
    char *copy = lac_copy_text(spec);
    s->spec = lac_copy_text(spec);
    if (!s->spec || !copy)
        status = lac_no_memory(err, "a source of pictures");
    else
        status = open_kind(s, copy, err);
    lac_free(copy);
    if (status == LAC_OK && s->count > UINT32_MAX) /* an epoch's order is held in 32 bits */
        status = lac_fail(err, "%s: more than %lu pictures", spec, (unsigned long)UINT32_MAX);
    if (status != LAC_OK) {
        lac_source_free(s);
        return status;
    }
    *source = s;
    return LAC_OK;
}

void lac_source_free(lac_source *s) {
    if (!s) return;
    for (int i = 0; s->class_name && i < s->n_classes; i++)
        lac_free(s->class_name[i]);
    lac_free(s->class_name);
    lac_free(s->label);
    lac_free(s->root);
    lac_free(s->names);
    lac_free(s->name_at);
    lac_free(s->pixels);
    lac_free(s->chosen);
    lac_free(s->test_spec);
    lac_free(s->spec);
    lac_free(s);
}

lac_status lac_source_number_classes(lac_source *s, int n_classes, lac_error *err) {
    if (!s->class_name) {
        s->class_name = lac_array((size_t)n_classes + 1, sizeof *s->class_name);
        if (!s->class_name) return lac_no_memory(err, "class names");
        s->n_classes = n_classes;
    }
    for (int i = 0; i < s->n_classes; i++) {
        if (s->class_name[i]) continue;
        s->class_name[i] = lac_format("%d", i);
        if (!s->class_name[i]) return lac_no_memory(err, "class names");
    }
    return LAC_OK;
}

void lac_source_hash_array(lac_source *s) {
    const size_t bytes = (size_t)s->count * (size_t)s->height * (size_t)s->width * (size_t)s->channels;
    const int64_t sizes[] = {s->count, s->height, s->width, s->channels};
    uint64_t h = lac_hash(sizes, sizeof sizes, 0);
    h = lac_hash(s->pixels, bytes, h);
    if (s->label) h = lac_hash(s->label, (size_t)s->count * sizeof *s->label, h);
    s->fingerprint = h;
}

int64_t lac_source_count(const lac_source *s) {
    return s->count;
}

const char *lac_source_spec(const lac_source *s) {
    return s->spec;
}

int lac_source_classes(const lac_source *s) {
    return s->parent ? s->parent->n_classes : s->n_classes;
}

const char *lac_source_class_name(const lac_source *s, int label) {
    if (s->parent) s = s->parent;
    return label >= 0 && label < s->n_classes ? s->class_name[label] : "";
}

int lac_source_label(const lac_source *s, int64_t index) {
    s = resolve(s, &index);
    return s->label ? s->label[index] : -1;
}

const char *lac_source_name(const lac_source *s, int64_t index, char *room, size_t bytes) {
    s = resolve(s, &index);
    if (s->pixels)
        snprintf(room, bytes, "%s#%lld", s->spec, (long long)index);
    else
        snprintf(room, bytes, "%s%s%s", s->root, *s->root ? "/" : "", s->names + s->name_at[index]);
    return room;
}

uint64_t lac_source_fingerprint(const lac_source *s) {
    return s->fingerprint;
}

char *lac_source_test_spec(const lac_source *s) {
    return s->test_spec ? lac_copy_text(s->test_spec) : NULL;
}

lac_status lac_source_read(const lac_source *s, int64_t index, int min_side, lac_picture *picture, lac_error *err) {
    s = resolve(s, &index);
    if (!s->pixels) {
        char path[PATH_MAX];
        return lac_decode_file(picture, lac_source_name(s, index, path, sizeof path), min_side, err);
    }
    const size_t bytes = (size_t)s->height * (size_t)s->width * (size_t)s->channels;
    picture->is_transient = false;
    LAC_TRY(lac_picture_reserve(picture, s->width, s->height, s->channels, err));
    memcpy(picture->pixels, s->pixels + (size_t)index * bytes, bytes);
    return LAC_OK;
}
