/* train/log.h - a run's log.jsonl: one JSON object a line, append-only, rewound to a checkpoint on resume.
 *
 * Fields: step, epoch, loss, lr, grad_norm, images_per_s, wait_s (seconds spent waiting for data since the last line),
 * feature_std, effective_rank, mean_cosine (collapse.h; null where undefined), seconds (since the command began), and
 * with more than one objective terms: {name: value}; figures of a method's batch where it has any ("perplexity" and
 * "codes_used" of a quantizer: figures: {name: value}). Rates and seconds are a machine's; everything else is the
 * run's.
 */
#ifndef LAC_TRAIN_LOG_H
#define LAC_TRAIN_LOG_H

#include "train/collapse.h"

enum { LAC_MOST_TERMS = 16 };

typedef struct lac_log_entry {
    int64_t step;
    double epoch, loss, lr, grad_norm, images_per_s, wait_s, seconds;
    lac_indicators features;
    int n_terms;
    const char *term_name[LAC_MOST_TERMS];
    double term[LAC_MOST_TERMS];
    int n_figures;
    const char *const *figure_name;
    const double *figure;
} lac_log_entry;

/* Nothing is allocated. */
lac_status lac_log_add(const char *path, const lac_log_entry *entry, lac_error *err);
/* Cut off every line after `step` and whatever is not a whole line; tell the alarm about the rest. Absent file: fine.
 */
lac_status lac_log_rewind(const char *path, int64_t step, lac_alarm *alarm, int64_t width, lac_error *err);

#endif
