/* cli/training.c - what commands that train share: options, progress and notes on stderr, signals, how to resume, the
 * result. What a run is and does: train/pretrain.h. */
#include "cli/training.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli/stop.h"

typedef struct screen {
    const lac_args *args;
    lac_status_line line;
} screen;

static void show_progress(void *context, const lac_pretrain_progress *p) {
    screen *s = context;
    bool is_last = p->step == p->total;
    if (!is_last && !lac_status_line_due(&s->line)) return;
    char left[32];
    lac_status_line_show(
        &s->line, is_last, "step %" PRId64 "/%" PRId64 "  epoch %.2f  loss %.4f  lr %.2e  %.0f images/s  %s left",
        p->step, p->total, p->epoch, p->loss, p->lr, p->images_per_s, lac_duration_text(p->left_s, left));
}

static void show_note(void *context, const char *text) {
    lac_note(((screen *)context)->args, "%s", text);
}

/* ---- saying how to go on ---- */

static void add_word(lac_text *out, const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,+@%";
    if (out->bytes) lac_text_add(out, " ");
    if (*word && word[strspn(word, plain)] == 0) {
        lac_text_add(out, "%s", word);
        return;
    }
    lac_text_add(out, "'");
    for (const char *c = word; *c; c++)
        lac_text_put(out, *c == '\'' ? "'\\''" : c, *c == '\'' ? 4 : 1);
    lac_text_add(out, "'");
}

/* The same command, which is what resumes a run. --stop-after is left out: it has done its work. */
static void resume_command(const lac_args *args, const char *command, lac_text *out) {
    static const char *const names[] = {"data",  "out",  "steps",   "epochs", "budget",
                                        "batch", "seed", "threads", "loaders"};
    lac_text_add(out, "lacuna %s", command);
    if (lac_args_words(args) > 0) add_word(out, lac_args_word(args, 0));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = lac_args_text(args, names[i]);
        if (!value) continue;
        lac_text_add(out, " --%s", names[i]);
        add_word(out, value);
    }
    for (int i = 0; i < lac_args_count(args, "set"); i++) {
        lac_text_add(out, " --set");
        add_word(out, lac_args_nth(args, "set", i));
    }
    if (lac_args_has(args, "extend")) lac_text_add(out, " --extend");
}

/* ---- the result ---- */

static void print_text(const char *text) {
    putchar('"');
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            printf("\\%c", *c);
        else if ((unsigned char)*c < ' ' || *c == 0x7F)
            printf("\\u%04x", (unsigned)(unsigned char)*c);
        else
            putchar(*c);
    }
    putchar('"');
}

static void print_json(const lac_args *args, const lac_pretrain_result *r) {
    static const char *const ends[] = {"done", "was_done", "paused", "stopped"};
    printf("{\"run\": ");
    print_text(lac_args_text(args, "out"));
    printf(", \"end\": \"%s\", \"step\": %" PRId64 ", \"total_steps\": %" PRId64 ", \"resumed_at\": %" PRId64
           ", \"loss\": ",
           ends[r->end], r->step, r->total, r->resumed_at);
    if (isfinite(r->loss))
        printf("%.9g", r->loss);
    else
        printf("null");
    printf(", \"seconds\": %.6g, \"images_per_s\": %.6g, \"broken_pictures\": %" PRId64 ", \"checkpoint\": ",
           r->seconds, r->images_per_s, r->broken);
    print_text(r->checkpoint);
    printf("}\n");
}

lac_status lac_training_report(const lac_args *args, const char *name, const lac_pretrain_result *r, lac_error *err) {
    const char *run = lac_args_text(args, "out");
    char took[32];
    lac_text command = {0};
    resume_command(args, name, &command);
    if (lac_args_json(args)) print_json(args, r);
    lac_status status = command.failed ? lac_no_memory(err, "a command") : LAC_OK;
    const char *resume = command.data ? command.data : "";
    if (status != LAC_OK) {
    } else if (r->end == LAC_PRETRAIN_STOPPED) {
        status =
            lac_fail(err, "stopped at step %" PRId64 " of %" PRId64 "; resume with: %s", r->step, r->total, resume);
    } else if (lac_args_json(args)) {
    } else if (r->end == LAC_PRETRAIN_WAS_DONE) {
        printf("%s: finished already, all %" PRId64 " steps; more need --extend with --steps or --epochs\n", run,
               r->total);
    } else if (r->end == LAC_PRETRAIN_PAUSED) {
        printf("%s: paused at step %" PRId64 " of %" PRId64 "; resume with: %s\n", run, r->step, r->total, resume);
    } else {
        printf("%s: done, %" PRId64 " steps, loss %.4f, %s, %.0f images/s\n", run, r->total, r->loss,
               lac_duration_text(r->seconds, took), r->images_per_s);
    }
    lac_text_free(&command);
    return status;
}

/* ---- options ---- */

static lac_status read_numbers(const lac_args *args, lac_pretrain_options *o, int64_t *seed, lac_error *err) {
    LAC_TRY(lac_args_int(args, "steps", 0, 1, &o->steps, err));
    LAC_TRY(lac_args_real(args, "epochs", 0, 0, &o->epochs, err));
    if (lac_args_has(args, "epochs") && !(o->epochs > 0)) return lac_usage(err, "--epochs: expected a number above 0");
    LAC_TRY(lac_args_seconds(args, "budget", 0, &o->budget_s, err));
    LAC_TRY(lac_args_seconds(args, "stop-after", 0, &o->stop_after_s, err));
    LAC_TRY(lac_args_int(args, "batch", 0, 1, &o->batch, err));
    LAC_TRY(lac_args_int(args, "seed", 0, 0, seed, err));
    LAC_TRY(lac_args_workers(args, &o->threads, &o->loaders, err));
    if (lac_args_has(args, "seed")) o->seed = seed;
    return LAC_OK;
}

lac_status lac_training_run(const lac_args *args, lac_pretrain_result *result, lac_error *err) {
    screen s = {.args = args};
    lac_pretrain_options o = {.recipe = lac_args_words(args) > 0 ? lac_args_word(args, 0) : NULL,
                              .data = lac_args_text(args, "data"),
                              .out = lac_args_text(args, "out"),
                              .n_sets = lac_args_count(args, "set"),
                              .extend = lac_args_has(args, "extend"),
                              .context = &s,
                              .stop = lac_stop_is_asked,
                              .progress = show_progress,
                              .note = show_note,
                              .result = result};
    int64_t seed;
    if (!o.data || !o.out) return lac_usage(err, "needs --data SOURCE and --out RUN");
    LAC_TRY(read_numbers(args, &o, &seed, err));
    const char **sets = lac_array((size_t)o.n_sets, sizeof *sets);
    if (!sets) return lac_no_memory(err, "--set");
    for (int i = 0; i < o.n_sets; i++)
        sets[i] = lac_args_nth(args, "set", i);
    o.sets = sets;
    lac_stop_listen();
    lac_status_line_begin(&s.line, args);
    lac_status status = lac_pretrain(&o, err);
    lac_status_line_end(&s.line);
    lac_stop_end();
    lac_free(sets);
    return status;
}
