/* cli/atlas_sql.c - `lacuna atlas sql "SELECT ..."`: any question, read-only. */
#include "atlas/ask.h"
#include "cli/atlas.h"

static lac_status ask(const lac_args *args, sqlite3 *db, lac_answer **answer, lac_error *err) {
    double seconds;
    bool figures_unmarked;
    LAC_TRY(lac_args_seconds(args, "time", 30, &seconds, err));
    LAC_TRY(lac_ask_sql(db, lac_args_word(args, 0), seconds, answer, &figures_unmarked, err));
    if (figures_unmarked)
        lac_note(
            args,
            "results.value without results.status: figures of status 'memory' are unchecked; select the status too");
    return LAC_OK;
}

static lac_status run(const lac_args *args, lac_error *err) {
    return lac_atlas_answer(args, ask, NULL, err);
}

static const lac_option options[] = {
    {"time", "T", "stop after so long, as 90s or 5m; default 30s"}, LAC_ATLAS_CSV, {0}};

const lac_command lac_atlas_command_sql = {
    .name = "atlas sql",
    .usage = "\"SELECT ...\"",
    .summary = "one SELECT over the tables, read-only",
    .details =
        "Tables: papers, taxonomy, forms, datasets, results, methods_outside, gaps, timeline, clusters, with the "
        "columns of "
        "the files in atlas/ (docs/atlas.md); facets(paper, facet, word), recipes(recipe, arxiv), layers(paper, "
        "layer); "
        "papers_search(title, short, summary, facets) for FTS5's MATCH. SELECT sql FROM sqlite_schema shows them all. "
        "What writes, attaches or changes settings is refused; memory, time and the size of the answer are bounded.",
    .examples =
        "lacuna atlas sql \"SELECT year, count(*) FROM papers GROUP BY year\"\n"
        "lacuna atlas sql \"SELECT word, count(*) AS n FROM facets WHERE facet = 'target' GROUP BY word ORDER BY n "
        "DESC\"\n"
        "lacuna atlas sql \"SELECT paper, value, status FROM results WHERE benchmark = 'ssv2' ORDER BY value DESC "
        "LIMIT 5\" --csv",
    .options = options,
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
