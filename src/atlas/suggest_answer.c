/* atlas/suggest_answer.c - guesses as rows, for people and programs. */
#include <stdio.h>
#include <string.h>

#include "atlas/add_private.h"
#include "atlas/atlas.h"
#include "base/memory.h"
#include "base/text.h"

static const double least_second = 0.2; /* confidence of a second guess that is worth telling */

static const lac_answer_column guess_columns[] = {
    {"key", LAC_FOR_PROGRAMS}, {"facet", LAC_FOR_ALL}, {"guess", LAC_FOR_ALL},     {"confidence", LAC_FOR_ALL},
    {"near", LAC_FOR_ALL},     {"right", LAC_FOR_ALL}, {"commonest", LAC_FOR_ALL}, {"score", LAC_FOR_PROGRAMS}};
static const lac_answer_column near_columns[] = {
    {"key", LAC_FOR_PROGRAMS}, {"paper", LAC_FOR_ALL}, {"cosine", LAC_FOR_ALL}, {"title", LAC_FOR_ALL}};
static const lac_answer_column accuracy_columns[] = {
    {"facet", LAC_FOR_ALL}, {"papers", LAC_FOR_ALL},    {"words", LAC_FOR_ALL}, {"right", LAC_FOR_ALL},
    {"near", LAC_FOR_ALL},  {"commonest", LAC_FOR_ALL}, {"word", LAC_FOR_ALL}};

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

typedef struct figure {
    char text[32];
} figure;

static figure share(double value) {
    figure f;
    snprintf(f.text, sizeof f.text, "%.2f", value);
    return f;
}

static figure count(size_t n) {
    figure f;
    snprintf(f.text, sizeof f.text, "%zu", n);
    return f;
}

static lac_value number(const figure *f) {
    return (lac_value){LAC_VALUE_NUMBER, f->text};
}

static lac_value text(const char *t) {
    return (lac_value){*t ? LAC_VALUE_TEXT : LAC_VALUE_NONE, t};
}

lac_status lac_suggest_rows(const lac_suggester *suggester, const char *key, const lac_suggestion *s,
                            lac_answer *guesses, lac_answer *near, lac_error *err) {
    for (lac_facet f = 0; f < LAC_N_FACETS; f++) {
        const lac_suggest_accuracy *accuracy = lac_suggester_accuracy(suggester, f);
        const figure right = share(accuracy->ridge), commonest = share(accuracy->majority);
        for (size_t i = 0; i < s->facets[f].n; i++) {
            const lac_guess *g = &s->facets[f].guess[i];
            if (i > 0 && g->confidence < least_second) continue;
            const figure confidence = share(g->confidence), votes = share(g->near), score = share(g->score);
            const lac_value row[] = {text(key),      text(lac_facet_names[f]), text(g->word),      number(&confidence),
                                     number(&votes), number(&right),           number(&commonest), number(&score)};
            LAC_TRY(lac_answer_add(guesses, row, err));
        }
    }
    for (size_t k = 0; near && k < s->n_near; k++) {
        const figure cosine = share(s->near[k].cosine);
        const lac_value row[] = {text(key), text(s->near[k].name), number(&cosine), text(s->near[k].title)};
        LAC_TRY(lac_answer_add(near, row, err));
    }
    return LAC_OK;
}

bool lac_bib_is_wanted(const lac_bib_entry *entry, const char *const *keys, int n_keys) {
    for (int i = 0; i < n_keys; i++)
        if (strcmp(entry->key, keys[i]) == 0) return true;
    return n_keys == 0;
}

lac_status lac_bib_check_keys(const lac_bib *bib, const char *const *keys, int n_keys, lac_error *err) {
    for (int i = 0; i < n_keys; i++) {
        size_t at = 0;
        while (at < bib->n && strcmp(bib->entries[at].key, keys[i]) != 0)
            at++;
        if (at < bib->n) continue;
        const char **all = lac_array(bib->n + 1, sizeof *all);
        if (!all) return lac_no_memory(err, "keys");
        for (size_t k = 0; k < bib->n; k++)
            all[k] = bib->entries[k].key;
        const int nearest = lac_nearest_word(keys[i], all, bib->n);
        if (nearest >= 0)
            lac_usage(err, "--key: no entry '%.100s'; did you mean '%s'?", keys[i], all[nearest]);
        else
            lac_usage(err, "--key: no entry '%.100s' among the %zu of the file", keys[i], bib->n);
        lac_free(all);
        return LAC_USAGE;
    }
    const size_t n = n_keys ? (size_t)n_keys : bib->n;
    if (n > LAC_ADD_MOST)
        return lac_usage(err, "%zu entries, expected at most %d at once; choose some with --key or split the file", n,
                         LAC_ADD_MOST);
    return LAC_OK;
}

static lac_status suggest_all(const lac_suggester *suggester, const lac_bib *bib, const char *const *keys, int n_keys,
                              lac_answer *guesses, lac_answer *near, lac_error *err) {
    for (size_t i = 0; i < bib->n; i++) {
        const lac_bib_entry *e = &bib->entries[i];
        lac_suggestion s;
        if (!lac_bib_is_wanted(e, keys, n_keys)) continue;
        LAC_TRY(lac_suggest(suggester, e->title, e->abstract, &s, err));
        LAC_TRY(lac_suggest_rows(suggester, e->key, &s, guesses, near, err));
    }
    return LAC_OK;
}

static lac_status learn(lac_suggester **suggester, lac_error *err) {
    sqlite3 *db;
    *suggester = NULL;
    LAC_TRY(lac_atlas_open_shipped(&db, err));
    const lac_status status = lac_suggester_new(db, suggester, err);
    sqlite3_close(db);
    return status;
}

lac_status lac_atlas_suggest(const lac_bib *bib, const char *const *keys, int n_keys, lac_answer **guesses,
                             lac_answer **near, lac_error *err) {
    lac_suggester *suggester = NULL;
    *guesses = *near = NULL;
    LAC_TRY(lac_bib_check_keys(bib, keys, n_keys, err));
    lac_status status = learn(&suggester, err);
    if (status == LAC_OK) status = lac_answer_new(guess_columns, COUNT(guess_columns), guesses, err);
    if (status == LAC_OK) status = lac_answer_new(near_columns, COUNT(near_columns), near, err);
    if (status == LAC_OK) status = suggest_all(suggester, bib, keys, n_keys, *guesses, *near, err);
    lac_suggester_free(suggester);
    if (status == LAC_OK) return LAC_OK;
    lac_answer_free(*guesses);
    lac_answer_free(*near);
    *guesses = *near = NULL;
    return status;
}

lac_status lac_suggest_accuracies(lac_answer **answer, lac_error *err) {
    lac_suggester *suggester;
    *answer = NULL;
    LAC_TRY(learn(&suggester, err));
    lac_status status = lac_answer_new(accuracy_columns, COUNT(accuracy_columns), answer, err);
    for (lac_facet f = 0; f < LAC_N_FACETS && status == LAC_OK; f++) {
        const lac_suggest_accuracy *a = lac_suggester_accuracy(suggester, f);
        const figure papers = count(a->n), words = count(a->n_words), right = share(a->ridge), near = share(a->near),
                     commonest = share(a->majority);
        const lac_value row[] = {
            text(lac_facet_names[f]), number(&papers), number(&words), number(&right), number(&near),
            number(&commonest),       text(a->word)};
        status = lac_answer_add(*answer, row, err);
    }
    lac_suggester_free(suggester);
    if (status == LAC_OK) return LAC_OK;
    lac_answer_free(*answer);
    *answer = NULL;
    return status;
}
