/* atlas/layer_apply.c - the user's rows in the database, and one of them taken away again.
 *
 * An atlas must open after an upgrade that ships what the user had added: a shipped paper with a row's id is replaced
 * by it, and a row whose short name is now another paper's goes by its id. */
#include <stdbool.h>
#include <string.h>

#include "atlas/atlas.h"
#include "atlas/compile.h"
#include "atlas/layer.h"
#include "base/memory.h"
#include "base/text.h"

static const lac_table_schema *papers(void) {
    return &lac_schema[lac_schema_table("papers")];
}

static lac_status ask_text(sqlite3 *db, const char *sql, const char *value, char **found, lac_error *err) {
    sqlite3_stmt *ask = NULL;
    lac_status status = LAC_OK;
    *found = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &ask, NULL);
    if (code == SQLITE_OK) code = sqlite3_bind_text(ask, 1, value, -1, SQLITE_STATIC);
    if (code == SQLITE_OK) code = sqlite3_step(ask);
    if (code == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(ask, 0);
        *found = lac_copy_text(text ? text : "");
        if (!*found) status = lac_no_memory(err, "papers of your own");
    } else if (code != SQLITE_DONE) {
        status = lac_atlas_sqlite_error(db, code, err);
    }
    sqlite3_finalize(ask);
    return status;
}

static lac_status is_there(sqlite3 *db, const char *sql, const char *value, bool *answer, lac_error *err) {
    char *found;
    LAC_TRY(ask_text(db, sql, value, &found, err));
    *answer = found != NULL;
    lac_free(found);
    return LAC_OK;
}

typedef struct target { /* a layer on its way into a database */
    sqlite3 *db;
    sqlite3_stmt *insert, *mark;
    const char *path;
} target;

static lac_status prepare(target *t, lac_error *err) {
    const lac_table_schema *schema = papers();
    lac_text sql = {0};
    lac_text_add(&sql, "INSERT INTO papers VALUES(?");
    for (int c = 1; c < schema->n_columns; c++)
        lac_text_add(&sql, ",?");
    lac_text_add(&sql, ") ON CONFLICT(id) DO UPDATE SET ");
    for (int c = 2; c < schema->n_columns; c++)
        lac_text_add(&sql, "%s%s=excluded.%s", c > 2 ? "," : "", schema->columns[c].name, schema->columns[c].name);
    if (sql.failed) {
        lac_text_free(&sql);
        return lac_no_memory(err, "SQL");
    }
    int code = sqlite3_prepare_v2(t->db, sql.data, -1, &t->insert, NULL);
    lac_text_free(&sql);
    if (code == SQLITE_OK)
        code = sqlite3_prepare_v2(t->db, "INSERT INTO layers SELECT short, 'user' FROM papers WHERE id = ?1", -1,
                                  &t->mark, NULL);
    return code == SQLITE_OK ? LAC_OK : lac_atlas_sqlite_error(t->db, code, err);
}

static lac_status run(target *t, sqlite3_stmt *statement, lac_error *err) {
    if (sqlite3_step(statement) != SQLITE_DONE) return lac_atlas_sqlite_error(t->db, sqlite3_errcode(t->db), err);
    sqlite3_reset(statement);
    return LAC_OK;
}

/* What only the other tables can tell of a row. */
static lac_status check_row(const target *t, const lac_layer_row *row, lac_error *err) {
    const char *id = row->cells[0], *category = row->cells[lac_schema_column(papers(), "category")];
    bool is_twice, is_known = true;
    LAC_TRY(is_there(t->db, "SELECT 1 FROM papers JOIN layers ON paper = short WHERE id = ?1", id, &is_twice, err));
    if (is_twice) return lac_fail(err, "%s:%d:1: id: '%s' is there twice", t->path, row->line, id);
    if (*category)
        LAC_TRY(
            is_there(t->db,
                     "SELECT 1 FROM taxonomy WHERE level = 'category' AND name = ?1 UNION SELECT 1 FROM papers WHERE "
                     "category = ?1",
                     category, &is_known, err));
    if (!is_known)
        return lac_fail(err, "%s:%d:%d: category: '%.60s' is none of the taxonomy (lacuna atlas tree lists them)",
                        t->path, row->line, lac_schema_column(papers(), "category") + 1, category);
    return LAC_OK;
}

static lac_status bind_row(target *t, const lac_layer_row *row, const char *short_name, lac_error *err) {
    int code = SQLITE_OK;
    for (int c = 0; c < papers()->n_columns && code == SQLITE_OK; c++) {
        const char *text = c == 1 ? short_name : row->cells[c];
        code =
            *text ? sqlite3_bind_text(t->insert, c + 1, text, -1, SQLITE_STATIC) : sqlite3_bind_null(t->insert, c + 1);
    }
    if (code == SQLITE_OK) code = sqlite3_bind_text(t->mark, 1, row->cells[0], -1, SQLITE_STATIC);
    return code == SQLITE_OK ? LAC_OK : lac_atlas_sqlite_error(t->db, code, err);
}

static lac_status put_row(target *t, const lac_layer_row *row, lac_error *err) {
    const char *id = row->cells[0], *short_name = row->cells[1];
    char *owner;
    LAC_TRY(check_row(t, row, err));
    LAC_TRY(ask_text(t->db, "SELECT id FROM papers WHERE short = ?1", short_name, &owner, err));
    const bool is_taken = owner && strcmp(owner, id) != 0;
    lac_free(owner);
    if (is_taken) {
        short_name = id;
        bool is_hopeless;
        LAC_TRY(is_there(t->db, "SELECT 1 FROM papers WHERE short = ?1", id, &is_hopeless, err));
        if (is_hopeless)
            return lac_fail(err, "%s:%d:2: short: '%s' is another paper's", t->path, row->line, row->cells[1]);
    }
    LAC_TRY(bind_row(t, row, short_name, err));
    LAC_TRY(run(t, t->insert, err));
    return run(t, t->mark, err);
}

static lac_status put_layer(sqlite3 *db, const lac_layer *layer, const char *path, lac_error *err) {
    target t = {.db = db, .path = path};
    lac_status status = prepare(&t, err);
    if (status == LAC_OK) status = lac_atlas_run(db, "BEGIN", err);
    for (size_t i = 0; i < layer->n && status == LAC_OK; i++)
        status = put_row(&t, &layer->rows[i], err);
    sqlite3_finalize(t.insert);
    sqlite3_finalize(t.mark);
    LAC_TRY(status);
    LAC_TRY(lac_atlas_derive(db, err));
    return lac_atlas_run(db, "COMMIT", err);
}

lac_status lac_atlas_layer_apply(sqlite3 *db, lac_error *err) {
    char *path;
    lac_layer *layer = NULL;
    LAC_TRY(lac_layer_find(&path, err));
    if (!path) return LAC_OK;
    lac_status status = lac_layer_read(path, &layer, err);
    if (status == LAC_OK && layer->n) status = put_layer(db, layer, path, err);
    lac_layer_free(layer);
    lac_free(path);
    return status;
}

/* ---- removing ---- */

static lac_status not_yours(const char *paper, const lac_layer *layer, const char *path, lac_error *err) {
    sqlite3 *db;
    bool is_shipped;
    LAC_TRY(lac_atlas_open_shipped(&db, err));
    const lac_status status = is_there(db, "SELECT 1 FROM papers WHERE id = ?1 OR short = ?1", paper, &is_shipped, err);
    sqlite3_close(db);
    LAC_TRY(status);
    if (is_shipped)
        return lac_usage(err, "'%.100s' is a shipped paper; only papers of your own can be removed (%s)", paper, path);
    const char **ids = lac_array(layer->n + 1, sizeof *ids);
    if (!ids) return lac_no_memory(err, "ids");
    for (size_t i = 0; i < layer->n; i++)
        ids[i] = layer->rows[i].cells[0];
    const int nearest = lac_nearest_word(paper, ids, layer->n);
    if (nearest >= 0)
        lac_usage(err, "you have no paper '%.100s'; did you mean '%s'? (%s)", paper, ids[nearest], path);
    else
        lac_usage(err, "you have no paper '%.100s' (%s)", paper, path);
    lac_free(ids);
    return LAC_USAGE;
}

static lac_status take_out(lac_layer *layer, const char *paper, const char *path, char **id, char **title,
                           lac_error *err) {
    size_t at = 0;
    while (at < layer->n && strcmp(layer->rows[at].cells[0], paper) != 0)
        at++;
    for (size_t i = 0; i < layer->n && at == layer->n; i++)
        if (strcmp(layer->rows[i].cells[1], paper) == 0) at = i;
    if (at == layer->n) return not_yours(paper, layer, path, err);
    *id = lac_copy_text(layer->rows[at].cells[0]);
    *title = lac_copy_text(layer->rows[at].cells[2]);
    if (!*id || !*title) return lac_no_memory(err, "a paper");
    memmove(&layer->rows[at], &layer->rows[at + 1], (layer->n - at - 1) * sizeof *layer->rows);
    layer->n--;
    return lac_layer_write(layer, path, err);
}

lac_status lac_atlas_remove(const char *paper, char **id, char **title, lac_error *err) {
    char *path;
    lac_lock *lock = NULL;
    lac_layer *layer = NULL;
    *id = *title = NULL;
    LAC_TRY(lac_layer_path(&path, err));
    lac_status status = LAC_OK;
    if (lac_file_exists(path)) status = lac_layer_lock(path, &lock, err); /* nothing is made where there is nothing */
    if (status == LAC_OK) status = lac_layer_read(path, &layer, err);
    if (status == LAC_OK) status = take_out(layer, paper, path, id, title, err);
    lac_layer_free(layer);
    lac_lock_release(lock);
    lac_free(path);
    if (status == LAC_OK) return LAC_OK;
    lac_free(*id);
    lac_free(*title);
    *id = *title = NULL;
    return status;
}
