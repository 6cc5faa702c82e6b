/* eval/reconstruct.c - one picture at a time through a step without backward; pictures are kept as bytes until drawn.
 */
#include "eval/reconstruct.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "eval/figure.h"
#include "io/png.h"

enum { COLUMNS = 4, GAP = 6, LEAST_SIDE = 160, NEIGHBOURS = 8, GREY = 128 };
static const double norm_eps = 1e-6;    /* of the normalised target: inside the root (arXiv 2111.06377's code) */
static const float same_enough = 1e-3f; /* between a target and the pixels it is made of, both of size 1 */
static const char *const titles[COLUMNS] = {"original", "masked", "prediction", "pasted"};

typedef enum target_kind { UNKNOWN, PIXELS, NORMALISED } target_kind; /* unknown is drawn as pixels */

struct lac_reconstruction {
    lac_reconstruct_options o;
    lac_method_sizes sizes;
    lac_augment augment;
    lac_step *step;
    float *view;                       /* the step's input, 1 x C x H x W */
    lac_view prediction, target, loss; /* 1 x N x P, 1 x N x P, 1 */
    target_kind kind;
    int64_t n, p;           /* N, P */
    float *patches, *drawn; /* N x P: the picture, and what the prediction makes of it in the picture's values */
    double *mean, *deviation;
    lac_picture picture;
    lac_augment_scratch scratch;
    int64_t n_rows, room;
    uint8_t *rows; /* n_rows x COLUMNS x H x W x C */
};

static size_t picture_bytes(const lac_reconstruction *r) {
    return (size_t)(r->sizes.channels * r->sizes.picture[0] * r->sizes.picture[1]);
}

static lac_status open_step(lac_reconstruction *r, lac_method *method, const lac_backend *backend, lac_pool *pool,
                            lac_error *err) {
    if (r->sizes.n_axes != 2 || (r->sizes.channels != 1 && r->sizes.channels != 3))
        return lac_usage(err, "only pictures of 1 or 3 channels can be drawn, and this recipe is for something else");
    if (r->sizes.n_blocks > 0)
        return lac_usage(err, "this recipe predicts lists of patches and not all of them: there is no picture to draw");
    LAC_TRY(lac_step_new(method, backend, pool, 1, 0, &r->step, err));
    const lac_program *program = lac_step_program(r->step);
    lac_view view;
    LAC_TRY(lac_program_input(program, "view/0", &view, err));
    LAC_TRY(lac_program_output(program, "prediction", &r->prediction, err));
    LAC_TRY(lac_program_output(program, "target", &r->target, err));
    LAC_TRY(lac_program_output(program, "loss", &r->loss, err));
    r->view = view.data;
    r->n = r->sizes.n_patches;
    r->p = r->sizes.patch_values;
    if (lac_view_size(&r->prediction) != r->n * r->p || lac_view_size(&r->target) != r->n * r->p)
        return lac_usage(err,
                         "this recipe predicts %" PRId64 " values a patch, not its %" PRId64
                         " pixel values: there is no picture to draw",
                         lac_view_last(&r->prediction), r->p);
    r->patches = lac_array((size_t)(r->n * r->p), sizeof(float));
    r->drawn = lac_array((size_t)(r->n * r->p), sizeof(float));
    r->mean = lac_array((size_t)r->n, sizeof(double));
    r->deviation = lac_array((size_t)r->n, sizeof(double));
    return r->patches && r->drawn && r->mean && r->deviation ? LAC_OK : lac_no_memory(err, "a reconstruction");
}

lac_status lac_reconstruction_new(lac_method *method, const lac_backend *backend, lac_pool *pool,
                                  const lac_reconstruct_options *options, lac_reconstruction **out, lac_error *err) {
    *out = NULL;
    lac_reconstruction *r = lac_zalloc(sizeof *r);
    if (!r) return lac_no_memory(err, "a reconstruction");
    r->o = *options;
    r->sizes = lac_method_describe(method);
    lac_augment train = lac_method_augment(method);
    r->augment = lac_augment_for_eval(&train);
    lac_status status = open_step(r, method, backend, pool, err);
    if (status != LAC_OK) {
        lac_reconstruction_free(r);
        return status;
    }
    *out = r;
    return LAC_OK;
}

void lac_reconstruction_free(lac_reconstruction *r) {
    if (!r) return;
    lac_step_free(r->step);
    lac_free(r->patches);
    lac_free(r->drawn);
    lac_free(r->mean);
    lac_free(r->deviation);
    lac_picture_free(&r->picture);
    lac_augment_scratch_free(&r->scratch);
    lac_free(r->rows);
    lac_free(r);
}

/* Where value v of patch n (row, column, channel; channel fastest) lies in C x H x W. */
static int64_t place(const lac_reconstruction *r, int64_t n, int64_t v) {
    const lac_method_sizes *s = &r->sizes;
    int64_t c = v % s->channels, x = v / s->channels % s->patch[1], y = v / s->channels / s->patch[1];
    int64_t row = n / s->grid[1] * s->patch[0] + y, column = n % s->grid[1] * s->patch[1] + x;
    return (c * s->picture[0] + row) * s->picture[1] + column;
}

/* Patches of the view, and each one's mean and the deviation that a normalised target divides by. */
static void cut(lac_reconstruction *r) {
    for (int64_t n = 0; n < r->n; n++) {
        float *patch = r->patches + n * r->p;
        double sum = 0, square = 0;
        for (int64_t v = 0; v < r->p; v++) {
            patch[v] = r->view[place(r, n, v)];
            sum += patch[v];
        }
        r->mean[n] = sum / (double)r->p;
        for (int64_t v = 0; v < r->p; v++)
            square += (patch[v] - r->mean[n]) * (patch[v] - r->mean[n]);
        r->deviation[n] = sqrt((r->p > 1 ? square / (double)(r->p - 1) : 0) + norm_eps);
    }
}

/* Is the target the pixels, or the pixels normalised? */
static lac_status recognise(lac_reconstruction *r, lac_error *err) {
    const float *target = r->target.data;
    bool is_pixels = true, is_normalised = true;
    for (int64_t n = 0; n < r->n; n++)
        for (int64_t v = 0; v < r->p; v++) {
            double pixel = r->patches[n * r->p + v], found = target[n * r->p + v];
            double normalised = (pixel - r->mean[n]) / r->deviation[n];
            is_pixels = is_pixels && fabs(found - pixel) <= same_enough * (1 + fabs(pixel));
            /* a flat patch is rounding divided by a tiny deviation */
            is_normalised = is_normalised &&
                            fabs(found - normalised) <= same_enough * (1 + fabs(normalised)) + 1e-6 / r->deviation[n];
        }
    if (!is_pixels && !is_normalised)
        return lac_usage(err, "this recipe's target is not the picture's pixels: there is no picture to draw");
    if (is_pixels != is_normalised) r->kind = is_pixels ? PIXELS : NORMALISED; /* both: a flat picture; ask the next */
    return LAC_OK;
}

/* Averages over the up to NEIGHBOURS visible patches nearest to patch n on the grid; equal distances: the first. */
static void borrow(const lac_reconstruction *r, const float *mask, int64_t n, double *mean, double *deviation) {
    int64_t best[NEIGHBOURS], distance[NEIGHBOURS];
    int found = 0;
    const int64_t columns = r->sizes.grid[1];
    for (int64_t i = 0; i < r->n; i++) {
        if (mask[i] > 0) continue;
        int64_t dy = i / columns - n / columns, dx = i % columns - n % columns, d = dy * dy + dx * dx;
        if (found == NEIGHBOURS && d >= distance[found - 1]) continue;
        int at = found < NEIGHBOURS ? found++ : found - 1;
        for (; at > 0 && distance[at - 1] > d; at--) {
            distance[at] = distance[at - 1];
            best[at] = best[at - 1];
        }
        distance[at] = d;
        best[at] = i;
    }
    *mean = *deviation = 0;
    for (int i = 0; i < found; i++) {
        *mean += r->mean[best[i]] / found;
        *deviation += r->deviation[best[i]] / found;
    }
}

static void undo_norm(lac_reconstruction *r, const float *mask) {
    const float *prediction = r->prediction.data;
    for (int64_t n = 0; n < r->n; n++) {
        double mean = 0, deviation = 1;
        if (r->kind == NORMALISED) {
            mean = r->mean[n];
            deviation = r->deviation[n];
            if (r->o.denorm == LAC_DENORM_VISIBLE && mask[n] > 0) borrow(r, mask, n, &mean, &deviation);
        }
        for (int64_t v = 0; v < r->p; v++)
            r->drawn[n * r->p + v] = (float)(prediction[n * r->p + v] * deviation + mean);
    }
}

static uint8_t to_byte(const lac_reconstruction *r, float value, int64_t channel) {
    double level = 255 * ((double)value * r->augment.std[channel] + r->augment.mean[channel]);
    return (uint8_t)(level > 0 ? (level < 255 ? level + 0.5 : 255) : 0); /* NaN is black */
}

static void draw_row(lac_reconstruction *r, const float *mask) {
    const int64_t area = r->sizes.picture[0] * r->sizes.picture[1], channels = r->sizes.channels;
    uint8_t *column[COLUMNS];
    for (int i = 0; i < COLUMNS; i++)
        column[i] = r->rows + ((size_t)(r->n_rows * COLUMNS) + (size_t)i) * picture_bytes(r);
    for (int64_t n = 0; n < r->n; n++)
        for (int64_t v = 0; v < r->p; v++) {
            const int64_t from = place(r, n, v), c = from / area, to = from % area * channels + c;
            const uint8_t original = to_byte(r, r->patches[n * r->p + v], c);
            const uint8_t predicted = to_byte(r, r->drawn[n * r->p + v], c);
            column[0][to] = original;
            column[1][to] = mask[n] > 0 ? GREY : original;
            column[2][to] = predicted;
            column[3][to] = mask[n] > 0 ? predicted : original;
        }
    r->n_rows++;
}

static lac_status make_room(lac_reconstruction *r, lac_error *err) {
    if (r->n_rows < r->room) return LAC_OK;
    int64_t room = r->room ? 2 * r->room : 4;
    uint8_t *rows = lac_resize(r->rows, (size_t)(room * COLUMNS) * picture_bytes(r));
    if (!rows) return lac_no_memory(err, "a reconstruction");
    r->rows = rows;
    r->room = room;
    return LAC_OK;
}

lac_status lac_reconstruction_add(lac_reconstruction *r, const lac_source *source, int64_t index, double *loss,
                                  lac_error *err) {
    if (index < 0 || index >= lac_source_count(source))
        return lac_usage(err, "%s#%" PRId64 ": it has %" PRId64 " pictures, counted from 0", lac_source_spec(source),
                         index, lac_source_count(source));
    LAC_TRY(make_room(r, err));
    LAC_TRY(lac_source_read(source, index, lac_augment_min_side(&r->augment), &r->picture, err));
    LAC_TRY(lac_augment_apply(&r->augment, &r->picture, r->o.seed, 0, (uint64_t)index, 0, &r->scratch, r->view, err));
    const int64_t epoch = 0, sample = r->n_rows; /* another mask in every row */
    LAC_TRY(lac_step_draw(r->step, r->o.seed, &epoch, &sample, 1, err));
    lac_program_run(lac_step_program(r->step));
    cut(r);
    if (r->kind == UNKNOWN) LAC_TRY(recognise(r, err));
    const float *mask = lac_step_mask(r->step);
    undo_norm(r, mask);
    draw_row(r, mask);
    *loss = *(const float *)r->loss.data;
    return LAC_OK;
}

const char *lac_reconstruction_caption(const lac_reconstruction *r) {
    if (r->kind != NORMALISED) return "targets are pixels: predictions are drawn as they are";
    if (r->o.denorm == LAC_DENORM_OWN)
        return "normalised targets: each patch drawn with its own mean and deviation, which the network does not know";
    return "normalised targets: hidden patches drawn with the mean and deviation of their nearest visible patches";
}

const uint8_t *lac_reconstruction_cell(const lac_reconstruction *r, int64_t row, int column, int *width, int *height,
                                       int *channels) {
    *height = (int)r->sizes.picture[0];
    *width = (int)r->sizes.picture[1];
    *channels = (int)r->sizes.channels;
    return r->rows + ((size_t)(row * COLUMNS) + (size_t)column) * picture_bytes(r);
}

/* Draw the caption word by word from line `y` down; draws nothing when figure is NULL. Returns the number of lines. */
static int draw_caption(lac_figure *figure, int width, int y, const char *text) {
    int lines = 1, x = GAP;
    while (*text) {
        char word[64];
        size_t length = strcspn(text, " ");
        if (length > sizeof word - 1) length = sizeof word - 1;
        memcpy(word, text, length);
        word[length] = 0;
        int wide = (int)length * LAC_GLYPH_WIDTH;
        if (x > GAP && x + wide > width - GAP) {
            x = GAP;
            lines++;
        }
        if (figure) lac_figure_text(figure, x, y + (lines - 1) * (LAC_GLYPH_HEIGHT + 2), word);
        x += wide + LAC_GLYPH_WIDTH;
        text += length;
        while (*text == ' ')
            text++;
    }
    return lines;
}

lac_status lac_reconstruction_write(const lac_reconstruction *r, const char *path, lac_error *err) {
    if (r->n_rows == 0) return lac_usage(err, "no picture to draw");
    const int height = (int)r->sizes.picture[0], width = (int)r->sizes.picture[1];
    const int least = height < width ? height : width,
              scale = least >= LEAST_SIDE ? 1 : (LEAST_SIDE + least - 1) / least;
    const int cell_width = width * scale + GAP, cell_height = height * scale + GAP, top = GAP + LAC_GLYPH_HEIGHT + 4;
    const int64_t tall = top + r->n_rows * cell_height;
    const int wide = COLUMNS * cell_width + GAP;
    const char *caption = lac_reconstruction_caption(r);
    const int foot = draw_caption(NULL, wide, 0, caption) * (LAC_GLYPH_HEIGHT + 2) + GAP;
    if (tall + foot > 60000) return lac_usage(err, "%" PRId64 " pictures are too many for one figure", r->n_rows);
    lac_figure figure;
    LAC_TRY(lac_figure_new(wide, (int)tall + foot, &figure, err));
    for (int i = 0; i < COLUMNS; i++) {
        lac_figure_text(&figure, GAP + i * cell_width, GAP, titles[i]);
        for (int64_t row = 0; row < r->n_rows; row++)
            lac_figure_picture(&figure, GAP + i * cell_width, top + (int)row * cell_height, scale, width, height,
                               (int)r->sizes.channels,
                               r->rows + ((size_t)(row * COLUMNS) + (size_t)i) * picture_bytes(r));
    }
    draw_caption(&figure, wide, (int)tall, caption);
    lac_status status = lac_png_write(path, figure.width, figure.height, 3, figure.pixels, err);
    lac_figure_free(&figure);
    return status;
}

lac_status lac_method_with(lac_method *method, lac_recipe *recipe, const char *key, const char *value,
                           lac_method **other, lac_error *err) {
    LAC_TRY(lac_recipe_set(recipe, key, value, err));
    LAC_TRY(lac_method_new(recipe, LAC_F32, other, err));
    lac_store *from = lac_method_store(method), *to = lac_method_store(*other);
    for (int i = 0; i < lac_store_count(to); i++) {
        lac_entry *entry = lac_store_at(to, i);
        int at = lac_store_find(from, entry->name);
        const lac_entry *old = at >= 0 ? lac_store_at(from, at) : NULL;
        if (!old || old->n != entry->n || old->dtype != entry->dtype) {
            lac_status status = lac_fail(err, "%s: not among the weights that were read", entry->name);
            lac_method_free(*other);
            *other = NULL;
            return status;
        }
        memcpy(entry->value, old->value, (size_t)entry->n * lac_dtype_bytes(entry->dtype));
    }
    return LAC_OK;
}

lac_status lac_method_with_ratio(lac_method *method, lac_recipe *recipe, const char *ratio, lac_method **other,
                                 lac_error *err) {
    return lac_method_with(method, recipe, "mask.ratio", ratio, other, err);
}
