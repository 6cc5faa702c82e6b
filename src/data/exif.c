/* data/exif.c - the orientation tag of EXIF 2.3 (tag 0x0112), and the eight turns it asks for.
 *
 * A malformed block means "upright", as in Pillow: a camera's bad metadata does not make a picture unreadable. */
#include <string.h>

#include "data/decode.h"

static uint32_t number(const uint8_t *d, int bytes, bool is_little) {
    uint32_t v = 0;
    for (int i = 0; i < bytes; i++)
        v |= (uint32_t)d[i] << (8 * (is_little ? i : bytes - 1 - i));
    return v;
}

int lac_exif_orientation(const uint8_t *d, size_t n) {
    if (n >= 6 && memcmp(d, "Exif\0\0", 6) == 0) {
        d += 6;
        n -= 6;
    }
    if (n < 8) return 1;
    bool is_little = memcmp(d, "II\x2a\0", 4) == 0;
    if (!is_little && memcmp(d, "MM\0\x2a", 4) != 0) return 1;
    size_t at = number(d + 4, 4, is_little);
    if (at > n - 2) return 1;
    size_t entries = number(d + at, 2, is_little);
    at += 2;
    for (size_t i = 0; i < entries && n - at >= 12; i++, at += 12) {
        if (number(d + at, 2, is_little) != 0x0112) continue;
        uint32_t type = number(d + at + 2, 2, is_little), value = number(d + at + 8, 2, is_little);
        return type == 3 && value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

/* Upright pixel (x, y) is stored pixel (x or its mirror, y or its mirror), for 5 to 8 with the axes exchanged. */
lac_status lac_picture_orient(lac_picture *p, int orientation, lac_error *err) {
    if (orientation < 2 || orientation > 8) return LAC_OK;
    const ptrdiff_t w = p->width, h = p->height, c = p->channels;
    LAC_TRY(lac_picture_work(p, (size_t)(w * h * c), err));
    const bool is_turned = orientation >= 5;
    const bool mirrors_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool mirrors_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    const ptrdiff_t along_x = mirrors_x ? -c : c, along_y = mirrors_y ? -w * c : w * c;
    const ptrdiff_t step_x = is_turned ? along_y : along_x, step_y = is_turned ? along_x : along_y;
    const ptrdiff_t out_w = is_turned ? h : w, out_h = is_turned ? w : h;
    const uint8_t *first = p->pixels + (mirrors_x ? (w - 1) * c : 0) + (mirrors_y ? (h - 1) * w * c : 0);
    uint8_t *out = p->work;
    for (ptrdiff_t y = 0; y < out_h; y++)
        for (ptrdiff_t x = 0; x < out_w; x++) {
            const uint8_t *in = first + y * step_y + x * step_x;
            for (ptrdiff_t k = 0; k < c; k++)
                *out++ = in[k];
        }
    uint8_t *pixels = p->pixels;
    size_t room = p->room;
    p->pixels = p->work;
    p->room = p->work_room;
    p->work = pixels;
    p->work_room = room;
    if (is_turned) {
        int full_width = p->full_width;
        p->width = (int)out_w;
        p->height = (int)out_h;
        p->full_width = p->full_height;
        p->full_height = full_width;
    }
    return LAC_OK;
}
