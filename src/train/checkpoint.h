/* train/checkpoint.h - one checkpoint file: weights under their export names, optimizer state under optim/, counters.
 */
#ifndef LAC_TRAIN_CHECKPOINT_H
#define LAC_TRAIN_CHECKPOINT_H

#include "base/error.h"
#include "train/optimizer.h"

typedef struct lac_checkpoint_info {
    int64_t step;    /* optimizer steps done */
    int64_t samples; /* global samples consumed */
    uint64_t seed;
} lac_checkpoint_info;

/* Streams to a temporary name, syncs, renames. Same state, same bytes. */
lac_status lac_checkpoint_write(const char *path, const lac_store *store, const lac_optimizer *optimizer,
                                const lac_checkpoint_info *info, lac_error *err);
/* LAC_FAILURE for a damaged file or one of another recipe, LAC_USAGE for one of a newer format; either leaves store and
 * optimizer as they were. optimizer NULL: weights only (the average if there is one and `use_average`). Shapes and
 * names must match exactly. */
lac_status lac_checkpoint_read(const char *path, lac_store *store, lac_optimizer *optimizer, bool use_average,
                               lac_checkpoint_info *info, lac_error *err);

#endif
