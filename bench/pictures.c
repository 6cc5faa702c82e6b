/* bench/pictures.c - writes made-up photographs for loader and embedding benchmarks: JPEG quality 90, 4:2:0.
 *
 *   bench_pictures FOLDER COUNT [WIDTH HEIGHT]      default 500 x 375
 *
 * Noise whose amplitude falls with frequency as in photographs, so that a file has about the bytes of one (60 to 90
 * KB). */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h> /* needs stdio.h before it */

enum { MOST_PIXELS = 10000, OCTAVES = 8, COLOUR_FROM = 5 };

static uint32_t mix(uint32_t x) { /* lowbias32, a public-domain integer hash */
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ x >> 16;
}

static float lattice(uint32_t seed, int octave, int x, int y) {
    uint32_t h = mix(seed ^ mix((uint32_t)octave ^ mix((uint32_t)x ^ mix((uint32_t)y + 17u))));
    return (float)h / 4294967296.0f - 0.5f;
}

/* Bilinear value noise of one octave: cells of 2^octave pixels. */
static float noise(uint32_t seed, int octave, int x, int y) {
    int cell = 1 << octave, cx = x >> octave, cy = y >> octave;
    float fx = (float)(x - cx * cell) / (float)cell, fy = (float)(y - cy * cell) / (float)cell;
    float top = lattice(seed, octave, cx, cy) * (1 - fx) + lattice(seed, octave, cx + 1, cy) * fx;
    float bottom = lattice(seed, octave, cx, cy + 1) * (1 - fx) + lattice(seed, octave, cx + 1, cy + 1) * fx;
    return top * (1 - fy) + bottom * fy;
}

static void paint(uint32_t picture, int width, int height, uint8_t *pixels) {
    float amplitude[OCTAVES];
    for (int octave = 0; octave < OCTAVES; octave++)
        amplitude[octave] = 16 * powf(2, 0.3f * (float)octave);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            float grey = 128;
            for (int octave = 0; octave < OCTAVES; octave++)
                grey += 0.8f * amplitude[octave] * noise(4 * picture, octave, x, y);
            for (uint32_t c = 0; c < 3; c++) { /* colour changes slowly */
                float v = grey;
                for (int octave = COLOUR_FROM; octave < OCTAVES; octave++)
                    v += 0.4f * amplitude[octave] * noise(4 * picture + 1 + c, octave, x, y);
                *pixels++ = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
            }
        }
}

static int save(const char *path, int width, int height, uint8_t *pixels) {
    FILE *file = fopen(path, "wb");
    if (!file) return 0;
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, file);
    jpeg.image_width = (JDIMENSION)width;
    jpeg.image_height = (JDIMENSION)height;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg); /* 4:2:0 */
    jpeg_set_quality(&jpeg, 90, TRUE);
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < jpeg.image_height) {
        JSAMPROW row = pixels + 3 * (size_t)width * jpeg.next_scanline;
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    return fclose(file) == 0;
}

int main(int argc, char **argv) {
    int count = argc == 3 || argc == 5 ? atoi(argv[2]) : 0;
    int width = argc == 5 ? atoi(argv[3]) : 500, height = argc == 5 ? atoi(argv[4]) : 375;
    if (count < 1 || width < 1 || height < 1 || width > MOST_PIXELS || height > MOST_PIXELS) {
        fprintf(stderr,
                "bench_pictures FOLDER COUNT [WIDTH HEIGHT]: the folder must be there, COUNT at least 1, sides 1 "
                "to 10000\n");
        return 2;
    }
    uint8_t *pixels = malloc(3 * (size_t)width * (size_t)height);
    if (!pixels) {
        fprintf(stderr, "bench_pictures: out of memory\n");
        return 1;
    }
    for (int i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%06d.jpg", argv[1], i);
        paint((uint32_t)i, width, height, pixels);
        if (!save(path, width, height, pixels)) {
            fprintf(stderr, "bench_pictures: %s: cannot write\n", path);
            return 1;
        }
    }
    free(pixels);
    return 0;
}
