/* atlas/tables.h - the TSV files of a folder as cells in memory, and the faults found in them.
 *
 * UTF-8, tab-separated, header line first, no quoting. Not here: what the cells must say (check.h). */
#ifndef LAC_ATLAS_TABLES_H
#define LAC_ATLAS_TABLES_H

#include <stddef.h>

#include "atlas/schema.h"
#include "base/arena.h"
#include "base/error.h"

typedef struct lac_fault {
    int table;        /* index into lac_schema */
    int line, column; /* from 1; the column is that of the table, not of the text */
    const char *text; /* what was expected and found, safe to show */
} lac_fault;

enum { LAC_MOST_FAULTS = 1000 }; /* more are not looked for */

typedef struct lac_tsv_row {
    int line;
    const char **cells; /* n_columns of the schema; "" is "not known" */
} lac_tsv_row;

typedef struct lac_tsv {
    size_t n_rows;
    lac_tsv_row *rows;
} lac_tsv;

typedef struct lac_tables {
    lac_arena *arena;
    const char *folder;
    lac_tsv tsv[LAC_N_TABLES]; /* in the order of lac_schema */
    size_t n_faults;
    lac_fault *faults; /* LAC_MOST_FAULTS */
} lac_tables;

/* Read the nine files NAME.tsv of FOLDER. A line that is no row of its table becomes a fault and no row; LAC_FAILURE
 * only for files that cannot be read and for memory. */
lac_status lac_tables_read(const char *folder, lac_tables **tables, lac_error *err);
void lac_tables_free(lac_tables *tables); /* NULL is fine */

/* Add a fault; the text is cleaned. Past LAC_MOST_FAULTS it is dropped. */
lac_status lac_tables_fault(lac_tables *tables, int table, int line, int column, lac_error *err, const char *format,
                            ...) __attribute__((format(printf, 6, 7)));

/* Fill `err` with the first fault as "FOLDER/results.tsv:12:11: source: ..." and the number of the others; returns
 * LAC_FAILURE. There must be one. */
lac_status lac_tables_refuse(const lac_tables *tables, lac_error *err);
/* The same line for one fault: arena text. */
const char *lac_tables_fault_line(lac_tables *tables, const lac_fault *fault);

#endif
