/* data/decode_png.c - PNG through libspng: all colour types and depths; alpha is dropped, as Pillow's convert("RGB").
 *
 * 16 bits become 8 by v / 257, rounded (Pillow cuts off the low byte of colour). */
#include <spng.h>

#include "data/decode.h"

static lac_status fail(lac_picture *p, int code, lac_error *err) {
    if (code == SPNG_EMEM) p->is_transient = true;
    if (code == SPNG_IO_EOF || code == SPNG_EIDAT_TOO_SHORT) return lac_fail(err, "truncated PNG");
    return lac_fail(err, "corrupt PNG (%s)", spng_strerror(code));
}

/* Samples of `from` channels (1 to 4, of `wide` bytes, host order) in p->work to p->channels in p->pixels. */
static void keep_colour(lac_picture *p, int from, bool is_wide) {
    const size_t n = (size_t)p->width * (size_t)p->height;
    const int to = p->channels;
    if (is_wide) {
        const uint16_t *in = (const uint16_t *)(const void *)p->work;
        for (size_t i = 0; i < n; i++)
            for (int c = 0; c < to; c++)
                p->pixels[i * (size_t)to + (size_t)c] = lac_narrow16(in[i * (size_t)from + (size_t)c]);
    } else {
        for (size_t i = 0; i < n; i++)
            for (int c = 0; c < to; c++)
                p->pixels[i * (size_t)to + (size_t)c] = p->work[i * (size_t)from + (size_t)c];
    }
}

static lac_status decode(spng_ctx *codec, lac_picture *p, const uint8_t *data, size_t bytes, int *orientation,
                         lac_error *err) {
    int code = spng_set_png_buffer(codec, data, bytes);
    if (code) return fail(p, code, err);
    /* a damaged comment does not make a picture unreadable; damaged pixels do */
    spng_set_crc_action(codec, SPNG_CRC_ERROR, SPNG_CRC_DISCARD);
    spng_set_chunk_limits(codec, (size_t)64 << 20, (size_t)128 << 20);
    struct spng_ihdr header;
    code = spng_get_ihdr(codec, &header);
    if (code) return fail(p, code, err);
    LAC_TRY(lac_decode_check_size(header.width, header.height, err));
    const bool is_wide = header.bit_depth == 16;
    const bool has_alpha =
        header.color_type == SPNG_COLOR_TYPE_GRAYSCALE_ALPHA || header.color_type == SPNG_COLOR_TYPE_TRUECOLOR_ALPHA;
    const bool is_grey =
        header.color_type == SPNG_COLOR_TYPE_GRAYSCALE || header.color_type == SPNG_COLOR_TYPE_GRAYSCALE_ALPHA;
    const int channels = is_grey ? 1 : 3, stored = channels + (has_alpha ? 1 : 0);
    LAC_TRY(lac_decode_reserve(p, header.width, header.height, channels, err));
    /* as stored where samples must be picked or narrowed; else straight into the picture */
    const bool is_direct = !is_wide && !(is_grey && has_alpha);
    const int format = !is_direct ? SPNG_FMT_PNG : is_grey ? SPNG_FMT_G8 : SPNG_FMT_RGB8;
    size_t size;
    code = spng_decoded_image_size(codec, format, &size);
    if (code) return fail(p, code, err);
    const size_t n = (size_t)p->width * (size_t)p->height;
    const size_t expected = is_direct ? n * (size_t)channels : n * (size_t)stored * (is_wide ? 2 : 1);
    if (size != expected) return lac_fail(err, "corrupt PNG (%zu bytes of pixels, expected %zu)", size, expected);
    if (!is_direct) LAC_TRY(lac_picture_work(p, size, err));
    code = spng_decode_image(codec, is_direct ? p->pixels : p->work, size, format, 0);
    if (code) return fail(p, code, err);
    if (!is_direct) keep_colour(p, stored, is_wide);
    struct spng_exif exif;
    if (spng_get_exif(codec, &exif) == 0) *orientation = lac_exif_orientation((const uint8_t *)exif.data, exif.length);
    return LAC_OK;
}

lac_status lac_decode_png(lac_picture *p, const uint8_t *data, size_t bytes, int *orientation, lac_error *err) {
    spng_ctx *codec = spng_ctx_new(0);
    if (!codec) return fail(p, SPNG_EMEM, err);
    lac_status status = decode(codec, p, data, bytes, orientation, err);
    spng_ctx_free(codec);
    return status;
}
