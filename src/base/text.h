/* base/text.h - growing text and the nearest of some words. */
#ifndef LAC_BASE_TEXT_H
#define LAC_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct lac_text { /* zero-initialise; on a failed allocation `failed` is set and text stays as it was */
    char *data;           /* NUL-terminated once anything was added, else NULL */
    size_t bytes, room;
    bool failed;
} lac_text;

void lac_text_add(lac_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void lac_text_put(lac_text *text, const char *data, size_t bytes);
void lac_text_free(lac_text *text);

/* Index of the word closest to `word` by edit distance (at most a third of its length, at least 1), else -1. */
int lac_nearest_word(const char *word, const char *const *words, size_t n);

uint64_t lac_hash(const void *data, size_t bytes, uint64_t seed); /* XXH3-64, stable on disk */

/* Strict numbers: the whole text must be one; false otherwise. */
bool lac_parse_int(const char *text, int64_t *value);
bool lac_parse_real(const char *text, double *value);      /* finite only */
bool lac_parse_seconds(const char *text, double *seconds); /* "90", "90s", "10m", "1.5h", "1h30m" */

#endif
