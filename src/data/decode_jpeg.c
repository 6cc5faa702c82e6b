/* data/decode_jpeg.c - JPEG through libjpeg(-turbo): grey, RGB and CMYK, at reduced scale where that is free.
 *
 * A picture whose data end early is an error, where libjpeg would fill the rest with grey. CMYK values are taken as
 * Adobe's inverted ones, with or without Adobe's marker, as Pillow does. */
#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h> /* needs stdio.h before it */

#include <jerror.h>

#include "data/decode.h"

enum { ROWS = 8, MAX_SCANS = 1000 /* a progressive file of a few KB can ask for hours otherwise */ };

typedef struct reader {
    struct jpeg_decompress_struct codec;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    const char *why;
    bool is_no_memory;
    char text[JMSG_LENGTH_MAX];
} reader;

_Noreturn static void on_error(j_common_ptr codec) {
    reader *r = codec->client_data;
    r->is_no_memory = codec->err->msg_code == JERR_OUT_OF_MEMORY;
    codec->err->format_message(codec, r->text);
    r->why = r->text;
    longjmp(r->escape, 1);
}

static void on_message(j_common_ptr codec, int level) {
    reader *r = codec->client_data;
    if (level >= 0) return;
    codec->err->num_warnings++;
    if (codec->err->msg_code == JWRN_JPEG_EOF || codec->err->msg_code == JWRN_HIT_MARKER) {
        r->why = "truncated JPEG";
        longjmp(r->escape, 1);
    }
}

static void on_output(j_common_ptr codec) {
    (void)codec;
}

static void on_progress(j_common_ptr codec) {
    reader *r = codec->client_data;
    if (r->codec.input_scan_number > MAX_SCANS) {
        r->why = "JPEG with more than 1000 scans";
        longjmp(r->escape, 1);
    }
}

static int orientation_of(const struct jpeg_decompress_struct *codec) {
    for (jpeg_saved_marker_ptr m = codec->marker_list; m; m = m->next)
        if (m->marker == JPEG_APP0 + 1 && m->data_length >= 6 && m->data[0] == 'E' && m->data[1] == 'x' &&
            m->data[2] == 'i' && m->data[3] == 'f')
            return lac_exif_orientation(m->data, m->data_length);
    return 1;
}

/* Of 1, 2, 4 and 8 eighths (the scales with fast transforms) the smallest that keeps both sides >= min_side. */
static unsigned scale_of(const struct jpeg_decompress_struct *codec, int min_side) {
    if (min_side <= 0) return 8;
    for (unsigned scale = 1; scale < 8; scale *= 2)
        if ((codec->image_width * scale + 7) / 8 >= (unsigned)min_side &&
            (codec->image_height * scale + 7) / 8 >= (unsigned)min_side)
            return scale;
    return 8;
}

/* a * b / 255, rounded: Pillow's MULDIV255. */
static unsigned product(unsigned a, unsigned b) {
    unsigned t = a * b + 128;
    return ((t >> 8) + t) >> 8;
}

/* n pixels of stored (255 - C, 255 - M, 255 - Y, 255 - K) to RGB */
static void cmyk_to_rgb(const uint8_t *in, uint8_t *out, size_t n) {
    for (size_t i = 0; i < n; i++, in += 4, out += 3)
        for (int c = 0; c < 3; c++)
            out[c] = (uint8_t)(in[3] - product(255u - in[c], in[3]));
}

static lac_status decode(reader *r, lac_picture *p, const uint8_t *data, size_t bytes, int min_side, int *orientation,
                         lac_error *err) {
    struct jpeg_decompress_struct *codec = &r->codec;
    jpeg_create_decompress(codec);
    codec->progress = &r->progress;
    jpeg_save_markers(codec, JPEG_APP0 + 1, 0xffff);
    jpeg_mem_src(codec, data, (unsigned long)bytes);
    jpeg_read_header(codec, TRUE);
    LAC_TRY(lac_decode_check_size(codec->image_width, codec->image_height, err));
    *orientation = orientation_of(codec);
    const bool is_cmyk = codec->jpeg_color_space == JCS_CMYK || codec->jpeg_color_space == JCS_YCCK;
    const bool is_grey = codec->jpeg_color_space == JCS_GRAYSCALE;
    codec->out_color_space = is_cmyk ? JCS_CMYK : is_grey ? JCS_GRAYSCALE : JCS_RGB;
    codec->scale_num = scale_of(codec, min_side);
    codec->scale_denom = 8;
    jpeg_start_decompress(codec);
    LAC_TRY(lac_decode_reserve(p, codec->output_width, codec->output_height, is_grey ? 1 : 3, err));
    p->full_width = (int)codec->image_width;
    p->full_height = (int)codec->image_height;
    const size_t width = codec->output_width, stride = width * (size_t)p->channels;
    if (is_cmyk) LAC_TRY(lac_picture_work(p, 4 * width, err));
    while (codec->output_scanline < codec->output_height) {
        uint8_t *at = p->pixels + stride * codec->output_scanline;
        JSAMPROW rows[ROWS];
        if (is_cmyk) {
            rows[0] = p->work;
            jpeg_read_scanlines(codec, rows, 1);
            cmyk_to_rgb(p->work, at, width);
            continue;
        }
        unsigned n = codec->output_height - codec->output_scanline;
        if (n > ROWS) n = ROWS;
        for (unsigned i = 0; i < n; i++)
            rows[i] = at + stride * i;
        jpeg_read_scanlines(codec, rows, n);
    }
    /* jpeg_finish_decompress is left out: it only looks for more markers, and pixels are complete without them */
    return LAC_OK;
}

lac_status lac_decode_jpeg(lac_picture *p, const uint8_t *data, size_t bytes, int min_side, int *orientation,
                           lac_error *err) {
    reader r = {0};
    r.codec.err = jpeg_std_error(&r.errors);
    r.codec.client_data = &r;
    r.errors.error_exit = on_error;
    r.errors.emit_message = on_message;
    r.errors.output_message = on_output;
    r.progress.progress_monitor = on_progress;
    volatile lac_status status;
    if (setjmp(r.escape)) {
        if (r.is_no_memory) p->is_transient = true;
        status = r.why == r.text ? lac_fail(err, "corrupt JPEG (%s)", r.text) : lac_fail(err, "%s", r.why);
    } else {
        status = decode(&r, p, data, bytes, min_side, orientation, err);
    }
    jpeg_destroy_decompress(&r.codec);
    return status;
}
