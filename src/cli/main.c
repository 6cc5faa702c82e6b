/* cli/main.c - the program: finds the command, parses its arguments, runs it, reports its error, sets the exit status.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/args.h"
#include "cli/help.h"

static const lac_command *const commands[] = {
    &lac_command_pretrain, &lac_command_eval, &lac_command_reconstruct, &lac_command_embed, &lac_command_data,
    &lac_command_methods,  &lac_command_step, &lac_command_export,      &lac_command_bench,
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static const lac_command *find_command(const char *name) {
    for (int i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
    return NULL;
}

static lac_status unknown_command(const char *name, lac_error *err) {
    const char *names[N_COMMANDS];
    for (int i = 0; i < N_COMMANDS; i++)
        names[i] = commands[i]->name;
    int nearest = lac_nearest_word(name, names, N_COMMANDS);
    if (nearest >= 0)
        return lac_usage(err, "unknown command '%s'; did you mean '%s'? (lacuna --help lists all)", name,
                         names[nearest]);
    return lac_usage(err, "unknown command '%s' (lacuna --help lists all)", name);
}

static lac_status run_command(const lac_command *command, int argc, char **argv, lac_error *err) {
    lac_args *args;
    LAC_TRY(lac_args_parse(command, argc, argv, &args, err));
    lac_status status = LAC_OK;
    if (lac_args_has(args, "help"))
        lac_help_command(command);
    else
        status = command->run(args, err);
    lac_args_free(args);
    return status;
}

static lac_status run_program(int argc, char **argv, const char **name, lac_error *err) {
    if (argc < 2) return lac_usage(err, "no command given; lacuna --help lists them");
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        const lac_command *command = argc > 2 ? find_command(argv[2]) : NULL;
        if (argc > 2 && !command) return unknown_command(argv[2], err);
        if (command)
            lac_help_command(command);
        else
            lac_help_program(commands, N_COMMANDS);
        return LAC_OK;
    }
    if (strcmp(word, "--version") == 0) return lac_help_version(argc > 2 && strcmp(argv[2], "--json") == 0, err);
    const lac_command *command = find_command(word);
    if (!command) return unknown_command(word, err);
    *name = command->name;
    return run_command(command, argc - 2, argv + 2, err);
}

int main(int argc, char **argv) {
    signal(SIGXFSZ, SIG_IGN); /* a file-size limit is then an ordinary failed write, which gets cleaned up */
    lac_error err = {0};
    const char *name = NULL;
    lac_status status = run_program(argc, argv, &name, &err);
    if (status == LAC_OK) status = lac_output_check(&err);
    if (status != LAC_OK) {
        fflush(stdout);
        lac_print_error(name, err.text);
    }
    return (int)status;
}
