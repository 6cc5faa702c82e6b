/* atlas/page_private.h - what the files of the page share, and the parts of it that are compiled in
 * (cmake/atlas_page.cmake). */
#ifndef LAC_ATLAS_PAGE_PRIVATE_H
#define LAC_ATLAS_PAGE_PRIVATE_H

#include "atlas/page.h"

/* The page up to the data and from there on. */
extern const char lac_page_before_start[], lac_page_before_end[], lac_page_after_start[], lac_page_after_end[];

/* A JSON string, cleaned, that may stand in a script element. */
void lac_page_put_text(lac_text *out, const char *text);
/* Up to ten digits; null for what is not finite. */
void lac_page_put_number(lac_text *out, double value);

/* "dendrogram": ..., "nearest": ... */
lac_status lac_page_put_dendrogram(lac_text *out, sqlite3 *db, lac_pool *pool, lac_error *err);
/* "measured": ... */
lac_status lac_page_put_measured(lac_text *out, const char *path, lac_error *err);

#endif
