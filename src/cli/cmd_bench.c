/* cli/cmd_bench.c - `lacuna bench`: times the training step (train/bench.h), or prints its plan. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "train/profile.h"

typedef struct machine {
    const lac_backend *backend;
    lac_pool *pool;
    lac_recipe *recipe;
    lac_method *method;
    lac_trainer *trainer;
} machine;

static lac_status settle_statistics(lac_recipe *recipe, lac_error *err) {
    static const char *const keys[] = {"picture.mean", "picture.std"};
    for (int k = 0; k < 2; k++) /* their values change nothing about the time */
        if (strcmp(lac_recipe_text(recipe, keys[k]) ? lac_recipe_text(recipe, keys[k]) : "", "measured") == 0)
            LAC_TRY(lac_recipe_set(recipe, keys[k], "0.5", err));
    return LAC_OK;
}

static lac_status open_machine(const lac_args *args, machine *m, lac_error *err) {
    int n_sets = lac_args_count(args, "set");
    int64_t batch, seed;
    LAC_TRY(lac_args_int(args, "batch", 0, 1, &batch, err));
    LAC_TRY(lac_args_int(args, "seed", 0, 0, &seed, err));
    LAC_TRY(lac_args_machine(args, &m->pool, &m->backend, err));
    const char **sets = lac_array((size_t)n_sets + 1, sizeof *sets);
    if (!sets) return lac_no_memory(err, "--set");
    for (int i = 0; i < n_sets; i++)
        sets[i] = lac_args_nth(args, "set", i);
    lac_status status = lac_recipe_open(lac_args_word(args, 0), sets, n_sets, &m->recipe, err);
    lac_free(sets);
    LAC_TRY(status);
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, batch);
    if (batch) LAC_TRY(lac_recipe_set(m->recipe, "train.batch", text, err));
    snprintf(text, sizeof text, "%" PRId64, seed);
    if (lac_args_has(args, "seed")) LAC_TRY(lac_recipe_set(m->recipe, "train.seed", text, err));
    if (lac_args_has(args, "loader")) LAC_TRY(settle_statistics(m->recipe, err));
    LAC_TRY(lac_method_new(m->recipe, LAC_F32, &m->method, err));
    LAC_TRY(lac_method_fill(m->method, err));
    if (lac_args_has(args, "loader")) return LAC_OK; /* nothing is trained */
    return lac_trainer_new(m->method, m->backend, m->pool, &m->trainer, err);
}

static void close_machine(machine *m) {
    lac_trainer_free(m->trainer);
    lac_method_free(m->method);
    lac_recipe_free(m->recipe);
    lac_pool_free(m->pool);
}

static lac_status print_plan(const machine *m, lac_error *err) {
    lac_text text = {0};
    lac_program_print(lac_trainer_program(m->trainer), &text);
    lac_status status = text.failed ? lac_no_memory(err, "the plan") : LAC_OK;
    if (status == LAC_OK && text.data) fputs(text.data, stdout);
    lac_text_free(&text);
    if (status == LAC_OK)
        printf("micro-batch %" PRId64 ", run %" PRId64 " times a step of %" PRId64 " pictures\n",
               lac_trainer_micro_batch(m->trainer),
               lac_trainer_global_batch(m->trainer) / lac_trainer_micro_batch(m->trainer),
               lac_trainer_global_batch(m->trainer));
    return status;
}

/* ---- time by op ---- */

static lac_status print_ops(const lac_profile *p, lac_error *err) {
    lac_table *table;
    LAC_TRY(lac_table_new(9, &table, err));
    static const char *const heads[] = {"op",      "shape", "calls/step", "ms/step",    "share",
                                        "GFLOP/s", "GB/s",  "of peak",    "of roofline"};
    for (int i = 0; i < 9; i++)
        lac_table_cell(table, "%s", heads[i]);
    for (int i = 0; i < p->n; i++) {
        const lac_profile_row *r = &p->row[i];
        lac_table_cell(table, "%s", r->op);
        lac_table_cell(table, "%s", r->shape);
        lac_table_cell(table, "%.0f", r->calls);
        lac_table_cell(table, "%.3f", 1e3 * r->seconds);
        lac_table_cell(table, "%.1f %%", 100 * r->share);
        lac_table_cell(table, r->gflops > 0 ? "%.1f" : "-", r->gflops);
        lac_table_cell(table, r->gbytes > 0 ? "%.1f" : "-", r->gbytes);
        lac_table_cell(table, r->gflops > 0 ? "%.0f %%" : "-", 100 * r->peak_share);
        lac_table_cell(table, r->gbytes > 0 ? "%.0f %%" : "-", 100 * r->roofline);
    }
    lac_table_print(table);
    lac_table_free(table);
    printf("these rows are %.1f %% of the step; the roofline is %.1f GFLOP/s in registers and %.1f GB/s from memory\n",
           100 * p->accounted, p->peak_gflops, p->memory_gbytes);
    return LAC_OK;
}

static lac_status write_svg(const machine *m, const lac_profile *p, const char *path, lac_error *err) {
    lac_text text = {0};
    char title[160];
    snprintf(title, sizeof title, "A training step of %s on %d threads, %s", lac_recipe_name(m->recipe),
             lac_pool_size(m->pool), m->backend->isa);
    lac_profile_svg(p, title, &text);
    lac_status status = text.failed ? lac_no_memory(err, "a figure") : lac_file_write(path, text.data, text.bytes, err);
    lac_text_free(&text);
    return status;
}

static void print_json(const machine *m, const lac_bench_result *r, const char *ops) {
    printf("{\"recipe\": \"%s\", \"images_per_s\": %.6g, \"gflops\": %.6g, \"peak_gflops\": %.6g, \"peak_share\": "
           "%.4g, \"peak_rss_mb\": %.6g, "
           "\"spread\": %.4g, \"step_s\": %.6g, \"steps\": %" PRId64 ", \"batch\": %" PRId64
           ", \"micro_batch\": %" PRId64 ", \"threads\": %d, \"isa\": \"%s\", \"gflop_per_step\": %.6g, "
           "\"loss_first\": %.9g, \"loss_last\": %.9g%s%s}\n",
           lac_recipe_name(m->recipe), r->images_per_s, r->gflops, r->peak_gflops, r->peak_share, r->peak_rss_mb,
           r->spread, r->step_s, r->steps, lac_trainer_global_batch(m->trainer), lac_trainer_micro_batch(m->trainer),
           lac_pool_size(m->pool), m->backend->isa, r->flops_per_step / 1e9, r->loss_first, r->loss_last,
           ops ? ",\n\"profile\": " : "", ops ? ops : "");
}

static void print_text(const machine *m, const lac_bench_result *r) {
    printf("%s on %d threads, %s, batch %" PRId64 " in micro-batches of %" PRId64 "\n", lac_recipe_name(m->recipe),
           lac_pool_size(m->pool), m->backend->isa, lac_trainer_global_batch(m->trainer),
           lac_trainer_micro_batch(m->trainer));
    printf("  %.1f images/s   %.4g s a step (median of %" PRId64 ", spread %.1f %%)\n", r->images_per_s, r->step_s,
           r->steps, 100 * r->spread);
    printf("  %.1f GFLOP/s in matrix products, %.1f %% of the %.1f that these threads reach in registers\n", r->gflops,
           100 * r->peak_share, r->peak_gflops);
    printf("  %.0f MB at most, loss %.4f -> %.4f\n", r->peak_rss_mb, r->loss_first, r->loss_last);
}

static lac_status show_ops(const lac_args *args, const machine *m, const lac_bench_result *r, lac_error *err) {
    lac_profile profile;
    LAC_TRY(lac_profile_new(m->trainer, m->backend, m->pool, r, &profile, err));
    lac_text json = {0};
    lac_status status = LAC_OK;
    const char *svg = lac_args_text(args, "svg");
    if (svg) status = write_svg(m, &profile, svg, err);
    if (status == LAC_OK && lac_args_json(args)) {
        lac_profile_json(&profile, &json);
        if (json.failed)
            status = lac_no_memory(err, "JSON");
        else
            print_json(m, r, json.data);
    } else if (status == LAC_OK) {
        print_text(m, r);
        status = print_ops(&profile, err);
    }
    lac_text_free(&json);
    lac_profile_free(&profile);
    return status;
}

static lac_status measure(const lac_args *args, const machine *m, lac_error *err) {
    double seconds;
    lac_bench_result r;
    bool ops = lac_args_has(args, "ops") || lac_args_has(args, "svg");
    LAC_TRY(lac_args_seconds(args, "seconds", 10, &seconds, err));
    LAC_TRY(lac_bench(m->trainer, m->method, m->backend, m->pool, seconds, ops, &r, err));
    if (ops) return show_ops(args, m, &r, err);
    if (lac_args_json(args))
        print_json(m, &r, NULL);
    else
        print_text(m, &r);
    return LAC_OK;
}

/* ---- the loader alone ---- */

static lac_status measure_loader(const lac_args *args, machine *m, lac_error *err) {
    double seconds;
    int loaders;
    lac_source *source;
    lac_loader_speed speed;
    LAC_TRY(lac_args_seconds(args, "seconds", 10, &seconds, err));
    LAC_TRY(lac_args_loaders(args, lac_pool_size(m->pool), &loaders, err));
    LAC_TRY(lac_source_open(lac_args_text(args, "loader"), &source, err));
    lac_status status = lac_bench_loader(m->method, source, loaders, seconds, &speed, err);
    lac_source_free(source);
    LAC_TRY(status);
    if (lac_args_json(args))
        printf("{\"recipe\": \"%s\", \"loaders\": %d, \"pictures\": %" PRId64
               ", \"images_per_s\": %.6g, \"processor_ms\": %.4g, \"broken\": %" PRId64 "}\n",
               lac_recipe_name(m->recipe), speed.n_threads, speed.pictures, speed.images_per_s, 1e3 * speed.processor_s,
               speed.broken);
    else
        printf("%.1f images/s from %d loader threads as %s wants them; %.3f ms of a processor each; %" PRId64
               " pictures, %" PRId64 " broken\n",
               speed.images_per_s, speed.n_threads, lac_recipe_name(m->recipe), 1e3 * speed.processor_s, speed.pictures,
               speed.broken);
    return LAC_OK;
}

static lac_status work(const lac_args *args, machine *m, lac_error *err) {
    if (lac_args_has(args, "loader")) return measure_loader(args, m, err);
    return lac_args_has(args, "plan") ? print_plan(m, err) : measure(args, m, err);
}

static lac_status run(const lac_args *args, lac_error *err) {
    machine m = {0};
    lac_status status = open_machine(args, &m, err);
    if (status == LAC_OK) status = work(args, &m, err);
    close_machine(&m);
    return status;
}

static const lac_option options[] = {
    {"seconds", "S", "how long to measure; default 10"},
    {"batch", "N", "pictures a batch (train.batch)"},
    {"plan", NULL, "do not run: print the step's ops, shapes, FLOPs, bytes, and what shares memory"},
    {"ops", NULL, "also print time by op and shape, beside the roofline"},
    {"svg", "FILE", "draw that as a figure"},
    {"loader", "SOURCE", "time the loader alone on these pictures"},
    {"loaders", "N", "its threads; default as many as --threads"},
    {"set", "KEY=VALUE", "override a key of the recipe; may be repeated"},
    {0},
};

const lac_command lac_command_bench = {
    .name = "bench",
    .usage = "RECIPE [--seconds S] [--batch N] [--plan | --ops | --loader SOURCE]",
    .summary = "time the training step of a recipe, or print its plan",
    .details = "Runs what pretrain runs (fresh masks, optimizer, falling loss) on made-up pictures in memory. gflops "
               "counts matrix and\n"
               "attention products only, forward and backward, recomputation not; peak_gflops is the better of two "
               "probes, before and\n"
               "after, of multiply-adds in registers with the same threads and instruction set (LACUNA_ISA). "
               "peak_rss_mb is the\n"
               "process's VmHWM in 10^6 bytes; spread is (90th - 10th percentile) / median of step times.",
    .examples = "lacuna bench mae-tiny-32\n"
                "lacuna bench mae-vit-b16 --batch 8 --ops --svg step.svg\n"
                "lacuna bench demo --plan | less\n"
                "lacuna bench mae-tiny-32 --loader photos --loaders 2",
    .options = options,
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
