/* data/decode_tiff.c - the first picture of a TIFF file, through libtiff.
 *
 * Interleaved grey and RGB of 8 and 16 bits are read sample by sample: 16 bits by v / 257, rounded, alpha dropped.
 * Everything else libtiff knows (palettes, bilevel, YCbCr, CMYK, planes) goes through its RGBA conversion. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <tiffio.h>

#include "data/decode.h"

static const tmsize_t max_block_bytes = (tmsize_t)1 << 30; /* one allocation of libtiff */

typedef struct memory { /* a file that lies in memory, and the first complaint about it */
    const uint8_t *data;
    size_t bytes, at;
    char why[160];
} memory;

static tmsize_t memory_read(thandle_t handle, void *out, tmsize_t bytes) {
    memory *m = handle;
    size_t left = m->at < m->bytes ? m->bytes - m->at : 0, n = (size_t)bytes < left ? (size_t)bytes : left;
    if (n) memcpy(out, m->data + m->at, n);
    m->at += n;
    return (tmsize_t)n;
}

static tmsize_t memory_write(thandle_t handle, void *data, tmsize_t bytes) {
    (void)handle;
    (void)data;
    (void)bytes;
    return -1;
}

static toff_t memory_seek(thandle_t handle, toff_t offset, int whence) {
    memory *m = handle;
    toff_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? m->at : m->bytes;
    m->at = (size_t)(from + offset);
    return m->at;
}

static int memory_close(thandle_t handle) {
    (void)handle;
    return 0;
}

static toff_t memory_size(thandle_t handle) {
    return ((memory *)handle)->bytes;
}

static int memory_map(thandle_t handle, void **base, toff_t *size) {
    memory *m = handle;
    union {
        const uint8_t *in;
        void *out;
    } address = {m->data}; /* libtiff does not write through it when reading */
    *base = address.out;
    *size = m->bytes;
    return 1;
}

static void memory_unmap(thandle_t handle, void *base, toff_t size) {
    (void)handle;
    (void)base;
    (void)size;
}

static int on_error(TIFF *tiff, void *context, const char *module, const char *format, va_list values)
    __attribute__((format(printf, 4, 0)));
static int on_error(TIFF *tiff, void *context, const char *module, const char *format, va_list values) {
    memory *m = context;
    (void)tiff;
    (void)module;
    if (!m->why[0]) vsnprintf(m->why, sizeof m->why, format, values);
    return 1;
}

static int on_warning(TIFF *tiff, void *context, const char *module, const char *format, va_list values) {
    (void)tiff;
    (void)context;
    (void)module;
    (void)format;
    (void)values;
    return 1;
}

static lac_status fail(const memory *m, lac_error *err) {
    return lac_fail(err, "corrupt or truncated TIFF (%s)", m->why[0] ? m->why : "no reason given");
}

typedef struct format {
    uint32_t width, height;
    uint16_t bits, samples, photometric, planar, kind;
    bool is_direct, is_grey;
} format;

static format read_format(TIFF *tiff) {
    format f = {0};
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &f.width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &f.height);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &f.bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &f.samples);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &f.planar);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &f.kind);
    const bool has_photometric = TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &f.photometric) == 1;
    f.is_grey = has_photometric && (f.photometric == PHOTOMETRIC_MINISBLACK || f.photometric == PHOTOMETRIC_MINISWHITE);
    const bool is_rgb = has_photometric && f.photometric == PHOTOMETRIC_RGB && f.samples >= 3;
    f.is_direct = f.planar == PLANARCONFIG_CONTIG && f.kind == SAMPLEFORMAT_UINT && (f.bits == 8 || f.bits == 16) &&
                  ((f.is_grey && f.samples >= 1) || is_rgb);
    return f;
}

/* n pixels of interleaved samples to the picture's channels */
static void keep_samples(const format *f, const uint8_t *in, uint8_t *out, size_t n) {
    const size_t channels = f->is_grey ? 1 : 3, samples = f->samples;
    const uint8_t invert = f->photometric == PHOTOMETRIC_MINISWHITE ? 255 : 0;
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < channels; c++) {
            uint8_t v;
            if (f->bits == 16) {
                uint16_t wide;
                memcpy(&wide, in + 2 * (i * samples + c), 2);
                v = lac_narrow16(wide);
            } else {
                v = in[i * samples + c];
            }
            out[i * channels + c] = v ^ invert;
        }
}

static lac_status read_strips(TIFF *tiff, const memory *m, const format *f, lac_picture *p, lac_error *err) {
    const uint64_t row = (uint64_t)f->width * f->samples * (f->bits / 8u);
    if (row > (uint64_t)max_block_bytes || TIFFScanlineSize64(tiff) != row)
        return lac_fail(err, "corrupt or truncated TIFF (rows of an odd size)");
    LAC_TRY(lac_picture_work(p, (size_t)row, err));
    for (uint32_t y = 0; y < f->height; y++) {
        if (TIFFReadScanline(tiff, p->work, y, 0) != 1) return fail(m, err);
        keep_samples(f, p->work, p->pixels + (size_t)y * f->width * (size_t)p->channels, f->width);
    }
    return LAC_OK;
}

static lac_status read_tiles(TIFF *tiff, const memory *m, const format *f, lac_picture *p, lac_error *err) {
    uint32_t tile_w = 0, tile_h = 0;
    TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &tile_w);
    TIFFGetField(tiff, TIFFTAG_TILELENGTH, &tile_h);
    const uint64_t pixel = (uint64_t)f->samples * (f->bits / 8u);
    if (tile_w == 0 || tile_h == 0 || (uint64_t)tile_w * tile_h > (uint64_t)max_block_bytes / pixel ||
        TIFFTileSize64(tiff) != pixel * tile_w * tile_h)
        return lac_fail(err, "corrupt or truncated TIFF (tiles of an odd size)");
    const size_t row = (size_t)(pixel * tile_w), channels = (size_t)p->channels;
    LAC_TRY(lac_picture_work(p, row * tile_h, err));
    for (uint64_t top = 0; top < f->height; top += tile_h)
        for (uint64_t left = 0; left < f->width; left += tile_w) {
            if (TIFFReadTile(tiff, p->work, (uint32_t)left, (uint32_t)top, 0, 0) < 0) return fail(m, err);
            const uint64_t n = f->width - left < tile_w ? f->width - left : tile_w;
            for (uint64_t y = top; y < top + tile_h && y < f->height; y++)
                keep_samples(f, p->work + row * (y - top), p->pixels + (y * f->width + left) * channels, n);
        }
    return LAC_OK;
}

static lac_status read_rgba(TIFF *tiff, const memory *m, const format *f, lac_picture *p, lac_error *err) {
    char why[1024] = "";
    const size_t n = (size_t)f->width * f->height;
    if (!TIFFRGBAImageOK(tiff, why)) return lac_fail(err, "TIFF is not supported (%s)", why);
    LAC_TRY(lac_picture_work(p, 4 * n, err));
    TIFFRGBAImage image;
    if (!TIFFRGBAImageBegin(&image, tiff, 1, why)) return lac_fail(err, "corrupt or truncated TIFF (%s)", why);
    image.req_orientation = image.orientation; /* as stored: we turn it ourselves, all eight ways */
    uint32_t *raster = (uint32_t *)(void *)p->work;
    const int ok = TIFFRGBAImageGet(&image, raster, f->width, f->height);
    TIFFRGBAImageEnd(&image);
    if (!ok) return fail(m, err);
    for (size_t i = 0; i < n; i++) {
        const uint32_t v = raster[i];
        uint8_t *out = p->pixels + i * (size_t)p->channels;
        out[0] = (uint8_t)TIFFGetR(v);
        if (p->channels == 1) continue;
        out[1] = (uint8_t)TIFFGetG(v);
        out[2] = (uint8_t)TIFFGetB(v);
    }
    return LAC_OK;
}

static lac_status decode(TIFF *tiff, const memory *m, lac_picture *p, int *orientation, lac_error *err) {
    const format f = read_format(tiff);
    LAC_TRY(lac_decode_reserve(p, f.width, f.height, f.is_grey ? 1 : 3, err));
    uint16_t turn = 1;
    if (TIFFGetField(tiff, TIFFTAG_ORIENTATION, &turn)) *orientation = turn;
    if (!f.is_direct) return read_rgba(tiff, m, &f, p, err);
    return TIFFIsTiled(tiff) ? read_tiles(tiff, m, &f, p, err) : read_strips(tiff, m, &f, p, err);
}

lac_status lac_decode_tiff(lac_picture *p, const uint8_t *data, size_t bytes, int *orientation, lac_error *err) {
    memory m = {.data = data, .bytes = bytes};
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options) {
        p->is_transient = true;
        return lac_no_memory(err, "a TIFF reader");
    }
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, max_block_bytes);
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, &m);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, NULL);
    TIFF *tiff = TIFFClientOpenExt("", "r", &m, memory_read, memory_write, memory_seek, memory_close, memory_size,
                                   memory_map, memory_unmap, options);
    TIFFOpenOptionsFree(options);
    if (!tiff) return fail(&m, err);
    lac_status status = decode(tiff, &m, p, orientation, err);
    TIFFClose(tiff);
    return status;
}
