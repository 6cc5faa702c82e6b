/* Trees as Newick, JSON and SVG: what is written, hostile names, and trees as deep as they are long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "cluster/draw.h"
#include "cluster/escape.h"

static const lac_merge small[] = {{0, 2, 1, 2}, {1, 3, 2.5, 3}};
static const char *const names[] = {"a", "b b", "it's"};

static void test_newick_has_branch_lengths_and_quotes(void **state) {
    (void)state;
    lac_tree_view view = {.merges = small, .n = 3, .names = names};
    lac_text out = {0};
    lac_error err;
    assert_int_equal(lac_tree_newick(&view, &out, &err), LAC_OK);
    assert_string_equal(out.data, "('b b':2.5,(a:1,'it''s':1):1.5);\n");
    lac_text_free(&out);
    view.n = 1;
    assert_int_equal(lac_tree_newick(&view, &out, &err), LAC_OK);
    assert_string_equal(out.data, "a;\n");
    lac_text_free(&out);
}

static void test_json_has_scipys_rows(void **state) {
    (void)state;
    const int32_t labels[] = {1, 2, 1};
    lac_tree_view view = {.merges = small, .n = 3, .names = names, .labels = labels, .n_clusters = 2};
    lac_text out = {0};
    lac_error err;
    assert_int_equal(lac_tree_json(&view, &out, &err), LAC_OK);
    assert_string_equal(out.data, "{\n  \"n\": 3,\n  \"names\": [\"a\", \"b b\", \"it's\"],\n  \"merges\": [\n"
                                  "    [0, 2, 1, 2],\n    [1, 3, 2.5, 3]],\n  \"leaves\": [1, 0, 2],\n"
                                  "  \"labels\": [1, 2, 1]\n}\n");
    lac_text_free(&out);
}

/* What a hostile label would need to get out. */
static const char hostile[] = "</text><script>alert(1)</script>\" ' & \x1b[31m \xc2\x9b \xff\xfe \xe2\x80\xae \x7f";

static void assert_no_control(const char *text) {
    for (const char *at = text; *at;) {
        const char *from = at;
        int32_t c = lac_utf8_next(&at);
        if (c == '\n') continue;
        if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x202e) fail_msg("U+%04X at %.20s", (unsigned)c, from);
    }
}

static void test_hostile_names_stay_text(void **state) {
    (void)state;
    const char *const bad[] = {hostile, hostile, hostile};
    const int32_t labels[] = {1, 2, 1};
    lac_tree_view view = {.merges = small, .n = 3, .names = bad, .labels = labels, .n_clusters = 2};
    view.cluster_names = bad;
    view.title = view.subtitle = view.axis = hostile;
    lac_text out = {0};
    lac_error err;
    assert_int_equal(lac_tree_svg(&view, &out, &err), LAC_OK);
    assert_null(strstr(out.data, "<script"));
    assert_null(strstr(out.data, "</text><"));
    assert_non_null(strstr(out.data, "&lt;script&gt;"));
    assert_no_control(out.data);
    lac_text_free(&out);
    assert_int_equal(lac_tree_json(&view, &out, &err), LAC_OK);
    assert_null(strstr(out.data, "</"));
    assert_non_null(strstr(out.data, "\\u003cscript\\u003e"));
    assert_non_null(strstr(out.data, "\\\" '"));
    lac_text_free(&out);
    assert_int_equal(lac_tree_newick(&view, &out, &err), LAC_OK);
    assert_no_control(out.data);
    assert_non_null(strstr(out.data, "\" '' &"));
    lac_text_free(&out);
}

static void test_utf8_is_strict(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int32_t c;
        int bytes;
    } cases[] = {{"a", 'a', 1},
                 {"\xc3\xa9", 0xe9, 2},
                 {"\xe6\x8e\xa9", 0x63a9, 3},
                 {"\xf0\x9f\x98\x80", 0x1f600, 4},
                 {"\x80", -1, 1},             /* continuation alone */
                 {"\xc0\xaf", -1, 1},         /* overlong */
                 {"\xe0\x80\xaf", -1, 1},     /* overlong */
                 {"\xf0\x80\x80\xaf", -1, 1}, /* overlong */
                 {"\xed\xa0\x80", -1, 1},     /* surrogate */
                 {"\xf4\x90\x80\x80", -1, 1}, /* above U+10FFFF */
                 {"\xe6\x8e", -1, 1},         /* cut */
                 {"\xf0\x9f", -1, 1},
                 {"\xff", -1, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *at = cases[i].text;
        assert_int_equal(lac_utf8_next(&at), cases[i].c);
        assert_int_equal(at - cases[i].text, cases[i].bytes);
    }
}

static void test_long_names_are_cut(void **state) {
    (void)state;
    lac_text out = {0};
    lac_put_xml(&out, "\xc3\xa9t\xc3\xa9 & hiver", 5);
    assert_string_equal(out.data, "\xc3\xa9t\xc3\xa9 \xe2\x80\xa6");
    lac_text_free(&out);
    lac_put_xml(&out, "\xc3\xa9t\xc3\xa9", 3);
    assert_string_equal(out.data, "\xc3\xa9t\xc3\xa9");
    lac_text_free(&out);
}

static void test_svg_draws_every_leaf_and_merge(void **state) {
    (void)state;
    const int32_t labels[] = {1, 2, 1};
    const char *const about[] = {"first", "second"};
    lac_tree_view view = {.merges = small, .n = 3, .names = names, .labels = labels, .n_clusters = 2};
    view.cluster_names = about;
    view.cut_height = 2;
    lac_text out = {0};
    lac_error err;
    assert_int_equal(lac_tree_svg(&view, &out, &err), LAC_OK);
    static const char *const parts[] = {"data-node=\"0\"", "data-node=\"1\"", "data-node=\"2\"",
                                        "data-node=\"3\"", "data-node=\"4\"", "prefers-color-scheme",
                                        "class=\"cut\"",   "first",           "second",
                                        "it&#39;s",        "</svg>"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(out.data, parts[i])) fail_msg("no %s", parts[i]);
    assert_null(strstr(out.data, "nan"));
    lac_text_free(&out);
    view.n = 1; /* one leaf, no height */
    view.n_clusters = 1;
    assert_int_equal(lac_tree_svg(&view, &out, &err), LAC_OK);
    assert_null(strstr(out.data, "nan"));
    lac_text_free(&out);
}

static void test_a_tree_may_be_as_deep_as_it_is_long(void **state) {
    (void)state;
    enum { N = 100000 };
    lac_merge *merges = lac_array(N, sizeof *merges);
    const char **all = lac_array(N, sizeof *all);
    int32_t *labels = lac_array(N, sizeof *labels), n_clusters;
    for (int64_t i = 0; i < N; i++) {
        all[i] = "x";
        if (i + 1 < N) merges[i] = (lac_merge){i == 0 ? 0 : i + 1, i == 0 ? 1 : N + i - 1, (double)i, i + 2};
    }
    lac_tree_view view = {.merges = merges, .n = N, .names = all, .labels = labels};
    lac_text out = {0};
    lac_error err;
    assert_int_equal(lac_tree_cut_count(merges, N, 3, labels, &n_clusters, &err), LAC_OK);
    assert_int_equal(n_clusters, 3);
    view.n_clusters = n_clusters;
    assert_int_equal(lac_tree_newick(&view, &out, &err), LAC_OK);
    lac_text_free(&out);
    assert_int_equal(lac_tree_svg(&view, &out, &err), LAC_OK);
    lac_text_free(&out);
    lac_free(merges);
    lac_free(all);
    lac_free(labels);
}

static void test_every_allocation_may_fail(void **state) {
    (void)state;
    const int32_t labels[] = {1, 2, 1};
    lac_tree_view view = {.merges = small, .n = 3, .names = names, .labels = labels, .n_clusters = 2};
    int n_failed = 0;
    for (uint64_t k = 1;; k++) {
        lac_text out = {0};
        lac_error err;
        lac_memory_fail_at(k);
        lac_status status = lac_tree_newick(&view, &out, &err);
        if (status == LAC_OK) status = lac_tree_json(&view, &out, &err);
        if (status == LAC_OK) status = lac_tree_svg(&view, &out, &err);
        lac_memory_fail_at(0);
        lac_text_free(&out);
        if (status == LAC_OK) break;
        assert_non_null(strstr(err.text, "out of memory"));
        n_failed++;
    }
    assert_true(n_failed > 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_newick_has_branch_lengths_and_quotes),
        cmocka_unit_test(test_json_has_scipys_rows),
        cmocka_unit_test(test_hostile_names_stay_text),
        cmocka_unit_test(test_utf8_is_strict),
        cmocka_unit_test(test_long_names_are_cut),
        cmocka_unit_test(test_svg_draws_every_leaf_and_merge),
        cmocka_unit_test(test_a_tree_may_be_as_deep_as_it_is_long),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
