/* report/report.h - a run, or several, as one HTML file that needs nothing else: no server, network or other file.
 *
 * What is shown is what lies in a run's folder: log.jsonl, recipe.yaml, run.json, eval.json (and eval/ *.json) as
 * `lacuna eval --json` prints them, analysis/analysis.json, and pictures redrawn from its checkpoints. A part that is
 * missing is said to be, with the command that makes it. */
#ifndef LAC_REPORT_REPORT_H
#define LAC_REPORT_REPORT_H

#include <stdbool.h>

#include "backend/backend.h"
#include "base/text.h"

typedef struct lac_report_options {
    const char *data; /* pictures for reconstructions; NULL: the test split of what the run trained on */
    int n_pictures;   /* rows of reconstructions; 0: 6; below 0: none, and no network is opened */
    const char
        *folder; /* for the comparison of several runs: its results.json and analysis/analysis.json; NULL: none */
    const lac_backend *backend;
    lac_pool *pool;
    void (*note)(void *context, const char *text); /* what could not be shown; may be NULL */
    void *context;
} lac_report_options;

/* Runs in a path: itself, or those below it, at most three folders deep, sorted. Names are lac_names_free'd. LAC_USAGE
 * if there is none. */
lac_status lac_report_find(const char *path, char ***runs, size_t *n, lac_error *err);

lac_status lac_report_make(const char *const *runs, int n_runs, const lac_report_options *options, lac_text *out,
                           lac_error *err);

#endif
