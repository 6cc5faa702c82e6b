/* TF-IDF vectors and Ward's trees of texts against scikit-learn and scipy: random corpora with equal documents and
 * ties, and the shipped papers. Distances by products against those by differences; neighbours; memory that runs out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "atlas/corpus.h"
#include "atlas/dendrogram.h"
#include "atlas/tfidf.h"
#include "scratch.h"
#include "tree_reference.h"

typedef struct known_corpus {
    const char *name;
    char **texts;
    size_t n, n_texts;
    lac_tfidf *tfidf;
    size_t n_terms; /* term lines seen */
    double *distances;
    known_tree tree;
} known_corpus;

static lac_tfidf_options read_options(const reference *r) {
    lac_tfidf_options o = {.min_n = (int)reference_int(r, 0),
                           .max_n = (int)reference_int(r, 1),
                           .sublinear = reference_int(r, 2) != 0,
                           .min_df = reference_int(r, 3),
                           .shortest = (int)reference_int(r, 5)};
    if (strcmp(r->fields[4], "english") == 0) {
        o.stop_words = lac_english_stop_words;
        o.n_stop_words = lac_n_english_stop_words;
    }
    return o;
}

static void make_vectors(const reference *r, known_corpus *c) {
    lac_error err;
    lac_tfidf_options options = read_options(r);
    assert_int_equal(c->n_texts, c->n);
    if (lac_tfidf_fit((const char *const *)c->texts, c->n, &options, &c->tfidf, &err) != LAC_OK)
        fail_msg("%s: %s", c->name, err.text);
    c->distances = lac_array(c->n * c->n, sizeof *c->distances);
    assert_int_equal(lac_tfidf_distances(c->tfidf, NULL, c->distances, &err), LAC_OK);
    c->tree = (known_tree){.name = c->name, .n = c->n, .distances = c->distances};
    c->tree.merges = lac_array(c->n, sizeof *c->tree.merges);
    assert_int_equal(lac_ward(c->distances, c->n, c->tree.merges, &err), LAC_OK);
}

static uint64_t fnv(char *const *texts, size_t n) {
    uint64_t h = 0xCBF29CE484222325u;
    for (size_t i = 0; i < n; i++) {
        if (i) h = (h ^ '\n') * 0x100000001B3u;
        for (const char *at = texts[i]; *at; at++)
            h = (h ^ (uint8_t)*at) * 0x100000001B3u;
    }
    return h;
}

static void check_near(const reference *r, const char *what, double found, double expected, double tolerance) {
    if (!(fabs(found - expected) <= tolerance))
        fail_msg("%s:%d: %s is %.17g, scikit-learn has %.17g", r->name, r->line, what, found, expected);
}

/* One line of vectors; false if it is another. */
static bool check_vector_line(const reference *r, known_corpus *c) {
    const lac_tfidf *t = c->tfidf;
    if (reference_is(r, "terms")) {
        assert_int_equal(t->n_terms, reference_int(r, 0));
        assert_int_equal(fnv(t->terms, t->n_terms), strtoull(r->fields[1], NULL, 16));
        double sum = 0;
        for (size_t i = 0; i < t->n_terms; i++)
            sum += t->idf[i];
        check_near(r, "the sum of idf", sum, reference_real(r, 2), 1e-12 * (double)t->n_terms);
    } else if (reference_is(r, "term")) {
        assert_string_equal(t->terms[c->n_terms], r->fields[0]);
        check_near(r, "idf", t->idf[c->n_terms++], reference_real(r, 1), 1e-12);
    } else if (reference_is(r, "sum")) {
        lac_sparse_row row = lac_tfidf_row(t, (size_t)reference_int(r, 0));
        assert_int_equal(row.n, reference_int(r, 1));
        double sum = 0;
        for (size_t k = 0; k < row.n; k++)
            sum += row.value[k] * (1 + (double)(uint32_t)(row.term[k] * 2654435761u) / 4294967296.0);
        check_near(r, "a weighted sum of a row", sum, reference_real(r, 2), 1e-12);
    } else if (reference_is(r, "row")) {
        lac_sparse_row row = lac_tfidf_row(t, (size_t)reference_int(r, 0));
        assert_int_equal(2 * row.n + 1, r->n);
        for (size_t k = 0; k < row.n; k++) {
            assert_int_equal(row.term[k], reference_int(r, 1 + 2 * k));
            check_near(r, "a weight", row.value[k], reference_real(r, 2 + 2 * k), 1e-12);
        }
    } else {
        return false;
    }
    return true;
}

static void end_corpus(known_corpus *c) {
    lac_tfidf_free(c->tfidf);
    lac_free(c->distances);
    lac_free(c->tree.merges);
}

static void test_random_corpora_with_ties_are_scikit_learns_and_scipys(void **state) {
    (void)state;
    reference r;
    reference_open(&r, "cluster/corpora.txt");
    known_corpus c = {0};
    size_t n_corpora = 0;
    while (reference_next(&r)) {
        if (reference_is(&r, "corpus")) {
            c = (known_corpus){.name = r.fields[0], .n = (size_t)reference_int(&r, 1)};
            c.texts = lac_array(c.n, sizeof *c.texts);
        } else if (reference_is(&r, "text")) {
            c.texts[c.n_texts++] = r.fields[0];
        } else if (reference_is(&r, "options")) {
            make_vectors(&r, &c);
        } else if (reference_is(&r, "end")) {
            assert_int_equal(c.tree.n_merges, c.n - 1);
            assert_int_equal(c.n_terms, c.tfidf->n_terms);
            end_corpus(&c);
            lac_free(c.texts);
            n_corpora++;
        } else if (!check_vector_line(&r, &c) && !check_tree_line(&r, &c.tree)) {
            fail_msg("line %d: what is '%s'?", r.line, r.kind);
        }
    }
    assert_true(n_corpora > 20);
    reference_close(&r);
}

static void check_agreement(const reference *r, const lac_corpus *corpus, const lac_dendrogram_options *options) {
    lac_dendrogram *d;
    lac_error err;
    assert_int_equal(lac_dendrogram_make(corpus, options, NULL, &d, &err), LAC_OK);
    const lac_agreement *a = strcmp(r->fields[0], "family") == 0 ? &d->family : &d->category;
    assert_int_equal(a->n, reference_int(r, 1));
    check_near(r, "ARI", a->ari, reference_real(r, 2), 1e-12);
    check_near(r, "NMI", a->nmi, reference_real(r, 3), 1e-12);
    lac_dendrogram_free(d);
}

static void test_the_shipped_papers_are_scikit_learns_and_scipys(void **state) {
    (void)state;
    reference r;
    reference_open(&r, "cluster/shipped.txt");
    lac_corpus *corpus;
    lac_error err;
    if (lac_corpus_of_tsv(LACUNA_TESTS "/../atlas/papers.tsv", &corpus, &err) != LAC_OK) fail_msg("%s", err.text);
    assert_true(corpus->has_facets);
    known_corpus c = {.n = corpus->n, .n_texts = corpus->n};
    assert_int_equal(lac_corpus_texts(corpus, &c.texts, &err), LAC_OK);
    lac_dendrogram_options options = {.cut = 16};
    size_t n_corpora = 0;
    while (reference_next(&r)) {
        if (reference_is(&r, "papers")) {
            if (fnv(c.texts, c.n) != strtoull(r.fields[1], NULL, 16))
                fail_msg("atlas/papers.tsv has changed since tests/reference/cluster.py ran: run it again");
        } else if (reference_is(&r, "corpus")) {
            c.name = r.fields[0];
            c.n_terms = 0;
        } else if (reference_is(&r, "options")) {
            options.tfidf = read_options(&r);
            make_vectors(&r, &c);
        } else if (reference_is(&r, "agreement")) {
            check_agreement(&r, corpus, &options);
        } else if (reference_is(&r, "end")) {
            assert_int_equal(c.tree.n_merges, c.n - 1);
            end_corpus(&c);
            n_corpora++;
        } else if (!check_vector_line(&r, &c) && !check_tree_line(&r, &c.tree)) {
            fail_msg("line %d: what is '%s'?", r.line, r.kind);
        }
    }
    assert_int_equal(n_corpora, 3);
    lac_corpus_texts_free(c.texts, c.n);
    lac_corpus_free(corpus);
    reference_close(&r);
}

/* Enough documents for distances to go by products: N * N * WORDS > 5e8. */
static void test_products_and_differences_give_the_same_distances(void **state) {
    (void)state;
    enum { N = 4200, WORDS = 40, VOCABULARY = 400 };
    char **texts = lac_array(N, sizeof *texts);
    uint32_t h = 1;
    for (size_t i = 0; i < N; i++) {
        lac_text text = {0};
        for (size_t k = 0; k < WORDS; k++) {
            h = h * 1664525u + 1013904223u;
            uint32_t at = (h >> 8) % VOCABULARY;
            lac_text_add(&text, "w%03u ", at * at / VOCABULARY);
        }
        texts[i] = text.data;
    }
    for (size_t i = 0; i < 40; i++) { /* equal, and nearly so */
        lac_free(texts[N - 1 - i]);
        texts[N - 1 - i] = lac_format("%s%s", texts[i], i % 2 ? "" : texts[i]);
    }
    lac_free(texts[1000]);
    texts[1000] = lac_copy_text("");
    lac_free(texts[2000]);
    texts[2000] = lac_copy_text("");
    lac_tfidf_options options = {.min_n = 1, .max_n = 1, .min_df = 1, .sublinear = true};
    lac_tfidf *t;
    lac_error err;
    assert_int_equal(lac_tfidf_fit((const char *const *)texts, N, &options, &t, &err), LAC_OK);
    assert_true((double)t->start[N] * N > 5e8);
    size_t n_pairs = (size_t)N * (N - 1) / 2;
    double *d = lac_array(n_pairs, sizeof *d), *again = lac_array(n_pairs, sizeof *again), worst = 0;
    assert_int_equal(lac_tfidf_distances(t, NULL, d, &err), LAC_OK);
    lac_pool *pool;
    assert_int_equal(lac_pool_new(3, &pool, &err), LAC_OK);
    assert_int_equal(lac_tfidf_distances(t, pool, again, &err), LAC_OK);
    assert_memory_equal(d, again, n_pairs * sizeof *d);
    size_t n_zero = 0;
    for (size_t i = 0; i < N; i += 7)
        for (size_t j = i + 1; j < N; j++) {
            double expected = sqrt(lac_sparse_squared_distance(lac_tfidf_row(t, i), lac_tfidf_row(t, j)));
            double off = fabs(d[lac_condensed_index(N, i, j)] - expected);
            if (off > worst) worst = off;
            if (expected == 0) {
                n_zero++;
                assert_true(d[lac_condensed_index(N, i, j)] == 0);
            }
        }
    if (!(worst <= 1e-13)) fail_msg("distances differ by %g", worst);
    assert_true(n_zero > 0);
    assert_true(d[lac_condensed_index(N, 1000, 2000)] == 0); /* both without words */
    assert_true(d[lac_condensed_index(N, 0, 1000)] == 1);
    lac_pool_free(pool);
    lac_tfidf_free(t);
    lac_corpus_texts_free(texts, N);
    lac_free(d);
    lac_free(again);
}

static void test_neighbours_come_nearest_first(void **state) {
    (void)state;
    static const char *const texts[] = {"mask image", "video point", "mask image video", "mask mask image", "audio"};
    lac_tfidf_options options = lac_tfidf_plain();
    lac_tfidf *t;
    lac_error err;
    assert_int_equal(lac_tfidf_fit(texts, 5, &options, &t, &err), LAC_OK);
    lac_near near[5];
    assert_int_equal(lac_tfidf_nearest(t, lac_tfidf_row(t, 0), 0, near, 2), 2);
    assert_int_equal(near[0].row, 3);
    assert_int_equal(near[1].row, 2);
    assert_true(near[0].cosine >= near[1].cosine && near[0].cosine < 1);
    assert_int_equal(lac_tfidf_nearest(t, lac_tfidf_row(t, 0), SIZE_MAX, near, 5), 5);
    assert_int_equal(near[0].row, 0);
    assert_int_equal(near[3].row, 1); /* a tie at 0: by row */
    assert_int_equal(near[4].row, 4);
    assert_int_equal(lac_tfidf_nearest(t, lac_tfidf_row(t, 0), 0, near, 0), 0);
    uint32_t *term;
    double *value;
    size_t n;
    assert_int_equal(lac_tfidf_transform(t, "Mask, mask; IMAGE and what nobody knows", &term, &value, &n, &err),
                     LAC_OK);
    lac_sparse_row row = lac_tfidf_row(t, 3);
    assert_int_equal(n, row.n);
    assert_memory_equal(term, row.term, n * sizeof *term);
    for (size_t i = 0; i < n; i++)
        assert_true(fabs(value[i] - row.value[i]) < 1e-15);
    lac_free(term);
    lac_free(value);
    assert_int_equal(lac_tfidf_transform(t, "", &term, &value, &n, &err), LAC_OK);
    assert_int_equal(n, 0);
    lac_free(term);
    lac_free(value);
    lac_tfidf_free(t);
}

static void test_bad_options_are_named(void **state) {
    (void)state;
    static const char *const texts[] = {"mask image", "video point"};
    static const struct {
        lac_tfidf_options options;
        const char *says;
    } cases[] = {{{.min_n = 0, .max_n = 1, .min_df = 1}, "n-grams"},
                 {{.min_n = 2, .max_n = 1, .min_df = 1}, "n-grams"},
                 {{.min_n = 1, .max_n = 17, .min_df = 1}, "n-grams"},
                 {{.min_n = 1, .max_n = 1, .min_df = 0}, "frequency"},
                 {{.min_n = 1, .max_n = 1, .min_df = 1, .shortest = -1}, "shortest"},
                 {{.min_n = 1, .max_n = 1, .min_df = 1, .shortest = 9}, "no term is left"},
                 {{.min_n = 1, .max_n = 1, .min_df = 2}, "no term is left"},
                 {{.min_n = 3, .max_n = 3, .min_df = 1}, "no term is left"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lac_tfidf *t;
        lac_error err;
        assert_int_equal(lac_tfidf_fit(texts, 2, &cases[i].options, &t, &err), LAC_USAGE);
        assert_null(t);
        if (!strstr(err.text, cases[i].says)) fail_msg("'%s' lacks '%s'", err.text, cases[i].says);
    }
}

static void test_stop_words_of_a_file(void **state) {
    (void)state;
    char **words;
    size_t n;
    lac_error err;
    const char *path = scratch("stop.txt");
    static const char text[] = "# mine\nThe\n  OF \r\n\n\xc3\x89T\xc3\x89 # summer\n";
    assert_int_equal(lac_file_write(path, text, sizeof text - 1, &err), LAC_OK);
    assert_int_equal(lac_stop_words_read(path, &words, &n, &err), LAC_OK);
    assert_int_equal(n, 3);
    assert_string_equal(words[0], "the");
    assert_string_equal(words[1], "of");
    assert_string_equal(words[2], "\xc3\xa9t\xc3\xa9");
    lac_stop_words_free(words, n);
    assert_int_equal(lac_file_write(path, "a\nb\0c\n", 6, &err), LAC_OK);
    assert_int_equal(lac_stop_words_read(path, &words, &n, &err), LAC_FAILURE);
    assert_non_null(strstr(err.text, ":2:"));
    assert_int_equal(lac_stop_words_read(scratch("absent"), &words, &n, &err), LAC_FAILURE);
}

static void test_every_allocation_may_fail(void **state) {
    (void)state;
    static const char *const texts[] = {"mask image of a video", "video point cloud", "mask image", "", "the mask"};
    lac_tfidf_options options = {.min_n = 1, .max_n = 2, .min_df = 1};
    options.stop_words = lac_english_stop_words;
    options.n_stop_words = lac_n_english_stop_words;
    int n_failed = 0;
    for (uint64_t k = 1;; k++) {
        lac_error err;
        lac_tfidf *t = NULL;
        uint32_t *term = NULL;
        double *value = NULL, d[10];
        size_t n;
        lac_memory_fail_at(k);
        lac_status status = lac_tfidf_fit(texts, 5, &options, &t, &err);
        if (status == LAC_OK) status = lac_tfidf_distances(t, NULL, d, &err);
        if (status == LAC_OK) status = lac_tfidf_transform(t, "mask video", &term, &value, &n, &err);
        lac_memory_fail_at(0);
        lac_tfidf_free(t);
        lac_free(term);
        lac_free(value);
        if (status == LAC_OK) break;
        assert_non_null(strstr(err.text, "out of memory"));
        n_failed++;
    }
    assert_true(n_failed > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_corpora_with_ties_are_scikit_learns_and_scipys),
        cmocka_unit_test(test_the_shipped_papers_are_scikit_learns_and_scipys),
        cmocka_unit_test(test_products_and_differences_give_the_same_distances),
        cmocka_unit_test(test_neighbours_come_nearest_first),
        cmocka_unit_test(test_bad_options_are_named),
        cmocka_unit_test(test_stop_words_of_a_file),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
