/* report/pictures.c - pictures inside the page: what the network makes of hidden patches, checkpoint by checkpoint, and
 * draws of the mask. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "eval/masks.h"
#include "eval/reconstruct.h"
#include "io/png.h"
#include "report/private.h"
#include "train/run.h"

enum { STANDARD_PICTURES = 6, MOST_STAGES = 5, SEED = 1, MASKS = 6, MASK_DRAWS = 1000 };

void lac_report_base64(lac_text *out, const uint8_t *data, size_t n) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        unsigned v =
            (unsigned)data[i] << 16 | (i + 1 < n ? (unsigned)data[i + 1] << 8 : 0) | (i + 2 < n ? data[i + 2] : 0);
        char four[4] = {digits[v >> 18], digits[v >> 12 & 63], i + 1 < n ? digits[v >> 6 & 63] : '=',
                        i + 2 < n ? digits[v & 63] : '='};
        lac_text_put(out, four, 4);
    }
}

static lac_status put_cell(const lac_reconstruction *r, int64_t row, int column, const char *alt, lac_text *out,
                           lac_error *err) {
    int width, height, channels;
    const uint8_t *pixels = lac_reconstruction_cell(r, row, column, &width, &height, &channels);
    lac_text png = {0};
    LAC_TRY(lac_png_encode(width, height, channels, pixels, &png, err));
    lac_text_add(out, "<td><img alt=\"%s\" width=\"%d\" height=\"%d\" src=\"data:image/png;base64,", alt,
                 width < 96 ? 96 : width, width < 96 ? 96 * height / width : height);
    lac_report_base64(out, (const uint8_t *)png.data, png.bytes);
    lac_text_add(out, "\"></td>");
    lac_text_free(&png);
    return LAC_OK;
}

typedef struct stages {
    int n;
    char title[MOST_STAGES][48];
    lac_reconstruction *r[MOST_STAGES];
    double loss[MOST_STAGES];
} stages;

static lac_status add_stage(stages *s, const lac_report_options *o, lac_model *model, const lac_source *source,
                            int64_t rows, lac_error *err) {
    lac_reconstruct_options ro = {.seed = SEED};
    lac_reconstruction *r;
    LAC_TRY(lac_reconstruction_new(model->method, o->backend, o->pool, &ro, &r, err));
    s->r[s->n] = r;
    double sum = 0;
    const int64_t count = lac_source_count(source);
    for (int64_t i = 0; i < rows && i < count; i++) {
        double loss;
        LAC_TRY(lac_reconstruction_add(r, source, count > rows ? i * count / rows : i, &loss, err));
        sum += loss / (double)(rows < count ? rows : count);
    }
    s->loss[s->n++] = sum;
    return LAC_OK;
}

/* The untrained network, then up to four checkpoints, spread evenly, the last among them. */
static lac_status open_stages(const lac_report_run *run, const lac_report_options *o, const lac_source *source,
                              int64_t rows, stages *s, lac_error *err) {
    int64_t *steps;
    int n;
    LAC_TRY(lac_run_checkpoints(run->path, &steps, &n, err));
    if (n == 0) return lac_fail(err, "%s: no checkpoint yet", run->path);
    int wanted = n < MOST_STAGES - 1 ? n : MOST_STAGES - 1;
    lac_status status = LAC_OK;
    for (int i = -1; i < wanted && status == LAC_OK; i++) {
        int at = wanted > 1 ? (i < 0 ? 0 : i) * (n - 1) / (wanted - 1) : n - 1;
        char *path = lac_run_checkpoint_path(run->path, steps[at]);
        lac_model *model = NULL;
        status = path ? lac_model_open(path, LAC_F32, &model, err) : lac_no_memory(err, "a path");
        if (status == LAC_OK && i < 0) lac_model_untrain(model);
        snprintf(s->title[s->n], sizeof s->title[0], i < 0 ? "untrained" : "step %" PRId64, steps[at]);
        if (status == LAC_OK) status = add_stage(s, o, model, source, rows, err);
        lac_model_free(model);
        lac_free(path);
    }
    lac_free(steps);
    return status;
}

static lac_status put_stages(const stages *s, int64_t rows, const char *spec, lac_text *out, lac_error *err) {
    lac_text_add(out,
                 "<div class=\"scroll\"><table class=\"pictures\"><thead><tr><th>original</th><th>what it sees</th>");
    for (int i = 0; i < s->n; i++)
        lac_text_add(out, "<th>%s<br><span class=\"soft\">loss %.4g</span></th>", s->title[i], s->loss[i]);
    lac_text_add(out, "</tr></thead><tbody>\n");
    for (int64_t row = 0; row < rows; row++) {
        lac_text_add(out, "<tr>");
        LAC_TRY(put_cell(s->r[0], row, 0, "original", out, err));
        LAC_TRY(put_cell(s->r[0], row, 1, "masked", out, err));
        for (int i = 0; i < s->n; i++)
            LAC_TRY(put_cell(s->r[i], row, 3, s->title[i], out, err));
        lac_text_add(out, "</tr>\n");
    }
    lac_text_add(out,
                 "</tbody></table></div>\n<p class=\"soft\">Hidden patches as predicted, visible ones as they are; ");
    lac_report_text(out, lac_reconstruction_caption(s->r[0]));
    lac_text_add(out, ". Pictures: ");
    lac_report_text(out, spec);
    lac_text_add(out,
                 ", none chosen. Earlier checkpoints are there as far as the run kept them (checkpoint.keep).</p>\n");
    return LAC_OK;
}

static lac_status put_reconstructions(const lac_report_run *run, const lac_report_options *o, const char *spec,
                                      lac_text *out, lac_error *err) {
    lac_source *source;
    LAC_TRY(lac_source_open(spec, &source, err));
    int64_t rows = o->n_pictures > 0 ? o->n_pictures : STANDARD_PICTURES;
    if (rows > lac_source_count(source)) rows = lac_source_count(source);
    stages s = {0};
    lac_status status = open_stages(run, o, source, rows, &s, err);
    if (status == LAC_OK) status = put_stages(&s, rows, spec, out, err);
    for (int i = 0; i < MOST_STAGES; i++)
        lac_reconstruction_free(s.r[i]);
    lac_source_free(source);
    return status;
}

static lac_status choose_source(const lac_report_run *run, const lac_report_options *o, char **spec, lac_error *err) {
    *spec = NULL;
    if (o->data) {
        *spec = lac_copy_text(o->data);
    } else if (run->data) {
        lac_source *source;
        LAC_TRY(lac_source_open(run->data, &source, err));
        *spec = lac_source_test_spec(source);
        lac_source_free(source);
        if (!*spec) *spec = lac_copy_text(run->data);
    } else {
        return lac_fail(err, "the run does not say what it trained on");
    }
    return *spec ? LAC_OK : lac_no_memory(err, "a source's name");
}

/* What cannot be drawn (another target than pixels, pictures that have moved) is said and is no failure. */
lac_status lac_report_pictures(const lac_report_run *run, const lac_report_options *o, lac_text *out, lac_error *err) {
    if (o->n_pictures < 0) return LAC_OK;
    lac_text part = {0};
    lac_error why = {0};
    char *spec = NULL;
    lac_status status = choose_source(run, o, &spec, &why);
    if (status == LAC_OK) status = put_reconstructions(run, o, spec, &part, &why);
    lac_free(spec);
    if (status == LAC_OK) {
        lac_text_put(out, part.data, part.bytes);
    } else {
        lac_text_add(out, "<p class=\"missing\">No reconstructions: ");
        lac_report_text(out, why.text);
        lac_text_add(out, ".</p>\n");
        if (o->note) o->note(o->context, why.text);
    }
    bool failed = part.failed;
    lac_text_free(&part);
    return failed ? lac_no_memory(err, "a report") : LAC_OK;
}

/* A grid of patches: filled by share, or by hidden. */
static void put_grid(const lac_mask_draws *d, const uint8_t *is_hidden, const char *title, lac_text *out) {
    int64_t columns = d->grid.size[d->grid.n_axes - 1], rows = d->grid.n / columns;
    double cell = 112.0 / (double)(columns > rows ? columns : rows);
    lac_text_add(out,
                 "<figure class=\"mask\"><svg viewBox=\"0 0 %.2f %.2f\" width=\"112\" role=\"img\" aria-label=\"%s\">",
                 cell * (double)columns, cell * (double)rows, title);
    for (int64_t p = 0; p < d->grid.n; p++) {
        double share = is_hidden ? is_hidden[p] : d->chance[p];
        lac_text_add(out, "<rect class=\"%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"",
                     is_hidden ? (share > 0 ? "hid" : "vis") : "hid", (double)(p % columns) * cell,
                     (double)(p / columns) * cell, cell * .94, cell * .94);
        if (!is_hidden) lac_text_add(out, " fill-opacity=\"%.3f\"", share);
        lac_text_add(out, "/>");
    }
    lac_text_add(out, "</svg><figcaption>%s</figcaption></figure>\n", title);
}

lac_status lac_report_masks(const lac_report_run *run, lac_text *out, lac_error *err) {
    lac_mask_draws d;
    LAC_TRY(lac_mask_draw_many(run->recipe, run->card.seed, MASKS, MASK_DRAWS, &d, err));
    lac_text_add(out, "<div class=\"masks\">\n");
    for (int i = 0; i < MASKS; i++) {
        char title[32];
        snprintf(title, sizeof title, "sample %d", i);
        put_grid(&d, d.is_hidden + i * d.grid.n, title, out);
    }
    put_grid(&d, NULL, "chance", out);
    lac_text_add(out,
                 "</div>\n<p class=\"soft\">Filled is hidden%s: %.1f %% of %" PRId64
                 " patches (%.1f to %.1f over %" PRId64
                 " draws). The first samples of epoch 0; the last grid is the chance of each patch.</p>\n",
                 d.is_corrupt ? " (of frequencies, not patches)" : "", 100 * d.ratio, d.grid.n, 100 * d.least,
                 100 * d.most, d.n_many);
    lac_mask_draws_free(&d);
    return LAC_OK;
}
