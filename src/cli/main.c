/* cli/main.c - the program: finds the command, parses its arguments, runs it, reports its error, sets the exit status.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/args.h"
#include "cli/help.h"

static const lac_command *const commands[] = {
    &lac_command_pretrain, &lac_command_eval,        &lac_command_analyze, &lac_command_report, &lac_command_compare,
    &lac_command_mask,     &lac_command_reconstruct, &lac_command_embed,   &lac_command_data,   &lac_command_methods,
    &lac_command_step,     &lac_command_export,      &lac_command_bench,   &lac_command_atlas,  &lac_command_tokenizer,
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

/* The verb of a group by its word ("search" is "atlas search"). */
static lac_status find_verb(const lac_command *group, const char *word, const lac_command **verb, lac_error *err) {
    enum { MOST_VERBS = 64 };
    const char *names[MOST_VERBS];
    size_t n = 0;
    for (; group->verbs[n] && n < MOST_VERBS; n++) {
        names[n] = group->verbs[n]->name + strlen(group->name) + 1;
        if (strcmp(names[n], word) == 0) {
            *verb = group->verbs[n];
            return LAC_OK;
        }
    }
    int nearest = lac_nearest_word(word, names, n);
    if (nearest >= 0)
        return lac_usage(err, "unknown verb '%s'; did you mean '%s'? (lacuna %s --help lists all)", word,
                         names[nearest], group->name);
    return lac_usage(err, "unknown verb '%s' (lacuna %s --help lists all)", word, group->name);
}

static lac_status run_command(const lac_command *command, int argc, char **argv, const char **name, lac_error *err) {
    if (command->verbs && argc > 0 && argv[0][0] != '-') {
        LAC_TRY(find_verb(command, argv[0], &command, err));
        *name = command->name;
        argc--, argv++;
    }
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
        if (argc > 3 && command->verbs) LAC_TRY(find_verb(command, argv[3], &command, err));
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
    return run_command(command, argc - 2, argv + 2, name, err);
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
