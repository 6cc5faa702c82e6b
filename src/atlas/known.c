/* atlas/known.c - is this paper there already? One hash table over arXiv ids, DOIs, titles, ids and short names. */
#include <string.h>

#include <utf8proc.h>

#include "atlas/add_private.h"
#include "atlas/words.h"
#include "base/memory.h"

typedef enum key_kind { ARXIV, DOI, TITLE, ID, SHORT } key_kind;

typedef struct slot {
    const char *key; /* NULL: free */
    key_kind kind;
    size_t paper;
} slot;

struct lac_known {
    lac_arena *arena;
    size_t n, room; /* keys; slots, a power of two */
    slot *slots;
    size_t n_papers, papers_room;
    struct known_paper {
        const char *id;
        bool is_user, is_fresh;
    } * papers;
};

static lac_status no_memory(lac_error *err) {
    return lac_no_memory(err, "known papers");
}

/* ---- the table ---- */

static slot *place_of(slot *slots, size_t room, key_kind kind, const char *key) {
    size_t i = (size_t)lac_hash(key, strlen(key), (uint64_t)kind) & (room - 1);
    while (slots[i].key && (slots[i].kind != kind || strcmp(slots[i].key, key) != 0))
        i = (i + 1) & (room - 1);
    return &slots[i];
}

static const slot *find(const lac_known *known, key_kind kind, const char *key) {
    if (!*key || known->room == 0) return NULL;
    const slot *place = place_of(known->slots, known->room, kind, key);
    return place->key ? place : NULL;
}

/* The first paper with a key keeps it. */
static lac_status put(lac_known *known, key_kind kind, const char *key, size_t paper, lac_error *err) {
    if (!*key) return LAC_OK;
    if (4 * (known->n + 1) > 3 * known->room) {
        const size_t room = known->room ? 2 * known->room : 1024;
        slot *slots = lac_array(room, sizeof *slots);
        if (!slots) return no_memory(err);
        for (size_t i = 0; i < known->room; i++)
            if (known->slots[i].key)
                *place_of(slots, room, known->slots[i].kind, known->slots[i].key) = known->slots[i];
        lac_free(known->slots);
        known->slots = slots;
        known->room = room;
    }
    slot *place = place_of(known->slots, known->room, kind, key);
    if (place->key) return LAC_OK;
    const char *copy = lac_arena_text(known->arena, key);
    if (!copy) return no_memory(err);
    *place = (slot){copy, kind, paper};
    known->n++;
    return LAC_OK;
}

/* ---- what is the same ---- */

/* Letters and digits in lower case, nothing between them. */
static lac_status plain_title(const char *title, lac_text *out, lac_error *err) {
    lac_text lower = {0};
    lac_text_put(&lower, "", 0);
    lac_text_put(out, "", 0);
    lac_lower(title, &lower);
    for (const char *at = lower.data; !lower.failed && *at;) {
        int32_t code;
        const utf8proc_ssize_t n = utf8proc_iterate((const uint8_t *)at, -1, &code);
        if (n > 0 && lac_is_word_character(code)) lac_text_put(out, at, (size_t)n);
        at += n > 0 ? n : 1;
    }
    const bool is_whole = !lower.failed && !out->failed;
    lac_text_free(&lower);
    return is_whole ? LAC_OK : no_memory(err);
}

/* In lower case: a DOI's case does not count. */
static lac_status plain_doi(const char *doi, lac_text *out, lac_error *err) {
    lac_text_put(out, "", 0);
    lac_lower(doi, out);
    return out->failed ? no_memory(err) : LAC_OK;
}

static const char *doi_in(const char *url) {
    const char *found = strstr(url, "doi.org/");
    return found ? found + 8 : "";
}

static lac_status put_all(lac_known *known, size_t paper, const char *arxiv, const char *doi, const char *title,
                          lac_error *err) {
    lac_text text = {0};
    lac_status status = put(known, ARXIV, arxiv, paper, err);
    if (status == LAC_OK) status = plain_doi(doi, &text, err);
    if (status == LAC_OK) status = put(known, DOI, text.data, paper, err);
    text.bytes = 0;
    if (status == LAC_OK) status = plain_title(title, &text, err);
    if (status == LAC_OK) status = put(known, TITLE, text.data, paper, err);
    lac_text_free(&text);
    return status;
}

static lac_status add_paper(lac_known *known, const char *id, const char *short_name, bool is_user, bool is_fresh,
                            lac_error *err) {
    if (known->n_papers == known->papers_room) {
        const size_t room = known->papers_room ? 2 * known->papers_room : 256;
        struct known_paper *larger = lac_resize(known->papers, room * sizeof *larger);
        if (!larger) return no_memory(err);
        known->papers = larger;
        known->papers_room = room;
    }
    const char *copy = lac_arena_text(known->arena, id);
    if (!copy) return no_memory(err);
    known->papers[known->n_papers] = (struct known_paper){copy, is_user, is_fresh};
    LAC_TRY(put(known, ID, id, known->n_papers, err));
    LAC_TRY(put(known, SHORT, short_name, known->n_papers, err));
    known->n_papers++;
    return LAC_OK;
}

static const char *column(sqlite3_stmt *row, int c) {
    const char *text = (const char *)sqlite3_column_text(row, c);
    return text ? text : "";
}

static lac_status read_all(lac_known *known, sqlite3 *db, lac_error *err) {
    sqlite3_stmt *row = NULL;
    lac_status status = LAC_OK;
    int code = sqlite3_prepare_v2(
        db, "SELECT id, short, title, arxiv, url, short IN (SELECT paper FROM layers) FROM papers ORDER BY rowid", -1,
        &row, NULL);
    if (code == SQLITE_OK) {
        while (status == LAC_OK && (code = sqlite3_step(row)) == SQLITE_ROW) {
            status = add_paper(known, column(row, 0), column(row, 1), sqlite3_column_int(row, 5) != 0, false, err);
            if (status == LAC_OK)
                status =
                    put_all(known, known->n_papers - 1, column(row, 3), doi_in(column(row, 4)), column(row, 2), err);
        }
    }
    if (status == LAC_OK && code != SQLITE_DONE) status = lac_fail(err, "the atlas: %s", sqlite3_errmsg(db));
    sqlite3_finalize(row);
    return status;
}

lac_status lac_known_new(sqlite3 *db, lac_known **out, lac_error *err) {
    *out = NULL;
    lac_known *known = lac_zalloc(sizeof *known);
    if (!known) return no_memory(err);
    known->arena = lac_arena_new();
    const lac_status status = known->arena ? read_all(known, db, err) : no_memory(err);
    if (status == LAC_OK)
        *out = known;
    else
        lac_known_free(known);
    return status;
}

void lac_known_free(lac_known *known) {
    if (!known) return;
    lac_free(known->slots);
    lac_free(known->papers);
    lac_arena_free(known->arena);
    lac_free(known);
}

lac_status lac_known_find(const lac_known *known, const lac_bib_entry *entry, lac_known_match *match, lac_error *err) {
    *match = (lac_known_match){0};
    lac_text text = {0};
    const slot *found = find(known, ARXIV, entry->arxiv);
    match->by = "arXiv id";
    lac_status status = LAC_OK;
    if (!found) {
        status = plain_doi(entry->doi, &text, err);
        if (status == LAC_OK) found = find(known, DOI, text.data);
        match->by = "DOI";
    }
    if (!found && status == LAC_OK) {
        text.bytes = 0;
        status = plain_title(entry->title, &text, err);
        if (status == LAC_OK) found = find(known, TITLE, text.data);
        match->by = "title";
    }
    lac_text_free(&text);
    if (found) {
        const struct known_paper *paper = &known->papers[found->paper];
        match->id = paper->id;
        match->is_user = paper->is_user;
        match->is_fresh = paper->is_fresh;
    }
    return status;
}

lac_status lac_known_put(lac_known *known, const lac_bib_entry *entry, const char *id, const char *short_name,
                         lac_error *err) {
    LAC_TRY(add_paper(known, id, short_name, true, true, err));
    return put_all(known, known->n_papers - 1, entry->arxiv, entry->doi, entry->title, err);
}

bool lac_known_has_id(const lac_known *known, const char *id) {
    return find(known, ID, id) != NULL;
}

bool lac_known_has_short(const lac_known *known, const char *name) {
    return find(known, SHORT, name) != NULL;
}
