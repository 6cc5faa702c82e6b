/* atlas/near.c - the nearest papers: vectors of all papers, made when asked (milliseconds). */
#include "atlas/near.h"

#include <stdio.h>
#include <string.h>

#include "atlas/corpus.h"
#include "atlas/tfidf.h"
#include "base/memory.h"

static const lac_answer_column columns[] = {
    {"paper", LAC_FOR_ALL}, {"year", LAC_FOR_ALL}, {"cosine", LAC_FOR_ALL}, {"title", LAC_FOR_ALL}};

static lac_status add(sqlite3 *db, lac_answer *answer, const lac_document *document, double cosine, lac_error *err) {
    lac_answer *year;
    LAC_TRY(lac_answer_ask(db, "SELECT year FROM papers WHERE short = ?1", &document->name, 1, &year, err));
    char text[32];
    snprintf(text, sizeof text, "%.3f", cosine);
    const lac_value values[] = {{LAC_VALUE_TEXT, document->name},
                                year->n_rows ? year->rows[0][0] : (lac_value){LAC_VALUE_NONE, ""},
                                {LAC_VALUE_NUMBER, text},
                                {LAC_VALUE_TEXT, document->title}};
    lac_status status = lac_answer_add(answer, values, err);
    lac_answer_free(year);
    return status;
}

static lac_status rank(sqlite3 *db, const lac_corpus *corpus, size_t row, size_t n, lac_answer *answer,
                       lac_error *err) {
    lac_tfidf_options options = lac_tfidf_plain();
    options.sublinear = true;
    options.stop_words = lac_english_stop_words;
    options.n_stop_words = lac_n_english_stop_words;
    char **texts = NULL;
    lac_tfidf *tfidf = NULL;
    lac_near *near = lac_array(n + 1, sizeof *near);
    lac_status status = near ? lac_corpus_texts(corpus, &texts, err) : lac_no_memory(err, "nearest papers");
    if (status == LAC_OK) status = lac_tfidf_fit((const char *const *)texts, corpus->n, &options, &tfidf, err);
    if (status == LAC_OK) {
        size_t found = lac_tfidf_nearest(tfidf, lac_tfidf_row(tfidf, row), row, near, n);
        for (size_t i = 0; i < found && status == LAC_OK; i++)
            status = add(db, answer, &corpus->documents[near[i].row], near[i].cosine, err);
    }
    lac_tfidf_free(tfidf);
    if (texts) lac_corpus_texts_free(texts, corpus->n);
    lac_free(near);
    return status;
}

lac_status lac_atlas_near(sqlite3 *db, const char *paper, int64_t n, lac_answer **answer, lac_error *err) {
    lac_corpus *corpus;
    *answer = NULL;
    LAC_TRY(lac_corpus_of_atlas(db, &corpus, err));
    size_t row = 0, most = n < 0 ? 0 : (size_t)n < corpus->n ? (size_t)n : corpus->n;
    while (row < corpus->n && strcmp(corpus->documents[row].name, paper) != 0)
        row++;
    lac_status status = lac_answer_new(columns, sizeof columns / sizeof *columns, answer, err);
    if (status == LAC_OK && row < corpus->n) status = rank(db, corpus, row, most, *answer, err);
    if (status != LAC_OK) {
        lac_answer_free(*answer);
        *answer = NULL;
    }
    lac_corpus_free(corpus);
    return status;
}
