/* atlas/list.c - papers by their facets, venue and year. Conditions become SQL with bound values. */
#include <ctype.h>
#include <string.h>

#include "atlas/ask.h"
#include "atlas/match.h"
#include "base/memory.h"

enum { MOST_BINDS = 96 };

typedef struct builder {
    sqlite3 *db;
    lac_arena *arena;
    lac_text where;
    const char *binds[MOST_BINDS];
    int n_binds;
} builder;

static lac_status bind(builder *b, const char *value, lac_error *err) {
    if (b->n_binds == MOST_BINDS) return lac_usage(err, "expected at most %d words in all conditions", MOST_BINDS);
    b->binds[b->n_binds] = lac_arena_text(b->arena, value);
    return b->binds[b->n_binds++] ? LAC_OK : lac_no_memory(err, "conditions");
}

/* The known words of a facet, and what is compared: two columns. */
static lac_status ask_known(builder *b, const char *facet, lac_answer **known, lac_error *err) {
    if (strcmp(facet, "category") == 0) /* by its name, its node, or its dimensions: "masking+target" */
        return lac_answer_ask(
            b->db,
            "SELECT name, name FROM taxonomy WHERE level = 'category' UNION ALL SELECT node, name FROM "
            "taxonomy WHERE level = 'category' UNION ALL SELECT replace(dims, ';', '+'), name FROM "
            "taxonomy WHERE level = 'category'",
            NULL, 0, known, err);
    if (strcmp(facet, "venue") == 0)
        return lac_answer_ask(b->db, "SELECT DISTINCT venue, venue FROM papers WHERE venue IS NOT NULL ORDER BY venue",
                              NULL, 0, known, err);
    return lac_answer_ask(b->db, "SELECT DISTINCT word, word FROM facets WHERE facet = ?1 ORDER BY word", &facet, 1,
                          known, err);
}

static lac_status add_word(builder *b, const lac_condition *condition, const lac_answer *known, const char *word,
                           bool is_first, lac_error *err) {
    size_t row;
    LAC_TRY(lac_match_known(known, condition->option, word, &row, err));
    LAC_TRY(bind(b, known->rows[row][1].text, err));
    lac_text_add(&b->where, "%s?%d", is_first ? "" : ", ", b->n_binds);
    return LAC_OK;
}

/* Conditions on words: any of those between commas. */
static lac_status add_words(builder *b, const lac_condition *condition, lac_error *err) {
    lac_answer *known;
    LAC_TRY(ask_known(b, condition->facet, &known, err));
    bool is_column = strcmp(condition->facet, "category") == 0 || strcmp(condition->facet, "venue") == 0;
    if (is_column)
        lac_text_add(&b->where, " AND papers.%s IN (", condition->facet);
    else
        lac_text_add(&b->where,
                     " AND EXISTS (SELECT 1 FROM facets WHERE paper = papers.short AND facet = '%s' AND word IN (",
                     condition->facet);
    lac_status status = LAC_OK;
    size_t whole;
    /* a category's name may hold commas itself */
    if (is_column && lac_match_known(known, condition->option, condition->value, &whole, NULL) == LAC_OK) {
        status = add_word(b, condition, known, condition->value, true, err);
    } else {
        char *words = lac_arena_text(b->arena, condition->value);
        status = words ? LAC_OK : lac_no_memory(err, "conditions");
        bool is_first = true;
        for (char *at = words; at && status == LAC_OK; is_first = false) {
            char *comma = strchr(at, ',');
            if (comma) *comma = 0;
            status = add_word(b, condition, known, at, is_first, err);
            at = comma ? comma + 1 : NULL;
        }
    }
    lac_text_add(&b->where, is_column ? ")" : "))");
    lac_answer_free(known);
    return status;
}

static bool is_year(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (!isdigit((unsigned char)text[i])) return false;
    return length == 4;
}

static lac_status add_year(builder *b, const lac_condition *condition, lac_error *err) {
    const char *v = condition->value, *dots = strstr(v, "..");
    size_t low = dots ? (size_t)(dots - v) : strlen(v);
    const char *high = dots ? dots + 2 : v;
    bool is_good = (low == 0 || is_year(v, low)) && (!*high || is_year(high, strlen(high))) && (low || *high);
    if (!is_good)
        return lac_usage(err, "%s: expected a year as 2023, 2023.., ..2021 or 2020..2022, found '%.40s'",
                         condition->option, v);
    char text[8] = "";
    memcpy(text, v, low < 5 ? low : 4);
    if (low) {
        LAC_TRY(bind(b, text, err));
        lac_text_add(&b->where, " AND papers.year >= CAST(?%d AS INTEGER)", b->n_binds);
    }
    if (*high) {
        LAC_TRY(bind(b, high, err));
        lac_text_add(&b->where, " AND papers.year <= CAST(?%d AS INTEGER)", b->n_binds);
    }
    return LAC_OK;
}

static lac_status ask(builder *b, const lac_condition *conditions, size_t n, lac_answer **answer, lac_error *err) {
    lac_text_add(&b->where,
                 "SELECT papers.short AS paper, year, venue, masking, target, objective, title, id AS \"-id\","
                 " category AS \"-category\", family AS \"-family\", modality AS \"-modality\","
                 " architecture AS \"-architecture\", tasks AS \"-tasks\", arxiv AS \"-arxiv\", url AS \"-url\","
                 " code AS \"-code\", summary AS \"-summary\", basis AS \"-basis\","
                 " coalesce(layer, 'shipped') AS \"-layer\""
                 " FROM papers LEFT JOIN layers ON layers.paper = papers.short WHERE 1");
    for (size_t i = 0; i < n; i++)
        LAC_TRY(strcmp(conditions[i].facet, "year") == 0 ? add_year(b, &conditions[i], err)
                                                         : add_words(b, &conditions[i], err));
    lac_text_add(&b->where, " ORDER BY year DESC, papers.short COLLATE NOCASE");
    if (b->where.failed) return lac_no_memory(err, "conditions");
    return lac_answer_ask(b->db, b->where.data, b->binds, b->n_binds, answer, err);
}

lac_status lac_ask_list(sqlite3 *db, const lac_condition *conditions, size_t n, lac_answer **answer, lac_error *err) {
    *answer = NULL;
    builder b = {.db = db, .arena = lac_arena_new()};
    if (!b.arena) return lac_no_memory(err, "conditions");
    lac_status status = ask(&b, conditions, n, answer, err);
    lac_text_free(&b.where);
    lac_arena_free(b.arena);
    return status;
}
