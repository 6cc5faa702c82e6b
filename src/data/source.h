/* data/source.h - a set of pictures with a fixed order and, perhaps, labels.
 *
 * SOURCE on the command line: a folder of pictures (nested; labels from first-level folders when every picture lies in
 * one and there are at least two), fashion-mnist[:train|:test], idx:IMAGES[,LABELS] (.gz too), cifar10:DIR,
 * cifar100:DIR (each [:train|:test]). A source is read by many threads at once. */
#ifndef LAC_DATA_SOURCE_H
#define LAC_DATA_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "data/picture.h"

typedef struct lac_source lac_source;

lac_status lac_source_open(const char *spec, lac_source **source, lac_error *err);
/* Pictures that lie in memory, copied: count x height x width x channels bytes, channels 1 or 3. Unlabelled. */
lac_status lac_source_from_pixels(const uint8_t *pixels, int64_t count, int height, int width, int channels,
                                  lac_source **source, lac_error *err);
/* The pictures of a source where is_wanted[index] is not 0, in its order; they keep labels and names. The source is
 * borrowed. LAC_USAGE if there is none. */
lac_status lac_source_subset(const lac_source *source, const uint8_t *is_wanted, lac_source **subset, lac_error *err);
void lac_source_free(lac_source *source);
int64_t lac_source_count(const lac_source *source);
const char *lac_source_spec(const lac_source *source);
int lac_source_classes(const lac_source *source); /* 0: unlabelled */
const char *lac_source_class_name(const lac_source *source, int label);
int lac_source_label(const lac_source *source, int64_t index); /* -1: none */
const char *lac_source_name(const lac_source *source, int64_t index, char *room,
                            size_t bytes); /* a file's path, or "SPEC#index" */
/* 64-bit fingerprint of what is in it (names and sizes of files, or the bytes of an array file); independent of where
 * it lies. */
uint64_t lac_source_fingerprint(const lac_source *source);
/* The source's own test split ("fashion-mnist:train" -> "fashion-mnist:test"), lac_alloc'ed; NULL if it has none. */
char *lac_source_test_spec(const lac_source *source);
/* Decode picture `index`. min_side > 0 allows decoding at reduced scale as long as both sides stay >= min_side.
 * Broken picture: LAC_FAILURE with text "NAME: why". Thread-safe. */
lac_status lac_source_read(const lac_source *source, int64_t index, int min_side, lac_picture *picture, lac_error *err);

#endif
