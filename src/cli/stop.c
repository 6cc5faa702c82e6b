/* cli/stop.c - signals that ask long work to stop (stop.h). */
#include "cli/stop.h"

#include <signal.h>

static volatile sig_atomic_t is_asked;

static void ask(int signal_number) {
    is_asked = 1;
    signal(signal_number, SIG_DFL);
}

void lac_stop_listen(void) {
    is_asked = 0;
    signal(SIGINT, ask);
    signal(SIGTERM, ask);
}

void lac_stop_end(void) {
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
}

bool lac_stop_is_asked(void *context) {
    (void)context;
    return is_asked != 0;
}
