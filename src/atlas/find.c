/* atlas/find.c - which paper a person means: exact names first, then beginnings and parts of names. */
#include <ctype.h>
#include <string.h>

#include "atlas/ask.h"
#include "atlas/match.h"
#include "base/memory.h"

enum { SHORT, ID, ARXIV, TITLE, OUTSIDE };

static const char question[] = "SELECT short, id, arxiv, title, 0 FROM papers UNION ALL"
                               " SELECT short, NULL, arxiv, NULL, 1 FROM methods_outside";

/* "arXiv:2111.06377v2" and addresses of arXiv down to the id. */
static bool is_arxiv(const char *asked, const char *arxiv) {
    const char *at = *arxiv ? strstr(asked, arxiv) : NULL;
    if (!at) return false;
    const char *rest = at + strlen(arxiv), *start = asked;
    if (*rest == 'v') rest += 1 + strspn(rest + 1, "0123456789");
    while (start < at && (isalpha((unsigned char)*start) || strchr(":/. ", *start)))
        start++;
    return start == at && (*rest == 0 || strcmp(rest, ".pdf") == 0);
}

static bool is_exactly(const lac_value *row, const char *asked) {
    return strcmp(row[ID].text, asked) == 0 || lac_match_same(row[SHORT].text, asked) ||
           is_arxiv(asked, row[ARXIV].text) || (*row[TITLE].text && lac_match_same(row[TITLE].text, asked));
}

static bool is_partly(const lac_value *row, const char *asked) {
    return lac_match_within(asked, row[SHORT].text) || lac_match_within(asked, row[TITLE].text);
}

static lac_status take(const lac_value *row, char **name, bool *is_outside, lac_error *err) {
    *name = lac_copy_text(row[SHORT].text);
    *is_outside = strcmp(row[OUTSIDE].text, "1") == 0;
    return *name ? LAC_OK : lac_no_memory(err, "a name");
}

static lac_status refuse_many(const lac_answer *known, const char *asked, lac_error *err) {
    lac_text list = {0};
    int n = 0;
    for (size_t r = 0; r < known->n_rows; r++)
        if (is_partly(known->rows[r], asked) && n++ < 12)
            lac_text_add(&list, "%s%s", n > 1 ? ", " : "", known->rows[r][SHORT].text);
    lac_status status = list.failed ? lac_no_memory(err, "names")
                                    : lac_usage(err, "'%.100s' may be any of %d papers: %s%s", asked, n, list.data,
                                                n > 12 ? ", ..." : "");
    lac_text_free(&list);
    return status;
}

static lac_status find(const lac_answer *known, const char *asked, char **name, bool *is_outside, lac_error *err) {
    for (size_t r = 0; r < known->n_rows; r++)
        if (is_exactly(known->rows[r], asked)) return take(known->rows[r], name, is_outside, err);
    size_t n = 0, last = 0;
    for (size_t r = 0; r < known->n_rows; r++)
        if (is_partly(known->rows[r], asked)) {
            n++;
            last = r;
        }
    if (n == 1) return take(known->rows[last], name, is_outside, err);
    if (n > 1) return refuse_many(known, asked, err);
    return lac_match_refuse(known, "PAPER", asked, err);
}

lac_status lac_ask_find(sqlite3 *db, const char *words, char **name, bool *is_outside, lac_error *err) {
    lac_answer *known;
    *name = NULL;
    LAC_TRY(lac_answer_ask(db, question, NULL, 0, &known, err));
    lac_status status = find(known, words, name, is_outside, err);
    lac_answer_free(known);
    return status;
}
