/* atlas/dendrogram_tables.c - what a dendrogram says, as tables and lines for people. */
#include <math.h>
#include <stdio.h>

#include "atlas/clean.h"
#include "atlas/dendrogram.h"
#include "base/memory.h"

enum { TERMS_SHOWN = 6, MEMBERS_SHOWN = 4, MOST_COLUMNS = 8 };

/* A row being filled; texts live in `arena` until it is added. */
typedef struct row {
    lac_arena *arena;
    lac_value values[MOST_COLUMNS];
    int n;
    bool failed;
} row;

static void put(row *r, lac_value_kind kind, const char *text) {
    if (!text) r->failed = true;
    r->values[r->n++] = (lac_value){kind, text ? text : ""};
}

static void put_whole(row *r, int64_t value) {
    put(r, LAC_VALUE_NUMBER, lac_arena_format(r->arena, "%lld", (long long)value));
}

static void put_share(row *r, double value) {
    put(r, LAC_VALUE_NUMBER, lac_arena_format(r->arena, "%.2f", value));
}

static void put_none(row *r) {
    put(r, LAC_VALUE_NONE, "");
}

/* `text` is freed. */
static void put_text(row *r, lac_text *text) {
    put(r, LAC_VALUE_TEXT, text->failed ? NULL : lac_arena_text(r->arena, text->data ? text->data : ""));
    lac_text_free(text);
}

static lac_status add(lac_answer *answer, row *r, lac_error *err) {
    lac_status status = r->failed ? lac_no_memory(err, "a table") : lac_answer_add(answer, r->values, err);
    r->n = 0;
    return status;
}

static void put_terms(row *r, const lac_text_cluster *cluster) {
    lac_text text = {0};
    for (int k = 0; k < cluster->n_terms && k < TERMS_SHOWN; k++)
        lac_text_add(&text, "%s%s", k ? ", " : "", cluster->terms[k]);
    put_text(r, &text);
}

static void put_members(row *r, const lac_dendrogram *d, int32_t cluster) {
    lac_text text = {0};
    int64_t n = 0;
    for (size_t k = 0; k < d->n && n < MEMBERS_SHOWN; k++) {
        if (d->labels[d->leaves[k]] != cluster) continue;
        lac_text_add(&text, "%s%s", n++ ? ", " : "", d->corpus->documents[d->leaves[k]].name);
    }
    if (d->clusters[cluster - 1].size > n) lac_text_add(&text, ", ...");
    put_text(r, &text);
}

/* Fill a new answer with n rows. */
static lac_status make(const lac_dendrogram *d, const lac_answer_column *columns, int n_columns, size_t n,
                       void (*fill)(row *r, const lac_dendrogram *d, size_t i), lac_answer **answer, lac_error *err) {
    LAC_TRY(lac_answer_new(columns, n_columns, answer, err));
    row r = {.arena = lac_arena_new()};
    lac_status status = r.arena ? LAC_OK : lac_no_memory(err, "a table");
    for (size_t i = 0; i < n && status == LAC_OK; i++) {
        fill(&r, d, i);
        status = add(*answer, &r, err);
    }
    lac_arena_free(r.arena);
    if (status == LAC_OK) return LAC_OK;
    lac_answer_free(*answer);
    *answer = NULL;
    return status;
}

static void fill_cluster(row *r, const lac_dendrogram *d, size_t i) {
    put_whole(r, (int64_t)i + 1);
    put_whole(r, d->clusters[i].size);
    put_terms(r, &d->clusters[i]);
    put_members(r, d, (int32_t)i + 1);
}

lac_status lac_dendrogram_clusters(const lac_dendrogram *d, lac_answer **answer, lac_error *err) {
    static const lac_answer_column columns[] = {{"cluster", LAC_FOR_ALL},
                                                {"documents", LAC_FOR_ALL},
                                                {"heaviest terms", LAC_FOR_ALL},
                                                {"among them", LAC_FOR_ALL}};
    return make(d, columns, 4, (size_t)d->n_clusters, fill_cluster, answer, err);
}

/* The root is every document: no branch says it better than that. */
static void put_node(row *r, const lac_dendrogram *d, int64_t node) {
    if (node == (int64_t)(2 * d->n - 2))
        put(r, LAC_VALUE_TEXT, "root");
    else
        put_whole(r, node);
}

static void fill_match(row *r, const lac_dendrogram *d, size_t i) {
    const lac_cluster_match *m = &d->matches[i];
    put(r, LAC_VALUE_TEXT, m->name);
    if (m->predicate)
        put_whole(r, m->members);
    else
        put_none(r);
    if (m->node >= 0) {
        put_node(r, d, m->node);
        put_whole(r, m->node_size);
        put_share(r, m->f1);
        put_whole(r, m->cluster);
        put_share(r, m->cluster_f1);
    }
    while (r->n < 7)
        put_none(r);
    put(r, LAC_VALUE_TEXT, m->predicate ? m->predicate : "no facet says it");
}

lac_status lac_dendrogram_matches(const lac_dendrogram *d, lac_answer **answer, lac_error *err) {
    static const lac_answer_column columns[] = {{"the survey's cluster", LAC_FOR_ALL},
                                                {"papers", LAC_FOR_ALL},
                                                {"best node", LAC_FOR_ALL},
                                                {"size", LAC_FOR_ALL},
                                                {"F1", LAC_FOR_ALL},
                                                {"best cluster", LAC_FOR_ALL},
                                                {"its F1", LAC_FOR_ALL},
                                                {"papers whose", LAC_FOR_ALL}};
    return make(d, columns, 8, d->n_matches, fill_match, answer, err);
}

static void fill_document(row *r, const lac_dendrogram *d, size_t i) {
    const lac_document *document = &d->corpus->documents[d->leaves[i]];
    put(r, LAC_VALUE_TEXT, document->id);
    put(r, LAC_VALUE_TEXT, document->name);
    put_whole(r, d->labels[d->leaves[i]]);
    put(r, LAC_VALUE_TEXT, document->title);
}

lac_status lac_dendrogram_documents(const lac_dendrogram *d, lac_answer **answer, lac_error *err) {
    static const lac_answer_column columns[] = {
        {"id", LAC_FOR_ALL}, {"name", LAC_FOR_ALL}, {"cluster", LAC_FOR_ALL}, {"title", LAC_FOR_ALL}};
    return make(d, columns, 4, d->n, fill_document, answer, err);
}

static void put_agreement(const char *what, const lac_agreement *a, lac_text *out) {
    if (a->n == 0) return;
    lac_text_add(out, "the cut and %s, %lld documents: adjusted Rand index %.3f, normalised mutual information %.3f\n",
                 what, (long long)a->n, a->ari, a->nmi);
}

void lac_dendrogram_put_agreement(const lac_dendrogram *d, lac_text *out) {
    put_agreement("the categories", &d->category, out);
    put_agreement("the families", &d->family, out);
    if (isfinite(d->cophenetic))
        lac_text_add(out, "the tree and the distances of the texts: cophenetic correlation %.3f\n", d->cophenetic);
}
