/* cli/screen.h - what commands that look through pictures say on the way: the stage and how far it is, and the pictures
 * left out. The functions are callbacks; their context is a lac_screen. */
#ifndef LAC_CLI_SCREEN_H
#define LAC_CLI_SCREEN_H

#include "cli/cli.h"

typedef struct lac_screen {
    const lac_args *args;
    lac_status_line line; /* begun and ended by the command */
    const char *stage;
} lac_screen;

void lac_screen_left_out(void *screen, const char *text);
/* A new stage (another pointer) is shown at once, the same one when the line is due. */
void lac_screen_stage(void *screen, const char *stage, int64_t n_done, int64_t n_all);

#endif
