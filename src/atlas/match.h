/* atlas/match.h - what people write beside what tables say: "vit-b" and "ViT-B/16", "attention guided" and
 * "attention-guided". */
#ifndef LAC_ATLAS_MATCH_H
#define LAC_ATLAS_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "atlas/answer.h"

/* Equal but for case and for signs between letters and digits. */
bool lac_match_same(const char *a, const char *b);
/* `asked` is one or more whole words of `value` in their order; words are runs of letters and digits, and may be
 * written together or apart: vit-b, vitb and "ViT base" are in "ViT-B/16", "swin-b" is in "Swin-B (window 7)" and not
 * in "SwinV2-B". Sizes may be spelled out (tiny, small, base, large, huge, giant). False if `asked` has no letter or
 * digit. */
bool lac_match_within(const char *asked, const char *value);

/* Row of the first column of `known` that is the same word as `asked`; else LAC_USAGE, "WHAT: unknown 'x'; nearest:
 * 'y'", or with the known ones where nothing is near. */
lac_status lac_match_known(const lac_answer *known, const char *what, const char *asked, size_t *row, lac_error *err);
/* That error. */
lac_status lac_match_refuse(const lac_answer *known, const char *what, const char *asked, lac_error *err);

#endif
