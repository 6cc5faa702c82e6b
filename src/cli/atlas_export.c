/* cli/atlas_export.c - `lacuna atlas export`: the tables as files for other programs. */
#include <stdio.h>
#include <string.h>

#include "atlas/atlas.h"
#include "atlas/export.h"
#include "base/file.h"
#include "cli/atlas.h"

static lac_status write_out(const char *path, lac_text *text, lac_error *err) {
    if (!path) return lac_atlas_put_text(text, err);
    lac_status status = lac_file_write(path, text->data, text->bytes, err);
    lac_text_free(text);
    return status;
}

static lac_status export_it(sqlite3 *db, const char *format, const char *table, const char *out, lac_error *err) {
    lac_text text = {0};
    lac_status status;
    if (strcmp(format, "sqlite") == 0) return lac_export_sqlite(db, out, err);
    if (strcmp(format, "csv") == 0 && !table) return lac_export_csv_folder(db, out, err);
    if (strcmp(format, "csv") == 0)
        status = lac_export_csv(db, table, &text, err);
    else if (strcmp(format, "json") == 0)
        status = lac_export_json(db, table, &text, err);
    else
        status = lac_export_bibtex(db, &text, err);
    if (status == LAC_OK) return write_out(out, &text, err);
    lac_text_free(&text);
    return status;
}

static lac_status run(const lac_args *args, lac_error *err) {
    static const char *const formats[] = {"csv", "json", "bibtex", "sqlite"};
    const char *format = lac_args_text(args, "format"), *table = lac_args_text(args, "table");
    const char *out = lac_args_text(args, "out");
    if (!format) format = lac_args_json(args) ? "json" : NULL;
    bool is_known = false;
    for (int i = 0; i < 4; i++)
        is_known |= format && strcmp(format, formats[i]) == 0;
    if (!is_known)
        return lac_usage(err, "--format: expected csv, json, bibtex or sqlite, found %s%s%s", format ? "'" : "",
                         format ? format : "nothing", format ? "'" : "");
    bool is_rows = strcmp(format, "csv") == 0 || strcmp(format, "json") == 0;
    if (table && !is_rows) return lac_usage(err, "--table: only for csv and json; %s holds all", format);
    if (!out && strcmp(format, "sqlite") == 0) return lac_usage(err, "--format sqlite needs --out FILE");
    if (!out && !table && strcmp(format, "csv") == 0)
        return lac_usage(err, "--format csv needs --out FOLDER for all tables, or --table NAME for one");
    sqlite3 *db;
    LAC_TRY(lac_atlas_open(&db, err));
    lac_status status = export_it(db, format, table, out, err);
    sqlite3_close(db);
    return status;
}

static const lac_option options[] = {
    {"format", "FORMAT", "csv, json, bibtex or sqlite"},
    {"table", "NAME", "one table only: papers, taxonomy, results, ... (csv and json)"},
    {"out", "PATH", "file to write, or folder for all tables as csv; default: standard output"},
    {0},
};

const lac_command lac_atlas_command_export = {
    .name = "atlas export",
    .usage = "--format csv|json|bibtex|sqlite [--table NAME] [--out PATH]",
    .summary = "the tables as CSV, JSON, BibTeX or an SQLite file",
    .details =
        "csv without --table writes FOLDER/TABLE.csv for each table. json without --table is one object of all. bibtex "
        "has an entry for each paper; the tables hold no authors. sqlite is the database itself, with its full-text "
        "index. Your own papers (lacuna atlas add) are included. --json alone means --format json.",
    .examples = "lacuna atlas export --format csv --table results > results.csv\n"
                "lacuna atlas export --format csv --out atlas-csv\nlacuna atlas export --format bibtex --out mim.bib\n"
                "lacuna atlas export --format sqlite --out atlas.sqlite",
    .options = options,
    .run = run,
};
