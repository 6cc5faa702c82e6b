/* cli/training.h - what commands that train a recipe on pictures share. */
#ifndef LAC_CLI_TRAINING_H
#define LAC_CLI_TRAINING_H

#include "cli/cli.h"
#include "train/pretrain.h"

/* Word 0, if there is one, is the recipe; the options are LAC_TRAINING_OPTIONS. Progress on stderr; the first Ctrl-C or
 * SIGTERM lets the step finish and the run be saved. */
lac_status lac_training_run(const lac_args *args, lac_pretrain_result *result, lac_error *err);
/* One line or JSON about the result; LAC_FAILURE with the command that resumes, `lacuna NAME ...`, if it was stopped.
 */
lac_status lac_training_report(const lac_args *args, const char *name, const lac_pretrain_result *result,
                               lac_error *err);

#define LAC_TRAINING_OPTIONS                                                                                           \
    {"data", "SOURCE", "pictures: a folder, fashion-mnist, idx:IMAGES, cifar10:DIR (see lacuna data --help)"},         \
        {"out", "RUN", "the run's folder; made if absent, resumed if it is a run"}, {"steps", "N", "optimizer steps"}, \
        {"epochs", "N", "passes over the data (may be a fraction); default: the recipe's train.epochs"},               \
        {"budget", "TIME",                                                                                             \
         "as many steps as fit into 10m, 1h30m, ...: measured once, before step 1, and written down"},                 \
        {"batch", "N", "pictures a batch (train.batch)"},                                                              \
        {"loaders", "N", "threads that decode pictures; default: half the processors"},                                \
        {"stop-after", "TIME", "pause after this time: save, say how to go on, exit 0"},                               \
        {"extend", NULL, "let a run have more steps than it was planned for (with --steps or --epochs)"}, {            \
        "set", "KEY=VALUE", "override a key of the recipe, such as optim.lr=1e-3; may be repeated"                     \
    }

#endif
