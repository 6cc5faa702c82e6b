/* data/scan.h - private to src/data: decode some pictures of a source, on all threads, and look at each. */
#ifndef LAC_DATA_SCAN_H
#define LAC_DATA_SCAN_H

#include "data/source.h"

/* place: 0 .. n - 1, in source order. err: why the picture could not be read, else NULL. Calls run at the same time,
 * each place once: write to what belongs to the place only. */
typedef void (*lac_scan_visit)(void *context, int64_t place, int64_t index, lac_picture *picture, const lac_error *err);

/* Pictures that a scan of at most `limit` (0: all) looks at, and the index of each: spread evenly over the source. */
int64_t lac_scan_count(const lac_source *source, int64_t limit);
int64_t lac_scan_index(const lac_source *source, int64_t n, int64_t place);
lac_status lac_scan(const lac_source *source, int64_t n, int min_side, lac_scan_visit visit, void *context,
                    lac_error *err);

#endif
