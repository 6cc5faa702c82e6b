/* atlas/tfidf.c - counts of terms, their weights, rows of length 1.
 *
 * Floating order is scikit-learn's, so that equal documents get equal bits and ties stay ties: terms are first numbered
 * as they come (a document's single words, then its pairs, ...), a row's squares are summed in that order, and only
 * then are the terms sorted. Distances and neighbours: tfidf_distances.c. */
#include "atlas/tfidf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "atlas/term_table.h"
#include "atlas/words.h"
#include "base/memory.h"
#include "base/text.h"

enum { LONGEST_N_GRAM = 16, LONGEST_SHORTEST = 100, SHORTEST_WORD = 2 };

typedef struct lac_tfidf_private {
    lac_tfidf_options options; /* its stop words are in `stop` */
    lac_term_table stop;
    lac_term_table all; /* every term met */
    uint32_t *column;   /* of each term met; LAC_NO_TERM: dropped */
} private;

typedef struct analysis { /* of one text; reused */
    lac_text lower, gram;
    lac_word *words;
    size_t n_words, words_room;
    uint32_t *numbers; /* of the text's n-grams, in scikit-learn's order */
    size_t n_numbers, numbers_room;
} analysis;

static void free_analysis(analysis *a) {
    lac_text_free(&a->lower);
    lac_text_free(&a->gram);
    lac_free(a->words);
    lac_free(a->numbers);
}

lac_tfidf_options lac_tfidf_plain(void) {
    return (lac_tfidf_options){.min_n = 1, .max_n = 1, .shortest = SHORTEST_WORD, .min_df = 1};
}

/* Room for one more. */
static bool make_room(void **items, size_t n, size_t *room, size_t item) {
    if (n < *room) return true;
    size_t larger = *room ? 2 * *room : 256;
    void *moved = lac_resize(*items, larger * item);
    if (!moved) return false;
    *items = moved;
    *room = larger;
    return true;
}

static bool find_words(const private *own, const char *text, analysis *a) {
    a->lower.bytes = 0;
    lac_lower(text, &a->lower);
    if (a->lower.failed) return false;
    a->n_words = 0;
    const char *at = a->lower.data;
    size_t shortest = own->options.shortest ? (size_t)own->options.shortest : SHORTEST_WORD;
    for (lac_word word; lac_word_next(&at, shortest, &word);) {
        if (lac_term_find(&own->stop, word.at, word.bytes) != LAC_NO_TERM) continue;
        if (!make_room((void **)&a->words, a->n_words, &a->words_room, sizeof *a->words)) return false;
        a->words[a->n_words++] = word;
    }
    return true;
}

/* Numbers of the text's terms; new ones get a number if `adds`, else they are left out. */
static bool analyse(private *own, const char *text, bool adds, analysis *a) {
    if (!find_words(own, text, a)) return false;
    a->n_numbers = 0;
    for (int n = own->options.min_n; n <= own->options.max_n; n++)
        for (size_t i = 0; i + (size_t)n <= a->n_words; i++) {
            a->gram.bytes = 0;
            for (size_t k = i; k < i + (size_t)n; k++) {
                if (k > i) lac_text_put(&a->gram, " ", 1);
                lac_text_put(&a->gram, a->words[k].at, a->words[k].bytes);
            }
            if (a->gram.failed) return false;
            uint32_t number = adds ? 0 : lac_term_find(&own->all, a->gram.data, a->gram.bytes);
            if (adds && !lac_term_add(&own->all, a->gram.data, a->gram.bytes, &number)) return false;
            if (number == LAC_NO_TERM) continue;
            if (!make_room((void **)&a->numbers, a->n_numbers, &a->numbers_room, sizeof *a->numbers)) return false;
            a->numbers[a->n_numbers++] = number;
        }
    return true;
}

static int by_number(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

/* Sorted numbers -> different ones with their counts, in place; returns how many. */
static size_t count_numbers(uint32_t *numbers, size_t n, double *counts) {
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        if (k > 0 && numbers[k - 1] == numbers[i]) {
            counts[k - 1]++;
        } else {
            numbers[k] = numbers[i];
            counts[k++] = 1;
        }
    }
    return k;
}

/* All documents' counts, rows ascending by number; the rows become the result's own later. */
static lac_status count_terms(lac_tfidf *t, const char *const *texts, lac_error *err) {
    analysis a = {0};
    size_t n = 0, room = 0, values_room = 0;
    for (size_t row = 0; row < t->n_rows; row++) {
        if (!analyse(t->own, texts[row], true, &a)) goto no_memory;
        if (a.n_numbers > 0) qsort(a.numbers, a.n_numbers, sizeof *a.numbers, by_number);
        for (size_t i = 0; i < a.n_numbers; i++) {
            if (i > 0 && a.numbers[i] == a.numbers[i - 1]) {
                t->value[n - 1]++;
                continue;
            }
            if (!make_room((void **)&t->term, n, &room, sizeof *t->term) ||
                !make_room((void **)&t->value, n, &values_room, sizeof *t->value))
                goto no_memory;
            t->term[n] = a.numbers[i];
            t->value[n++] = 1;
        }
        t->start[row + 1] = n;
    }
    free_analysis(&a);
    return LAC_OK;
no_memory:
    free_analysis(&a);
    return lac_no_memory(err, "the terms of a corpus");
}

static int by_text(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right); /* UTF-8 sorts as its code points do */
}

/* Sorted terms in enough documents, their document frequencies and idf, and own->column. */
static lac_status choose_terms(lac_tfidf *t, lac_error *err) {
    private *own = t->own;
    size_t n_all = own->all.n, n = 0;
    int64_t *df = lac_array(n_all, sizeof *df);
    own->column = lac_array(n_all, sizeof *own->column);
    t->terms = lac_array(n_all, sizeof *t->terms);
    t->df = lac_array(n_all, sizeof *t->df);
    t->idf = lac_array(n_all, sizeof *t->idf);
    if (!df || !own->column || !t->terms || !t->df || !t->idf) {
        lac_free(df);
        return lac_no_memory(err, "the terms of a corpus");
    }
    for (size_t i = 0; i < t->start[t->n_rows]; i++)
        df[t->term[i]]++;
    for (size_t i = 0; i < n_all; i++) {
        own->column[i] = LAC_NO_TERM;
        if (df[i] >= own->options.min_df) t->terms[n++] = own->all.terms[i];
    }
    qsort(t->terms, n, sizeof *t->terms, by_text);
    t->n_terms = n;
    for (size_t k = 0; k < n; k++) {
        uint32_t number = lac_term_find(&own->all, t->terms[k], strlen(t->terms[k]));
        own->column[number] = (uint32_t)k;
        t->df[k] = df[number];
        t->idf[k] = log((double)(t->n_rows + 1) / (double)(df[number] + 1)) + 1;
    }
    lac_free(df);
    if (n > 0) return LAC_OK;
    return lac_usage(err, "no term is left of %zu document%s (%zu terms met, each must be in at least %lld)", t->n_rows,
                     t->n_rows == 1 ? "" : "s", n_all, (long long)own->options.min_df);
}

/* Counts of terms -> weights of length 1, summed in the order given. */
static void weigh(const lac_tfidf *t, const uint32_t *columns, double *values, size_t n) {
    double squares = 0;
    for (size_t i = 0; i < n; i++) {
        if (t->own->options.sublinear) values[i] = log(values[i]) + 1;
        values[i] *= t->idf[columns[i]];
        squares += values[i] * values[i];
    }
    double length = sqrt(squares);
    for (size_t i = 0; i < n && length > 0; i++)
        values[i] /= length;
}

typedef struct entry {
    uint32_t column;
    double value;
} entry;

static int by_column(const void *left, const void *right) {
    return by_number(&((const entry *)left)->column, &((const entry *)right)->column);
}

static bool sort_row(uint32_t *columns, double *values, size_t n, entry **room, size_t *room_n) {
    if (n > *room_n) {
        lac_free(*room);
        *room_n = n;
        *room = lac_array(n, sizeof **room);
        if (!*room) return false;
    }
    for (size_t i = 0; i < n; i++)
        (*room)[i] = (entry){columns[i], values[i]};
    if (n > 0) qsort(*room, n, sizeof **room, by_column);
    for (size_t i = 0; i < n; i++) {
        columns[i] = (*room)[i].column;
        values[i] = (*room)[i].value;
    }
    return true;
}

/* From counts of all terms to weights of the chosen ones. */
static lac_status make_rows(lac_tfidf *t, lac_error *err) {
    entry *room = NULL;
    size_t room_n = 0, n = 0, from = 0;
    bool is_done = true;
    for (size_t row = 0; row < t->n_rows && is_done; row++) {
        size_t start = n, end = t->start[row + 1];
        for (; from < end; from++) {
            uint32_t column = t->own->column[t->term[from]];
            if (column == LAC_NO_TERM) continue;
            t->term[n] = column;
            t->value[n++] = t->value[from];
        }
        weigh(t, t->term + start, t->value + start, n - start);
        is_done = sort_row(t->term + start, t->value + start, n - start, &room, &room_n);
        t->start[row + 1] = n;
    }
    lac_free(room);
    return is_done ? LAC_OK : lac_no_memory(err, "the terms of a corpus");
}

static lac_status check_options(const lac_tfidf_options *o, lac_error *err) {
    if (o->min_n < 1 || o->max_n < o->min_n || o->max_n > LONGEST_N_GRAM)
        return lac_usage(err, "n-grams: expected 1 <= MIN <= MAX <= %d, found %d-%d", (int)LONGEST_N_GRAM, o->min_n,
                         o->max_n);
    if (o->shortest < 0 || o->shortest > LONGEST_SHORTEST)
        return lac_usage(err, "shortest word: expected 1 to %d characters, found %d", (int)LONGEST_SHORTEST,
                         o->shortest);
    if (o->min_df < 1)
        return lac_usage(err, "minimum document frequency: expected at least 1, found %lld", (long long)o->min_df);
    return LAC_OK;
}

static lac_status fit(lac_tfidf *t, const char *const *texts, const lac_tfidf_options *options, lac_error *err) {
    t->own = lac_zalloc(sizeof *t->own);
    t->start = lac_array(t->n_rows + 1, sizeof *t->start);
    if (!t->own || !t->start) return lac_no_memory(err, "the terms of a corpus");
    t->own->options = *options;
    t->own->options.stop_words = NULL;
    for (size_t i = 0; options->stop_words && i < options->n_stop_words; i++) {
        uint32_t number;
        if (!lac_term_add(&t->own->stop, options->stop_words[i], strlen(options->stop_words[i]), &number))
            return lac_no_memory(err, "stop words");
    }
    LAC_TRY(count_terms(t, texts, err));
    LAC_TRY(choose_terms(t, err));
    return make_rows(t, err);
}

lac_status lac_tfidf_fit(const char *const *texts, size_t n, const lac_tfidf_options *options, lac_tfidf **tfidf,
                         lac_error *err) {
    *tfidf = NULL;
    LAC_TRY(check_options(options, err));
    lac_tfidf *t = lac_zalloc(sizeof *t);
    if (!t) return lac_no_memory(err, "the terms of a corpus");
    t->n_rows = n;
    lac_status status = fit(t, texts, options, err);
    if (status == LAC_OK)
        *tfidf = t;
    else
        lac_tfidf_free(t);
    return status;
}

void lac_tfidf_free(lac_tfidf *t) {
    if (!t) return;
    if (t->own) {
        lac_term_table_free(&t->own->stop);
        lac_term_table_free(&t->own->all);
        lac_free(t->own->column);
    }
    lac_free(t->own);
    lac_free(t->terms);
    lac_free(t->idf);
    lac_free(t->df);
    lac_free(t->start);
    lac_free(t->term);
    lac_free(t->value);
    lac_free(t);
}

lac_sparse_row lac_tfidf_row(const lac_tfidf *t, size_t row) {
    size_t start = t->start[row];
    return (lac_sparse_row){t->start[row + 1] - start, t->term + start, t->value + start};
}

lac_status lac_tfidf_transform(const lac_tfidf *t, const char *text, uint32_t **term, double **value, size_t *n,
                               lac_error *err) {
    *term = NULL;
    *value = NULL;
    *n = 0;
    analysis a = {0};
    bool is_read = analyse(t->own, text, false, &a);
    double *counts = is_read ? lac_array(a.n_numbers, sizeof *counts) : NULL;
    if (!counts) {
        free_analysis(&a);
        return lac_no_memory(err, "the terms of a text");
    }
    size_t k = 0;
    for (size_t i = 0; i < a.n_numbers; i++) {
        uint32_t column = t->own->column[a.numbers[i]];
        if (column != LAC_NO_TERM) a.numbers[k++] = column;
    }
    if (k > 0) qsort(a.numbers, k, sizeof *a.numbers, by_number);
    *n = count_numbers(a.numbers, k, counts);
    weigh(t, a.numbers, counts, *n);
    *term = a.numbers ? a.numbers : lac_alloc(0);
    *value = counts;
    a.numbers = NULL;
    free_analysis(&a);
    if (*term) return LAC_OK;
    lac_free(counts);
    *value = NULL;
    return lac_no_memory(err, "the terms of a text");
}
