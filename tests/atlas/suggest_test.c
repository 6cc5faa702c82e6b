/* tests/atlas/suggest_test.c - guesses and their leave-one-out accuracy equal scikit-learn's refits
 * (tests/reference/suggest.py).
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "atlas/atlas.h"
#include "atlas/ridge.h"
#include "atlas/suggest.h"
#include "base/file.h"
#include "base/memory.h"

static lac_error err;
static sqlite3 *db;
static lac_suggester *suggester;
static char *reference;

/* The text behind "NAME\t" at the start of a line, up to its newline. */
static const char *line_of(const char *name) {
    static char line[16384];
    char begin[64];
    snprintf(begin, sizeof begin, "\n%s\t", name);
    const char *at = strstr(reference, begin);
    if (!at) fail_msg("the reference lacks %s", name);
    at += strlen(begin);
    const size_t n = strcspn(at, "\n");
    assert_true(n < sizeof line);
    memcpy(line, at, n);
    line[n] = 0;
    return line;
}

static int set_up(void **state) {
    (void)state;
    size_t bytes;
    if (lac_atlas_open_shipped(&db, &err) != LAC_OK || lac_suggester_new(db, &suggester, &err) != LAC_OK ||
        lac_file_read(LACUNA_TESTS "/reference/suggest.tsv", 1 << 20, &reference, &bytes, &err) != LAC_OK) {
        print_error("%s\n", err.text);
        return 1;
    }
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    lac_suggester_free(suggester);
    lac_free(reference);
    return sqlite3_close(db) != SQLITE_OK;
}

static void near_to(const char *what, double found, double expected, double tolerance) {
    if (!(fabs(found - expected) <= tolerance)) fail_msg("%s: found %.12g, expected %.12g", what, found, expected);
}

static void test_accuracies_equal_refits(void **state) {
    (void)state;
    for (lac_facet f = 0; f < LAC_N_FACETS; f++) {
        const lac_suggest_accuracy *a = lac_suggester_accuracy(suggester, f);
        char *end;
        const char *line = line_of(lac_facet_names[f]);
        assert_int_equal(a->n, strtoul(line, &end, 10));
        assert_int_equal(a->n_words, strtoul(end + 1, &end, 10));
        near_to(lac_facet_names[f], a->ridge, strtod(end + 1, &end), 1e-8);
        near_to(lac_facet_names[f], a->near, strtod(end + 1, &end), 1e-8);
        near_to(lac_facet_names[f], a->majority, strtod(end + 1, &end), 1e-8);
        assert_string_equal(a->word, end + 1);
    }
}

/* Closed form against a fit without each paper: 1.5e3 predictions. */
static void test_each_left_out_score_equals_its_refit(void **state) {
    (void)state;
    for (lac_facet f = 0; f < LAC_N_FACETS; f++) {
        char name[64];
        snprintf(name, sizeof name, "%s:scores", lac_facet_names[f]);
        char *end = (char *)(uintptr_t)line_of(name);
        for (size_t i = 0; i < lac_suggester_accuracy(suggester, f)->n; i++) {
            double score;
            const char *word = lac_suggester_left_out(suggester, f, i, &score);
            assert_non_null(word);
            near_to(name, score, strtod(end, &end), 1e-7); /* printed with 8 decimals */
        }
        assert_true(*end == 0);
    }
}

static void test_first_guesses_are_the_same_words(void **state) {
    (void)state;
    char name[64];
    for (lac_facet f = 0; f < LAC_N_FACETS; f++) {
        snprintf(name, sizeof name, "%s:words", lac_facet_names[f]);
        char *end = (char *)(uintptr_t)line_of(name);
        const char *of_index[64] = {NULL}; /* one word an index, and one index a word */
        for (size_t i = 0; i < lac_suggester_accuracy(suggester, f)->n; i++) {
            double score;
            const char *word = lac_suggester_left_out(suggester, f, i, &score);
            const unsigned long index = strtoul(end, &end, 10);
            assert_true(index < 64);
            if (!of_index[index]) of_index[index] = word;
            assert_string_equal(of_index[index], word);
            for (unsigned long other = 0; other < 64; other++)
                assert_true(other == index || !of_index[other] || strcmp(of_index[other], word) != 0);
        }
    }
}

static const char title[] = "Masked point cloud transformers with attention-guided masking";
static const char abstract[] =
    "A teacher with exponential moving average weights gives attention maps. Points that it attends to are masked, and "
    "the "
    "student reconstructs coordinates under a Chamfer loss; object classification and part segmentation improve.";

static void test_a_new_paper_is_guessed_as_scikit_learn_does(void **state) {
    (void)state;
    lac_suggestion s;
    assert_int_equal(lac_suggest(suggester, title, abstract, &s, &err), LAC_OK);
    for (lac_facet f = 0; f < LAC_N_FACETS; f++) {
        char name[64], word[128];
        double score, confidence, near;
        snprintf(name, sizeof name, "new:%s", lac_facet_names[f]);
        assert_int_equal(sscanf(line_of(name), "%127[^\t]\t%lf\t%lf\t%lf", word, &score, &confidence, &near), 4);
        const lac_guess *g = &s.facets[f].guess[0];
        assert_string_equal(g->word, word);
        near_to(name, g->score, score, 1e-7);
        near_to(name, g->confidence, confidence, 1e-6);
        near_to(name, g->near, near, 1e-7);
        for (size_t i = 1; i < s.facets[f].n; i++)
            assert_true(s.facets[f].guess[i].score <= s.facets[f].guess[i - 1].score);
    }
    assert_string_equal(s.facets[LAC_FACET_MODALITY].guess[0].word, "point-cloud");
    char expected[1024];
    snprintf(expected, sizeof expected, "%s", line_of("new:near"));
    assert_int_equal(s.n_near, LAC_SUGGEST_NEAR);
    char *at = expected;
    for (size_t i = 0; i < s.n_near; i++) {
        char *equals = strchr(at, '=');
        *equals = 0;
        assert_string_equal(s.near[i].id, at);
        near_to(at, s.near[i].cosine, strtod(equals + 1, &at), 1e-8);
        at += *at == '\t';
    }
}

static void test_texts_without_a_known_word_are_guessed_from_nothing(void **state) {
    (void)state;
    static const char *const titles[] = {"", "マスク", "\xFF\xFE", "qqqqq zzzzz", "the of and"};
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        lac_suggestion s;
        assert_int_equal(lac_suggest(suggester, titles[i], "", &s, &err), LAC_OK);
        assert_int_equal(s.n_near, 0);
        for (lac_facet f = 0; f < LAC_N_FACETS; f++) {
            assert_true(s.facets[f].n >= 1);
            assert_true(s.facets[f].guess[0].confidence >= 0 && s.facets[f].guess[0].confidence <= 1);
            assert_true(s.facets[f].guess[0].near == 0);
        }
    }
}

/* K = v v', so that the inverse is known: (lambda I + v v' + 1 1')^-1, checked by multiplication. */
static void test_the_inverse_is_one(void **state) {
    (void)state;
    enum { N = 7 };
    double kernel[N * N], inverse[N * N], product;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            kernel[i * N + j] = (i + 1) * (j + 1) * 0.25;
    assert_int_equal(lac_ridge_inverse(kernel, N, 0.5, inverse, &err), LAC_OK);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            product = 0;
            for (int k = 0; k < N; k++)
                product += inverse[i * N + k] * (kernel[k * N + j] + 1 + (k == j ? 0.5 : 0));
            near_to("identity", product, i == j, 1e-11);
        }
    kernel[0] = -3;
    assert_int_equal(lac_ridge_inverse(kernel, N, 0.5, inverse, &err), LAC_FAILURE);
    assert_non_null(strstr(err.text, "not positive definite"));
}

static void test_failed_allocations_are_reported(void **state) {
    (void)state;
    for (uint64_t n = 1; n < 100000; n += n < 40 ? 1 : n / 7) {
        lac_suggester *s;
        lac_memory_fail_at(n);
        lac_status status = lac_suggester_new(db, &s, &err);
        lac_memory_fail_at(0);
        assert_int_equal(s != NULL, status == LAC_OK);
        lac_suggester_free(s);
        if (status == LAC_OK) break;
        assert_non_null(strstr(err.text, "out of memory"));
    }
    for (uint64_t n = 1;; n++) {
        lac_suggestion s;
        lac_memory_fail_at(n);
        lac_status status = lac_suggest(suggester, title, abstract, &s, &err);
        lac_memory_fail_at(0);
        if (status == LAC_OK) break;
        assert_non_null(strstr(err.text, "out of memory"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accuracies_equal_refits),
        cmocka_unit_test(test_each_left_out_score_equals_its_refit),
        cmocka_unit_test(test_first_guesses_are_the_same_words),
        cmocka_unit_test(test_a_new_paper_is_guessed_as_scikit_learn_does),
        cmocka_unit_test(test_texts_without_a_known_word_are_guessed_from_nothing),
        cmocka_unit_test(test_the_inverse_is_one),
        cmocka_unit_test(test_failed_allocations_are_reported),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
