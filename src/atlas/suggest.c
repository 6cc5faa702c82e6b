/* atlas/suggest.c - one classifier a facet, fitted to the shipped papers, and its calibration. */
#include "atlas/suggest.h"

#include <stdlib.h>
#include <string.h>

#include "atlas/ridge.h"
#include "atlas/tfidf.h"
#include "base/arena.h"
#include "base/memory.h"
#include "base/text.h"

/* Of 0.03, 0.1, 0.3, 1 and 3 the one with the best leave-one-out accuracy over all facets together. */
static const double lambda = 0.1;
enum { CALIBRATION = 50, MOST_PAPERS = 4096 /* 3 dense matrices of doubles: 400 MB */ };

typedef struct calibrated { /* one leave-one-out prediction */
    double score;
    bool is_true;
} calibrated;

typedef struct facet {
    size_t n, m;          /* papers, words */
    size_t *rows;         /* n: rows of the TF-IDF */
    const char **words;   /* m, sorted */
    double *truth;        /* n x m: 1 has it, 0 has it not */
    double *weights;      /* n x m */
    double *left_out;     /* n x m */
    calibrated *by_score; /* n x m, sorted by score */
    lac_suggest_accuracy accuracy;
} facet;

typedef struct paper {
    const char *id, *name, *title, *text;
    const char *facets[LAC_N_FACETS];
} paper;

struct lac_suggester {
    lac_arena *arena;
    size_t n, room;
    paper *papers;
    lac_tfidf *tfidf;
    double *kernel; /* n x n cosines */
    facet facets[LAC_N_FACETS];
};

static lac_status no_memory(lac_error *err) {
    return lac_no_memory(err, "suggestions");
}

/* ---- the shipped papers ---- */

static const char *column_text(sqlite3_stmt *row, int column) {
    const char *text = (const char *)sqlite3_column_text(row, column);
    return text ? text : "";
}

static lac_status add_paper(lac_suggester *s, sqlite3_stmt *row, lac_error *err) {
    if (s->n == MOST_PAPERS) return lac_fail(err, "suggestions: more than %d papers", MOST_PAPERS);
    if (s->n == s->room) {
        const size_t room = s->room ? 2 * s->room : 256;
        paper *larger = lac_resize(s->papers, room * sizeof *larger);
        if (!larger) return no_memory(err);
        s->papers = larger;
        s->room = room;
    }
    paper p = {.id = lac_arena_text(s->arena, column_text(row, 0)),
               .name = lac_arena_text(s->arena, column_text(row, 1)),
               .title = lac_arena_text(s->arena, column_text(row, 2)),
               .text = lac_arena_format(s->arena, "%s %s", column_text(row, 2), column_text(row, 3))};
    bool is_whole = p.id && p.name && p.title && p.text;
    for (int f = 0; f < LAC_N_FACETS; f++) {
        p.facets[f] = lac_arena_text(s->arena, column_text(row, 4 + f));
        is_whole = is_whole && p.facets[f];
    }
    if (!is_whole) return no_memory(err);
    s->papers[s->n++] = p;
    return LAC_OK;
}

static lac_status read_papers(lac_suggester *s, sqlite3 *db, lac_error *err) {
    lac_text sql = {0};
    lac_text_add(&sql, "SELECT id, short, title, summary");
    for (int f = 0; f < LAC_N_FACETS; f++)
        lac_text_add(&sql, ", %s", lac_facet_names[f]);
    lac_text_add(&sql, " FROM papers WHERE short NOT IN (SELECT paper FROM layers) ORDER BY rowid");
    if (sql.failed) {
        lac_text_free(&sql);
        return no_memory(err);
    }
    sqlite3_stmt *row = NULL;
    int code = sqlite3_prepare_v2(db, sql.data, -1, &row, NULL);
    lac_text_free(&sql);
    lac_status status = LAC_OK;
    while (code == SQLITE_OK && status == LAC_OK) {
        code = sqlite3_step(row);
        if (code != SQLITE_ROW) break;
        status = add_paper(s, row, err);
        code = SQLITE_OK;
    }
    if (status == LAC_OK && code != SQLITE_DONE) status = lac_fail(err, "the atlas: %s", sqlite3_errmsg(db));
    sqlite3_finalize(row);
    return status;
}

static lac_status make_vectors(lac_suggester *s, lac_error *err) {
    lac_tfidf_options options = lac_tfidf_plain();
    options.sublinear = true;
    options.min_df = 2;
    options.stop_words = lac_english_stop_words;
    options.n_stop_words = lac_n_english_stop_words;
    const char **texts = lac_array(s->n, sizeof *texts);
    s->kernel = lac_array(s->n * s->n, sizeof *s->kernel);
    lac_status status = texts && s->kernel ? LAC_OK : no_memory(err);
    for (size_t i = 0; i < s->n && texts; i++)
        texts[i] = s->papers[i].text;
    if (status == LAC_OK) status = lac_tfidf_fit(texts, s->n, &options, &s->tfidf, err);
    lac_free(texts);
    LAC_TRY(status);
    for (size_t i = 0; i < s->n; i++)
        for (size_t j = 0; j <= i; j++)
            s->kernel[i * s->n + j] = s->kernel[j * s->n + i] =
                lac_sparse_dot(lac_tfidf_row(s->tfidf, i), lac_tfidf_row(s->tfidf, j));
    return LAC_OK;
}

/* ---- a facet's words ---- */

/* Only category holds names for which the survey's repository has no heading. */
static bool is_known(const char *value) {
    return *value && strncmp(value, "(body only)", 11) != 0;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t find_word(const facet *f, const char *word, size_t length) {
    for (size_t w = 0; w < f->m; w++)
        if (strlen(f->words[w]) == length && memcmp(f->words[w], word, length) == 0) return w;
    return f->m;
}

/* The next of the words between ';'. */
static bool next_word(const char **at, const char **word, size_t *length) {
    if (!**at) return false;
    *word = *at;
    *length = strcspn(*at, ";");
    *at += *length + ((*at)[*length] == ';');
    return true;
}

static lac_status find_words(lac_suggester *s, facet *f, int which, lac_error *err) {
    const char *word;
    size_t length, room = 1;
    for (size_t i = 0; i < s->n; i++)
        for (const char *at = s->papers[i].facets[which]; is_known(at) && next_word(&at, &word, &length);)
            room++;
    f->words = lac_array(room, sizeof *f->words);
    f->rows = lac_array(s->n + 1, sizeof *f->rows);
    if (!f->words || !f->rows) return no_memory(err);
    for (size_t i = 0; i < s->n; i++) {
        const char *at = s->papers[i].facets[which];
        if (!is_known(at)) continue;
        f->rows[f->n++] = i;
        while (next_word(&at, &word, &length)) {
            if (find_word(f, word, length) < f->m) continue;
            f->words[f->m] = lac_arena_format(s->arena, "%.*s", (int)length, word);
            if (!f->words[f->m++]) return no_memory(err);
        }
    }
    qsort(f->words, f->m, sizeof *f->words, by_text);
    if (f->n < 2)
        return lac_fail(err, "suggestions: the facet %s is known of fewer than two papers", lac_facet_names[which]);
    f->truth = lac_array(f->n * f->m, sizeof *f->truth);
    if (!f->truth) return no_memory(err);
    for (size_t i = 0; i < f->n; i++)
        for (const char *at = s->papers[f->rows[i]].facets[which]; next_word(&at, &word, &length);)
            f->truth[i * f->m + find_word(f, word, length)] = 1;
    return LAC_OK;
}

/* ---- learning ---- */

static int by_score(const void *a, const void *b) {
    const double x = ((const calibrated *)a)->score, y = ((const calibrated *)b)->score;
    return (x > y) - (x < y);
}

static size_t highest(const double *values, size_t n) { /* the first of equals */
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (values[i] > values[best]) best = i;
    return best;
}

static lac_status fit(facet *f, const double *inverse, lac_error *err) {
    const size_t size = f->n * f->m;
    f->weights = lac_array(size, sizeof *f->weights);
    f->left_out = lac_array(size, sizeof *f->left_out);
    f->by_score = lac_array(size, sizeof *f->by_score);
    if (!f->weights || !f->left_out || !f->by_score) return no_memory(err);
    lac_ridge_fit(inverse, f->n, f->truth, f->m, f->weights, f->left_out);
    for (size_t i = 0; i < size; i++)
        f->by_score[i] = (calibrated){f->left_out[i], f->truth[i] > 0};
    qsort(f->by_score, size, sizeof *f->by_score, by_score);
    return LAC_OK;
}

/* Share of the cosines of the nearest papers that each word has: votes, m values. Papers without the facet have no
 * vote. */
static void vote(const lac_suggester *s, const facet *f, lac_sparse_row row, size_t except, double *votes) {
    lac_near near[MOST_PAPERS];
    const size_t n = lac_tfidf_nearest(s->tfidf, row, except, near, LAC_SUGGEST_NEAR + s->n - f->n);
    double total = 0;
    int n_voters = 0;
    memset(votes, 0, f->m * sizeof *votes);
    for (size_t k = 0; k < n && n_voters < LAC_SUGGEST_NEAR && near[k].cosine > 0; k++) {
        size_t i = 0;
        while (i < f->n && f->rows[i] != near[k].row)
            i++;
        if (i == f->n) continue;
        n_voters++;
        total += near[k].cosine;
        for (size_t w = 0; w < f->m; w++)
            votes[w] += near[k].cosine * f->truth[i * f->m + w];
    }
    for (size_t w = 0; total > 0 && w < f->m; w++)
        votes[w] /= total;
}

static lac_status measure(const lac_suggester *s, facet *f, lac_error *err) {
    double *votes = lac_array(f->m, sizeof *votes), *counts = lac_array(f->m, sizeof *counts);
    lac_status status = votes && counts ? LAC_OK : no_memory(err);
    double ridge = 0, near = 0;
    for (size_t i = 0; i < f->n && status == LAC_OK; i++) {
        const double *truth = f->truth + i * f->m;
        ridge += truth[highest(f->left_out + i * f->m, f->m)];
        vote(s, f, lac_tfidf_row(s->tfidf, f->rows[i]), f->rows[i], votes);
        near += truth[highest(votes, f->m)];
        for (size_t w = 0; w < f->m; w++)
            counts[w] += truth[w];
    }
    if (status == LAC_OK) {
        const size_t common = highest(counts, f->m);
        const double n = (double)f->n;
        f->accuracy = (lac_suggest_accuracy){f->n, f->m, ridge / n, near / n, counts[common] / n, f->words[common]};
    }
    lac_free(votes);
    lac_free(counts);
    return status;
}

/* The inverse over the papers of which a facet is known; the same for all facets that are known of all papers. */
static lac_status learn(lac_suggester *s, lac_error *err) {
    double *inverse = lac_array(s->n * s->n, sizeof *inverse), *part = lac_array(s->n * s->n, sizeof *part);
    lac_status status = inverse && part ? LAC_OK : no_memory(err);
    const facet *before = NULL;
    for (int which = 0; which < LAC_N_FACETS && status == LAC_OK; which++) {
        facet *f = &s->facets[which];
        status = find_words(s, f, which, err);
        if (status != LAC_OK) break;
        if (!before || before->n != f->n || memcmp(before->rows, f->rows, f->n * sizeof *f->rows) != 0) {
            for (size_t i = 0; i < f->n; i++)
                for (size_t j = 0; j < f->n; j++)
                    part[i * f->n + j] = s->kernel[f->rows[i] * s->n + f->rows[j]];
            status = lac_ridge_inverse(part, f->n, lambda, inverse, err);
        }
        before = f;
        if (status == LAC_OK) status = fit(f, inverse, err);
        if (status == LAC_OK) status = measure(s, f, err);
    }
    lac_free(inverse);
    lac_free(part);
    return status;
}

lac_status lac_suggester_new(sqlite3 *db, lac_suggester **out, lac_error *err) {
    *out = NULL;
    lac_suggester *s = lac_zalloc(sizeof *s);
    if (!s) return no_memory(err);
    s->arena = lac_arena_new();
    lac_status status = s->arena ? read_papers(s, db, err) : no_memory(err);
    if (status == LAC_OK) status = make_vectors(s, err);
    if (status == LAC_OK) status = learn(s, err);
    if (status == LAC_OK)
        *out = s;
    else
        lac_suggester_free(s);
    return status;
}

void lac_suggester_free(lac_suggester *s) {
    if (!s) return;
    for (int which = 0; which < LAC_N_FACETS; which++) {
        facet *f = &s->facets[which];
        lac_free(f->rows);
        lac_free(f->words);
        lac_free(f->truth);
        lac_free(f->weights);
        lac_free(f->left_out);
        lac_free(f->by_score);
    }
    lac_tfidf_free(s->tfidf);
    lac_free(s->kernel);
    lac_free(s->papers);
    lac_arena_free(s->arena);
    lac_free(s);
}

const lac_suggest_accuracy *lac_suggester_accuracy(const lac_suggester *s, lac_facet which) {
    return &s->facets[which].accuracy;
}

const char *lac_suggester_left_out(const lac_suggester *s, lac_facet which, size_t i, double *score) {
    const facet *f = &s->facets[which];
    const size_t best = highest(f->left_out + i * f->m, f->m);
    *score = f->left_out[i * f->m + best];
    return f->words[best];
}

/* ---- guessing ---- */

/* The share of true ones among the predictions with the nearest scores. */
static double confidence(const facet *f, double score) {
    const size_t n = f->n * f->m, k = n < CALIBRATION ? n : CALIBRATION;
    size_t low = 0, high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (f->by_score[middle].score < score)
            low = middle + 1;
        else
            high = middle;
    }
    size_t begin = low, end = low, n_true = 0; /* the nearest are [begin, end) */
    while (end - begin < k) {
        const bool is_below =
            begin > 0 && (end == n || score - f->by_score[begin - 1].score <= f->by_score[end].score - score);
        if (is_below)
            begin--;
        else
            end++;
    }
    for (size_t i = begin; i < end; i++)
        n_true += f->by_score[i].is_true;
    return (double)n_true / (double)k;
}

static void guess(const facet *f, double *scores, const double *votes, lac_suggestion *out, int which) {
    static const double used = -1e9;
    lac_guess *guesses = out->facets[which].guess;
    size_t n = 0;
    while (n < LAC_SUGGEST_WORDS && n < f->m) {
        const size_t best = highest(scores, f->m);
        if (scores[best] <= used) break;
        const bool is_none = strcmp(f->words[best], "-") == 0;
        if (!is_none || n == 0)
            guesses[n++] = (lac_guess){f->words[best], scores[best], confidence(f, scores[best]), votes[best]};
        scores[best] = used;
        if (is_none && n == 1) break;
    }
    out->facets[which].n = n;
}

static lac_status guess_all(const lac_suggester *s, lac_sparse_row row, lac_suggestion *out, lac_error *err) {
    double *cosines = lac_array(s->n, sizeof *cosines);
    if (!cosines) return no_memory(err);
    for (size_t i = 0; i < s->n; i++)
        cosines[i] = lac_sparse_dot(row, lac_tfidf_row(s->tfidf, i));
    lac_status status = LAC_OK;
    for (int which = 0; which < LAC_N_FACETS && status == LAC_OK; which++) {
        const facet *f = &s->facets[which];
        double *scores = lac_array(2 * f->m, sizeof *scores);
        if (!scores) {
            status = no_memory(err);
            break;
        }
        for (size_t i = 0; i < f->n; i++)
            for (size_t w = 0; w < f->m; w++)
                scores[w] += (cosines[f->rows[i]] + 1) * f->weights[i * f->m + w];
        vote(s, f, row, SIZE_MAX, scores + f->m);
        guess(f, scores, scores + f->m, out, which);
        lac_free(scores);
    }
    lac_free(cosines);
    return status;
}

lac_status lac_suggest(const lac_suggester *s, const char *title, const char *abstract, lac_suggestion *out,
                       lac_error *err) {
    *out = (lac_suggestion){0};
    char *text = lac_format("%s %s", title, abstract);
    if (!text) return no_memory(err);
    uint32_t *term = NULL;
    double *value = NULL;
    size_t n = 0;
    lac_status status = lac_tfidf_transform(s->tfidf, text, &term, &value, &n, err);
    lac_free(text);
    if (status == LAC_OK) {
        const lac_sparse_row row = {n, term, value};
        lac_near near[LAC_SUGGEST_NEAR];
        const size_t n_near = lac_tfidf_nearest(s->tfidf, row, SIZE_MAX, near, LAC_SUGGEST_NEAR);
        for (size_t k = 0; k < n_near && near[k].cosine > 0; k++) {
            const paper *p = &s->papers[near[k].row];
            out->near[out->n_near].id = p->id;
            out->near[out->n_near].name = p->name;
            out->near[out->n_near].title = p->title;
            out->near[out->n_near++].cosine = near[k].cosine;
        }
        status = guess_all(s, row, out, err);
    }
    lac_free(term);
    lac_free(value);
    return status;
}
