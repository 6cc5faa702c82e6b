/* data/resample.c - Pillow's antialiased separable resampling of 8-bit pictures (libImaging/Resample.c, MIT-CMU
 * licence), written anew after its arithmetic so that results are equal.
 *
 * A filter's support is stretched by the reduction; coefficients are normalised in float64 and rounded to 22 fractional
 * bits; rows first, then columns, each pass rounded and clipped to 8 bits. Not here: which box (augment.c). */
#include "data/resample.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "data/resample_view.h"

enum { BITS = 32 - 8 - 2, BLOCK = 64 };

typedef struct axis { /* coefficients of one direction */
    int32_t *weight;  /* n_out x taps */
    int *first, *n;   /* input pixels first .. first + n - 1 make an output pixel */
    size_t weight_room, first_room, n_room;
    int taps;
    int n_in, n_out; /* what they were computed for */
    double low, high;
    lac_filter filter;
} axis;

struct lac_resampler {
    axis x, y;
    double *tap;
    uint8_t *rows; /* after the horizontal pass */
    size_t tap_room, rows_room;
    bool has_avx2;
};

lac_status lac_resampler_new(lac_resampler **r, lac_error *err) {
    *r = lac_zalloc(sizeof **r);
    if (!*r) return lac_no_memory(err, "a resampler");
#if defined(__x86_64__)
    (*r)->has_avx2 = __builtin_cpu_supports("avx2");
#endif
    return LAC_OK;
}

void lac_resampler_free(lac_resampler *r) {
    if (!r) return;
    axis *axes[] = {&r->x, &r->y};
    for (int i = 0; i < 2; i++) {
        lac_free(axes[i]->weight);
        lac_free(axes[i]->first);
        lac_free(axes[i]->n);
    }
    lac_free(r->tap);
    lac_free(r->rows);
    lac_free(r);
}

/* Grow *block (a pointer to any object) to `bytes` without keeping its contents. */
static lac_status grow(void *block, size_t *room, size_t bytes, lac_error *err) {
    if (*room >= bytes) return LAC_OK;
    void *old, *grown = lac_alloc(bytes);
    if (!grown) return lac_no_memory(err, "resampling");
    memcpy(&old, block, sizeof old);
    lac_free(old);
    memcpy(block, &grown, sizeof grown);
    *room = bytes;
    return LAC_OK;
}

static double bilinear(double x) {
    x = fabs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
}

/* Keys' cubic with a = -0.5 */
static double bicubic(double x) {
    const double a = -0.5;
    x = fabs(x);
    if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
    if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
    return 0.0;
}

static double support_of(lac_filter filter) {
    return filter == LAC_FILTER_BILINEAR ? 1.0 : 2.0;
}

static int taps_of(double reduction, lac_filter filter) {
    return (int)ceil(support_of(filter) * (reduction < 1.0 ? 1.0 : reduction)) * 2 + 1;
}

static lac_status axis_reserve(lac_resampler *r, axis *a, int taps, int n_out, lac_error *err) {
    LAC_TRY(grow(&a->weight, &a->weight_room, sizeof *a->weight * (size_t)n_out * (size_t)taps, err));
    LAC_TRY(grow(&a->first, &a->first_room, sizeof *a->first * (size_t)n_out, err));
    LAC_TRY(grow(&a->n, &a->n_room, sizeof *a->n * (size_t)n_out, err));
    return grow(&r->tap, &r->tap_room, sizeof *r->tap * (size_t)taps, err);
}

static lac_status axis_plan(lac_resampler *r, axis *a, int n_in, double low, double high, int n_out, lac_filter filter,
                            lac_error *err) {
    if (a->n_in == n_in && a->n_out == n_out && a->low == low && a->high == high && a->filter == filter) return LAC_OK;
    const double scale = (high - low) / n_out, stretch = scale < 1.0 ? 1.0 : scale;
    const double support = support_of(filter) * stretch, shrink = 1.0 / stretch;
    a->n_in = 0; /* nothing valid if we fail half-way */
    a->taps = taps_of(scale, filter);
    LAC_TRY(axis_reserve(r, a, a->taps, n_out, err));
    for (int i = 0; i < n_out; i++) {
        const double centre = low + (i + 0.5) * scale;
        int first = (int)(centre - support + 0.5), end = (int)(centre + support + 0.5);
        if (first < 0) first = 0;
        if (end > n_in) end = n_in;
        const int n = end - first;
        double sum = 0;
        for (int t = 0; t < n; t++) {
            const double x = (t + first - centre + 0.5) * shrink;
            r->tap[t] = filter == LAC_FILTER_BILINEAR ? bilinear(x) : bicubic(x);
            sum += r->tap[t];
        }
        int32_t *weight = a->weight + (size_t)i * (size_t)a->taps;
        for (int t = 0; t < n; t++) {
            const double w = (sum != 0.0 ? r->tap[t] / sum : r->tap[t]) * (1 << BITS);
            weight[t] = (int32_t)(w < 0 ? w - 0.5 : w + 0.5);
        }
        a->first[i] = first;
        a->n[i] = n;
    }
    a->n_in = n_in;
    a->n_out = n_out;
    a->low = low;
    a->high = high;
    a->filter = filter;
    return LAC_OK;
}

static uint8_t clip(int32_t sum) {
    const int32_t v = sum >> BITS;
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* One row: in -> out of a->n_out pixels */
static void horizontal_grey(const axis *a, const uint8_t *in, uint8_t *out) {
    for (int i = 0; i < a->n_out; i++) {
        const uint8_t *at = in + a->first[i];
        const int32_t *weight = a->weight + (size_t)i * (size_t)a->taps;
        int32_t sum = 1 << (BITS - 1);
        for (int t = 0; t < a->n[i]; t++)
            sum += at[t] * weight[t];
        out[i] = clip(sum);
    }
}

static void horizontal_rgb(const axis *a, const uint8_t *in, uint8_t *out) {
    for (int i = 0; i < a->n_out; i++, out += 3) {
        const uint8_t *at = in + 3 * (size_t)a->first[i];
        const int32_t *weight = a->weight + (size_t)i * (size_t)a->taps;
        int32_t red = 1 << (BITS - 1), green = red, blue = red;
        for (int t = 0; t < a->n[i]; t++, at += 3) {
            red += at[0] * weight[t];
            green += at[1] * weight[t];
            blue += at[2] * weight[t];
        }
        out[0] = clip(red);
        out[1] = clip(green);
        out[2] = clip(blue);
    }
}

/* One row of `bytes` samples: out = sum over taps of weight * row. In blocks of a constant size, which compilers
 * vectorise; the rest one by one. */
static inline __attribute__((always_inline)) void vertical_body(const int32_t *weight, int n, const uint8_t *in,
                                                                size_t stride, uint8_t *out, size_t bytes) {
    size_t x = 0;
    for (; x + BLOCK <= bytes; x += BLOCK) {
        int32_t sum[BLOCK];
        for (int j = 0; j < BLOCK; j++)
            sum[j] = 1 << (BITS - 1);
        for (int t = 0; t < n; t++) {
            const uint8_t *row = in + (size_t)t * stride + x;
            const int32_t w = weight[t];
            for (int j = 0; j < BLOCK; j++)
                sum[j] += row[j] * w;
        }
        for (int j = 0; j < BLOCK; j++)
            out[x + (size_t)j] = clip(sum[j]);
    }
    for (; x < bytes; x++) {
        int32_t sum = 1 << (BITS - 1);
        for (int t = 0; t < n; t++)
            sum += in[(size_t)t * stride + x] * weight[t];
        out[x] = clip(sum);
    }
}

static void vertical_portable(const int32_t *weight, int n, const uint8_t *in, size_t stride, uint8_t *out,
                              size_t bytes) {
    vertical_body(weight, n, in, stride, out, bytes);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void vertical_avx2(const int32_t *weight, int n, const uint8_t *in,
                                                          size_t stride, uint8_t *out, size_t bytes) {
    vertical_body(weight, n, in, stride, out, bytes);
}
#else
#define vertical_avx2 vertical_portable
#endif

lac_status lac_resample_view(lac_resampler *r, const lac_view *in, const double box[4], lac_filter filter, int width,
                             int height, lac_picture *out, lac_error *err) {
    const size_t channels = (size_t)in->channels, out_row = (size_t)width * channels;
    const bool is_across = width != in->width || box[0] != 0 || box[2] != width;
    const bool is_down = height != in->height || box[1] != 0 || box[3] != height;
    LAC_TRY(lac_picture_reserve(out, width, height, in->channels, err));
    int top = 0, bottom = in->height; /* the rows that the vertical pass needs */
    if (is_down) {
        LAC_TRY(axis_plan(r, &r->y, in->height, box[1], box[3], height, filter, err));
        top = r->y.first[0];
        bottom = r->y.first[height - 1] + r->y.n[height - 1];
    }
    const uint8_t *rows = in->pixels + (size_t)top * in->stride;
    size_t stride = in->stride;
    if (is_across) {
        LAC_TRY(axis_plan(r, &r->x, in->width, box[0], box[2], width, filter, err));
        uint8_t *to = out->pixels;
        if (is_down) {
            LAC_TRY(grow(&r->rows, &r->rows_room, (size_t)(bottom - top) * out_row, err));
            to = r->rows;
        }
        for (int y = 0; y < bottom - top; y++) {
            const uint8_t *from = rows + (size_t)y * stride;
            if (channels == 1)
                horizontal_grey(&r->x, from, to + (size_t)y * out_row);
            else
                horizontal_rgb(&r->x, from, to + (size_t)y * out_row);
        }
        rows = to;
        stride = out_row;
    }
    if (is_down) {
        for (int y = 0; y < height; y++) {
            const int32_t *weight = r->y.weight + (size_t)y * (size_t)r->y.taps;
            const uint8_t *from = rows + (size_t)(r->y.first[y] - top) * stride;
            uint8_t *to = out->pixels + (size_t)y * out_row;
            if (r->has_avx2)
                vertical_avx2(weight, r->y.n[y], from, stride, to, out_row);
            else
                vertical_portable(weight, r->y.n[y], from, stride, to, out_row);
        }
    } else if (!is_across) {
        for (int y = 0; y < height; y++)
            memcpy(out->pixels + (size_t)y * out_row, rows + (size_t)y * stride, out_row);
    }
    return LAC_OK;
}

lac_status lac_resample(lac_resampler *r, const lac_picture *in, const double box[4], lac_filter filter, int width,
                        int height, lac_picture *out, lac_error *err) {
    if (width < 1 || height < 1 || (int64_t)width * height > (int64_t)1 << 28)
        return lac_usage(err, "resample: %d x %d pixels asked for", width, height);
    if (!(box[0] >= 0 && box[1] >= 0 && box[2] <= in->width && box[3] <= in->height && box[0] < box[2] &&
          box[1] < box[3]))
        return lac_usage(err, "resample: box %g %g %g %g is not within %d x %d", box[0], box[1], box[2], box[3],
                         in->width, in->height);
    /* Pillow holds the box in float32; extents are differences of those, before they become float64 */
    double rounded[4];
    for (int i = 0; i < 4; i++)
        rounded[i] = (float)box[i];
    const lac_view view = {in->pixels, (size_t)in->width * (size_t)in->channels, in->width, in->height, in->channels};
    return lac_resample_view(r, &view, rounded, filter, width, height, out, err);
}

lac_status lac_resampler_reserve(lac_resampler *r, int in_width, int in_height, int width, int height, lac_error *err) {
    LAC_TRY(axis_reserve(r, &r->x, taps_of((double)in_width / width, LAC_FILTER_BICUBIC), width, err));
    LAC_TRY(axis_reserve(r, &r->y, taps_of((double)in_height / height, LAC_FILTER_BICUBIC), height, err));
    r->x.n_in = r->y.n_in = 0; /* blocks may have moved: plan again */
    return grow(&r->rows, &r->rows_room, (size_t)in_height * (size_t)width * 3, err);
}
