/* cli/atlas_tree.c - `lacuna atlas tree`: the taxonomy. */
#include "atlas/ask.h"
#include "base/memory.h"
#include "cli/atlas.h"

static lac_status ask(const lac_args *args, sqlite3 *db, lac_answer **answer, lac_error *err) {
    if (lac_args_words(args) == 0) return lac_ask_tree(db, NULL, answer, err);
    char *node;
    LAC_TRY(lac_atlas_words(args, 0, &node, err));
    lac_status status = lac_ask_tree(db, node, answer, err);
    lac_free(node);
    return status;
}

static lac_status run(const lac_args *args, lac_error *err) {
    return lac_atlas_answer(args, ask, NULL, err);
}

static const lac_option options[] = {LAC_ATLAS_CSV, {0}};

const lac_command lac_atlas_command_tree = {
    .name = "atlas tree",
    .usage = "[NODE]",
    .summary = "the survey's taxonomy, with the number of papers of each dimension and category",
    .details =
        "A paper sits in one category, and a category may join several dimensions: these follow below the six "
        "dimensions, and a paper counts for each dimension of its category. NODE: this node, by its name or id, and "
        "what is below it.",
    .examples = "lacuna atlas tree\nlacuna atlas tree masking\nlacuna atlas tree --json",
    .options = options,
    .min_words = 0,
    .max_words = -1,
    .run = run,
};
