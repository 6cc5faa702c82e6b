/* data/picture.h - a decoded picture: 8 bits a channel, interleaved, grey (1) or RGB (3), top row first, upright. */
#ifndef LAC_DATA_PICTURE_H
#define LAC_DATA_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct lac_picture { /* zero-initialise; its memory is reused by the next decode into it */
    int width, height, channels;
    uint8_t *pixels;
    size_t room;                 /* bytes allocated at pixels */
    int full_width, full_height; /* of the file, before decoding at reduced scale; equal to width, height otherwise */
    /* Private to src/data: the file's bytes and a decoder's work space, reused like pixels. */
    uint8_t *file, *work;
    size_t file_room, work_room;
    bool is_transient; /* the last failure was not the picture's own fault: memory or file descriptors ran out */
} lac_picture;

/* Make room and set the sizes (full_* too); pixels are not kept. */
lac_status lac_picture_reserve(lac_picture *p, int width, int height, int channels, lac_error *err);
void lac_picture_free(lac_picture *p);
/* Grey <-> RGB in place, as Pillow's convert("L") / convert("RGB"). */
lac_status lac_picture_convert(lac_picture *p, int channels, lac_error *err);

#endif
