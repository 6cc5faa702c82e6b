/* cli/cmd_pretrain.c - `lacuna pretrain`. What it shares with other commands that train: cli/training.h; what a run is
 * and does: train/pretrain.h. */
#include "cli/training.h"

static lac_status run(const lac_args *args, lac_error *err) {
    lac_pretrain_result result = {0};
    LAC_TRY(lac_training_run(args, &result, err));
    return lac_training_report(args, "pretrain", &result, err);
}

static const lac_option options[] = {LAC_TRAINING_OPTIONS, {0}};

const lac_command lac_command_pretrain = {
    .name = "pretrain",
    .usage = "[RECIPE] --data SOURCE --out RUN [--steps N | --epochs N | --budget TIME]",
    .summary = "train a network on pictures without labels; resumes if RUN exists",
    .details = "RECIPE is a file or a shipped recipe's name (lacuna methods lists them). RUN gets recipe.yaml as "
               "resolved, run.json,\n"
               "log.jsonl and checkpoints/. The same command again resumes a run, killed at any moment, to the same "
               "bits as if it\n"
               "had not been; threads, loaders and paths may change, recipe, data and number of steps may not.\n"
               "\n"
               "Without RECIPE one is chosen for the pictures and --budget - their size, patches, network, batch - by "
               "measuring\n"
               "a few steps of some sizes; what and why is said, and kept in RUN (recipe.yaml, choice.txt). RUN's own "
               "goes on.\n"
               "\n"
               "Ctrl-C or SIGTERM finishes the step, saves, says how to resume and exits with 1, since the run is not "
               "finished; a\n"
               "second one ends the program at once. --stop-after exits with 0. Exit status: 0 done, finished before "
               "or paused;\n"
               "1 failed or stopped; 2 bad options, recipe, or a run begun with others.",
    .examples =
        "lacuna pretrain demo --data fashion-mnist --out runs/first --budget 8m\n"
        "lacuna pretrain --data ~/pictures --out runs/mine --budget 2h\n"
        "lacuna pretrain mae-vit-s16 --data ~/pictures --out runs/photos --epochs 200 --set checkpoint.every=500\n"
        "lacuna pretrain demo --data fashion-mnist --out runs/first --epochs 40 --extend",
    .options = options,
    .min_words = 0,
    .max_words = 1,
    .run = run,
};
