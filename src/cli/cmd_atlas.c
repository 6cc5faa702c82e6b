/* cli/cmd_atlas.c - `lacuna atlas VERB`: the table of its verbs. Each verb is a file atlas_VERB.c. */
#include "cli/atlas.h"

static const lac_command *const verbs[] = {
    &lac_atlas_command_search,   &lac_atlas_command_show,    &lac_atlas_command_list,
    &lac_atlas_command_tree,     &lac_atlas_command_forms,   &lac_atlas_command_results,
    &lac_atlas_command_datasets, &lac_atlas_command_gaps,    &lac_atlas_command_timeline,
    &lac_atlas_command_cluster,  &lac_atlas_command_page,    &lac_atlas_command_add,
    &lac_atlas_command_remove,   &lac_atlas_command_suggest, &lac_atlas_command_sql,
    &lac_atlas_command_export,   &lac_atlas_command_check,   NULL,
};

static lac_status run(const lac_args *args, lac_error *err) {
    (void)args;
    return lac_usage(err, "the verb comes first: lacuna atlas VERB ... (lacuna atlas --help lists the verbs)");
}

const lac_command lac_command_atlas = {
    .name = "atlas",
    .usage = "VERB ...",
    .summary = "the literature of masked image modeling: search it, list it, ask it",
    .details =
        "The tables of the survey \"Masked Image Modeling: A Survey\" (arXiv 2408.06687) and of what was published "
        "beside it: papers with summaries and facets, the taxonomy, the generic forms, data sets, results with their "
        "sources, open directions. They are part of the program: no file and no network is needed. "
        "lacuna atlas VERB --help has the options and examples of each verb.",
    .examples = "lacuna atlas search masking by attention\nlacuna atlas show MAE\n"
                "lacuna atlas list --masking attention-guided --year 2023..\n"
                "lacuna atlas results imagenet1k-finetune --backbone vit-b",
    .min_words = 1,
    .max_words = -1,
    .run = run,
    .verbs = verbs,
};
