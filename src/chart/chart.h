/* chart/chart.h - lines, dots and heat maps as SVG, light and dark, without script.
 *
 * Text is appended to `out` and escaped; values that are not finite are gaps. Only memory can fail. */
#ifndef LAC_CHART_CHART_H
#define LAC_CHART_CHART_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

enum { LAC_CHART_COLOURS = 8 };

typedef enum lac_mark { LAC_MARK_LINE, LAC_MARK_DOTS, LAC_MARK_DASHED } lac_mark;

typedef struct lac_series {
    const char *name; /* for the legend; NULL: not in it */
    int colour;       /* taken modulo LAC_CHART_COLOURS */
    lac_mark mark;
    int64_t n;
    const double *x, *y;
} lac_series;

typedef struct lac_chart {
    const char *title, *x_label, *y_label; /* NULL: none */
    const char *alt;                       /* what a reader who cannot see it is told; NULL: the title */
    int width, height;                     /* 0: 460 x 260 */
    bool is_alone;                         /* a file of its own: with styles */
    bool is_log_x, is_log_y;               /* values of 0 or less are then gaps */
    bool is_from_zero;                     /* the y axis begins at 0 */
    bool has_whole_x;                      /* ticks of x at whole numbers only */
    int n_series;
    const lac_series *series;
    double rule; /* a dashed line across at this height, with its name; NaN or rule_name NULL: none */
    const char *rule_name;
} lac_chart;
lac_status lac_chart_svg(const lac_chart *chart, lac_text *out, lac_error *err);

/* A matrix of values from low to high, the larger the darker; row 0 at the top. */
typedef struct lac_heat {
    const char *title, *alt;
    const char *x_label, *y_label;
    int64_t rows, columns;
    const double *value;             /* rows x columns */
    const char *const *row_names;    /* rows */
    const char *const *column_names; /* columns */
    double low, high;                /* low < high */
    bool is_alone;
} lac_heat;
lac_status lac_heat_svg(const lac_heat *heat, lac_text *out, lac_error *err);

/* Rules for a page that holds charts: colours as custom properties (--s0.., --ink, --soft, --line, --grid, --paper) are
 * the page's to set; `lac_chart_colours` sets them for light and dark where they are not. */
extern const char lac_chart_style[], lac_chart_colours[];

/* A number for people, three or four digits: "0.0123", "1.2e-05", "12,345". */
void lac_chart_number(double value, char room[32]);

/* Ticks inside [low, high] at 1, 2 or 5 times a power of ten, at most `most` (2 to 12); log: powers of ten where there
 * are two or more. Returns how many. */
int lac_chart_ticks(double low, double high, bool is_log, bool is_whole, int most, double ticks[12]);

#endif
