/* atlas/page_private.h - what the files of the page share, and the parts of it that are compiled in
 * (cmake/atlas_page.cmake). */
#ifndef LAC_ATLAS_PAGE_PRIVATE_H
#define LAC_ATLAS_PAGE_PRIVATE_H

#include <stdint.h>

#include "atlas/page.h"

/* The page up to the data and from there on; each ends with a NUL that is not counted. */
extern const char lac_page_before[], lac_page_after[];
extern const uint64_t lac_page_before_bytes, lac_page_after_bytes;

/* A JSON string, cleaned, that may stand in a script element. */
void lac_page_put_text(lac_text *out, const char *text);
/* Up to ten digits; null for what is not finite. */
void lac_page_put_number(lac_text *out, double value);

/* "dendrogram": ..., "nearest": ... */
lac_status lac_page_put_dendrogram(lac_text *out, sqlite3 *db, lac_pool *pool, lac_error *err);
/* "measured": ... */
lac_status lac_page_put_measured(lac_text *out, const char *path, lac_error *err);

#endif
