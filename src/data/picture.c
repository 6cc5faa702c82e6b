/* data/picture.c - the memory of a decoded picture, and conversion between grey and RGB as Pillow does it.
 *
 * Not here: decoding (decode.h), resampling (resample.h). */
#include "data/picture.h"

#include "base/memory.h"
#include "data/decode.h"

lac_status lac_room(uint8_t **block, size_t *room, size_t bytes, lac_picture *p, const char *what, lac_error *err) {
    if (*room >= bytes) return LAC_OK;
    lac_free(*block);
    *room = 0;
    *block = lac_alloc(bytes);
    if (!*block) {
        p->is_transient = true;
        return lac_no_memory(err, what);
    }
    *room = bytes;
    return LAC_OK;
}

lac_status lac_picture_reserve(lac_picture *p, int width, int height, int channels, lac_error *err) {
    size_t bytes = (size_t)width * (size_t)height * (size_t)channels;
    LAC_TRY(lac_room(&p->pixels, &p->room, bytes, p, "a picture", err));
    p->width = p->full_width = width;
    p->height = p->full_height = height;
    p->channels = channels;
    return LAC_OK;
}

lac_status lac_picture_work(lac_picture *p, size_t bytes, lac_error *err) {
    return lac_room(&p->work, &p->work_room, bytes, p, "a picture's work space", err);
}

void lac_picture_free(lac_picture *p) {
    if (!p) return;
    lac_free(p->pixels);
    lac_free(p->file);
    lac_free(p->work);
    *p = (lac_picture){0};
}

/* ITU-R 601-2 luma in 16 fractional bits, rounded: Pillow's convert("L"). */
static void to_grey(uint8_t *pixels, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const uint8_t *in = pixels + 3 * i;
        pixels[i] = (uint8_t)((in[0] * 19595u + in[1] * 38470u + in[2] * 7471u + 0x8000u) >> 16);
    }
}

lac_status lac_picture_convert(lac_picture *p, int channels, lac_error *err) {
    if (p->channels == channels) return LAC_OK;
    size_t n = (size_t)p->width * (size_t)p->height;
    if (channels == 1) {
        to_grey(p->pixels, n);
    } else {
        if (p->room < 3 * n) {
            uint8_t *grown = lac_resize(p->pixels, 3 * n);
            if (!grown) {
                p->is_transient = true;
                return lac_no_memory(err, "a picture");
            }
            p->pixels = grown;
            p->room = 3 * n;
        }
        for (size_t i = n; i-- > 0;) {
            uint8_t v = p->pixels[i];
            p->pixels[3 * i] = p->pixels[3 * i + 1] = p->pixels[3 * i + 2] = v;
        }
    }
    p->channels = channels;
    return LAC_OK;
}
