/* train/folder.h - what lies in a run's folder, and what makes two runs the same one.
 *
 * RUN/run.json is written last when a run begins: a folder with it is a run. Its identity is the resolved recipe (in
 * recipe.yaml), the data's fingerprint and the number of steps; where the data lies and how many threads work are not.
 */
#ifndef LAC_TRAIN_FOLDER_H
#define LAC_TRAIN_FOLDER_H

#include <stdbool.h>

#include "base/error.h"
#include "method/recipe.h"

typedef struct lac_run_card { /* run.json */
    int64_t total_steps;
    int64_t pictures; /* in the source */
    uint64_t fingerprint;
    uint64_t seed;
    double budget_s; /* the time budget that total_steps was made from; 0: none */
} lac_run_card;

typedef enum lac_folder_kind {
    LAC_FOLDER_NEW, /* absent, empty, or a run that never began */
    LAC_FOLDER_RUN,
    LAC_FOLDER_FOREIGN /* something else is in it */
} lac_folder_kind;

/* RUN/part, lac_alloc'ed; NULL when out of memory. */
char *lac_run_path(const char *run, const char *part);
char *lac_run_checkpoint_path(const char *run, int64_t step);
lac_status lac_run_kind(const char *run, lac_folder_kind *kind, lac_error *err);
/* Remove temporaries that a killed process left. Hold the lock. */
lac_status lac_run_tidy(const char *run, lac_error *err);

/* recipe.yaml, then run.json, each atomically. `source` and the recipe's name are for the reader. */
lac_status lac_run_card_write(const char *run, const lac_run_card *card, const lac_recipe *recipe, const char *source,
                              lac_error *err);
lac_status lac_run_card_read(const char *run, lac_run_card *card, lac_error *err);

/* Steps of the checkpoints there are, ascending; lac_alloc'ed (NULL for none). */
lac_status lac_run_checkpoints(const char *run, int64_t **steps, int *n, lac_error *err);
/* Remove all but the newest `keep` of those up to `step`. Later ones, which could not be read on resume, stay until
 * they are written again. */
lac_status lac_run_prune(const char *run, int64_t step, int64_t keep, lac_error *err);

#endif
