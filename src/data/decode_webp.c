/* data/decode_webp.c - WebP, lossy and lossless, through libwebp; alpha is dropped, animations are refused. */
#include <string.h>

#include <webp/decode.h>

#include "data/decode.h"

static lac_status fail(lac_picture *p, VP8StatusCode code, lac_error *err) {
    switch (code) {
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
        return lac_fail(err, "truncated WebP");
    case VP8_STATUS_OUT_OF_MEMORY:
        p->is_transient = true;
        return lac_fail(err, "out of memory (decoding WebP)");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return lac_fail(err, "WebP with an unsupported feature");
    default:
        return lac_fail(err, "corrupt WebP");
    }
}

static int orientation_of(const uint8_t *d, size_t n) {
    for (size_t at = 12; n - at >= 8;) {
        size_t size = (size_t)d[at + 4] | (size_t)d[at + 5] << 8 | (size_t)d[at + 6] << 16 | (size_t)d[at + 7] << 24;
        if (size > n - at - 8) return 1;
        if (memcmp(d + at, "EXIF", 4) == 0) return lac_exif_orientation(d + at + 8, size);
        size += size & 1;
        if (size > n - at - 8) return 1;
        at += 8 + size;
    }
    return 1;
}

lac_status lac_decode_webp(lac_picture *p, const uint8_t *data, size_t bytes, int *orientation, lac_error *err) {
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config)) return lac_fail(err, "libwebp of another version");
    VP8StatusCode code = WebPGetFeatures(data, bytes, &config.input);
    if (code != VP8_STATUS_OK) return fail(p, code, err);
    LAC_TRY(lac_decode_check_size((uint64_t)config.input.width, (uint64_t)config.input.height, err));
    if (config.input.has_animation) return lac_fail(err, "animated WebP is not supported");
    LAC_TRY(lac_decode_reserve(p, (uint64_t)config.input.width, (uint64_t)config.input.height, 3, err));
    config.output.colorspace = MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = p->pixels;
    config.output.u.RGBA.stride = 3 * p->width;
    config.output.u.RGBA.size = 3 * (size_t)p->width * (size_t)p->height;
    code = WebPDecode(data, bytes, &config);
    WebPFreeDecBuffer(&config.output);
    if (code != VP8_STATUS_OK) return fail(p, code, err);
    *orientation = orientation_of(data, bytes);
    return LAC_OK;
}
