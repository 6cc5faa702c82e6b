/* atlas/search.c - words to an FTS5 expression in which nothing is an operator, and the papers that it finds. */
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#include "atlas/ask.h"
#include "atlas/clean.h"
#include "base/memory.h"

/* Has the word something that the tokenizer keeps: a letter or a number? */
static bool is_searchable(const char *word, size_t length) {
    for (size_t i = 0; i < length;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)word + i, (utf8proc_ssize_t)(length - i), &c);
        if (n <= 0) {
            i++;
            continue;
        }
        utf8proc_category_t category = utf8proc_category(c);
        if ((category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
            (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO) || category == UTF8PROC_CATEGORY_CO)
            return true;
        i += (size_t)n;
    }
    return false;
}

/* "masked AND \"x\"" -> "masked" "AND" """x""": each word a quoted string, in which FTS5 knows no operators; quotes
 * inside are doubled. `joint` is put between. Returns the number of words. */
static int quote_words(const char *words, const char *joint, lac_text *out) {
    static const char blanks[] = " \t\r\n";
    int n = 0;
    lac_text_put(out, "", 0);
    for (const char *at = words + strspn(words, blanks); *at; at += strspn(at, blanks)) {
        size_t length = strcspn(at, blanks);
        if (is_searchable(at, length)) {
            lac_text_add(out, "%s\"", n++ ? joint : "");
            for (size_t i = 0; i < length; i++)
                lac_text_add(out, at[i] == '"' ? "\"\"" : "%c", at[i]);
            lac_text_put(out, "\"", 1);
        }
        at += length;
    }
    return n;
}

/* A name weighs more than a title, a title more than the text (bm25's weights are in the order of the columns).
 * Snippets are cut for the best only, as cutting takes longer than finding: from the summary, unless what was sought
 * stands elsewhere only. */
static const char sql[] =
    "WITH best(row, rank) AS MATERIALIZED (SELECT rowid, bm25(papers_search, 6.0, 10.0, 1.0, 2.0) AS rank"
    "  FROM papers_search WHERE papers_search MATCH ?1 ORDER BY rank, rowid LIMIT ?2),"
    " found AS (SELECT best.row, best.rank,"
    "  snippet(papers_search, 2, '" LAC_MARK_ON "', '" LAC_MARK_OFF "', '…', 24) AS summary_snippet,"
    "  snippet(papers_search, -1, '" LAC_MARK_ON "', '" LAC_MARK_OFF "', '…', 24) AS any_snippet"
    "  FROM best JOIN papers_search ON papers_search.rowid = best.row WHERE papers_search MATCH ?1)"
    " SELECT papers.short AS paper, papers.year, papers.venue, papers.title, round(-found.rank, 3) AS \"-score\","
    " CASE WHEN instr(summary_snippet, '" LAC_MARK_ON "') THEN summary_snippet ELSE any_snippet END AS \"*snippet\","
    " coalesce(layers.layer, 'shipped') AS \"-layer\""
    " FROM found JOIN papers ON papers.rowid = found.row LEFT JOIN layers ON layers.paper = papers.short"
    " ORDER BY found.rank, found.row";

static lac_status ask(sqlite3 *db, const char *words, const char *joint, int64_t most, int *n_words,
                      lac_answer **answer, lac_error *err) {
    lac_text expression = {0}, clean = {0};
    lac_clean_put(&clean, words); /* the tokenizer takes bytes that are not UTF-8 for letters */
    *n_words = clean.failed ? 0 : quote_words(clean.data, joint, &expression);
    bool is_lost = clean.failed || expression.failed;
    lac_text_free(&clean);
    if (is_lost) {
        lac_text_free(&expression);
        return lac_no_memory(err, "words");
    }
    lac_status status;
    char number[24];
    snprintf(number, sizeof number, "%lld", (long long)most);
    const char *const binds[] = {expression.data, number};
    if (*n_words == 0)
        status = lac_usage(err, "expected words to search for, found none in '%.100s'", words);
    else
        status = lac_answer_ask(db, sql, binds, 2, answer, err);
    lac_text_free(&expression);
    return status;
}

lac_status lac_ask_search(sqlite3 *db, const char *words, int64_t most, lac_answer **answer, bool *is_any,
                          lac_error *err) {
    int n_words;
    *is_any = false;
    LAC_TRY(ask(db, words, " ", most, &n_words, answer, err));
    if ((*answer)->n_rows > 0 || n_words == 1) return LAC_OK;
    lac_answer_free(*answer);
    *is_any = true;
    return ask(db, words, " OR ", most, &n_words, answer, err);
}
