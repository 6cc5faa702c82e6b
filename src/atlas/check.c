/* atlas/check.c - the checks of the tables, cell by cell and then across rows.
 *
 * Look-ups are linear scans over some hundreds of rows: a table of half a million pairs is milliseconds, once a build.
 */
#include "atlas/check.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/* ---- one value ---- */

static bool is_name(const char *v, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!(islower((unsigned char)v[i]) || isdigit((unsigned char)v[i]) || v[i] == '-' || v[i] == '+')) return false;
    return n > 0;
}

static bool digits(const char *v, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!isdigit((unsigned char)v[i])) return false;
    return true;
}

static int number_of(const char *v, size_t n) {
    int value = 0;
    for (size_t i = 0; i < n; i++)
        value = 10 * value + (v[i] - '0');
    return value;
}

static bool is_year(const char *v, size_t n) {
    return n == 4 && digits(v, 4) && number_of(v, 4) >= 1950 && number_of(v, 4) <= 2100;
}

static bool is_date(const char *v, size_t n) {
    if (n < 4 || !is_year(v, 4)) return false;
    if (n == 4) return true;
    if (n < 7 || v[4] != '-' || !digits(v + 5, 2)) return false;
    int year = number_of(v, 4), month = number_of(v + 5, 2);
    if (month < 1 || month > 12) return false;
    if (n == 7) return true;
    if (n != 10 || v[7] != '-' || !digits(v + 8, 2)) return false;
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    int day = number_of(v + 8, 2), last = lengths[month - 1] + (month == 2 && is_leap);
    return day >= 1 && day <= last;
}

static bool is_url(const char *v, size_t n) {
    size_t scheme = n > 8 && memcmp(v, "https://", 8) == 0 ? 8 : n > 7 && memcmp(v, "http://", 7) == 0 ? 7 : 0;
    if (!scheme || !isalnum((unsigned char)v[scheme])) return false;
    bool has_dot = false;
    for (size_t i = scheme; i < n && v[i] != '/'; i++)
        has_dot |= v[i] == '.';
    for (size_t i = 0; i < n; i++)
        if (v[i] <= ' ' || strchr("\"<>\\^`{|}", v[i])) return false; /* RFC 3986: never in an address */
    return has_dot;
}

static bool is_arxiv(const char *v, size_t n) { /* as since April 2007; five digits since 2015 */
    if ((n != 9 && n != 10) || !digits(v, 4) || v[4] != '.' || !digits(v + 5, n - 5)) return false;
    int month = number_of(v + 2, 2);
    return month >= 1 && month <= 12;
}

/* "3.1", "3.4 (Fig. 12)", "7", "(repository only)" */
static bool is_section(const char *v, size_t n) {
    if (n && *v == '(') return n == strlen("(repository only)") && memcmp(v, "(repository only)", n) == 0;
    size_t i = 0;
    while (i < n && isdigit((unsigned char)v[i]))
        i++;
    if (i == 0) return false;
    if (i < n && v[i] == '.') {
        size_t dot = i++;
        while (i < n && isdigit((unsigned char)v[i]))
            i++;
        if (i == dot + 1) return false;
    }
    return i == n || (n - i > 8 && memcmp(v + i, " (Fig. ", 7) == 0 && digits(v + i + 7, n - i - 8) && v[n - 1] == ')');
}

static const char *const expectations[] = {
    [LAC_CELL_TEXT] = "text",
    [LAC_CELL_NAME] = "a name of lower-case letters, digits, '+' and '-'",
    [LAC_CELL_WORD] = "a word of its vocabulary",
    [LAC_CELL_WHOLE] = "a whole number of at least 1",
    [LAC_CELL_NUMBER] = "a decimal number above 0",
    [LAC_CELL_YEAR] = "a year of 1950 to 2100",
    [LAC_CELL_DATE] = "a date as 2024, 2024-08 or 2024-08-13",
    [LAC_CELL_URL] = "an address with http:// or https://",
    [LAC_CELL_ARXIV] = "an arXiv id as 2111.06377",
    [LAC_CELL_SECTION] = "a section of the survey as 3.1 or 3.4 (Fig. 12)",
};

static bool has_type(const lac_column *column, const char *v, size_t n) {
    char text[64];
    int64_t whole;
    double real;
    switch (column->type) {
    case LAC_CELL_TEXT:
        return true;
    case LAC_CELL_NAME:
        return is_name(v, n);
    case LAC_CELL_WORD:
        return lac_schema_has_word(column, v, n);
    case LAC_CELL_YEAR:
        return is_year(v, n);
    case LAC_CELL_DATE:
        return is_date(v, n);
    case LAC_CELL_URL:
        return is_url(v, n);
    case LAC_CELL_ARXIV:
        return is_arxiv(v, n);
    case LAC_CELL_SECTION:
        return is_section(v, n);
    case LAC_CELL_WHOLE:
    case LAC_CELL_NUMBER:
        break;
    }
    if (n >= sizeof text || !isdigit((unsigned char)*v)) return false;
    memcpy(text, v, n);
    text[n] = 0;
    if (column->type == LAC_CELL_WHOLE) return lac_parse_int(text, &whole) && whole >= 1;
    return lac_parse_real(text, &real) && real > 0;
}

/* ---- references ---- */

static const char *cell(const lac_tables *t, int table, size_t row, const char *column) {
    return t->tsv[table].rows[row].cells[lac_schema_column(&lac_schema[table], column)];
}

static bool equals(const char *text, const char *v, size_t n) {
    return strlen(text) == n && memcmp(text, v, n) == 0;
}

/* Is the value in TABLE.COLUMN[@LEVEL], `to` of `length` bytes? */
static bool is_in(const lac_tables *t, const char *to, size_t length, const char *v, size_t n) {
    char table_name[32], column_name[32], level[16] = "";
    const char *dot = memchr(to, '.', length), *at = memchr(to, '@', length);
    size_t column_length = (size_t)((at ? at : to + length) - dot - 1);
    memcpy(table_name, to, (size_t)(dot - to));
    table_name[dot - to] = 0;
    memcpy(column_name, dot + 1, column_length);
    column_name[column_length] = 0;
    if (at) {
        memcpy(level, at + 1, (size_t)(to + length - at - 1));
        level[to + length - at - 1] = 0;
    }
    int table = lac_schema_table(table_name);
    for (size_t r = 0; r < t->tsv[table].n_rows; r++)
        if (equals(cell(t, table, r, column_name), v, n) && (!at || strcmp(cell(t, table, r, "level"), level) == 0))
            return true;
    return false;
}

/* "(body only) 3.10 Heading": the section must be one of a category, or the introduction. */
static bool is_body_only(const lac_tables *t, const char *v, size_t n) {
    size_t mark = strlen(LAC_BODY_ONLY);
    if (n <= mark || memcmp(v, LAC_BODY_ONLY, mark) != 0) return false;
    const char *space = memchr(v + mark, ' ', n - mark);
    if (!space || space + 1 == v + n) return false;
    size_t length = (size_t)(space - v) - mark;
    static const char sections[] = "taxonomy.survey_section@category";
    return equals("1", v + mark, length) || is_in(t, sections, sizeof sections - 1, v + mark, length);
}

static bool refers_well(const lac_tables *t, const lac_column *column, const char *v, size_t n) {
    for (const char *to = column->refers; *to;) {
        size_t length = strcspn(to, " ");
        if (is_in(t, to, length, v, n)) return true;
        to += length + (to[length] == ' ');
    }
    return strcmp(column->name, "category") == 0 && is_body_only(t, v, n);
}

/* ---- cells ---- */

typedef struct place {
    lac_tables *t;
    int table, line, number; /* column from 1 */
    const lac_column *column;
} place;

static lac_status unknown_word(const place *p, const char *v, size_t n, lac_error *err) {
    char word[64];
    int n_words = lac_schema_words(p->column), nearest = -1;
    if (n < sizeof word) {
        memcpy(word, v, n);
        word[n] = 0;
        nearest = lac_nearest_word(word, p->column->words, (size_t)n_words);
    }
    if (nearest >= 0)
        return lac_tables_fault(p->t, p->table, p->line, p->number, err, "unknown word '%.*s'; nearest: '%s'",
                                (int)(n < 60 ? n : 60), v, p->column->words[nearest]);
    return lac_tables_fault(p->t, p->table, p->line, p->number, err, "unknown word '%.*s'; known: %s and %d more",
                            (int)(n < 60 ? n : 60), v, p->column->words[0], n_words - 1);
}

static lac_status check_value(const place *p, const char *v, size_t n, lac_error *err) {
    lac_tables *t = p->t;
    int shown = (int)(n < 60 ? n : 60);
    if (n == 0) return lac_tables_fault(t, p->table, p->line, p->number, err, "an empty value between ';'");
    if ((p->column->flags & LAC_COLUMN_DASH) && n == 1 && *v == '-') return LAC_OK;
    if (*v == ' ' || v[n - 1] == ' ')
        return lac_tables_fault(t, p->table, p->line, p->number, err, "expected no space at its ends, found '%.*s'",
                                shown, v);
    if (p->column->type == LAC_CELL_WORD && !has_type(p->column, v, n)) return unknown_word(p, v, n, err);
    if (!has_type(p->column, v, n))
        return lac_tables_fault(t, p->table, p->line, p->number, err, "expected %s, found '%.*s'",
                                expectations[p->column->type], shown, v);
    if (p->column->refers && !refers_well(t, p->column, v, n))
        return lac_tables_fault(t, p->table, p->line, p->number, err, "'%.*s' is not in %s", shown, v,
                                p->column->refers);
    return LAC_OK;
}

/* Values between ';', with a space after it in sections. */
static lac_status check_list(const place *p, const char *text, lac_error *err) {
    bool is_section = p->column->type == LAC_CELL_SECTION;
    for (const char *at = text;;) {
        size_t n = strcspn(at, ";");
        LAC_TRY(check_value(p, at, n, err));
        for (const char *before = text; before < at;) { /* given twice? */
            size_t m = strcspn(before, ";");
            if (m == n && memcmp(before, at, n) == 0)
                return lac_tables_fault(p->t, p->table, p->line, p->number, err, "'%.*s' twice", (int)(n < 60 ? n : 60),
                                        at);
            before += m + 1 + (is_section && before[m + 1] == ' ');
        }
        if (!at[n]) return LAC_OK;
        at += n + 1 + (is_section && at[n + 1] == ' ');
    }
}

static lac_status check_cell(const place *p, const char *text, lac_error *err) {
    unsigned flags = p->column->flags;
    if (!*text) {
        if (!(flags & LAC_COLUMN_NEEDED)) return LAC_OK;
        return lac_tables_fault(p->t, p->table, p->line, p->number, err, "empty%s",
                                flags & LAC_COLUMN_STATUS ? "; every row needs a status" : "");
    }
    if ((flags & LAC_COLUMN_LIST) || p->column->type == LAC_CELL_SECTION) return check_list(p, text, err);
    return check_value(p, text, strlen(text), err);
}

static lac_status check_cells(lac_tables *t, lac_error *err) {
    for (int table = 0; table < LAC_N_TABLES; table++) {
        const lac_table_schema *schema = &lac_schema[table];
        for (size_t r = 0; r < t->tsv[table].n_rows; r++)
            for (int c = 0; c < schema->n_columns; c++) {
                place p = {t, table, t->tsv[table].rows[r].line, c + 1, &schema->columns[c]};
                LAC_TRY(check_cell(&p, t->tsv[table].rows[r].cells[c], err));
            }
    }
    return LAC_OK;
}

/* ---- rows together ---- */

static lac_status check_keys(lac_tables *t, lac_error *err) {
    for (int table = 0; table < LAC_N_TABLES; table++) {
        const lac_tsv *tsv = &t->tsv[table];
        for (int c = 0; c < lac_schema[table].n_columns; c++) {
            if (!(lac_schema[table].columns[c].flags & LAC_COLUMN_UNIQUE)) continue;
            for (size_t r = 1; r < tsv->n_rows; r++)
                for (size_t b = 0; b < r; b++) {
                    const char *value = tsv->rows[r].cells[c];
                    if (!*value || strcmp(tsv->rows[b].cells[c], value) != 0) continue;
                    LAC_TRY(lac_tables_fault(t, table, tsv->rows[r].line, c + 1, err, "'%.60s' again, as in line %d",
                                             value, tsv->rows[b].line));
                    break;
                }
        }
    }
    return LAC_OK;
}

static lac_status fault_at(lac_tables *t, int table, int line, const char *column, lac_error *err, const char *text) {
    return lac_tables_fault(t, table, line, lac_schema_column(&lac_schema[table], column) + 1, err, "%s", text);
}

/* What a status asks of the source, in the tables that have both. */
static lac_status check_sources(lac_tables *t, lac_error *err) {
    static const char *const names[] = {"results", "datasets"};
    for (int i = 0; i < 2; i++) {
        int table = lac_schema_table(names[i]);
        for (size_t r = 0; r < t->tsv[table].n_rows; r++) {
            bool has_source = *cell(t, table, r, "source") != 0;
            const char *status = cell(t, table, r, "status");
            int line = t->tsv[table].rows[r].line;
            if (strcmp(status, "read") == 0 && !has_source)
                LAC_TRY(fault_at(t, table, line, "source", err, "empty; a row of status 'read' needs a source"));
            if (strcmp(status, "memory") == 0 && has_source)
                LAC_TRY(fault_at(t, table, line, "source", err, "expected none in a row of status 'memory'"));
        }
    }
    return LAC_OK;
}

static size_t parent_of(const lac_tables *t, int table, size_t row) {
    const char *parent = cell(t, table, row, "parent");
    for (size_t r = 0; *parent && r < t->tsv[table].n_rows; r++)
        if (strcmp(cell(t, table, r, "node"), parent) == 0) return r;
    return SIZE_MAX;
}

/* A row from which the parents lead back to it is on a cycle. */
static lac_status check_cycles(lac_tables *t, lac_error *err) {
    int table = lac_schema_table("taxonomy");
    size_t n = t->tsv[table].n_rows;
    for (size_t r = 0; r < n; r++) {
        size_t at = parent_of(t, table, r);
        for (size_t steps = 0; at != SIZE_MAX && at != r && steps < n; steps++)
            at = parent_of(t, table, at);
        if (at == r)
            LAC_TRY(fault_at(t, table, t->tsv[table].rows[r].line, "parent", err,
                             "the parents of this node lead back to it"));
    }
    return LAC_OK;
}

/* The year of an event is that of its date. */
static lac_status check_timeline(lac_tables *t, lac_error *err) {
    int table = lac_schema_table("timeline");
    for (size_t r = 0; r < t->tsv[table].n_rows; r++)
        if (strncmp(cell(t, table, r, "date"), cell(t, table, r, "year"), 4) != 0)
            LAC_TRY(fault_at(t, table, t->tsv[table].rows[r].line, "date", err, "expected a date of the row's year"));
    return LAC_OK;
}

static lac_status check_counts(lac_tables *t, lac_error *err) {
    int taxonomy = lac_schema_table("taxonomy"), papers = lac_schema_table("papers");
    int column = lac_schema_column(&lac_schema[taxonomy], "count") + 1, n_categories = 0;
    int64_t sum = 0;
    size_t n_papers = t->tsv[papers].n_rows;
    for (size_t r = 0; r < t->tsv[taxonomy].n_rows; r++) {
        int line = t->tsv[taxonomy].rows[r].line;
        const char *text = cell(t, taxonomy, r, "count"), *name = cell(t, taxonomy, r, "name");
        bool is_category = strcmp(cell(t, taxonomy, r, "level"), "category") == 0;
        if (is_category != (*text != 0))
            LAC_TRY(lac_tables_fault(t, taxonomy, line, column, err, "expected a count on categories and only there"));
        if (!is_category) continue;
        n_categories++;
        int64_t said = 0, found = 0;
        lac_parse_int(text, &said);
        for (size_t p = 0; p < n_papers; p++)
            found += strcmp(cell(t, papers, p, "category"), name) == 0;
        if (said != found)
            LAC_TRY(lac_tables_fault(t, taxonomy, line, column, err,
                                     "expected the papers of this category, %lld, found %lld", (long long)found,
                                     (long long)said));
        sum += said;
    }
    if (sum != LAC_REPOSITORY_PAPERS)
        LAC_TRY(lac_tables_fault(t, taxonomy, 1, column, err, "expected a sum of %d, found %lld", LAC_REPOSITORY_PAPERS,
                                 (long long)sum));
    if (n_categories != LAC_REPOSITORY_CATEGORIES)
        LAC_TRY(lac_tables_fault(t, taxonomy, 1, column, err, "expected %d categories, found %d",
                                 LAC_REPOSITORY_CATEGORIES, n_categories));
    if (n_papers != LAC_ATLAS_PAPERS)
        LAC_TRY(lac_tables_fault(t, papers, 1, 1, err, "expected %d papers, found %zu", LAC_ATLAS_PAPERS, n_papers));
    return LAC_OK;
}

lac_status lac_tables_check(lac_tables *t, lac_error *err) {
    if (t->n_faults) return LAC_OK;
    LAC_TRY(check_cells(t, err));
    LAC_TRY(check_keys(t, err));
    LAC_TRY(check_sources(t, err));
    LAC_TRY(check_cycles(t, err));
    LAC_TRY(check_timeline(t, err));
    return check_counts(t, err);
}
