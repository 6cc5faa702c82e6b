/* cli/status.c - what people see while a command works: the live line, notes and errors, all on stderr.
 *
 * On a terminal the line is redrawn in place; elsewhere it becomes a plain line every few seconds, fit for a log. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "atlas/clean.h"
#include "base/file.h"
#include "cli/args.h"

static bool cursor_is_on_line; /* a live line stands on the terminal, without its newline */
static bool output_is_lost;

static bool terminal_can_redraw(int fd) {
    const char *term = getenv("TERM");
    return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

bool lac_use_colour(int fd) {
    const char *no_colour = getenv("NO_COLOR"); /* no-color.org: set and not empty */
    return terminal_can_redraw(fd) && !(no_colour && *no_colour);
}

static size_t terminal_width(void) {
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 10) return size.ws_col;
    return 80;
}

void lac_status_line_begin(lac_status_line *line, const lac_args *args) {
    *line = (lac_status_line){.is_quiet = lac_args_quiet(args), .is_terminal = terminal_can_redraw(STDERR_FILENO)};
    line->every_s = line->is_terminal ? 0.2 : 10;
    line->last_s = -1e9; /* the first one is due at once */
}

bool lac_status_line_due(const lac_status_line *line) {
    return !line->is_quiet && lac_clock_s() - line->last_s >= line->every_s;
}

/* Cut to `columns` characters of UTF-8 so that a long line does not wrap and stays redrawable. */
static void cut(char *text, size_t columns) {
    size_t seen = 0;
    for (char *at = text; *at; at++) {
        if (((unsigned char)*at & 0xC0) == 0x80) continue;
        if (seen++ == columns) {
            *at = 0;
            return;
        }
    }
}

void lac_status_line_show(lac_status_line *line, bool force, const char *format, ...) {
    if (line->is_quiet || (!force && !lac_status_line_due(line))) return;
    char text[512];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    line->last_s = lac_clock_s();
    if (line->is_terminal) {
        cut(text, terminal_width() - 1);
        fprintf(stderr, "\r\033[K%s", text);
        fflush(stderr);
        line->is_open = cursor_is_on_line = true;
    } else {
        fprintf(stderr, "%s\n", text);
    }
}

void lac_status_line_end(lac_status_line *line) {
    if (line->is_open && cursor_is_on_line) fputc('\n', stderr);
    line->is_open = cursor_is_on_line = false;
}

void lac_note(const lac_args *args, const char *format, ...) {
    if (lac_args_quiet(args)) return;
    if (cursor_is_on_line) fputs("\r\033[K", stderr); /* the line is drawn again below by its next show */
    cursor_is_on_line = false;
    va_list list;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
}

void lac_print_error(const char *name, const char *text) {
    if (cursor_is_on_line) fputc('\n', stderr);
    cursor_is_on_line = false;
    bool colour = lac_use_colour(STDERR_FILENO);
    fprintf(stderr, "%slacuna%s%s:%s ", colour ? "\033[1;31m" : "", name ? " " : "", name ? name : "",
            colour ? "\033[0m" : "");
    char one[5]; /* names of files and words of queries may hold anything */
    for (const char *at = text; *at;) {
        lac_clean_next(&at, one);
        fputs(strcmp(one, LAC_CLEAN_REPLACEMENT) == 0 ? "?" : one, stderr);
    }
    fputc('\n', stderr);
}

void lac_output_lost(void) {
    output_is_lost = true;
}

lac_status lac_output_check(lac_error *err) {
    if (output_is_lost) return lac_no_memory(err, "a table");
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout))
        return lac_fail(err, "standard output: cannot write: %s", errno ? strerror(errno) : "an earlier write failed");
    return LAC_OK;
}

const char *lac_duration_text(double seconds, char room[32]) {
    if (!(seconds >= 0)) seconds = 0;
    if (seconds > 1e9) seconds = 1e9;
    long long whole = (long long)(seconds + 0.5);
    if (whole >= 3600)
        snprintf(room, 32, "%lldh%02lldm", whole / 3600, whole % 3600 / 60);
    else if (whole >= 60)
        snprintf(room, 32, "%lldm%02llds", whole / 60, whole % 60);
    else
        snprintf(room, 32, "%llds", whole);
    return room;
}
