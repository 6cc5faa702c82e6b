/* base/error.c - one line of text about a failure.
 *
 * Names from hostile files end up in these lines, so control characters are replaced: an error is always one line. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Text is made in a buffer of its own, since the arguments may point into err->text. */
static void put(lac_error *err, const char *text) {
    size_t n = strlen(text);
    if (n > LAC_ERROR_TEXT - 1) {
        n = LAC_ERROR_TEXT - 1;
        while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
            n--; /* do not cut inside a UTF-8 character */
    }
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        err->text[i] = c < 0x20 || c == 0x7F ? '?' : text[i];
    }
    err->text[n] = 0;
}

static lac_status fill(lac_error *err, lac_status status, const char *format, va_list args) {
    if (!err) return status;
    char text[2 * LAC_ERROR_TEXT];
    if (vsnprintf(text, sizeof text, format, args) < 0) strcpy(text, "error text could not be formatted");
    err->status = status;
    put(err, text);
    return status;
}

lac_status lac_fail(lac_error *err, const char *format, ...) {
    va_list args;
    va_start(args, format);
    lac_status status = fill(err, LAC_FAILURE, format, args);
    va_end(args);
    return status;
}

lac_status lac_usage(lac_error *err, const char *format, ...) {
    va_list args;
    va_start(args, format);
    lac_status status = fill(err, LAC_USAGE, format, args);
    va_end(args);
    return status;
}

lac_status lac_no_memory(lac_error *err, const char *what) {
    return lac_fail(err, "out of memory for %s", what);
}

lac_status lac_context(lac_error *err, const char *format, ...) {
    if (!err) return LAC_FAILURE;
    char text[3 * LAC_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, LAC_ERROR_TEXT, format, args);
    va_end(args);
    size_t at = n < 0 ? 0 : (size_t)n < LAC_ERROR_TEXT ? (size_t)n : LAC_ERROR_TEXT - 1;
    snprintf(text + at, sizeof text - at, ": %s", err->text);
    put(err, text);
    return err->status;
}
