/* train/pretrain_private.h - one call of lac_pretrain while it works: what begin.c prepares and pretrain.c runs. */
#ifndef LAC_TRAIN_PRETRAIN_PRIVATE_H
#define LAC_TRAIN_PRETRAIN_PRIVATE_H

#include "base/file.h"
#include "data/loader.h"
#include "method/method.h"
#include "train/folder.h"
#include "train/pretrain.h"
#include "train/trainer.h"

typedef struct lac_session {
    const lac_pretrain_options *o;
    lac_pretrain_result result;
    double began_s;
    int threads, loaders;
    const lac_backend *backend;
    lac_pool *pool;
    lac_recipe *recipe;
    char *why; /* of a recipe that was chosen here, for RUN/choice.txt; else NULL */
    lac_source *source;
    lac_method *method;
    lac_lock *lock;
    lac_trainer *trainer;
    lac_collapse *collapse; /* NULL: this method has no features */
    lac_loader *loader;
    lac_run_card card;
    lac_alarm alarm;
    char *log_path;
    int64_t step, saved; /* done; in the newest checkpoint */
} lac_session;

/* From options to a session that stands at `step`, with run.json on disk and the lock held. */
lac_status lac_session_begin(lac_session *s, lac_error *err);
lac_status lac_session_open_loader(lac_session *s, int64_t first_sample, lac_error *err);
lac_status lac_session_feed(void *session, const lac_batch **batch, lac_error *err);
int64_t lac_session_log_interval(int64_t total);
void lac_session_note(lac_session *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
