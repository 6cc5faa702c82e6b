/* train/profile.c - gathers node times into rows, and writes them as JSON and SVG (profile.h). */
#include "train/profile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

enum { PROBE_VALUES = 16 << 20, PROBES = 3 };

/* Bytes a second that all threads together read from memory; 0 where there is no room to try. */
static double memory_speed(const lac_backend *backend, lac_pool *pool) {
    float *values = lac_zalloc(PROBE_VALUES * sizeof *values);
    if (!values) return 0;
    double best = 0;
    for (size_t i = 0; i < PROBE_VALUES; i += 1024)
        values[i] = 1; /* pages of its own, not the zero page */
    for (int i = 0; i < PROBES; i++) {
        double before = lac_clock_s();
        double sum = backend->sum_squares(pool, PROBE_VALUES, values);
        double speed = sum > 0 ? PROBE_VALUES * sizeof *values / (lac_clock_s() - before) : 0;
        if (speed > best) best = speed;
    }
    lac_free(values);
    return best;
}

static lac_profile_row *find_row(lac_profile *p, const char *op, const char *shape) {
    for (int i = 0; i < p->n; i++)
        if (strcmp(p->row[i].op, op) == 0 && strcmp(p->row[i].shape, shape) == 0) return &p->row[i];
    lac_profile_row *row = &p->row[p->n++];
    *row = (lac_profile_row){.calls = 0};
    snprintf(row->op, sizeof row->op, "%s", op);
    snprintf(row->shape, sizeof row->shape, "%s", shape);
    return row;
}

static void add_part(lac_profile *p, const char *name, double calls, double seconds) {
    lac_profile_row *row = find_row(p, name, "");
    row->calls += calls;
    row->seconds += seconds;
}

static int by_seconds(const void *a, const void *b) {
    const lac_profile_row *x = a, *y = b;
    if (x->seconds != y->seconds) return x->seconds < y->seconds ? 1 : -1;
    int names = strcmp(x->op, y->op);
    return names ? names : strcmp(x->shape, y->shape);
}

lac_status lac_profile_new(const lac_trainer *trainer, const lac_backend *backend, lac_pool *pool,
                           const lac_bench_result *result, lac_profile *p, lac_error *err) {
    const lac_program *program = lac_trainer_program(trainer);
    int n_nodes = lac_program_describe(program).n_nodes;
    double steps = (double)result->steps;
    *p = (lac_profile){.step_s = (double)lac_trainer_global_batch(trainer) / result->images_per_s,
                       .peak_gflops = result->peak_gflops};
    p->row = lac_array((size_t)n_nodes + 2, sizeof *p->row);
    if (!p->row) return lac_no_memory(err, "a profile");
    p->memory_gbytes = memory_speed(backend, pool) / 1e9;
    for (int i = 0; i < n_nodes; i++) {
        lac_node_profile node = lac_program_node(program, i);
        if (node.calls == 0) continue;
        lac_profile_row *row = find_row(p, node.label, node.shape);
        double calls = (double)node.calls / steps;
        row->calls += calls;
        row->seconds += node.seconds / steps;
        row->gflops += node.flops * calls / 1e9; /* sums until divided by the seconds below */
        row->gbytes += node.bytes * calls / 1e9;
    }
    add_part(p, "masks, inputs", 1, result->inputs_s / steps);
    add_part(p, "gradient norm, optimizer", 1, result->update_s / steps);
    for (int i = 0; i < p->n; i++) {
        lac_profile_row *row = &p->row[i];
        p->accounted += row->share = row->seconds / p->step_s;
        if (row->seconds <= 0) continue;
        double bound_s = row->gflops / p->peak_gflops;
        if (p->memory_gbytes > 0) bound_s = fmax(bound_s, row->gbytes / p->memory_gbytes);
        row->roofline = bound_s / row->seconds;
        row->gflops /= row->seconds;
        row->gbytes /= row->seconds;
        row->peak_share = row->gflops / p->peak_gflops;
    }
    qsort(p->row, (size_t)p->n, sizeof *p->row, by_seconds);
    return LAC_OK;
}

void lac_profile_free(lac_profile *p) {
    lac_free(p->row);
    *p = (lac_profile){0};
}

void lac_profile_json(const lac_profile *p, lac_text *out) {
    lac_text_add(
        out, "{\"step_s\": %.6g, \"accounted\": %.4f, \"peak_gflops\": %.5g, \"memory_gbytes_per_s\": %.4g, \"ops\": [",
        p->step_s, p->accounted, p->peak_gflops, p->memory_gbytes);
    for (int i = 0; i < p->n; i++) {
        const lac_profile_row *r = &p->row[i];
        lac_text_add(out,
                     "%s\n  {\"op\": \"%s\", \"shape\": \"%s\", \"calls\": %.6g, \"ms\": %.6g, \"share\": %.4g, "
                     "\"gflops\": %.5g, \"gbytes_per_s\": %.5g, \"peak_share\": %.4g, \"roofline\": %.4g}",
                     i ? "," : "", r->op, r->shape, r->calls, 1e3 * r->seconds, r->share, r->gflops, r->gbytes,
                     r->peak_share, r->roofline);
    }
    lac_text_add(out, "]}");
}

/* Text inside an element: op names and shapes hold nothing but "<-" that needs it, titles may. */
static void put_escaped(lac_text *out, const char *text) {
    for (; *text; text++) {
        if (*text == '<')
            lac_text_add(out, "&lt;");
        else if (*text == '&')
            lac_text_add(out, "&amp;");
        else
            lac_text_put(out, text, 1);
    }
}

void lac_profile_svg(const lac_profile *p, const char *title, lac_text *out) {
    enum { LEFT = 570, BAR = 400, ROW = 20, TOP = 64, WIDTH = LEFT + BAR + 190, MOST = 24 };
    int n = p->n < MOST ? p->n : MOST, height = TOP + ROW * n + 30;
    double longest = n ? p->row[0].seconds : 1, rest = 0;
    for (int i = n; i < p->n; i++)
        rest += p->row[i].share;
    lac_text_add(out,
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"system-ui,sans-serif\" "
                 "font-size=\"12\">\n<style>\nsvg{background:#fff;color:#1d2530}text{fill:currentColor}"
                 ".time{fill:#c9d5e3}.bound{fill:#2f6db3}.soft{opacity:.65}\n"
                 "@media(prefers-color-scheme:dark){svg{background:#12171e;color:#dde4ec}.time{fill:#34455a}"
                 ".bound{fill:#6fa8e6}}\n</style>\n<text x=\"16\" y=\"26\" font-size=\"16\">",
                 WIDTH, height);
    put_escaped(out, title);
    lac_text_add(
        out,
        "</text>\n<text x=\"16\" y=\"46\" class=\"soft\">%.4g s a step; a bar is its time in it, its dark part "
        "what the roofline allows (%.1f GFLOP/s, %.1f GB/s)</text>\n",
        p->step_s, p->peak_gflops, p->memory_gbytes);
    for (int i = 0; i < n; i++) {
        const lac_profile_row *r = &p->row[i];
        int y = TOP + ROW * i;
        double width = BAR * r->seconds / longest, bound = width * fmin(1, r->roofline);
        lac_text_add(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", LEFT - 10, y + 13);
        put_escaped(out, r->op);
        if (*r->shape) lac_text_add(out, " <tspan class=\"soft\" font-size=\"10\">");
        put_escaped(out, r->shape);
        if (*r->shape) lac_text_add(out, "</tspan>");
        lac_text_add(out,
                     "</text><rect class=\"time\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"14\"/>"
                     "<rect class=\"bound\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"14\"/>"
                     "<text x=\"%.1f\" y=\"%d\">%.1f %%",
                     LEFT, y + 2, width, LEFT, y + 2, bound, LEFT + width + 6, y + 13, 100 * r->share);
        if (r->gflops > 0) lac_text_add(out, " <tspan class=\"soft\">%.0f %% of peak</tspan>", 100 * r->peak_share);
        lac_text_add(out, "</text>\n");
    }
    lac_text_add(out,
                 "<text x=\"16\" y=\"%d\" class=\"soft\">%d more rows: %.1f %%; unexplained: %.1f %%</text>\n</svg>\n",
                 height - 10, p->n - n, 100 * rest, 100 * (1 - p->accounted));
}
