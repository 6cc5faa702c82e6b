/* atlas/bibtex_private.h - what the files of the BibTeX reader share. */
#ifndef LAC_ATLAS_BIBTEX_PRIVATE_H
#define LAC_ATLAS_BIBTEX_PRIVATE_H

#include "atlas/bibtex.h"
#include "base/arena.h"
#include "base/text.h"

/* LaTeX to UTF-8, appended to `out` (whose `failed` tells a failed allocation): bibtex_latex.c. `raw` is valid UTF-8.
 */
void lac_bib_decode(const char *raw, size_t bytes, lac_text *out);
/* The same for addresses: only braces and backslashes before signs go. */
void lac_bib_decode_address(const char *raw, size_t bytes, lac_text *out);

/* Fills title, year, arxiv and the like from entry->fields: bibtex_known.c. */
lac_status lac_bib_find_known(lac_arena *arena, lac_bib_entry *entry, lac_error *err);

#endif
