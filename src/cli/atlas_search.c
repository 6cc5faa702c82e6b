/* cli/atlas_search.c - `lacuna atlas search WORDS`. */
#include <stdio.h>

#include "atlas/ask.h"
#include "base/memory.h"
#include "cli/atlas.h"
#include "cli/fit.h"

static lac_status ask(const lac_args *args, sqlite3 *db, lac_answer **answer, lac_error *err) {
    int64_t most;
    char *words;
    bool is_any;
    LAC_TRY(lac_args_int(args, "limit", 10, 1, &most, err));
    LAC_TRY(lac_atlas_words(args, 0, &words, err));
    lac_status status = lac_ask_search(db, words, most, answer, &is_any, err);
    lac_free(words);
    if (status == LAC_OK && is_any)
        lac_note(args, (*answer)->n_rows ? "no paper has all of the words; these have some of them"
                                         : "no paper has any of the words");
    return status;
}

static void show(const lac_args *args, const lac_answer *answer) {
    if (answer->n_rows == 0) lac_note(args, "no papers");
    for (size_t r = 0; r < answer->n_rows; r++) {
        const lac_value head[] = {{LAC_VALUE_TEXT, lac_answer_text(answer, r, "paper")}, {LAC_VALUE_TEXT, "  "},
                                  {LAC_VALUE_TEXT, lac_answer_text(answer, r, "year")},  {LAC_VALUE_TEXT, " "},
                                  {LAC_VALUE_TEXT, lac_answer_text(answer, r, "venue")}, {LAC_VALUE_TEXT, "  "},
                                  {LAC_VALUE_TEXT, lac_answer_text(answer, r, "title")}};
        const lac_value snippet = {LAC_VALUE_MARKED, lac_answer_text(answer, r, "snippet")};
        lac_fit_line(0, head, sizeof head / sizeof *head, true);
        lac_fit_line(4, &snippet, 1, false);
    }
}

static lac_status run(const lac_args *args, lac_error *err) {
    return lac_atlas_answer(args, ask, show, err);
}

static const lac_option options[] = {{"limit", "N", "at most so many papers; default 10"}, LAC_ATLAS_CSV, {0}};

const lac_command lac_atlas_command_search = {
    .name = "atlas search",
    .usage = "WORDS...",
    .summary = "papers by words of their title, name, summary and facets, best first",
    .details =
        "Full-text search, ranked by bm25; a name counts more than a title, a title more than a summary. Endings do "
        "not matter: masks finds masking. A word with signs in it, such as vit-b, is a phrase. All words must "
        "occur; where no paper has all, papers with some are shown and it is said. Quotes and operators have no "
        "meaning.",
    .examples = "lacuna atlas search attention guided masking\nlacuna atlas search point cloud --limit 30\n"
                "lacuna atlas search wavelet --json",
    .options = options,
    .min_words = 1,
    .max_words = -1,
    .run = run,
};
