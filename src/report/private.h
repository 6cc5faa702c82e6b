/* report/private.h - what the files of this folder share. */
#ifndef LAC_REPORT_PRIVATE_H
#define LAC_REPORT_PRIVATE_H

#include <jansson.h>
#include <stdint.h>

#include "chart/chart.h"
#include "cluster/escape.h"
#include "method/recipe.h"
#include "report/report.h"
#include "train/folder.h"

typedef struct lac_report_column { /* one number of the log */
    char *name;
    double *value; /* n_log; NaN where a line lacks it */
} lac_report_column;

enum { LAC_REPORT_COLUMNS = 40, LAC_REPORT_EVALS = 32 };

typedef struct lac_report_run {
    const char *path;
    char *name; /* the last part of the path; "DIR/NAME" where two are alike */
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

/* Bytes for a data: address. */
void lac_report_base64(lac_text *out, const uint8_t *data, size_t n);
/* Text, escaped. */
void lac_report_text(lac_text *out, const char *text);
/* A section that is not there: what is missing and the command that makes it. */
void lac_report_missing(lac_text *out, const char *what, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A chart in a card. */
lac_status lac_report_chart(const lac_chart *chart, const char *note, lac_text *out, lac_error *err);

lac_status lac_report_curves(const lac_report_run *run, lac_text *out, lac_error *err);
lac_status lac_report_speed(const lac_report_run *run, lac_text *out, lac_error *err);
lac_status lac_report_pictures(const lac_report_run *run, const lac_report_options *o, lac_text *out, lac_error *err);
lac_status lac_report_masks(const lac_report_run *run, lac_text *out, lac_error *err);
void lac_report_probes(const lac_report_run *run, lac_text *out);
/* The figures of an analysis.json; `folder` for what is said when it is not there. */
lac_status lac_report_analysis(const json_t *analysis, const char *folder, lac_text *out, lac_error *err);
lac_status lac_report_recipe(const lac_report_run *run, lac_text *out, lac_error *err);
void lac_report_machine(const lac_report_run *run, const lac_report_options *o, lac_text *out);
lac_status lac_report_compare(const lac_report_run *runs, int n, const lac_report_options *o, lac_text *out,
                              lac_error *err);
/* The accuracy of a table's row ("trained", "untrained", ...) by protocol and labels; NaN: not measured. */
double lac_report_accuracy(const lac_report_run *run, bool is_knn, int64_t labels, const char *row);

extern const char lac_report_css[], lac_report_js[];

#endif
