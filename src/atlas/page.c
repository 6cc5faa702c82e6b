/* atlas/page.c - the page from its parts: the frame compiled in, and the tables of the database as JSON between. The
 * dendrogram is page_dendrogram.c, measured results are page_measured.c. */
#include <math.h>
#include <string.h>

#include "atlas/clean.h"
#include "atlas/page_private.h"
#include "base/file.h"
#include "base/memory.h"

void lac_page_put_text(lac_text *out, const char *text) {
    lac_text_put(out, "\"", 1);
    for (;;) {
        char letter[5];
        const char *before = text;
        lac_clean_next(&text, letter);
        if (text == before) break;
        if (letter[0] == '"' || letter[0] == '\\')
            lac_text_add(out, "\\%c", letter[0]);
        else if (letter[0] == '<' || letter[0] == '>' || letter[0] == '&') /* no "</script", no "<!--", no "]]>" */
            lac_text_add(out, "\\u%04x", (unsigned)letter[0]);
        else
            lac_text_put(out, letter, strlen(letter));
    }
    lac_text_put(out, "\"", 1);
}

void lac_page_put_number(lac_text *out, double value) {
    if (isfinite(value))
        lac_text_add(out, "%.10g", value);
    else
        lac_text_add(out, "null");
}

static void put_cell(lac_text *out, sqlite3_stmt *row, int column) {
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
        lac_text_add(out, "%lld", (long long)sqlite3_column_int64(row, column));
        break;
    case SQLITE_FLOAT:
        lac_page_put_number(out, sqlite3_column_double(row, column));
        break;
    case SQLITE_NULL:
        lac_text_add(out, "null");
        break;
    default: {
        const char *text = (const char *)sqlite3_column_text(row, column);
        lac_page_put_text(out, text ? text : "");
    }
    }
}

static lac_status put_table(lac_text *out, sqlite3 *db, const char *name, const char *order, lac_error *err) {
    char *sql = lac_format("SELECT * FROM \"%s\" ORDER BY %s", name, order);
    if (!sql) return lac_no_memory(err, "a query");
    sqlite3_stmt *row = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &row, NULL);
    lac_free(sql);
    if (code == SQLITE_OK) {
        lac_page_put_text(out, name);
        lac_text_add(out, ":{\"columns\":[");
        int n = sqlite3_column_count(row);
        for (int c = 0; c < n; c++) {
            if (c) lac_text_put(out, ",", 1);
            lac_page_put_text(out, sqlite3_column_name(row, c));
        }
        lac_text_add(out, "],\"rows\":[");
        bool is_first = true;
        while ((code = sqlite3_step(row)) == SQLITE_ROW) {
            lac_text_add(out, is_first ? "[" : ",\n[");
            is_first = false;
            for (int c = 0; c < n; c++) {
                if (c) lac_text_put(out, ",", 1);
                put_cell(out, row, c);
            }
            lac_text_put(out, "]", 1);
        }
        lac_text_add(out, "]}");
    }
    sqlite3_finalize(row);
    if (code != SQLITE_DONE) return lac_fail(err, "the atlas: table %s: %s", name, sqlite3_errmsg(db));
    return LAC_OK;
}

lac_status lac_page_data(sqlite3 *db, const char *measured, lac_pool *pool, lac_text *out, lac_error *err) {
    static const struct {
        const char *name, *order;
    } tables[] = {
        {"papers", "rowid"},          {"taxonomy", "rowid"}, {"results", "rowid"},
        {"datasets", "rowid"},        {"forms", "rowid"},    {"gaps", "rowid"},
        {"timeline", "rowid"},        {"clusters", "rowid"}, {"methods_outside", "rowid"},
        {"recipes", "recipe, arxiv"}, {"layers", "paper"},
    };
    lac_text_add(out, "{\"format\":1,\"generator\":\"Lacuna " LACUNA_VERSION "\",\"tables\":{");
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        if (i) lac_text_add(out, ",\n");
        LAC_TRY(put_table(out, db, tables[i].name, tables[i].order, err));
    }
    lac_text_add(out, "},\n");
    LAC_TRY(lac_page_put_dendrogram(out, db, pool, err));
    if (measured) {
        lac_text_add(out, ",\n");
        LAC_TRY(lac_page_put_measured(out, measured, err));
    }
    lac_text_add(out, "}");
    return out->failed ? lac_no_memory(err, "the page") : LAC_OK;
}

lac_status lac_page_make(sqlite3 *db, const char *measured, lac_pool *pool, lac_text *out, lac_error *err) {
    lac_text_put(out, lac_page_before, (size_t)lac_page_before_bytes);
    LAC_TRY(lac_page_data(db, measured, pool, out, err));
    lac_text_put(out, lac_page_after, (size_t)lac_page_after_bytes);
    return out->failed ? lac_no_memory(err, "the page") : LAC_OK;
}

/* Whether the file begins as the pages do that this program writes. */
static lac_status check_ours(const char *path, lac_error *err) {
    static const char sign[] = "<meta name=\"generator\" content=\"lacuna atlas page\">";
    lac_map map;
    bool is_ours = false;
    if (lac_map_open(path, &map, NULL) == LAC_OK) {
        is_ours = memmem(map.data, map.bytes < 4096 ? map.bytes : 4096, sign, sizeof sign - 1) != NULL;
        lac_map_close(&map);
    }
    if (!is_ours)
        return lac_usage(err, "%s: expected nothing or an earlier page of the atlas, found another file", path);
    return LAC_OK;
}

lac_status lac_page_write(sqlite3 *db, const char *measured, lac_pool *pool, const char *folder, char **path,
                          size_t *bytes, lac_error *err) {
    size_t length = strlen(folder);
    *path = lac_format("%s%sindex.html", folder, length > 0 && folder[length - 1] == '/' ? "" : "/");
    if (!*path) return lac_no_memory(err, "a path");
    lac_text page = {0};
    lac_status status = lac_file_exists(*path) ? check_ours(*path, err) : LAC_OK;
    if (status == LAC_OK) status = lac_page_make(db, measured, pool, &page, err);
    if (status == LAC_OK) status = lac_folder_make(folder, err);
    if (status == LAC_OK) status = lac_file_write(*path, page.data, page.bytes, err);
    *bytes = page.bytes;
    lac_text_free(&page);
    if (status != LAC_OK) {
        lac_free(*path);
        *path = NULL;
    }
    return status;
}
