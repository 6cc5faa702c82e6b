/* cli/stop.h - Ctrl-C and SIGTERM while something long runs: the first asks it to stop, the second ends the program. */
#ifndef LAC_CLI_STOP_H
#define LAC_CLI_STOP_H

#include <stdbool.h>

void lac_stop_listen(void); /* from here on, with nothing asked yet */
void lac_stop_end(void);    /* signals have their usual effect again */
bool lac_stop_is_asked(
    void *context); /* a signal came; shaped as the callbacks of long work, which pass nothing here */

#endif
