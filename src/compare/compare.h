/* compare/compare.h - recipes trained at an equal budget on the same pictures, measured alike, in one table.
 *
 *   DIR/compare.json                    what is compared: data, budget, seeds, recipes
 *   DIR/RECIPE-seed-S/                  a run each (train/folder.h), with eval.json
 *   DIR/analysis/                       all runs' encoders on the same pictures (analyze/analyze.h)
 *   DIR/results.json, .csv, .md         the table; DIR/runs.csv: every run
 *   DIR/dendrogram.svg, DIR/report.html
 *
 * The same call goes on with a comparison that was killed at any moment and skips what is done; recipes and seeds may
 * be added then. A method that fails is named with the reason and the others go on; the next call tries it again.
 * A budget in seconds becomes a number of steps once for each recipe, in its first run (run.json, before step 1); other
 * seeds train for the same number. A table is a function of these numbers and of the runs: only its timings differ
 * between two machines' worth of interruptions. */
#ifndef LAC_COMPARE_COMPARE_H
#define LAC_COMPARE_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef struct lac_compare_options {
    const char *const *recipes; /* names or files */
    int n_recipes;
    const char *data, *test; /* test NULL: the source's own test split, else a fifth of it */
    const char *out;
    double epochs, budget_s; /* of each run; exactly one is above 0 */
    int n_seeds;
    int64_t seed;         /* run s trains from seed + s */
    int64_t labels;       /* a class, of the few-label probe */
    int64_t train_limit;  /* pictures that train a probe at most, stratified; 0: all */
    int64_t pictures;     /* for the analysis; linear CKA of fewer than about 2,000 is too high */
    int threads, loaders; /* 0: what the machine has */
    bool is_as_is;        /* no more training: the tables of the runs that are done */

    /* Any may be NULL. */
    void *context;
    bool (*stop)(void *context); /* asked between steps and parts */
    /* `part` of `n_parts` (runs, then the analysis) is doing `what`, done / all of it. */
    void (*progress)(void *context, int part, int n_parts, const char *name, const char *what, int64_t done,
                     int64_t all);
    void (*note)(void *context, const char *text);
} lac_compare_options;

/* Numbers of a run, and of a method over its seeds. Timings come last: nothing else depends on a machine. */
typedef enum lac_compare_column {
    LAC_COMPARE_KNN, /* accuracies in percent; each followed by its controls */
    LAC_COMPARE_KNN_UNTRAINED,
    LAC_COMPARE_KNN_RAW,
    LAC_COMPARE_LINEAR,
    LAC_COMPARE_LINEAR_UNTRAINED,
    LAC_COMPARE_LINEAR_RAW,
    LAC_COMPARE_FEW, /* the linear probe with few labels */
    LAC_COMPARE_FEW_UNTRAINED,
    LAC_COMPARE_FEW_RAW,
    LAC_COMPARE_LOSS,   /* mean of the last tenth of the log */
    LAC_COMPARE_SPREAD, /* feature_std x sqrt(D), the same tenth: near 1 healthy, 0 collapsed */
    LAC_COMPARE_COSINE, /* mean cosine between pictures, the same tenth */
    LAC_COMPARE_RANK,   /* effective rank of the analyzed pictures' features */
    LAC_COMPARE_TRAIN_S,
    LAC_COMPARE_IMAGES_PER_S,
    LAC_COMPARE_EVALUATION_S,
    LAC_COMPARE_COLUMNS
} lac_compare_column;
enum { LAC_COMPARE_FIRST_TIMING = LAC_COMPARE_TRAIN_S };
extern const char *const lac_compare_keys[LAC_COMPARE_COLUMNS]; /* "knn", "knn_untrained", ... */

typedef struct lac_compare_run {
    char *folder; /* below DIR */
    int64_t seed;
    double value[LAC_COMPARE_COLUMNS]; /* NaN: not there */
    int64_t alarm;                     /* step of the collapse warning; -1: none was raised */
    bool is_whole;                     /* trained and measured */
    char *reason;                      /* NULL, or why it failed; neither: it is not done yet */
} lac_compare_run;

typedef struct lac_compare_method {
    char *name;
    int64_t steps, pictures; /* of one run: optimizer steps; pictures it saw in them. 0: no run began */
    double epochs;
    int64_t parameters; /* trained */
    double gflop;       /* products of a training step a picture, forward and backward; 1e9 */
    int n_whole, n_alarms;
    double mean[LAC_COMPARE_COLUMNS],
        deviation[LAC_COMPARE_COLUMNS]; /* over whole runs; the sample deviation, NaN of one */
    lac_compare_run *runs;              /* n_seeds */
} lac_compare_method;

typedef struct lac_comparison {                  /* zero-initialise; lac_comparison_free */
    int n_methods, n_seeds, n_failed, n_missing; /* runs that failed, and that are not done yet */
    lac_compare_method *methods;
    char *train, *test; /* SOURCEs; test NULL: a fifth of train is held out */
    int64_t n_pictures, labels, train_limit, n_analyzed;
    int64_t seed;
    double epochs, budget_s;
    bool has_tree;
} lac_comparison;

/* LAC_USAGE before anything is made for what can be known then: a recipe that does not hold together, two of one name,
 * an unlabelled source, another comparison in DIR. LAC_FAILURE "stopped ..." when `stop` said so. A method's failure is
 * no failure of the call: see n_failed. */
lac_status lac_compare(const lac_compare_options *options, lac_comparison *result, lac_error *err);
void lac_comparison_free(lac_comparison *comparison);

#endif
