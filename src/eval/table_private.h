/* eval/table_private.h - the part of an evaluation that trains a network instead of measuring its features. */
#ifndef LAC_EVAL_TABLE_PRIVATE_H
#define LAC_EVAL_TABLE_PRIVATE_H

#include "eval/table.h"

typedef struct lac_eval_part { /* training or test pictures */
    const lac_source *source;
    const uint8_t *is_wanted; /* by index in the source; NULL: all */
} lac_eval_part;

bool lac_eval_is_tuned(const lac_eval_options *options);

/* The table of a job that trains: rows and numbers, and the report's counts. */
lac_status lac_eval_tune(lac_model *model, const lac_backend *backend, lac_pool *pool, const lac_eval_part *train,
                         const lac_eval_part *test, int classes, lac_eval_report *report, lac_error *err);

#endif
