/* data/source_idx.c - IDX files of 8-bit pictures and labels, gzipped or not (the MNIST family), whole in memory.
 *
 * An IDX file: two zero bytes, a type (8: unsigned byte), a rank, that many big-endian sizes, the data. Pictures have
 * rank 3 (N, H, W) or 4 (N, H, W, C), labels rank 1. The size in the header must be what the file holds, exactly. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <zlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "data/decode.h"
#include "data/source_private.h"

enum { MOST_INFLATED = 1040 /* deflate makes at most 1032 bytes of one */ };

static const uint64_t max_bytes = (uint64_t)1 << 36; /* 64 GiB of pixels */

/* Read exactly n bytes; *got is what came. */
static lac_status read_exactly(gzFile file, const char *path, uint8_t *out, size_t n, size_t *got, lac_error *err) {
    for (*got = 0; *got < n;) {
        const unsigned part = n - *got < (1u << 30) ? (unsigned)(n - *got) : 1u << 30;
        const int r = gzread(file, out + *got, part);
        if (r < 0) {
            int code = 0;
            return lac_fail(err, "%s: %s", path, gzerror(file, &code));
        }
        if (r == 0) break;
        *got += (size_t)r;
    }
    return LAC_OK;
}

typedef struct idx {
    int rank;
    uint32_t dim[4];
    uint8_t *data;
} idx;

static lac_status read_body(gzFile file, uint64_t file_bytes, const char *path, const char *what, int low, int high,
                            idx *x, lac_error *err) {
    uint8_t head[20];
    size_t got;
    LAC_TRY(read_exactly(file, path, head, 4, &got, err));
    if (got < 4) return lac_fail(err, "%s: not an IDX file (%zu bytes)", path, got);
    if (head[0] || head[1] || head[2] != 8 || head[3] < low || head[3] > high)
        return lac_fail(err, "%s: expected IDX %s (00 00 08 %02x), found %02x %02x %02x %02x", path, what,
                        (unsigned)low, head[0], head[1], head[2], head[3]);
    x->rank = head[3];
    LAC_TRY(read_exactly(file, path, head, 4 * (size_t)x->rank, &got, err));
    if (got < 4 * (size_t)x->rank) return lac_fail(err, "%s: truncated IDX header", path);
    uint64_t bytes = 1;
    for (int i = 0; i < x->rank; i++) {
        const uint8_t *d = head + 4 * i;
        x->dim[i] = (uint32_t)d[0] << 24 | (uint32_t)d[1] << 16 | (uint32_t)d[2] << 8 | d[3];
        if (x->dim[i] == 0) return lac_fail(err, "%s: IDX size %d is 0", path, i);
        if (bytes > max_bytes / x->dim[i])
            return lac_fail(err, "%s: IDX header asks for more than %llu bytes", path, (unsigned long long)max_bytes);
        bytes *= x->dim[i];
    }
    if (bytes / MOST_INFLATED > file_bytes)
        return lac_fail(err, "%s: truncated IDX: expected %llu bytes of data, found a file of %llu", path,
                        (unsigned long long)bytes, (unsigned long long)file_bytes);
    x->data = lac_alloc((size_t)bytes);
    if (!x->data) return lac_no_memory(err, path);
    LAC_TRY(read_exactly(file, path, x->data, (size_t)bytes, &got, err));
    if (got < bytes)
        return lac_fail(err, "%s: truncated IDX: expected %llu bytes of data, found %zu", path,
                        (unsigned long long)bytes, got);
    LAC_TRY(read_exactly(file, path, head, 1, &got, err));
    if (got)
        return lac_fail(err, "%s: more data than the %llu bytes that its IDX header says", path,
                        (unsigned long long)bytes);
    return LAC_OK;
}

/* On failure x->data may be set: the caller frees it in any case. */
static lac_status read_idx(const char *path, const char *what, int low, int high, idx *x, lac_error *err) {
    *x = (idx){0};
    struct stat st;
    if (stat(path, &st) != 0) return lac_fail(err, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode)) return lac_fail(err, "%s: not a regular file", path);
    gzFile file = gzopen(path, "rb");
    if (!file) return lac_fail(err, "%s: cannot be opened", path);
    gzbuffer(file, 1 << 17);
    lac_status status = read_body(file, (uint64_t)st.st_size, path, what, low, high, x, err);
    gzclose(file);
    return status;
}

static lac_status read_labels(lac_source *s, const char *path, lac_error *err) {
    idx x;
    lac_status status = read_idx(path, "labels", 1, 1, &x, err);
    if (status == LAC_OK && (int64_t)x.dim[0] != s->count)
        status = lac_fail(err, "%s: %lu labels for %lld pictures", path, (unsigned long)x.dim[0], (long long)s->count);
    if (status == LAC_OK) {
        s->label = lac_array((size_t)s->count, sizeof *s->label);
        if (!s->label) status = lac_no_memory(err, "labels");
    }
    int most = 0;
    for (int64_t i = 0; status == LAC_OK && i < s->count; i++) {
        s->label[i] = x.data[i];
        if (x.data[i] > most) most = x.data[i];
    }
    lac_free(x.data);
    return status == LAC_OK ? lac_source_number_classes(s, most + 1, err) : status;
}

static lac_status read_pair(lac_source *s, const char *images, const char *labels, lac_error *err) {
    idx x;
    lac_status status = read_idx(images, "pictures", 3, 4, &x, err);
    s->pixels = x.data;
    LAC_TRY(status);
    const uint32_t channels = x.rank == 4 ? x.dim[3] : 1;
    if (channels != 1 && channels != 3)
        return lac_fail(err, "%s: expected 1 or 3 channels, found %lu", images, (unsigned long)channels);
    lac_error why;
    if (lac_decode_check_size(x.dim[2], x.dim[1], &why) != LAC_OK) return lac_fail(err, "%s: %s", images, why.text);
    s->count = x.dim[0];
    s->height = (int)x.dim[1];
    s->width = (int)x.dim[2];
    s->channels = (int)channels;
    if (labels) LAC_TRY(read_labels(s, labels, err));
    lac_source_hash_array(s);
    return LAC_OK;
}

/* "train" in the last part of a path becomes "t10k": MNIST's names. NULL text if there is none. */
static lac_status test_name(const char *path, char **test, lac_error *err) {
    const char *slash = strrchr(path, '/');
    const char *train = strstr(slash ? slash : path, "train");
    *test = NULL;
    if (!train) return LAC_OK;
    *test = lac_format("%.*st10k%s", (int)(train - path), path, train + 5);
    return *test ? LAC_OK : lac_no_memory(err, "a path");
}

/* images is ours to cut at the comma */
static lac_status open_files(lac_source *s, char *images, lac_split split, lac_error *err) {
    char *labels = strchr(images, ','), *test_images = NULL, *test_labels = NULL;
    if (labels) *labels++ = 0;
    lac_status status = test_name(images, &test_images, err);
    if (status == LAC_OK && labels) status = test_name(labels, &test_labels, err);
    const bool has_test = test_images && (!labels || test_labels);
    if (status != LAC_OK) {
        /* nothing */
    } else if (split == LAC_SPLIT_TEST) {
        status = has_test ? read_pair(s, test_images, test_labels, err)
                          : lac_usage(err, "%s: no test split (a name with \"train\" in it has one, with \"t10k\")",
                                      s->spec);
    } else {
        if (has_test && lac_file_exists(test_images) && (!labels || lac_file_exists(test_labels))) {
            s->test_spec = lac_format("idx:%s%s%s", test_images, labels ? "," : "", labels ? test_labels : "");
            if (!s->test_spec) status = lac_no_memory(err, "a path");
        }
        if (status == LAC_OK) status = read_pair(s, images, labels, err);
    }
    lac_free(test_images);
    lac_free(test_labels);
    return status;
}

lac_status lac_source_open_idx(lac_source *s, const char *files, lac_split split, lac_error *err) {
    char *copy = lac_copy_text(files);
    if (!copy) return lac_no_memory(err, "a path");
    lac_status status = open_files(s, copy, split, err);
    lac_free(copy);
    return status;
}

/* FOLDER/PREFIX-images-idx3-ubyte[.gz] and its labels; *is_found false and LAC_OK if they are not there. */
static lac_status try_folder(lac_source *s, const char *folder, const char *prefix, bool *is_found, lac_error *err) {
    static const char *const endings[] = {".gz", ""};
    lac_status status = LAC_OK;
    *is_found = false;
    for (int i = 0; i < 2 && !*is_found && status == LAC_OK; i++) {
        char *images = lac_format("%s/%s-images-idx3-ubyte%s", folder, prefix, endings[i]);
        char *labels = lac_format("%s/%s-labels-idx1-ubyte%s", folder, prefix, endings[i]);
        if (!images || !labels) {
            status = lac_no_memory(err, "a path");
        } else if (lac_file_exists(images) && lac_file_exists(labels)) {
            *is_found = true;
            status = read_pair(s, images, labels, err);
        }
        lac_free(images);
        lac_free(labels);
    }
    return status;
}

static lac_status name_fashion(lac_source *s, lac_error *err) {
    static const char *const names[] = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                        "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
    if (s->n_classes != 10) return LAC_OK;
    for (int i = 0; i < 10; i++) {
        char *name = lac_copy_text(names[i]);
        if (!name) return lac_no_memory(err, "class names");
        lac_free(s->class_name[i]);
        s->class_name[i] = name;
    }
    return LAC_OK;
}

lac_status lac_source_open_fashion(lac_source *s, lac_split split, lac_error *err) {
    const char *own = getenv("LACUNA_DATA_DIR"), *share = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    char *folder[3] = {NULL, NULL, NULL};
    int n = 0;
    bool is_failed = false, is_found = false;
    if (own && *own) is_failed |= !(folder[n++] = lac_format("%s/fashion-mnist", own));
    if (share && *share)
        is_failed |= !(folder[n++] = lac_format("%s/datasets/fashion-mnist", share));
    else if (home && *home)
        is_failed |= !(folder[n++] = lac_format("%s/.local/share/datasets/fashion-mnist", home));
    is_failed |= !(folder[n++] = lac_copy_text("/usr/share/datasets/fashion-mnist"));
    lac_status status = is_failed ? lac_no_memory(err, "a path") : LAC_OK;
    const char *prefix = split == LAC_SPLIT_TEST ? "t10k" : "train";
    for (int i = 0; i < n && !is_found && status == LAC_OK; i++)
        status = try_folder(s, folder[i], prefix, &is_found, err);
    for (int i = 0; i < n; i++)
        lac_free(folder[i]);
    LAC_TRY(status);
    if (!is_found)
        return lac_fail(err,
                        "%s: not in LACUNA_DATA_DIR nor /usr/share/datasets/fashion-mnist; on Debian: "
                        "apt-get install dataset-fashion-mnist",
                        s->spec);
    if (split != LAC_SPLIT_TEST) {
        s->test_spec = lac_copy_text("fashion-mnist:test");
        if (!s->test_spec) return lac_no_memory(err, "a path");
    }
    return name_fashion(s, err);
}
