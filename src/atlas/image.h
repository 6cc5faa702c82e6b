/* atlas/image.h - the compiled atlas as bytes of the program (image.c). */
#ifndef LAC_ATLAS_IMAGE_H
#define LAC_ATLAS_IMAGE_H

#include <stdint.h>

/* An SQLite database, and its length: a multiple of the page size. */
extern const unsigned char lac_atlas_image[];
extern const uint64_t lac_atlas_image_bytes;

#endif
