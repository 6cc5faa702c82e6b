/* tests/atlas/bibtex_test.c - the BibTeX reader: what it reads equals pybtex and pylatexenc, what it refuses it names.
 *
 * tests/reference/bibtex.py made the expected fields of bibtex/sample.bib. Fuzzing is bibtex_fuzz.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "atlas/bibtex.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

static lac_error err;
static const char sample[] = LACUNA_TESTS "/atlas/bibtex/sample.bib";

static lac_bib *parse(const char *text) {
    lac_bib *bib;
    if (lac_bib_parse("x.bib", text, strlen(text), &bib, &err) != LAC_OK) fail_msg("refused: %s\n%s", err.text, text);
    return bib;
}

static void refuse(const char *text, size_t bytes, const char *says) {
    lac_bib *bib = (lac_bib *)(uintptr_t)1;
    if (lac_bib_parse("x.bib", text, bytes, &bib, &err) != LAC_FAILURE) fail_msg("accepted: %s", text);
    assert_null(bib);
    if (!strstr(err.text, says)) fail_msg("found    %s\nexpected %s", err.text, says);
}

static const lac_bib_entry *entry_of(const lac_bib *bib, const char *key) {
    for (size_t i = 0; i < bib->n; i++)
        if (strcmp(bib->entries[i].key, key) == 0) return &bib->entries[i];
    fail_msg("no entry %s", key);
    return NULL;
}

static void test_fields_equal_those_of_pybtex_and_pylatexenc(void **state) {
    (void)state;
    lac_bib *bib;
    char *reference;
    size_t bytes, n = 0, n_expected = 0;
    assert_int_equal(lac_bib_read(sample, &bib, &err), LAC_OK);
    assert_int_equal(lac_file_read(LACUNA_TESTS "/reference/bibtex.tsv", 1 << 20, &reference, &bytes, &err), LAC_OK);
    for (char *line = reference, *next; *line; line = next) {
        next = line + strcspn(line, "\n");
        if (*next) *next++ = 0;
        if (*line == '#') continue;
        char *field = strchr(line, '\t');
        *field++ = 0;
        char *text = strchr(field, '\t');
        *text++ = 0;
        const char *ours = lac_bib_get(entry_of(bib, line), field);
        if (!ours || strcmp(ours, text) != 0) fail_msg("%s.%s\nfound    %s\nexpected %s", line, field, ours, text);
        n_expected++;
    }
    for (size_t i = 0; i < bib->n; i++)
        n += bib->entries[i].n_fields;
    assert_int_equal(n, n_expected);
    assert_true(n > 20);
    lac_free(reference);
    lac_bib_free(bib);
}

static void test_what_entries_say_of_their_papers(void **state) {
    (void)state;
    lac_bib *bib;
    assert_int_equal(lac_bib_read(sample, &bib, &err), LAC_OK);
    assert_int_equal(bib->n, 7);
    const lac_bib_entry *he = &bib->entries[0];
    assert_string_equal(he->key, "He2022");
    assert_string_equal(he->type, "inproceedings");
    assert_int_equal(he->line, 8);
    assert_int_equal(he->year, 2022);
    assert_string_equal(he->arxiv, "2111.06377");
    assert_string_equal(he->venue, "IEEE/CVF Conference on Computer Vision and Pattern Recognition (CVPR)");
    assert_string_equal(he->abstract, "");
    assert_int_equal(entry_of(bib, "accents")->year, 1998);
    assert_string_equal(entry_of(bib, "Parens")->doi, "10.1000/xyz_123");
    assert_string_equal(entry_of(bib, "Parens")->url, "https://example.org/~user/a_b%20c?x=1&y=--");
    assert_string_equal(entry_of(bib, "prefixless")->arxiv, "2205.09853");
    assert_string_equal(entry_of(bib, "prefixless")->venue, "");
    assert_int_equal(entry_of(bib, "prefixless")->year, 2022);
    assert_string_equal(entry_of(bib, "old")->arxiv, "cs/0112017");
    assert_string_equal(entry_of(bib, "old")->url, ""); /* no web address */
    assert_int_equal(entry_of(bib, "empty")->n_fields, 0);
    assert_string_equal(entry_of(bib, "corr")->arxiv, "2010.11929");
    lac_bib_free(bib);
}

static void expect_arxiv(const char *fields, const char *id) {
    char text[512];
    snprintf(text, sizeof text, "@misc{k, %s}", fields);
    lac_bib *bib = parse(text);
    assert_string_equal(bib->entries[0].arxiv, id);
    lac_bib_free(bib);
}

static void test_arxiv_identifiers_are_found_where_programs_put_them(void **state) {
    (void)state;
    expect_arxiv("eprint = {arXiv:2111.06377v1}", "2111.06377");
    expect_arxiv("eprint = {2111.06377}, eprinttype = {arXiv}", "2111.06377");
    expect_arxiv("eprint = {2111.06377}, archiveprefix = {medRxiv}", "");
    expect_arxiv("doi = {10.48550/ARXIV.2111.06377}", "2111.06377");
    expect_arxiv("url = {http://arxiv.org/pdf/0704.0001v2.pdf}", "0704.0001");
    expect_arxiv("url = {https://arxiv.org/abs/math.GT/0309136}", "math.GT/0309136");
    expect_arxiv("howpublished = {\\url{https://arxiv.org/abs/2111.06377}}", "2111.06377");
    expect_arxiv("note = {see arXiv: 2111.06377}", "2111.06377");
    expect_arxiv("abstract = {We follow arXiv:2111.06377 (https://arxiv.org/abs/2111.06377).}", "");
    expect_arxiv("eprint = {2111.123}", "");
    expect_arxiv("eprint = {2111.123456}", "");
    expect_arxiv("pages = {2111.06377}", "");
}

static void expect_text(const char *latex, const char *text) {
    char source[512];
    snprintf(source, sizeof source, "@misc{k, title = {%s}}", latex);
    lac_bib *bib = parse(source);
    if (strcmp(bib->entries[0].title, text) != 0)
        fail_msg("%s\nfound    %s\nexpected %s", latex, bib->entries[0].title, text);
    lac_bib_free(bib);
}

/* Beyond what the sample holds: the corners. */
static void test_latex_corners(void **state) {
    (void)state;
    expect_text("", "");
    expect_text("  a \t b  ", "a b");
    expect_text("\\'{}x \\~{}/ \\^{}", "x ~/ ^");
    expect_text("\\' e\\'\\'", "é");
    expect_text("\\'{ea}", "éa");
    expect_text("\\'\\^{e}", "ế");
    expect_text("\\'\\^e \\'{\\^{E}}", "ế Ế");
    expect_text("\\o{}re \\o re {\\o}re", "øre øre øre");
    expect_text("\\\"\\i{} \\i{} \\j", "ï ı ȷ");
    expect_text("\\c c\\c{C}\\v{s}\\v Z", "çÇšŽ");
    expect_text("a--b---c----d", "a–b—c----d");
    expect_text("``a'' `b' don't", "“a” `b' don't");
    expect_text("$a$ \\$b$c", "$a$ $b$c");
    expect_text("$x--y~{z}$ \\[ a--b \\] \\(c", "$x--y~{z}$ \\[ a--b \\] \\(c");
    expect_text("\\alpha{}-MAE and \\alpha x", "\\alpha{}-MAE and \\alpha x");
    expect_text("\\textbf{a}\\textsuperscript{2}\\emph {b} {\\it c}", "a2b c");
    expect_text("a\\\\b\\,c\\-d\\ e", "a b cd e");
    expect_text("\\href{https://x.y/~z}{words} \\url {http://a~b}", "words http://a~b");
    expect_text("\\", "\\");
    expect_text("a\\\fb", "a b"); /* found by fuzzing: form_feed.bib */
    expect_text("\\1 \\?", "\\1 \\?");
    expect_text("日本語 \\'日", "日本語 日\xCC\x81");
    expect_text("<script>alert(1)</script>", "<script>alert(1)</script>"); /* text; who shows it escapes it */
}

static void test_grammar(void **state) {
    (void)state;
    lac_bib *bib =
        parse("\xEF\xBB\xBF@Article(k:1/2.x_y,\r\n TITLE = \"a {\"} b\" # 7 # jan ,\r\n)\r\n@COMMENT x\r\r@misc{B}");
    assert_int_equal(bib->n, 2);
    assert_string_equal(bib->entries[0].key, "k:1/2.x_y");
    assert_string_equal(bib->entries[0].title, "a \" b7January");
    assert_int_equal(bib->entries[0].fields[0].line, 2);
    assert_int_equal(bib->entries[1].line, 6); /* lone CRs end lines too */
    lac_bib_free(bib);
    bib = parse("@string{a = {x}} @string{A = a # \"y\"} @string{jan = {Jänner}} @misc{k, note = a, month = jan}");
    assert_string_equal(lac_bib_get(&bib->entries[0], "note"), "xy");
    assert_string_equal(lac_bib_get(&bib->entries[0], "month"), "Jänner");
    assert_null(lac_bib_get(&bib->entries[0], "absent"));
    lac_bib_free(bib);
    bib = parse("no entry at all");
    assert_int_equal(bib->n, 0);
    lac_bib_free(bib);
    bib = parse("");
    assert_int_equal(bib->n, 0);
    lac_bib_free(bib);
}

static void test_refusals_name_file_and_line(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"\n@", "x.bib:2: expected an entry's type after '@', found the end of the file"},
        {"mail me@example.org", "x.bib:1: expected '{' after an entry's type, found the end of the file"},
        {"@misc k", "x.bib:1: expected '{' after an entry's type, found 'k'"},
        {"@misc{,a=1}", "x.bib:1: expected a citation key, found ','"},
        {"@misc{title={x}}", "x.bib:1: expected ',' or '}', found '='"},
        {"@misc{k}\n@misc{K}", "x.bib:2: the key K is there twice, first on line 1"},
        {"@misc{k,\n a=1,\n A=2}", "x.bib:3: the field a is there twice, first on line 2"},
        {"@misc{k, a 1}", "x.bib:1: expected '=' after a field's name, found '1'"},
        {"@misc{k,\n a=}", "x.bib:2: expected a value in braces or quotes, a number or a macro's name, found '}'"},
        {"@misc{k, a=cvpr}", "x.bib:1: expected a value, found cvpr, which no @string defines"},
        {"@misc{k, a=2023b}", "x.bib:1: expected ',' or '}', found 'b'"},
        {"@misc{k, a={b} c={d}}", "x.bib:1: expected ',' or '}', found 'c'"},
        {"@misc{k,\n a={b\n\n\n", "x.bib:2: expected '}' to end a value that begins here, found the end of the file"},
        {"@misc{k, a=\"b}\"}", "x.bib:1: expected '\"' to end a value, found '}'"},
        {"@misc{k, a={b}", "x.bib:1: expected ',' or '}', found the end of the file"},
        {"@misc(k, a={b}}", "x.bib:1: expected ',' or ')', found '}'"},
        {"@misc{k, a={b} # }", "x.bib:1: expected a value in braces"},
        {"@misc{k,, a={b}}", "x.bib:1: expected a field's name, found ','"},
        {"@misc{k, 1a={b}}", "x.bib:1: expected a field's name, found '1'"},
        {"@string{= {b}}", "x.bib:1: expected a macro's name, found '='"},
        {"@string{a {b}}", "x.bib:1: expected '=', found '{'"},
        {"@string{a = {b}, c = {d}}", "x.bib:1: expected '}', found ','"},
        {"@comment{ {", "x.bib:1: expected '}' to end a comment that begins here, found the end of the file"},
        {"@misc{k,\r a=\r\n\xC3}", "x.bib:3: expected UTF-8, found the byte 0xC3; convert the file to UTF-8"},
        {"\n\nM\xFCller", "x.bib:3: expected UTF-8, found the byte 0xFC"},
        {"\xFF\xFE@\n", "x.bib:1: expected UTF-8, found the byte 0xFF"},
        {"\xED\xA0\x80", "x.bib:1: expected UTF-8, found the byte 0xED"}, /* a surrogate */
        {"\xC0\xAF", "x.bib:1: expected UTF-8, found the byte 0xC0"},     /* an overlong slash */
        {"@misc{k, title={\x1B[31mred}}", "x.bib:1: expected text, found the control character U+001B"},
        {"\n\x7F", "x.bib:2: expected text, found the control character U+007F"},
        {"\xC2\x9B", "x.bib:1: expected text, found the control character U+009B"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuse(cases[i].text, strlen(cases[i].text), cases[i].says);
    refuse("a\0b", 3, "x.bib:1: expected text, found the control character U+0000");
    assert_int_equal(lac_bib_read("/nonexistent/x.bib", &(lac_bib *){NULL}, &err), LAC_FAILURE);
    assert_non_null(strstr(err.text, "/nonexistent/x.bib"));
}

/* `unit` n times between head and tail, built once a size. */
static lac_status sized(const char *head, const char *unit, size_t n, const char *tail) {
    lac_text text = {0};
    lac_bib *bib;
    lac_text_add(&text, "%s", head);
    for (size_t i = 0; i < n; i++)
        lac_text_put(&text, unit, strlen(unit));
    lac_text_add(&text, "%s", tail);
    assert_false(text.failed);
    const lac_status status = lac_bib_parse("x.bib", text.data, text.bytes, &bib, &err);
    lac_bib_free(bib);
    lac_text_free(&text);
    return status;
}

static void says(lac_status status, const char *text) {
    assert_int_equal(status, LAC_FAILURE);
    if (!strstr(err.text, text)) fail_msg("found    %s\nexpected %s", err.text, text);
}

static void test_limits_are_kept_and_named(void **state) {
    (void)state;
    assert_int_equal(sized("", "a", LAC_BIB_MOST_BYTES, ""), LAC_OK);
    says(sized("", "a", LAC_BIB_MOST_BYTES + 1, ""), "x.bib: 10485761 bytes, expected at most 10485760");
    assert_int_equal(sized("@misc{k,a=", "{", LAC_BIB_MOST_DEPTH + 1, "x"), LAC_FAILURE); /* open, but not too deep */
    assert_non_null(strstr(err.text, "that begins here"));
    says(sized("@misc{k,a=", "{", LAC_BIB_MOST_DEPTH + 2, "x"), "braces are nested deeper than 64");
    assert_int_equal(sized("@misc{k,a={", "x", LAC_BIB_MOST_FIELD, "}}"), LAC_OK);
    says(sized("\n@misc{k,a={", "x", LAC_BIB_MOST_FIELD + 1, "}}"), "x.bib:2: a value of more than 262144 bytes");
    assert_int_equal(sized("@misc{", "k", LAC_BIB_MOST_NAME, "}"), LAC_OK);
    says(sized("@misc{", "k", LAC_BIB_MOST_NAME + 1, "}"), "a citation key of 257 bytes, expected at most 256");
    says(sized("@misc{k,", "f", LAC_BIB_MOST_NAME + 1, "=1}"), "of 257 bytes, expected at most 256");
    assert_int_equal(sized("", "@string{a=1}", LAC_BIB_MOST_ENTRIES, ""), LAC_OK);
    says(sized("", "@string{a=1}\n", LAC_BIB_MOST_ENTRIES + 1, ""), "x.bib:65537: more than 65536 entries");
    lac_text fields = {0};
    for (int i = 0; i <= LAC_BIB_MOST_FIELDS; i++)
        lac_text_add(&fields, ",a%d=1", i);
    lac_text_add(&fields, "}");
    says(sized("@misc{k", "", 0, fields.data), "an entry of more than 256 fields");
    lac_text_free(&fields);
}

/* Macros of macros double a text with each line: a bomb of a few kilobytes. */
static void test_a_macro_bomb_is_refused(void **state) {
    (void)state;
    lac_text text = {0};
    lac_text_add(&text, "@string{m0 = {0123456789}}\n");
    for (int i = 1; i < 40; i++)
        lac_text_add(&text, "@string{m%d = m%d # m%d}\n", i, i - 1, i - 1);
    refuse(text.data, text.bytes, "a value of more than 262144 bytes");
    text.bytes = 0;
    lac_text_add(&text, "@string{m = {%0*d}}\n", 200000, 0);
    for (int i = 0; i < 400; i++)
        lac_text_add(&text, "@string{m%d = m}\n", i);
    refuse(text.data, text.bytes, "values of more than 67108864 bytes in all");
    lac_text_free(&text);
}

/* The shapes that make a careless reader quadratic, in the longest values that there may be. */
static void test_time_grows_with_size_and_no_faster(void **state) {
    (void)state;
    const clock_t begin = clock(); /* of this process: the machine may be busy */
    static const char *const fillers[] = {"\\(", "$\\$", "\\href{", "\\url", "\\'", "{}", "-", "`", "'"};
    for (size_t i = 0; i < sizeof fillers / sizeof *fillers; i++) {
        lac_text text = {0};
        const size_t length = strlen(fillers[i]);
        const char *close = strchr(fillers[i], '{') && !strchr(fillers[i], '}') ? "}" : "";
        for (int k = 0; text.bytes < 1 << 20; k++) {
            lac_text_add(&text, "@misc{k%d, title = {", k);
            const size_t n = *close ? 60 : 250000 / length;
            for (size_t j = 0; j < n; j++)
                lac_text_put(&text, fillers[i], length);
            for (size_t j = 0; *close && j < n; j++)
                lac_text_put(&text, close, 1);
            lac_text_add(&text, "}}\n");
        }
        lac_bib *bib;
        assert_int_equal(lac_bib_parse("x.bib", text.data, text.bytes, &bib, &err), LAC_OK);
        lac_bib_free(bib);
        lac_text_free(&text);
    }
    const double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    if (seconds > 20) fail_msg("%.1f s for 9 MB", seconds); /* under 1 s; a quadratic reader needs minutes */
}

static void test_each_failed_allocation_is_reported(void **state) {
    (void)state;
    char *text;
    size_t bytes;
    assert_int_equal(lac_file_read(sample, 1 << 20, &text, &bytes, &err), LAC_OK);
    for (uint64_t n = 1;; n++) {
        lac_bib *bib;
        const uint64_t before = lac_memory_count();
        lac_memory_fail_at(n);
        const lac_status status = lac_bib_parse("x.bib", text, bytes, &bib, &err);
        lac_memory_fail_at(0);
        if (status == LAC_OK) {
            assert_true(lac_memory_count() - before < n);
            assert_true(n > 5);
            lac_bib_free(bib);
            break;
        }
        assert_null(bib);
        assert_non_null(strstr(err.text, "out of memory"));
    }
    lac_free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_equal_those_of_pybtex_and_pylatexenc),
        cmocka_unit_test(test_what_entries_say_of_their_papers),
        cmocka_unit_test(test_arxiv_identifiers_are_found_where_programs_put_them),
        cmocka_unit_test(test_latex_corners),
        cmocka_unit_test(test_grammar),
        cmocka_unit_test(test_refusals_name_file_and_line),
        cmocka_unit_test(test_limits_are_kept_and_named),
        cmocka_unit_test(test_a_macro_bomb_is_refused),
        cmocka_unit_test(test_time_grows_with_size_and_no_faster),
        cmocka_unit_test(test_each_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
