/* data/decode.c - recognises a picture file by its first bytes, hands it to its codec, and turns the result upright.
 *
 * Not here: the codecs (decode_*.c), which files of a folder are pictures of a source (source_folder.c). */
#include "data/decode.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static const int64_t max_file_bytes = (int64_t)1 << 31;

bool lac_is_picture_name(const char *name) {
    static const char *const endings[] = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"};
    const char *dot = strrchr(name, '.');
    if (!dot || dot == name) return false;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot, endings[i]) == 0) return true;
    return false;
}

lac_status lac_decode_check_size(uint64_t width, uint64_t height, lac_error *err) {
    const uint64_t most = (uint64_t)LAC_MAX_MEGAPIXELS * 1000000;
    if (width == 0 || height == 0)
        return lac_fail(err, "%llu x %llu pixels", (unsigned long long)width, (unsigned long long)height);
    if (width > most || height > most || width * height > most)
        return lac_fail(err, "%llu x %llu pixels, more than the %d megapixels allowed", (unsigned long long)width,
                        (unsigned long long)height, LAC_MAX_MEGAPIXELS);
    if (width > LAC_MAX_SIDE || height > LAC_MAX_SIDE)
        return lac_fail(err, "%llu x %llu pixels, a side of more than the %d pixels allowed", (unsigned long long)width,
                        (unsigned long long)height, LAC_MAX_SIDE);
    return LAC_OK;
}

lac_status lac_decode_reserve(lac_picture *p, uint64_t width, uint64_t height, int channels, lac_error *err) {
    LAC_TRY(lac_decode_check_size(width, height, err));
    return lac_picture_reserve(p, (int)width, (int)height, channels, err);
}

static lac_status dispatch(lac_picture *p, const uint8_t *d, size_t n, int min_side, int *orientation, lac_error *err) {
    if (n == 0) return lac_fail(err, "empty file");
    if (n >= 3 && d[0] == 0xff && d[1] == 0xd8 && d[2] == 0xff)
        return lac_decode_jpeg(p, d, n, min_side, orientation, err);
    if (n >= 8 && memcmp(d, "\x89PNG\r\n\x1a\n", 8) == 0) return lac_decode_png(p, d, n, orientation, err);
    if (n >= 12 && memcmp(d, "RIFF", 4) == 0 && memcmp(d + 8, "WEBP", 4) == 0)
        return lac_decode_webp(p, d, n, orientation, err);
    if (n >= 4 && (memcmp(d, "II\x2a\0", 4) == 0 || memcmp(d, "MM\0\x2a", 4) == 0 || memcmp(d, "II\x2b\0", 4) == 0 ||
                   memcmp(d, "MM\0\x2b", 4) == 0))
        return lac_decode_tiff(p, d, n, orientation, err);
    if (n >= 2 && d[0] == 'B' && d[1] == 'M') return lac_decode_bmp(p, d, n, err);
    return lac_fail(err, "not a JPEG, PNG, WebP, TIFF or BMP file");
}

lac_status lac_decode(lac_picture *p, const uint8_t *data, size_t bytes, int min_side, lac_error *err) {
    int orientation = 1;
    p->is_transient = false;
    LAC_TRY(dispatch(p, data, bytes, min_side, &orientation, err));
    return lac_picture_orient(p, orientation, err);
}

/* Fill p->file; *bytes is what was read. */
static lac_status read_all(lac_picture *p, int fd, size_t *bytes, lac_error *err) {
    struct stat st;
    if (fstat(fd, &st) != 0) return lac_fail(err, "%s", strerror(errno));
    if (!S_ISREG(st.st_mode)) return lac_fail(err, "not a regular file");
    if (st.st_size == 0) return lac_fail(err, "empty file");
    if (st.st_size > max_file_bytes) return lac_fail(err, "more than %lld bytes", (long long)max_file_bytes);
    size_t size = (size_t)st.st_size, got = 0;
    LAC_TRY(lac_room(&p->file, &p->file_room, size, p, "a file", err));
    while (got < size) {
        ssize_t n = read(fd, p->file + got, size - got);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return lac_fail(err, "%s", strerror(errno));
        if (n == 0) break; /* it shrank meanwhile: the codec will say that it is truncated */
        got += (size_t)n;
    }
    *bytes = got;
    return LAC_OK;
}

lac_status lac_decode_file(lac_picture *p, const char *path, int min_side, lac_error *err) {
    p->is_transient = false;
    /* O_NONBLOCK: opening a pipe that is named like a picture must not wait for its writer */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        p->is_transient = errno == EMFILE || errno == ENFILE || errno == ENOMEM;
        return lac_fail(err, "%s: %s", path, strerror(errno));
    }
    size_t bytes = 0;
    lac_status status = read_all(p, fd, &bytes, err);
    close(fd);
    if (status == LAC_OK) status = lac_decode(p, p->file, bytes, min_side, err);
    return status == LAC_OK ? LAC_OK : lac_context(err, "%s", path);
}
