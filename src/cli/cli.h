/* cli/cli.h - what every command shares: its table of options, parsing, help, and how results and errors are printed.
 *
 * A command is one file with one lac_command. Exit status: 0 done, 1 failure, 2 usage. Errors are one line on stderr:
 * "lacuna COMMAND: text". Results go to stdout, progress to stderr. */
#ifndef LAC_CLI_CLI_H
#define LAC_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/backend.h"
#include "base/error.h"
#include "base/threads.h"

typedef struct lac_option {
    const char *name;     /* "data" for --data */
    const char *argument; /* "SOURCE"; NULL: a flag */
    const char *help;
} lac_option;

typedef struct lac_args lac_args;

typedef struct lac_command {
    const char *name;
    const char *usage;         /* "RECIPE --data SOURCE --out RUN" */
    const char *summary;       /* one line, shown by `lacuna --help` */
    const char *details;       /* paragraphs for `lacuna NAME --help`; may be NULL */
    const char *examples;      /* lines */
    const lac_option *options; /* ends with {0}; --help, --json, --quiet, --threads N, --seed N are added to all */
    int min_words, max_words;  /* positional arguments; max_words < 0: any number */
    lac_status (*run)(const lac_args *args, lac_error *err);
    /* NULL, or the commands that this one is made of, ended by NULL, each named "GROUP VERB"; `run` then only sees
     * command lines that begin with an option. */
    const struct lac_command *const *verbs;
} lac_command;

/* Positional arguments after the command's name. */
int lac_args_words(const lac_args *args);
const char *lac_args_word(const lac_args *args, int index);
/* Last value of an option, NULL if absent; nth of a repeated one (`set`). */
const char *lac_args_text(const lac_args *args, const char *name);
int lac_args_count(const lac_args *args, const char *name);
const char *lac_args_nth(const lac_args *args, const char *name, int n);
bool lac_args_has(const lac_args *args, const char *name);
/* Numbers with a default; LAC_USAGE "--NAME: expected ..., found ..." when ill-formed or below `low`. */
lac_status lac_args_int(const lac_args *args, const char *name, int64_t standard, int64_t low, int64_t *value,
                        lac_error *err);
lac_status lac_args_real(const lac_args *args, const char *name, double standard, double low, double *value,
                         lac_error *err);
lac_status lac_args_seconds(const lac_args *args, const char *name, double standard, double *value, lac_error *err);
bool lac_args_json(const lac_args *args);
bool lac_args_quiet(const lac_args *args);

/* The pool (--threads) and the backend (LACUNA_ISA) of a command. */
lac_status lac_args_machine(const lac_args *args, lac_pool **pool, const lac_backend **backend, lac_error *err);
/* --loaders, `standard` where it is not given. */
lac_status lac_args_loaders(const lac_args *args, int standard, int *loaders, lac_error *err);
/* --threads and --loaders as numbers, for callees that start their own; 0: not given. */
lac_status lac_args_workers(const lac_args *args, int *threads, int *loaders, lac_error *err);

/* A live status line on stderr when it is a terminal, a plain line every few seconds otherwise; nothing under --quiet.
 */
typedef struct lac_status_line {
    bool is_terminal, is_quiet, is_open;
    double last_s, every_s;
} lac_status_line;
void lac_status_line_begin(lac_status_line *line, const lac_args *args);
bool lac_status_line_due(const lac_status_line *line); /* time to show again? */
void lac_status_line_show(lac_status_line *line, bool force, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void lac_status_line_end(lac_status_line *line); /* leaves the cursor on a fresh line */
void lac_note(const lac_args *args, const char *format, ...)
    __attribute__((format(printf, 2, 3))); /* a line on stderr, not under --quiet */
bool lac_use_colour(int fd);               /* a terminal, NO_COLOR unset, TERM not dumb */
/* "1h02m", "3m20s", "12s" */
const char *lac_duration_text(double seconds, char room[32]);

/* A table of text cells: first row is the header; columns aligned, numbers right. To stdout. */
typedef struct lac_table lac_table;
lac_status lac_table_new(int columns, lac_table **table, lac_error *err);
void lac_table_cell(lac_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
void lac_table_print(lac_table *table); /* prints */
void lac_table_free(lac_table *table);

extern const lac_command lac_command_pretrain, lac_command_eval, lac_command_embed, lac_command_reconstruct,
    lac_command_data, lac_command_step, lac_command_export, lac_command_bench, lac_command_methods, lac_command_atlas,
    lac_command_analyze, lac_command_report, lac_command_mask, lac_command_compare, lac_command_tokenizer;

#endif
