/* chart/axis.c - where ticks stand, and numbers as people write them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chart/chart.h"

static int log_ticks(double low, double high, int most, double ticks[12]) {
    int first = (int)ceil(log10(low) - 1e-9), last = (int)floor(log10(high) + 1e-9), n = 0;
    int step = (last - first) / most + 1;
    for (int p = first; p <= last && n < 12; p += step)
        ticks[n++] = pow(10, p);
    return n;
}

int lac_chart_ticks(double low, double high, bool is_log, bool is_whole, int most, double ticks[12]) {
    if (is_log) {
        int n = log_ticks(low, high, most, ticks);
        if (n >= 2) return n;
    }
    if (!(high > low)) {
        ticks[0] = low;
        return 1;
    }
    double step = pow(10, floor(log10((high - low) / most)));
    static const double factors[] = {1, 2, 5, 10, 20};
    int f = 0;
    while (f < 4 && (high - low) / (step * factors[f]) > most)
        f++;
    step *= factors[f];
    if (is_whole && step < 1) step = 1;
    int n = 0;
    for (double k = ceil(low / step - 1e-9); k * step <= high + step * 1e-9 && n < 12; k++)
        ticks[n++] = k == 0 ? 0 : k * step;
    return n;
}

/* 1234567 -> 1,234,567 */
static void group(const char *digits, char *out) {
    size_t n = strlen(digits);
    for (size_t i = 0; i < n; i++) {
        *out++ = digits[i];
        if (i + 1 < n && digits[i] >= '0' && digits[i] <= '9' && (n - i - 1) % 3 == 0) *out++ = ',';
    }
    *out = 0;
}

void lac_chart_number(double value, char room[32]) {
    char text[32];
    double size = fabs(value);
    if (!isfinite(value)) {
        snprintf(room, 32, "%s", "–");
        return;
    }
    if (size >= 1000 && size < 1e9) {
        snprintf(text, sizeof text, "%.0f", size);
        if (value < 0) *room++ = '-';
        group(text, room);
        return;
    }
    if (size > 0 && (size < 1e-4 || size >= 1e9)) {
        snprintf(room, 32, "%.2g", value);
        return;
    }
    snprintf(room, 32, "%.4g", value);
}
