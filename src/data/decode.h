/* data/decode.h - private to src/data: from the bytes of a picture file to upright 8-bit grey or RGB.
 *
 * The format is what the first bytes say, never the extension. Errors are texts without the file's name, which the
 * caller puts in front. On failure the picture's memory stays valid and its contents are undefined. */
#ifndef LAC_DATA_DECODE_H
#define LAC_DATA_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data/picture.h"

enum { LAC_MAX_MEGAPIXELS = 300, LAC_MAX_SIDE = 1000000 /* keeps the filters of a reduction small */ };

/* min_side > 0: JPEG may be decoded at reduced scale while both sides stay >= min_side. `data` may be p->file. */
lac_status lac_decode(lac_picture *p, const uint8_t *data, size_t bytes, int min_side, lac_error *err);
/* Read a file into p->file and decode it; error texts start with the path. */
lac_status lac_decode_file(lac_picture *p, const char *path, int min_side, lac_error *err);
/* Does a file's name end like a picture's? */
bool lac_is_picture_name(const char *name);

/* Refuse sizes of zero, above LAC_MAX_MEGAPIXELS or with a side above LAC_MAX_SIDE (before any allocation). */
lac_status lac_decode_check_size(uint64_t width, uint64_t height, lac_error *err);
/* That check, then lac_picture_reserve. */
lac_status lac_decode_reserve(lac_picture *p, uint64_t width, uint64_t height, int channels, lac_error *err);
/* Make p->work hold `bytes`; contents are not kept. */
lac_status lac_picture_work(lac_picture *p, size_t bytes, lac_error *err);
/* Grow a block without keeping its contents; failure sets p->is_transient. */
lac_status lac_room(uint8_t **block, size_t *room, size_t bytes, lac_picture *p, const char *what, lac_error *err);

/* One per codec. orientation: EXIF's 1..8 as found in the file, left alone if there is none. */
lac_status lac_decode_jpeg(lac_picture *p, const uint8_t *data, size_t bytes, int min_side, int *orientation,
                           lac_error *err);
lac_status lac_decode_png(lac_picture *p, const uint8_t *data, size_t bytes, int *orientation, lac_error *err);
lac_status lac_decode_webp(lac_picture *p, const uint8_t *data, size_t bytes, int *orientation, lac_error *err);
lac_status lac_decode_tiff(lac_picture *p, const uint8_t *data, size_t bytes, int *orientation, lac_error *err);
lac_status lac_decode_bmp(lac_picture *p, const uint8_t *data, size_t bytes, lac_error *err);

/* The orientation tag of an EXIF block (with or without "Exif\0\0" in front); 1 if absent or malformed. */
int lac_exif_orientation(const uint8_t *exif, size_t bytes);
/* Turn and mirror the pixels so that the picture is upright. */
lac_status lac_picture_orient(lac_picture *p, int orientation, lac_error *err);

/* 16 bits to 8: v / 257, rounded. */
static inline uint8_t lac_narrow16(uint16_t v) {
    return (uint8_t)((v + 128u) / 257u);
}

#endif
