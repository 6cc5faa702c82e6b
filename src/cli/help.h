/* cli/help.h - texts about the program itself: help, versions. */
#ifndef LAC_CLI_HELP_H
#define LAC_CLI_HELP_H

#include "cli/cli.h"

void lac_help_program(const lac_command *const *commands, int n); /* `lacuna --help` */
void lac_help_command(const lac_command *command);                /* `lacuna NAME --help` */
/* `lacuna --version [--json]`: this version, the libraries', the kernels chosen on this processor. */
lac_status lac_help_version(bool json, lac_error *err);

#endif
