/* cli/screen.c - see screen.h. */
#include "cli/screen.h"

#include <inttypes.h>

void lac_screen_left_out(void *screen, const char *text) {
    const lac_screen *s = screen;
    lac_note(s->args, "left out: %s", text);
}

void lac_screen_stage(void *screen, const char *stage, int64_t n_done, int64_t n_all) {
    lac_screen *s = screen;
    bool is_new = s->stage != stage;
    s->stage = stage;
    if (!is_new && !lac_status_line_due(&s->line)) return;
    lac_status_line_show(&s->line, false, "%s  %" PRId64 "/%" PRId64, stage, n_done, n_all);
}
