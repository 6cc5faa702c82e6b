/* io/png.h - writing 8-bit PNG pictures (libspng), atomically. Reading is data/decode's. */
#ifndef LAC_IO_PNG_H
#define LAC_IO_PNG_H

#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

/* pixels: height x width x channels, channels 1 (grey) or 3 (RGB) */
lac_status lac_png_write(const char *path, int width, int height, int channels, const uint8_t *pixels, lac_error *err);
/* The same bytes appended to `out`. */
lac_status lac_png_encode(int width, int height, int channels, const uint8_t *pixels, lac_text *out, lac_error *err);

#endif
