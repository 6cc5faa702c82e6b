/* atlas/dendrogram_clusters.c - what the clusters of a cut are about, and where in the tree the survey's clusters are.
 *
 * A cluster is named by the terms whose mean weight inside most exceeds the mean outside. A cluster of the survey is a
 * set of papers, by their facets (named_clusters.h); every node of the tree is one, too, and F1 says how alike they
 * are. */
#include <string.h>

#include "atlas/dendrogram_private.h"
#include "atlas/named_clusters.h"
#include "base/memory.h"

/* The node of each cluster: the highest whose items all have its label. */
static lac_status find_nodes(lac_dendrogram *d, lac_error *err) {
    size_t n = d->n;
    int32_t *cluster = lac_array(2 * n, sizeof *cluster); /* of each node; 0: several */
    if (!cluster) return lac_no_memory(err, "clusters");
    for (size_t i = 0; i < n; i++) {
        cluster[i] = d->labels[i];
        d->clusters[d->labels[i] - 1].size++;
    }
    for (size_t v = 0; v < 2 * n - 1; v++) { /* children come before their parents, so the last wins */
        if (v >= n) {
            const lac_merge *m = &d->merges[v - n];
            cluster[v] = cluster[m->a] == cluster[m->b] ? cluster[m->a] : 0;
        }
        if (cluster[v]) d->clusters[cluster[v] - 1].node = (int64_t)v;
    }
    lac_free(cluster);
    return LAC_OK;
}

/* sums[t] += weights of the documents of one cluster, or of all (cluster 0) */
static void sum_terms(const lac_dendrogram *d, int32_t cluster, double *sums) {
    memset(sums, 0, d->n_terms * sizeof *sums);
    for (size_t i = 0; i < d->n; i++) {
        if (cluster && d->labels[i] != cluster) continue;
        lac_sparse_row row = lac_tfidf_row(d->tfidf, i);
        for (size_t k = 0; k < row.n; k++)
            sums[row.term[k]] += row.value[k];
    }
}

static void name_cluster(const lac_dendrogram *d, const double *inside, const double *all, lac_text_cluster *c) {
    double n_in = (double)c->size, n_out = (double)d->n - n_in;
    for (size_t t = 0; t < d->n_terms; t++) {
        if (!(inside[t] > 0)) continue;
        double weight = inside[t] / n_in - (n_out > 0 ? (all[t] - inside[t]) / n_out : 0);
        int at = c->n_terms;
        while (at > 0 && c->weights[at - 1] < weight)
            at--;
        if (at == LAC_CLUSTER_TERMS || !(weight > 0)) continue;
        if (c->n_terms < LAC_CLUSTER_TERMS) c->n_terms++;
        for (int k = c->n_terms - 1; k > at; k--) {
            c->weights[k] = c->weights[k - 1];
            c->terms[k] = c->terms[k - 1];
        }
        c->weights[at] = weight;
        c->terms[at] = d->tfidf->terms[t];
    }
}

lac_status lac_dendrogram_find_clusters(lac_dendrogram *d, lac_error *err) {
    d->clusters = lac_arena_alloc(d->owner, (size_t)d->n_clusters * sizeof *d->clusters);
    if (!d->clusters) return lac_no_memory(err, "clusters");
    LAC_TRY(find_nodes(d, err));
    double *all = lac_array(d->n_terms, sizeof *all), *inside = lac_array(d->n_terms, sizeof *inside);
    if (all && inside) {
        sum_terms(d, 0, all);
        for (int32_t c = 1; c <= d->n_clusters; c++) {
            sum_terms(d, c, inside);
            name_cluster(d, inside, all, &d->clusters[c - 1]);
        }
    }
    bool is_done = all && inside;
    lac_free(all);
    lac_free(inside);
    return is_done ? LAC_OK : lac_no_memory(err, "clusters");
}

static double f1_of(int64_t common, int64_t size, int64_t members) {
    return 2 * (double)common / (double)(size + members);
}

/* common: of 2n - 1 nodes, the members below each. */
static void match_one(const lac_dendrogram *d, const lac_cluster_facets *facets, int64_t *common,
                      lac_cluster_match *match) {
    size_t n = d->n;
    match->node = -1;
    for (size_t i = 0; i < n; i++) {
        common[i] = lac_cluster_facets_hold(facets, &d->corpus->documents[i]);
        match->members += common[i];
    }
    if (match->members == 0) return;
    for (size_t v = 0; v < 2 * n - 1; v++) {
        if (v >= n) common[v] = common[d->merges[v - n].a] + common[d->merges[v - n].b];
        int64_t size = lac_tree_size(d->merges, n, (int64_t)v);
        double f1 = f1_of(common[v], size, match->members);
        if (f1 <= match->f1) continue;
        match->node = (int64_t)v;
        match->node_size = size;
        match->common = common[v];
        match->precision = (double)common[v] / (double)size;
        match->recall = (double)common[v] / (double)match->members;
        match->f1 = f1;
    }
    for (int32_t c = 1; c <= d->n_clusters; c++) {
        double f1 = f1_of(common[d->clusters[c - 1].node], d->clusters[c - 1].size, match->members);
        if (f1 <= match->cluster_f1) continue;
        match->cluster = c;
        match->cluster_f1 = f1;
    }
}

lac_status lac_dendrogram_match(lac_dendrogram *d, lac_error *err) {
    size_t n_named = d->corpus->n_named;
    if (n_named == 0) return LAC_OK;
    d->matches = lac_arena_alloc(d->owner, n_named * sizeof *d->matches);
    int64_t *common = lac_array(2 * d->n, sizeof *common);
    lac_text words = {0};
    bool is_done = d->matches && common;
    for (size_t i = 0; i < n_named && is_done; i++) {
        const lac_named_cluster *named = &d->corpus->named[i];
        const lac_cluster_facets *facets = lac_cluster_facets_find(named->id);
        d->matches[i] = (lac_cluster_match){.id = named->id, .name = named->name, .kind = named->kind, .node = -1};
        if (!facets) continue;
        words.bytes = 0;
        lac_cluster_facets_describe(facets, &words);
        d->matches[i].predicate = words.failed ? NULL : lac_arena_text(d->owner, words.data);
        is_done = d->matches[i].predicate != NULL;
        match_one(d, facets, common, &d->matches[i]);
    }
    d->n_matches = n_named;
    lac_free(common);
    lac_text_free(&words);
    return is_done ? LAC_OK : lac_no_memory(err, "matches of clusters");
}
