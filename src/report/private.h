/* report/private.h - what the files of this folder share. */
#ifndef LAC_REPORT_PRIVATE_H
#define LAC_REPORT_PRIVATE_H

#include "chart/chart.h"
#include "cluster/escape.h"
#include "report/report.h"
#include "report/run.h"

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
/* The table of FOLDER/results.json; nothing where there is none. */
lac_status lac_report_results(const char *folder, lac_text *out, lac_error *err);
lac_status lac_report_compare(const lac_report_run *runs, int n, const lac_report_options *o, lac_text *out,
                              lac_error *err);

extern const char lac_report_css[], lac_report_js[];

#endif
