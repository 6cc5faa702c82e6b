/* train/checkpoint.c - one checkpoint as a safetensors file.
 *
 * In it: every entry of the store under its own name, optim/m/NAME, optim/v/NAME and optim/average/NAME, and metadata:
 * lacuna_format, random, step, samples, seed, and a hash (XXH3) of those and of all data, so a damaged file is known
 * before a weight is touched. Not in it: clocks, paths, threads: the same state is the same bytes.
 * Not here: which file of a run is read (folder.c). */
#include "train/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"
#include "io/safetensors.h"

enum { FORMAT = 1, NAME_BYTES = 512 };

static const char *const prefixes[] = {"", "optim/m/", "optim/v/", "optim/average/"};
enum { N_PARTS = 4 };

/* Part 0: the weights; 1 to 3: m, v, average. NULL where there is none. */
static const void *part_of(const lac_store *store, const lac_optimizer *optimizer, int i, int part) {
    if (part == 0) return lac_store_at(store, i)->value;
    if (!optimizer) return NULL;
    lac_optimizer_state s = lac_optimizer_entry(optimizer, i);
    return part == 1 ? s.m : part == 2 ? s.v : s.average;
}

static lac_status part_name(char room[NAME_BYTES], int part, const char *entry, lac_error *err) {
    int n = snprintf(room, NAME_BYTES, "%s%s", prefixes[part], entry);
    return n < NAME_BYTES ? LAC_OK : lac_fail(err, "tensor name too long: %.60s...", entry);
}

static uint64_t hash_of_info(const lac_checkpoint_info *info) {
    char text[160];
    int n = snprintf(text, sizeof text, "%d %d %" PRId64 " %" PRId64 " %" PRIu64, FORMAT, LAC_RANDOM_VERSION,
                     info->step, info->samples, info->seed);
    return lac_hash(text, (size_t)n, 0);
}

static lac_status put_meta(lac_safetensors_writer *w, const lac_checkpoint_info *info, uint64_t hash, lac_error *err) {
    char text[32];
    LAC_TRY(lac_safetensors_meta(w, "format", "pt", err)); /* what other readers of safetensors expect to find */
    snprintf(text, sizeof text, "%d", FORMAT);
    LAC_TRY(lac_safetensors_meta(w, "lacuna_format", text, err));
    snprintf(text, sizeof text, "%d", LAC_RANDOM_VERSION);
    LAC_TRY(lac_safetensors_meta(w, "random", text, err));
    snprintf(text, sizeof text, "%" PRId64, info->step);
    LAC_TRY(lac_safetensors_meta(w, "step", text, err));
    snprintf(text, sizeof text, "%" PRId64, info->samples);
    LAC_TRY(lac_safetensors_meta(w, "samples", text, err));
    snprintf(text, sizeof text, "%" PRIu64, info->seed);
    LAC_TRY(lac_safetensors_meta(w, "seed", text, err));
    snprintf(text, sizeof text, "%016" PRIx64, hash);
    return lac_safetensors_meta(w, "hash", text, err);
}

static lac_status write_all(lac_safetensors_writer *w, const lac_store *store, const lac_optimizer *optimizer,
                            const lac_checkpoint_info *info, lac_error *err) {
    char name[NAME_BYTES];
    uint64_t hash = hash_of_info(info);
    int n = lac_store_count(store);
    for (int part = 0; part < N_PARTS; part++)
        for (int i = 0; i < n; i++) {
            const void *data = part_of(store, optimizer, i, part);
            if (data) hash = lac_hash(data, (size_t)lac_store_at(store, i)->n * sizeof(float), hash);
        }
    LAC_TRY(put_meta(w, info, hash, err));
    for (int pass = 0; pass < 2; pass++)
        for (int part = 0; part < N_PARTS; part++)
            for (int i = 0; i < n; i++) {
                const lac_entry *e = lac_store_at(store, i);
                const void *data = part_of(store, optimizer, i, part);
                if (!data) continue;
                LAC_TRY(part_name(name, part, e->name, err));
                if (pass == 0)
                    LAC_TRY(lac_safetensors_declare(w, name, "F32", e->rank, e->dim, err));
                else
                    LAC_TRY(lac_safetensors_put(w, data, (uint64_t)e->n * sizeof(float), err));
            }
    return LAC_OK;
}

lac_status lac_checkpoint_write(const char *path, const lac_store *store, const lac_optimizer *optimizer,
                                const lac_checkpoint_info *info, lac_error *err) {
    if (lac_store_real(store) != LAC_F32) return lac_usage(err, "%s: only f32 weights are written", path);
    lac_safetensors_writer *w;
    LAC_TRY(lac_safetensors_create(path, &w, err));
    lac_status status = write_all(w, store, optimizer, info, err);
    if (status != LAC_OK) {
        lac_safetensors_abort(w);
        return status;
    }
    return lac_safetensors_commit(w, err);
}

/* ---- reading ---- */

static lac_status meta_number(const lac_safetensors *file, const char *path, const char *key, uint64_t *value,
                              lac_error *err) {
    const char *text = lac_safetensors_metadata(file, key);
    if (!text) return lac_fail(err, "%s: not a Lacuna checkpoint (no %s in its metadata)", path, key);
    char *end = NULL;
    *value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end)
        return lac_fail(err, "%s: metadata %s: expected a number, found \"%.40s\"", path, key, text);
    return LAC_OK;
}

static lac_status read_info(const lac_safetensors *file, const char *path, bool for_training, lac_checkpoint_info *info,
                            lac_error *err) {
    uint64_t format, random, step, samples;
    LAC_TRY(meta_number(file, path, "lacuna_format", &format, err));
    if (format > FORMAT)
        return lac_usage(err, "%s: written by a newer Lacuna (format %" PRIu64 ", this one reads up to %d)", path,
                         format, FORMAT);
    if (format != FORMAT)
        return lac_fail(err, "%s: unknown lacuna_format %" PRIu64 ", expected %d", path, format, FORMAT);
    LAC_TRY(meta_number(file, path, "random", &random, err));
    if (for_training && random != LAC_RANDOM_VERSION)
        return lac_fail(err,
                        "%s: its random numbers are version %" PRIu64
                        ", this Lacuna's are version %d: it cannot go on to the same bits",
                        path, random, LAC_RANDOM_VERSION);
    LAC_TRY(meta_number(file, path, "step", &step, err));
    LAC_TRY(meta_number(file, path, "samples", &samples, err));
    LAC_TRY(meta_number(file, path, "seed", &info->seed, err));
    if (step > INT64_MAX || samples > INT64_MAX)
        return lac_fail(err, "%s: step %" PRIu64 " is out of range", path, step);
    info->step = (int64_t)step;
    info->samples = (int64_t)samples;
    return LAC_OK;
}

/* Pages of a map that were read count as ours; give them back as soon as they are. */
static void drop_pages(const void *data, uint64_t bytes) {
    uintptr_t first = ((uintptr_t)data + 4095) & ~(uintptr_t)4095, last = ((uintptr_t)data + bytes) & ~(uintptr_t)4095;
    if (last > first) madvise((void *)first, last - first, MADV_DONTNEED);
}

static lac_status check_hash(const lac_safetensors *file, const char *path, const lac_checkpoint_info *info,
                             lac_error *err) {
    const char *text = lac_safetensors_metadata(file, "hash");
    if (!text) return lac_fail(err, "%s: not a Lacuna checkpoint (no hash in its metadata)", path);
    uint64_t hash = hash_of_info(info);
    for (int i = 0; i < lac_safetensors_count(file); i++) {
        const lac_safetensor *t = lac_safetensors_at(file, i);
        hash = lac_hash(t->data, (size_t)t->bytes, hash);
        drop_pages(t->data, t->bytes);
    }
    char found[24];
    snprintf(found, sizeof found, "%016" PRIx64, hash);
    if (strcmp(found, text) != 0)
        return lac_fail(err, "%s: damaged: its contents hash to %s, its header says %.16s", path, found, text);
    return LAC_OK;
}

static void shape_text(char *room, size_t bytes, int rank, const int64_t *dim) {
    size_t at = 0;
    room[0] = 0;
    for (int i = 0; i < rank && at < bytes; i++)
        at += (size_t)snprintf(room + at, bytes - at, "%s%" PRId64, i ? "x" : "", dim[i]);
    if (rank == 0) snprintf(room, bytes, "a scalar");
}

static lac_status find_tensor(const lac_safetensors *file, const char *path, const char *name, const lac_entry *e,
                              const lac_safetensor **tensor, lac_error *err) {
    const lac_safetensor *t = lac_safetensors_find(file, name);
    if (!t) return lac_fail(err, "%s: tensor %s is missing: a checkpoint of another recipe?", path, name);
    bool same = t->rank == e->rank;
    for (int i = 0; same && i < e->rank; i++)
        same = t->dim[i] == e->dim[i];
    if (!same) {
        char expected[128], found[128];
        shape_text(expected, sizeof expected, e->rank, e->dim);
        shape_text(found, sizeof found, t->rank, t->dim);
        return lac_fail(err, "%s: tensor %s: expected %s, found %s: a checkpoint of another recipe?", path, name,
                        expected, found);
    }
    if (strcmp(t->dtype, "F32") != 0)
        return lac_fail(err, "%s: tensor %s: expected F32, found %s", path, name, t->dtype);
    *tensor = t;
    return LAC_OK;
}

static lac_status copy_out(const lac_safetensors *file, const lac_safetensor *t, const lac_entry *e, void *out,
                           lac_dtype real, lac_error *err) {
    if (real == LAC_F32) {
        LAC_TRY(lac_safetensor_f32(file, t, out, e->n, err));
    } else {
        float *single = lac_alloc((size_t)e->n * sizeof(float));
        if (!single) return lac_no_memory(err, e->name);
        lac_status status = lac_safetensor_f32(file, t, single, e->n, err);
        double *wide = out;
        for (int64_t i = 0; status == LAC_OK && i < e->n; i++)
            wide[i] = (double)single[i];
        lac_free(single);
        LAC_TRY(status);
    }
    drop_pages(t->data, t->bytes);
    return LAC_OK;
}

/* The checks and the copying are two passes over the same tensors, so a file that is refused changes nothing. */
static lac_status visit(const lac_safetensors *file, const char *path, lac_store *store, lac_optimizer *optimizer,
                        bool use_average, bool copy, int *n_known, lac_error *err) {
    char name[NAME_BYTES];
    const lac_safetensor *t;
    lac_dtype real = lac_store_real(store);
    for (int i = 0; i < lac_store_count(store); i++) {
        const lac_entry *e = lac_store_at(store, i);
        bool averaged = false;
        if (use_average) {
            LAC_TRY(part_name(name, 3, e->name, err));
            averaged = lac_safetensors_find(file, name) != NULL;
        }
        if (!averaged) LAC_TRY(part_name(name, 0, e->name, err));
        LAC_TRY(find_tensor(file, path, name, e, &t, err));
        if (copy) LAC_TRY(copy_out(file, t, e, e->value, real, err));
        ++*n_known;
        for (int part = 1; optimizer && part < N_PARTS; part++) {
            const void *into = part_of(store, optimizer, i, part);
            if (!into) continue;
            LAC_TRY(part_name(name, part, e->name, err));
            LAC_TRY(find_tensor(file, path, name, e, &t, err));
            if (copy) {
                lac_optimizer_state s = lac_optimizer_entry(optimizer, i);
                LAC_TRY(copy_out(file, t, e, part == 1 ? s.m : part == 2 ? s.v : s.average, LAC_F32, err));
            }
            ++*n_known;
        }
    }
    return LAC_OK;
}

static lac_status refuse_unknown(const lac_safetensors *file, const char *path, const lac_store *store,
                                 const lac_optimizer *optimizer, int n_known, lac_error *err) {
    int n_counted = 0;
    for (int i = 0; i < lac_safetensors_count(file); i++) {
        const char *name = lac_safetensors_at(file, i)->name;
        bool is_optim = strncmp(name, "optim/", 6) == 0;
        if (!is_optim && lac_store_find(store, name) < 0)
            return lac_fail(err, "%s: unknown tensor %s: a checkpoint of another recipe?", path, name);
        if (!is_optim || optimizer) n_counted++;
    }
    if (n_counted != n_known)
        return lac_fail(err, "%s: expected %d tensors, found %d: a checkpoint of another recipe?", path, n_known,
                        n_counted);
    return LAC_OK;
}

lac_status lac_checkpoint_read(const char *path, lac_store *store, lac_optimizer *optimizer, bool use_average,
                               lac_checkpoint_info *info, lac_error *err) {
    lac_safetensors *file;
    lac_checkpoint_info found = {0};
    LAC_TRY(lac_safetensors_open(path, &file, err));
    int n_known = 0, again = 0;
    lac_status status = read_info(file, path, optimizer != NULL, &found, err);
    if (status == LAC_OK) status = visit(file, path, store, optimizer, use_average, false, &n_known, err);
    if (status == LAC_OK) status = refuse_unknown(file, path, store, optimizer, n_known, err);
    if (status == LAC_OK) status = check_hash(file, path, &found, err);
    if (status == LAC_OK) status = visit(file, path, store, optimizer, use_average, true, &again, err);
    lac_safetensors_close(file);
    LAC_TRY(status);
    if (optimizer) lac_optimizer_set_steps(optimizer, found.step);
    if (info) *info = found;
    return LAC_OK;
}
