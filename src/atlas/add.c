/* atlas/add.c - adding: which papers are new, what is set, what is guessed, and one write for all. */
#include "atlas/add.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "atlas/add_private.h"
#include "atlas/atlas.h"
#include "base/memory.h"

static const lac_answer_column paper_columns[] = {{"outcome", LAC_FOR_ALL},
                                                  {"key", LAC_FOR_ALL},
                                                  {"paper", LAC_FOR_ALL},
                                                  {"reason", LAC_FOR_ALL},
                                                  {"title", LAC_FOR_ALL}};
static const lac_answer_column facet_columns[] = {
    {"paper", LAC_FOR_PROGRAMS}, {"facet", LAC_FOR_ALL}, {"value", LAC_FOR_ALL}, {"from", LAC_FOR_ALL},
    {"confidence", LAC_FOR_ALL}, {"near", LAC_FOR_ALL},  {"right", LAC_FOR_ALL}, {"commonest", LAC_FOR_ALL}};

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

typedef struct job {
    const lac_bib *bib;
    const lac_add_options *options;
    lac_add_result *result;
    const lac_table_schema *schema;
    const char *set[LAC_MOST_COLUMNS]; /* NULL: not set */
    sqlite3 *db;
    lac_arena *arena;
    lac_known *known;
    lac_layer *layer;
    lac_suggester *suggester; /* made for the first new paper */
    lac_error *err;
} job;

static lac_value text(const char *t) {
    return (lac_value){*t ? LAC_VALUE_TEXT : LAC_VALUE_NONE, t};
}

/* ---- what is set ---- */

static bool is_facet(const char *name) {
    for (int f = 0; f < LAC_N_FACETS; f++)
        if (strcmp(name, lac_facet_names[f]) == 0) return true;
    return false;
}

/* A category by its name or by its node ("masking+target"). */
static lac_status find_category(job *j, const char *value, const char **name) {
    static const char sql[] = "SELECT name FROM taxonomy WHERE level = 'category' AND ?1 IN (name, node)";
    lac_answer *found;
    LAC_TRY(lac_answer_ask(j->db, sql, &value, 1, &found, j->err));
    *name = found->n_rows ? lac_arena_text(j->arena, found->rows[0][0].text) : "";
    lac_answer_free(found);
    if (!*name) return lac_no_memory(j->err, "--set");
    if (**name) return LAC_OK;
    return lac_usage(j->err, "--set: category: '%.60s' is neither name nor node of one (lacuna atlas tree lists them)",
                     value);
}

static lac_status take_set(job *j, const char *set) {
    const char *equals = strchr(set, '=');
    char name[32] = "";
    if (equals && (size_t)(equals - set) < sizeof name) snprintf(name, sizeof name, "%.*s", (int)(equals - set), set);
    if (!is_facet(name) && strcmp(name, "short") != 0 && strcmp(name, "code") != 0) {
        lac_text all = {0};
        for (int f = 0; f < LAC_N_FACETS; f++)
            lac_text_add(&all, "%s, ", lac_facet_names[f]);
        if (all.failed)
            lac_no_memory(j->err, "--set");
        else
            lac_usage(j->err, "--set: expected FACET=VALUE with one of %sshort, code, found '%.60s'", all.data, set);
        const lac_status status = all.failed ? LAC_FAILURE : LAC_USAGE;
        lac_text_free(&all);
        return status;
    }
    const int c = lac_schema_column(j->schema, name);
    const char *value = equals + 1;
    const lac_status status = lac_layer_check(&j->schema->columns[c], value, j->err);
    if (status != LAC_OK) return lac_context(j->err, "--set");
    if (strcmp(name, "category") == 0 && *value) LAC_TRY(find_category(j, value, &value));
    if (strcmp(name, "short") == 0 && lac_known_has_short(j->known, value))
        return lac_usage(j->err, "--set: short: '%.60s' is another paper's", value);
    j->set[c] = value;
    return LAC_OK;
}

static lac_status take_sets(job *j) {
    for (int i = 0; i < j->options->n_sets; i++)
        LAC_TRY(take_set(j, j->options->sets[i]));
    return LAC_OK;
}

/* ---- facets ---- */

static lac_status tell_facet(job *j, const char *id, int f, const char *value, const char *from,
                             const lac_guess *guess) {
    char numbers[4][32] = {"", "", "", ""};
    if (guess) {
        const lac_suggest_accuracy *a = lac_suggester_accuracy(j->suggester, (lac_facet)f);
        const double values[4] = {guess->confidence, guess->near, a->ridge, a->majority};
        for (int i = 0; i < 4; i++)
            snprintf(numbers[i], sizeof numbers[i], "%.2f", values[i]);
    }
    lac_value row[8] = {text(id), text(lac_facet_names[f]), text(value), text(from)};
    for (int i = 0; i < 4; i++)
        row[4 + i] = (lac_value){guess ? LAC_VALUE_NUMBER : LAC_VALUE_NONE, numbers[i]};
    return lac_answer_add(j->result->facets, row, j->err);
}

/* The guesses that are sure enough, joined by ';'; of facets with one value the first. "" where there is none. */
static lac_status join_guesses(job *j, int f, const lac_suggestion *s, const char **cell) {
    const lac_column *column = &j->schema->columns[lac_schema_column(j->schema, lac_facet_names[f])];
    const size_t most = column->flags & LAC_COLUMN_LIST ? s->facets[f].n : 1;
    *cell = "";
    for (size_t i = 0; i < most && *cell; i++) {
        const lac_guess *g = &s->facets[f].guess[i];
        if (g->confidence < j->options->confidence) continue;
        *cell = **cell ? lac_arena_format(j->arena, "%s;%s", *cell, g->word) : g->word;
    }
    return *cell ? LAC_OK : lac_no_memory(j->err, "facets");
}

static lac_status fill_facets(job *j, const lac_bib_entry *e, const char **cells) {
    lac_suggestion s;
    const bool guesses = j->options->confidence <= 1;
    bool is_guessed = false;
    if (guesses && !j->suggester) LAC_TRY(lac_suggester_new(j->db, &j->suggester, j->err));
    if (guesses) LAC_TRY(lac_suggest(j->suggester, e->title, e->abstract, &s, j->err));
    for (int f = 0; f < LAC_N_FACETS; f++) {
        const int c = lac_schema_column(j->schema, lac_facet_names[f]);
        if (j->set[c]) {
            cells[c] = j->set[c];
            LAC_TRY(tell_facet(j, cells[0], f, cells[c], "set", NULL));
            continue;
        }
        if (!guesses) continue;
        LAC_TRY(join_guesses(j, f, &s, &cells[c]));
        is_guessed = is_guessed || *cells[c];
        const lac_guess *first = &s.facets[f].guess[0];
        LAC_TRY(
            tell_facet(j, cells[0], f, *cells[c] ? cells[c] : first->word, *cells[c] ? "guess" : "not sure", first));
    }
    if (is_guessed) cells[lac_schema_column(j->schema, "basis")] = LAC_LAYER_GUESSED;
    return LAC_OK;
}

/* ---- papers ---- */

static lac_status tell_paper(job *j, const lac_bib_entry *e, const char *outcome, const char *id, const char *reason) {
    const lac_value row[] = {text(outcome), text(e->key), text(id), text(reason), text(e->title)};
    if (strcmp(outcome, "added") == 0)
        j->result->n_added++;
    else
        j->result->n_skipped++;
    return lac_answer_add(j->result->papers, row, j->err);
}

static lac_status skip_known(job *j, const lac_bib_entry *e, const lac_known_match *m) {
    char reason[64];
    snprintf(reason, sizeof reason, "%s, same %s",
             m->is_fresh  ? "twice in the file"
             : m->is_user ? "yours already"
                          : "shipped",
             m->by);
    return tell_paper(j, e, "skipped", m->id, reason);
}

static lac_status add_entry(job *j, const lac_bib_entry *e) {
    const char *cells[LAC_MOST_COLUMNS];
    lac_known_match match;
    if (!*e->title) return tell_paper(j, e, "skipped", "", "no title");
    LAC_TRY(lac_known_find(j->known, e, &match, j->err));
    if (match.id) return skip_known(j, e, &match);
    if (j->set[1] && j->result->n_added)
        return lac_usage(j->err, "--set: short: expected one new paper, found more; choose one with --key");
    LAC_TRY(lac_add_cells(j->arena, e, j->known, j->set[1], cells, j->err));
    const int code = lac_schema_column(j->schema, "code");
    if (j->set[code]) cells[code] = j->set[code];
    LAC_TRY(fill_facets(j, e, cells));
    LAC_TRY(lac_known_put(j->known, e, cells[0], cells[1], j->err));
    LAC_TRY(lac_layer_append(j->layer, cells, j->err));
    return tell_paper(j, e, "added", cells[0], "");
}

static lac_status add_entries(job *j) {
    for (size_t i = 0; i < j->bib->n; i++)
        if (lac_bib_is_wanted(&j->bib->entries[i], j->options->keys, j->options->n_keys))
            LAC_TRY(add_entry(j, &j->bib->entries[i]));
    return LAC_OK;
}

static lac_status prepare(job *j) {
    LAC_TRY(lac_atlas_open(&j->db, j->err));
    j->arena = lac_arena_new();
    if (!j->arena) return lac_no_memory(j->err, "papers");
    LAC_TRY(lac_known_new(j->db, &j->known, j->err));
    LAC_TRY(lac_layer_read(j->result->path, &j->layer, j->err));
    LAC_TRY(take_sets(j));
    LAC_TRY(lac_answer_new(paper_columns, COUNT(paper_columns), &j->result->papers, j->err));
    return lac_answer_new(facet_columns, COUNT(facet_columns), &j->result->facets, j->err);
}

/* The lock is taken before the atlas is opened, so what is read is what will be replaced. */
lac_status lac_atlas_add(const lac_bib *bib, const lac_add_options *options, lac_add_result *result, lac_error *err) {
    job j = {.bib = bib,
             .options = options,
             .result = result,
             .schema = &lac_schema[lac_schema_table("papers")],
             .err = err};
    lac_lock *lock = NULL;
    *result = (lac_add_result){0};
    LAC_TRY(lac_bib_check_keys(bib, options->keys, options->n_keys, err));
    lac_status status = lac_layer_path(&result->path, err);
    if (status == LAC_OK && !options->dry_run) status = lac_layer_lock(result->path, &lock, err);
    if (status == LAC_OK) status = prepare(&j);
    if (status == LAC_OK) status = add_entries(&j);
    if (status == LAC_OK && !options->dry_run && result->n_added) status = lac_layer_write(j.layer, result->path, err);
    lac_suggester_free(j.suggester);
    lac_layer_free(j.layer);
    lac_known_free(j.known);
    lac_arena_free(j.arena);
    sqlite3_close(j.db);
    lac_lock_release(lock);
    if (status != LAC_OK) lac_add_result_free(result);
    return status;
}

void lac_add_result_free(lac_add_result *result) {
    lac_free(result->path);
    lac_answer_free(result->papers);
    lac_answer_free(result->facets);
    *result = (lac_add_result){0};
}
