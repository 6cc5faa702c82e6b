/* tests/atlas/layer_test.c - the user's own papers: where they lie, what a file may hold, how they come in and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "atlas/add.h"
#include "atlas/atlas.h"
#include "atlas/layer.h"
#include "base/memory.h"
#include "base/text.h"
#include "mutate.h"
#include "scratch.h"

static lac_error err;

#define HEADER                                                                                                         \
    "id\tshort\ttitle\tyear\tvenue\turl\tarxiv\tcode\tcategory\tfamily\tmodality\tmasking\ttarget\tobjective\tarchite" \
    "cture\ttasks\t"                                                                                                   \
    "summary\tbasis\n"
#define ROW                                                                                                            \
    "mine-2025\tMine\tMine: a zebrafish of masks\t2025\tECCV\thttps://example.org/a\t2501.00001\t\tMasking "           \
    "Strategy\thybrid\t"                                                                                               \
    "image;video\trandom\tpixels\tl2\tvit\tclassification\tStripes of quaggas.\tuser\n"

/* ---- a place for the layer ---- */

static char data_home[1024], layer_file[1200];

static int fresh_place(void **state) {
    (void)state;
    static int n;
    char name[32];
    snprintf(name, sizeof name, "home%d", n++);
    snprintf(data_home, sizeof data_home, "%s", scratch(name));
    snprintf(layer_file, sizeof layer_file, "%s/lacuna/atlas/papers.tsv", data_home);
    return setenv("XDG_DATA_HOME", data_home, 1) || setenv("HOME", "/nonexistent", 1);
}

static void put_file(const char *text) {
    char folder[1200];
    snprintf(folder, sizeof folder, "%s/lacuna/atlas", data_home);
    assert_int_equal(lac_folder_make(folder, &err), LAC_OK);
    assert_int_equal(lac_file_write(layer_file, text, strlen(text), &err), LAC_OK);
}

static char *get_file(void) {
    char *text;
    size_t bytes;
    if (!lac_file_exists(layer_file)) return lac_copy_text("");
    assert_int_equal(lac_file_read(layer_file, 1 << 24, &text, &bytes, &err), LAC_OK);
    return text;
}

static void says(const char *text) {
    if (!strstr(err.text, text)) fail_msg("found    %s\nexpected %s", err.text, text);
}

/* The single text of a query, "" for none. */
static const char *ask(sqlite3 *db, const char *sql) {
    static char text[4096];
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    text[0] = 0;
    if (sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0))
        snprintf(text, sizeof text, "%s", (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return text;
}

static const char *ask_fresh(const char *sql) {
    sqlite3 *db;
    if (lac_atlas_open(&db, &err) != LAC_OK) fail_msg("%s", err.text);
    const char *answer = ask(db, sql);
    sqlite3_close(db);
    return answer;
}

/* ---- where ---- */

static void test_the_place_follows_the_xdg_rules(void **state) {
    (void)state;
    char *path;
    setenv("XDG_DATA_HOME", "/data", 1);
    setenv("HOME", "/home/me", 1);
    assert_int_equal(lac_layer_path(&path, &err), LAC_OK);
    assert_string_equal(path, "/data/lacuna/atlas/papers.tsv");
    lac_free(path);
    static const char *const none[] = {"", "relative/data", NULL};
    for (int i = 0; i < 3; i++) {
        if (none[i])
            setenv("XDG_DATA_HOME", none[i], 1);
        else
            unsetenv("XDG_DATA_HOME");
        assert_int_equal(lac_layer_path(&path, &err), LAC_OK);
        assert_string_equal(path, "/home/me/.local/share/lacuna/atlas/papers.tsv");
        lac_free(path);
    }
    static const char *const homes[] = {"", "relative", NULL};
    for (int i = 0; i < 3; i++) {
        if (homes[i])
            setenv("HOME", homes[i], 1);
        else
            unsetenv("HOME");
        assert_int_equal(lac_layer_path(&path, &err), LAC_FAILURE);
        assert_null(path);
        says("expected an absolute path in HOME or XDG_DATA_HOME");
        assert_int_equal(lac_layer_find(&path, &err), LAC_OK); /* no error for who only reads */
        assert_null(path);
        assert_string_equal(ask_fresh("SELECT count(*) FROM layers"), "0");
    }
}

/* ---- the file ---- */

static void refuse(const char *text, size_t bytes, const char *fragment) {
    lac_layer *layer = (lac_layer *)(uintptr_t)1;
    if (lac_layer_parse("my.tsv", text, bytes, &layer, &err) != LAC_FAILURE) fail_msg("accepted: %s", text);
    assert_null(layer);
    says(fragment);
    if (strchr(err.text, '\n')) fail_msg("more than one line: %s", err.text);
}

/* ROW with cell `column` (from 1) replaced. */
static void refuse_cell(int column, const char *cell, const char *fragment) {
    static const char row[] = ROW;
    const char *begin = row;
    for (int c = 1; c < column; c++)
        begin = strchr(begin, '\t') + 1;
    const size_t length = strcspn(begin, "\t\n");
    char text[4096];
    snprintf(text, sizeof text, "%s%s%.*s%s%s", HEADER, row, (int)(begin - row), row, cell, begin + length);
    char place[32];
    snprintf(place, sizeof place, "my.tsv:3:%d: ", column);
    refuse(text, strlen(text), fragment);
    says(place);
}

static void test_faults_are_named_by_file_line_and_column(void **state) {
    (void)state;
    refuse("", 0, "my.tsv:1:1: expected a newline at the end of the line");
    refuse("id\tshort", 8, "my.tsv:1:1: expected a newline");
    refuse("id\tshrt\n", 8, "my.tsv:1:2: expected the column 'short' in the header, found 'shrt'");
    refuse("id\tshort\n", 9, "my.tsv:1:3: expected the column 'title' in the header, found ''");
    refuse(HEADER "a\tb\n", strlen(HEADER) + 4, "my.tsv:2:2: expected 18 columns, found 2");
    static const char wide[] = HEADER "\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\n";
    refuse(wide, strlen(wide), "my.tsv:2:19: expected 18 columns, found 19");
    static const char crlf[] = HEADER "a\r\n";
    refuse(crlf, strlen(crlf), "my.tsv:2:1: expected text, found a control character (lines end with LF alone)");
    static const char nul[] = HEADER "a\0b\n";
    refuse(nul, sizeof nul - 1, "my.tsv:2:1: expected text, found a control character");
    refuse_cell(1, "", "id: empty");
    refuse_cell(1, "Mine", "id: expected lower-case letters, digits, '+' and '-', found 'Mine'");
    refuse_cell(1, "x'); DROP TABLE papers; --", "id: expected lower-case letters");
    refuse_cell(2, "", "short: empty");
    refuse_cell(3, "", "title: empty");
    refuse_cell(3, "a \x1B[31mred", "expected text, found a control character");
    refuse_cell(3, "a \xFF", "expected UTF-8, found the byte 0xFF");
    refuse_cell(3, "a \xE2\x80\xAE gpj.exe", "expected text, found a control character"); /* right-to-left override */
    refuse_cell(4, "20255", "year: expected a year of 1950 to 2100, found '20255'");
    refuse_cell(4, "1949", "year: expected a year");
    refuse_cell(6, "javascript:alert(1)", "url: expected an address with http:// or https://");
    refuse_cell(6, "https://x.y/\" onclick=\"", "url: expected an address");
    refuse_cell(7, "2501.1", "arxiv: expected an arXiv id");
    refuse_cell(8, "x.y", "code: expected an address");
    refuse_cell(10, "hybird", "family: unknown word 'hybird'; nearest: 'hybrid'");
    refuse_cell(10, "hybrid;other", "family: unknown word 'hybrid;other'");
    refuse_cell(11, "image;image", "modality: 'image' is there twice");
    refuse_cell(11, "image;", "modality: unknown word ''");
    refuse_cell(12, "quantum", "masking: unknown word 'quantum', expected of: random, block,");
    refuse_cell(18, "read", "basis: expected 'user' or 'user, facets suggested', found 'read'");
    refuse_cell(18, "", "basis: expected");
}

static void test_what_may_be_unknown_may_be_empty(void **state) {
    (void)state;
    static const char text[] = HEADER "a\tA\tT\t\t\t\t\t\t\t\t\t\t\t\t\t\t\tuser\n"
                                      "b+2\tB\tT 2\t\t\t\tcs/0112017\t\t\t\t-\t\t\t-\t\t\t\tuser, facets suggested\n";
    lac_layer *layer;
    assert_int_equal(lac_layer_parse("my.tsv", text, strlen(text), &layer, &err), LAC_OK);
    assert_int_equal(layer->n, 2);
    assert_int_equal(layer->rows[1].line, 3);
    lac_layer_free(layer);
    put_file(text);
    assert_string_equal(ask_fresh("SELECT count(*) FROM papers WHERE year IS NULL AND category IS NULL"), "2");
    assert_string_equal(ask_fresh("SELECT count(*) FROM facets WHERE paper IN ('A', 'B')"), "0");
}

static void test_damaged_files_are_refused_in_one_line_or_read(void **state) {
    (void)state;
    static const char seed[] = HEADER ROW;
    uint8_t room[4096];
    int n_read = 0;
    for (uint64_t n = 0; n < 20000; n++) {
        size_t bytes = strlen(seed);
        memcpy(room, seed, bytes);
        mutate(room, &bytes, sizeof room, n);
        char *exact = malloc(bytes + !bytes);
        memcpy(exact, room, bytes);
        lac_layer *layer;
        if (lac_layer_parse("my.tsv", exact, bytes, &layer, &err) == LAC_OK) {
            n_read++;
            for (size_t r = 0; r < layer->n; r++)
                assert_true(*layer->rows[r].cells[0] && *layer->rows[r].cells[2]);
        } else {
            assert_int_equal(strncmp(err.text, "my.tsv:", 7), 0);
            assert_null(strchr(err.text, '\n'));
        }
        lac_layer_free(layer);
        free(exact);
    }
    assert_true(n_read > 200 && n_read < 19800);
}

/* ---- over the tables ---- */

static void test_rows_are_found_by_every_question(void **state) {
    (void)state;
    put_file(HEADER ROW);
    assert_string_equal(ask_fresh("SELECT count(*) FROM papers"), "195");
    assert_string_equal(ask_fresh("SELECT short FROM papers ORDER BY rowid DESC LIMIT 1"), "Mine");
    assert_string_equal(
        ask_fresh("SELECT group_concat(word, ' ') FROM facets WHERE paper = 'Mine' AND facet = 'modality'"),
        "image video");
    assert_string_equal(ask_fresh("SELECT word FROM facets WHERE paper = 'Mine' AND facet = 'dim'"), "masking");
    assert_string_equal(
        ask_fresh("SELECT papers.short FROM papers_search JOIN papers ON papers.rowid = papers_search.rowid WHERE "
                  "papers_search MATCH 'zebrafish quaggas'"),
        "Mine");
    assert_string_equal(ask_fresh("SELECT layer FROM layers WHERE paper = 'Mine'"), "user");
    assert_string_equal(ask_fresh("SELECT typeof(year) FROM papers WHERE short = 'Mine'"), "integer");
}

static void test_the_connection_stays_one_that_only_reads(void **state) {
    (void)state;
    put_file(HEADER ROW);
    sqlite3 *db;
    assert_int_equal(lac_atlas_open(&db, &err), LAC_OK);
    assert_int_not_equal(sqlite3_exec(db, "DELETE FROM papers", NULL, NULL, NULL), SQLITE_OK);
    assert_string_equal(ask(db, "SELECT count(*) FROM papers"), "195");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* What the user had may be shipped one day: the atlas opens all the same. */
static void test_a_row_over_a_shipped_paper_replaces_it_and_its_short_name_stays(void **state) {
    (void)state;
    put_file(HEADER
             "mae-2022\tMAE*\tA corrected title\t2022\t\t\t\t\t\thybrid\t\t\t\t\t\t\tMy words about quaggas.\tuser\n");
    assert_string_equal(ask_fresh("SELECT count(*) FROM papers"), "194");
    assert_string_equal(
        ask_fresh("SELECT short || '|' || title || '|' || family || '|' || basis FROM papers WHERE id = 'mae-2022'"),
        "MAE|A corrected title|hybrid|user");
    assert_string_equal(ask_fresh("SELECT word FROM facets WHERE paper = 'MAE' AND facet = 'family'"), "hybrid");
    assert_string_equal(ask_fresh("SELECT count(*) FROM papers_search WHERE papers_search MATCH 'quaggas'"), "1");
    assert_string_equal(ask_fresh("SELECT layer FROM layers WHERE paper = 'MAE'"), "user");
    assert_int_equal(lac_file_remove(layer_file, &err), LAC_OK);
    assert_string_equal(ask_fresh("SELECT family FROM papers WHERE id = 'mae-2022'"), "reconstruction");
}

static void test_a_short_name_that_is_taken_gives_way_to_the_id(void **state) {
    (void)state;
    put_file(HEADER "mine-2025\tMAE\tAnother MAE\t\t\t\t\t\t\t\t\t\t\t\t\t\t\tuser\n"
                    "mine-2026\tMAE\tA third MAE\t\t\t\t\t\t\t\t\t\t\t\t\t\t\tuser\n");
    assert_string_equal(ask_fresh("SELECT group_concat(short) FROM papers WHERE id LIKE 'mine-%'"),
                        "mine-2025,mine-2026");
    assert_string_equal(ask_fresh("SELECT id FROM papers WHERE short = 'MAE'"), "mae-2022");
}

static void refuse_layer(const char *text, const char *fragment) {
    put_file(text);
    sqlite3 *db = (sqlite3 *)(uintptr_t)1;
    assert_int_equal(lac_atlas_open(&db, &err), LAC_FAILURE);
    assert_null(db);
    says(fragment);
    says(layer_file); /* which file it is */
    assert_null(strchr(err.text, '\n'));
}

static void test_a_broken_layer_is_named_when_the_atlas_opens(void **state) {
    (void)state;
    refuse_layer("nonsense\n", ":1:1: expected the column 'id'");
    refuse_layer(HEADER "x\ty\tz\t\t\t\t\t\tNo Such Category\t\t\t\t\t\t\t\t\tuser\n",
                 ":2:9: category: 'No Such Category' is none of the taxonomy");
    refuse_layer(HEADER "x\ty\tz\t\t\t\t\t\t\t\t\t\t\t\t\t\t\tuser\nx\ty2\tz2\t\t\t\t\t\t\t\t\t\t\t\t\t\t\tuser\n",
                 ":3:1: id: 'x' is there twice");
    sqlite3 *db;
    assert_int_equal(lac_atlas_open_shipped(&db, &err), LAC_OK); /* that one does not look */
    sqlite3_close(db);
}

/* ---- adding ---- */

static lac_add_result result;

static lac_status add_with(const char *bibtex, lac_add_options options) {
    lac_bib *bib;
    if (lac_bib_parse("new.bib", bibtex, strlen(bibtex), &bib, &err) != LAC_OK) fail_msg("%s", err.text);
    lac_add_result_free(&result);
    const lac_status status = lac_atlas_add(bib, &options, &result, &err);
    lac_bib_free(bib);
    return status;
}

static void add(const char *bibtex, size_t n_added, size_t n_skipped) {
    if (add_with(bibtex, (lac_add_options){.confidence = 2}) != LAC_OK) fail_msg("%s", err.text);
    assert_int_equal(result.n_added, n_added);
    assert_int_equal(result.n_skipped, n_skipped);
}

static void outcome(size_t row, const char *column, const char *expected) {
    assert_string_equal(lac_answer_text(result.papers, row, column), expected);
}

static void test_a_paper_that_is_there_is_said_and_skipped(void **state) {
    (void)state;
    add("@misc{a, title = {Something else}, eprint = {2111.06377}}\n"                 /* the arXiv id of MAE */
        "@misc{b, title = {MASKED  Autoencoders are Scalable -- Vision Learners!}}\n" /* its title, more or less */
        "@misc{c, title = {New \\'Etude}, doi = {10.1/AbC}}\n"
        "@misc{d, title = {Another new one}, doi = {https://doi.org/10.1/aBc}}\n" /* the DOI of c */
        "@misc{e, title = {new étude}}\n"                                         /* the title of c */
        "@misc{f, year = 2020}\n",
        1, 5);
    static const char *const reasons[] = {"shipped, same arXiv id",      "shipped, same title",           "",
                                          "twice in the file, same DOI", "twice in the file, same title", "no title"};
    for (size_t r = 0; r < 6; r++) {
        outcome(r, "outcome", r == 2 ? "added" : "skipped");
        outcome(r, "reason", reasons[r]);
    }
    outcome(0, "paper", "mae-2022");
    outcome(3, "paper", "c");
    add("@misc{g, title = {Third}, doi = {10.1/ABC}}", 0, 1); /* known again by what the layer holds */
    outcome(0, "reason", "yours already, same DOI");
    assert_string_equal(ask_fresh("SELECT url FROM papers WHERE id = 'c'"), "https://doi.org/10.1/AbC");
}

static void test_names_and_addresses_are_made_unique_and_fit(void **state) {
    (void)state;
    add("@misc{mae, title = {MAE: a thing of another kind}, year = 2022}\n" /* both names are taken: MAE, mae-2022 */
        "@misc{M2023, title = {Größe: eins}, year = {2023}}\n"
        "@misc{x2023, title = {Größe: zwei}, year = {2023}, url = {HTTPS://Example.org/a|b}}\n"
        "@misc{---, title = {Half a sentence that goes on and on: with a colon}, year = 1066}\n"
        "@misc{日本, title = {日本語}, url = {ftp://x.y}, doi = {10.1/a<b>\"c}}\n",
        5, 0);
    assert_string_equal(ask_fresh("SELECT id || '|' || short FROM papers WHERE title LIKE 'MAE: a%'"),
                        "mae-2022-2|mae");
    assert_string_equal(ask_fresh("SELECT id || '|' || short FROM papers WHERE title LIKE 'Größe: e%'"),
                        "grosse-2023|Größe");
    assert_string_equal(ask_fresh("SELECT id || '|' || short FROM papers WHERE title LIKE 'Größe: z%'"), "x2023|x2023");
    assert_string_equal(ask_fresh("SELECT url FROM papers WHERE id = 'x2023'"), "https://Example.org/a%7Cb");
    assert_string_equal(
        ask_fresh("SELECT id || '|' || short || '|' || coalesce(year, 'NULL') FROM papers WHERE title LIKE 'Half%'"),
        "paper|---|NULL");
    assert_string_equal(ask_fresh("SELECT url FROM papers WHERE title = '日本語'"),
                        "https://doi.org/10.1/a%3Cb%3E%22c");
}

static void test_settings_override_guesses_and_basis_tells(void **state) {
    (void)state;
    static const char paper[] = "@misc{p, title = {PointX: masked point cloud transformers}, abstract = {Points are "
                                "masked and the coordinates are "
                                "reconstructed under a Chamfer loss for object classification and part segmentation on "
                                "ModelNet40 and ShapeNetPart.}}";
    const char *sets[] = {"masking=block", "masking=block;tube", "category=masking+target", "objective="};
    assert_int_equal(add_with(paper, (lac_add_options){.sets = sets, .n_sets = 4, .confidence = 0.5}), LAC_OK);
    assert_string_equal(ask_fresh("SELECT masking || '|' || category || '|' || coalesce(objective, 'NULL') FROM papers "
                                  "WHERE short = 'PointX'"),
                        "block;tube|Masking Strategy and Target Features|NULL");
    assert_string_equal(ask_fresh("SELECT modality FROM papers WHERE short = 'PointX'"), "point-cloud"); /* guessed */
    assert_string_equal(ask_fresh("SELECT basis FROM papers WHERE short = 'PointX'"), "user, facets suggested");
    for (size_t r = 0; r < result.facets->n_rows; r++) {
        const char *from = lac_answer_text(result.facets, r, "from"),
                   *sure = lac_answer_text(result.facets, r, "confidence");
        if (strcmp(from, "set") == 0)
            assert_string_equal(sure, "");
        else
            assert_int_equal(strcmp(from, "guess") == 0, atof(sure) >= 0.5);
    }
    assert_int_equal(lac_file_remove(layer_file, &err), LAC_OK);
    assert_int_equal(add_with(paper, (lac_add_options){.sets = sets, .n_sets = 3, .confidence = 2}), LAC_OK);
    assert_string_equal(ask_fresh("SELECT basis || coalesce(modality, '|NULL') FROM papers WHERE short = 'PointX'"),
                        "user|NULL");
}

static void refuse_set(const char *set, const char *fragment) {
    assert_int_equal(add_with("@misc{p, title = {T}} @misc{q, title = {U}}",
                              (lac_add_options){.sets = &set, .n_sets = 1, .confidence = 2}),
                     LAC_USAGE);
    says(fragment);
    assert_false(lac_file_exists(layer_file));
}

static void test_wrong_settings_and_keys_are_named(void **state) {
    (void)state;
    refuse_set("masking", "--set: expected FACET=VALUE with one of category, family,");
    refuse_set("title=x", "--set: expected FACET=VALUE");
    refuse_set("basis=read", "--set: expected FACET=VALUE");
    refuse_set("masking=blok", "--set: masking: unknown word 'blok'; nearest: 'block'");
    refuse_set("category=none", "--set: category: 'none' is neither name nor node");
    refuse_set("category=x' OR '1'='1", "--set: category:");
    refuse_set("short=MAE", "--set: short: 'MAE' is another paper's");
    refuse_set("short=", "--set: short: empty");
    refuse_set("short=New", "--set: short: expected one new paper, found more");
    refuse_set("code=javascript:1", "--set: code: expected an address");
    const char *key = "pp";
    assert_int_equal(add_with("@misc{p, title = {T}}", (lac_add_options){.keys = &key, .n_keys = 1, .confidence = 2}),
                     LAC_USAGE);
    says("--key: no entry 'pp'; did you mean 'p'?");
    key = "q";
    assert_int_equal(add_with("@misc{p, title = {T}} @misc{q, title = {U}}",
                              (lac_add_options){.keys = &key, .n_keys = 1, .confidence = 2}),
                     LAC_OK);
    assert_int_equal(result.n_added, 1);
    outcome(0, "key", "q");
}

static void test_a_dry_run_makes_nothing(void **state) {
    (void)state;
    assert_int_equal(add_with("@misc{p, title = {T}}", (lac_add_options){.confidence = 2, .dry_run = true}), LAC_OK);
    assert_int_equal(result.n_added, 1);
    assert_false(lac_folder_exists(data_home));
}

static void test_a_second_writer_is_kept_out(void **state) {
    (void)state;
    add("@misc{p, title = {T}}", 1, 0);
    lac_lock *lock;
    char *id, *title, *before = get_file();
    assert_int_equal(lac_layer_lock(layer_file, &lock, &err), LAC_OK);
    assert_int_equal(add_with("@misc{q, title = {U}}", (lac_add_options){.confidence = 2}), LAC_FAILURE);
    says("in use by another process");
    assert_int_equal(lac_atlas_remove("p", &id, &title, &err), LAC_FAILURE);
    says("in use by another process");
    lac_lock_release(lock);
    char *after = get_file();
    assert_string_equal(before, after);
    lac_free(before);
    lac_free(after);
    add("@misc{q, title = {U}}", 1, 0);
}

static void test_removing(void **state) {
    (void)state;
    char *id, *title;
    assert_int_equal(lac_atlas_remove("p", &id, &title, &err), LAC_USAGE);
    says("you have no paper 'p'");
    assert_false(lac_folder_exists(data_home));
    add("@misc{first, title = {One: a title}} @misc{second, title = {Two}} @misc{third, title = {Three}}", 3, 0);
    assert_int_equal(lac_atlas_remove("mae-2022", &id, &title, &err), LAC_USAGE);
    says("'mae-2022' is a shipped paper");
    assert_int_equal(lac_atlas_remove("secnd", &id, &title, &err), LAC_USAGE);
    says("did you mean 'second'?");
    assert_int_equal(lac_atlas_remove("One", &id, &title, &err), LAC_OK); /* by its short name */
    assert_string_equal(id, "one");
    assert_string_equal(title, "One: a title");
    lac_free(id);
    lac_free(title);
    assert_string_equal(ask_fresh("SELECT group_concat(paper) FROM layers"), "second,third");
    static const char *const rest[] = {"third", "second"};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(lac_atlas_remove(rest[i], &id, &title, &err), LAC_OK);
        lac_free(id);
        lac_free(title);
    }
    assert_false(lac_file_exists(layer_file)); /* the last one takes the file with it */
    assert_string_equal(ask_fresh("SELECT count(*) FROM papers"), "194");
}

/* Everything that people or attackers put into titles comes back as text. */
static void test_hostile_titles_stay_titles(void **state) {
    (void)state;
    static const char *const titles[] = {
        "Robert'); DROP TABLE papers; --",
        "\\\" OR \\\"1\\\"=\\\"1",
        "<script>alert(1)</script><img src=x onerror=alert(2)>",
        "NEAR(a b) AND NOT OR * ^title: \\\"",
        "a,b;c\\&d=HYPERLINK(1)",
        "</textarea>]]>--!><!--",
        "%s%n%x ${HOME} $(reboot) `reboot`",
    };
    static const char *const texts[] = {
        "Robert'); DROP TABLE papers; –",
        "\" OR \"1\"=\"1",
        "<script>alert(1)</script><img src=x onerror=alert(2)>",
        "NEAR(a b) AND NOT OR * ^title: \"",
        "a,b;c&d=HYPERLINK(1)",
        "</textarea>]]>–!><!–",
        "%s%n%x ${HOME} $(reboot) `reboot`",
    };
    lac_text bibtex = {0};
    const size_t n = sizeof titles / sizeof *titles;
    for (size_t i = 0; i < n; i++) /* a quote behind a backslash is LaTeX's umlaut: written as {"} */
        lac_text_add(&bibtex, "@misc{h%zu, title = {%s}}\n", i, titles[i]);
    for (char *p = bibtex.data; (p = strstr(p, "\\\"")); p++)
        memmove(p, p + 1, strlen(p));
    add(bibtex.data, n, 0);
    lac_text_free(&bibtex);
    sqlite3 *db;
    assert_int_equal(lac_atlas_open(&db, &err), LAC_OK);
    for (size_t i = 0; i < n; i++) {
        char sql[64];
        snprintf(sql, sizeof sql, "SELECT title FROM papers WHERE short = 'h%zu'", i);
        assert_string_equal(ask(db, sql), texts[i]);
    }
    assert_string_equal(ask(db, "SELECT count(*) FROM papers"), "201");
    sqlite3_close(db);
}

/* ---- memory ---- */

static lac_bib *two_papers; /* read before anything fails */

static lac_status add_two_with(double confidence) {
    lac_add_result_free(&result);
    const lac_add_options options = {.confidence = confidence};
    return lac_atlas_add(two_papers, &options, &result, &err);
}

static lac_status add_two(void) {
    return add_two_with(2);
}

static lac_status add_two_guessing(void) {
    return add_two_with(0.5);
}

static lac_status open_it(void) {
    sqlite3 *db;
    const lac_status status = lac_atlas_open(&db, &err);
    assert_int_equal(db != NULL, status == LAC_OK);
    sqlite3_close(db);
    return status;
}

static lac_status remove_it(void) {
    char *id, *title;
    const lac_status status = lac_atlas_remove("mine-2025", &id, &title, &err);
    assert_int_equal(id != NULL && title != NULL, status == LAC_OK);
    lac_free(id);
    lac_free(title);
    return status;
}

/* Fails each allocation in turn; the file is as before until nothing fails. `step`: every so many after the first 50.
 */
static void sweep(lac_status (*work)(void), uint64_t divisor) {
    for (uint64_t n = 1;; n += n < 50 ? 1 : 1 + n / divisor) {
        put_file(HEADER ROW);
        char *before = get_file();
        lac_memory_fail_at(n);
        const lac_status status = work();
        lac_memory_fail_at(0);
        char *after = get_file();
        const int is_same = strcmp(before, after) == 0;
        lac_free(before);
        lac_free(after);
        if (status == LAC_OK) break;
        if (!strstr(err.text, "memory")) fail_msg("allocation %llu: %s", (unsigned long long)n, err.text);
        assert_true(is_same);
    }
    char **names;
    size_t n_names;
    char folder[1200];
    snprintf(folder, sizeof folder, "%s/lacuna/atlas", data_home);
    assert_int_equal(lac_folder_list(folder, &names, &n_names, &err), LAC_OK);
    assert_true(n_names <= 2); /* the file and its lock: no temporary */
    lac_names_free(names, n_names);
}

static void test_failed_allocations_leave_the_layer_as_it_was(void **state) {
    (void)state;
    static const char text[] = "@misc{p, title = {Étude: T}, doi = {10.1/x}, year = 2024} @misc{q, title = {U}, url = "
                               "{https://x.y}, abstract = {A}}";
    assert_int_equal(lac_bib_parse("new.bib", text, strlen(text), &two_papers, &err), LAC_OK);
    sweep(open_it, UINT64_MAX);
    sweep(remove_it, UINT64_MAX);
    sweep(add_two, 40);
    sweep(add_two_guessing, 3);
    lac_bib_free(two_papers);
}

static int finish(void **state) {
    (void)state;
    lac_add_result_free(&result);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup(name, fresh_place)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_the_place_follows_the_xdg_rules),
        TEST(test_faults_are_named_by_file_line_and_column),
        TEST(test_what_may_be_unknown_may_be_empty),
        TEST(test_damaged_files_are_refused_in_one_line_or_read),
        TEST(test_rows_are_found_by_every_question),
        TEST(test_the_connection_stays_one_that_only_reads),
        TEST(test_a_row_over_a_shipped_paper_replaces_it_and_its_short_name_stays),
        TEST(test_a_short_name_that_is_taken_gives_way_to_the_id),
        TEST(test_a_broken_layer_is_named_when_the_atlas_opens),
        TEST(test_a_paper_that_is_there_is_said_and_skipped),
        TEST(test_names_and_addresses_are_made_unique_and_fit),
        TEST(test_settings_override_guesses_and_basis_tells),
        TEST(test_wrong_settings_and_keys_are_named),
        TEST(test_a_dry_run_makes_nothing),
        TEST(test_a_second_writer_is_kept_out),
        TEST(test_removing),
        TEST(test_hostile_titles_stay_titles),
        TEST(test_failed_allocations_leave_the_layer_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, finish);
}
