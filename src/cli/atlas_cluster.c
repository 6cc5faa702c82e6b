/* cli/atlas_cluster.c - `lacuna atlas cluster`: the dendrogram of the atlas' papers or of a reader's own documents. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "atlas/atlas.h"
#include "atlas/clean.h"
#include "atlas/dendrogram.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/atlas.h"
#include "cli/fit.h"

typedef lac_status (*put_file)(const lac_dendrogram *d, const lac_dendrogram_options *options, lac_text *out,
                               lac_error *err);

static lac_status put_newick(const lac_dendrogram *d, const lac_dendrogram_options *options, lac_text *out,
                             lac_error *err) {
    (void)options;
    return lac_dendrogram_newick(d, out, err);
}

/* How a file of that name is written; NULL for no name. */
static lac_status find_form(const char *path, put_file *form, lac_error *err) {
    static const struct {
        const char *ending;
        put_file form;
    } forms[] = {{".svg", lac_dendrogram_svg}, {".nwk", put_newick}, {".json", lac_dendrogram_json}};
    *form = NULL;
    if (!path) return LAC_OK;
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        size_t n = strlen(forms[i].ending);
        if (length > n && strcmp(path + length - n, forms[i].ending) == 0) *form = forms[i].form;
    }
    return *form ? LAC_OK : lac_usage(err, "--out: expected FILE.svg, FILE.nwk or FILE.json, found '%s'", path);
}

typedef struct request {
    lac_dendrogram_options options;
    char **stop_words; /* of a file */
    size_t n_stop_words;
} request;

static lac_status take_ngrams(const lac_args *args, lac_tfidf_options *o, lac_error *err) {
    const char *text = lac_args_text(args, "ngrams");
    if (!text) return LAC_OK;
    int n = 0, length = 0;
    if (sscanf(text, "%2d%n", &o->min_n, &length) == 1 && text[length] == 0) {
        o->max_n = o->min_n;
        n = length;
    } else if (sscanf(text, "%2d-%2d%n", &o->min_n, &o->max_n, &length) == 2) {
        n = length;
    }
    if (n > 0 && text[n] == 0) return LAC_OK;
    return lac_usage(err, "--ngrams: expected MIN-MAX, such as 1-2, found '%s'", text);
}

static lac_status take_stop_words(const lac_args *args, request *r, lac_error *err) {
    const char *text = lac_args_text(args, "stop-words");
    lac_tfidf_options *o = &r->options.tfidf;
    if (!text) return LAC_OK;
    o->stop_words = NULL;
    o->n_stop_words = 0;
    if (strcmp(text, "none") == 0) return LAC_OK;
    if (strcmp(text, "english") == 0) {
        o->stop_words = lac_english_stop_words;
        o->n_stop_words = lac_n_english_stop_words;
        return LAC_OK;
    }
    LAC_TRY(lac_stop_words_read(text, &r->stop_words, &r->n_stop_words, err));
    o->stop_words = (const char *const *)r->stop_words;
    o->n_stop_words = r->n_stop_words;
    return LAC_OK;
}

/* None of the options of words given: the atlas' own. Any: scikit-learn's defaults with these. */
static lac_status take_options(const lac_args *args, request *r, lac_error *err) {
    static const char *const of_words[] = {"stop-words", "ngrams", "sublinear", "min-df", "shortest-word"};
    r->options = lac_dendrogram_standard();
    for (size_t i = 0; i < sizeof of_words / sizeof *of_words; i++)
        if (lac_args_has(args, of_words[i])) r->options.tfidf = lac_tfidf_plain();
    if (lac_args_has(args, "sublinear")) r->options.tfidf.sublinear = true;
    LAC_TRY(lac_args_int(args, "min-df", r->options.tfidf.min_df, 1, &r->options.tfidf.min_df, err));
    LAC_TRY(take_ngrams(args, &r->options.tfidf, err));
    int64_t shortest;
    LAC_TRY(lac_args_int(args, "shortest-word", r->options.tfidf.shortest, 1, &shortest, err));
    r->options.tfidf.shortest = shortest < INT_MAX ? (int)shortest : INT_MAX; /* refused there if it is too much */
    if (lac_args_has(args, "cut") && lac_args_has(args, "height"))
        return lac_usage(err, "--cut and --height: expected one of them, found both");
    LAC_TRY(lac_args_int(args, "cut", r->options.cut, 1, &r->options.cut, err));
    if (lac_args_has(args, "height")) {
        r->options.cut = 0;
        LAC_TRY(lac_args_real(args, "height", 0, 0, &r->options.height, err));
    }
    return take_stop_words(args, r, err);
}

static lac_status open_corpus(const lac_args *args, lac_corpus **corpus, lac_error *err) {
    const char *tsv = lac_args_text(args, "tsv"), *bib = lac_args_text(args, "bib");
    if (tsv && bib) return lac_usage(err, "--tsv and --bib: expected one of them, found both");
    if (tsv) return lac_corpus_of_tsv(tsv, corpus, err);
    if (bib) return lac_corpus_of_bibtex(bib, corpus, err);
    sqlite3 *db;
    LAC_TRY(lac_atlas_open(&db, err));
    lac_status status = lac_corpus_of_atlas(db, corpus, err);
    sqlite3_close(db);
    return status;
}

static lac_status write_file(const lac_args *args, const lac_dendrogram *d, const lac_dendrogram_options *options,
                             put_file form, lac_error *err) {
    const char *path = lac_args_text(args, "out");
    lac_text text = {0};
    lac_status status = form(d, options, &text, err);
    if (status == LAC_OK) status = lac_file_write(path, text.data, text.bytes, err);
    lac_text_free(&text);
    return status;
}

/* Freed. */
static void print_lines(lac_text *text) {
    lac_text shown = {0};
    if (!text->failed && text->data) lac_clean_put(&shown, text->data);
    if (shown.data) lac_fit_wrap(0, shown.data);
    lac_text_free(&shown);
    lac_text_free(text);
}

static lac_status print_tables(const lac_args *args, const lac_dendrogram *d, const lac_dendrogram_options *options,
                               lac_error *err) {
    lac_text head = {0};
    lac_text_add(&head, "%s: %zu documents, %zu terms (", d->corpus->origin, d->n, d->n_terms);
    lac_dendrogram_describe(options, &head);
    lac_text_add(&head, ")");
    print_lines(&head);
    puts("");
    lac_answer *clusters;
    LAC_TRY(lac_dendrogram_clusters(d, &clusters, err));
    lac_atlas_put_table(args, clusters);
    lac_answer_free(clusters);
    if (d->n_matches > 0) {
        puts("");
        lac_answer *matches;
        LAC_TRY(lac_dendrogram_matches(d, &matches, err));
        lac_atlas_put_table(args, matches);
        lac_answer_free(matches);
    }
    lac_text agreement = {0};
    lac_dendrogram_put_agreement(d, &agreement);
    if (agreement.data) printf("\n%s", agreement.data);
    lac_text_free(&agreement);
    return LAC_OK;
}

/* One row a document. */
static lac_status print_csv(const lac_dendrogram *d, lac_error *err) {
    lac_answer *documents;
    LAC_TRY(lac_dendrogram_documents(d, &documents, err));
    lac_text text = {0};
    lac_answer_csv(documents, &text);
    lac_answer_free(documents);
    return lac_atlas_put_text(&text, err);
}

static lac_status print_json(const lac_dendrogram *d, const lac_dendrogram_options *options, lac_error *err) {
    lac_text text = {0};
    LAC_TRY(lac_dendrogram_json(d, options, &text, err));
    return lac_atlas_put_text(&text, err);
}

static lac_status print(const lac_args *args, const lac_dendrogram *d, const lac_dendrogram_options *options,
                        lac_atlas_form how, lac_error *err) {
    if (how == LAC_ATLAS_JSON) return print_json(d, options, err);
    if (how == LAC_ATLAS_AS_CSV) return print_csv(d, err);
    return print_tables(args, d, options, err);
}

static lac_status cluster(const lac_args *args, request *r, lac_error *err) {
    put_file form;
    lac_atlas_form how = LAC_ATLAS_TABLE;
    LAC_TRY(lac_atlas_form_of(args, &how, err));
    LAC_TRY(find_form(lac_args_text(args, "out"), &form, err));
    LAC_TRY(take_options(args, r, err));
    lac_pool *pool;
    const lac_backend *backend;
    LAC_TRY(lac_args_machine(args, &pool, &backend, err));
    lac_corpus *corpus = NULL;
    lac_dendrogram *d = NULL;
    lac_status status = open_corpus(args, &corpus, err);
    if (status == LAC_OK) status = lac_dendrogram_make(corpus, &r->options, pool, &d, err);
    if (status == LAC_OK && form) status = write_file(args, d, &r->options, form, err);
    if (status == LAC_OK) status = print(args, d, &r->options, how, err);
    lac_dendrogram_free(d);
    lac_corpus_free(corpus);
    lac_pool_free(pool);
    return status;
}

static lac_status run(const lac_args *args, lac_error *err) {
    request r = {0};
    lac_status status = cluster(args, &r, err);
    lac_stop_words_free(r.stop_words, r.n_stop_words);
    return status;
}

static const lac_option options[] = {
    {"cut", "N", "cut the tree into N clusters; default 16"},
    {"height", "H", "cut it at height H instead"},
    {"stop-words", "none|english|FILE", "words that do not count; FILE: one a line, # begins a comment"},
    {"ngrams", "MIN-MAX", "terms of MIN to MAX words, such as 1-2"},
    {"sublinear", NULL, "1 + ln(count) for the count"},
    {"min-df", "N", "only terms of at least N documents"},
    {"shortest-word", "N", "words are runs of at least N letters, numbers and underscores; 2 where nothing is said"},
    {"tsv", "FILE", "your own documents: a tab-separated file with columns id, title, text"},
    {"bib", "FILE", "your own documents: title and abstract of BibTeX entries"},
    {"out", "FILE", "also write the tree: FILE.svg, FILE.nwk (Newick) or FILE.json"},
    LAC_ATLAS_CSV,
    {0},
};

const lac_command lac_atlas_command_cluster = {
    .name = "atlas cluster",
    .usage = "[--tsv FILE | --bib FILE] [--cut N | --height H] [--out FILE.svg|.nwk|.json]",
    .summary = "the dendrogram of the papers, or of your own documents",
    .details =
        "TF-IDF of title and summary, Ward's agglomerative clustering of the Euclidean distances, as in section 4 of "
        "the "
        "survey. Clusters are named by their heaviest terms (mean weight inside minus mean weight outside). Beside "
        "each cluster that the survey names: the papers that it should hold by their facets, the node of the tree and "
        "the cluster of the cut that match them best, with F1. "
        "Without options of words: --ngrams 1-2 --sublinear --min-df 2 --stop-words english. With any of them, the "
        "others are those of scikit-learn's TfidfVectorizer: single words, plain counts, every term, no stop words. "
        "The tree is the one that scipy's linkage(method=\"ward\") gives. --json prints everything, merges included "
        "(rows a, b, height, size); --csv prints the documents with their clusters, from top to bottom of the tree.",
    .examples =
        "lacuna atlas cluster\nlacuna atlas cluster --cut 40 --out tree.svg\n"
        "lacuna atlas cluster --stop-words none --json\nlacuna atlas cluster --bib my.bib --min-df 1 --out my.nwk",
    .options = options,
    .min_words = 0,
    .max_words = 0,
    .run = run,
};
