/* atlas/near.h - papers near a paper, by the cosine of their TF-IDF vectors over title and summary. */
#ifndef LAC_ATLAS_NEAR_H
#define LAC_ATLAS_NEAR_H

#include <stdint.h>

#include "atlas/answer.h"

/* The `n` papers nearest to the one whose papers.short is `paper`: columns paper, year, title, cosine. English stop
 * words are left out and counts are sublinear. Empty where the atlas does not hold `paper`. */
lac_status lac_atlas_near(sqlite3 *db, const char *paper, int64_t n, lac_answer **answer, lac_error *err);

#endif
