/* cli/atlas_check.c - `lacuna atlas check FOLDER`: are the tables of a folder good? For those who correct them. */
#include <stdio.h>

#include "atlas/check.h"
#include "cli/atlas.h"
#include "cli/fit.h"

static const lac_answer_column columns[] = {
    {"file", LAC_FOR_PROGRAMS}, {"line", LAC_FOR_PROGRAMS}, {"column", LAC_FOR_PROGRAMS}, {"fault", LAC_FOR_PROGRAMS}};

static lac_status add(lac_answer *answer, const lac_fault *fault, lac_error *err) {
    char line[16], column[16];
    snprintf(line, sizeof line, "%d", fault->line);
    snprintf(column, sizeof column, "%d", fault->column);
    const lac_value values[] = {{LAC_VALUE_TEXT, lac_schema[fault->table].file},
                                {LAC_VALUE_NUMBER, line},
                                {LAC_VALUE_NUMBER, column},
                                {LAC_VALUE_TEXT, fault->text}};
    return lac_answer_add(answer, values, err);
}

static lac_status put_json(const lac_tables *tables, lac_error *err) {
    lac_answer *answer;
    LAC_TRY(lac_answer_new(columns, 4, &answer, err));
    lac_status status = LAC_OK;
    for (size_t i = 0; i < tables->n_faults && status == LAC_OK; i++)
        status = add(answer, &tables->faults[i], err);
    lac_text text = {0};
    lac_answer_json(answer, 0, false, &text);
    lac_text_put(&text, "\n", 1);
    if (status == LAC_OK) status = lac_atlas_put_text(&text, err);
    lac_answer_free(answer);
    return status;
}

static lac_status put_lines(const lac_args *args, lac_tables *tables, lac_error *err) {
    for (size_t i = 0; i < tables->n_faults; i++) {
        const char *line = lac_tables_fault_line(tables, &tables->faults[i]);
        if (!line) return lac_no_memory(err, "faults");
        const lac_value value = {LAC_VALUE_TEXT, line}; /* the folder's name may hold anything */
        lac_fit_whole(&value);
    }
    if (tables->n_faults == 0) lac_note(args, "the tables are good");
    return LAC_OK;
}

static lac_status run(const lac_args *args, lac_error *err) {
    lac_tables *tables;
    LAC_TRY(lac_tables_read(lac_args_word(args, 0), &tables, err));
    lac_status status = lac_tables_check(tables, err);
    if (status == LAC_OK) status = lac_args_json(args) ? put_json(tables, err) : put_lines(args, tables, err);
    if (status == LAC_OK && tables->n_faults) status = lac_tables_refuse(tables, err);
    lac_tables_free(tables);
    return status;
}

const lac_command lac_atlas_command_check = {
    .name = "atlas check",
    .usage = "FOLDER",
    .summary = "check changed tables: every fault by file, line and column",
    .details =
        "FOLDER holds the files of atlas/ in Lacuna's source: papers.tsv, taxonomy.tsv and the others. Checked are "
        "the columns, types, vocabularies, keys, references between tables, sources, and the counts of papers. The "
        "column is that of the table, from 1. The same check runs when Lacuna is built.",
    .examples = "lacuna atlas check atlas\nlacuna atlas check atlas --json",
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
