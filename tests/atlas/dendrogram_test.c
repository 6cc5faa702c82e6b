/* The dendrogram of the atlas: clusters, the survey's clusters beside it, its files; corpora of a reader's own and what
 * is wrong with them; memory that runs out. That vectors, trees and agreement are right: tfidf_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "atlas/atlas.h"
#include "atlas/dendrogram.h"
#include "atlas/named_clusters.h"
#include "base/file.h"
#include "base/memory.h"
#include "mutate.h"
#include "scratch.h"

static lac_corpus *open_atlas(void) {
    sqlite3 *db;
    lac_corpus *corpus;
    lac_error err;
    if (lac_atlas_open_shipped(&db, &err) != LAC_OK) fail_msg("%s", err.text);
    if (lac_corpus_of_atlas(db, &corpus, &err) != LAC_OK) fail_msg("%s", err.text);
    sqlite3_close(db);
    return corpus;
}

static lac_dendrogram *make(const lac_corpus *corpus, lac_dendrogram_options options) {
    lac_dendrogram *d;
    lac_error err;
    if (lac_dendrogram_make(corpus, &options, NULL, &d, &err) != LAC_OK) fail_msg("%s", err.text);
    return d;
}

static const lac_cluster_match *find_match(const lac_dendrogram *d, const char *id) {
    for (size_t i = 0; i < d->n_matches; i++)
        if (strcmp(d->matches[i].id, id) == 0) return &d->matches[i];
    fail_msg("no cluster '%s'", id);
    return NULL;
}

static void test_the_database_and_the_table_are_one_corpus(void **state) {
    (void)state;
    lac_corpus *atlas = open_atlas(), *table;
    lac_error err;
    assert_int_equal(lac_corpus_of_tsv(LACUNA_TESTS "/../atlas/papers.tsv", &table, &err), LAC_OK);
    assert_int_equal(atlas->n, table->n);
    for (size_t i = 0; i < atlas->n; i++) {
        const lac_document *a = &atlas->documents[i], *b = &table->documents[i];
        assert_string_equal(a->id, b->id);
        assert_string_equal(a->title, b->title);
        assert_string_equal(a->text, b->text);
        assert_string_equal(a->name, b->name);
        for (int f = 0; f < LAC_N_FACETS; f++) {
            assert_int_equal(a->facets[f] == NULL, b->facets[f] == NULL);
            if (a->facets[f]) assert_string_equal(a->facets[f], b->facets[f]);
        }
    }
    assert_true(atlas->n_named > 0);
    assert_int_equal(table->n_named, 0);
    lac_corpus_free(atlas);
    lac_corpus_free(table);
}

/* The trial that the survey's clusters were first looked for with: these are clusters or branches, and named so. */
static void test_the_surveys_clusters_are_found(void **state) {
    (void)state;
    lac_corpus *corpus = open_atlas();
    lac_dendrogram *d = make(corpus, lac_dendrogram_standard());
    assert_int_equal(d->n_clusters, 16);
    assert_int_equal(d->n_matches, corpus->n_named);
    static const struct {
        const char *id;
        double f1;
        const char *term; /* among the heaviest of its cluster of the cut */
    } expected[] = {{"pointcloud", 0.8, "point"},    {"video", 0.7, "video"},
                    {"audio", 0.8, "audio"},         {"anomaly", 0.9, "anomaly"},
                    {"tracking", 0.59, "tracking"},  {"test-time", 0.8, "test time"},
                    {"domain-shift", 0.6, "domain"}, {"teacher-student", 0.5, "teacher"}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const lac_cluster_match *m = find_match(d, expected[i].id);
        if (!(m->f1 >= expected[i].f1)) fail_msg("%s: F1 %g, expected %g or more", m->id, m->f1, expected[i].f1);
        const lac_text_cluster *c = &d->clusters[m->cluster - 1];
        bool is_named = false;
        for (int k = 0; k < c->n_terms; k++)
            is_named = is_named || strcmp(c->terms[k], expected[i].term) == 0;
        if (!is_named) fail_msg("%s: its cluster %d is not named '%s'", m->id, (int)m->cluster, expected[i].term);
    }
    lac_dendrogram_free(d);
    lac_corpus_free(corpus);
}

/* Members and F1 again, the slow way. */
static void test_matches_are_what_counting_gives(void **state) {
    (void)state;
    lac_corpus *corpus = open_atlas();
    lac_dendrogram *d = make(corpus, lac_dendrogram_standard());
    int64_t *leaves = lac_array(d->n, sizeof *leaves), *first = lac_array(2 * d->n, sizeof *first);
    lac_error err;
    assert_int_equal(lac_tree_leaves(d->merges, d->n, leaves, first, &err), LAC_OK);
    for (size_t i = 0; i < d->n_matches; i++) {
        const lac_cluster_match *m = &d->matches[i];
        const lac_cluster_facets *facets = lac_cluster_facets_find(m->id);
        if (!facets) fail_msg("%s: no facets; give it some, or say that none fits", m->id);
        assert_non_null(m->predicate);
        int64_t members = 0;
        double best = 0;
        for (size_t k = 0; k < d->n; k++)
            members += lac_cluster_facets_hold(facets, &corpus->documents[k]);
        assert_int_equal(members, m->members);
        assert_true(members > 0);
        for (int64_t v = 0; v < (int64_t)(2 * d->n - 1); v++) {
            int64_t size = lac_tree_size(d->merges, d->n, v), common = 0;
            for (int64_t k = 0; k < size; k++)
                common += lac_cluster_facets_hold(facets, &corpus->documents[leaves[first[v] + k]]);
            double precision = (double)common / (double)size, recall = (double)common / (double)members;
            double f1 = common ? 2 * precision * recall / (precision + recall) : 0;
            if (f1 > best + 1e-12) best = f1;
            if (v == m->node) {
                assert_int_equal(common, m->common);
                assert_int_equal(size, m->node_size);
                assert_true(fabs(f1 - m->f1) < 1e-12);
            }
        }
        assert_true(fabs(best - m->f1) < 1e-12);
    }
    lac_free(leaves);
    lac_free(first);
    lac_dendrogram_free(d);
    lac_corpus_free(corpus);
}

static void test_clusters_are_their_nodes(void **state) {
    (void)state;
    lac_corpus *corpus = open_atlas();
    lac_dendrogram_options options = lac_dendrogram_standard();
    options.cut = 0;
    options.height = 1.7;
    lac_dendrogram *d = make(corpus, options);
    assert_true(d->n_clusters > 3 && d->n_clusters < 40);
    int64_t *leaves = lac_array(d->n, sizeof *leaves), *first = lac_array(2 * d->n, sizeof *first), n = 0;
    lac_error err;
    assert_int_equal(lac_tree_leaves(d->merges, d->n, leaves, first, &err), LAC_OK);
    for (int32_t c = 1; c <= d->n_clusters; c++) {
        const lac_text_cluster *cluster = &d->clusters[c - 1];
        assert_int_equal(cluster->size, lac_tree_size(d->merges, d->n, cluster->node));
        for (int64_t k = 0; k < cluster->size; k++)
            assert_int_equal(d->labels[leaves[first[cluster->node] + k]], c);
        assert_true(cluster->n_terms > 0);
        for (int k = 1; k < cluster->n_terms; k++)
            assert_true(cluster->weights[k - 1] >= cluster->weights[k]);
        if (cluster->node >= (int64_t)d->n) assert_true(d->merges[cluster->node - (int64_t)d->n].height <= 1.7);
        n += cluster->size;
    }
    assert_int_equal(n, d->n);
    lac_free(leaves);
    lac_free(first);
    lac_dendrogram_free(d);
    lac_corpus_free(corpus);
}

static void test_heaviest_terms_are_means_inside_minus_outside(void **state) {
    (void)state;
    static const char tsv[] = "id\ttitle\ttext\na\tcat dog\t\nb\tcat dog\t\nc\tsun moon\t\nd\tsun moon\t\n";
    lac_corpus *corpus;
    lac_error err;
    assert_int_equal(lac_corpus_of_tsv_text("x.tsv", tsv, sizeof tsv - 1, &corpus, &err), LAC_OK);
    lac_dendrogram_options options = {.tfidf = lac_tfidf_plain(), .cut = 2};
    lac_dendrogram *d = make(corpus, options);
    assert_int_equal(d->n_clusters, 2);
    for (int c = 0; c < 2; c++) {
        assert_int_equal(d->clusters[c].n_terms, 2);
        assert_true(fabs(d->clusters[c].weights[0] - sqrt(0.5)) < 1e-15);
        assert_string_equal(d->clusters[c].terms[0], d->labels[0] == c + 1 ? "cat" : "moon");
    }
    assert_int_equal(d->family.n, 0);
    lac_dendrogram_free(d);
    lac_corpus_free(corpus);
}

static void test_json_says_all_and_reads_back(void **state) {
    (void)state;
    lac_corpus *corpus = open_atlas();
    lac_dendrogram_options options = lac_dendrogram_standard();
    lac_dendrogram *d = make(corpus, options);
    lac_text text = {0};
    lac_error err;
    assert_int_equal(lac_dendrogram_json(d, &options, &text, &err), LAC_OK);
    json_error_t wrong;
    json_t *root = json_loads(text.data, JSON_REJECT_DUPLICATES, &wrong);
    if (!root) fail_msg("line %d: %s", wrong.line, wrong.text);
    json_t *merges = json_object_get(root, "merges");
    assert_int_equal(json_array_size(merges), d->n - 1);
    for (size_t k = 0; k + 1 < d->n; k++) {
        json_t *row = json_array_get(merges, k);
        assert_int_equal(json_integer_value(json_array_get(row, 0)), d->merges[k].a);
        assert_int_equal(json_integer_value(json_array_get(row, 1)), d->merges[k].b);
        assert_true(json_number_value(json_array_get(row, 2)) == d->merges[k].height);
        assert_int_equal(json_integer_value(json_array_get(row, 3)), d->merges[k].size);
    }
    static const struct {
        const char *key;
        size_t n;
    } lists[] = {{"ids", 194}, {"leaves", 194}, {"labels", 194}, {"clusters", 16}, {"matches", 18}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        assert_int_equal(json_array_size(json_object_get(root, lists[i].key)), lists[i].n);
    assert_true(json_real_value(json_object_get(root, "cophenetic")) == d->cophenetic);
    json_t *agreement = json_object_get(json_object_get(root, "agreement"), "category");
    assert_true(json_real_value(json_object_get(agreement, "ari")) == d->category.ari);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(root, "options"), "cut")), 16);
    json_decref(root);
    lac_text_free(&text);
    lac_dendrogram_free(d);
    lac_corpus_free(corpus);
}

static void test_hostile_documents_stay_text(void **state) {
    (void)state;
    static const char tsv[] = "text\tid\ttitle\nmask\t</text><script>\t\"><img onerror=x>\x1b[31m\n"
                              "mask image\t'; DROP TABLE papers;--\t\xe2\x80\xae x\n";
    lac_corpus *corpus;
    lac_error err;
    assert_int_equal(lac_corpus_of_tsv_text("<b>.tsv", tsv, sizeof tsv - 1, &corpus, &err), LAC_OK);
    lac_dendrogram_options options = {.tfidf = lac_tfidf_plain(), .cut = 2};
    lac_dendrogram *d = make(corpus, options);
    lac_text text = {0};
    assert_int_equal(lac_dendrogram_svg(d, &options, &text, &err), LAC_OK);
    assert_null(strstr(text.data, "<script"));
    assert_null(strstr(text.data, "<img"));
    assert_null(strstr(text.data, "<b>"));
    assert_null(strchr(text.data, '\x1b'));
    assert_null(strstr(text.data, "\xe2\x80\xae"));
    lac_text_free(&text);
    assert_int_equal(lac_dendrogram_json(d, &options, &text, &err), LAC_OK);
    json_t *root = json_loads(text.data, 0, NULL);
    assert_non_null(root);
    assert_string_equal(json_string_value(json_array_get(json_object_get(root, "ids"), 0)), "</text><script>");
    json_decref(root);
    assert_null(strstr(text.data, "</text>"));
    lac_text_free(&text);
    assert_int_equal(lac_dendrogram_newick(d, &text, &err), LAC_OK);
    assert_non_null(strstr(text.data, "'''; DROP TABLE papers;--'"));
    lac_text_free(&text);
    lac_dendrogram_free(d);
    lac_corpus_free(corpus);
}

static void test_bad_rows_are_named_by_line_and_column(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
        size_t bytes; /* 0: strlen */
    } cases[] = {{"", "x.tsv:1:1: expected a header line", 0},
                 {"id\ttitle\n", "x.tsv:1:2: expected columns id, title and text, found no 'text'", 0},
                 {"id\ttitle\ttext\n", "x.tsv:2:1: expected rows", 0},
                 {"id\ttitle\ttext\tid\na\tb\tc\td\n", "x.tsv:1:4: expected each column once, found 'id'", 0},
                 {"id\ttitle\ttext\tsummary\na\tb\tc\td\n", "x.tsv:1:4: expected each column once", 0},
                 {"id\ttitle\ttext\na\tb\tc\nd\te\n", "x.tsv:3:2: expected 3 columns, found 2", 0},
                 {"id\ttitle\ttext\na\tb\tc\td\n", "x.tsv:2:4: expected 3 columns, found 4", 0},
                 {"id\ttitle\ttext\na\tb\tc\n\nd\te\tf\n", "x.tsv:3:1: expected 3 columns, found 1", 0},
                 {"id\ttitle\ttext\n\tb\tc\n", "x.tsv:2:1: expected an id", 0},
                 {"title\tid\ttext\nb\ta\tc\nb\ta\tc\n", "x.tsv:3:2: expected an id of its own, found 'a'", 0},
                 {"id\ttitle\ttext\na\tb\xff\tc\n", "x.tsv:2:2: expected UTF-8, found 'b\xef\xbf\xbd'", 0},
                 {"id\ttitle\ttext\na\tb\0c\tc\n", "x.tsv:2:1: expected text, found a NUL byte", 23}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lac_corpus *corpus;
        lac_error err;
        size_t bytes = cases[i].bytes ? cases[i].bytes : strlen(cases[i].text);
        assert_int_equal(lac_corpus_of_tsv_text("x.tsv", cases[i].text, bytes, &corpus, &err), LAC_FAILURE);
        assert_null(corpus);
        if (!strstr(err.text, cases[i].says)) fail_msg("'%s' is not '%s'", err.text, cases[i].says);
    }
}

/* Any damage is an error that names the file, or a corpus that clusters. */
static void test_damaged_files_are_refused_or_read(void **state) {
    (void)state;
    static const char tsv[] =
        "id\ttitle\ttext\tshort\na\tmask image\tof \xc3\xa9t\xc3\xa9\tA\nb\tvideo\tmask\t\nc\taudio x\tmask\tC\n";
    size_t n_read = 0;
    for (uint64_t k = 0; k < 4000; k++) {
        uint8_t data[512];
        size_t bytes = sizeof tsv - 1;
        memcpy(data, tsv, bytes);
        mutate(data, &bytes, sizeof data, k);
        lac_corpus *corpus;
        lac_dendrogram *d;
        lac_dendrogram_options options = {.tfidf = lac_tfidf_plain(), .cut = 2};
        lac_error err;
        if (lac_corpus_of_tsv_text("x.tsv", (const char *)data, bytes, &corpus, &err) != LAC_OK) {
            assert_non_null(strstr(err.text, "x.tsv:"));
            assert_null(corpus);
            continue;
        }
        n_read++;
        if (lac_dendrogram_make(corpus, &options, NULL, &d, &err) == LAC_OK) {
            lac_text text = {0};
            assert_int_equal(lac_dendrogram_svg(d, &options, &text, &err), LAC_OK);
            lac_text_free(&text);
            lac_dendrogram_free(d);
        } else {
            assert_non_null(strstr(err.text, "no term is left"));
        }
        lac_corpus_free(corpus);
    }
    assert_true(n_read > 500 && n_read < 4000);
}

static void test_windows_files_are_read(void **state) {
    (void)state;
    static const char tsv[] = "\xef\xbb\xbfid\ttitle\ttext\tother\r\na\tb\tc\t\r\nd\te\tf\tg";
    lac_corpus *corpus;
    lac_error err;
    assert_int_equal(lac_corpus_of_tsv_text("x.tsv", tsv, sizeof tsv - 1, &corpus, &err), LAC_OK);
    assert_int_equal(corpus->n, 2);
    assert_string_equal(corpus->documents[0].text, "c");
    assert_string_equal(corpus->documents[1].title, "e");
    assert_false(corpus->has_facets);
    lac_corpus_free(corpus);
}

static void test_bibtex_entries_are_documents(void **state) {
    (void)state;
    static const char bib[] = "@article{one, title = {Masked {I}mages}, abstract = {Patches are hidden.}}\n"
                              "@misc{two, title = {Video}}\n";
    const char *path = scratch("my.bib");
    lac_corpus *corpus;
    lac_error err;
    assert_int_equal(lac_file_write(path, bib, sizeof bib - 1, &err), LAC_OK);
    if (lac_corpus_of_bibtex(path, &corpus, &err) != LAC_OK) fail_msg("%s", err.text);
    assert_int_equal(corpus->n, 2);
    assert_string_equal(corpus->documents[0].id, "one");
    assert_string_equal(corpus->documents[0].title, "Masked Images");
    assert_string_equal(corpus->documents[0].text, "Patches are hidden.");
    assert_string_equal(corpus->documents[1].text, "");
    lac_corpus_free(corpus);
    assert_int_equal(lac_file_write(path, "nothing", 7, &err), LAC_OK);
    assert_int_equal(lac_corpus_of_bibtex(path, &corpus, &err), LAC_FAILURE);
    assert_null(corpus);
}

static void test_one_document_is_a_tree(void **state) {
    (void)state;
    static const char tsv[] = "id\ttitle\ttext\na\tmask\timage\n";
    lac_corpus *corpus;
    lac_error err;
    assert_int_equal(lac_corpus_of_tsv_text("x.tsv", tsv, sizeof tsv - 1, &corpus, &err), LAC_OK);
    lac_dendrogram_options options = {.tfidf = lac_tfidf_plain(), .cut = 16};
    lac_dendrogram *d = make(corpus, options);
    assert_int_equal(d->n_clusters, 1);
    lac_text text = {0};
    assert_int_equal(lac_dendrogram_svg(d, &options, &text, &err), LAC_OK);
    assert_int_equal(lac_dendrogram_newick(d, &text, &err), LAC_OK);
    assert_int_equal(lac_dendrogram_json(d, &options, &text, &err), LAC_OK);
    assert_non_null(strstr(text.data, "\"cophenetic\": null"));
    lac_text_free(&text);
    lac_dendrogram_free(d);
    options.cut = -1;
    assert_int_equal(lac_dendrogram_make(corpus, &options, NULL, &d, &err), LAC_USAGE);
    options.cut = 0;
    options.height = NAN;
    assert_int_equal(lac_dendrogram_make(corpus, &options, NULL, &d, &err), LAC_USAGE);
    lac_corpus_free(corpus);
}

static void test_every_allocation_may_fail(void **state) {
    (void)state;
    static const char tsv[] =
        "id\ttitle\ttext\tfamily\na\tmask image\timage\tx\nb\tvideo\tmask\ty\nc\taudio\tmask\tx\n";
    static const lac_named_cluster named[] = {{"video", "Video", "input"}, {"other", "Other", "input"}};
    int n_failed = 0;
    for (uint64_t k = 1;; k++) {
        lac_corpus *corpus = NULL;
        lac_dendrogram *d = NULL;
        lac_answer *clusters = NULL, *matches = NULL;
        lac_dendrogram_options options = {.tfidf = lac_tfidf_plain(), .cut = 2};
        lac_text text = {0};
        lac_error err;
        lac_memory_fail_at(k);
        lac_status status = lac_corpus_of_tsv_text("x.tsv", tsv, sizeof tsv - 1, &corpus, &err);
        if (status == LAC_OK) {
            corpus->named = named;
            corpus->n_named = 2;
            status = lac_dendrogram_make(corpus, &options, NULL, &d, &err);
        }
        if (status == LAC_OK) status = lac_dendrogram_json(d, &options, &text, &err);
        if (status == LAC_OK) status = lac_dendrogram_svg(d, &options, &text, &err);
        if (status == LAC_OK) status = lac_dendrogram_newick(d, &text, &err);
        if (status == LAC_OK) status = lac_dendrogram_clusters(d, &clusters, &err);
        if (status == LAC_OK) status = lac_dendrogram_matches(d, &matches, &err);
        lac_memory_fail_at(0);
        if (status == LAC_OK) {
            assert_string_equal(lac_answer_text(matches, 1, "papers whose"), "no facet says it");
            assert_string_equal(lac_answer_text(matches, 0, "papers"), "0");
        }
        lac_text_free(&text);
        lac_answer_free(clusters);
        lac_answer_free(matches);
        lac_dendrogram_free(d);
        lac_corpus_free(corpus);
        if (status == LAC_OK) break;
        if (!strstr(err.text, "out of memory")) fail_msg("allocation %d: %s", (int)k, err.text);
        n_failed++;
    }
    assert_true(n_failed > 30);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_database_and_the_table_are_one_corpus),
        cmocka_unit_test(test_the_surveys_clusters_are_found),
        cmocka_unit_test(test_matches_are_what_counting_gives),
        cmocka_unit_test(test_clusters_are_their_nodes),
        cmocka_unit_test(test_heaviest_terms_are_means_inside_minus_outside),
        cmocka_unit_test(test_json_says_all_and_reads_back),
        cmocka_unit_test(test_hostile_documents_stay_text),
        cmocka_unit_test(test_bad_rows_are_named_by_line_and_column),
        cmocka_unit_test(test_damaged_files_are_refused_or_read),
        cmocka_unit_test(test_windows_files_are_read),
        cmocka_unit_test(test_bibtex_entries_are_documents),
        cmocka_unit_test(test_one_document_is_a_tree),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
