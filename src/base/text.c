/* base/text.c - growing text, the nearest word, the stable hash, and strict numbers. */
#include "base/text.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/memory.h"

/* Room for `bytes` more and a NUL. */
static bool make_room(lac_text *text, size_t bytes) {
    if (text->failed) return false;
    size_t needed;
    if (__builtin_add_overflow(text->bytes, bytes, &needed) || __builtin_add_overflow(needed, 1, &needed)) {
        text->failed = true;
        return false;
    }
    if (needed <= text->room) return true;
    size_t room = text->room < 256 ? 256 : text->room;
    while (room < needed)
        room = room > SIZE_MAX / 2 ? needed : 2 * room;
    char *data = lac_resize(text->data, room);
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->room = room;
    return true;
}

void lac_text_put(lac_text *text, const char *data, size_t bytes) {
    if (!make_room(text, bytes)) return;
    if (bytes) memcpy(text->data + text->bytes, data, bytes);
    text->bytes += bytes;
    text->data[text->bytes] = 0;
}

void lac_text_add(lac_text *text, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n < 0) {
        text->failed = true;
    } else if (make_room(text, (size_t)n)) {
        vsnprintf(text->data + text->bytes, (size_t)n + 1, format, again);
        text->bytes += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

void lac_text_free(lac_text *text) {
    lac_free(text->data);
    *text = (lac_text){0};
}

enum { WORD_MAX = 64 };

static int least(int a, int b) {
    return a < b ? a : b;
}

/* Insertions, deletions, substitutions and swaps of neighbours; a, b shorter than WORD_MAX. */
static int edit_distance(const char *a, size_t na, const char *b, size_t nb) {
    int rows[3][WORD_MAX + 1];
    int *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= nb; j++)
        last[j] = before[j] = (int)j;
    for (size_t i = 1; i <= na; i++) {
        now[0] = (int)i;
        for (size_t j = 1; j <= nb; j++) {
            now[j] = least(least(last[j], now[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
        int *spare = before;
        before = last, last = now, now = spare;
    }
    return last[nb];
}

int lac_nearest_word(const char *word, const char *const *words, size_t n) {
    size_t length = strlen(word);
    if (length >= WORD_MAX) return -1;
    int best = -1, limit = length / 3 > 1 ? (int)(length / 3) : 1;
    for (size_t i = 0; i < n; i++) {
        size_t other = strlen(words[i]);
        if (other >= WORD_MAX) continue;
        int distance = edit_distance(word, length, words[i], other);
        if (distance <= limit) {
            best = (int)i;
            limit = distance - 1; /* the first of equals */
        }
    }
    return best;
}

uint64_t lac_hash(const void *data, size_t bytes, uint64_t seed) {
    return XXH3_64bits_withSeed(data, bytes, seed);
}

static size_t digits(const char *text) {
    return strspn(text, "0123456789");
}

bool lac_parse_int(const char *text, int64_t *value) {
    const char *number = text + (*text == '-' || *text == '+');
    size_t n = digits(number);
    if (n == 0 || number[n]) return false;
    errno = 0;
    long long parsed = strtoll(text, NULL, 10);
    if (errno) return false;
    *value = parsed;
    return true;
}

/* Length of a decimal number (no sign) at the start of text; 0 if there is none. */
static size_t decimal(const char *text, bool exponent) {
    size_t whole = digits(text), n = whole, part = 0;
    if (text[n] == '.') {
        part = digits(text + n + 1);
        n += 1 + part;
    }
    if (whole + part == 0) return 0;
    if (exponent && (text[n] == 'e' || text[n] == 'E')) {
        size_t sign = text[n + 1] == '-' || text[n + 1] == '+';
        size_t power = digits(text + n + 1 + sign);
        if (power == 0) return 0;
        n += 1 + sign + power;
    }
    return n;
}

/* strtod that a program's locale cannot change; glibc's "C" locale object is static, so nothing is allocated. */
static double to_double(const char *text) {
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c) return NAN;
    double value = strtod_l(text, NULL, c);
    freelocale(c);
    return value;
}

bool lac_parse_real(const char *text, double *value) {
    const char *number = text + (*text == '-' || *text == '+');
    size_t n = decimal(number, true);
    if (n == 0 || number[n]) return false;
    double parsed = to_double(text);
    if (!isfinite(parsed)) return false;
    *value = parsed;
    return true;
}

bool lac_parse_seconds(const char *text, double *seconds) {
    static const char units[] = "hms";
    static const double unit_s[] = {3600, 60, 1};
    double sum = 0;
    size_t next = 0; /* units come in descending order, each at most once */
    if (!*text) return false;
    for (const char *at = text; *at;) {
        char number[64];
        size_t n = decimal(at, false);
        if (n == 0 || n >= sizeof number) return false;
        memcpy(number, at, n);
        number[n] = 0;
        double value = to_double(number);
        char unit = at[n];
        if (!unit && at != text) return false; /* "1h30" */
        const char *found = unit ? strchr(units + next, unit) : units + 2;
        if (!found) return false;
        next = (size_t)(found - units) + 1;
        sum += value * unit_s[found - units];
        at += n + (unit != 0);
    }
    if (!isfinite(sum)) return false;
    *seconds = sum;
    return true;
}
