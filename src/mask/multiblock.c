/* mask/multiblock.c - a large context block is seen, several smaller blocks are predicted from it, each for itself
 * (I-JEPA, arXiv 2301.08243, section 3 and appendix A.1; its code's sizes and redraws).
 *
 * One number r gives a block's area and its height / width alike. The blocks to predict may overlap; the context is its
 * own block without them, drawn again while it has too few patches, and after twenty failures one block less is taken
 * out of it. So patches may be neither seen nor predicted. Not here: lists of the other masks (lists.c). */
#include <math.h>
#include <string.h>

#include "mask/slots.h"

enum {
    SIZES = 4096, /* values of r, so that the largest block is known */
    FAILURES = 20
};

static const lac_setting_spec specs[] = {
    {"context", LAC_SETTING_REALS, "[0.85, 1]", LAC_ABOVE_ZERO, 1, 2, 2, NULL, NULL,
     "area of the square block that is seen, as a share of the picture"},
    {"targets", LAC_SETTING_INT, "4", 1, 16, 0, 0, NULL, NULL, "blocks to predict"},
    {"target", LAC_SETTING_REALS, "[0.15, 0.2]", LAC_ABOVE_ZERO, 1, 2, 2, NULL, NULL,
     "area of one of them, as a share"},
    {"aspect", LAC_SETTING_REALS, "[0.75, 1.5]", LAC_ABOVE_ZERO, 1e3, 2, 2, NULL, NULL, "its height / width"},
    {"min_keep", LAC_SETTING_INT, "10", 0, 1 << 20, 0, 0, NULL, NULL, "the context has more patches than this"},
    {"most", LAC_SETTING_INT, "0", 0, 1 << 20, 0, 0, NULL, NULL,
     "patches of a context at most, others left out at random: shorter lists; 0: as many as there may be"},
    {"upper", LAC_SETTING_TEXT, "inclusive", 0, 0, 0, 0, "inclusive|exclusive", NULL,
     "exclusive: no block reaches the last row or column, as in the paper's code"},
    {"truncate", LAC_SETTING_BOOL, "false", 0, 0, 0, 0, NULL, NULL,
     "as the paper's code: sizes shared by the batch, its lists cut to the shortest, the last patches dropped"},
};

typedef struct size {
    int64_t h, w;
} size;

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static size size_at(const lac_grid *grid, const double share[2], const double aspect[2], int step) {
    double r = (double)step / SIZES, a = aspect[0] + r * (aspect[1] - aspect[0]);
    double area = floor((double)grid->n * (share[0] + r * (share[1] - share[0])));
    return (size){least(llrint(sqrt(area * a)), grid->size[0] - 1), least(llrint(sqrt(area / a)), grid->size[1] - 1)};
}

static const double square[2] = {1, 1};

/* Areas of a block over all r */
static void areas(const lac_grid *grid, const double share[2], const double aspect[2], int64_t *smallest,
                  int64_t *largest) {
    for (int step = 0; step <= SIZES; step++) {
        size s = size_at(grid, share, aspect, step);
        int64_t area = s.h * s.w;
        if (step == 0 || area < *smallest) *smallest = area;
        if (step == 0 || area > *largest) *largest = area;
    }
}

static bool is_ordered(const lac_setting *range) {
    return range->number[0] <= range->number[1];
}

static lac_status visible(const lac_settings *settings, const lac_grid *grid, int64_t *n_visible, lac_error *err) {
    (void)n_visible;
    static const char *const ranges[] = {"context", "target", "aspect"};
    int64_t keep = lac_settings_int(settings, "min_keep"), most = lac_settings_int(settings, "most"), few = 0, many = 0;
    if (grid->n_axes != 2) return lac_usage(err, "mask.name: blocks need pictures, found %d axes", grid->n_axes);
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const lac_setting *range = lac_settings_get(settings, ranges[i]);
        if (!is_ordered(range))
            return lac_usage(err, "mask.%s: expected the smaller number first, found [%g, %g]", ranges[i],
                             range->number[0], range->number[1]);
    }
    areas(grid, lac_settings_get(settings, "target")->number, lac_settings_get(settings, "aspect")->number, &few,
          &many);
    if (few < 1)
        return lac_usage(err, "mask.target: leaves a block without patches on a grid of %lld x %lld",
                         (long long)grid->size[0], (long long)grid->size[1]);
    areas(grid, lac_settings_get(settings, "context")->number, square, &few, &many);
    if (few <= keep)
        return lac_usage(err, "mask.min_keep: expected less than the %lld patches of the smallest context, found %lld",
                         (long long)few, (long long)keep);
    if (most > 0 && most <= keep)
        return lac_usage(err, "mask.most: expected more than min_keep (%lld), found %lld", (long long)keep,
                         (long long)most);
    return LAC_OK;
}

static void bounds(const lac_settings *settings, const lac_grid *grid, lac_mask_bounds *out) {
    int64_t few, most = lac_settings_int(settings, "most");
    out->n_blocks = lac_settings_int(settings, "targets");
    areas(grid, lac_settings_get(settings, "target")->number, lac_settings_get(settings, "aspect")->number, &few,
          &out->n_in_block);
    areas(grid, lac_settings_get(settings, "context")->number, square, &few, &out->n_visible);
    if (most > 0) out->n_visible = least(out->n_visible, most);
}

/* One number per patch, then blocks of up to N for those who do not ask for them */
static size_t scratch_bytes(const lac_settings *settings, const lac_grid *grid) {
    return (size_t)grid->n * (sizeof(uint32_t) + (size_t)lac_settings_int(settings, "targets") * sizeof(int32_t));
}

static void place(const lac_settings *settings, const lac_grid *grid, lac_random *random, size s, int64_t *top,
                  int64_t *left) {
    uint64_t more = strcmp(lac_settings_text(settings, "upper"), "inclusive") == 0 ? 1 : 0;
    *top = (int64_t)lac_random_below(random, (uint64_t)(grid->size[0] - s.h) + more);
    *left = (int64_t)lac_random_below(random, (uint64_t)(grid->size[1] - s.w) + more);
}

/* The context, 0 in is_hidden, without the first n_out blocks: first_block[i] says which is the first that has patch i.
 * How many patches it has. */
static int64_t draw_context(const lac_settings *settings, const lac_grid *grid, lac_random *random, size s,
                            const uint32_t *first_block, uint32_t n_out, unsigned char *is_hidden) {
    int64_t top, left, n = 0;
    place(settings, grid, random, s, &top, &left);
    memset(is_hidden, 1, (size_t)grid->n);
    for (int64_t y = top; y < top + s.h; y++)
        for (int64_t x = left; x < left + s.w; x++) {
            int64_t i = y * grid->size[1] + x;
            is_hidden[i] = first_block[i] < n_out;
            n += !is_hidden[i];
        }
    return n;
}

/* Hide so many of the context's n patches, any alike. */
static void leave_out(lac_random *random, int64_t n_patches, int64_t n, int64_t n_out, uint32_t *list,
                      unsigned char *is_hidden) {
    for (int64_t i = 0, k = 0; i < n_patches; i++)
        if (!is_hidden[i]) list[k++] = (uint32_t)i;
    lac_random_shuffle(random, list, (size_t)n);
    for (int64_t k = 0; k < n_out; k++)
        is_hidden[list[k]] = 1;
}

static bool is_cut(const lac_settings *settings) {
    return lac_settings_bool(settings, "truncate");
}

static void draw_blocks(const lac_settings *settings, const lac_grid *grid, const lac_mask_bounds *b,
                        lac_random *shared, lac_random *random, void *scratch, unsigned char *is_hidden,
                        int32_t *blocks) {
    uint32_t *first_block = scratch;
    lac_random *sizes = is_cut(settings) ? shared : random;
    size target = size_at(grid, lac_settings_get(settings, "target")->number,
                          lac_settings_get(settings, "aspect")->number, (int)lac_random_below(sizes, SIZES + 1));
    size context =
        size_at(grid, lac_settings_get(settings, "context")->number, square, (int)lac_random_below(sizes, SIZES + 1));
    for (int64_t i = 0; i < grid->n; i++)
        first_block[i] = (uint32_t)b->n_blocks;
    for (int64_t k = 0; k < b->n_blocks; k++) {
        int64_t top, left, n = 0;
        int32_t *block = blocks + k * b->n_in_block;
        place(settings, grid, random, target, &top, &left);
        for (int64_t y = top; y < top + target.h; y++)
            for (int64_t x = left; x < left + target.w; x++) {
                int64_t i = y * grid->size[1] + x;
                block[n++] = (int32_t)i;
                if (first_block[i] > k) first_block[i] = (uint32_t)k;
            }
        for (; n < b->n_in_block; n++)
            block[n] = -1;
    }
    int64_t n = 0, failures = 0, keep = lac_settings_int(settings, "min_keep");
    for (uint32_t n_out = (uint32_t)b->n_blocks;;) {
        n = draw_context(settings, grid, random, context, first_block, n_out, is_hidden);
        if (n > keep || n_out == 0) break;
        if (++failures % FAILURES == 0) n_out--;
    }
    if (n > b->n_visible) leave_out(random, grid->n, n, n - b->n_visible, first_block, is_hidden);
}

static void draw(const lac_settings *settings, const lac_grid *grid, lac_random *random, void *scratch,
                 unsigned char *is_hidden) {
    int64_t most = lac_settings_int(settings, "most");
    lac_mask_bounds b = {most > 0 ? most : grid->n, lac_settings_int(settings, "targets"), grid->n};
    draw_blocks(settings, grid, &b, random, random, scratch, is_hidden, (int32_t *)((uint32_t *)scratch + grid->n));
}

const lac_mask_slot lac_mask_multiblock = {
    .slot = {"multiblock", "shows a large block without several smaller ones, which are predicted from it",
             "2301.08243", specs, sizeof specs / sizeof *specs},
    .form = LAC_MASK_WEIGHT,
    .visible = visible,
    .scratch_bytes = scratch_bytes,
    .draw = draw,
    .bounds = bounds,
    .draw_blocks = draw_blocks,
    .is_cut = is_cut,
};
