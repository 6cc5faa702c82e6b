/* data/loader.h - batches of augmented pictures, prefetched by threads, in an order that depends on (seed, epoch)
 * alone.
 *
 * Global sample number s (0, 1, 2, ... over the whole run) is entry s % count of epoch s / count's shuffle. A picture
 * that cannot be decoded has its place taken by the next index in that epoch's order at consume time; it is counted and
 * named once. Batches run over epoch borders, so each has exactly `batch` pictures. */
#ifndef LAC_DATA_LOADER_H
#define LAC_DATA_LOADER_H

#include "data/augment.h"
#include "data/source.h"

typedef struct lac_batch {
    int64_t n;
    const float *pictures;              /* n x C x H x W, 64-byte aligned; the first view */
    const float *views[LAC_MOST_VIEWS]; /* all of them, as many as lac_augment has; NULL past the last */
    const int64_t *sample;              /* index in the source of each */
    const int64_t *epoch;               /* of each */
    const int64_t *serial;              /* global sample number of each */
    const int *label;                   /* -1: none */
} lac_batch;

typedef struct lac_loader lac_loader;

typedef struct lac_loader_options {
    int64_t batch;
    uint64_t seed;
    int n_threads;        /* at least 1 */
    int n_ahead;          /* batches prefetched; 0: 2 */
    bool is_ordered;      /* evaluation: source order, one epoch, the last batch may be short */
    int64_t first_sample; /* global number to start at: resume */
    void (*on_broken)(void *context, const char *text); /* called from lac_loader_next only; may be NULL */
    void *context;
} lac_loader_options;

lac_status lac_loader_new(const lac_source *source, const lac_augment *augment, const lac_loader_options *options,
                          lac_loader **loader, lac_error *err);
void lac_loader_free(lac_loader *loader);
/* The next batch, valid until the call after. *batch = NULL at the end of an ordered pass. LAC_FAILURE when an epoch
 * has no readable picture. An ordered pass leaves broken pictures out. */
lac_status lac_loader_next(lac_loader *loader, const lac_batch **batch, lac_error *err);
double lac_loader_waited_s(const lac_loader *loader); /* seconds lac_loader_next spent waiting, in total */
int64_t lac_loader_broken(const lac_loader *loader);

/* Per-channel mean and standard deviation on [0, 1] over at most `limit` pictures spread evenly (0: all). */
lac_status lac_source_statistics(const lac_source *source, int channels, int64_t limit, float mean[3], float std[3],
                                 lac_error *err);

#endif
