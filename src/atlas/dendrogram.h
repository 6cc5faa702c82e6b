/* atlas/dendrogram.h - the survey's dendrogram: TF-IDF over title and summary, Ward's tree, a cut, what its clusters
 * are about.
 *
 * After section 4 of Hondru et al. (arXiv 2408.06687). Beside the tree:
 * clusters named by their heaviest terms, the node nearest to each cluster that the survey names, and agreement with
 * its taxonomy. */
#ifndef LAC_ATLAS_DENDROGRAM_H
#define LAC_ATLAS_DENDROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "atlas/answer.h"
#include "atlas/corpus.h"
#include "atlas/tfidf.h"
#include "base/error.h"
#include "base/text.h"
#include "base/threads.h"
#include "cluster/tree.h"

enum { LAC_CLUSTER_TERMS = 8 };

typedef struct lac_dendrogram_options {
    lac_tfidf_options tfidf;
    int64_t cut;   /* number of clusters, at least 1; 0: cut at `height` */
    double height; /* clusters joined at or below it */
} lac_dendrogram_options;

/* What the atlas shows: words and pairs of words, English stop words, sublinear counts, terms in at least two papers,
 * 16 clusters. */
lac_dendrogram_options lac_dendrogram_standard(void);

typedef struct lac_text_cluster {
    int64_t node; /* of the tree: below n a single document */
    int64_t size;
    int n_terms;
    const char *terms[LAC_CLUSTER_TERMS]; /* heaviest first: mean weight inside minus mean weight outside */
    double weights[LAC_CLUSTER_TERMS];
} lac_text_cluster;

typedef struct lac_cluster_match { /* a cluster that the survey names, beside the tree */
    const char *id, *name, *kind;
    const char *predicate;   /* "modality is point-cloud or depth"; NULL: no facet says it, and the rest is unset */
    int64_t members;         /* documents of which the predicate is true; 0: node is -1 */
    int64_t node, node_size; /* the node with the highest F1, the lowest of equals */
    int64_t common;          /* members below it */
    double precision, recall, f1;
    int32_t cluster; /* the cluster of the cut with the highest F1, from 1 */
    double cluster_f1;
} lac_cluster_match;

typedef struct lac_agreement { /* of the cut with a label that the documents have */
    int64_t n;                 /* documents with such a label; 0: the rest is unset */
    double ari, nmi;
} lac_agreement;

typedef struct lac_dendrogram {
    size_t n, n_terms;
    lac_merge *merges; /* n - 1 */
    int64_t *leaves;   /* n documents from top to bottom of a drawing */
    int32_t *labels;   /* n: cluster of each document, from 1, as scipy's fcluster numbers them */
    int32_t n_clusters;
    lac_text_cluster *clusters; /* n_clusters; cluster c is clusters[c - 1] */
    double cut_height;          /* between the last merge kept and the first undone; for drawing */
    size_t n_matches;
    lac_cluster_match *matches;
    lac_agreement category; /* the repository's categories; "(body only)" ones are left out */
    lac_agreement family;   /* reconstruction, contrastive, hybrid, other */
    double cophenetic;      /* correlation of tree and text distances; NaN where one of them does not vary */
    lac_tfidf *tfidf;       /* kept for nearest documents */
    const lac_corpus *corpus;
    void *owner;
} lac_dendrogram;

/* The corpus must outlive the result. LAC_USAGE for a cut that cannot be or options that leave no terms. */
lac_status lac_dendrogram_make(const lac_corpus *corpus, const lac_dendrogram_options *options, lac_pool *pool,
                               lac_dendrogram **dendrogram, lac_error *err);
void lac_dendrogram_free(lac_dendrogram *dendrogram); /* NULL is fine */

/* More have no place in memory: two matrices of n (n - 1) / 2 doubles are 5 GB. */
enum { LAC_MOST_DOCUMENTS = 25000 };

/* "1-2-grams, sublinear, in 2 documents or more, 318 stop words, cut into 16": what was asked, for people. */
void lac_dendrogram_describe(const lac_dendrogram_options *options, lac_text *out);

/* For people: the clusters of the cut (cluster, documents, heaviest terms, first members), and the survey's clusters
 * beside the tree (cluster, where its members are found by facets, F1 of the node and of the cut). */
lac_status lac_dendrogram_clusters(const lac_dendrogram *d, lac_answer **answer, lac_error *err);
lac_status lac_dendrogram_matches(const lac_dendrogram *d, lac_answer **answer, lac_error *err);
/* Every document with its cluster, in the order of the leaves (id, name, cluster, title). */
lac_status lac_dendrogram_documents(const lac_dendrogram *d, lac_answer **answer, lac_error *err);
/* Lines on agreement: "the cut and the 20 categories ...: adjusted Rand index 0.023, ..." */
void lac_dendrogram_put_agreement(const lac_dendrogram *d, lac_text *out);

/* Files of it. JSON: n, terms, merges (rows a, b, height, size), leaves, ids, labels, clusters, matches, agreement,
 * cophenetic. */
lac_status lac_dendrogram_json(const lac_dendrogram *d, const lac_dendrogram_options *options, lac_text *out,
                               lac_error *err);
lac_status lac_dendrogram_newick(const lac_dendrogram *d, lac_text *out, lac_error *err);
lac_status lac_dendrogram_svg(const lac_dendrogram *d, const lac_dendrogram_options *options, lac_text *out,
                              lac_error *err);

#endif
