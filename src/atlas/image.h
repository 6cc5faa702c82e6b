/* atlas/image.h - the compiled atlas as bytes of the program (image.c). */
#ifndef LAC_ATLAS_IMAGE_H
#define LAC_ATLAS_IMAGE_H

/* An SQLite database; `bytes` = end - start, a multiple of the page size. */
extern const unsigned char lac_atlas_image_start[], lac_atlas_image_end[];

#endif
