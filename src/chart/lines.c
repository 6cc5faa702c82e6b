/* chart/lines.c - a chart of lines and dots: scales from the data, a legend above, names of the axes at their ends.
 *
 * Each series carries its values in data-x and data-y, and the drawing its scales in data-plot, for a page that shows
 * values under the pointer. */
#include <math.h>
#include <stdio.h>

#include "chart/chart.h"
#include "cluster/escape.h"

enum { WIDTH = 460, HEIGHT = 260, RIGHT = 14, FOOT = 38, KEY_ROW = 16, MOST_TICKS = 12 };

typedef struct scale {
    double low, high, from, to; /* values, pixels */
    bool is_log;
} scale;

typedef struct frame {
    const lac_chart *chart;
    int width, height;
    scale x, y;
    double left, right, top, bottom;
} frame;

static double place(const scale *s, double value) {
    double share =
        s->is_log ? (log(value) - log(s->low)) / (log(s->high) - log(s->low)) : (value - s->low) / (s->high - s->low);
    return s->from + (s->to - s->from) * share;
}

static bool is_drawable(const frame *f, double x, double y) {
    return isfinite(x) && isfinite(y) && (!f->x.is_log || x > 0) && (!f->y.is_log || y > 0);
}

/* Never an empty range; a little air above and below, none at 0. */
static void widen(scale *s, bool is_from_zero, double air) {
    if (!(s->low <= s->high)) {
        s->low = s->is_log ? 1 : 0;
        s->high = s->is_log ? 10 : 1;
    }
    if (s->is_log) {
        double factor = pow(s->high / s->low, air);
        if (!(factor > 1.01) && air > 0) factor = 1.01;
        s->low /= factor;
        s->high *= factor;
        if (!(s->high > s->low)) s->high = s->low * 10;
        return;
    }
    if (is_from_zero && s->low > 0) s->low = 0;
    double range = s->high - s->low;
    if (!(range > 0)) {
        range = fabs(s->high) > 0 ? fabs(s->high) : 1;
        s->high += range * (air > 0 ? 0.1 : 1);
        if (s->low != 0) s->low -= range * 0.1 * (air > 0);
        return;
    }
    if (s->low != 0 || !is_from_zero) s->low -= range * air;
    s->high += range * air;
}

static void include(scale *s, double value) {
    if (value < s->low) s->low = value;
    if (value > s->high) s->high = value;
}

static void measure(frame *f) {
    const lac_chart *c = f->chart;
    f->x = (scale){.low = INFINITY, .high = -INFINITY, .is_log = c->is_log_x};
    f->y = (scale){.low = INFINITY, .high = -INFINITY, .is_log = c->is_log_y};
    for (int i = 0; i < c->n_series; i++)
        for (int64_t k = 0; k < c->series[i].n; k++)
            if (is_drawable(f, c->series[i].x[k], c->series[i].y[k])) {
                include(&f->x, c->series[i].x[k]);
                include(&f->y, c->series[i].y[k]);
            }
    if (c->rule_name && isfinite(c->rule) && (!c->is_log_y || c->rule > 0)) include(&f->y, c->rule);
    widen(&f->x, false, c->has_whole_x && !c->is_log_x ? 0.03 : 0);
    widen(&f->y, c->is_from_zero, 0.06);
}

static double text_width(const char *text) {
    int n = 0;
    while (*text) {
        lac_utf8_next(&text);
        n++;
    }
    return 6.1 * n;
}

/* The legend's rows from y down; draws nothing when out is NULL. Returns the height taken. */
static double put_legend(const frame *f, double y, lac_text *out) {
    const lac_chart *c = f->chart;
    double x = f->left, rows = 0;
    for (int i = 0; i < c->n_series; i++) {
        const lac_series *s = &c->series[i];
        if (!s->name) continue;
        double wide = 22 + text_width(s->name) + 14;
        if (wide > f->width - f->left) wide = f->width - f->left;
        if (rows == 0) rows = 1;
        if (x > f->left && x + wide > f->width) {
            x = f->left;
            rows++;
        }
        double middle = y + (rows - 1) * KEY_ROW;
        int colour = s->colour % LAC_CHART_COLOURS;
        if (out && s->mark == LAC_MARK_DOTS)
            lac_text_add(out, "<circle class=\"dot s%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.4\"/>", colour, x + 8, middle);
        else if (out)
            lac_text_add(out, "<path class=\"line s%d%s\" d=\"M%.1f %.1fh16\"/>", colour,
                         s->mark == LAC_MARK_DASHED ? " dashed" : "", x, middle);
        if (out) {
            lac_text_add(out, "<text class=\"key\" x=\"%.1f\" y=\"%.1f\">", x + 22, middle + 4);
            lac_put_xml(out, s->name, (size_t)((f->width - x - 22) / 6.1));
            lac_text_add(out, "</text>\n");
        }
        x += wide;
    }
    return rows * KEY_ROW;
}

static void put_axes(const frame *f, lac_text *out) {
    const lac_chart *c = f->chart;
    double ticks[MOST_TICKS];
    char text[32];
    int n = lac_chart_ticks(f->y.low, f->y.high, c->is_log_y, false, 5, ticks);
    for (int i = 0; i < n; i++) {
        double y = place(&f->y, ticks[i]);
        lac_chart_number(ticks[i], text);
        lac_text_add(out, "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>", f->left, y, f->right);
        lac_text_add(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", f->left - 7, y + 4, text);
    }
    n = lac_chart_ticks(f->x.low, f->x.high, c->is_log_x, c->has_whole_x, 6, ticks);
    lac_text_add(out, "<path class=\"axis\" d=\"M%.1f %.1fH%.1f\"/>", f->left, f->bottom, f->right);
    for (int i = 0; i < n; i++) {
        double x = place(&f->x, ticks[i]);
        lac_chart_number(ticks[i], text);
        lac_text_add(out, "<path class=\"axis\" d=\"M%.1f %.1fv4\"/>", x, f->bottom);
        lac_text_add(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n", x, f->bottom + 16, text);
    }
    if (c->x_label) {
        lac_text_add(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">", f->right, f->bottom + 32);
        lac_put_xml(out, c->x_label, 60);
        lac_text_add(out, "</text>\n");
    }
}

static void put_rule(const frame *f, lac_text *out) {
    const lac_chart *c = f->chart;
    if (!c->rule_name || !isfinite(c->rule) || (c->is_log_y && !(c->rule > 0))) return;
    double y = place(&f->y, c->rule);
    lac_text_add(out, "<path class=\"rule\" d=\"M%.1f %.1fH%.1f\"/>", f->left, y, f->right);
    lac_text_add(out, "<text class=\"halo\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">", f->right,
                 y < f->top + 14 ? y + 13 : y - 5);
    lac_put_xml(out, c->rule_name, 60);
    lac_text_add(out, "</text>\n");
}

static void put_values(const char *name, const double *value, int64_t n, lac_text *out) {
    lac_text_add(out, " %s=\"", name);
    for (int64_t k = 0; k < n; k++)
        if (isfinite(value[k]))
            lac_text_add(out, "%s%.6g", k ? " " : "", value[k]);
        else
            lac_text_add(out, "%s-", k ? " " : "");
    lac_text_add(out, "\"");
}

static void put_series(const frame *f, const lac_series *s, lac_text *out) {
    int colour = s->colour % LAC_CHART_COLOURS;
    lac_text_add(out, "<g class=\"series\" data-colour=\"%d\" data-name=\"", colour);
    if (s->name) lac_put_xml(out, s->name, 60);
    lac_text_add(out, "\"");
    put_values("data-x", s->x, s->n, out);
    put_values("data-y", s->y, s->n, out);
    lac_text_add(out, ">");
    bool is_open = false;
    if (s->mark != LAC_MARK_DOTS)
        lac_text_add(out, "<path class=\"line s%d%s\" d=\"", colour, s->mark == LAC_MARK_DASHED ? " dashed" : "");
    for (int64_t k = 0; k < s->n; k++) {
        bool is_there = is_drawable(f, s->x[k], s->y[k]);
        if (is_there && s->mark == LAC_MARK_DOTS)
            lac_text_add(out, "<circle class=\"dot s%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.4\"/>", colour,
                         place(&f->x, s->x[k]), place(&f->y, s->y[k]));
        else if (is_there)
            lac_text_add(out, "%c%.1f %.1f", is_open ? 'L' : 'M', place(&f->x, s->x[k]), place(&f->y, s->y[k]));
        is_open = is_there;
    }
    /* one point alone is drawn by its round cap */
    if (s->mark != LAC_MARK_DOTS) lac_text_add(out, "%s\"/>", s->n == 1 && is_open ? "h0" : "");
    lac_text_add(out, "</g>\n");
}

lac_status lac_chart_svg(const lac_chart *c, lac_text *out, lac_error *err) {
    frame f = {.chart = c, .width = c->width > 0 ? c->width : WIDTH, .height = c->height > 0 ? c->height : HEIGHT};
    measure(&f);
    f.left = 4;
    double y = c->title ? 34 : 12;
    y += put_legend(&f, y, NULL);
    f.left = 54;
    f.right = f.width - RIGHT;
    f.top = y + (c->y_label ? 16 : 4);
    f.bottom = f.height - FOOT;
    if (f.bottom < f.top + 60) { /* many names: the drawing grows instead of the plot vanishing */
        f.bottom = f.top + 120;
        f.height = (int)f.bottom + FOOT;
    }
    f.x.from = f.left + 2;
    f.x.to = f.right - 2;
    f.y.from = f.bottom;
    f.y.to = f.top;
    lac_text_add(out,
                 "<svg class=\"chart\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
                 "height=\"%d\" role=\"img\" aria-label=\"",
                 f.width, f.height, f.width, f.height);
    lac_put_xml(out, c->alt ? c->alt : c->title ? c->title : "A chart", 0);
    lac_text_add(out, "\" data-plot=\"%.1f %.1f %.1f %.1f %.9g %.9g %d %.9g %.9g %d\"", f.x.from, f.x.to, f.y.from,
                 f.y.to, f.x.low, f.x.high, f.x.is_log, f.y.low, f.y.high, f.y.is_log);
    if (c->x_label) {
        lac_text_add(out, " data-x-label=\"");
        lac_put_xml(out, c->x_label, 60);
        lac_text_add(out, "\"");
    }
    lac_text_add(out, ">\n");
    if (c->is_alone)
        lac_text_add(out, "<style>\n%s%s</style>\n<rect class=\"paper\" width=\"100%%\" height=\"100%%\"/>\n",
                     lac_chart_colours, lac_chart_style);
    if (c->title) {
        lac_text_add(out, "<text class=\"title\" x=\"4\" y=\"17\">");
        lac_put_xml(out, c->title, 90);
        lac_text_add(out, "</text>\n");
    }
    f.left = 4;
    put_legend(&f, c->title ? 36 : 14, out);
    f.left = 54;
    if (c->y_label) {
        lac_text_add(out, "<text x=\"4\" y=\"%.1f\">", f.top - 8);
        lac_put_xml(out, c->y_label, 70);
        lac_text_add(out, "</text>\n");
    }
    put_axes(&f, out);
    for (int i = 0; i < c->n_series; i++)
        put_series(&f, &c->series[i], out);
    put_rule(&f, out);
    lac_text_add(out, "</svg>\n");
    return out->failed ? lac_no_memory(err, "a chart") : LAC_OK;
}
