/* The page of a run, without a browser: it is well-formed, asks for nothing, and no text of a run can become markup.
 * What it does in a browser: report_browser.py. */
#include "train/tiny.h"

#include "report/report.h"

/* what somebody could call a run */
static const char hostile[] = "\"><img src=x onerror=alert(1)>&'<script>";

static lac_report_options options;

static void run_at(const char *name) {
    lac_pretrain_result result;
    lac_pretrain_options o = tiny_options(name, 20, &result);
    tiny_assert(lac_pretrain(&o, &err), LAC_OK, "");
}

static int make(void **state) {
    if (tiny_make(state)) return -1;
    run_at("run");
    run_at(hostile);
    lac_pool *pool;
    if (lac_pool_new(1, &pool, &err) || lac_backend_cpu(NULL, &options.backend, &err)) return -1;
    options.pool = pool;
    options.n_pictures = 2;
    return 0;
}

static int clean(void **state) {
    lac_pool_free(options.pool);
    return tiny_remove(state);
}

static lac_text report(const char *const *runs, int n) {
    lac_text page = {0};
    tiny_assert(lac_report_make(runs, n, &options, &page, &err), LAC_OK, "");
    return page;
}

static bool is_void(const char *name) {
    static const char *const list[] = {"meta", "br", "img"};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (strcmp(name, list[i]) == 0) return true;
    return false;
}

/* Every element is closed by its own end, attributes are quoted, text holds no bare '<'. Script and style are skipped.
 */
static void assert_well_formed(const char *at) {
    char stack[64][16];
    int depth = 0;
    for (; (at = strchr(at, '<')); at++) {
        bool is_end = at[1] == '/', is_quoted = false;
        const char *from = at + 1 + is_end, *to = from;
        if (*from == '!') continue;
        char name[16] = "";
        size_t length = strspn(from, "abcdefghijklmnopqrstuvwxyz0123456789");
        if (length == 0 || length > 15) fail_msg("a bare '<': %.60s", at);
        memcpy(name, from, length);
        for (to = from + length; *to && (is_quoted || *to != '>'); to++) {
            if (*to == '"') is_quoted = !is_quoted;
            if (*to == '<') fail_msg("'<' inside a tag: %.80s", at);
        }
        if (!*to) fail_msg("a tag without end: %.60s", at);
        if (is_end) {
            if (depth == 0 || strcmp(stack[depth - 1], name) != 0)
                fail_msg("</%s> closes <%s>: %.60s", name, depth ? stack[depth - 1] : "", at);
            depth--;
        } else if (to[-1] != '/' && !is_void(name)) {
            if (depth == 64) fail_msg("too deep");
            strcpy(stack[depth++], name);
        }
        at = to;
        if (!is_end && (strcmp(name, "script") == 0 || strcmp(name, "style") == 0)) {
            char end[24];
            snprintf(end, sizeof end, "</%s>", name);
            const char *close = strstr(at, end);
            if (!close) fail_msg("%s is not there", end);
            at = close - 1;
        }
    }
    assert_int_equal(depth, 0);
}

/* A quote is escaped in text, so what is found is an attribute. */
static void assert_asks_for_nothing(const char *page) {
    static const char name_space[] = "http://www.w3.org/2000/svg"; /* a name, not an address */
    for (const char *at = page; (at = strstr(at, "://")); at++)
        if (at - page < 4 || strncmp(at - 4, name_space, sizeof name_space - 1) != 0) fail_msg("%.60s", at - 8);
    for (const char *at = page; (at = strstr(at, " src=\"")); at++)
        if (strncmp(at, " src=\"data:image/png;base64,", 28) != 0) fail_msg("%.60s", at);
    for (const char *at = page; (at = strstr(at, " href=\"")); at++)
        if (strncmp(at, " href=\"#", 8) != 0) fail_msg("%.60s", at);
    assert_null(strstr(page, "@import"));
    assert_null(strstr(page, "url("));
    assert_non_null(strstr(page, "default-src 'none'"));
}

static void test_one_run_is_one_well_formed_file(void **state) {
    (void)state;
    lac_text page = report((const char *const[]){tiny_path("run")}, 1);
    assert_well_formed(page.data);
    assert_asks_for_nothing(page.data);
    static const char *const parts[] = {">Loss<",   ">Deviation of features<", "id=\"pictures\"", "data:image/png",
                                        "sample 0", "lacuna eval all",         "lacuna analyze",  "  ratio: 0.75\n",
                                        "Seed"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(page.data, parts[i])) fail_msg("'%s' is not in the page", parts[i]);
    lac_text_free(&page);
}

static void test_a_name_cannot_become_markup(void **state) {
    (void)state;
    lac_text page = report((const char *const[]){tiny_path(hostile), tiny_path("run")}, 2);
    assert_well_formed(page.data);
    assert_asks_for_nothing(page.data);
    assert_null(strstr(page.data, "<img src=x"));
    assert_non_null(strstr(page.data, "&lt;img src=x onerror=alert(1)&gt;&amp;&#39;&lt;script&gt;"));
    lac_text_free(&page);
}

static void test_hostile_files_of_a_run_are_shown_or_refused(void **state) {
    (void)state;
    static const char
        eval[] = "{\"protocol\": \"knn\", \"labels\": null, \"rows\": [{\"features\": \"</table><script>\", "
                 "\"accuracy\": 1e99}, 3, null]}",
        odd[] = "{\"runs\": [{\"name\": \"<b>\", \"attention\": [{}], \"layers\": [{\"spectrum\": [1, \"x\"]}]}, 7],"
                " \"cka\": [[1], []]}",
        broken[] = "{\"tables\": [";
    assert_int_equal(lac_file_write(tiny_path("run/eval.json"), eval, sizeof eval - 1, &err), LAC_OK);
    lac_folder_make(tiny_path("run/analysis"), &err);
    assert_int_equal(lac_file_write(tiny_path("run/analysis/analysis.json"), odd, sizeof odd - 1, &err), LAC_OK);
    lac_text page = report((const char *const[]){tiny_path("run")}, 1);
    assert_well_formed(page.data);
    assert_non_null(strstr(page.data, "&lt;/table&gt;"));
    lac_text_free(&page);
    assert_int_equal(lac_file_write(tiny_path("run/eval.json"), broken, sizeof broken - 1, &err), LAC_OK);
    const char *runs[] = {tiny_path("run")};
    tiny_assert(lac_report_make(runs, 1, &options, &page, &err), LAC_FAILURE, "not JSON");
    lac_text_free(&page);
    lac_file_remove(tiny_path("run/eval.json"), &err);
    lac_file_remove(tiny_path("run/analysis/analysis.json"), &err);
}

static void test_a_comparison_with_hostile_results_is_shown_or_refused(void **state) {
    (void)state;
    static const char odd[] =
        "{\"data\": \"</p><script>\", \"epochs\": \"x\", \"methods\": [7, {\"recipe\": \"<b>\", \"numbers\": {\"knn\": "
        "{\"mean\": 1e300, \"deviation\": \"<i>\"}, \"linear\": 3}, \"runs\": [null, {\"run\": \"<u>\", \"failed\": "
        "\"<s>why\"}]}]}",
                      broken[] = "{\"methods\": [";
    const char *runs[] = {tiny_path("run"), tiny_path(hostile)};
    lac_report_options before = options;
    options.folder = tiny_folder;
    assert_int_equal(lac_file_write(tiny_path("results.json"), odd, sizeof odd - 1, &err), LAC_OK);
    lac_text page = report(runs, 2);
    assert_well_formed(page.data);
    assert_asks_for_nothing(page.data);
    assert_non_null(strstr(page.data, "<strong>&lt;u&gt;</strong> failed while &lt;s&gt;why"));
    lac_text_free(&page);
    assert_int_equal(lac_file_write(tiny_path("results.json"), broken, sizeof broken - 1, &err), LAC_OK);
    tiny_assert(lac_report_make(runs, 2, &options, &page, &err), LAC_FAILURE, "not JSON");
    lac_text_free(&page);
    lac_file_remove(tiny_path("results.json"), &err);
    options = before;
}

static void test_runs_are_found_below_a_folder(void **state) {
    (void)state;
    char **runs;
    size_t n;
    tiny_assert(lac_report_find(tiny_folder, &runs, &n, &err), LAC_OK, "");
    assert_int_equal(n, 2);
    lac_names_free(runs, n);
    tiny_assert(lac_report_find(tiny_path("run/checkpoints"), &runs, &n, &err), LAC_USAGE, "no run");
    tiny_assert(lac_report_find(tiny_path("nowhere"), &runs, &n, &err), LAC_FAILURE, "no such folder");
}

/* Every allocation of ours fails once: an error, or the same page where it could be done without, and nothing lost
 * (valgrind). Not with pictures, whose failures are shown. */
static void test_a_report_without_memory_is_an_error_or_the_same(void **state) {
    (void)state;
    const char *runs[] = {tiny_path("run"), tiny_path(hostile)};
    lac_report_options o = options;
    lac_text whole = {0};
    o.n_pictures = -1;
    uint64_t before = lac_memory_count();
    tiny_assert(lac_report_make(runs, 2, &o, &whole, &err), LAC_OK, "");
    uint64_t count = lac_memory_count() - before;
    for (uint64_t n = 1; n <= count; n += n < 400 ? 1 : 11) {
        lac_text page = {0};
        lac_memory_fail_at(n);
        lac_status status = lac_report_make(runs, 2, &o, &page, &err);
        lac_memory_fail_at(0);
        if (status == LAC_OK && (page.bytes != whole.bytes || memcmp(page.data, whole.data, whole.bytes) != 0))
            fail_msg("allocation %d of %d: another page", (int)n, (int)count);
        if (status != LAC_OK && !strstr(err.text, "memory")) fail_msg("allocation %d: %s", (int)n, err.text);
        lac_text_free(&page);
    }
    lac_text_free(&whole);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_run_is_one_well_formed_file),
        cmocka_unit_test(test_a_name_cannot_become_markup),
        cmocka_unit_test(test_hostile_files_of_a_run_are_shown_or_refused),
        cmocka_unit_test(test_a_comparison_with_hostile_results_is_shown_or_refused),
        cmocka_unit_test(test_runs_are_found_below_a_folder),
        cmocka_unit_test(test_a_report_without_memory_is_an_error_or_the_same),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
