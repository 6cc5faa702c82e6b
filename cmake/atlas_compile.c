/* cmake/atlas_compile.c - checks the tables of atlas/ and compiles them into one SQLite file, while Lacuna is built.
 *
 *   atlas_compile TABLES                   check only
 *   atlas_compile TABLES RECIPES OUTPUT    check, then write OUTPUT
 *
 * Every fault is a line "FILE:LINE:COLUMN: field: what is wrong" on stderr, and makes the status 1: the build stops. */
#include <stdio.h>

#include "atlas/check.h"
#include "atlas/compile.h"
#include "base/file.h"

static lac_status check(const char *folder, lac_tables **tables, lac_error *err) {
    LAC_TRY(lac_tables_read(folder, tables, err));
    LAC_TRY(lac_tables_check(*tables, err));
    if ((*tables)->n_faults == 0) return LAC_OK;
    for (size_t i = 0; i < (*tables)->n_faults; i++) {
        const char *line = lac_tables_fault_line(*tables, &(*tables)->faults[i]);
        if (!line) return lac_no_memory(err, "faults");
        fprintf(stderr, "%s\n", line);
    }
    return lac_fail(err, "%s: %zu faults in the tables", folder, (*tables)->n_faults);
}

static lac_status compile(const lac_tables *tables, const char *recipes, const char *output, lac_error *err) {
    sqlite3 *db;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK) return lac_no_memory(err, "a database");
    lac_status status = lac_atlas_compile(tables, recipes, db, err);
    if (status == LAC_OK) {
        sqlite3_int64 bytes;
        unsigned char *image = sqlite3_serialize(db, "main", &bytes, 0);
        status = image ? lac_file_write(output, image, (size_t)bytes, err) : lac_no_memory(err, "the atlas");
        sqlite3_free(image);
    }
    sqlite3_close(db);
    return status;
}

int main(int argc, char **argv) {
    if (argc != 2 && argc != 4) {
        fprintf(stderr, "usage: atlas_compile TABLES [RECIPES OUTPUT]\n");
        return LAC_USAGE;
    }
    lac_error err = {0};
    lac_tables *tables = NULL;
    lac_status status = check(argv[1], &tables, &err);
    if (status == LAC_OK && argc == 4) status = compile(tables, argv[2], argv[3], &err);
    lac_tables_free(tables);
    if (status != LAC_OK) fprintf(stderr, "atlas_compile: %s\n", err.text);
    return (int)status;
}
