/* atlas/tree.c - the taxonomy as a drawn tree: rows in order, each with the lines that lead to it. */
#include <string.h>

#include "atlas/ask.h"
#include "atlas/match.h"
#include "base/memory.h"

enum { NODE, PARENT, NAME, LEVEL }; /* columns of the question below */

typedef struct drawing {
    const lac_answer *nodes;
    bool *is_drawn; /* a node is drawn once, whatever its parents say */
    lac_answer *out;
    lac_text line;
} drawing;

static const char question[] =
    "SELECT node, parent, name, level, count, survey_section, dims, description,"
    " CASE level WHEN 'category' THEN (SELECT count(*) FROM papers WHERE category = taxonomy.name)"
    " WHEN 'dimension' THEN (SELECT count(*) FROM facets WHERE facet = 'dim' AND word = taxonomy.node) END AS papers"
    " FROM taxonomy ORDER BY rowid";

static const lac_answer_column out_columns[] = {
    {"tree", LAC_FOR_PEOPLE},     {"papers", LAC_FOR_ALL},     {"section", LAC_FOR_PEOPLE},
    {"description", LAC_FOR_ALL}, {"node", LAC_FOR_PROGRAMS},  {"parent", LAC_FOR_PROGRAMS},
    {"name", LAC_FOR_PROGRAMS},   {"level", LAC_FOR_PROGRAMS}, {"count", LAC_FOR_PROGRAMS},
    {"dims", LAC_FOR_PROGRAMS},   {"depth", LAC_FOR_PROGRAMS}, {"survey_section", LAC_FOR_PROGRAMS},
};
enum { N_OUT = sizeof out_columns / sizeof *out_columns };

static lac_value value_of(const lac_answer *nodes, size_t r, const char *column) {
    return nodes->rows[r][lac_answer_find(nodes, column)];
}

static lac_status draw_row(drawing *d, size_t r, int depth, bool is_last, lac_error *err) {
    size_t kept = d->line.bytes;
    lac_text_add(&d->line, "%s%s", depth == 0 ? "" : is_last ? "└─ " : "├─ ", d->nodes->rows[r][NAME].text);
    if (d->line.failed) return lac_no_memory(err, "a tree");
    const char digit[2] = {(char)('0' + depth % 10), 0};
    lac_value values[N_OUT] = {
        {LAC_VALUE_TEXT, d->line.data},       value_of(d->nodes, r, "papers"), value_of(d->nodes, r, "survey_section"),
        value_of(d->nodes, r, "description"), value_of(d->nodes, r, "node"),   value_of(d->nodes, r, "parent"),
        value_of(d->nodes, r, "name"),        value_of(d->nodes, r, "level"),  value_of(d->nodes, r, "count"),
        value_of(d->nodes, r, "dims"),        {LAC_VALUE_NUMBER, digit},       value_of(d->nodes, r, "survey_section"),
    };
    lac_status status = lac_answer_add(d->out, values, err);
    d->line.bytes = kept;
    d->line.data[kept] = 0;
    return status;
}

static size_t next_child(const drawing *d, size_t parent, size_t from) {
    for (size_t r = from; r < d->nodes->n_rows; r++)
        if (!d->is_drawn[r] && strcmp(d->nodes->rows[r][PARENT].text, d->nodes->rows[parent][NODE].text) == 0) return r;
    return d->nodes->n_rows;
}

static lac_status draw(drawing *d, size_t r, int depth, bool is_last, lac_error *err) {
    d->is_drawn[r] = true;
    LAC_TRY(draw_row(d, r, depth, is_last, err));
    if (depth + 1 >= 10) return LAC_OK;
    size_t kept = d->line.bytes, n = d->nodes->n_rows;
    if (depth > 0) lac_text_add(&d->line, "%s", is_last ? "   " : "│  ");
    for (size_t child = next_child(d, r, 0); child < n;) {
        size_t next = next_child(d, r, child + 1);
        LAC_TRY(draw(d, child, depth + 1, next == n, err));
        child = next;
    }
    if (d->line.failed) return lac_no_memory(err, "a tree");
    d->line.bytes = kept;
    d->line.data[kept] = 0;
    return LAC_OK;
}

static lac_status draw_all(drawing *d, const char *node, lac_error *err) {
    size_t n = d->nodes->n_rows, row;
    lac_text_put(&d->line, "", 0);
    if (d->line.failed) return lac_no_memory(err, "a tree");
    if (node) {
        for (size_t r = 0; r < n; r++)
            if (lac_match_same(d->nodes->rows[r][NAME].text, node) && strcmp(d->nodes->rows[r][LEVEL].text, "category"))
                return draw(d, r, 0, true, err);
        LAC_TRY(lac_match_known(d->nodes, "NODE", node, &row, err));
        return draw(d, row, 0, true, err);
    }
    for (size_t r = 0; r < n; r++) /* dimensions first: what has no parent and is none follows, joined from several */
        if (strcmp(d->nodes->rows[r][LEVEL].text, "dimension") == 0) LAC_TRY(draw(d, r, 0, true, err));
    for (size_t r = 0; r < n; r++)
        if (!d->is_drawn[r] && !*d->nodes->rows[r][PARENT].text) LAC_TRY(draw(d, r, 0, true, err));
    return LAC_OK;
}

lac_status lac_ask_tree(sqlite3 *db, const char *node, lac_answer **answer, lac_error *err) {
    lac_answer *nodes;
    *answer = NULL;
    LAC_TRY(lac_answer_ask(db, question, NULL, 0, &nodes, err));
    drawing d = {.nodes = nodes, .is_drawn = lac_array(nodes->n_rows + 1, sizeof(bool))};
    lac_status status = d.is_drawn ? lac_answer_new(out_columns, N_OUT, &d.out, err) : lac_no_memory(err, "a tree");
    if (status == LAC_OK) status = draw_all(&d, node, err);
    if (status == LAC_OK)
        *answer = d.out;
    else
        lac_answer_free(d.out);
    lac_text_free(&d.line);
    lac_free(d.is_drawn);
    lac_answer_free(nodes);
    return status;
}
