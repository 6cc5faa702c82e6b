/* eval/figure.h - a canvas of RGB bytes with a small built-in font: enough for a grid of pictures with captions. */
#ifndef LAC_EVAL_FIGURE_H
#define LAC_EVAL_FIGURE_H

#include <stdint.h>

#include "base/error.h"

enum { LAC_GLYPH_WIDTH = 6, LAC_GLYPH_HEIGHT = 8 }; /* with the gap to the next one */

typedef struct lac_figure {
    int width, height;
    uint8_t *pixels; /* height x width x 3 */
} lac_figure;

lac_status lac_figure_new(int width, int height, lac_figure *figure, lac_error *err); /* white */
void lac_figure_free(lac_figure *figure);
/* Black text, one line, cut off at the border; characters outside printable ASCII are drawn as '?'. */
void lac_figure_text(lac_figure *figure, int x, int y, const char *text);
/* A picture of height x width x channels bytes (1 or 3), every pixel a square of `scale`; must fit. */
void lac_figure_picture(lac_figure *figure, int x, int y, int scale, int width, int height, int channels,
                        const uint8_t *pixels);

#endif
