/* mask/blockwise.c - rectangles of random area and aspect are hidden (BEiT, arXiv 2106.08254, appendix A).
 *
 * Rectangles are drawn until `count` patches are hidden. The count can fall short: the paper's loop gives up after ten
 * tries that hide nothing new or too much. `blockwise-exact` tops it up with patches at random, which encoders of
 * visible patches need. Not here: iBOT's varying ratios (ibot_block.c). */
#include "mask/blockwise.h"

#include <math.h>
#include <string.h>

#include "mask/slots.h"

static const lac_setting_spec specs[] = {
    {"ratio", LAC_SETTING_REAL, "0.4", 0, LAC_BELOW_ONE, 0, 0, NULL, NULL, "share of patches hidden, at most"},
    {"count", LAC_SETTING_INT, "0", 0, 1 << 20, 0, 0, NULL, NULL, "patches hidden, at most; 0: ratio says"},
    {"min", LAC_SETTING_INT, "16", 1, 1 << 20, 0, 0, NULL, NULL, "smallest area of a rectangle, in patches"},
    {"max", LAC_SETTING_INT, "0", 0, 1 << 20, 0, 0, NULL, NULL, "largest; 0: whatever is left to hide"},
    {"aspect", LAC_SETTING_REALS, "[0.3, 3.3333333333333335]", LAC_ABOVE_ZERO, 1e3, 2, 2, NULL, NULL,
     "height / width of a rectangle, drawn log-uniformly"},
    {"tries", LAC_SETTING_INT, "10", 1, 1 << 20, 0, 0, NULL, NULL, "for one rectangle before giving up"},
};

static int64_t covered(const lac_grid *grid, const unsigned char *is_hidden, const int64_t box[4]) {
    int64_t n = 0;
    for (int64_t y = box[0]; y < box[0] + box[2]; y++)
        for (int64_t x = box[1]; x < box[1] + box[3]; x++)
            n += is_hidden[y * grid->size[1] + x];
    return n;
}

/* One rectangle of at most `room` new patches; how many it hid, 0 after `tries`. */
static int64_t add_block(const lac_blocks *b, const lac_grid *grid, double room, lac_random *random,
                         unsigned char *is_hidden) {
    double low = log(b->aspect[0]), high = log(b->aspect[1]);
    for (int try = 0; try < b->tries; try++) {
        double area = b->least + lac_random_uniform(random) * (room - b->least);
        double aspect = exp(low + lac_random_uniform(random) * (high - low));
        int64_t h = llround(sqrt(area * aspect)), w = llround(sqrt(area / aspect));
        if (h >= grid->size[0] || w >= grid->size[1]) continue;
        int64_t box[4] = {0, 0, h, w};
        box[0] = (int64_t)lac_random_below(random, (uint64_t)(grid->size[0] - h + 1));
        box[1] = (int64_t)lac_random_below(random, (uint64_t)(grid->size[1] - w + 1));
        int64_t added = h * w - covered(grid, is_hidden, box);
        if (added < 1 || (double)added > room) continue;
        for (int64_t y = box[0]; y < box[0] + h; y++)
            memset(is_hidden + y * grid->size[1] + box[1], 1, (size_t)w);
        return added;
    }
    return 0;
}

int64_t lac_blocks_draw(const lac_blocks *b, const lac_grid *grid, lac_random *random, unsigned char *is_hidden) {
    int64_t n = 0, added = 1;
    memset(is_hidden, 0, (size_t)grid->n);
    while ((double)n < b->count && added > 0) {
        double room = b->count - (double)n;
        added = add_block(b, grid, b->most > 0 ? fmin(room, b->most) : room, random, is_hidden);
        n += added;
    }
    return n;
}

static int64_t count_of(const lac_settings *settings, const lac_grid *grid) {
    int64_t count = lac_settings_int(settings, "count");
    return count > 0 ? count : (int64_t)((double)grid->n * lac_settings_real(settings, "ratio"));
}

static lac_status check(const lac_settings *settings, const lac_grid *grid, lac_error *err) {
    int64_t count = count_of(settings, grid);
    const char *key = lac_settings_int(settings, "count") > 0 ? "count" : "ratio";
    if (grid->n_axes != 2) return lac_usage(err, "mask.name: rectangles need pictures, found %d axes", grid->n_axes);
    if (count < 1 || count >= grid->n)
        return lac_usage(err, "mask.%s: hides %lld of %lld patches; expected 1 to %lld", key, (long long)count,
                         (long long)grid->n, (long long)(grid->n - 1));
    const lac_setting *aspect = lac_settings_get(settings, "aspect");
    if (aspect->number[0] > aspect->number[1])
        return lac_usage(err, "mask.aspect: expected the smaller number first, found [%g, %g]", aspect->number[0],
                         aspect->number[1]);
    return LAC_OK;
}

static lac_status visible(const lac_settings *settings, const lac_grid *grid, int64_t *n_visible, lac_error *err) {
    (void)n_visible;
    return check(settings, grid, err);
}

static lac_status visible_exactly(const lac_settings *settings, const lac_grid *grid, int64_t *n_visible,
                                  lac_error *err) {
    LAC_TRY(check(settings, grid, err));
    *n_visible = grid->n - count_of(settings, grid);
    return LAC_OK;
}

static size_t scratch_bytes(const lac_settings *settings, const lac_grid *grid) {
    (void)settings;
    return (size_t)grid->n * sizeof(uint32_t);
}

static int64_t draw_blocks(const lac_settings *settings, const lac_grid *grid, lac_random *random,
                           unsigned char *is_hidden) {
    const lac_setting *aspect = lac_settings_get(settings, "aspect");
    lac_blocks blocks = {.count = (double)count_of(settings, grid),
                         .least = lac_settings_real(settings, "min"),
                         .most = lac_settings_real(settings, "max"),
                         .aspect = {aspect->number[0], aspect->number[1]},
                         .tries = (int)lac_settings_int(settings, "tries")};
    return lac_blocks_draw(&blocks, grid, random, is_hidden);
}

static void draw(const lac_settings *settings, const lac_grid *grid, lac_random *random, void *scratch,
                 unsigned char *is_hidden) {
    (void)scratch;
    draw_blocks(settings, grid, random, is_hidden);
}

static void draw_exactly(const lac_settings *settings, const lac_grid *grid, lac_random *random, void *scratch,
                         unsigned char *is_hidden) {
    int64_t missing = count_of(settings, grid) - draw_blocks(settings, grid, random, is_hidden);
    uint32_t *rest = scratch;
    size_t n = 0;
    for (int64_t i = 0; i < grid->n; i++)
        if (!is_hidden[i]) rest[n++] = (uint32_t)i;
    if (missing > 0) lac_random_shuffle(random, rest, n);
    for (int64_t i = 0; i < missing; i++)
        is_hidden[rest[i]] = 1;
}

const lac_mask_slot lac_mask_blockwise = {
    .slot = {"blockwise", "hides rectangles of random area and aspect, at most so many patches in all", "2106.08254",
             specs, sizeof specs / sizeof *specs},
    .form = LAC_MASK_WEIGHT,
    .visible = visible,
    .scratch_bytes = scratch_bytes,
    .draw = draw,
};

const lac_mask_slot lac_mask_blockwise_exact = {
    .slot = {"blockwise-exact", "the same, topped up at random to exactly so many patches in every picture",
             "2106.08254", specs, sizeof specs / sizeof *specs},
    .form = LAC_MASK_INDEX,
    .visible = visible_exactly,
    .scratch_bytes = scratch_bytes,
    .draw = draw_exactly,
};
