/* tests/base/error_test.c - an error is one line, fits, and keeps its status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/error.h"

static void test_status_and_text_are_those_given(void **state) {
    (void)state;
    lac_error err = {0};
    assert_int_equal(lac_fail(&err, "%s: expected %d", "file", 3), LAC_FAILURE);
    assert_string_equal(err.text, "file: expected 3");
    assert_int_equal(lac_usage(&err, "key"), LAC_USAGE);
    assert_int_equal(err.status, LAC_USAGE);
    assert_int_equal(lac_context(&err, "recipe %d", 7), LAC_USAGE);
    assert_string_equal(err.text, "recipe 7: key");
    assert_int_equal(lac_no_memory(&err, "x"), LAC_FAILURE);
    assert_int_equal(lac_fail(NULL, "nobody listens"), LAC_FAILURE);
    assert_int_equal(lac_context(NULL, "nobody listens"), LAC_FAILURE);
}

static void test_text_may_be_made_of_the_old_text(void **state) {
    (void)state;
    lac_error err = {0};
    lac_fail(&err, "inner");
    lac_usage(&err, "outer(%s)", err.text);
    assert_string_equal(err.text, "outer(inner)");
}

static void test_hostile_names_stay_on_one_line(void **state) {
    (void)state;
    lac_error err;
    lac_fail(&err, "%s", "a\nb\x1b[31mc\x7f");
    assert_string_equal(err.text, "a?b?[31mc?");
}

static void test_long_text_is_cut_between_characters(void **state) {
    (void)state;
    lac_error err;
    char text[4 * LAC_ERROR_TEXT] = "x"; /* odd start: the limit falls inside a two-byte character */
    while (strlen(text) + 2 < sizeof text)
        strcat(text, "\xC3\xA9");
    lac_fail(&err, "%s", text);
    size_t n = strlen(err.text);
    assert_true(n >= LAC_ERROR_TEXT - 2 && n < LAC_ERROR_TEXT);
    assert_int_equal((unsigned char)err.text[n - 1], 0xA9);
    lac_context(&err, "%s", text);
    assert_true(strlen(err.text) < LAC_ERROR_TEXT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_and_text_are_those_given),
        cmocka_unit_test(test_text_may_be_made_of_the_old_text),
        cmocka_unit_test(test_hostile_names_stay_on_one_line),
        cmocka_unit_test(test_long_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
