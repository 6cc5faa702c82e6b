/* atlas/open.c - the embedded image as a database connection. The image is used where it lies, unless a user's papers
 * are added: then a copy of it is. */
#include "atlas/atlas.h"

#include <stdint.h>
#include <string.h>

#include "atlas/guard.h"
#include "atlas/image.h"
#include "atlas/layer.h"
#include "base/memory.h"

static lac_status open_image(sqlite3 **out, bool is_copy, lac_error *err) {
    *out = NULL;
    sqlite3 *db = NULL;
    sqlite3_int64 bytes = (sqlite3_int64)lac_atlas_image_bytes;
    int code = sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, NULL);
    unsigned char *data = (unsigned char *)(uintptr_t)lac_atlas_image; /* read-only: sqlite does not write to it */
    unsigned flags = SQLITE_DESERIALIZE_READONLY;
    if (code == SQLITE_OK && is_copy) {
        flags = SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE;
        data = sqlite3_malloc64((sqlite3_uint64)bytes);
        if (data) memcpy(data, lac_atlas_image, (size_t)bytes);
        if (!data) code = SQLITE_NOMEM;
    }
    if (code == SQLITE_OK) code = sqlite3_deserialize(db, "main", data, bytes, bytes, flags);
    if (code == SQLITE_OK) {
        *out = db;
        return LAC_OK;
    }
    lac_status status = db ? lac_atlas_sqlite_error(db, code, err) : lac_no_memory(err, "the atlas");
    sqlite3_close(db);
    return status;
}

/* FTS5 declares its table when it is first used, which the authorizer would take for a change of the schema: used once
 * before there is one. */
static lac_status close_up(sqlite3 *db, lac_error *err) {
    int code = sqlite3_exec(db, "SELECT rowid FROM papers_search LIMIT 0", NULL, NULL, NULL);
    if (code != SQLITE_OK) return lac_atlas_sqlite_error(db, code, err);
    return lac_atlas_guard(db, err);
}

lac_status lac_atlas_open_shipped(sqlite3 **db, lac_error *err) {
    LAC_TRY(open_image(db, false, err));
    lac_status status = close_up(*db, err);
    if (status == LAC_OK) return LAC_OK;
    sqlite3_close(*db);
    *db = NULL;
    return status;
}

lac_status lac_atlas_open(sqlite3 **db, lac_error *err) {
    char *layer;
    *db = NULL;
    LAC_TRY(lac_layer_find(&layer, err));
    if (!layer) return lac_atlas_open_shipped(db, err);
    lac_free(layer);
    LAC_TRY(open_image(db, true, err));
    lac_status status = lac_atlas_layer_apply(*db, err);
    if (status == LAC_OK) status = close_up(*db, err);
    if (status == LAC_OK) return LAC_OK;
    sqlite3_close(*db);
    *db = NULL;
    return status;
}
