/* cli/cmd_mask.c - `lacuna mask`: what a recipe hides, drawn over a picture (eval/masks.h). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "eval/masks.h"

/* SOURCE#INDEX, a picture's file, or a SOURCE, whose first picture is meant. *spec: lac_alloc'ed */
static lac_status split_word(const char *word, char **spec, int64_t *index, lac_error *err) {
    const char *hash = strrchr(word, '#');
    *index = 0;
    bool has_index = hash && !lac_file_exists(word) && lac_parse_int(hash + 1, index);
    *spec = has_index ? lac_format("%.*s", (int)(hash - word), word) : lac_copy_text(word);
    if (!*spec) return lac_no_memory(err, "a source's name");
    return *index >= 0 ? LAC_OK : lac_usage(err, "%s: pictures are counted from 0", word);
}

static lac_status draw(const lac_args *args, const lac_recipe *recipe, lac_error *err) {
    int64_t count, seed, index;
    LAC_TRY(lac_args_int(args, "count", 5, 1, &count, err));
    LAC_TRY(lac_args_int(args, "seed", 0, 0, &seed, err));
    if (count > 64) return lac_usage(err, "--count: at most 64 draws fit a figure");
    const char *out = lac_args_text(args, "out");
    lac_mask_draws draws;
    LAC_TRY(lac_mask_draw_many(recipe, (uint64_t)seed, count, 2000, &draws, err));
    char *spec = NULL;
    lac_status status = split_word(lac_args_word(args, 1), &spec, &index, err);
    if (status == LAC_OK) status = lac_mask_figure(recipe, spec, index, &draws, out, err);
    if (status == LAC_OK && lac_args_json(args))
        printf("{\"patches\": %" PRId64 ", \"draws\": %" PRId64
               ", \"hidden\": {\"mean\": %.6f, \"least\": %.6f, \"most\": %.6f}}\n",
               draws.grid.n, draws.n_many, draws.ratio, draws.least, draws.most);
    else if (status == LAC_OK)
        printf("%s: %" PRId64 " draws; %.1f %% of %" PRId64 " patches hidden (%.1f to %.1f over %" PRId64 " draws)\n",
               out, count, 100 * draws.ratio, draws.grid.n, 100 * draws.least, 100 * draws.most, draws.n_many);
    lac_free(spec);
    lac_mask_draws_free(&draws);
    return status;
}

static lac_status run(const lac_args *args, lac_error *err) {
    if (!lac_args_text(args, "out")) return lac_usage(err, "--out is missing: the .png file to write");
    int n_sets = lac_args_count(args, "set");
    const char **sets = lac_array((size_t)n_sets, sizeof *sets);
    if (!sets) return lac_no_memory(err, "a recipe");
    for (int i = 0; i < n_sets; i++)
        sets[i] = lac_args_nth(args, "set", i);
    lac_recipe *recipe = NULL;
    lac_status status = lac_recipe_open(lac_args_word(args, 0), sets, n_sets, &recipe, err);
    lac_free(sets);
    if (status == LAC_OK) status = draw(args, recipe, err);
    lac_recipe_free(recipe);
    return status;
}

static const lac_option options[] = {
    {"out", "FILE.png", "where to write the figure"},
    {"count", "N", "draws shown (default 5)"},
    {"set", "KEY=VALUE", "change a key of the recipe; may be repeated"},
    {0},
};

const lac_command lac_command_mask = {
    .name = "mask",
    .usage = "RECIPE PICTURE --out FILE.png",
    .summary = "draw what a recipe hides: the picture, draws of the mask, how often each patch is hidden",
    .details =
        "PICTURE is a picture's file, SOURCE#INDEX, or a SOURCE, whose first picture is taken. --seed chooses the\n"
        "masks: draw i is that of training sample i. Grey is hidden; blue are the patches that are predicted, where a\n"
        "mask says which. The last panel is the chance of each patch over 2,000 draws.",
    .examples = "lacuna mask demo fashion-mnist:test --out masks.png\n"
                "lacuna mask mae-vit-b16 photo.jpg --set mask.ratio=0.5 --out masks.png",
    .options = options,
    .min_words = 2,
    .max_words = 2,
    .run = run,
};
