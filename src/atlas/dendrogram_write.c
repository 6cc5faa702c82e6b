/* atlas/dendrogram_write.c - a dendrogram of documents as JSON, Newick and SVG, over cluster/draw.h. */
#include <string.h>

#include "atlas/dendrogram_private.h"
#include "base/memory.h"
#include "cluster/draw.h"
#include "cluster/escape.h"

enum { TERMS_SHOWN = 5 };

static void put_options(const lac_dendrogram_options *o, lac_text *out) {
    lac_text_add(
        out, "{\"ngrams\": [%d, %d], \"shortest_word\": %d, \"sublinear\": %s, \"min_df\": %lld, \"stop_words\": %zu, ",
        o->tfidf.min_n, o->tfidf.max_n, o->tfidf.shortest ? o->tfidf.shortest : 2,
        o->tfidf.sublinear ? "true" : "false", (long long)o->tfidf.min_df,
        o->tfidf.stop_words ? o->tfidf.n_stop_words : (size_t)0);
    if (o->cut > 0) {
        lac_text_add(out, "\"cut\": %lld}", (long long)o->cut);
    } else {
        lac_text_add(out, "\"height\": ");
        lac_put_json_real(out, o->height);
        lac_text_put(out, "}", 1);
    }
}

static void put_documents(const lac_dendrogram *d, lac_text *out) {
    lac_text_add(out, ",\n  \"ids\": [");
    for (size_t i = 0; i < d->n; i++) {
        if (i) lac_text_put(out, ", ", 2);
        lac_put_json(out, d->corpus->documents[i].id);
    }
    lac_text_add(out, "],\n  \"merges\": ");
    lac_put_merges(out, d->merges, d->n);
    lac_text_add(out, ",\n  \"leaves\": [");
    for (size_t i = 0; i < d->n; i++)
        lac_text_add(out, "%s%lld", i ? ", " : "", (long long)d->leaves[i]);
    lac_text_add(out, "],\n  \"labels\": [");
    for (size_t i = 0; i < d->n; i++)
        lac_text_add(out, "%s%d", i ? ", " : "", (int)d->labels[i]);
    lac_text_add(out, "]");
}

static void put_clusters(const lac_dendrogram *d, lac_text *out) {
    lac_text_add(out, ",\n  \"clusters\": [");
    for (int32_t c = 0; c < d->n_clusters; c++) {
        const lac_text_cluster *cluster = &d->clusters[c];
        lac_text_add(out, "%s{\"cluster\": %d, \"node\": %lld, \"size\": %lld, \"terms\": [", c ? ",\n    " : "\n    ",
                     (int)c + 1, (long long)cluster->node, (long long)cluster->size);
        for (int k = 0; k < cluster->n_terms; k++) {
            lac_text_add(out, k ? ", [" : "[");
            lac_put_json(out, cluster->terms[k]);
            lac_text_put(out, ", ", 2);
            lac_put_json_real(out, cluster->weights[k]);
            lac_text_put(out, "]", 1);
        }
        lac_text_add(out, "]}");
    }
    lac_text_add(out, "]");
}

static void put_field(lac_text *out, const char *before, const char *name, const char *text) {
    lac_text_add(out, "%s\"%s\": ", before, name);
    if (text)
        lac_put_json(out, text);
    else
        lac_text_add(out, "null");
}

static void put_matches(const lac_dendrogram *d, lac_text *out) {
    lac_text_add(out, ",\n  \"matches\": [");
    for (size_t i = 0; i < d->n_matches; i++) {
        const lac_cluster_match *m = &d->matches[i];
        put_field(out, i ? ",\n    {" : "\n    {", "id", m->id);
        put_field(out, ", ", "name", m->name);
        put_field(out, ", ", "kind", m->kind);
        put_field(out, ", ", "predicate", m->predicate);
        if (m->predicate) lac_text_add(out, ", \"members\": %lld", (long long)m->members);
        if (m->node >= 0) {
            lac_text_add(out, ", \"node\": %lld, \"size\": %lld, \"common\": %lld, \"precision\": ", (long long)m->node,
                         (long long)m->node_size, (long long)m->common);
            lac_put_json_real(out, m->precision);
            lac_text_add(out, ", \"recall\": ");
            lac_put_json_real(out, m->recall);
            lac_text_add(out, ", \"f1\": ");
            lac_put_json_real(out, m->f1);
            lac_text_add(out, ", \"cluster\": %d, \"cluster_f1\": ", (int)m->cluster);
            lac_put_json_real(out, m->cluster_f1);
        }
        lac_text_put(out, "}", 1);
    }
    lac_text_add(out, "]");
}

static void put_agreement(const char *name, const lac_agreement *a, bool is_first, lac_text *out) {
    lac_text_add(out, "%s\"%s\": ", is_first ? "" : ", ", name);
    if (a->n == 0) {
        lac_text_add(out, "null");
        return;
    }
    lac_text_add(out, "{\"n\": %lld, \"ari\": ", (long long)a->n);
    lac_put_json_real(out, a->ari);
    lac_text_add(out, ", \"nmi\": ");
    lac_put_json_real(out, a->nmi);
    lac_text_put(out, "}", 1);
}

lac_status lac_dendrogram_json(const lac_dendrogram *d, const lac_dendrogram_options *options, lac_text *out,
                               lac_error *err) {
    lac_text_add(out, "{\n  \"n\": %zu,\n  \"terms\": %zu,\n  \"options\": ", d->n, d->n_terms);
    put_options(options, out);
    put_documents(d, out);
    put_clusters(d, out);
    put_matches(d, out);
    lac_text_add(out, ",\n  \"agreement\": {");
    put_agreement("category", &d->category, true, out);
    put_agreement("family", &d->family, false, out);
    lac_text_add(out, "},\n  \"cophenetic\": ");
    lac_put_json_real(out, d->cophenetic);
    lac_text_add(out, "\n}\n");
    return out->failed ? lac_no_memory(err, "a dendrogram as JSON") : LAC_OK;
}

/* Names of the documents: short ones, or ids; titles as hints. */
typedef struct labelling {
    const char **names, **hints, **clusters;
    lac_arena *arena;
} labelling;

static void free_labelling(labelling *l) {
    lac_arena_free(l->arena);
    lac_free(l->names);
}

static lac_status label(const lac_dendrogram *d, labelling *l, lac_error *err) {
    size_t n = d->n, n_clusters = (size_t)d->n_clusters;
    *l = (labelling){.names = lac_array(2 * n + n_clusters, sizeof *l->names), .arena = lac_arena_new()};
    bool is_done = l->names && l->arena;
    if (is_done) {
        l->hints = l->names + n;
        l->clusters = l->hints + n;
    }
    for (size_t i = 0; i < n && is_done; i++) {
        l->names[i] = d->corpus->documents[i].name;
        l->hints[i] = d->corpus->documents[i].title;
    }
    lac_text terms = {0};
    for (size_t c = 0; c < n_clusters && is_done; c++) {
        terms.bytes = 0;
        lac_text_put(&terms, "", 0);
        for (int k = 0; k < d->clusters[c].n_terms && k < TERMS_SHOWN; k++)
            lac_text_add(&terms, "%s%s", k ? ", " : "", d->clusters[c].terms[k]);
        l->clusters[c] = terms.failed ? NULL : lac_arena_text(l->arena, terms.data);
        is_done = l->clusters[c] != NULL;
    }
    lac_text_free(&terms);
    if (is_done) return LAC_OK;
    free_labelling(l);
    return lac_no_memory(err, "the labels of a dendrogram");
}

lac_status lac_dendrogram_newick(const lac_dendrogram *d, lac_text *out, lac_error *err) {
    const char **ids = lac_array(d->n, sizeof *ids);
    if (!ids) return lac_no_memory(err, "a Newick tree");
    for (size_t i = 0; i < d->n; i++)
        ids[i] = d->corpus->documents[i].id;
    lac_tree_view view = {.merges = d->merges, .n = d->n, .names = ids};
    lac_status status = lac_tree_newick(&view, out, err);
    lac_free(ids);
    return status;
}

lac_status lac_dendrogram_svg(const lac_dendrogram *d, const lac_dendrogram_options *options, lac_text *out,
                              lac_error *err) {
    labelling l;
    LAC_TRY(label(d, &l, err));
    lac_text title = {0}, subtitle = {0};
    lac_text_add(&title, "Dendrogram of %s: %zu documents", d->corpus->origin, d->n);
    lac_text_add(&subtitle, "TF-IDF (");
    lac_dendrogram_describe(options, &subtitle);
    lac_text_add(&subtitle, "), Ward");
    lac_status status = LAC_OK;
    if (title.failed || subtitle.failed) status = lac_no_memory(err, "the labels of a dendrogram");
    lac_tree_view view = {.merges = d->merges,
                          .n = d->n,
                          .names = l.names,
                          .hints = l.hints,
                          .labels = d->labels,
                          .n_clusters = d->n_clusters,
                          .cluster_names = l.clusters,
                          .cut_height = d->cut_height,
                          .title = title.data,
                          .subtitle = subtitle.data,
                          .axis = "height of the merge (Ward)"};
    if (status == LAC_OK) status = lac_tree_svg(&view, out, err);
    lac_text_free(&title);
    lac_text_free(&subtitle);
    free_labelling(&l);
    return status;
}
