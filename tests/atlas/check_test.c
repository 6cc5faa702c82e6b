/* A fault of every kind, planted into a copy of the shipped tables, is refused by file, line and column. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "atlas/check.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "scratch.h"

#define SHIPPED LACUNA_TESTS "/../atlas"

static char *shipped[LAC_N_TABLES];
static size_t shipped_bytes[LAC_N_TABLES];
static char folder[512];

static void put_table(int table, const char *text, size_t bytes) {
    lac_error err = {0};
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.tsv", folder, lac_schema[table].file);
    assert_int_equal(lac_file_write(path, text, bytes, &err), LAC_OK);
}

static int set_up(void **state) {
    (void)state;
    lac_error err = {0};
    snprintf(folder, sizeof folder, "%s", scratch("tables"));
    assert_int_equal(lac_folder_make(folder, &err), LAC_OK);
    for (int t = 0; t < LAC_N_TABLES; t++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s.tsv", SHIPPED, lac_schema[t].file);
        assert_int_equal(lac_file_read(path, 64 << 20, &shipped[t], &shipped_bytes[t], &err), LAC_OK);
        put_table(t, shipped[t], shipped_bytes[t]);
    }
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    for (int t = 0; t < LAC_N_TABLES; t++)
        lac_free(shipped[t]);
    return 0;
}

/* Where cell (line, column) lies in a table's text, both from 1; *length of it. */
static size_t cell_at(const char *text, int line, int column, size_t *length) {
    const char *at = text;
    for (int i = 1; i < line; i++)
        at = strchr(at, '\n') + 1;
    for (int i = 1; i < column; i++)
        at = strpbrk(at, "\t\n") + 1;
    *length = strcspn(at, "\t\n");
    return (size_t)(at - text);
}

static void get_cell(int table, int line, int column, char *out, size_t room) {
    size_t length, at = cell_at(shipped[table], line, column, &length);
    snprintf(out, room, "%.*s", (int)length, shipped[table] + at);
}

/* Check the folder; demand a fault there whose text holds `words`. */
static void demand(int table, int line, int column, const char *words) {
    lac_error err = {0};
    lac_tables *tables;
    assert_int_equal(lac_tables_read(folder, &tables, &err), LAC_OK);
    assert_int_equal(lac_tables_check(tables, &err), LAC_OK);
    bool found = false;
    for (size_t i = 0; i < tables->n_faults; i++) {
        const lac_fault *f = &tables->faults[i];
        found |= f->table == table && f->line == line && f->column == column && strstr(f->text, words);
    }
    if (!found) {
        print_error("expected %s.tsv:%d:%d: ...%s..., found %zu faults:\n", lac_schema[table].file, line, column, words,
                    tables->n_faults);
        for (size_t i = 0; i < tables->n_faults && i < 5; i++)
            print_error("  %s\n", lac_tables_fault_line(tables, &tables->faults[i]));
        fail();
    }
    char place[64];
    snprintf(place, sizeof place, "%s.tsv:%d:%d: ", lac_schema[table].file, line, column);
    if (tables->n_faults == 1) { /* the error names it too */
        assert_int_equal(lac_tables_refuse(tables, &err), LAC_FAILURE);
        assert_non_null(strstr(err.text, place));
    }
    lac_tables_free(tables);
}

/* The table with one cell changed. */
static void plant(int table, int line, int column, const char *value, const char *words) {
    size_t length, at = cell_at(shipped[table], line, column, &length);
    lac_text text = {0};
    lac_text_put(&text, shipped[table], at);
    lac_text_add(&text, "%s", value);
    lac_text_put(&text, shipped[table] + at + length, shipped_bytes[table] - at - length);
    put_table(table, text.data, text.bytes);
    demand(table, line, column, words);
    lac_text_free(&text);
    put_table(table, shipped[table], shipped_bytes[table]);
}

static void plant_named(const char *file, int line, const char *column, const char *value, const char *words) {
    int table = lac_schema_table(file);
    plant(table, line, lac_schema_column(&lac_schema[table], column) + 1, value, words);
}

static void test_the_shipped_tables_are_good(void **state) {
    (void)state;
    lac_error err = {0};
    lac_tables *tables;
    assert_int_equal(lac_tables_read(SHIPPED, &tables, &err), LAC_OK);
    assert_int_equal(lac_tables_check(tables, &err), LAC_OK);
    for (size_t i = 0; i < tables->n_faults; i++)
        print_error("%s\n", lac_tables_fault_line(tables, &tables->faults[i]));
    assert_int_equal(tables->n_faults, 0);
    lac_tables_free(tables);
}

static void test_every_vocabulary_is_held(void **state) {
    (void)state;
    int n = 0;
    for (int t = 0; t < LAC_N_TABLES; t++)
        for (int c = 0; c < lac_schema[t].n_columns; c++)
            if (lac_schema[t].columns[c].words) {
                plant(t, 3, c + 1, "qqqqqqqq", "unknown word 'qqqqqqqq'; known:");
                n++;
            }
    assert_int_equal(n, 20);
    plant_named("papers", 2, "masking", "randon", "nearest: 'random'");
    plant_named("papers", 2, "masking", "random;Block", "unknown word 'Block'");
    plant_named("papers", 2, "family", "-", "unknown word '-'");
}

static void test_every_needed_cell_is_missed(void **state) {
    (void)state;
    for (int t = 0; t < LAC_N_TABLES; t++)
        for (int c = 0; c < lac_schema[t].n_columns; c++)
            if (lac_schema[t].columns[c].flags & LAC_COLUMN_NEEDED)
                plant(t, 3, c + 1, "",
                      lac_schema[t].columns[c].flags & LAC_COLUMN_STATUS ? "empty; every row needs a status" : "empty");
}

static void test_every_key_given_twice_is_found(void **state) {
    (void)state;
    for (int t = 0; t < LAC_N_TABLES; t++)
        for (int c = 0; c < lac_schema[t].n_columns; c++) {
            if (!(lac_schema[t].columns[c].flags & LAC_COLUMN_UNIQUE)) continue;
            char first[1024] = "";
            int line = 2;
            for (; !*first; line++)
                get_cell(t, line, c + 1, first, sizeof first);
            char words[64];
            snprintf(words, sizeof words, "again, as in line %d", line - 1);
            plant(t, line, c + 1, first, words);
        }
}

static void test_every_reference_must_lead_somewhere(void **state) {
    (void)state;
    int n = 0;
    for (int t = 0; t < LAC_N_TABLES; t++)
        for (int c = 0; c < lac_schema[t].n_columns; c++)
            if (lac_schema[t].columns[c].refers) {
                plant(t, 4, c + 1, "Nowhere", "'Nowhere' is not in ");
                n++;
            }
    assert_int_equal(n, 6);
    plant_named("papers", 5, "category", "Masking strategy", "is not in taxonomy.name@category"); /* a dimension's */
    plant_named("papers", 5, "category", "(body only) 9.9 Nothing", "is not in taxonomy.name@category");
    plant_named("taxonomy", 8, "dims", "masking;masking-only", "'masking-only' is not in taxonomy.node@dimension");
}

static const struct {
    lac_cell_type type;
    const char *value;
} bad_values[] = {
    {LAC_CELL_NAME, "Upper"},
    {LAC_CELL_NAME, "a b"},
    {LAC_CELL_WHOLE, "0"},
    {LAC_CELL_WHOLE, "-3"},
    {LAC_CELL_WHOLE, "1.5"},
    {LAC_CELL_WHOLE, "ten"},
    {LAC_CELL_WHOLE, "99999999999999999999"},
    {LAC_CELL_NUMBER, "0"},
    {LAC_CELL_NUMBER, "-83.6"},
    {LAC_CELL_NUMBER, "83,6"},
    {LAC_CELL_NUMBER, "nan"},
    {LAC_CELL_NUMBER, "1e999"},
    {LAC_CELL_NUMBER, "83.6 %"},
    {LAC_CELL_YEAR, "1492"},
    {LAC_CELL_YEAR, "22"},
    {LAC_CELL_YEAR, "20222"},
    {LAC_CELL_YEAR, "2O22"},
    {LAC_CELL_DATE, "2024-13"},
    {LAC_CELL_DATE, "2023-02-29"},
    {LAC_CELL_DATE, "2024-6"},
    {LAC_CELL_DATE, "2024-06-31"},
    {LAC_CELL_DATE, "13.8.2024"},
    {LAC_CELL_URL, "ftp://a.org/x"},
    {LAC_CELL_URL, "https://"},
    {LAC_CELL_URL, "https://nodots/x"},
    {LAC_CELL_URL, "https://a.org/a b"},
    {LAC_CELL_URL, "javascript:alert(1)"},
    {LAC_CELL_URL, "https://a.org/\"onclick=x"},
    {LAC_CELL_URL, "https://a.org/<script>"},
    {LAC_CELL_ARXIV, "2113.06377"},
    {LAC_CELL_ARXIV, "2111.063"},
    {LAC_CELL_ARXIV, "arXiv:2111.06377"},
    {LAC_CELL_ARXIV, "2111.06377v2"},
    {LAC_CELL_SECTION, "three"},
    {LAC_CELL_SECTION, "3."},
    {LAC_CELL_SECTION, "3.1 (Fig. )"},
    {LAC_CELL_SECTION, "3.1 3.2"},
};

static void test_every_type_is_held(void **state) {
    (void)state;
    bool is_tried[16] = {0};
    for (size_t i = 0; i < sizeof bad_values / sizeof *bad_values; i++)
        for (int t = 0; t < LAC_N_TABLES; t++)
            for (int c = 0; c < lac_schema[t].n_columns; c++)
                if (lac_schema[t].columns[c].type == bad_values[i].type) {
                    plant(t, 2, c + 1, bad_values[i].value, "expected ");
                    is_tried[bad_values[i].type] = true;
                }
    for (int type = LAC_CELL_NAME; type <= LAC_CELL_SECTION; type++)
        if (type != LAC_CELL_WORD) assert_true(is_tried[type]);
}

static void test_lists_are_clean(void **state) {
    (void)state;
    plant_named("papers", 2, "masking", "random;random", "'random' twice");
    plant_named("papers", 2, "masking", "random;", "an empty value");
    plant_named("papers", 2, "masking", "random; block", "expected no space");
    plant_named("taxonomy", 2, "survey_section", "3.1; 3.1", "'3.1' twice");
    plant_named("papers", 2, "title", " A title", "expected no space at its ends");
}

static void test_a_status_answers_for_the_source(void **state) {
    (void)state;
    const char *const files[] = {"results", "datasets"};
    for (int i = 0; i < 2; i++) {
        int table = lac_schema_table(files[i]), status = lac_schema_column(&lac_schema[table], "status") + 1;
        bool seen[2] = {false, false};
        char value[64];
        for (int line = 2; !seen[0] || !seen[1]; line++) {
            get_cell(table, line, status, value, sizeof value);
            int is_memory = strcmp(value, "memory") == 0;
            if (seen[is_memory]) continue;
            seen[is_memory] = true;
            if (is_memory)
                plant_named(files[i], line, "source", "https://example.org/",
                            "expected none in a row of status 'memory'");
            else
                plant_named(files[i], line, "source", "", "a row of status 'read' needs a source");
        }
    }
}

static void test_a_cycle_in_the_taxonomy_is_named(void **state) {
    (void)state;
    int table = lac_schema_table("taxonomy"), line = 2;
    char node[64] = "";
    for (; strcmp(node, "masking-random") != 0; line++)
        get_cell(table, line, 1, node, sizeof node);
    plant_named("taxonomy", line - 1, "parent", "masking-random-tube", "lead back to it"); /* its child */
    plant_named("taxonomy", line - 1, "parent", "masking-random", "lead back to it");      /* itself */
}

static void test_counts_are_counted(void **state) {
    (void)state;
    plant_named("taxonomy", 8, "count", "32", "expected the papers of this category, 31, found 32");
    plant_named("taxonomy", 8, "count", "", "expected a count on categories and only there");
    plant_named("taxonomy", 2, "count", "5", "expected a count on categories and only there");
    /* the sum, at the head of the column */
    int papers = lac_schema_table("papers"), taxonomy = lac_schema_table("taxonomy");
    size_t length, at = cell_at(shipped[taxonomy], 8, 5, &length);
    char *changed = lac_copy_text(shipped[taxonomy]);
    memcpy(changed + at, "32", 2);
    put_table(taxonomy, changed, shipped_bytes[taxonomy]);
    demand(taxonomy, 1, 5, "expected a sum of 180, found 181");
    put_table(taxonomy, shipped[taxonomy], shipped_bytes[taxonomy]);
    lac_free(changed);
    /* a paper less */
    at = cell_at(shipped[papers], LAC_ATLAS_PAPERS + 1, 1, &length);
    put_table(papers, shipped[papers], at);
    demand(papers, 1, 1, "expected 194 papers, found 193");
    /* one of another category */
    put_table(papers, shipped[papers], shipped_bytes[papers]);
    at = cell_at(shipped[papers], 2, 9, &length);
    lac_text text = {0};
    lac_text_put(&text, shipped[papers], at);
    lac_text_add(&text, "Downstream Task");
    lac_text_put(&text, shipped[papers] + at + length, shipped_bytes[papers] - at - length);
    put_table(papers, text.data, text.bytes);
    demand(taxonomy, 8, 5, "expected the papers of this category, 30, found 31");
    demand(taxonomy, 9, 5, "expected the papers of this category, 16, found 15");
    lac_text_free(&text);
    put_table(papers, shipped[papers], shipped_bytes[papers]);
}

static void test_a_date_is_of_its_year(void **state) {
    (void)state;
    plant_named("timeline", 3, "date", "2017-06", "expected a date of the row's year");
}

/* Lines that are no rows. */
static void test_broken_lines_are_named(void **state) {
    (void)state;
    int gaps = lac_schema_table("gaps");
    const struct {
        const char *put; /* after the third line */
        int line, column;
        const char *words;
    } cases[] = {
        {"g9\ttoo\tfew\n", 4, 3, "expected 5 columns, found 3"},
        {"g9\tone\ttoo\tmany\tof\tthem\n", 4, 6, "expected 5 columns, found 6"},
        {"\n", 4, 1, "expected 5 columns, found 1"},
        {"g9\ta\xFF\tc\td\t7\n", 4, 2, "expected UTF-8, found the byte 0xFF"},
        {"g9\ta\tc\xC3\td\t7\n", 4, 3, "expected UTF-8"},
        {"g9\ta\tc\xED\xA0\x80\td\t7\n", 4, 3, "expected UTF-8"}, /* half of a surrogate pair */
        {"g9\ta\tc\x1b[31m\ttask\t7\n", 4, 3, "control character 0x1B"},
        {"g9\ta\tc\x01\ttask\t7\n", 4, 3, "control character 0x01"},
        {"g9\ta\tc\x7F\ttask\t7\n", 4, 3, "control character 0x7F"},
        {"g9\ta\tc\xC2\x9B\ttask\t7\n", 4, 3, "control character 0xC2"},     /* C1: CSI */
        {"g9\ta\xE2\x80\xAE\tc\ttask\t7\n", 4, 2, "control character 0xE2"}, /* right-to-left override */
        {"g9\ta\tc\ttask\t7\r\n", 4, 5, "(lines end with LF alone)"},
    };
    size_t length, at = cell_at(shipped[gaps], 4, 1, &length);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lac_text text = {0};
        lac_text_put(&text, shipped[gaps], at);
        lac_text_add(&text, "%s", cases[i].put);
        lac_text_put(&text, shipped[gaps] + at, shipped_bytes[gaps] - at);
        put_table(gaps, text.data, text.bytes);
        demand(gaps, cases[i].line, cases[i].column, cases[i].words);
        lac_text_free(&text);
    }
    put_table(gaps, shipped[gaps], shipped_bytes[gaps] - 1);
    demand(gaps, 9, 5, "expected a newline at the end");
    put_table(gaps, "", 0);
    demand(gaps, 1, 1, "expected the column 'id' in the header");
    put_table(gaps, "id\ttitle\tdescription\tdim\tsurvey_section\n", 40);
    demand(gaps, 1, 4, "expected the column 'dims' in the header, found 'dim'");
    put_table(gaps, "id\ttitle\tdescription\tdims\n", 26);
    demand(gaps, 1, 5, "found no more");
    put_table(gaps, "id\ttitle\tdescription\tdims\tsurvey_section\tx\n", 43);
    demand(gaps, 1, 6, "expected 5 columns in the header, found 6");
    put_table(gaps, shipped[gaps], shipped_bytes[gaps]);
}

static void test_a_missing_table_is_a_failure(void **state) {
    (void)state;
    lac_error err = {0};
    lac_tables *tables;
    char path[1024];
    snprintf(path, sizeof path, "%s/forms.tsv", folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(lac_tables_read(folder, &tables, &err), LAC_FAILURE);
    assert_non_null(strstr(err.text, "forms.tsv"));
    assert_null(tables);
    put_table(lac_schema_table("forms"), shipped[lac_schema_table("forms")], shipped_bytes[lac_schema_table("forms")]);
}

/* Each allocation fails in turn: a failure, nothing lost, no crash. */
static void test_memory_may_run_out(void **state) {
    (void)state;
    lac_error err = {0};
    uint64_t before = lac_memory_count();
    lac_tables *tables;
    assert_int_equal(lac_tables_read(folder, &tables, &err), LAC_OK);
    lac_tables_free(tables);
    uint64_t n = lac_memory_count() - before;
    for (uint64_t i = 1; i <= n; i += 1 + n / 60) {
        lac_memory_fail_at(i);
        lac_status status = lac_tables_read(folder, &tables, &err);
        lac_memory_fail_at(0);
        assert_int_equal(status, LAC_FAILURE);
        assert_null(tables);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_shipped_tables_are_good),
        cmocka_unit_test(test_every_vocabulary_is_held),
        cmocka_unit_test(test_every_needed_cell_is_missed),
        cmocka_unit_test(test_every_key_given_twice_is_found),
        cmocka_unit_test(test_every_reference_must_lead_somewhere),
        cmocka_unit_test(test_every_type_is_held),
        cmocka_unit_test(test_lists_are_clean),
        cmocka_unit_test(test_a_status_answers_for_the_source),
        cmocka_unit_test(test_a_cycle_in_the_taxonomy_is_named),
        cmocka_unit_test(test_counts_are_counted),
        cmocka_unit_test(test_a_date_is_of_its_year),
        cmocka_unit_test(test_broken_lines_are_named),
        cmocka_unit_test(test_a_missing_table_is_a_failure),
        cmocka_unit_test(test_memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
