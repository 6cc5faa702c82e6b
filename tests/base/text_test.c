/* tests/base/text_test.c - growing text, the nearest word, the stable hash, strict numbers, settings. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/memory.h"
#include "base/settings.h"
#include "base/text.h"

static void test_text_grows_and_stays_terminated(void **state) {
    (void)state;
    lac_text text = {0};
    for (int i = 0; i < 1000; i++) {
        lac_text_add(&text, "%d,", i % 10);
        lac_text_put(&text, ";x", 1);
    }
    assert_int_equal(text.bytes, 3000);
    assert_int_equal(strlen(text.data), 3000);
    assert_memory_equal(text.data + 2997, "9,;", 3);
    lac_text_free(&text);
    assert_null(text.data);
    lac_text_put(&text, "", 0);
    assert_string_equal(text.data, "");
    lac_text_free(&text);
}

static void test_text_keeps_what_it_had_when_memory_ends(void **state) {
    (void)state;
    lac_text text = {0};
    lac_text_add(&text, "kept");
    lac_memory_fail_at(1);
    lac_text_add(&text, "%1000s", "");
    lac_memory_fail_at(0);
    assert_true(text.failed);
    assert_string_equal(text.data, "kept");
    lac_text_put(&text, "more", 4); /* a hole in the middle would be worse than a cut */
    assert_string_equal(text.data, "kept");
    lac_text_free(&text);
}

static void test_a_misspelt_word_finds_its_neighbour(void **state) {
    (void)state;
    static const char *const words[] = {"random", "blockwise", "grid", "lr", "pixels"};
    assert_int_equal(lac_nearest_word("randon", words, 5), 0);
    assert_int_equal(lac_nearest_word("blokcwise", words, 5), 1);
    assert_int_equal(lac_nearest_word("gird", words, 5), 2); /* a swap is one mistake */
    assert_int_equal(lac_nearest_word("l", words, 5), 3);
    assert_int_equal(lac_nearest_word("pixels", words, 5), 4);
    assert_int_equal(lac_nearest_word("attention", words, 5), -1);
    assert_int_equal(lac_nearest_word("", words, 5), -1);
    assert_int_equal(lac_nearest_word("random", NULL, 0), -1);
    char longest[5000];
    memset(longest, 'r', sizeof longest);
    longest[sizeof longest - 1] = 0;
    assert_int_equal(lac_nearest_word(longest, words, 5), -1);
}

static void test_the_hash_on_disk_is_xxh3(void **state) {
    (void)state;
    /* XXH3's published sanity vectors for the empty input */
    assert_true(lac_hash("", 0, 0) == 0x2D06800538D394C2ull);
    assert_true(lac_hash("a", 1, 0) != lac_hash("a", 1, 1));
}

static void test_integers_are_whole_texts(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {
        {"0", 0},  {"-12", -12}, {"+7", 7}, {"9223372036854775807", INT64_MAX}, {"-9223372036854775808", INT64_MIN},
        {"007", 7}};
    static const char *const bad[] = {"", "-", "1 ", " 1", "1.0", "0x10", "1e3", "9223372036854775808", "--1", "1,000"};
    int64_t value = 99;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(lac_parse_int(good[i].text, &value));
        assert_int_equal(value, good[i].value);
    }
    value = 99;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (lac_parse_int(bad[i], &value)) fail_msg("\"%s\" was taken for a number", bad[i]);
    assert_int_equal(value, 99);
}

static void test_reals_are_finite_decimal_texts(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {{"0.5", 0.5},    {"-1e-3", -1e-3},   {".25", 0.25}, {"3.", 3},
                {"1.5E+2", 150}, {"1e-320", 1e-320}, {"+2", 2}};
    static const char *const bad[] = {"",      ".",     "-",  "1e", "1e+", "nan",  "inf",
                                      "0x1p3", "1e999", "1 ", " 1", "1,5", "1.2.3"};
    double value = 99;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(lac_parse_real(good[i].text, &value));
        assert_true(value == good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (lac_parse_real(bad[i], &value)) fail_msg("\"%s\" was taken for a number", bad[i]);
}

static void test_reals_ignore_the_programs_locale(void **state) {
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"};
    for (int i = 0; i < 3; i++)
        if (setlocale(LC_NUMERIC, names[i])) {
            double value = 0;
            assert_true(lac_parse_real("0.5", &value));
            setlocale(LC_NUMERIC, "C");
            assert_true(value == 0.5);
            return;
        }
    skip();
}

static void test_durations(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {{"90", 90}, {"90s", 90}, {"10m", 600}, {"1.5h", 5400}, {"1h30m", 5400}, {"1h1s", 3601}, {"0.5", 0.5}};
    static const char *const bad[] = {"", "h", "1x", "-5", "1h30", "30m1h", "1h1h", "1 h", "nan", "1e3", "5d"};
    double value;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(lac_parse_seconds(good[i].text, &value));
        assert_true(value == good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (lac_parse_seconds(bad[i], &value)) fail_msg("\"%s\" was taken for a duration", bad[i]);
}

static void test_settings_are_found_by_key(void **state) {
    (void)state;
    static const lac_setting_spec specs[] = {{.key = "depth"}, {.key = "rate"}, {.key = "is_exact"}, {.key = "name"}};
    lac_setting at[] = {
        {.spec = &specs[0], .count = 1, .number = {12}},
        {.spec = &specs[1], .count = 1, .number = {0.75}},
        {.spec = &specs[2], .count = 1, .number = {1}},
        {.spec = &specs[3], .count = 1, .text = "grid"},
    };
    lac_settings s = {.slot = "mask", .n = 4, .at = at};
    assert_int_equal(lac_settings_int(&s, "depth"), 12);
    assert_true(lac_settings_real(&s, "rate") == 0.75);
    assert_true(lac_settings_bool(&s, "is_exact"));
    assert_string_equal(lac_settings_text(&s, "name"), "grid");
    assert_ptr_equal(lac_settings_get(&s, "rate"), &at[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_grows_and_stays_terminated),
        cmocka_unit_test(test_text_keeps_what_it_had_when_memory_ends),
        cmocka_unit_test(test_a_misspelt_word_finds_its_neighbour),
        cmocka_unit_test(test_the_hash_on_disk_is_xxh3),
        cmocka_unit_test(test_integers_are_whole_texts),
        cmocka_unit_test(test_reals_are_finite_decimal_texts),
        cmocka_unit_test(test_reals_ignore_the_programs_locale),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_settings_are_found_by_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
