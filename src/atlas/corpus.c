/* atlas/corpus.c - corpora from the atlas' database and from BibTeX. Tab-separated files: corpus_tsv.c. */
#include "atlas/corpus.h"

#include <string.h>

#include "atlas/bibtex.h"
#include "atlas/corpus_private.h"
#include "base/memory.h"

const char *const lac_facet_names[LAC_N_FACETS] = {"category", "family",    "modality",     "masking",
                                                   "target",   "objective", "architecture", "tasks"};

lac_status lac_corpus_new(const char *origin, lac_corpus **corpus, lac_error *err) {
    lac_corpus *c = lac_zalloc(sizeof *c);
    if (c) c->owner = lac_arena_new();
    if (c && c->owner) c->origin = lac_arena_text(c->owner, origin);
    *corpus = c;
    if (c && c->origin) return LAC_OK;
    lac_corpus_free(c);
    *corpus = NULL;
    return lac_no_memory(err, "a corpus");
}

void lac_corpus_free(lac_corpus *corpus) {
    if (!corpus) return;
    lac_arena_free(corpus->owner);
    lac_free(corpus);
}

void lac_corpus_texts_free(char **texts, size_t n) {
    for (size_t i = 0; texts && i < n; i++)
        lac_free(texts[i]);
    lac_free(texts);
}

lac_status lac_corpus_texts(const lac_corpus *corpus, char ***texts, lac_error *err) {
    *texts = lac_array(corpus->n, sizeof **texts);
    bool is_done = *texts != NULL;
    for (size_t i = 0; is_done && i < corpus->n; i++) {
        (*texts)[i] = lac_format("%s %s", corpus->documents[i].title, corpus->documents[i].text);
        is_done = (*texts)[i] != NULL;
    }
    if (is_done) return LAC_OK;
    lac_corpus_texts_free(*texts, corpus->n);
    *texts = NULL;
    return lac_no_memory(err, "the texts of a corpus");
}

static lac_status count_rows(sqlite3 *db, const char *table, size_t *n, lac_error *err) {
    char *sql = lac_format("SELECT count(*) FROM %s", table);
    if (!sql) return lac_no_memory(err, "a query");
    sqlite3_stmt *query = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &query, NULL);
    if (rc == SQLITE_OK && sqlite3_step(query) == SQLITE_ROW) {
        *n = (size_t)sqlite3_column_int64(query, 0);
        sqlite3_finalize(query);
        lac_free(sql);
        return LAC_OK;
    }
    lac_status status = lac_fail(err, "reading %s of the atlas: %s", table, sqlite3_errmsg(db));
    sqlite3_finalize(query);
    lac_free(sql);
    return status;
}

/* The column's text, copied; *text is NULL for SQL's NULL. */
static bool take_text(lac_corpus *c, sqlite3_stmt *query, int column, const char **text) {
    *text = NULL;
    const char *found = (const char *)sqlite3_column_text(query, column);
    if (!found) return sqlite3_column_type(query, column) == SQLITE_NULL;
    *text = lac_arena_text(c->owner, found);
    return *text != NULL;
}

static bool take_paper(lac_corpus *c, sqlite3_stmt *query, lac_document *d) {
    bool is_done = take_text(c, query, 0, &d->id) && take_text(c, query, 1, &d->title) &&
                   take_text(c, query, 2, &d->text) && take_text(c, query, 3, &d->name);
    for (int f = 0; f < LAC_N_FACETS && is_done; f++)
        is_done = take_text(c, query, 4 + f, &d->facets[f]);
    if (!d->id) d->id = "";
    if (!d->title) d->title = "";
    if (!d->text) d->text = "";
    if (!d->name || !*d->name) d->name = d->id;
    return is_done;
}

static bool take_cluster(lac_corpus *c, sqlite3_stmt *query, lac_named_cluster *named) {
    if (!take_text(c, query, 0, &named->id) || !take_text(c, query, 1, &named->name) ||
        !take_text(c, query, 2, &named->kind))
        return false;
    if (!named->id) named->id = "";
    if (!named->name) named->name = named->id;
    if (!named->kind) named->kind = "";
    return true;
}

static lac_status read_papers(sqlite3 *db, lac_corpus *c, lac_error *err) {
    LAC_TRY(count_rows(db, "papers", &c->n, err));
    LAC_TRY(count_rows(db, "clusters", &c->n_named, err));
    lac_document *documents = lac_arena_alloc(c->owner, (c->n + 1) * sizeof *documents);
    lac_named_cluster *named = lac_arena_alloc(c->owner, (c->n_named + 1) * sizeof *named);
    if (!documents || !named) return lac_no_memory(err, "a corpus");
    c->documents = documents;
    c->named = named;
    c->has_facets = true;

    static const char papers[] = "SELECT id, title, summary, short, category, family, modality, masking, target, "
                                 "objective, architecture, tasks FROM papers ORDER BY rowid";
    static const char clusters[] = "SELECT id, name, kind FROM clusters ORDER BY rowid";
    sqlite3_stmt *query = NULL;
    bool is_done = sqlite3_prepare_v2(db, papers, -1, &query, NULL) == SQLITE_OK;
    for (size_t i = 0; is_done && i < c->n; i++)
        is_done = sqlite3_step(query) == SQLITE_ROW && take_paper(c, query, &documents[i]);
    sqlite3_finalize(query);
    query = NULL;
    is_done = is_done && sqlite3_prepare_v2(db, clusters, -1, &query, NULL) == SQLITE_OK;
    for (size_t i = 0; is_done && i < c->n_named; i++)
        is_done = sqlite3_step(query) == SQLITE_ROW && take_cluster(c, query, &named[i]);
    sqlite3_finalize(query);
    if (!is_done) return lac_fail(err, "reading the papers of the atlas: %s", sqlite3_errmsg(db));
    return LAC_OK;
}

lac_status lac_corpus_of_atlas(sqlite3 *db, lac_corpus **corpus, lac_error *err) {
    LAC_TRY(lac_corpus_new("the atlas", corpus, err));
    lac_status status = read_papers(db, *corpus, err);
    if (status == LAC_OK) return LAC_OK;
    lac_corpus_free(*corpus);
    *corpus = NULL;
    return status;
}

static lac_status take_entries(const char *path, const lac_bib *bib, lac_corpus *c, lac_error *err) {
    lac_document *documents = lac_arena_alloc(c->owner, (bib->n + 1) * sizeof *documents);
    if (!documents) return lac_no_memory(err, "a corpus");
    for (size_t i = 0; i < bib->n; i++) {
        const lac_bib_entry *entry = &bib->entries[i];
        lac_document *d = &documents[i];
        d->id = d->name = lac_arena_text(c->owner, entry->key);
        d->title = lac_arena_text(c->owner, entry->title);
        d->text = lac_arena_text(c->owner, entry->abstract);
        if (!d->id || !d->title || !d->text) return lac_no_memory(err, "a corpus");
    }
    c->documents = documents;
    c->n = bib->n;
    if (c->n == 0) return lac_fail(err, "%s: expected entries, found none", path);
    return LAC_OK;
}

lac_status lac_corpus_of_bibtex(const char *path, lac_corpus **corpus, lac_error *err) {
    *corpus = NULL;
    lac_bib *bib;
    LAC_TRY(lac_bib_read(path, &bib, err));
    lac_status status = lac_corpus_new(path, corpus, err);
    if (status == LAC_OK) status = take_entries(path, bib, *corpus, err);
    lac_bib_free(bib);
    if (status == LAC_OK) return LAC_OK;
    lac_corpus_free(*corpus);
    *corpus = NULL;
    return status;
}
