/* data/source_cifar.c - CIFAR-10 and CIFAR-100 in their binary form: a label (two in CIFAR-100, the fine one second)
 * and 32 x 32 red, then green, then blue values a picture (Krizhevsky 2009). Interleaved on reading; whole in memory.
 */
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "data/source_private.h"

enum { SIDE = 32, PLANE = SIDE * SIDE, MAX_FILES = 5 };

typedef struct parts {
    lac_map map[MAX_FILES];
    int n;
} parts;

static lac_status map_parts(const char *folder, int n_classes, lac_split split, parts *p, lac_error *err) {
    const bool is_test = split == LAC_SPLIT_TEST;
    const int n = n_classes == 10 && !is_test ? 5 : 1;
    const size_t record = (n_classes == 10 ? 1 : 2) + 3 * PLANE;
    for (int i = 0; i < n; i++) {
        char *path = n_classes != 10 ? lac_format("%s/%s.bin", folder, is_test ? "test" : "train")
                     : is_test       ? lac_format("%s/test_batch.bin", folder)
                                     : lac_format("%s/data_batch_%d.bin", folder, i + 1);
        if (!path) return lac_no_memory(err, "a path");
        lac_status status = lac_map_open(path, &p->map[i], err);
        if (status == LAC_OK) {
            p->n = i + 1;
            if (p->map[i].bytes % record)
                status = lac_fail(err, "%s: %zu bytes are not a whole number of pictures of %zu bytes", path,
                                  p->map[i].bytes, record);
        }
        lac_free(path);
        LAC_TRY(status);
    }
    return LAC_OK;
}

static lac_status read_parts(lac_source *s, const char *folder, int n_classes, const parts *p, lac_error *err) {
    const size_t n_labels = n_classes == 10 ? 1 : 2, record = n_labels + 3 * PLANE;
    size_t count = 0;
    for (int i = 0; i < p->n; i++)
        count += p->map[i].bytes / record;
    s->pixels = lac_alloc(count * 3 * PLANE);
    s->label = lac_array(count, sizeof *s->label);
    if (!s->pixels || !s->label) return lac_no_memory(err, folder);
    s->count = (int64_t)count;
    s->width = s->height = SIDE;
    s->channels = 3;
    uint8_t *out = s->pixels;
    int32_t *label = s->label;
    for (int i = 0; i < p->n; i++) {
        const uint8_t *end = p->map[i].data + p->map[i].bytes;
        for (const uint8_t *in = p->map[i].data; in < end; in += record) {
            *label = in[n_labels - 1];
            if (*label >= n_classes)
                return lac_fail(err, "%s: picture %lld has label %d of %d classes", folder,
                                (long long)(label - s->label), *label, n_classes);
            label++;
            for (int k = 0; k < PLANE; k++)
                for (int c = 0; c < 3; c++)
                    *out++ = in[n_labels + (size_t)(c * PLANE + k)];
        }
    }
    return LAC_OK;
}

/* Names, one a line; classes beyond the file's lines are numbered. */
static lac_status read_names(lac_source *s, const char *folder, int n_classes, lac_error *err) {
    char *path = lac_format("%s/%s", folder, n_classes == 10 ? "batches.meta.txt" : "fine_label_names.txt"),
         *text = NULL;
    if (!path) return lac_no_memory(err, "a path");
    size_t bytes = 0;
    lac_status status = LAC_OK;
    if (lac_file_exists(path)) status = lac_file_read(path, 1 << 20, &text, &bytes, err);
    lac_free(path);
    LAC_TRY(status);
    s->class_name = lac_array((size_t)n_classes, sizeof *s->class_name);
    if (s->class_name) s->n_classes = n_classes;
    status = s->class_name ? LAC_OK : lac_no_memory(err, "class names");
    char *line = text;
    for (int i = 0; i < n_classes && line && *line && status == LAC_OK; i++) {
        const size_t length = strcspn(line, "\r\n");
        if (length) {
            s->class_name[i] = lac_format("%.*s", (int)length, line);
            if (!s->class_name[i]) status = lac_no_memory(err, "class names");
        }
        line += length;
        line += strspn(line, "\r\n");
    }
    lac_free(text);
    return status == LAC_OK ? lac_source_number_classes(s, n_classes, err) : status;
}

lac_status lac_source_open_cifar(lac_source *s, const char *folder, int n_classes, lac_split split, lac_error *err) {
    if (!lac_folder_exists(folder)) return lac_fail(err, "%s: no such folder", folder);
    parts p = {0};
    lac_status status = map_parts(folder, n_classes, split, &p, err);
    if (status == LAC_OK) status = read_parts(s, folder, n_classes, &p, err);
    for (int i = 0; i < p.n; i++)
        lac_map_close(&p.map[i]);
    if (status == LAC_OK) status = read_names(s, folder, n_classes, err);
    LAC_TRY(status);
    lac_source_hash_array(s);
    if (split == LAC_SPLIT_TEST) return LAC_OK;
    char *path = lac_format("%s/%s", folder, n_classes == 10 ? "test_batch.bin" : "test.bin");
    if (!path) return lac_no_memory(err, "a path");
    if (lac_file_exists(path)) {
        s->test_spec = lac_format("cifar%d:%s:test", n_classes, folder);
        if (!s->test_spec) status = lac_no_memory(err, "a path");
    }
    lac_free(path);
    return status;
}
