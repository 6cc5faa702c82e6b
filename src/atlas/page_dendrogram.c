/* atlas/page_dendrogram.c - the dendrogram for the page: its merges, what each branch is about, the survey's clusters,
 * and the nearest papers of each. */
#include <string.h>

#include "atlas/dendrogram.h"
#include "atlas/page_private.h"
#include "base/memory.h"

enum { TERMS = 5, CANDIDATES = 40, NEAREST = 6 };

typedef struct candidate {
    size_t term;
    double weight;
} candidate;

/* "point clouds" says nothing that "point" beside it has not said. */
static bool overlaps(const char *a, const char *b) {
    size_t m = strlen(a), n = strlen(b);
    if (m > n) return overlaps(b, a);
    for (const char *at = b; (at = strstr(at, a)); at++)
        if ((at == b || at[-1] == ' ') && (at[m] == 0 || at[m] == ' ')) return true;
    return false;
}

/* The terms whose mean weight inside a branch most exceeds that outside, as the clusters of a cut are named
 * (dendrogram_clusters.c), without those that repeat a heavier one. */
static void put_terms(lac_text *out, const lac_dendrogram *d, const double *inside, const double *all, size_t size) {
    candidate best[CANDIDATES];
    int n = 0;
    double n_in = (double)size, n_out = (double)(d->n - size);
    for (size_t t = 0; t < d->n_terms; t++) {
        if (!(inside[t] > 0)) continue;
        double weight = inside[t] / n_in - (n_out > 0 ? (all[t] - inside[t]) / n_out : 0);
        if (!(weight > 0) || (n == CANDIDATES && weight <= best[n - 1].weight)) continue;
        int at = n < CANDIDATES ? n++ : n - 1;
        for (; at > 0 && best[at - 1].weight < weight; at--)
            best[at] = best[at - 1];
        best[at] = (candidate){t, weight};
    }
    const char *taken[TERMS];
    int n_taken = 0;
    lac_text_put(out, "[", 1);
    for (int i = 0; i < n && n_taken < TERMS; i++) {
        const char *term = d->tfidf->terms[best[i].term];
        bool is_new = true;
        for (int k = 0; k < n_taken && is_new; k++)
            is_new = !overlaps(term, taken[k]);
        if (!is_new) continue;
        if (n_taken) lac_text_put(out, ",", 1);
        lac_page_put_text(out, term);
        taken[n_taken++] = term;
    }
    lac_text_put(out, "]", 1);
}

static lac_status put_all_terms(lac_text *out, const lac_dendrogram *d, lac_error *err) {
    size_t n = d->n;
    int64_t *leaves = lac_array(n, sizeof *leaves), *first = lac_array(2 * n, sizeof *first);
    double *all = lac_array(d->n_terms, sizeof *all), *inside = lac_array(d->n_terms, sizeof *inside);
    lac_status status = leaves && first && all && inside ? lac_tree_leaves(d->merges, n, leaves, first, err)
                                                         : lac_no_memory(err, "terms of branches");
    if (status == LAC_OK) {
        for (size_t i = 0; i < d->tfidf->start[n]; i++)
            all[d->tfidf->term[i]] += d->tfidf->value[i];
        for (size_t m = 0; m + 1 < n; m++) {
            memset(inside, 0, d->n_terms * sizeof *inside);
            for (int64_t k = 0; k < d->merges[m].size; k++) {
                lac_sparse_row row = lac_tfidf_row(d->tfidf, (size_t)leaves[first[n + m] + k]);
                for (size_t i = 0; i < row.n; i++)
                    inside[row.term[i]] += row.value[i];
            }
            if (m) lac_text_put(out, ",", 1);
            put_terms(out, d, inside, all, (size_t)d->merges[m].size);
        }
    }
    lac_free(leaves);
    lac_free(first);
    lac_free(all);
    lac_free(inside);
    return status;
}

static void put_named(lac_text *out, const lac_dendrogram *d) {
    for (size_t i = 0; i < d->n_matches; i++) {
        const lac_cluster_match *m = &d->matches[i];
        lac_text_add(out, i ? ",{\"id\":" : "{\"id\":");
        lac_page_put_text(out, m->id);
        if (m->predicate) {
            lac_text_add(out, ",\"predicate\":");
            lac_page_put_text(out, m->predicate);
        }
        if (m->predicate && m->node >= 0) {
            lac_text_add(out, ",\"node\":%lld,\"members\":%lld,\"precision\":", (long long)m->node,
                         (long long)m->members);
            lac_page_put_number(out, m->precision);
            lac_text_add(out, ",\"recall\":");
            lac_page_put_number(out, m->recall);
            lac_text_add(out, ",\"f1\":");
            lac_page_put_number(out, m->f1);
        }
        lac_text_put(out, "}", 1);
    }
}

static void put_agreement(lac_text *out, const char *name, const lac_agreement *a) {
    if (a->n == 0) return;
    lac_text_add(out, "\"%s_ari\":", name);
    lac_page_put_number(out, a->ari);
    lac_text_add(out, ",\"%s_nmi\":", name);
    lac_page_put_number(out, a->nmi);
    lac_text_put(out, ",", 1);
}

static lac_status put_tree(lac_text *out, const lac_dendrogram *d, const lac_dendrogram_options *options,
                           lac_error *err) {
    lac_text described = {0};
    lac_dendrogram_describe(options, &described);
    lac_text_add(out, "\"dendrogram\":{\"options\":");
    lac_page_put_text(out, described.data ? described.data : "");
    bool failed = described.failed;
    lac_text_free(&described);
    if (failed) return lac_no_memory(err, "the dendrogram");
    lac_text_add(out, ",\"cut\":%d,\n\"merges\":[", (int)d->n_clusters);
    for (size_t m = 0; m + 1 < d->n; m++) {
        const lac_merge *merge = &d->merges[m];
        lac_text_add(out, "%s[%lld,%lld,", m ? "," : "", (long long)merge->a, (long long)merge->b);
        lac_page_put_number(out, merge->height);
        lac_text_add(out, ",%lld]", (long long)merge->size);
    }
    lac_text_add(out, "],\n\"terms\":[");
    LAC_TRY(put_all_terms(out, d, err));
    lac_text_add(out, "],\n\"named\":[");
    put_named(out, d);
    lac_text_add(out, "],\"agreement\":{");
    put_agreement(out, "category", &d->category);
    put_agreement(out, "family", &d->family);
    lac_text_add(out, "\"cophenetic\":");
    lac_page_put_number(out, d->cophenetic);
    lac_text_add(out, "}},\n\"nearest\":[");
    for (size_t i = 0; i < d->n; i++) {
        lac_near near[NEAREST];
        size_t n = lac_tfidf_nearest(d->tfidf, lac_tfidf_row(d->tfidf, i), i, near, NEAREST);
        lac_text_add(out, i ? ",[" : "[");
        bool is_first = true;
        for (size_t k = 0; k < n; k++) {
            if (!(near[k].cosine > 0)) continue;
            lac_text_add(out, is_first ? "%zu" : ",%zu", near[k].row);
            is_first = false;
        }
        lac_text_put(out, "]", 1);
    }
    lac_text_put(out, "]", 1);
    return LAC_OK;
}

lac_status lac_page_put_dendrogram(lac_text *out, sqlite3 *db, lac_pool *pool, lac_error *err) {
    lac_corpus *corpus; /* papers in the order of their rows, as the page has them */
    LAC_TRY(lac_corpus_of_atlas(db, &corpus, err));
    lac_dendrogram_options options = lac_dendrogram_standard();
    lac_dendrogram *d = NULL;
    lac_status status = lac_dendrogram_make(corpus, &options, pool, &d, err);
    if (status == LAC_OK) status = put_tree(out, d, &options, err);
    lac_dendrogram_free(d);
    lac_corpus_free(corpus);
    return status;
}
