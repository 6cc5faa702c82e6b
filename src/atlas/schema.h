/* atlas/schema.h - what the tables of the folder atlas/ may hold: one table of tables.
 *
 * The checker (check.h), the SQL tables (compile.h) and whoever adds rows of their own read this and nothing else, so a
 * new facet word is one word in schema.c. The meaning of the columns is in atlas/README.md. */
#ifndef LAC_ATLAS_SCHEMA_H
#define LAC_ATLAS_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

typedef enum lac_cell_type {
    LAC_CELL_TEXT,
    LAC_CELL_NAME,   /* a key in lower case: letters, digits, '+', '-' */
    LAC_CELL_WORD,   /* one of `words` */
    LAC_CELL_WHOLE,  /* a whole number of at least 1 */
    LAC_CELL_NUMBER, /* a decimal number above 0 */
    LAC_CELL_YEAR,   /* 1950 to 2100 */
    LAC_CELL_DATE,   /* a year, year-month or year-month-day of the calendar */
    LAC_CELL_URL,    /* http or https, no space */
    LAC_CELL_ARXIV,  /* 2111.06377 */
    LAC_CELL_SECTION /* sections of the survey: "3.1; 3.12 (Fig. 12)" */
} lac_cell_type;

enum {
    LAC_COLUMN_NEEDED = 1, /* may not be empty */
    LAC_COLUMN_UNIQUE = 2, /* no two rows alike */
    LAC_COLUMN_LIST = 4,   /* values between ';', each of them of the type, none twice */
    LAC_COLUMN_DASH = 8,   /* "-" is allowed: there is none, which is not "not known" */
    LAC_COLUMN_STATUS = 16 /* says what the row rests on */
};

typedef struct lac_column {
    const char *name;
    lac_cell_type type;
    unsigned flags;
    const char *const *words; /* ended by NULL */
    /* "TABLE.COLUMN": where a value must occur; several with spaces between; "@LEVEL" restricts to taxonomy rows of it
     */
    const char *refers;
} lac_column;

enum { LAC_MOST_COLUMNS = 18 };

typedef struct lac_table_schema {
    const char *file; /* "methods-outside": atlas/methods-outside.tsv */
    const char *sql;  /* "methods_outside" */
    int n_columns;
    lac_column columns[LAC_MOST_COLUMNS];
} lac_table_schema;

enum { LAC_N_TABLES = 9 };
extern const lac_table_schema lac_schema[LAC_N_TABLES]; /* in the order of atlas/README.md */

/* Index into lac_schema by file or SQL name, -1 if there is none; of a column by name likewise. */
int lac_schema_table(const char *name);
int lac_schema_column(const lac_table_schema *table, const char *name);
bool lac_schema_has_word(const lac_column *column, const char *word, size_t length);
int lac_schema_words(const lac_column *column); /* how many words it allows */

/* Papers of the survey's repository (commit 0051fe2), and with those that only its text names. */
enum { LAC_REPOSITORY_PAPERS = 180, LAC_ATLAS_PAPERS = 194, LAC_REPOSITORY_CATEGORIES = 20 };
/* How papers.category marks the latter: this, a section, a space, a heading. */
#define LAC_BODY_ONLY "(body only) "

#endif
