/* atlas/clean.h - text made safe to show: what comes from tables, from people's files or from queries may hold
 * anything.
 *
 * Control characters (C0, C1, DEL), bidirectional overrides, line and paragraph separators, byte-order marks and bytes
 * that are not UTF-8 become U+FFFD; a tab or a newline becomes a space. So neither a terminal nor a log line can be
 * steered. */
#ifndef LAC_ATLAS_CLEAN_H
#define LAC_ATLAS_CLEAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

#define LAC_CLEAN_REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* The next character of NUL-terminated text: *at moves past it, its UTF-8 (up to 4 bytes, NUL-terminated) goes to
 * `out`. Returns its width on a terminal: 0 (combining), 1 or 2. At the end of the text *at stays and out is "". */
int lac_clean_next(const char **at, char out[5]);
void lac_clean_put(lac_text *out, const char *text);
/* Columns that the cleaned text takes on a terminal. */
size_t lac_clean_width(const char *text);

/* Offset of the first byte that is not UTF-8 or begins a character which lac_clean_next would replace; `bytes` if none.
 * A tab counts as such unless tabs are allowed. *is_utf8 says which it was. */
size_t lac_clean_check(const char *text, size_t bytes, bool tabs, bool *is_utf8);

#endif
