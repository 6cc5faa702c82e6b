/* cli/atlas.h - the verbs of `lacuna atlas`, one lac_command each, and how they print what src/atlas answers. */
#ifndef LAC_CLI_ATLAS_H
#define LAC_CLI_ATLAS_H

#include <sqlite3.h>

#include "atlas/answer.h"
#include "cli/cli.h"

/* Each in its file atlas_VERB.c; the four that print a whole table are in atlas_tables.c. */
extern const lac_command lac_atlas_command_search, lac_atlas_command_show, lac_atlas_command_list,
    lac_atlas_command_tree, lac_atlas_command_results, lac_atlas_command_forms, lac_atlas_command_datasets,
    lac_atlas_command_gaps, lac_atlas_command_timeline, lac_atlas_command_sql, lac_atlas_command_export,
    lac_atlas_command_check, lac_atlas_command_page;

/* Papers of one's own. */
extern const lac_command lac_atlas_command_add, lac_atlas_command_remove, lac_atlas_command_suggest;

/* Texts and trees. */
extern const lac_command lac_atlas_command_cluster;

/* The option that every verb with rows has. */
#define LAC_ATLAS_CSV                                                                                                  \
    { "csv", NULL, "print the rows as CSV with a header line" }

/* How the rows are wanted; LAC_USAGE for --json together with --csv. Commands with LAC_ATLAS_CSV only. */
typedef enum lac_atlas_form { LAC_ATLAS_TABLE, LAC_ATLAS_JSON, LAC_ATLAS_AS_CSV } lac_atlas_form;
lac_status lac_atlas_form_of(const lac_args *args, lac_atlas_form *form, lac_error *err);

/* Open the atlas, ask, print in the form that is wanted. `show` prints for people; NULL: the table. */
typedef lac_status (*lac_atlas_ask)(const lac_args *args, sqlite3 *db, lac_answer **answer, lac_error *err);
typedef void (*lac_atlas_show)(const lac_args *args, const lac_answer *answer);
lac_status lac_atlas_answer(const lac_args *args, lac_atlas_ask ask, lac_atlas_show show, lac_error *err);

/* The table with a line below it where figures are unchecked, where there are no rows, or where columns did not fit. */
void lac_atlas_put_table(const lac_args *args, const lac_answer *answer);
/* "[3] https://..." for the sources of a table of results. */
void lac_atlas_put_sources(const lac_answer *answer);
/* Print text that is for programs. */
lac_status lac_atlas_put_text(lac_text *text, lac_error *err);
/* The positional words joined by spaces, from word `from` on: lac_alloc'ed. */
lac_status lac_atlas_words(const lac_args *args, int from, char **words, lac_error *err);

#endif
