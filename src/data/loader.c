/* data/loader.c - threads that fill a ring of batches; the order of pictures is a function of (seed, epoch) alone.
 *
 * Workers claim runs of positions in order, so the batch that is wanted next is always the one worked on. What stands
 * at a position does not depend on who claims it: it is the first readable picture at or after it in its epoch's order.
 *
 * Memory: everything is allocated in lac_loader_new, but for the workers' picture buffers, which grow to the largest
 * picture. No worker sees all pictures, so at the end of the first whole epoch they meet and all grow to the largest
 * that any has seen: after that nothing here allocates (codecs allocate on their own). */
#include "data/loader.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "data/decode.h"
#include "data/resample_view.h"
#include "data/source_private.h"

enum { N_TEXTS = 16, RUN_OF_ARRAYS = 16 /* pictures a claim; files are claimed one by one */ };

typedef struct slot {
    float *pictures;
    int64_t *sample, *epoch, *serial;
    int *label;
    int64_t n, n_done; /* n: pictures in the batch */
} slot;

typedef struct extent { /* of the buffers that a worker needs */
    size_t pixels, file;
    int width, height;
    bool has_work; /* work space is used, too */
} extent;

typedef struct worker {
    struct lac_loader *loader;
    pthread_t thread;
    lac_picture picture;
    lac_augment_scratch scratch;
    extent seen;
    lac_error err;
} worker;

typedef struct claim {
    int64_t first, n; /* serials, all of one batch and one epoch */
} claim;

struct lac_loader {
    const lac_source *source;
    lac_augment augment;
    lac_loader_options options;
    int64_t count, end;  /* end: the serial to stop at */
    size_t values;       /* floats in a picture, */
    size_t small_values; /* and in one of the small views */
    int n_views;
    int min_side;
    int64_t run;
    /* the orders of the epochs that the ring can touch: epoch e at order + (e % n_orders) * count */
    uint32_t *order;
    int64_t n_orders, ordered_to; /* epochs below ordered_to are filled in */
    _Atomic(uint8_t) *is_broken;  /* count */
    slot *slots;
    int n_slots;
    worker *workers;
    int n_workers;

    pthread_mutex_t lock; /* all below */
    pthread_cond_t work, ready;
    bool is_stopping, has_failed;
    lac_error err;
    int64_t next;   /* serial to be claimed */
    int64_t wanted; /* batch that the consumer holds or waits for */
    bool is_held;
    int64_t meeting; /* serial at which workers meet, INT64_MAX: no more */
    int n_arrived, n_grown;
    extent seen;
    char (*texts)[LAC_ERROR_TEXT]; /* of broken pictures, to be told by lac_loader_next */
    int first_text, n_texts;
    int64_t n_broken;
    lac_batch batch;

    int64_t n_told; /* the consumer's own: of n_broken */
    double waited_s;
};

/* Floats of a slot before view v. */
static size_t before_view(const lac_loader *l, int v) {
    const int n_large = l->n_views - l->augment.n_small;
    const size_t large = (size_t)(v < n_large ? v : n_large), small = (size_t)v - large;
    return (large * l->values + small * l->small_values) * (size_t)l->options.batch;
}

static size_t values_of(const lac_loader *l, int v) {
    return v < l->n_views - l->augment.n_small ? l->values : l->small_values;
}

/* ---- workers ---- */

static int64_t batch_of(const lac_loader *l, int64_t serial) {
    return (serial - l->options.first_sample) / l->options.batch;
}

static const uint32_t *order_of(const lac_loader *l, int64_t epoch) {
    return l->order + (size_t)((epoch % l->n_orders) * l->count);
}

/* Under the lock. Epoch e overwrites e - n_orders, which no batch in the ring can touch any more. */
static void fill_orders(lac_loader *l, int64_t epoch) {
    if (l->options.is_ordered) return;
    if (l->ordered_to < epoch) l->ordered_to = epoch;
    for (; l->ordered_to <= epoch; l->ordered_to++) {
        uint32_t *order = l->order + (size_t)((l->ordered_to % l->n_orders) * l->count);
        for (int64_t i = 0; i < l->count; i++)
            order[i] = (uint32_t)i;
        lac_random r = lac_random_at(l->options.seed, LAC_RANDOM_ORDER, (uint64_t)l->ordered_to, 0, 0);
        lac_random_shuffle(&r, order, (size_t)l->count);
    }
}

/* Under the lock. */
static void fail_with(lac_loader *l, const lac_error *err) {
    if (!l->has_failed) l->err = *err;
    l->has_failed = true;
    pthread_cond_broadcast(&l->ready);
    pthread_cond_broadcast(&l->work);
}

static bool is_over(const lac_loader *l) {
    return l->is_stopping || l->has_failed;
}

static void merge(extent *into, const extent *from) {
    if (from->pixels > into->pixels) into->pixels = from->pixels;
    if (from->file > into->file) into->file = from->file;
    if (from->width > into->width) into->width = from->width;
    if (from->height > into->height) into->height = from->height;
    into->has_work = into->has_work || from->has_work;
}

static lac_status grow(const lac_loader *l, worker *w, const extent *to) {
    lac_error *err = &w->err;
    const lac_augment *a = &l->augment;
    if (to->width == 0) return LAC_OK;
    LAC_TRY(lac_room(&w->picture.pixels, &w->picture.room, to->pixels, &w->picture, "a picture", err));
    LAC_TRY(lac_room(&w->picture.file, &w->picture.file_room, to->file, &w->picture, "a file", err));
    /* turning a picture upright exchanges pixels and work space: both as large as either */
    if (to->has_work) LAC_TRY(lac_picture_work(&w->picture, to->pixels, err));
    if (!w->scratch.resampler) LAC_TRY(lac_resampler_new(&w->scratch.resampler, err));
    LAC_TRY(lac_picture_reserve(&w->scratch.resized, a->width, a->height, 3, err));
    if (a->n_small > 0) {
        LAC_TRY(lac_picture_reserve(&w->scratch.resized, a->small_width, a->small_height, 3, err));
        LAC_TRY(
            lac_resampler_reserve(w->scratch.resampler, to->width, to->height, a->small_width, a->small_height, err));
    }
    return lac_resampler_reserve(w->scratch.resampler, to->width, to->height, a->width, a->height, err);
}

/* All workers meet at the end of the first whole epoch (see the top of the file). Under the lock. */
static void meet(lac_loader *l, worker *w) {
    merge(&l->seen, &w->seen);
    l->n_arrived++;
    pthread_cond_broadcast(&l->work);
    while (l->n_arrived < l->n_workers && !is_over(l))
        pthread_cond_wait(&l->work, &l->lock);
    if (is_over(l)) return;
    const extent seen = l->seen;
    pthread_mutex_unlock(&l->lock);
    const lac_status status = grow(l, w, &seen);
    pthread_mutex_lock(&l->lock);
    if (status != LAC_OK) fail_with(l, &w->err);
    if (++l->n_grown == l->n_workers) {
        l->meeting = INT64_MAX;
        pthread_cond_broadcast(&l->work);
    }
    while (l->meeting != INT64_MAX && !is_over(l))
        pthread_cond_wait(&l->work, &l->lock);
}

/* Wait for work and take some; false: no more. Under the lock. */
static bool take(lac_loader *l, worker *w, claim *c) {
    for (;;) {
        if (is_over(l) || l->next >= l->end) return false;
        if (l->next >= l->meeting) {
            meet(l, w);
            continue;
        }
        if (batch_of(l, l->next) < l->wanted + l->n_slots) break;
        pthread_cond_wait(&l->work, &l->lock);
    }
    const int64_t epoch = l->next / l->count;
    int64_t stop = l->next + l->run;
    const int64_t batch_end = l->options.first_sample + (batch_of(l, l->next) + 1) * l->options.batch;
    const int64_t limits[] = {batch_end, (epoch + 1) * l->count, l->end, l->meeting};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (limits[i] < stop) stop = limits[i];
    fill_orders(l, epoch);
    *c = (claim){l->next, stop - l->next};
    l->next = stop;
    return true;
}

/* Remember a broken picture; its text waits for the consumer. False when the loader is over. */
static bool report(lac_loader *l, int64_t index, const lac_error *err) {
    pthread_mutex_lock(&l->lock);
    if (!atomic_load(&l->is_broken[index])) { /* another worker may have met it at the same time */
        while (l->n_texts == N_TEXTS && !is_over(l))
            pthread_cond_wait(&l->work, &l->lock);
        if (!is_over(l) && !atomic_load(&l->is_broken[index])) {
            memcpy(l->texts[(l->first_text + l->n_texts) % N_TEXTS], err->text, LAC_ERROR_TEXT);
            l->n_texts++;
            l->n_broken++;
            atomic_store(&l->is_broken[index], 1);
            pthread_cond_signal(&l->ready);
        }
    }
    const bool goes_on = !is_over(l);
    pthread_mutex_unlock(&l->lock);
    return goes_on;
}

/* Decode the picture that stands at `place` of the epoch. *index -1: none (ordered passes leave holes). */
static lac_status read_picture(lac_loader *l, worker *w, int64_t epoch, int64_t place, int64_t *index) {
    const int64_t tries = l->options.is_ordered ? 1 : l->count;
    for (int64_t i = 0; i < tries; i++) {
        const int64_t at = (place + i) % l->count;
        *index = l->options.is_ordered ? at : (int64_t)order_of(l, epoch)[at];
        if (atomic_load(&l->is_broken[*index])) continue;
        if (lac_source_read(l->source, *index, l->min_side, &w->picture, &w->err) == LAC_OK) return LAC_OK;
        if (w->picture.is_transient) return LAC_FAILURE; /* not the picture's fault: skipping it would change the run */
        if (!report(l, *index, &w->err)) return LAC_FAILURE;
    }
    *index = -1;
    if (l->options.is_ordered) return LAC_OK;
    return lac_fail(&w->err, "%s: no readable picture", lac_source_spec(l->source));
}

static void see(worker *w) {
    const lac_picture *p = &w->picture;
    const extent now = {p->room > p->work_room ? p->room : p->work_room, p->file_room, p->width, p->height,
                        p->work_room > 0};
    merge(&w->seen, &now);
}

static lac_status work_on(lac_loader *l, worker *w, const claim *c) {
    slot *s = &l->slots[batch_of(l, c->first) % l->n_slots];
    const int64_t epoch = c->first / l->count;
    for (int64_t i = 0; i < c->n; i++) {
        const int64_t serial = c->first + i, at = (serial - l->options.first_sample) % l->options.batch;
        int64_t index;
        LAC_TRY(read_picture(l, w, epoch, serial - epoch * l->count, &index));
        s->sample[at] = index;
        s->epoch[at] = epoch;
        s->serial[at] = serial;
        if (index < 0) continue;
        s->label[at] = lac_source_label(l->source, index);
        see(w);
        for (int v = 0; v < l->n_views; v++) {
            float *out = s->pictures + before_view(l, v) + (size_t)at * values_of(l, v);
            LAC_TRY(lac_augment_apply(&l->augment, &w->picture, l->options.seed, (uint64_t)epoch, (uint64_t)index,
                                      (uint32_t)v, &w->scratch, out, &w->err));
        }
        see(w); /* grey to RGB and back can grow it */
    }
    return LAC_OK;
}

static void *work(void *context) {
    worker *w = context;
    lac_loader *l = w->loader;
    claim c;
    pthread_mutex_lock(&l->lock);
    while (take(l, w, &c)) {
        pthread_mutex_unlock(&l->lock);
        const lac_status status = work_on(l, w, &c);
        pthread_mutex_lock(&l->lock);
        if (status != LAC_OK) {
            fail_with(l, &w->err);
            break;
        }
        const int64_t batch = batch_of(l, c.first);
        slot *s = &l->slots[batch % l->n_slots];
        s->n_done += c.n;
        if (s->n_done == s->n && batch == l->wanted) pthread_cond_signal(&l->ready);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

/* ---- the consumer ---- */

/* Pictures in batch number b. */
static int64_t size_of(const lac_loader *l, int64_t b) {
    const int64_t first = l->options.first_sample + b * l->options.batch;
    return l->end - first < l->options.batch ? l->end - first : l->options.batch;
}

/* Hand the texts to on_broken. Under the lock, which is given up during each call. */
static void tell(lac_loader *l) {
    while (l->n_texts) {
        char text[LAC_ERROR_TEXT];
        memcpy(text, l->texts[l->first_text], sizeof text);
        l->first_text = (l->first_text + 1) % N_TEXTS;
        l->n_texts--;
        l->n_told++;
        pthread_cond_broadcast(&l->work);
        if (!l->options.on_broken) continue;
        pthread_mutex_unlock(&l->lock);
        l->options.on_broken(l->options.context, text);
        pthread_mutex_lock(&l->lock);
    }
}

/* Close the holes that broken pictures left in a batch of an ordered pass. */
static int64_t close_holes(const lac_loader *l, slot *s) {
    int64_t n = 0;
    for (int64_t i = 0; i < s->n; i++) {
        if (s->sample[i] < 0) continue;
        if (n != i) {
            memcpy(s->pictures + (size_t)n * l->values, s->pictures + (size_t)i * l->values, l->values * sizeof(float));
            s->sample[n] = s->sample[i];
            s->epoch[n] = s->epoch[i];
            s->serial[n] = s->serial[i];
            s->label[n] = s->label[i];
        }
        n++;
    }
    return n;
}

/* Give the slot of the batch that the consumer held to a later batch. Under the lock. */
static void give_back(lac_loader *l) {
    if (!l->is_held) return;
    slot *s = &l->slots[l->wanted % l->n_slots];
    s->n_done = 0;
    s->n = size_of(l, l->wanted + l->n_slots);
    l->wanted++;
    l->is_held = false;
    pthread_cond_broadcast(&l->work);
}

/* Wait until batch `wanted` is complete. Under the lock. */
static lac_status wait_for(lac_loader *l, const slot *s, lac_error *err) {
    const bool waits = s->n_done < s->n;
    const double start = waits ? lac_clock_s() : 0;
    for (;;) {
        tell(l);
        if (s->n_done == s->n) break;
        if (l->has_failed) {
            if (err) *err = l->err;
            return LAC_FAILURE;
        }
        pthread_cond_wait(&l->ready, &l->lock);
    }
    if (waits) l->waited_s += lac_clock_s() - start;
    return LAC_OK;
}

static lac_status next_batch(lac_loader *l, const lac_batch **batch, lac_error *err) {
    for (;;) {
        give_back(l);
        if (size_of(l, l->wanted) <= 0) {
            tell(l);
            return l->n_broken < l->count ? LAC_OK
                                          : lac_fail(err, "%s: no readable picture", lac_source_spec(l->source));
        }
        slot *s = &l->slots[l->wanted % l->n_slots];
        LAC_TRY(wait_for(l, s, err));
        l->is_held = true;
        const int64_t n = l->options.is_ordered ? close_holes(l, s) : s->n;
        if (n == 0) continue;
        l->batch = (lac_batch){.n = n,
                               .pictures = s->pictures,
                               .sample = s->sample,
                               .epoch = s->epoch,
                               .serial = s->serial,
                               .label = s->label};
        for (int v = 0; v < l->n_views; v++)
            l->batch.views[v] = s->pictures + before_view(l, v);
        *batch = &l->batch;
        return LAC_OK;
    }
}

lac_status lac_loader_next(lac_loader *l, const lac_batch **batch, lac_error *err) {
    *batch = NULL;
    pthread_mutex_lock(&l->lock);
    const lac_status status = next_batch(l, batch, err);
    pthread_mutex_unlock(&l->lock);
    return status;
}

double lac_loader_waited_s(const lac_loader *l) {
    return l->waited_s;
}

int64_t lac_loader_broken(const lac_loader *l) {
    return l->n_told;
}

/* ---- birth and death ---- */

static lac_status allocate(lac_loader *l, lac_error *err) {
    const size_t batch = (size_t)l->options.batch;
    l->values = (size_t)l->augment.channels * (size_t)l->augment.height * (size_t)l->augment.width;
    l->small_values = (size_t)l->augment.channels * (size_t)l->augment.small_height * (size_t)l->augment.small_width;
    l->is_broken = lac_array((size_t)l->count, sizeof *l->is_broken);
    l->texts = lac_array(N_TEXTS, sizeof *l->texts);
    l->slots = lac_array((size_t)l->n_slots, sizeof *l->slots);
    l->workers = lac_array((size_t)l->options.n_threads, sizeof *l->workers);
    if (!l->is_broken || !l->texts || !l->slots || !l->workers) return lac_no_memory(err, "a loader");
    if (!l->options.is_ordered) {
        l->n_orders = (l->options.batch * l->n_slots - 1) / l->count + 2;
        l->order = lac_array((size_t)(l->n_orders * l->count), sizeof *l->order);
        if (!l->order) return lac_no_memory(err, "the order of pictures");
    }
    size_t bytes;
    if (__builtin_mul_overflow(batch * (size_t)l->n_views, l->values * sizeof(float), &bytes))
        return lac_no_memory(err, "a batch");
    for (int i = 0; i < l->n_slots; i++) {
        slot *s = &l->slots[i];
        s->pictures = lac_alloc(bytes);
        s->sample = lac_array(batch, sizeof *s->sample);
        s->epoch = lac_array(batch, sizeof *s->epoch);
        s->serial = lac_array(batch, sizeof *s->serial);
        s->label = lac_array(batch, sizeof *s->label);
        if (!s->pictures || !s->sample || !s->epoch || !s->serial || !s->label) return lac_no_memory(err, "a batch");
        s->n = size_of(l, i);
    }
    return LAC_OK;
}

static lac_status start(lac_loader *l, lac_error *err) {
    sigset_t all, before;
    lac_status status = LAC_OK;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the main thread's business */
    for (int i = 0; i < l->options.n_threads; i++)
        l->workers[i].loader = l;
    pthread_mutex_lock(&l->lock);
    for (int i = 0; i < l->options.n_threads && status == LAC_OK; i++) {
        const int code = pthread_create(&l->workers[i].thread, NULL, work, &l->workers[i]);
        if (code)
            status = lac_fail(err, "cannot start a loader thread: %s", strerror(code));
        else
            l->n_workers++;
    }
    pthread_mutex_unlock(&l->lock);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

static lac_status check(const lac_augment *a, const lac_loader_options *o, lac_error *err) {
    if (o->batch < 1 || o->batch > 1 << 24) return lac_usage(err, "loader: batch of %lld", (long long)o->batch);
    if (o->n_threads < 1 || o->n_threads > 4096) return lac_usage(err, "loader: %d threads", o->n_threads);
    if (o->n_ahead < 0 || o->n_ahead > 1024) return lac_usage(err, "loader: %d batches ahead", o->n_ahead);
    if (o->first_sample < 0) return lac_usage(err, "loader: first sample %lld", (long long)o->first_sample);
    if (a->width < 1 || a->height < 1 || a->width > 16384 || a->height > 16384)
        return lac_usage(err, "augmentation: size %d x %d", a->width, a->height);
    if (a->channels != 1 && a->channels != 3) return lac_usage(err, "augmentation: %d channels", a->channels);
    if (a->n_views < 0 || a->n_views > LAC_MOST_VIEWS || (a->n_views > 1 && o->is_ordered))
        return lac_usage(err, "augmentation: %d views", a->n_views);
    if (a->n_small < 0 || (a->n_small > 0 && a->n_small >= a->n_views))
        return lac_usage(err, "augmentation: %d of %d views small", a->n_small, a->n_views);
    if (a->n_small > 0 && (a->small_width < 1 || a->small_height < 1 || a->small_width > 16384 ||
                           a->small_height > 16384 || a->is_shared || a->shift > 0 || a->crop != LAC_CROP_RANDOM))
        return lac_usage(err, "augmentation: small views of %d x %d need random crops of their own", a->small_width,
                         a->small_height);
    if (a->n_small > 0 && !(a->small_scale[0] > 0 && a->small_scale[0] <= a->small_scale[1] && a->small_scale[1] <= 1))
        return lac_usage(err, "augmentation: small_scale %g to %g", a->small_scale[0], a->small_scale[1]);
    for (int c = 0; c < a->channels; c++)
        if (!(a->std[c] > 0)) return lac_usage(err, "augmentation: std of channel %d is %g", c, (double)a->std[c]);
    if (a->crop == LAC_CROP_RANDOM && !(a->scale[0] > 0 && a->scale[0] <= a->scale[1] && a->scale[1] <= 1 &&
                                        a->ratio[0] > 0 && a->ratio[0] <= a->ratio[1]))
        return lac_usage(err, "augmentation: scale %g to %g, ratio %g to %g", a->scale[0], a->scale[1], a->ratio[0],
                         a->ratio[1]);
    if (a->crop == LAC_CROP_CENTRE && !(a->crop_share > 0 && a->crop_share <= 1))
        return lac_usage(err, "augmentation: crop_share %g", a->crop_share);
    return LAC_OK;
}

lac_status lac_loader_new(const lac_source *source, const lac_augment *augment, const lac_loader_options *options,
                          lac_loader **loader, lac_error *err) {
    *loader = NULL;
    LAC_TRY(check(augment, options, err));
    lac_loader *l = lac_zalloc(sizeof *l);
    if (!l) return lac_no_memory(err, "a loader");
    l->source = source;
    l->augment = *augment;
    l->options = *options;
    l->n_views = augment->n_views > 1 ? augment->n_views : 1;
    l->count = lac_source_count(source);
    l->end = options->is_ordered ? l->count : INT64_MAX;
    l->next = options->first_sample;
    l->n_slots = (options->n_ahead ? options->n_ahead : 2) + 1;
    l->min_side = lac_augment_min_side(augment);
    l->run = source->pixels ? RUN_OF_ARRAYS : 1;
    l->meeting = options->is_ordered
                     ? INT64_MAX
                     : ((options->first_sample + l->count - 1) / l->count + 1) * l->count; /* end of a whole epoch */
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->work, NULL);
    pthread_cond_init(&l->ready, NULL);
    lac_status status = allocate(l, err);
    if (status == LAC_OK) status = start(l, err);
    if (status != LAC_OK) {
        lac_loader_free(l);
        return status;
    }
    *loader = l;
    return LAC_OK;
}

void lac_loader_free(lac_loader *l) {
    if (!l) return;
    pthread_mutex_lock(&l->lock);
    l->is_stopping = true;
    pthread_cond_broadcast(&l->work);
    pthread_mutex_unlock(&l->lock);
    for (int i = 0; i < l->n_workers; i++)
        pthread_join(l->workers[i].thread, NULL);
    for (int i = 0; l->workers && i < l->options.n_threads; i++) {
        lac_picture_free(&l->workers[i].picture);
        lac_augment_scratch_free(&l->workers[i].scratch);
    }
    for (int i = 0; l->slots && i < l->n_slots; i++) {
        lac_free(l->slots[i].pictures);
        lac_free(l->slots[i].sample);
        lac_free(l->slots[i].epoch);
        lac_free(l->slots[i].serial);
        lac_free(l->slots[i].label);
    }
    lac_free(l->slots);
    lac_free(l->workers);
    lac_free(l->order);
    lac_free(l->texts);
    lac_free((void *)l->is_broken);
    pthread_cond_destroy(&l->ready);
    pthread_cond_destroy(&l->work);
    pthread_mutex_destroy(&l->lock);
    lac_free(l);
}
