/* cli/atlas_list.c - `lacuna atlas list`: papers by facets, venue and year. */
#include "atlas/ask.h"
#include "base/memory.h"
#include "cli/atlas.h"

static const struct {
    const char *option, *dashed, *facet;
} filters[] = {
    {"dim", "--dim", "dim"},
    {"category", "--category", "category"},
    {"family", "--family", "family"},
    {"modality", "--modality", "modality"},
    {"masking", "--masking", "masking"},
    {"target", "--target", "target"},
    {"objective", "--objective", "objective"},
    {"architecture", "--architecture", "architecture"},
    {"task", "--task", "tasks"},
    {"venue", "--venue", "venue"},
    {"year", "--year", "year"},
};
enum { N_FILTERS = sizeof filters / sizeof *filters };

static lac_status ask(const lac_args *args, sqlite3 *db, lac_answer **answer, lac_error *err) {
    size_t n = 0;
    for (int f = 0; f < N_FILTERS; f++)
        n += (size_t)lac_args_count(args, filters[f].option);
    lac_condition *conditions = lac_array(n + 1, sizeof *conditions);
    if (!conditions) return lac_no_memory(err, "conditions");
    size_t at = 0;
    for (int f = 0; f < N_FILTERS; f++)
        for (int i = 0; i < lac_args_count(args, filters[f].option); i++)
            conditions[at++] =
                (lac_condition){filters[f].dashed, filters[f].facet, lac_args_nth(args, filters[f].option, i)};
    lac_status status = lac_ask_list(db, conditions, n, answer, err);
    lac_free(conditions);
    return status;
}

static void show(const lac_args *args, const lac_answer *answer) {
    lac_atlas_put_table(args, answer);
    if (answer->n_rows) lac_note(args, "%zu paper%s", answer->n_rows, answer->n_rows == 1 ? "" : "s");
}

static lac_status run(const lac_args *args, lac_error *err) {
    return lac_atlas_answer(args, ask, show, err);
}

static const lac_option options[] = {
    {"dim", "WORD", "dimension of the taxonomy: masking, target, objective, architecture, task, theory"},
    {"category", "NAME",
     "category of the survey's repository, by name, node (lacuna atlas tree --json) or dimensions "
     "(masking+target)"},
    {"family", "WORD", "reconstruction, contrastive, hybrid, other"},
    {"modality", "WORD", "image, video, point-cloud, audio, medical-image, ..."},
    {"masking", "WORD", "random, block, attention-guided, learned, frequency, ..."},
    {"target", "WORD", "pixels, discrete-tokens, teacher-features, hog, ..."},
    {"objective", "WORD", "l1, l2, cross-entropy, infonce, chamfer, ..."},
    {"architecture", "WORD", "vit, swin, cnn, hybrid-conv-vit, unet, ..."},
    {"task", "WORD", "classification, segmentation, detection, action-recognition, ..."},
    {"venue", "NAME", "CVPR, ICLR, NeurIPS, MICCAI, ..."},
    {"year", "YEARS", "2023, 2023.., ..2021 or 2020..2022"},
    LAC_ATLAS_CSV,
    {0},
};

const lac_command lac_atlas_command_list = {
    .name = "atlas list",
    .usage = "[FILTERS]",
    .summary = "papers that meet all of the filters, newest first",
    .details =
        "Each filter may be given several times (all must hold) and take several words with commas (any may hold). "
        "Without filters: all papers. --json and --csv have every column. An unknown word is refused, with the "
        "nearest known one.",
    .examples = "lacuna atlas list --dim masking --masking attention-guided --year 2023..\n"
                "lacuna atlas list --family hybrid --modality video\n"
                "lacuna atlas list --target hog,frequency --csv > spectra.csv",
    .options = options,
    .min_words = 0,
    .max_words = 0,
    .run = run,
};
