/* atlas/compile.c - SQL tables from the schema, rows from the cells, and what is derived from them. */
#include "atlas/compile.h"

#include <ctype.h>
#include <string.h>

#include "atlas/atlas.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

lac_status lac_atlas_run(sqlite3 *db, const char *sql, lac_error *err) {
    int code = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? LAC_OK : lac_atlas_sqlite_error(db, code, err);
}

static const char *sql_type(lac_cell_type type) {
    if (type == LAC_CELL_WHOLE || type == LAC_CELL_YEAR) return "INTEGER";
    return type == LAC_CELL_NUMBER ? "REAL" : "TEXT";
}

/* Keys are text, so rowid keeps the order of the file. */
static lac_status create_table(sqlite3 *db, const lac_table_schema *schema, lac_error *err) {
    lac_text sql = {0};
    lac_text_add(&sql, "CREATE TABLE %s(", schema->sql);
    for (int c = 0; c < schema->n_columns; c++) {
        const lac_column *column = &schema->columns[c];
        bool is_key = c == 0 && (column->flags & LAC_COLUMN_UNIQUE);
        bool is_short = strcmp(column->name, "short") == 0 && c > 0;
        lac_text_add(&sql, "%s\"%s\" %s%s%s", c ? ", " : "", column->name, sql_type(column->type),
                     is_key ? " PRIMARY KEY" : "", is_key || is_short ? " NOT NULL" : "");
        if (is_short) lac_text_add(&sql, " UNIQUE"); /* what results and timeline refer to */
    }
    lac_text_add(&sql, ")");
    lac_status status = sql.failed ? lac_no_memory(err, "SQL") : lac_atlas_run(db, sql.data, err);
    lac_text_free(&sql);
    return status;
}

static lac_status fill_table(sqlite3 *db, const lac_table_schema *schema, const lac_tsv *tsv, lac_error *err) {
    lac_text sql = {0};
    lac_text_add(&sql, "INSERT INTO %s VALUES(?", schema->sql);
    for (int c = 1; c < schema->n_columns; c++)
        lac_text_add(&sql, ",?");
    lac_text_add(&sql, ")");
    if (sql.failed) return lac_no_memory(err, "SQL");
    sqlite3_stmt *insert;
    int code = sqlite3_prepare_v2(db, sql.data, -1, &insert, NULL);
    lac_text_free(&sql);
    for (size_t r = 0; r < tsv->n_rows && code == SQLITE_OK; r++) {
        for (int c = 0; c < schema->n_columns && code == SQLITE_OK; c++) {
            const char *text = tsv->rows[r].cells[c];
            code = *text ? sqlite3_bind_text(insert, c + 1, text, -1, SQLITE_STATIC) : sqlite3_bind_null(insert, c + 1);
        }
        if (code == SQLITE_OK && sqlite3_step(insert) != SQLITE_DONE) code = sqlite3_errcode(db);
        if (code == SQLITE_OK) code = sqlite3_reset(insert);
    }
    lac_status status = code == SQLITE_OK ? LAC_OK : lac_atlas_sqlite_error(db, code, err);
    sqlite3_finalize(insert);
    return status;
}

/* The first arXiv id after `at`, as "arXiv 2111.06377" or "arXiv:2111.06377"; moves *at past it. */
static bool next_arxiv(const char **at, char id[16]) {
    while ((*at = strstr(*at, "arXiv"))) {
        *at += strlen("arXiv");
        const char *v = *at + strspn(*at, " :");
        size_t whole = strspn(v, "0123456789"), part = whole == 4 && v[4] == '.' ? strspn(v + 5, "0123456789") : 0;
        if (part != 4 && part != 5) continue;
        memcpy(id, v, 5 + part);
        id[5 + part] = 0;
        *at = v + 5 + part;
        return true;
    }
    return false;
}

/* The papers that a recipe follows are named in the comment at its head; later comments speak of single keys. */
static lac_status add_recipe(sqlite3 *db, const char *name, char *text, lac_error *err) {
    size_t head = 0;
    while (text[head] == '#')
        head += strcspn(text + head, "\n") + (text[head + strcspn(text + head, "\n")] == '\n');
    text[head] = 0;
    char id[16];
    for (const char *at = text; next_arxiv(&at, id);) {
        char *sql = sqlite3_mprintf("INSERT OR IGNORE INTO recipes VALUES(%Q, %Q)", name, id);
        if (!sql) return lac_no_memory(err, "SQL");
        lac_status status = lac_atlas_run(db, sql, err);
        sqlite3_free(sql);
        LAC_TRY(status);
    }
    return LAC_OK;
}

static lac_status add_recipes(sqlite3 *db, const char *folder, lac_error *err) {
    char **names;
    size_t n;
    LAC_TRY(lac_folder_list(folder, &names, &n, err));
    lac_status status = LAC_OK;
    for (size_t i = 0; i < n && status == LAC_OK; i++) {
        size_t length = strlen(names[i]);
        if (length < 6 || strcmp(names[i] + length - 5, ".yaml") != 0) continue;
        char *path = lac_format("%s/%s", folder, names[i]), *data = NULL;
        size_t bytes;
        status = path ? lac_file_read(path, 1 << 20, &data, &bytes, err) : lac_no_memory(err, "a path");
        names[i][length - 5] = 0;
        if (status == LAC_OK) status = add_recipe(db, names[i], data, err);
        lac_free(data);
        lac_free(path);
    }
    lac_names_free(names, n);
    return status;
}

static const char extra[] =
    "CREATE TABLE facets(paper TEXT NOT NULL, facet TEXT NOT NULL, word TEXT NOT NULL,"
    " PRIMARY KEY(paper, facet, word)) WITHOUT ROWID;"
    "CREATE INDEX facets_word ON facets(facet, word, paper);"
    "CREATE TABLE recipes(recipe TEXT NOT NULL, arxiv TEXT NOT NULL, PRIMARY KEY(recipe, arxiv)) WITHOUT ROWID;"
    "CREATE TABLE layers(paper TEXT PRIMARY KEY NOT NULL, layer TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX results_paper ON results(paper);"
    "CREATE VIEW papers_text AS SELECT rowid AS id, title, short, summary, replace("
    "coalesce(category, '') || ' ' || coalesce(family, '') || ' ' || coalesce(modality, '') || ' ' || "
    "coalesce(masking, '') || ' ' || coalesce(target, '') || ' ' || coalesce(objective, '') || ' ' || "
    "coalesce(architecture, '') || ' ' || coalesce(tasks, ''), ';', ' ') AS facets FROM papers;"
    "CREATE VIRTUAL TABLE papers_search USING fts5(title, short, summary, facets, content='papers_text',"
    " content_rowid='id', tokenize='porter unicode61 remove_diacritics 2');";

/* Facets of the papers in `which`. A paper's dims are those of its category; one named in the survey's text only has
 * the category of its section. */
#define DERIVE(which)                                                                                                  \
    "INSERT OR IGNORE INTO facets WITH RECURSIVE"                                                                      \
    " chosen AS (SELECT * FROM papers WHERE " which "),"                                                               \
    " place(short, category, section) AS (SELECT short, category, CASE WHEN category LIKE '" LAC_BODY_ONLY "%'"        \
    "  THEN substr(category, 13, instr(substr(category, 13), ' ') - 1) END FROM chosen),"                              \
    " lists(paper, facet, list) AS ("                                                                                  \
    "  SELECT short, 'dim', (SELECT dims FROM taxonomy AS t WHERE t.level = 'category' AND"                            \
    "   (t.name = place.category OR t.survey_section = place.section) LIMIT 1) FROM place"                             \
    "  UNION ALL SELECT short, 'family', family FROM chosen UNION ALL SELECT short, 'modality', modality FROM chosen"  \
    "  UNION ALL SELECT short, 'masking', masking FROM chosen UNION ALL SELECT short, 'target', target FROM chosen"    \
    "  UNION ALL SELECT short, 'objective', objective FROM chosen"                                                     \
    "  UNION ALL SELECT short, 'architecture', architecture FROM chosen"                                               \
    "  UNION ALL SELECT short, 'tasks', tasks FROM chosen),"                                                           \
    " split(paper, facet, word, rest) AS (SELECT paper, facet, '', list || ';' FROM lists WHERE list IS NOT NULL"      \
    "  UNION ALL SELECT paper, facet, trim(substr(rest, 1, instr(rest, ';') - 1)), substr(rest, instr(rest, ';') + 1)" \
    "  FROM split WHERE rest <> '')"                                                                                   \
    " SELECT paper, facet, word FROM split WHERE word NOT IN ('', '-');"

static const char derive_all[] = DERIVE("1") "INSERT INTO papers_search(papers_search) VALUES('rebuild');"
                                             "INSERT INTO papers_search(papers_search) VALUES('optimize');";

/* The index follows papers; building it anew would take longer than all else that a search does. FTS5 needs the old
 * text to forget it, hence before. */
static const char triggers[] =
    "CREATE TRIGGER papers_added AFTER INSERT ON papers BEGIN"
    " INSERT INTO papers_search(rowid, title, short, summary, facets)"
    " SELECT id, title, short, summary, facets FROM papers_text WHERE id = new.rowid; END;"
    "CREATE TRIGGER papers_changing BEFORE UPDATE ON papers BEGIN"
    " INSERT INTO papers_search(papers_search, rowid, title, short, summary, facets)"
    " SELECT 'delete', id, title, short, summary, facets FROM papers_text WHERE id = old.rowid; END;"
    "CREATE TRIGGER papers_changed AFTER UPDATE ON papers BEGIN"
    " INSERT INTO papers_search(rowid, title, short, summary, facets)"
    " SELECT id, title, short, summary, facets FROM papers_text WHERE id = new.rowid; END;"
    "CREATE TRIGGER papers_going BEFORE DELETE ON papers BEGIN"
    " INSERT INTO papers_search(papers_search, rowid, title, short, summary, facets)"
    " SELECT 'delete', id, title, short, summary, facets FROM papers_text WHERE id = old.rowid; END;";

lac_status lac_atlas_derive(sqlite3 *db, lac_error *err) {
    return lac_atlas_run(
        db,
        "DELETE FROM facets WHERE paper IN (SELECT paper FROM layers);" DERIVE("short IN (SELECT paper FROM layers)"),
        err);
}

lac_status lac_atlas_compile(const lac_tables *tables, const char *recipes, sqlite3 *db, lac_error *err) {
    LAC_TRY(lac_atlas_run(db, "PRAGMA page_size = 4096; PRAGMA user_version = 1; BEGIN", err));
    for (int table = 0; table < LAC_N_TABLES; table++) {
        LAC_TRY(create_table(db, &lac_schema[table], err));
        LAC_TRY(fill_table(db, &lac_schema[table], &tables->tsv[table], err));
    }
    LAC_TRY(lac_atlas_run(db, extra, err));
    LAC_TRY(add_recipes(db, recipes, err));
    LAC_TRY(lac_atlas_run(db, derive_all, err));
    LAC_TRY(lac_atlas_run(db, triggers, err));
    return lac_atlas_run(db, "COMMIT; VACUUM", err);
}
