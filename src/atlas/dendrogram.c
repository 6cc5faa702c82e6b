/* atlas/dendrogram.c - from a corpus to its tree, the cut, and agreement with labels that the documents have. What
 * clusters are about: dendrogram_clusters.c; files: dendrogram_write.c. */
#include "atlas/dendrogram.h"

#include <math.h>
#include <string.h>

#include "atlas/dendrogram_private.h"
#include "atlas/schema.h"
#include "atlas/term_table.h"
#include "base/memory.h"
#include "cluster/agreement.h"
#include "cluster/ward.h"

lac_dendrogram_options lac_dendrogram_standard(void) {
    return (lac_dendrogram_options){.tfidf = {.min_n = 1,
                                              .max_n = 2,
                                              .shortest = 2,
                                              .sublinear = true,
                                              .min_df = 2,
                                              .stop_words = lac_english_stop_words,
                                              .n_stop_words = lac_n_english_stop_words},
                                    .cut = 16};
}

void lac_dendrogram_describe(const lac_dendrogram_options *options, lac_text *out) {
    const lac_tfidf_options *t = &options->tfidf;
    if (t->max_n == 1)
        lac_text_add(out, "single words");
    else
        lac_text_add(out, t->min_n == t->max_n ? "%d-grams" : "%d-%d-grams", t->min_n, t->max_n);
    if (t->shortest && t->shortest != 2) lac_text_add(out, ", words of %d characters or more", t->shortest);
    lac_text_add(out, t->sublinear ? ", sublinear counts" : ", plain counts");
    if (t->min_df > 1) lac_text_add(out, ", terms of %lld documents or more", (long long)t->min_df);
    if (t->stop_words)
        lac_text_add(out, ", %zu stop words", t->n_stop_words);
    else
        lac_text_add(out, ", no stop words");
    if (options->cut > 0)
        lac_text_add(out, ", cut into %lld", (long long)options->cut);
    else
        lac_text_add(out, ", cut at height %g", options->height);
}

void lac_dendrogram_free(lac_dendrogram *d) {
    if (!d) return;
    lac_tfidf_free(d->tfidf);
    lac_arena_free(d->owner);
    lac_free(d);
}

static lac_status vectorise(lac_dendrogram *d, const lac_dendrogram_options *options, lac_error *err) {
    char **texts;
    LAC_TRY(lac_corpus_texts(d->corpus, &texts, err));
    lac_status status = lac_tfidf_fit((const char *const *)texts, d->n, &options->tfidf, &d->tfidf, err);
    lac_corpus_texts_free(texts, d->n);
    if (status == LAC_OK) d->n_terms = d->tfidf->n_terms;
    return status;
}

static lac_status grow_tree(lac_dendrogram *d, lac_pool *pool, lac_error *err) {
    double *distances = lac_alloc(d->n * (d->n - 1) / 2 * sizeof *distances);
    if (!distances) return lac_no_memory(err, "distances of documents");
    lac_status status = lac_tfidf_distances(d->tfidf, pool, distances, err);
    if (status == LAC_OK) status = lac_ward(distances, d->n, d->merges, err);
    if (status == LAC_OK)
        status = lac_tree_cophenetic_correlation(d->merges, d->n, distances, pool, &d->cophenetic, err);
    lac_free(distances);
    return status;
}

static lac_status cut_tree(lac_dendrogram *d, const lac_dendrogram_options *options, lac_error *err) {
    if (options->cut > 0) {
        LAC_TRY(lac_tree_cut_count(d->merges, d->n, options->cut, d->labels, &d->n_clusters, err));
        size_t n_joined = d->n - (size_t)d->n_clusters;
        double below = n_joined > 0 ? d->merges[n_joined - 1].height : 0;
        d->cut_height = d->n_clusters > 1 ? (below + d->merges[n_joined].height) / 2 : NAN;
        return LAC_OK;
    }
    d->cut_height = options->height;
    return lac_tree_cut_height(d->merges, d->n, options->height, d->labels, &d->n_clusters, err);
}

/* The cut against a facet taken as one label; documents without it are left out. */
static lac_status agree(const lac_dendrogram *d, lac_facet facet, lac_agreement *agreement, lac_error *err) {
    lac_term_table labels = {0};
    int32_t *cut = lac_array(d->n, sizeof *cut), *theirs = lac_array(d->n, sizeof *theirs);
    bool has_memory = cut && theirs;
    size_t n = 0;
    for (size_t i = 0; i < d->n && has_memory; i++) {
        const char *label = d->corpus->documents[i].facets[facet];
        if (!label || strncmp(label, LAC_BODY_ONLY, strlen(LAC_BODY_ONLY)) == 0) continue;
        uint32_t number;
        has_memory = lac_term_add(&labels, label, strlen(label), &number);
        cut[n] = d->labels[i];
        theirs[n++] = (int32_t)number;
    }
    lac_status status = has_memory ? LAC_OK : lac_no_memory(err, "the agreement of two partitions");
    lac_partition_agreement found = {0};
    if (status == LAC_OK && n > 0) status = lac_partitions_compare(cut, theirs, n, &found, err);
    *agreement = (lac_agreement){.n = (int64_t)n, .ari = found.ari, .nmi = found.nmi};
    lac_term_table_free(&labels);
    lac_free(cut);
    lac_free(theirs);
    return status;
}

static lac_status make(lac_dendrogram *d, const lac_dendrogram_options *options, lac_pool *pool, lac_error *err) {
    size_t n = d->n;
    d->owner = lac_arena_new();
    if (!d->owner) return lac_no_memory(err, "a dendrogram");
    d->merges = lac_arena_alloc(d->owner, n * sizeof *d->merges);
    d->leaves = lac_arena_alloc(d->owner, n * sizeof *d->leaves);
    d->labels = lac_arena_alloc(d->owner, n * sizeof *d->labels);
    if (!d->merges || !d->leaves || !d->labels) return lac_no_memory(err, "a dendrogram");
    LAC_TRY(vectorise(d, options, err));
    LAC_TRY(grow_tree(d, pool, err));
    LAC_TRY(lac_tree_leaves(d->merges, n, d->leaves, NULL, err));
    LAC_TRY(cut_tree(d, options, err));
    LAC_TRY(lac_dendrogram_find_clusters(d, err));
    LAC_TRY(lac_dendrogram_match(d, err));
    LAC_TRY(agree(d, LAC_FACET_CATEGORY, &d->category, err));
    return agree(d, LAC_FACET_FAMILY, &d->family, err);
}

lac_status lac_dendrogram_make(const lac_corpus *corpus, const lac_dendrogram_options *options, lac_pool *pool,
                               lac_dendrogram **dendrogram, lac_error *err) {
    *dendrogram = NULL;
    if (corpus->n < 1) return lac_usage(err, "a dendrogram needs at least one document");
    if (corpus->n > LAC_MOST_DOCUMENTS)
        return lac_usage(err, "%s: expected at most %d documents (their distances fill the memory), found %zu",
                         corpus->origin, (int)LAC_MOST_DOCUMENTS, corpus->n);
    if (options->cut < 0) return lac_usage(err, "a cut: expected at least 1 cluster");
    if (options->cut == 0 && !(options->height >= 0)) return lac_usage(err, "a cut: expected a height of at least 0");
    lac_dendrogram *d = lac_zalloc(sizeof *d);
    if (!d) return lac_no_memory(err, "a dendrogram");
    d->n = corpus->n;
    d->corpus = corpus;
    lac_status status = make(d, options, pool, err);
    if (status == LAC_OK)
        *dendrogram = d;
    else
        lac_dendrogram_free(d);
    return status;
}
