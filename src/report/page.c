/* report/page.c - the frame of a report: head, navigation, then the sections of one run, or a comparison and each run
 * folded up below it. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "report/private.h"

static void put_head(const lac_report_run *runs, int n, lac_text *out) {
    lac_text_add(
        out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
             "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
             "script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
             "<meta name=\"generator\" content=\"lacuna report\">\n<title>");
    if (n == 1)
        lac_report_text(out, runs[0].name);
    else
        lac_text_add(out, "%d runs", n);
    lac_text_add(out, " – Lacuna</title>\n<style>\n");
    lac_text_put(out, lac_chart_style, strlen(lac_chart_style));
    lac_text_put(out, lac_report_css, strlen(lac_report_css));
    lac_text_add(out, "</style>\n</head>\n<body>\n");
}

static void put_bar(const char *const *links, int n_links, lac_text *out) {
    lac_text_add(
        out, "<a class=\"skip\" href=\"#main\">To the content</a>\n<header class=\"top\"><div class=\"top-in\">"
             "<span class=\"brand\"><svg viewBox=\"0 0 22 22\" width=\"22\" height=\"22\" aria-hidden=\"true\">"
             "<rect class=\"seen\" width=\"6\" height=\"6\"/><rect class=\"unseen\" x=\"8\" width=\"6\" height=\"6\"/>"
             "<rect class=\"unseen\" x=\"16\" width=\"6\" height=\"6\"/><rect class=\"unseen\" y=\"8\" width=\"6\" "
             "height=\"6\"/>"
             "<rect class=\"unseen\" x=\"8\" y=\"8\" width=\"6\" height=\"6\"/><rect class=\"seen\" x=\"16\" y=\"8\" "
             "width=\"6\" height=\"6\"/>"
             "<rect class=\"unseen\" y=\"16\" width=\"6\" height=\"6\"/><rect class=\"seen\" x=\"8\" y=\"16\" "
             "width=\"6\" height=\"6\"/>"
             "<rect class=\"unseen\" x=\"16\" y=\"16\" width=\"6\" height=\"6\"/></svg>Lacuna</span><nav "
             "aria-label=\"Sections\"><ul>");
    for (int i = 0; i < n_links; i++)
        lac_text_add(out, "<li><a href=\"#%s\">%s</a></li>", links[2 * i], links[2 * i + 1]);
    lac_text_add(out, "</ul></nav><button class=\"theme\" type=\"button\" hidden aria-label=\"Light or "
                      "dark\">◐</button></div></header>\n"
                      "<main id=\"main\" tabindex=\"-1\">\n");
}

static void put_tile(lac_text *out, const char *name, double value, const char *unit, const char *more) {
    char text[32];
    lac_chart_number(value, text);
    if (!isfinite(value)) return;
    lac_text_add(out,
                 "<li><span class=\"tile-name\">%s</span><strong>%s%s</strong><span class=\"soft\">%s</span></li>\n",
                 name, text, unit, more);
}

static void put_tiles(const lac_report_run *r, lac_text *out) {
    char more[96];
    double linear = lac_report_accuracy(r, LAC_REPORT_LINEAR, 0, "trained"),
           untrained = lac_report_accuracy(r, LAC_REPORT_LINEAR, 0, "untrained");
    double knn = lac_report_accuracy(r, LAC_REPORT_KNN, 0, "trained"),
           knn_untrained = lac_report_accuracy(r, LAC_REPORT_KNN, 0, "untrained");
    const double *loss = lac_report_find_column(r, "loss");
    lac_text_add(out, "<ul class=\"tiles\">\n");
    snprintf(more, sizeof more, "from %.4g", loss && r->n_log ? loss[0] : NAN);
    put_tile(out, "Loss", lac_report_last(r, "loss"), "", more);
    snprintf(more, sizeof more, "untrained %.2f %%", untrained);
    put_tile(out, "Linear probe", linear, " %", isfinite(untrained) ? more : "");
    snprintf(more, sizeof more, "untrained %.2f %%", knn_untrained);
    put_tile(out, "k-NN", knn, " %", isfinite(knn_untrained) ? more : "");
    snprintf(more, sizeof more, "of at most %" PRId64, r->width);
    put_tile(out, "Effective rank", lac_report_last(r, "effective_rank"), "", r->width > 0 ? more : "");
    put_tile(out, "Speed", lac_report_last(r, "images_per_s"), "", "pictures a second");
    lac_text_add(out, "</ul>\n");
}

static void put_slot(const lac_report_run *r, const char *path, const char *what, lac_text *out) {
    const lac_settings *s = lac_recipe_section(r->recipe, path);
    if (!s) return;
    lac_text_add(out, "<li><span class=\"soft\">%s</span> ", what);
    lac_report_text(out, s->slot);
    lac_text_add(out, "</li>");
}

static lac_status put_run(const lac_report_run *r, const lac_report_options *o, int index, bool is_alone, lac_text *out,
                          lac_error *err) {
    const char *h = is_alone ? "h2" : "h3";
    char id[24] = "";
    if (!is_alone) snprintf(id, sizeof id, "-%d", index);
    put_tiles(r, out);
    lac_text_add(out, "<ul class=\"slots\">");
    put_slot(r, "mask", "mask", out);
    put_slot(r, "model.encoder", "encoder", out);
    put_slot(r, "model.decoder", "decoder", out);
    put_slot(r, "target", "target", out);
    if (lac_recipe_objectives(r->recipe) > 0) put_slot(r, "objective.0", "objective", out);
    lac_text_add(out, "</ul>\n<section id=\"curves%s\"><%s>Curves</%s>\n", id, h, h);
    LAC_TRY(lac_report_curves(r, out, err));
    lac_text_add(out, "</section>\n<section id=\"pictures%s\"><%s>What it makes of what it cannot see</%s>\n", id, h,
                 h);
    LAC_TRY(lac_report_pictures(r, o, out, err));
    lac_text_add(out, "<h3>What is hidden</h3>\n");
    LAC_TRY(lac_report_masks(r, out, err));
    lac_text_add(out, "</section>\n<section id=\"probes%s\"><%s>Probes</%s>\n", id, h, h);
    lac_report_probes(r, out);
    lac_text_add(out, "</section>\n<section id=\"analysis%s\"><%s>Inside the encoder</%s>\n", id, h, h);
    LAC_TRY(lac_report_analysis(r->analysis, r->path, out, err));
    lac_text_add(out, "</section>\n<section id=\"recipe%s\"><%s>Recipe</%s>\n", id, h, h);
    LAC_TRY(lac_report_recipe(r, out, err));
    lac_text_add(out, "</section>\n<section id=\"machine%s\"><%s>Run and machine</%s>\n", id, h, h);
    lac_report_machine(r, o, out);
    LAC_TRY(lac_report_speed(r, out, err));
    lac_text_add(out, "</section>\n");
    return out->failed ? lac_no_memory(err, "a report") : LAC_OK;
}

static lac_status put_one(const lac_report_run *r, const lac_report_options *o, lac_text *out, lac_error *err) {
    static const char *const links[] = {"curves",   "Curves", "pictures", "Pictures", "probes",  "Probes",
                                        "analysis", "Inside", "recipe",   "Recipe",   "machine", "Machine"};
    put_bar(links, 6, out);
    lac_text_add(out, "<h1>");
    lac_report_text(out, lac_recipe_name(r->recipe));
    lac_text_add(out, "</h1>\n<p class=\"standfirst\">");
    lac_report_text(out, r->path);
    lac_text_add(out, ": %.0f of %" PRId64 " steps over %" PRId64 " pictures", r->n_log ? r->step[r->n_log - 1] : 0,
                 r->card.total_steps, r->card.pictures);
    if (r->data) {
        lac_text_add(out, " of ");
        lac_report_text(out, r->data);
    }
    lac_text_add(out, ".</p>\n");
    return put_run(r, o, 0, true, out, err);
}

static lac_status put_many(const lac_report_run *runs, int n, const lac_report_options *o, lac_text *out,
                           lac_error *err) {
    static const char *const links[] = {"compare", "Comparison", "runs", "Runs"};
    put_bar(links, 2, out);
    lac_text_add(out, "<h1>%d runs, side by side</h1>\n", n);
    LAC_TRY(lac_report_compare(runs, n, o, out, err));
    lac_text_add(out, "<section id=\"runs\"><h2>Each run</h2>\n");
    for (int r = 0; r < n; r++) {
        lac_text_add(out, "<details class=\"run\" id=\"run-%d\"><summary><span class=\"dot-key k%d\"></span>", r,
                     runs[r].kind % LAC_CHART_COLOURS);
        lac_report_text(out, runs[r].name);
        lac_text_add(out, " <span class=\"soft\">");
        lac_report_text(out, lac_recipe_name(runs[r].recipe));
        lac_text_add(out, "</span></summary>\n");
        LAC_TRY(put_run(&runs[r], o, r, false, out, err));
        lac_text_add(out, "</details>\n");
    }
    lac_text_add(out, "</section>\n");
    return LAC_OK;
}

/* Runs whose last part is the same are told apart by the folder they lie in. */
static lac_status tell_apart(lac_report_run *runs, int n, lac_error *err) {
    for (int a = 0; a < n; a++)
        for (int b = a + 1; b < n; b++) {
            if (strcmp(runs[a].name, runs[b].name) != 0) continue;
            for (int k = 0; k < 2; k++) {
                lac_report_run *r = &runs[k ? b : a];
                char *name = lac_copy_text(r->path);
                if (!name) return lac_no_memory(err, "a name");
                lac_free(r->name);
                r->name = name;
            }
        }
    return LAC_OK;
}

/* Runs of one recipe have one colour; kinds are numbered in the order in which they come. */
static void number_kinds(lac_report_run *runs, int n) {
    int n_kinds = 0;
    for (int a = 0; a < n; a++) {
        int b = 0;
        while (b < a && strcmp(lac_recipe_name(runs[a].recipe), lac_recipe_name(runs[b].recipe)) != 0)
            b++;
        runs[a].kind = b < a ? runs[b].kind : n_kinds++;
    }
}

lac_status lac_report_make(const char *const *paths, int n, const lac_report_options *o, lac_text *out,
                           lac_error *err) {
    lac_report_run *runs = lac_array((size_t)n, sizeof *runs);
    if (!runs) return lac_no_memory(err, "a report");
    lac_status status = LAC_OK;
    for (int r = 0; r < n && status == LAC_OK; r++)
        status = lac_report_read(paths[r], &runs[r], err);
    if (status == LAC_OK) status = tell_apart(runs, n, err);
    if (status == LAC_OK) {
        number_kinds(runs, n);
        put_head(runs, n, out);
        status = n == 1 ? put_one(&runs[0], o, out, err) : put_many(runs, n, o, out, err);
    }
    lac_text_add(out, "</main>\n<footer class=\"foot\">Made by <code>lacuna report</code> " LACUNA_VERSION
                      ". One file; it loads nothing.</footer>\n<div class=\"tip\" hidden></div>\n<script>\n");
    lac_text_put(out, lac_report_js, strlen(lac_report_js));
    lac_text_add(out, "</script>\n</body>\n</html>\n");
    for (int r = 0; r < n; r++)
        lac_report_run_free(&runs[r]);
    lac_free(runs);
    if (status == LAC_OK && out->failed) return lac_no_memory(err, "a report");
    return status;
}
