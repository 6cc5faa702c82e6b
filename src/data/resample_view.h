/* data/resample_view.h - private to src/data: resampling part of a picture, and sizing a resampler ahead of need. */
#ifndef LAC_DATA_RESAMPLE_VIEW_H
#define LAC_DATA_RESAMPLE_VIEW_H

#include "data/resample.h"

typedef struct lac_view { /* a rectangle of a picture: nothing outside of it is ever read */
    const uint8_t *pixels;
    size_t stride; /* bytes from row to row */
    int width, height, channels;
} lac_view;

/* box in pixels of the view, kept in double precision. out must not be the viewed picture. */
lac_status lac_resample_view(lac_resampler *r, const lac_view *in, const double box[4], lac_filter filter, int width,
                             int height, lac_picture *out, lac_error *err);
/* Room for every reduction from up to in_width x in_height x 3 to width x height, so that none allocates later. */
lac_status lac_resampler_reserve(lac_resampler *r, int in_width, int in_height, int width, int height, lac_error *err);

#endif
