/* atlas/layer.h - the user's own papers: one TSV file in their data folder, laid over the shipped tables.
 *
 * $XDG_DATA_HOME/lacuna/atlas/papers.tsv (~/.local/share where XDG_DATA_HOME is unset, empty or no absolute path), with
 * the columns of atlas/papers.tsv and their words (schema.h). Only id, short and title must be there; the rest may be
 * not known. `basis` is LAC_LAYER_BASIS, or LAC_LAYER_GUESSED where facets are guesses that nobody looked at. A row
 * with the id of a shipped paper replaces that paper's row, except its short name, which other tables refer to. */
#ifndef LAC_ATLAS_LAYER_H
#define LAC_ATLAS_LAYER_H

#include <sqlite3.h>
#include <stddef.h>

#include "atlas/schema.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"

#define LAC_LAYER_BASIS "user"
#define LAC_LAYER_GUESSED "user, facets suggested"

enum { LAC_LAYER_MOST_BYTES = 16 << 20 };

typedef struct lac_layer_row {
    int line;                            /* of the file; 0: not from it */
    const char *cells[LAC_MOST_COLUMNS]; /* as the schema of papers has them; "" is "not known" */
} lac_layer_row;

typedef struct lac_layer {
    lac_arena *arena;
    size_t n, room;
    lac_layer_row *rows;
} lac_layer;

/* Where the layer is or would be: lac_alloc'ed. LAC_FAILURE where neither XDG_DATA_HOME nor HOME says. */
lac_status lac_layer_path(char **path, lac_error *err);
/* The same if there is such a file, else NULL (also where no variable says): for those who only read. */
lac_status lac_layer_find(char **path, lac_error *err);

/* Text of such a file. `name` is for errors: "NAME:LINE:COLUMN: masking: unknown word ...", LAC_FAILURE. Categories and
 * keys given twice are looked at by lac_atlas_layer_apply, as that needs the other tables. `data` is not kept. */
lac_status lac_layer_parse(const char *name, const char *data, size_t bytes, lac_layer **layer, lac_error *err);
/* The file at `path`; an empty layer where there is none. */
lac_status lac_layer_read(const char *path, lac_layer **layer, lac_error *err);
void lac_layer_free(lac_layer *layer); /* NULL is fine */
/* Cells are copied. */
lac_status lac_layer_append(lac_layer *layer, const char *const *cells, lac_error *err);
/* Replaces the file as a whole; a layer without rows removes it. */
lac_status lac_layer_write(const lac_layer *layer, const char *path, lac_error *err);

/* Makes the folder and takes the lock that keeps a second writer out: LAC_FAILURE "in use". */
lac_status lac_layer_lock(const char *path, lac_lock **lock, lac_error *err);

/* Put the user's rows into a connection that can be written, mark them in the table layers, and derive what hangs on
 * papers. Nothing happens where there is no layer. */
lac_status lac_atlas_layer_apply(sqlite3 *db, lac_error *err);

/* Take the row whose id or short name is `paper` out of the file; its id and title are lac_alloc'ed. LAC_USAGE where
 * the user has no such paper, LAC_FAILURE for the file. */
lac_status lac_atlas_remove(const char *paper, char **id, char **title, lac_error *err);

/* Is `text` a value of the papers' column? LAC_USAGE "COLUMN: what was expected and found" if not; a category only has
 * to be text. Empty is fine but for id, short and title. */
lac_status lac_layer_check(const lac_column *column, const char *text, lac_error *err);

#endif
