/* data/decode_bmp.c - BMP: 1, 4 and 8 bits with a palette, 24 and 32 bits, bottom-up and top-down, uncompressed.
 *
 * Strict: run lengths, 16 bits and unusual masks are refused by name. A palette of greys gives a grey picture. */
#include "data/decode.h"

typedef struct layout {
    uint32_t width, height;
    bool is_top_down;
    unsigned bits, compression;
    size_t palette_at, n_palette, palette_step; /* entries of 3 (OS/2) or 4 bytes, blue first */
    size_t pixels_at, stride;
} layout;

static unsigned u16(const uint8_t *d) {
    return (unsigned)d[0] | (unsigned)d[1] << 8;
}

static uint32_t u32(const uint8_t *d) {
    return (uint32_t)u16(d) | (uint32_t)u16(d + 2) << 16;
}

static lac_status read_header(const uint8_t *d, size_t n, layout *l, lac_error *err) {
    if (n < 26) return lac_fail(err, "truncated BMP");
    const uint32_t header = u32(d + 14);
    unsigned planes;
    size_t n_used = 0;
    l->pixels_at = u32(d + 10);
    if (header == 12) {
        l->width = u16(d + 18);
        l->height = u16(d + 20);
        planes = u16(d + 22);
        l->bits = u16(d + 24);
    } else if (header >= 40 && header <= 124) {
        if (n < 14 + (size_t)header) return lac_fail(err, "truncated BMP");
        const uint32_t width = u32(d + 18), height = u32(d + 22);
        if (width > INT32_MAX) return lac_fail(err, "corrupt BMP (negative width)");
        l->is_top_down = height > INT32_MAX;
        l->width = width;
        l->height = l->is_top_down ? 0u - height : height;
        planes = u16(d + 26);
        l->bits = u16(d + 28);
        l->compression = u32(d + 30);
        n_used = u32(d + 46);
    } else {
        return lac_fail(err, "corrupt BMP (header of %lu bytes)", (unsigned long)header);
    }
    if (planes != 1) return lac_fail(err, "corrupt BMP (%u planes)", planes);
    if (l->compression == 1 || l->compression == 2) return lac_fail(err, "run-length coded BMP is not supported");
    const bool has_masks = l->compression == 3 || l->compression == 6;
    if (l->compression != 0 && !(has_masks && l->bits == 32))
        return lac_fail(err, "BMP compression %u with %u bits is not supported", l->compression, l->bits);
    if (l->bits != 1 && l->bits != 4 && l->bits != 8 && l->bits != 24 && l->bits != 32)
        return lac_fail(err, "BMP of %u bits is not supported", l->bits);
    if (has_masks) {
        if (n < 66) return lac_fail(err, "truncated BMP");
        if (u32(d + 54) != 0x00ff0000 || u32(d + 58) != 0x0000ff00 || u32(d + 62) != 0x000000ff)
            return lac_fail(err, "BMP with unusual colour masks is not supported");
    }
    if (l->bits <= 8) {
        const size_t most = (size_t)1 << l->bits;
        if (n_used > most) return lac_fail(err, "corrupt BMP (palette of %zu colours)", n_used);
        l->n_palette = n_used ? n_used : most;
        l->palette_at = 14 + (size_t)header;
        l->palette_step = header == 12 ? 3 : 4;
        if (l->palette_at + l->n_palette * l->palette_step > n) return lac_fail(err, "truncated BMP");
    }
    LAC_TRY(lac_decode_check_size(l->width, l->height, err));
    l->stride = ((size_t)l->width * l->bits + 31) / 32 * 4;
    if (l->pixels_at > n || l->stride * l->height > n - l->pixels_at) return lac_fail(err, "truncated BMP");
    return LAC_OK;
}

static lac_status read_palette_row(const layout *l, const uint8_t *palette, const uint8_t *in, int channels,
                                   uint8_t *out, lac_error *err) {
    const unsigned mask = (1u << l->bits) - 1;
    for (uint32_t x = 0; x < l->width; x++) {
        const size_t bit = (size_t)x * l->bits;
        const unsigned index = (unsigned)in[bit / 8] >> (8 - l->bits - bit % 8) & mask;
        if (index >= l->n_palette) return lac_fail(err, "corrupt BMP (colour %u of %zu)", index, l->n_palette);
        const uint8_t *colour = palette + index * l->palette_step;
        for (int c = 0; c < channels; c++)
            *out++ = colour[2 - c];
    }
    return LAC_OK;
}

lac_status lac_decode_bmp(lac_picture *p, const uint8_t *d, size_t n, lac_error *err) {
    layout l = {0};
    LAC_TRY(read_header(d, n, &l, err));
    const uint8_t *palette = d + l.palette_at;
    bool is_grey = l.bits <= 8;
    for (size_t i = 0; i < l.n_palette && is_grey; i++) {
        const uint8_t *colour = palette + i * l.palette_step;
        is_grey = colour[0] == colour[1] && colour[1] == colour[2];
    }
    LAC_TRY(lac_decode_reserve(p, l.width, l.height, is_grey ? 1 : 3, err));
    for (uint32_t y = 0; y < l.height; y++) {
        const uint8_t *in = d + l.pixels_at + l.stride * (l.is_top_down ? y : l.height - 1 - y);
        uint8_t *out = p->pixels + (size_t)y * l.width * (size_t)p->channels;
        if (l.bits <= 8) {
            LAC_TRY(read_palette_row(&l, palette, in, p->channels, out, err));
            continue;
        }
        const size_t step = l.bits / 8;
        for (uint32_t x = 0; x < l.width; x++, in += step, out += 3) {
            out[0] = in[2];
            out[1] = in[1];
            out[2] = in[0];
        }
    }
    return LAC_OK;
}
