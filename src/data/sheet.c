/* data/sheet.c - a contact sheet: up to 64 small pictures of a source on one PNG.
 *
 * Labelled: up to 16 classes, one a row, each spread evenly over its pictures. Unlabelled: spread evenly. */
#include <string.h>

#include "base/memory.h"
#include "data/resample.h"
#include "data/survey.h"
#include "io/png.h"

enum { MOST = 64, MOST_ROWS = 16, CELL = 96, GAP = 4, BACKGROUND = 245 };

typedef struct sheet {
    int columns, rows;
    int64_t index[MOST]; /* of the picture in each cell; -1: none */
    int width, height;
    uint8_t *pixels; /* height x width x 3 */
    lac_picture picture, small;
    lac_resampler *resampler;
} sheet;

static void choose_spread(const lac_source *source, sheet *s) {
    const int64_t count = lac_source_count(source), n = count < MOST ? count : MOST;
    while ((int64_t)s->columns * s->columns < n)
        s->columns++;
    s->rows = (int)((n + s->columns - 1) / s->columns);
    for (int64_t i = 0; i < n; i++)
        s->index[i] = i * count / n;
}

static lac_status choose_by_class(const lac_source *source, sheet *s, lac_error *err) {
    const int n_classes = lac_source_classes(source);
    int64_t *n = lac_array((size_t)n_classes, sizeof *n), *seen = lac_array((size_t)n_classes, sizeof *seen);
    int *row_of = lac_array((size_t)n_classes, sizeof *row_of);
    if (!n || !seen || !row_of) {
        lac_free(n);
        lac_free(seen);
        lac_free(row_of);
        return lac_no_memory(err, "a contact sheet");
    }
    lac_survey_classes(source, n);
    s->rows = n_classes < MOST_ROWS ? n_classes : MOST_ROWS;
    s->columns = MOST / s->rows < 16 ? MOST / s->rows : 16;
    for (int c = 0; c < n_classes; c++)
        row_of[c] = -1;
    for (int r = 0; r < s->rows; r++)
        row_of[(int64_t)r * n_classes / s->rows] = r;
    for (int64_t i = 0; i < lac_source_count(source); i++) {
        const int label = lac_source_label(source, i);
        if (label < 0 || row_of[label] < 0) continue;
        /* the k-th of a class's n pictures starts column k * columns / n when that number is new */
        const int64_t k = seen[label]++, shown = n[label] < s->columns ? n[label] : s->columns;
        const int64_t column = (k * shown + n[label] - 1) / n[label];
        if (column < shown && column * n[label] / shown == k) s->index[row_of[label] * s->columns + column] = i;
    }
    lac_free(n);
    lac_free(seen);
    lac_free(row_of);
    return LAC_OK;
}

static void paint(sheet *s, int x, int y, int width, int height, const uint8_t *in /* or NULL: red */) {
    static const uint8_t red[] = {200, 60, 60};
    for (int j = 0; j < height; j++)
        for (int i = 0; i < width; i++)
            memcpy(s->pixels + 3 * ((size_t)(y + j) * (size_t)s->width + (size_t)(x + i)),
                   in ? in + 3 * ((size_t)j * (size_t)width + (size_t)i) : red, 3);
}

static int fitted(int side, int longest) {
    const int n = (int)((int64_t)side * CELL / longest);
    return n > 0 ? n : 1;
}

static lac_status draw_cell(const lac_source *source, sheet *s, int cell, lac_error *err) {
    const int x = GAP + cell % s->columns * (CELL + GAP), y = GAP + cell / s->columns * (CELL + GAP);
    if (s->index[cell] < 0) return LAC_OK;
    lac_error broken;
    if (lac_source_read(source, s->index[cell], CELL, &s->picture, &broken) != LAC_OK) {
        paint(s, x, y, CELL, CELL, NULL);
        return LAC_OK;
    }
    LAC_TRY(lac_picture_convert(&s->picture, 3, err));
    const int w = s->picture.width, h = s->picture.height, longest = w > h ? w : h;
    const int width = fitted(w, longest), height = fitted(h, longest);
    const double box[] = {0, 0, w, h};
    LAC_TRY(lac_resample(s->resampler, &s->picture, box, LAC_FILTER_BICUBIC, width, height, &s->small, err));
    paint(s, x + (CELL - width) / 2, y + (CELL - height) / 2, width, height, s->small.pixels);
    return LAC_OK;
}

static lac_status draw(const lac_source *source, const char *path, sheet *s, lac_error *err) {
    for (int i = 0; i < MOST; i++)
        s->index[i] = -1;
    if (lac_source_classes(source))
        LAC_TRY(choose_by_class(source, s, err));
    else
        choose_spread(source, s);
    s->width = GAP + s->columns * (CELL + GAP);
    s->height = GAP + s->rows * (CELL + GAP);
    const size_t bytes = (size_t)s->width * (size_t)s->height * 3;
    s->pixels = lac_alloc(bytes);
    if (!s->pixels) return lac_no_memory(err, "a contact sheet");
    memset(s->pixels, BACKGROUND, bytes);
    LAC_TRY(lac_resampler_new(&s->resampler, err));
    for (int i = 0; i < s->columns * s->rows && i < MOST; i++)
        LAC_TRY(draw_cell(source, s, i, err));
    return lac_png_write(path, s->width, s->height, 3, s->pixels, err);
}

lac_status lac_sheet_draw(const lac_source *source, const char *path, lac_error *err) {
    sheet s = {.columns = 1};
    const lac_status status = draw(source, path, &s, err);
    lac_free(s.pixels);
    lac_picture_free(&s.picture);
    lac_picture_free(&s.small);
    lac_resampler_free(s.resampler);
    return status;
}
