/* cli/cmd_compare.c - `lacuna compare`: options in, progress on stderr, the table at the end. What is compared and how:
 * compare/compare.h. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/stop.h"
#include "compare/compare.h"
#include "report/report.h"

typedef struct screen {
    const lac_args *args;
    lac_status_line line;
    const char *what;
    int part;
} screen;

static void show_progress(void *context, int part, int n_parts, const char *name, const char *what, int64_t done,
                          int64_t all) {
    screen *s = context;
    bool is_new = s->what != what || s->part != part;
    s->what = what;
    s->part = part;
    if (!is_new && !lac_status_line_due(&s->line)) return;
    lac_status_line_show(&s->line, false, "%d/%d %s  %s  %" PRId64 "/%" PRId64, part, n_parts, name, what, done, all);
}

static void show_note(void *context, const char *text) {
    lac_note(((screen *)context)->args, "%s", text);
}

/* ---- the result ---- */

static void put_number(lac_table *table, const lac_compare_method *m, int column, const char *format) {
    char mean[32], deviation[32];
    if (!isfinite(m->mean[column])) {
        lac_table_cell(table, "-");
        return;
    }
    snprintf(mean, sizeof mean, format, m->mean[column]);
    snprintf(deviation, sizeof deviation, format, m->deviation[column]);
    lac_table_cell(table, isfinite(m->deviation[column]) ? "%s +- %s" : "%s", mean, deviation);
}

static lac_status print_table(const lac_comparison *c, lac_error *err) {
    static const struct {
        int column;
        const char *title, *format;
    } columns[] = {{LAC_COMPARE_KNN, "k-NN %", "%.2f"},
                   {LAC_COMPARE_LINEAR, "linear %", "%.2f"},
                   {LAC_COMPARE_LINEAR_UNTRAINED, "untrained", "%.2f"},
                   {LAC_COMPARE_LINEAR_RAW, "raw", "%.2f"},
                   {LAC_COMPARE_FEW, "few labels %", "%.2f"},
                   {LAC_COMPARE_SPREAD, "spread", "%.2f"},
                   {LAC_COMPARE_RANK, "rank", "%.1f"},
                   {LAC_COMPARE_TRAIN_S, "training s", "%.1f"}};
    enum { N = sizeof columns / sizeof *columns };
    lac_table *table;
    LAC_TRY(lac_table_new(N + 3, &table, err));
    lac_table_cell(table, "method");
    lac_table_cell(table, "steps");
    for (int k = 0; k < N; k++)
        lac_table_cell(table, "%s", columns[k].title);
    lac_table_cell(table, "warnings");
    for (int i = 0; i < c->n_methods; i++) {
        const lac_compare_method *m = &c->methods[i];
        lac_table_cell(table, "%s", m->name);
        lac_table_cell(table, "%" PRId64, m->steps);
        for (int k = 0; k < N; k++)
            put_number(table, m, columns[k].column, columns[k].format);
        lac_table_cell(table, "%d", m->n_alarms);
    }
    lac_table_print(table);
    lac_table_free(table);
    return LAC_OK;
}

static lac_status print_json(const char *out, lac_error *err) {
    char *path = lac_format("%s/results.json", out), *data = NULL;
    size_t bytes;
    lac_status status = path ? lac_file_read(path, (size_t)1 << 30, &data, &bytes, err) : lac_no_memory(err, "a path");
    if (status == LAC_OK) fputs(data, stdout);
    lac_free(data);
    lac_free(path);
    return status;
}

static void show_missing(void *context, const char *text) {
    lac_note(context, "not drawn: %s", text);
}

/* DIR/report.html, as `lacuna report DIR` makes it. */
static lac_status make_page(const lac_args *args, const lac_comparison *c, lac_error *err) {
    const char *out = lac_args_text(args, "out");
    lac_report_options o = {
        .data = c->test, .n_pictures = 3, .folder = out, .note = show_missing, .context = (void *)(uintptr_t)args};
    lac_pool *pool = NULL;
    char **runs = NULL, *path = lac_format("%s/report.html", out);
    size_t n = 0;
    lac_text page = {0};
    lac_status status = path ? lac_args_machine(args, &pool, &o.backend, err) : lac_no_memory(err, "a path");
    o.pool = pool;
    if (status == LAC_OK) status = lac_report_find(out, &runs, &n, err);
    if (status == LAC_OK) status = lac_report_make((const char *const *)runs, (int)n, &o, &page, err);
    if (status == LAC_OK) status = lac_file_write(path, page.data, page.bytes, err);
    lac_text_free(&page);
    lac_names_free(runs, n);
    lac_free(path);
    lac_pool_free(pool);
    return status;
}

static lac_status publish(const lac_args *args, const lac_comparison *c, lac_error *err) {
    const char *out = lac_args_text(args, "out");
    int n_began = 0;
    for (int i = 0; i < c->n_methods; i++)
        n_began += c->methods[i].n_whole > 0;
    if (n_began > 0) LAC_TRY(make_page(args, c, err));
    if (lac_args_json(args)) {
        LAC_TRY(print_json(out, err));
    } else {
        LAC_TRY(print_table(c, err));
        printf("\n%s: results.md, results.csv, runs.csv, results.json%s%s\n", out,
               c->has_tree ? ", dendrogram.svg" : "", n_began > 0 ? ", report.html" : "");
    }
    if (c->n_failed == 0) return LAC_OK;
    for (int i = 0; i < c->n_methods * c->n_seeds; i++) {
        const lac_compare_run *r = &c->methods[i / c->n_seeds].runs[i % c->n_seeds];
        if (r->reason)
            return lac_fail(err, "%d of %d runs failed, the first: %s, %s", c->n_failed, c->n_methods * c->n_seeds,
                            r->folder, r->reason);
    }
    return LAC_OK;
}

/* ---- options ---- */

/* "30m" is a time, "20" or "0.5" a number of epochs: a time has a unit. */
static lac_status read_budget(const lac_args *args, lac_compare_options *o, lac_error *err) {
    const char *text = lac_args_text(args, "budget");
    if (!text) return lac_usage(err, "--budget is missing: a time such as 30m, or a number of epochs");
    bool has_unit = text[strcspn(text, "smhd")] != 0, is_fine;
    is_fine = has_unit ? lac_parse_seconds(text, &o->budget_s) : lac_parse_real(text, &o->epochs);
    if (!is_fine || (has_unit ? o->budget_s : o->epochs) <= 0)
        return lac_usage(err, "--budget: expected a time such as 90s, 30m or 1h30m, or a number of epochs; found '%s'",
                         text);
    return LAC_OK;
}

static lac_status read_options(const lac_args *args, lac_compare_options *o, lac_error *err) {
    int64_t seeds;
    if (!o->data || !o->out) return lac_usage(err, "needs --data SOURCE and --out DIR");
    LAC_TRY(read_budget(args, o, err));
    LAC_TRY(lac_args_int(args, "seeds", 1, 1, &seeds, err));
    LAC_TRY(lac_args_int(args, "seed", 0, 0, &o->seed, err));
    LAC_TRY(lac_args_int(args, "labels", 10, 1, &o->labels, err));
    LAC_TRY(lac_args_int(args, "train-limit", 20000, 0, &o->train_limit, err));
    LAC_TRY(lac_args_int(args, "pictures", 2048, 2, &o->pictures, err));
    LAC_TRY(lac_args_workers(args, &o->threads, &o->loaders, err));
    o->is_as_is = lac_args_has(args, "as-is");
    if (seeds > 1000) return lac_usage(err, "--seeds: expected at most 1000, found %" PRId64, seeds);
    o->n_seeds = (int)seeds;
    return LAC_OK;
}

static lac_status run(const lac_args *args, lac_error *err) {
    screen s = {.args = args};
    lac_comparison comparison = {0};
    lac_compare_options o = {.n_recipes = lac_args_words(args),
                             .data = lac_args_text(args, "data"),
                             .test = lac_args_text(args, "test"),
                             .out = lac_args_text(args, "out"),
                             .context = &s,
                             .stop = lac_stop_is_asked,
                             .progress = show_progress,
                             .note = show_note};
    LAC_TRY(read_options(args, &o, err));
    const char **recipes = lac_array((size_t)o.n_recipes, sizeof *recipes);
    if (!recipes) return lac_no_memory(err, "a comparison");
    for (int i = 0; i < o.n_recipes; i++)
        recipes[i] = lac_args_word(args, i);
    o.recipes = recipes;
    lac_stop_listen();
    lac_status_line_begin(&s.line, args);
    lac_status status = lac_compare(&o, &comparison, err);
    lac_status_line_end(&s.line);
    lac_stop_end();
    if (status == LAC_OK) status = publish(args, &comparison, err);
    lac_comparison_free(&comparison);
    lac_free(recipes);
    return status;
}

static const lac_option options[] = {
    {"data", "SOURCE", "labelled pictures: all train without labels, the probes with them"},
    {"test", "SOURCE", "pictures to measure on (default: SOURCE's own test split, else a stratified fifth of it)"},
    {"budget", "TIME|EPOCHS", "of each run: 90s, 30m, 1h30m - or, without a unit, passes over the data"},
    {"seeds", "N", "runs of each recipe, from --seed on (default 1): mean and deviation"},
    {"out", "DIR", "the comparison's folder; made if absent, gone on with if it is one"},
    {"labels", "N", "labels a class of the few-label probe (default 10)"},
    {"train-limit", "N", "pictures that train a probe at most, stratified (default 20000; 0: all)"},
    {"pictures", "N", "pictures that representations are compared on (default 2048)"},
    {"loaders", "N", "threads that decode pictures; default: half the processors"},
    {"as-is", NULL, "no more training: the tables of the runs that are done"},
    {0},
};

const lac_command lac_command_compare = {
    .name = "compare",
    .usage = "RECIPE... --data SOURCE --budget TIME|EPOCHS --out DIR",
    .summary = "train recipes at an equal budget and measure them alike: one table for your pictures",
    .details =
        "Trains every RECIPE (a file or a shipped name) with every seed, measures k-NN, a linear probe and one with\n"
        "few labels beside the untrained network and raw pixels, and writes results.md, results.csv, runs.csv,\n"
        "results.json, a dendrogram of what was learned (Ward, distance sqrt(2 (1 - CKA))) and report.html.\n"
        "\n"
        "A time becomes a number of steps once for each recipe, before its first step; its other seeds train for the\n"
        "same number. The same command goes on after Ctrl-C or a kill at any moment, skips what is done, and takes\n"
        "further recipes and seeds; with --as-is it says how things stand. A method that fails is named with the "
        "reason, and the others go on; the exit\n"
        "status is 1 then, and the next call tries it again. Times stand in columns of their own.",
    .examples = "lacuna compare demo simmim-tiny msc-tiny --data fashion-mnist --budget 4m --seeds 2 --out compared\n"
                "lacuna compare mine.yaml demo --data photos --test more-photos --budget 20 --out compared\n"
                "lacuna report compared",
    .options = options,
    .min_words = 1,
    .max_words = -1,
    .run = run,
};
