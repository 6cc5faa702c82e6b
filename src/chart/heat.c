/* chart/heat.c - a matrix as squares whose colour grows with the value; the values stand in them while there is room.
 */
#include <math.h>

#include "chart/chart.h"
#include "cluster/escape.h"

enum { LARGEST_CELL = 34, SMALLEST_CELL = 9, SIDE = 420, LEAST_FOR_TEXT = 26, NAME_LENGTH = 24 };

static double longest_name(const char *const *names, int64_t n) {
    double longest = 0;
    for (int64_t i = 0; i < n; i++) {
        const char *text = names[i];
        int length = 0;
        while (*text && length < NAME_LENGTH) {
            lac_utf8_next(&text);
            length++;
        }
        if (6.2 * length > longest) longest = 6.2 * length;
    }
    return longest;
}

static void put_cell(const lac_heat *h, double x, double y, double cell, double value, const char *row,
                     const char *column, lac_text *out) {
    if (!isfinite(value)) {
        lac_text_add(out, "<rect class=\"empty\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", x, y,
                     cell - 1, cell - 1);
        return;
    }
    double share = (value - h->low) / (h->high - h->low);
    share = share < 0 ? 0 : share > 1 ? 1 : share;
    lac_text_add(
        out, "<rect class=\"heat\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill-opacity=\"%.3f\"><title>",
        x, y, cell - 1, cell - 1, 0.04 + 0.96 * share);
    lac_put_xml(out, row, NAME_LENGTH);
    lac_text_add(out, " | ");
    lac_put_xml(out, column, NAME_LENGTH);
    lac_text_add(out, ": %.4g</title></rect>", value);
    if (cell >= LEAST_FOR_TEXT)
        lac_text_add(out,
                     "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" font-size=\"9.5\">%.2f</text>\n",
                     share > 0.55 ? "on-dark" : "on-light", x + (cell - 1) / 2, y + cell / 2 + 3, value);
}

lac_status lac_heat_svg(const lac_heat *h, lac_text *out, lac_error *err) {
    int64_t most = h->rows > h->columns ? h->rows : h->columns;
    double cell = most > 0 ? (double)SIDE / (double)most : LARGEST_CELL;
    cell = cell > LARGEST_CELL ? LARGEST_CELL : cell < SMALLEST_CELL ? SMALLEST_CELL : floor(cell);
    double name = longest_name(h->row_names, h->rows), below = longest_name(h->column_names, h->columns);
    bool is_upright = below > cell - 2; /* long names of columns are turned */
    double left = name + 12, top = (h->title ? 26 : 4) + (h->y_label ? 16 : 0);
    double bottom = top + cell * (double)h->rows, right = left + cell * (double)h->columns;
    double width = right + 8, foot = (is_upright ? below + 14 : 20) + (h->x_label ? 16 : 0);
    if (width < 260) width = 260;
    lac_text_add(out,
                 "<svg class=\"chart\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" "
                 "height=\"%.0f\" role=\"img\" aria-label=\"",
                 width, bottom + foot, width, bottom + foot);
    lac_put_xml(out, h->alt ? h->alt : h->title ? h->title : "A matrix", 0);
    lac_text_add(out, "\">\n");
    if (h->is_alone)
        lac_text_add(out, "<style>\n%s%s</style>\n<rect class=\"paper\" width=\"100%%\" height=\"100%%\"/>\n",
                     lac_chart_colours, lac_chart_style);
    if (h->title) {
        lac_text_add(out, "<text class=\"title\" x=\"4\" y=\"17\">");
        lac_put_xml(out, h->title, 80);
        lac_text_add(out, "</text>\n");
    }
    if (h->y_label) {
        lac_text_add(out, "<text x=\"4\" y=\"%.1f\">", top - 6);
        lac_put_xml(out, h->y_label, 70);
        lac_text_add(out, "</text>\n");
    }
    for (int64_t r = 0; r < h->rows; r++) {
        double y = top + cell * (double)r;
        lac_text_add(out, "<text class=\"cell-name\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">", left - 6,
                     y + cell / 2 + 3.5);
        lac_put_xml(out, h->row_names[r], NAME_LENGTH);
        lac_text_add(out, "</text>");
        for (int64_t c = 0; c < h->columns; c++)
            put_cell(h, left + cell * (double)c, y, cell, h->value[r * h->columns + c], h->row_names[r],
                     h->column_names[c], out);
        lac_text_add(out, "\n");
    }
    for (int64_t c = 0; c < h->columns; c++) {
        double x = left + cell * ((double)c + 0.5);
        if (is_upright)
            lac_text_add(
                out, "<text class=\"cell-name\" transform=\"translate(%.1f %.1f) rotate(-90)\" text-anchor=\"end\">",
                x + 3, bottom + 6);
        else
            lac_text_add(out, "<text class=\"cell-name\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">", x,
                         bottom + 14);
        lac_put_xml(out, h->column_names[c], NAME_LENGTH);
        lac_text_add(out, "</text>\n");
    }
    if (h->x_label) {
        lac_text_add(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">", right, bottom + foot - 4);
        lac_put_xml(out, h->x_label, 70);
        lac_text_add(out, "</text>\n");
    }
    lac_text_add(out, "</svg>\n");
    return out->failed ? lac_no_memory(err, "a heat map") : LAC_OK;
}
