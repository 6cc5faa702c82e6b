/* atlas/page.h - the atlas as one HTML file that needs nothing else: no server, no network, no other file.
 *
 * The frame, style and scripts are in page/ and are compiled in; between them goes the data, one JSON object in a
 * script element that browsers do not run:
 *
 *   format      1
 *   generator   "Lacuna 0.1.0"
 *   tables      {NAME: {columns: [...], rows: [[...], ...]}} for papers, taxonomy, results, datasets, forms, gaps,
 *               timeline, clusters, methods_outside, recipes and layers, as SQL has them; null is "not known". A paper
 *               of the user's own layer is one that `layers` names; the page marks it.
 *   dendrogram  {options, cut, merges, terms, named, agreement}; items of `merges` (a, b, height, size, as scipy's
 *               linkage) are the rows of papers; `terms`: for each merge what is below it is about, heaviest first;
 *               `named`: for each cluster that the survey names the node that fits best: {id, predicate, node, members,
 *               precision, recall, f1}, or only {id} where no facet says it; `agreement`: {category_ari, category_nmi,
 *               family_ari, family_nmi, cophenetic}, null for what is not known
 *   nearest     for each row of papers the rows of the six papers nearest to it by cosine
 *   measured    only with `measured` below: {rows: [{paper, benchmark, backbone, metric, value, run, note}, ...]},
 *               results measured with Lacuna that the page lays beside the literature's
 *
 * Text is cleaned as for a terminal (clean.h) and escaped so that it can end neither a JSON string nor a script
 * element.
 */
#ifndef LAC_ATLAS_PAGE_H
#define LAC_ATLAS_PAGE_H

#include <sqlite3.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "base/threads.h"

/* The data alone, escaped as above; `db` from lac_atlas_open. `measured`: NULL, or the path of a JSON file
 * {"rows": [{...}, ...]} of at most 1 MiB: paper, benchmark, metric are texts, value a number; backbone, run and note
 * may be left out. LAC_USAGE names the row and key that is not so. */
lac_status lac_page_data(sqlite3 *db, const char *measured, lac_pool *pool, lac_text *out, lac_error *err);
lac_status lac_page_make(sqlite3 *db, const char *measured, lac_pool *pool, lac_text *out, lac_error *err);

/* FOLDER/index.html; the folder is made if there is none. *path is lac_alloc'ed. LAC_USAGE if there is an index.html
 * that is no such page: it is somebody's. */
lac_status lac_page_write(sqlite3 *db, const char *measured, lac_pool *pool, const char *folder, char **path,
                          size_t *bytes, lac_error *err);

#endif
