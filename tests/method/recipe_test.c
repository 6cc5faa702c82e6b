/* tests/method/recipe_test.c - recipes: what is accepted, what is refused and in which words, and that the resolved
 * text is canonical. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "method/method.h"
#include "method/sections.h"

static const char minimal[] = "picture: {size: 32}\n"
                              "mask: {name: random}\n"
                              "model:\n"
                              "  encoder: {name: vit, patch: 4, width: 16, depth: 2, heads: 2}\n"
                              "  decoder: {name: mae, width: 16, depth: 1, heads: 2}\n"
                              "target: {name: pixels}\n"
                              "objective: [{name: l2}]\n"
                              "optim: {lr: 1e-3}\n";

static lac_recipe *read_text(const char *text) {
    lac_recipe *r;
    lac_error err = {0};
    if (lac_recipe_read_text("a.yaml", text, &r, &err) != LAC_OK) fail_msg("%s", err.text);
    return r;
}

static char *written(const lac_recipe *r) {
    static lac_text text;
    lac_error err;
    lac_text_free(&text);
    text = (lac_text){0};
    assert_int_equal(lac_recipe_write(r, &text, &err), LAC_OK);
    return text.data;
}

/* minimal with one line replaced by another */
static const char *with_line(const char *start, const char *line) {
    static char text[4096];
    const char *at = strstr(minimal, start), *end = strchr(at, '\n');
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - minimal), minimal, line, end);
    return text;
}

static void expect_refusal(const char *text, const char *expected) {
    lac_recipe *r = NULL;
    lac_error err = {0};
    assert_int_equal(lac_recipe_read_text("a.yaml", text, &r, &err), LAC_USAGE);
    assert_null(r);
    assert_string_equal(err.text, expected);
}

static void test_unknown_key_names_line_nearest_and_allowed(void **state) {
    (void)state;
    expect_refusal(with_line("mask:", "mask: {name: random, ratoi: 0.5}"),
                   "a.yaml:2: unknown key 'ratoi' in mask (random); nearest: 'ratio'; allowed: name, ratio");
    expect_refusal(with_line("picture:", "picture: {size: 32, zzzzzzzzzz: 1}"),
                   "a.yaml:1: unknown key 'zzzzzzzzzz' in picture; allowed: size, channels, mean, std");
    expect_refusal(
        with_line("  decoder:", "  decodr: {name: mae}"),
        "a.yaml:5: unknown key 'decodr' in model; nearest: 'decoder'; allowed: encoder, feature_decoder, projector, "
        "predictor, quantizer, decoder");
    expect_refusal(
        with_line("mask:", "maks: {name: random}"),
        "a.yaml:2: unknown key 'maks' in a recipe; nearest: 'mask'; allowed: name, picture, augment, views, mask, "
        "model, teacher, target, tokenizer, objective, optim, train, checkpoint, extends");
}

static void test_wrong_types_and_ranges_are_refused(void **state) {
    (void)state;
    expect_refusal(with_line("mask:", "mask: {name: random, ratio: abc}"),
                   "a.yaml:2: mask.ratio: expected a number in [0, 1) or a schedule, found 'abc'");
    expect_refusal(with_line("mask:", "mask: {name: random, ratio: 1}"),
                   "a.yaml:2: mask.ratio: expected a number in [0, 1) or a schedule, found '1'");
    expect_refusal(with_line("mask:", "mask: {name: random, ratio: [0.5]}"),
                   "a.yaml:2: mask.ratio: expected a number in [0, 1) or a schedule, found a list of 1");
    expect_refusal(with_line("mask:", "mask: {name: random, ratio: \"0.5\"}"),
                   "a.yaml:2: mask.ratio: expected a number in [0, 1) or a schedule, found '0.5'");
    expect_refusal(with_line("target:", "target: {name: pixels, norm: yes}"),
                   "a.yaml:6: target.norm: expected true or false, found 'yes'");
    expect_refusal(with_line("objective:", "objective: [{name: l2, on: hiden}]"),
                   "a.yaml:7: objective.0.on: expected one of hidden, visible, all, found 'hiden'");
    expect_refusal(with_line("objective:", "objective: {name: l2}"),
                   "a.yaml:7: objective: expected a list of 1 to 8 terms, found a map");
    expect_refusal(with_line("optim:", "optim: {lr: nan}"),
                   "a.yaml:8: optim.lr: expected a number in [0, 1000], found 'nan'");
    expect_refusal(with_line("optim:", "optim: {lr: 1, clip: -1}"),
                   "a.yaml:8: optim.clip: expected a number of at least 0 or a schedule, found '-1'");
    expect_refusal(with_line("optim:", "optim: {lr: 1, betas: [0.9, x]}"),
                   "a.yaml:8: optim.betas: expected a list of 2 numbers in [0, 1), found 'x' in the list");
    expect_refusal(with_line("optim:", "optim: {lr: 1, betas: 0.9}"),
                   "a.yaml:8: optim.betas: expected a list of 2 numbers in [0, 1), found '0.9'");
    expect_refusal(with_line("optim:", "optim: {}"), "a.yaml:8: optim.lr: missing; expected a number in [0, 1000]");
    expect_refusal(
        with_line("mask:", "mask: {name: rundom}"),
        "a.yaml:2: mask.name: unknown name 'rundom'; nearest: 'random'; allowed: random, block-units, blockwise, "
        "blockwise-exact, ibot-block, attention, attention-exact, frequency, multiblock, none");
    expect_refusal(with_line("mask:", "mask: {ratio: 0.5}"),
                   "a.yaml:2: mask.name: missing; expected a name, such as 'random'");
    expect_refusal(with_line("mask:", "mask: random"),
                   "a.yaml:2: mask: expected a map of settings, found a single value");
    expect_refusal("- 1\n", "a.yaml:1: expected a map of sections, found a list");
    expect_refusal(with_line("picture:", "picture: {size: 32, channels: 1, mean: imagenet}"),
                   "a.yaml:1: picture.mean: imagenet statistics are for 3 channels, found 1; say 'measured' or give "
                   "numbers");
    expect_refusal(with_line("optim:", "optim: {lr: 1}\ntrain: {batch: 10, micro_batch: 3}"),
                   "a.yaml:9: train.micro_batch: expected a divisor of train.batch (10), found 3");
    expect_refusal(with_line("optim:", "optim: {lr: 1}\naugment: {scale: [1, 0.5]}"),
                   "a.yaml:9: augment.scale: expected [low, high], found [1, 0.5]");
}

static void test_resolved_recipe_is_canonical_and_reads_back(void **state) {
    (void)state;
    lac_recipe *r = read_text(minimal);
    char *text = strdup(written(r));
    lac_recipe *again = read_text(text);
    assert_string_equal(written(again), text);
    lac_text difference = {0};
    lac_recipe_difference(r, again, &difference);
    assert_int_equal(difference.bytes, 0);
    assert_string_equal(lac_recipe_name(r), "a");
    assert_non_null(strstr(text, "  size: [32, 32]\n"));
    assert_non_null(strstr(text, "  ratio: [0.75, 1.3333333333333333]\n"));
    assert_non_null(strstr(text, "  eps: 1e-8\n"));
    assert_non_null(strstr(text, "    patch: 4\n"));
    assert_non_null(strstr(text, "objective:\n  - name: l2\n    on: hidden\n    weight: 1\n"));
    /* the same meaning in other words */
    lac_recipe *other = read_text(with_line("picture:", "picture: {channels: 3, size: [32, 32]}"));
    assert_string_equal(written(other), text);
    lac_recipe_free(other);
    other = read_text(with_line("  encoder:", "  encoder: {heads: 2, depth: 2, width: 16, patch: [4, 4], name: vit}"));
    assert_string_equal(written(other), text);
    lac_recipe_free(other);
    free(text);
    lac_recipe_free(again);
    lac_recipe_free(r);
}

static void test_every_shipped_recipe_makes_a_canonical_text(void **state) {
    (void)state;
    assert_true(lac_recipe_shipped_count() >= 7);
    for (int i = 0; i < lac_recipe_shipped_count(); i++) {
        lac_recipe *r, *again;
        lac_error err = {0};
        if (lac_recipe_open(lac_recipe_shipped_name(i), NULL, 0, &r, &err) != LAC_OK) fail_msg("%s", err.text);
        assert_string_equal(lac_recipe_name(r), lac_recipe_shipped_name(i));
        char *text = strdup(written(r));
        assert_int_equal(lac_recipe_read_text("x", text, &again, &err), LAC_OK);
        assert_string_equal(written(again), text);
        lac_recipe_free(again);
        lac_text documented = {0};
        assert_int_equal(lac_recipe_write_documented(r, &documented, &err), LAC_OK);
        if (lac_recipe_read_text("x", documented.data, &again, &err) != LAC_OK) fail_msg("%s", err.text);
        assert_string_equal(written(again), text);
        lac_text_free(&documented);
        free(text);
        lac_recipe_free(r);
        lac_recipe_free(again);
    }
}

static lac_recipe *open_with(int n, const char *const *sets) {
    lac_recipe *r;
    lac_error err = {0};
    if (lac_recipe_open("mae-tiny-32", sets, n, &r, &err) != LAC_OK) fail_msg("%s", err.text);
    return r;
}

static void expect_set_refusal(const char *set, const char *expected) {
    lac_recipe *r = NULL;
    lac_error err = {0};
    assert_int_equal(lac_recipe_open("mae-tiny-32", &set, 1, &r, &err), LAC_USAGE);
    assert_string_equal(err.text, expected);
}

static void test_sets_override_any_key(void **state) {
    (void)state;
    const char *sets[] = {"optim.lr=1e-3", "model.encoder.depth=3", "objective.0.weight=0.5", "picture.size=[32, 64]",
                          "name=mine",     "objective.0.name=l1"};
    lac_recipe *r = open_with(6, sets);
    assert_true(lac_recipe_real(r, "optim.lr") == 1e-3);
    assert_int_equal(lac_recipe_int(r, "model.encoder.depth"), 3);
    assert_true(lac_recipe_real(r, "objective.0.weight") == 0.5);
    assert_string_equal(lac_recipe_text(r, "objective.0.name"), "l1");
    double size[3];
    assert_int_equal(lac_recipe_list(r, "picture.size", size, 3), 2);
    assert_true(size[0] == 32 && size[1] == 64);
    assert_string_equal(lac_recipe_name(r), "mine");
    lac_recipe_free(r);
}

/* Another slot's name starts its section afresh: what the file gave belonged to the other slot. */
static void test_another_slot_forgets_the_old_settings(void **state) {
    (void)state;
    const char *file = "objective.0.weight=3";
    const char *sets[] = {"objective=[{name: l2, weight: 7}]", "objective.0.name=l1"};
    lac_recipe *r = open_with(1, &file);
    lac_error err = {0};
    assert_int_equal(lac_recipe_set(r, "objective.0.name", "l1", &err), LAC_OK);
    assert_true(lac_recipe_real(r, "objective.0.weight") == 1);
    lac_recipe_free(r);
    r = open_with(2, sets);
    assert_true(lac_recipe_real(r, "objective.0.weight") == 7); /* a whole section that is given wins */
    lac_recipe_free(r);
}

static void test_a_wrong_set_is_named(void **state) {
    (void)state;
    expect_set_refusal("mask.ratoi=0.5", "--set mask.ratoi: unknown key 'ratoi' in mask (random); nearest: 'ratio'; "
                                         "allowed: name, ratio");
    expect_set_refusal("mask.ratio=abc", "--set mask.ratio: expected a number in [0, 1) or a schedule, found 'abc'");
    expect_set_refusal("mask={name: random, ratio: abc}",
                       "--set mask: mask.ratio: expected a number in [0, 1) or a schedule, found 'abc'");
    expect_set_refusal("mask.ratio", "--set mask.ratio: expected KEY=VALUE");
    expect_set_refusal("mask.ratio=", "--set mask.ratio: expected a value, found nothing");
    expect_set_refusal("objective.3.weight=1", "--set objective.3.weight: expected an index from 0 to 0, found '3'");
    expect_set_refusal("mask.ratio.x=1", "--set mask.ratio.x: a single value holds no key 'x'");
}

static void test_a_refused_set_leaves_the_recipe_as_it_was(void **state) {
    (void)state;
    lac_recipe *r = open_with(0, NULL);
    char *before = strdup(written(r));
    lac_error err = {0};
    assert_int_equal(lac_recipe_set(r, "mask.ratio", "2", &err), LAC_USAGE);
    assert_string_equal(err.text, "mask.ratio: expected a number in [0, 1) or a schedule, found '2'");
    assert_string_equal(written(r), before);
    assert_int_equal(lac_recipe_set(r, "picture.mean", "[0.1, 0.2, 0.30000001]", &err), LAC_OK);
    double mean[3];
    assert_int_equal(lac_recipe_list(r, "picture.mean", mean, 3), 3);
    assert_true(mean[2] == 0.30000001);
    free(before);
    lac_recipe_free(r);
}

static void test_difference_names_the_keys(void **state) {
    (void)state;
    const char *sets[] = {"optim.lr=1e-3", "picture.mean=measured"};
    lac_recipe *a = open_with(0, NULL), *b = open_with(2, sets);
    lac_text text = {0};
    lac_recipe_difference(a, b, &text);
    assert_string_equal(text.data, "picture.mean: [0.485, 0.456, 0.406] against measured; optim.lr: 0.00015 against "
                                   "0.001");
    lac_text_free(&text);
    lac_recipe_free(a);
    lac_recipe_free(b);
}

static void test_a_missing_recipe_names_the_nearest(void **state) {
    (void)state;
    lac_recipe *r = NULL;
    lac_error err = {0};
    assert_int_equal(lac_recipe_open("mae-tny-32", NULL, 0, &r, &err), LAC_USAGE);
    assert_non_null(
        strstr(err.text, "mae-tny-32: no such file, and no shipped recipe of that name; nearest: mae-tiny-32"));
}

static void test_a_file_is_read_and_named_in_errors(void **state) {
    (void)state;
    char path[] = "/tmp/lacuna-recipe-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    const char *text = with_line("mask:", "mask: {name: random, ratio: 2}");
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    lac_recipe *r = NULL;
    lac_error err = {0};
    assert_int_equal(lac_recipe_open(path, NULL, 0, &r, &err), LAC_USAGE);
    assert_ptr_equal(strstr(err.text, path), err.text);
    assert_non_null(strstr(err.text, ":2: mask.ratio: expected a number in [0, 1) or a schedule, found '2'"));
    const char *set = "mask.ratio=0.5"; /* a set mends what the file has wrong */
    assert_int_equal(lac_recipe_open(path, &set, 1, &r, &err), LAC_OK);
    lac_recipe_free(r);
    unlink(path);
}

/* docs/recipes.md has a row for every key that is declared. */
static void test_every_declared_key_is_documented(void **state) {
    (void)state;
    char *page;
    size_t bytes;
    lac_error err = {0};
    if (lac_file_read(LACUNA_TESTS "/../docs/recipes.md", 1 << 20, &page, &bytes, &err) != LAC_OK)
        fail_msg("%s", err.text);
    for (int i = 0; i < LAC_N_SECTION_KINDS; i++)
        for (int k = 0; lac_section_kinds[i].slot(k); k++) {
            const lac_slot *slot = lac_section_kinds[i].slot(k);
            for (int j = 0; j < slot->n_specs; j++) {
                const lac_setting_spec *spec = &slot->specs[j];
                char row[512];
                snprintf(row, sizeof row, "| `%s` | %s%s%s | %s |", spec->key, spec->standard ? "`" : "",
                         spec->standard ? spec->standard : "must be given", spec->standard ? "`" : "", spec->sentence);
                if (!strstr(page, row)) fail_msg("docs/recipes.md has no row: %s", row);
            }
        }
    lac_free(page);
}

/* Every allocation in turn fails: a clean error, nothing leaked (the sanitizer build sees that), then success. */
static void test_every_failed_allocation_is_an_error(void **state) {
    (void)state;
    const char *sets[] = {"optim.lr=1e-3", "objective.0.name=l1"};
    bool is_done = false;
    for (uint64_t n = 1; !is_done; n++) {
        assert_true(n < 5000);
        lac_recipe *r = NULL;
        lac_error err = {0};
        lac_memory_fail_at(n);
        lac_status status = lac_recipe_open("demo", sets, 2, &r, &err);
        if (status == LAC_OK) status = lac_recipe_set(r, "train.batch", "64", &err);
        lac_memory_fail_at(0);
        is_done = status == LAC_OK;
        if (!is_done) assert_int_equal(status, LAC_FAILURE);
        lac_recipe_free(r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_key_names_line_nearest_and_allowed),
        cmocka_unit_test(test_wrong_types_and_ranges_are_refused),
        cmocka_unit_test(test_resolved_recipe_is_canonical_and_reads_back),
        cmocka_unit_test(test_every_shipped_recipe_makes_a_canonical_text),
        cmocka_unit_test(test_sets_override_any_key),
        cmocka_unit_test(test_another_slot_forgets_the_old_settings),
        cmocka_unit_test(test_a_wrong_set_is_named),
        cmocka_unit_test(test_a_refused_set_leaves_the_recipe_as_it_was),
        cmocka_unit_test(test_difference_names_the_keys),
        cmocka_unit_test(test_a_missing_recipe_names_the_nearest),
        cmocka_unit_test(test_a_file_is_read_and_named_in_errors),
        cmocka_unit_test(test_every_declared_key_is_documented),
        cmocka_unit_test(test_every_failed_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
