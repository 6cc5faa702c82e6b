/* cli/cmd_eval.c - `lacuna eval`: which tables, of what, printed with their controls. What is measured: eval/table.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/screen.h"
#include "eval/table.h"

static const char *const tuning_options[] = {"lr",    "weight-decay", "layer-decay", "drop-path",
                                             "mixup", "cutmix",       "smoothing",   "erasing"};

/* What finetune and attentive are told; the standards are MAE's fine-tuning (arXiv 2111.06377, A.1) but for the epochs.
 */
static lac_status read_tuning(const lac_args *args, lac_eval_options *o, bool is_whole, lac_error *err) {
    lac_tune_options *t = &o->tune;
    if (lac_args_has(args, "layer"))
        return lac_usage(err, "--layer: finetune and attentive train on the encoder's end; it is of knn and linear");
    LAC_TRY(lac_args_int(args, "epochs", 20, 1, &t->epochs, err));
    LAC_TRY(lac_args_int(args, "batch", 0, 1, &t->batch, err));
    LAC_TRY(lac_args_real(args, "lr", 0, 0, &t->lr, err));
    LAC_TRY(lac_args_real(args, "weight-decay", 0.05, 0, &t->weight_decay, err));
    LAC_TRY(lac_args_real(args, "layer-decay", 0.75, 0, &t->layer_decay, err));
    LAC_TRY(lac_args_real(args, "drop-path", 0.1, 0, &o->drop_path, err));
    LAC_TRY(lac_args_real(args, "mixup", is_whole ? 0.8 : 0, 0, &t->mix.mixup, err));
    LAC_TRY(lac_args_real(args, "cutmix", is_whole ? 1 : 0, 0, &t->mix.cutmix, err));
    LAC_TRY(lac_args_real(args, "smoothing", is_whole ? 0.1 : 0, 0, &t->mix.smoothing, err));
    LAC_TRY(lac_args_real(args, "erasing", is_whole ? 0.25 : 0, 0, &t->mix.erasing, err));
    if (lac_args_has(args, "lr") && !(t->lr > 0)) return lac_usage(err, "--lr: expected a number above 0");
    if (!(t->layer_decay > 0) || t->layer_decay > 1)
        return lac_usage(err, "--layer-decay: expected a number above 0, at most 1");
    if (o->drop_path >= 1) return lac_usage(err, "--drop-path: expected a number below 1");
    if (t->mix.mixup > 100 || t->mix.cutmix > 100) return lac_usage(err, "--mixup, --cutmix: expected at most 100");
    if (t->mix.smoothing >= 1) return lac_usage(err, "--smoothing: expected a number below 1");
    if (t->mix.erasing > 1) return lac_usage(err, "--erasing: expected at most 1");
    if (!is_whole &&
        (lac_args_has(args, "layer-decay") || lac_args_has(args, "drop-path") || lac_args_has(args, "pool")))
        return lac_usage(err,
                         "--layer-decay, --drop-path and --pool are of finetune: attentive leaves the encoder as it "
                         "is and pools by attention");
    t->warmup = -1;
    return LAC_OK;
}

static lac_status refuse_tuning(const lac_args *args, const char *what, lac_error *err) {
    for (size_t i = 0; i < sizeof tuning_options / sizeof *tuning_options; i++)
        if (lac_args_has(args, tuning_options[i]))
            return lac_usage(err, "--%s: is of eval finetune and attentive, not of %s", tuning_options[i], what);
    return LAC_OK;
}

static lac_status choose_jobs(const lac_args *args, lac_eval_options *o, lac_error *err) {
    const char *what = lac_args_word(args, 0), *protocol = lac_args_text(args, "protocol");
    bool is_all = strcmp(what, "all") == 0, is_knn = strcmp(what, "knn") == 0;
    bool is_whole = strcmp(what, "finetune") == 0, is_attentive = strcmp(what, "attentive") == 0;
    if (!is_all && !is_knn && !is_whole && !is_attentive && strcmp(what, "linear") != 0)
        return lac_usage(err, "'%s': expected knn, linear, all, finetune or attentive", what);
    lac_eval_protocol linear = LAC_EVAL_LBFGS;
    if (protocol && strcmp(protocol, "bn-sgd") == 0)
        linear = LAC_EVAL_BN_SGD;
    else if (protocol && strcmp(protocol, "lbfgs") != 0)
        return lac_usage(err, "--protocol: expected lbfgs or bn-sgd, found '%s'", protocol);
    int64_t labels;
    LAC_TRY(lac_args_int(args, "labels", is_all ? 10 : 0, 1, &labels, err));
    o->n_jobs = is_all ? 3 : 1;
    if (is_whole || is_attentive) {
        o->job[0] = (lac_eval_job){is_whole ? LAC_EVAL_FINETUNE : LAC_EVAL_ATTENTIVE, labels};
        return read_tuning(args, o, is_whole, err);
    }
    o->job[0] = (lac_eval_job){is_all || is_knn ? LAC_EVAL_KNN : linear, is_all ? 0 : labels};
    o->job[1] = (lac_eval_job){linear, 0};
    o->job[2] = (lac_eval_job){linear, labels};
    return refuse_tuning(args, what, err);
}

static lac_status read_options(const lac_args *args, lac_eval_options *o, lac_error *err) {
    *o = (lac_eval_options){.data = lac_args_text(args, "data"), .test = lac_args_text(args, "test")};
    if (!o->data) return lac_usage(err, "--data is missing: the labelled pictures to measure on");
    LAC_TRY(choose_jobs(args, o, err));
    const char *pool = lac_args_text(args, "pool"), *optimizer = lac_args_text(args, "optimizer");
    if (pool && (!lac_pooling_parse(pool, &o->pooling) || o->pooling == LAC_POOLING_PATCH))
        return lac_usage(err, "--pool: expected mean or cls, found '%s'", pool);
    if (optimizer && strcmp(optimizer, "lars") != 0 && strcmp(optimizer, "sgd") != 0)
        return lac_usage(err, "--optimizer: expected sgd or lars, found '%s'", optimizer);
    o->is_lars = optimizer && strcmp(optimizer, "lars") == 0;
    int64_t layer, seeds, seed;
    LAC_TRY(lac_args_int(args, "layer", 0, 0, &layer, err));
    LAC_TRY(lac_args_int(args, "seeds", o->job[0].protocol >= LAC_EVAL_FINETUNE ? 3 : 5, 1, &seeds, err));
    LAC_TRY(lac_args_int(args, "seed", 0, 0, &seed, err));
    LAC_TRY(lac_args_loaders(args, lac_usable_threads(), &o->n_loaders, err));
    LAC_TRY(lac_args_int(args, "k", 20, 1, &o->k, err));
    LAC_TRY(lac_args_int(args, "train-limit", 0, 1, &o->train_limit, err));
    LAC_TRY(lac_args_int(args, "epochs", 90, 1, &o->epochs, err));
    LAC_TRY(lac_args_int(args, "crops", 4, 0, &o->crops, err));
    LAC_TRY(lac_args_int(args, "batch", 64, 1, &o->batch, err));
    if (layer > 100000 || seeds > 100000) return lac_usage(err, "--layer or --seeds: far too many");
    o->layer = (int)layer;
    o->n_seeds = (int)seeds;
    o->seed = (uint64_t)seed;
    return LAC_OK;
}

static lac_status print_table(const lac_eval_report *r, int index, lac_error *err) {
    const lac_eval_table *t = &r->table[index];
    bool has_note = false;
    for (int i = 0; i < t->n_rows; i++)
        has_note = has_note || !t->row[i].is_converged;
    int columns = 3 + (t->n_seeds > 1) + has_note;
    lac_table *table;
    LAC_TRY(lac_table_new(columns, &table, err));
    char title[128];
    lac_eval_title(r, index, title);
    lac_table_cell(table, "%s", title);
    lac_table_cell(table, "values");
    lac_table_cell(table, "accuracy %%");
    if (t->n_seeds > 1) lac_table_cell(table, "deviation");
    if (has_note) lac_table_cell(table, "note");
    for (int i = 0; i < t->n_rows; i++) {
        const lac_eval_row *row = &t->row[i];
        lac_table_cell(table, "%s", row->name);
        lac_table_cell(table, "%" PRId64, row->d);
        lac_table_cell(table, "%.2f", row->accuracy);
        if (t->n_seeds > 1) lac_table_cell(table, "%.2f", row->deviation);
        if (has_note && row->is_converged)
            lac_table_cell(table, "converged");
        else if (has_note)
            lac_table_cell(table, "not converged: gradient %.1e after %d iterations", row->gradient, row->iterations);
    }
    printf("\n");
    lac_table_print(table);
    lac_table_free(table);
    return LAC_OK;
}

static lac_status print_report(const lac_eval_report *r, lac_error *err) {
    const lac_eval_protocol protocol = r->options.job[0].protocol;
    printf("model  %s (step %" PRId64 "), ", r->model, r->step);
    if (protocol == LAC_EVAL_ATTENTIVE)
        printf("a learned query over the patch tokens of the frozen encoder\n");
    else if (protocol == LAC_EVAL_FINETUNE)
        printf("all of it trained on the %s\n",
               r->options.pooling == LAC_POOLING_MEAN ? "patch tokens' mean" : "class token");
    else if (r->options.layer)
        printf("features: %s, block %d\n",
               r->options.pooling == LAC_POOLING_MEAN ? "mean of the patch tokens" : "class token", r->options.layer);
    else
        printf("features: %s, last layer\n",
               r->options.pooling == LAC_POOLING_MEAN ? "mean of the patch tokens" : "class token");
    printf("train  %s: %" PRId64 " pictures, %d classes\n", r->train, r->n_train, r->classes);
    printf("test   %s: %" PRId64 " pictures%s\n", r->test, r->n_test,
           r->is_split        ? ", a fifth of every class held out, as there is no test split"
           : !r->options.test ? ", its own test split"
                              : "");
    for (int i = 0; i < r->n_tables; i++)
        LAC_TRY(print_table(r, i, err));
    return LAC_OK;
}

static lac_status publish(const lac_args *args, const lac_eval_report *r, lac_error *err) {
    lac_text json = {0};
    const char *out = lac_args_text(args, "out");
    lac_status status = lac_eval_json(r, &json, err);
    if (status == LAC_OK && out) status = lac_file_write(out, json.data, json.bytes, err);
    if (status == LAC_OK) {
        if (lac_args_json(args))
            fputs(json.data, stdout);
        else
            status = print_report(r, err);
    }
    lac_text_free(&json);
    return status;
}

static lac_status run(const lac_args *args, lac_error *err) {
    lac_eval_options o;
    LAC_TRY(read_options(args, &o, err));
    lac_screen s = {.args = args};
    o.on_broken = lac_screen_left_out;
    o.on_progress = lac_screen_stage;
    o.context = &s;
    lac_pool *pool = NULL;
    const lac_backend *backend;
    LAC_TRY(lac_args_machine(args, &pool, &backend, err));
    lac_model *model = NULL;
    lac_eval_report report = {0};
    lac_status status = lac_model_open(lac_args_word(args, 1), LAC_F32, &model, err);
    if (status == LAC_OK) {
        if (model->note) lac_note(args, "%s", model->note);
        lac_status_line_begin(&s.line, args);
        status = lac_evaluate(model, backend, pool, &o, &report, err);
        lac_status_line_end(&s.line);
    }
    if (status == LAC_OK) status = publish(args, &report, err);
    lac_eval_report_free(&report);
    lac_model_free(model);
    lac_pool_free(pool);
    return status;
}

static const lac_option options[] = {
    {"data", "SOURCE", "labelled pictures to train the probe on"},
    {"test", "SOURCE", "pictures to test it on (default: SOURCE's own test split, else a stratified fifth of it)"},
    {"labels", "N", "train on N labels a class only (default: all; eval all: 10)"},
    {"seeds", "N", "draws of those labels (default 5); of finetune and attentive, trainings (3): mean and deviation"},
    {"pool", "mean|cls", "one vector a picture from its patch tokens' mean (default) or its class token"},
    {"layer", "K", "features after block K (default 0: the last, after the final norm)"},
    {"k", "K", "neighbours of k-NN (default 20)"},
    {"train-limit", "N", "at most N training pictures, stratified"},
    {"protocol", "lbfgs|bn-sgd", "linear probe: logistic regression (default) or batch norm and SGD"},
    {"optimizer", "sgd|lars", "of bn-sgd (default sgd)"},
    {"epochs", "N", "of bn-sgd (default 90), finetune and attentive (20)"},
    {"crops", "N",
     "of bn-sgd: random crops a picture, seen in turn (default 4; 0: none; as many as epochs: always new)"},
    {"batch", "N",
     "at most N pictures a run of the encoder (64; results do not depend on it); finetune, attentive: a step (128)"},
    {"lr", "X", "of finetune and attentive: peak rate for 256 pictures a step (default 4e-3 x 96 / width)"},
    {"weight-decay", "X", "of finetune and attentive (default .05)"},
    {"layer-decay", "X", "of finetune: each layer's rate is this times that above it (default .75; from scratch: 1)"},
    {"drop-path", "X", "of finetune: rising to this in the last block (default .1)"},
    {"mixup", "A", "lambda ~ Beta(A, A) (finetune: .8, attentive: 0, which is without)"},
    {"cutmix", "A", "the same for rectangles (finetune: 1, attentive: 0); with both, half of the batches each"},
    {"smoothing", "E", "of labels (finetune: .1, attentive: 0)"},
    {"erasing", "P", "chance that a rectangle of a picture becomes noise (finetune: .25, attentive: 0)"},
    {"loaders", "N", "threads that decode pictures"},
    {"out", "FILE", "also write the result as JSON to FILE"},
    {0},
};

const lac_command lac_command_eval = {
    .name = "eval",
    .usage = "knn|linear|all|finetune|attentive RUN|MODEL --data SOURCE",
    .summary = "measure what was learned: k-NN, linear and attentive probes, fine-tuning, beside controls",
    .details =
        "A table of features has three rows: the trained ones, those of the same network before training, and raw\n"
        "pixels. k-NN: cosine, votes exp(similarity/.07). Linear: logistic regression on standardised features,\n"
        "scikit-learn's objective (C = 1), to gradient 1e-5; or the stochastic protocol of the papers (bn-sgd).\n"
        "all: both, and the linear probe with a few labels a class. finetune: the whole network is trained on the\n"
        "labels, beside the same network from scratch. attentive: a query learns what to attend to in the frozen\n"
        "encoder's patch tokens, beside the untrained encoder's. MODEL is a checkpoint file or a Hugging Face ViTMAE\n"
        "folder. Protocols: docs/evaluation.md.",
    .examples = "lacuna eval all runs/demo --data fashion-mnist\n"
                "lacuna eval knn runs/photos --data photos --k 10 --pool cls\n"
                "lacuna eval finetune runs/demo --data fashion-mnist --train-limit 5000 --epochs 10\n"
                "lacuna eval linear runs/photos --data photos/train --test photos/val --labels 10 --seeds 5 --json",
    .options = options,
    .min_words = 2,
    .max_words = 2,
    .run = run,
};
