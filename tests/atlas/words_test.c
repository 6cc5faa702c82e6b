/* Lower case and words against Python's: every code point that it knows, and strings that try the contexts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "atlas/words.h"
#include "reference_lines.h"

static void put(lac_text *out, int32_t c) {
    char room[4];
    size_t n = 0;
    if (c < 0x80) {
        room[n++] = (char)c;
    } else if (c < 0x800) {
        room[n++] = (char)(0xC0 | c >> 6);
        room[n++] = (char)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        room[n++] = (char)(0xE0 | c >> 12);
        room[n++] = (char)(0x80 | (c >> 6 & 0x3F));
        room[n++] = (char)(0x80 | (c & 0x3F));
    } else {
        room[n++] = (char)(0xF0 | c >> 18);
        room[n++] = (char)(0x80 | (c >> 12 & 0x3F));
        room[n++] = (char)(0x80 | (c >> 6 & 0x3F));
        room[n++] = (char)(0x80 | (c & 0x3F));
    }
    lac_text_put(out, room, n);
}

static void test_word_characters_are_pythons(void **state) {
    (void)state;
    reference r;
    reference_open(&r, "cluster/unicode.txt");
    size_t n = 0;
    while (reference_next(&r)) {
        if (reference_is(&r, "lower")) continue;
        for (long c = reference_int(&r, 0); c <= reference_int(&r, 1); c++, n++)
            if (lac_is_word_character((int32_t)c) != reference_is(&r, "word"))
                fail_msg("U+%04lX: Python says '%s'", (unsigned long)c, r.kind);
    }
    assert_true(n > 200000);
    reference_close(&r);
}

static void test_lower_case_is_pythons(void **state) {
    (void)state;
    reference r;
    reference_open(&r, "cluster/unicode.txt");
    uint8_t *changes = lac_zalloc(0x110000);
    lac_text in = {0}, out = {0}, expected = {0};
    size_t n = 0;
    while (reference_next(&r)) {
        if (!reference_is(&r, "lower")) continue;
        in.bytes = out.bytes = expected.bytes = 0;
        put(&in, (int32_t)reference_int(&r, 0));
        for (size_t i = 1; i < r.n; i++)
            put(&expected, (int32_t)reference_int(&r, i));
        lac_lower(in.data, &out);
        if (strcmp(out.data, expected.data) != 0) fail_msg("U+%04lX: '%s'", reference_int(&r, 0), out.data);
        changes[reference_int(&r, 0)] = 1;
        n++;
    }
    assert_true(n > 1300);
    reference_close(&r);
    reference_open(&r, "cluster/unicode.txt"); /* and nothing else changes */
    while (reference_next(&r)) {
        if (reference_is(&r, "lower")) break;
        for (long c = reference_int(&r, 0); c <= reference_int(&r, 1); c++) {
            if (changes[c]) continue;
            in.bytes = out.bytes = 0;
            put(&in, (int32_t)c);
            lac_lower(in.data, &out);
            if (strcmp(in.data, out.data) != 0) fail_msg("U+%04lX becomes '%s'", (unsigned long)c, out.data);
        }
    }
    reference_close(&r);
    lac_free(changes);
    lac_text_free(&in);
    lac_text_free(&out);
    lac_text_free(&expected);
}

static void test_sentences_are_cut_as_python_cuts_them(void **state) {
    (void)state;
    reference r;
    reference_open(&r, "cluster/words.txt");
    size_t n = 0;
    lac_text lower = {0};
    while (reference_next(&r)) {
        if (reference_is(&r, "text")) {
            lower.bytes = 0;
            lac_lower(r.fields[0], &lower);
            n++;
        } else if (reference_is(&r, "lower")) {
            assert_string_equal(lower.data, r.fields[0]);
        } else {
            const char *at = lower.data;
            lac_word word;
            size_t k = 0;
            for (; lac_word_next(&at, 2, &word); k++) {
                if (k >= r.n || strlen(r.fields[k]) != word.bytes || memcmp(r.fields[k], word.at, word.bytes) != 0)
                    fail_msg("line %d: word %zu is '%.*s'", r.line, k, (int)word.bytes, word.at);
            }
            assert_int_equal(k, r.n);
        }
    }
    assert_true(n > 300);
    lac_text_free(&lower);
    reference_close(&r);
}

static void test_invalid_utf8_separates(void **state) {
    (void)state;
    lac_text lower = {0};
    lac_lower("AB\xff"
              "CD\xc3 E\xe2\x82 \xed\xa0\x80GH",
              &lower);
    static const char *const expected[] = {"ab", "cd", "gh"};
    const char *at = lower.data;
    lac_word word;
    for (size_t i = 0; i < 3; i++) {
        assert_true(lac_word_next(&at, 2, &word));
        assert_int_equal(word.bytes, 2);
        assert_memory_equal(word.at, expected[i], 2);
    }
    assert_false(lac_word_next(&at, 2, &word));
    lac_text_free(&lower);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_word_characters_are_pythons),
        cmocka_unit_test(test_lower_case_is_pythons),
        cmocka_unit_test(test_sentences_are_cut_as_python_cuts_them),
        cmocka_unit_test(test_invalid_utf8_separates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
