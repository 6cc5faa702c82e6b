/* train/pretrain.c - the training loop: steps, log lines, checkpoints, and the ways a run ends.
 *
 * Nothing in a step depends on the clock: time decides only when to show progress and when to pause. Not here:
 * beginning and resuming (begin.c), the step itself (trainer.c). */
#include "train/pretrain.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/memory.h"
#include "train/checkpoint.h"
#include "train/pretrain_private.h"

enum { WINDOW_S = 10 };

typedef struct meter { /* speed over the last one to two windows */
    double began_s, old_s, new_s;
    int64_t began_step, old_step, new_step;
    double logged_s, logged_wait_s;
    int64_t logged_step;
} meter;

static double rate(int64_t pictures, double seconds) {
    return seconds > 0 ? (double)pictures / seconds : 0;
}

static void meter_begin(meter *m, int64_t step) {
    double now = lac_clock_s();
    *m = (meter){now, now, now, step, step, step, now, 0, step};
}

static lac_status save(lac_session *s, lac_error *err) {
    if (s->saved == s->step) return LAC_OK;
    int64_t global = lac_trainer_global_batch(s->trainer);
    lac_checkpoint_info info = {.step = s->step, .samples = s->step * global, .seed = lac_trainer_seed(s->trainer)};
    char *path = lac_run_checkpoint_path(s->o->out, s->step);
    if (!path) return lac_no_memory(err, "a checkpoint's name");
    lac_status status =
        lac_checkpoint_write(path, lac_trainer_store(s->trainer), lac_trainer_optimizer(s->trainer), &info, err);
    if (status == LAC_OK) {
        s->saved = s->step;
        snprintf(s->result.checkpoint, sizeof s->result.checkpoint, "%s", path);
        status = lac_run_prune(s->o->out, s->step, lac_recipe_int(s->recipe, "checkpoint.keep"), err);
    }
    lac_free(path);
    return status;
}

static double epochs_done(const lac_session *s) {
    return (double)s->step * (double)lac_trainer_global_batch(s->trainer) / (double)lac_source_count(s->source);
}

static lac_status log_step(lac_session *s, meter *m, const lac_step_result *r, double lr, lac_error *err) {
    double now = lac_clock_s(), waited = lac_loader_waited_s(s->loader);
    int64_t pictures = (s->step - m->logged_step) * lac_trainer_global_batch(s->trainer);
    lac_log_entry e = {.step = s->step,
                       .epoch = epochs_done(s),
                       .loss = r->loss,
                       .lr = lr,
                       .grad_norm = r->grad_norm,
                       .images_per_s = rate(pictures, now - m->logged_s),
                       .wait_s = waited - m->logged_wait_s,
                       .seconds = now - s->began_s,
                       .features = {NAN, NAN, NAN}};
    if (s->collapse) e.features = lac_collapse_measure(s->collapse);
    e.n_terms = lac_trainer_terms(s->trainer, e.term_name);
    for (int i = 0; i < e.n_terms; i++)
        e.term[i] = r->term[i];
    e.n_figures = r->n_figures;
    e.figure_name = r->figure_name;
    e.figure = r->figure;
    m->logged_step = s->step;
    m->logged_s = now;
    m->logged_wait_s = waited;
    if (s->collapse && lac_alarm_see(&s->alarm, e.features.feature_std, e.features.effective_rank,
                                     lac_trainer_feature_width(s->trainer)))
        lac_session_note(
            s, "warning: features are collapsing: feature_std %.3g for %d logs in a row, %.3g at the beginning",
            e.features.feature_std, LAC_ALARM_LOGS, s->alarm.first);
    return lac_log_add(s->log_path, &e, err);
}

static void show(lac_session *s, meter *m, const lac_step_result *r, double lr) {
    double now = lac_clock_s();
    int64_t global = lac_trainer_global_batch(s->trainer);
    if (now - m->new_s > WINDOW_S) {
        m->old_s = m->new_s;
        m->old_step = m->new_step;
        m->new_s = now;
        m->new_step = s->step;
    }
    if (!s->o->progress) return;
    double per_s = rate((s->step - m->old_step) * global, now - m->old_s);
    lac_pretrain_progress p = {.step = s->step,
                               .total = s->card.total_steps,
                               .loss = r->loss,
                               .lr = lr,
                               .grad_norm = r->grad_norm,
                               .images_per_s = per_s,
                               .epoch = epochs_done(s),
                               .elapsed_s = now - s->began_s,
                               .left_s = per_s > 0 ? (double)((s->card.total_steps - s->step) * global) / per_s : 0};
    s->o->progress(s->o->context, &p);
}

static lac_status refuse_not_finite(const lac_session *s, const lac_step_result *r, lac_error *err) {
    const char *what = isfinite(r->loss) ? "gradient norm" : "loss";
    const char *where = s->result.checkpoint[0] ? s->result.checkpoint : "none yet";
    return lac_fail(err, "step %" PRId64 ": %s is not finite; last good checkpoint: %s", s->step + 1, what, where);
}

static lac_status train(lac_session *s, lac_error *err) {
    int64_t total = s->card.total_steps, interval = lac_session_log_interval(total);
    int64_t every = lac_recipe_int(s->recipe, "checkpoint.every");
    lac_step_result r;
    meter m;
    lac_trainer_plan(s->trainer, total);
    meter_begin(&m, s->step);
    s->result.end = LAC_PRETRAIN_DONE;
    while (s->step < total) {
        double lr = lac_trainer_lr(s->trainer, total, s->step);
        int64_t next = s->step + 1;
        bool is_logged = next == 1 || next % interval == 0 || next == total;
        lac_status status =
            lac_trainer_step(s->trainer, lac_session_feed, s, s->step, lr, is_logged ? s->collapse : NULL, &r, err);
        if (status != LAC_OK) { /* the data failed: what was learned is kept */
            if (s->step > 0) save(s, NULL);
            return status;
        }
        if (!r.is_finite) return refuse_not_finite(s, &r, err);
        s->step = next;
        s->result.loss = r.loss;
        if (is_logged) LAC_TRY(log_step(s, &m, &r, lr, err));
        if (next % every == 0 || next == total) LAC_TRY(save(s, err));
        show(s, &m, &r, lr);
        if (next == total) break;
        if (s->o->stop && s->o->stop(s->o->context))
            s->result.end = LAC_PRETRAIN_STOPPED;
        else if (s->o->stop_after_s > 0 && lac_clock_s() - s->began_s >= s->o->stop_after_s)
            s->result.end = LAC_PRETRAIN_PAUSED;
        else
            continue;
        LAC_TRY(save(s, err));
        break;
    }
    s->result.seconds = lac_clock_s() - m.began_s;
    s->result.images_per_s = rate((s->step - m.began_step) * lac_trainer_global_batch(s->trainer), s->result.seconds);
    return LAC_OK;
}

static void end(lac_session *s) {
    lac_loader_free(s->loader);
    lac_collapse_free(s->collapse);
    lac_trainer_free(s->trainer);
    lac_method_free(s->method);
    lac_pool_free(s->pool);
    lac_source_free(s->source);
    lac_recipe_free(s->recipe);
    lac_free(s->why);
    lac_free(s->log_path);
    lac_lock_release(s->lock);
}

lac_status lac_pretrain(const lac_pretrain_options *options, lac_error *err) {
    lac_session s = {.o = options, .began_s = lac_clock_s(), .saved = -1, .result = {.loss = NAN}};
    lac_status status = lac_session_begin(&s, err);
    if (status == LAC_OK && s.step == s.card.total_steps) {
        s.result.end = LAC_PRETRAIN_WAS_DONE;
    } else if (status == LAC_OK) {
        status = lac_session_open_loader(&s, s.step * lac_trainer_global_batch(s.trainer), err);
        if (status == LAC_OK) status = train(&s, err);
        if (s.loader) s.result.broken = lac_loader_broken(s.loader);
    }
    s.result.step = s.step;
    s.result.total = s.card.total_steps;
    if (options->result) *options->result = s.result;
    end(&s);
    return status;
}
