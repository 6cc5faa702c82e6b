/* data/source_memory.c - an array source made of a caller's pictures, for programs that hold theirs in memory. */
#include <string.h>

#include "base/memory.h"
#include "data/decode.h"
#include "data/source_private.h"

static lac_status fill(lac_source *s, const uint8_t *pixels, lac_error *err) {
    const size_t picture = (size_t)s->height * (size_t)s->width * (size_t)s->channels;
    size_t bytes;
    if (__builtin_mul_overflow((size_t)s->count, picture, &bytes))
        return lac_usage(err, "%s: more bytes than there can be", s->spec);
    s->pixels = lac_alloc(bytes);
    if (!s->pixels) return lac_no_memory(err, "pictures in memory");
    memcpy(s->pixels, pixels, bytes);
    lac_source_hash_array(s);
    return LAC_OK;
}

lac_status lac_source_from_pixels(const uint8_t *pixels, int64_t count, int height, int width, int channels,
                                  lac_source **source, lac_error *err) {
    *source = NULL;
    if (count < 1 || count > UINT32_MAX) /* an epoch's order is held in 32 bits */
        return lac_usage(err, "pictures in memory: expected 1 to 2^32 - 1, found %lld", (long long)count);
    if (channels != 1 && channels != 3)
        return lac_usage(err, "pictures in memory: expected 1 or 3 channels, found %d", channels);
    lac_error why;
    if (height < 1 || width < 1 || lac_decode_check_size((uint64_t)width, (uint64_t)height, &why) != LAC_OK)
        return lac_usage(err, "pictures in memory: a size of %d x %d is not possible", width, height);
    lac_source *s = lac_zalloc(sizeof *s);
    if (!s) return lac_no_memory(err, "pictures in memory");
    *s = (lac_source){
        .spec = lac_copy_text("memory"), .count = count, .width = width, .height = height, .channels = channels};
    lac_status status = s->spec ? fill(s, pixels, err) : lac_no_memory(err, "pictures in memory");
    if (status != LAC_OK) {
        lac_source_free(s);
        return status;
    }
    *source = s;
    return LAC_OK;
}
