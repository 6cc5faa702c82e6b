/* cli/args.h - how main.c makes lac_args; commands see only the readers in cli.h. */
#ifndef LAC_CLI_ARGS_H
#define LAC_CLI_ARGS_H

#include "cli/cli.h"

/* The options that every command has, ended by {0}. */
extern const lac_option lac_common_options[];

/* Parse argv[0..argc-1] (after the command's name) against the command's table. *args borrows argv. With --help among
 * the arguments nothing else is checked. LAC_USAGE for an unknown option (naming the nearest), a missing or superfluous
 * value, too few or too many words. */
lac_status lac_args_parse(const lac_command *command, int argc, char **argv, lac_args **args, lac_error *err);
void lac_args_free(lac_args *args);

/* One line on stderr, "lacuna NAME: text" (name NULL: "lacuna: text"), control bytes replaced. */
void lac_print_error(const char *name, const char *text);
/* LAC_FAILURE if something that was printed to stdout did not get there. */
lac_status lac_output_check(lac_error *err);
/* A table that could not be printed for want of memory calls this, and lac_output_check reports it. */
void lac_output_lost(void);

#endif
