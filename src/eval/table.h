/* eval/table.h - one evaluation: features of training and test pictures, and the tables of accuracies that follow.
 *
 * A table of features has three rows: the trained ones, those of the same network before training, and raw pixels
 * (which a caller who has them may leave out). A table of networks trained on labels has two: the network that was
 * pretrained, and the same without. */
#ifndef LAC_EVAL_TABLE_H
#define LAC_EVAL_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "eval/features.h"
#include "eval/tune.h"
#include "train/run.h"

enum { LAC_EVAL_MAX_TABLES = 3, LAC_EVAL_ROWS = 3 };

typedef enum lac_eval_protocol {
    LAC_EVAL_KNN,
    LAC_EVAL_LBFGS,
    LAC_EVAL_BN_SGD,
    LAC_EVAL_FINETUNE, /* these two train on labels, and are then the only job */
    LAC_EVAL_ATTENTIVE
} lac_eval_protocol;

typedef struct lac_eval_job { /* one table asked for */
    lac_eval_protocol protocol;
    int64_t labels; /* labels a class; 0: all */
} lac_eval_job;

typedef struct lac_eval_options {
    const char *data, *test; /* SOURCEs; test NULL: the source's own test split, else a fifth of it */
    int n_jobs;
    lac_eval_job job[LAC_EVAL_MAX_TABLES];
    int n_seeds; /* draws of labels, and whole trainings: seed, seed + 1, ... */
    uint64_t seed;
    lac_pooling pooling; /* mean or cls */
    int layer;
    int64_t k;           /* of k-NN */
    int64_t train_limit; /* training pictures at most, stratified; 0: all */
    int64_t batch;       /* of the encoder; 0: 64 */
    int n_loaders;
    int64_t epochs, crops; /* of bn-sgd: 0 crops is the evaluation view alone */
    bool is_lars;
    lac_tune_options tune; /* of FINETUNE and ATTENTIVE; its seed, loaders and callback are this struct's */
    double drop_path;      /* of FINETUNE */
    bool no_raw;           /* leave raw pixels out: somebody has measured them already */
    void (*on_broken)(void *context, const char *text);
    void (*on_progress)(void *context, const char *what, int64_t n_done, int64_t n_all); /* n_all 0: no count */
    void *context;
} lac_eval_options;

typedef struct lac_eval_row {
    char name[48]; /* "trained", "untrained", "raw pixels"; "fine-tuned", "from scratch" */
    int64_t d;
    double accuracy;   /* percent; the mean over seeds */
    double deviation;  /* sample deviation over seeds; 0 with fewer than two */
    bool is_converged; /* of every L-BFGS; true for other protocols */
    int iterations;    /* the most that one L-BFGS took */
    double gradient;   /* the largest that one L-BFGS ended with */
} lac_eval_row;

typedef struct lac_eval_table {
    lac_eval_job job;
    int n_seeds; /* 1 when all labels are used */
    int n_rows;
    lac_eval_row row[LAC_EVAL_ROWS];
} lac_eval_table;

typedef struct lac_eval_report { /* zero-initialise; lac_eval_report_free */
    lac_eval_options options;
    char *train, *test, *model; /* SOURCEs, and the file that was read */
    int64_t n_train, n_test, step;
    int classes;
    bool is_split; /* test is a fifth of train's source */
    int n_tables;
    lac_eval_table table[LAC_EVAL_MAX_TABLES];
} lac_eval_report;

/* LAC_USAGE for an unlabelled source, for classes that differ between train and test, a layer that is not there, ...
 * `model` is left with other weights. Memory: all features at once, n x (2 D + raw values) floats, and once more
 * the widest of them in a linear probe. */
lac_status lac_evaluate(lac_model *model, const lac_backend *backend, lac_pool *pool, const lac_eval_options *options,
                        lac_eval_report *report, lac_error *err);
void lac_eval_report_free(lac_eval_report *report);
/* What can be refused before there is a network: sources without labels, other classes, too few labels of one. */
lac_status lac_eval_check(const lac_eval_options *options, lac_error *err);

/* "k-NN (k 20), all labels", "linear, 10 labels a class, 5 draws" */
void lac_eval_title(const lac_eval_report *report, int table, char room[128]);
/* One object for one table; {"tables": [...]} for more. Checks out->failed itself. */
lac_status lac_eval_json(const lac_eval_report *report, lac_text *out, lac_error *err);

#endif
