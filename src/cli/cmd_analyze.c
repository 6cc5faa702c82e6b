/* cli/cmd_analyze.c - `lacuna analyze`: which runs, on which pictures, where to (analyze/analyze.h). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "analyze/analyze.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/screen.h"

typedef struct job {
    const lac_args *args;
    const lac_backend *backend;
    lac_pool *pool;
    lac_source *source;
    lac_analyze_options o;
    lac_analysis *list; /* the runs, then the control if there is one */
    int n;
    lac_cka cka;
} job;

/* The last part of a path, the whole of it where another run ends alike. */
static char *name_of(const job *j, int index) {
    char *path = lac_copy_text(lac_args_word(j->args, index));
    if (!path) return NULL;
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        path[--n] = 0;
    char *slash = strrchr(path, '/');
    char *name = lac_copy_text(slash && slash[1] ? slash + 1 : path);
    for (int i = 0; name && i < j->n; i++)
        if (strcmp(j->list[i].name, name) == 0) {
            lac_free(name);
            return path;
        }
    lac_free(path);
    return name;
}

static lac_status analyze(job *j, lac_model *model, char *name, bool is_control, lac_error *err) {
    lac_analysis *a = &j->list[j->n];
    a->name = name;
    a->is_control = is_control;
    j->n++;
    if (!name) return lac_no_memory(err, "a run's name");
    return lac_analyze(model, j->backend, j->pool, j->source, &j->o, a, err);
}

static lac_status add_run(job *j, int index, bool has_control, lac_error *err) {
    const char *path = lac_args_word(j->args, index);
    lac_model *model = NULL;
    LAC_TRY(lac_model_open(path, LAC_F32, &model, err));
    if (model->note) lac_note(j->args, "%s", model->note);
    lac_status status = analyze(j, model, name_of(j, index), false, err);
    if (status == LAC_OK && has_control) {
        lac_model_untrain(model);
        status = analyze(j, model, lac_format("%s, untrained", j->list[j->n - 1].name), true, err);
    }
    lac_model_free(model);
    return status;
}

static lac_status run_all(job *j, lac_error *err) {
    const int n = lac_args_words(j->args);
    j->list = lac_array((size_t)n + 1, sizeof *j->list);
    if (!j->list) return lac_no_memory(err, "an analysis");
    for (int i = 0; i < n; i++) /* one control, of the last run: its weights go with it */
        LAC_TRY(add_run(j, i, i + 1 == n && !lac_args_has(j->args, "no-control"), err));
    lac_screen_stage(j->o.context, "CKA", 0, 1);
    return lac_cka_all(j->backend, j->pool, j->list, j->n, &j->cka, err);
}

static lac_status print_table(const job *j, lac_error *err) {
    lac_table *table;
    LAC_TRY(lac_table_new(7, &table, err));
    static const char *const head[] = {"run",        "attention px", "entropy",   "rank",
                                       "tokens cos", "alignment",    "uniformity"};
    for (int c = 0; c < 7; c++)
        lac_table_cell(table, "%s", head[c]);
    for (int r = 0; r < j->n; r++) {
        const lac_analysis *a = &j->list[r];
        double distance = 0, entropy = 0, heads = (double)(a->depth * a->heads);
        for (int64_t k = 0; k < a->depth * a->heads; k++) {
            distance += a->distance[k] / heads;
            entropy += a->entropy[k] / heads;
        }
        lac_table_cell(table, "%s", a->name);
        lac_table_cell(table, a->heads ? "%.2f" : "-", distance);
        lac_table_cell(table, a->heads ? "%.3f" : "-", entropy);
        lac_table_cell(table, "%.1f", a->layer[a->depth].effective_rank);
        lac_table_cell(table, "%.3f", a->layer[a->depth].token_similarity);
        lac_table_cell(table, "%.4f", a->alignment);
        lac_table_cell(table, "%.3f", a->uniformity);
    }
    lac_table_print(table);
    lac_table_free(table);
    if (j->n < 2) return LAC_OK;
    printf("\n");
    LAC_TRY(lac_table_new(j->n + 1, &table, err));
    lac_table_cell(table, "linear CKA, last layer");
    for (int r = 0; r < j->n; r++)
        lac_table_cell(table, "%s", j->list[r].name);
    for (int r = 0; r < j->n; r++) {
        lac_table_cell(table, "%s", j->list[r].name);
        for (int s = 0; s < j->n; s++) {
            int64_t row = j->cka.first[r] + j->list[r].depth, column = j->cka.first[s] + j->list[s].depth;
            lac_table_cell(table, "%.4f", j->cka.value[row * j->cka.n_rows + column]);
        }
    }
    lac_table_print(table);
    lac_table_free(table);
    return LAC_OK;
}

/* --out, else RUN/analysis of a single run. *folder: lac_alloc'ed */
static lac_status choose_folder(const lac_args *args, char **folder, lac_error *err) {
    const char *out = lac_args_text(args, "out"), *run = lac_args_word(args, 0);
    *folder = NULL;
    if (!out && (lac_args_words(args) > 1 || !lac_folder_exists(run)))
        return lac_usage(err, "--out is missing: the folder to write to");
    *folder = out ? lac_copy_text(out) : lac_format("%s/analysis", run);
    return *folder ? LAC_OK : lac_no_memory(err, "a folder's name");
}

static lac_status show(job *j, const char *folder, lac_error *err) {
    lac_analysis_set set = {
        .runs = j->list, .n_runs = j->n, .cka = &j->cka, .source = lac_args_text(j->args, "data"), .seed = j->o.seed};
    LAC_TRY(lac_analysis_write(&set, folder, err));
    if (!lac_args_json(j->args)) {
        LAC_TRY(print_table(j, err));
        printf("\n%s: analysis.json, four tables, figures; %" PRId64 " pictures\n", folder, j->list[0].n);
        return LAC_OK;
    }
    lac_text json = {0};
    lac_status status = lac_analysis_json(&set, &json, err);
    if (status == LAC_OK) fputs(json.data, stdout);
    lac_text_free(&json);
    return status;
}

static lac_status work(job *j, lac_error *err) {
    char *folder;
    LAC_TRY(choose_folder(j->args, &folder, err));
    lac_screen s = {.args = j->args};
    j->o.on_broken = lac_screen_left_out;
    j->o.on_progress = lac_screen_stage;
    j->o.context = &s;
    lac_status status = lac_args_machine(j->args, &j->pool, &j->backend, err);
    if (status == LAC_OK) status = lac_source_open(lac_args_text(j->args, "data"), &j->source, err);
    if (status == LAC_OK) {
        lac_status_line_begin(&s.line, j->args);
        status = run_all(j, err);
        lac_status_line_end(&s.line);
    }
    if (status == LAC_OK && j->list[0].n < 2000)
        lac_note(j->args, "CKA of %" PRId64 " pictures is too high: from about 2,000 on it can be compared",
                 j->list[0].n);
    if (status == LAC_OK) status = show(j, folder, err);
    lac_free(folder);
    return status;
}

static lac_status run(const lac_args *args, lac_error *err) {
    job j = {.args = args};
    int64_t seed;
    if (!lac_args_text(args, "data")) return lac_usage(err, "--data is missing: the pictures to look through");
    LAC_TRY(lac_args_int(args, "pictures", 2048, 2, &j.o.n_pictures, err));
    LAC_TRY(lac_args_int(args, "attention-pictures", 256, 1, &j.o.n_attention, err));
    LAC_TRY(lac_args_int(args, "seed", 0, 0, &seed, err));
    LAC_TRY(lac_args_loaders(args, lac_usable_threads(), &j.o.n_loaders, err));
    j.o.seed = (uint64_t)seed;
    lac_status status = work(&j, err);
    lac_cka_free(&j.cka);
    for (int i = 0; i < j.n; i++)
        lac_analysis_free(&j.list[i]);
    lac_free(j.list);
    lac_source_free(j.source);
    lac_pool_free(j.pool);
    return status;
}

static const lac_option options[] = {
    {"data", "SOURCE", "the pictures to look through"},
    {"out", "FOLDER", "where to write (one RUN: RUN/analysis, which `lacuna report` shows)"},
    {"pictures", "N", "pictures, spread evenly over SOURCE (default 2048)"},
    {"attention-pictures", "N", "of those, how many attention is measured on (default 256)"},
    {"no-control", NULL, "leave out the untrained network of the last RUN"},
    {"loaders", "N", "threads that decode pictures"},
    {0},
};

const lac_command lac_command_analyze = {
    .name = "analyze",
    .usage = "RUN|MODEL... --data SOURCE [--out FOLDER]",
    .summary = "look into trained encoders: attention, layers, similarity of runs",
    .details = "Attention distance and entropy of every head, effective rank, spectrum and token similarity of every\n"
               "layer, alignment and uniformity, linear CKA between all layers of all RUNs; as analysis.json, CSV and\n"
               "SVG figures. The untrained network stands beside it: only what differs from it was learned.",
    .examples = "lacuna analyze runs/demo --data fashion-mnist:test\n"
                "lacuna analyze runs/mae runs/simmim --data photos --out compared",
    .options = options,
    .min_words = 1,
    .max_words = -1,
    .run = run,
};
