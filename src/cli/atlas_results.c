/* cli/atlas_results.c - `lacuna atlas results BENCHMARK`: published figures and where they were seen. */
#include "atlas/ask.h"
#include "cli/atlas.h"

static lac_status ask(const lac_args *args, sqlite3 *db, lac_answer **answer, lac_error *err) {
    return lac_ask_results(db, lac_args_words(args) ? lac_args_word(args, 0) : NULL, lac_args_text(args, "backbone"),
                           lac_args_text(args, "paper"), answer, err);
}

static void show(const lac_args *args, const lac_answer *answer) {
    lac_atlas_put_table(args, answer);
    lac_atlas_put_sources(answer);
}

static lac_status run(const lac_args *args, lac_error *err) {
    return lac_atlas_answer(args, ask, show, err);
}

static const lac_option options[] = {
    {"backbone", "NAME", "only this network: vit-b is in ViT-B/16, ViT-B and ViT-B/16 (CLIP)"},
    {"paper", "NAME", "only this method"},
    LAC_ATLAS_CSV,
    {0},
};

const lac_command lac_atlas_command_results = {
    .name = "atlas results",
    .usage = "[BENCHMARK]",
    .summary = "figures of a benchmark, best first, each with its source",
    .details = "BENCHMARK is imagenet1k-finetune, coco-box, ade20k-miou, kinetics400 and so on; a part of a name "
               "(coco) means all "
               "benchmarks with it; without one, and without options, the benchmarks are listed. Protocols differ "
               "(fine-tuning "
               "recipe, detector, clips, extra labels): read the note of a row (--json, --csv) before comparing. A "
               "figure that "
               "was written down from memory is marked unchecked. kind: paper = the authors' figure, rerun = measured "
               "by others.",
    .examples = "lacuna atlas results imagenet1k-finetune --backbone vit-b\nlacuna atlas results coco --paper MAE\n"
                "lacuna atlas results\nlacuna atlas results ssv2 --csv",
    .options = options,
    .min_words = 0,
    .max_words = 1,
    .run = run,
};
