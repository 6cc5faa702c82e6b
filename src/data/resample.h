/* data/resample.h - antialiased separable resampling of 8-bit pictures, equal to Pillow's Image.resize(size, filter,
 * box) within 1 level: the filter's support grows with the reduction, coefficients are normalised, each pass rounds to
 * 8 bits. */
#ifndef LAC_DATA_RESAMPLE_H
#define LAC_DATA_RESAMPLE_H

#include "data/picture.h"

typedef enum lac_filter { LAC_FILTER_BILINEAR, LAC_FILTER_BICUBIC /* a = -0.5 */ } lac_filter;

typedef struct lac_resampler lac_resampler; /* work space, reused between calls */
lac_status lac_resampler_new(lac_resampler **r, lac_error *err);
void lac_resampler_free(lac_resampler *r);
/* box: x0, y0, x1, y1 in source pixels */
lac_status lac_resample(lac_resampler *r, const lac_picture *in, const double box[4], lac_filter filter, int width,
                        int height, lac_picture *out, lac_error *err);

#endif
