/* tests/io/yaml_test.c - the tree has the text's shape and lines; what a recipe does not need is refused with its line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/damage.h"
#include "io/yaml.h"

static lac_error err;

static const char sample[] = "# a recipe\n"
                             "name: mae\n"
                             "mask:\n"
                             "  name: random\n"
                             "  ratio: 0.75\n"
                             "sizes: [16, \"16\", 'x y']\n"
                             "list:\n"
                             "  - one\n"
                             "  - {a: 1, b: [2]}\n"
                             "nothing:\n"
                             "empty: {}\n"
                             "text: |\n"
                             "  two\n"
                             "  lines\n";

static void test_the_tree_has_the_texts_shape_and_lines(void **state) {
    (void)state;
    lac_arena *arena = lac_arena_new();
    lac_yaml *root;
    assert_int_equal(lac_yaml_parse(arena, "sample", sample, strlen(sample), &root, &err), LAC_OK);
    assert_int_equal(root->kind, LAC_YAML_MAP);
    assert_int_equal(root->n, 7);
    assert_string_equal(root->keys[1], "mask");
    assert_int_equal(root->key_lines[1], 3);
    assert_string_equal(lac_yaml_get(root, "name")->text, "mae");
    assert_int_equal(lac_yaml_get(root, "name")->line, 2);
    lac_yaml *mask = lac_yaml_get(root, "mask");
    assert_int_equal(mask->kind, LAC_YAML_MAP);
    assert_int_equal(mask->line, 4);
    assert_string_equal(lac_yaml_get(mask, "ratio")->text, "0.75");
    assert_int_equal(lac_yaml_get(mask, "ratio")->line, 5);
    lac_yaml *sizes = lac_yaml_get(root, "sizes");
    assert_int_equal(sizes->kind, LAC_YAML_LIST);
    assert_int_equal(sizes->n, 3);
    assert_false(sizes->items[0]->is_quoted);
    assert_true(sizes->items[1]->is_quoted && sizes->items[2]->is_quoted);
    assert_string_equal(sizes->items[1]->text, "16");
    assert_string_equal(sizes->items[2]->text, "x y");
    lac_yaml *list = lac_yaml_get(root, "list");
    assert_int_equal(list->n, 2);
    assert_string_equal(lac_yaml_get(list->items[1], "b")->items[0]->text, "2");
    assert_string_equal(lac_yaml_get(root, "nothing")->text, "");
    assert_int_equal(lac_yaml_get(root, "empty")->n, 0);
    assert_string_equal(lac_yaml_get(root, "text")->text, "two\nlines\n");
    assert_null(lac_yaml_get(root, "absent"));
    assert_null(lac_yaml_get(list, "a"));
    assert_null(lac_yaml_get(NULL, "a"));
    lac_arena_free(arena);
}

static lac_status parse(const char *text, size_t bytes) {
    lac_arena *arena = lac_arena_new();
    lac_yaml *root = NULL;
    lac_status status = lac_yaml_parse(arena, "r.yaml", text, bytes, &root, &err);
    assert_int_equal(root != NULL, status == LAC_OK);
    lac_arena_free(arena);
    return status;
}

static void refuse(const char *text, const char *fragment) {
    if (parse(text, strlen(text)) != LAC_USAGE) fail_msg("accepted: %s", text);
    assert_says(err, fragment);
}

static void test_refusals_name_file_and_line(void **state) {
    (void)state;
    refuse("a: 1\nb: &x 2\n", "r.yaml:2: anchors are not supported");
    refuse("a: &x [1]\n", "r.yaml:1: anchors are not supported");
    refuse("a: &x {b: 1}\n", "r.yaml:1: anchors are not supported");
    refuse("\na: *x\n", "r.yaml:2: aliases are not supported");
    refuse("a: !!int 2\n", "r.yaml:1: tags are not supported");
    refuse("a: ! 2\n", "r.yaml:1: tags are not supported");
    refuse("--- !x\na: 2\n", "tags are not supported");
    refuse("a: !!seq [1]\n", "r.yaml:1: tags are not supported");
    refuse("a: 1\n---\nb: 2\n", "r.yaml:2: expected one document, found another");
    refuse("a: 1\nb: 2\na: 3\n", "r.yaml:3: the key \"a\" is there twice, first on line 1");
    refuse("x:\n  a: 1\n  'a': 2\n", "r.yaml:3: the key \"a\" is there twice, first on line 2");
    refuse("b: 1\na: 1\na: 1\nb: 1\n", "r.yaml:3: the key \"a\" is there twice");
    refuse("? [a]\n: 1\n", "r.yaml:1: expected a key, found a list or map");
    refuse("a: 1\n\"\": 2\n", "r.yaml:2: expected a key, found nothing");
    refuse("? \n: 2\n", "r.yaml:1: expected a key, found nothing");
    refuse("a: \"x\\0y\"\n", "r.yaml:1: a NUL character in a value");
    refuse("", "r.yaml:1: the document is empty");
    refuse("# only a comment\n", "the document is empty");
    refuse("---\n", "the document is empty");
    refuse("a: [1, 2\nb: 3\n", "r.yaml:2: ");
    refuse("a: 1\n b: 2\n", "r.yaml:2: ");
    refuse("a: 1\n\tb: 2\n", "r.yaml:2: ");
    refuse("a: 'open\n\n", "r.yaml:3: ");
    refuse("a: 1\nb: 2\nc: \xFF\xFE\n", "r.yaml:3: ");
    refuse("a: @x\n", "r.yaml:1: ");
}

static void test_depth_and_size_are_bounded(void **state) {
    (void)state;
    char deep[200];
    for (int depth = 32; depth <= 33; depth++) {
        memset(deep, '[', (size_t)depth);
        memset(deep + depth, ']', (size_t)depth);
        assert_int_equal(parse(deep, 2 * (size_t)depth), depth == 32 ? LAC_OK : LAC_USAGE);
    }
    assert_says(err, "r.yaml:1: nested deeper than 32 levels");
    size_t size = (1 << 20) + 1;
    char *large = lac_alloc(size);
    memset(large, '[', size);
    assert_int_equal(parse(large, size), LAC_USAGE);
    assert_says(err, "r.yaml: 1048577 bytes, expected at most 1048576");
    double start = lac_clock_s();
    assert_int_equal(parse(large, size - 1), LAC_USAGE);
    for (size_t i = 0; i + 8 <= size; i += 8) { /* 131071 different keys: no quadratic search for the same */
        char line[16];
        snprintf(line, sizeof line, "%05x: \n", (unsigned)(i / 8));
        memcpy(large + i, line, 8);
    }
    if (parse(large, size / 8 * 8) != LAC_OK) fail_msg("%s", err.text);
    assert_true(lac_clock_s() - start < 20);
    lac_free(large);
}

static lac_status read_yaml(const char *path, lac_error *error) {
    lac_arena *arena = lac_arena_new();
    lac_yaml *root;
    lac_status status = arena ? lac_yaml_read(arena, path, &root, error) : lac_no_memory(error, path);
    lac_arena_free(arena);
    return status;
}

static void test_damaged_files_never_crash_the_reader(void **state) {
    (void)state;
    put_file("original.yaml", sample, strlen(sample));
    assert_true(read_damaged(scratch("original.yaml"), 5000, read_yaml) > 1000);
    assert_int_equal(read_yaml(scratch("absent.yaml"), &err), LAC_FAILURE);
    assert_says(err, "absent.yaml: cannot open");
}

static lac_status read_sample(lac_error *error) {
    return read_yaml(scratch("original.yaml"), error);
}

static void test_every_failed_allocation_is_reported(void **state) {
    (void)state;
    char many[16 * 1024] = "k0: 1\n"; /* enough nodes for a second chunk of the arena */
    for (int i = 1; i < 1000; i++)
        snprintf(many + strlen(many), 32, "k%d: %d\n", i, i);
    put_file("original.yaml", many, strlen(many));
    fail_every_allocation(read_sample);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_tree_has_the_texts_shape_and_lines),
        cmocka_unit_test(test_refusals_name_file_and_line),
        cmocka_unit_test(test_depth_and_size_are_bounded),
        cmocka_unit_test(test_damaged_files_never_crash_the_reader),
        cmocka_unit_test(test_every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
