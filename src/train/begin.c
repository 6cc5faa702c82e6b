/* train/begin.c - how a run begins or is taken up again: recipe, data, folder, lock, number of steps, checkpoint.
 *
 * Everything that can be refused is refused before the folder is made; run.json is written last, so a folder with it is
 * a run whose recipe, data and number of steps are settled. Not here: the training loop (pretrain.c). */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "train/budget.h"
#include "train/checkpoint.h"
#include "train/choose.h"
#include "train/pretrain_private.h"

enum { MEASURED_PICTURES = 10000, MOST_SAMPLES = 256, LOGS = 500, MOST_LOADERS = 256 };

void lac_session_note(lac_session *s, const char *format, ...) {
    if (!s->o->note) return;
    char text[LAC_ERROR_TEXT + 256];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    s->o->note(s->o->context, text);
}

int64_t lac_session_log_interval(int64_t total) {
    return total > LOGS ? total / LOGS : 1;
}

/* ---- data ---- */

static void note_broken(void *session, const char *text) {
    lac_session_note(session, "broken picture left out: %s", text);
}

lac_status lac_session_open_loader(lac_session *s, int64_t first_sample, lac_error *err) {
    lac_augment augment = lac_method_augment(s->method);
    lac_loader_options options = {.batch = lac_trainer_batch(s->trainer),
                                  .seed = lac_trainer_seed(s->trainer),
                                  .n_threads = s->loaders,
                                  .first_sample = first_sample,
                                  .on_broken = note_broken,
                                  .context = s};
    return lac_loader_new(s->source, &augment, &options, &s->loader, err);
}

lac_status lac_session_feed(void *session, const lac_batch **batch, lac_error *err) {
    return lac_loader_next(((lac_session *)session)->loader, batch, err);
}

/* ---- recipe ---- */

static lac_status set_number(lac_recipe *recipe, const char *key, int64_t value, lac_error *err) {
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    return lac_recipe_set(recipe, key, text, err);
}

/* "key=value" on a recipe that came from no file. */
static lac_status put_sets(lac_session *s, lac_error *err) {
    for (int i = 0; i < s->o->n_sets; i++) {
        const char *equals = strchr(s->o->sets[i], '=');
        if (!equals || equals == s->o->sets[i])
            return lac_usage(err, "--set %.200s: expected KEY=VALUE", s->o->sets[i]);
        char *key = lac_format("%.*s", (int)(equals - s->o->sets[i]), s->o->sets[i]);
        lac_status status = key ? lac_recipe_set(s->recipe, key, equals + 1, err) : lac_no_memory(err, "--set");
        lac_free(key);
        LAC_TRY(status);
    }
    return LAC_OK;
}

/* Nobody gave a recipe: one is chosen from the pictures and the time, which says why line by line. */
static lac_status choose_recipe(lac_session *s, lac_error *err) {
    const lac_pretrain_options *o = s->o;
    lac_text yaml = {0}, why = {0};
    lac_session_note(s, "choosing a recipe for %.4g s", o->budget_s);
    lac_status status =
        lac_choose_here(s->source, s->backend, s->pool, s->loaders, o->budget_s, o->stop, o->context, &yaml, &why, err);
    if (status == LAC_OK) status = lac_recipe_read_text("chosen", yaml.data, &s->recipe, err);
    if (status == LAC_OK) status = put_sets(s, err);
    s->why = why.data;
    for (const char *at = s->why; status == LAC_OK && *at; at += strcspn(at, "\n") + 1)
        lac_session_note(s, "%.*s", (int)strcspn(at, "\n"), at);
    lac_text_free(&yaml);
    return status;
}

/* The recipe that was given, else that of the run that is there. */
static lac_status open_given_recipe(lac_session *s, lac_error *err) {
    const lac_pretrain_options *o = s->o;
    if (o->recipe) return lac_recipe_open(o->recipe, o->sets, o->n_sets, &s->recipe, err);
    char *path = lac_run_path(o->out, "recipe.yaml");
    lac_status status =
        path ? lac_recipe_open(path, o->sets, o->n_sets, &s->recipe, err) : lac_no_memory(err, "a recipe");
    lac_free(path);
    return status;
}

static lac_status open_recipe(lac_session *s, bool is_run, lac_error *err) {
    const lac_pretrain_options *o = s->o;
    if (o->recipe || is_run)
        LAC_TRY(open_given_recipe(s, err));
    else
        LAC_TRY(choose_recipe(s, err));
    if (o->batch) LAC_TRY(set_number(s->recipe, "train.batch", o->batch, err));
    if (o->seed) LAC_TRY(set_number(s->recipe, "train.seed", *o->seed, err));
    return LAC_OK;
}

static bool is_measured(const lac_recipe *recipe, const char *key) {
    const lac_setting *setting = lac_settings_get(lac_recipe_section(recipe, "picture"), key);
    return setting->text && strcmp(setting->text, "measured") == 0;
}

static lac_status set_list(lac_recipe *recipe, const char *key, int n, const double *values, lac_error *err) {
    char text[128] = "[";
    size_t at = 1;
    for (int i = 0; i < n && at < sizeof text; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%.17g", i ? ", " : "", values[i]);
    if (at < sizeof text) snprintf(text + at, sizeof text - at, "]");
    return lac_recipe_set(recipe, key, text, err);
}

/* `measured` becomes numbers: those of the stored recipe if there is one, else of the data. */
static lac_status settle_measured(lac_session *s, const lac_recipe *stored, lac_error *err) {
    static const char *const keys[] = {"mean", "std"};
    static const char *const paths[] = {"picture.mean", "picture.std"};
    float measured[2][3];
    double values[8];
    int channels = (int)lac_recipe_int(s->recipe, "picture.channels");
    bool wanted = is_measured(s->recipe, keys[0]) || is_measured(s->recipe, keys[1]);
    if (!wanted) return LAC_OK;
    if (!stored) {
        lac_session_note(s, "measuring mean and deviation of the pictures");
        LAC_TRY(lac_source_statistics(s->source, channels, MEASURED_PICTURES, measured[0], measured[1], err));
    }
    for (int k = 0; k < 2; k++) {
        if (!is_measured(s->recipe, keys[k])) continue;
        int n = channels;
        if (stored && !is_measured(stored, keys[k])) {
            n = lac_recipe_list(stored, paths[k], values, 8);
        } else if (stored) {
            continue; /* shown as a difference, if anything */
        } else {
            for (int c = 0; c < channels; c++) { /* to 6 digits: what a person would write */
                char text[32];
                snprintf(text, sizeof text, "%.6g", (double)measured[k][c]);
                lac_parse_real(text, &values[c]);
            }
        }
        if (n > 0) LAC_TRY(set_list(s->recipe, paths[k], n, values, err));
    }
    return LAC_OK;
}

/* ---- an existing run ---- */

static lac_status refuse_changes(lac_session *s, const lac_recipe *stored, lac_error *err) {
    const char *run = s->o->out;
    lac_text difference = {0};
    lac_recipe_difference(stored, s->recipe, &difference);
    lac_status status = LAC_OK;
    uint64_t fingerprint = lac_source_fingerprint(s->source);
    if (difference.failed)
        status = lac_no_memory(err, "the difference of two recipes");
    else if (difference.bytes > 0)
        status = lac_usage(err, "%s: the run was begun with another recipe: %s", run, difference.data);
    else if (fingerprint != s->card.fingerprint)
        status =
            lac_usage(err,
                      "%s: the run was begun with other data: %" PRId64 " pictures, fingerprint %016" PRIx64
                      "; now %s has %" PRId64 ", %016" PRIx64,
                      run, s->card.pictures, s->card.fingerprint, s->o->data, lac_source_count(s->source), fingerprint);
    lac_text_free(&difference);
    return status;
}

static lac_status open_existing(lac_session *s, lac_error *err) {
    const char *run = s->o->out;
    LAC_TRY(lac_run_tidy(run, err));
    LAC_TRY(lac_run_card_read(run, &s->card, err));
    char *path = lac_run_path(run, "recipe.yaml");
    if (!path) return lac_no_memory(err, run);
    lac_recipe *stored = NULL;
    lac_status status = lac_recipe_open(path, NULL, 0, &stored, err);
    lac_free(path);
    if (status == LAC_OK) status = settle_measured(s, stored, err);
    if (status == LAC_OK) status = refuse_changes(s, stored, err);
    lac_recipe_free(stored);
    return status;
}

/* Steps that the options ask for in so many words; 0: they do not. */
static int64_t asked_steps(const lac_session *s) {
    if (s->o->steps) return s->o->steps;
    if (!(s->o->epochs > 0)) return 0;
    double n = floor(s->o->epochs * (double)lac_source_count(s->source) / (double)lac_trainer_global_batch(s->trainer));
    return n >= 1 ? (int64_t)fmin(n, 1e15) : 1;
}

static lac_status settle_total(lac_session *s, lac_error *err) {
    const char *run = s->o->out;
    int64_t asked = asked_steps(s), planned = s->card.total_steps;
    if (s->o->budget_s > 0) {
        if (s->o->extend)
            return lac_usage(
                err, "%s: the run has its number of steps already: extend with steps or epochs, not a budget", run);
        lac_session_note(s,
                         "%s: the run has its number of steps already (%" PRId64 "); the budget is not measured again",
                         run, planned);
    }
    if (asked == 0 || asked == planned) return LAC_OK;
    if (asked < planned)
        return lac_usage(err,
                         "%s: the run was planned for %" PRId64 " steps, %" PRId64
                         " are fewer: a plan is not shortened (--stop-after pauses)",
                         run, planned, asked);
    if (!s->o->extend)
        return lac_usage(err, "%s: the run was planned for %" PRId64 " steps; %" PRId64 " need --extend", run, planned,
                         asked);
    s->card.total_steps = asked;
    LAC_TRY(lac_run_card_write(run, &s->card, s->recipe, lac_source_spec(s->source), err));
    lac_session_note(s,
                     "%s: extended from %" PRId64 " to %" PRId64
                     " steps; the learning rate follows the schedule of the new number",
                     run, planned, asked);
    return LAC_OK;
}

/* The newest checkpoint that reads well; a damaged one is named, never passed over in silence. */
static lac_status read_newest(lac_session *s, lac_error *err) {
    int64_t *steps;
    int n;
    LAC_TRY(lac_run_checkpoints(s->o->out, &steps, &n, err));
    lac_status status = LAC_OK;
    lac_error why = {0};
    int64_t seen = n;
    lac_trainer_initialize(s->trainer);
    for (; n > 0; n--) {
        lac_checkpoint_info info;
        char *path = lac_run_checkpoint_path(s->o->out, steps[n - 1]);
        status = path ? lac_checkpoint_read(path, lac_trainer_store(s->trainer), lac_trainer_optimizer(s->trainer),
                                            false, &info, &why)
                      : lac_no_memory(&why, "a checkpoint's name");
        if (status == LAC_OK && (info.step != steps[n - 1] || info.seed != lac_trainer_seed(s->trainer)))
            status = lac_fail(&why, "%s: holds step %" PRId64 " of seed %" PRIu64 ": not this run's", path, info.step,
                              info.seed);
        if (status == LAC_OK) {
            s->step = s->saved = info.step;
            snprintf(s->result.checkpoint, sizeof s->result.checkpoint, "%s", path);
        }
        lac_free(path);
        if (status == LAC_OK || status == LAC_USAGE) break;
        lac_session_note(s, "checkpoint passed over: %s", why.text);
    }
    lac_free(steps);
    if (status == LAC_USAGE) return lac_usage(err, "%s", why.text);
    if (seen > 0 && n == 0)
        return lac_fail(err, "%s: none of its %" PRId64 " checkpoints can be read; the oldest: %s", s->o->out, seen,
                        why.text);
    return LAC_OK;
}

static lac_status resume(lac_session *s, lac_error *err) {
    LAC_TRY(settle_total(s, err));
    LAC_TRY(read_newest(s, err));
    if (s->step > s->card.total_steps)
        return lac_fail(err, "%s: checkpoint of step %" PRId64 " in a run of %" PRId64 " steps", s->o->out, s->step,
                        s->card.total_steps);
    s->result.resumed_at = s->step;
    if (s->step == s->card.total_steps) return LAC_OK;
    LAC_TRY(lac_log_rewind(s->log_path, s->step, &s->alarm, lac_trainer_feature_width(s->trainer), err));
    if (s->step > 0)
        lac_session_note(s, "%s: resumes at step %" PRId64 " of %" PRId64, s->o->out, s->step, s->card.total_steps);
    else
        lac_session_note(s, "%s: begun before, but no checkpoint yet: starts again at step 1 of %" PRId64, s->o->out,
                         s->card.total_steps);
    return LAC_OK;
}

/* ---- a new run ---- */

static lac_status measure_budget(lac_session *s, lac_error *err) {
    lac_budget_costs costs;
    int64_t every = lac_recipe_int(s->recipe, "checkpoint.every");
    char *probe = lac_run_path(s->o->out, "checkpoints/.probe.tmp-budget");
    if (!probe) return lac_no_memory(err, "the budget's probe");
    lac_status status = lac_session_open_loader(s, 0, err);
    if (status == LAC_OK)
        status = lac_budget_measure(s->trainer, lac_session_feed, s, s->collapse, s->o->budget_s, probe, s->o->stop,
                                    s->o->context, &costs, err);
    lac_loader_free(s->loader);
    s->loader = NULL;
    if (status == LAC_OK) {
        double used = lac_clock_s() - s->began_s;
        s->card.total_steps = lac_budget_steps(&costs, s->o->budget_s - used, LOGS, every);
        double passes = (double)s->card.total_steps * (double)lac_trainer_global_batch(s->trainer) /
                        (double)lac_source_count(s->source);
        lac_session_note(s, "budget: %.3g s a step, %.3g s used so far: %" PRId64 " steps (%.3g epochs)", costs.step_s,
                         used, s->card.total_steps, passes);
    }
    lac_free(probe);
    return status;
}

static lac_status begin_new(lac_session *s, lac_error *err) {
    char *checkpoints = lac_run_path(s->o->out, "checkpoints");
    lac_status status = checkpoints ? lac_folder_make(checkpoints, err) : lac_no_memory(err, "a folder's name");
    lac_free(checkpoints);
    LAC_TRY(status);
    LAC_TRY(lac_run_tidy(s->o->out, err));
    s->card = (lac_run_card){.total_steps = asked_steps(s),
                             .pictures = lac_source_count(s->source),
                             .fingerprint = lac_source_fingerprint(s->source),
                             .seed = lac_trainer_seed(s->trainer),
                             .budget_s = s->o->budget_s};
    lac_trainer_initialize(s->trainer);
    if (s->o->budget_s > 0) {
        LAC_TRY(measure_budget(s, err));
        lac_trainer_initialize(s->trainer); /* the measured steps never happened */
    } else if (s->card.total_steps == 0) {
        double n = (double)lac_recipe_int(s->recipe, "train.epochs") * (double)s->card.pictures;
        s->card.total_steps = (int64_t)fmin(fmax(1, floor(n / (double)lac_trainer_global_batch(s->trainer))), 1e15);
    }
    if (s->why) {
        char *path = lac_run_path(s->o->out, "choice.txt");
        status = path ? lac_file_write(path, s->why, strlen(s->why), err) : lac_no_memory(err, "a path");
        lac_free(path);
        LAC_TRY(status);
    }
    return lac_run_card_write(s->o->out, &s->card, s->recipe, lac_source_spec(s->source), err);
}

/* ---- in order ---- */

static lac_status check_options(const lac_pretrain_options *o, lac_error *err) {
    if (!o->data || !o->out || !*o->out) return lac_usage(err, "pretrain needs data and a folder for the run");
    if ((o->steps != 0) + (o->epochs != 0) + (o->budget_s != 0) > 1)
        return lac_usage(err, "at most one of --steps, --epochs and --budget");
    if (o->steps < 0 || o->batch < 0 || o->epochs < 0 || o->budget_s < 0 || o->stop_after_s < 0 || o->threads < 0 ||
        o->loaders < 0)
        return lac_usage(err, "pretrain: a negative number of steps, epochs, seconds, pictures or threads");
    if (o->loaders > MOST_LOADERS)
        return lac_usage(err, "--loaders: expected at most %d, found %d", MOST_LOADERS, o->loaders);
    if (o->extend && !o->steps && !(o->epochs > 0))
        return lac_usage(err, "--extend needs the new number: --steps or --epochs");
    return LAC_OK;
}

/* A source of which nothing can be read is refused before there is a folder. */
static lac_status check_readable(const lac_session *s, lac_error *err) {
    lac_augment augment = lac_method_augment(s->method);
    lac_picture picture = {0};
    lac_error why;
    lac_status status = LAC_FAILURE;
    for (int64_t i = 0; i < lac_source_count(s->source) && status != LAC_OK && !picture.is_transient; i++)
        status = lac_source_read(s->source, i, lac_augment_min_side(&augment), &picture, &why);
    bool is_transient = picture.is_transient;
    lac_picture_free(&picture);
    if (status == LAC_OK) return LAC_OK;
    if (is_transient) return lac_fail(err, "%s", why.text);
    return lac_fail(err, "%s: no readable picture; the last: %s", s->o->data, why.text);
}

static lac_status take_lock(lac_session *s, lac_error *err) {
    char *path = lac_run_path(s->o->out, "lock");
    if (!path) return lac_no_memory(err, "a lock's name");
    lac_status status = lac_lock_take(path, &s->lock, err);
    lac_free(path);
    return status;
}

static lac_status open_trainer(lac_session *s, lac_error *err) {
    LAC_TRY(lac_trainer_new(s->method, s->backend, s->pool, &s->trainer, err));
    int64_t width = lac_trainer_feature_width(s->trainer), samples = lac_trainer_global_batch(s->trainer);
    if (width > 0) LAC_TRY(lac_collapse_new(samples < MOST_SAMPLES ? samples : MOST_SAMPLES, width, &s->collapse, err));
    s->log_path = lac_run_path(s->o->out, "log.jsonl");
    return s->log_path ? LAC_OK : lac_no_memory(err, "the log's name");
}

lac_status lac_session_begin(lac_session *s, lac_error *err) {
    const lac_pretrain_options *o = s->o;
    lac_folder_kind kind, again;
    LAC_TRY(check_options(o, err));
    s->threads = o->threads ? o->threads : lac_usable_threads();
    s->loaders = o->loaders ? o->loaders : (lac_usable_threads() + 1) / 2;
    if (s->loaders > MOST_LOADERS) s->loaders = MOST_LOADERS;
    LAC_TRY(lac_run_kind(o->out, &kind, err));
    if (o->recipe) LAC_TRY(open_recipe(s, false, err)); /* a wrong word before anything slow */
    if (kind == LAC_FOLDER_FOREIGN)
        return lac_usage(err, "%s: a folder with other files in it, and not a run: choose another --out", o->out);
    if (!o->recipe && kind == LAC_FOLDER_NEW && !(o->budget_s > 0))
        return lac_usage(err, "without a recipe, --budget TIME says how large a network there is time for "
                              "(lacuna methods lists the recipes)");
    LAC_TRY(lac_source_open(o->data, &s->source, err));
    LAC_TRY(lac_backend_cpu(NULL, &s->backend, err));
    LAC_TRY(lac_pool_new(s->threads, &s->pool, err));
    if (!o->recipe) LAC_TRY(open_recipe(s, kind == LAC_FOLDER_RUN, err));
    if (kind == LAC_FOLDER_RUN) {
        LAC_TRY(take_lock(s, err));
        LAC_TRY(open_existing(s, err));
    } else {
        LAC_TRY(settle_measured(s, NULL, err));
    }
    LAC_TRY(lac_method_new(s->recipe, LAC_F32, &s->method, err));
    LAC_TRY(lac_method_fill(s->method, err));
    if (kind == LAC_FOLDER_RUN) {
        LAC_TRY(open_trainer(s, err));
        return resume(s, err);
    }
    LAC_TRY(check_readable(s, err));
    LAC_TRY(lac_folder_make(o->out, err));
    LAC_TRY(take_lock(s, err));
    LAC_TRY(lac_run_kind(o->out, &again, err));
    if (again != kind) return lac_fail(err, "%s: another process has begun a run there", o->out);
    LAC_TRY(open_trainer(s, err));
    return begin_new(s, err);
}
