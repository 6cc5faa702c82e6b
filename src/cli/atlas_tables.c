/* cli/atlas_tables.c - the verbs that print a table of the atlas whole: forms, datasets, gaps, timeline. */
#include <stdio.h>
#include <string.h>

#include "atlas/ask.h"
#include "cli/atlas.h"
#include "cli/fit.h"

static const lac_option options[] = {LAC_ATLAS_CSV, {0}};

/* Below each other: a line in bold, and prose. */
static void put_prose(const lac_answer *answer, size_t r, const char *const *head, const char *prose, bool is_first) {
    lac_text line = {0};
    for (const char *const *name = head; *name; name++)
        lac_text_add(&line, "%s%s", name == head ? "" : "  ", lac_answer_text(answer, r, *name));
    lac_value value = {LAC_VALUE_TEXT, line.failed ? "" : line.data};
    if (!is_first) putchar('\n');
    lac_fit_line(0, &value, 1, true);
    lac_fit_wrap(4, lac_answer_text(answer, r, prose));
    lac_text_free(&line);
}

static lac_status ask_forms(const lac_args *args, sqlite3 *db, lac_answer **answer, lac_error *err) {
    (void)args;
    return lac_ask_table(db, "forms", answer, err);
}

static void show_forms(const lac_args *args, const lac_answer *answer) {
    (void)args;
    const char *form = "";
    for (size_t r = 0; r < answer->n_rows; r++) {
        if (strcmp(form, lac_answer_text(answer, r, "form")) != 0) {
            form = lac_answer_text(answer, r, "form");
            lac_fit_heading(form);
        }
        char number[16];
        snprintf(number, sizeof number, "%.4s. ", lac_answer_text(answer, r, "number"));
        lac_text line = {0};
        lac_text_add(&line, "%s  [%s]", lac_answer_text(answer, r, "step"), lac_answer_text(answer, r, "symbols"));
        lac_fit_hang(6, number, line.failed ? "" : line.data);
        lac_text_free(&line);
    }
}

static lac_status run_forms(const lac_args *args, lac_error *err) {
    return lac_atlas_answer(args, ask_forms, show_forms, err);
}

static lac_status ask_datasets(const lac_args *args, sqlite3 *db, lac_answer **answer, lac_error *err) {
    (void)args;
    return lac_ask_table(db, "datasets", answer, err);
}

static lac_status run_datasets(const lac_args *args, lac_error *err) {
    return lac_atlas_answer(args, ask_datasets, NULL, err);
}

static lac_status ask_gaps(const lac_args *args, sqlite3 *db, lac_answer **answer, lac_error *err) {
    (void)args;
    return lac_ask_table(db, "gaps", answer, err);
}

static void show_gaps(const lac_args *args, const lac_answer *answer) {
    (void)args;
    static const char *const head[] = {"id", "title", NULL};
    for (size_t r = 0; r < answer->n_rows; r++)
        put_prose(answer, r, head, "description", r == 0);
}

static lac_status run_gaps(const lac_args *args, lac_error *err) {
    return lac_atlas_answer(args, ask_gaps, show_gaps, err);
}

static lac_status ask_timeline(const lac_args *args, sqlite3 *db, lac_answer **answer, lac_error *err) {
    (void)args;
    return lac_ask_table(db, "timeline", answer, err);
}

static void show_timeline(const lac_args *args, const lac_answer *answer) {
    (void)args;
    static const char *const head[] = {"date", "paper", "event", NULL};
    for (size_t r = 0; r < answer->n_rows; r++)
        put_prose(answer, r, head, "why", r == 0);
}

static lac_status run_timeline(const lac_args *args, lac_error *err) {
    return lac_atlas_answer(args, ask_timeline, show_timeline, err);
}

const lac_command lac_atlas_command_forms = {
    .name = "atlas forms",
    .usage = "",
    .summary = "the generic forms of a method, step by step: reconstruction, contrastive, hybrid",
    .details = "After Algorithms 1 and 2 of the survey and its section 3.3; symbols in brackets.",
    .examples = "lacuna atlas forms\nlacuna atlas forms --csv",
    .options = options,
    .run = run_forms,
};

const lac_command lac_atlas_command_datasets = {
    .name = "atlas datasets",
    .usage = "",
    .summary = "data sets of the survey: modality, sizes, classes, tasks",
    .details = "Numbers that were written down from memory are marked unchecked. --json and --csv have the addresses, "
               "sources and notes as well.",
    .examples = "lacuna atlas datasets\nlacuna atlas datasets --json",
    .options = options,
    .run = run_datasets,
};

const lac_command lac_atlas_command_gaps = {
    .name = "atlas gaps",
    .usage = "",
    .summary = "open directions that the survey names in its section 7",
    .examples = "lacuna atlas gaps\nlacuna atlas gaps --json",
    .options = options,
    .run = run_gaps,
};

const lac_command lac_atlas_command_timeline = {
    .name = "atlas timeline",
    .usage = "",
    .summary = "events of the field in order of date",
    .examples = "lacuna atlas timeline\nlacuna atlas timeline --csv",
    .options = options,
    .run = run_timeline,
};
