/* data/augment.c - crop, resample, flip and normalise, as torchvision's RandomResizedCrop, Resize + CenterCrop,
 * RandomHorizontalFlip, ToTensor and Normalize (arXiv 2111.06377, section A.1).
 *
 * Draws are keyed by (seed, epoch, sample, view), so a picture's crop depends on nothing else. Crops are cut out before
 * they are resampled: the filter does not look over their edge. */
#include "data/augment.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "data/resample_view.h"

enum { TRIES = 10 /* torchvision's RandomResizedCrop.get_params */ };

static int smaller(int a, int b) {
    return a < b ? a : b;
}

void lac_augment_random_crop(const lac_augment *a, int width, int height, uint64_t seed, uint64_t epoch,
                             uint64_t sample, uint32_t view, int rectangle[4]) {
    lac_random r = lac_random_at(seed, LAC_RANDOM_CROP, epoch, sample, view);
    const double area = (double)width * height, low = log(a->ratio[0]), high = log(a->ratio[1]);
    for (int i = 0; i < TRIES; i++) {
        const double wanted = area * (a->scale[0] + (a->scale[1] - a->scale[0]) * lac_random_uniform(&r));
        const double ratio = exp(low + (high - low) * lac_random_uniform(&r));
        const double w = rint(sqrt(wanted * ratio)), h = rint(sqrt(wanted / ratio));
        if (!(w >= 1 && w <= width && h >= 1 && h <= height)) continue;
        rectangle[2] = (int)w;
        rectangle[3] = (int)h;
        rectangle[1] = (int)lac_random_below(&r, (uint64_t)(height - rectangle[3]) + 1);
        rectangle[0] = (int)lac_random_below(&r, (uint64_t)(width - rectangle[2]) + 1);
        return;
    }
    const double ratio = (double)width / height;
    int w = width, h = height;
    if (ratio < a->ratio[0])
        h = smaller(height, (int)rint(width / a->ratio[0]));
    else if (ratio > a->ratio[1])
        w = smaller(width, (int)rint(height * a->ratio[1]));
    if (w < 1) w = 1;
    if (h < 1) h = 1;
    rectangle[0] = (width - w) / 2;
    rectangle[1] = (height - h) / 2;
    rectangle[2] = w;
    rectangle[3] = h;
}

/* [from, from + n) of `full` pixels in a picture decoded to `size` pixels; at least one pixel, never outside */
static void to_decoded(int full, int size, int *from, int *n) {
    if (full == size) return;
    const double scale = (double)size / full;
    int first = (int)rint(*from * scale), end = (int)rint((*from + *n) * scale);
    if (first > size - 1) first = size - 1;
    if (end > size) end = size;
    if (end <= first) end = first + 1;
    *from = first;
    *n = end - first;
}

/* The part of the picture, and the box within it, that become the result. */
static void choose(const lac_augment *a, const lac_picture *p, uint64_t seed, uint64_t epoch, uint64_t sample,
                   uint32_t view, lac_view *part, double box[4]) {
    const size_t channels = (size_t)p->channels;
    *part = (lac_view){p->pixels, (size_t)p->width * channels, p->width, p->height, p->channels};
    box[0] = box[1] = 0;
    box[2] = p->width;
    box[3] = p->height;
    if (a->crop == LAC_CROP_RANDOM) {
        int at[4];
        lac_augment_random_crop(a, p->full_width, p->full_height, seed, epoch, sample, view, at);
        to_decoded(p->full_width, p->width, &at[0], &at[2]);
        to_decoded(p->full_height, p->height, &at[1], &at[3]);
        part->pixels += (size_t)at[1] * part->stride + (size_t)at[0] * channels;
        box[2] = part->width = at[2];
        box[3] = part->height = at[3];
    } else if (a->crop == LAC_CROP_CENTRE && !(p->full_width == a->width && p->full_height == a->height)) {
        /* Resize so that the picture covers size / crop_share, then cut the centre out: one box gives the same pixels
         * without computing those that are thrown away. */
        const double cover_w = floor(a->width / a->crop_share + 1e-6),
                     cover_h = floor(a->height / a->crop_share + 1e-6);
        const double w = p->full_width, h = p->full_height;
        const bool is_wide = w * cover_h > h * cover_w;
        const double new_w = is_wide ? floor(cover_h * w / h) : cover_w;
        const double new_h = is_wide ? cover_h : floor(cover_w * h / w);
        const double left = rint((new_w - a->width) / 2), top = rint((new_h - a->height) / 2);
        const double scale_x = p->width / new_w, scale_y = p->height / new_h;
        box[0] = left * scale_x;
        box[1] = top * scale_y;
        box[2] = (left + a->width) * scale_x;
        box[3] = (top + a->height) * scale_y;
    }
}

/* The window of a view: pixels from the left and from the top of a crop that is `shift` pixels larger. */
static void choose_window(const lac_augment *a, uint64_t seed, uint64_t epoch, uint64_t sample, uint32_t view,
                          size_t at[2]) {
    lac_random r = lac_random_at(seed, LAC_RANDOM_SHIFT, epoch, sample, view);
    for (int i = 0; i < 2; i++)
        at[i] = (size_t)lac_random_below(&r, (uint64_t)a->shift + 1);
}

static void fill_table(const lac_augment *a, lac_augment_scratch *s) {
    if (s->has_table && memcmp(s->table_mean, a->mean, sizeof a->mean) == 0 &&
        memcmp(s->table_std, a->std, sizeof a->std) == 0)
        return;
    for (int c = 0; c < 3; c++)
        for (int v = 0; v < 256; v++)
            s->table[c][v] = ((float)v / 255.0f - a->mean[c]) / a->std[c];
    memcpy(s->table_mean, a->mean, sizeof a->mean);
    memcpy(s->table_std, a->std, sizeof a->std);
    s->has_table = true;
}

/* in: height x width x channels in, rows `stride` bytes apart -> out: channels out x height x width */
static void normalise(const lac_augment *a, const lac_augment_scratch *s, const lac_view *in, bool is_flipped,
                      float *out) {
    const ptrdiff_t step = is_flipped ? -in->channels : in->channels;
    const size_t start = is_flipped ? (size_t)(a->width - 1) * (size_t)in->channels : 0;
    for (int c = 0; c < a->channels; c++) {
        const float *table = s->table[c];
        const size_t sample = in->channels == 1 ? 0 : (size_t)c;
        for (int y = 0; y < a->height; y++) {
            const uint8_t *at = in->pixels + (size_t)y * in->stride + start + sample;
            for (int x = 0; x < a->width; x++, at += step)
                *out++ = table[*at];
        }
    }
}

lac_augment lac_augment_of_view(const lac_augment *a, int view) {
    lac_augment one = *a;
    if (view < a->n_views - a->n_small || a->n_small == 0) return one;
    one.width = a->small_width;
    one.height = a->small_height;
    one.scale[0] = a->small_scale[0];
    one.scale[1] = a->small_scale[1];
    return one;
}

lac_status lac_augment_apply(const lac_augment *all, lac_picture *picture, uint64_t seed, uint64_t epoch,
                             uint64_t sample, uint32_t view, lac_augment_scratch *scratch, float *out, lac_error *err) {
    const lac_augment of_view = lac_augment_of_view(all, (int)view), *a = &of_view;
    if (!scratch->resampler) LAC_TRY(lac_resampler_new(&scratch->resampler, err));
    fill_table(a, scratch);
    if (a->channels == 1) LAC_TRY(lac_picture_convert(picture, 1, err)); /* grey to RGB is left to `normalise` */
    lac_view part;
    double box[4];
    const uint32_t placed = a->is_shared ? 0 : view;
    choose(a, picture, seed, epoch, sample, placed, &part, box);
    const bool is_whole = box[0] == 0 && box[1] == 0 && box[2] == part.width && box[3] == part.height;
    const int width = a->width + a->shift, height = a->height + a->shift;
    if (!(is_whole && part.width == width && part.height == height)) {
        LAC_TRY(lac_resample_view(scratch->resampler, &part, box, a->filter, width, height, &scratch->resized, err));
        part.pixels = scratch->resized.pixels;
        part.stride = (size_t)width * (size_t)part.channels;
    }
    if (a->shift > 0) {
        size_t at[2];
        choose_window(a, seed, epoch, sample, view, at);
        part.pixels += at[1] * part.stride + at[0] * (size_t)part.channels;
    }
    bool is_flipped = false;
    if (a->flip > 0) {
        lac_random r = lac_random_at(seed, LAC_RANDOM_FLIP, epoch, sample, placed);
        is_flipped = lac_random_uniform(&r) < a->flip;
    }
    normalise(a, scratch, &part, is_flipped, out);
    if (a->jittered >> view & 1)
        lac_jitter_apply(&a->jitter, a->channels, (int64_t)a->width * a->height, a->mean, a->std, seed, epoch, sample,
                         view, out);
    return LAC_OK;
}

void lac_augment_scratch_free(lac_augment_scratch *scratch) {
    if (!scratch) return;
    lac_picture_free(&scratch->resized);
    lac_resampler_free(scratch->resampler);
    *scratch = (lac_augment_scratch){0};
}

static int min_side(const lac_augment *a) {
    const double side = (a->width > a->height ? a->width : a->height) + a->shift;
    double least = side;
    if (a->crop == LAC_CROP_CENTRE) {
        least = side / a->crop_share;
    } else if (a->crop == LAC_CROP_RANDOM) {
        /* the narrowest crop of a W x H picture has a side of sqrt(scale * narrowness * W * H) */
        const double narrow = a->ratio[0] < 1 / a->ratio[1] ? a->ratio[0] : 1 / a->ratio[1];
        least = side / sqrt(a->scale[0] * (narrow < 1 ? narrow : 1));
    }
    return least < 1e6 ? (int)ceil(least) : 1000000;
}

int lac_augment_min_side(const lac_augment *a) {
    const lac_augment last = lac_augment_of_view(a, a->n_views - 1);
    const int first_side = min_side(a), last_side = min_side(&last);
    return first_side > last_side ? first_side : last_side;
}

lac_augment lac_augment_one_view(const lac_augment *train) {
    lac_augment a = *train;
    a.n_views = 1;
    a.n_small = 0;
    a.jittered = 0;
    a.shift = 0;
    return a;
}

lac_augment lac_augment_for_eval(const lac_augment *train) {
    lac_augment a = lac_augment_one_view(train);
    if (a.crop != LAC_CROP_SQUASH) a.crop = LAC_CROP_CENTRE;
    a.flip = 0;
    if (!(a.crop_share > 0 && a.crop_share <= 1)) a.crop_share = 0.875;
    return a;
}
