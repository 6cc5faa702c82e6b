/* atlas/show.c - all that the atlas knows about one paper, in parts. */
#include <string.h>

#include "atlas/ask.h"
#include "atlas/near.h"
#include "base/memory.h"

static const struct {
    const char *name;
    bool is_single;
    const char *sql;
} parts[] = {
    {"paper", true,
     "SELECT short AS paper, title, year, venue, url, arxiv, code, category, family, modality, masking, target, "
     "objective,"
     " architecture, tasks, summary, basis, id, coalesce(layer, 'shipped') AS layer"
     " FROM papers LEFT JOIN layers ON layers.paper = papers.short WHERE short = ?1"},
    {"place", false,
     "SELECT name, level, node, count, survey_section, description FROM taxonomy WHERE level = 'dimension' AND node IN"
     " (SELECT word FROM facets WHERE facet = 'dim' AND paper = ?1) UNION ALL"
     " SELECT name, level, node, count, survey_section, description FROM taxonomy WHERE level = 'category' AND name ="
     " (SELECT category FROM papers WHERE short = ?1)"},
    {"events", false, "SELECT date, event, why FROM timeline WHERE paper = ?1 ORDER BY rowid"},
    {"recipes", false,
     "SELECT recipe, arxiv FROM recipes WHERE arxiv IN (SELECT arxiv FROM papers WHERE short = ?1 UNION ALL"
     " SELECT arxiv FROM methods_outside WHERE short = ?1) ORDER BY recipe"},
};
static const char outside[] = "SELECT short AS paper, idea, year, arxiv, family, status, 'outside' AS layer"
                              " FROM methods_outside WHERE short = ?1";

static lac_status put(lac_sheet *sheet, const char *name, bool is_single, lac_answer *answer) {
    sheet->parts[sheet->n++] = (lac_sheet_part){name, is_single, answer};
    return LAC_OK;
}

static lac_status ask_figures(sqlite3 *db, const char *paper, lac_answer **answer, lac_error *err) {
    lac_answer *any;
    LAC_TRY(lac_answer_ask(db, "SELECT benchmark FROM results WHERE paper = ?1 LIMIT 1", &paper, 1, &any, err));
    if (any->n_rows == 0) {
        *answer = any;
        return LAC_OK;
    }
    lac_answer_free(any);
    return lac_ask_results(db, NULL, NULL, paper, answer, err);
}

static lac_status show(sqlite3 *db, const char *paper, bool is_outside, int64_t n_near, lac_sheet *sheet,
                       lac_error *err) {
    lac_answer *answer;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        LAC_TRY(lac_answer_ask(db, i == 0 && is_outside ? outside : parts[i].sql, &paper, 1, &answer, err));
        LAC_TRY(put(sheet, parts[i].name, parts[i].is_single, answer));
    }
    LAC_TRY(lac_atlas_near(db, paper, n_near, &answer, err));
    LAC_TRY(put(sheet, "nearest", false, answer));
    LAC_TRY(ask_figures(db, paper, &answer, err));
    return put(sheet, "results", false, answer);
}

lac_status lac_ask_show(sqlite3 *db, const char *words, int64_t n_near, lac_sheet *sheet, lac_error *err) {
    char *paper;
    bool is_outside;
    sheet->n = 0;
    LAC_TRY(lac_ask_find(db, words, &paper, &is_outside, err));
    lac_status status = show(db, paper, is_outside, n_near, sheet, err);
    if (status != LAC_OK) lac_sheet_free(sheet);
    lac_free(paper);
    return status;
}
