/* atlas/clean.c - one character at a time, by libutf8proc's decoder and width table. */
#include "atlas/clean.h"

#include <string.h>
#include <utf8proc.h>

static bool is_unsafe(utf8proc_int32_t c) {
    if (c < 0x20 || (c >= 0x7F && c < 0xA0)) return true;
    if (c == 0x2028 || c == 0x2029 || c == 0xFEFF || c == 0x061C) return true;
    return c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

/* Bytes to hand the decoder: it must not look past the NUL. */
static utf8proc_ssize_t at_most_four(const char *at) {
    utf8proc_ssize_t n = 0;
    while (n < 4 && at[n])
        n++;
    return n;
}

int lac_clean_next(const char **at, char out[5]) {
    utf8proc_ssize_t room = at_most_four(*at);
    out[0] = 0;
    if (room == 0) return 0;
    utf8proc_int32_t c;
    utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)*at, room, &c);
    if (n <= 0) {
        *at += 1;
        strcpy(out, LAC_CLEAN_REPLACEMENT);
        return 1;
    }
    if (c == '\t' || c == '\n') {
        *at += 1;
        strcpy(out, " ");
        return 1;
    }
    if (is_unsafe(c)) {
        *at += n;
        strcpy(out, LAC_CLEAN_REPLACEMENT);
        return 1;
    }
    memcpy(out, *at, (size_t)n);
    out[n] = 0;
    *at += n;
    int width = utf8proc_charwidth(c);
    return width < 0 ? 0 : width > 2 ? 2 : width;
}

void lac_clean_put(lac_text *out, const char *text) {
    lac_text_put(out, "", 0);
    for (char one[5]; *text;) {
        lac_clean_next(&text, one);
        lac_text_put(out, one, strlen(one));
    }
}

size_t lac_clean_width(const char *text) {
    size_t width = 0;
    for (char one[5]; *text;)
        width += (size_t)lac_clean_next(&text, one);
    return width;
}

size_t lac_clean_check(const char *text, size_t bytes, bool tabs, bool *is_utf8) {
    *is_utf8 = true;
    for (size_t i = 0; i < bytes;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text + i, (utf8proc_ssize_t)(bytes - i), &c);
        if (n <= 0) {
            *is_utf8 = false;
            return i;
        }
        if (is_unsafe(c) && !(tabs && c == '\t')) return i;
        i += (size_t)n;
    }
    return bytes;
}
