/* The compiled atlas: it is whole, it can only be read, and nobody's words are operators, escapes or statements. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <string.h>

#include "atlas/ask.h"
#include "atlas/atlas.h"
#include "atlas/bibtex.h"
#include "atlas/check.h"
#include "atlas/clean.h"
#include "atlas/compile.h"
#include "atlas/export.h"
#include "atlas/image.h"
#include "atlas/match.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "scratch.h"

static sqlite3 *db;

static int set_up(void **state) {
    (void)state;
    lac_error err = {0};
    unsetenv("HOME"); /* no layer of whoever runs the tests */
    setenv("XDG_DATA_HOME", scratch("nothing"), 1);
    assert_int_equal(lac_atlas_open(&db, &err), LAC_OK);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    return sqlite3_close(db) == SQLITE_OK ? 0 : 1; /* no statement left open */
}

/* Every cell of every file is the cell of the database: numbers as numbers, empty ones as null. */
static void test_the_image_holds_the_tables(void **state) {
    (void)state;
    lac_error err = {0};
    lac_tables *tables;
    assert_int_equal(lac_tables_read(LACUNA_TESTS "/../atlas", &tables, &err), LAC_OK);
    for (int t = 0; t < LAC_N_TABLES; t++) {
        lac_answer *answer;
        assert_int_equal(lac_ask_rows(db, lac_schema[t].sql, &answer, &err), LAC_OK);
        assert_int_equal(answer->n_rows, tables->tsv[t].n_rows);
        assert_int_equal(answer->n_columns, lac_schema[t].n_columns);
        for (int c = 0; c < answer->n_columns; c++) {
            assert_string_equal(answer->columns[c].name, lac_schema[t].columns[c].name);
            for (size_t r = 0; r < answer->n_rows; r++) {
                const char *cell = tables->tsv[t].rows[r].cells[c];
                const lac_value *value = &answer->rows[r][c];
                double a, b = 0;
                if (value->kind == LAC_VALUE_NUMBER) {
                    assert_true(lac_parse_real(cell, &a) && lac_parse_real(value->text, &b));
                    assert_true(a == b);
                } else {
                    assert_string_equal(value->text, cell);
                }
            }
        }
        lac_answer_free(answer);
    }
    lac_tables_free(tables);
}

/* A copy of the image that can be written, as a user's papers are put into. */
static sqlite3 *open_copy(void) {
    sqlite3 *copy;
    assert_int_equal(sqlite3_open(":memory:", &copy), SQLITE_OK);
    size_t bytes = (size_t)lac_atlas_image_bytes;
    unsigned char *data = sqlite3_malloc64(bytes);
    memcpy(data, lac_atlas_image, bytes);
    assert_int_equal(sqlite3_deserialize(copy, "main", data, (sqlite3_int64)bytes, (sqlite3_int64)bytes,
                                         SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE),
                     SQLITE_OK);
    return copy;
}

static void demand_rows(sqlite3 *own, const char *sql, const char *number) {
    lac_answer *answer;
    lac_error err = {0};
    assert_int_equal(lac_answer_ask(own, sql, NULL, 0, &answer, &err), LAC_OK);
    assert_string_equal(answer->rows[0][0].text, number);
    lac_answer_free(answer);
}

/* rank 1: the index against the content of papers */
static const char check_index[] = "INSERT INTO papers_search(papers_search, rank) VALUES('integrity-check', 1)";

static void test_the_index_is_sound(void **state) {
    (void)state;
    sqlite3 *copy = open_copy();
    assert_int_equal(sqlite3_exec(copy, check_index, NULL, NULL, NULL), SQLITE_OK);
    demand_rows(copy, "SELECT count(*) = 1 AND max(integrity_check) = 'ok' FROM pragma_integrity_check", "1");
    sqlite3_close(copy);
}

static void test_index_and_facets_follow_papers(void **state) {
    (void)state;
    sqlite3 *copy = open_copy();
    lac_error err = {0};
    static const char changes[] =
        "INSERT INTO papers(id, short, title, category, masking) VALUES('mine', 'Mine', 'Quokkas in the dark',"
        " '(body only) 3.9 x', 'block; tube;-;block');"
        "INSERT INTO papers(id, short, title) VALUES('mine', 'Mine', 'Wombats in the dark')"
        " ON CONFLICT(id) DO UPDATE SET title = excluded.title;"
        "UPDATE papers SET title = 'Numbats', summary = NULL, masking = 'tube' WHERE short = 'MAE';"
        "DELETE FROM papers WHERE short = 'SimMIM';"
        "INSERT INTO layers VALUES('Mine', 'user'), ('MAE', 'user')";
    assert_int_equal(lac_atlas_run(copy, changes, &err), LAC_OK);
    assert_int_equal(lac_atlas_derive(copy, &err), LAC_OK);
    assert_int_equal(sqlite3_exec(copy, check_index, NULL, NULL, NULL), SQLITE_OK);
    demand_rows(copy, "SELECT count(*) FROM papers_search WHERE papers_search MATCH 'quokkas'", "0");
    demand_rows(copy, "SELECT count(*) FROM papers_search WHERE papers_search MATCH 'wombat'", "1");
    demand_rows(copy, "SELECT short FROM papers_search WHERE papers_search MATCH 'numbat'", "MAE");
    demand_rows(copy, "SELECT count(*) FROM papers_search WHERE papers_search MATCH 'short: simmim'", "0");
    demand_rows(copy, "SELECT group_concat(facet || '=' || word, ' ') FROM facets WHERE paper = 'Mine'",
                "dim=masking dim=target masking=block masking=tube");
    demand_rows(copy, "SELECT group_concat(word, ' ') FROM facets WHERE paper = 'MAE' AND facet = 'masking'", "tube");
    sqlite3_close(copy);
}

static void test_nothing_but_reading_is_allowed(void **state) {
    (void)state;
    const char *const statements[] = {
        "DELETE FROM papers",
        "INSERT INTO papers(id, short, title) VALUES('x', 'x', 'x')",
        "UPDATE results SET value = 100",
        "REPLACE INTO layers VALUES('MAE', 'x')",
        "DROP TABLE papers",
        "CREATE TABLE t(x)",
        "CREATE TEMP TABLE t(x)",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TRIGGER t AFTER INSERT ON papers BEGIN SELECT 1; END",
        "CREATE VIRTUAL TABLE v USING fts5(x)",
        "ALTER TABLE papers ADD COLUMN x",
        "CREATE INDEX i ON papers(year)",
        "REINDEX",
        "ANALYZE",
        "VACUUM",
        "VACUUM INTO '/tmp/lacuna-vacuum'",
        "ATTACH '/tmp/lacuna-attached' AS x",
        "ATTACH ':memory:' AS x",
        "DETACH main",
        "BEGIN",
        "SAVEPOINT s",
        "PRAGMA query_only = OFF",
        "PRAGMA writable_schema = ON",
        "PRAGMA journal_mode = WAL",
        "PRAGMA temp_store_directory = '/tmp'",
        "PRAGMA hard_heap_limit = 0",
        "PRAGMA user_version = 7",
        "PRAGMA wal_checkpoint",
        "SELECT load_extension('x')",
        "SELECT fts3_tokenizer('simple')",
        "INSERT INTO papers_search(papers_search) VALUES('delete-all')",
        "INSERT INTO papers_search(papers_search) VALUES('rebuild')",
        "SELECT * FROM pragma_journal_mode('wal')",
        "EXPLAIN DELETE FROM papers",
        "WITH x AS (SELECT 1) DELETE FROM papers",
        "SELECT writefile('/tmp/lacuna-written', 'x')",
        "SELECT 1; DELETE FROM papers",
        "SELECT 1; SELECT 2",
        "",
        " ; ",
        "-- nothing",
        "SELECT",
        "SELECT \xFF\xFE",
        "SELECT '\x1b[31m",
    };
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        lac_error err = {0};
        lac_answer *answer;
        bool figures;
        lac_status status = lac_ask_sql(db, statements[i], 5, &answer, &figures, &err);
        if (status != LAC_USAGE) print_error("status %d: %s (%s)\n", status, statements[i], err.text);
        assert_int_equal(status, LAC_USAGE);
        assert_null(answer);
        assert_true(strlen(err.text) > 0);
    }
    assert_false(lac_file_exists("/tmp/lacuna-vacuum") || lac_file_exists("/tmp/lacuna-attached") ||
                 lac_file_exists("/tmp/lacuna-written"));
    lac_answer *answer;
    bool figures;
    lac_error err = {0};
    assert_int_equal(lac_ask_sql(db, "SELECT count(*) AS n FROM papers;  ", 5, &answer, &figures, &err), LAC_OK);
    assert_string_equal(lac_answer_text(answer, 0, "n"), "194");
    lac_answer_free(answer);
}

static void test_a_query_cannot_take_all(void **state) {
    (void)state;
    const char *const statements[] = {
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
        "SELECT count(*) FROM results a, results b, results c, results d",
        "SELECT zeroblob(2000000)",
        "SELECT group_concat(a.summary) FROM papers a, papers b",
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT randomblob(100000) FROM c ORDER BY 1",
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT hex(zeroblob(100000)) FROM c",
    };
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        lac_error err = {0};
        lac_answer *answer;
        bool figures;
        double begin = lac_clock_s();
        lac_status status = lac_ask_sql(db, statements[i], 0.5, &answer, &figures, &err);
        if (status == LAC_OK) print_error("it ended: %s\n", statements[i]);
        assert_int_not_equal(status, LAC_OK);
        assert_null(answer);
        assert_true(lac_clock_s() - begin < 30); /* far more than half a second only where the machine is slow */
        assert_true(lac_peak_rss() < (uint64_t)1 << 30);
    }
}

static void test_figures_without_status_are_noticed(void **state) {
    (void)state;
    const struct {
        const char *sql;
        bool is_unmarked;
    } cases[] = {{"SELECT value FROM results", true},
                 {"SELECT max(value) FROM results", true},
                 {"SELECT value, status FROM results", false},
                 {"SELECT * FROM results", false},
                 {"SELECT value FROM results WHERE status = 'read'", false},
                 {"SELECT paper FROM results", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lac_error err = {0};
        lac_answer *answer;
        bool is_unmarked;
        assert_int_equal(lac_ask_sql(db, cases[i].sql, 5, &answer, &is_unmarked, &err), LAC_OK);
        assert_int_equal(is_unmarked, cases[i].is_unmarked);
        lac_answer_free(answer);
    }
}

/* Answers are JSON whatever is in them. */
static void demand_json(const lac_answer *answer) {
    lac_text text = {0};
    lac_answer_json(answer, 0, false, &text);
    assert_false(text.failed);
    json_error_t error;
    json_t *json = json_loadb(text.data, text.bytes, JSON_REJECT_DUPLICATES, &error);
    if (!json) print_error("%s in %.300s\n", error.text, text.data);
    assert_non_null(json);
    assert_int_equal(json_array_size(json), answer->n_rows);
    json_decref(json);
    lac_text_free(&text);
}

static void test_words_are_only_words(void **state) {
    (void)state;
    const char *const words[] = {"masked AND",
                                 "NOT masked",
                                 "masked OR",
                                 "NEAR(masked autoencoder)",
                                 "title: masked",
                                 "mask*",
                                 "\"masked",
                                 "\"masked autoencoder\"",
                                 "^masked",
                                 "masked + autoencoder",
                                 "{title short} : masked",
                                 "masked')",
                                 "'; DROP TABLE papers; --",
                                 "masked\"\"\"",
                                 "(masked",
                                 "masked)",
                                 "-masked",
                                 "masked -autoencoder",
                                 "%masked%",
                                 "\xFFmasked",
                                 "masked\x01",
                                 "masked \x1b[31m",
                                 "<script> masked </script>",
                                 "masked\\",
                                 "masked\n\tmasked"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        lac_error err = {0};
        lac_answer *answer;
        bool is_any;
        lac_status status = lac_ask_search(db, words[i], 5, &answer, &is_any, &err);
        if (status != LAC_OK) print_error("'%s': %s\n", words[i], err.text);
        assert_int_equal(status, LAC_OK);
        if (answer->n_rows == 0) print_error("nothing for '%s'\n", words[i]);
        assert_true(answer->n_rows > 0);
        demand_json(answer);
        lac_answer_free(answer);
    }
    const char *const nothing[] = {"", " ", "*", "\"\"", "()", "-- ;", "\xFF\xFE", "\x01\x02", "\xE2\x80\xAE", "+ - *"};
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        lac_error err = {0};
        lac_answer *answer = NULL;
        bool is_any;
        assert_int_equal(lac_ask_search(db, nothing[i], 5, &answer, &is_any, &err), LAC_USAGE);
        assert_null(answer);
    }
}

static void test_random_words_break_nothing(void **state) {
    (void)state;
    static const char signs[] = "\"'*()^:+-{}[]\\;%_ \t\nANDORNOTNEARmaskx\xC3\xA9\xFF\xE2\x80\xAE\x1b\x01";
    lac_random random = lac_random_at(7, LAC_RANDOM_TEST, 0, 0, 0);
    for (int i = 0; i < 1000; i++) {
        char words[40];
        size_t n = lac_random_below(&random, sizeof words);
        for (size_t k = 0; k < n; k++)
            words[k] = signs[lac_random_below(&random, sizeof signs - 1)];
        words[n < sizeof words ? n : sizeof words - 1] = 0;
        lac_error err = {0};
        lac_answer *answer = NULL;
        bool is_any, is_outside;
        char *name;
        lac_status status = lac_ask_search(db, words, 3, &answer, &is_any, &err);
        if (status == LAC_FAILURE) print_error("%s\n", err.text);
        assert_int_not_equal(status, LAC_FAILURE);
        if (answer) demand_json(answer);
        lac_answer_free(answer);
        assert_int_not_equal(lac_ask_find(db, words, &name, &is_outside, &err), LAC_FAILURE);
        lac_free(name);
        const lac_condition condition = {"--masking", "masking", words};
        assert_int_not_equal(lac_ask_list(db, &condition, 1, &answer, &err), LAC_FAILURE);
        lac_answer_free(answer);
        assert_int_not_equal(lac_ask_results(db, words, words, words, &answer, &err), LAC_FAILURE);
        lac_answer_free(answer);
    }
}

static void test_search_finds_by_name_title_and_stem(void **state) {
    (void)state;
    const struct {
        const char *words, *first;
    } cases[] = {{"SimMIM", "SimMIM"},
                 {"simmim", "SimMIM"},
                 {"hard patches mining", "HPM"},
                 {"image bert online tokenizer", "iBOT"},
                 {"MaskFeat histograms of oriented gradients", "MaskFeat"},
                 {"adaptive masking of videos", "AdaMAE"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lac_error err = {0};
        lac_answer *answer;
        bool is_any;
        assert_int_equal(lac_ask_search(db, cases[i].words, 5, &answer, &is_any, &err), LAC_OK);
        assert_string_equal(lac_answer_text(answer, 0, "paper"), cases[i].first);
        lac_answer_free(answer);
    }
}

static void test_what_people_write_is_matched(void **state) {
    (void)state;
    const struct {
        const char *asked, *value;
        bool is_within;
    } cases[] = {
        {"vit-b", "ViT-B/16", true},
        {"vitb", "ViT-B/16", true},
        {"ViT B", "ViT-B", true},
        {"vit-b/16", "ViT-B/16", true},
        {"vit-b16", "ViT-B/16", true},
        {"vit-base", "ViT-B/16 (CLIP)", true},
        {"vit-b/16", "ViT-B", false},
        {"vit-l", "EVA-L ViT-L/14", true},
        {"vit", "HiViT-B", false},
        {"vit-b", "ViT-B-48", true},
        {"swin-b", "SwinV2-B", false},
        {"swin", "Swin-B (window 7)", true},
        {"b", "ViT-B", true},
        {"vit-h", "ViT-H/14", true},
        {"", "ViT-B", false},
        {"-", "ViT-B", false},
        {"resnet50", "ResNet-50", true},
        {"resnet-5", "ResNet-50", false},
        {"convnext v2 b", "ConvNeXtV2-B", true},
        {"coco", "coco-box", true},
        {"vit-b\xC3\xA9", "ViT-B", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool is_within = lac_match_within(cases[i].asked, cases[i].value);
        if (is_within != cases[i].is_within) print_error("'%s' in '%s'\n", cases[i].asked, cases[i].value);
        assert_int_equal(is_within, cases[i].is_within);
    }
    assert_true(lac_match_same("attention guided", "attention-guided"));
    assert_true(lac_match_same("MAE", "mae"));
    assert_false(lac_match_same("MAE", "M3AE"));
    char long_word[2000];
    memset(long_word, 'a', sizeof long_word - 1);
    long_word[sizeof long_word - 1] = 0;
    assert_false(lac_match_within(long_word, long_word)); /* more than any cell holds */
    assert_true(lac_match_same(long_word, long_word));
}

static void test_papers_are_found_as_people_name_them(void **state) {
    (void)state;
    const struct {
        const char *asked, *paper;
        bool is_outside;
    } cases[] = {{"MAE", "MAE", false},
                 {"mae", "MAE", false},
                 {"2111.06377", "MAE", false},
                 {"arXiv:2111.06377v3", "MAE", false},
                 {"https://arxiv.org/abs/2111.06377", "MAE", false},
                 {"https://arxiv.org/pdf/2111.06377v2.pdf", "MAE", false},
                 {"mcvd-2022", "MCVD", false},
                 {"masked autoencoders are scalable vision learners", "MAE", false},
                 {"scalable vision learners", "MAE", false},
                 {"beit v2", "BEiT v2", true},
                 {"I-JEPA", "I-JEPA", true},
                 {"BEiT", "BEiT", false}};
    lac_error err = {0};
    char *name;
    bool is_outside;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lac_status status = lac_ask_find(db, cases[i].asked, &name, &is_outside, &err);
        if (status != LAC_OK) print_error("'%s': %s\n", cases[i].asked, err.text);
        assert_int_equal(status, LAC_OK);
        assert_string_equal(name, cases[i].paper);
        assert_int_equal(is_outside, cases[i].is_outside);
        lac_free(name);
    }
    assert_int_equal(lac_ask_find(db, "DMAE", &name, &is_outside, &err), LAC_USAGE);
    assert_non_null(strstr(err.text, "any of 2 papers: DMAE (distillation), DMAE (denoising)"));
    assert_int_equal(lac_ask_find(db, "SimMIN", &name, &is_outside, &err), LAC_USAGE);
    assert_non_null(strstr(err.text, "nearest: 'SimMIM'"));
}

static void test_text_is_cleaned(void **state) {
    (void)state;
    const struct {
        const char *text, *clean;
        size_t width;
    } cases[] = {
        {"plain", "plain", 5},
        {"a\x1b[31mb", "a\xEF\xBF\xBD[31mb", 7},
        {"a\xC2\x9Bm", "a\xEF\xBF\xBDm", 3},
        {"a\tb\nc", "a b c", 5},
        {"\x7F\x01\r", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", 3},
        {"\xFF\xC3", "\xEF\xBF\xBD\xEF\xBF\xBD", 2},
        {"\xE2\x80\xAE"
         "abc",
         "\xEF\xBF\xBD"
         "abc",
         4},
        {"\xE6\x97\xA5\xE6\x9C\xAC", "\xE6\x97\xA5\xE6\x9C\xAC", 4}, /* two wide characters */
        {"e\xCC\x81", "e\xCC\x81", 1},                               /* a combining accent */
        {"", "", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lac_text out = {0};
        lac_clean_put(&out, cases[i].text);
        assert_string_equal(out.data, cases[i].clean);
        assert_int_equal(lac_clean_width(cases[i].text), cases[i].width);
        lac_text_free(&out);
    }
}

/* A taxonomy that leads back to itself, as no check would let pass, ends all the same. */
static void test_a_tree_with_a_cycle_ends(void **state) {
    (void)state;
    sqlite3 *own;
    lac_error err = {0};
    lac_answer *answer;
    assert_int_equal(sqlite3_open(":memory:", &own), SQLITE_OK);
    assert_int_equal(sqlite3_exec(own,
                                  "CREATE TABLE taxonomy(node, parent, name, level, count, survey_section, dims, "
                                  "description); CREATE TABLE papers(category); CREATE TABLE facets(facet, word);"
                                  "INSERT INTO taxonomy(node, parent, name, level) VALUES('a', NULL, 'A', 'dimension'),"
                                  "('b', 'c', 'B', 'group'), ('c', 'b', 'C', 'group'), ('d', 'd', 'D', 'group'),"
                                  "('e', 'a', 'E', 'group')",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(lac_ask_tree(own, NULL, &answer, &err), LAC_OK);
    assert_int_equal(answer->n_rows, 2); /* what hangs on no root is not drawn */
    lac_answer_free(answer);
    assert_int_equal(lac_ask_tree(own, "b", &answer, &err), LAC_OK);
    assert_int_equal(answer->n_rows, 2);
    lac_answer_free(answer);
    assert_int_equal(lac_ask_tree(own, "d", &answer, &err), LAC_OK);
    assert_int_equal(answer->n_rows, 1);
    lac_answer_free(answer);
    sqlite3_close(own);
}

/* What is exported as BibTeX reads back, with the same titles. */
static void test_bibtex_goes_around(void **state) {
    (void)state;
    lac_error err = {0};
    lac_text text = {0};
    lac_bib *bib;
    lac_answer *papers;
    assert_int_equal(lac_export_bibtex(db, &text, &err), LAC_OK);
    lac_status status = lac_bib_parse("export.bib", text.data, text.bytes, &bib, &err);
    if (status != LAC_OK) print_error("%s\n", err.text);
    assert_int_equal(status, LAC_OK);
    assert_int_equal(lac_ask_rows(db, "papers", &papers, &err), LAC_OK);
    assert_int_equal(bib->n, papers->n_rows);
    for (size_t i = 0; i < bib->n; i++) {
        assert_string_equal(bib->entries[i].key, lac_answer_text(papers, i, "id"));
        assert_string_equal(bib->entries[i].title, lac_answer_text(papers, i, "title"));
        if (*lac_answer_text(papers, i, "arxiv")) /* the reader finds one in an address as well */
            assert_string_equal(bib->entries[i].arxiv, lac_answer_text(papers, i, "arxiv"));
        assert_string_equal(bib->entries[i].abstract, lac_answer_text(papers, i, "summary"));
        assert_string_equal(bib->entries[i].url, lac_answer_text(papers, i, "url"));
    }
    lac_answer_free(papers);
    lac_bib_free(bib);
    lac_text_free(&text);
}

static void test_json_of_everything_is_json(void **state) {
    (void)state;
    lac_error err = {0};
    lac_text text = {0};
    assert_int_equal(lac_export_json(db, NULL, &text, &err), LAC_OK);
    json_t *json = json_loadb(text.data, text.bytes, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    assert_int_equal(json_array_size(json_object_get(json, "papers")), 194);
    assert_int_equal(json_array_size(json_object_get(json, "results")), 583);
    json_decref(json);
    lac_text_free(&text);
}

static void test_hostile_values_stay_inside_json_and_csv(void **state) {
    (void)state;
    lac_error err = {0};
    lac_answer *answer;
    static const char sql[] =
        "SELECT 'a\"b\\c' || char(10, 13, 27, 1, 127, 155, 8238) AS \"na\"\"me\", 1e999 AS big, x'00ff' AS bytes,"
        " cast(x'fffe' AS TEXT) AS broken, '<script>' AS tag, ',' AS comma, NULL AS none, 'x' || char(2, 3) AS "
        "marks,"
        " 1 AS big";
    lac_status status = lac_answer_ask_any(db, sql, &answer, &err);
    if (status != LAC_OK) print_error("%s\n", err.text);
    assert_int_equal(status, LAC_OK);
    demand_json(answer);
    lac_text text = {0};
    lac_answer_csv(answer, &text);
    for (size_t i = 0; i < text.bytes; i++)
        assert_true((unsigned char)text.data[i] >= ' ' || text.data[i] == '\n');
    assert_null(strchr(text.data, 0x1b));
    assert_null(strstr(text.data, "\xC2\x9B"));
    assert_string_equal(strchr(text.data, '\n') + 1,
                        "\"a\"\"b\\c \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\",Inf,"
                        "x'00ff',\xEF\xBF\xBD\xEF\xBF\xBD,<script>,\",\",,x\xEF\xBF\xBD\xEF\xBF\xBD,1\n");
    lac_text_free(&text);
    lac_answer_free(answer);
}

static lac_status everything(lac_error *err) {
    sqlite3 *own;
    LAC_TRY(lac_atlas_open(&own, err));
    lac_answer *answer = NULL;
    lac_sheet sheet = {0};
    bool is_any;
    const lac_condition conditions[] = {{"--masking", "masking", "block,tube"}, {"--year", "year", "2022.."}};
    lac_status status = lac_ask_search(own, "masked video", 3, &answer, &is_any, err);
    lac_answer_free(answer);
    answer = NULL;
    if (status == LAC_OK) status = lac_ask_list(own, conditions, 2, &answer, err);
    lac_answer_free(answer);
    answer = NULL;
    if (status == LAC_OK) status = lac_ask_tree(own, NULL, &answer, err);
    lac_answer_free(answer);
    answer = NULL;
    if (status == LAC_OK) status = lac_ask_results(own, "ssv2", "vit-b", NULL, &answer, err);
    lac_answer_free(answer);
    if (status == LAC_OK) status = lac_ask_show(own, "SimMIM", 2, &sheet, err);
    lac_sheet_free(&sheet);
    sqlite3_close(own);
    return status;
}

static void test_memory_may_run_out(void **state) {
    (void)state;
    lac_error err = {0};
    uint64_t before = lac_memory_count();
    assert_int_equal(everything(&err), LAC_OK);
    uint64_t n = lac_memory_count() - before;
    for (uint64_t i = 1; i <= n; i += 1 + n / 300) {
        lac_memory_fail_at(i);
        lac_status status = everything(&err);
        lac_memory_fail_at(0);
        if (status != LAC_FAILURE)
            print_error("allocation %d of %d: status %d, %s\n", (int)i, (int)n, status, err.text);
        assert_int_equal(status, LAC_FAILURE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_image_holds_the_tables),
        cmocka_unit_test(test_the_index_is_sound),
        cmocka_unit_test(test_index_and_facets_follow_papers),
        cmocka_unit_test(test_nothing_but_reading_is_allowed),
        cmocka_unit_test(test_a_query_cannot_take_all),
        cmocka_unit_test(test_figures_without_status_are_noticed),
        cmocka_unit_test(test_words_are_only_words),
        cmocka_unit_test(test_random_words_break_nothing),
        cmocka_unit_test(test_search_finds_by_name_title_and_stem),
        cmocka_unit_test(test_what_people_write_is_matched),
        cmocka_unit_test(test_papers_are_found_as_people_name_them),
        cmocka_unit_test(test_text_is_cleaned),
        cmocka_unit_test(test_a_tree_with_a_cycle_ends),
        cmocka_unit_test(test_bibtex_goes_around),
        cmocka_unit_test(test_json_of_everything_is_json),
        cmocka_unit_test(test_hostile_values_stay_inside_json_and_csv),
        cmocka_unit_test(test_memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
