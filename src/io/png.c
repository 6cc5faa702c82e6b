/* io/png.c - pictures out (libspng), streamed into an atomic file. The bytes are a function of the pixels and the
 * versions of libspng and zlib. */
#include "io/png.h"

#include <spng.h>

#include "base/file.h"
#include "base/memory.h"

typedef struct sink {
    lac_writer *file; /* or */
    lac_text *text;
    lac_status status;
    lac_error *err;
} sink;

static int put(spng_ctx *png, void *user, void *data, size_t bytes) {
    (void)png;
    sink *s = user;
    if (s->file) {
        s->status = lac_writer_put(s->file, data, bytes, s->err);
    } else {
        lac_text_put(s->text, data, bytes);
        if (s->text->failed) s->status = lac_no_memory(s->err, "a picture");
    }
    return s->status == LAC_OK ? 0 : SPNG_IO_ERROR;
}

static lac_status encode(const char *path, int width, int height, int channels, const uint8_t *pixels, sink *s) {
    struct spng_alloc allocator = {lac_alloc, lac_resize, lac_array, lac_free};
    spng_ctx *png = spng_ctx_new2(&allocator, SPNG_CTX_ENCODER);
    if (!png) return lac_no_memory(s->err, path);
    struct spng_ihdr header = {
        .width = (uint32_t)width,
        .height = (uint32_t)height,
        .bit_depth = 8,
        .color_type = channels == 1 ? SPNG_COLOR_TYPE_GRAYSCALE : SPNG_COLOR_TYPE_TRUECOLOR,
    };
    size_t bytes = (size_t)width * (size_t)height * (size_t)channels; /* below 2^63: 31 + 31 bits and 3 */
    int result = spng_set_png_stream(png, put, s);
    if (!result) result = spng_set_ihdr(png, &header);
    if (!result) result = spng_encode_image(png, pixels, bytes, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
    spng_ctx_free(png);
    if (s->status != LAC_OK) return s->status;
    /* zlib's set-up can fail for memory alone, as its other causes are wrong arguments */
    if (result == SPNG_EMEM || result == SPNG_EZLIB_INIT) return lac_no_memory(s->err, path);
    if (result) return lac_fail(s->err, "%s: the picture could not be encoded: %s", path, spng_strerror(result));
    return LAC_OK;
}

lac_status lac_png_write(const char *path, int width, int height, int channels, const uint8_t *pixels, lac_error *err) {
    if (width < 1 || height < 1) return lac_usage(err, "%s: a picture of %d x %d pixels", path, width, height);
    if (channels != 1 && channels != 3) return lac_usage(err, "%s: expected 1 or 3 channels, found %d", path, channels);
    sink s = {.status = LAC_OK, .err = err};
    LAC_TRY(lac_writer_open(path, &s.file, err));
    lac_status status = encode(path, width, height, channels, pixels, &s);
    if (status == LAC_OK) return lac_writer_commit(s.file, err);
    lac_writer_abort(s.file);
    return status;
}

lac_status lac_png_encode(int width, int height, int channels, const uint8_t *pixels, lac_text *out, lac_error *err) {
    sink s = {.text = out, .status = LAC_OK, .err = err};
    return encode("a picture", width, height, channels, pixels, &s);
}
