/* cli/cmd_report.c - `lacuna report`: which runs, and where the page goes (report/report.h). */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "report/report.h"

typedef struct paths {
    char **at;
    size_t n;
} paths;

static lac_status add(paths *all, const char *word, lac_error *err) {
    char **found;
    size_t n;
    LAC_TRY(lac_report_find(word, &found, &n, err));
    char **more = lac_resize(all->at, (all->n + n) * sizeof *more);
    if (!more) {
        lac_names_free(found, n);
        return lac_no_memory(err, "a list of runs");
    }
    memcpy(more + all->n, found, n * sizeof *more);
    all->at = more;
    all->n += n;
    lac_free(found);
    return LAC_OK;
}

static void show_note(void *context, const char *text) {
    lac_note(context, "not drawn: %s", text);
}

static lac_status make(const lac_args *args, const paths *all, const char *out, lac_error *err) {
    lac_report_options o = {.data = lac_args_text(args, "data"), .note = show_note, .context = (void *)(uintptr_t)args};
    int64_t pictures;
    LAC_TRY(lac_args_int(args, "pictures", 6, 0, &pictures, err));
    if (pictures > 100) return lac_usage(err, "--pictures: at most 100");
    o.n_pictures = pictures == 0 ? -1 : (int)pictures;
    if (all->n > 1) o.folder = lac_args_word(args, 0);
    lac_pool *pool = NULL;
    LAC_TRY(lac_args_machine(args, &pool, &o.backend, err));
    o.pool = pool;
    lac_text page = {0};
    lac_status status = lac_report_make((const char *const *)all->at, (int)all->n, &o, &page, err);
    if (status == LAC_OK) status = lac_file_write(out, page.data, page.bytes, err);
    if (status == LAC_OK && lac_args_json(args))
        printf("{\"runs\": %zu, \"bytes\": %zu}\n", all->n, page.bytes);
    else if (status == LAC_OK)
        printf("%s: %zu run%s, %.1f kB\n", out, all->n, all->n == 1 ? "" : "s", (double)page.bytes / 1000);
    lac_text_free(&page);
    lac_pool_free(pool);
    return status;
}

static lac_status run(const lac_args *args, lac_error *err) {
    const char *given = lac_args_text(args, "out");
    if (!given && lac_args_words(args) > 1) return lac_usage(err, "--out is missing: the .html file to write");
    char *out = given ? lac_copy_text(given) : lac_format("%s/report.html", lac_args_word(args, 0));
    paths all = {0};
    lac_status status = out ? LAC_OK : lac_no_memory(err, "a file's name");
    for (int i = 0; i < lac_args_words(args) && status == LAC_OK; i++)
        status = add(&all, lac_args_word(args, i), err);
    if (status == LAC_OK) status = make(args, &all, out, err);
    lac_names_free(all.at, all.n);
    lac_free(out);
    return status;
}

static const lac_option options[] = {
    {"out", "FILE.html", "where to write (one RUN or DIR: report.html in it)"},
    {"data", "SOURCE", "pictures to reconstruct (default: the test split of what the run trained on)"},
    {"pictures", "N", "pictures to reconstruct, evenly spread (default 6; 0: none)"},
    {0},
};

const lac_command lac_command_report = {
    .name = "report",
    .usage = "RUN|DIR... [--out FILE.html]",
    .summary = "one self-contained HTML page of a run, or of several side by side",
    .details = "Curves with indicators of collapse, reconstructions over time, masks, probes, analysis, recipe, "
               "machine. What\n"
               "`lacuna eval --out RUN/eval.json` and `lacuna analyze RUN` left in a run is shown; what is "
               "missing is said,\n"
               "with the command that makes it. DIR: all runs in it. The page loads nothing from anywhere.",
    .examples = "lacuna report runs/demo\n"
                "lacuna report runs/mae runs/simmim --out compared.html",
    .options = options,
    .min_words = 1,
    .max_words = -1,
    .run = run,
};
