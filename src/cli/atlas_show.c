/* cli/atlas_show.c - `lacuna atlas show PAPER`: one paper, its place, its neighbours, its figures, its recipes. */
#include <stdio.h>
#include <string.h>

#include "atlas/ask.h"
#include "atlas/atlas.h"
#include "base/memory.h"
#include "cli/atlas.h"
#include "cli/fit.h"
#include "method/sections.h"

static void put_pair(const char *name, const char *text) {
    if (!*text) return;
    char label[32];
    snprintf(label, sizeof label, "%-14s", name);
    const lac_value parts[] = {{LAC_VALUE_TEXT, label}, {LAC_VALUE_TEXT, text}};
    lac_fit_line(2, parts, 2, false);
}

static void put_head(const lac_answer *paper) {
    static const char *const pairs[] = {"year",     "venue",   "url",    "arxiv",     "code",         "family",
                                        "modality", "masking", "target", "objective", "architecture", "tasks"};
    const lac_value head[] = {{LAC_VALUE_TEXT, lac_answer_text(paper, 0, "paper")}};
    lac_fit_line(0, head, 1, true);
    lac_fit_wrap(2, lac_answer_text(paper, 0, "title"));
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        put_pair(pairs[i], lac_answer_text(paper, 0, pairs[i]));
    const char *layer = lac_answer_text(paper, 0, "layer");
    if (strcmp(layer, "outside") == 0)
        put_pair("basis", "outside the survey's list; what is said here is from memory, unchecked");
    else if (strcmp(lac_answer_text(paper, 0, "basis"), "memory") == 0)
        put_pair("basis", "from memory, unchecked");
    else
        put_pair("basis", lac_answer_text(paper, 0, "basis"));
    if (strcmp(layer, "shipped") != 0 && strcmp(layer, "outside") != 0) put_pair("layer", layer);
    const char *summary = lac_answer_text(paper, 0, "summary"), *idea = lac_answer_text(paper, 0, "idea");
    if (*summary || *idea) putchar('\n');
    lac_fit_wrap(2, *summary ? summary : idea);
}

static void put_place(const lac_answer *place, const lac_answer *paper) {
    lac_fit_heading("Place");
    const char *category = lac_answer_text(paper, 0, "category");
    if (place->n_rows == 0 && *category) put_pair("category", category);
    for (size_t r = 0; r < place->n_rows; r++) {
        lac_text line = {0};
        const char *count = lac_answer_text(place, r, "count");
        lac_text_add(&line, "%s, section %s", lac_answer_text(place, r, "name"),
                     lac_answer_text(place, r, "survey_section"));
        if (*count) lac_text_add(&line, ", %s papers", count);
        if (!line.failed) put_pair(lac_answer_text(place, r, "level"), line.data);
        lac_text_free(&line);
    }
    if (strncmp(category, "(body only)", 11) == 0) put_pair("named in", category + 12);
}

/* Parts of recipes that come from the paper: it may be usable in pieces where no recipe is the paper. */
static void put_parts(const char *arxiv) {
    for (int k = 0; k < LAC_N_SECTION_KINDS && *arxiv; k++) {
        const lac_section_kind *kind = &lac_section_kinds[k];
        const lac_slot *slot;
        for (int i = 0; kind->has_slots && (slot = kind->slot(i)); i++)
            if (strcmp(slot->paper, arxiv) == 0) printf("  part: %s %s - %s\n", kind->path, slot->name, slot->sentence);
    }
}

static void put_recipes(const lac_answer *recipes, const char *arxiv) {
    lac_fit_heading("In Lacuna");
    for (size_t r = 0; r < recipes->n_rows; r++)
        printf("  lacuna pretrain %s --data SOURCE --out RUN\n", lac_answer_text(recipes, r, "recipe"));
    if (recipes->n_rows == 0) printf("  no shipped recipe runs it\n");
    put_parts(arxiv);
}

static void put_sheet(const lac_args *args, const lac_sheet *sheet) {
    const lac_answer *paper = lac_sheet_find(sheet, "paper"), *place = lac_sheet_find(sheet, "place");
    const lac_answer *near = lac_sheet_find(sheet, "nearest"), *results = lac_sheet_find(sheet, "results");
    const lac_answer *events = lac_sheet_find(sheet, "events");
    put_head(paper);
    if (place->n_rows || *lac_answer_text(paper, 0, "category")) put_place(place, paper);
    if (events->n_rows) {
        lac_fit_heading("Timeline");
        for (size_t r = 0; r < events->n_rows; r++) {
            lac_text line = {0};
            lac_text_add(&line, "%s  %s", lac_answer_text(events, r, "date"), lac_answer_text(events, r, "why"));
            lac_fit_wrap(2, line.failed ? "" : line.data);
            lac_text_free(&line);
        }
    }
    put_recipes(lac_sheet_find(sheet, "recipes"), lac_answer_text(paper, 0, "arxiv"));
    if (near->n_rows) {
        lac_fit_heading("Nearest papers");
        lac_atlas_put_table(args, near);
    }
    if (results->n_rows) {
        lac_fit_heading("Results");
        lac_atlas_put_table(args, results);
        lac_atlas_put_sources(results);
    }
}

static lac_status run(const lac_args *args, lac_error *err) {
    lac_atlas_form form = LAC_ATLAS_TABLE;
    int64_t n_near;
    char *words;
    sqlite3 *db;
    LAC_TRY(lac_atlas_form_of(args, &form, err));
    LAC_TRY(lac_args_int(args, "near", 5, 0, &n_near, err));
    LAC_TRY(lac_atlas_words(args, 0, &words, err));
    lac_sheet sheet = {0};
    lac_status status = lac_atlas_open(&db, err);
    if (status == LAC_OK) status = lac_ask_show(db, words, n_near, &sheet, err);
    lac_text text = {0};
    if (status == LAC_OK && form == LAC_ATLAS_TABLE) {
        put_sheet(args, &sheet);
    } else if (status == LAC_OK) {
        (form == LAC_ATLAS_JSON ? lac_sheet_json : lac_sheet_csv)(&sheet, &text);
        if (form == LAC_ATLAS_JSON) lac_text_put(&text, "\n", 1);
        status = lac_atlas_put_text(&text, err);
    }
    lac_sheet_free(&sheet);
    lac_free(words);
    sqlite3_close(db);
    return status;
}

static const lac_option options[] = {{"near", "N", "how many of the nearest papers; default 5"}, LAC_ATLAS_CSV, {0}};

const lac_command lac_atlas_command_show = {
    .name = "atlas show",
    .usage = "PAPER",
    .summary = "one paper: summary, place in the taxonomy, nearest papers, results, recipes that run it",
    .details =
        "PAPER is a short name (MAE), an arXiv id (2111.06377), an id, or words of the title that only one has. Near "
        "is the cosine of TF-IDF vectors over title and summary. CSV has the columns part, row, field, value.",
    .examples = "lacuna atlas show MAE\nlacuna atlas show 2111.07832 --near 10\nlacuna atlas show BEiT v2\n"
                "lacuna atlas show iBOT --json",
    .options = options,
    .min_words = 1,
    .max_words = -1,
    .run = run,
};
