/* report/run.h - what lies in a run's folder, read for whoever shows or compares it: the log as columns, probes and
 * analysis as the JSON they are. */
#ifndef LAC_REPORT_RUN_H
#define LAC_REPORT_RUN_H

#include <jansson.h>
#include <stdint.h>

#include "base/text.h"
#include "method/recipe.h"
#include "train/folder.h"

typedef struct lac_report_column { /* one number of the log */
    char *name;
    double *value; /* n_log; NaN where a line lacks it */
} lac_report_column;

enum { LAC_REPORT_COLUMNS = 40, LAC_REPORT_EVALS = 32 };

typedef struct lac_report_run {
    const char *path;
    char *name; /* the last part of the path; "DIR/NAME" where two are alike */
    int kind;   /* for who has several: runs of one recipe share a number */
    lac_recipe *recipe;
    lac_run_card card;
    char *data; /* what it trained on; NULL: not known */
    int64_t n_log;
    double *step; /* of each line */
    int n_columns;
    lac_report_column column[LAC_REPORT_COLUMNS];
    int n_evals;
    json_t *eval[LAC_REPORT_EVALS]; /* objects with "protocol" and "rows" */
    json_t *analysis;               /* NULL: none */
    int64_t width;                  /* D; 0: not known */
} lac_report_run;

lac_status lac_report_read(const char *path, lac_report_run *run, lac_error *err);
void lac_report_run_free(lac_report_run *run);
/* JSON of at most 64 MB, duplicates refused; *value NULL and LAC_OK if there is no such file. */
lac_status lac_report_json(const char *path, json_t **value, lac_error *err);
const double *lac_report_find_column(const lac_report_run *run, const char *name); /* NULL: not logged */
double lac_report_last(const lac_report_run *run, const char *name);               /* NaN: not logged */
/* The line of the log at which the collapse warning (train/collapse.h) was raised; -1: never. */
int64_t lac_report_alarm(const lac_report_run *run);

typedef enum lac_report_protocol { LAC_REPORT_KNN, LAC_REPORT_LINEAR } lac_report_protocol;
/* The accuracy of a table's row ("trained", "untrained", "raw") by protocol and labels (0: all); NaN: not measured. */
double lac_report_accuracy(const lac_report_run *run, lac_report_protocol protocol, int64_t labels, const char *row);

/* Ward's tree of the last layers in an analysis.json, from sqrt(2 (1 - CKA)), as an SVG file; nothing is added to `svg`
 * where there are fewer than two networks, more than 256, or a representation that does not vary. */
lac_status lac_report_tree(const json_t *analysis, lac_text *svg, lac_error *err);

#endif
