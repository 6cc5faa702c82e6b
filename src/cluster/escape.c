/* cluster/escape.c - escaping for SVG, JSON and Newick over one strict UTF-8 reader. */
#include "cluster/escape.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

int32_t lac_utf8_next(const char **at) {
    const uint8_t *s = (const uint8_t *)*at;
    static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000}; /* shorter forms are not UTF-8 */
    int n = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;
    int32_t c = n == 1 ? s[0] : n ? s[0] & (0x7F >> n) : -1;
    for (int i = 1; i < n && c >= 0; i++)
        c = s[i] >> 6 == 2 ? (c << 6) | (s[i] & 0x3F) : -1; /* a NUL ends here, too */
    if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000) || (c >= 0 && c < least[n])) c = -1;
    *at += c < 0 ? 1 : n;
    return c;
}

static bool is_control(int32_t c) {
    return c < 0x20 || (c >= 0x7F && c < 0xA0);
}

/* Also of lac_utf8_next's -1; bidirectional overrides would show a label as another. */
static bool is_unfit(int32_t c) {
    bool is_override = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
    return c < 0 || is_control(c) || (c & 0xFFFE) == 0xFFFE || is_override;
}

static size_t count_characters(const char *text) {
    size_t n = 0;
    for (; *text; n++)
        lac_utf8_next(&text);
    return n;
}

static const char *entity(int32_t c) {
    return c == '&'    ? "&amp;"
           : c == '<'  ? "&lt;"
           : c == '>'  ? "&gt;"
           : c == '"'  ? "&quot;"
           : c == '\'' ? "&#39;"
                       : NULL;
}

void lac_put_xml(lac_text *out, const char *text, size_t longest) {
    bool is_cut = longest && count_characters(text) > longest;
    for (size_t n = 0; *text && !(is_cut && n + 1 == longest); n++) {
        const char *from = text;
        int32_t c = lac_utf8_next(&text);
        const char *instead = is_unfit(c) ? REPLACEMENT : entity(c);
        if (instead)
            lac_text_put(out, instead, strlen(instead));
        else
            lac_text_put(out, from, (size_t)(text - from));
    }
    if (is_cut) lac_text_add(out, "%s", "\xE2\x80\xA6");
}

void lac_put_json(lac_text *out, const char *text) {
    lac_text_put(out, "\"", 1);
    while (*text) {
        const char *from = text;
        int32_t c = lac_utf8_next(&text);
        if (c < 0)
            lac_text_put(out, REPLACEMENT, sizeof REPLACEMENT - 1);
        else if (c == '"' || c == '\\')
            lac_text_add(out, "\\%c", (int)c);
        else if (is_control(c) || c == '<' || c == '>' || c == '&' || c == 0x2028 || c == 0x2029)
            lac_text_add(out, "\\u%04x", (unsigned)c);
        else
            lac_text_put(out, from, (size_t)(text - from));
    }
    lac_text_put(out, "\"", 1);
}

void lac_put_json_real(lac_text *out, double value) {
    if (isfinite(value))
        lac_text_add(out, "%.17g", value);
    else
        lac_text_add(out, "null");
}

void lac_put_newick(lac_text *out, const char *text) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
    if (*text && text[strspn(text, plain)] == 0) {
        lac_text_put(out, text, strlen(text));
        return;
    }
    lac_text_put(out, "'", 1);
    while (*text) {
        const char *from = text;
        int32_t c = lac_utf8_next(&text);
        if (is_unfit(c))
            lac_text_put(out, REPLACEMENT, sizeof REPLACEMENT - 1);
        else if (c == '\'')
            lac_text_put(out, "''", 2);
        else
            lac_text_put(out, from, (size_t)(text - from));
    }
    lac_text_put(out, "'", 1);
}
