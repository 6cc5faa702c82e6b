/* compare/private.h - what the files of this folder share. */
#ifndef LAC_COMPARE_PRIVATE_H
#define LAC_COMPARE_PRIVATE_H

#include "backend/backend.h"
#include "base/file.h"
#include "base/text.h"
#include "compare/compare.h"
#include "data/source.h"
#include "eval/table.h"
#include "method/recipe.h"
#include "report/run.h"

typedef struct lac_work { /* one call of lac_compare */
    const lac_compare_options *o;
    lac_comparison *c;
    lac_recipe **recipes; /* n_recipes, as given */
    lac_source *source;
    char *test; /* SOURCE that is measured on; NULL: a fifth of the data */
    const lac_backend *backend;
    lac_pool *pool;
    int threads, loaders;
    int part, n_parts;
    const char *name; /* of the part */
    const char *what;
} lac_work;

bool lac_work_stopped(const lac_work *w);
void lac_work_show(lac_work *w, const char *what, int64_t done, int64_t all);
void lac_work_note(const lac_work *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *lac_work_path(const lac_work *w, const char *part); /* DIR/part, lac_alloc'ed */
/* Write what was put together; frees nothing. */
lac_status lac_work_write(const lac_work *w, const char *part, const lac_text *text, lac_error *err);

/* How runs are measured, but for callbacks. */
lac_eval_options lac_work_evaluation(const lac_work *w);

/* compare.json: written for a new comparison, else compared with; recipes and seeds may only be added. */
lac_status lac_plan_settle(lac_work *w, lac_error *err);

/* The steps of whichever run of this method began first: the one place where a budget in seconds became steps. 0: none
 * began. */
lac_status lac_work_steps(const lac_work *w, const lac_compare_method *m, int64_t *steps, lac_error *err);

/* Train and measure run `seed` of method `method`; what went wrong goes to the run's `reason`, and only a stop or want
 * of memory is a failure. */
lac_status lac_work_run(lac_work *w, int method, int seed, lac_error *err);

/* How a recipe's network sees pictures when it is measured. Where that is alike, raw pixels are one control. */
void lac_work_describe_view(const lac_recipe *recipe, lac_text *out);

/* analysis/ of all whole runs, unless it is there already. */
lac_status lac_work_analyze(lac_work *w, lac_error *err);

/* Fill the comparison's numbers from the runs' folders. */
lac_status lac_work_gather(lac_work *w, lac_error *err);

/* results.json, results.csv, runs.csv, results.md, dendrogram.svg. */
lac_status lac_work_tabulate(lac_work *w, lac_error *err);

#endif
