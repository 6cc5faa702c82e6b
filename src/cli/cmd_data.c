/* cli/cmd_data.c - `lacuna data`: says what is in a source of pictures (data/survey.h) and draws a contact sheet. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "data/loader.h"
#include "data/survey.h"

enum { MOST_TOLD = 20 /* broken pictures named on a terminal; --json names all */ };

typedef struct answer {
    lac_source *source;
    lac_survey survey;
    int64_t *of_class; /* pictures of each class */
    char *test;
    int channels;
    bool has_stats;
    float mean[3], std[3];
} answer;

static void print_stats(const answer *a) {
    for (int k = 0; k < 2; k++) {
        const float *v = k ? a->std : a->mean;
        printf("%-12s", k ? "std" : "mean");
        for (int c = 0; c < a->channels; c++)
            printf("%s%.4f", c ? " " : "", (double)v[c]);
        printf("\n");
    }
}

static lac_status print_classes(const answer *a, lac_error *err) {
    lac_table *table;
    const int n = lac_source_classes(a->source);
    if (n == 0) return LAC_OK;
    LAC_TRY(lac_table_new(3, &table, err));
    lac_table_cell(table, "class");
    lac_table_cell(table, "name");
    lac_table_cell(table, "pictures");
    for (int c = 0; c < n; c++) {
        lac_table_cell(table, "%d", c);
        lac_table_cell(table, "%s", lac_source_class_name(a->source, c));
        lac_table_cell(table, "%" PRId64, a->of_class[c]);
    }
    printf("\n");
    lac_table_print(table);
    lac_table_free(table);
    return LAC_OK;
}

static lac_status print_text(const answer *a, lac_error *err) {
    const lac_survey *s = &a->survey;
    const int64_t count = lac_source_count(a->source);
    printf("%-12s%s\n", "source", lac_source_spec(a->source));
    printf("%-12s%" PRId64 "\n", "pictures", count);
    if (s->n_looked < count) printf("%-12s%" PRId64 ", spread evenly\n", "looked at", s->n_looked);
    if (s->n_grey + s->n_rgb == 0)
        printf("%-12snone is readable\n", "size");
    else if (s->min_width == s->max_width && s->min_height == s->max_height)
        printf("%-12s%d x %d, all\n", "size", s->min_width, s->min_height);
    else
        printf("%-12s%d x %d to %d x %d, median %d x %d\n", "size", s->min_width, s->min_height, s->max_width,
               s->max_height, s->median_width, s->median_height);
    if (s->n_grey && s->n_rgb)
        printf("%-12sgrey in %" PRId64 ", RGB in %" PRId64 "\n", "channels", s->n_grey, s->n_rgb);
    else if (s->n_grey + s->n_rgb)
        printf("%-12s%s\n", "channels", s->n_grey ? "1 (grey)" : "3 (RGB)");
    if (lac_source_classes(a->source))
        printf("%-12s%d\n", "classes", lac_source_classes(a->source));
    else
        printf("%-12snone (unlabelled)\n", "classes");
    if (a->test) printf("%-12s%s\n", "test split", a->test);
    printf("%-12s%016" PRIx64 "\n", "fingerprint", lac_source_fingerprint(a->source));
    if (a->has_stats) print_stats(a);
    printf("%-12s%" PRId64 "\n", "broken", s->n_broken);
    for (int64_t i = 0; i < s->n_broken && i < MOST_TOLD; i++)
        printf("  %s\n", s->broken[i]);
    if (s->n_broken > MOST_TOLD) printf("  and %" PRId64 " more (--json names all)\n", s->n_broken - MOST_TOLD);
    return print_classes(a, err);
}

/* File names need not be UTF-8, JSON must: other bytes are shown as '?'. */
static json_t *text_of(const char *text) {
    json_t *value = json_string(text);
    if (value) return value;
    char *copy = lac_copy_text(text);
    for (char *at = copy; at && *at; at++)
        if (*at & 0x80) *at = '?';
    if (copy) value = json_string(copy);
    lac_free(copy);
    return value;
}

static json_t *numbers(const float *v, int n) {
    json_t *list = json_array();
    for (int i = 0; i < n; i++)
        json_array_append_new(list, json_real((double)v[i]));
    return list;
}

static lac_status print_json(const answer *a, lac_error *err) {
    const lac_survey *s = &a->survey;
    char print[17];
    snprintf(print, sizeof print, "%016" PRIx64, lac_source_fingerprint(a->source));
    json_t *root = json_object(), *classes = json_array(), *broken = json_array();
    json_object_set_new(root, "source", text_of(lac_source_spec(a->source)));
    json_object_set_new(root, "pictures", json_integer(lac_source_count(a->source)));
    json_object_set_new(root, "looked_at", json_integer(s->n_looked));
    json_object_set_new(root, "grey", json_integer(s->n_grey));
    json_object_set_new(root, "rgb", json_integer(s->n_rgb));
    json_object_set_new(root, "min_size", json_pack("[ii]", s->min_width, s->min_height));
    json_object_set_new(root, "max_size", json_pack("[ii]", s->max_width, s->max_height));
    json_object_set_new(root, "median_size", json_pack("[ii]", s->median_width, s->median_height));
    json_object_set_new(root, "test_split", a->test ? text_of(a->test) : json_null());
    json_object_set_new(root, "fingerprint", json_string(print));
    if (a->has_stats) {
        json_object_set_new(root, "mean", numbers(a->mean, a->channels));
        json_object_set_new(root, "std", numbers(a->std, a->channels));
    }
    for (int c = 0; c < lac_source_classes(a->source); c++) {
        json_t *class = json_object();
        json_object_set_new(class, "name", text_of(lac_source_class_name(a->source, c)));
        json_object_set_new(class, "pictures", json_integer(a->of_class[c]));
        json_array_append_new(classes, class);
    }
    for (int64_t i = 0; i < s->n_broken; i++)
        json_array_append_new(broken, text_of(s->broken[i]));
    json_object_set_new(root, "classes", classes);
    json_object_set_new(root, "broken", broken);
    char *text = json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    if (!text) return lac_no_memory(err, "JSON");
    puts(text);
    free(text);
    return LAC_OK;
}

static lac_status answer_all(const lac_args *args, answer *a, lac_error *err) {
    int64_t limit;
    LAC_TRY(lac_args_int(args, "limit", 0, 0, &limit, err));
    LAC_TRY(lac_source_open(lac_args_word(args, 0), &a->source, err));
    LAC_TRY(lac_survey_take(a->source, limit, &a->survey, err));
    a->test = lac_source_test_spec(a->source);
    a->of_class = lac_array((size_t)lac_source_classes(a->source) + 1, sizeof *a->of_class);
    if (!a->of_class) return lac_no_memory(err, "classes");
    lac_survey_classes(a->source, a->of_class);
    a->channels = a->survey.n_rgb ? 3 : 1;
    a->has_stats = lac_args_has(args, "stats");
    if (a->has_stats) LAC_TRY(lac_source_statistics(a->source, a->channels, limit, a->mean, a->std, err));
    const char *sheet = lac_args_text(args, "sheet");
    if (sheet) {
        LAC_TRY(lac_sheet_draw(a->source, sheet, err));
        lac_note(args, "contact sheet: %s", sheet);
    }
    return lac_args_json(args) ? print_json(a, err) : print_text(a, err);
}

static lac_status run(const lac_args *args, lac_error *err) {
    answer a = {0};
    const lac_status status = answer_all(args, &a, err);
    lac_survey_free(&a.survey);
    lac_free(a.of_class);
    lac_free(a.test);
    lac_source_free(a.source);
    return status;
}

static const lac_option options[] = {
    {"stats", NULL, "mean and standard deviation of each channel, on [0, 1] values"},
    {"sheet", "FILE.png", "draw up to 64 pictures, one row a class where there are labels"},
    {"limit", "N", "look at N pictures only, spread evenly (default: all)"},
    {0},
};

const lac_command lac_command_data = {
    .name = "data",
    .usage = "SOURCE [--stats] [--sheet FILE.png] [--limit N]",
    .summary = "say what is in a source of pictures: count, sizes, channels, classes, broken files",
    .details =
        "SOURCE is a folder of pictures (JPEG, PNG, WebP, TIFF, BMP; nested; classes are its first-level folders;\n"
        "FOLDER/train and FOLDER/test are splits), one picture file, fashion-mnist[:train|:test],\n"
        "idx:IMAGES[,LABELS] (.gz too), cifar10:FOLDER or cifar100:FOLDER, each with [:train|:test].",
    .examples = "lacuna data fashion-mnist --stats\n"
                "lacuna data ~/photographs --sheet sheet.png\n"
                "lacuna data cifar10:cifar-10-batches-bin:test --json",
    .options = options,
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
