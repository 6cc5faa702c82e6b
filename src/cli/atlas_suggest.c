/* cli/atlas_suggest.c - `lacuna atlas suggest [FILE.bib]`: facets guessed for papers, and how good such guesses are. */
#include <stdio.h>
#include <string.h>

#include "atlas/add.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/atlas.h"
#include "cli/fit.h"

/* The rows of one key: they lie together. */
static lac_answer rows_of(const lac_answer *answer, const char *key) {
    lac_answer part = *answer;
    size_t begin = 0, end;
    while (begin < part.n_rows && strcmp(lac_answer_text(&part, begin, "key"), key) != 0)
        begin++;
    for (end = begin; end < part.n_rows && strcmp(lac_answer_text(&part, end, "key"), key) == 0;)
        end++;
    part.rows += begin;
    part.n_rows = end - begin;
    return part;
}

static void put_people(const lac_args *args, const lac_answer *guesses, const lac_answer *near) {
    for (size_t r = 0; r < guesses->n_rows;) {
        const char *key = lac_answer_text(guesses, r, "key");
        const lac_answer of_key = rows_of(guesses, key), near_key = rows_of(near, key);
        lac_fit_heading(key);
        lac_atlas_put_table(args, &of_key);
        printf("\n");
        if (near_key.n_rows)
            lac_atlas_put_table(args, &near_key);
        else
            printf("no shipped paper shares a word with it\n");
        r += of_key.n_rows;
    }
    lac_note(
        args,
        "confidence: how often guesses as sure are right; near: share of the five nearest papers; right: how often the "
        "first guess is, on shipped papers left out; commonest: how often the commonest word would be");
}

static lac_status put_json(const lac_answer *guesses, const lac_answer *near, lac_error *err) {
    lac_text text = {0};
    lac_text_add(&text, "{\n  \"guesses\": ");
    lac_answer_json(guesses, 2, false, &text);
    lac_text_add(&text, ",\n  \"near\": ");
    lac_answer_json(near, 2, false, &text);
    lac_text_add(&text, "\n}\n");
    return lac_atlas_put_text(&text, err);
}

static lac_status put_answer(const lac_args *args, lac_atlas_form form, const lac_answer *answer, lac_error *err) {
    lac_text text = {0};
    if (form == LAC_ATLAS_TABLE) {
        lac_atlas_put_table(args, answer);
        return LAC_OK;
    }
    if (form == LAC_ATLAS_JSON) {
        lac_answer_json(answer, 0, false, &text);
        lac_text_put(&text, "\n", 1);
    } else {
        lac_answer_csv(answer, &text);
    }
    return lac_atlas_put_text(&text, err);
}

static lac_status accuracies(const lac_args *args, lac_atlas_form form, lac_error *err) {
    lac_answer *answer;
    LAC_TRY(lac_suggest_accuracies(&answer, err));
    const lac_status status = put_answer(args, form, answer, err);
    lac_answer_free(answer);
    if (status == LAC_OK && form == LAC_ATLAS_TABLE)
        lac_note(
            args,
            "shares of shipped papers whose first guess is right, each paper left out: by the classifier, by the five "
            "nearest papers, by the commonest word");
    return status;
}

static lac_status guesses_of(const lac_args *args, lac_atlas_form form, lac_error *err) {
    const int n = lac_args_count(args, "key");
    const char **keys = lac_array((size_t)n + 1, sizeof *keys);
    lac_bib *bib = NULL;
    lac_answer *guesses = NULL, *near = NULL;
    lac_status status = keys ? LAC_OK : lac_no_memory(err, "options");
    for (int i = 0; i < n && keys; i++)
        keys[i] = lac_args_nth(args, "key", i);
    if (status == LAC_OK) status = lac_bib_read(lac_args_word(args, 0), &bib, err);
    if (status == LAC_OK) status = lac_atlas_suggest(bib, keys, n, &guesses, &near, err);
    if (status == LAC_OK && form == LAC_ATLAS_TABLE)
        put_people(args, guesses, near);
    else if (status == LAC_OK && form == LAC_ATLAS_JSON)
        status = put_json(guesses, near, err);
    else if (status == LAC_OK)
        status = put_answer(args, form, guesses, err);
    lac_answer_free(guesses);
    lac_answer_free(near);
    lac_bib_free(bib);
    lac_free(keys);
    return status;
}

static lac_status run(const lac_args *args, lac_error *err) {
    lac_atlas_form form = LAC_ATLAS_TABLE;
    LAC_TRY(lac_atlas_form_of(args, &form, err));
    if (lac_args_words(args)) return guesses_of(args, form, err);
    if (lac_args_has(args, "key")) return lac_usage(err, "--key needs a FILE.bib");
    return accuracies(args, form, err);
}

static const lac_option options[] = {
    {"key", "KEY", "only the entry with this citation key; may be given again"}, LAC_ATLAS_CSV, {0}};

const lac_command lac_atlas_command_suggest = {
    .name = "atlas suggest",
    .usage = "[FILE.bib] [--key KEY]...",
    .summary = "guess facets of papers in a BibTeX file; without one: how often guesses are right",
    .details = "From title and abstract: the nearest shipped papers by TF-IDF, and one ridge classifier a word, learnt "
               "from the shipped "
               "papers. Nothing is written; lacuna atlas add does.",
    .examples =
        "lacuna atlas suggest\nlacuna atlas suggest new.bib\nlacuna atlas suggest new.bib --key smith2025 --json",
    .options = options,
    .min_words = 0,
    .max_words = 1,
    .run = run,
};
