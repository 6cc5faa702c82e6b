/* cli/atlas_add.c - `lacuna atlas add FILE.bib`: papers of one's own over the shipped ones. */
#include <stdio.h>
#include <string.h>

#include "atlas/add.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/atlas.h"
#include "cli/fit.h"

/* Values of a repeated option: lac_alloc'ed list. */
static lac_status values_of(const lac_args *args, const char *name, const char ***values, int *n, lac_error *err) {
    *n = lac_args_count(args, name);
    *values = lac_array((size_t)*n + 1, sizeof **values);
    if (!*values) return lac_no_memory(err, "options");
    for (int i = 0; i < *n; i++)
        (*values)[i] = lac_args_nth(args, name, i);
    return LAC_OK;
}

static void put_facets(const lac_args *args, const lac_add_result *result, const char *paper) {
    lac_answer part = *result->facets; /* rows of one paper: they lie together */
    size_t begin = 0, end;
    while (begin < part.n_rows && strcmp(lac_answer_text(&part, begin, "paper"), paper) != 0)
        begin++;
    for (end = begin; end < part.n_rows && strcmp(lac_answer_text(&part, end, "paper"), paper) == 0;)
        end++;
    part.rows += begin;
    part.n_rows = end - begin;
    lac_atlas_put_table(args, &part);
}

static void put_people(const lac_args *args, const lac_add_result *result, bool dry_run) {
    const lac_answer *papers = result->papers;
    if (papers->n_rows) lac_fit_table(papers);
    for (size_t r = 0; r < papers->n_rows; r++) {
        if (strcmp(lac_answer_text(papers, r, "outcome"), "added") != 0) continue;
        if (result->facets->n_rows == 0) continue; /* nothing was set or guessed */
        lac_fit_heading(lac_answer_text(papers, r, "paper"));
        put_facets(args, result, lac_answer_text(papers, r, "paper"));
    }
    printf("%s%zu %s, %zu skipped: ", papers->n_rows ? "\n" : "", result->n_added, dry_run ? "would be added" : "added",
           result->n_skipped);
    lac_value path = {LAC_VALUE_TEXT, result->path};
    lac_fit_whole(&path);
    if (result->n_added && !lac_args_has(args, "no-guess"))
        lac_note(args, "confidence: how often guesses as sure are right; right: how often the first guess is, on "
                       "shipped papers left "
                       "out; commonest: how often the commonest word would be");
}

static lac_status put_json(const lac_add_result *result, bool dry_run, lac_error *err) {
    lac_text text = {0};
    lac_text_add(&text, "{\n  \"layer\": ");
    lac_json_put_text(&text, result->path);
    lac_text_add(&text, ",\n  \"dry_run\": %s,\n  \"added\": %zu,\n  \"skipped\": %zu,\n  \"papers\": ",
                 dry_run ? "true" : "false", result->n_added, result->n_skipped);
    lac_answer_json(result->papers, 2, false, &text);
    lac_text_add(&text, ",\n  \"facets\": ");
    lac_answer_json(result->facets, 2, false, &text);
    lac_text_add(&text, "\n}\n");
    return lac_atlas_put_text(&text, err);
}

static lac_status take_confidence(const lac_args *args, double *value, lac_error *err) {
    LAC_TRY(lac_args_real(args, "confidence", 0.5, 0, value, err));
    if (*value > 1)
        return lac_usage(err, "--confidence: expected a share from 0 to 1, found '%s'",
                         lac_args_text(args, "confidence"));
    if (lac_args_has(args, "no-guess")) *value = 2;
    return LAC_OK;
}

static lac_status run(const lac_args *args, lac_error *err) {
    lac_bib *bib = NULL;
    lac_add_result result = {0};
    lac_add_options options = {.dry_run = lac_args_has(args, "dry-run")};
    const char **sets = NULL, **keys = NULL;
    lac_status status = take_confidence(args, &options.confidence, err);
    if (status == LAC_OK) status = values_of(args, "set", &sets, &options.n_sets, err);
    if (status == LAC_OK) status = values_of(args, "key", &keys, &options.n_keys, err);
    options.sets = sets;
    options.keys = keys;
    if (status == LAC_OK) status = lac_bib_read(lac_args_word(args, 0), &bib, err);
    if (status == LAC_OK) status = lac_atlas_add(bib, &options, &result, err);
    if (status == LAC_OK && lac_args_json(args))
        status = put_json(&result, options.dry_run, err);
    else if (status == LAC_OK)
        put_people(args, &result, options.dry_run);
    lac_add_result_free(&result);
    lac_bib_free(bib);
    lac_free(sets);
    lac_free(keys);
    return status;
}

static const lac_option options[] = {
    {"set", "FACET=VALUE",
     "a facet of all papers added, in place of a guess; several values with ';'; may be given again"},
    {"key", "KEY", "only the entry with this citation key; may be given again"},
    {"confidence", "P", "write guesses that are right in at least this share of cases; default 0.5"},
    {"no-guess", NULL, "leave facets that are not set unknown"},
    {"dry-run", NULL, "say what would be added, write nothing"},
    {0},
};

const lac_command lac_atlas_command_add = {
    .name = "atlas add",
    .usage = "FILE.bib [--set FACET=VALUE]... [--key KEY]... [--confidence P] [--no-guess] [--dry-run]",
    .summary = "add papers of your own from a BibTeX file, with guesses at their facets",
    .details = "The papers go into your own layer, lacuna/atlas/papers.tsv in the folder XDG_DATA_HOME (default "
               "~/.local/share), and "
               "from then on every question to the atlas sees them. A paper that is there already (same arXiv id, DOI "
               "or title) is "
               "skipped. Facets are guessed from title and abstract by a classifier that learnt from the shipped "
               "papers; a guess is "
               "written where it is sure enough, and the paper's basis says so.\n"
               "FACET is category, family, modality, masking, target, objective, architecture or tasks; short and code "
               "can be set too.",
    .examples =
        "lacuna atlas add new.bib --dry-run\n"
        "lacuna atlas add new.bib\n"
        "lacuna atlas add new.bib --key smith2025 --set \"masking=random;block\" --set category=masking+target\n"
        "lacuna atlas remove smith2025",
    .options = options,
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
