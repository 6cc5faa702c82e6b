/* eval/masks.c - a recipe's mask drawn many times, as numbers and over a picture. */
#include "eval/masks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "data/augment.h"
#include "data/source.h"
#include "eval/figure.h"
#include "io/png.h"
#include "mask/mask.h"
#include "model/encoder.h"

enum { GAP = 6, LEAST_SIDE = 160 };

static lac_status make_grid(const lac_recipe *r, lac_grid *grid, lac_error *err) {
    const lac_settings *settings = lac_recipe_section(r, "model.encoder");
    const lac_encoder_slot *encoder = lac_encoder_find(settings->slot);
    double size[LAC_MAX_AXES];
    int64_t picture[LAC_MAX_AXES] = {0}, patch[LAC_MAX_AXES] = {0};
    int n_axes = lac_recipe_list(r, "picture.size", size, LAC_MAX_AXES);
    for (int a = 0; a < n_axes; a++)
        picture[a] = (int64_t)size[a];
    encoder->patch(settings, n_axes, patch);
    return lac_grid_make(n_axes, picture, patch, lac_recipe_int(r, "picture.channels"), grid, err);
}

/* Draw i to is_hidden, and to is_listed if it is not NULL. */
static void draw_one(const lac_mask_slot *mask, const lac_settings *settings, const lac_grid *grid,
                     const lac_mask_bounds *bounds, uint64_t seed, int64_t i, void *scratch, int32_t *blocks,
                     uint8_t *is_hidden, uint8_t *is_listed) {
    lac_random random = lac_random_at(seed, LAC_RANDOM_MASK, 0, (uint64_t)i, 0);
    lac_random shared = lac_random_at(seed, LAC_RANDOM_MASK, 0, (uint64_t)i, 1);
    lac_mask_draw_lists(mask, settings, grid, &shared, &random, scratch, bounds, is_hidden, blocks);
    for (int64_t k = 0; is_listed && k < bounds->n_blocks * bounds->n_in_block; k++)
        if (blocks[k] >= 0) is_listed[blocks[k]] = 1;
}

static lac_status draw_all(const lac_mask_slot *mask, const lac_settings *settings, int64_t n_visible, uint64_t seed,
                           lac_mask_draws *d, lac_error *err) {
    const int64_t n = d->grid.n, most = d->n > d->n_many ? d->n : d->n_many;
    void *scratch = lac_zalloc(mask->scratch_bytes(settings, &d->grid));
    uint8_t *one = lac_array((size_t)n, 1);
    const lac_mask_bounds bounds = lac_mask_lists(mask, settings, &d->grid, n_visible);
    int32_t *blocks = lac_array((size_t)(bounds.n_blocks * bounds.n_in_block) + 1, sizeof *blocks);
    lac_status status = scratch && one && blocks ? LAC_OK : lac_no_memory(err, "masks");
    d->least = 1;
    for (int64_t i = 0; i < most && status == LAC_OK; i++) {
        uint8_t *is_hidden = i < d->n ? d->is_hidden + i * n : one;
        draw_one(mask, settings, &d->grid, &bounds, seed, i, scratch, blocks, is_hidden,
                 d->is_listed && i < d->n ? d->is_listed + i * n : NULL);
        if (i >= d->n_many) continue;
        double hidden = 0;
        for (int64_t p = 0; p < n; p++) {
            hidden += is_hidden[p];
            d->chance[p] += is_hidden[p] / (double)d->n_many;
        }
        d->ratio += hidden / (double)(n * d->n_many);
        if (hidden / (double)n < d->least) d->least = hidden / (double)n;
        if (hidden / (double)n > d->most) d->most = hidden / (double)n;
    }
    lac_free(scratch);
    lac_free(one);
    lac_free(blocks);
    return status;
}

lac_status lac_mask_draw_many(const lac_recipe *recipe, uint64_t seed, int64_t n, int64_t n_many, lac_mask_draws *d,
                              lac_error *err) {
    *d = (lac_mask_draws){.n = n, .n_many = n_many};
    const lac_settings *settings = lac_recipe_section(recipe, "mask");
    const lac_mask_slot *mask = lac_mask_find(settings->slot);
    int64_t n_visible = 0;
    if (mask->count)
        return lac_usage(err, "recipe %s: mask '%s' goes by what a network attends to, which a recipe does not say",
                         lac_recipe_name(recipe), mask->slot.name);
    LAC_TRY(make_grid(recipe, &d->grid, err));
    if (mask->visible) LAC_TRY(mask->visible(settings, &d->grid, &n_visible, err));
    d->is_corrupt = mask->corrupt != NULL;
    d->is_hidden = lac_array((size_t)n, (size_t)d->grid.n);
    d->chance = lac_array((size_t)d->grid.n, sizeof *d->chance);
    if (mask->draw_blocks) d->is_listed = lac_zalloc((size_t)(n * d->grid.n));
    bool has_memory = d->is_hidden && d->chance && (d->is_listed || !mask->draw_blocks);
    lac_status status = has_memory ? draw_all(mask, settings, n_visible, seed, d, err) : lac_no_memory(err, "masks");
    if (status != LAC_OK) lac_mask_draws_free(d);
    return status;
}

void lac_mask_draws_free(lac_mask_draws *d) {
    lac_free(d->is_hidden);
    lac_free(d->is_listed);
    lac_free(d->chance);
    *d = (lac_mask_draws){0};
}

typedef struct canvas {
    const lac_mask_draws *d;
    int width, height, channels; /* of the picture */
    uint8_t *picture, *cell;     /* height x width x channels; height x width x 3 */
} canvas;

static int64_t patch_of(const lac_grid *g, int y, int x) {
    return y / g->patch[0] * g->size[1] + x / g->patch[1];
}

static const int blue[3] = {43, 108, 176};

/* Grey where hidden; where a patch is to be predicted as well, the picture shines through blue. */
static void paint_masked(canvas *c, const uint8_t *is_hidden, const uint8_t *is_listed) {
    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < c->width; x++)
            for (int v = 0; v < 3; v++) {
                int64_t at = (int64_t)y * c->width + x;
                uint8_t pixel = c->picture[at * c->channels + (c->channels == 3 ? v : 0)];
                int64_t patch = patch_of(&c->d->grid, y, x);
                bool is_grey = is_hidden && is_hidden[patch], is_blue = is_listed && is_listed[patch];
                c->cell[at * 3 + v] = (uint8_t)(is_blue ? (pixel + 2 * blue[v]) / 3 : (is_grey ? 128 : pixel));
            }
}

/* White: never hidden; dark blue: always. */
static void paint_chance(canvas *c) {
    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < c->width; x++)
            for (int v = 0; v < 3; v++)
                c->cell[((int64_t)y * c->width + x) * 3 + v] =
                    (uint8_t)(255 - (255 - blue[v]) * c->d->chance[patch_of(&c->d->grid, y, x)] + 0.5);
}

static lac_status read_picture(const lac_recipe *r, const char *spec, int64_t index, canvas *c, lac_error *err) {
    lac_source *source;
    LAC_TRY(lac_source_open(spec, &source, err));
    lac_augment a = {.width = c->width, .height = c->height, .channels = c->channels, .crop = LAC_CROP_CENTRE};
    a.crop_share = lac_recipe_real(r, "augment.crop_share");
    for (int i = 0; i < 3; i++)
        a.std[i] = 1;
    lac_picture picture = {0};
    lac_augment_scratch scratch = {0};
    const int64_t area = (int64_t)c->width * c->height;
    float *values = lac_array((size_t)(area * c->channels), sizeof *values);
    lac_status status = values ? LAC_OK : lac_no_memory(err, "a picture");
    if (status == LAC_OK && index >= lac_source_count(source))
        status = lac_usage(err, "%s#%" PRId64 ": it has %" PRId64 " pictures, counted from 0", spec, index,
                           lac_source_count(source));
    if (status == LAC_OK) status = lac_source_read(source, index, lac_augment_min_side(&a), &picture, err);
    if (status == LAC_OK) status = lac_augment_apply(&a, &picture, 0, 0, 0, 0, &scratch, values, err);
    for (int64_t i = 0; status == LAC_OK && i < area * c->channels; i++) {
        double level = 255 * (double)values[i % c->channels * area + i / c->channels];
        c->picture[i] = (uint8_t)(level > 0 ? (level < 255 ? level + 0.5 : 255) : 0);
    }
    lac_free(values);
    lac_picture_free(&picture);
    lac_augment_scratch_free(&scratch);
    lac_source_free(source);
    return status;
}

static lac_status paint(canvas *c, const char *out, lac_error *err) {
    const lac_mask_draws *d = c->d;
    const int least = c->height < c->width ? c->height : c->width;
    const int scale = least >= LEAST_SIDE ? 1 : (LEAST_SIDE + least - 1) / least;
    const int columns = (int)d->n + 2, wide = c->width * scale + GAP, top = GAP + LAC_GLYPH_HEIGHT + 4;
    const int low = top + c->height * scale + GAP;
    lac_figure figure;
    LAC_TRY(lac_figure_new(columns * wide + GAP, low + LAC_GLYPH_HEIGHT + GAP, &figure, err));
    for (int i = 0; i < columns; i++) {
        char title[48];
        bool is_last = i + 1 == columns;
        snprintf(title, sizeof title, i == 0 ? "original" : is_last ? "chance" : "draw %d", i);
        if (is_last)
            paint_chance(c);
        else
            paint_masked(c, i == 0 ? NULL : d->is_hidden + (i - 1) * d->grid.n,
                         i == 0 || !d->is_listed ? NULL : d->is_listed + (i - 1) * d->grid.n);
        lac_figure_text(&figure, GAP + i * wide, GAP, title);
        lac_figure_picture(&figure, GAP + i * wide, top, scale, c->width, c->height, 3, c->cell);
    }
    char foot[160];
    snprintf(foot, sizeof foot,
             "%.1f %% of %" PRId64 " patches hidden (%.1f to %.1f); chance: over %" PRId64 " draws%s", 100 * d->ratio,
             d->grid.n, 100 * d->least, 100 * d->most, d->n_many,
             d->is_corrupt ? "; hidden are frequencies, not patches" : "");
    lac_figure_text(&figure, GAP, low, foot);
    lac_status status = lac_png_write(out, figure.width, figure.height, 3, figure.pixels, err);
    lac_figure_free(&figure);
    return status;
}

lac_status lac_mask_figure(const lac_recipe *recipe, const char *source, int64_t index, const lac_mask_draws *draws,
                           const char *out, lac_error *err) {
    const lac_grid *g = &draws->grid;
    if (g->n_axes != 2 || (g->channels != 1 && g->channels != 3))
        return lac_usage(err, "only pictures of 1 or 3 channels can be drawn, and this recipe is for something else");
    canvas c = {.d = draws, .height = (int)g->picture[0], .width = (int)g->picture[1], .channels = (int)g->channels};
    const size_t area = (size_t)c.height * (size_t)c.width;
    c.picture = lac_array(area, (size_t)c.channels);
    c.cell = lac_array(area, 3);
    lac_status status = c.picture && c.cell ? LAC_OK : lac_no_memory(err, "a figure");
    if (status == LAC_OK) status = read_picture(recipe, source, index, &c, err);
    if (status == LAC_OK) status = paint(&c, out, err);
    lac_free(c.picture);
    lac_free(c.cell);
    return status;
}
