/* atlas/words.h - text in lower case, and its words, both as Python has them: str.lower(), and re's (?u)\b\w\w+\b.
 *
 * Unicode's categories and simple mappings come from libutf8proc; the few properties it lacks are listed in words.c. */
#ifndef LAC_ATLAS_WORDS_H
#define LAC_ATLAS_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

typedef struct lac_word {
    const char *at; /* not terminated */
    size_t bytes;
} lac_word;

/* Append `text` in lower case; a byte that is no valid UTF-8 becomes U+FFFD, which is part of no word. No memory:
 * out->failed. */
void lac_lower(const char *text, lac_text *out);
/* The next run of `shortest` (2: Python's \w\w+) or more word characters at or behind *at, which moves behind it; false
 * at the end. */
bool lac_word_next(const char **at, size_t shortest, lac_word *word);
/* Letters, numbers of any kind, underscore: Python's \w. */
bool lac_is_word_character(int32_t c);

#endif
