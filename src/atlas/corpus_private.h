/* atlas/corpus_private.h - what the readers of corpora share. */
#ifndef LAC_ATLAS_CORPUS_PRIVATE_H
#define LAC_ATLAS_CORPUS_PRIVATE_H

#include "atlas/corpus.h"
#include "base/arena.h"

/* Empty, with an arena as its owner. */
lac_status lac_corpus_new(const char *origin, lac_corpus **corpus, lac_error *err);

#endif
