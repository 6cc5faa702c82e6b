/* data/source_files.c - pictures that are files: a folder, nested, sorted by path; or one picture file.
 *
 * FOLDER with subfolders train and test (or val) means its train split, and the other one is its test split; so does
 * FOLDER/train beside FOLDER/test. Hidden names are skipped, links are followed, a folder inside itself is not. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/decode.h"
#include "data/source_private.h"

enum { MAX_DEPTH = 64 };

typedef struct entry {
    size_t at; /* in names */
    uint64_t bytes;
} entry;

typedef struct walk {
    const char *root;
    lac_text names; /* found paths below root, NUL-terminated each */
    entry *entries;
    size_t n, room;
    struct { /* the folders that we are in */
        dev_t device;
        ino_t node;
    } above[MAX_DEPTH];
} walk;

static lac_status add_file(walk *w, const char *name, uint64_t bytes, lac_error *err) {
    if (w->n == w->room) {
        const size_t room = w->room ? 2 * w->room : 256;
        entry *grown = lac_resize(w->entries, room * sizeof *grown);
        if (!grown) return lac_no_memory(err, "a folder's list of pictures");
        w->entries = grown;
        w->room = room;
    }
    w->entries[w->n] = (entry){w->names.bytes, bytes};
    lac_text_put(&w->names, name, strlen(name) + 1);
    if (w->names.failed) return lac_no_memory(err, "a folder's list of pictures");
    w->n++;
    return LAC_OK;
}

static lac_status walk_folder(walk *w, const char *below, int depth, lac_error *err);

static lac_status walk_one(walk *w, const char *below, const char *name, int depth, lac_error *err) {
    char *path = lac_format("%s%s%s", below, *below ? "/" : "", name);
    char *full = path ? lac_format("%s/%s", w->root, path) : NULL;
    lac_status status = LAC_OK;
    struct stat st;
    if (!full)
        status = lac_no_memory(err, "a path");
    else if (stat(full, &st) != 0) {
        /* gone or a dangling link: kept if it is named like a picture, so that reading it names it as broken */
        if (lac_is_picture_name(name)) status = add_file(w, path, 0, err);
    } else if (S_ISREG(st.st_mode)) {
        if (lac_is_picture_name(name)) status = add_file(w, path, (uint64_t)st.st_size, err);
    } else if (S_ISDIR(st.st_mode)) {
        bool is_loop = false;
        for (int i = 0; i < depth; i++)
            if (w->above[i].device == st.st_dev && w->above[i].node == st.st_ino) is_loop = true;
        if (!is_loop) status = walk_folder(w, path, depth, err);
    }
    lac_free(full);
    lac_free(path);
    return status;
}

/* below: path under root, "" for root itself; depth: how many folders we are in already */
static lac_status walk_folder(walk *w, const char *below, int depth, lac_error *err) {
    char *path = lac_format("%s%s%s", w->root, *below ? "/" : "", below);
    if (!path) return lac_no_memory(err, "a path");
    lac_status status = LAC_OK;
    struct stat st;
    char **names = NULL;
    size_t n = 0;
    if (depth == MAX_DEPTH)
        status = lac_fail(err, "%s: folders nested more than %d deep", path, MAX_DEPTH);
    else if (stat(path, &st) != 0)
        status = lac_fail(err, "%s: %s", path, strerror(errno));
    else
        status = lac_folder_list(path, &names, &n, err);
    lac_free(path);
    if (status != LAC_OK) return status;
    w->above[depth].device = st.st_dev;
    w->above[depth].node = st.st_ino;
    for (size_t i = 0; i < n && status == LAC_OK; i++)
        if (names[i][0] != '.') status = walk_one(w, below, names[i], depth + 1, err);
    lac_names_free(names, n);
    return status;
}

static int by_name(const void *a, const void *b, void *names) {
    const entry *x = a, *y = b;
    return strcmp((const char *)names + x->at, (const char *)names + y->at);
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Number the n classes in the order of their names; label[i] numbers them in the order of the paths, which differs
 * where a name is the beginning of another ("cat-big/1.png" comes before "cat/1.png"). */
static lac_status order_classes(lac_source *s, char **found, int n, lac_error *err) {
    char **sorted = lac_array((size_t)n, sizeof *sorted);
    int32_t *rank = lac_array((size_t)n, sizeof *rank);
    if (!sorted || !rank) {
        lac_free(sorted);
        lac_free(rank);
        return lac_no_memory(err, "labels");
    }
    memcpy(sorted, found, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, by_text);
    for (int i = 0; i < n; i++) {
        char **at = bsearch(&found[i], sorted, (size_t)n, sizeof *sorted, by_text);
        rank[i] = (int32_t)(at - sorted);
    }
    for (int64_t i = 0; i < s->count; i++)
        s->label[i] = rank[s->label[i]];
    memcpy(found, sorted, (size_t)n * sizeof *sorted);
    lac_free(sorted);
    lac_free(rank);
    return LAC_OK;
}

/* The first-level folders of all pictures in the order of the paths, where those of one folder are neighbours.
 * found[0..n) is the caller's to free also on failure. */
static lac_status find_classes(lac_source *s, char ***found, int *n, lac_error *err) {
    size_t room = 0;
    for (int64_t i = 0; i < s->count; i++) {
        const char *name = s->names + s->name_at[i];
        const size_t length = (size_t)(strchr(name, '/') - name);
        const char *last = *n ? (*found)[*n - 1] : "";
        if (*n && strlen(last) == length && strncmp(last, name, length) == 0) {
            s->label[i] = *n - 1;
            continue;
        }
        if ((size_t)*n == room) {
            room = room ? 2 * room : 64;
            char **grown = lac_resize(*found, room * sizeof *grown);
            if (!grown) return lac_no_memory(err, "labels");
            *found = grown;
        }
        (*found)[*n] = lac_format("%.*s", (int)length, name);
        if (!(*found)[*n]) return lac_no_memory(err, "labels");
        s->label[i] = (*n)++;
    }
    return LAC_OK;
}

/* Labels from first-level folders, if every picture lies in one and there are at least two. */
static lac_status label_by_folder(lac_source *s, lac_error *err) {
    for (int64_t i = 0; i < s->count; i++)
        if (!strchr(s->names + s->name_at[i], '/')) return LAC_OK;
    s->label = lac_array((size_t)s->count, sizeof *s->label);
    if (!s->label) return lac_no_memory(err, "labels");
    char **found = NULL;
    int n = 0;
    lac_status status = find_classes(s, &found, &n, err);
    if (status == LAC_OK && n >= 2) status = order_classes(s, found, n, err);
    if (status == LAC_OK && n >= 2) {
        s->class_name = found;
        s->n_classes = n;
        return LAC_OK;
    }
    for (int i = 0; i < n; i++)
        lac_free(found[i]);
    lac_free(found);
    lac_free(s->label);
    s->label = NULL;
    return status;
}

static lac_status take(lac_source *s, walk *w, lac_error *err) {
    if (w->n == 0) return lac_fail(err, "%s: no pictures found (.jpg .jpeg .png .webp .tif .tiff .bmp)", w->root);
    qsort_r(w->entries, w->n, sizeof *w->entries, by_name, w->names.data);
    s->count = (int64_t)w->n;
    s->name_at = lac_array(w->n, sizeof *s->name_at);
    if (!s->name_at) return lac_no_memory(err, "a folder's list of pictures");
    uint64_t h = lac_hash("files", 5, 0);
    for (size_t i = 0; i < w->n; i++) {
        const char *name = w->names.data + w->entries[i].at;
        s->name_at[i] = w->entries[i].at;
        h = lac_hash(name, strlen(name) + 1, h);
        h = lac_hash(&w->entries[i].bytes, sizeof w->entries[i].bytes, h);
    }
    s->fingerprint = h;
    s->names = w->names.data;
    w->names.data = NULL;
    return label_by_folder(s, err);
}

static lac_status open_folder(lac_source *s, lac_error *err) {
    walk *w = lac_zalloc(sizeof *w);
    if (!w) return lac_no_memory(err, "a folder's list of pictures");
    w->root = s->root;
    lac_status status = walk_folder(w, "", 0, err);
    if (status == LAC_OK) status = take(s, w, err);
    lac_text_free(&w->names);
    lac_free(w->entries);
    lac_free(w);
    return status;
}

static lac_status open_file(lac_source *s, const char *path, uint64_t bytes, lac_error *err) {
    const char *name = strrchr(path, '/');
    name = name ? name + 1 : path;
    s->root = lac_copy_text("");
    s->names = lac_copy_text(path);
    s->name_at = lac_array(1, sizeof *s->name_at);
    if (!s->root || !s->names || !s->name_at) return lac_no_memory(err, "a picture's path");
    s->count = 1;
    s->fingerprint = lac_hash(&bytes, sizeof bytes, lac_hash(name, strlen(name) + 1, 0));
    return LAC_OK;
}

/* *found: FOLDER/test or FOLDER/val if it exists, else NULL */
static lac_status find_test(const char *folder, char **found, lac_error *err) {
    static const char *const names[] = {"test", "val"};
    *found = NULL;
    for (size_t i = 0; i < 2; i++) {
        char *path = lac_format("%s/%s", folder, names[i]);
        if (!path) return lac_no_memory(err, "a path");
        if (lac_folder_exists(path)) {
            *found = path;
            return LAC_OK;
        }
        lac_free(path);
    }
    return LAC_OK;
}

/* Set root and test_spec for the folder `path` (ours to change). */
static lac_status find_splits(lac_source *s, char *path, lac_error *err) {
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        path[--n] = 0;
    char *train = lac_format("%s/train", path);
    if (!train) return lac_no_memory(err, "a path");
    lac_status status = lac_folder_exists(train) ? find_test(path, &s->test_spec, err) : LAC_OK;
    if (status == LAC_OK && s->test_spec) {
        s->root = train;
        return LAC_OK;
    }
    lac_free(train);
    if (status != LAC_OK) return status;
    s->root = lac_copy_text(path);
    if (!s->root) return lac_no_memory(err, "a path");
    char *slash = strrchr(path, '/');
    if (strcmp(slash ? slash + 1 : path, "train") != 0) return LAC_OK;
    if (slash) *slash = 0;
    return find_test(slash ? path : ".", &s->test_spec, err);
}

lac_status lac_source_open_files(lac_source *s, const char *path, lac_error *err) {
    struct stat st;
    if (stat(path, &st) != 0) return lac_fail(err, "%s: %s", path, strerror(errno));
    if (S_ISREG(st.st_mode)) return open_file(s, path, (uint64_t)st.st_size, err);
    if (!S_ISDIR(st.st_mode)) return lac_fail(err, "%s: neither a folder nor a file", path);
    char *copy = lac_copy_text(path);
    if (!copy) return lac_no_memory(err, "a path");
    lac_status status = find_splits(s, copy, err);
    lac_free(copy);
    return status == LAC_OK ? open_folder(s, err) : status;
}
