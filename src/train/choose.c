/* train/choose.c - the rule of choose.h: a ladder of sizes, how far up the time reaches, and what follows from it. Not
 * here: measuring (choose_measure.c). */
#include "train/choose.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_PATCH = 16, SMALL_SIDE = 64, FEW_PATCHES = 36, LEAST_BATCH = 16, MOST_BATCH = 256 };
static const double wanted_patches = 20; /* seen for each weight; the demo's own is about 24 */
static const double wanted_updates = 15000;
static const double usable = 0.85; /* of the time: the rest is measuring, logs and checkpoints */

typedef struct rung {
    int grid; /* patches along a side, about */
    int width, depth, heads;
    int decoder_width, decoder_depth, decoder_heads;
} rung;

/* The demo's network, the sizes between, `mae-tiny-32`'s, ViT-S, ViT-B and ViT-L (their decoder is the paper's). */
static const rung ladder[] = {
    {4, 96, 4, 3, 48, 2, 3},        {7, 128, 6, 4, 64, 2, 4},    {8, 192, 8, 3, 96, 2, 3},
    {8, 192, 12, 3, 96, 4, 3},      {14, 384, 12, 6, 192, 4, 6}, {14, 768, 12, 12, 512, 8, 16},
    {14, 1024, 24, 16, 512, 8, 16},
};
enum { N_RUNGS = sizeof ladder / sizeof *ladder };

typedef struct plan {
    const rung *r;
    int grid, patch; /* the picture's side is grid x patch */
    double seconds;  /* a picture */
    double pictures; /* that the time holds */
    double ratio;    /* patches seen for each weight */
    int batch;
} plan;

/* Weights of the encoder's blocks: 12 D^2 each, which is nearly all of them. */
static double weights(const rung *r) {
    return 12.0 * r->width * r->width * r->depth;
}

/* A grid within a quarter of the rung's and a patch of at most 16 pixels, such that the picture's side comes closest to
 * the pictures' own, then the grid to the rung's. */
static void fit_grid(const rung *r, int side, plan *p) {
    int wanted = side < MOST_PATCH * r->grid ? side : MOST_PATCH * r->grid, best = 1 << 30;
    for (int g = (3 * r->grid + 3) / 4; g <= 5 * r->grid / 4; g++)
        for (int patch = 1; patch <= MOST_PATCH; patch++) {
            int cost = 64 * abs(g * patch - wanted) + abs(g - r->grid);
            if (cost >= best) continue;
            best = cost;
            p->grid = g;
            p->patch = patch;
        }
}

static int choose_batch(const plan *p, int64_t n_pictures) {
    int batch = MOST_BATCH;
    while (batch > LEAST_BATCH && (p->pictures / batch < wanted_updates || batch > n_pictures))
        batch /= 2;
    while (batch > 1 && batch > n_pictures)
        batch /= 2;
    return batch;
}

static double rate(const plan *p) {
    return 1e-3 * 96 / p->r->width * sqrt(p->batch / 32.0);
}

static void write_recipe(const lac_choose_facts *f, const plan *p, lac_text *out) {
    int64_t minute = (int64_t)(60 / (p->seconds * p->batch)), every = 10;
    while (every * 10 <= minute)
        every *= 10;
    lac_text_add(out,
                 "name: chosen\n"
                 "picture: {size: %d, channels: %d, mean: measured, std: measured}\n"
                 "augment: {crop: random, scale: [%s, 1], flip: 0.5}\n"
                 "mask: {name: random, ratio: %s}\n",
                 p->grid * p->patch, f->is_grey ? 1 : 3, f->side <= SMALL_SIDE ? "0.6" : "0.2",
                 p->grid * p->grid < FEW_PATCHES ? "0.5" : "0.75");
    lac_text_add(out,
                 "model:\n"
                 "  encoder: {name: vit, patch: %d, width: %d, depth: %d, heads: %d}\n"
                 "  decoder: {name: mae, width: %d, depth: %d, heads: %d}\n",
                 p->patch, p->r->width, p->r->depth, p->r->heads, p->r->decoder_width, p->r->decoder_depth,
                 p->r->decoder_heads);
    lac_text_add(out,
                 "target: {name: pixels, norm: %s}\n"
                 "objective:\n"
                 "  - {name: l2, on: hidden}\n"
                 "optim: {lr: %.3g, per: 0, betas: [0.9, 0.95], weight_decay: 0.05, warmup: 0.05}\n"
                 "train: {batch: %d}\n"
                 "checkpoint: {every: %" PRId64 ", keep: 2}\n",
                 f->side <= SMALL_SIDE ? "false" : "true", rate(p), p->batch, every);
}

/* "9221", "1.27 million" */
static const char *count_text(double n, char room[32]) {
    snprintf(room, 32, n >= 1e6 ? "%.3g million" : "%.0f", n >= 1e6 ? n / 1e6 : n);
    return room;
}

static void explain_size(const plan *p, double budget_s, lac_text *why) {
    char pictures[32], n_weights[32];
    lac_text_add(
        why,
        "%d wide, %d deep, %d patches of %d x %d: %.3g ms a picture, so %.4g s hold %s pictures: %.3g patches for "
        "each of %s weights",
        p->r->width, p->r->depth, p->grid * p->grid, p->patch, p->patch, 1e3 * p->seconds, budget_s,
        count_text(p->pictures, pictures), p->ratio, count_text(weights(p->r), n_weights));
}

static void explain(const lac_choose_facts *f, const plan *p, lac_text *why) {
    int side = p->grid * p->patch;
    char updates[32];
    lac_text_add(why, "pictures: %" PRId64 ", %s, about %d pixels on their shorter side; the network sees %d x %d\n",
                 f->n_pictures, f->is_grey ? "grey" : "colour", f->side, side, side);
    if (p->pictures / (double)f->n_pictures > 2000)
        lac_text_add(why, "few pictures: each is seen %.0f times; more pictures would teach more than more time\n",
                     p->pictures / (double)f->n_pictures);
    lac_text_add(
        why,
        "batch %d: about %s updates (%.0f are wanted; 16 to 256 pictures a batch); learning rate %.3g = 1e-3 x "
        "96/width x sqrt(batch/32)\n",
        p->batch, count_text(p->pictures / p->batch, updates), wanted_updates, rate(p));
    lac_text_add(why, "%s %% of the patches are hidden, as there are %s; crops of %s of the area at least%s\n",
                 p->grid * p->grid < FEW_PATCHES ? "50" : "75", p->grid * p->grid < FEW_PATCHES ? "few" : "many",
                 f->side <= SMALL_SIDE ? "60 %" : "20 %",
                 f->side <= SMALL_SIDE ? ", as small pictures show one thing" : "; patches are normalised one by one");
}

lac_status lac_choose(const lac_choose_facts *f, double budget_s, lac_choose_speed speed, void *context, lac_text *yaml,
                      lac_text *why, lac_error *err) {
    plan best = {0};
    for (int i = 0; i < N_RUNGS; i++) {
        plan p = {.r = &ladder[i], .seconds = 1e-3, .batch = LEAST_BATCH};
        fit_grid(p.r, f->side, &p);
        p.batch = choose_batch(&p, f->n_pictures);
        lac_text trial = {0};
        write_recipe(f, &p, &trial);
        lac_status status = trial.failed ? lac_no_memory(err, "a recipe") : speed(context, trial.data, &p.seconds, err);
        lac_text_free(&trial);
        LAC_TRY(status);
        if (!(p.seconds > 1e-9)) p.seconds = 1e-9;
        p.pictures = usable * budget_s / p.seconds;
        p.ratio = p.pictures * p.grid * p.grid / weights(p.r);
        bool is_enough = p.ratio >= wanted_patches;
        explain_size(&p, budget_s, why);
        lac_text_add(why,
                     is_enough ? "\n"
                     : i == 0  ? ": fewer than %.0f, but nothing is smaller\n"
                               : ": fewer than %.0f\n",
                     wanted_patches);
        if (i == 0 || is_enough) best = p;
        if (!is_enough) break;
    }
    best.batch = choose_batch(&best, f->n_pictures);
    lac_text_add(why, "chosen: %d wide, %d deep, %d heads, patches of %d x %d\n", best.r->width, best.r->depth,
                 best.r->heads, best.patch, best.patch);
    explain(f, &best, why);
    write_recipe(f, &best, yaml);
    return yaml->failed || why->failed ? lac_no_memory(err, "a recipe") : LAC_OK;
}
