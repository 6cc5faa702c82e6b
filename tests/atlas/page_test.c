/* The page of the atlas, without a browser: every row is in it, nothing in it asks for anything, and no text of a table
 * can become markup. What it does in a browser: page_test.py. */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "atlas/atlas.h"
#include "atlas/page.h"
#include "atlas/page_private.h"
#include "base/file.h"
#include "base/memory.h"
#include "scratch.h"

static lac_pool *pool;

static int make_pool(void **state) {
    (void)state;
    return lac_pool_new(1, &pool, NULL) == LAC_OK ? 0 : -1;
}

static int free_pool(void **state) {
    (void)state;
    lac_pool_free(pool);
    return 0;
}

static lac_text page_of(sqlite3 *db, const char *measured) {
    lac_text page = {0};
    lac_error err = {0};
    if (lac_page_make(db, measured, pool, &page, &err) != LAC_OK) fail_msg("%s", err.text);
    return page;
}

static lac_text shipped_page(void) {
    sqlite3 *db;
    lac_error err = {0};
    if (lac_atlas_open_shipped(&db, &err) != LAC_OK) fail_msg("%s", err.text);
    lac_text page = page_of(db, NULL);
    sqlite3_close(db);
    return page;
}

/* The data of a page, found as a browser finds it: up to the first "</script" after the element begins. */
static json_t *data_of(const lac_text *page) {
    static const char opens[] = "<script type=\"application/json\" id=\"atlas-data\">";
    const char *from = strstr(page->data, opens);
    assert_non_null(from);
    from += sizeof opens - 1;
    const char *to = strstr(from, "</script");
    assert_non_null(to);
    json_error_t where;
    json_t *data = json_loadb(from, (size_t)(to - from), JSON_REJECT_DUPLICATES, &where);
    if (!data) fail_msg("%d:%d: %s", where.line, where.column, where.text);
    return data;
}

static const json_t *at(const json_t *json, const char *a, const char *b) {
    const json_t *value = json_object_get(json_object_get(json, a), b);
    if (!value) fail_msg("%s.%s is not in the data", a, b);
    return value;
}

static size_t count(const char *text, const char *what) {
    size_t n = 0;
    for (; (text = strstr(text, what)); text += strlen(what))
        n++;
    return n;
}

static int64_t number(sqlite3 *db, const char *sql) {
    sqlite3_stmt *row;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    return value;
}

static void test_every_row_of_every_table_is_in_the_page(void **state) {
    (void)state;
    static const char *const tables[] = {"papers", "taxonomy", "results",  "datasets",        "forms",
                                         "gaps",   "timeline", "clusters", "methods_outside", "recipes"};
    lac_text page = shipped_page();
    json_t *data = data_of(&page);
    sqlite3 *db;
    assert_int_equal(lac_atlas_open_shipped(&db, NULL), LAC_OK);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        const json_t *table = at(data, "tables", tables[i]);
        char *sql = lac_format("SELECT count(*) FROM %s", tables[i]);
        int64_t expected = number(db, sql);
        lac_free(sql);
        assert_true(expected > 0);
        assert_int_equal(json_array_size(json_object_get(table, "rows")), expected);
        size_t columns = json_array_size(json_object_get(table, "columns"));
        size_t r;
        json_t *row;
        json_array_foreach(json_object_get(table, "rows"), r, row) assert_int_equal(json_array_size(row), columns);
    }
    sqlite3_close(db);
    json_decref(data);
    lac_text_free(&page);
}

static void test_a_figure_keeps_its_value_and_an_unknown_field_is_null(void **state) {
    (void)state;
    lac_text page = shipped_page();
    json_t *data = data_of(&page);
    const json_t *results = at(data, "tables", "results"), *columns = json_object_get(results, "columns");
    const json_t *first = json_array_get(json_object_get(results, "rows"), 0); /* r001: MAE, 83.6, no note */
    size_t c;
    json_t *name;
    json_array_foreach(columns, c, name) {
        const json_t *cell = json_array_get(first, c);
        if (strcmp(json_string_value(name), "value") == 0) assert_true(json_number_value(cell) == 83.6);
        if (strcmp(json_string_value(name), "note") == 0) assert_true(json_is_null(cell));
        if (strcmp(json_string_value(name), "epochs") == 0) assert_int_equal(json_integer_value(cell), 1600);
    }
    json_decref(data);
    lac_text_free(&page);
}

static void test_the_dendrogram_is_a_tree_over_the_papers(void **state) {
    (void)state;
    lac_text page = shipped_page();
    json_t *data = data_of(&page);
    size_t n = json_array_size(json_object_get(at(data, "tables", "papers"), "rows"));
    const json_t *merges = at(data, "dendrogram", "merges"), *terms = at(data, "dendrogram", "terms");
    assert_int_equal(json_array_size(merges), n - 1);
    assert_int_equal(json_array_size(terms), n - 1);
    bool *used = lac_array(2 * n, sizeof *used);
    double height = 0;
    for (size_t m = 0; m + 1 < n; m++) {
        const json_t *merge = json_array_get(merges, m);
        for (size_t side = 0; side < 2; side++) {
            int64_t child = json_integer_value(json_array_get(merge, side));
            assert_in_range(child, 0, n + m - 1);
            assert_false(used[child]);
            used[child] = true;
        }
        assert_true(json_number_value(json_array_get(merge, 2)) >= height - 1e-9);
        height = json_number_value(json_array_get(merge, 2));
        assert_in_range(json_array_size(json_array_get(terms, m)), 1, 5);
    }
    lac_free(used);
    assert_int_equal(json_array_size(at(data, "dendrogram", "named")),
                     json_array_size(json_object_get(at(data, "tables", "clusters"), "rows")));
    const json_t *nearest = json_object_get(data, "nearest");
    assert_int_equal(json_array_size(nearest), n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(json_array_size(json_array_get(nearest, i)), 6);
        for (size_t k = 0; k < 6; k++) {
            int64_t near = json_integer_value(json_array_get(json_array_get(nearest, i), k));
            assert_in_range(near, 0, n - 1);
            assert_int_not_equal(near, i);
        }
    }
    json_decref(data);
    lac_text_free(&page);
}

/* What a browser would fetch by itself. Links out are in the data, and are made by dom.js when they are shown. */
static void test_the_page_asks_for_nothing(void **state) {
    (void)state;
    lac_text page = shipped_page();
    assert_true(page.bytes < 1500 * 1000);
    assert_int_equal(strlen(page.data), page.bytes);
    static const char *const never[] = {" src=",         "@import",        "<iframe",   "<object",
                                        "<embed",        "srcset",         "<base ",    "http-equiv=\"refresh\"",
                                        "fetch(",        "XMLHttpRequest", "WebSocket", "sendBeacon",
                                        "importScripts", "import("};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (strstr(page.data, never[i])) fail_msg("the page holds %s", never[i]);
    assert_int_equal(count(page.data, "url("), count(page.data, "url(#")); /* markers and clips of its own drawings */
    assert_int_equal(count(page.data, "<link"), 1);
    assert_non_null(strstr(page.data, "<link rel=\"icon\" href=\"data:"));
    assert_non_null(strstr(page.data, "content=\"default-src 'none'; "));
    assert_int_equal(count(page.data, "<script"), 2);
    assert_int_equal(count(page.data, "</script"), 2);
    assert_non_null(strstr(page.data, "Copyright 2010-2017 Mike Bostock"));
    lac_text_free(&page);
}

static void test_every_id_of_the_frame_is_unique(void **state) {
    (void)state;
    const char *before = lac_page_before;
    assert_int_equal(strlen(before), lac_page_before_bytes);
    size_t n = 0;
    for (const char *id = before; (id = strstr(id, " id=\"")); id++) {
        char attribute[100];
        assert_int_equal(sscanf(id, "%*[ ]id=%99[^ >]", attribute), 1);
        char *whole = lac_format(" id=%s", attribute);
        if (count(before, whole) != 1) fail_msg("%s occurs %zu times", whole, count(before, whole));
        lac_free(whole);
        n++;
    }
    assert_true(n > 8);
}

/* ---- tables that somebody else has written ---- */

#define PAPER_COLUMNS                                                                                                  \
    "id, short, title, year, venue, url, arxiv, code, category, family, modality, masking, target, objective, "        \
    "architecture, tasks, summary, basis"

static sqlite3 *hostile_atlas(const char *title, const char *summary) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    static const char sql[] =
        "CREATE TABLE papers(" PAPER_COLUMNS "); CREATE TABLE clusters(id, name, kind, note);"
        "CREATE TABLE taxonomy(node, parent, name, level, count, survey_section, dims, description);"
        "CREATE TABLE results(id, paper, benchmark, value); CREATE TABLE datasets(id, name); CREATE TABLE "
        "forms(number);"
        "CREATE TABLE gaps(id); CREATE TABLE timeline(year, date, event, paper, why); CREATE TABLE recipes(recipe, "
        "arxiv);"
        "CREATE TABLE methods_outside(short); CREATE TABLE layers(paper, layer);"
        "INSERT INTO papers(id, short, title, year, summary) VALUES('a', 'A', 'Hiding patches', 2022, 'of pictures');"
        "INSERT INTO papers(id, short, title, year, summary) VALUES('b', 'B', 'Hiding tubes', 2023, 'of video "
        "patches');";
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) fail_msg("%s", why);
    sqlite3_stmt *insert;
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "INSERT INTO papers(id, short, title, year, url, summary) "
                                        "VALUES('c', ?1, ?1, 2024, 'javascript:alert(1)', ?2)",
                                        -1, &insert, NULL),
                     SQLITE_OK);
    sqlite3_bind_text(insert, 1, title, -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(insert, 2, summary, -1, SQLITE_TRANSIENT);
    assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
    sqlite3_finalize(insert);
    return db;
}

static void check_hostile(const char *title, const char *comes_back) {
    sqlite3 *db = hostile_atlas(title, "patches and more patches");
    lac_text page = page_of(db, NULL);
    sqlite3_close(db);
    assert_int_equal(count(page.data, "<script"), 2);
    assert_int_equal(count(page.data, "</script"), 2);
    assert_null(strstr(page.data, "<!--"));
    assert_null(strstr(page.data, "\xe2\x80\xa8"));
    json_t *data = data_of(&page);
    const json_t *row = json_array_get(json_object_get(at(data, "tables", "papers"), "rows"), 2);
    assert_string_equal(json_string_value(json_array_get(row, 2)), comes_back);
    json_decref(data);
    lac_text_free(&page);
}

static void test_hostile_titles_stay_text(void **state) {
    (void)state;
    static const char *const kept[] = {
        "</script><script>alert(1)</script>", "<!-- <script> -->",     "]]></SCRIPT >",
        "<img src=x onerror=alert(1)>",       "\" onfocus=\"alert(1)", "back\\slash \\u003c and \"quotes\"",
        "'); DROP TABLE papers; --",          "&lt;b&gt; &amp;",       "emoji \xf0\x9f\x98\x80 and \xc3\xa9",
    };
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        check_hostile(kept[i], kept[i]);
    check_hostile("line\xe2\x80\xa8separator", "line\xef\xbf\xbdseparator");
    check_hostile("bell\x07 escape\x1b[31m", "bell\xef\xbf\xbd escape\xef\xbf\xbd[31m");
    check_hostile("not \xff utf-8", "not \xef\xbf\xbd utf-8");
    check_hostile("right \xe2\x80\xae to left", "right \xef\xbf\xbd to left");
}

/* ---- results measured here ---- */

static void put_file(const char *path, const char *text) {
    assert_int_equal(lac_file_write(path, text, strlen(text), NULL), LAC_OK);
}

static void test_measured_results_come_in_checked(void **state) {
    (void)state;
    const char *path = scratch("measured.json");
    put_file(path, "{\"rows\": [{\"paper\": \"</script>A\", \"benchmark\": \"imagenet1k-knn\", \"metric\": \"top-1\", "
                   "\"value\": 12.5, \"run\": \"runs/1\", \"more\": \"left out\"}]}");
    sqlite3 *db = hostile_atlas("C", "patches");
    lac_text page = page_of(db, path);
    json_t *data = data_of(&page);
    const json_t *row = json_array_get(at(data, "measured", "rows"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "paper")), "</script>A");
    assert_true(json_number_value(json_object_get(row, "value")) == 12.5);
    assert_string_equal(json_string_value(json_object_get(row, "run")), "runs/1");
    assert_null(json_object_get(row, "more"));
    json_decref(data);
    lac_text_free(&page);
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"{\"rows\": [{\"paper\": \"A\", \"benchmark\": \"b\", \"metric\": \"m\", \"value\": \"12\"}]}",
         "row 1: value"},
        {"{\"rows\": [{\"benchmark\": \"b\", \"metric\": \"m\", \"value\": 12}]}", "row 1: paper"},
        {"{\"rows\": [3]}", "row 1"},
        {"{\"rows\": {}}", "rows"},
        {"[]", "rows"},
        {"{\"rows\": [], \"rows\": []}", "JSON"},
        {"{", "JSON"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put_file(path, bad[i].text);
        lac_error err = {0};
        lac_text out = {0};
        assert_int_equal(lac_page_make(db, path, pool, &out, &err), LAC_USAGE);
        if (!strstr(err.text, bad[i].says)) fail_msg("'%s' does not say '%s'", err.text, bad[i].says);
        lac_text_free(&out);
    }
    sqlite3_close(db);
}

/* ---- where it is written ---- */

static void test_somebody_elses_index_is_left_alone(void **state) {
    (void)state;
    sqlite3 *db = hostile_atlas("C", "patches");
    const char *file = scratch("new/index.html"), *folder = scratch("new");
    char *path = NULL;
    size_t bytes;
    lac_error err = {0};
    assert_int_equal(lac_page_write(db, NULL, pool, folder, &path, &bytes, &err), LAC_OK); /* makes the folder */
    assert_string_equal(path, file);
    lac_free(path);
    assert_int_equal(lac_page_write(db, NULL, pool, folder, &path, &bytes, &err), LAC_OK); /* over its own */
    char *data;
    size_t found;
    assert_int_equal(lac_file_read(path, 10 << 20, &data, &found, &err), LAC_OK);
    assert_int_equal(found, bytes);
    lac_free(data);
    lac_free(path);
    put_file(file, "<!doctype html><title>My home page</title>");
    assert_int_equal(lac_page_write(db, NULL, pool, folder, &path, &bytes, &err), LAC_USAGE);
    assert_null(path);
    assert_non_null(strstr(err.text, file));
    assert_int_equal(lac_file_read(file, 1000, &data, &found, &err), LAC_OK);
    assert_string_equal(data, "<!doctype html><title>My home page</title>");
    lac_free(data);
    sqlite3_close(db);
}

static void test_failed_allocations_are_reported(void **state) {
    (void)state;
    sqlite3 *db = hostile_atlas("C", "patches");
    lac_text whole = page_of(db, NULL);
    uint64_t before = lac_memory_count();
    lac_text again = page_of(db, NULL);
    uint64_t n = lac_memory_count() - before;
    lac_text_free(&again);
    assert_true(n > 20);
    for (uint64_t i = 1; i <= n; i++) {
        lac_text page = {0};
        lac_error err = {0};
        lac_memory_fail_at(i);
        lac_status status = lac_page_make(db, NULL, pool, &page, &err);
        lac_memory_fail_at(0);
        if (status == LAC_OK) fail_msg("allocation %d of %d failed and nobody said so", (int)i, (int)n);
        if (!strstr(err.text, "memory")) fail_msg("allocation %d: %s", (int)i, err.text);
        lac_text_free(&page);
    }
    lac_text_free(&whole);
    sqlite3_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_of_every_table_is_in_the_page),
        cmocka_unit_test(test_a_figure_keeps_its_value_and_an_unknown_field_is_null),
        cmocka_unit_test(test_the_dendrogram_is_a_tree_over_the_papers),
        cmocka_unit_test(test_the_page_asks_for_nothing),
        cmocka_unit_test(test_every_id_of_the_frame_is_unique),
        cmocka_unit_test(test_hostile_titles_stay_text),
        cmocka_unit_test(test_measured_results_come_in_checked),
        cmocka_unit_test(test_somebody_elses_index_is_left_alone),
        cmocka_unit_test(test_failed_allocations_are_reported),
    };
    return cmocka_run_group_tests(tests, make_pool, free_pool);
}
